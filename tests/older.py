"""An index as an older version wrote it."""

from __future__ import annotations

import json
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import faiss
import numpy as np

from rag.embedding import Encoder, embedding_input
from rag.index import MANIFEST, Manifest
from rag.index.store import Store


def write_as_format_3(generation: Path, encoder: Encoder) -> None:
    """Write what a generation holds as format 3 had it: sentences in 16 bits, a code with a bit
    for every dimension for each word piece, plain texts."""
    store = Store(generation / "sources.sqlite")
    inputs = [
        embedding_input(encoder, *store.passage(row)) for row in range(int(store.row_bounds[-1]))
    ]
    store.close()
    pieces = encoder.encode_layers([item.text for item in inputs])
    codes = [np.packbits(one.last > 0, axis=1) for one in pieces]
    (generation / "codes.bin").write_bytes(b"".join(one.tobytes() for one in codes))
    np.save(generation / "code_rows.npy", np.cumsum([0, *map(len, codes)]))
    starts = [
        np.searchsorted(one.starts, [span.start for span in item.sentences])
        for one, item in zip(pieces, inputs, strict=True)
    ]
    np.save(generation / "sentence_starts.npy", np.concatenate(starts).astype(np.int32))
    vectors = [found.sentences for found in encoder.encode_passages(inputs)]
    index = faiss.IndexScalarQuantizer(
        encoder.dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    index.add(np.concatenate(vectors).astype(np.float32))
    faiss.write_index(index, str(generation / "sentences.faiss"))
    with closing(sqlite3.connect(generation / "sources.sqlite")) as db, db:
        db.create_function("plain", 1, zlib.decompress)
        db.execute("UPDATE documents SET text = plain(text)")
    say_format(generation, 3)


def say_format(generation: Path, number: int) -> None:
    """Let the manifest name a format, with the hashes of the files as they are."""
    written = json.loads((generation / MANIFEST).read_text()) | {"format": number}
    Manifest(**{name: value for name, value in written.items() if name != "checksum"}).write(
        generation
    )
