"""The index that Qdrant serves, as `rag.searching.Index`, and how a local one is published there.

These are the points that Qdrant stores of an index, and their fields:

| point | id | vectors | fields |
|---|---|---|---|
| passage | its document's number, its place | words, sentences | spans; what filters ask for |
| pieces | the same | | codes of its word pieces |
| document | its number | document words | id, line of the list; what filters ask for |
| text | the same | | all that a document is, compressed |
| word | its number in the vocabulary | | stem, spelling keys, frequencies |
| about | 0 | | manifest, collections, frequencies of word pieces |

What is large lies in points of its own, because the engine reads a point's fields as a whole. A
generation is complete before anybody is shown it.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import date
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from rag.config import Settings
from rag.datatypes import (
    Collection,
    Floats,
    Holding,
    IndexFacts,
    Passage,
    Progress,
    SourceDocument,
    Span,
)
from rag.dates import days_of
from rag.embedding import Encoder, QueryVectors
from rag.errors import IndexCorrupt, IndexMismatch, IndexNotBuilt, IndexNotWritten
from rag.index import FORMAT, Generation, Manifest
from rag.index.lexical import RARE, LexicalIndex, stemming_hash
from rag.index.local import CANDIDATES, DAYS_NEAR, DocumentDates, day_of_year, holdings_of
from rag.index.qdrant import (
    DOCUMENT_WORDS,
    SENTENCES,
    WORDS,
    Generations,
    Point,
    Points,
    Search,
    Sparse,
    Where,
    generations,
    live,
)
from rag.index.store import packed, unpacked
from rag.index.vectors import (
    LISTS,
    PieceVectors,
    VectorIndex,
    code_bytes,
    dequantize,
    estimated_cosines,
)
from rag.language import MIN_KEY_LETTERS, deletions, is_one_edit_apart, spelling_key, vowel_keys
from rag.searching import (
    EVERYTHING,
    SIGNALS,
    Candidate,
    DocumentLine,
    Filter,
    Matches,
    Query,
    inverse_frequency,
    weigh,
)

_KIND = 56
_PLACE = 24

PASSAGE, PIECES, DOCUMENT, TEXT, WORD, ABOUT = (kind << _KIND for kind in range(6))
"""What an id begins with."""


def passage_number(document: int, place: int) -> int:
    """Return the number of a document's passage, by its place."""
    return document << _PLACE | place


def _place_of(passage: int) -> tuple[int, int]:
    """Return a passage's document and its place in it."""
    return passage >> _PLACE, passage & ((1 << _PLACE) - 1)


def _coded(array: NDArray[Any]) -> str:
    """Return an array's bytes as text."""
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")


def _decoded(text: str, kind: Any) -> NDArray[Any]:
    """Return the flat array that `_coded` had."""
    return np.frombuffer(base64.b64decode(text), kind)


def _filtered_by(collection: str, date: str | None) -> dict[str, Any]:
    """Return the fields that filters ask for; days as ordinals."""
    fields: dict[str, Any] = {"collection": collection}
    if date:
        days = days_of(date)
        fields |= {"first_day": days.first.toordinal(), "last_day": days.last.toordinal()}
        if days.first == days.last:
            fields["day_of_year"] = day_of_year(f"{days.first:%m-%d}")
    return fields


def _compressed(document: SourceDocument) -> str:
    """Return all that a document is, for `_expanded`."""
    fields = packed(document)
    fields["text"] = document.text
    return base64.b64encode(zlib.compress(json.dumps(fields).encode())).decode("ascii")


def _expanded(text: str, collections: dict[str, Collection]) -> SourceDocument:
    """Return the document that `_compressed` had."""
    fields = json.loads(zlib.decompress(base64.b64decode(text)))
    collection = collections[fields.pop("collection_id")]
    said = fields.pop("text")
    return SourceDocument(collection=collection, text=said, **unpacked(fields))


_WIDER = 5
"""Times as many passages as are wanted are asked for by their words alone, since the words and
the date of a passage's document count too, and the engine does not know them together."""

_BANDS = (3, 10, 30, 90, 270)
"""The passages of so many documents that have most of a claim's words are asked for by
themselves, those of the best 3, then those of the next, and so on."""

