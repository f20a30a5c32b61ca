"""A dossier as PDF, set by ReportLab in fonts that are embedded in it.

Noto Serif (Latin with all its diacritics, Greek, Cyrillic) comes with the install. Chinese,
Japanese and Korean need the extra `source-finder[cjk]`. A character that no font has is
printed as its number, "[U+05D0]", and counted: never as an empty box.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache, partial
from importlib.util import find_spec
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any

from rag.dossier.blocks import (
    DossierBlock,
    Extract,
    Facts,
    Heading,
    Listing,
    Paragraph,
    Run,
    paragraphs,
    text,
)
from rag.wording import counted, escape

_SERIF = "SourceFinderSerif"
_ITALIC = "SourceFinderSerif-Italic"
CJK = "SourceFinderCJK"

_FILES = {
    _SERIF: ("fontpkg_noto_serif", "files/NotoSerif[wdth,wght].ttf"),
    _ITALIC: ("fontpkg_noto_serif", "files/NotoSerif-Italic[wdth,wght].ttf"),
    CJK: ("paperang_p2_fonts_cjk", "fonts/wqy-microhei.ttc"),
}

_INK, _SOFT, _ACCENT, _MARK = "#1e1d1a", "#5b5549", "#8c3b2a", "#f6e3b4"
_KEPT_CHARS = 1_000
"""A heading of more markup may be higher than a page, so it is not kept with what follows."""
_SIZES = {1: 19, 2: 14.5, 3: 12, 4: 10.5}


@cache
def glyphs(font: str) -> frozenset[int]:
    """Return the code points that a font has; it can be used by its name from then on.

    Empty for a font that is not installed.
    """
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    package, name = _FILES[font]
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return frozenset()
    path = Path(next(iter(spec.submodule_search_locations))) / name
    loaded = TTFont(font, str(path))
    pdfmetrics.registerFont(loaded)
    return frozenset(loaded.face.charToGlyph)


class _Typesetter:
    """Sets text in the fonts that there are, and counts what none of them has."""

    def __init__(self) -> None:
        self.missing: Counter[str] = Counter()

    def set(self, text: str, font: str = _SERIF) -> list[tuple[str, str]]:
        """Return the text in parts of one font each, as pairs of font and text.

        Letters and their marks are composed where Unicode has them as one character.
        """
        composed = unicodedata.normalize("NFC", text)
        fonts = [self._font_of(character, font) for character in composed]
        parts = []
        for name, group in groupby(zip(fonts, composed, strict=True), key=lambda pair: pair[0]):
            words = "".join(character for _, character in group)
            parts.append((name, words) if name else (font, self._numbers(words)))
        return parts

    def _font_of(self, character: str, first: str) -> str:
        """Return the font that has a character, "" where none does."""
        code = ord(character)
        if character.isspace() or code in glyphs(first):
            return first
        return next((font for font in (_SERIF, CJK) if code in glyphs(font)), "")

    def _numbers(self, characters: str) -> str:
        self.missing.update(characters)
        return "".join(f"[U+{ord(character):04X}]" for character in characters)


def to_pdf(blocks: Iterable[DossierBlock]) -> bytes:
    """Return the blocks as a PDF on A4 with an outline.

    Where a character is in no font it stands as its number, and a note at the head says so.
    """
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

    glyphs(_SERIF), glyphs(_ITALIC)  # so that styles can name them
    setter = _Typesetter()
    given = list(blocks)
    flowing = [piece for block in given for piece in _block(block, setter)]
    if setter.missing:
        note = Paragraph((Run(_missing(setter), italic=True),))
        flowing[1:1] = list(_block(note, setter))
    title = next((block.text for block in given if isinstance(block, Heading)), "")
    written = BytesIO()
    margin = 62
    document = BaseDocTemplate(written, pagesize=A4, title=title, author="Source Finder", lang="en")
    frame = Frame(margin, margin, A4[0] - 2 * margin, A4[1] - 2 * margin, 0, 0, 0, 0)
    foot = partial(_foot, title=title, at=(A4[0] / 2, margin / 2))
    document.addPageTemplates(PageTemplate(frames=[frame], onPage=foot))
    document.afterFlowable = partial(_outline, document)
    document.build(flowing)
    return written.getvalue()


def _missing(setter: _Typesetter) -> str:
    number = counted(setter.missing.total(), "character is", "characters are")
    return (
        f"{number} in none of the fonts and shown by number, such as [U+05D0] for a Hebrew "
        "letter. The dossier as HTML or Markdown shows them. For Chinese, Japanese and Korean: "
        "pip install source-finder[cjk]."
    )


def _block(block: DossierBlock, setter: _Typesetter) -> Iterator[Any]:
    """Yield what ReportLab sets for a block."""
    match block:
        case Heading():
            yield _heading(block, setter)
        case Paragraph(runs):
            yield _set(_markup(runs, setter), after=6)
        case Extract():
            for markup in _marked(block, setter):
                yield _set(markup, leftIndent=14, after=5)
            if block.citation:
                yield _set(_markup(block.citation, setter), size=9, after=5, leftIndent=14)
        case Facts(rows):
            for label, runs in rows:
                named = f'<font color="{_SOFT}">{_markup(text(f"{label}: "), setter)}</font>'
                yield _set(named + _markup(runs, setter), size=8.5, leftIndent=12, first=-12)
            yield _gap(6)
        case Listing(items):
            for runs in items:
                yield _set("• " + _markup(runs, setter), size=9.5, leftIndent=12, first=-8)
            yield _gap(6)


def _set(
    markup: str, *, size: float = 10, after: float = 1.5, first: float = 0, **more: Any
) -> Any:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph as Flowing

    style = ParagraphStyle(
        "text",
        fontName=_SERIF,
        fontSize=size,
        leading=size * 1.42,
        spaceAfter=after,
        firstLineIndent=first,
        **more,
    )
    return Flowing(markup, style)


def _heading(block: Heading, setter: _Typesetter) -> Any:
    size = _SIZES[block.level]
    colour = _ACCENT if block.level == 4 else _INK
    markup = _markup(text(block.text), setter)
    heading = _set(
        markup,
        size=size,
        after=5,
        spaceBefore=size,
        keepWithNext=int(len(markup) <= _KEPT_CHARS),
        textColor=colour,
        pageBreakBefore=int(block.on_new_page),
    )
    heading.outline = (block.level - 1, block.text)
    return heading


def _gap(height: float) -> Any:
    from reportlab.platypus import Spacer

    return Spacer(1, height)


def _markup(runs: Iterable[Run], setter: _Typesetter) -> str:
    """Return runs in ReportLab's markup, everything in them escaped."""
    parts = []
    for run in runs:
        shown = _in_fonts(run.text, setter, _ITALIC if run.italic else _SERIF)
        if run.url:
            shown = f'<a href="{escape(run.url)}" color="{_ACCENT}">{shown}</a>'
        parts.append(f'<font color="{_ACCENT}">{shown}</font>' if run.bold else shown)
    return "".join(parts)


