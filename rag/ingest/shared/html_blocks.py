"""From the elements of a page to blocks of text: its paragraphs, headings and tables.

Pages of the web, of EPUB books and of old archives' sites come through here. Blocks are
joined by blank lines, and a citation names the section and the paragraph within it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.ingest.shared.blocks import (
    SEPARATOR,
    Block,
    Break,
    Event,
    Page,
    Raised,
    name_of,
    set_text,
    with_continued,
    without_note_lists,
)
from rag.ingest.shared.notes import LINKED_MARK, is_notice

if TYPE_CHECKING:
    from lxml.etree import _Element


@dataclass(frozen=True, slots=True)
class _Heading:
    level: int


@dataclass(frozen=True, slots=True)
class _Name:
    name: str


@dataclass(frozen=True, slots=True)
class _Boilerplate:
    begins: bool


@dataclass(frozen=True, slots=True)
class _Aside:
    """A note within a line of text."""

    begins: bool


@dataclass(frozen=True, slots=True)
class _Within:
    """What an element stands in: text set line by line, a cell of a table, an article."""

    lined: bool = False
    cell: bool = False
    article: bool = False


_Item = Event | _Heading | _Name | _Boilerplate | _Aside

_LEFT_OUT_WORDS = (
    "head script style noscript template nav svg iframe object "
    "applet audio video canvas button select input textarea "
    "datalist rp rt map"
)
_LEFT_OUT = frozenset(_LEFT_OUT_WORDS.split())
_STRUCK = frozenset(["del", "s", "strike"])
_LINES = frozenset(["li", "tr", "dt", "dd", "option", "legend"])
_BLOCKS_WORDS = (
    "p div section article main aside header footer blockquote ul "
    "ol dl table caption thead tbody tfoot figure figcaption pre hr "
    "address center form fieldset details summary h1 h2 h3 h4 h5 h6 "
    "body html"
)
_BLOCKS = frozenset(_BLOCKS_WORDS.split())
_ARTICLES = frozenset(["article", "section", "main", "blockquote"])
_HEADING = re.compile(r"h([1-6])")
_UNSEEN = re.compile(
    r"(?<![-\w])(?:display\s*:\s*none|visibility\s*:\s*hidden|(?:font-size|opacity)\s*:\s*0(?![\d.])"
    r"|(?:left|top|text-indent)\s*:\s*-\d{3,})",
    re.IGNORECASE,
)
_MOVED_UP = r"(?<![-\w])(?:top\s*:\s*-|bottom\s*:)\s*(?:0?\.\d|[1-9])"
_RAISED = re.compile(
    r"vertical-align\s*:\s*(?:super|text-top|top|[1-9]|0?\.\d)"
    rf"|position\s*:\s*relative[^{{}}]{{0,200}}{_MOVED_UP}|{_MOVED_UP}[^{{}}]{{0,200}}position\s*:\s*relative",
    re.IGNORECASE,
)
_RAISED_CLASS = re.compile(r"(?:^|\s)(?:sup|super|superscript)(?:\s|$)", re.IGNORECASE)
# "@media print {": what holds for some readers only. The others hold for all.
_AT_RULE = re.compile(r"@([\w-]+)([^{};]{0,500})\{")
_ALWAYS = frozenset(["supports", "layer", "scope", "container"])
_ON_SCREEN = re.compile(r"(?:^|,)\s*(?:(?:(?:only\s+)?screen|all)\s*)?(?:,|$)", re.IGNORECASE)
_BRACE = re.compile(r"[{}]")
_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
# "span.x1 { vertical-align: super }": rules of a page's own style sheet for all of a class or name.
_RULE = re.compile(r"([^{}]{1,500})\{([^{}]{0,2000})\}")
_SELECTOR = re.compile(
    r"(?P<within>(?:[\w.#-]+ ){0,5})(?P<tag>[a-z][a-z0-9]*)?(?P<kind>[.#])(?P<name>[\w-]+)",
    re.IGNORECASE,
)
_MAX_RULES = 20
"""For one class or name: who says more of it wants to keep the reader busy."""

# What sites and wikis put between the words of a page.
_SITES_OWN = re.compile(
    r"(?:^|\s)(?:cookie[\w-]*|[\w-]*consent[\w-]*|gdpr[\w-]*|share|shar(?:e|ing)-[\w-]+|social(?:-[\w-]+)?"
    r"|newsletter[\w-]*|breadcrumbs?|advert\w*|ad-(?:slot|unit|container)|site-(?:header|footer|nav\w*)"
    r"|navbar|nav-links?|menu|pagination|related-(?:posts?|articles?|links?|content)|skip-(?:link|to)[\w-]*"
    r"|comments|comments?-?(?:section|list|area|form)|comment-respond"
    r"|(?:entry|post)-(?:meta|utility|info|date)|posted-on|(?:web-?)?archive[_-]?(?:banner|toolbar)|wb[_-]?banner"
    r"|mw-(?:editsection|jump-link|cite-backlink)|noprint|navbox"
    r"|catlinks|printfooter|ws-noexport|Inline-Template|catch-?word|running-?title"
    r"|sr-only|visually-hidden|screen-reader-text)(?:\s|$)",
    re.IGNORECASE,
)
_RUNNING_HEAD = re.compile(
    r"(?:^|\s)(?:running|page)-?(?:head(?:er)?|foot(?:er)?)(?:\s|$)", re.IGNORECASE
)
_QUOTATION_MARKS = tuple("\"'“”‘’«»„")
# A line that only leads to other pages.
_LEAD = (
    r"(?:(?:back|return)(?: to [\w ]{1,30})?|(?:next|previous|prev)(?: \w{1,12})?|home(?: ?page)?"
    r"|index|(?:table of )?contents|top(?: of page)?|print(?: this page)?)"
)
_LEADS_ON = re.compile(rf"\W{{0,9}}{_LEAD}(?:\W{{1,9}}{_LEAD}){{0,6}}\W{{0,9}}", re.IGNORECASE)
# What web archives put around a page that they kept.
_ARCHIVES_OWN = re.compile(
    r"wm-ipp|wm-capinfo|donato|__wb|wayback|ukwa-|lib-nla-|arquivo-|.*web-?archive-?(?:banner|toolbar)"
    r"|.*google-cache-hdr",
    re.IGNORECASE,
)
# What archive.today sets around the page that it kept.
_FRAME = frozenset(["HEADER", "FOOTER", "DIVSHARE", "hashtags"])
_FRAMED = "SOLID"
_PAGE_CLASS = re.compile(
    r"(?:^|\s)(?:x-ebookmaker-pageno|(?:[\w]+-)?page-?num(?:ber)?s?|pageno|page-?break|pgnum|folio|pb)(?:\s|$)",
    re.IGNORECASE,
)
_PAGE_NAME = re.compile(r"(?:page|pg|p)[_.-]?(\d{1,4}|[ivxlc]{1,8})", re.IGNORECASE)
_PAGE_TEXT = re.compile(
    r"[\[({|]?\s*(?:p(?:g|age|p)?\.?\s*)?(\d{1,4}[a-z]?|[ivxlc]{1,8})\s*[\])}|]?", re.IGNORECASE
)
_PAGE_IN_BRACKETS = re.compile(r"\[(?:pg|page|p)\b\.?\s*(\d{1,4}|[ivxlc]{1,8})\]", re.IGNORECASE)
_PAGE_IN_WORDS = re.compile(r"[\[({]?\s*page\s+(\d{1,4}|[ivxlc]{1,8})\s*[\])}]?", re.IGNORECASE)
"""All that a paragraph says between two pages, in many a transcription."""

_PAGE_MARK_LIMIT = 16
_MARK_LIMIT = 12
_MARK_CLASS = re.compile(
    r"fn-?anchor|(?:foot|end)?note-?(?:ref|anchor|link|call|mark)|noteref|fn-?ref", re.IGNORECASE
)
_NOTE_NAME = re.compile(
    r"_?(?:fn|ftn|foot|end|edn|note|n|cite_note)[\w.-]*\d|_?(?:foot|end)?notes?\b", re.IGNORECASE
)
_NOTE_TYPES = frozenset(["footnote", "footnotes", "endnote", "endnotes", "rearnote", "rearnotes"])
_NOTE_CLASS = re.compile(
    r"(?:^|\s)(?:footnotes?|endnotes?|footnote-?(?:body|text|list)|fnote|reflist|references"
    r"|side-?notes?|margin-?notes?|marginalia|tnote|transnote|transcribers?-?notes?|tn)(?:\s|$)",
    re.IGNORECASE,
)
_BOILERPLATE = re.compile(r"pg-(?:header|footer|boilerplate)\b")
# They mark where a word may be broken or a line may not, and are in the way of whoever
# looks for the word.
_BROKEN = re.compile(r"(\w)\u00ad[^\S\n]*\n\s*(?=\w)")
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))


def blocks(
    root: _Element, notes: frozenset[str] = frozenset(), page: str | None = None
) -> list[Block]:
    """Return the blocks of a page in reading order, those without text left out.

    `notes`: names to which marks of notes in other files point. `page`: the printed page on
    which it begins.
    """
    _apply_styles(root)
    targets = notes | _note_targets(root)
    made: list[Block] = []
    turned: list[bool] = []
    page_ends = False
    asides: list[Block] = []
    outer: list[list[Event]] = []
    events: list[Event] = []
    names: list[str] = []
    level = 0
    # Boilerplate may lie within boilerplate.
    depth = 0
    for item in (*_flow(root, targets), Break(SEPARATOR)):
        match item:
            case _Heading():
                level = item.level
            case _Name():
                names.append(item.name)
            case Break(mark) if mark == SEPARATOR and not outer:
                running = set_text(events, page)
                page = next((e.number for e in reversed(events) if isinstance(e, Page)), page)
                page_ends = page_ends or any(isinstance(e, Page) for e in events[:1])
                if running.text:
                    is_note = depth > 0 or not targets.isdisjoint(names)
                    is_note = is_note or _LEADS_ON.fullmatch(running.text) is not None
                    is_note = is_note or is_notice(running.text)
                    block = Block(running.text, level, tuple(names), is_note, running.pages)
                    made.append(block)
                    turned.append(page_ends)
                    page_ends = any(isinstance(e, Page) for e in events[-1:])
                    # A name whose element is empty points to what comes next.
                    names = []
                made += asides
                turned += [False] * len(asides)
                asides, events, level = [], [], 0
            case _Boilerplate():
                depth += 1 if item.begins else -1
            case _Aside(begins=True):
                outer.append(events)
                events = []
            case _Aside():
                note = set_text(events).text
                asides += [Block(note, boilerplate=True)] if note else []
                events = outer.pop()
            case _:
                events.append(item)
    return with_continued(without_note_lists(made), turned)


def _apply_styles(root: _Element) -> None:
    """Write what a page's style sheet says of hidden and raised words to the elements."""
    said: dict[tuple[str, str], list[tuple[list[str], str]]] = {}
    for sheet in root.iter("{*}style", "style"):
        if not _ON_SCREEN.search(sheet.get("media") or ""):
            continue
        for selectors, rule in _RULE.findall(_held("".join(map(str, sheet.itertext())))):
            if _UNSEEN.search(rule) or _RAISED.search(rule):
                for selector in selectors.split(","):
                    plain = " ".join(selector.replace(">", " ").split())
                    if found := _SELECTOR.fullmatch(plain):
                        rules_of = said.setdefault((found["kind"], found["name"]), [])
                        if len(rules_of) < _MAX_RULES:
                            rules_of.append((found["within"].split(), rule))
    if not said:
        return
    for element in root.iter():
        known = (given for name in _names(element) for given in said.get(name, ()))
        rules = [rule for outer, rule in known if _stands_within(element, outer)]
        if rules:
            element.set("style", "; ".join([*rules, element.get("style") or ""]))


