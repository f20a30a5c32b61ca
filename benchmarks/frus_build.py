"""Builds an index of FRUS volumes, and checks it against the XML by other means.

    python -m benchmarks.frus_build [--data FOLDER] [--volumes 16] [--citations 100]

Printed: the documents beside an XPath count of the volumes; random citations looked up in the
XML (id, page, date, words) by code that shares nothing with the reader; time, memory and size
of the build; then what it costs to build again unchanged, after one PDF was added, after one
document of a volume was edited, and after the PDF was renamed. Exits with 1 where a count or
a citation is wrong.

The whole takes ten minutes or more; a few volumes tell most of it.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree
from reportlab.pdfgen.canvas import Canvas

from benchmarks.claim_sets import data_folder
from benchmarks.local import generation_of
from rag.datatypes import Claim, Evidence, Span
from rag.evidence import cite
from rag.finder import SourceFinder

TEI = {"t": "http://www.tei-c.org/ns/1.0"}
XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
PROGRAM = (
    "import sys; from rag import build_index; "
    "print(build_index(sys.argv[2:], sys.argv[1]).to_json())"
)


def build(index: Path, *sources: Path) -> tuple[dict[str, Any], float, float]:
    """Build in a process of its own; return the report, the seconds and the most memory that
    it and its children held together, in GB (0 where there is no /proc)."""
    started = time.perf_counter()
    command = [sys.executable, "-c", PROGRAM, str(index), *map(str, sources)]
    peak = 0
    with tempfile.TemporaryFile() as out:  # a pipe would be full before the build has ended
        process = subprocess.Popen(command, stdout=out)
        while process.poll() is None:
            peak = max(peak, memory_of_family(process.pid))
            time.sleep(0.2)
        seconds = time.perf_counter() - started
        if process.returncode:
            raise SystemExit(f"The build failed ({process.returncode}).")
        out.seek(0)
        report: dict[str, Any] = json.loads(out.read())
    return report, seconds, peak / 1e6


def memory_of_family(pid: int) -> int:
    """Return the resident memory of a process and all below it, in KB."""
    parents, sizes = {}, {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text()
        except OSError:  # it has ended
            continue
        fields = dict(re.findall(r"^(PPid|VmRSS):\s+(\d+)", text, re.MULTILINE))
        parents[int(status.parent.name)] = int(fields.get("PPid", 0))
        sizes[int(status.parent.name)] = int(fields.get("VmRSS", 0))
    total = 0
    for one in parents:
        ancestor = one
        while ancestor not in (pid, 0):
            ancestor = parents.get(ancestor, 0)
        total += sizes[one] if ancestor == pid else 0
    return total


def words_by_page(element: Any, page: str | None) -> tuple[str, list[tuple[int, str | None]]]:
    """Return a document's letters and digits without its notes, and where each page begins in
    them."""
    letters = ""
    pages = [(0, page)]

    def walk(part: Any) -> None:
        nonlocal letters
        if not isinstance(part.tag, str) or etree.QName(part).localname == "note":
            return
        if etree.QName(part).localname == "pb":
            pages.append((len(letters), part.get("n")))
        letters += plain(part.text)
        for child in part:
            walk(child)
            letters += plain(child.tail)

    walk(element)
    return letters, pages


def plain(text: str | None) -> str:
    """Return the letters and digits of a text."""
    return re.sub(r"[\W_]+", "", text or "")


def check(evidence: Evidence, volumes: dict[str, Any]) -> str | None:
    """Return what is wrong with a citation, None where nothing is."""
    volume, _, xml_id = evidence.document_id.partition("/")
    found = volumes[volume].xpath("//t:div[@xml:id=$id]", namespaces=TEI, id=xml_id)
    if len(found) != 1:
        return f"{len(found)} elements have this id"
    (element,) = found
    before = element.xpath("preceding::t:pb[1]/@n", namespaces=TEI)
    letters, pages = words_by_page(element, before[0] if before else None)
    quote = plain(evidence.quote)
    starts = [match.start() for match in re.finditer(f"(?={quote})", letters)]
    if not starts:
        return "its words are not in the document"
    labels = [pages_of(start, start + len(quote), pages) for start in starts]
    stated = re.findall(r"\w+", evidence.locator.removeprefix("pp.").removeprefix("p."))
    if stated not in labels:
        return f"it is on page {labels}, not on {evidence.locator!r}"
    dates = element.xpath(
        "(.//t:dateline//t:date[not(ancestor::t:note)]/@when"
        " | .//t:dateline//t:date[not(ancestor::t:note)]/@from"
        " | .//t:dateline//t:date[not(ancestor::t:note)]/@notBefore)[1]",
        namespaces=TEI,
    )
    if dates and not str(dates[0]).startswith(evidence.date or "none"):
        return f"it is dated {dates[0]}, not {evidence.date}"
    if f"Document {element.get('n')}" not in evidence.citation:
        return f"its number is {element.get('n')}: {evidence.citation}"
    return None


def pages_of(start: int, end: int, pages: list[tuple[int, str | None]]) -> list[str]:
    """Return the first and the last page of a stretch, one where they are the same."""
    ends = [*(at for at, _ in pages[1:]), sys.maxsize]
    held = [
        label
        for (first, label), last in zip(pages, ends, strict=True)
        if first < end and start < last and label
    ]
    return [held[0], held[-1]] if len(held) > 1 else held


def random_evidence(finder: SourceFinder, count: int) -> Iterator[Evidence]:
    """Yield citations of random sentences."""
    chosen = random.Random(1964)
    store = generation_of(finder).store
    for row in chosen.sample(range(finder.index.passages), count):
        document, passage = store.passage(row)
        sentence = chosen.choice(passage.sentences)
        yield cite(Claim("c1", "any", Span(0, 3)), document, passage, sentence, 0.0, 0.0)


def main() -> int:
    """Print the figures; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="the folder that holds frus/volumes")
    parser.add_argument("--volumes", type=int, default=16)
    parser.add_argument("--citations", type=int, default=100)
    given = parser.parse_args()
    volumes = sorted((data_folder(given.data) / "frus" / "volumes").glob("*.xml"))
    work = Path(tempfile.mkdtemp(prefix="frus-build-"))
    try:
        return measure(volumes[: given.volumes], work, given.citations)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def measure(volumes: list[Path], work: Path, citations: int) -> int:
    """Build in `work` from copies of the volumes, check, change, build again."""
    sources, index = work / "volumes", work / "index"
    sources.mkdir()
    for volume in volumes:
        shutil.copyfile(volume, sources / volume.name)
    size = sum(volume.stat().st_size for volume in volumes) / 1e6
    print(f"{len(volumes)} volumes, {size:.1f} MB of XML")
    # Some volumes give one id to two elements, which is no matter here.
    parser = etree.XMLParser(collect_ids=False)
    roots: dict[str, Any] = {v.stem: etree.parse(str(v), parser).getroot() for v in volumes}
    counted = sum(
        int(root.xpath("count(//t:div[@type='document'])", namespaces=TEI))
        for root in roots.values()
    )

    report, seconds, peak = build(index, sources)
    print(f"documents {report['documents']:,}; by XPath {counted:,}")
    print(
        f"first build {seconds:.0f} s ({size / seconds:.2f} MB/s), peak memory of all processes "
        f"{peak:.2f} GB, index {report['bytes_on_disk'] / 1e6:.0f} MB, "
        f"{report['passages']:,} passages, left out {len(report['skipped'])}, "
        f"groups of near-duplicates {len(report['near_duplicates'])}"
    )
    print("   ", report["seconds"])
    finder = SourceFinder.open(index)
    wrong = 0
    for evidence in random_evidence(finder, citations):
        if problem := check(evidence, roots):
            wrong += 1
            print(f"  WRONG {evidence.document_id}, {evidence.locator}: {problem}")
    print(f"citations checked in the XML: {citations - wrong} of {citations} right")

    rebuilds(sources, index, volumes[0].name)
    return 1 if wrong or report["documents"] != counted else 0


