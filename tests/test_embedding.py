"""Models into vectors: both routes agree, any model loads, what fails says what to do."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from conftest import SPEECHES, make_document
from threadpoolctl import threadpool_info, threadpool_limits

from rag.build.builder import build_index
from rag.config import Settings
from rag.datatypes import Span
from rag.embedding import (
    WINDOWS,
    EmbeddingInput,
    Encoder,
    chunk,
    embedding_input,
    inference,
    model_folder,
)
from rag.errors import ModelError
from rag.finder import SourceFinder
from rag.language import stop_words

CLAIM = "Monroe told Europe to stay out of the Americas."


def cosine(one, other) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def one_sentence(text: str) -> EmbeddingInput:
    return EmbeddingInput(text, (Span(0, len(text)),))


def telling_pieces(encoder: Encoder, text: str) -> int:
    """Return how many word pieces of a text are neither stop words nor punctuation."""
    starts = encoder.piece_starts([text])[0]
    telling = 0
    for first, last in pairwise([*starts, len(text)]):
        piece = text[first:last].strip().lower()
        inside = first and text[first - 1].isalnum()
        telling += any(map(str.isalnum, piece)) and (bool(inside) or piece not in stop_words())
    return telling


def with_encoder(route: str) -> Settings:
    settings = Settings.from_environment()
    return Settings(settings.home, settings.cache, settings.model, route)


def plain_model(folder: Path):
    """The model as its makers load it, imported late because that takes seconds."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu")


@pytest.fixture(scope="module")
def torch_encoder() -> Encoder:
    return Encoder.load("default", with_encoder("torch"))


@pytest.fixture(scope="module")
def inputs(encoder) -> list[EmbeddingInput]:
    """Passages of a real address, of different lengths."""
    text = (SPEECHES / "1823-Monroe-1.txt").read_text(encoding="utf-8")[:9_000]
    document = make_document(text, title="Annual Message", creator="James Monroe")
    passages = chunk(document, encoder.piece_starts)
    return [*(embedding_input(encoder, document, p) for p in passages), one_sentence("Peace.")]


def test_the_default_model_is_the_installed_one(encoder):
    assert (encoder.dimension, encoder.window, encoder.pools_by_mean) == (384, 256, True)
    assert encoder.vocabulary_size == 30_522


@pytest.mark.parametrize("precision", ["openvino", "openvino-int8"])
def test_routes_agree(torch_encoder, inputs, precision):
    encoder = Encoder.load("default", with_encoder(precision))
    assert (encoder.route, torch_encoder.route) == ("openvino", "torch")
    for ours, theirs in zip(
        encoder.encode_passages(inputs), torch_encoder.encode_passages(inputs), strict=True
    ):
        cosines = [
            cosine(one.astype(np.float32), other.astype(np.float32))
            for one, other in zip(ours.sentences, theirs.sentences, strict=True)
        ]
        assert min(cosines) >= 0.998
        assert np.mean(cosines) >= 0.999
        same_bits = 1 - np.unpackbits(ours.codes ^ theirs.codes).mean()
        assert same_bits > (0.98 if precision == "openvino" else 0.97)
        assert (ours.starts == theirs.starts).all()


@pytest.mark.slow
def test_without_bfloat16_the_faster_conversion_is_kept(
    own_cache, inputs, torch_encoder, monkeypatch
):
    monkeypatch.setattr(inference, "_has_bfloat16", lambda: False)
    encoder = Encoder.load("default", Settings.from_environment())
    kept = [path.name for path in own_cache.rglob("*") if path.is_file()]
    assert sorted(kept) == ["checksums.json", "model.bin", "model.xml"]
    ours, theirs = (e.encode_query(CLAIM).vector for e in (encoder, torch_encoder))
    assert cosine(ours, theirs) > 0.999


def test_a_claims_vector_is_that_of_sentence_transformers(torch_encoder):
    expected = plain_model(model_folder("default", Settings.from_environment())).encode(CLAIM)
    assert cosine(torch_encoder.encode_query(CLAIM).vector, expected) > 0.9999


def test_a_single_sentence_has_nearly_the_vector_of_sentence_transformers(torch_encoder):
    # Nearly: the tokenizer's two marks are left out of a sentence's mean.
    expected = plain_model(model_folder("default", Settings.from_environment())).encode(CLAIM)
    (found,) = torch_encoder.encode_passages([one_sentence(CLAIM)])
    assert cosine(found.sentences[0].astype(np.float32), expected) > 0.97


