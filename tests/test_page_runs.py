"""A folder or zip of one text file a page is one work, with its pages as places."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest
from pypdfium2 import PdfDocument
from reads import gather
from scans import TREATY, print_pdf

from rag.ingest.shared.page_text import PAGE_BREAK, printed_numbers, running_lines
from rag.ingest.works import page_run
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


def test_a_title_and_a_name_of_mods_with_their_parts_apart(tmp_path):
    parts = METS.replace("<title>The siege", "<nonSort>The</nonSort><title>Siege").replace(
        "Thorne, Elias, 1790-1860</namePart>",
        "Thorne</namePart><namePart type='given'>Elias</namePart>"
        "<namePart type='date'>1790-1860</namePart>",
    )
    parts = parts.replace("<namePart>Thorne", "<namePart type='family'>Thorne")
    source = folder_of(tmp_path / "varnow")
    (source / "work.mets.xml").write_text(parts, encoding="utf-8")
    (document,), _ = gather(source)
    assert (document.title, document.creator) == ("The Siege of Varnow", "Elias Thorne")


@pytest.mark.parametrize(
    ("names", "run"),
    [
        (["00000001.txt", "00000002.txt", "00000003.txt"], True),
        (["page_9.txt", "page_10.txt", "page_11.txt"], True),
        (["img0001.txt", "img0002.txt", "img0003.txt", "img0003.jpg"], True),
        (["varnow_0001.txt", "varnow_0002.txt", "varnow_0003.txt"], True),
        (["0001_IMG_2231.txt", "0002_IMG_2232.txt", "0003_IMG_2233.txt"], True),
        (["b7_p001_ocr.txt", "b7_p002_ocr.txt", "b7_p003_ocr.txt"], True),
        (["page 1 of 3.txt", "page 2 of 3.txt", "page 3 of 3.txt"], True),
        (["p1_a.txt", "p2_b.txt", "p3_c.txt"], False),
        (["1864-06-01 Holt.txt", "1864-06-02 Holt.txt", "1864-06-03 Holt.txt"], False),
        (["letter 1 of 3.txt", "letter 2 of 3.txt", "letter 3 of 3.txt"], False),
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


def test_a_newspaper_with_a_folder_for_each_page_is_one_document(tmp_path):
    issue = tmp_path / "sn83030214" / "1864-06-10" / "ed-1"
    for number, page in enumerate(PAGES, start=1):
        (issue / f"seq-{number}").mkdir(parents=True)
        (issue / f"seq-{number}" / "ocr.txt").write_text(page, encoding="utf-8")
        (issue / f"seq-{number}" / "ocr.xml").write_text("<alto/>", encoding="utf-8")
    (document,), skipped = gather(tmp_path / "sn83030214")
    assert skipped == []
    assert (document.title, document.date) == ("sn83030214 1864-06-10 ed-1", "1864-06-10")
    assert [place.label for place in document.locators] == [f"p. {n}" for n in range(20, 24)]


@pytest.mark.parametrize("other", ["seq-3/note.txt", "seq-3/deep/ocr.txt", "cover/ocr.txt"])
def test_folders_that_hold_something_else_are_no_pages(tmp_path, other):
    for name in ("seq-1/ocr.txt", "seq-2/ocr.txt", "seq-3/ocr.txt", "seq-4/ocr.txt", other):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"What {name} says.", encoding="utf-8")
    documents, _ = gather(tmp_path)
    assert len(documents) == 5


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


def cut_pages(count: int) -> list[str]:
    """Pages of different words, each but the first beginning within a sentence."""
    towns = ("Sarn", "Tarn", "Holm", "Ulm", "Lund")[:count]
    return [
        "\n".join(
            [f"there the council of {town} met in the hall", f"and spoke of the mill at {town}."]
            + [f"Matter {n} of {town} was put off." for n in range(4)]
            + [f"Nobody in {town} agreed with him,", f"and from {town} he set out for the hill and"]
        )
        for town in towns
    ]


@pytest.mark.parametrize("foot", ["– –", "* * *", "———"])
def test_a_foot_without_letters_or_figures_cuts_no_sentence(foot):
    pages = [f"{page}\n{foot}" for page in cut_pages(4)]
    running = running_lines(pages)
    assert [[line.of(page) for line in own] for page, own in zip(pages, running, strict=True)] == [
        [foot]
    ] * 4


@pytest.mark.parametrize(
    "heads",
    [
        ["204 THE RETREAT", "A SURGEON 2O5", "206 THE RETREAT", "A SURGEON 207", "2O8 THE RETREAT"],
        ["204", "205", "2O6", "Z07", "208"],
        ["- 11 -", "- l2 -", "- I3 -", "- 14 -", "- 15 -"],
    ],
)
def test_a_page_number_with_letters_for_figures_is_one(heads):
    pages = [f"{head}\n{page}" for head, page in zip(heads, cut_pages(5), strict=True)]
    first = 11 if "11" in heads[0] else 204
    assert printed_numbers(pages) == [str(n) for n in range(first, first + 5)]
    running = running_lines(pages)
    assert [own[0].of(page) for page, own in zip(pages, running, strict=True)] == heads


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


def mets_of(
    names: list[str], labels: list[str], *, folder: str = "", group: str = "ocr", about: str = ""
) -> str:
    """Return a METS record that lists pages, in this order, with the labels printed on them."""
    files = "".join(
        f'<file ID="F{n}"><FLocat LOCTYPE="OTHER" xlink:href="{folder}{name}"/></file>'
        for n, name in enumerate(names)
    )
    pages = "".join(
        f'<div TYPE="page" ORDER="{n + 1}" ORDERLABEL="{label}"><fptr FILEID="F{n}"/></div>'
        for n, label in enumerate(labels)
    )
    return (
        '<mets xmlns="http://www.loc.gov/METS/" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'{about}<fileSec><fileGrp USE="{group}">{files}</fileGrp></fileSec>'
        f'<structMap TYPE="physical"><div TYPE="volume">{pages}</div></structMap></mets>'
    )


ABOUT = METS.removeprefix('<mets xmlns="http://www.loc.gov/METS/">').removesuffix("</mets>")
PLAIN = ["Title page of the work.", "The Sultan came in May.", "He went in June.", "End of it."]


@pytest.mark.parametrize("where", ["in it", "beside it", "beside it, plainly named"])
@pytest.mark.parametrize("kind", ["folder", "zip", "folder given by itself"])
def test_mets_in_a_folder_of_pages_or_beside_it(tmp_path, where, kind):
    given = tmp_path / "given"
    pages = given / "39015"
    pages.mkdir(parents=True)
    names = [f"{n:08}.txt" for n in range(1, 5)]
    for name, page in zip(names, PLAIN, strict=True):
        (pages / name).write_text(page, encoding="utf-8")
    place = pages if where == "in it" else given
    name = "mets.xml" if where.endswith("named") else "39015.mets.xml"
    record = mets_of(names, ["", "iv", "1", "2"], folder="39015/", about=ABOUT)
    (place / name).write_text(record, encoding="utf-8")
    if kind == "zip":
        with ZipFile(tmp_path / "all.zip", "w") as archive:
            for file in sorted(given.rglob("*.*")):
                archive.write(file, str(file.relative_to(given)))
        given = tmp_path / "all.zip"
    if kind == "folder given by itself":
        if where.endswith("named"):
            pytest.skip("nothing says that it is about this folder")
        given = pages
    (document,), skipped = gather(given)
    assert skipped == []
    assert (document.title, document.creator, document.date) == (
        "The siege of Varnow",
        "Elias Thorne",
        "1851",
    )
    assert [place.label for place in document.locators] == ["image 1", "p. iv", "p. 1", "p. 2"]


def test_mets_beside_a_zip_of_pages(tmp_path):
    names = [f"{n:08}.txt" for n in range(1, 5)]
    with ZipFile(tmp_path / "39015.zip", "w") as archive:
        for name, page in zip(names, PLAIN, strict=True):
            archive.writestr(f"39015/{name}", page)
    record = mets_of(names, ["", "iv", "1", "2"], about=ABOUT)
    (tmp_path / "39015.mets.xml").write_text(record, encoding="utf-8")
    for given in (tmp_path, tmp_path / "39015.zip"):
        (document,), skipped = gather(given)
        assert skipped == []
        assert document.title == "The siege of Varnow"
        assert [n.label for n in document.locators] == ["image 1", "p. iv", "p. 1", "p. 2"]


def test_the_order_of_pages_is_that_of_the_record(tmp_path):
    names = ["cover.txt", "text-b.txt", "text-a.txt", "back.txt"]
    for name, page in zip(names, PLAIN, strict=True):
        (tmp_path / name).write_text(page, encoding="utf-8")
    (tmp_path / "mets.xml").write_text(mets_of(names, ["i", "ii", "1", "2"]), encoding="utf-8")
    (document,), skipped = gather(tmp_path)
    assert skipped == []
    assert document.text.split(PAGE_BREAK) == PLAIN
    assert [n.label for n in document.locators] == ["p. i", "p. ii", "p. 1", "p. 2"]


def test_a_record_that_lists_no_files_here_is_about_the_work_alone(tmp_path):
    folder = folder_of(tmp_path / "varnow")
    record = mets_of(["a.jp2", "b.jp2"], ["1", "2"], about=ABOUT)
    (folder / "work.mets.xml").write_text(record, encoding="utf-8")
    (document,), skipped = gather(folder)
    assert skipped == []
    assert document.title == "The siege of Varnow"
    assert [place.label for place in document.locators] == [f"p. {n}" for n in range(20, 24)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["png", "jpg", "tif"])
def test_pictures_that_a_record_lists_are_one_work(tmp_path, kind):
    folder = tmp_path / "varnow"
    folder.mkdir()
    names = []
    for number, lines in enumerate((TREATY, TREATY[::-1]), start=1):
        with PdfDocument(print_pdf(tmp_path / "page.pdf", [lines])) as pdf:
            names.append(f"{number:04}.{kind}")
            picture = pdf[0].render(scale=150 / 72, grayscale=True).to_pil()
            picture.save(folder / names[-1], dpi=(150, 150))
    (tmp_path / "page.pdf").unlink()
    record = mets_of([f"master/{name}" for name in names], ["v", "vi"], about=ABOUT)
    (folder / "mets.xml").write_text(record, encoding="utf-8")
    (document,), skipped = gather(tmp_path)
    assert skipped == []
    assert (document.title, document.pages) == ("The siege of Varnow", 2)
    assert [place.label for place in document.locators] == ["p. v", "p. vi"]
    assert "bridge of Zenda" in document.text


def test_numbers_of_pages_in_a_description_of_ones_own(tmp_path):
    (tmp_path / "a.txt").write_text("One page.\n\f\nAnother page.\n", encoding="utf-8")
    (tmp_path / "a.yaml").write_text("pages: [iv, 5]\n", encoding="utf-8")
    (document,), skipped = gather(tmp_path)
    assert skipped == []
    assert [place.label for place in document.locators] == ["p. iv", "p. 5"]
