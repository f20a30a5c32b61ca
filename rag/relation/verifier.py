"""The project's own judge: a small network that reads claim and passage, and what can be looked up.

A passage supports a claim where it has all the claim's numbers and times and its probability
reaches a threshold, set on labelled search results so that nine in ten are right. It contradicts
a claim that is in its own words with a number, a time or a denial changed. (By probability alone
it never does: at no threshold were three in four right.) Everything else is left to the reader,
who is told which passages are on the claim's very point.

The verifier reads a claim and a passage together. The word pieces of the two come from the default
embedding model, whatever model the index was built with; the network compares them. `training/`
has the data and the command that made the weights, docs/model-card.md says what they are worth.

Of the network: each piece comes with its vectors from the middle and the end of the embedding
model. The pieces of the claim and of a window of the passage are aligned with each other both ways
by attention, and each is compared with what it is aligned to (decomposable attention, Parikh et
al. 2016, arXiv:1606.01933; ESIM, Chen et al. 2017, arXiv:1609.06038, with a convolution in place
of the LSTM). What a window says is the mean and the maximum over its comparisons; what the passage
says is a mixture over its windows, by how much each has to do with the claim.

The same network is trained by `training/network.py`, in PyTorch; a test compares the two.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.config import DEFAULT_MODEL, Settings
from rag.datatypes import Floats, Reason, Relation, Span, is_on_point
from rag.embedding import Encoder, PieceLayers
from rag.embedding.inference import fingerprint, model_folder, unit
from rag.errors import ModelError
from rag.judging import Judgement, Probabilities, Quotation
from rag.language import is_names_only, sentences, stems, words
from rag.relation.checks import Checked, check

LABELS = ("supports", "partly", "contradicts", "neutral")

_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Pieces:
    """The word pieces of a text.

    `ids`: int64, (pieces,); `middle`, `last`: float32, (pieces, dimension), of unit length;
    `rarity`: float32, (pieces,), 0 to 1.
    """

    ids: NDArray[np.int64]
    middle: Floats
    last: Floats
    rarity: Floats

    @property
    def both(self) -> Floats:
        """The two vectors of each piece in a row, (pieces, 2 * dimension)."""
        return np.concatenate([self.middle, self.last], axis=1)

    def __getitem__(self, rows: NDArray[np.int64]) -> Pieces:
        return Pieces(self.ids[rows], self.middle[rows], self.last[rows], self.rarity[rows])


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a passage says: `labels`, float32, (4,), the probabilities of `LABELS`; `relevance`,
    the probability that it is about the claim's matter; `shares`, float32, (windows,), how much
    each window decides."""

    labels: Floats
    relevance: float
    shares: Floats


