"""A build on a real Ray cluster: two machines (raylets) of one processor each."""

from __future__ import annotations

import hashlib
import secrets
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.build.builder import EMBEDDING, build_index
from rag.datatypes import BuildReport
from rag.errors import ClusterError
from rag.index import live_generation
from tests.conftest import write_sources
from tests.reads import fill

ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")

SHARD = 2
"""Passages in a task, so that a small corpus has many."""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with files of several kinds, some of them described, one damaged."""
    folder = write_sources(tmp_path_factory.mktemp("corpus"), ["1823-Monroe-1"])
    fill(
        folder,
        {
            "page.html": "<title>On oil</title><p>The wells were shut in March 1951.</p>",
            "letter.md": "The harbour froze. No ship left before April.",
            "letter.yaml": "title: To the admiral\ncreator: A. Clerk\ndate: 1854\n",
            "damaged.pdf": "%PDF-1.4 and nothing else",
            "letters/one.txt": "The envoy came at night. He asked for grain.",
            "letters/one.yaml": "title: First letter\ndate: 1788\n",
            "letters/two.txt": "There was no grain to be had in Genoa.",
        },
    )
    with zipfile.ZipFile(folder / "packed.zip", "w") as packed:
        for path in sorted((folder / "letters").iterdir()):
            packed.write(path, path.name)
            path.unlink()
    (folder / "letters").rmdir()
    return folder


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Return two machines to which this process is connected."""
    from ray.cluster_utils import Cluster

    machine = {"num_cpus": 1, "include_dashboard": False}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))  # else it writes one to the home
        patch.setenv("RAY_worker_niceness", "0")
        started = Cluster(initialize_head=True, head_node_args=machine)
        try:
            started.add_node(**machine)
            ray.init(
                started.address,
                log_to_driver=False,
                configure_logging=False,
            )
            yield started
        finally:
            ray.shutdown()
            started.shutdown()


@pytest.fixture(scope="module")
def built_here(corpus, cluster, encoder, tmp_path_factory) -> tuple[Path, BuildReport]:
    """Return an index built without the cluster, but when the corpus is as old as a cluster
    takes to start: of files that changed just now an index notes no time."""
    index = tmp_path_factory.mktemp("indexes") / "here"
    return index, build_index([corpus], index, encoder=encoder, shard=SHARD)


def hashes(index: Path) -> dict[str, str]:
    """Return the hash of each file of the live index but the manifest, which has the time."""
    live = live_generation(index)
    files = [path for path in live.rglob("*") if path.is_file() and path.name != "manifest.json"]
    return {
        str(path.relative_to(live)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def test_a_cluster_builds_the_same_index_and_says_the_same(
    built_here, corpus, cluster, encoder, tmp_path
):
    here, ours = built_here
    told: list[tuple[Any, ...]] = []
    theirs = build_index(
        [corpus],
        tmp_path / "there",
        encoder=encoder,
        shard=SHARD,
        ray=cluster.address,
        progress=lambda *step: told.append(step),
    )
    assert hashes(tmp_path / "there") == hashes(here)
    assert theirs.skipped == ours.skipped
    assert [skip.path for skip in ours.skipped] == [str(corpus / "damaged.pdf")]
    assert theirs.documents == ours.documents == 5
    assert [step[1:3] for step in told if step[0] == EMBEDDING][-1] == (ours.passages,) * 2
    of_files = [step[3] for step in told if len(step) == 4 and step[3]]
    read = [file.path for file in of_files if file.state == "read"]
    assert len(read) == 5


def test_a_machine_that_dies_costs_nothing(built_here, corpus, cluster, encoder, tmp_path):
    machine = cluster.add_node(num_cpus=1)

    def kill(stage: str, done: int, total: int, file: object = None) -> None:
        if stage == EMBEDDING and done and machine in cluster.worker_nodes:
            cluster.remove_node(machine, allow_graceful=False)

    build_index(
        [corpus], tmp_path / "there", encoder=encoder, shard=SHARD, ray="auto", progress=kill
    )
    assert machine not in cluster.worker_nodes
    assert hashes(tmp_path / "there") == hashes(built_here[0])


def test_a_build_that_was_cut_off_is_taken_up(built_here, corpus, cluster, encoder, tmp_path):
    def cut_off(stage: str, done: int, total: int, file: object = None) -> None:
        if stage == EMBEDDING and done:
            raise KeyboardInterrupt

    index = tmp_path / "there"
    with pytest.raises(KeyboardInterrupt):
        build_index([corpus], index, encoder=encoder, shard=SHARD, ray="auto", progress=cut_off)
    report = build_index([corpus], index, encoder=encoder, shard=SHARD)
    assert report.embedded == report.passages - SHARD
    assert hashes(index) == hashes(built_here[0])
    assert build_index([corpus], index, encoder=encoder, ray="auto").embedded == 0


def test_an_address_without_a_cluster_is_named(corpus, encoder, tmp_path, monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(ClusterError, match="run the build on a machine of the cluster"):
        build_index([corpus], tmp_path / "index", encoder=encoder, ray="ray://127.0.0.1:10001")
    with pytest.raises(ClusterError, match="There is no Ray cluster at '127"):
        build_index([corpus], tmp_path / "index", encoder=encoder, ray="127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ClusterError, match=r"pip install 'source-finder\[ray\]'"):
        build_index([corpus], tmp_path / "index", encoder=encoder, ray="auto")
    assert not list((tmp_path / "index").glob("generation-*"))


def test_a_machine_that_would_make_another_index_is_named(
    built_here, corpus, cluster, encoder, tmp_path, monkeypatch
):
    monkeypatch.setattr("rag.build.on_ray.FORMAT", -1)
    with pytest.raises(ClusterError, match="has another version of Source Finder"):
        build_index([corpus], tmp_path / "index", encoder=encoder, ray="auto")
