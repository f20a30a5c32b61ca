"""Which judge the settings ask for. A new one is a class with `judge` and a line here."""

from __future__ import annotations

from rag.config import Settings
from rag.embedding.encoder import Encoder
from rag.judging import Judge
from rag.relation.entailment import CrossEncoderEntailment, EntailmentJudge
from rag.relation.learned import load_learned


def load_judge(settings: Settings, encoder: Encoder) -> Judge:
    """Return the judge that the project trained, or beside it the entailment model that is set.

    Raises `ModelError` where the model cannot be loaded or is no entailment model.
    """
    learned = load_learned(settings, encoder)
    if settings.entailment:
        return EntailmentJudge(CrossEncoderEntailment(settings.entailment), learned)
    return learned
