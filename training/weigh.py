"""The weights of `rag.relation.verifier`, and its thresholds, from labelled search results that the
networks were not trained on.

Logistic regressions over `FEATURES`; a threshold is the lowest from which on the share of right
ones is at least what is asked for, a part of the claim counted as right where a passage
supports. Beside its own results each claim has a passage that was found for another one, so that
what is about something quite else is told, too.
"""

from __future__ import annotations

import random
import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from rag.datatypes import Floats
from rag.relation.checks import check
from rag.relation.verifier import FEATURES, Verifier, features
from training.pairs import Pair, quotation_of

STRENGTH = 0.3
"""The inverse of the regularisation, for features scaled to unit variance."""

PARTS = 10
"""Parts of the claims, each judged by weights fitted on the others."""

FEWEST = 10
"""Results above a threshold at the least: a share of fewer tells nothing."""

RIGHT = {
    "supports": {"supports"},
    "contradicts": {"contradicts"},
    "bears": {"supports", "partly", "contradicts", "bears"},
}
"""The labels for which each of `WEIGHED` is to be high."""

WANTED = {"supports": ({"supports", "partly"}, 0.9), "contradicts": ({"contradicts"}, 0.75)}
"""Which labels are right where a passage is called so, and what share of them is to be right."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """The weights of `FEATURES` with the intercept at last, for each of `WEIGHED`, and from which
    probability on a passage supports or contradicts a claim; above 1 where from none."""

    weights: dict[str, Floats]
    sure: dict[str, float]


def weigh(given: Sequence[Pair], verifier: Verifier) -> Weighed:
    """Return the weights fitted on labelled results, and the thresholds on the same results as each
    part of the claims is judged by weights fitted on the others."""
    pairs = [*given, *strangers(given)]
    rows, labels = feature_rows(pairs, verifier), [pair.label for pair in pairs]
    own = np.arange(len(pairs)) < len(given)
    objected = np.array([bool(check(p.claim, quotation_of(p)).objections) for p in given])
    part = np.array([zlib.crc32(pair.claim_id.encode()) % PARTS for pair in pairs])
    unseen = {name: np.zeros(len(pairs), np.float32) for name in RIGHT}
    for number in range(PARTS):
        weights = fit(rows[part != number], [labels[i] for i in np.flatnonzero(part != number)])
        for name, told in unseen.items():
            told[part == number] = likely(rows[part == number], weights[name])
    supports, contradicts = unseen["supports"][own], unseen["contradicts"][own]
    called = {
        "supports": np.where(objected, 0, supports),
        "contradicts": np.where(contradicts < supports, 0, contradicts),
    }
    sure = {name: threshold(called[name], labels, *asked) for name, asked in WANTED.items()}
    return Weighed(fit(rows, labels), sure)


def strangers(given: Sequence[Pair], seed: int = 1) -> list[Pair]:
    """Return for each claim a passage that was found for another one, labelled "no"."""
    chance = random.Random(seed)
    claims = {pair.claim_id: pair for pair in given}
    found = []
    for claim in claims.values():
        other = chance.choice(given)
        if other.claim_id != claim.claim_id:
            stranger = replace(other, claim_id=claim.claim_id, claim=claim.claim)
            found.append(replace(stranger, label="no"))
    return found


def feature_rows(given: Sequence[Pair], verifier: Verifier) -> Floats:
    """Return the features of each pair, float32, (pairs, features)."""
    claims: dict[str, list[int]] = defaultdict(list)
    for place, pair in enumerate(given):
        claims[pair.claim_id].append(place)
    rows = np.zeros((len(given), len(FEATURES)), np.float32)
    for places in claims.values():
        claim = given[places[0]].claim
        quotations = [quotation_of(given[place]) for place in places]
        checks = [check(claim, quotation) for quotation in quotations]
        readings = verifier.read([checked.unproven for checked in checks], quotations)
        rows[places] = list(map(features, readings, checks))
    return rows


def fit(rows: Floats, labels: Sequence[str]) -> dict[str, Floats]:
    """Return the weights and the intercept of each of `WEIGHED`."""
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    result = {}
    for name, right in RIGHT.items():
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


def threshold(
    probabilities: NDArray[np.floating], labels: Sequence[str], right: set[str], wanted: float
) -> float:
    """Return the lowest probability from which on the share of right ones is what is wanted, 1.01
    where it is from none."""
    order = np.argsort(-probabilities)
    shares = np.cumsum([labels[i] in right for i in order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(shares >= wanted)
    good = good[good >= FEWEST - 1]
    return float(probabilities[order[good[-1]]]) if len(good) else 1.01
