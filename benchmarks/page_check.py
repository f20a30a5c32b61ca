"""Sentences drawn at random from real files, each beside its page, to be judged by eye.

    python -m benchmarks.page_check DATA --sheets FOLDER     # draw, and print the sheets
    python -m benchmarks.page_check DATA --count             # count the judgements
    python -m benchmarks.page_check DATA --seed 17 --share .3 --sheets FOLDER   # other ones, fewer

`DATA` is the folder that holds `pdf`, `gutenberg` and `frus`. The files are read as a build does,
without an index. Of each kind so many sentences are drawn, as evenly over its files as can be, and
of what stands aside (notes, running heads) some more. A sheet shows the page with the sentence
boxed, or for texts without pages the lines around it, under what it would be cited as. Whoever
looks writes a line into `page_check.jsonl`: id, file, place, verdict ("right", "wrong") and what
is wrong. An id comes from file, place and words, so a judgement holds as long as these do.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import math
import random
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from rag.datatypes import Collection, SourceDocument, Span
from rag.errors import UnreadableSource
from rag.ingest.ocr import Ocr
from rag.ingest.readers import read_file
from rag.language import fold, sentences
from rag.reading import page_at, page_spans
from rag.reading.facsimile import Facsimile, facsimile, has_pages
from rag.wording import warned

VERDICTS = Path(__file__).with_name("page_check.jsonl")
SEED = 16
KINDS = {
    "born digital": ("pdf/born_digital/*.pdf", 22, 6),
    "scan with a layer": ("pdf/jfk_ocr/*.pdf", 20, 0),
    "scan": ("pdf/jfk_scan_no_text/104-100*.pdf", 14, 0),
    "memoir": ("gutenberg/*.txt", 18, 0),
    "volume": ("frus/volumes/frus19[45]*.xml", 14, 6),
}
"""Of each kind: which files, how many sentences of the text, how many stretches set aside. Scans
alone are read by OCR, those of few pages; a layer is taken as the archive made it."""

MIN_WORDS, MAX_LETTERS = 5, 600
MAX_SCAN_PAGES = 12
WIDTH, BAND, AROUND_LINES = 1000, 0.08, 4


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sentence to be judged. `aside`: it is said to be no word of the author's."""

    path: Path
    document: SourceDocument
    span: Span
    aside: bool

    @property
    def place(self) -> str:
        """Document and place, as they are cited."""
        where = self.document.locate(self.span) or "no place"
        return f"{self.document.document_id}, {where}"

    @property
    def id(self) -> str:
        """A name for this judgement, from the file, the place and the words."""
        said = f"{self.path.name} {self.place} {self.aside} {self.span.of(self.document.text)}"
        return hashlib.sha256(said.encode()).hexdigest()[:12]

    @property
    def caveat(self) -> str:
        """What its citation says of how it was read, "" where that is nothing."""
        return warned(ocr=self.document.ocr_at(self.span))


