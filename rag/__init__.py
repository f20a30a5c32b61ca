"""Source Finder: a claim about the past in, cited passages from archives out.

>>> from rag import find_sources
>>> best = find_sources("Monroe told Europe to stay out of the Americas")[0]  # doctest: +SKIP
>>> best.citation  # doctest: +SKIP
"""

from __future__ import annotations

import os
import sys
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.build.builder import build_index
    from rag.datatypes import Answer, BuildReport, Claim, Evidence, Finding, SourceDocument, Span
    from rag.errors import SourceFinderError
    from rag.finder import SourceFinder

__all__ = [
    "Answer",
    "BuildReport",
    "Claim",
    "Evidence",
    "Finding",
    "SourceDocument",
    "SourceFinder",
    "SourceFinderError",
    "Span",
    "build_index",
    "find_sources",
]

_SWITCHES = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "ANONYMIZED_TELEMETRY": "False",
}
"""What Gradio, huggingface_hub and others of their kind look at."""

_SENDERS = ("openvino_telemetry",)
"""Packages that do nothing but send. OpenVINO tells an analytics service of every import, with a
lasting number for the user, and has no setting against it but a file in the user's home or a claim
to be a test machine. Where its sender cannot be imported, it takes a stub that sends nothing."""


def _keep_quiet() -> None:
    """Switch off what the libraries would tell others, in this process and those it starts."""
    os.environ.update(_SWITCHES)
    for name in _SENDERS:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # an import of it fails


_keep_quiet()


_HOMES = {
    "SourceFinder": "rag.finder",
    "SourceFinderError": "rag.errors",
    "build_index": "rag.build.builder",
}
"""Where what is not a datatype is from. All is imported when it is asked for: whoever only wants
the command line's help, or its first page, does not wait for the rest."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "rag.datatypes")), name)


@cache
def _default_finder() -> SourceFinder:
    from rag.finder import SourceFinder

    return SourceFinder.open()


def find_sources(claim: str, k: int = 10, **filters: Any) -> list[Evidence]:
    """Return the `k` passages of the default index nearest to `claim`, best first.

    The index is built at the first call where there is none yet, and stays open.
    Filters and errors as in `SourceFinder.find_sources`.
    """
    return _default_finder().find_sources(claim, k, **filters)