class Network:
    """One trained network; `weights` are named as PyTorch names them."""

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        self._weights = weights
        self._width = weights["project.bias"].shape[0]

    def read(
        self, claim: Pieces, passage: Pieces, windows: Sequence[NDArray[np.int64]]
    ) -> Verdicts:
        """Return what a passage says of a claim. `windows`: the passage's pieces that each
        window has, with those of the heading before them."""
        ours, theirs = self._project(claim.both), self._project(passage.both)
        told = np.stack([self._window(claim, ours, passage[w], theirs[w]) for w in windows])
        share = _softmax(told[:, -1])
        labels = share @ _softmax(told[:, : len(LABELS)])
        relevance = 1 / (1 + np.exp(-float(share @ told[:, -2])))
        return Verdicts(labels.astype(np.float32), relevance, share)

    def _window(self, claim: Pieces, ours: Floats, window: Pieces, theirs: Floats) -> Floats:
        """Return the logits of `LABELS`, of relevance and of the window's share."""
        last = claim.last @ window.last.T
        middle = claim.middle @ window.middle.T
        same = (claim.ids[:, None] == window.ids[None, :]).astype(np.float32)
        scores = self._linear("query", ours) @ self._linear("key", theirs).T / np.sqrt(self._width)
        scores = scores + np.exp(self._weights["sharpness"]) * last
        cosines = (last, middle, same)
        on_claim = self._compared(ours, theirs, scores, cosines, claim.rarity)
        turned = tuple(c.T for c in cosines)
        on_window = self._compared(theirs, ours, scores.T, turned, window.rarity)
        weight = claim.rarity / max(float(claim.rarity.sum()), _LEAST)
        best = [c.max(axis=1) for c in cosines]
        scalars = [
            *(float(weight @ b) for b in best),
            float(best[0].mean()),
            float(best[0].min()),
            float(claim.last.sum(axis=0) @ window.last.sum(axis=0)) / last.size,
            len(claim.ids) / 32,
            len(window.ids) / 64,
        ]
        pooled = np.concatenate(
            [weight @ on_claim, on_claim.max(axis=0), on_window.mean(axis=0), on_window.max(axis=0)]
        )
        joined = np.concatenate([pooled, np.array(scalars, np.float32)])
        return self._linear("out", _gelu(self._linear("join", joined)))

    def _compared(
        self,
        x: Floats,
        other: Floats,
        scores: Floats,
        cosines: tuple[Floats, ...],
        rarity: Floats,
    ) -> Floats:
        """Return each piece of `x` compared with what it is aligned to, (pieces, width)."""
        attention = _softmax(scores)
        aligned = attention @ other
        last, middle, same = cosines
        told = [last.max(1), middle.max(1), same.max(1), rarity, (attention * last).sum(1)]
        told.append(attention.max(1))
        whole = np.concatenate(
            [x, aligned, np.abs(x - aligned), x * aligned, np.stack(told, axis=1)], axis=1
        )
        compared = _gelu(self._linear("compare", whole))
        return compared + _gelu(self._convolved(compared))

    def _convolved(self, x: Floats) -> Floats:
        """Return a convolution over each piece and its two neighbours."""
        kernel = self._weights["mix.weight"]  # (out, in, 3)
        padded = np.pad(x, ((1, 1), (0, 0)))
        parts = [padded[i : i + len(x)] @ kernel[:, :, i].T for i in range(3)]
        whole: Floats = parts[0] + parts[1] + parts[2] + self._weights["mix.bias"]
        return whole

    def _project(self, x: Floats) -> Floats:
        """Return the pieces in the network's own width, each row normalised."""
        y = self._linear("project", x)
        y = y - y.mean(axis=1, keepdims=True)
        y = y / np.sqrt((y * y).mean(axis=1, keepdims=True) + np.float32(1e-5))
        normal: Floats = y * self._weights["norm.weight"] + self._weights["norm.bias"]
        return normal

    def _linear(self, name: str, x: Floats) -> Floats:
        y: Floats = x @ self._weights[f"{name}.weight"].T
        bias = self._weights.get(f"{name}.bias")
        return y if bias is None else y + bias


def _softmax(x: Floats) -> Floats:
    raised = np.exp(x - x.max(axis=-1, keepdims=True))
    shares: Floats = raised / raised.sum(axis=-1, keepdims=True)
    return shares


_GELU = math.sqrt(2 / math.pi)
_GELU_CUBED = 0.044715 * _GELU


def _gelu(x: Floats) -> Floats:
    """Return the Gaussian error linear unit in its tanh form (Hendrycks and Gimpel 2016)."""
    y: Floats = x * x
    y *= _GELU_CUBED
    y += _GELU
    y *= x
    np.tanh(y, out=y)
    y += 1
    y *= x
    y *= 0.5
    return y


WEIGHTS = "verifier.safetensors"
WEIGHTS_SHA256 = "e1b0eb824b9c88629e61cbaf556f0c3c93111a7828df8c0a6fbcd8223c3b6a98"

_WINDOW_PIECES = 60
"""Word pieces that a window of whole sentences has at most; a longer sentence is one by itself."""

_LONGEST_WINDOW, _STEP = 96, 64
"""Of a sentence longer than `_LONGEST_WINDOW` pieces there are several windows, `_STEP` apart."""

WINDOWS_READ = 3
"""Windows of a passage that are read, those with most of the claim."""