def test_passages_come_back_in_order_with_a_vector_for_each_sentence(encoder, inputs):
    found = encoder.encode_passages(inputs)
    for item, vectors in zip(inputs, found, strict=True):
        (alone,) = encoder.encode_passages([item])
        assert vectors.sentences.shape == (len(item.sentences), 384)
        norms = np.linalg.norm(vectors.sentences.astype(np.float32), axis=1)
        assert norms == pytest.approx(1, abs=1e-2)
        for one, other in zip(vectors.sentences, alone.sentences, strict=True):
            assert cosine(one.astype(np.float32), other.astype(np.float32)) > 0.999
        assert (vectors.starts == alone.starts).all()
        assert len(vectors.codes) == telling_pieces(encoder, item.text)


def test_sentences_begin_where_the_tokenizer_says(encoder):
    text = "A heading. Gold was found. Nobody knew."
    spans = (Span(11, 26), Span(27, 39))
    (found,) = encoder.encode_passages([EmbeddingInput(text, spans)])
    assert len(found.codes) == 5  # heading; gold, found; nobody, knew
    assert found.starts.tolist() == [1, 3]


def test_stop_words_and_punctuation_have_no_codes(encoder):
    bare, dressed = encoder.encode_passages(
        [one_sentence("gold california"), one_sentence("The gold, and it was of California!")]
    )
    assert len(bare.codes) == len(dressed.codes) == 2
    (nothing_else,) = encoder.encode_passages([one_sentence("It was so.")])
    assert len(nothing_else.codes) == 4
    claim = encoder.encode_query("The gold, and it was of California!")
    assert claim.ids.tolist() == encoder.piece_ids(["gold california"])[0]
    assert len(encoder.encode_query("It was so.").ids) == 4
    asked = encoder.encode_query("gold california")
    assert cosine(claim.vector, asked.vector) < 0.99  # the claim's own vector is of all its words


def test_a_sentence_of_stop_words_alone_is_empty_between_others(encoder):
    text = "Gold was found. It was so. Nobody knew."
    spans = (Span(0, 15), Span(16, 26), Span(27, 39))
    (found,) = encoder.encode_passages([EmbeddingInput(text, spans)])
    assert found.starts.tolist() == [0, 2, 2]
    assert found.sentences.shape == (3, 384)
    assert len(found.codes) == 4


def test_no_passages_no_vectors(encoder):
    assert encoder.encode_passages([]) == []


def test_a_claim_beyond_the_window_is_read_in_several(encoder):
    window = encoder.window - 2
    long = encoder.encode_query("treaty " * (window + 50) + "whales")
    assert len(long.ids) == len(long.pieces) == window + 51
    assert np.linalg.norm(long.vector) == pytest.approx(1, abs=1e-5)
    alone = encoder.encode_query("treaty " * 50 + "whales")
    assert long.ids[window:].tolist() == alone.ids.tolist()
    assert np.allclose(long.pieces[window:], alone.pieces, atol=0.05)
    assert len(encoder.encode_query("treaty " * 5000).ids) == WINDOWS * window


@pytest.mark.parametrize("text", ["漢字", "😀 x", "x" * 5_000, "²", "e\u0301", "\u3164", "ﬁ", "1"])
def test_odd_claims_have_vectors(encoder, text):
    query = encoder.encode_query(text)
    assert np.isfinite(query.vector).all()
    assert len(query.pieces) == len(query.ids) > 0


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_another_model_builds_and_finds(
    pooling, tiny_model, own_cache, tmp_path, small_sources, monkeypatch
):
    folder = tiny_model(pooling)
    monkeypatch.setenv("SOURCE_FINDER_ENCODER", "auto" if pooling == "mean" else "torch")
    encoder = Encoder.load(str(folder), Settings.from_environment())
    assert encoder.pools_by_mean == (pooling == "mean")
    assert encoder.dimension == 36
    monkeypatch.setenv("SOURCE_FINDER_MODEL", str(folder))
    build_index(small_sources[:1], tmp_path / "index")
    finder = SourceFinder.open(tmp_path / "index")
    assert finder.encoder.fingerprint == encoder.fingerprint
    words = "henceforth not to be considered as subjects for future colonization"
    assert words in finder.find_sources(words)[0].passage


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_prompts_of_a_model_are_used(pooling, tiny_model, own_cache):
    prompts = {"query": "find the treaty: ", "document": "the treaty says: "}
    folder = tiny_model(pooling, prompts=prompts)
    model = plain_model(folder)
    encoder = Encoder.load(str(folder), with_encoder("torch"))
    vector = encoder.encode_query(CLAIM).vector
    assert cosine(vector, model.encode(prompts["query"] + CLAIM)) > 0.9999
    # The prompt's own pieces count too in a claim's pieces or not at all: there are
    # as many vectors as numbers.
    query = encoder.encode_query(CLAIM)
    assert len(query.pieces) == len(query.ids)