def rebuilds(sources: Path, index: Path, volume: str) -> None:
    """Print what it costs to build again after small changes."""
    print(f"\n{'then':34}{'seconds':>8}{'embedded':>9}{'read':>5}  added changed removed")

    def row(change: str) -> None:
        report, seconds, _ = build(index, sources)
        counts = [len(report[name]) for name in ("added", "changed", "removed")]
        print(
            f"{change:34}{seconds:8.1f}{report['embedded']:9,}{report['files_read']:5}  {counts}"
            f"{'  nothing to do' if report['unchanged'] else '  ' + str(report['seconds'])}",
            flush=True,
        )

    row("unchanged")
    canvas = Canvas(str(sources / "letter.pdf"), invariant=True)
    for number, line in enumerate(["The ambassador wrote that the harbour was closed by ice."] * 9):
        canvas.drawString(72, 720 - 14 * number, f"{number + 1}. {line}")
    canvas.save()
    row("one PDF added")
    path = sources / volume
    text = path.read_text(encoding="utf-8")
    middle = text.index("</p>", len(text) // 2)
    edited = f"{text[:middle]} A sentence was added by an editor.{text[middle:]}"
    path.write_text(edited, encoding="utf-8")
    row("one document of a volume edited")
    (sources / "letter.pdf").rename(sources / "renamed.pdf")
    row("the PDF renamed")
    (sources / "renamed.yaml").write_text("title: A letter\ndate: 1962-01-04\nkind: primary\n")
    row("its title and date corrected")
    (sources / "renamed.pdf").unlink()
    (sources / "renamed.yaml").unlink()
    row("the PDF removed")


if __name__ == "__main__":
    sys.exit(main())
