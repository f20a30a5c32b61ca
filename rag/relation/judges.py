"""Which judge the settings ask for. A new one is a class with `judge` and a line here."""

from __future__ import annotations

from collections.abc import Callable

from rag.config import Settings
from rag.embedding.encoder import Encoder
from rag.judging import Judge
from rag.relation.alignment import Weight
from rag.relation.entailment import CrossEncoderEntailment, EntailmentJudge
from rag.relation.learned import load_learned
from rag.relation.rules import RuleJudge


def load_judge(
    settings: Settings, encoder: Encoder, weight: Weight, telling: Callable[[str], bool]
) -> Judge:
    """Return the judge that the project trained, or the entailment model that is set. `weight`
    and `telling`: see `RuleJudge`.

    Raises `ModelError` where the model cannot be loaded or is no entailment model.
    """
    rules = RuleJudge(encoder, weight, telling)
    if settings.entailment:
        return EntailmentJudge(CrossEncoderEntailment(settings.entailment), rules)
    return load_learned(settings, encoder, rules)
