"""Reading a page's image: the engines that can, behind one Protocol.

RapidOCR is the default: it comes with the install, its models are in its wheel, no network
is used, and it reads what archives hold. Tesseract is better on clean print (word error rate
.010 to .028 against .025 to .053) and twice as fast, but loses most of a worn typescript (.77
against .16) or of a faded real one (`python -m benchmarks.ocr --only truth`).
`SOURCE_FINDER_OCR` chooses: auto, rapidocr, tesseract or off.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.errors import SourceError, UnreadableSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Image = NDArray[np.uint8]
"""A page in grey, 0 black to 255 white, shape (height, width)."""

_VARIABLE = "SOURCE_FINDER_OCR"
RESOLUTION_DPI = 150
"""What pages are rendered at. RapidOCR, mean word error rate on noisy made-up scans at
120, 150 and 200 dpi: .052, .082, .162 (specks melt away in a coarser image); words missed on
a clean typescript at 110, 150, 200 and 300 dpi: .036, .015, .009, .012. Tesseract does not
care between 150 and 300."""

_HOW_TO_INSTALL = "pip install rapidocr onnxruntime, or install Tesseract (tesseract-ocr)"

# Below this the engine guesses at specks, rules and signatures.
_MIN_CONFIDENCE = 0.5
# OpenVINO keeps what it made for every width of line it has seen: 1.9 GB after 23 pages. A
# new reader is made in 0.03 s and gives that back: this way the most is 1.3 GB on pages of
# letter size and 2.0 GB on longer ones, however many there are.
_RENEW_AFTER = 8
_TESSERACT_TIMEOUT_S = 120
"""Less than a reader may take: the page is lost, not the file."""


@dataclass(frozen=True, slots=True)
class OcrLine:
    """A line, or a piece of one, as an engine found it; the box is in pixels."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float
    """0 to 1, the engine's own estimate."""
    slope: float = 0.0
    """How far lines fell, in pixels down for each pixel to the right, before the box was laid
    straight: at `x` the box stood `slope * x` lower."""


class OcrEngine(Protocol):
    """Finds the lines on a page's image, in any order.

    Raises `UnreadableSource` if it fails on the image.
    """

    @property
    def name(self) -> str: ...

    def __call__(self, image: Image) -> list[OcrLine]: ...


class RapidOcr:
    """RapidOCR with the models of its wheel, run by OpenVINO or ONNX Runtime."""

    name = "rapidocr"

    def __init__(self, renew_after: int = _RENEW_AFTER) -> None:
        self._reader = self._new_reader()
        self._renew_after = renew_after
        self._images_read = 0

    @staticmethod
    def _new_reader() -> Callable[[Image], Any]:
        from rapidocr import EngineType, RapidOCR

        models = _rapidocr_models()
        assert models is not None, "`Ocr.engine` looks first"
        # Measured at 200 dpi: 3.2 s a page with OpenVINO, 8.3 s with ONNX Runtime, same errors.
        runtime = EngineType.OPENVINO if find_spec("openvino") else EngineType.ONNXRUNTIME
        settings: dict[str, Any] = {
            "Global.log_level": "critical",
            # Pages are rendered at the size that is to be read.
            "Global.max_side_len": 6000,
            # It turns lines that stand on their heads, and costs a model run for each line.
            "Global.use_cls": False,
        }
        for part, path in models.items():
            settings[f"{part}.engine_type"] = runtime
            # With a path given nothing is looked for elsewhere, let alone downloaded.
            settings[f"{part}.model_path"] = str(path)
        reader: Callable[[Image], Any] = RapidOCR(params=settings)
        return reader

    def __call__(self, image: Image) -> list[OcrLine]:
        if self._images_read == self._renew_after:
            self._reader, self._images_read = self._new_reader(), 0
        self._images_read += 1
        try:
            found = self._reader(np.repeat(image[:, :, None], 3, axis=2))
        except Exception as error:
            # OpenCV, the runtime and the package have each their own, without a common base.
            raise UnreadableSource(f"OCR (rapidocr) failed: {error}") from error
        if found.boxes is None or found.txts is None:
            return []
        boxes, slope = _straightened(np.asarray(found.boxes, dtype=float))
        return [
            replace(line, slope=slope)
            for line in map(_straight_line, boxes, found.txts, found.scores)
            if line.confidence >= _MIN_CONFIDENCE
        ]


