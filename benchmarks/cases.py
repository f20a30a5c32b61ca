"""Faults of reading that users met, one by one: case, claim, what is wanted, what comes out.

    python -m benchmarks.cases DATA/cases [CASE ...]

Each case is a folder: `input/` holds the files, `claims.tsv` a claim and what is wanted for it
on each line: "supports", "not supported", "contradicts", "bears on", or a place ("p. 49"). The
files of a case make a small index. Captions have no index: their claims are printed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from rag import SourceFinder, build_index
from rag.claims import split_claims
from rag.datatypes import Finding

CAPTIONS = {".srt", ".vtt"}
VERDICTS = {
    "supported": "supports",
    "contradicted": "contradicts",
    "related": "bears on",
    "mixed": "mixed",
    "not found": "not found",
}


def main() -> None:
    """Print a line for each claim, and how many came out right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of cases")
    parser.add_argument("only", nargs="*", help="names of cases; all without any")
    options = parser.parse_args()
    right = claims = 0
    for case in sorted(path for path in options.folder.iterdir() if path.is_dir()):
        if options.only and case.name not in options.only:
            continue
        for claim, wanted, got, fits in check(case):
            claims += wanted != ""
            right += fits
            mark = "  " if not wanted else "ok" if fits else "NO"
            print(mark, case.name, claim, f"wanted {wanted}", f"got {got}", sep=" | ", flush=True)
    print(f"{right} of {claims} right")


def check(case: Path) -> Iterator[tuple[str, str, str, bool]]:
    """Yield the claims of a case, each with what is wanted, what came out, and whether it fits."""
    listed = case / "claims.tsv"
    for path in sorted((case / "input").iterdir()):
        if path.suffix in CAPTIONS:
            for said in split_claims(path.read_text(encoding="utf-8")):
                yield said.query, "", path.name, False
    if not listed.is_file():
        return
    with TemporaryDirectory() as folder:
        build_index([case / "input"], Path(folder) / "index")
        finder = SourceFinder.open(Path(folder) / "index")
        for line in filter(None, listed.read_text(encoding="utf-8").splitlines()):
            claim, wanted = line.split("\t")
            finding = finder.ask(claim).findings[0]
            yield claim, wanted, shown(finding), fits(finding, wanted)


def shown(finding: Finding) -> str:
    """Return the verdict, and the first quotation with its place."""
    if not finding.evidence:
        return VERDICTS[finding.verdict]
    first = finding.evidence[0]
    quote = " ".join(first.quote.split())[:160]
    return f"{VERDICTS[finding.verdict]} ({first.relation}, {first.citation}): {quote}"


def fits(finding: Finding, wanted: str) -> bool:
    """Return whether a finding is what is wanted."""
    said, _, cited = wanted.partition(", cited by")
    verdict = VERDICTS[finding.verdict]
    if said.startswith("p. "):
        return bool(finding.evidence) and finding.evidence[0].locator == said
    if cited:
        named = bool(finding.evidence) and bool(finding.evidence[0].creator)
        return named and verdict == said
    if said == "not supported":
        return verdict not in {"supports", "mixed"}
    return verdict == said


if __name__ == "__main__":
    main()
