"""Each document once, under an id of its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UniqueId:
    """The id that a document has, or the id of the one that it is a copy of."""

    document_id: str
    same_as: str | None = None


class Names:
    """Gives documents, known by their wording and the number of their file, their names."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._first: dict[str, tuple[int, str]] = {}

    def give(self, wanted: str, wording: str, file: int, *, alone: bool = False) -> UniqueId:
        """Return the name of the next document.

        It is a copy if one of the same id says the same, or, for the only document of its
        file (`alone`), if any document of another file does. Two documents of one volume may
        say the same ("[Not declassified]") and are two.
        """
        first = self._first.get(wording)
        if alone and first is not None and first[0] != file:
            return UniqueId(wanted, first[1])
        number = 1
        given = wanted
        while given in self._ids and self._ids[given] != wording:
            number += 1
            given = f"{wanted}-{number}"
        if given in self._ids:
            return UniqueId(given, given)
        self._ids[given] = wording
        self._first.setdefault(wording, (file, given))
        return UniqueId(given)

    def said(self, wording: str) -> str | None:
        """Return the id of the first document that says this, None if none does."""
        first = self._first.get(wording)
        return first[1] if first else None