def test_a_prompt_shifts_no_sentence(tiny_model, own_cache):
    plain = Encoder.load(str(tiny_model("mean")), with_encoder("torch"))
    prompted = Encoder.load(
        str(tiny_model("mean", prompts={"query": "", "document": "it says: "})),
        with_encoder("torch"),
    )
    item = EmbeddingInput("Gold was found. Nobody knew.", (Span(0, 15), Span(16, 28)))
    (without,), (with_one,) = (e.encode_passages([item]) for e in (plain, prompted))
    shift = telling_pieces(prompted, "it says: ")
    assert (with_one.starts == without.starts + shift).all()


@pytest.mark.parametrize(
    "name", ["no-such/model", "nonsense", "a/b/c", "/no/such/folder", "~nosuchuser/model", "x\x00y"]
)
def test_an_unknown_model_says_what_to_do(name):
    with pytest.raises(ModelError, match="SOURCE_FINDER_MODEL"):
        Encoder.load(name, Settings.from_environment())


def test_a_folder_that_is_no_model_says_what_is_missing(tmp_path):
    with pytest.raises(ModelError, match=r"modules\.json"):
        Encoder.load(str(tmp_path), Settings.from_environment())


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("tokenizer.json", "{}"),
        ("tokenizer.json", "not json"),
        ("model.safetensors", "cut"),
        ("model.safetensors", None),
        ("modules.json", "not json"),
        ("config.json", "not json"),
    ],
)
def test_a_damaged_model_is_a_model_error(file, content, tiny_model, own_cache, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(tiny_model("mean"), folder)
    (path,) = [p for p in folder.rglob(file) if p.parent == folder]
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(ModelError, match="damaged"):
        Encoder.load(str(folder), with_encoder("torch"))


def test_an_unknown_route_is_a_model_error():
    with pytest.raises(ModelError, match="auto, openvino, openvino-int8 or torch"):
        Encoder.load("default", with_encoder("abacus"))


def test_a_changed_weight_changes_the_fingerprint(tiny_model, own_cache, tmp_path):
    folder = tmp_path / "changed"
    shutil.copytree(tiny_model("mean"), folder)
    before = Encoder.load(str(folder), with_encoder("torch")).fingerprint
    config = folder / "tokenizer_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"extra": 1}))
    assert Encoder.load(str(folder), with_encoder("torch")).fingerprint != before


@pytest.mark.slow
def test_a_damaged_conversion_is_made_again(tiny_model, own_cache):
    folder = str(tiny_model("mean"))
    encoder = Encoder.load(folder, Settings.from_environment())
    if encoder.route != "openvino":
        pytest.skip("OpenVINO is not used on this machine")
    (model,) = own_cache.rglob("model.xml")
    model.write_text("<not a model")
    again = Encoder.load(folder, Settings.from_environment())
    assert again.route == "openvino"
    assert model.read_text() != "<not a model"
    one, other = (e.encode_query("gold").vector for e in (encoder, again))
    assert one == pytest.approx(other)


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_is_no_obstacle(tiny_model, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SOURCE_FINDER_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert Encoder.load(str(tiny_model("mean")), Settings.from_environment()).dimension == 36


def test_a_path_is_a_folder_before_it_is_a_name(tiny_model, monkeypatch):
    folder: Path = tiny_model("mean")
    monkeypatch.chdir(folder.parent)
    assert model_folder("model", Settings.from_environment()) == folder.resolve()


def test_numpy_keeps_to_one_thread_and_faiss_to_as_many_as_it_had(tiny_model, own_cache):
    import faiss  # noqa: F401

    with threadpool_limits(2):
        Encoder.load(str(tiny_model("mean")), with_encoder("torch"))
        threads = [(library["filepath"], library["num_threads"]) for library in threadpool_info()]
    assert {count for file, count in threads if "scipy_openblas" in file} <= {1}
    assert {count for file, count in threads if "faiss" in file} <= {2}
