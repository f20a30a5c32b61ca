"""The weights of `rag.relation.learned`, and its threshold, from labelled search results that the
networks were not trained on.

Logistic regressions over `FEATURES`; a threshold is the lowest from which on the share of right
ones is at least what is asked for, a part of the claim counted as right where a passage
supports.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.linear_model import LogisticRegression

from rag.datatypes import Floats, Passage, Span
from rag.embedding.encoder import Encoder
from rag.embedding.inference import unit
from rag.evidence import choose_quotation
from rag.judging import Quotation
from rag.language import sentences
from rag.relation.checks import check
from rag.relation.learned import features
from rag.relation.rules import RuleJudge
from rag.relation.verifier import Reading
from rag.searching import Matches
from training.pairs import Pair, quotation_of

STRENGTH = 0.3
"""The inverse of the regularisation, for features scaled to unit variance."""

WANTED = 0.9
"""What share of those that are called supports is to be right."""

FEWEST = 10
"""Results above a threshold at the least: a share of fewer tells nothing."""

RIGHT = {"supports", "partly"}


@dataclass(frozen=True, slots=True)
class Weighed:
    """The weights of `FEATURES` with the intercept at last, by relation, and from which probability
    on a passage supports a claim."""

    weights: dict[str, Floats]
    sure: float


def weigh(given: Sequence[Pair], probabilities: Floats, rules: RuleJudge) -> Weighed:
    """Return the weights fitted on labelled results, and the threshold on the same results as each
    tenth of the claims is judged by weights fitted on the others. `probabilities`: `predict`'s."""
    rows, labels = feature_rows(given, probabilities, rules), [pair.label for pair in given]
    parts = np.array([zlib.crc32(pair.claim_id.encode()) % 10 for pair in given])
    unseen = np.zeros(len(given), np.float32)
    for part in range(10):
        own = parts == part
        weights = fit(rows[~own], [labels[i] for i in np.flatnonzero(~own)])
        unseen[own] = likely(rows[own], weights["supports"])
    return Weighed(fit(rows, labels), threshold(unseen, labels))


def feature_rows(given: Sequence[Pair], probabilities: Floats, rules: RuleJudge) -> Floats:
    """Return the features of each pair, (pairs, features), measured on what would be quoted."""
    rows = []
    for pair, told in zip(given, probabilities, strict=True):
        quotation = quoted(rules.encoder, pair)
        (measured,) = rules.measure(pair.claim, [quotation])
        reading = Reading(*(float(p) for p in told), span=Span(0, 1))
        rows.append(features(reading, check(pair.claim, quotation), measured, quotation.score))
    return np.stack(rows)


def quoted(encoder: Encoder, pair: Pair) -> Quotation:
    """Return a result with the sentences that the program would quote of it."""
    query = encoder.encode_query(pair.claim)
    (layers,) = encoder.encode_layers([pair.passage])
    told = Passage("", Span(0, len(pair.passage)), tuple(sentences(pair.passage)))
    starts = np.searchsorted(layers.starts, [span.start for span in told.sentences])
    cosines = query.pieces @ unit(layers.last).T
    weights = np.ones(len(cosines), np.float32)
    chosen = choose_quotation(told, Matches(cosines, weights, starts.astype(np.int32)))
    return replace(quotation_of(pair), span=chosen)


def fit(rows: Floats, labels: Sequence[str]) -> dict[str, Floats]:
    """Return the weights and the intercept of "supports" and of "contradicts"."""
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    targets = {
        "supports": {"supports"},
        "contradicts": {"contradicts"},
    }
    result = {}
    for name, right in targets.items():
        model = LogisticRegression(C=STRENGTH, max_iter=1000)
        model.fit((rows - mean) / scale, [label in right for label in labels])
        weights = model.coef_[0] / scale
        intercept = model.intercept_[0] - float(weights @ mean)
        result[name] = np.append(weights, intercept).astype(np.float32)
    return result


def likely(rows: Floats, weights: Floats) -> Floats:
    """Return the probability that each row has, (rows,)."""
    result: Floats = 1 / (1 + np.exp(-(rows @ weights[:-1] + weights[-1])))
    return result


def threshold(probabilities: Floats, labels: Sequence[str]) -> float:
    """Return the lowest probability from which on `WANTED` of them are right, 1.0 for none."""
    order = np.argsort(-probabilities)
    right = np.array([labels[i] in RIGHT for i in order])
    shares = np.cumsum(right) / np.arange(1, len(right) + 1)
    good = np.flatnonzero(shares >= WANTED)
    good = good[good >= FEWEST - 1]
    return float(probabilities[order[good[-1]]]) if len(good) else 1.0
