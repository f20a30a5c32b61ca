"""Texts embedded a second with threads bound to cores and free, alone and beside busy programs.

    python -m benchmarks.threads [--busy 2] [--seconds 5]

OpenVINO binds its threads by default: the plain alternative. Each setting has a process of its
own, for the binding lasts as long as its process.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

import numpy as np

from rag.config import Settings
from rag.embedding.inference import fingerprint, load_transformer, model_folder

BATCH, LENGTH = 16, 120
ROUNDS = 2


def texts_per_second(bound: bool, seconds: float) -> float:
    """Return how many texts of `LENGTH` pieces are embedded in a second, `BATCH` at once."""
    import openvino

    folder, settings = model_folder("default"), Settings.from_environment()
    digest = fingerprint(folder)
    load_transformer(folder, digest, settings)  # converts the model where that was not done
    kept = settings.cache / "openvino" / f"{digest[:16]}-{openvino.__version__[:8]}"
    hints = {
        "INFERENCE_PRECISION_HINT": "bf16",
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": bound,
    }
    model = openvino.Core().compile_model(str(kept / "model.xml"), "CPU", hints)
    ids = np.random.default_rng(0).integers(1000, 20_000, (BATCH, LENGTH)).astype(np.int64)
    request = model.create_infer_request()
    request.infer([ids, np.ones_like(ids)])
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        request.infer([ids, np.ones_like(ids)])
        done += BATCH
    return done / (time.perf_counter() - started)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--busy", type=int, default=2, help="busy programs beside")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--bound", choices=["yes", "no"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.bound:
        print(f"{texts_per_second(given.bound == 'yes', given.seconds):.1f}")
        return
    print(f"{os.cpu_count()} cores; texts a second, by turns")
    for busy in (0, given.busy):
        others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
        try:
            for _ in range(ROUNDS):
                rates = {bound: _measured(bound, given.seconds) for bound in ("yes", "no")}
                print(f"beside {busy} busy programs: bound {rates['yes']}, free {rates['no']}")
        finally:
            for other in others:
                other.kill()
                other.wait()


def _measured(bound: str, seconds: float) -> str:
    command = [sys.executable, "-m", "benchmarks.threads", "--bound", bound]
    command += ["--seconds", str(seconds)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
