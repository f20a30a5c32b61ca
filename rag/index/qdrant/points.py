"""What Qdrant stores of an index: which points there are, and their fields.

| point | id | vectors | fields |
|---|---|---|---|
| passage | its document's number, its place | words, sentences | spans; what filters ask for |
| pieces | the same | | codes of its word pieces |
| document | its number | document words | id, line of the list; what filters ask for |
| text | the same | | all that a document is, compressed |
| word | its number in the vocabulary | | stem, spelling keys, frequencies |
| about | 0 | | manifest, collections, frequencies of word pieces |

What is large lies in points of its own, because the engine reads a point's fields as a whole.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.datatypes import Collection, SourceDocument
from rag.dates import days_of
from rag.index.dating import day_of_year
from rag.index.store import packed, unpack

_KIND = 56
_PLACE = 24

PASSAGE, PIECES, DOCUMENT, TEXT, WORD, ABOUT = (kind << _KIND for kind in range(6))
"""What an id begins with."""


def passage_number(document: int, place: int) -> int:
    """Return the number of a document's passage, by its place."""
    return document << _PLACE | place


def place_of(passage: int) -> tuple[int, int]:
    """Return a passage's document and its place in it."""
    return passage >> _PLACE, passage & ((1 << _PLACE) - 1)


def coded(array: NDArray[Any]) -> str:
    """Return an array's bytes as text."""
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")


def decoded(text: str, kind: Any) -> NDArray[Any]:
    """Return the flat array that `coded` had."""
    return np.frombuffer(base64.b64decode(text), kind)


def filtered_by(collection: str, date: str | None) -> dict[str, Any]:
    """Return the fields that filters ask for; days as ordinals."""
    fields: dict[str, Any] = {"collection": collection}
    if date:
        days = days_of(date)
        fields |= {"first_day": days.first.toordinal(), "last_day": days.last.toordinal()}
        if days.first == days.last:
            fields["day_of_year"] = day_of_year(f"{days.first:%m-%d}")
    return fields


def compressed(document: SourceDocument) -> str:
    """Return all that a document is, for `expanded`."""
    fields = packed(document)
    fields["text"] = document.text
    return base64.b64encode(zlib.compress(json.dumps(fields).encode())).decode("ascii")


def expanded(text: str, collections: dict[str, Collection]) -> SourceDocument:
    """Return the document that `compressed` had."""
    fields = json.loads(zlib.decompress(base64.b64decode(text)))
    collection = collections[fields.pop("collection_id")]
    said = fields.pop("text")
    values = {name: unpack(name, value) for name, value in fields.items()}
    return SourceDocument(collection=collection, text=said, **values)


def described(collection: Collection) -> list[str | None]:
    """Return a collection's fields, as `Collection` takes them."""
    return [getattr(collection, name) for name in collection.__dataclass_fields__]
