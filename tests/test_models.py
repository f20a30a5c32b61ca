"""Models from the hub: pinned, checked, and refused where something is not as it was."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag import models
from rag.cli.main import main
from rag.config import Settings
from rag.errors import ModelError
from rag.models import SETTING_OF, KnownModel, fetch, fetched_models, known_models, model_path
from rag.retrieval import load_reranker
from tests.cross_encoders import write_cross_encoder
from tests.fake_hub import FakeHub, HubModel, open_hub

NAME = "tiny/reranker"
SETTING = "SOURCE_FINDER_RERANKER"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cross_encoder(tmp_path_factory.mktemp("models") / "tiny", ["score"])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings.from_environment(), home=tmp_path / "home")


@pytest.fixture
def hub(written: Path, tmp_path: Path) -> Iterator[FakeHub]:
    """A hub with one model, beside whose weights lie files that are not to be had."""
    folder = tmp_path / "published"
    shutil.copytree(written, folder)
    (folder / "onnx").mkdir()
    for name in ("pytorch_model.bin", "modeling_tiny.py", "onnx/model.onnx", "onnx/config.json"):
        (folder / name).write_text("not to be fetched")
    with open_hub(tmp_path / "cache") as opened:
        opened.models[NAME] = HubModel(folder)
        yield opened


def test_the_table_names_what_can_be_checked() -> None:
    assert {model.part for model in known_models().values()} == set(SETTING_OF)
    for model in known_models().values():
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", model.name)
        assert model.licence
        assert bool(model.figure) == model.source.startswith("https://")
        assert re.fullmatch(r"([0-9a-f]{40})?", model.revision)
        assert re.fullmatch(r"([0-9a-f]{64})?", model.weights)


def test_a_setting_fetches_once_and_loads_from_disk_then(hub: FakeHub, settings: Settings) -> None:
    assert load_reranker(NAME, settings).scores("gold", ["gold", "peace"]).shape == (2,)
    model = fetched_models(settings)[NAME]
    assert (model.revision, model.licence) == ("1" * 40, "mit")
    names = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert set(model.files) == {*names, "vocab.txt"}
    assert not any("pytorch_model" in path or ".py" in path for path in hub.asked)
    hub.models.clear()
    hub.asked.clear()
    assert model_path(NAME, SETTING, settings) == Path(model.folder)
    assert hub.asked == []


def test_what_was_fetched_first_stays_whatever_the_hub_has_since(
    hub: FakeHub, settings: Settings
) -> None:
    first = fetch(NAME, settings)
    assert fetch(NAME, settings) == first
    hub.models[NAME].revision = "2" * 40
    with pytest.raises(ModelError, match=f"no revision {'1' * 40}"):
        fetch(NAME, settings)
    assert fetched_models(settings) == {NAME: first}


def test_a_model_of_the_table_is_that_of_the_table(
    hub: FakeHub, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = KnownModel(NAME, "reranker", 1, "MIT", revision="1" * 40, weights="0" * 64)
    monkeypatch.setattr(models, "known_models", lambda: {NAME: known})
    with pytest.raises(ModelError, match="is not what was published") as refused:
        fetch(NAME, settings)
    assert fetched_models(settings) == {}
    weights = re.search(r"SHA-256 is\s+([0-9a-f]{64})", str(refused.value))
    assert weights
    right = replace(known, weights=weights[1])
    monkeypatch.setattr(models, "known_models", lambda: {NAME: right})
    assert fetch(NAME, settings).files["model.safetensors"] == weights[1]
    hub.models[NAME].revision = "2" * 40
    assert model_path(NAME, SETTING, settings).name == "1" * 40


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "adapter_config.json"])
def test_a_file_that_was_altered_or_added_is_refused(
    hub: FakeHub, settings: Settings, file: str
) -> None:
    path = Path(fetch(NAME, settings).folder) / file
    content = path.read_bytes() if path.exists() else b"{}"
    path.unlink(missing_ok=True)
    path.write_bytes(content[:-1] + b" ")
    with pytest.raises(ModelError, match=rf"{file} is not what was published.*{SETTING}"):
        load_reranker(NAME, settings)
    with pytest.raises(ModelError, match="is not what was published"):
        fetch(NAME, settings)


def test_other_bytes_than_the_hub_says_are_not_kept(hub: FakeHub, settings: Settings) -> None:
    weights = (hub.models[NAME].folder / "model.safetensors").read_bytes()
    hub.models[NAME].served["model.safetensors"] = weights[:-1] + b"\0"
    with pytest.raises(ModelError, match=r"model\.safetensors is not what was published"):
        fetch(NAME, settings)
    assert fetched_models(settings) == {}


def test_what_cannot_be_fetched_says_why(hub: FakeHub, settings: Settings) -> None:
    for name in ("no-such/model", "a/b/c", "/no/such/folder", "x\x00y"):
        with pytest.raises(ModelError, match=rf"There is no public model .*{SETTING}"):
            model_path(name, SETTING, settings)
    hub.models[NAME].licence = None
    with pytest.raises(ModelError, match="does not state its licence"):
        fetch(NAME, settings)
    hub.models[NAME].licence = "mit"
    (hub.models[NAME].folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="no weights as safetensors"):
        fetch(NAME, settings)


def test_without_a_network_it_says_so(settings: Settings) -> None:
    with pytest.raises(ModelError, match="Check the network"):
        fetch("cross-encoder/ms-marco-MiniLM-L6-v2", settings)


def test_a_record_that_cannot_be_read_is_not_passed_over(settings: Settings) -> None:
    settings.models.parent.mkdir()
    for content in ("{", "[]", '{"a/b": {"name": 1}}'):
        settings.models.write_text(content)
        with pytest.raises(ModelError, match=r"models\.json.*cannot be read"):
            model_path(NAME, SETTING, settings)


def test_the_command_line_lists_and_fetches(
    hub: FakeHub, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setenv("SOURCE_FINDER_HOME", str(settings.home))
    assert main(["models"]) == 0
    listed = capsys.readouterr().out
    assert "SOURCE_FINDER_NLI=MoritzLaurer/DeBERTa-v3-base-mnli-fever-anli" in listed
    assert listed.count("Not fetched, revision") == len(known_models())
    assert main(["models", "fetch", NAME]) == 0
    assert f"{SETTING}={NAME}" in capsys.readouterr().out
    assert main(["models", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [model["name"] for model in told["fetched"]] == [NAME]
    assert main(["models", "fetch", "no-such/model"]) == ModelError.exit_code
    assert "source-finder models" in capsys.readouterr().err
