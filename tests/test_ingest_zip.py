"""Zip files: read as a folder, one member at a time, with limits."""

from __future__ import annotations

import io
import stat
import struct
import tempfile
import zipfile
from pathlib import Path

import pytest

from rag.datatypes import Collection, SkippedFile, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest import read_sources
from rag.ingest.files import walk_zip, zip_collection
from rag.ingest.shared.decoding import MB, ZipLimits


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path, monkeypatch):
    """Let what is unpacked be seen, and what is left behind."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def make(path: Path, members: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def gather(*sources: str | Path) -> tuple[list[SourceDocument], list[SkippedFile]]:
    skipped: list[SkippedFile] = []
    return list(read_sources(sources, skipped.append)), skipped


def test_a_zip_is_read_as_a_folder(tmp_path):
    path = make(
        tmp_path / "My Letters.zip",
        {
            "b.txt": "B",
            "a.md": "A",
            "sub/c.html": "<p>C",
            ".hidden.txt": "x",
            "README.md": "x",
            "__MACOSX/._a.md": "x",
            "sub/.git/d.txt": "x",
            "empty/": "",
        },
    )
    documents, skipped = gather(path)
    assert [d.document_id for d in documents] == ["My-Letters/a", "My-Letters/b", "My-Letters/c"]
    assert {d.collection for d in documents} == {Collection("My-Letters", "My Letters")}
    assert [d.origin for d in documents] == [f"{path}/{n}" for n in ("a.md", "b.txt", "sub/c.html")]
    assert skipped == []


def test_a_zip_in_a_folder_is_a_collection_of_its_own(tmp_path):
    folder = tmp_path / "f"
    folder.mkdir()
    make(folder / "z.zip", {"a.txt": "in the zip"})
    (folder / "a.txt").write_text("in the folder")
    (folder / "z.yaml").write_text("title: Zipped\nrights: CC0")
    documents, skipped = gather(folder)
    assert [(d.document_id, d.text) for d in documents] == [
        ("f/a", "in the folder"),
        ("z/a", "in the zip"),
    ]
    assert documents[1].collection == Collection("z", "Zipped", "CC0")
    assert skipped == []


def test_members_are_unpacked_one_at_a_time(tmp_path, own_temporary_folder):
    path = make(tmp_path / "z.zip", {"a.txt": "A", "b.txt": "B", "a.yaml": "title: T"})
    documents = read_sources([path], lambda skip: None)

    def unpacked() -> list[str]:
        return sorted(p.name for p in own_temporary_folder.rglob("*") if p.is_file())

    assert next(documents).title == "T"
    assert unpacked() == ["a.txt", "a.yaml"]
    (folder,) = own_temporary_folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert next(documents).title == "b"
    assert unpacked() == ["b.txt"]
    # Whoever stops early leaves nothing behind: the fixture looks.
    documents.close()


def test_each_bad_member_is_reported_and_the_rest_read(tmp_path):
    path = make(
        tmp_path / "z.zip",
        {"a.txt": "A", "sub/b.pdf": "no pdf", "c.rtf": "x", "d.txt": b"\0\1", "e.txt": "E"},
    )
    documents, skipped = gather(path)
    assert [d.document_id for d in documents] == ["z/a", "z/e"]
    names = [f"{path}/{name}" for name in ("c.rtf", "d.txt", "sub/b.pdf")]
    assert [skip.path for skip in skipped] == names
    assert all(skip.path in skip.reason for skip in skipped)
    assert not any("source-finder-" in skip.reason for skip in skipped)


@pytest.mark.parametrize(
    "name", ["../../evil.txt", "/etc/evil.txt", "a/../../evil.txt", "C:/evil.txt", "..\\evil.txt"]
)
def test_names_that_lead_out_are_refused(tmp_path, name):
    path = make(tmp_path / "z.zip", {name: "evil", "good.txt": "G"})
    documents, skipped = gather(path)
    assert [d.text for d in documents] == ["G"]
    assert ["leads out of the zip file" in skip.reason for skip in skipped] == [True]
    assert list(tmp_path.rglob("evil*")) == []


def test_links_are_refused(tmp_path):
    path = make(tmp_path / "z.zip", {"good.txt": "G"})
    link = zipfile.ZipInfo("passwd.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    documents, skipped = gather(path)
    assert [d.text for d in documents] == ["G"]
    assert "is a link" in skipped[0].reason


def test_a_zip_within_a_zip_is_reported(tmp_path):
    inner = make(tmp_path / "inner.zip", {"a.txt": "A"}).read_bytes()
    documents, (skip,) = gather(make(tmp_path / "z.zip", {"in.ZIP": inner, "b.txt": "B"}))
    assert [d.text for d in documents] == ["B"]
    assert "zip file within a zip file" in skip.reason


def test_a_bomb_is_reported_and_the_rest_read(tmp_path):
    path = make(tmp_path / "z.zip", {"bomb.txt": b"a" * (5 * MB), "b.txt": "B"})
    documents, (skip,) = gather(path)
    assert [d.text for d in documents] == ["B"]
    assert skip.path == f"{path}/bomb.txt"
    assert "5,242,880 bytes" in skip.reason


def refusal(path: Path, limits: ZipLimits) -> str:
    with pytest.raises(UnreadableSource) as error:
        list(walk_zip(path, zip_collection(path), lambda skip: None, limits))
    return str(error.value)


def test_limits_of_the_whole(tmp_path):
    path = make(tmp_path / "z.zip", {f"{n}.txt": "words" for n in range(10)})
    assert "more than 9 files" in refusal(path, ZipLimits(members=9))
    assert "unpacked, more than" in refusal(path, ZipLimits(total=49))
    enough = ZipLimits(members=10, total=50)
    assert len(list(walk_zip(path, zip_collection(path), print, enough))) == 10


def test_a_member_that_lies_about_its_size_is_not_unpacked_beyond_it(tmp_path):
    path = make(tmp_path / "z.zip", {"a.txt": "a" * 50_000, "b.txt": "B"})
    raw = path.read_bytes()
    # Both headers of the first member say ten bytes.
    lie = raw.replace(struct.pack("<L", 50_000), struct.pack("<L", 10))
    assert lie != raw
    path.write_bytes(lie)
    documents, (skip,) = gather(path)
    assert [d.text for d in documents] == ["B"]
    assert "damaged" in skip.reason


def test_a_method_without_bounds_is_refused(tmp_path):
    path = make(tmp_path / "z.zip", {"a.txt": "A" * 100}, zipfile.ZIP_BZIP2)
    assert "by a method" in gather(path)[1][0].reason


def test_a_member_with_a_password_is_reported(tmp_path):
    path = make(tmp_path / "z.zip", {"a.txt": "A", "b.txt": "B"})
    raw = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(mark) + at] |= 1
    path.write_bytes(raw)
    documents, (skip,) = gather(path)
    assert [d.text for d in documents] == ["B"]
    assert "password" in skip.reason


@pytest.mark.parametrize("kept", [0.0, 0.4, 0.9])
def test_a_truncated_zip_is_reported(tmp_path, kept):
    path = make(tmp_path / "z.zip", {"a.txt": "A" * 100, "b.txt": "B"})
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * kept)])
    documents, (skip,) = gather(path)
    assert (documents, skip.path) == ([], str(path))
    assert ("cut short" if kept else "is empty") in skip.reason


def test_whatever_byte_is_damaged_nothing_else_is_raised(tmp_path):
    raw = make(tmp_path / "y.zip", {"a.txt": "words of a letter", "s/b.html": "<p>B"}).read_bytes()
    path = tmp_path / "z.zip"
    outcomes = set()
    for at in range(len(raw)):
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 0xFF]) + raw[at + 1 :])
        documents, skipped = gather(path)
        outcomes.add((len(documents), bool(skipped)))
    assert {(2, False), (1, True), (0, True)} <= outcomes


def test_odd_names_are_kept_printable(tmp_path):
    names = ["Архив/日本 語.txt", "a\nb.txt", "x" * 300 + ".txt", "%20 #?.txt", "a\x1b[1m.dat"]
    path = make(tmp_path / "Архив.zip", {name: f"text of {name[:9]}" for name in names})
    documents, skipped = gather(path)
    assert len(documents) == 4
    for document in documents:
        for text in (document.document_id, document.title, document.citation, document.origin):
            assert text.isprintable()
    assert "Архив/日本-語" in {d.document_id for d in documents}
    assert [(s.path.isprintable(), s.reason.isprintable()) for s in skipped] == [(True, True)]


def test_names_in_utf_8_without_the_mark(tmp_path):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("xx-letter.txt", "A")
    path = tmp_path / "z.zip"
    path.write_bytes(raw.getvalue().replace(b"xx-letter", "Żółw-ab".encode()[:9]))
    ((document,), _) = gather(path)
    assert document.document_id.startswith("z/Żółw")


def test_metadata_within_a_zip(tmp_path):
    path = make(
        tmp_path / "z.zip",
        {
            "top/collection.yaml": "title: Papers\nrights: CC0",
            "top/a.txt": "A",
            "top/a.yaml": "title: T\ndate: never",
            "top/own/collection.yaml": "title: Own",
            "top/own/b.txt": "B",
            "top/ghost.yaml": "title: G",
        },
    )
    documents, skipped = gather(path)
    found = {d.document_id: (d.title, d.collection) for d in documents}
    assert found == {
        "z/a": ("T", Collection("z", "Papers", "CC0")),
        "own/b": ("b", Collection("own", "Own")),
    }
    assert {skip.path for skip in skipped} == {f"{path}/top/{n}.yaml" for n in ("a", "ghost")}
    assert not any("source-finder-" in skip.reason for skip in skipped)
