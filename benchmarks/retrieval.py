"""How well sources are found: ours beside its parts and the plain alternatives.

    python -m benchmarks.retrieval [--data FOLDER] [--sets sotu-test,quotations,...]

All rankings of a set are made in the same run over the same passages: BM25 of passages, of
whole documents (their best passage first), of both; one vector per passage; reciprocal-rank
fusion of passage BM25 and vectors (k = 60); ours, and ours without single parts, which
re-rank what ours proposes. A State of the Union passage counts when it overlaps the gold
span, a FRUS passage when it is of a relevant document (the first passage of each document).
R@k is over all relevant documents, S@10 asks for any of them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import claim_sets
from benchmarks.claim_sets import Query, Target
from benchmarks.editors import frus_editors
from benchmarks.local import generation_of, local_index
from benchmarks.metrics import ndcg_at, recall_at, reciprocal_rank, success_at
from rag import SourceFinder, build_index, retrieval
from rag.config import Settings
from rag.datatypes import Floats, Passage, Span
from rag.embedding import EmbeddingInput
from rag.errors import IndexNotBuilt
from rag.index.local import top_rows
from rag.language import stems, words
from rag.retrieval import ParsedClaim, signal_row
from rag.searching import SIGNALS, weigh

DEPTH = 200

TYPICAL = (0.4, 15)
"""Share of names and number of words of a claim that is neither short nor long."""

Ranker = Callable[[str], Sequence[int]]


class PlainRankers:
    """The alternatives, over the passages of an open index."""

    def __init__(self, finder: SourceFinder, cache: Path) -> None:
        self.finder = finder
        self._cache = cache
        self.index = generation_of(finder)
        self.numbers = self.index.store.document_numbers(np.arange(finder.index.passages))

    @cached_property
    def vectors(self) -> Floats:
        """A unit vector per passage; takes minutes the first time."""
        return plain_vectors(self.finder, self._cache)

    def bm25(self, claim: str) -> list[int]:
        """BM25 over stems."""
        return _best(self.index.lexical.scores(stems(words(claim))))

    def bm25_documents(self, claim: str) -> list[int]:
        """BM25 of whole documents, each with its best passage first."""
        stemmed = stems(words(claim))
        documents = self.index.document_words.scores(stemmed)[self.numbers]
        passages = self.index.lexical.scores(stemmed)
        return _best(documents + passages * np.float32(1e-4))

    def bm25_both(self, claim: str) -> list[int]:
        """BM25 of the whole document plus BM25 of the passage."""
        stemmed = stems(words(claim))
        documents = self.index.document_words.scores(stemmed)[self.numbers]
        return _best(documents + self.index.lexical.scores(stemmed))

    def dense(self, claim: str) -> list[int]:
        """Cosine with one vector per passage, the mean of its pieces."""
        vector = self.finder.encoder.encode_query(claim).vector
        return [int(row) for row in np.argsort(-(self.vectors @ vector), kind="stable")[:1000]]

    def rrf(self, claim: str) -> list[int]:
        """Reciprocal-rank fusion of the two (Cormack et al. 2009), k = 60."""
        scores: dict[int, float] = {}
        for rows in (self.bm25(claim), self.dense(claim)):
            for rank, row in enumerate(rows, start=1):
                scores[row] = scores.get(row, 0.0) + 1 / (60 + rank)
        return sorted(scores, key=lambda row: -scores[row])


def _best(scores: Floats) -> list[int]:
    return [int(row) for row in top_rows(scores, 1000)[0]]


class OwnRankers:
    """Ours, and what ours proposes, ranked without single parts."""

    def __init__(self, finder: SourceFinder) -> None:
        self.finder = finder
        self.seconds: list[float] = []
        self._proposed = lru_cache(maxsize=1)(self._propose)

    def whole(self, claim: str) -> list[int]:
        """What users get."""
        started = time.perf_counter()
        self.finder.search(claim, k=10)
        self.seconds.append(time.perf_counter() - started)
        found = self.finder.search(claim, k=DEPTH // 4)
        return [local_index(self.finder).row(hit.passage_id) for hit in found]

    def without(self, *signals: str, by_claim: bool = True) -> Ranker:
        """Return a ranking without some signals, or with the same weights for all claims."""
        on = np.array([name not in signals for name in SIGNALS], dtype=np.float32)

        def rank(claim: str) -> list[int]:
            parsed, rows, values = self._proposed(claim)
            own = signal_row(parsed.query.weights)
            weights = own if by_claim else retrieval.signal_weights(*TYPICAL)
            order = np.argsort(-weigh(values, weights * on), kind="stable")
            return [int(row) for row in rows[order]]

        return rank

    def _propose(self, claim: str) -> tuple[ParsedClaim, NDArray[np.int64], Floats]:
        parsed, index = self.finder.retriever.parse(claim), local_index(self.finder)
        rows, signals = index.propose(parsed.query, DEPTH)
        signals[:, 0] = index.generation.vectors.late_interaction(parsed.query.vectors, rows)
        return parsed, rows, signals


def plain_vectors(finder: SourceFinder, cache: Path) -> Floats:
    """Return a unit vector per passage, of its own words only; kept in `cache`."""
    kept = cache / f"plain-{finder.facts().corpus_hash[:16]}.npy"
    if kept.is_file():
        loaded: Floats = np.load(kept)
        return loaded
    vectors = []
    store = generation_of(finder).store
    rows = range(finder.index.passages)
    for first in range(0, len(rows), 512):
        places = [store.passage(row) for row in rows[first : first + 512]]
        texts = [passage.span.of(document.text) for document, passage in places]
        inputs = [EmbeddingInput(text, (Span(0, len(text)),)) for text in texts]
        vectors += [v.sentences[0] for v in finder.encoder.encode_passages(inputs)]
    cache.mkdir(parents=True, exist_ok=True)
    stacked = np.stack(vectors).astype(np.float32)
    np.save(kept, stacked)
    return stacked


def ranks_of(targets: Sequence[Target], found: Sequence[tuple[str, Passage]]) -> list[int]:
    """Return the rank of each target that was found. Where targets are documents, ranks
    count documents, each at its first passage."""
    if targets[0].span is None:
        documents = list(dict.fromkeys(document for document, _ in found))
        return [documents.index(t.document_id) + 1 for t in targets if t.document_id in documents]
    ranks = []
    for target in targets:
        for rank, (document, passage) in enumerate(found, start=1):
            if (
                document == target.document_id
                and target.span
                and passage.span.overlaps(target.span)
            ):
                ranks.append(rank)
                break
    return ranks


def evaluate(finder: SourceFinder, queries: Sequence[Query], ranker: Ranker) -> list[list[float]]:
    """Return per query: success@1, recall@5, recall@10, success@10, reciprocal rank, nDCG@10. For
    passages a gold span is found or not; for documents recall is over all relevant."""
    figures = []
    store = generation_of(finder).store
    for query in queries:
        found = [
            (document.document_id, passage)
            for document, passage in map(store.passage, ranker(query.text)[:DEPTH])
            if document.document_id != query.left_out
        ]
        ranks = ranks_of(query.targets, found)
        by_document = query.targets[0].span is None
        relevant = len(query.targets) if by_document else 1
        best = ranks if by_document else sorted(ranks)[:1]
        figures.append(
            [
                success_at(1, ranks),
                recall_at(5, best, relevant),
                recall_at(10, best, relevant),
                success_at(10, ranks),
                reciprocal_rank(ranks),
                ndcg_at(10, best, relevant),
            ]
        )
    return figures


def interval(values: Sequence[float], seed: int = 0) -> float:
    """Return half the width of the 95% bootstrap interval of the mean."""
    draws = np.random.default_rng(seed).choice(values, (2000, len(values))).mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(high - low) / 2


def table(
    name: str, finder: SourceFinder, queries: Sequence[Query], cache: Path, *, dense: bool
) -> None:
    """Print a line per ranking; `dense`: those too that need a plain vector a passage."""
    plain, own = PlainRankers(finder, cache), OwnRankers(finder)
    rankers: dict[str, Ranker] = {
        "BM25, passages": plain.bm25,
        "BM25, whole documents": plain.bm25_documents,
        "BM25, both": plain.bm25_both,
        **({"dense, a vector a passage": plain.dense} if dense else {}),
        **({"reciprocal-rank fusion": plain.rrf} if dense else {}),
        "ours": own.whole,
        "- comparison by pieces": own.without("pieces"),
        "- sentence vectors": own.without("sentence"),
        "- words of the passage": own.without("words"),
        "- words of the document": own.without("document words"),
        "- dates": own.without("days", "years"),
        "- weights by claim": own.without(by_claim=False),
        "- names respelled, quotations": own.without(),
    }
    print(f"\n{name}: {len(queries)} queries, {finder.index.passages:,} passages")
    print(
        f"{'':28} {'R@1':>5} {'R@5':>5} {'R@10':>5} {'S@10':>5} {'MRR':>5} {'nDCG@10':>8}"
        "   ± R@10, nDCG@10 (95%)"
    )
    for label, ranker in rankers.items():
        figures = evaluate(finder, queries, ranker)
        columns = list(zip(*figures, strict=True))
        r1, r5, r10, s10, mrr, ndcg = (statistics.fmean(column) for column in columns)
        print(
            f"{label:28} {r1:5.3f} {r5:5.3f} {r10:5.3f} {s10:5.3f} {mrr:5.3f} {ndcg:8.3f}"
            f"   {interval(columns[2]):.3f} {interval(columns[5]):.3f}",
            flush=True,
        )
    p50, p95 = np.percentile(own.seconds, [50, 95]) * 1000
    print(f"search, k=10: p50 {p50:.0f} ms, p95 {p95:.0f} ms")


def frus_finder(data: Path, settings: Settings) -> SourceFinder:
    """Return the index of the FRUS volumes, building it first where there is none."""
    path = settings.index_path("frus")
    try:
        return SourceFinder.open(path)
    except IndexNotBuilt:
        print("Building the index of the FRUS volumes ...", flush=True)
        report = build_index([data / "frus" / "volumes"], path)
        print(f"{report.documents} documents, {report.passages} passages, {report.seconds}")
        return SourceFinder.open(path)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="the folder with the claim sets")
    parser.add_argument(
        "--sets",
        default="sotu-test,quotations,frus-summary",
        help="also: sotu-development, frus-editors, frus-editorial, frus-footnote",
    )
    parser.add_argument(
        "--no-dense",
        dest="dense",
        action="store_false",
        help="leave out the rankings that need plain vectors (minutes, the first time)",
    )
    given = parser.parse_args()
    data = claim_sets.data_folder(given.data)
    settings = Settings.from_environment()
    cache = settings.cache / "benchmarks"
    for name in given.sets.split(","):
        if name.startswith("frus-"):
            finder = frus_finder(data, settings)
            queries = (
                frus_editors(data)
                if name == "frus-editors"
                else claim_sets.frus(data, name.removeprefix("frus-"))
            )
        else:
            finder = SourceFinder.open()
            if name == "quotations":
                documents = [finder.document(line.document_id) for line in finder.index.listed()]
                queries = claim_sets.exact_quotations(documents, 200)
            else:
                queries = {
                    "sotu-test": claim_sets.sotu_test,
                    "sotu-development": claim_sets.sotu_development,
                }[name](data)
        table(name, finder, queries, cache, dense=given.dense)


if __name__ == "__main__":
    main()