class Tesseract:
    """The `tesseract` program, with the languages that it takes by default."""

    name = "tesseract"

    def __call__(self, image: Image) -> list[OcrLine]:
        height, width = image.shape
        picture = b"P5 %d %d 255\n" % (width, height) + image.tobytes()
        command = ["tesseract", "-", "-", "--dpi", str(RESOLUTION_DPI), "--psm", "3", "tsv"]
        try:
            run = subprocess.run(  # noqa: S603 - a fixed command, no shell
                command,
                input=picture,
                capture_output=True,
                timeout=_TESSERACT_TIMEOUT_S,
                check=True,
                # Its threads make it slower: they wait for each other more than they work.
                env={**os.environ, "OMP_THREAD_LIMIT": "1"},
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise UnreadableSource(f"OCR (tesseract) failed: {error}") from error
        return _lines_of_table(run.stdout.decode("utf-8", "replace"))


class Remembering:
    """An engine that reads no image twice: it keeps pages in a folder.

    A page takes seconds, a long scan half an hour: a build that is cut off in it goes on at the
    page where it was. `reader`: a name, which no other process has, under which it says which page
    it is at, so that one which ends its process can be given up (`give_up_page`).
    """

    def __init__(self, engine: OcrEngine, folder: Path, reader: str = "") -> None:
        self._engine = engine
        self._folder = folder
        self._under_way = folder / f"{reader}{_UNDER_WAY}" if reader else None
        self.name = engine.name

    def __call__(self, image: Image) -> list[OcrLine]:
        """Return the lines of an image; errors as the engine's, also for one that is given up."""
        digest = hashlib.sha256(f"{self.name} {image.shape} ".encode())
        digest.update(image.tobytes())
        page = digest.hexdigest()[:40]
        path = self._folder / f"{page}.json"
        with suppress(OSError, ValueError, TypeError):
            return [OcrLine(*line) for line in json.loads(path.read_text(encoding="utf-8"))]
        with suppress(OSError):
            raise UnreadableSource((self._folder / f"{page}{_GIVEN_UP}").read_text("utf-8"))
        with self._said_to_be_at(page):
            lines = self._engine(image)
        with suppress(OSError):  # a full disk: the page is read again another time
            self._folder.mkdir(parents=True, exist_ok=True)
            pending = path.with_suffix(f".{os.getpid()}.pending")
            pending.write_text(json.dumps([astuple(line) for line in lines]), encoding="utf-8")
            pending.replace(path)
        return lines

    @contextmanager
    def _said_to_be_at(self, page: str) -> Iterator[None]:
        if self._under_way is None:
            yield
            return
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._under_way.write_text(page, encoding="utf-8")
        try:
            yield
        finally:
            with suppress(OSError):
                self._under_way.unlink()


def give_up_page(folder: Path, reader: str, why: str) -> bool:
    """Give up the page that a process which has ended was reading by OCR, so that `Remembering`
    raises `UnreadableSource` for it; return whether there was one."""
    under_way = folder / f"{reader}{_UNDER_WAY}"
    try:
        page = under_way.read_text(encoding="utf-8")
        (folder / f"{page}{_GIVEN_UP}").write_text(why, encoding="utf-8")
        under_way.unlink()
    except OSError:
        return False
    return True


_UNDER_WAY, _GIVEN_UP = ".at", ".lost"


ENGINES: dict[str, Callable[[], OcrEngine]] = {"rapidocr": RapidOcr, "tesseract": Tesseract}
"""What can be chosen, in the order in which "auto" tries."""


class Ocr:
    """The OCR that is asked for: `choice` is auto, off, or one of `ENGINES`.

    `kept`: a folder where pages that were read are kept, None for nowhere; `reader`: as
    `Remembering` takes it.
    `engines`, `installed`: what can be chosen, and whether it can be had here.
    """

    def __init__(
        self,
        choice: str = "auto",
        kept: Path | None = None,
        engines: Mapping[str, Callable[[], OcrEngine]] = ENGINES,
        installed: Callable[[str], bool] | None = None,
        reader: str = "",
    ) -> None:
        self.choice = choice
        self.kept = kept
        self._reader = reader
        self._engines = engines
        self._installed = installed or _installed
        self._ready: dict[str, OcrEngine] = {}

    def engine(self) -> OcrEngine | None:
        """Return the engine, loaded once; None if OCR is off or the engine is not installed:
        `why_none` has the words for that. Raises `SourceError` for a choice that there is not."""
        names = list(self._engines) if self._checked() == "auto" else [self.choice]
        found = (name for name in names if name in self._engines and self._installed(name))
        name = next(found, None)
        return None if name is None else self._loaded(name)

    def comes_to(self) -> str:
        """Return the choice, and the engine that reads pages here where it is not the usual one:
        what another engine read, or none, is not the same."""
        names = list(self._engines) if self.choice == "auto" else [self.choice]
        found = next(filter(self._installed, filter(self._engines.get, names)), "none")
        usual = self.choice == "off" or found == names[0]
        return self.choice if usual else f"{self.choice} ({found})"

    def why_none(self) -> str:
        """Return why there is no engine, and what to do about it."""
        if self._checked() == "off":
            return f"OCR is switched off; unset {_VARIABLE} to have it read"
        what = "no OCR engine is" if self.choice == "auto" else f"{self.choice} is not"
        return f"{what} installed; {_HOW_TO_INSTALL}"

    def _checked(self) -> str:
        if self.choice not in {"auto", "off", *self._engines}:
            known = ", ".join(["auto", *self._engines, "off"])
            raise SourceError(f"{_VARIABLE} is {self.choice!r}; set it to one of {known}")
        return self.choice

    def _loaded(self, name: str) -> OcrEngine:
        if name not in self._ready:
            engine = self._engines[name]()
            if self.kept is not None:
                engine = Remembering(engine, self.kept, self._reader)
            self._ready[name] = engine
        return self._ready[name]


def _installed(name: str) -> bool:
    if name == "tesseract":
        return shutil.which("tesseract") is not None
    runtime = find_spec("openvino") or find_spec("onnxruntime")
    return bool(runtime) and _rapidocr_models() is not None


def _rapidocr_models() -> dict[str, Path] | None:
    """Return the files of the detector and the recogniser, None if the wheel has them not."""
    spec = find_spec("rapidocr")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    found: dict[str, Path] = {}
    for part in ("Det", "Rec"):
        for folder in folders:
            files = sorted((Path(folder) / "models").glob(f"*_{part.lower()}_*.onnx"))
            if files:
                found[part] = files[0]
    return found if len(found) == 2 else None


def _straightened(corners: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return boxes as if the page had been laid straight on the glass, and its slope.

    Shape (lines, 4): left, top, right, bottom. A line of a skewed page has a box taller
    than its letters, and its pieces do not stand at one height.
    """
    top_left, top_right, bottom_right, bottom_left = corners.transpose(1, 0, 2)
    run = top_right - top_left
    width = np.hypot(run[:, 0], run[:, 1])
    # Long lines tell the angle; a short one is mostly rounding.
    long = width >= np.quantile(width, 0.5)
    slope = float(np.median(run[long, 1] / np.maximum(run[long, 0], 1.0)))
    slope = slope if abs(slope) < 0.2 else 0.0
    centre = corners.mean(axis=1)
    height = np.hypot(*(bottom_left - top_left).T) / 2 + np.hypot(*(bottom_right - top_right).T) / 2
    middle = centre[:, 1] - slope * centre[:, 0]
    boxes = [
        corners[:, :, 0].min(axis=1),
        middle - height / 2,
        corners[:, :, 0].max(axis=1),
        middle + height / 2,
    ]
    return np.stack(boxes, axis=1), slope


def _straight_line(box: NDArray[np.float64], text: str, confidence: float) -> OcrLine:
    left, top, right, bottom = (float(edge) for edge in box)
    return OcrLine(" ".join(text.split()), left, top, right, bottom, float(confidence))


def _lines_of_table(table: str) -> list[OcrLine]:
    """Return the lines of Tesseract's TSV output, which has a row for every word."""
    lines: dict[tuple[str, ...], OcrLine] = {}
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        text = (row["text"] or "").strip()
        if row["level"] != "5" or not text:
            continue
        left, top = float(row["left"]), float(row["top"])
        right, bottom = left + float(row["width"]), top + float(row["height"])
        word = OcrLine(text, left, top, right, bottom, max(float(row["conf"]), 0.0) / 100)
        key = (row["block_num"], row["par_num"], row["line_num"])
        lines[key] = _extended(lines[key], word) if key in lines else word
    return list(lines.values())


def _extended(line: OcrLine, word: OcrLine) -> OcrLine:
    old, new = len(line.text), len(word.text)
    return replace(
        line,
        text=f"{line.text} {word.text}",
        left=min(line.left, word.left),
        top=min(line.top, word.top),
        right=max(line.right, word.right),
        bottom=max(line.bottom, word.bottom),
        confidence=(old * line.confidence + new * word.confidence) / (old + new),
    )