_PAGE = 2_000
"""Documents whose lines are read at a time."""

_KNOWN = 50_000
"""Words whose frequencies, and documents whose lines, are kept in memory."""


@dataclass(frozen=True, slots=True)
class _Frequencies:
    """Of a stem of the index: its number, and in how many passages and documents it is."""

    number: int
    passages: int
    documents: int


@dataclass(frozen=True, slots=True)
class _Head:
    """What is kept in memory of a document that was found."""

    line: DocumentLine
    near: tuple[str, ...]


class _StoredPieces(PieceVectors):
    """Compares a claim with passages by the codes of their word pieces that Qdrant stores.
    What are rows elsewhere are passages' numbers here."""

    def __init__(
        self, points: Points, piece_passages: NDArray[np.int32], passages: int, dimension: int
    ) -> None:
        super().__init__(piece_passages, passages)
        self._points, self._dimension = points, dimension

    def piece_matches(self, query: QueryVectors, rows: NDArray[np.int64]) -> list[Floats]:
        """Return, for each passage, the estimated cosine of each claim piece (rows) with
        each passage piece (columns), heading first: float32 (claim pieces, pieces)."""
        wanted = [PIECES | int(row) for row in rows]
        stored = self._points.retrieve(wanted, ["codes"])
        width = code_bytes(self._dimension)
        codes = [_decoded(stored[one]["codes"], np.uint8).reshape(-1, width) for one in wanted]
        products = estimated_cosines(query, np.concatenate(codes))
        return np.split(products, np.cumsum([len(one) for one in codes])[:-1], axis=1)

    def starts(self, row: int) -> NDArray[np.int32]:
        """Return at which code of the passage each of its sentences begins."""
        stored = self._points.retrieve([PIECES | row], ["starts"])
        return _decoded(stored[PIECES | row]["starts"], np.int32)


_ABOUT_FIELDS = ("name", "manifest", "collections", "pieces", "stemming")


