"""Tiny models with random weights, laid out as real ones are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "gold", "peace", "california", "war"]
ARCHITECTURES = ("bert", "deberta-v2", "modernbert")

_SIZES = {
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 8,
    "max_position_embeddings": 64,
}


def write_cross_encoder(
    folder: Path, labels: Sequence[str], architecture: str = "bert", dtype: str = "float32"
) -> Path:
    """Write a one-layer model with random weights, as a cross-encoder's folder is laid out."""
    import torch
    from transformers import AutoModelForSequenceClassification

    folder.mkdir()
    tokenizer = _tokenizer(folder, architecture)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(3)
    config = _config(
        architecture,
        vocab_size=len(tokenizer),
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    )
    model = AutoModelForSequenceClassification.from_config(config)
    model.to(getattr(torch, dtype)).save_pretrained(folder)
    return folder


def write_colbert(folder: Path) -> Path:
    """Write a late-interaction model with random weights, as Stanford's ColBERT lays it out."""
    import torch
    from safetensors.torch import save_file
    from transformers import BertModel

    folder.mkdir()
    tokenizer = _tokenizer(folder, "bert")
    tokenizer.save_pretrained(folder)
    torch.manual_seed(3)
    bert = BertModel(_config("bert", vocab_size=len(tokenizer)))
    bert.save_pretrained(folder)
    weights = {f"bert.{name}": value for name, value in bert.state_dict().items()}
    weights["linear.weight"] = torch.randn(4, 8)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": ["HF_ColBERT"]}))
    metadata = {"query_token_id": "[unused0]", "doc_token_id": "[unused1]", "query_maxlen": 16}
    (folder / "artifact.metadata").write_text(json.dumps(metadata | {"doc_maxlen": 48}))
    return folder


def _config(architecture: str, **fields: Any) -> Any:
    from transformers import AutoConfig

    own: dict[str, Any] = {}
    if architecture == "modernbert":
        own = dict.fromkeys(("bos_token_id", "cls_token_id"), 2)
        own |= dict.fromkeys(("eos_token_id", "sep_token_id"), 3) | {"pad_token_id": 0}
    return AutoConfig.for_model(architecture, **_SIZES, **own, **fields)


def _tokenizer(folder: Path, architecture: str) -> Any:
    from transformers import BertTokenizerFast, DebertaV2Tokenizer, PreTrainedTokenizerFast

    if architecture == "deberta-v2":
        pieces = [f"▁{word}" for word in WORDS[5:]]
        return DebertaV2Tokenizer(
            vocab=[*((mark, 0.0) for mark in WORDS[:5]), *((piece, -1.0) for piece in pieces)]
        )
    (folder / "vocab.txt").write_text("\n".join([*WORDS, "[unused0]", "[unused1]"]))
    bert = BertTokenizerFast(str(folder / "vocab.txt"))
    if architecture == "bert":
        return bert
    names = ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
    return PreTrainedTokenizerFast(
        tokenizer_object=bert.backend_tokenizer,
        model_input_names=["input_ids", "attention_mask"],
        **{name: getattr(bert, name) for name in names},
    )
