"""Train the verifier on what `pairs` has, and write its weights.

    python -m training.train --sources FOLDER [--given FOLDER] [--work training/work] [--seeds 1,2]

`--sources`: FRUS volumes (TEI) and Project Gutenberg memoirs that the claims were written on; the
addresses come with the install. `--given`: claims whose passages' words are in the folder.
`--work`: where pieces and finished networks are kept: a run that is cut off goes on there. With a
GPU the networks train on it. On two cores without AVX-512 a network takes some 40 minutes, the
pieces 25.

What is held out (`pairs.HELD_OUT`) is only reported on.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from rag.config import Settings
from rag.datatypes import Floats
from rag.embedding import Encoder
from rag.relation.checks import check
from rag.relation.verifier import (
    LABELS,
    MOST_CLAIM_PIECES,
    WEIGHTS,
    heading_of,
    load_verifier,
    telling,
    windows,
)
from training import more, pairs
from training.network import Batch, VerifierNetwork
from training.pairs import Pair, quotation_of
from training.pieces import PieceFile
from training.weigh import Weighed, weigh

EPOCHS = 7
BATCH = 32
LEARNING_RATE = 1.2e-3
WARM_UP = 100
"""Steps in which the learning rate rises."""

RELEVANCE, EVIDENCE = 0.5, 0.3
"""What the losses of relevance and of the deciding window count beside that of the labels."""

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@dataclass(frozen=True, slots=True)
class Example:
    """A pair as the network reads it. `claim`: without what the passage is seen to bear out;
    `relevance`: 1, 0, or -1 where it is not known."""

    pair: Pair
    claim: str
    text: str
    head: int
    cuts: list[tuple[int, int]]
    label: int
    relevance: float


def examples(found: Sequence[Pair], pieces: PieceFile) -> list[Example]:
    """Return the pairs as the network reads them; their texts must be among the pieces."""
    result = []
    for pair in found:
        asked, text = read_texts(pair)
        front = len(text) - len(pair.passage)
        head, cuts = windows(pair.passage, front, pieces.starts(text))
        claim = pieces.pieces(asked)[np.arange(min(pieces.length(asked), MOST_CLAIM_PIECES))]
        cuts = telling(claim, pieces.pieces(text), head, cuts)
        label = LABELS.index(pair.label) if pair.label in LABELS else LABELS.index("neutral")
        relevance = -1.0 if pair.public else float(pair.label != "no")
        result.append(Example(pair, asked, text, head, cuts, label, relevance))
    return result


def read_texts(pair: Pair) -> tuple[str, str]:
    """Return what the network reads of a claim and of its passage."""
    quotation = quotation_of(pair)
    return check(pair.claim, quotation).unproven, heading_of(quotation) + pair.passage


def batches(
    given: Sequence[Example], pieces: PieceFile, chance: random.Random | None
) -> Iterator[list[int]]:
    """Yield the numbers of examples of like size, in chance order where there is one."""
    order = list(range(len(given)))
    if chance:
        chance.shuffle(order)
    runs = [order[first : first + 16 * BATCH] for first in range(0, len(order), 16 * BATCH)]
    found = []
    for run in runs:
        run.sort(key=lambda i: (len(given[i].cuts), pieces.length(given[i].text)))
        found += [run[first : first + BATCH] for first in range(0, len(run), BATCH)]
    if chance:
        chance.shuffle(found)
    yield from found


def collate(given: Sequence[Example], pieces: PieceFile) -> tuple[Batch, torch.Tensor]:
    """Return a batch, and which windows have the evidence, (pairs, windows): zeros where that is
    not known."""
    claims = [pieces.pieces(one.claim) for one in given]
    passages = [pieces.pieces(one.text) for one in given]
    claim = _padded(claims, MOST_CLAIM_PIECES, -1)
    passage = _padded(passages, 10**6, -2)
    count = max(len(one.cuts) for one in given)
    size = max(one.head + b - a for one in given for a, b in one.cuts)
    rows = np.full((len(given), count, size), -1, np.int64)
    has = np.zeros((len(given), count), np.float32)
    for i, one in enumerate(given):
        for w, (a, b) in enumerate(one.cuts):
            rows[i, w, : one.head + b - a] = [*range(one.head), *range(a, b)]
        has[i, : len(one.cuts)] = _evidence(one, pieces)
    tensors = [torch.from_numpy(array).to(DEVICE) for array in (*claim, *passage, rows, has)]
    return Batch(*tensors[:-1]), tensors[-1]


def _padded(given: list, most: int, filler: int) -> tuple[Floats, NDArray[np.int64], Floats]:
    longest = min(max(len(one.ids) for one in given), most)
    vectors = np.zeros((len(given), longest, given[0].both.shape[1]), np.float32)
    ids = np.full((len(given), longest), filler, np.int64)
    rarity = np.zeros((len(given), longest), np.float32)
    for i, one in enumerate(given):
        n = min(len(one.ids), longest)
        vectors[i, :n], ids[i, :n], rarity[i, :n] = one.both[:n], one.ids[:n], one.rarity[:n]
    return vectors, ids, rarity


def _evidence(one: Example, pieces: PieceFile) -> list[float]:
    """Return 1 for the windows that have most of the deciding stretch, 0 for the others."""
    if one.pair.evidence is None:
        return [0.0] * len(one.cuts)
    front = len(one.text) - len(one.pair.passage)
    starts = pieces.starts(one.text)
    first = int(np.searchsorted(starts, front + one.pair.evidence.start, "right")) - 1
    last = int(np.searchsorted(starts, front + one.pair.evidence.end))
    shared = [max(0, min(last, b) - max(first, a)) for a, b in one.cuts]
    return [float(s > 0 and s >= 0.8 * max(shared)) for s in shared]


def train(
    given: Sequence[Example], first: Sequence[Example], pieces: PieceFile, seed: int
) -> VerifierNetwork:
    """Return a network trained on `given`, and in the first epoch on `first` beside it."""
    torch.manual_seed(seed)
    chance = random.Random(seed)
    network = VerifierNetwork().to(DEVICE)
    optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=0.01)
    steps = -(-(EPOCHS * len(given) + len(first)) // BATCH)
    step = 0
    for epoch in range(EPOCHS):
        network.train()
        seen = [*given, *first] if epoch == 0 else list(given)
        total = 0.0
        for numbers in batches(seen, pieces, chance):
            rise = min(1.0, step / WARM_UP)
            fall = max(0.02, 0.5 * (1 + math.cos(math.pi * min(step / steps, 1))))
            for group in optimiser.param_groups:
                group["lr"] = LEARNING_RATE * rise * fall
            loss = _loss(network, [seen[i] for i in numbers], pieces)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            step += 1
            total += float(loss.detach()) * len(numbers)
        print(f"seed {seed}, epoch {epoch + 1}: loss {total / len(seen):.3f}", flush=True)
    return network


def _loss(network: VerifierNetwork, given: list[Example], pieces: PieceFile) -> torch.Tensor:
    batch, has = collate(given, pieces)
    told, relevance, share = network(batch)
    labels = torch.tensor([one.label for one in given], device=DEVICE)
    weights = torch.tensor([one.pair.weight for one in given], device=DEVICE)
    known = torch.tensor([one.relevance for one in given], device=DEVICE)
    loss = (F.nll_loss(told, labels, reduction="none") * weights).mean()
    if (known >= 0).any():
        loss = loss + RELEVANCE * F.binary_cross_entropy_with_logits(
            relevance[known >= 0], known[known >= 0]
        )
    found = has.sum(1) > 0
    if found.any():
        shares = share[found] + torch.log(has[found] + 1e-9)
        loss = loss - EVIDENCE * torch.logsumexp(shares, 1).mean()
    return loss


def predict(
    networks: Sequence[VerifierNetwork], given: Sequence[Example], pieces: PieceFile
) -> Floats:
    """Return the mean of the networks' probabilities: `LABELS`, then relevance, (pairs, 5)."""
    result = np.zeros((len(given), len(LABELS) + 1), np.float32)
    with torch.inference_mode():
        for network in networks:
            network.eval()
            for numbers in batches(given, pieces, None):
                batch, _ = collate([given[i] for i in numbers], pieces)
                told, relevance, _ = network(batch)
                both = torch.cat([told.exp(), relevance.sigmoid()[:, None]], 1)
                result[numbers] += both.cpu().numpy() / len(networks)
    return result


