"""What an index has of each collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rag.datatypes import Collection, Holding
from rag.dates import describe_dates


def holdings_of(
    collections: Mapping[str, Collection], dated: Iterable[tuple[str, str | None]]
) -> tuple[Holding, ...]:
    """Return what there is of each collection. `dated`: each document's collection, by id, and its
    date."""
    dates: dict[str, list[str | None]] = {name: [] for name in collections}
    for home, date in dated:
        dates[home].append(date)
    return tuple(
        Holding(
            collection_id=name,
            title=collection.title,
            rights=collection.rights,
            url=collection.url,
            documents=len(dates[name]),
            years=describe_dates(dates[name]),
            undated=dates[name].count(None),
        )
        for name, collection in collections.items()
    )
