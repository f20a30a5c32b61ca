"""The folder of sources, changed by a reader who need not be a friend."""

from __future__ import annotations

import os
import shutil
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from rag.build.corpus_files import (
    REMOVED,
    add_file,
    bring_back_file,
    describe_file,
    remove_file,
    removed_files,
    safe_name,
    source_files,
)
from rag.datatypes import Publication
from rag.errors import UnknownFormat, UnreadableSource
from rag.ingest import read_sources
from rag.ingest.sidecar import read_sidecar
from rag.wording import cited


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "corpus" / "sources"


def given(tmp_path: Path, content: bytes = b"A letter.") -> Path:
    path = tmp_path / "upload"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("letter.pdf", "letter.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("..\\..\\boot.TXT", "boot.txt"),
        ("/absolute/../x.md", "x.md"),
        (".hidden.txt", "hidden.txt"),
        ("....txt", "unnamed.txt"),
        ("a\x00b\n<b>.html", "a-b-b.html"),
        ("con:aux|?.xml", "con-aux.xml"),
        ("Письмо 1812.txt", "Письмо-1812.txt"),
        ("x" * 400 + ".pdf", "x" * 100 + ".pdf"),
    ],
)
def test_a_name_is_made_anew(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@pytest.mark.parametrize("name", ["run.sh", "page.py", "x", "", "a.pdf.exe", "collection.yaml"])
def test_other_kinds_are_refused_with_what_to_convert_them_to(name: str) -> None:
    with pytest.raises(UnknownFormat, match="convert it to PDF"):
        safe_name(name)


def test_a_file_is_added_once_and_never_overwrites(tmp_path: Path, folder: Path) -> None:
    first = add_file(folder, given(tmp_path), "letter.txt")
    assert add_file(folder, given(tmp_path), "letter.txt") == first
    other = add_file(folder, given(tmp_path, b"Another."), "letter.txt")
    assert (first.name, other.name) == ("letter.txt", "letter-2.txt")
    assert first.read_bytes() == b"A letter."
    assert [file.name for file in source_files(folder)] == ["letter-2.txt", "letter.txt"]


def test_a_link_in_the_way_is_not_followed(tmp_path: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    (folder / "letter.txt").symlink_to(outside)
    added = add_file(folder, given(tmp_path), "letter.txt")
    assert added.name == "letter-2.txt"
    assert outside.read_text() == "mine"
    with pytest.raises(UnreadableSource, match="no file"):
        remove_file(folder, "letter.txt")
    assert outside.exists()


def test_too_large_and_empty_files_are_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(UnreadableSource, match="by hand"):
        add_file(folder, given(tmp_path), "letter.txt", max_bytes=3)
    with pytest.raises(UnreadableSource, match="is empty"):
        add_file(folder, given(tmp_path, b""), "letter.txt")
    assert not folder.exists()


def test_a_description_is_written_beside_the_file(tmp_path: Path, folder: Path) -> None:
    add_file(folder, given(tmp_path), "letter.txt")
    fields = {"title": "To: the Duke\n# no comment", "date": "1812-05", "kind": "", "x": "y"}
    beside = describe_file(folder, "letter.txt", fields)
    [file] = source_files(folder)
    assert (file.about.title, file.about.date) == ("To: the Duke # no comment", "1812-05")
    assert file.about.kind is None
    describe_file(folder, "letter.txt", {"title": " "})
    assert not beside.exists()


def test_readers_are_told_who_described_a_document(tmp_path: Path, folder: Path) -> None:
    add_file(folder, given(tmp_path), "letter.txt", by="ann")
    fields = {"title": "To the Duke", "kind": "primary", "described_by": "Library of Congress"}
    describe_file(folder, "letter.txt", fields, by="bob")
    describe_file(folder, "letter.txt", fields, by="ann")
    with zipfile.ZipFile(tmp_path / "upload", "w") as archive:
        archive.writestr("one.txt", "A treaty was signed at the bridge. " * 30)
        archive.writestr("one.yaml", "title: The Treaty\ndescribed_by: the Archive itself\n")
        archive.writestr("two.txt", "A truce was signed at the ford. " * 30)
    add_file(folder, tmp_path / "upload", "papers.zip", by="cid")
    add_file(folder, given(tmp_path, b"A note of mine."), "mine.txt")
    documents = {d.title: cited(d) for d in read_sources([folder], lambda _: None)}
    by = {title: citation.partition("[")[2] for title, citation in documents.items()}
    assert by == {
        "To the Duke": "described by ann, bob, not by an archive].",
        "The Treaty": "described by cid, not by an archive].",
        "two": "described by cid, not by an archive].",
        "mine": "",
    }


def test_a_description_keeps_what_the_form_does_not_ask(tmp_path: Path, folder: Path) -> None:
    add_file(folder, given(tmp_path), "letter.txt")
    beside = folder / "letter.yaml"
    beside.write_text("title: Old\ncontainer: The Gazette\neditors: [Ann A, Bob B]\n")
    describe_file(folder, "letter.txt", {"title": "New"})
    about, problems = read_sidecar(beside)
    assert (about.title, problems) == ("New", [])
    assert about.publication == Publication(container="The Gazette", editors=("Ann A", "Bob B"))


def test_a_description_that_makes_no_sense_changes_nothing(tmp_path: Path, folder: Path) -> None:
    add_file(folder, given(tmp_path), "letter.txt")
    describe_file(folder, "letter.txt", {"title": "To the Duke"})
    for fields in ({"date": "some day"}, {"kind": "gossip"}, {"url": "javascript:1"}):
        with pytest.raises(UnreadableSource, match="Nothing was changed"):
            describe_file(folder, "letter.txt", {"title": "Other", **fields})
    [file] = source_files(folder)
    assert file.about.title == "To the Duke"
    (folder / "letter.yaml").rename(folder / "letter.json")
    with pytest.raises(UnreadableSource, match="by hand"):
        describe_file(folder, "letter.txt", {"title": "Other"})


def test_what_is_removed_is_moved_with_its_description(tmp_path: Path, folder: Path) -> None:
    for content in (b"one", b"two"):
        add_file(folder, given(tmp_path, content), "letter.txt")
        describe_file(folder, "letter.txt", {"title": content.decode()})
        away = remove_file(folder, "letter.txt")
        assert away.read_bytes() == content
        assert content.decode() in away.with_suffix(".yaml").read_text()
    assert list(source_files(folder)) == []
    assert sorted(path.name for path in (folder.parent / REMOVED).iterdir()) == [
        "letter-2.txt",
        "letter-2.yaml",
        "letter.txt",
        "letter.yaml",
    ]


def test_what_was_removed_is_brought_back_where_it_was(tmp_path: Path, folder: Path) -> None:
    below = folder / "box 1"
    add_file(below, given(tmp_path, b"one"), "letter.txt")
    describe_file(folder, "box 1/letter.txt", {"title": "one"})
    remove_file(folder, "box 1/letter.txt")
    add_file(folder, given(tmp_path, b"two"), "letter.txt")
    remove_file(folder, "letter.txt")
    assert sorted(file.name for file in removed_files(folder)) == ["box 1/letter.txt", "letter.txt"]
    assert bring_back_file(folder, "box 1/letter.txt") == below / "letter.txt"
    [back] = source_files(folder)
    assert (back.name, back.about.title) == ("box 1/letter.txt", "one")
    assert [file.name for file in removed_files(folder)] == ["letter.txt"]
    assert not list((folder.parent / REMOVED).rglob("*.yaml"))


def test_what_is_brought_back_overwrites_and_describes_nothing_else(
    tmp_path: Path, folder: Path
) -> None:
    add_file(folder, given(tmp_path, b"one"), "letter.txt")
    describe_file(folder, "letter.txt", {"title": "one"})
    remove_file(folder, "letter.txt")
    add_file(folder, given(tmp_path, b"another"), "letter.md")
    back = bring_back_file(folder, "letter.txt")
    assert back.name == "letter-2.txt"
    titles = {file.name: file.about.title for file in source_files(folder)}
    assert titles == {"letter.md": None, "letter-2.txt": "one"}
    remove_file(folder, "letter-2.txt")
    add_file(folder, given(tmp_path, b"a third"), "letter-2.txt")
    assert bring_back_file(folder, "letter-2.txt").name == "letter-2-2.txt"
    with pytest.raises(UnreadableSource, match=r"no file letter-2\.txt in corpus/removed"):
        bring_back_file(folder, "letter-2.txt")


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/passwd", "none.txt", "", "README.md"])
def test_nothing_outside_the_folder_can_be_named(tmp_path: Path, folder: Path, name: str) -> None:
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("about")
    secret = folder.parent / "secret.txt"
    secret.write_text("mine")
    with pytest.raises(UnreadableSource):
        remove_file(folder, name)
    with pytest.raises(UnreadableSource):
        describe_file(folder, name, {"title": "x"})
    with pytest.raises(UnreadableSource):
        bring_back_file(folder, name)
    assert secret.read_text() == "mine"


def test_half_written_files_are_cleared_away_later_and_no_description_ever(
    tmp_path: Path, folder: Path
) -> None:
    about = "creator: J. Smith\nrights: Public domain\n"
    add_file(folder, given(tmp_path), "vol1.txt")
    own = {
        "vol1.yaml": about,
        "vol2.yaml": about,  # the scan of this volume is still to come
        "vol3.json": '{"creator": "J. Smith"}',
        "added.yaml": "described_by: ann\n",
        "collection.yaml": "described_by: ann\n",
    }
    for name, text in (own | {".b.txt.arriving": "half", ".c.trial.yaml": "ti"}).items():
        (folder / name).write_text(text)
        os.utime(folder / name, (0, 0))
    (folder / ".now.txt.arriving").write_text("half")
    remove_file(folder, "vol1.txt")
    own.pop("vol1.yaml")
    add_file(folder, given(tmp_path, b"Another."), "next.txt")
    left = {path.name: path.read_text() for path in folder.iterdir()}
    assert left == own | {"next.txt": "Another.", ".now.txt.arriving": "half"}


def test_files_that_arrive_at_once_are_kept_apart(tmp_path: Path, folder: Path) -> None:
    letters = [tmp_path / letter for letter in "abcd"]
    for letter in letters:
        letter.write_text(letter.name * 2_000_000)
    with ThreadPoolExecutor(len(letters)) as senders:
        added = list(senders.map(lambda letter: add_file(folder, letter, "letter.txt"), letters))
    assert sorted(path.read_text() for path in added) == [c * 2_000_000 for c in "abcd"]


def send_letters(folder: Path, letter: Path, together: Barrier) -> None:
    """Add four files, each at the moment at which another process adds one of the same name."""
    copied = shutil.copyfile
    shutil.copyfile = lambda given, to: (copied(given, to), time.sleep(0.2))  # a slow disk
    for number in range(4):
        letter.write_text(f"{letter.name} {number}")
        together.wait(60)
        add_file(folder, letter, f"letter{number}.txt", by=letter.name)


def test_files_that_arrive_at_once_in_two_processes_of_a_home_are_kept_apart(
    tmp_path: Path, folder: Path
) -> None:
    context, names = get_context("spawn"), ("ann", "bob")
    together = context.Barrier(len(names))
    senders = [
        context.Process(target=send_letters, args=(folder, tmp_path / name, together))
        for name in names
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(120)
    assert [sender.exitcode for sender in senders] == [0, 0]
    there = {file.path.read_text(): file.about.described_by for file in source_files(folder)}
    assert there == {f"{name} {number}": name for name in names for number in range(4)}


def test_a_file_that_is_put_there_by_hand_meanwhile_is_not_overwritten(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = shutil.copyfile

    def copy(given: Path, to: Path) -> None:
        copied(given, to)
        (folder / "letter.txt").write_text("by hand")

    monkeypatch.setattr(shutil, "copyfile", copy)
    assert add_file(folder, given(tmp_path), "letter.txt").name == "letter-2.txt"
    assert (folder / "letter.txt").read_text() == "by hand"
    assert {path.name for path in folder.iterdir()} == {"letter.txt", "letter-2.txt"}


def test_each_file_has_a_description_of_its_own(tmp_path: Path, folder: Path) -> None:
    letter = add_file(folder, given(tmp_path, b"Dear Sir"), "letter.txt")
    scan = add_file(folder, given(tmp_path, b"%PDF"), "letter.pdf")
    describe_file(folder, scan.name, {"creator": "J. Smith"})
    assert letter.stem != scan.stem
    (folder / "Report.PDF").write_bytes(b"%PDF")  # put there by hand
    (folder / "Memo.YAML").write_text("creator: J. Smith")
    report = add_file(folder, given(tmp_path, b"Report"), "Report.txt", by="ann")
    assert report.stem != "Report"
    assert add_file(folder, given(tmp_path, b"Memo"), "Memo.txt").stem != "Memo"
    assert not letter.with_suffix(".yaml").exists()


def test_a_description_stays_where_another_file_needs_it(tmp_path: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, text in {"letter.txt": "Dear Sir", "letter.md": "# Dear Sir"}.items():
        (folder / name).write_text(text)
    beside = describe_file(folder, "letter.md", {"creator": "J. Smith"})
    away = remove_file(folder, "letter.md")
    assert beside.is_file()
    assert away.with_suffix(".yaml").is_file()


def test_the_numbers_of_pages_stay_when_a_file_is_described_anew(
    tmp_path: Path, folder: Path
) -> None:
    add_file(folder, given(tmp_path), "letter.txt")
    beside = folder / "letter.yaml"
    beside.write_text("pages: [iv, 5]\n", encoding="utf-8")
    assert describe_file(folder, "letter.txt", {"title": "A letter"}) == beside
    about, problems = read_sidecar(beside)
    assert (about.title, about.pages, problems) == ("A letter", ("iv", "5"), [])
