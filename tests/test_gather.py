"""What a build takes over from the one before: nothing is read twice, nothing is lost, and what
links point to stays what it was."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rag.build.gather import Gatherer
from rag.build.stages import Divided
from rag.datatypes import Collection, Passage, SourceDocument, Span
from rag.index.store import Store, StoreWriter, assemble
from rag.ingest import reads
from rag.ingest.readers import read_file


class WholeDocuments:
    """The stages of a build without a model: a document is one passage."""

    files_ahead = 3
    copies = False

    def divide(self, document: SourceDocument) -> Divided:
        span = Span(0, len(document.text))
        key = hashlib.sha256(document.text.encode()).digest()
        return Divided([Passage(document.document_id, span, (span,))], [key], b"")


@dataclass
class Builds:
    """Builds one after the other, each from what the one before left."""

    folder: Path
    read: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    live: Path | None = None
    number: int = 0

    def run(self, *sources: Path) -> dict[str, SourceDocument]:
        """Return the documents of the new index by their ids; `read`: the files read for it."""
        self.read.clear()
        self.number += 1
        written = self.folder / f"fresh-{self.number}.sqlite"
        fresh = StoreWriter(written)
        gathered = Gatherer(
            Store(self.live) if self.live else None,
            fresh,
            reads(self._reading),
            WholeDocuments(),
            divided=True,
            ocr="off",
            each_file=lambda *_: None,
        ).run([str(source) for source in sources])
        fresh.close()
        self.skipped = [skipped.path for skipped in gathered.skipped]
        made = self.folder / f"live-{self.number}.sqlite"
        stores = (self.live or written, written)
        assemble(made, stores, gathered.kept, gathered.files, gathered.collections)
        self.live = made
        store = Store(made)
        documents = [store.document(number) for number in range(store.documents)]
        return {document.document_id: document for document in documents}

    def _reading(self, path: Path, collection: Collection) -> Iterator[object]:
        self.read.append(path.name)
        return read_file(path, collection)


@pytest.fixture
def builds(tmp_path: Path) -> Builds:
    (tmp_path / "builds").mkdir()
    return Builds(tmp_path / "builds")


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    folder = tmp_path / "archive" / "letters"
    folder.mkdir(parents=True)
    for name, text in {"a": "The truce was signed.", "c": "The mail was late."}.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


def test_a_file_with_an_exact_copy_is_read_once(builds: Builds, letters: Path) -> None:
    (letters / "b.txt").write_bytes((letters / "a.txt").read_bytes())
    first = builds.run(letters)
    assert builds.run(letters) == first and builds.read == []
    for _ in range(2):  # the same files from another source, too
        builds.run(letters, letters.parent)
    assert builds.read == []


def test_a_copy_stays_when_its_first_file_goes(builds: Builds, letters: Path) -> None:
    copy = letters / "b.txt"
    copy.write_bytes((letters / "a.txt").read_bytes())
    builds.run(letters)
    (letters / "b.yaml").write_text("title: Of the truce")
    builds.run(letters)
    (letters / "a.txt").unlink()
    documents = builds.run(letters).values()
    assert {document.text for document in documents} == {
        "The truce was signed.",
        "The mail was late.",
    }


def test_the_same_volume_twice_keeps_its_ids(builds: Builds, tmp_path: Path) -> None:
    for collection in ("one", "two"):
        folder = tmp_path / "volumes" / collection
        folder.mkdir(parents=True)
        (folder / "letters.txt").write_text("Dear Sir,\n\nThe truce was signed.\n")
        (folder / "collection.yaml").write_text(f"title: Collection {collection}")
    first = builds.run(tmp_path / "volumes")
    assert builds.run(tmp_path / "volumes") == first == builds.run(tmp_path / "volumes")


@pytest.mark.parametrize("earlier", ["1812/letter.txt", "1815/letter.md"])
def test_a_new_file_leaves_the_id_of_one_that_is_indexed(
    builds: Builds, tmp_path: Path, earlier: str
) -> None:
    folder = tmp_path / "letters"
    (folder / "1815").mkdir(parents=True)
    (folder / "1815" / "letter.txt").write_text("The treaty was signed in Vienna.")
    (known,) = builds.run(folder).values()
    (folder / earlier).parent.mkdir(exist_ok=True)
    (folder / earlier).write_text("We are at war, and the harvest is lost.")
    documents = builds.run(folder)
    assert len(documents) == 2
    assert documents[known.document_id].text == known.text


def test_a_new_archive_leaves_the_ids_of_those_in_one_that_is_indexed(
    builds: Builds, tmp_path: Path
) -> None:
    folder = tmp_path / "letters"

    def pack(archive: str, text: str) -> None:
        (folder / archive).parent.mkdir(parents=True)
        with zipfile.ZipFile(folder / archive, "w") as file:
            file.writestr("letter.txt", text)

    pack("1815/m.zip", "The treaty was signed in Vienna.")
    (known,) = builds.run(folder).values()
    pack("1812/m.zip", "We are at war, and the harvest is lost.")
    documents = builds.run(folder)
    assert len(documents) == 2
    assert documents[known.document_id].text == known.text


def test_a_changed_file_keeps_its_id(builds: Builds, letters: Path) -> None:
    before = builds.run(letters)
    (letters / "a.txt").write_text("The truce was broken.")
    after = builds.run(letters)
    assert after.keys() == before.keys()
    assert after["letters/a"].text == "The truce was broken."


def test_a_corrected_collection_stays_corrected(builds: Builds, letters: Path) -> None:
    about = letters / "collection.yaml"
    about.write_text("title: Old title\nrights: Old rights")
    builds.run(letters)
    about.write_text("title: New title\nrights: New rights")
    builds.run(letters)
    (letters / "a.yaml").write_text("title: Of the truce")
    for _ in range(2):
        found = {(d.collection.title, d.collection.rights) for d in builds.run(letters).values()}
        assert found == {("New title", "New rights")}
