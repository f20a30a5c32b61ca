"""How well and how fast scans are read, in one run.

    python -m benchmarks.ocr --data FOLDER [--only truth|pairs|files]

`--data` is the folder that holds `pdf/jfk_ocr` and `pdf/jfk_scan_no_text`. Three tables:

truth   pages whose text is known: addresses printed and worn here (skew, blur, faded ribbon,
        specks), and parts of two real pages that were transcribed by eye
pairs   documents that exist as bare scans and with the archive's text layer: our OCR of the
        one against the layer of the other, which is itself OCR and no truth
files   an index of all files: pages, which were read by OCR, seconds, confidence, which are
        linked as near-duplicates, and whether words of the archive's layer find our reading

Word error rate: substituted, missing and added words over the words of the truth, case and
punctuation aside. The addresses are others than those by which resolution and engine were
chosen. For the transcribed parts only the missed words count, since the page holds more.
"""

from __future__ import annotations

import argparse
import difflib
import io
import logging
import random
import re
import resource
import shutil
import subprocess
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from pypdf import PdfReader
from pypdfium2 import PdfDocument
from reportlab.pdfgen.canvas import Canvas

from benchmarks.local import generation_of
from rag import SourceFinder, build_index
from rag.ingest.ocr import RESOLUTION_DPI, OcrEngine, RapidOcr, Tesseract
from rag.ingest.ocr.layout import page_text
from rag.ingest.ocr.pages import page_images
from rag.ingest.readers.sotu import read_sotu
from rag.ingest.shared.page_text import tidy_page

Picture = NDArray[np.uint8]

