"""Every claim of a text, what the sources have on it, and a dossier to hand on.

python examples/ask.py post.txt dossier.md
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from rag import SourceFinder
from rag.dossier import export


def main() -> None:
    """Look up the claims of the first file; write what was found to the second."""
    post, dossier = map(Path, sys.argv[1:])
    finder = SourceFinder.open()
    answer = finder.ask(post.read_text(encoding="utf-8"))
    for finding in answer.findings:
        print(f"{finding.verdict}: {finding.claim.shown}")
        for evidence in finding.evidence[:1]:
            print(f"  {evidence.relation}: “{evidence.quote}”")
    made = datetime.now(UTC)
    dossier.write_bytes(export([answer], dossier.suffix, made=made, index=finder.facts()))


if __name__ == "__main__":
    main()
