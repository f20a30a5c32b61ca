"""Where things are and which model is used: a few settings, each from the environment.

`SOURCE_FINDER_HOME`
    The folder that holds `corpus/`, `indexes/` and `projects/`: the checkout, else the user's
    data folder.
`SOURCE_FINDER_DATABASE`
    Where projects and sessions are kept: a file in the home, or PostgreSQL
    ("postgresql://user:password@host/name", see `rag.database`).
`SOURCE_FINDER_INDEX`
    The index that is opened where none is named: a name, a folder, or where Qdrant has it
    ("qdrant://host:6333/name", see `rag.index.qdrant`). `SOURCE_FINDER_INDEX_KEY`: the server's
    API key.
`SOURCE_FINDER_PROXIES`
    Which proxies `serve --behind-proxy` believes: addresses or networks, with commas between;
    those of this machine.
`SOURCE_FINDER_MODEL`
    The sentence-transformers model that indexes are built with: a folder, a hub name (see
    `rag.models`), or `default` (all-MiniLM-L6-v2, installed with the package). If unset, an index
    keeps its own, and a new one has the installed one.
`SOURCE_FINDER_ENCODER`
    How the model runs: `auto` (OpenVINO where it agrees with the model, in 8 bits where that is
    faster), `openvino` (bfloat16 or float32), `openvino-int8` or `torch`.
`SOURCE_FINDER_NLI`
    An entailment model (a CrossEncoder) that judges beside the project's own: a folder or a hub
    name; none if unset.
`SOURCE_FINDER_RERANKER`
    A cross-encoder or late-interaction model for a last look at the best passages: a folder or a
    hub name; none if unset.
`SOURCE_FINDER_JUDGE`
    `llm`: the language model below judges, not only summarises.
`SOURCE_FINDER_OCR`
    `auto`, `rapidocr`, `tesseract` or `off` (see `rag.ingest.ocr`).
`SOURCE_FINDER_CAPTIONS`
    `auto` (the captions of a video are fetched where its link is sent alone, but not by a server
    for others), `on` (by that, too) or `off`.
`SOURCE_FINDER_FRONT_ENDS`
    Front ends for videos, `name=address` with commas between; "" for none.
`SOURCE_FINDER_LLM`
    A language model for a summary, as langchain's `init_chat_model` names it
    ("ollama:llama3.1"); none by default. `SOURCE_FINDER_LLM_URL`: its server, where that is
    not the provider's, and `SOURCE_FINDER_LLM_KEY` the key for it.
    `SOURCE_FINDER_LLM_TIMEOUT`: seconds it may take.
`SOURCE_FINDER_CITATION_STYLE`
    The style of citations on the page, in answers and dossiers: `chicago`, `mla`, `apa` or the path
    of a CSL file; where unset, what each archive asks for.
`SOURCE_FINDER_CACHE`
    Where the converted model is kept: the user's cache folder.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

APP = "source-finder"
DEFAULT_INDEX = "default"
DEFAULT_MODEL = "default"
PER_CLAIM = 5
"""Passages shown for each claim of an answer."""
_LLM_TIMEOUT_S = 60.0
"""The answer is shown without waiting for it; a small model on a CPU writes a summary in this
time."""
_FRONT_ENDS = (
    "Invidious=https://redirect.invidious.io, yewtu.be=https://yewtu.be, "
    "inv.nadeko.net=https://inv.nadeko.net, Piped=https://piped.video"
)
"""The first offers a choice among instances that work at the time; any other may be gone."""


PROXIES = "127.0.0.1,::1"


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process. `Settings.from_environment()` reads them."""

    home: Path
    cache: Path
    model: str = ""
    """The model that indexes are built with; "" for the index's own, else the installed one."""
    encoder: str = "auto"
    llm: str = ""
    llm_url: str = ""
    llm_timeout_s: float = _LLM_TIMEOUT_S
    reranker: str = ""
    captions: str = "auto"
    front_ends: tuple[tuple[str, str], ...] = ()
    ocr: str = "auto"
    """What reads pages without text: auto, off, or an engine's name (see `rag.ingest.ocr`)."""
    llm_key: str = field(default="", repr=False)
    """The key for the server at `llm_url`; a provider's own key is only for that provider."""
    index: str = DEFAULT_INDEX
    """The index to open if none is named."""
    index_key: str = field(default="", repr=False)
    database: str = field(default="", repr=False)
    """The address of a PostgreSQL database for projects, with its password; "" for the file."""
    proxies: str = PROXIES
    """The trusted proxies, in the form of uvicorn's `forwarded_allow_ips`."""
    citation_style: str = ""
    """The style of all citations (see `rag.dossier.content`), "" for each archive's own."""
    entailment: str | None = None
    """A model that judges claims beside the project's own, by folder or hub name; None for none."""
    judge: str = ""
    """Which judge decides beside the project's own: "llm" for the language model, "" for none."""

    @classmethod
    def from_environment(cls) -> Settings:
        """Return the settings in the environment variables."""
        home = os.environ.get("SOURCE_FINDER_HOME")
        cache = os.environ.get("SOURCE_FINDER_CACHE")
        return cls(
            home=Path(home).expanduser() if home else _default_home(),
            cache=Path(cache).expanduser() if cache else platformdirs.user_cache_path(APP),
            model=os.environ.get("SOURCE_FINDER_MODEL", ""),
            encoder=os.environ.get("SOURCE_FINDER_ENCODER") or "auto",
            reranker=os.environ.get("SOURCE_FINDER_RERANKER", ""),
            captions=os.environ.get("SOURCE_FINDER_CAPTIONS") or "auto",
            llm=os.environ.get("SOURCE_FINDER_LLM") or "",
            llm_url=os.environ.get("SOURCE_FINDER_LLM_URL") or "",
            llm_timeout_s=_seconds(os.environ.get("SOURCE_FINDER_LLM_TIMEOUT", ""), _LLM_TIMEOUT_S),
            llm_key=os.environ.get("SOURCE_FINDER_LLM_KEY", ""),
            ocr=os.environ.get("SOURCE_FINDER_OCR", "").strip().lower() or "auto",
            front_ends=_front_ends(os.environ.get("SOURCE_FINDER_FRONT_ENDS", _FRONT_ENDS)),
            index=os.environ.get("SOURCE_FINDER_INDEX") or DEFAULT_INDEX,
            database=os.environ.get("SOURCE_FINDER_DATABASE", "").strip(),
            proxies=os.environ.get("SOURCE_FINDER_PROXIES", "").strip() or PROXIES,
            index_key=os.environ.get("SOURCE_FINDER_INDEX_KEY", ""),
            citation_style=os.environ.get("SOURCE_FINDER_CITATION_STYLE", "").strip(),
            entailment=os.environ.get("SOURCE_FINDER_NLI") or None,
            judge=os.environ.get("SOURCE_FINDER_JUDGE", "").strip().lower(),
        )

    @property
    def sources(self) -> Path:
        """The folder that a user drops files into; part of the default index."""
        return self.home / "corpus" / "sources"

    @property
    def accounts(self) -> Path:
        """The file of accounts for a server that others use."""
        return self.home / "accounts.json"

    @property
    def models(self) -> Path:
        """The record of downloaded models; see `rag.models`."""
        return self.home / "models.json"

    @property
    def authority(self) -> Path:
        """The file of persons' spellings that a user may put there (`rag.retrieval`)."""
        return self.home / "corpus" / "authority" / "people_variants.jsonl"

    @property
    def projects(self) -> Path:
        """The file with readers' projects and conversations; see `rag.projects`."""
        return self.home / "projects" / "projects.sqlite"

    def index_path(self, index: str | Path | None) -> Path:
        """Return the folder of an index given by name ("mine") or by path ("indexes/mine").

        None means the settings' index, or the default one if they name no folder. A bare name is in
        `home/indexes`.
        """
        if index is None:
            index = DEFAULT_INDEX if "://" in self.index else self.index
        path = Path(index).expanduser()
        if isinstance(index, str) and len(path.parts) == 1 and not path.is_absolute():
            return self.home / "indexes" / path
        return path


def _seconds(given: str, default: float) -> float:
    """Return a number of seconds, the default if `given` is not a number."""
    return float(given) if given.replace(".", "", 1).isdigit() and float(given) > 0 else default


def _front_ends(given: str) -> tuple[tuple[str, str], ...]:
    """Return names and addresses, without entries that have no web address."""
    pairs = [part.partition("=") for part in given.split(",")]
    return tuple(
        (name.strip(), address.strip())
        for name, _, address in pairs
        if address.strip().startswith(("https://", "http://"))
    )


def _default_home() -> Path:
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "indexes").is_dir():
        return checkout
    return platformdirs.user_data_path(APP)
