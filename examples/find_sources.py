"""The passages nearest to a claim, each with its citation.

python examples/find_sources.py "Gold was found in California" --after 1840 --before 1860
"""

from __future__ import annotations

import argparse

from rag import find_sources


def main() -> None:
    """Print the passages nearest to the claim on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("claim")
    parser.add_argument("--after", help="year or ISO date")
    parser.add_argument("--before", help="year or ISO date")
    given = parser.parse_args()
    for evidence in find_sources(given.claim, k=3, after=given.after, before=given.before):
        print(f"“{evidence.quote}”")
        print(f"  {evidence.citation}")
        print(f"  {evidence.relation}, bearing {evidence.bearing:.2f}\n")


if __name__ == "__main__":
    main()
