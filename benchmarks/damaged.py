"""Read damaged files one after the other, in a process of its own, for `benchmarks.fuzz`."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.fuzz import SEEDS, FuzzResult, damaged, faults_of, numbered, place_of
from rag.datatypes import SkippedFile
from rag.errors import SourceFinderError
from rag.ingest import read_sources
from rag.ingest.ocr import Image, Ocr, OcrLine
from rag.ingest.readers import read_file
from rag.isolation import Send, serve

_REAL_OCR = 25
"""Of so many pictures one is read by the real engine, which takes longer than all the rest."""

_REAL = Ocr()
_TELLS_S = 1.0


class _BadOutcome(AssertionError):
    """A file that did not come out as it must."""


class _Words:
    """An engine that finds the same words on each picture."""

    name = "words"

    def __call__(self, image: Image) -> list[OcrLine]:
        height, width = image.shape
        words = "Gold was found in California, said the governor in 1848."
        return [OcrLine(words, 0, top, width, top + 12, 0.9) for top in range(0, height - 12, 20)]


def _look(folder: Path, ocr: Ocr) -> int:
    """Read a folder as a build does, and return how many documents there are; raises
    `_BadOutcome`."""
    skipped: list[SkippedFile] = []
    documents = 0
    try:
        for document in read_sources([folder], skipped.append, partial(read_file, ocr=ocr)):
            documents += 1
            spans = [*document.excluded, *(place.span for place in document.locators)]
            if any(not 0 <= span.start <= span.end <= len(document.text) for span in spans):
                raise _BadOutcome(f"a place outside of the text of {document.document_id}")
    except SourceFinderError:
        return documents
    except (MemoryError, _BadOutcome):
        raise
    except Exception as error:
        raise _BadOutcome(repr(error)) from error
    return documents


def _used_s() -> float:
    """Return how much of the processor this process and those that it started have used."""
    return sum(os.times()[:4])


def _read_damaged(request: Any, send: Send) -> None:
    """Make and read files from a number on, until so many seconds of the processor were used; at
    least one. `kept`: which of its faults that one has, all by default."""
    kind, seed, first = request["kind"], request["seed"], request["number"]
    path = place_of(Path(request["folder"]), kind)
    quick = Ocr("words", engines={"words": _Words}, installed=lambda _: True)
    originals = [make() for make in SEEDS[kind]]
    result, told = FuzzResult(number=first), 0.0
    began = last = _used_s()
    while True:
        which, inside, faults = faults_of(kind, seed, result.number)
        if "kept" in request:
            faults = [faults[number] for number in request["kept"]]
        numbered(path).write_text(str(result.number))
        path.write_bytes(damaged(originals[which % len(originals)], faults, inside))
        ocr = _REAL if result.number % _REAL_OCR == _REAL_OCR - 1 else quick
        try:
            result.read += bool(_look(path.parent, ocr))
        except _BadOutcome as finding:
            result.found = str(finding)
        result.tried += 1
        now = _used_s()
        if now - last > result.slowest_s and result.number > first:
            result.slowest_s, result.slowest = now - last, result.number
        last, result.seconds = now, now - began
        if result.found or result.seconds >= request["seconds"]:
            break
        if time.monotonic() - told > _TELLS_S:
            send(result.told())
            told = time.monotonic()
        result.number += 1
    send(result.told())


def main() -> None:
    """Read what is asked for until standard input ends. Arguments: how many bytes of memory, and
    how many seconds without a sign of life."""
    serve(lambda _: _read_damaged, int(sys.argv[1]), int(sys.argv[2]), writes=True)
