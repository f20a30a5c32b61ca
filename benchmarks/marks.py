"""Are quotations marked on their page, and on the right words?

    python -m benchmarks.marks FILE.pdf ... [--sentences 12] [--seed 1]

Sentences are drawn from each file as it is read for an index. Found: marked at all. Right: how
far the letters that PDFium reads under the marks, from the page's own text layer, are those of
the quotation (where there is a layer, and the page is not turned). The plain alternative,
PDFium's own text search for the same words, is counted beside it.
"""

from __future__ import annotations

import argparse
import random
import time
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from rag.datatypes import Collection, SourceDocument, Span
from rag.ingest.readers.pdf import read_pdf
from rag.language import sentences
from rag.reading import letters, page_spans, part_on
from rag.reading.facsimile import Facsimile, facsimile

MIN_CHARS, MAX_CHARS = 40, 600
"""A shorter sentence is often a heading or a number; a longer one is a table."""


def main() -> None:
    """Print a line for each file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--sentences", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    draw = random.Random(given.seed)
    print(f"{'file':40}{'drawn':>6}{'found':>7}{'right':>7}{'plain search':>14}{'median s':>10}")
    for path in given.files:
        [document] = read_pdf(path, Collection("files", "Files"))
        known = [s for s in sentences(document.text) if MIN_CHARS <= len(s) <= MAX_CHARS]
        drawn = draw.sample(known, min(given.sentences, len(known)))
        print(f"{path.name[:39]:40}{_line(path, document, drawn)}")


def _line(path: Path, document: SourceDocument, drawn: list[Span]) -> str:
    import pypdfium2

    found = plain = 0
    right: list[float] = []
    times: list[float] = []
    with pypdfium2.PdfDocument(path) as pdf:
        for quotation in drawn:
            started = time.perf_counter()
            page = facsimile(document, quotation)
            times.append(time.perf_counter() - started)
            found += bool(page.marks)
            part = part_on(page_spans(document.text)[page.number], quotation)
            words = part.of(document.text) if part else ""
            drawn_page = pdf[page.number]
            layer = drawn_page.get_textpage()
            plain += layer.search(words).get_next() is not None
            if page.marks and layer.count_chars() and not drawn_page.get_rotation():
                right.append(_share_under(layer, page, drawn_page.get_size(), words))
    share = f"{sum(right) / len(right):.3f}" if right else "-"
    median = sorted(times)[len(times) // 2] if times else 0.0
    return f"{len(drawn):>6}{found:>7}{share:>7}{plain:>14}{median:>10.2f}"


def _share_under(layer: Any, page: Facsimile, size: tuple[float, float], quotation: str) -> float:
    """Return how many of the quotation's letters, in order, stand under the marks."""
    width, height = size
    under = "".join(
        layer.get_text_bounded(
            left=box.left * width,
            right=box.right * width,
            top=(1 - box.top) * height,
            bottom=(1 - box.bottom) * height,
        )
        for box in page.marks
    )
    wanted, there = letters(quotation)[0], letters(under)[0]
    blocks = SequenceMatcher(None, wanted, there, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / max(len(wanted), len(there), 1)


if __name__ == "__main__":
    main()