MOST_CLAIM_PIECES = 64

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the verifier makes of a passage, probabilities 0 to 1.

    `supports`, `partly`, `contradicts` and `neutral` add up to 1; `relevance`: that it is about
    the claim's matter. `likeness`: the cosine of claim and window, `coverage`: over the claim's
    pieces, weighted by rarity, the mean of each one's best cosine in it; both of the window
    where they are highest. `span`: the words of the passage that decide.
    """

    supports: float
    partly: float
    contradicts: float
    neutral: float
    relevance: float
    likeness: float
    coverage: float
    span: Span


class Verifier:
    """Reads claims and passages. Safe to share by threads."""

    def __init__(self, encoder: Encoder, networks: Sequence[Network], rarity: Floats) -> None:
        self._encoder = encoder
        self._networks = networks
        self._rarity = rarity

    def read(self, claims: Sequence[str], quotations: Sequence[Quotation]) -> list[Reading]:
        """Return what each quotation's passage says of the claim that is beside it, in order."""
        texts = [heading_of(quotation) + quotation.passage for quotation in quotations]
        different = list(dict.fromkeys(claims))
        asked = dict(
            zip(different, map(self._asked, self._encoder.encode_layers(different)), strict=True)
        )
        return [
            self._read(asked[claim], quotation, layers)
            for claim, quotation, layers in zip(
                claims, quotations, self._encoder.encode_layers(texts), strict=True
            )
        ]

    def _asked(self, layers: PieceLayers) -> Pieces:
        return self._pieces(layers)[np.arange(min(len(layers.ids), MOST_CLAIM_PIECES))]

    def _read(self, claim: Pieces, quotation: Quotation, layers: PieceLayers) -> Reading:
        if not len(claim.ids):
            return Reading(0, 0, 0, 1, 0, 0, 0, Span(0, len(quotation.passage)))
        front = len(heading_of(quotation))
        head, cuts = windows(quotation.passage, front, layers.starts)
        passage = self._pieces(layers)
        cuts = telling(claim, passage, head, cuts)
        rows = [np.concatenate([np.arange(head), np.arange(a, b)]) for a, b in cuts]
        told = [network.read(claim, passage, rows) for network in self._networks]
        labels = np.mean([verdict.labels for verdict in told], axis=0)
        decides = int(np.mean([verdict.shares for verdict in told], axis=0).argmax())
        supports, partly, contradicts, neutral = labels.tolist()
        return Reading(
            supports,
            partly,
            contradicts,
            neutral,
            relevance=float(np.mean([verdict.relevance for verdict in told])),
            likeness=max(likeness(claim, passage, a, b) for a, b in cuts),
            coverage=max(coverage(claim, passage, a, b) for a, b in cuts),
            span=_span(quotation.passage, front, layers.starts, cuts[decides]),
        )

    def _pieces(self, layers: PieceLayers) -> Pieces:
        return Pieces(layers.ids, unit(layers.middle), unit(layers.last), self._rarity[layers.ids])


def heading_of(quotation: Quotation) -> str:
    """Return what is read in front of a passage: who, what, when."""
    parts = (quotation.creator, quotation.title, quotation.date)
    return ", ".join(part for part in parts if part)[:120] + ". " if any(parts) else ""


def windows(passage: str, front: int, starts: Rows) -> tuple[int, list[tuple[int, int]]]:
    """Return how many pieces are the heading's, and the windows of the passage.

    `front`: how long the heading is; `starts`: where each piece begins in heading and passage.
    A window is a run of pieces, first and last (left out): whole sentences, `_WINDOW_PIECES`
    together, overlapping by all but the first.
    """
    head = int(np.searchsorted(starts, front))
    begun = {int(np.searchsorted(starts, front + s.start)) for s in sentences(passage)}
    bounds = sorted({head, *(b for b in begun if b >= head), max(len(starts), head + 1)})
    found: list[tuple[int, int]] = []
    for first in range(len(bounds) - 1):
        last = first + 1
        while last < len(bounds) - 1 and bounds[last + 1] - bounds[first] <= _WINDOW_PIECES:
            last += 1
        a, b = bounds[first], bounds[last]
        if found and found[-1][1] >= b:
            continue
        while b - a > _LONGEST_WINDOW:
            found.append((a, a + _LONGEST_WINDOW))
            a += _STEP
        found.append((a, b))
    return head, found


