"""The verifier's network, for training: `rag.relation.verifier` runs the same one without torch.

Pieces of a claim and of a window of a passage, each with its vectors from the middle and the end
of the embedding model, are projected, aligned with each other both ways by attention, and each is
compared with what it is aligned to (decomposable attention, Parikh et al. 2016, arXiv:1606.01933;
ESIM, Chen et al. 2017, arXiv:1609.06038, with a convolution in place of the LSTM). What a window
says is the mean and the maximum over its comparisons; what a passage says is a mixture over its
windows, by how much each has to do with the claim.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rag.relation.verifier import LABELS

WIDTH = 96
SCALARS = 8


@dataclass
class Batch:
    """Pairs of a claim and a passage, padded.

    `claim`: (pairs, m, 768), `claim_mask`: (pairs, m), `claim_rarity`, `claim_ids` likewise; the
    same of the `passage`. `windows`: (pairs, windows, n), the numbers of the passage's pieces that
    each window has, those of the heading first, -1 for none.
    """

    claim: Tensor
    claim_ids: Tensor
    claim_rarity: Tensor
    passage: Tensor
    passage_ids: Tensor
    passage_rarity: Tensor
    windows: Tensor


class VerifierNetwork(nn.Module):
    """Returns log-probabilities of `LABELS` (pairs, 4), relevance logits (pairs,) and the
    logarithm of each window's share (pairs, windows)."""

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__()
        self.project = nn.Linear(768, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.query = nn.Linear(WIDTH, WIDTH)
        self.key = nn.Linear(WIDTH, WIDTH, bias=False)
        self.sharpness = nn.Parameter(torch.tensor(math.log(10.0)))
        self.compare = nn.Linear(4 * WIDTH + 6, WIDTH)
        self.mix = nn.Conv1d(WIDTH, WIDTH, 3, padding=1)
        self.join = nn.Linear(4 * WIDTH + SCALARS, WIDTH)
        self.out = nn.Linear(WIDTH, len(LABELS) + 2)
        self.drop = nn.Dropout(dropout)

    def forward(self, b: Batch) -> tuple[Tensor, Tensor, Tensor]:
        c, p = self._projected(b.claim), self._projected(b.passage)
        pairs, count, size = b.windows.shape
        at = b.windows.clamp(min=0).reshape(pairs, -1)
        valid = b.windows.reshape(pairs * count, size) >= 0

        rows = (torch.arange(pairs)[:, None] * b.passage.shape[1] + at).reshape(-1)

        def windowed(x: Tensor) -> Tensor:
            """Return what belongs to each piece of each window, (pairs * windows, n, ...)."""
            flat = x.reshape(pairs * x.shape[1], *x.shape[2:]).index_select(0, rows)
            return flat.reshape(pairs * count, size, *x.shape[2:])

        def repeated(x: Tensor) -> Tensor:
            return x.repeat_interleave(count, 0)

        def cosines(part: slice) -> Tensor:
            whole = b.passage[..., part] @ b.claim[..., part].transpose(1, 2)
            return windowed(whole).transpose(1, 2)

        keys, ids = windowed(p), windowed(b.passage_ids)
        rare, ok = windowed(b.passage_rarity), valid
        claim, claim_ok = repeated(c), repeated(b.claim_ids >= 0)
        claim_rare, claim_ids = repeated(b.claim_rarity), repeated(b.claim_ids)
        middle, last = cosines(slice(None, 384)), cosines(slice(384, None))
        same = (claim_ids[:, :, None] == ids[:, None, :]).float()
        scores = self.query(claim) @ self.key(keys).transpose(1, 2) / math.sqrt(WIDTH)
        scores = scores + self.sharpness.exp() * last
        both = claim_ok[:, :, None] & ok[:, None, :]
        hidden = scores.masked_fill(~both, -1e4)
        to_passage = hidden.softmax(2)
        to_claim = hidden.transpose(1, 2).softmax(2)
        last, middle = last.masked_fill(~both, -1.0), middle.masked_fill(~both, -1.0)
        same = same * both

        def side(
            x: Tensor, other: Tensor, attention: Tensor, axis: int, rarity: Tensor, mask: Tensor
        ) -> Tensor:
            aligned = attention @ other
            told = torch.stack(
                [
                    last.amax(axis),
                    middle.amax(axis),
                    same.amax(axis),
                    rarity,
                    (attention * (last if axis == 2 else last.transpose(1, 2)).clamp(min=-1)).sum(
                        2
                    ),
                    attention.amax(2),
                ],
                -1,
            )
            v = self.drop(
                _gelu(
                    self.compare(
                        torch.cat([x, aligned, (x - aligned).abs(), x * aligned, told], -1)
                    )
                )
            )
            v = v * mask[..., None]
            v = v + _gelu(self.mix(v.transpose(1, 2)).transpose(1, 2))
            return v * mask[..., None]

        on_claim = side(claim, keys, to_passage, 2, claim_rare, claim_ok)
        on_passage = side(keys, claim, to_claim, 1, rare, ok)
        weight = claim_rare * claim_ok
        weight = weight / weight.sum(1, keepdim=True).clamp(min=1e-6)
        best_last, best_middle, best_same = last.amax(2), middle.amax(2), same.amax(2)
        scalars = torch.stack(
            [
                (weight * best_last).sum(1),
                (weight * best_middle).sum(1),
                (weight * best_same).sum(1),
                _masked_mean(best_last, claim_ok),
                best_last.masked_fill(~claim_ok, 1.0).amin(1),
                (last * both).sum((1, 2)) / (claim_ok.sum(1) * ok.sum(1)).clamp(min=1),
                claim_ok.sum(1) / 32,
                ok.sum(1) / 64,
            ],
            -1,
        )
        weighted = (on_claim * weight[..., None]).sum(1)
        ok_f = ok.float()
        pooled = torch.cat(
            [
                weighted,
                on_claim.masked_fill(~claim_ok[..., None], -1e4).amax(1),
                (on_passage * ok_f[..., None]).sum(1) / ok_f.sum(1, keepdim=True).clamp(min=1),
                on_passage.masked_fill(~ok[..., None], -1e4).amax(1),
                scalars,
            ],
            -1,
        )
        out = self.out(self.drop(_gelu(self.join(self.drop(pooled))))).reshape(pairs, count, -1)
        there = valid.any(1).reshape(pairs, count)
        share = out[..., -1].masked_fill(~there, -1e4).log_softmax(1)
        labels = (share[..., None] + out[..., : len(LABELS)].log_softmax(2)).logsumexp(1)
        relevance = (share.exp() * out[..., -2]).sum(1)
        return labels, relevance, share

    def _projected(self, x: Tensor) -> Tensor:
        return self.drop(self.norm(self.project(x)))


def _masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    return (x * mask).sum(1) / mask.sum(1).clamp(min=1)


def _gelu(x: Tensor) -> Tensor:
    return F.gelu(x, approximate="tanh")