def _names(element: _Element) -> list[tuple[str, str]]:
    """Return by what a style sheet can name an element: "#" its id, "." each of its classes, and ""
    its tag."""
    classes = ((".", name) for name in (element.get("class") or "").split())
    return [("", name_of(element)), ("#", element.get("id") or ""), *classes]


def _stands_within(element: _Element, outer: Sequence[str]) -> bool:
    """Return whether an element stands within such ones, the innermost last: "div.draft", "p"."""
    above = element.iterancestors()
    for wanted in reversed(outer):
        parts = {(kind, name) for kind, name in re.findall(r"([.#]?)([\w-]+)", wanted)}
        if not any(parts <= set(_names(one)) for one in above):
            return False
    return True


def _held(sheet: str) -> str:
    """Return a style sheet without what holds only in print, on small screens and the like.

    >>> _held("@media print { p {color: red} } @media screen { i {top: 0} } b {left: 0}")
    '  i {top: 0} } b {left: 0}'
    """
    sheet = _CSS_COMMENT.sub("", sheet)
    kept: list[str] = []
    at = 0
    while found := _AT_RULE.search(sheet, at):
        kept.append(sheet[at : found.start()])
        at = found.end()
        name = found[1].casefold()
        if name in _ALWAYS or (name == "media" and _ON_SCREEN.search(found[2].strip())):
            continue
        depth = 1
        while depth and (brace := _BRACE.search(sheet, at)):
            depth += 1 if brace[0] == "{" else -1
            at = brace.end()
        at = len(sheet) if depth else at
    return "".join([*kept, sheet[at:]])


