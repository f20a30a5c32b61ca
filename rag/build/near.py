"""Documents that say nearly the same: copies scanned twice, reprints, drafts.

Each document is sketched by MinHash (Broder 1997) over its runs of words; documents whose
sketches agree are linked. A sketch depends on nothing but the document, so it is kept, and
comparing all of them again is a matter of sorting.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from rag.language import words

RUN = 3
"""Words in a run. OCR spoils every run with a wrong word in it: longer ones would tell a
scan from its copy."""

SIMILAR = 0.4
"""The least share of common runs (Jaccard). See docs/decisions/near-duplicates.md."""

LEAST_RUNS = 40
"""A shorter document ("[Not declassified]") has too little to compare."""

PERMUTATIONS = 128
BAND = 3
"""Values in a band: of pairs at `SIMILAR` 94 % agree in one of the 42 bands, at .5 99.6 %."""

_BATCH = 4096


def sketch(text: str) -> bytes:
    """Return a sketch of a text, b"" for one that is too short: uint32, (PERMUTATIONS,)."""
    from datasketch import MinHash

    folded = words(text)
    shifted = zip(*(islice(folded, i, None) for i in range(RUN)), strict=False)
    runs = {" ".join(run).encode("utf-8", "surrogatepass") for run in shifted}
    if len(runs) < LEAST_RUNS:
        return b""
    made = MinHash(PERMUTATIONS, hashfunc=zlib.crc32, scheme="affine32")
    rest = iter(runs)
    while batch := list(islice(rest, _BATCH)):
        made.update_batch(batch)
    return np.asarray(made.hashvalues, dtype="<u4").tobytes()


def groups(sketches: Sequence[bytes]) -> list[tuple[int, ...]]:
    """Return the groups of documents, by their place in `sketches`, that are linked directly
    or through others; smallest place first. What stands alone is left out."""
    places = [place for place, values in enumerate(sketches) if values]
    if len(places) < 2:
        return []
    table = np.frombuffer(b"".join(sketches[place] for place in places), "<u4")
    table = table.reshape(len(places), PERMUTATIONS)
    pairs = _pairs_to_compare(table)
    alike = (table[pairs[:, 0]] == table[pairs[:, 1]]).mean(axis=1) >= SIMILAR
    one, other = pairs[alike].T
    links = csr_array((np.ones(len(one)), (one, other)), shape=(len(places), len(places)))
    _, label = connected_components(links, directed=False)
    found: dict[int, list[int]] = {}
    for place, number in zip(places, label.tolist(), strict=True):
        found.setdefault(number, []).append(place)
    return [tuple(members) for members in found.values() if len(members) > 1]


def _pairs_to_compare(table: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return the pairs of sketches that agree in a band (locality-sensitive hashing, Indyk and
    Motwani 1998): int, (pairs, 2). Of those that agree in a band each is paired with its
    neighbour, so that a hundred copies make a hundred pairs and not five thousand."""
    pairs = [np.zeros((0, 2), np.int64)]
    for first in range(0, PERMUTATIONS - BAND + 1, BAND):
        band = table[:, first : first + BAND]
        order = np.lexsort(band.T)
        same = (band[order[1:]] == band[order[:-1]]).all(axis=1)
        pairs.append(np.stack([order[:-1][same], order[1:][same]], axis=1))
    return np.unique(np.sort(np.concatenate(pairs), axis=1), axis=0)
