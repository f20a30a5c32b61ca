"""An index in memory, written down as plainly as it can be: what any other is compared with.

It looks at every passage, one after the other; no files, no FAISS, no tables of rows.
"""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from rag.datatypes import Collection, Holding, IndexFacts, Passage, SourceDocument
from rag.dates import days_of, describe_dates
from rag.embedding import Encoder, QueryVectors, chunk, embedding_input, heading, passage_room
from rag.index.lexical import search_terms
from rag.index.vectors import _quantize, dequantize
from rag.language import deletions, is_one_edit_apart, spelling_key, vowel_keys
from rag.searching import EVERYTHING, SIGNALS, Candidate, DocumentLine, Filter, Matches, Query

K1, B = 1.5, 0.75


class Words:
    """BM25 over texts, in Lucene's variant."""

    def __init__(self, texts: Mapping[str, list[str]]) -> None:
        self.counts = {name: Counter(terms) for name, terms in texts.items()}
        self.lengths = {name: len(terms) for name, terms in texts.items()}
        self.mean = sum(self.lengths.values()) / len(texts)

    def having(self, term: str) -> set[str]:
        return {name for name, counts in self.counts.items() if term in counts}

    def share(self, name: str, terms: Mapping[str, float]) -> float:
        found = highest = 0.0
        for term, weight in terms.items():
            having = len(self.having(term))
            if having:
                rarity = math.log(1 + (len(self.counts) - having + 0.5) / (having + 0.5))
                count = self.counts[name][term]
                size = K1 * (1 - B + B * self.lengths[name] / self.mean)
                highest += weight * rarity
                found += weight * rarity * count / (size + count)
        return found / highest if highest else 0.0


