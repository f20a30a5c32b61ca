"""Read files with faults of all kinds: each is read, or reported.

    python -m benchmarks.fuzz [--minutes 2] [--seed 1] [--stall 120] [KIND ...]

Kinds are extensions (".pdf", ".docx") and names ("zotero.sqlite"); all by default, each for so many
minutes of the processor. A process of its own (`benchmarks.damaged`) makes and reads one file after
the other, with what lies beside it, as a build does. Each file follows from kind, seed and number
alone.

A finding is a file that hangs (`--stall`: for so many seconds), crashes its reader or eats up its
memory, an error that nobody foresaw, or a document whose places lie outside of its text. It is kept
with as few faults as still show it, in a folder that is named at the end; a test for it belongs
beside those of its reader. Exits with 1 if there is one.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import struct
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from rag.ingest.workers import Limits
from rag.isolation import Process, Stopped
from tests.outlook import Folder, content, numbers, text, write_msg
from tests.zotero_library import Item, write_library

TEXT = "In 1848 Polk told the Congress that gold had been found in California. "
LIMITS = Limits(stall_s=120)
"""OCR loads its models first, on a busy machine in half a minute, and asks for 2.6 GB."""


def packed(members: Mapping[str, str | bytes]) -> bytes:
    """Return a zip file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


@cache
def _unpacked(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def _docx() -> bytes:
    from docx import Document

    made, file = Document(), io.BytesIO()
    made.add_heading("Message", 1)
    made.add_paragraph(TEXT * 3)
    made.add_table(2, 2).cell(0, 0).text = "1848"
    made.save(file)
    return file.getvalue()


def _xlsx() -> bytes:
    from openpyxl import Workbook

    book, file = Workbook(), io.BytesIO()
    book.active.append(["date", "text"])
    book.active.append([datetime(1848, 12, 5), TEXT])
    book.active.append([None, 1848.5, "=1+1", True])
    book.active.merge_cells("A4:B5")
    book.active.row_dimensions[3].hidden = True
    book.create_sheet("More").append([TEXT, 0.25])
    book["More"]["B1"].number_format = "0.0%"
    book.save(file)
    return file.getvalue()


def _pdf() -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    file = io.BytesIO()
    canvas = Canvas(file, pageCompression=0)
    for number in range(6):
        canvas.drawString(72, 760 - 14 * number, TEXT)
    canvas.bookmarkPage("a")
    canvas.addOutlineEntry("Message", "a")
    canvas.acroForm.textfield(name="place", value=TEXT, x=72, y=400, width=300, height=20)
    canvas.linkURL("https://example.org/", (72, 300, 200, 320))
    canvas.showPage()
    canvas.rotate(90)
    canvas.drawString(72, -300, TEXT)
    canvas.save()
    return file.getvalue()


def _djvu() -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack(">I", len(body)) + body + bytes(len(body) % 2)

    info = struct.pack(">HHBB", 85, 110, 24, 0) + struct.pack("<H", 100) + bytes([22, 1])
    text = struct.pack(">I", len(TEXT))[1:] + TEXT.encode() + b"\1"
    return b"AT&T" + chunk(b"FORM", b"DJVU" + chunk(b"INFO", info) + chunk(b"TXTa", text))


def _msg() -> bytes:
    inner = {**text("0037", "Orders"), **text("1000", TEXT), **numbers(24, 0)}
    message: Folder = {
        **numbers(32, 131277024000000000),
        **text("0037", "The brig"),
        **text("0042", "Jane Crewe"),
        **text("1000", TEXT),
        "__attach_version1.0_#00000000": {
            **text("3707", "log.txt"),
            **content("3701", TEXT.encode()),
        },
        "__attach_version1.0_#00000001": {"__substg1.0_3701000D": inner},
    }
    with tempfile.TemporaryDirectory() as folder:
        return write_msg(Path(folder) / "a.msg", message).read_bytes()


def _zotero() -> bytes:
    item = Item(values={"title": "Letters", "date": "1848"}, creators=[("author", "Ann", "Holt")])
    with tempfile.TemporaryDirectory() as folder:
        return (write_library(Path(folder) / "library", [item]) / "zotero.sqlite").read_bytes()


def _picture(form: str, mode: str = "L", pages: int = 1, **given: Any) -> bytes:
    """Return a picture of a page with a few words, or of several."""
    from PIL import Image, ImageDraw

    file, page = io.BytesIO(), Image.new("L", (160, 40), 255)
    ImageDraw.Draw(page).text((4, 12), TEXT[:24], fill=0)
    made = [page.convert(mode) for _ in range(pages)]
    given |= {"save_all": True, "append_images": made[1:]} if pages > 1 else {}
    made[0].save(file, form, **given)
    return file.getvalue()


def _turned() -> Any:
    """Return the note of a camera that was held on its side."""
    from PIL import Image

    note = Image.Exif()
    note[0x0112], note[0x010E], note[0x0132] = 6, TEXT, "1848:12:05 10:00:00"
    return note


def _scanned_pdf() -> bytes:
    """Return a PDF of two pictures of pages, one with a layer of text."""
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(160, 40))
    for layer in ("", TEXT[:24]):
        canvas.drawImage(ImageReader(io.BytesIO(_picture("JPEG"))), 0, 0)
        shown = canvas.beginText(4, 20)
        shown.setTextRenderMode(3)
        shown.textOut(layer)
        canvas.drawText(shown)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _packed_pdf() -> bytes:
    """Return a PDF whose objects lie in streams, as most newer ones have them."""
    from pypdf import PdfReader, PdfWriter

    file, writer = io.BytesIO(), PdfWriter(clone_from=PdfReader(io.BytesIO(_pdf())))
    writer.compress_identical_objects()
    writer.add_attachment("a.txt", TEXT.encode())
    writer.encrypt("", "owner", algorithm="RC4-128")
    writer.write(file)
    return file.getvalue()


