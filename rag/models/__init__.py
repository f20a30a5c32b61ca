"""Models from the hub (huggingface.co), fetched once and byte for byte the same from then on.

`models.json` in the home records what was fetched: revision, licence, and the SHA-256 of each file.
A model of the table has the revision given there; of any other, the revision of the first fetch is
trusted. Only weights without code (safetensors), configuration and vocabulary are fetched, nothing
that is unpickled or run. The files are in huggingface_hub's cache, which other programs share, so
they are checked whenever a model is loaded.
"""

from __future__ import annotations

import json
import tomllib
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from filelock import FileLock

from rag.config import Settings
from rag.datatypes import Jsonable, from_jsonable, sha256_of
from rag.errors import ModelError

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

_TAKEN = ["*.safetensors", "*.json", "*.txt", "*.model", "artifact.metadata"]
_LEFT_OUT = ["onnx/*", "openvino/*"]

_ModelPart = Literal["embedding", "entailment", "reranker", "late interaction"]

SETTING_OF: dict[_ModelPart, str] = {
    "embedding": "SOURCE_FINDER_MODEL",
    "entailment": "SOURCE_FINDER_NLI",
    "reranker": "SOURCE_FINDER_RERANKER",
    "late interaction": "SOURCE_FINDER_RERANKER",
}
"""The setting that names a model, by the part that uses the model."""


@dataclass(frozen=True, slots=True)
class KnownModel(Jsonable):
    """A model on the hub: what it is for, its size in millions of parameters, its licence.

    `figure`: a published result, and `source` its address. `revision`: the commit to fetch.
    `weights`: the SHA-256 of its `model.safetensors`. "" for what is unknown.
    """

    name: str
    part: _ModelPart
    parameters: int
    licence: str
    figure: str = ""
    source: str = ""
    revision: str = ""
    weights: str = ""


@cache
def known_models() -> dict[str, KnownModel]:
    """Return the models of the table, by name.

    >>> known_models()["BAAI/bge-small-en-v1.5"].licence
    'MIT'
    """
    text = resources.files(__package__).joinpath("table.toml").read_text(encoding="utf-8")
    models = [from_jsonable(KnownModel, entry) for entry in tomllib.loads(text)["model"]]
    return {model.name: model for model in models}


@dataclass(frozen=True, slots=True)
class FetchedModel(Jsonable):
    """A model as it was fetched. `files`: the SHA-256 of each file, by its path in `folder`."""

    name: str
    revision: str
    licence: str
    folder: str
    files: dict[str, str]


def model_path(name: str, setting: str, settings: Settings) -> Path:
    """Return the folder of a model, given by folder or by hub name, after fetching it if necessary.

    `setting`: where it is named, for messages. Raises `ModelError` as `fetch` does.
    """
    folder = Path(name)
    with suppress(RuntimeError):  # ~someone who has no home here
        folder = folder.expanduser()
    if folder.is_dir():
        return folder.resolve()
    try:
        model = fetched_models(settings).get(name)
        if model is None or not Path(model.folder).is_dir():
            return Path(fetch(name, settings).folder)
        _verify(name, Path(model.folder), _hashes(Path(model.folder)), model.files)
        return Path(model.folder)
    except ModelError as error:
        raise ModelError(f"{error} Or set {setting} to a folder that has a model.") from error


