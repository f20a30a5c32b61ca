"""Pages that were read by OCR, kept until the build that needs them is complete.

A page takes seconds, a long scan half an hour: a build that is cut off in it goes on at the
page where it was.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path

from rag.ingest.ocr.engines import Image, OcrEngine, OcrLine


class Remembering:
    """An engine that reads no image twice: it keeps pages in a folder."""

    def __init__(self, engine: OcrEngine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder
        self.name = engine.name

    def __call__(self, image: Image) -> list[OcrLine]:
        """Return the lines of an image; errors as the engine's."""
        digest = hashlib.sha256(f"{self.name} {image.shape} ".encode())
        digest.update(image.tobytes())
        path = self._folder / f"{digest.hexdigest()[:40]}.json"
        with suppress(OSError, ValueError, TypeError):
            return [OcrLine(*line) for line in json.loads(path.read_text(encoding="utf-8"))]
        lines = self._engine(image)
        with suppress(OSError):  # a full disk: the page is read again another time
            self._folder.mkdir(parents=True, exist_ok=True)
            pending = path.with_suffix(f".{os.getpid()}.pending")
            pending.write_text(json.dumps([astuple(line) for line in lines]), encoding="utf-8")
            pending.replace(path)
        return lines