def main() -> None:
    """Print sheets, or the count of the judgements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the real files")
    parser.add_argument("--sheets", type=Path, help="where to put the sheets")
    parser.add_argument("--count", action="store_true", help="count the judgements instead")
    parser.add_argument("--ocr-pages", type=Path, help="a folder that keeps pages read by OCR")
    parser.add_argument("--only", choices=list(KINDS), nargs="*", help="kinds; all without any")
    parser.add_argument("--seed", type=int, default=SEED, help="another one draws others")
    parser.add_argument("--share", type=float, default=1.0, help="how many of those of each kind")
    options = parser.parse_args()
    ocr = Ocr("auto", options.ocr_pages)
    drawn = draw(options.data, ocr, options.only or KINDS, options.seed, options.share)
    if options.count:
        count(drawn)
    else:
        print_sheets(drawn, options.sheets or Path("sheets"))


def draw(
    data: Path, ocr: Ocr, kinds: Iterable[str] = KINDS, seed: int = SEED, share: float = 1.0
) -> list[Drawn]:
    """Return the sentences, the same for the same files, readers and seed."""
    found: list[Drawn] = []
    for kind in kinds:
        pattern, told, aside = KINDS[kind]
        texts: dict[Path, list[Drawn]] = {}
        asides: dict[Path, list[Drawn]] = {}
        for path in sorted(data.glob(pattern)):
            pool = list(_sentences(path, ocr if kind == "scan" else Ocr("off")))
            texts[path] = [one for one in pool if not one.aside]
            asides[path] = [one for one in pool if one.aside]
        for pools, number in ((texts, told), (asides, aside)):
            chance = random.Random(f"{seed} {kind} {pools is asides}")
            found += _evenly(pools, math.ceil(share * number), chance)
    return found


def _evenly(pools: dict[Path, list[Drawn]], number: int, chance: random.Random) -> Iterator[Drawn]:
    """Yield one of each file in turn until there are enough."""
    left = [pool.copy() for pool in pools.values() if pool]
    chance.shuffle(left)
    turn = 0
    while left and number:
        pool = left[turn % len(left)]
        yield pool.pop(chance.randrange(len(pool)))
        number -= 1
        if pool:
            turn += 1
        else:
            left.remove(pool)


def _sentences(path: Path, ocr: Ocr) -> Iterator[Drawn]:
    if path.suffix == ".pdf" and _is_long_scan(path):
        return
    for document in read_file(path, Collection(path.parent.name, path.parent.name), ocr):
        if not isinstance(document, SourceDocument):
            continue
        folded = fold(document.text, None, document.excluded)
        for part in sentences(folded.text):
            yield from _long_enough(Drawn(path, document, folded.source(part), aside=False))
        if path.suffix == ".txt":
            continue
        for span in document.excluded:
            at = span.start
            for piece in span.of(document.text).split("\n\n"):
                yield from _long_enough(Drawn(path, document, Span(at, at + len(piece)), True))
                at += len(piece) + 2


def _is_long_scan(path: Path) -> bool:
    from pypdf import PdfReader

    pages = PdfReader(path).pages
    return len(pages) > MAX_SCAN_PAGES and "no_text" in path.parent.name


def _long_enough(one: Drawn) -> Iterator[Drawn]:
    words = one.span.of(one.document.text)
    if len(words.split()) >= (1 if one.aside else MIN_WORDS) and len(words) <= MAX_LETTERS:
        yield one


def count(drawn: Sequence[Drawn]) -> None:
    """Print how many of the drawn sentences were judged right, kind by kind, what is wrong, and how
    many of those that are wrong say how they were read."""
    judged = {
        said["id"]: said
        for said in map(json.loads, VERDICTS.read_text(encoding="utf-8").splitlines())
    }
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    caveats: Counter[str] = Counter()
    for one in drawn:
        said = judged.get(one.id, {"verdict": "not judged"})
        kind = f"{one.path.parent.name}{', aside' if one.aside else ''}"
        counts[kind][said["verdict"]] += 1
        if said["verdict"] != "right":
            print(one.id, one.path.name, one.place, said["verdict"], said.get("what", ""), sep="  ")
        caveats[f"{said['verdict']}: {one.caveat or 'says nothing of its reading'}"] += 1
    for kind, of_kind in counts.items():
        print(f"{kind}: {of_kind['right']} of {of_kind.total()} right")
    for said_of, number in sorted(caveats.items()):
        print(f"{number} {said_of}")
    right = sum(of_kind["right"] for of_kind in counts.values())
    print(f"all: {right} of {len(drawn)} right")


def print_sheets(drawn: Sequence[Drawn], folder: Path, on_a_sheet: int = 6) -> None:
    """Write what was drawn as pictures, some on each, and list it."""
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, len(drawn), on_a_sheet):
        strips = [_strip(n, drawn[n]) for n in range(first, min(first + on_a_sheet, len(drawn)))]
        height = sum(strip.height for strip in strips)
        sheet = Image.new("RGB", (WIDTH, height), "white")
        at = 0
        for strip in strips:
            sheet.paste(strip, (0, at))
            at += strip.height
        sheet.save(folder / f"sheet{first // on_a_sheet:02}.png")
    with (folder / "drawn.jsonl").open("w", encoding="utf-8") as file:
        for number, one in enumerate(drawn):
            said = {"n": number, "id": one.id, "file": one.path.name, "place": one.place}
            file.write(json.dumps(said) + "\n")


def _strip(number: int, one: Drawn) -> Image.Image:
    text = one.document.text
    words = " ".join(one.span.of(text).split())
    note = " ASIDE" if one.aside else ""
    lines = [f"#{number}{note} {one.path.name} | {one.place} | {one.document.creator or ''} "
             f"| {one.document.date or ''} {one.caveat}"]  # fmt: skip
    lines += textwrap.wrap(words, 120)
    if has_pages(one.document):
        return _above(_caption(lines), _page_band(one))
    around = _around(text, one.span)
    return _above(_caption(lines), _caption(around, "#f4f0e0"))


def _around(text: str, span: Span) -> list[str]:
    """Return the lines of a text around a stretch of it."""
    before = text[: span.start].splitlines()[-AROUND_LINES:]
    after = text[span.end :].splitlines()[:AROUND_LINES]
    lines = [*before, f">>> {' '.join(span.of(text).split())[:60]} ... <<<", *after]
    return [part for line in lines for part in textwrap.wrap(line, 120) or [""]]


def _page_band(one: Drawn) -> Image.Image:
    """Return the part of a page around a sentence, which is boxed."""
    try:
        pages = page_spans(one.document.text)
        number = page_at(pages, one.span.start)
        if one.aside:
            number = _page_of_aside(one)
        page = facsimile(one.document, one.span, number, Ocr("off"))
    except UnreadableSource as error:
        return _caption([str(error)], "#fdd")
    picture = Image.open(io.BytesIO(page.image)).convert("RGB")
    drawing = ImageDraw.Draw(picture)
    for box in page.marks:
        drawing.rectangle(
            (box.left * picture.width - 2, box.top * picture.height - 2,
             box.right * picture.width + 2, box.bottom * picture.height + 2),
            outline="red", width=2,
        )  # fmt: skip
    top, bottom = _band(one, page, pages[number])
    head = picture.crop((0, 0, picture.width, int(0.05 * picture.height)))
    foot = picture.crop((0, int(0.95 * picture.height), picture.width, picture.height))
    band = picture.crop((0, int(top * picture.height), picture.width, int(bottom * picture.height)))
    whole = top <= 0 and bottom >= 1
    return _fitted(band if whole else _above(_above(head, band), foot))


def _page_of_aside(one: Drawn) -> int:
    """Return the number of the page that what stands aside is said to be of."""
    pages = page_spans(one.document.text)
    label = one.document.locate(one.span)
    return next(
        (n for n, page in enumerate(pages) if one.document.locate(page) == label and len(page)), 0
    )


def _band(one: Drawn, page: Facsimile, span: Span) -> tuple[float, float]:
    if page.marks:
        first, last = min(b.top for b in page.marks), max(b.bottom for b in page.marks)
    elif one.aside:
        return 0.0, 1.0
    else:  # by how far down the page's text it is
        first = (one.span.start - span.start) / max(len(span), 1)
        last = min(1.0, (one.span.end - span.start) / max(len(span), 1))
        return max(0.0, first - 2.5 * BAND), min(1.0, last + 2.5 * BAND)
    return max(0.0, first - BAND / 2), min(1.0, last + BAND / 2)


def _fitted(picture: Image.Image) -> Image.Image:
    return picture.resize((WIDTH, max(1, round(picture.height * WIDTH / picture.width))))


def _above(upper: Image.Image, lower: Image.Image) -> Image.Image:
    made = Image.new("RGB", (max(upper.width, lower.width), upper.height + lower.height + 6), "red")
    made.paste(upper, (0, 0))
    made.paste(lower, (0, upper.height + 3))
    return made


def _caption(lines: Sequence[str], colour: str = "#e0ecff") -> Image.Image:
    font = ImageFont.load_default(15)
    made = Image.new("RGB", (WIDTH, 19 * len(lines) + 6), colour)
    drawing = ImageDraw.Draw(made)
    for number, line in enumerate(lines):
        drawing.text((4, 3 + 19 * number), line, fill="black", font=font)
    return made


if __name__ == "__main__":
    main()
