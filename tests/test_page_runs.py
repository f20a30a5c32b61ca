"""A folder or zip of one text file a page is one work, with its pages as places."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest
from reads import gather

from rag.ingest.folders import page_run
from rag.ingest.shared.page_text import printed_numbers, running_lines
from rag.language import fold

PAGES = [
    f"{number}\nTHE SIEGE OF VARNOW\nThe master wrote of matter {'abcdef'[number - 20]}.\n{last}"
    for number, last in zip(
        range(20, 24),
        ["It rained.", "The Sultan ordered that no pris-", "oner be put to death.", "End."],
        strict=True,
    )
]
METS = (
    '<mets xmlns="http://www.loc.gov/METS/"><dmdSec><mods xmlns="http://www.loc.gov/mods/v3">'
    "<titleInfo><title>The siege of Varnow</title></titleInfo><name usage='primary'><namePart>"
    "Thorne, Elias, 1790-1860</namePart></name><originInfo><dateIssued>[c1851]</dateIssued>"
    "</originInfo></mods></dmdSec></mets>"
)


@pytest.mark.parametrize(
    ("names", "run"),
    [
        (["00000001.txt", "00000002.txt", "00000003.txt"], True),
        (["page_9.txt", "page_10.txt", "page_11.txt"], True),
        (["img0001.txt", "img0002.txt", "img0003.txt", "img0003.jpg"], True),
        (["varnow_0001.txt", "varnow_0002.txt", "varnow_0003.txt"], True),
        (["letter1.txt", "letter2.txt", "letter3.txt"], False),
        (["1864.txt", "1865.txt", "1866.txt"], False),
        (["letter_00001.txt", "letter_00002.txt", "letter_00003.txt"], False),
        (["18480501.txt", "18480502.txt", "18480503.txt"], False),
        (["varnow_184805.txt", "varnow_184806.txt", "varnow_184807.txt"], False),
        (["Varnow 1848.txt", "Varnow 1849.txt", "Varnow 1850.txt"], False),
        (["page_1848.txt", "page_1849.txt", "page_1850.txt"], True),
        (["00000001.txt", "00000900.txt", "00007000.txt"], False),
        (["00000001.txt", "00000002.txt", "00000003.txt", "notes.txt"], False),
        (["00000001.txt", "00000002.txt"], False),
    ],
)
def test_which_files_are_pages_of_one_work(names, run):
    assert bool(page_run(names, "varnow")) is run


def folder_of(path: Path) -> Path:
    path.mkdir()
    for number, page in enumerate(PAGES, start=1):
        (path / f"{number:08}.txt").write_text(page, encoding="utf-8")
    (path / "work.mets.xml").write_text(METS, encoding="utf-8")
    return path


def zip_of(path: Path) -> Path:
    with ZipFile(path, "w") as archive:
        for number, page in enumerate(PAGES, start=1):
            archive.writestr(f"39015/{number:08}.txt", page)
        archive.writestr("39015/work.mets.xml", METS)
    return path


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_the_pages_of_a_work_are_one_document(tmp_path, kind):
    source = folder_of(tmp_path / "varnow") if kind == "folder" else zip_of(tmp_path / "varnow.zip")
    (document,), skipped = gather(source)
    assert skipped == []
    assert document.document_id == "varnow/varnow"
    assert (document.title, document.creator, document.date) == (
        "The siege of Varnow",
        "Elias Thorne",
        "1851",
    )
    assert [place.label for place in document.locators] == [f"p. {n}" for n in range(20, 24)]
    assert {span.of(document.text) for span in document.excluded} >= {"20", "THE SIEGE OF VARNOW"}


def test_pages_without_numbers_are_counted(tmp_path):
    for number in range(1, 4):
        (tmp_path / f"page{number}.txt").write_text(f"Matter {'abc'[number - 1]}.")
    (document,), _ = gather(tmp_path)
    assert [place.label for place in document.locators] == ["image 1", "image 2", "image 3"]


PROSE = "The council met and spoke of the price of flour. Nobody agreed with the treasurer.\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "The motion to free the slaves was carried unanimously."),
        ("My dear Sir,\n", "Your obedient servant,\nGeo. Washington"),
        ("EXECUTIVE MANSION\n", ""),
        ("{year}\n", ""),
        ("Telegram No. {number}\n", ""),
        ("Letter {number}\n", ""),
        ("May {day}\n", ""),
    ],
)
def test_what_comes_again_on_papers_of_one_page_each_is_evidence(before, after):
    pages = [
        before.format(number=n, year=1844 + n, day=n) + f"{PROSE}So ended matter {'abcd'[n - 4]}."
        f"\n{PROSE}{after}"
        for n in range(4, 8)
    ]
    assert running_lines(pages) == [()] * 4
    assert printed_numbers(pages) == [None] * 4


def test_days_above_the_pages_of_a_diary_are_no_page_numbers():
    pages = [f"May {n}\n{PROSE * 3}we set out for the mill and" for n in (3, 4, 5)]
    assert running_lines(pages) == [(), (), ()]


def test_a_line_over_which_a_sentence_goes_on_is_a_running_head():
    pages = [
        f"1848\nDiary of Polk\nin the house. {PROSE}Matter {letter} was brought up\nFor use here."
        for letter in "abcd"
    ]
    heads = [
        [line.of(page) for line in lines]
        for page, lines in zip(pages, running_lines(pages), strict=True)
    ]
    assert heads == [["1848", "Diary of Polk", "For use here."]] * 4


def test_numbered_pages_have_their_heads_where_each_begins_a_paragraph():
    pages = [
        f"A HISTORY OF RURITANIA\n{PROSE}Of matter {letter} more is said below.\n{PROSE}{n}"
        for n, letter in enumerate("abcd", start=101)
    ]
    assert printed_numbers(pages) == ["101", "102", "103", "104"]
    assert [len(lines) for lines in running_lines(pages)] == [2, 2, 2, 2]


def test_a_volume_of_hathitrust_in_one_file_has_its_pages(tmp_path):
    rule = "#" * 46
    head = "Full title: The siege of Varnow / by E. Thorne.\nAuthor: Thorne, Elias, 1790-1860.\n"
    head += "Copyright: Public Domain\nhttps://hdl.handle.net/2027/mdp.1\n"
    marks = ["(#1)", *(f"p. {n} (#{n})" for n in range(20, 24))]
    parts = ["It rained and he", "wrote that no pris-", "oner be put to death, and", "left."]
    pages = [f"{n}\nTHE SIEGE OF VARNOW\n{part}" for n, part in enumerate(parts, start=20)]
    pages.insert(0, "A title page")
    (tmp_path / "mdp.txt").write_text(
        head + "".join(f"\n\n## {m} {rule}\n\n{p}" for m, p in zip(marks, pages, strict=True))
    )
    (volume,), _ = gather(tmp_path)
    assert (volume.title, volume.creator) == ("The siege of Varnow", "Elias Thorne")
    assert [place.label for place in volume.locators] == [
        *("image 1", "p. 20", "p. 21", "p. 22", "p. 23")
    ]
    said = " ".join(fold(volume.text, None, volume.excluded).text.split())
    assert "It rained and he wrote that no prisoner be put to death, and left." in said
    assert "#" not in said
    assert "hdl" not in said
    assert "THE SIEGE" not in said
