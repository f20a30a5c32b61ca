"""A home saved as one file and brought back, elsewhere too; and files that are not as saved."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from rag.backup import CONTENTS, back_up, check_backup, restore
from rag.build.builder import build_index
from rag.cli.main import main
from rag.config import Settings
from rag.database import SqliteFile
from rag.embedding import Encoder
from rag.errors import BackupError, IndexBusy, IndexMismatch
from rag.finder import SourceFinder
from rag.index import FORMAT, live_generation, open_index, recorded_sources
from rag.projects import KeptTurn, ProjectStore, new_id
from tests.conftest import MONROE_WORDS, write_sources
from tests.older import say_format, write_as_format_3


def settings_of(home: Path) -> Settings:
    return replace(Settings.from_environment(), home=home)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    """A home with a small index of its own sources. Read-only."""
    home = tmp_path_factory.mktemp("saved") / "home"
    sources = write_sources(home / "corpus" / "sources", ["1823-Monroe-1", "1848-Polk-1"])
    (sources / "README.md").write_text("of a checkout")
    (home / "corpus" / "removed").mkdir()
    (home / "corpus" / "removed" / "Brief an Äußere, 1812: 'x'.txt").write_text("taken away")
    build_index([sources], home / "indexes" / "mine", encoder=encoder)
    return home


@pytest.fixture(scope="module")
def saved(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("backups") / "backup.zip"
    back_up(settings_of(home), path)
    return path


def content(folder: Path) -> dict[str, bytes]:
    """Return all files in a folder, but for locks."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


def best(home: Path) -> dict[str, Any]:
    finder = SourceFinder.open(home / "indexes" / "mine", settings=settings_of(home))
    return finder.find_sources(MONROE_WORDS, 1)[0].to_dict()


# ---- there and back ----


def test_projects_come_back_and_those_of_before_are_put_aside(tmp_path: Path) -> None:
    here, there = settings_of(tmp_path / "here"), settings_of(tmp_path / "there")
    kept = ProjectStore(SqliteFile(here.projects))
    conversation = kept.begin("Anna")
    asked = KeptTurn(new_id(), "Monroe warned Europe", stage="done")
    kept.keep("Anna", conversation, asked)
    report = back_up(here, tmp_path / "backup.zip")
    assert report.parts == ("projects",)
    assert restore(there, tmp_path / "backup.zip").aside == ""
    elsewhere = replace(here, database="postgresql://anna:secret@host/name")
    told = back_up(elsewhere, tmp_path / "again.zip").elsewhere
    assert told == ("the database of the projects",)
    brought = ProjectStore(SqliteFile(there.projects))
    assert brought.conversation("Anna", conversation).turns == (asked,)
    later = brought.begin("Anna")
    with pytest.raises(BackupError, match="already has projects"):
        restore(there, tmp_path / "backup.zip")
    aside = Path(restore(there, tmp_path / "backup.zip", replace=True).aside)
    assert brought.answer(asked.turn_id) == asked
    before = ProjectStore(SqliteFile(aside / "projects" / "projects.sqlite"))
    assert before.conversation("Anna", later)


def test_readers_questions_are_for_the_owner_alone_in_a_backup_and_when_restored(
    tmp_path: Path,
) -> None:
    here, there = settings_of(tmp_path / "here"), settings_of(tmp_path / "there")
    ProjectStore(SqliteFile(here.projects)).begin("Anna")
    (tmp_path / ".backup.zip.part").touch(0o644)  # of one that was killed
    seen: list[int] = []

    def look(*_: object) -> None:
        unpacked = there.home / ".restoring"
        seen.extend(path.stat().st_mode & 0o077 for path in (unpacked,) if path.exists())

    before = os.umask(0o022)
    try:
        back_up(here, tmp_path / "backup.zip")
        restore(there, tmp_path / "backup.zip", progress=look)
        back_up(here, tmp_path / "backup.zip", replace=True)
    finally:
        os.umask(before)
    kept = [tmp_path / "backup.zip", there.projects, there.projects.parent]
    assert [path.stat().st_mode & 0o077 for path in kept] == [0, 0, 0]
    assert seen == [0], "while it is unpacked"