class QdrantIndex:
    """A generation that was live when it was opened. Safe to share by threads."""

    def __init__(self, points: Points, location: str, generation: str) -> None:
        self.location, self.generation = location, generation
        self._points = points
        stored = points.retrieve([ABOUT], list(_ABOUT_FIELDS))
        if ABOUT not in stored:
            raise IndexCorrupt(
                f"The index {generation} at {location} is not complete. Publish it again with "
                f"`source-finder publish {location}`."
            )
        about = stored[ABOUT]
        self.manifest = Manifest(**json.loads(about["manifest"]))
        if about.get("stemming") != stemming_hash():
            raise IndexMismatch(
                f"The index {generation} at {location} is of a version that folds words otherwise. "
                f"Publish it again with `source-finder publish {location}`."
            )
        if self.manifest.format != FORMAT:
            raise IndexMismatch(
                f"The index {generation} at {location} has format {self.manifest.format}, this "
                f"version reads {FORMAT}. Publish it again with `source-finder publish {location}`."
            )
        self._name = str(about["name"])
        given = (Collection(*fields) for fields in json.loads(about["collections"]))
        self._collections = {one.collection_id: one for one in given}
        counts = _decoded(about["pieces"], np.int32)
        self._pieces = _StoredPieces(
            points, counts, self.manifest.passages, self.manifest.dimension
        )
        self._words: dict[str, _Frequencies | None] = {}
        self._known_heads: dict[int, _Head] = {}
        self._document = lru_cache(maxsize=256)(self._read_document)
        self._number = lru_cache(maxsize=4096)(self._read_number)

    @classmethod
    def open(cls, location: str, key: str = "") -> QdrantIndex:
        """Return what is live at a location (see `rag.index.qdrant`); it stays this generation,
        whatever is published later. Raises `SearchIndexError`."""
        return cls.of(generations(location, key))

    @classmethod
    def of(cls, there: Generations) -> QdrantIndex:
        """Return what is live among generations."""
        name = live(there)
        return cls(there.open(name), there.location, name)

    def close(self) -> None:
        """Let go of the engine; the index cannot be used afterwards."""
        self._points.close()

    @property
    def passages(self) -> int:
        """How many passages there are."""
        return self.manifest.passages

    @property
    def collections(self) -> Mapping[str, Collection]:
        """The collections that documents are of, by id."""
        return self._collections

    def facts(self) -> IndexFacts:
        """Return which index this is."""
        own = self.manifest
        return IndexFacts(self._name, own.corpus_hash, own.documents, own.passages, own.built)

    def holdings(self) -> tuple[Holding, ...]:
        """Return what there is of each collection."""
        return self._holdings

    @cached_property
    def _holdings(self) -> tuple[Holding, ...]:
        dated = ((line.collection, line.date) for line in self._lines())
        return holdings_of(self._collections, dated)

    def listed(self) -> list[DocumentLine]:
        """Return a line for each document, in the index's order."""
        return list(self._lines())

    def _lines(self) -> Iterator[DocumentLine]:
        for first in range(0, self.manifest.documents, _PAGE):
            numbers = range(first, min(first + _PAGE, self.manifest.documents))
            wanted = [DOCUMENT | number for number in numbers]
            stored = self._points.retrieve(wanted, ["line"])
            yield from (DocumentLine(*json.loads(stored[one]["line"])) for one in wanted)

    # ---- search ----

    def search(self, query: Query, count: int) -> list[Candidate]:
        """Return the best candidates, best first, `count` where there are so many."""
        if query.only.collections == frozenset():
            return []
        weights = np.array([query.weights[name] for name in SIGNALS], np.float32)
        weights[SIGNALS.index("pieces")] = 0
        passages, signals = self._proposed(query, weights, max(CANDIDATES, count))
        order = np.argsort(-weigh(signals, weights), kind="stable")[:count]
        rows, signals = passages[order], signals[order]
        signals[:, SIGNALS.index("pieces")] = self._pieces.late_interaction(query.vectors, rows)
        return [
            Candidate(name, name.rpartition("#")[0], dict(zip(SIGNALS, values, strict=True)))
            for name, values in zip(map(self._passage_id, rows), signals.tolist(), strict=True)
        ]

    def _proposed(
        self, query: Query, weights: Floats, each: int
    ) -> tuple[NDArray[np.int64], Floats]:
        """Return what is found by words and by meaning: numbers of passages, in order, and their
        signals, "pieces" not yet among them."""
        words, of_documents = self._asked(query.terms)
        vector = [query.vectors.vector.tolist()]
        found, nearest = self._found(query, words, of_documents, each)
        numbers = sorted({_place_of(passage)[0] for passage in (*found, *nearest)})
        at = {number: place for place, number in enumerate(numbers)}
        documents = self._document_signals(query, of_documents, numbers)
        by_word = {
            passage: share * weights[2] + documents[at[_place_of(passage)[0]]] @ weights[3:]
            for passage, share in found.items()
        }
        lexical = sorted(by_word, key=lambda passage: (-by_word[passage], passage))[:each]
        passages = sorted({*lexical, *nearest})
        shares, cosines = self._search(
            [
                Search(WORDS, words, len(nearest), Where(ids=sorted(nearest - found.keys()))),
                Search(SENTENCES, vector, each, Where(ids=sorted({*lexical} - nearest.keys()))),
            ]
        )
        shares, cosines = found | shares, nearest | cosines
        signals = np.zeros((len(passages), len(SIGNALS)), np.float32)
        for row, passage in enumerate(passages):
            signals[row, 1:3] = cosines[passage], shares.get(passage, 0)
            signals[row, 3:] = documents[at[_place_of(passage)[0]]]
        return np.array(passages, np.int64), signals

    def _found(
        self, query: Query, words: Sparse, of_documents: Sparse, each: int
    ) -> tuple[dict[int, float], dict[int, float]]:
        """Return passages by the share of words, more than are wanted, and by meaning."""
        admitted = _admitted(query.only)
        vector = [query.vectors.vector.tolist()]
        found, nearest, documents = self._search(
            [
                Search(WORDS, words, _WIDER * each, admitted),
                Search(SENTENCES, vector, each, admitted),
                Search(DOCUMENT_WORDS, of_documents, _BANDS[-1], admitted),
            ]
        )
        numbers = [document & ~DOCUMENT for document in documents]
        bands = [numbers[a:b] for a, b in pairwise((0, *_BANDS)) if numbers[a:b]]
        apart = [*(Where({"document": band}) for band in bands), *_near(query)]
        more = [Search(WORDS, words, _WIDER * each, admitted.and_(where)) for where in apart]
        for others in self._search(more):
            found |= others
        return found, nearest

    def _document_signals(self, query: Query, asked: Sparse, numbers: list[int]) -> Floats:
        """Return the signals of documents: (documents, 3), words, days and years."""
        wanted = [DOCUMENT | number for number in numbers]
        (shares,) = self._search([Search(DOCUMENT_WORDS, asked, len(wanted), Where(ids=wanted))])
        dates = DocumentDates([head.line.date for head in self._heads(numbers)])
        near = dates.nearness(query.times, query.days)
        return np.column_stack([[shares.get(one, 0) for one in wanted], *near]).astype(np.float32)

    def _asked(self, terms: Mapping[str, float]) -> tuple[Sparse, Sparse]:
        """Return a claim's terms as it is asked for in passages and in documents: what a term
        counts, over the most that a text could have of all."""
        known = {stem: word for stem, word in self._known(terms).items() if word}
        counts = [("passages", self.manifest.passages), ("documents", self.manifest.documents)]
        vectors: list[Sparse] = []
        for kind, of in counts:
            weighed = sorted(
                (word.number, terms[stem] * inverse_frequency(getattr(word, kind), of))
                for stem, word in known.items()
            )
            highest = sum(weight for _, weight in weighed)
            vectors.append(([n for n, _ in weighed], [weight / highest for _, weight in weighed]))
        return vectors[0], vectors[1]

    def _search(self, searches: Sequence[Search]) -> list[dict[int, float]]:
        """Ask for all at once; nothing is found by no words, or among no passages."""
        asked = [
            search
            for search in searches
            if search.limit and search.vector != ([], []) and search.where.ids != []
        ]
        found = dict(zip(map(id, asked), self._points.search(asked), strict=True))
        return [found.get(id(search), {}) for search in searches]

    # ---- passages and documents ----

    def passage(self, passage_id: str) -> Passage:
        """Return a passage; raises KeyError."""
        number = self._passage_number(passage_id)
        stored = self._points.retrieve([PASSAGE | number], ["span", "sentences"])
        fields = stored[PASSAGE | number]
        flat = _decoded(fields["sentences"], np.int64).tolist()
        spans = tuple(Span(a, b) for a, b in zip(flat[::2], flat[1::2], strict=True))
        return Passage(passage_id.rpartition("#")[0], Span(*fields["span"]), spans)

    def document(self, document_id: str) -> SourceDocument:
        """Return a document with its text; raises KeyError."""
        return self._document(self._number(document_id))

    def near_duplicates(self, document_id: str) -> tuple[str, ...]:
        """Return the ids of the documents that say nearly the same, itself left out."""
        (head,) = self._heads([self._number(document_id)])
        return head.near

    def matches(self, query: QueryVectors, passage_id: str) -> Matches:
        """Return how a claim and a passage match, piece by piece."""
        number = self._passage_number(passage_id)
        (cosines,) = self._pieces.piece_matches(query, np.array([number]))
        return Matches(cosines, self._pieces.weights(query.ids), self._pieces.starts(number))

    def _passage_number(self, passage_id: str) -> int:
        document_id, _, place = passage_id.rpartition("#")
        number = self._number(document_id)
        (head,) = self._heads([number])
        if not (place.isdecimal() and int(place) < head.line.passages):
            raise KeyError(passage_id)
        return passage_number(number, int(place))

    def _passage_id(self, passage: int) -> str:
        number, place = _place_of(int(passage))
        (head,) = self._heads([number])
        return f"{head.line.document_id}#{place}"

    def _read_number(self, document_id: str) -> int:
        for point, _ in self._points.matching(Where({"document_id": [document_id]}), ["line"]):
            return point & ~DOCUMENT
        raise KeyError(document_id)

    def _read_document(self, number: int) -> SourceDocument:
        stored = self._points.retrieve([TEXT | number], ["document"])
        return _expanded(stored[TEXT | number]["document"], self._collections)

    def _heads(self, numbers: Iterable[int]) -> list[_Head]:
        """Return what is kept of documents, by their numbers."""
        numbers = list(numbers)
        known = self._known_heads
        wanted = [DOCUMENT | number for number in numbers if number not in known]
        if wanted:
            if len(known) > _KNOWN:
                self._known_heads = known = {n: known[n] for n in numbers if n in known}
            for one, fields in self._points.retrieve(wanted, ["line", "near"]).items():
                line = DocumentLine(*json.loads(fields["line"]))
                known[one & ~DOCUMENT] = _Head(line, tuple(fields["near"]))
        return [known[number] for number in numbers]

    # ---- words ----

    def frequency(self, stem: str) -> int:
        """Return in how many passages a stem is."""
        word = self._known([stem])[stem]
        return word.passages if word else 0

    def passages_with(self, stems: Sequence[str], only: Filter = EVERYTHING) -> list[str]:
        """Return the passages that have all stems, alone or with the one behind them."""
        known = [word for word in self._known(stems).values() if word is not None]
        if not known or len(known) < len(set(stems)) or only.collections == frozenset():
            return []
        rarest, *others = sorted(known, key=lambda word: word.passages)
        having = self._having(rarest, _admitted(only))
        found = having | {one - 1 for one in having if _place_of(one)[1]}
        for word in others:
            around = sorted(found | {one + 1 for one in found})
            having = self._having(word, Where(ids=around))
            found = {one for one in found if not having.isdisjoint((one, one + 1))}
        return [self._passage_id(one) for one in sorted(found)]

    def _having(self, word: _Frequencies, where: Where) -> set[int]:
        """Return the numbers of the passages that have a word."""
        asked: Sparse = ([word.number], [1.0])
        (found,) = self._search([Search(WORDS, asked, word.passages, where)])
        return set(found)

    def spellings(self, stem: str, beside: Sequence[str]) -> Sequence[Sequence[str]]:
        """Return the stems that may be another spelling of `stem`, in groups, the surest
        first; see `rag.searching.Index`."""
        groups: list[list[str]] = []
        if len(stem) >= MIN_KEY_LETTERS:
            groups.append(self._keyed([f"sound {spelling_key(stem)}"]))
        if self._known([stem])[stem] is None:
            groups.append(self._keyed([f"vowel {key}" for key in vowel_keys(stem)]))
            slips = self._keyed([f"slip {key}" for key in deletions(stem)])
            near = [word for word in slips if is_one_edit_apart(stem, word)]
            groups.append([word for word in near if self._at_home(word, beside)])
        return groups

    def _keyed(self, keys: Sequence[str]) -> list[str]:
        """Return the stems that have one of the keys, in the order of the keys."""
        found: dict[str, list[str]] = {key: [] for key in keys}
        for _, fields in self._points.matching(Where({"keys": list(keys)}), ["stem", "keys"]):
            for key in found.keys() & set(fields["keys"]):
                found[key].append(fields["stem"])
        return list(dict.fromkeys(stem for stems in found.values() for stem in stems))

    def _at_home(self, word: str, claim: Sequence[str]) -> bool:
        """Return whether a document has the word and another rare word of the claim."""
        limit = max(RARE * self.manifest.documents, 1)
        known = self._known([word, *claim])
        own = known[word]
        rare = sorted(
            {w.number for stem in claim if (w := known[stem]) and 0 < w.documents <= limit}
        )
        if own is None or not rare:
            return False
        asked: Sparse = ([own.number], [1.0])
        (having,) = self._search([Search(DOCUMENT_WORDS, asked, own.documents)])
        others: Sparse = (rare, [1.0] * len(rare))
        (both,) = self._search([Search(DOCUMENT_WORDS, others, 1, Where(ids=list(having)))])
        return any(score > 0 for score in both.values())

    def _known(self, stems: Iterable[str]) -> dict[str, _Frequencies | None]:
        """Return what the index knows of stems, None for those that it does not have."""
        wanted = list(dict.fromkeys(stems))
        known = self._words
        missing = [stem for stem in wanted if stem not in known]
        if missing:
            if len(known) > _KNOWN:
                self._words = known = {stem: known[stem] for stem in wanted if stem in known}
            new: dict[str, _Frequencies | None] = dict.fromkeys(missing)
            fields = ["stem", "passages", "documents"]
            for one, said in self._points.matching(Where({"stem": missing}), fields):
                new[said["stem"]] = _Frequencies(one & ~WORD, said["passages"], said["documents"])
            known.update(new)
        return {stem: known[stem] for stem in wanted}


