"""What a program works with, made once where it starts and passed down.

The command line, the application and scripts read the settings (`Settings.from_environment`) and
open a workspace. Nothing below it keeps a finder, an index or an embedding model of its own. A test
makes a workspace of the parts that it needs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from rag.build.builder import build_index
from rag.config import DEFAULT_INDEX, Settings
from rag.datatypes import Progress
from rag.embedding import Encoder
from rag.errors import IndexNotBuilt
from rag.index import load_encoder, open_index
from rag.index.local import LocalIndex
from rag.index.qdrant import is_location
from rag.ingest.ocr import Ocr
from rag.judges import load_judge
from rag.judging import Judge
from rag.retrieval import Reranker, load_reranker
from rag.searching import Index


@dataclass(frozen=True, slots=True)
class Workspace:
    """Settings, an open index, its model, and the judge.

    `path`: the index's folder, None for one that is not on this machine's disks. `reranker`: a
    second-stage model, None for none. `ocr`: finds a quotation on the picture of a page.
    """

    settings: Settings
    index: Index
    path: Path | None
    encoder: Encoder
    judge: Judge
    reranker: Reranker | None
    ocr: Ocr

    @classmethod
    def of(cls, settings: Settings, index: Index, encoder: Encoder) -> Workspace:
        """Return a workspace for an open index. Raises `ModelError` if a model of the settings
        cannot be loaded."""
        return cls(
            settings,
            index,
            index.generation.path.parent if isinstance(index, LocalIndex) else None,
            encoder,
            load_judge(settings, encoder),
            load_reranker(settings.reranker, settings) if settings.reranker else None,
            Ocr(settings.ocr),
        )

    def on(self, index: LocalIndex) -> Workspace:
        """Return the same workspace with another index of the same model."""
        return replace(self, index=index, path=index.generation.path.parent)

    @classmethod
    def open(
        cls, settings: Settings, index: str | Path | None = None, progress: Progress | None = None
    ) -> Workspace:
        """Open an index by name, path or location; None opens that of the settings.

        The default index is built first if there is none. Raises `IndexNotBuilt` for any other
        missing index, `IndexCorrupt` and `IndexMismatch` for one that cannot be used, and
        `ModelError` as `of` does.
        """
        index = settings.index if index is None else index
        if is_location(index):
            from rag.index.qdrant import index as qdrant

            served = qdrant.QdrantIndex.open(str(index), settings.index_key)
            return cls.of(settings, served, qdrant.load_encoder(served, settings))
        path = settings.index_path(index)
        try:
            opened = open_index(path)
        except IndexNotBuilt:
            if path != settings.index_path(DEFAULT_INDEX):
                raise
            build_index(default_sources(settings), path, progress=progress, settings=settings)
            opened = open_index(path)
        return cls.of(settings, LocalIndex(opened), load_encoder(opened, settings))


def default_sources(settings: Settings) -> list[str]:
    """Return the sources of the default index: the State of the Union addresses and the sources
    folder."""
    sources = ["sotu"]
    if settings.sources.is_dir() and any(
        path.name != "README.md" for path in settings.sources.iterdir()
    ):
        sources.append(str(settings.sources))
    return sources
