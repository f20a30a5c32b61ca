"""Models of sentence-transformers, loaded from their folder: no pickle, and no code of theirs."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rag.config import Settings
from rag.errors import ModelError
from rag.models.hub import model_path

# Without a type, weights stay as they were saved: half precision is slow on a CPU, or fails.
_WEIGHTS = {"use_safetensors": True, "dtype": "float32"}


@contextmanager
def no_reports() -> Iterator[None]:
    """Keep progress bars and remarks of the libraries from whoever asks a question."""
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
    """Return a model that reads two texts, by folder or hub name: a `CrossEncoder`, or, where
    `late_interaction` allows for it, a `MultiVectorEncoder`.

    Raises `ModelError` where there is none, or where the folder has a model of another kind,
    which would be given a head with random weights.
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
    """Return what the model's configurations call it."""
    plain = _configuration(folder / "config.json").get("architectures") or []
    own = _configuration(folder / "config_sentence_transformers.json").get("model_type")
    return {*plain, *([own] if own else [])}


def _configuration(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