def load_encoder(index: QdrantIndex, settings: Settings) -> Encoder:
    """Return the model that the index was built with; raises `ModelError` and `IndexMismatch`."""
    encoder = Encoder.load(index.manifest.model, settings)
    if encoder.fingerprint != index.manifest.model_fingerprint:
        raise IndexMismatch(
            f"The index at {index.location} was built with another version of the model "
            f"{index.manifest.model!r}. Build it again on a machine with this version, and publish "
            f"it with `source-finder publish {index.location}`."
        )
    return encoder


def _admitted(only: Filter) -> Where:
    """Return a filter as conditions on points."""
    fields = {} if only.collections is None else {"collection": sorted(only.collections)}
    least = {"last_day": days_of(only.after).first.toordinal()} if only.after else {}
    most = {"first_day": days_of(only.before).last.toordinal()} if only.before else {}
    return Where(fields, least, most)


def _near(query: Query) -> list[Where]:
    """Return what the dates of documents near a claim's times meet."""
    near = []
    for first, last in query.times:
        begin, end = (date.fromisoformat(day).toordinal() for day in (first, last))
        near.append(Where({}, {"last_day": begin - DAYS_NEAR}, {"first_day": end + DAYS_NEAR}))
    for day in query.days:
        number = day_of_year(day)
        for around in (number - 366, number, number + 366):
            least, most = around - DAYS_NEAR, around + DAYS_NEAR
            if most >= 1 and least <= 366:
                near.append(Where({}, {"day_of_year": least}, {"day_of_year": most}))
    return near