_OPF = (
    '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Letters</dc:title></metadata><manifest>'
    '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine>'
    '<itemref idref="a"/></spine></package>'
)
_CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
    '<rootfile full-path="a.opf" media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>"
)
_ODT_TYPE = "application/vnd.oasis.opendocument.text"
_ODT = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:text>'
    f"<text:p>{TEXT}</text:p></office:text></office:body></office:document-content>"
)
_HTML = f"<html><head><title>x</title></head><body><h1>A</h1><p>{TEXT}<ul><li>{TEXT}</ul></html>"
_MAIL = (
    "From: a@example.org\r\nDate: Tue, 5 Dec 1848 10:00:00 +0000\r\nSubject: =?utf-8?q?Gold?=\r\n"
    'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\n'
    f"{TEXT}\r\n--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\n{TEXT}\r\n--b--\r\n"
)
_SIDECAR = (
    "title: Letters\ncreator: Ann Holt\ndate: 1848-12-05\nkind: primary\nvolume: &v 2\nissue: *v\n"
)
_CSL = [
    {
        "type": "book",
        "title": "Letters",
        "author": [{"family": "Holt", "given": "Ann"}],
        "issued": {"date-parts": [[1848, 12, 5]]},
    }
]
_METS = (
    '<mets xmlns="http://www.loc.gov/METS/"><dmdSec ID="a"><mdWrap MDTYPE="MODS"><xmlData><mods>'
    f"<titleInfo><title>{TEXT}</title></titleInfo></mods></xmlData></mdWrap></dmdSec></mets>"
)
SEEDS: dict[str, list[Callable[[], bytes]]] = {
    ".csv": [lambda: f'date,text\n1848-12-05,"{TEXT}"\n'.encode()],
    ".tsv": [lambda: f"date\ttext\n1848-12-05\t{TEXT}\n".encode()],
    ".md": [f"# A\n\n{TEXT}[^1]\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[^1]: {TEXT}\n".encode],
    ".msg": [_msg],
    ".zip": [
        lambda: packed({"s/a.txt": TEXT, "s/a.yaml": _SIDECAR, "b.html": _HTML, "c.eml": _MAIL}),
        lambda: packed({f"{page:04}.txt": TEXT for page in range(1, 5)}),
    ],
    ".yaml": [_SIDECAR.encode],
    ".json": [json.dumps(_CSL).encode],
    "collection.yaml": [b"title: Letters\nrights: Public domain.\nurl: https://example.org/\n".strip],
    "zotero.sqlite": [_zotero],
    ".djvu": [_djvu],
    ".docx": [_docx],
    ".eml": [_MAIL.encode],
    ".epub": [
        lambda: packed({"META-INF/container.xml": _CONTAINER, "a.opf": _OPF, "a.xhtml": _HTML})
    ],
    ".html": [_HTML.encode],
    ".hocr": [
        lambda: (
            "<html><body><div class='ocr_page' title='bbox 0 0 9 9'><span class='ocr_line' "
            f"title='bbox 1 1 2 2'><span class='ocrx_word'>{TEXT}</span></span></div></body></html>"
        ).encode()
    ],
    ".odt": [lambda: packed({"mimetype": _ODT_TYPE, "content.xml": _ODT})],
    ".pdf": [_pdf, _scanned_pdf, _packed_pdf],
    ".png": [
        lambda: _picture("PNG"),
        lambda: _picture("PNG", "P"),
        lambda: _picture("PNG", "I;16"),
    ],
    ".jpg": [
        lambda: _picture("JPEG"),
        lambda: _picture("JPEG", "RGB", progressive=True, exif=_turned(), dpi=(300, 300)),
        lambda: _picture("JPEG", "CMYK", comment=TEXT),
    ],
    ".tif": [
        lambda: _picture("TIFF"),
        lambda: _picture("TIFF", "1", pages=3, compression="group4"),
        lambda: _picture("TIFF", "RGB", pages=2, compression="tiff_lzw"),
    ],
    ".rtf": [lambda: rf"{{\rtf1\ansi {{\b Gold}} \'e4 \u8220? {TEXT}\par}}".encode()],
    ".txt": [(TEXT * 9).encode, (f"CHAPTER I.\n\n{TEXT}\n\nCHAPTER II.\n\n{TEXT}\n").encode],
    ".xlsx": [_xlsx],
    ".xml": [
        lambda: (
            "<TEI xmlns='http://www.tei-c.org/ns/1.0'><text><body><div xml:id='d1'><head>A</head>"
            f"<p>{TEXT}<note n='1'>x</note></p></div></body></text></TEI>"
        ).encode(),
        lambda: (
            b"<alto><Layout><Page><PrintSpace><TextBlock><TextLine><String CONTENT='gold'/>"
            b"</TextLine></TextBlock></PrintSpace></Page></Layout></alto>"
        ),
        lambda: (
            b"<PcGts><Page><TextRegion><TextLine><TextEquiv><Unicode>gold</Unicode></TextEquiv>"
            b"</TextLine></TextRegion></Page></PcGts>"
        ),
        lambda: (
            f"<ead><archdesc><dsc><c01><did><unittitle>{TEXT}</unittitle></did></c01></dsc>"
            "</archdesc></ead>"
        ).encode(),
        _METS.encode,
    ],
}  # fmt: skip
"""Whole files of each kind, to be damaged."""

