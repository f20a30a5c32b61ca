"""Whether the text layer of a page is language, or what a bad font or a bad OCR left.

No dictionary is used: archives hold many languages and many names. What is looked at is
the make of each word: "iauricio —" and "2 ose" are found in poor OCR, "(cid:31)" and
private-use characters come from fonts without a Unicode map, and no language is written
without vowels.
"""

from __future__ import annotations

import re
import unicodedata

GOOD_LAYER = 0.85
"""On a scanned page, a text layer with this score is kept without reading the image. Of 89
scanned pages with an archive's text layer a clean one scores 1.0 (.02 of its words are missed)
and a faded one .82 (.80 missed, .51 by OCR); all of them score .59 to 1.0, half below .94."""

READABLE_FONT = 0.45
"""On a page that is no scan, text below this score comes from a font without a Unicode map:
shifted or scrambled letters score .03 to .41. Real pages have more: ten memoirs .93 to 1.0,
a table of abbreviations .61, a page of drawings with little but a printer's mark .58."""

_CID = re.compile(r"\(cid:\d+\)")
_EDGE = "\"'“”‘’«»()[]{}<>.,;:!?…*•§†#$£€%&_|=+~/\\–—-" + "。、，：；？！「」『』《》（）"
_SIGNS = frozenset("–—-&•§*$|")
_JOINTS = re.compile(r"[-–—'’/.,&@:()\[\]_。、，：；（）]+")
_LEADERS = re.compile(r"[.·_\-–—=*]{3,}")
_LATIN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+s?|(?:Mc|Mac|De|Di|Du|La|Le|Van|Von|Fitz|O)[A-Z][a-z]+")
_FIGURE = re.compile(r"[$£€]?\d+(?:st|nd|rd|th|s|[A-Za-z])?|[A-Z]{1,4}\d+")
_VOWEL = re.compile(r"[aeiouy]", re.IGNORECASE)
_NO_VOWELS_NEEDED = {"mr", "mrs", "dr", "st", "jr", "pp", "vs", "cf", "ft", "lb", "lbs", "ch"}
_MAX_LETTERS = 24
_CONSONANT_RUN = re.compile(r"[bcdfghjklmnpqrstvwxz]{6}|(.)\1\1", re.IGNORECASE)
# Of the letters of English, French, German, Spanish, Latin and Polish 33 to 48 percent are
# vowels; a font whose letters are shifted by one place or by three leaves 15 to 27.
_VOWEL_SHARE = (0.28, 0.60)
_ENOUGH_LETTERS = 150


def legibility(text: str) -> float:
    """Return how much of `text` is made like words and figures: 0 (none) to 1 (all).

    The share is of the characters, so that long words weigh more than specks. 0.0 for a
    text without any.

    >>> legibility("A truce was signed at the bridge in 1812.")
    1.0
    >>> legibility("(cid:31)(cid:4) (cid:9)")
    0.0
    """
    tokens = _tokens(text)
    total = sum(map(len, tokens))
    if not total:
        return 0.0
    sound = sum(len(token) for token in tokens if _is_sound(token))
    return sound / total * _vowel_factor(text)


def sound_words(text: str) -> int:
    """Return how many words of three letters and more in `text` are made like words."""
    return sum(1 for token in _tokens(text) if len(token.strip(_EDGE)) > 2 and _is_sound(token))


def _tokens(text: str) -> list[str]:
    return _LEADERS.sub(" ", _CID.sub("\ufffd", text)).split()


def _is_sound(token: str) -> bool:
    core = token.strip(_EDGE)
    if not core:
        return token in _SIGNS
    return all(_is_sound_part(part, token) for part in _JOINTS.split(core) if part)


def _is_sound_part(part: str, token: str) -> bool:
    if _FIGURE.fullmatch(part) or part.isdecimal():
        return True
    if not part.isalpha():
        # Marks belong to letters in many scripts.
        return all(unicodedata.category(c)[0] in "LM" for c in part)
    if not part.isascii():
        return True
    if len(part) > _MAX_LETTERS:
        return False
    if len(part) == 1:
        return part in "aoI" or part.isupper() or token != part
    if not _LATIN.fullmatch(part) or _CONSONANT_RUN.search(part):
        return False
    return part.isupper() or bool(_VOWEL.search(part)) or part.lower() in _NO_VOWELS_NEEDED


def _vowel_factor(text: str) -> float:
    """Return 1, or 0.5 where the Latin letters cannot be those of a language."""
    letters = [c for c in text if c.isascii() and c.isalpha()]
    if len(letters) < _ENOUGH_LETTERS:
        return 1.0
    share = sum(1 for c in letters if c in "aeiouyAEIOUY") / len(letters)
    low, high = _VOWEL_SHARE
    return 1.0 if low <= share <= high else 0.5
