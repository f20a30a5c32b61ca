"""A process that reads files for another one: `main()`, started by `workers`.

A request is a path and a collection; the answer is the documents and problems of the file as they
are read, and the places that were reached.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

from rag.datatypes import Collection, SourceDocument, to_jsonable
from rag.ingest.ocr.engines import Ocr
from rag.ingest.registry import read_file
from rag.isolation.child import Answer, Send, listen, serve
from rag.typed_json import from_jsonable

PLACE, DOCUMENT, PROBLEM = "place", "document", "problem"


def main() -> None:
    """Read files until standard input ends.

    Arguments: how many bytes of memory, how many seconds without a sign of life, which OCR, and
    the folder where pages that it read are kept, "" for nowhere.
    """
    memory_bytes, stall_s, choice, pages = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:5]
    ocr = Ocr(choice, Path(pages) if pages else None)

    def begin(send: Send) -> Answer:
        listen(lambda place: send({PLACE: place}))
        return partial(_read, ocr)

    serve(begin, memory_bytes, stall_s, writes=True)  # pages read by OCR


def _read(ocr: Ocr, request: Any, send: Send) -> None:
    path, collection = Path(request["path"]), from_jsonable(Collection, request["collection"])
    for item in read_file(path, collection, ocr):
        kind = DOCUMENT if isinstance(item, SourceDocument) else PROBLEM
        send({kind: to_jsonable(item)})