_DESCRIBED = {"faulty.txt": TEXT}
BESIDE = {
    ".yaml": _DESCRIBED,
    ".json": _DESCRIBED,
    "collection.yaml": _DESCRIBED,
    "zotero.sqlite": {"storage/FILE1/scan.txt": TEXT},
}
"""What lies beside a faulty file, by its kind."""

Fault = tuple[str, float, float, int, bytes]
"""What is done, where, a second place, a length, and new bytes."""

_FAULTS = ("write", "write", "put in", "take out", "repeat", "copy", "flip", "cut off", "number")
_ODD = (
    b"\0", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f",
    b"\x80\0\0\0", b"-1", b"0", b"99999999999999999999", b"1e999", b"NaN", b"\xef\xbb\xbf",
    b"\xff\xfe", b"\xed\xa0\x80", b"\xe2\x80\xae", b"&#0;", b"&#x110000;", b"<", b">", b"</",
    b"]]>", b"<!--", b"%00", b"\r", b"\n\n", b'"', b"'", b"{", b"}", b"[", b"(", b"\\",
    b"\x1b[2J", b"/", b"../", b"=", b":", b"- ",
)  # fmt: skip
"""What readers often stumble over."""

_MOST_BYTES = 1 << 16


def faults_of(kind: str, seed: int, number: int) -> tuple[int, int, list[Fault]]:
    """Return what is done to make the file of this number: which whole file is damaged, which
    member of it (0: the file itself), and its faults, none for the first file."""
    if not number:
        return 0, 0, []
    chance = random.Random(f"{kind} {seed} {number}")
    faults: list[Fault] = []
    for _ in range(chance.choice((1, 1, 2, 3, 5, 9))):
        length = round(2 ** chance.uniform(0, 12))
        new = (
            chance.choice(_ODD)
            if chance.random() < 0.6
            else chance.randbytes(chance.randint(1, 20))
        )
        fault = chance.choice(_FAULTS)
        faults.append((fault, chance.random(), chance.random(), length, new))
    inside = 0 if chance.random() < 0.15 else chance.randint(1, 99)
    return chance.randrange(99), inside, faults


def damaged(content: bytes, faults: Sequence[Fault], inside: int = 0) -> bytes:
    """Return the content with faults. `inside`: for a zip file, which of its members has them, and
    is packed again; 0 for the file itself, which mostly says no more than that a checksum is
    wrong."""
    if inside and zipfile.is_zipfile(io.BytesIO(content)):
        members = _unpacked(content)
        name = sorted(members)[inside % len(members)]
        return packed({**members, name: damaged(members[name], faults)})
    made = bytearray(content)
    for fault, place, other, length, new in faults:
        at, elsewhere = int(place * len(made)), int(other * len(made))
        if fault == "write":
            made[at : at + len(new)] = new
        elif fault == "put in":
            made[at:at] = new
        elif fault == "take out":
            del made[at : at + length]
        elif fault == "repeat":
            made[at:at] = made[at : at + length] * (1 + int(other**3 * 400))
        elif fault == "copy":
            made[at:at] = made[elsewhere : elsewhere + length]
        elif fault == "flip" and made:
            made[at] ^= 1 << length % 8
        elif fault == "cut off" and other < 0.3:
            del made[at:]
        elif fault == "number":
            _write_number(made, at, new)
        del made[_MOST_BYTES:]
    return bytes(made)