_BATCH = 500
"""Points that are sent at a time: some ten million bytes of passages."""

_KEPT = 2
"""Generations that are kept: the live one, and the one before for those who still read it."""

_STAGE = "Publishing"


def publish(
    generation: Generation,
    location: str,
    *,
    key: str = "",
    progress: Progress | None = None,
) -> str:
    """Store a complete generation at a location and make it live; return its name.

    Where it is there already it is made live only. All but the live one and the one
    before are deleted. Raises `SearchIndexError`.
    """
    return publish_to(generations(location, key), generation, progress=progress)


def publish_to(
    there: Generations,
    generation: Generation,
    *,
    kept: int = _KEPT,
    progress: Progress | None = None,
) -> str:
    """Do as `publish` does, with open generations; the `kept` newest stay."""
    if not isinstance(generation.vectors, VectorIndex):
        raise IndexNotWritten(
            f"The index in {generation.path} is still being built. Publish it when it is complete."
        )
    name = generation.path.name
    if name not in complete(there):
        if name in there.names():
            there.drop(name)
        exact = generation.manifest.sentences <= LISTS.exact_up_to
        points = there.create(name, generation.manifest.dimension, exact=exact)
        total = 2 * (generation.manifest.passages + generation.manifest.documents)
        for done, batch in _batches(_points(generation)):
            points.add(batch)
            if progress:
                progress(_STAGE, min(done, total), total)
        points.finish()
        points.add([_about(generation)])  # by which it is known to be complete
        points.close()
    there.make_live(name)
    for other in [one for one in there.names() if one != name][: -max(kept - 1, 0) or None]:
        there.drop(other)
    return name


