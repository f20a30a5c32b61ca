"""The command `objections`: what readers say of verdicts, for whoever improves the judging."""

from __future__ import annotations

import typer

from rag.config import Settings

app = typer.Typer()


@app.command()
def objections() -> None:
    """Print the verdicts that readers hold for wrong, as JSON Lines."""
    from rag.projects import MarkStore, as_json_lines

    print(as_json_lines(MarkStore(Settings.from_environment().projects).objections()), end="")
