"""How many spellings of a person's name meet, and how many other persons' names do.

    python -m benchmarks.names [--data FOLDER]

From `people_variants.jsonl` (Office of the Historian): the pairs of spellings of one
person's family name that differ, but look like spellings of one name. A pair is reached when
our rules lead from one to the other: Pinyin and Wade-Giles, romanisations, vowels left open,
one slip of a letter. False matches: pairs of different persons, drawn at random and drawn
from those whose family names start with the same letter, reached in the same way. Beside it,
the plain alternative: an edit distance of one. In a search the last two rules are only tried
for names that the index does not have, and a slip only where the rest of the claim is at home
with it, so false matches are rarer there. The authority file itself is of course not used.
"""

from __future__ import annotations

import argparse
import json
import random
from difflib import SequenceMatcher
from itertools import combinations
from pathlib import Path

from benchmarks.claim_sets import data_folder
from rag.language import (
    MIN_KEY_LETTERS,
    chinese_spellings,
    is_one_edit_apart,
    spelling_key,
    vowel_keys,
    words,
)

ALIKE = 0.6
"""Pairs less alike than this (difflib's ratio) are not two spellings of one name, but two
names, or a name and a title."""


def family_names(path: Path) -> list[list[str]]:
    """Return, for each person, the different spellings of the family name (the part before
    the comma; the first word of a name without one)."""
    people = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        spellings: dict[str, None] = {}
        for name in [row["preferred"], *row["alternates"], *row["variants"]]:
            family = name.partition(",")[0].split("(")[0].strip()
            parts = family.split()
            if parts and ("," in name or len(parts) <= 3):
                word = parts[-1] if "," in name else parts[0]
                spellings["".join(words(word))] = None
        people.append([spelling for spelling in spellings if len(spelling) > 2])
    return people


def by_system(one: str, other: str) -> bool:
    """Return whether Pinyin and Wade-Giles, or a romanisation, lead from one to the other."""
    if min(len(one), len(other)) >= MIN_KEY_LETTERS and spelling_key(one) == spelling_key(other):
        return True
    there = {"".join(words(s.replace("-", ""))) for s in chinese_spellings(one)}
    back = {"".join(words(s.replace("-", ""))) for s in chinese_spellings(other)}
    return other in there or one in back


def by_vowels(one: str, other: str) -> bool:
    """Return whether the two are one name but for vowels left open."""
    return bool(vowel_keys(one) & vowel_keys(other))


def reaches(one: str, other: str) -> bool:
    """Return whether any of our rules leads from one spelling to the other."""
    return by_system(one, other) or by_vowels(one, other) or is_one_edit_apart(one, other)


def one_edit(one: str, other: str) -> bool:
    """Return whether one insertion, deletion or substitution leads to the other."""
    if abs(len(one) - len(other)) > 1:
        return False
    short, long = sorted((one, other), key=len)
    for i in range(len(long)):
        if short == long[:i] + long[i + 1 :]:
            return True
        if len(one) == len(other) and one[:i] + one[i + 1 :] == other[:i] + other[i + 1 :]:
            return True
    return False


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="the folder with the claim sets")
    people = family_names(data_folder(parser.parse_args().data) / "people_variants.jsonl")
    pairs = [pair for spellings in people for pair in combinations(spellings, 2)]
    same = [pair for pair in pairs if SequenceMatcher(None, *pair).ratio() >= ALIKE]
    chosen = random.Random(1)
    firsts = [spellings[0] for spellings in people if spellings]
    others = [tuple(chosen.sample(firsts, 2)) for _ in range(200_000)]
    by_letter: dict[str, list[str]] = {}
    for name in firsts:
        by_letter.setdefault(name[0], []).append(name)
    shared = [names for names in by_letter.values() if len(names) > 1]
    sizes = [len(names) for names in shared]
    near = [tuple(chosen.sample(n, 2)) for n in chosen.choices(shared, sizes, k=200_000)]
    others = [(a, b) for a, b in others if a != b]
    near = [(a, b) for a, b in near if a != b]
    print(f"{len(people)} persons, {len(same)} pairs of spellings that differ in the family name")
    print(f"{'':22} {'reached':>8} {'false, random':>14} {'false, same letter':>19}")
    rules = {
        "ours": reaches,
        "  by system": by_system,
        "  vowels left open": by_vowels,
        "  one slip": is_one_edit_apart,
        "plain: one edit": one_edit,
    }
    for label, rule in rules.items():
        share = sum(rule(a, b) for a, b in same) / len(same)
        random_pairs = 1e6 * sum(rule(a, b) for a, b in others) / len(others)
        alike = 1e6 * sum(rule(a, b) for a, b in near) / len(near)
        print(f"{label:22} {share:8.2f} {random_pairs:8.0f}/million {alike:13.0f}/million")
    reached = [pair for pair in same if reaches(*pair)]
    missed = [pair for pair in same if not reaches(*pair)]
    wrong = [pair for pair in near if reaches(*pair)]
    print("reached:", chosen.sample(reached, 10))
    print("missed:", chosen.sample(missed, 10))
    print("false:", chosen.sample(wrong, 10))


if __name__ == "__main__":
    main()
