"""Word: paragraphs, tables, notes, tracked changes, and files that cannot be read."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from rag.datatypes import Collection, SourceDocument
from rag.errors import UnreadableSource
from rag.ingest.readers.word import read_word, refuse_old_word
from rag.ingest.shared import decoding
from rag.language import fold

MINE = Collection("mine", "Mine")
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
# Word's "strict" files use other namespaces and are otherwise the same.
STRICT = 'xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main"'
MC = (
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)
CORE = """<cp:coreProperties xmlns:dc="http://purl.org/dc/elements/1.1/"
xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties">
<dc:title>{title}</dc:title><dc:creator>{creator}</dc:creator></cp:coreProperties>"""
STYLES = f"""<w:styles {W}><w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
<w:style w:styleId="Quote"><w:name w:val="Quote"/></w:style></w:styles>"""


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*inside: str, style: str = "", properties: str = "") -> str:
    runs = (part if part.startswith("<") else run(part) for part in inside)
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{named}{properties}</w:pPr>{''.join(runs)}</w:p>"


def make(path: Path, body: str, *, namespace: str = W, **parts: str) -> Path:
    document = f"<w:document {namespace} {MC}><w:body>{body}<w:sectPr/></w:body></w:document>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("word/document.xml", document)
        for name, text in parts.items():
            file.writestr({"core": "docProps/core.xml"}.get(name, f"word/{name}.xml"), text)
    return path


def read(path: Path) -> SourceDocument:
    (document,) = read_word(path, MINE)
    return document


def body_of(folder: Path, body: str) -> str:
    return read(make(folder / "a.docx", body)).text


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableSource) as error:
        list(read_word(path, MINE))
    assert path.name in str(error.value)
    assert ";" in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("namespace", [W, STRICT])
def test_paragraphs_and_runs(tmp_path, namespace):
    body = paragraph("We mar", run("ched", "<w:b/>"), " at dawn.") + paragraph()
    body += paragraph("Sir:", "<w:r><w:br/></w:r>", "No", "<w:r><w:noBreakHyphen/></w:r>", "one.")
    document = read(make(tmp_path / "my_letter.docx", body, namespace=namespace))
    assert document.text == "We marched at dawn.\n\nSir:\nNo\u2011one."
    assert [place.label for place in document.locators] == ["paragraph 1", "paragraph 2"]
    assert (document.title, document.creator, document.date) == ("my letter", None, None)


def test_headings_are_known_by_their_styles_name_in_any_language(tmp_path):
    body = "".join(
        [
            paragraph("First", style="berschrift1"),
            paragraph("One.", style="Quote"),
            paragraph("Second", style="berschrift1"),
            paragraph("Two."),
        ]
    )
    document = read(make(tmp_path / "a.docx", body, styles=STYLES))
    assert [(p.span.of(document.text), p.label) for p in document.locators] == [
        ("First", "section First, paragraph 1"),
        ("One.", "section First, paragraph 1"),
        ("Second", "section Second, paragraph 1"),
        ("Two.", "section Second, paragraph 1"),
    ]


def test_tables_are_readable(tmp_path):
    def row(*cells: str) -> str:
        inside = "".join(f"<w:tc><w:tcPr/>{paragraph(c)}{paragraph()}</w:tc>" for c in cells)
        return f"<w:tr>{inside}</w:tr>"

    table = f"<w:tbl><w:tblPr/>{row('Year', 'Guns')}{row('1900', '12')}</w:tbl>"
    assert body_of(tmp_path, paragraph("Before.") + table + paragraph("After.")).split("\n\n") == [
        "Before.",
        "Year\tGuns\n1900\t12",
        "After.",
    ]


def test_deleted_words_are_left_out_inserted_ones_are_in(tmp_path):
    deleted = "<w:del><w:r><w:br/><w:delText>two</w:delText></w:r></w:del>"
    moved = f"<w:moveFrom>{run('gone')}</w:moveFrom>"
    inserted = f"<w:ins>{run('three')}</w:ins>"
    body = paragraph("one ", deleted, moved, inserted, f"<w:hyperlink>{run(' four')}</w:hyperlink>")
    row = f"<w:tr><w:trPr><w:del/></w:trPr><w:tc>{paragraph('no row')}</w:tc></w:tr>"
    assert body_of(tmp_path, body + f"<w:tbl>{row}</w:tbl>") == "one three four"


def test_a_deleted_paragraph_end_joins_two_paragraphs(tmp_path):
    mark = "<w:rPr><w:del/></w:rPr>"
    body = paragraph("The King ", properties=mark) + paragraph("spoke.") + paragraph("Next.")
    assert body_of(tmp_path, body) == "The King spoke.\n\nNext."


def test_hidden_words_and_field_codes_are_left_out(tmp_path):
    field = "<w:r><w:fldChar/><w:instrText>PAGE \\* MERGE</w:instrText></w:r>"
    hidden = run("secret", "<w:vanish/>") + run("struck", "<w:strike/>")
    body = paragraph(field, run("seen", '<w:vanish w:val="0"/>'), hidden)
    assert body_of(tmp_path, body) == "seen"


def test_a_text_box_is_read_once_and_does_not_part_the_sentence_around_it(tmp_path):
    box = f"<wps:txbx><w:txbxContent>{paragraph('Boxed.')}</w:txbxContent></wps:txbx>"
    both = f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
    body = paragraph("He said ", f"<w:r>{both}</mc:AlternateContent></w:r>", "no.")
    assert body_of(tmp_path, body + paragraph("Next.")) == "He said no.\n\nBoxed.\n\nNext."


def test_content_controls_are_read(tmp_path):
    body = f"<w:sdt><w:sdtPr/><w:sdtContent>{paragraph('Inside.')}</w:sdtContent></w:sdt>"
    assert body_of(tmp_path, body) == "Inside."


def notes(kind: str, texts: dict[int, str]) -> str:
    inside = "".join(
        f'<w:{kind} w:id="{n}">{paragraph(f"<w:r><w:{kind}Ref/></w:r>", t)}</w:{kind}>'
        for n, t in texts.items()
    )
    return f"<w:{kind}s {W}>{inside}</w:{kind}s>"


def test_notes_follow_the_text_and_are_excluded(tmp_path):
    def mark(kind: str, number: int) -> str:
        return f'<w:r><w:{kind}Reference w:id="{number}"/></w:r>'

    gone = f"<w:del>{mark('footnote', 9)}</w:del>"
    body = paragraph("One", mark("footnote", 3), mark("endnote", 1), ".", gone)
    body += paragraph("Two", mark("footnote", 2), ".")
    footnotes = notes("footnote", {-1: "separator", 2: "RG 59.", 3: "See Smith.", 9: "deleted"})
    path = make(
        tmp_path / "a.docx", body, footnotes=footnotes, endnotes=notes("endnote", {1: "At last."})
    )
    document = read(path)
    assert document.text == ("One.\n\nTwo.\n\nNotes\n\n1. See Smith.\n\n2. RG 59.\n\n3. At last.")
    (excluded,) = document.excluded
    assert document.text[: excluded.start] == "One.\n\nTwo."
    assert excluded.end == len(document.text)


@pytest.mark.parametrize(
    ("title", "creator", "expected"),
    [
        ("The Crown", "Eve Four", ("The Crown", "Eve Four")),
        ("Document1", "user", ("a b", None)),
        ("", "Microsoft Office User", ("a b", None)),
    ],
)
def test_properties_are_used_if_they_say_something(tmp_path, title, creator, expected):
    core = CORE.format(title=title, creator=creator)
    document = read(make(tmp_path / "a_b.docx", paragraph("x"), core=core))
    assert (document.title, document.creator) == expected


@pytest.mark.parametrize("body", ["", paragraph(), paragraph(" ")])
def test_an_empty_file_is_refused(tmp_path, body):
    assert "holds no text" in refusal(make(tmp_path / "empty.docx", body))


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.95])
def test_a_truncated_file_is_refused(tmp_path, kept):
    path = make(tmp_path / "half.docx", paragraph("We marched."))
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * kept)])
    assert ("cut short" if kept else "is empty") in refusal(path)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "password"),
        (b"{\\rtf1 words}", "not a Word file"),
    ],
)
def test_a_mislabelled_or_locked_file_is_refused(tmp_path, raw, reason):
    path = tmp_path / "a.docx"
    path.write_bytes(raw)
    assert reason in refusal(path)


def test_another_kind_of_zip_is_refused(tmp_path):
    path = tmp_path / "a.docx"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("xl/workbook.xml", "<x/>")
    assert "not a Word file" in refusal(path)


def test_broken_xml_and_bombs_are_refused(tmp_path):
    assert "not well-formed" in refusal(make(tmp_path / "a.docx", "<w:p>"))
    bomb = paragraph("a" * (3 * decoding.MB))
    assert "unpacked" in refusal(make(tmp_path / "b.docx", bomb))


def test_old_word_files_are_refused_with_what_to_do(tmp_path):
    with pytest.raises(UnreadableSource, match=r"old\.doc .* save it as \.docx"):
        refuse_old_word(tmp_path / "old.doc", MINE)


@pytest.mark.parametrize(
    ("style", "styles"),
    [
        ("TOC1", f"<w:styles {W}/>"),
        ("Verzeichnis1", STYLES.replace("Quote", "Verzeichnis1", 1).replace("Quote", "toc 1")),
    ],
)
def test_the_table_of_contents_is_no_evidence(tmp_path, style, styles):
    body = paragraph("The Fort", "<w:r><w:tab/></w:r>", "3", style=style)
    body += paragraph("The fort fell.") + paragraph("The fleet sailed.")
    document = read(make(tmp_path / "a.docx", body, styles=styles))
    assert [span.of(document.text) for span in document.excluded] == ["The Fort\t3"]
    assert [place.label for place in document.locators] == ["paragraph 1", "paragraph 2"]


@pytest.mark.parametrize("heads", [("THE SIEGE 3", "4 A HISTORY", "THE SIEGE 5"), ("3", "4", "5")])
def test_heads_typed_on_each_page_cut_no_sentence(tmp_path, heads):
    from docx import Document

    texts = (
        "It rained for nine days on the camp. It was never proved, though many swore it, that",
        "Bishop Arne poisoned the well. No witness would swear before the judges at Sarn that Gen-",
        "eral Moro sold the fortress to the enemy. The summer came.",
    )
    document = Document()
    for number, (head, text) in enumerate(zip(heads, texts, strict=True)):
        document.add_paragraph(head)
        document.add_paragraph(text)
        if number < 2:
            document.add_page_break()
    document.save(tmp_path / "a.docx")
    (siege,) = read_word(tmp_path / "a.docx", MINE)
    kept = " ".join(fold(siege.text, None, siege.excluded).text.split())
    assert kept == (
        "It rained for nine days on the camp. It was never proved, though many swore it, that "
        "Bishop Arne poisoned the well. No witness would swear before the judges at Sarn that "
        "General Moro sold the fortress to the enemy. The summer came."
    )


def test_lines_that_come_again_on_pages_by_themselves_stay(tmp_path):
    from docx import Document

    document = Document()
    for town in ("Sarn", "Tarn", "Holm"):
        document.add_paragraph("Resolved unanimously.")
        document.add_paragraph(f"The mill at {town} is to be sold.")
        document.add_page_break()
    document.save(tmp_path / "a.docx")
    (minutes,) = read_word(tmp_path / "a.docx", MINE)
    assert minutes.text.count("Resolved unanimously.") == 3
    assert minutes.excluded == ()
