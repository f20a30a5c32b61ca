"""Verbs of saying."""

from __future__ import annotations

SPEAKING = frozenset(
    "say tell claim report announce declare write warn insist admit argue complain reply "
    "answer promise recall testify state point explain confess boast assert remark note".split()
)
"""Verbs that say that what follows was said."""

MENTIONING = frozenset(
    "name call confirm mention describe praise thank condemn denounce lament deplore propose "
    "recommend urge suggest ask request congratulate deny acknowledge predict observe list "
    "define stress emphasize cite quote compare credit blame welcome hail honor pledge vow".split()
)
"""Verbs of what is done with words: whoever writes the words has done it."""
