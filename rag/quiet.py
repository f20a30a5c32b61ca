"""Keeps libraries from reporting their use to anybody.

What is asked here is nobody's business. `keep_quiet` runs when the package is imported, before
any of these libraries, in every process that the program starts.
"""

from __future__ import annotations

import os
import sys

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


def keep_quiet() -> None:
    """Switch off what the libraries would tell others, in this process and those it starts."""
    os.environ.update(_SWITCHES)
    for name in _SENDERS:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # an import of it fails