def complete(there: Generations) -> list[str]:
    """Return the names of the generations that are complete, oldest first."""
    found = []
    for name in there.names():
        points = there.open(name)
        if points.retrieve([ABOUT], ["name"]):
            found.append(name)
        points.close()
    return found


def roll_back(location: str, name: str, *, key: str = "") -> None:
    """Make another generation live that is still there; raises `IndexNotBuilt`."""
    there = generations(location, key)
    if name not in complete(there):
        raise IndexNotBuilt(
            f"There is no generation {name!r} at {location}; there are "
            f"{', '.join(complete(there)) or 'none'}."
        )
    there.make_live(name)


def _batches(points: Iterator[Point]) -> Iterator[tuple[int, list[Point]]]:
    batch, done = [], 0
    for point in points:
        batch.append(point)
        done += 1
        if len(batch) == _BATCH:
            yield done, batch
            batch = []
    if batch:
        yield done, batch


def _points(generation: Generation) -> Iterator[Point]:
    yield from _documents(generation)
    yield from _passages(generation)
    yield from _words(generation)


def _documents(generation: Generation) -> Iterator[Point]:
    store = generation.store
    words = _term_frequencies(generation.document_words)
    lines = store.listed()
    for number, line in enumerate(lines):
        document = store.document(number)
        fields = _filtered_by(line.collection, line.date) | {
            "document_id": line.document_id,
            "line": json.dumps(astuple(line)),
            "near": list(store.near_duplicates(number)),
        }
        yield Point(DOCUMENT | number, fields, {DOCUMENT_WORDS: next(words)})
        yield Point(TEXT | number, {"document": _compressed(document)})


