"""Persons under all the spellings of an authority file, where the user has fetched one.

The file is `corpus/authority/people_variants.jsonl`, as the Office of the Historian's people
data are commonly prepared: a JSON object a line, with `preferred` (a name, "Zhou Enlai" or
"Aaron, David Laurence"), `alternates` and `variants` (lists of names). Other keys are not
looked at; a line that is no such object is left out and logged.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from itertools import permutations
from pathlib import Path

from rag.language import words

log = logging.getLogger(__name__)

MIN_LETTERS = 3
"""Shorter "names" are mostly initials."""


def read_authority(path: Path) -> Mapping[str, tuple[str, ...]]:
    """Return, for each family name in the file, its other spellings, both folded; nothing
    where there is no file."""
    if not path.is_file():
        return {}
    found: dict[str, dict[str, None]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            spellings = family_names([row["preferred"], *row["alternates"], *row["variants"]])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("%s, line %d is not used: %r", path, number, error)
            continue
        for one, other in permutations(spellings, 2):
            found.setdefault(one, {})[other] = None
    return {name: tuple(others) for name, others in found.items()}


def family_names(names: Iterable[str]) -> list[str]:
    """Return the different spellings of the family name in a person's names, folded: what
    stands before the comma. In a name without one it could be any word.

    >>> family_names(["Malinovsky, Rodion Y.", "Malinovskiy, Marshal", "the Marshal"])
    ['malinovsky', 'malinovskiy']
    """
    families = [name.partition(",")[0] for name in names if "," in name]
    folded = ["".join(words(family.partition("(")[0])) for family in families]
    return list(dict.fromkeys(name for name in folded if len(name) >= MIN_LETTERS))