class PlainIndex:
    """What is in the documents given, in their order."""

    def __init__(self, documents: Sequence[SourceDocument], encoder: Encoder) -> None:
        self.documents = {document.document_id: document for document in documents}
        self.held: dict[str, Passage] = {}
        pieces: Counter[int] = Counter()
        inputs = []
        for document in documents:
            parts = chunk(document, encoder.piece_starts, passage_room(encoder, document))
            for number, passage in enumerate(parts):
                self.held[f"{document.document_id}#{number}"] = passage
                inputs.append(embedding_input(encoder, document, passage))
        for ids in encoder.piece_ids([item.text for item in inputs]):
            pieces.update(set(ids))
        self.vectors = dict(zip(self.held, encoder.encode_passages(inputs), strict=True))
        # Of sentences an index keeps 8 bits a dimension, as it keeps signs of word pieces.
        self.sentences = {
            name: dequantize(_quantize(vectors.sentences.astype(np.float32)))
            for name, vectors in self.vectors.items()
        }
        self.pieces = pieces
        self.terms = {name: self._terms(passage) for name, passage in self.held.items()}
        self.words = Words(self.terms)
        self.document_words = Words(
            {
                document: [
                    t for name in self.held if _home(name) == document for t in self.terms[name]
                ]
                for document in self.documents
            }
        )

    def _terms(self, passage: Passage) -> list[str]:
        document = self.documents[passage.document_id]
        return search_terms(passage.span.of(document.text), heading(document))

    @property
    def passages(self) -> int:
        return len(self.held)

    @property
    def collections(self) -> dict[str, Collection]:
        return {d.collection.collection_id: d.collection for d in self.documents.values()}

    def facts(self) -> IndexFacts:
        return IndexFacts("plain", "", len(self.documents), len(self.held), "")

    def holdings(self) -> tuple[Holding, ...]:
        found = []
        for name, home in self.collections.items():
            dates = [d.date for d in self.documents.values() if d.collection == home]
            span = describe_dates(dates)
            held = (len(dates), span, dates.count(None))
            found.append(Holding(name, home.title, home.rights, home.url, *held))
        return tuple(found)

    def listed(self) -> list[DocumentLine]:
        return [
            DocumentLine(
                d.document_id,
                d.title,
                d.creator,
                d.date,
                d.collection.collection_id,
                d.kind,
                d.origin,
                sum(_home(name) == d.document_id for name in self.held),
                d.ocr_confidence,
            )
            for d in self.documents.values()
        ]

    def search(self, query: Query, count: int) -> list[Candidate]:
        found = []
        for name in self.held:
            document = self.documents[_home(name)]
            if query.only.admits(document.collection.collection_id, document.date):
                found.append(Candidate(name, document.document_id, self._signals(query, name)))

        def worth(candidate: Candidate) -> float:
            return sum(
                query.weights[signal] * min(max(candidate.signals[signal], 0), 1)
                for signal in SIGNALS
                if signal != "pieces"
            )

        return sorted(found, key=lambda candidate: -worth(candidate))[:count]

    def _signals(self, query: Query, name: str) -> dict[str, float]:
        document = self.documents[_home(name)]
        matches = self.matches(query.vectors, name)
        best = matches.cosines.max(axis=1) @ matches.weights / matches.weights.sum()
        sentences = self.sentences[name]
        return {
            "pieces": float(best),
            "sentence": max(float(sentence @ query.vectors.vector) for sentence in sentences),
            "words": self.words.share(name, query.terms),
            "document words": self.document_words.share(document.document_id, query.terms),
            "days": near_days(document.date, query),
            "years": near_years(document.date, query),
        }

    def passage(self, passage_id: str) -> Passage:
        return self.held[passage_id]

    def document(self, document_id: str) -> SourceDocument:
        return self.documents[document_id]

    def near_duplicates(self, document_id: str) -> tuple[str, ...]:
        self.document(document_id)
        return ()

    def matches(self, query: QueryVectors, passage_id: str) -> Matches:
        vectors = self.vectors[passage_id]
        pieces = query.pieces[:, ::3]
        pieces = pieces / np.linalg.norm(pieces, axis=1, keepdims=True)
        bits = pieces.shape[1]
        signs = 2.0 * np.unpackbits(vectors.codes, axis=1, count=bits) - 1
        cosines = pieces @ signs.T / math.sqrt(bits) / math.sqrt(2 / math.pi)
        rarity = [math.log((1 + len(self.held)) / (1 + self.pieces[int(i)])) for i in query.ids]
        weights = np.array([max(weight, 0.2) for weight in rarity], np.float32)
        return Matches(cosines.astype(np.float32), weights, vectors.starts)

    def frequency(self, stem: str) -> int:
        return len(self.words.having(stem))

    def passages_with(self, stems: Sequence[str], only: Filter = EVERYTHING) -> list[str]:
        found = []
        for name, behind in zip(self.held, [*[*self.held][1:], "#"], strict=True):
            document = self.documents[_home(name)]
            terms = {*self.terms[name]}
            if _home(behind) == _home(name):
                terms |= {*self.terms[behind]}
            admitted = only.admits(document.collection.collection_id, document.date)
            if stems and admitted and terms.issuperset(stems):
                found.append(name)
        return found

    def spellings(self, stem: str, beside: Sequence[str]) -> list[list[str]]:
        known = dict.fromkeys(term for terms in self.terms.values() for term in terms)
        names = [word for word in known if word.isalpha() and len(word) >= 5]
        groups = []
        if len(stem) >= 5:
            groups.append([word for word in names if spelling_key(word) == spelling_key(stem)])
        if stem not in known:
            groups.append([word for word in names if vowel_keys(word) & vowel_keys(stem)])
            groups.append(
                [
                    word
                    for word in names
                    if set(deletions(word)) & set(deletions(stem))
                    and is_one_edit_apart(stem, word)
                    and self._at_home(word, beside)
                ]
            )
        return groups

    def _at_home(self, word: str, beside: Sequence[str]) -> bool:
        own = self.document_words.having(word)
        most = max(0.02 * len(self.documents), 1)
        rare = [self.document_words.having(stem) for stem in beside]
        return any(own & having for having in rare if len(having) <= most)


def _home(passage_id: str) -> str:
    return passage_id.rpartition("#")[0]


def near_days(written: str | None, query: Query) -> float:
    """1 on a day that the claim names, 0 eight days off."""
    days = days_of(written) if written else None
    if days is None or days.first != days.last:
        return 0.0
    apart = [_apart(days, time) for time in query.times if time[0][:7] == time[1][:7]]
    for day in query.days:
        of_year = datetime.date.fromisoformat(f"2000-{day}").timetuple().tm_yday
        own = datetime.date.fromisoformat(f"2000-{days.first:%m-%d}").timetuple().tm_yday
        apart.append(min(abs(own - of_year), abs(366 - abs(own - of_year))))
    return max([0.0, *(1 - days / 8 for days in apart)])


def near_years(written: str | None, query: Query) -> float:
    """1 within a time that the claim names, 0 twenty years off."""
    if written is None or not query.times:
        return 1.0
    years = min(_apart(days_of(written), time) for time in query.times) / 366
    return max(0.0, 1 - years / 20)


def _apart(days, time: tuple[str, str]) -> int:
    first, last = (datetime.date.fromisoformat(day) for day in time)
    return max((first - days.last).days, (days.first - last).days, 0)