def test_the_record_of_fetched_models_comes_back(tmp_path: Path) -> None:
    here, there = settings_of(tmp_path / "here"), settings_of(tmp_path / "there")
    here.home.mkdir()
    here.models.write_text('{"one": "as fetched"}')
    assert back_up(here, tmp_path / "backup.zip").parts == ("models.json",)
    assert restore(there, tmp_path / "backup.zip").aside == ""
    there.models.write_text('{"two": "later"}')
    with pytest.raises(BackupError, match=r"already has models\.json"):
        restore(there, tmp_path / "backup.zip")
    aside = Path(restore(there, tmp_path / "backup.zip", replace=True).aside)
    assert there.models.read_text() == here.models.read_text()
    assert (aside / "models.json").read_text() == '{"two": "later"}'


def test_projects_that_somebody_has_altered_come_back_to_nobody(tmp_path: Path) -> None:
    here, there = settings_of(tmp_path / "here"), settings_of(tmp_path / "there")
    ProjectStore(SqliteFile(here.projects)).begin("Anna")
    with sqlite3.connect(here.projects) as connection:
        connection.execute("CREATE TRIGGER t AFTER INSERT ON turns BEGIN DELETE FROM turns; END")
    connection.close()
    with pytest.raises(BackupError, match="nothing to save"):
        back_up(here, tmp_path / "backup.zip")
    here.models.write_text("{}")
    back_up(here, tmp_path / "backup.zip")

    def add(members: dict[str, bytes]) -> None:
        listed(members, "projects/projects.sqlite", here.projects.read_bytes())

    rewritten(tmp_path / "backup.zip", tmp_path / "altered.zip", add)
    with pytest.raises(BackupError, match=r"tables are not those.*Nothing was changed"):
        restore(there, tmp_path / "altered.zip")
    assert not there.projects.exists()


def test_another_home_can_be_asked_and_rebuilt(
    home: Path, saved: Path, tmp_path: Path, encoder: Encoder
) -> None:
    there = tmp_path / "there"
    report = restore(settings_of(there), saved)
    assert report.parts == ("corpus/removed", "corpus/sources", "indexes/mine")
    assert (report.aside, report.elsewhere) == ("", ())
    before, after = content(home / "corpus"), content(there / "corpus")
    assert before.pop("sources/README.md")
    assert after == before
    assert best(there) == best(home)
    # The first home is there still: the restored index goes by its own sources all the same.
    index = there / "indexes" / "mine"
    assert recorded_sources(index) == [str(there / "corpus" / "sources")]
    write_sources(there / "corpus" / "sources", ["1863-Lincoln-1"])
    built = build_index(recorded_sources(index), index, encoder=encoder)
    assert (built.documents, built.files_read) == (3, 1)
    assert best(there)["quote"] == best(home)["quote"]
    assert sorted(p.name for p in there.iterdir()) == ["corpus", "indexes"], "nothing is left over"


def test_what_is_there_is_replaced_only_where_that_is_asked_for(
    home: Path, saved: Path, tmp_path: Path
) -> None:
    here = shutil.copytree(home, tmp_path / "here")
    (here / "corpus" / "sources" / "signed" / "1848-Polk-1.txt").write_text("spoilt")
    (here / "corpus" / "sources" / "new.txt").write_text("not yet saved")
    reader = SourceFinder.open(here / "indexes" / "mine")
    before = content(here)
    with pytest.raises(BackupError, match=r"already has corpus/removed, .*--replace"):
        restore(settings_of(here), saved)
    assert content(here) == before
    report = restore(settings_of(here), saved, replace=True)
    assert content(here / "corpus" / "sources") == content(home / "corpus" / "sources")
    assert (Path(report.aside) / "sources" / "new.txt").read_text() == "not yet saved"
    assert (Path(report.aside) / "sources" / "signed" / "1848-Polk-1.txt").read_text() == "spoilt"
    assert best(here) == best(home)
    assert reader.find_sources(MONROE_WORDS, 1), "who reads the old index keeps it"


