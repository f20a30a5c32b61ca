"""A folder or zip of one text file a page is one work, with its pages as places."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest
from reads import gather

from rag.ingest.folders import page_run

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
