"""The commands `backup` and `restore`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rag.cli.terminal import JsonOption, TerminalProgress, harmless
from rag.config import Settings
from rag.datatypes import Jsonable

app = typer.Typer()

ReplaceOption = Annotated[
    bool, typer.Option("--replace", help="Put it in the place of what is there already.")
]


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, for example backup.zip.")],
    replace: ReplaceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Save all sources, indexes and projects in one file."""
    from rag.backup import back_up

    report = back_up(
        Settings.from_environment(), file, replace=replace, progress=TerminalProgress()
    )
    for problem in report.left_out:
        print(harmless(f"Warning: not saved: {problem}"), file=sys.stderr)
    for source in report.elsewhere:
        print(harmless(f"Warning: {source} is outside of the home; save it too."), file=sys.stderr)
    _show(
        report,
        f"{report.path}: {report.files:,} files, {report.bytes / 1e6:,.1f} MB: "
        f"{', '.join(report.parts)}.",
        as_json,
    )


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `source-finder backup` has written.")],
    replace: ReplaceOption = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only check that the file is whole; change nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring back what `source-finder backup` has saved."""
    from rag import backup

    if check:
        contents = backup.check_backup(file, progress=TerminalProgress())
        _show(
            contents,
            f"{file} is whole: {len(contents.files):,} files, {contents.bytes / 1e6:,.1f} MB, "
            f"saved {contents.made} by version {contents.program}: {', '.join(contents.parts)}.",
            as_json,
        )
        return
    report = backup.restore(
        Settings.from_environment(), file, replace=replace, progress=TerminalProgress()
    )
    lines = [f"Restored in {report.home}, as saved {report.made}: {', '.join(report.parts)}."]
    if report.aside:
        lines.append(f"What was there before is in {report.aside}.")
    for source in report.elsewhere:
        lines.append(f"{source} is not there: before the next build, bring it back, too.")
    lines.append("A server that is running answers from the old index until it is started again.")
    _show(report, "\n".join(lines), as_json)


def _show(report: Jsonable, text: str, as_json: bool) -> None:
    print(harmless(report.to_json(indent=1) if as_json else text, as_json))