def _in_fonts(words: str, setter: _Typesetter, font: str = _SERIF) -> str:
    return "".join(
        f'<font name="{name}">{escape(part)}</font>' for name, part in setter.set(words, font)
    )


def _marked(extract: Extract, setter: _Typesetter) -> Iterator[str]:
    """Yield the paragraphs of an extract, the quotation on a ground of its own colour."""
    for parts in paragraphs(extract):
        shown = [(_in_fonts(words, setter), marked) for words, marked in parts]
        yield "".join(f'<span backColor="{_MARK}">{s}</span>' if m else s for s, m in shown)


def _outline(document: Any, flowable: Any) -> None:
    """Add a heading that was just set to the outline."""
    if not hasattr(flowable, "outline"):
        return
    level, words = flowable.outline
    canvas = document.canv
    # One that went over a page is set in parts, which are not in the outline.
    level = document.outlined = min(level, getattr(document, "outlined", -1) + 1)
    key = f"heading-{document.seq.nextf('heading')}"
    canvas.bookmarkPage(key)
    canvas.addOutlineEntry(" ".join(words.split()), key, level, closed=level > 1)


def _foot(canvas: Any, document: Any, *, title: str, at: tuple[float, float]) -> None:
    canvas.saveState()
    canvas.setFont(_SERIF, 8)
    canvas.setFillColor(_SOFT)
    canvas.drawCentredString(*at, f"{title}, {document.page}")
    canvas.restoreState()
