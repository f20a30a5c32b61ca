"""Raised figures and signs: which refer to a note, and which are part of what is said."""

from __future__ import annotations

import re

MARK = re.compile(r"[\[(]?(?:\d{1,4}|[*†‡§¶‖|]{1,4})(?:\s?[,;–-]\s?(?:\d{1,4}|[*†‡§¶‖]))*[\])]?")
"""What refers to a note: "12", "[3]", "1, 2", "*"."""

LINKED_MARK = re.compile(rf"{MARK.pattern}|[\[(]?[a-zA-Z]{{1,2}}[\])]?|[\[(]?[ivxl]{{1,6}}[\])]?")
"""The same where it is a link to a note: "[a]", "iv" too."""

_BEFORE_EXPONENT = re.compile(r"(?:(?<![A-Za-z])(?:[kcdm]?m|ft|in|mi|yds?)|(?<!\d)10)$")
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def raised_text(text: str, before: str, after: str) -> str | None:
    """Return what a raised piece says between its neighbours, None where it is the mark of a
    note and says nothing.

    >>> raised_text("12", "lost 300", " men"), raised_text("2", "five km", "")
    (None, '²')
    >>> raised_text("st", "on the 1", " of May"), raised_text("1", "3", "/2 miles")
    ('st', ' 1')
    """
    said = text.strip()
    if not MARK.fullmatch(said):
        return text
    if said.isdecimal() and after[:1] in {"/", "⁄"}:
        return f" {said}" if before[-1:].isdecimal() else said
    if said.isdecimal() and _BEFORE_EXPONENT.search(before):
        return said.translate(_SUPERSCRIPT)
    return None