def _note_targets(root: _Element) -> frozenset[str]:
    """Return the names in a page to which marks of notes before them point."""
    seen: set[str] = set()
    targets: set[str] = set()
    for element in root.iter():
        seen |= {element.get("id") or "", element.get("name") or ""}
        for href in _note_links(element):
            if href.startswith("#") and href[1:] not in seen:
                targets.add(href[1:])
    return frozenset(targets)


def note_links(root: _Element) -> Iterator[str]:
    """Yield the addresses to which marks of notes on a page point."""
    for element in root.iter():
        yield from _note_links(element)


def _note_links(element: _Element) -> Iterator[str]:
    name = name_of(element)
    if name in {"a", "sup", "span"} and _is_note_mark(element, name):
        for link in element.iter("{*}a", "a"):
            if href := link.get("href"):
                yield href


def types_of(element: _Element) -> frozenset[str]:
    """Return the `epub:type` words of an element; ARIA's "doc-" roles say the same."""
    words = [
        element.get("{http://www.idpf.org/2007/ops}type") or element.get("epub:type") or "",
        (element.get("role") or "").replace("doc-", ""),
    ]
    return frozenset(" ".join(words).split())


def _flow(root: _Element, targets: frozenset[str]) -> Iterator[_Item]:
    """Yield what the page holds. A stack, because pages can be nested thousands deep."""
    waiting: list[tuple[_Element | _Item, _Within]] = [(root, _Within())]
    while waiting:
        item, within = waiting.pop()
        if isinstance(item, str | Break | Page | Raised | _Heading | _Name | _Boilerplate | _Aside):
            yield item
            continue
        # The union also names the events that only TEI has.
        element: _Element = item  # type: ignore[assignment]
        waiting.extend(reversed(_opened(element, within, targets)))


