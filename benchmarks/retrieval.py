"""How well sources are found: ours beside its parts and the plain alternatives.

    python -m benchmarks.retrieval [--data FOLDER] [--sets sotu-test,quotations,...]

All rankings of a set are made in the same run over the same passages: BM25 alone, one
vector per passage alone, their reciprocal-rank fusion (k = 60), and ours, whole and
without single parts. A State of the Union passage counts when it overlaps the gold span,
a FRUS passage when it is of a relevant document (the first passage of each document).
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks import claim_sets
from benchmarks.claim_sets import Query, Target
from rag import SourceFinder, build_index, ranking
from rag.config import Settings
from rag.datatypes import Floats, Passage, Span
from rag.embedding import EmbeddingInput
from rag.errors import IndexNotBuilt
from rag.metrics import ndcg_at, recall_at, reciprocal_rank, success_at
from rag.text import stems, words

DEPTH = 200

Ranker = Callable[[str], Sequence[int]]


class PlainRankers:
    """The alternatives, over the passages of an open index."""

    def __init__(self, finder: SourceFinder, cache: Path) -> None:
        self.finder = finder
        self.vectors = plain_vectors(finder, cache)

    def bm25(self, claim: str) -> list[int]:
        """BM25 over stems."""
        rows = ranking.top(self.finder.index.lexical.scores(stems(words(claim))), 1000)[0]
        return [int(row) for row in rows]

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


class OwnRankers:
    """Ours, and ours without single parts."""

    def __init__(self, finder: SourceFinder) -> None:
        self.finder = finder

    def whole(self, claim: str) -> list[int]:
        """What users get."""
        hits = [hit.row for hit in self.finder.search(claim, k=ranking.RERANKED)]
        return hits + [row for row in self.fused(claim) if row not in set(hits)]

    def sentences(self, claim: str) -> list[int]:
        """The dense first stage alone: a passage is its best sentence in context."""
        query = self.finder.encoder.encode_query(claim)
        rows = self.finder.index.vectors.nearest(query.vector, DEPTH)[0]
        return [int(row) for row in rows]

    def fused(self, claim: str) -> list[int]:
        """The first stage: sentences and BM25, weighted sum of scaled scores."""
        index = self.finder.index
        stemmed = stems(words(claim))
        numbers = index.store.document_numbers(np.arange(index.vectors.passages))
        documents = index.document_words.scores(stemmed)[numbers]
        by_word = ranking.word_scores(index.lexical.scores(stemmed), documents)
        vector = self.finder.encoder.encode_query(claim).vector
        dense = index.vectors.nearest(vector, ranking.CANDIDATES)
        rows = ranking.fuse(dense, ranking.top(by_word, ranking.CANDIDATES))[0]
        return [int(row) for row in rows]


def plain_vectors(finder: SourceFinder, cache: Path) -> Floats:
    """Return a unit vector per passage, of its own words only; kept in `cache`."""
    kept = cache / f"plain-{finder.index.manifest.corpus_hash[:16]}.npy"
    if kept.is_file():
        loaded: Floats = np.load(kept)
        return loaded
    vectors = []
    rows = range(finder.index.manifest.passages)
    for first in range(0, len(rows), 512):
        places = [finder.index.store.passage(row) for row in rows[first : first + 512]]
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
    """Return per query: success@1, recall@5, recall@10, reciprocal rank, nDCG@10. For
    passages a gold span is found or not; for documents recall is over all relevant."""
    figures = []
    for query in queries:
        found = [
            (document.document_id, passage)
            for document, passage in map(finder.index.store.passage, ranker(query.text)[:DEPTH])
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


def table(name: str, finder: SourceFinder, queries: Sequence[Query], cache: Path) -> None:
    """Print a line per ranking."""
    plain, own = PlainRankers(finder, cache), OwnRankers(finder)
    rankers: dict[str, Ranker] = {
        "BM25 alone": plain.bm25,
        "dense alone": plain.dense,
        "reciprocal-rank fusion": plain.rrf,
        "ours: sentences in context": own.sentences,
        "ours: + BM25, passage, document": own.fused,
        "ours: + late interaction": own.whole,
    }
    print(f"\n{name}: {len(queries)} queries, {finder.index.manifest.passages:,} passages")
    print(f"{'':31} {'R@1':>5} {'R@5':>5} {'R@10':>5} {'MRR':>5} {'nDCG@10':>8}   ± (95%, R@10)")
    for label, ranker in rankers.items():
        figures = evaluate(finder, queries, ranker)
        columns = list(zip(*figures, strict=True))
        means = [statistics.fmean(column) for column in columns]
        r1, r5, r10, mrr, ndcg = means
        print(
            f"{label:31} {r1:5.3f} {r5:5.3f} {r10:5.3f} {mrr:5.3f} {ndcg:8.3f}"
            f"   {interval(columns[2]):.3f}",
            flush=True,
        )


def frus_finder(data: Path, settings: Settings) -> SourceFinder:
    """Return the index of the FRUS volumes, building it first where there is none."""
    path = settings.index_path("frus-benchmark")
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
        help="also: sotu-development, frus-editorial, frus-footnote",
    )
    given = parser.parse_args()
    data = claim_sets.data_folder(given.data)
    settings = Settings.from_environment()
    cache = settings.cache / "benchmarks"
    for name in given.sets.split(","):
        if name.startswith("frus-"):
            finder = frus_finder(data, settings)
            queries = claim_sets.frus(data, name.removeprefix("frus-"))
        else:
            finder = SourceFinder.open()
            if name == "quotations":
                numbers = range(finder.index.manifest.documents)
                documents = [finder.index.store.document(n) for n in numbers]
                queries = claim_sets.exact_quotations(documents, 200)
            else:
                queries = {
                    "sotu-test": claim_sets.sotu_test,
                    "sotu-development": claim_sets.sotu_development,
                }[name](data)
        table(name, finder, queries, cache)


if __name__ == "__main__":
    main()
