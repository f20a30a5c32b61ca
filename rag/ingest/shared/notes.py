"""What stands in a text and is not the author's: marks of notes, and notices of who hands it out.

Marks of notes are raised figures and signs, and what stands in brackets. Notices are what
libraries, archives of the Web and transcribers put around a text: who scanned it, how it may be
used, when it was made. They are no evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.datatypes import Span

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


# "[Footnote 12: Carte says 400.]", "[Transcriber's Note: illegible]", with brackets within.
_INSIDE = r"[^\[\]]{0,4000}(?:\[[^\[\]]{0,500}\][^\[\]]{0,2000}){0,5}"
_BRACKETED = re.compile(
    r"\[\*{0,2}(?:foot-?note|end-?note|note|transcriber['’]?s['’]? note|tn|editor['’]?s['’]? note"
    r"|ed(?:itor)?\.?|illustration|side-?note|marginal note|sic|citation needed|edit)"
    rf"\s{{0,3}}(?:[A-Z]|\d{{1,4}}|\*{{1,3}})?\s{{0,3}}(?:[:.,—–-]{_INSIDE})?\]",
    re.IGNORECASE,
)
# "(He was then in Wales.--F.D.)", "[The date is wrong. Ed.]": signed by an editor.
_SIGNED = re.compile(
    r"[(\[][^()\[\]]{5,2500}(?:\([^()\[\]]{0,300}\)[^()\[\]]{0,1500}){0,4}(?:[—–]|--|\.)\s{0,2}"
    r"(?:(?<!\.\s)(?<!\.)(?:[A-Z]\.\s?){2,3}|(?:Ed(?:itors?|s)?|ED|Trans(?:lator)?|TRANS|Tr)\.?)[)\]]"
)
_TRANSCRIBERS = re.compile(r"\W{0,9}transcriber['’]?s['’]? notes?\b", re.IGNORECASE)
_FOOTNOTE = re.compile(r"\[(?:foot-?note|note)\s{1,3}(?P<sign>\d{1,4}|[A-Z])\b", re.IGNORECASE)
_SIGN = re.compile(r"\[(?:\*?\d{1,3}|[A-Z]|[*†‡§]{1,3})\]|\(\*\d{1,3}\)")

_SIGN_OR_NOTE = re.compile(rf"{_FOOTNOTE.pattern}|{_SIGN.pattern}", re.IGNORECASE)


def bracketed_notes(text: str, within: Span | None = None) -> Iterator[Span]:
    """Yield what editors and transcribers put into a text in brackets, and say or sign that
    they did.

    >>> [span.of("He [sic] went. [Illustration]") for span in
    ...  bracketed_notes("He [sic] went. [Illustration]")]
    ['[sic]', '[Illustration]']
    """
    whole = within or Span(0, len(text))
    for pattern in (_BRACKETED, _SIGNED):
        for found in pattern.finditer(text, whole.start, whole.end):
            yield Span(*found.span())


def numbered_notes(text: str, paragraphs: Sequence[Span]) -> Iterator[Span]:
    """Yield the paragraphs of a plain text that are notes, and the signs that refer to them: a
    paragraph that begins with "[12]" or "[Footnote 12", where "[12]" stands behind a word before
    it. Notes of the transcriber are among them."""
    yield from (span for span in paragraphs if _TRANSCRIBERS.match(span.of(text)))
    starts = {span.start: span for span in paragraphs}
    waiting: dict[str, list[Span]] = {}
    for found in _SIGN_OR_NOTE.finditer(text):
        if found["sign"]:
            yield from waiting.pop(f"[{found['sign']}]", [])
            continue
        lead = text.rfind("\n", 0, found.start()) + 1
        if not text[lead : found.start()].strip():
            start = next((at for at in (found.start(), lead) if at in starts), None)
            if start is not None and found[0] in waiting:
                yield from waiting.pop(found[0])
                yield starts[start]
                continue
        if found.start() and not text[found.start() - 1].isspace():
            waiting.setdefault(found[0], []).append(Span(*found.span()))


_MARKDOWN_SIGN = re.compile(r"\[\^[\w-]{1,20}\](?!:)|(?<=\w)\^\d{1,3}\^|(?<=\w)<sup>\d{1,3}</sup>")
_MARKDOWN_NOTE = re.compile(
    r"^\[\^[\w-]{1,20}\]:[^\n]*(?:\n(?:[ \t]+\S[^\n]*|[ \t]*(?=\n[ \t]+\S)))*", re.MULTILINE
)


def markdown_notes(text: str, within: Span) -> Iterator[Span]:
    """Yield the notes of a Markdown text, and the signs that refer to them: "[^1]", "300^12^"."""
    for pattern in (_MARKDOWN_SIGN, _MARKDOWN_NOTE):
        for found in pattern.finditer(text, within.start, within.end):
            yield Span(*found.span())


_BLANK = re.compile(r"\n[^\S\n]*\n\s*")
# A rule typed across the page, above the notes at its foot.
_RULE = re.compile(r"^[^\S\n]*[-_=—–]{5,}[^\S\n]*(?:\n|\Z)", re.MULTILINE)
_FOOT_MARK = r"(?:[*†‡§‖]{1,3}|\(?\d{1,2}[.)]{0,2}|\[\d{1,2}\]|[⁰¹²³⁴-⁹]{1,3})"
_FOOTNOTE_BEGINS = re.compile(rf"[^\S\n]*(?P<mark>{_FOOT_MARK})[^\S\n]*(?=[^\W\d_]|[\"'“‘])")


def footnotes(text: str, page: Span, *, open_note: bool = False) -> Iterator[Span]:
    """Yield the footnotes at the end of a page, or of a paragraph, and the signs that refer to
    them: the last paragraphs, or what stands below a typed rule, each begun by a sign that stands
    behind a word above. `open_note`: the last one of the page before goes on below the rule.

    >>> text = "He would not*\\n\\n* See Carte."
    >>> [span.of(text) for span in footnotes(text, Span(0, len(text)))]
    ['* See Carte.', '*']
    """
    starts = [found.end() for found in _BLANK.finditer(text, page.start, page.end)]
    starts += [found.end() for found in _RULE.finditer(text, page.start, page.end)]
    end = page.end
    for start in sorted({start for start in starts if start < end}, reverse=True):
        found = _FOOTNOTE_BEGINS.match(text, start, end)
        if found is None:
            break
        if "*" in found["mark"] and found["mark"] in text[found.end() : end]:
            break  # emphasis: "**Q:** When?"
        sign = re.escape(found["mark"].strip("().[]"))
        behind = re.compile(
            rf"(?<=[^\W_])[.,;:!?'\"’”)]{{0,3}}(?P<sign>\s?\({sign}\)|[(\[]?{sign}[)\]]?)(?![\w*†‡§])"
        )
        above = list(behind.finditer(text, page.start, start))
        if found["mark"][0].isdecimal():
            above = [one for one in above if not text[one.start("sign") - 1].isdecimal()]
        if not above:
            break
        yield Span(start, end)
        yield Span(*above[-1].span("sign"))
        end = start
    *_, rule = [None, *_RULE.finditer(text, page.start, end)]
    if rule and (open_note or (end < page.end and not text[rule.end() : end].strip())):
        yield Span(rule.start(), end)


_RAISED_FIGURES = re.compile(r"(?<=[\w.,;:!?'\"’”)])[⁰¹²³⁴-⁹]{1,3}")
_IN_FIGURES = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_NUMBER_BEGINS = re.compile(r"[^\S\n]*[\[(]?(?P<number>\d{1,3}|[⁰¹²³⁴-⁹]{1,3})[.)\]]?\s+(?=\S)")


def raised_notes(text: str, paragraphs: Sequence[Span]) -> Iterator[Span]:
    """Yield the paragraphs at the end of a text that are notes: each begins with a number that
    stands raised behind a word before it.

    >>> text = "He lost 300¹² men.\\n\\n12 Carte says 400."
    >>> [n.of(text) for n in raised_notes(text, [Span(0, 18), Span(20, len(text))])]
    ['12 Carte says 400.']
    """
    raised = {
        found[0].translate(_IN_FIGURES): found.start()
        for found in reversed(list(_RAISED_FIGURES.finditer(text)))
    }
    for span in reversed(paragraphs if raised else ()):
        found = _NUMBER_BEGINS.match(text, span.start, span.end)
        number = found["number"].translate(_IN_FIGURES) if found else ""
        if raised.get(number, len(text)) >= span.start:
            return
        yield span


def merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Return stretches in order, those that touch or overlap as one."""
    made: list[Span] = []
    for span in sorted(spans):
        if made and span.start <= made[-1].end:
            made[-1] = Span(made[-1].start, max(made[-1].end, span.end))
        elif len(span):
            made.append(span)
    return tuple(made)


