"""Sources are sent to a Zotero on this computer."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import make_document
from fake_zotero import zotero_stand_in
from test_dossier import answer_of, evidence_of, written

from rag.cli.main import main
from rag.datatypes import Answer
from rag.dossier import zotero
from rag.errors import ZoteroError

ANSWER = answer_of(evidence_of(make_document("Łódź was taken. Then more.", title="Łódź")))


def test_zotero_gets_the_file_that_is_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[bytes] = []
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # not for this computer
    with zotero_stand_in(got) as address:
        monkeypatch.setattr(zotero, "ADDRESS", address)
        assert zotero.send([ANSWER]) == "Sent to Zotero: 1 source with 1 quotation as notes."
    assert [content.decode("utf-8") for content in got] == [written([ANSWER], ".rdf")]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (500, b'{"libraryEditable":false}', "is read-only. Select another one"),
        (400, b"", r"did not accept the sources \(status 400\).*File, Import"),
        (302, b"", "did not accept"),
    ],
)
def test_what_zotero_refuses_is_said(
    status: int, body: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zotero_stand_in([], status, body) as address:
        monkeypatch.setattr(zotero, "ADDRESS", address)
        with pytest.raises(ZoteroError, match=said):
            zotero.send([ANSWER])


def test_nothing_is_asked_where_there_is_nothing_to_send() -> None:
    with pytest.raises(ZoteroError, match="nothing to send"):
        zotero.send([Answer("A", ())])


def test_the_command_line_prints_the_answer_and_that_zotero_does_not_run(
    small_index: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with zotero_stand_in([]) as address:
        pass  # nobody is there any more
    monkeypatch.setattr(zotero, "ADDRESS", address)
    claim = "Monroe told Europe to stay out of the Americas"
    assert main(["ask", claim, "--zotero", "--index", str(small_index)]) == 10
    printed = capsys.readouterr()
    assert "Monroe" in printed.out
    assert "Zotero is not running on this computer" in printed.err
    assert "File, Import" in printed.err
