"""How often verdicts of supported and contradicted are right, by their confidence.

    python -m benchmarks.calibration [--data FOLDER] [--count 60]

Asked are the test claims, held-out claims and absent statements of `benchmarks.relation`, on which
no weight was fitted (of the development claims, on which the rules were written, too many verdicts
are right; test claims were seen between changes of the rules), and sentences of the
addresses with one thing changed (`benchmarks.perturbations`): of a changed sentence
"contradicted" is right, of an unchanged one "supported". Prints the slope and the shift of
`findings` (Platt 1999), then the curve for claims left out of the fit in turn, with 95 %
intervals (Wilson 1927), beside the plain share of right verdicts.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks import claim_sets
from benchmarks.perturbations import changed_sentences
from benchmarks.relation import absent, test
from rag import SourceFinder
from rag.config import PER_CLAIM
from rag.datatypes import Claim, Span
from rag.judging import BEARS_ON
from rag.relation.findings import combined, verdict_of

FOLDS = 5
BANDS = (0.0, 0.7, 0.8, 0.9, 0.95, 1.01)


def known_claims(finder: SourceFinder, data: Path, count: int) -> Iterator[tuple[str, str]]:
    """Yield claims, each with the verdict that would be right."""
    for item in [*test(data), *claim_sets.own("test"), *absent(data)]:
        yield item.claim, item.label
    for changed in changed_sentences(finder, count, seed=5):
        yield changed.claim, "supported" if changed.what == "nothing" else "contradicted"


def wilson(right: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share."""
    z, share = 1.96, right / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total**2)) / (1 + z * z / total)
    return middle - half, middle + half


def main() -> None:
    """Print slope, shift and curve."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="the folder with the claim sets")
    parser.add_argument("--count", type=int, default=60, help="changed sentences")
    given = parser.parse_args()
    finder = SourceFinder.open()
    raw, right = [], []
    for text, label in known_claims(finder, claim_sets.data_folder(given.data), given.count):
        found = [e for e in finder.find_sources(text, PER_CLAIM) if e.bearing >= BEARS_ON]
        verdict = verdict_of(found)
        if verdict not in ("supported", "contradicted"):
            continue
        relation = "supports" if verdict == "supported" else "contradicts"
        whole = Claim("c1", text, Span(0, len(text)))
        raw.append(combined(whole, [e for e in found if e.relation == relation]))
        right.append(verdict == label)
    logits, truth = np.array([[math.log(p / (1 - p))] for p in raw]), np.array(right)
    model = LogisticRegression(C=1).fit(logits, truth)
    print(f"{len(raw)} verdicts, {truth.mean():.2f} right")
    print(f"slope {model.coef_[0][0]:.2f}, shift {model.intercept_[0]:.2f}")
    held = cross_val_predict(model, logits, truth, cv=FOLDS, method="predict_proba")[:, 1]
    plain = np.mean((truth.mean() - truth) ** 2)
    print(f"Brier score of unseen claims {np.mean((held - truth) ** 2):.3f}, ", end="")
    print(f"of the plain share {plain:.3f}")
    print("confidence      verdicts  right  (95 %)")
    for low, high in pairwise(BANDS):
        among = (held >= low) & (held < high)
        if among.any():
            bounds = wilson(int(truth[among].sum()), int(among.sum()))
            print(
                f"{low:.2f} to {min(high, 1):.2f} {among.sum():10}   {truth[among].mean():.2f}"
                f"  ({bounds[0]:.2f}-{bounds[1]:.2f})"
            )


if __name__ == "__main__":
    main()
