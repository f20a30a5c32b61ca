"""The command line: parse, call the same `SourceFinder` as everyone else, print.

Results go to standard output, progress and errors to standard error. The exit code is 0,
or that of the error (see `errors`).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import click
import typer
from threadpoolctl import threadpool_limits

from rag import cli_catalog, dossier
from rag.build import build_index
from rag.build_report import report_text
from rag.config import Settings
from rag.datatypes import Answer, Claim, Evidence, Finding, Summary, VideoLink
from rag.doctor import examine
from rag.dossier import FORMATS
from rag.errors import QuestionError, SourceFinderError
from rag.finder import PER_CLAIM, SourceFinder, default_sources
from rag.index import Manifest, live_generation
from rag.transcripts import clock
from rag.wording import RELATION_WORDS, VERDICT_WORDS, reason_words

cli = typer.Typer(
    name="source-finder",
    help="Paste a claim about the past; get the passages in archives that bear on it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.add_typer(cli_catalog.app)  # `catalog` and `fetch`

LOOK_NEXT_OF_MANY = 2
"""Places to look next that are printed for each of many claims; `--json` has all."""

IndexOption = Annotated[
    str | None, typer.Option("--index", help="An index by name or folder; else the default.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
KOption = Annotated[int, typer.Option("--k", min=1, max=100, help="Passages per claim.")]
CollectionOption = Annotated[
    list[str] | None, typer.Option("--collection", help="Only this collection (repeatable).")
]
AfterOption = Annotated[str | None, typer.Option(help="Only sources from this year or date on.")]
ExportOption = Annotated[
    list[Path] | None,
    typer.Option(help=f"Write a dossier too, as its extension says: {', '.join(FORMATS)}."),
]
BeforeOption = Annotated[str | None, typer.Option(help="Only sources up to this year or date.")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    shown = logging.StreamHandler()
    shown.setLevel(logging.WARNING)  # for libraries that set a lower level of their own, too
    # A query's small products gain nothing from a second thread, and wait for it behind the
    # threads of the embedding model: one thread takes a query from 36 ms to 23.
    threadpool_limits(1, user_api="blas")
    logging.basicConfig(handlers=[shown], format="%(levelname)s: %(message)s")
    try:
        result = cli(arguments, standalone_mode=False)
    except SourceFinderError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        print("Stopped. Nothing was lost.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        return 0
    return result if isinstance(result, int) else 0


@cli.command()
def ask(
    text: Annotated[str, typer.Argument(help="A claim, a question, or a longer text.")],
    k: KOption = PER_CLAIM,
    collection: CollectionOption = None,
    after: AfterOption = None,
    before: BeforeOption = None,
    index: IndexOption = None,
    export: ExportOption = None,
    as_json: JsonOption = False,
) -> None:
    """What sources support this claim?"""
    _answer(text, index, export, as_json, k=k, collections=collection, after=after, before=before)


@cli.command()
def check(
    file: Annotated[str, typer.Argument(help="A text or subtitle file, or - for standard input.")],
    k: KOption = PER_CLAIM,
    index: IndexOption = None,
    export: ExportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look up every claim in a long quotation, an article or a transcript (.srt, .vtt)."""
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise QuestionError(
            f"{file} is not UTF-8 text ({error.reason} at byte {error.start}). Save it as "
            "plain text; to search in a PDF, index it with `source-finder build`."
        ) from error
    except OSError as error:
        raise QuestionError(f"{file} cannot be read: {error.strerror}. Check the path.") from error
    _answer(text, index, export, as_json, k=k)


@cli.command()
def build(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Files and folders to add; 'sotu' for the addresses."),
    ] = None,
    index: IndexOption = None,
    only: Annotated[
        bool, typer.Option("--only", help="Index just these paths, not what was there before.")
    ] = False,
    afresh: Annotated[
        bool, typer.Option("--afresh", help="Read and embed everything again.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Build an index, or refresh it: only what changed is read and embedded again."""
    settings = Settings.from_environment()
    target = settings.index_path(index)
    default = default_sources(settings) if target == settings.index_path(None) else []
    given = [path if path == "sotu" else str(Path(path).absolute()) for path in paths or ()]
    before = [] if only else [*_recorded_sources(target), *default]
    report = build_index(
        list(dict.fromkeys([*before, *given])),
        target,
        progress=TerminalProgress(),
        afresh=afresh,
    )
    print(report.to_json(indent=1) if as_json else report_text(report))


@cli.command()
def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, envvar="GRADIO_SERVER_PORT")] = 7860,
    host: Annotated[str, typer.Option(envvar="GRADIO_SERVER_NAME")] = "127.0.0.1",
    index: IndexOption = None,
    browser: Annotated[bool, typer.Option("--browser", help="Open the page in a tab.")] = False,
) -> None:
    """Open the browser application."""
    from rag import web
    from rag.live import LiveFinder

    if not web.is_loopback(host):
        print(
            f"Warning: whoever can reach {host}:{port} can search and read all that is indexed, "
            "and change it where the page can. There is no password.",
            file=sys.stderr,
        )
    web.serve(LiveFinder(_open(index)), host, port, open_browser=browser)


