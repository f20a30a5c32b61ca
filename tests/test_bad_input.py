"""A folder of everything that goes wrong, built as a user builds it; and files of odd size."""

from __future__ import annotations

import io
import os
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import excerpt
from pypdf import PdfWriter
from reportlab.pdfgen.canvas import Canvas

from rag.build.builder import build_index
from rag.datatypes import Collection, SkippedFile, SourceDocument
from rag.embedding import Encoder
from rag.finder import SourceFinder
from rag.ingest import read_sources
from rag.ingest.workers import Workers

LAUGHS = (
    '<!DOCTYPE TEI [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]><TEI><text><body><p>&i;</p></body></text></TEI>"
)


def pdf(lines: list[str], pages: int = 1) -> bytes:
    """Return a PDF with these lines on each page, which say the page's number."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=True)
    for page in range(1, pages + 1):
        for row, line in enumerate(lines):
            canvas.drawString(72, 720 - 14 * row, line.format(page=page))
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def locked(content: bytes) -> bytes:
    out = io.BytesIO()
    writer = PdfWriter(clone_from=io.BytesIO(content))
    writer.encrypt("secret", algorithm="AES-256")
    writer.write(out)
    return out.getvalue()


def zipped(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


LETTER = pdf(["The ambassador wrote on page {page} that the harbour was closed by ice."] * 30)

BAD = {
    # name: content, and words of what must be said
    "locked.pdf": (locked(LETTER), "needs a password"),
    "cut.pdf": (LETTER[: len(LETTER) // 2], "cut short"),
    "zero.pdf": (b"", "is empty"),
    "zero.txt": (b"", "holds no text"),
    "picture.pdf": (b"\x89PNG\r\n\x1a\n" + bytes(3000), "looks like a PNG image"),
    "page.pdf": (b"<html><body>404</body></html>", "HTML or XML"),
    "word.docx": (LETTER, "is not"),
    "noise.txt": (bytes(range(256)) * 9, "noise.txt"),
    "bomb.zip": (zipped("bomb.txt", bytes(64 << 20)), "would grow"),
    "bomb.epub": (zipped("OEBPS/a.xhtml", bytes(64 << 20)), "bomb.epub"),
    "laughs.xml": (LAUGHS.encode(), "entities"),
    "outside.xml": (
        b'<!DOCTYPE TEI [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        b"<TEI><text><body><p>&x;</p></body></text></TEI>",
        "entities",
    ),
    "sheet.xlsx": (b"PK\x03\x04", "damaged"),
    "book.djvu": (b"AT&TFORM", "damaged"),
    "tape.wav": (b"RIFF", "no reader"),
}


def test_a_folder_of_everything_that_goes_wrong(tmp_path: Path, encoder: Encoder) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    for name, (content, _) in BAD.items():
        (folder / name).write_bytes(content)
    (folder / "letter.pdf").write_bytes(LETTER)
    (folder / "address.txt").write_text(excerpt("1962-Kennedy-1"))
    report = build_index([folder], tmp_path / "index", encoder=encoder)
    assert report.added == ("archive/address", "archive/letter")
    said = {skipped.path.removeprefix(f"{folder}/"): skipped.reason for skipped in report.skipped}
    assert len(said) == len(report.skipped) == len(BAD)
    for name, (_, words) in BAD.items():
        path = f"{name}/bomb.txt" if name == "bomb.zip" else name
        assert words in said[path]
        assert path in said[path]
        assert len(said[path].partition(";")[2]) > 10, "what to try"
    found = SourceFinder.open(tmp_path / "index").find_sources("ice closed the harbour", k=1)[0]
    assert (found.document_id, found.locator) == ("archive/letter", "PDF page 1")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_files_of_any_name_are_read_by_the_other_process(tmp_path: Path) -> None:
    names = [
        b"line\nbreak.txt",
        b"latin caf\xe9.txt",
        "רשימה של מכתבים.txt".encode(),
        "\u202eevil\u2066.txt".encode(),
        b"x" * 251 + b".txt",
        b"-rf.txt",
        b"'; DROP TABLE documents.txt",
        b"%00 & ? #.txt",
    ]
    for number, name in enumerate(names):
        Path(os.fsdecode(bytes(tmp_path) + b"/" + name)).write_text(f"Letter number {number}.")
    skipped: list[SkippedFile] = []
    with Workers() as workers:
        documents = list(read_sources([tmp_path], skipped.append, workers.read))
    assert skipped == []
    assert sorted(d.text for d in documents) == [f"Letter number {n}." for n in range(len(names))]
    for document in documents:
        for text in (document.document_id, document.title, document.citation, document.origin):
            assert text.encode("utf-8").decode().isprintable() or "\u202e" in text


def test_a_folder_that_vanishes_while_it_is_read(tmp_path: Path, encoder: Encoder) -> None:
    folder = tmp_path / "archive"
    for part in ("a", "b", "c"):
        (folder / part).mkdir(parents=True)
        for number in range(4):
            text = f"{excerpt('1962-Kennedy-1')[:2000]} Copy {part} {number}."
            (folder / part / f"letter-{part}{number}.txt").write_text(text)

    class Vanishing(Workers):
        def read(
            self, path: Path, collection: Collection
        ) -> Iterator[SourceDocument | SkippedFile]:
            items = list(super().read(path, collection))
            if path.name == "letter-a1.txt":
                shutil.rmtree(folder / "b")
            return iter(items)

    report = build_index([folder], tmp_path / "index", encoder=encoder, workers=Vanishing)
    assert report.documents == 8
    gone = {Path(skipped.path).name for skipped in report.skipped}
    assert gone == {f"letter-b{number}.txt" for number in range(4)}
    assert build_index([folder], tmp_path / "index", encoder=encoder).skipped == ()


@pytest.mark.slow
def test_a_pdf_of_a_thousand_pages(tmp_path: Path) -> None:
    (tmp_path / "long.pdf").write_bytes(pdf(["This is what stands on page {page}."] * 25, 1000))
    (document,) = read_with_workers(tmp_path)
    assert (document.pages, document.ocr_pages) == (1000, 0)
    at = document.text.index("on page 731.")
    assert document.locators[730].label == "p. 731"  # as the page itself says
    assert document.locators[730].span.start <= at < document.locators[730].span.end


@pytest.mark.slow
def test_a_pdf_of_a_hundred_thousand_objects(tmp_path: Path) -> None:
    body = io.BytesIO()
    text = b"BT /F1 12 Tf 72 700 Td (" + b"The harbour was closed by ice. " * 20 + b") Tj ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        *[b"<< /Nothing [ 1 2 3 ] >>"] * 100_000,
    ]
    body.write(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(body.tell())
        body.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    start = body.tell()
    body.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    body.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    body.write(
        b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    )
    (tmp_path / "many.pdf").write_bytes(body.getvalue())
    (document,) = read_with_workers(tmp_path)
    assert "closed by ice" in document.text


def read_with_workers(folder: Path) -> list[SourceDocument]:
    skipped: list[SkippedFile] = []
    with Workers() as workers:
        documents = list(read_sources([folder], skipped.append, workers.read))
    assert skipped == []
    return documents