def _opened(
    element: _Element, within: _Within, targets: frozenset[str]
) -> list[tuple[_Element | _Item, _Within]]:
    """Return what an element is made of, one step down."""
    name = name_of(element)
    items: list[tuple[_Element | _Item, _Within]] = []
    pointer = element.get("id") or (element.get("name") if name == "a" else None)
    if not name or _is_left_out(element, name, within):
        # A link may point to it all the same.
        return [(_Name(pointer), within)] if name and pointer else []
    if name in {"br", "wbr", "img"}:
        return [(Break(_line_end(element, within)), within)] if name == "br" else []
    inline = name not in _BLOCKS and name not in _LINES
    if (number := _page_number(element, name, inline)) is not None:
        named: list[tuple[_Element | _Item, _Within]] = (
            [(_Name(pointer), within)] if pointer else []
        )
        return [*named, (Page(number), within)]
    if _is_note_mark(element, name):
        return [(_Name(pointer), within)] if pointer else []
    if name == "sup" or _is_raised(element, name):
        said = Raised("".join(map(str, element.itertext())))
        return [(_Name(pointer), within), (said, within)] if pointer else [(said, within)]
    inside = _Within(
        lined=within.lined or name == "pre",
        cell=within.cell or name in {"td", "th"},
        article=within.article or name in _ARTICLES,
    )
    before, after = _separations(name, within)
    marked = bool(_BOILERPLATE.search(f"{pointer or ''} {element.get('class', '')}"))
    note = _is_note(element) or name in _STRUCK or (not inline and pointer in targets)
    # What stands beside a page, and is no part of an article, is the site's or an editor's.
    marked = marked or (note and not inline) or (name == "aside" and not within.article)
    marked = marked or _is_contents(element, name, within)
    aside = note and inline
    if before:
        items.append((Break(before), within))
    if marked:
        items.append((_Boilerplate(True), within))
    if aside:
        items.append((_Aside(True), within))
    if pointer:
        items.append((_Name(pointer), within))
    heading = _HEADING.fullmatch(name)
    if heading:
        items.append((_Heading(int(heading[1])), within))
    items += [(event, inside) for event in _characters(element.text, inside)]
    for child in element:
        items.append((child, inside))
        items += [(event, inside) for event in _characters(child.tail, inside)]
    if name == "q" and (marks := _quotation_marks(element)):
        items = [(marks[0], within), *items, (marks[1], within)]
    if aside:
        items.append((_Aside(False), within))
    if after:
        items.append((Break(after), within))
    if marked:
        items.append((_Boilerplate(False), within))
    return items


