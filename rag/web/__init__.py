"""The browser application: a chat that answers a claim with passages and citations.

    from rag.web import serve
    serve(finder)            # http://127.0.0.1:7860, until interrupted

`finder` is anything that fits the `Finder` protocol, such as a `rag.SourceFinder`.
"""

from __future__ import annotations

from rag.web.blocks import RunningApp, build_app, serve, start
from rag.web.chat import Finder
from rag.web.endpoints import is_loopback

__all__ = ["Finder", "RunningApp", "build_app", "is_loopback", "serve", "start"]
