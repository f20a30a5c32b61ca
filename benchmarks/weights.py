"""Fit the weights of `rag.retrieval` on development claims, with cross-validation.

    python -m benchmarks.weights [--data FOLDER]

For each claim the first stage proposes as it does for users; the weights are those under
which the softmax over what was proposed gives the relevant most probability (listwise
softmax; Cao et al. 2007), each set counting alike. Printed: for each set nDCG@10 with the
weights fitted on the other four fifths of all sets, with those fitted on the other sets
alone, and with the weights in use; then the weights fitted on everything.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks import claim_sets
from benchmarks.claim_sets import Query
from benchmarks.editors import frus_editors
from benchmarks.local import local_index
from benchmarks.metrics import ndcg_at
from benchmarks.retrieval import frus_finder
from rag import SourceFinder, retrieval
from rag.config import Settings
from rag.datatypes import Floats
from rag.index.local import CANDIDATES
from rag.searching import SIGNALS

FOOTNOTES = 400
"""Of the 1,518 footnotes, so many are drawn."""

FOLDS = 5
PENALTY = 1e-3


@dataclass(frozen=True, slots=True)
class Proposed:
    """What was proposed for a claim.

    `features`: (passages, signals x 3), see `ranking.WEIGHTS`. `group`: which of the things
    to be found (a document, or the passage itself) each passage is of; `relevant`: which of
    these are.
    """

    features: torch.Tensor
    group: NDArray[np.int64]
    relevant: NDArray[np.bool_]
    wanted: int

    def scores(self, weights: torch.Tensor) -> torch.Tensor:
        """Return the score of each group: that of its best passage."""
        passages = self.features @ weights
        groups = torch.full((len(self.relevant),), -torch.inf)
        return groups.scatter_reduce(0, torch.from_numpy(self.group), passages, "amax")

    def ndcg(self, weights: torch.Tensor) -> float:
        """Return nDCG@10."""
        order = np.argsort(-self.scores(weights).numpy(), kind="stable")
        ranks = (np.flatnonzero(self.relevant[order]) + 1).tolist()
        return ndcg_at(10, ranks[: self.wanted], self.wanted)


def proposed(finder: SourceFinder, query: Query) -> Proposed:
    """Return what the first stage proposes, compared piece by piece."""
    index = local_index(finder)
    store = index.generation.store
    claim = finder.retriever.parse(query.text)
    rows, signals = index.propose(claim.query, CANDIDATES)
    places = [store.passage(int(row)) for row in rows]
    kept = np.array([document.document_id != query.left_out for document, _ in places])
    rows, signals = rows[kept], signals[kept]
    places = [place for place, keep in zip(places, kept, strict=True) if keep]
    signals[:, 0] = index.generation.vectors.late_interaction(claim.query.vectors, rows)
    by_claim = np.array([1.0, claim.names_share, min(len(claim.query.terms) / retrieval.LONG, 2.0)])
    features = (np.clip(signals, 0, 1)[:, :, None] * by_claim).reshape(len(rows), -1)
    targets = {target.document_id for target in query.targets}
    if query.targets[0].span is None:
        ids, group = np.unique(
            [document.document_id for document, _ in places], return_inverse=True
        )
        relevant = np.isin(ids, list(targets))
        wanted = len(targets)
    else:
        group = np.arange(len(rows))
        relevant = np.array(
            [
                any(
                    target.document_id == document.document_id
                    and target.span is not None
                    and passage.span.overlaps(target.span)
                    for target in query.targets
                )
                for document, passage in places
            ]
        )
        wanted = 1
    return Proposed(torch.tensor(features, dtype=torch.float32), group, relevant, wanted)


def fit(sets: Sequence[Sequence[Proposed]]) -> torch.Tensor:
    """Return the weights that rank the relevant of all sets highest."""
    size = len(SIGNALS) * 3
    weights = torch.zeros(size)
    weights[::3] = 5.0
    weights.requires_grad_()
    search = torch.optim.LBFGS([weights], max_iter=80, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        search.zero_grad()
        total = PENALTY * (weights**2).mean()
        for claims in sets:
            useful = [claim for claim in claims if claim.relevant.any()]
            for claim in useful:
                scores = torch.log_softmax(claim.scores(weights), 0)
                relevant = torch.from_numpy(claim.relevant)
                total = total - torch.logsumexp(scores[relevant], 0) / len(useful) / len(sets)
        total.backward()  # type: ignore[no-untyped-call]
        return total

    search.step(loss)  # type: ignore[no-untyped-call]
    return weights.detach()


def development_sets(data: Path, settings: Settings) -> dict[str, list[Proposed]]:
    """Return what is proposed for the claims of each development set."""
    sotu = SourceFinder.open()
    volumes = frus_finder(data, settings)
    footnotes = claim_sets.frus(data, "footnote")
    queries = {
        "frus-editors": frus_editors(data),
        "frus-editorial": claim_sets.frus(data, "editorial"),
        "frus-footnote": random.Random(5).sample(footnotes, FOOTNOTES),
    }
    found = {"sotu-development": [proposed(sotu, q) for q in claim_sets.sotu_development(data)]}
    for name, claims in queries.items():
        found[name] = [proposed(volumes, query) for query in claims]
    return found


def cross_validated(sets: dict[str, list[Proposed]]) -> dict[str, float]:
    """Return the mean nDCG@10 of each set, each claim by weights that it had no part in."""
    fold_of = {
        name: np.random.default_rng(0).permutation(len(claims)) % FOLDS
        for name, claims in sets.items()
    }
    figures: dict[str, list[float]] = {name: [] for name in sets}
    for fold in range(FOLDS):
        weights = fit(
            [
                [c for c, f in zip(claims, fold_of[name], strict=True) if f != fold]
                for name, claims in sets.items()
            ]
        )
        for name, claims in sets.items():
            figures[name] += [
                c.ndcg(weights) for c, f in zip(claims, fold_of[name], strict=True) if f == fold
            ]
    return {name: statistics.fmean(values) for name, values in figures.items()}


def main() -> None:
    """Print the figures and the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="the folder with the claim sets")
    data = claim_sets.data_folder(parser.parse_args().data)
    sets = development_sets(data, Settings.from_environment())
    in_use = torch.from_numpy(retrieval.WEIGHTS.reshape(-1))
    folds = cross_validated(sets)
    print(f"{'nDCG@10':18} {'claims':>6} {'proposed':>9} {'folds':>6} {'others':>7} {'in use':>7}")
    for name, claims in sets.items():
        others = fit([sets[other] for other in sets if other != name])
        print(
            f"{name:18} {len(claims):6} {statistics.fmean(c.relevant.any() for c in claims):9.2f}"
            f" {folds[name]:6.3f} {statistics.fmean(c.ndcg(others) for c in claims):7.3f}"
            f" {statistics.fmean(c.ndcg(in_use) for c in claims):7.3f}",
            flush=True,
        )
    fitted: Floats = fit(list(sets.values())).numpy().reshape(-1, 3)
    print(f"\n{'':16} {'base':>7} {'names':>7} {'length':>7}")
    for name, row in zip(SIGNALS, fitted, strict=True):
        print(f"{name:16} {row[0]:7.2f} {row[1]:7.2f} {row[2]:7.2f}")


if __name__ == "__main__":
    main()
