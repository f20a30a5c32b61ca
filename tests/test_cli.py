"""The command line, called as the console script calls it, on the small real index."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rag import SourceFinder
from rag.cli.main import main

ROOT = Path(__file__).parent.parent
CLAIM = "Monroe told Europe to stay out of the Americas"


@pytest.fixture
def index(small_index: Path) -> list[str]:
    """The options that choose the small index."""
    return ["--index", str(small_index)]


def test_ask_prints_quotation_citation_and_what_was_searched(
    index: list[str], finder: SourceFinder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", CLAIM, "--k", "2", *index]) == 0
    printed = capsys.readouterr().out
    first = finder.ask(CLAIM, k=2).findings[0].evidence[0]
    assert " ".join(first.quote.split()) in printed
    assert first.citation in printed
    assert "Searched:\n  signed: 4 documents" in printed


def test_ask_json_is_the_answer(
    index: list[str], finder: SourceFinder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", CLAIM, "--json", *index]) == 0
    assert json.loads(capsys.readouterr().out) == finder.ask(CLAIM).to_dict()


def test_filters_reach_the_search(index: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", CLAIM, "--json", "--after", "1900", "--before", "1950", *index]) == 0
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    shown = finding["evidence"] + finding["nearest"]
    assert {item["date"] for item in shown} == {"1941"}


def test_a_dossier_is_written_as_its_extension_says(
    index: list[str],
    finder: SourceFinder,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    post, form = tmp_path / "post.txt", tmp_path / "dossier"
    post.write_text(CLAIM, encoding="utf-8")
    exports = ["--export", f"{form}.md", "--export", f"{form}.json"]
    assert main(["check", str(post), *exports, *index]) == 0
    assert f"Written: {form}.md" in capsys.readouterr().err
    cited = {e.document_id for e in finder.ask(CLAIM).findings[0].evidence}
    assert {item["id"] for item in json.loads(Path(f"{form}.json").read_text())} == cited
    assert finder.facts().corpus_hash in Path(f"{form}.md").read_text(encoding="utf-8")

    # Refused before anything is opened or looked up.
    assert main(["ask", CLAIM, "--export", f"{form}.odt", "--index", "there-is-none"]) == 2
    assert ".ris (RIS)" in capsys.readouterr().err


def test_a_dossier_that_cannot_be_written_is_said(
    index: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", CLAIM, "--export", str(tmp_path / "no" / "a.bib"), *index]) == 2
    assert "No such file or directory" in capsys.readouterr().err


def test_nothing_found_is_said_and_names_what_the_corpus_never_mentions(
    index: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", "Sacagawea carried her baby to the Pacific", *index]) == 0
    printed = capsys.readouterr().out
    assert "Nothing in these sources bears on it." in printed
    assert "not evidence" in printed
    assert "Sacagawea." in printed


def test_check_reads_a_file_and_standard_input(
    index: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = f"{CLAIM}. Is that so? https://example.org/video"
    (tmp_path / "post.txt").write_text(text, encoding="utf-8")
    assert main(["check", str(tmp_path / "post.txt"), *index]) == 0
    from_file = capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert main(["check", "-", *index]) == 0
    assert capsys.readouterr().out == from_file
    assert "[a question]" in from_file


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["ask", ""], 2, "empty"),
        (["ask", "x\x00y"], 2, "not readable text"),
        (["ask", "a" * 200_001], 2, "200,000"),
        (["ask", CLAIM, "--collection", "nope"], 2, "no collection nope"),
        (["check", "no/such/file"], 2, "cannot be read"),
    ],
)
def test_bad_questions_end_with_a_message_and_a_code(
    arguments: list[str],
    code: int,
    words: str,
    index: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*arguments, *index]) == code
    caught = capsys.readouterr()
    assert words in caught.err
    assert caught.out == ""


def test_a_binary_file_is_refused(
    index: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.7\xff\xfe\x00")
    assert main(["check", str(tmp_path / "scan.pdf"), *index]) == 2
    assert "not UTF-8 text" in capsys.readouterr().err


def test_an_index_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", CLAIM, "--index", "nowhere"]) == 5
    assert "source-finder build --index" in capsys.readouterr().err


def test_build_says_what_changed_and_remembers_its_sources(
    tmp_path: Path, small_sources: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    target = ["--index", str(tmp_path / "mine")]
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "one.txt").write_text("The treaty was signed at Ghent in December 1814.")
    (folder / "scan.bin").write_bytes(b"\x00\x01")
    assert main(["build", str(folder), *target, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["added"] == ["papers/one"]
    assert [Path(skipped["path"]).name for skipped in report["skipped"]] == ["scan.bin"]

    (folder / "two.txt").write_text("The army went into winter quarters at Morristown.")
    assert main(["build", *target]) == 0
    printed = capsys.readouterr().out
    assert "Added 1, changed 0, removed 0 documents; embedded 1 passage." in printed
    assert "scan.bin" in printed


def test_build_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["build", str(tmp_path / "empty"), "--index", str(tmp_path / "mine")]) == 3
    assert "No text was found" in capsys.readouterr().err
    assert main(["build", str(tmp_path / "nowhere"), "--index", str(tmp_path / "mine")]) == 3
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Usage: source-finder"),
        (["ask"], "Missing argument"),
        (["ask", CLAIM, "--k", "0"], "--k"),
        (["ask", CLAIM, "--nope"], "No such option"),
        (["nothing"], "No such command"),
    ],
)
def test_a_mistake_in_the_command_is_told_in_a_few_lines(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert told in said.out + said.err
    assert "Traceback" not in said.err


def test_a_no_is_no_error_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", _Terminal("n\n"))
    assert main(["fetch", "pg23-douglass"]) == 1


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_only_a_person_can_get_is_not_asked_about(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fetch", "nara-catalog"]) == 6
    assert str(own_home / "corpus" / "sources") in capsys.readouterr().err


def test_years_that_exclude_each_other_are_told(
    index: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", CLAIM, "--after", "1900", "--before", "1800", *index]) == 2
    assert "1900" in capsys.readouterr().err


def test_a_letter_that_the_terminal_lacks_loses_no_answer(index: list[str]) -> None:
    command = [sys.executable, "-c", "import sys; from rag.cli.main import main; sys.exit(main())"]
    narrow = os.environ | {"PYTHONIOENCODING": "ascii"}
    asked = subprocess.run(
        [*command, "ask", f"{CLAIM} “é”", *index], env=narrow, capture_output=True, check=False
    )
    assert asked.returncode == 0, asked.stderr


@pytest.mark.parametrize(
    ("setting", "value"),
    [("CITATION_STYLE", "nosuch"), ("JUDGE", "banana"), ("INDEX", "nosuch"), ("OCR", "nosuch")],
)
def test_the_doctor_tells_of_a_setting_that_cannot_work(
    setting: str,
    value: str,
    own_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(f"SOURCE_FINDER_{setting}", value)
    assert main(["doctor", "--json"]) == 1
    assert value in json.loads(capsys.readouterr().out)["problems"][0]


def test_doctor(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    assert "faiss-cpu" in capsys.readouterr().out
    broken = own_home / "indexes" / "broken"
    broken.mkdir(parents=True)
    (broken / "CURRENT").write_text("generation-20260101-000000-000000")
    assert main(["doctor", "--json"]) == 1
    assert "broken" in json.loads(capsys.readouterr().out)["problems"][0]
    (broken / "CURRENT").unlink()


def test_the_installed_command_ends_quietly_when_its_reader_leaves(index: list[str]) -> None:
    command = [sys.executable, "-c", "import sys; from rag.cli.main import main; sys.exit(main())"]
    asked = subprocess.Popen(
        [*command, "ask", CLAIM, *index], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert asked.stdout is not None
    assert asked.stderr is not None
    asked.stdout.close()
    assert b"Traceback" not in asked.stderr.read()
    asked.stderr.close()
    asked.wait()


def test_every_command_in_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    used = set(re.findall(r"^source-finder (\w+)", readme, re.MULTILINE))
    listed = subprocess.run(
        [sys.executable, "-c", "from rag.cli.main import main; main(['--help'])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert {"ask", "check", "build", "doctor"} <= used
    assert all(re.search(rf"\b{command}\b", listed) for command in used)


def test_a_subtitle_file_is_checked_with_times_and_videos_are_listed(
    index: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "talk.srt").write_text(
        "1\n00:01:05,000 --> 00:01:07,000\nROBERTS: In 1823 Monroe warned Europe\n\n"
        "2\n00:01:07,000 --> 00:01:09,000\nagainst new colonies. https://youtu.be/gvpof0DGO8o\n",
        encoding="utf-8",
    )
    assert main(["check", str(tmp_path / "talk.srt"), *index]) == 0
    printed = capsys.readouterr().out
    assert "Claim at 1:05: In 1823 Monroe warned Europe against new colonies." in printed
    assert "Said by Roberts." in printed
    assert "Piped: https://piped.video/watch?v=gvpof0DGO8o" in printed
