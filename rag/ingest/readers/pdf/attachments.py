"""Files attached to a PDF, as those of a portfolio are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rag.errors import UnreadableSource
from rag.ingest.readers.pdf.opening import DAMAGE, open_pdf
from rag.ingest.shared.zips import BOOK

MAX_ATTACHED = 1_000


def attached_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each file attached to a PDF, none for a damaged one.

    What is larger than a file of one work may be is left out.
    """
    from pypdf.errors import PyPdfError

    try:
        attached = list(open_pdf(path).attachment_list)[:MAX_ATTACHED]
    except (UnreadableSource, PyPdfError, *DAMAGE):
        return
    for file in attached:
        try:
            content = file.content
        except (PyPdfError, *DAMAGE):
            continue
        if len(content) <= BOOK.member:
            yield file.alternative_name or file.name, content