def test_a_new_checkout_is_no_home_to_be_overwritten(saved: Path, tmp_path: Path) -> None:
    sources = tmp_path / "corpus" / "sources"
    sources.mkdir(parents=True)
    (sources / "README.md").write_text("of this checkout")
    assert restore(settings_of(tmp_path), saved).aside == ""
    assert (sources / "README.md").read_text() == "of this checkout"
    assert (sources / "signed" / "1823-Monroe-1.txt").is_file()


def test_a_backup_is_a_zip_that_other_programs_open(home: Path, saved: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        assert archive.testzip() is None
        name = "corpus/sources/signed/1848-Polk-1.txt"
        assert archive.read(name) == (home / name).read_bytes()


def test_an_index_of_an_older_version_comes_back(
    home: Path, tmp_path: Path, encoder: Encoder
) -> None:
    old = shutil.copytree(home, tmp_path / "old")
    generation = live_generation(old / "indexes" / "mine")
    write_as_format_3(generation, encoder)
    with sqlite3.connect(generation / "sources.sqlite") as db:
        db.execute("DROP TABLE given_up")
    db.close()
    say_format(generation, 2)
    with pytest.MonkeyPatch.context() as patch:  # as that version would save it
        patch.setattr("rag.index.FORMAT", 2)
        back_up(settings_of(old), tmp_path / "old.zip")
    restore(settings_of(tmp_path / "new"), tmp_path / "old.zip")
    assert best(tmp_path / "new") == best(home)


def test_an_index_of_a_later_version_does_not(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.index.FORMAT", 2)
    with pytest.raises(IndexMismatch, match=f"format {FORMAT}; this version reads 2"):
        restore(settings_of(tmp_path), saved)
    assert content(tmp_path) == {}


# ---- saving ----


def test_what_cannot_be_saved_is_told(home: Path, tmp_path: Path) -> None:
    here = shutil.copytree(home, tmp_path / "here")
    sources = here / "corpus" / "sources"
    (sources / "gone.txt").symlink_to("nowhere")
    (sources / "loop").symlink_to(sources)
    os.mkfifo(sources / "pipe.txt")
    Path(os.fsdecode(os.fsencode(sources) + b"/\xff.txt")).write_text("x")
    path = live_generation(here / "indexes" / "mine") / "sources.sqlite"
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    report = back_up(settings_of(here), tmp_path / "b.zip")
    assert len(report.left_out) == 5
    for told in (
        "gone.txt is not a file",
        "loop is a link",
        "pipe.txt",
        "rename it",
        "was altered",
    ):
        assert any(told in problem for problem in report.left_out), told
    assert report.parts == ("corpus/removed", "corpus/sources")


def test_sources_elsewhere_are_named(
    small_index: Path, tmp_path: Path, small_sources: list[str]
) -> None:
    shutil.copytree(small_index, tmp_path / "here" / "indexes" / "mine")
    report = back_up(settings_of(tmp_path / "here"), tmp_path / "b.zip")
    assert list(report.elsewhere) == small_sources


def test_a_file_that_is_there_stays(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "letter.pdf"
    path.write_text("mine")
    with pytest.raises(BackupError, match="exists already"):
        back_up(settings_of(home), path)
    assert path.read_text() == "mine"
    back_up(settings_of(home), path, replace=True)
    assert check_backup(path).parts
    inside = home / "corpus" / "sources" / "b.zip"
    with pytest.raises(BackupError, match="is inside the folder to be saved"):
        back_up(settings_of(home), inside)
    with pytest.raises(BackupError, match="nothing to save"):
        back_up(settings_of(tmp_path / "none"), tmp_path / "b.zip")


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()])
def test_a_backup_that_is_broken_off_leaves_nothing(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    path = tmp_path / "b.zip"
    path.write_text("the last one")
    written = 0

    def refuse(*_: object) -> None:
        nonlocal written
        written += 1
        if written == 3:
            raise error

    with pytest.raises(BackupError if isinstance(error, OSError) else KeyboardInterrupt):
        back_up(settings_of(home), path, replace=True, progress=refuse)
    assert content(tmp_path) == {"b.zip": b"the last one"}


# ---- what is not what was saved ----


def rewritten(saved: Path, path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Write a backup whose files were changed by somebody who knows how it is made."""
    with zipfile.ZipFile(saved) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return path


def listed(members: dict[str, bytes], name: str, data: bytes) -> None:
    """Add a file, and list it with its true size and hash."""
    import hashlib

    given = json.loads(members[CONTENTS])
    sha256 = hashlib.sha256(data).hexdigest()
    given["files"].append({"name": name, "bytes": len(data), "sha256": sha256})
    members |= {name: data, CONTENTS: json.dumps(given).encode()}


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt",
        "/tmp/evil.txt",
        "corpus/sources/../../../evil.txt",
        "corpus/sources/./evil.txt",
        "corpus/sources//evil.txt",
        "corpus/catalog/evil.yaml",
        "corpus/evil.txt",
        "indexes/mine/CURRENT",
        "indexes/../generation-1/evil",
        "indexes/mine/other/evil",
        ".bashrc",
        "",
    ],
)
def test_no_file_gets_out_of_the_home(saved: Path, tmp_path: Path, name: str) -> None:
    there = tmp_path / "a" / "b" / "there"
    hostile = rewritten(
        saved, tmp_path / "evil.zip", lambda members: listed(members, name, b"evil")
    )
    with pytest.raises(BackupError, match="which no home"):
        restore(settings_of(there), hostile)
    assert content(tmp_path).keys() == {"evil.zip"}


def without(members: dict[str, bytes]) -> None:
    del members["corpus/sources/signed/1848-Polk-1.txt"]


def altered(members: dict[str, bytes]) -> None:
    name = "corpus/sources/signed/1848-Polk-1.txt"
    members[name] = members[name].replace(b"gold", b"lead", 1)


def longer(members: dict[str, bytes]) -> None:
    members["corpus/sources/signed/1848-Polk-1.txt"] += bytes(10_000_000)


def unlisted(members: dict[str, bytes]) -> None:
    members["corpus/sources/more.txt"] = b"x"


def of_later_version(members: dict[str, bytes]) -> None:
    members[CONTENTS] = json.dumps({"format": 2, "program": "9.0", "more": []}).encode()


def two_generations(members: dict[str, bytes]) -> None:
    listed(members, "indexes/mine/generation-2/manifest.json", b"{}")


def other_manifest(members: dict[str, bytes]) -> None:
    listed(members, "indexes/more/generation-1/manifest.json", b"{}")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without, "not those that it lists"),
        (altered, "has changed since"),
        (longer, "has changed since"),
        (unlisted, "not those that it lists"),
        (of_later_version, r"another version .*'9.0'"),
        (two_generations, "2 generations"),
        (other_manifest, "cannot be read"),
        (lambda members: members.pop(CONTENTS), "is not a backup"),
        (lambda members: members.update({CONTENTS: b"[]"}), "cannot be read"),
        (lambda members: members.update({CONTENTS: b"[" * 100_000}), "cannot be read"),
    ],
)
def test_a_changed_backup_changes_nothing(
    home: Path, saved: Path, tmp_path: Path, change: Any, told: str
) -> None:
    here = shutil.copytree(home, tmp_path / "here")
    before = content(here)
    with pytest.raises(Exception, match=told):
        restore(settings_of(here), rewritten(saved, tmp_path / "b.zip", change), replace=True)
    assert content(here) == before


def test_a_cut_or_flipped_backup_changes_nothing(home: Path, saved: Path, tmp_path: Path) -> None:
    here = shutil.copytree(home, tmp_path / "here")
    before = content(here)
    whole = saved.read_bytes()
    for part in range(20):
        path = tmp_path / "b.zip"
        path.write_bytes(whole[: len(whole) * part // 20])
        with pytest.raises(BackupError):
            restore(settings_of(here), path, replace=True)
    refused = 0
    for at in range(7, len(whole), len(whole) // 40):
        flipped = bytearray(whole)
        flipped[at] ^= 1
        path.write_bytes(flipped)
        try:
            check_backup(path)
        except BackupError:
            refused += 1
        else:  # a bit that nothing depends on, such as the time of a file: all hashes are right
            assert restore(settings_of(tmp_path / str(at)), path).parts
    assert refused >= 35
    assert content(here) == before


def test_without_room_nothing_is_changed(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(BackupError, match=r"needs .* MB, and .* has 0 MB free"):
        restore(settings_of(tmp_path / "there"), saved)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_meanwhile_changes_nothing(
    home: Path, saved: Path, tmp_path: Path
) -> None:
    here = shutil.copytree(home, tmp_path / "here")
    before = content(here)

    def full(stage: str, done: int, *_: object) -> None:
        if done == 5:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(BackupError, match=r"No space left .* unharmed"):
        restore(settings_of(here), saved, replace=True, progress=full)
    assert content(here) == before


def test_what_fails_in_the_last_step_is_undone(
    home: Path, saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = shutil.copytree(home, tmp_path / "here")
    (here / "corpus" / "sources" / "new.txt").write_text("new")
    before = content(here)

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("rag.index.make_live", refuse)
    with pytest.raises(BackupError, match="Input/output error"):
        restore(settings_of(here), saved, replace=True)
    assert content(here) == before


def test_a_restore_waits_for_no_build(home: Path, saved: Path, tmp_path: Path) -> None:
    here = shutil.copytree(home, tmp_path / "here")
    before = content(here)
    with (
        FileLock(here / "indexes" / "mine" / "build.lock"),
        pytest.raises(IndexBusy, match="is being built"),
    ):
        restore(settings_of(here), saved, replace=True)
    assert content(here) == before


def test_one_that_was_killed_leaves_no_trace_after_the_next(
    home: Path, saved: Path, tmp_path: Path
) -> None:
    part = tmp_path / ".b.zip.part"
    part.write_bytes(saved.read_bytes()[:1000])
    back_up(settings_of(home), tmp_path / "b.zip")
    assert not part.exists()
    half = tmp_path / "there" / ".restoring" / "brought" / "corpus" / "sources"
    half.mkdir(parents=True)
    (half / "half.txt").write_text("half")
    restore(settings_of(tmp_path / "there"), tmp_path / "b.zip")
    assert not (tmp_path / "there" / ".restoring").exists()
    assert not (tmp_path / "there" / "corpus" / "sources" / "half.txt").exists()


# ---- the commands ----


def test_the_commands(
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = str(tmp_path / "b.zip")
    monkeypatch.setenv("SOURCE_FINDER_HOME", str(home))
    assert main(["backup", path]) == 0
    assert "corpus/removed, corpus/sources, indexes/mine" in capsys.readouterr().out
    assert main(["backup", path]) == 9
    assert "--replace" in capsys.readouterr().err
    monkeypatch.setenv("SOURCE_FINDER_HOME", str(tmp_path / "there"))
    assert main(["restore", path, "--check"]) == 0
    assert "b.zip is whole" in capsys.readouterr().out
    assert not (tmp_path / "there").exists()
    assert main(["restore", path, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["saved_home"] == str(home)
    assert open_index(tmp_path / "there" / "indexes" / "mine").manifest.documents == 2
    assert main(["restore", str(tmp_path / "none.zip")]) == 9
    assert "Check the path" in capsys.readouterr().err
