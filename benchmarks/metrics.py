"""How good a ranking is, given what should have been found.

`ranks` is, per query, the rank (from 1) of each relevant item that was found.
Definitions as in Manning, Raghavan and Schütze, *Introduction to Information
Retrieval* (2008), chapter 8; nDCG with binary gains and log2 discount.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def recall_at(k: int, ranks: Sequence[int], relevant: int) -> float:
    """Return the share of the `relevant` items that were found by rank `k`.

    >>> recall_at(10, [3, 40], 2)
    0.5
    """
    return sum(rank <= k for rank in ranks) / relevant if relevant else 0.0


def success_at(k: int, ranks: Sequence[int]) -> float:
    """Return 1.0 if any relevant item was found by rank `k`, else 0.0."""
    return float(any(rank <= k for rank in ranks))


def reciprocal_rank(ranks: Sequence[int]) -> float:
    """Return 1 / the best rank, 0.0 where nothing was found.

    >>> reciprocal_rank([4, 9])
    0.25
    """
    return 1 / min(ranks) if ranks else 0.0


def ndcg_at(k: int, ranks: Sequence[int], relevant: int) -> float:
    """Return the normalised discounted cumulative gain at `k`.

    >>> ndcg_at(10, [1, 2], 2)
    1.0
    """
    if not relevant:
        return 0.0
    gain = sum(1 / math.log2(rank + 1) for rank in ranks if rank <= k)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, relevant) + 1))
    return gain / ideal
