"""An index of one's own files, and a question to it.

python examples/build_index.py ~/archive mine "The Politburo met in secret"
"""

from __future__ import annotations

import sys

from rag import SourceFinder, build_index


def main() -> None:
    """Index the folder under the name, then ask."""
    folder, name, claim = sys.argv[1:]
    report = build_index([folder], index=name)
    print(f"{report.documents} documents, {report.passages} passages")
    for skipped in report.skipped:
        print(f"left out: {skipped.path}: {skipped.reason}")
    finder = SourceFinder.open(name)
    (best, *_) = finder.find_sources(claim, k=1)
    around = finder.document(best.document_id).text[best.passage_start : best.passage_end]
    print(f"{best.document_id}, {best.locator}: {around}")


if __name__ == "__main__":
    main()