_EDGE = 20_000
"""Characters at a text's beginning and end in which such notices stand."""

_GAP = re.compile(r"\n[^\S\n]*\n|\f")
"""What stands between paragraphs."""

_NOTICE = re.compile(
    r"\W*(?:this is a digital copy of a book that was preserved for generations"
    r"|full text of \"[^\n]{1,200}\"\s*$|see other formats\s*$"
    r"|digiti[sz]ed by (?:the internet archive|google|microsoft)"
    r"|generated (?:on|at|for) [^\n]{0,80}(?:hathitrust|hdl\.handle\.net)"
    r"|public domain[^\n]{0,40}(?:hathitrust|google-digitized)"
    r"|(?:https?://)?(?:www\.)?archive\.org/details/\S+\s*$"
    r"|you are viewing an? archived (?:web ?)?(?:page|site|copy|version)"
    r"|this snapshot,? taken on |(?:this|the) (?:web ?)?page (?:was|has been) archived"
    r"|(?:the )?[\w ]{0,30}web archive does not use cookies"
    r"|this is (?:google['’]s cache of|an? (?:archived|cached) (?:copy|version|snapshot) of)"
    r"|tip: to quickly find your search term"
    r"|(?:©|\(c\)|copyright\b)[^\n]{0,120}\ball rights reserved\.?\s*$"
    r"|the wayback machine - https?://|archive\.(?:today|is|ph) webpage capture"
    r"|saved from https?://|file archived on\b"
    r"|exported from wikisource|about this digital edition"
    r"|this (?:e-?book|digital edition) (?:was (?:produced|transcribed|created) by"
    r"|comes from the online library)"
    r"|(?:e-?text |transcribed and )?(?:produced|prepared|transcribed) by [^\n]{0,200}\n?"
    r"[^\n]{0,200}(?:proof-?read|pgdp\.net|gutenberg|e-?text)"
    r"|your use of the jstor archive|jstor is a not-for-profit|this content downloaded from"
    r"|all use subject to https?://"
    r"|(?:this page was )?last (?:updated|edited|modified)(?: on)?:? [^\n]{4,60}$"
    r"|this book was produced in epub format by|the book pages were scanned and converted"
    r"|the internet archive was founded in|created with hocr-to-epub"
    r"|posted (?:by|on)\b[^\n]{1,60}\b(?:199|20\d)\d$)",
    re.IGNORECASE,
)
_OF_PAGE = re.compile(
    r"^The text on this page is estimated to be only [\d.]+% accurate$", re.MULTILINE
)
# Stamps on each page of what archives of governments release, some aslant, so that the number
# before them and the signs around them are badly read.
_NO_WORD = r"(?:(?![^\W\d_]{3})[^\n\f])"
_RELEASE = re.compile(
    rf"(?:^|(?<=\f))(?:\W{{0,4}}[\d-]{{8,20}}\n)?{_NO_WORD}{{0,30}}?"
    r"(?:20\d\d release under the [a-z. \n]{5,80}\sact of \d{4}"
    r"|(?:declassified in part\W{1,5})?(?:sanitized copy )?approved for release\W{1,3}[\d/]{4,10}"
    rf"\W{{1,4}}cia-rdp\w+(?:-\w+){{0,4}}){_NO_WORD}{{0,20}}$",
    re.IGNORECASE | re.MULTILINE,
)
# Lines of the book that a transcriber liked, once more at its end.
_BOOKMARKS = re.compile(
    r"^[^\S\n]*(?:the )?e-?text editor['’]?s bookmarks\b[^\n]*\n\s*(?:\S[^\n]*(?:\n|\Z))+",
    re.IGNORECASE | re.MULTILINE,
)
# From its first words to its last ones.
_GOOGLE = re.compile(
    r"this is a digital copy of a book that was preserved for generations.{100,8000}?"
    r"books ?\. ?google ?\. ?com ?/?",
    re.IGNORECASE | re.DOTALL,
)
_WIKISOURCE = re.compile(
    r"about this digital edition\s{1,20}this e-?book comes from the online library", re.IGNORECASE
)


