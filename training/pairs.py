"""The training data: claims on passages, search results labelled by reading, pairs by program.

The files beside this one hold claims, labels and places, no words of a source. A place is a
document's id, a span of its text and a check over the words there; where a newer reader gives
another text, the place is looked for by the check.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rag.datatypes import SourceDocument, Span
from rag.ingest import read_sources
from rag.judging import Quotation

HERE = Path(__file__).parent
FOLDS = 10
HELD_OUT = 0
"""The fold of documents that nothing is fitted on."""

DECISIVE = ("supports", "partly", "contradicts")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim beside a passage.

    `label`: "supports", "partly", "contradicts", "neutral" (written beside this very passage and
    left open by it), "bears" or "no" (a search result, by whether it is about the claim's
    matter). `evidence`: what of the passage decides, where known. `claim_id`: the same for all
    results of one claim. `score`: what the search gave a result.
    """

    claim_id: str
    claim: str
    passage: str
    creator: str
    title: str
    date: str
    label: str
    evidence: Span | None = None
    weight: float = 1.0
    score: float = 0.0
    fold: int = -1
    part: str = "fit"
    """Of a search result: "fit", "weigh" (kept for `weigh`), "test", or "unused": not fitted on,
    for its document is held out, nor a test, for it was looked at while the network was trained."""
    manner: str = "written"
    """How a search result's claim came about: "written" on a passage, "remembered" of one, "argued"
    without any; see the README."""
    public: bool = False
    address: bool = False
    """Whether the passage is of an address, the default corpus."""

    @property
    def held_out(self) -> bool:
        """Whether nothing may be fitted on it."""
        return self.fold == HELD_OUT or self.part == "test"


def quotation_of(pair: Pair) -> Quotation:
    """Return the passage of a pair as a judge is given it."""
    return Quotation(pair.passage, None, pair.creator, pair.title, "", pair.date)


def fold_of(document_id: str, title: str) -> int:
    """Return the fold of a document, by a hash: of an address its title, for passages of the
    first claims are known by nothing else; of a book its name."""
    place = re.sub(r"-b$", "", document_id)
    if place.startswith("sotu"):
        place = title
    elif book := re.match(r"(?:gutenberg/|gut)(\d+)", place):
        return HELD_OUT if book[1] == "23" else 5
    return int(hashlib.md5(place.encode(), usedforsecurity=False).hexdigest(), 16) % FOLDS


def check_of(text: str) -> int:
    """Return a checksum over the words of a text, whatever stands between them."""
    return zlib.crc32(" ".join(_WORD.findall(text.casefold())).encode())


class Places:
    """The documents that places point into, read from `sources`."""

    def __init__(self, sources: Iterable[str | Path]) -> None:
        self.documents: dict[str, SourceDocument] = {
            document.document_id: document for document in read_sources(list(sources), print)
        }

    def find(self, place: Mapping[str, Any]) -> tuple[SourceDocument, Span] | None:
        """Return the document and the span of a place, None where it is not there (any more)."""
        document = self.documents.get(place["document"])
        if document is None:
            return None
        span = Span(place["start"], place["end"])
        if check_of(span.of(document.text)) == place["check"]:
            return document, span
        found = _relocated(document.text, place)
        return None if found is None else (document, found)


def _relocated(text: str, place: Mapping[str, Any]) -> Span | None:
    words = list(_WORD.finditer(text.casefold()))
    count = place["words"]
    for first in range(len(words) - count + 1):
        run = words[first : first + count]
        if zlib.crc32(" ".join(match.group() for match in run).encode()) == place["check"]:
            return Span(run[0].start(), run[-1].end())
    return None


def written(places: Places) -> Iterator[Pair]:
    """Yield the claims of `claims.jsonl`, each beside the passage that it was written on."""
    for row in _rows(HERE / "claims.jsonl"):
        if (found := places.find(row)) is None:
            continue
        document, span = found
        yield _pair(row["id"], row["claim"], document, span, row["label"], row.get("evidence"))


def labelled(places: Places, claims: Mapping[str, str]) -> Iterator[Pair]:
    """Yield the search results of `results.jsonl`. `claims`: the claims by id, for those that
    are kept elsewhere."""
    for row in _rows(HERE / "results.jsonl"):
        claim = row.get("claim") or claims.get(row["id"])
        if claim is None:
            continue
        for result in row["results"]:
            if (found := places.find(result)) is None:
                continue
            pair = _pair(row["id"], claim, *found, result["label"], result.get("evidence"))
            manner = row.get("manner", "written")
            yield replace(pair, score=result["score"], part=row["part"], manner=manner)


def given(folder: Path) -> Iterator[Pair]:
    """Yield the claims of a folder with `passages.jsonl` and `claims.jsonl`, which hold the
    passages' words; nothing where it is not there."""
    if not (folder / "claims.jsonl").is_file():
        return
    passages = {row["id"]: row for row in _rows(folder / "passages.jsonl")}
    for number, row in enumerate(_rows(folder / "claims.jsonl")):
        passage = passages[row["id"]]
        at = passage["passage"].find(row["evidence"]) if row["evidence"] else -1
        evidence = Span(at, at + len(row["evidence"])) if at >= 0 else None
        yield Pair(
            f"given-{number}",
            row["claim"],
            passage["passage"],
            "",
            passage["title"],
            passage["date"],
            row["label"],
            evidence,
            fold=fold_of(row["id"], passage["title"]),
            address=row["id"].startswith("sotu"),
        )


def _pair(
    claim_id: str,
    claim: str,
    document: SourceDocument,
    span: Span,
    label: str,
    evidence: list[int] | None,
) -> Pair:
    return Pair(
        claim_id,
        claim,
        span.of(document.text),
        document.creator or "",
        document.title,
        document.date or "",
        label,
        Span(*evidence) if evidence else None,
        fold=fold_of(document.document_id, document.title),
        address=document.document_id.startswith("sotu/"),
    )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
