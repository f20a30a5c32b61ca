"""The answers to what people argue about, to be graded by reading.

    python -m benchmarks.grading [--index NAME]     # print the answers, as the page shows them
    python -m benchmarks.grading --count            # count the grades

The claims are those of `claims/argued.jsonl`, written before anything was asked. Whoever reads an
answer as a teacher would writes a line into `claims/grades.jsonl`: id, round, verdict, grade and
why. "useful": it has what a teacher would show a class, and says no more than that. "harmless": it
does not help, and misleads nobody who reads what stands there. "misleading": someone who reads the
verdict and the first passage comes away with something that is not so.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from pathlib import Path

from rag.config import PER_CLAIM
from rag.datatypes import Answer
from rag.finder import SourceFinder
from rag.wording import RELATION_WORDS, stands, verdict_words

CLAIMS = Path(__file__).with_name("claims") / "argued.jsonl"
GRADES = CLAIMS.with_name("grades.jsonl")
COLOURED = ("supported", "contradicted", "mixed")
"""The verdicts that the page shows in a colour."""


def main() -> None:
    """Print the answers, or count the grades."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--index", help="an index by name or folder; else the default")
    parser.add_argument("--count", action="store_true", help="count the grades")
    given = parser.parse_args()
    if given.count:
        return count()
    finder = SourceFinder.open(given.index)
    for line in CLAIMS.read_text(encoding="utf-8").splitlines():
        said = json.loads(line)
        print(f"\n=== {said['id']} {said['claim']}  [{said['kind']}: {said['about']}]")
        show(finder.ask(said["claim"], PER_CLAIM))
    return None


def show(answer: Answer) -> None:
    """Print an answer: verdicts, passages and how they stand to the claim."""
    for finding in answer.findings:
        print(f"{finding.verdict.upper()}: {verdict_words(finding)}. {' '.join(finding.notes)}")
        for item in finding.evidence or finding.nearest:
            said = (
                stands(item.relation, item.reasons, item.bearing, item.on_point)
                if finding.evidence
                else "not evidence"
            )
            print(f"  [{RELATION_WORDS[item.relation]}] {item.creator}, {item.date}: {said}")
            print(f"    {' '.join(item.quote.split())}")
        places = ", ".join(place.title for place in finding.look_next)
        print(f"  Where to look next: {places or 'nowhere'}")
    for claim in answer.set_aside:
        print(f"  set aside: {claim.shown} ({claim.set_aside})")
    for note in answer.notes:
        print(f"  note: {note}")


def count() -> None:
    """Print how many answers have each grade, round by round."""
    rounds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for line in GRADES.read_text(encoding="utf-8").splitlines():
        said = json.loads(line)
        rounds[said["round"]][said["grade"]] += 1
        if said["grade"] == "misleading" and said["verdict"] in COLOURED:
            rounds[said["round"]]["misleading in a colour"] += 1
    for name, grades in rounds.items():
        print(f"{name}: {', '.join(f'{number} {grade}' for grade, number in grades.items())}")


if __name__ == "__main__":
    main()