def _is_heading(element: _Element) -> bool:
    return _HEADING.fullmatch(name_of(element)) is not None


def _line_end(element: _Element, within: _Within) -> str:
    """Return the mark of a line's end; a blank line parts paragraphs."""
    before = element.getprevious()
    blank = before is not None and name_of(before) == "br" and not (before.tail or "").strip()
    whole = within.cell or any(map(_is_heading, element.iterancestors()))
    return SEPARATOR if blank and not whole else "\n"


def _quotation_marks(element: _Element) -> tuple[str, str] | None:
    """Return the marks that a browser sets around a quotation, None where they are written out."""
    before, parent = element.getprevious(), element.getparent()
    text = before.tail if before is not None else parent.text if parent is not None else ""
    said = "".join(map(str, element.itertext())).strip()
    if not said or said.startswith(_QUOTATION_MARKS) or (text or "").endswith(_QUOTATION_MARKS):
        return None
    outer = sum(name_of(one) == "q" for one in element.iterancestors())
    return ("‘", "’") if outer % 2 else ("“", "”")


_LISTS = frozenset(["ul", "ol", "dl", "table", "body"])
_LEAST_ENTRIES, _LEAST_ON_PAGE = 3, 2
_MOSTLY_LINKS = 0.8


def _is_contents(element: _Element, name: str, within: _Within) -> bool:
    """Return whether an element is a table of contents: links into the book, and little else."""
    parent = element.getparent()
    if name not in _LISTS or within.cell or (parent is not None and name_of(parent) == "li"):
        return False
    links = [link for link in element.iter("{*}a", "a") if _leads_inside(link.get("href") or "")]
    on_page = all((link.get("href") or "").startswith("#") for link in links)
    if len(links) < (_LEAST_ON_PAGE if on_page else _LEAST_ENTRIES):
        return False
    linked = sum(map(_letters, links))
    headings = sum(_letters(part) for part in element.iter() if _is_heading(part))
    return linked >= _MOSTLY_LINKS * (_letters(element) - headings) and linked > 2 * len(links)


def _leads_inside(href: str) -> bool:
    return href != "#" and not re.match(r"[\w+.-]+:|/", href)


def _letters(element: _Element) -> int:
    return sum(map(str.isalpha, "".join(map(str, element.itertext()))))


def _is_left_out(element: _Element, name: str, within: _Within) -> bool:
    if name in _LEFT_OUT or element.get("hidden") is not None:
        return True
    if _UNSEEN.search(element.get("style") or "") or _ARCHIVES_OWN.match(element.get("id") or ""):
        return True
    if element.get("id") in _FRAME and any(n.get("id") == _FRAMED for n in _siblings(element)):
        return True
    # The foot of a quotation or an article is part of it; that of the page is the site's.
    at_foot = name == "footer" and not within.article
    named = f"{element.get('class') or ''} {element.get('id') or ''}"
    # What holds a heading is the head of a text, not of a printed page.
    if _RUNNING_HEAD.search(named) and not any(map(_is_heading, element.iter())):
        return True
    if _SITES_OWN.search(named):
        return name not in {"body", "html", "main", "article"}
    return at_foot or element.get("role") in {"navigation", "contentinfo", "search"}


def _siblings(element: _Element) -> Iterator[_Element]:
    yield from element.itersiblings()
    yield from element.itersiblings(preceding=True)


