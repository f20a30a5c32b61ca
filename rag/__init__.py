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
"""The variables that Gradio, huggingface_hub and the like read."""

_SENDERS = ("openvino_telemetry",)
"""Packages that only send statistics. OpenVINO reports every import to an analytics service, with a
lasting number for the user; only a file in the user's home, or the claim to be a test machine,
prevents it. If its sender cannot be imported, it uses a stub that sends nothing."""


def _keep_quiet() -> None:
    """Switch off the libraries' statistics, in this process and its children."""
    os.environ.update(_SWITCHES)
    for name in _SENDERS:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # an import of it fails


_keep_quiet()


_HOMES = {
    "SourceFinder": "rag.finder",
    "SourceFinderError": "rag.errors",
    "build_index": "rag.build.builder",
}
"""The modules of names that are no datatypes. They are imported on demand, so that the command
line's help, or its first page, does not wait for them."""


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

    The index is built at the first call if there is none, and stays open. Filters and errors as in
    `SourceFinder.find_sources`.
    """
    return _default_finder().find_sources(claim, k, **filters)