def _write_number(made: bytearray, at: int, new: bytes) -> None:
    """Put something else in the place of the next number that is written in digits."""
    start = next((n for n in range(at, len(made)) if 48 <= made[n] < 58), len(made))
    end = next((n for n in range(start, len(made)) if not 48 <= made[n] < 58), len(made))
    made[start:end] = new


@dataclass(slots=True)
class FuzzResult:
    """What came of a kind: how many files, how many of these gave a document, the seconds of the
    processor, those of the slowest file and its number; and what must not have been."""

    tried: int = 0
    read: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    slowest: int = 0
    found: str = ""
    number: int = 0
    file: bytes = b""

    def told(self) -> dict[str, Any]:
        """Return all but the file, as JSON."""
        return {field.name: getattr(self, field.name) for field in fields(self)[:-1]}


def place_of(folder: Path, kind: str) -> Path:
    """Return the path of the faulty file of a kind."""
    name = f"faulty{kind}" if kind.startswith(".") else kind
    return folder / f"with {kind.lstrip('.')}" / name


class FuzzReader:
    """A process that makes and reads damaged files; use as a context manager."""

    def __init__(self, stall_s: int = LIMITS.stall_s) -> None:
        self._stall_s = stall_s
        self._process: Process | None = None

    def __enter__(self) -> FuzzReader:
        return self

    def __exit__(self, *error: object) -> None:
        if self._process:
            self._process.end()

    def read(self, asked: Mapping[str, Any]) -> FuzzResult:
        """Return what came of what was asked. The process is started where there is none, or the
        last one has ended."""
        if self._process is None:
            self._process = Process("benchmarks.damaged", LIMITS.memory_bytes, self._stall_s)
        result = FuzzResult()
        try:
            for told in self._process.ask(asked):
                result = FuzzResult(**told)
        except Stopped as stopped:
            self._process = None
            result.found = str(stopped)
            path = place_of(Path(asked["folder"]), asked["kind"])
            result.number = int(numbered(path).read_text())
        return result

    def read_alone(self, asked: Mapping[str, Any]) -> FuzzResult:
        """Return what comes of it in a new process."""
        with FuzzReader(self._stall_s) as alone:
            return alone.read(asked)


def fuzz(kind: str, seconds: float, seed: int, folder: Path, reader: FuzzReader) -> FuzzResult:
    """Damage and read files of a kind until so much of the processor was used, or something is
    found."""
    path = place_of(folder, kind)
    path.parent.mkdir(exist_ok=True)
    for name, text_beside in BESIDE.get(kind, {}).items():
        (path.parent / name).parent.mkdir(parents=True, exist_ok=True)
        (path.parent / name).write_text(text_beside)
    asked = {"kind": kind, "seed": seed, "folder": str(folder)}
    result = reader.read(asked | {"number": 0, "seconds": seconds})
    if result.found:
        result.file = path.read_bytes()
        _make_small(asked, result, path, reader)
    return result


def numbered(path: Path) -> Path:
    """Return where the number of the file at this path is kept, for when its reader ends."""
    return path.parent.with_name(f"{path.parent.name}.number")


def _make_small(
    asked: Mapping[str, Any], result: FuzzResult, path: Path, reader: FuzzReader
) -> None:
    """Leave out every fault without which what was found still comes."""
    kept = list(range(len(faults_of(asked["kind"], asked["seed"], result.number)[2])))
    alone = {**asked, "number": result.number, "seconds": 0.0}
    if not reader.read_alone({**alone, "kept": kept}).found:
        result.found += " (not when it is read alone)"
        return
    for fault in list(kept):
        fewer = [other for other in kept if other != fault]
        if reader.read_alone({**alone, "kept": fewer}).found:
            kept, result.file = fewer, path.read_bytes()


def main() -> int:
    """Fuzz; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(SEEDS))
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stall", type=int, default=LIMITS.stall_s)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    bad = False
    with FuzzReader(asked.stall) as reader:
        for kind in asked.kinds or SEEDS:
            result = fuzz(kind, 60 * asked.minutes, asked.seed, folder, reader)
            if result.found:
                bad = True
                (folder / f"finding{kind}").write_bytes(result.file)
            row = {"kind": kind, "seed": asked.seed, "minutes": round(result.seconds / 60, 2)}
            row |= {"files": result.tried, "read": result.read, "slowest": result.slowest}
            row |= {"slowest_s": round(result.slowest_s, 2)}
            row |= {"found": result.found, "number": result.number}
            print(json.dumps(row), flush=True)
    if bad:
        print(f"What was found is kept in {folder}")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