def _page_number(element: _Element, name: str, inline: bool) -> str | None:
    """Return the number of the printed page that begins at an element, None at any other."""
    said = "".join(map(str, element.itertext())).translate(_INVISIBLE).strip()
    named = element.get("id") or element.get("name") or ""
    by_name = _PAGE_NAME.fullmatch(named)
    marker = (
        "pagebreak" in types_of(element)
        or _PAGE_CLASS.search(element.get("class") or "")
        or (inline and name != "a" and _PAGE_IN_BRACKETS.fullmatch(said))
        or (name in {"p", "div", "center"} and _PAGE_IN_WORDS.fullmatch(said))
    )
    if len(said) > _PAGE_MARK_LIMIT or not (marker or (name == "a" and by_name and not said)):
        return None
    labels = (element.get(key) or "" for key in ("title", "aria-label", "data-page-number"))
    for text in (said, *labels):
        if found := _PAGE_TEXT.fullmatch(text.strip()):
            return found[1]
    inner = (_PAGE_NAME.fullmatch(child.get("id") or child.get("name") or "") for child in element)
    found = by_name or next((match for match in inner if match), None)
    turns = (inline or name == "hr") and marker and not said
    return found[1] if found else ("" if turns else None)


def _is_note_mark(element: _Element, name: str) -> bool:
    """Return whether an element only refers to a note."""
    said = "".join(map(str, element.itertext())).strip()
    if not said or len(said) > _MARK_LIMIT:
        return False
    classed = element.get("class") or ""
    linked = name == "a" and bool(element.get("href"))
    marked = bool(types_of(element) & {"noteref"} or _MARK_CLASS.search(classed)) or (
        linked and _NOTE_CLASS.search(classed) is not None
    )
    if marked and LINKED_MARK.fullmatch(said):
        return True
    if name == "sup" or _is_raised(element, name):
        linked = next(element.iter("{*}a", "a"), None) is not None
        return bool(linked and LINKED_MARK.fullmatch(said))
    href = element.get("href") or "" if name == "a" else ""
    fragment = href.partition("#")[2]
    to_note = _NOTE_NAME.match(fragment) or (fragment and said[0] in "[(")
    return bool(to_note and LINKED_MARK.fullmatch(said))


def _is_note(element: _Element) -> bool:
    """Return whether an element holds a note, or a list of notes."""
    if types_of(element) & _NOTE_TYPES:
        return True
    return bool(_NOTE_CLASS.search(element.get("class") or ""))


def _is_raised(element: _Element, name: str) -> bool:
    """Return whether an element within a line is set above it; a cell's "top" is no such."""
    if name in _BLOCKS or name in _LINES or name in {"td", "th"}:
        return False
    return bool(
        _RAISED.search(element.get("style") or "")
        or _RAISED_CLASS.search(element.get("class") or "")
    )


def _separations(name: str, within: _Within) -> tuple[str, str]:
    """Return the marks before and after an element, "" for one in the line."""
    if name in {"td", "th"}:
        return "\t", "\t"
    if name in _LINES or name in _BLOCKS:
        # A paragraph in a cell would tear the row apart.
        mark = " " if within.cell else "\n" if name in _LINES else SEPARATOR
        return mark, mark
    return "", ""


def _characters(text: str | None, within: _Within) -> list[Event]:
    text = _BROKEN.sub(r"\1", text or "").translate(_INVISIBLE)
    if not within.lined:
        return _paged(text) if text else []
    events: list[Event] = []
    for number, line in enumerate(text.splitlines() or [""]):
        # A blank line in preformatted text parts paragraphs.
        if number:
            events.append(Break("\n") if line.strip() else Break(SEPARATOR))
        if line:
            events.append(line)
    if text.endswith("\n"):
        events.append(Break("\n"))
    return events


def _paged(text: str) -> list[Event]:
    """Return words with the marks "[Pg 12]" in them as pages."""
    events: list[Event] = []
    at = 0
    for found in _PAGE_IN_BRACKETS.finditer(text):
        if found[0][1:3].casefold() in {"pg", "pa"}:
            events += [part for part in [text[at : found.start()]] if part]
            events.append(Page(found[1]))
            at = found.end()
    return [*events, text[at:]] if at < len(text) else events
