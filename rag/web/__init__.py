"""The browser application: a chat, the passages beside it, and the corpus.

from rag.live import LiveFinder
from rag.web import serve
serve(LiveFinder.open())            # http://127.0.0.1:7860, until interrupted
"""

from __future__ import annotations

from rag.web.blocks import build_app
from rag.web.gate import ReaderLimits
from rag.web.guard import is_loopback
from rag.web.server import RunningApp, serve, start

__all__ = ["ReaderLimits", "RunningApp", "build_app", "is_loopback", "serve", "start"]
