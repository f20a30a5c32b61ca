"""The fonts of a PDF: which has a character, and what is printed where none has it.

Noto Serif (Latin with all its diacritics, Greek, Cyrillic) comes with the install. Chinese,
Japanese and Korean need the extra `source-finder[cjk]`. A character that no font has is
printed as its number, "[U+05D0]", and counted: never as an empty box.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

SERIF = "SourceFinderSerif"
ITALIC = "SourceFinderSerif-Italic"
CJK = "SourceFinderCJK"

_FILES = {
    SERIF: ("fontpkg_noto_serif", "files/NotoSerif[wdth,wght].ttf"),
    ITALIC: ("fontpkg_noto_serif", "files/NotoSerif-Italic[wdth,wght].ttf"),
    CJK: ("paperang_p2_fonts_cjk", "fonts/wqy-microhei.ttc"),
}


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


class Typesetter:
    """Sets text in the fonts that there are, and counts what none of them has."""

    def __init__(self) -> None:
        self.missing: Counter[str] = Counter()

    def set(self, text: str, font: str = SERIF) -> list[tuple[str, str]]:
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
        return next((font for font in (SERIF, CJK) if code in glyphs(font)), "")

    def _numbers(self, characters: str) -> str:
        self.missing.update(characters)
        return "".join(f"[U+{ord(character):04X}]" for character in characters)