PRINTED = (
    # address, font, size, line distance, characters a line
    ("sotu/1848-Polk-1", "Times-Roman", 11, 13, 88),
    ("sotu/1996-Clinton-1", "Courier", 10, 12.5, 76),
    ("sotu/1905-Roosevelt-1", "Times-Roman", 9, 11, 105),
    ("sotu/1951-Truman-1", "Courier", 11, 15, 68),
)
WEAR = {
    # skew in degrees, blur, noise, fading
    "clean": (0.4, 1.0, 25.0, 0.0),
    "worn": (-0.9, 1.6, 40.0, 60.0),
}
SCAN_DPI = 300
FOLDERS = ("jfk_scan_no_text", "jfk_ocr")
RUN, QUERIES = 12, 5
TRANSCRIBED = {
    ("104-10104-10271", 1): (
        "Ace Marine Survey, Inc.,is engaged in the field of marine research, including the "
        "study of marine life as well as the testing of marine equipment. In view of the "
        "current limited use of this cover, the likelihood of exposure is considerably "
        "reduced. However, if such an exposure did occur, it is felt that the damage to "
        "either WOFACT or the officers of Ace Marine Survey, Inc., would be of no great "
        'import. The major likely "injury" that would be sustained would be the denial of '
        "further use of the berthing site"
    ),
    ("104-10167-10297", 0): (
        "It is requested that the following items sent under separate cover be delivered to "
        "subjects of reference. 1. Tribuna Libre dated 13 May 1959 2. Opinion Estudiantil "
        "dated 16 May 1959 3. Notebook containing notes on communists and communist "
        "activities extracted from local publications. 4. March issue of Latinamerica "
        "10. Book entitled KRUSCHEV by David Rosenberg and Mauricio Carlavilla and newspaper "
        "clippings. Enclosure: 1-10 As listed above USC 16 June 1959"
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds pdf/")
    parser.add_argument("--only", choices=["truth", "pairs", "files"])
    arguments = parser.parse_args()
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    pdfs = arguments.data / "pdf"
    tables = {"truth": truth_table, "pairs": pairs_table, "files": files_table}
    for name, table in tables.items():
        if arguments.only in {None, name}:
            table(pdfs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory {peak:,.0f} MB")


def truth_table(pdfs: Path) -> None:
    """Print the word error rate of every engine on pages whose text is known."""
    engines = with_engines()
    print("Word error rate (seconds) on printed and worn addresses")
    print(f"{'':34}", *(f"{name:>22}" for name in engines))
    rates: dict[str, list[float]] = {name: [] for name in engines}
    for label, wanted, picture in worn_pages():
        cells = []
        for name, read in engines.items():
            found, seconds = timed(read, picture)
            rates[name].append(word_error_rate(wanted, found))
            cells.append(f"{rates[name][-1]:>14.3f} ({seconds:4.1f})")
        print(f"{label:34}", *(f"{cell:>22}" for cell in cells), flush=True)
    print(f"{'mean':34}", *(f"{np.mean(rates[name]):>15.3f}       " for name in engines))
    print("\nWords missed of parts of two real pages, transcribed by eye")
    for (name, number), wanted in TRANSCRIBED.items():
        picture = drawn(pdfs / "jfk_scan_no_text" / f"{name}.pdf", number, SCAN_DPI)
        cells = [f"{words_missed(wanted, read(picture)):>22.3f}" for read in engines.values()]
        layer = PdfReader(pdfs / "jfk_ocr" / f"{name}_ocr.pdf").pages[number].extract_text()
        print(f"{name:34}", *cells, f"  archive's layer {words_missed(wanted, layer):.3f}")


def pairs_table(pdfs: Path) -> None:
    """Print our OCR of bare scans against the archive's layer, both ways of being wrong."""
    print("\nOCR of the scan against the archive's text layer of the same document")
    print(f"{'':20}{'pages':>6}{'words':>7}{'WER':>7}{'best page':>10}{'worst':>7}")
    engine = RapidOcr()
    for path in sorted((pdfs / "jfk_scan_no_text").glob("*.pdf")):
        other = pdfs / "jfk_ocr" / f"{path.stem}_ocr.pdf"
        if not other.exists():
            continue
        layers = [tidy_page(page.extract_text()) for page in PdfReader(other).pages]
        with page_images(path) as images:
            drawings = (images.render(number) for number in range(len(images)))
            pages = ["" if image is None else page_text(engine(image)) for image in drawings]
        rates = [word_error_rate(a, b) for a, b in zip(layers, pages, strict=True)]
        lengths = [len(words(layer)) for layer in layers]
        mean = float(np.average(rates, weights=lengths))
        row = f"{path.stem:20}{len(pages):6}{sum(lengths):7}{mean:7.3f}"
        print(f"{row}{min(rates):10.3f}{max(rates):7.3f}", flush=True)


def files_table(pdfs: Path) -> None:
    """Index every file as a user does, and print what was made of it and whether it is found."""
    print("\nEvery file, indexed by `build_index`")
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        index = Path(folder) / "index"
        report = build_index([pdfs / name for name in FOLDERS], index)
        seconds = time.perf_counter() - began
        print(
            f"{report.documents} documents, {report.pages} pages, {report.ocr_pages} by OCR, "
            f"{report.seconds['read'] / report.pages:.2f} s a page to read, {seconds:.0f} s in all;"
            f" left out: {[skipped.reason for skipped in report.skipped]}"
        )
        store = generation_of(SourceFinder.open(index)).store
        print(f"{'document':34}{'pages':>6}{'OCR':>5}{'conf.':>7}{'words':>7}  linked with")
        for number in range(store.documents):
            document = store.document(number)
            sure = document.ocr_confidence
            print(
                f"{document.document_id:34}{document.pages:6}{document.ocr_pages:5}"
                f"{'-' if sure is None else f'{sure:.2f}':>7}{len(words(document.text)):7}"
                f"  {', '.join(store.near_duplicates(number))}"
            )
        copies = {copied.path: copied.same_as for copied in report.copies}
        print(f"the same words as another file: {copies}")
        found_by_words_of_the_archive(SourceFinder.open(index), pdfs, copies)


def found_by_words_of_the_archive(finder: SourceFinder, pdfs: Path, copies: dict[str, str]) -> None:
    """Print how often words of the archive's own text layer lead to our reading of the same
    document, be it the bare scan or the file with that layer.

    `copies`: under which document a file is indexed that says the same as another.
    """
    chosen = random.Random(3)
    ranks: dict[str, list[int]] = {folder: [] for folder in FOLDERS}
    for path in sorted((pdfs / "jfk_ocr").glob("*.pdf")):
        layer = " ".join(page.extract_text() for page in PdfReader(path).pages).split()
        for _ in range(QUERIES):
            start = chosen.randrange(max(1, len(layer) - RUN))
            found = finder.find_sources(" ".join(layer[start : start + RUN]), k=10)
            places = [item.document_id for item in found]
            for folder in FOLDERS:
                stem = path.stem if folder == "jfk_ocr" else path.stem.removesuffix("_ocr")
                file = pdfs / folder / f"{stem}.pdf"
                if file.exists():
                    wanted = copies.get(str(file), f"{folder}/{stem}")
                    ranks[folder].append(places.index(wanted) if wanted in places else 10)
    print(f"\n{RUN} words of the archive's layer, taken at random, {QUERIES} times a file, find")
    for folder, reached in ranks.items():
        within = sum(place < 10 for place in reached) / len(reached)
        print(f"{folder:20} among the first ten passages: {within:.2f} of {len(reached)}")


def with_engines() -> dict[str, Callable[[Picture], str]]:
    """Return the readers to compare, each from a 300 dpi picture to text."""
    found = {"rapidocr (ours)": ours(RapidOcr()), "rapidocr as it comes": plain_rapidocr()}
    if shutil.which("tesseract"):
        found |= {"tesseract (ours)": ours(Tesseract()), "tesseract as it comes": plain_tesseract}
    return found


def ours(engine: OcrEngine) -> Callable[[Picture], str]:
    def read(picture: Picture) -> str:
        image = Image.fromarray(picture)
        size = (image.width * RESOLUTION_DPI // SCAN_DPI, image.height * RESOLUTION_DPI // SCAN_DPI)
        small = image.resize(size, Image.Resampling.BOX)
        return page_text(engine(np.asarray(small, dtype=np.uint8)))

    return read


def plain_rapidocr() -> Callable[[Picture], str]:
    """Return the recipe of its documentation: default settings, the texts as they come."""
    from rapidocr import EngineType, RapidOCR

    parts = ("Det", "Cls", "Rec")
    settings = {f"{part}.engine_type": EngineType.OPENVINO for part in parts}
    engine: Any = RapidOCR(params={**settings, "Global.log_level": "critical"})

    def read(picture: Picture) -> str:
        return "\n".join(engine(np.repeat(picture[:, :, None], 3, axis=2)).txts or ())

    return read


def plain_tesseract(picture: Picture) -> str:
    """Return what the program prints for a picture with default settings."""
    head = b"P5 %d %d 255\n" % (picture.shape[1], picture.shape[0])
    command = ["tesseract", "-", "-"]
    run = subprocess.run(command, input=head + picture.tobytes(), capture_output=True, check=True)
    return run.stdout.decode("utf-8", "replace")


def worn_pages() -> Iterator[tuple[str, str, Picture]]:
    """Yield for every address and wear a label, the true text and the scan."""
    texts = {document.document_id: document.text for document in read_sotu()}
    for number, (name, font, size, distance, width) in enumerate(PRINTED):
        lines = textwrap.wrap(" ".join(texts[name].split())[4_000:12_000], width)[1:46]
        picture = printed(lines, font, size, distance)
        for wear, amounts in WEAR.items():
            seed = 1_000 + 10 * number + len(wear)
            yield f"{name} {wear}", " ".join(lines), worn(picture, seed, *amounts)


def printed(lines: list[str], font: str, size: float, distance: float) -> Image.Image:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(612, 792), invariant=True)
    canvas.setFont(font, size)
    for row, line in enumerate(lines):
        canvas.drawString(72, 720 - distance * row, line)
    canvas.save()
    with PdfDocument(buffer.getvalue()) as pdf:
        picture: Image.Image = pdf[0].render(scale=SCAN_DPI / 72, grayscale=True).to_pil()
    return picture


def worn(
    picture: Image.Image, seed: int, skew: float, blur: float, noise: float, fading: float
) -> Picture:
    """Return a page as a black-and-white scan of an old typescript."""
    dice = np.random.default_rng(seed)
    soft = picture.rotate(skew, resample=Image.Resampling.BICUBIC, fillcolor=255)
    soft = soft.filter(ImageFilter.GaussianBlur(blur))
    grey = np.asarray(soft, dtype=float)
    coarse = Image.fromarray((dice.random((24, 18)) * 255).astype(np.uint8))
    ribbon = np.asarray(coarse.resize(soft.size, Image.Resampling.BICUBIC), dtype=float) / 255
    grey = grey + fading * ribbon * (255 - grey) / 255 + dice.normal(0, noise, grey.shape)
    grain = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
    smooth = np.asarray(grain.filter(ImageFilter.GaussianBlur(0.8)))
    page = np.where(smooth < 150, 0, 255).astype(np.uint8)
    specks = dice.random((page.shape[0] // 2, page.shape[1] // 2)) < 0.0008
    grown = np.kron(specks, np.ones((2, 2), dtype=bool))
    page[: grown.shape[0], : grown.shape[1]][grown] = 0
    return page


def drawn(path: Path, number: int, dpi: int) -> Picture:
    with PdfDocument(path) as pdf:
        bitmap = pdf[number].render(scale=dpi / 72, grayscale=True)
        return np.array(bitmap.to_pil(), dtype=np.uint8)


def timed(read: Callable[[Picture], str], picture: Picture) -> tuple[str, float]:
    began = time.perf_counter()
    return read(picture), time.perf_counter() - began


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.casefold().replace("’", "'"))


def word_error_rate(truth: str, found: str) -> float:
    """Return the edit distance in words over the number of true words (Levenshtein).

    >>> word_error_rate("the old minister", "the cold minister returned")
    0.6666666666666666
    """
    wanted, given = words(truth), words(found)
    if not wanted:
        return float(bool(given))
    columns = np.arange(len(given) + 1)
    row = columns.copy()
    for count, word in enumerate(wanted, start=1):
        wrong = np.array([word != other for other in given], dtype=int)
        best = row + 1
        best[1:] = np.minimum(best[1:], row[:-1] + wrong)
        best[0] = count
        # Added words cost one each: the cheapest start to the left, plus the distance to it.
        row = np.minimum.accumulate(best - columns) + columns
    return float(row[-1]) / len(wanted)


def words_missed(truth: str, found: str) -> float:
    """Return the share of the true words that are not found in their order."""
    wanted = words(truth)
    match = difflib.SequenceMatcher(None, wanted, words(found), autojunk=False)
    return 1 - sum(block.size for block in match.get_matching_blocks()) / len(wanted)


if __name__ == "__main__":
    main()