def telling(
    claim: Pieces, passage: Pieces, head: int, cuts: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the `WINDOWS_READ` windows that, with the heading, have most of the claim: over its
    pieces, the best cosine, weighted by rarity."""
    if len(cuts) <= WINDOWS_READ:
        return cuts
    cosines = claim.last @ passage.last.T
    front = cosines[:, :head].max(axis=1, initial=-1.0)
    worth = [float(claim.rarity @ np.maximum(front, cosines[:, a:b].max(axis=1))) for a, b in cuts]
    return [cuts[i] for i in sorted(np.argsort(worth)[::-1][:WINDOWS_READ])]


def likeness(claim: Pieces, passage: Pieces, first: int, last: int) -> float:
    """Return the cosine of a claim and a window of a passage, each the mean of its pieces."""
    ours, theirs = claim.last.mean(axis=0), passage.last[first:last].mean(axis=0)
    return float(ours @ theirs / (np.linalg.norm(ours) * np.linalg.norm(theirs) + 1e-9))


def coverage(claim: Pieces, passage: Pieces, first: int, last: int) -> float:
    """Return how much of a claim a window of a passage has: the mean of each piece's best cosine,
    weighted by rarity."""
    best = (claim.last @ passage.last[first:last].T).max(axis=1)
    return float(claim.rarity @ best / (claim.rarity.sum() + 1e-9))


def _span(passage: str, front: int, starts: Rows, window: tuple[int, int]) -> Span:
    """Return the sentences of the passage that a window has, or has a part of."""
    first, last = window
    begin = int(starts[first]) - front if first < len(starts) else 0
    end = int(starts[last]) - front if last < len(starts) else len(passage)
    read = Span(max(begin, 0), max(end, begin + 1, 1))
    inside = [span for span in sentences(passage) if span.overlaps(read)]
    return Span(inside[0].start, inside[-1].end) if inside else Span(0, len(passage))


def load_verifier(encoder: Encoder, arrays: Mapping[str, NDArray[Any]]) -> Verifier:
    """Return the verifier that `arrays` (see `read_weights`) hold. `encoder`: the default model."""
    numbers = sorted({name.partition(".")[0] for name in arrays if name[0].isdigit()})
    networks = [
        Network(
            {
                name.partition(".")[2]: array.astype(np.float32)
                for name, array in arrays.items()
                if name.startswith(f"{number}.")
            }
        )
        for number in numbers
    ]
    return Verifier(encoder, networks, arrays["rarity"].astype(np.float32))


def read_weights() -> dict[str, Floats]:
    """Return the arrays that are installed with the package, by name.

    Raises `ModelError` where they are not those of this version.
    """
    from safetensors.numpy import load

    content = (resources.files("rag.relation") / WEIGHTS).read_bytes()
    if hashlib.sha256(content).hexdigest() != WEIGHTS_SHA256:
        raise ModelError(
            f"The verifier's weights ({WEIGHTS}) are not those of this version: the file was "
            "altered. Install the package again."
        )
    arrays: dict[str, Floats] = load(content)
    return arrays


FEATURES = (
    "supports", "partly", "contradicts", "relevance", "likeness", "coverage",
    "numbers agree", "numbers differ", "numbers missing",
    "dates agree", "dates differ", "dates missing",
    "names agree", "names missing", "by the speaker",
)  # fmt: skip
"""What the probabilities are weighed from: the verifier's reading, and what can be looked up.
`training/weigh.py` fits the weights. The search's score adds nothing, and means something else in
a small index."""

_WEIGHED = ("supports", "contradicts", "bears")
"""What is weighed."""

_SURE = ("supports", "contradicts")
"""For what there is a probability from which on it is said."""

_MISQUOTED = 0.95
"""How likely a passage contradicts a claim in its own words with a number, a time or a denial
changed: of 180 sentences changed by a program 163 were called so, of 60 unchanged ones none
(`python -m benchmarks.perturbations`)."""


class LearnedJudge:
    """Judges by the verifier and by what in a claim can be looked up.

    `weights`: for each of `_WEIGHED` those of `FEATURES`, and the intercept at last. `sure`: from
    which probability on a passage supports or contradicts a claim.
    """

    def __init__(
        self, verifier: Verifier, weights: Mapping[str, Floats], sure: Mapping[str, float]
    ) -> None:
        self._verifier = verifier
        self._weights = weights
        self._sure = sure

    def judge(self, claim: str, quotations: Sequence[Quotation]) -> list[Judgement]:
        """Return a judgement of each quotation, in order."""
        checks = [check(claim, quotation) for quotation in quotations]
        readings = self._verifier.read([checked.unproven for checked in checks], quotations)
        return list(map(self._judgement, quotations, checks, readings))

    def _judgement(self, quotation: Quotation, checked: Checked, reading: Reading) -> Judgement:
        told = features(reading, checked)
        likely = {
            name: float(1 / (1 + np.exp(-(weights[:-1] @ told + weights[-1]))))
            for name, weights in self._weights.items()
        }
        relation = self._relation(likely, checked)
        if relation == "contradicts" and checked.misquoted:
            likely |= {"supports": 1 - _MISQUOTED, "contradicts": _MISQUOTED}
        on_point = is_on_point(likely["supports"], likely["contradicts"])
        return Judgement(
            relation,
            Probabilities(*(likely[name] for name in _WEIGHED)),
            reasons_of(relation, checked),
            _decisive(
                checked.unproven,
                quotation,
                reading.span,
                decides=relation != "context" or on_point,
            ),
        )

    def _relation(self, likely: Mapping[str, float], checked: Checked) -> Relation:
        if likely["supports"] >= self._sure["supports"] and not checked.objections:
            return "supports"
        if checked.misquoted:
            return "contradicts"
        least = max(likely["supports"], self._sure["contradicts"])
        return "contradicts" if likely["contradicts"] >= least else "context"


_MOST_QUOTED = 5
"""The most sentences of a quotation that joins the likest words and the deciding ones. Of 160
results whose deciding words were marked by reading, .92 of those that support their claim and .75
of those that contradict it are then quoted whole, instead of .80 and .65, for a fifth more
characters."""

_SAYS_ENOUGH = 0.8
"""A quotation with this share of the claim's stems is quoted as it is: of the same 160 results as
many are quoted whole."""


def _decisive(claim: str, quotation: Quotation, read: Span, *, decides: bool) -> Span | None:
    """Return the words to quote, None for those of the quotation.

    These are the quotation's words (the likest ones) together with those that the verifier `read`
    as deciding, unless they already say enough or the two are too far apart. In the latter case
    they are the deciding ones alone if the passage `decides` the claim.
    """
    quoted = quotation.span
    if quoted is not None:
        asked = set(stems(words(claim)))
        if len(asked & set(stems(words(quotation.text)))) >= _SAYS_ENOUGH * max(len(asked), 1):
            return None
        both = Span(min(quoted.start, read.start), max(quoted.end, read.end))
        inside = [
            sentence
            for sentence in sentences(quotation.passage)
            if sentence.overlaps(both)
            and (sentence.overlaps(quoted) or not is_names_only(quotation.passage, sentence))
        ]
        if len(inside) <= _MOST_QUOTED:
            starts, ends = [s.start for s in inside], [s.end for s in inside]
            return Span(min(quoted.start, *starts), max(quoted.end, *ends))
    if not decides:
        return None
    return quoted if quoted is not None and quoted.overlaps(read) else read


def reasons_of(relation: Relation, checked: Checked) -> tuple[Reason, ...]:
    """Return what of a claim could be looked up and is told of a judgement, each thing once; a name
    of which words are missing is missing."""
    found = checked.agrees
    if relation != "supports":
        found = (*checked.differs, *checked.missing, *checked.agrees)
    once: dict[tuple[str, str], Reason] = {}
    for reason in found:
        if reason not in checked.untold:
            once.setdefault((reason.aspect, reason.claim), reason)
    proposed = checked.proposed if relation == "context" else ""
    draft = (Reason("proposed", "", proposed, False),) if proposed else ()
    return (*once.values(), *draft)


def load_learned(settings: Settings, encoder: Encoder) -> LearnedJudge:
    """Return the judge that is installed with the package. `encoder`: the index's; the default
    model is loaded beside it only where it is another one.

    Raises `ModelError` where the weights were altered.
    """
    arrays = read_weights()
    if encoder.fingerprint != fingerprint(model_folder(DEFAULT_MODEL, settings)):
        encoder = Encoder.load(DEFAULT_MODEL, settings)
    return LearnedJudge(
        load_verifier(encoder, arrays),
        {name: arrays[f"weights.{name}"] for name in _WEIGHED},
        {name: float(arrays[f"sure.{name}"]) for name in _SURE},
    )


def features(reading: Reading, checked: Checked) -> Floats:
    """Return `FEATURES` of a claim and a quotation, float32."""
    numbers, dates, names = (checked.count(aspect) for aspect in ("number", "date", "name"))
    return np.array(
        [
            _logit(reading.supports),
            _logit(reading.partly),
            _logit(reading.contradicts),
            _logit(reading.relevance),
            reading.likeness,
            reading.coverage,
            *np.minimum(numbers, 2),
            *np.minimum(dates, 1),
            min(names[0], 3),
            min(names[2], 3),
            checked.by_speaker,
        ],
        dtype=np.float32,
    )


def _logit(probability: float) -> float:
    clipped = min(max(probability, 1e-4), 1 - 1e-4)
    return float(np.log(clipped / (1 - clipped)))