def rarity_of(encoder: Encoder, places: pairs.Places) -> Floats:
    """Return how rare each word piece is in the sources, 0 to 1: the logarithm of the share of
    stretches of a thousand characters without it."""
    seen = np.zeros(encoder.vocabulary_size, np.int64)
    stretches = 0
    for document in places.documents.values():
        texts = [document.text[at : at + 1000] for at in range(0, len(document.text), 1000)]
        for ids in encoder.piece_ids(texts):
            seen[np.unique(ids)] += 1
        stretches += len(texts)
    rarity: Floats = (np.log((stretches + 1) / (1 + seen)) / np.log(stretches + 1)).astype(
        np.float32
    )
    return rarity


def arrays_of(
    networks: Sequence[VerifierNetwork], rarity: Floats
) -> dict[str, NDArray[np.float16]]:
    """Return what `rag.relation.verifier` loads, by name, in half precision."""
    arrays = {"rarity": rarity.astype(np.float16)}
    for number, network in enumerate(networks):
        for name, tensor in network.state_dict().items():
            arrays[f"{number}.{name}"] = tensor.detach().cpu().numpy().astype(np.float16)
    return arrays


def save(arrays: Mapping[str, NDArray[np.float16]], weighed: Weighed, target: Path) -> str:
    """Write what `rag.relation.verifier` loads; return its SHA-256."""
    told = {f"weights.{name}": weights for name, weights in weighed.weights.items()}
    sure = {f"sure.{name}": np.array(at, np.float32) for name, at in weighed.sure.items()}
    every: dict[str, NDArray[Any]] = {**arrays, **told, **sure}
    content = safetensors.numpy.save(every, {"labels": ",".join(LABELS)})
    target.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--given", type=Path, default=Path("none"))
    parser.add_argument("--public", type=Path, default=Path("none"))
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--seeds", default="1,2")
    parser.add_argument("--weights", type=Path, default=Path("rag/relation") / WEIGHTS)
    asked = parser.parse_args()
    sources = sorted(
        str(path) for path in asked.sources.rglob("*") if path.suffix in {".xml", ".txt"}
    )
    places = pairs.Places(["sotu", *sources])
    encoder = Encoder.load("default", Settings.from_environment())
    given = list(pairs.given(asked.given))
    written = [*given, *pairs.written(places)]
    results = list(pairs.labelled(places, {pair.claim_id: pair.claim for pair in written}))
    fitted = [pair for pair in [*written, *results] if not pair.held_out and pair.part == "fit"]
    fitted += more.changed([pair for pair in written if not pair.held_out])
    first = list(more.public(asked.public))
    everything = [*fitted, *first, *written, *results]
    pieces = PieceFile(asked.work / "pieces", rarity_of(encoder, places))
    pieces.add([text for pair in everything for text in read_texts(pair)], encoder)
    networks = [
        _trained(int(seed), examples(fitted, pieces), examples(first, pieces), pieces, asked.work)
        for seed in asked.seeds.split(",")
    ]
    kept = [pair for pair in results if pair.part == "weigh"]
    arrays = arrays_of(networks, pieces.rarity)
    digest = save(arrays, weigh(kept, load_verifier(encoder, arrays)), asked.weights)
    print(f"{asked.weights}: set WEIGHTS_SHA256 of rag/relation/verifier.py to\n{digest}")


def _trained(
    seed: int, given: list[Example], first: list[Example], pieces: PieceFile, work: Path
) -> VerifierNetwork:
    """Return the network of a seed, from the work folder where it is finished."""
    kept = work / f"network-{seed}.safetensors"
    if not kept.is_file():
        network = train(given, first, pieces, seed)
        safetensors.torch.save_file(network.state_dict(), kept)
    network = VerifierNetwork()
    network.load_state_dict(safetensors.torch.load_file(kept))
    return network.to(DEVICE)


if __name__ == "__main__":
    main()