def library_notices(text: str) -> Iterator[Span]:
    """Yield where a text says who handed it out and on what terms, at its beginning or end or in a
    stamp on each page, how sure the OCR of a page is, or what its transcriber liked in it.

    >>> text = "Digitized by the Internet Archive\\nin 2009\\n\\nThe fleet sailed."
    >>> [span.of(text) for span in library_notices(text)]
    ['Digitized by the Internet Archive\\nin 2009']
    """
    for lines in (_OF_PAGE, _RELEASE, _BOOKMARKS):
        yield from (Span(*found.span()) for found in lines.finditer(text))
    if found := _GOOGLE.search(text, 0, _EDGE):
        yield Span(*found.span())
    if found := _WIKISOURCE.search(text, max(0, len(text) - _EDGE)):
        yield Span(found.start(), len(text))
    for start, end in {(0, min(_EDGE, len(text))), (max(0, len(text) - _EDGE), len(text))}:
        for paragraph in _paragraphs(text, start, end):
            if _NOTICE.match(paragraph.of(text)):
                yield paragraph


def is_notice(paragraph: str) -> bool:
    """Return whether a paragraph is such a notice of whoever hands out the text."""
    return _NOTICE.match(paragraph) is not None


_ENTRY = re.compile(
    r"^[^\S\n]*[^\W_][^\n]{0,150}?(?P<led>\.{3,}|(?:\s?\.\s){3,}|…{1,}|_{3,})?[^\S\n.…_]{0,40}"
    r"(?<![\d,.$£-])(?P<page>\d{1,4}|[ivxlc]{1,7})[^\S\n]*$",
    re.MULTILINE,
)
_LED = re.compile(
    r"[.…_][.…_ ][.…_][^\S\n]{0,9}(?:\d{1,4}|[ivxlc]{1,7})[^\S\n]{0,9}$", re.MULTILINE
)
_CONTENTS = re.compile(r"^[^\w\n]*(?:table of )?contents[^\w\n]*$", re.IGNORECASE | re.MULTILINE)
_LINE = re.compile(r"(?<![^\S\n])[^\S\n]*\S[^\n]*")
_MANY_ENTRIES, _FEW_ENTRIES = 5, 3
_LONGEST_ENTRY = 200
_TURNED_LINES = 2
"""Lines of an entry that the next line goes on, at most."""


