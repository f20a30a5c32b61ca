"""The commands `models` and `models fetch`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from rag.cli.terminal import JsonOption, harmless
from rag.config import Settings
from rag.datatypes import to_jsonable
from rag.models.hub import SETTING_OF, FetchedModel, KnownModel, fetched_models, known_models
from rag.models.hub import fetch as fetch_model

app = typer.Typer(
    help="Models that do not come with the install, for those with a network.",
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def all_models(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the models that are known, and those that were fetched."""
    if context.invoked_subcommand is not None:
        return
    known, fetched = known_models(), fetched_models(Settings.from_environment())
    texts = [_known_text(model, fetched.get(name)) for name, model in known.items()]
    texts += [_fetched_text(model) for name, model in fetched.items() if name not in known]
    if as_json:
        listed = {"known": list(known.values()), "fetched": list(fetched.values())}
        print(harmless(json.dumps(to_jsonable(listed), ensure_ascii=False, indent=1), True))
    else:
        print(harmless("\n".join(texts)))


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="A model of the list, or any of the model hub.")],
    as_json: JsonOption = False,
) -> None:
    """Download a model, and record its revision and hashes: it stays the same from then on."""
    model = fetch_model(name, Settings.from_environment())
    print(harmless(model.to_json(indent=1) if as_json else _fetched_text(model), as_json))


def _known_text(model: KnownModel, fetched: FetchedModel | None) -> str:
    revision = fetched.revision if fetched else model.revision
    lines = [
        f"{model.name}: {model.part}, {model.parameters} million parameters, {model.licence}",
        f"  {model.figure} ({model.source})" if model.figure else "",
        f"  {'Fetched' if fetched else 'Not fetched'}, {_revision_text(revision)}",
        f"  To use it: {SETTING_OF[model.part]}={model.name}",
    ]
    return "\n".join(line for line in lines if line)


def _fetched_text(model: FetchedModel) -> str:
    known = known_models().get(model.name)
    settings = [SETTING_OF[known.part]] if known else sorted(set(SETTING_OF.values()))
    return (
        f"{model.name}: {model.licence}, fetched, {_revision_text(model.revision)}\n"
        f"  In {model.folder}\n"
        f"  To use it: {' or '.join(settings)}={model.name}"
    )


def _revision_text(revision: str) -> str:
    if not revision:
        return "at the revision that the hub has when it is fetched"
    return f"revision {revision[:12]}"
