"""Words that say the opposite of each other, and words that deny what they govern.

A quotation that says "advanced" where the claim says "got cheaper" does not support it, however
alike the two are in all other words; embeddings put opposites close together. The axes are for
what claims about the past turn on: more or less, won or lost, accepted or refused.
"""

from __future__ import annotations

from functools import cache

_AXES = (
    (
        "rise grow increase climb advance gain expand swell soar surge double triple quadruple "
        "raise improve multiply augment enlarge mount jump growth expansion improvement expensive "
        "dear costly strengthen accelerate boom prosper prosperous prosperity thrive flourish",
        "fall decline decrease drop shrink diminish sink plunge reduce cut lower lessen contract "
        "dwindle halve worsen deteriorate reduction cheap cheapen weaken slow slump depression "
        "bankrupt broke ruin collapse stagnate recede ebb wane",
    ),
    (
        "more great high large big heavy strong exceed surplus above",
        "less few low small little light weak below deficit",
    ),
    ("most best highest largest", "least worst lowest smallest fewest"),
    (
        "win victory triumph succeed success victorious prevail conquer smash surpass beat exceed "
        "successful accomplish achieve attain",
        "lose loss defeat fail failure unsuccessful surrender short miss shortfall setback "
        "beating drubbing",
    ),
    (
        "accept approve ratify agree adopt consent endorse support favor favour welcome grant "
        "allow permit authorize authorise approval consented concede confirm comply",
        "reject refuse decline oppose deny veto disapprove forbid prohibit ban block resist "
        "rebuff refusal rejection opposition disapproval prevent protest defy",
    ),
    (
        "begin start open commence launch establish create reopen introduce institute resume",
        "end finish close cease stop terminate abolish dissolve repeal halt discontinue extinguish "
        "suspend shut",
    ),
    (
        "praise welcome commend applaud celebrate hail admire congratulate thank gratify good "
        "fortunate happy glad pleased proud satisfactory satisfaction beneficial delight delighted",
        "condemn criticize criticise denounce deplore regret blame censure bad unfortunate unhappy "
        "sad painful lament harmful disastrous unsatisfactory dissatisfaction disappoint "
        "disappointed disappointment dismay",
    ),
    (
        "free liberate emancipate release freedom liberty",
        "enslave imprison arrest detain bondage slavery captivity seize",
    ),
    ("enter arrive join come accede", "leave depart withdraw quit exit secede"),
    ("buy purchase import", "sell sale export"),
    (
        "keep retain maintain preserve hold continue indefinitely permanent permanently remain",
        "abandon relinquish cede renounce evacuate return restore temporary temporarily soon",
    ),
    ("live survive alive survivor", "die kill perish dead death murder"),
    ("friend friendly ally amicable cordial friendship", "enemy hostile foe unfriendly hostility"),
    ("true genuine real", "false untrue fictitious sham apparent"),
    ("public openly open", "secret secretly private clandestine"),
    ("north northern", "south southern"),
    ("east eastern", "west western"),
    ("before precede prior previous", "after follow subsequent later"),
    ("early", "late"),
    ("first", "last"),
    ("majority", "minority"),
    ("peaceful peacefully peaceable", "violent violently forcible"),
    ("build construct erect", "destroy demolish raze dismantle"),
    ("attack invade", "defend protect"),
    ("borrow debtor owe", "lend creditor"),
    ("appoint elect hire", "dismiss remove fire oust sack depose"),
    ("remember", "forget"),
    ("young", "old"),
    ("rich wealthy", "poor impoverished"),
    ("majority most", "minority few"),
    ("legal lawful", "illegal unlawful"),
    ("always", "never rarely seldom"),
)

DENYING = frozenset(
    "refuse decline fail deny reject prevent prohibit forbid lack abstain refrain avoid neglect "
    "cease stop oppose disclaim renounce repudiate omit withhold".split()
)
"""Verbs that say that what they govern did not happen."""

NEGATIONS = frozenset(
    "not n't never no none nobody nothing nowhere neither nor without hardly scarcely barely "
    "cannot unable".split()
)
"""Words that negate what they belong to."""

_PREFIXES = ("un", "in", "im", "il", "ir", "non", "dis")


@cache
def _poles() -> dict[str, frozenset[tuple[int, int]]]:
    found: dict[str, set[tuple[int, int]]] = {}
    for axis, (one, other) in enumerate(_AXES):
        for pole, listed in ((1, one), (-1, other)):
            for word in listed.split():
                found.setdefault(word, set()).add((axis, pole))
    return {word: frozenset(places) for word, places in found.items()}


def poles(lemma: str) -> frozenset[tuple[int, int]]:
    """Return where a word stands: its axes with the end of each, +1 or -1.

    >>> poles("rise") & {(axis, -pole) for axis, pole in poles("fall")} != frozenset()
    True
    """
    return _poles().get(lemma, frozenset())


def are_opposites(lemma: str, other: str) -> bool:
    """Return whether two words stand at the two ends of an axis, or differ by a prefix or
    suffix that denies.

    >>> are_opposites("win", "lose"), are_opposites("fortunate", "unfortunate")
    (True, True)
    >>> are_opposites("blame", "blameless"), are_opposites("win", "victory")
    (True, False)
    """
    if any((axis, -pole) in poles(other) for axis, pole in poles(lemma)):
        return True
    short, long = sorted((lemma, other), key=len)
    return len(short) > 3 and (
        long == f"{short}less" or any(long == prefix + short for prefix in _PREFIXES)
    )
