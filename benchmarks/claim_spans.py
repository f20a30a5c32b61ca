"""Claims found in monologues: precision and recall of their spans, beside plain sentences.

    python -m benchmarks.claim_spans [--data FOLDER]

A found span is right where it can be matched, one to one, with a span that a person marked.
Two measures of overlap, each of one half or more: of the two spans' union (strict: a marked
span that was cut in two is missed unless one part is most of it), and of the shorter span (a
part of a marked span counts, once).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.claim_sets import data_folder, monologues
from rag.claims import split_claims
from rag.datatypes import Span
from rag.ingest.readers.sotu import read_sotu
from rag.language import sentences

LEAST = 0.5

Overlap = Callable[[Span, Span], float]


def shared(one: Span, other: Span) -> int:
    """Return how many characters two spans share."""
    return max(0, min(one.end, other.end) - max(one.start, other.start))


def of_union(one: Span, other: Span) -> float:
    """Return the shared part of the union of two spans."""
    common = shared(one, other)
    return common / (len(one) + len(other) - common)


def of_shorter(one: Span, other: Span) -> float:
    """Return the shared part of the shorter span (Szymkiewicz and Simpson)."""
    return shared(one, other) / min(len(one), len(other))


def matched(found: Sequence[Span], marked: Sequence[Span], overlap: Overlap) -> int:
    """Return how many found spans match marked ones, each at most once."""
    if not found or not marked:
        return 0
    fits = np.array([[overlap(one, other) >= LEAST for other in marked] for one in found])
    rows, columns = linear_sum_assignment(fits, maximize=True)
    return int(fits[rows, columns].sum())


def plain(text: str) -> Iterator[Span]:
    """Yield the sentences of a text, all of them."""
    yield from sentences(text)


def claims(text: str) -> Iterator[Span]:
    """Yield the spans of the claims that Source Finder would look up."""
    yield from (claim.span for claim in split_claims(text) if claim.set_aside is None)


def main() -> None:
    """Print precision and recall of both, and the time taken for a long text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data")
    texts = monologues(data_folder(parser.parse_args().data))
    total = sum(len(marked) for _, marked in texts)
    print(f"{len(texts)} monologues, {total} marked claims")
    print(f"{'':18}{'found':>6}   of the union: P, R, F1   of the shorter: P, R, F1")
    for name, cut in (("plain sentences", plain), ("claims", claims)):
        found = [(list(cut(text)), marked) for text, marked in texts]
        count = sum(len(spans) for spans, _ in found)
        cells = []
        for overlap in (of_union, of_shorter):
            right = sum(matched(spans, marked, overlap) for spans, marked in found)
            precision, recall = right / count, right / total
            f1 = 2 * precision * recall / (precision + recall)
            cells.append(f"{precision:10.2f} {recall:.2f} {f1:.2f}")
        print(f"{name:18}{count:6}{'      '.join(cells)}")
    time_long_text()


def time_long_text(characters: int = 200_000) -> None:
    """Print how long the first claim, and all claims, of a long text take."""
    parts: list[str] = []
    for document in read_sotu():
        parts.append(document.text)
        if sum(map(len, parts)) > characters:
            break
    text = "\n".join(parts)[:characters]
    list(split_claims("The parser is loaded now, in 1964."))
    started = time.perf_counter()
    found = split_claims(text)
    next(claim for claim in found if claim.set_aside is None)
    first = time.perf_counter() - started
    number = 1 + sum(1 for claim in found if claim.set_aside is None)
    whole = time.perf_counter() - started
    print(f"{len(text):,} characters: first claim {first:.2f} s, all {number:,} {whole:.1f} s")


if __name__ == "__main__":
    main()