def fetched_models(settings: Settings) -> dict[str, FetchedModel]:
    """Return the models that were fetched, by name. Raises `ModelError` if their record cannot be
    read."""
    try:
        content = json.loads(settings.models.read_text(encoding="utf-8"))
        return {name: from_jsonable(FetchedModel, model) for name, model in content.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(
            f"{settings.models}, which lists what was fetched, cannot be read: {error}. Remove "
            "it to trust what the hub has now."
        ) from error


def fetch(name: str, settings: Settings) -> FetchedModel:
    """Fetch a model from the hub, record it and return it; one that is there is kept.

    Raises `ModelError` if the hub cannot be reached or has no such model, if the model states no
    licence or has no safetensors, and if a file is not the published one, or not the one fetched
    before.
    """
    known = known_models().get(name)
    before = fetched_models(settings).get(name)
    revision = before.revision if before else known.revision if known else ""
    info = _ask_hub(name, revision)
    licence = known.licence if known else _licence(info)
    if not any(file.rfilename.endswith(".safetensors") for file in info.siblings or ()):
        raise ModelError(
            f"{name} has no weights as safetensors, only in forms that could run code when they "
            "are loaded. Choose another model."
        )
    folder = _download(name, str(info.sha))
    published = {f.rfilename: f.lfs.sha256 for f in info.siblings or () if f.lfs is not None}
    if known and known.weights:
        published["model.safetensors"] = known.weights
    files = _hashes(folder)
    expected = {path: published.get(path, told) for path, told in files.items()}
    _verify(name, folder, files, before.files if before else expected)
    model = FetchedModel(name, str(info.sha), licence, str(folder), files)
    _record(model, settings)
    return model


def _ask_hub(name: str, revision: str) -> ModelInfo:
    """Return what the hub says of a model at a revision, "" for its newest."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        return HfApi().model_info(name, revision=revision or None, files_metadata=True)
    except (HFValidationError, RepositoryNotFoundError) as error:
        raise ModelError(
            f"There is no public model {name!r} on the model hub. Check the name; "
            "`source-finder models` lists some."
        ) from error
    except RevisionNotFoundError as error:
        raise ModelError(
            f"The model hub has no revision {revision} of {name} any more. Choose another model."
        ) from error
    except Exception as error:
        raise _not_reached(name, error) from error


def _download(name: str, revision: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(
            name, revision=revision, allow_patterns=_TAKEN, ignore_patterns=_LEFT_OUT
        )
    except Exception as error:
        raise _not_reached(name, error) from error
    return Path(folder)


def _not_reached(name: str, error: Exception) -> ModelError:
    return ModelError(
        f"The model hub did not give {name} ({type(error).__name__}: {error}). Check the network "
        "and, where HF_HUB_OFFLINE is set, unset it; what has arrived is not fetched again."
    )


def _licence(info: ModelInfo) -> str:
    card = info.card_data
    named = card and (card.get("license_name") or card.get("license"))
    if not named or named in {"other", "unknown"}:
        raise ModelError(
            f"{info.id} does not state its licence, so nobody knows who may use it. Ask its "
            "publisher; if you may, download it yourself and name its folder."
        )
    return str(named)


def _hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file that may be read when the model is loaded."""
    paths = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    taken = {
        name
        for name in paths
        if any(fnmatch(name, pattern) for pattern in _TAKEN)
        and not any(fnmatch(name, pattern) for pattern in _LEFT_OUT)
    }
    return {name: sha256_of(paths[name]) for name in sorted(taken)}


def _verify(name: str, folder: Path, files: Mapping[str, str], expected: Mapping[str, str]) -> None:
    """Raise `ModelError` unless the files are exactly the expected ones, with their hashes."""
    for path in sorted(files.keys() | expected.keys()):
        if files.get(path) != expected.get(path):
            raise ModelError(
                f"{folder / path} is not what was published, or first fetched: its SHA-256 is "
                f"{files.get(path)}, not {expected.get(path)}. Do not use it: remove "
                f"{folder.parent.parent} and `source-finder models fetch {name}` again."
            )


def _record(model: FetchedModel, settings: Settings) -> None:
    target = settings.models
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(f".{target.name}.lock")):
            models = fetched_models(settings) | {model.name: model}
            content = {name: each.to_dict() for name, each in sorted(models.items())}
            pending = target.with_name(f".{target.name}.new")
            pending.write_text(json.dumps(content, indent=1), encoding="utf-8")
            pending.replace(target)
    except OSError as error:
        raise ModelError(
            f"{target} cannot be written ({error.strerror}), so nothing would notice if "
            f"{model.name} were changed. Set SOURCE_FINDER_HOME to a folder of yours."
        ) from error


# Without a type, weights stay as they were saved: half precision is slow on a CPU, or fails.
_WEIGHTS = {"use_safetensors": True, "dtype": "float32"}


@contextmanager
def no_reports() -> Iterator[None]:
    """Suppress the libraries' progress bars and remarks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        from transformers.utils import logging as reports

        verbosity = reports.get_verbosity()
        reports.set_verbosity_error()  # type: ignore[no-untyped-call]
        reports.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            yield
        finally:
            reports.set_verbosity(verbosity)
            reports.enable_progress_bar()  # type: ignore[no-untyped-call]


def load_pair_model(
    name: str, setting: str, settings: Settings, *, late_interaction: bool = False
) -> Any:
    """Return a model that reads two texts, by folder or hub name: a `CrossEncoder` or, with
    `late_interaction`, possibly a `MultiVectorEncoder`.

    Raises `ModelError` if there is none, or the folder has a model of another kind, which would get
    a head with random weights.
    """
    folder = model_path(name, setting, settings)
    kinds = _kinds(folder)
    try:
        with no_reports():
            from sentence_transformers import CrossEncoder, MultiVectorEncoder

            kind: Any = CrossEncoder
            if late_interaction and kinds & {"HF_ColBERT", "ColBERT", "MultiVectorEncoder"}:
                kind = MultiVectorEncoder
            elif not any(name.endswith("ForSequenceClassification") for name in kinds):
                raise ValueError("its configuration names no classifier of pairs of texts")
            return kind(str(folder), device="cpu", local_files_only=True, model_kwargs=_WEIGHTS)
    except Exception as error:  # of whatever kind the libraries below it raise
        raise ModelError(
            f"The model {name} cannot be loaded: {error}. `source-finder models` lists some that "
            f"{setting} can name; without that setting the program works as installed."
        ) from error


def _kinds(folder: Path) -> set[str]:
    """Return the kinds of model that the configurations name."""
    plain = _configuration(folder / "config.json").get("architectures") or []
    own = _configuration(folder / "config_sentence_transformers.json").get("model_type")
    return {*plain, *([own] if own else [])}


def _configuration(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
