"""A dossier as a Word file (.docx): block quotations with their citations as footnotes.

python-docx writes everything but footnotes, which it does not know. Their part of the file is
added here (`_Footnotes`); as Word's own notes they are renumbered, and travel with a quotation
that is copied into a paper.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from rag.dossier.blocks import (
    DossierBlock,
    Extract,
    Facts,
    Heading,
    Listing,
    Paragraph,
    Run,
    Runs,
    paragraphs,
    text,
    uri,
)
from rag.wording import legible

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph as Written

QUOTED = "Quoted words"
"""The style of the words that are quoted within their passage."""
_FACTS = "Facts"
_MARK, _LINK = "F6E3B4", "8C3B2A"
_A4_MM = (210, 297)
_NOTES = """
<w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"
 xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">
<w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>
<w:footnote w:type="continuationSeparator" w:id="0"><w:p><w:r><w:continuationSeparator/></w:r></w:p>
</w:footnote></w:footnotes>"""


def to_word(blocks: Iterable[DossierBlock]) -> bytes:
    """Return the blocks as a Word file on A4, with headings to navigate by."""
    given = list(blocks)
    title = next((block.text for block in given if isinstance(block, Heading)), "")
    document = _empty(title)
    notes = _Footnotes(document)
    for block in given:
        _add(block, document, notes)
    written = BytesIO()
    document.save(written)
    return written.getvalue()


def _add(block: DossierBlock, document: Document, notes: _Footnotes) -> None:
    match block:
        case Heading(level, words, on_new_page):
            heading = document.add_heading(legible(" ".join(words.split())), level)
            heading.paragraph_format.page_break_before = on_new_page or None
        case Paragraph(runs):
            _write(runs, document.add_paragraph())
        case Extract():
            _quote(block, document, notes)
        case Facts(rows):
            for label, runs in rows:
                _write((*text(f"{label}: "), *runs), document.add_paragraph(style=_FACTS))
        case Listing(items):
            for runs in items:
                _write(runs, document.add_paragraph(style="List Bullet"))


def _quote(extract: Extract, document: Document, notes: _Footnotes) -> None:
    """Add a block quotation; the footnote's number follows the last word that is quoted."""
    parts = paragraphs(extract)
    last = max((at for at, part in enumerate(parts) if any(m for _, m in part)), default=None)
    for at, part in enumerate(parts):
        paragraph = document.add_paragraph(style="Quote")
        end = max((i for i, (_, marked) in enumerate(part) if marked), default=None)
        for i, (words, marked) in enumerate(part):
            paragraph.add_run(legible(words), QUOTED if marked else None)
            if extract.citation and at == last and i == end:
                notes.add(extract.citation, paragraph)


def _write(runs: Runs, paragraph: Written) -> None:
    """Add runs to a paragraph of the text or of a footnote."""
    for run in runs:
        if run.url:
            _link(run, paragraph)
        else:
            written = paragraph.add_run(legible(run.text))
            written.bold, written.italic = run.bold or None, run.italic or None


def _link(run: Run, paragraph: Written) -> None:
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml.ns import qn
    from docx.oxml.parser import OxmlElement

    written = paragraph.add_run(legible(run.text))._r
    written.style = "Hyperlink"
    link = OxmlElement("w:hyperlink")
    target = paragraph.part.relate_to(uri(str(run.url)), RELATIONSHIP_TYPE.HYPERLINK, True)
    link.set(qn("r:id"), target)
    written.addprevious(link)
    link.append(written)


class _Footnotes:
    """The footnotes of a Word file, each with its own paragraph."""

    def __init__(self, document: Document) -> None:
        from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
        from docx.opc.packuri import PackURI
        from docx.opc.part import XmlPart
        from docx.oxml.parser import parse_xml

        name = PackURI("/word/footnotes.xml")
        package = document.part.package
        assert package is not None
        part = XmlPart(name, CONTENT_TYPE.WML_FOOTNOTES, parse_xml(_NOTES), package)
        document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
        self._part = part
        self._number = 0

    def add(self, note: Runs, paragraph: Written) -> None:
        """Add a footnote, and its number at the end of `paragraph`."""
        from docx.text.paragraph import Paragraph as Written

        self._number += 1
        _numbered(paragraph, "w:footnoteReference").set(_name("w:id"), str(self._number))
        footnote = _child(self._part.element, "w:footnote")
        footnote.set(_name("w:id"), str(self._number))
        element = _child(footnote, "w:p")
        element.style = "FootnoteText"
        below = Written(element, self._part)
        _numbered(below, "w:footnoteRef")
        _write((*text(" "), *note), below)


def _numbered(paragraph: Written, tag: str) -> Any:
    """Return a new element for the number of a footnote, at the end of `paragraph`."""
    run = paragraph.add_run()._r
    run.style = "FootnoteReference"
    return _child(run, tag)


def _child(parent: Any, tag: str) -> Any:
    from docx.oxml.parser import OxmlElement

    child = OxmlElement(tag)
    parent.append(child)
    return child


def _name(tag: str) -> str:
    from docx.oxml.ns import qn

    return qn(tag)


def _empty(title: str) -> Document:
    """Return a document without text: its page, its styles, and who made it."""
    import docx
    from docx.shared import Mm

    document = docx.Document()
    about, now = document.core_properties, datetime.now(UTC)
    about.title, about.author, about.last_modified_by = title, "Source Finder", "Source Finder"
    about.comments, about.created, about.modified = "", now, now
    for section in document.sections:
        section.page_width, section.page_height = map(Mm, _A4_MM)
        foot = section.footer.paragraphs[0]
        foot.add_run(f"{title}, ")
        _child(foot._p, "w:fldSimple").set(_name("w:instr"), "PAGE")
    _add_styles(document)
    return document


def _add_styles(document: Document) -> None:
    """Add the styles that python-docx's own document lacks, under Word's names for them."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Pt, RGBColor

    styles = document.styles
    small = (("footnote text", "FootnoteText", True), (_FACTS, _FACTS, False))
    for name, key, builtin in small:
        style: Any = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH, builtin)
        style.element.set(_name("w:styleId"), key)
        style.base_style = styles["Normal"]
        style.font.size = Pt(9.5)
        style.paragraph_format.space_after = Pt(2)
    reference: Any = styles.add_style("footnote reference", WD_STYLE_TYPE.CHARACTER, True)
    reference.element.set(_name("w:styleId"), "FootnoteReference")
    reference.font.superscript = True
    link: Any = styles.add_style("Hyperlink", WD_STYLE_TYPE.CHARACTER, True)
    link.font.color.rgb, link.font.underline = RGBColor.from_string(_LINK), True
    quoted: Any = styles.add_style(QUOTED, WD_STYLE_TYPE.CHARACTER)
    shade = _child(quoted.element.get_or_add_rPr(), "w:shd")
    shade.set(_name("w:val"), "clear")
    shade.set(_name("w:fill"), _MARK)
    quote: Any = styles["Quote"]
    quote.font.italic = False
    quote.paragraph_format.left_indent = Pt(18)