@cli.command()
def doctor(as_json: JsonOption = False) -> int:
    """Say what is installed, which indexes and model there are, and what is wrong."""
    diagnosis = examine(Settings.from_environment())
    if as_json:
        print(diagnosis.to_json(indent=1))
    else:
        for name, value in diagnosis.facts.items():
            print(f"{name:24} {value}")
        print("\n" + "\n".join(f"Problem: {p}" for p in diagnosis.problems or ("none found",)))
    return 1 if diagnosis.problems else 0


class TerminalProgress:
    """Shows a build's stages as progress bars with the time left."""

    def __init__(self) -> None:
        self._stage = ""
        self._bar: Any = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show that `done` of `total` (0: not known) are done in `stage`."""
        from tqdm import tqdm

        if stage != self._stage:
            if self._bar is not None:
                self._bar.close()
            self._stage = stage
            every_s = 0.1 if sys.stderr.isatty() else 10  # a log file needs no animation
            self._bar = tqdm(total=total or None, desc=stage, unit="", mininterval=every_s)
        self._bar.update(done - self._bar.n)
        if total and done >= total:
            self._bar.close()


def _open(index: str | None) -> SourceFinder:
    return SourceFinder.open(index, progress=TerminalProgress())


def _recorded_sources(target: Path) -> list[str]:
    """Return what the index was last built from, nothing where it is new or unreadable."""
    try:
        return Manifest.read(live_generation(target)).sources
    except SourceFinderError:
        return []


def _answer(
    text: str, index: str | None, export: list[Path] | None, as_json: bool, **filters: Any
) -> None:
    for path in export or ():
        dossier.form_of(path.suffix)  # before a long text is looked up
    finder = _open(index)
    answer = finder.ask(text, **filters)
    print(answer.to_json(indent=1) if as_json else _answer_text(answer))
    for path in export or ():
        made = datetime.now(UTC)
        _write(path, dossier.export([answer], path.suffix, made=made, index=finder.facts()))


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise QuestionError(
            f"{path} cannot be written: {error.strerror}. Choose another folder or name."
        ) from error
    print(f"Written: {path}", file=sys.stderr)


def _answer_text(answer: Answer) -> str:
    alone = len(answer.findings) == 1
    parts = [_finding_text(finding, detailed=alone) for finding in answer.findings]
    if answer.set_aside:
        lines = [f"  {claim.shown}  [{claim.set_aside}]" for claim in answer.set_aside]
        parts.append("Set aside, not looked up:\n" + "\n".join(lines))
    if answer.summary is not None:
        parts.append(_summary_text(answer.summary))
    parts += answer.notes
    parts += map(_video_text, answer.videos)
    parts.append("Searched: " + "; ".join(answer.searched))
    return "\n\n".join(parts)


def _summary_text(summary: Summary) -> str:
    lines = [f"Summary by the language model {summary.model}, each sentence with its source:"]
    for statement in summary.statements:
        quote = " ".join(statement.quote.split())
        lines.append(f"  {statement.text}\n    “{quote}” {statement.citation}")
    if not summary.statements:
        lines.append("  none that holds against the sources")
    lines += [f"  Struck: {why}" for why in summary.struck]
    return "\n".join(lines)


def _video_text(video: VideoLink) -> str:
    lines = [f"{video.url} on front ends that respect privacy:"]
    return "\n".join([*lines, *(f"  {name}: {url}" for name, url in video.mirrors)])


def _claim_text(claim: Claim) -> str:
    time = f" at {clock(claim.at_s)}" if claim.at_s is not None else ""
    lines = [f"Claim{time}: {' '.join(claim.shown.split())}"]
    if claim.said_by:
        lines.append(f"Said by {claim.said_by}.")
    if claim.resolved:
        lines.append(f"Looked up as: {claim.resolved}")
    return "\n".join(lines)


def _finding_text(finding: Finding, *, detailed: bool) -> str:
    lines = [_claim_text(finding.claim)]
    if finding.verdict == "not found":
        lines.append("Nothing in these sources bears on it.")
        if finding.nearest and detailed:
            lines.append("The nearest passages, which are not evidence:")
            lines += [_evidence_text(number, e) for number, e in enumerate(finding.nearest, 1)]
    else:
        sure = f" ({finding.confidence:.0%} sure)" if finding.confidence is not None else ""
        lines.append(f"{VERDICT_WORDS[finding.verdict]}{sure}.")
        lines += [_evidence_text(number, e) for number, e in enumerate(finding.evidence, 1)]
    lines += finding.notes
    if finding.verdict == "not found":
        lines.append("Where to look next:")
        for place in finding.look_next[: None if detailed else LOOK_NEXT_OF_MANY]:
            add = f" (to add it: source-finder fetch {place.fetch_id})" if place.fetch_id else ""
            lines.append(f"  {place.title}{add}\n    {place.url}")
    return "\n".join(lines)


def _evidence_text(number: int, evidence: Evidence) -> str:
    who = ", ".join(part for part in (evidence.creator, evidence.title, evidence.date) if part)
    place = f"{who}, {evidence.locator}" if evidence.locator else who
    lines = [
        f"\n{number}. {place}  [{RELATION_WORDS[evidence.relation].casefold()}]",
        f"   “{' '.join(evidence.quote.split())}”",
        f"   {evidence.citation}",
    ]
    lines += [f"   But {reason_words(r)}." for r in evidence.reasons if not r.agrees]
    if evidence.url:
        lines.append(f"   {evidence.url}")
    return "\n".join(lines)