def _passages(generation: Generation) -> Iterator[Point]:
    store, vectors = generation.store, generation.vectors
    assert isinstance(vectors, VectorIndex)
    words = _term_frequencies(generation.lexical)
    for number in range(store.documents):
        first, last = store.row_bounds[number : number + 2].tolist()
        block = vectors.passages_block(first, last)
        sentences = np.split(dequantize(block.sentences), np.cumsum(block.sentence_counts)[:-1])
        starts = np.split(block.starts, np.cumsum(block.sentence_counts)[:-1])
        codes = np.split(block.codes, np.cumsum(block.code_counts)[:-1])
        shared = _filtered_by(store.document_collections[number], store.document_dates[number])
        for place, passage in enumerate(store.passages_of(number)):
            flat = [edge for span in passage.sentences for edge in (span.start, span.end)]
            passage_id = passage_number(number, place)
            fields = shared | {
                "document": number,
                "span": [passage.span.start, passage.span.end],
                "sentences": _coded(np.array(flat, np.int64)),
            }
            meaning = sentences[place].tolist()
            yield Point(PASSAGE | passage_id, fields, {WORDS: next(words), SENTENCES: meaning})
            pieces = {"codes": _coded(codes[place]), "starts": _coded(starts[place])}
            yield Point(PIECES | passage_id, pieces)


def _words(generation: Generation) -> Iterator[Point]:
    lexical, documents = generation.lexical, generation.document_words
    for stem, number in lexical.numbers.items():
        fields = {
            "stem": stem,
            "passages": lexical.frequency(stem),
            "documents": documents.frequency(stem),
            "keys": _keys(stem),
        }
        yield Point(WORD | number, fields)


def _keys(stem: str) -> list[str]:
    """Return what a stem is found by when another spelling of it is asked for."""
    if not (stem.isalpha() and len(stem) >= MIN_KEY_LETTERS):
        return []
    return [
        f"sound {spelling_key(stem)}",
        *(f"vowel {key}" for key in vowel_keys(stem)),
        *(f"slip {key}" for key in deletions(stem)),
    ]


def _term_frequencies(index: LexicalIndex) -> Iterator[Sparse]:
    """Yield what BM25 gives each text for each of its terms before the terms' rarity: the
    saturated frequencies, by row."""
    scores = index.stored
    shape = (index.texts, len(scores["indptr"]) - 1)
    columns = csc_array((scores["data"], scores["indices"], scores["indptr"]), shape=shape)
    rarity = np.ones(shape[1], np.float32)
    for stem, number in index.numbers.items():
        rarity[number] = index.rarity(stem)
    rows = columns.tocsr()
    for row in range(shape[0]):
        first, last = rows.indptr[row : row + 2]
        terms = rows.indices[first:last]
        yield terms.tolist(), (rows.data[first:last] / rarity[terms]).tolist()


def _about(generation: Generation) -> Point:
    manifest = asdict(generation.manifest)
    fields = {
        "name": generation.path.parent.name,
        "manifest": json.dumps(manifest | {"files": {}}),
        "stemming": stemming_hash(),
        "collections": json.dumps(list(map(astuple, generation.store.collections.values()))),
        "pieces": _coded(generation.vectors.piece_passages().astype(np.int32)),
    }
    return Point(ABOUT, fields)
