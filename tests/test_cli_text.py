"""The report of a build, for a person."""

from __future__ import annotations

from rag.cli import LISTED, report_text
from rag.datatypes import BuildReport, Copy, SkippedFile

PLAIN = BuildReport("mine", 3, 1200, 4000, 7, ("m/a",), (), ("m/b",), (), files=2, files_read=1)


def with_fields(**fields: object) -> BuildReport:
    from dataclasses import replace

    return replace(PLAIN, **fields)  # type: ignore[arg-type]


def test_what_there_is_and_what_was_done():
    text = report_text(with_fields(seconds={"read": 1.04, "embed": 2.5}, pages=12, ocr_pages=5))
    assert text.splitlines() == [
        "Index mine: 3 documents, 1,200 passages, 0 MB.",
        "From 2 files with 12 pages, 5 of them read by OCR. 1 file had to be read in this build.",
        "Added 1, changed 0, removed 1 document; embedded 7 passages.",
        "Time: 3.5 s (read 1.0 s, embed 2.5 s).",
    ]


def test_nothing_to_do_is_said():
    assert "Nothing has changed since the last build" in report_text(with_fields(unchanged=True))


def test_what_to_look_at_is_listed():
    text = report_text(
        with_fields(
            skipped=(SkippedFile("a.pdf", "a.pdf is empty; fetch it again"),),
            moved=(("old.txt", "new.txt"),),
            copies=(Copy("copy.pdf", "m/a", 1),),
            near_duplicates=(("m/a", "m/c"),),
            notes=tuple(f"m/{n}: 2 of 8 pages have no text" for n in range(LISTED + 5)),
        )
    )
    for line in (
        "  a.pdf: a.pdf is empty; fetch it again",
        "  old.txt -> new.txt",
        "  copy.pdf: 1 document, as m/a",
        "  m/a, m/c",
        "  and 5 more (--json prints all)",
    ):
        assert line in text.splitlines()
    assert f"m/{LISTED}:" not in text