def contents_lists(text: str) -> Iterator[Span]:
    """Yield the tables of contents in a text, by their shape: line after line ends with dots and
    the number of a page, or, below "Contents", with the number alone, and the numbers never fall.

    >>> text = "Contents\\n\\nThe Fort 3\\nThe Fleet 18\\nThe Peace 40\\n\\nThe fort stood."
    >>> [span.of(text)[-12:] for span in contents_lists(text)]
    ['The Peace 40']
    """
    headings = {found.end(): found.start() for found in _CONTENTS.finditer(text)}
    if not headings and _LED.search(text) is None:
        return
    run: list[re.Match[str]] = []
    start = -1
    between = 0
    last = 0
    for line in _LINE.finditer(text):
        if line.end() in headings:
            yield from _contents(run, start)
            run, start, between, last = [], headings[line.end()], 0, 0
            continue
        short = len(line[0]) <= _LONGEST_ENTRY
        entry = _ENTRY.fullmatch(text, line.start(), line.end()) if short else None
        page = 0 if entry is None or not entry["page"].isdecimal() else int(entry["page"])
        fits = entry is not None and (start >= 0 or entry["led"]) and (not page or page >= last)
        if entry is not None and fits:
            run.append(entry)
            last, between = page or last, 0
            continue
        between += 1
        if between > _TURNED_LINES or not short:
            yield from _contents(run, start)
            run, start, between, last = [], -1, 0, 0
    yield from _contents(run, start)


def _contents(run: Sequence[re.Match[str]], heading: int) -> Iterator[Span]:
    """Yield where a table of contents stands, given its entries and the place of its heading, -1
    without any."""
    if len(run) >= (_MANY_ENTRIES if heading < 0 else _FEW_ENTRIES):
        yield Span(heading if heading >= 0 else run[0].start(), run[-1].end())


def _paragraphs(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the paragraphs of a part of a text; a line that begins before it is left out."""
    line = text.find("\n", start - 1, end) if start else -1
    begin = line + 1 if line >= 0 or not start else end
    for last, following in [*(g.span() for g in _GAP.finditer(text, begin, end)), (end, end)]:
        words = text[begin:last]
        if words.strip():
            yield Span(last - len(words.lstrip()), begin + len(words.rstrip()))
        begin = following
