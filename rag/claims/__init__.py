"""What the user sent into claims: its statements, each looked up or visibly set aside.

Its parts are prose, which is cut into sentences, and lines that are none.

A line of markup, a link and a byline stay whole. A line that breaks off and goes on in the
next one, as in mail and in copies from a PDF, is one with it; the marks of what mail quotes are
no part of it. Of a transcript, each turn of a speaker is a part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count, islice, pairwise, zip_longest
from typing import TYPE_CHECKING

from rag.claims.checkable import (
    ABOUT_THIS_PAGE,
    MIN_CONTENT_WORDS,
    Clause,
    asks_without_a_mark,
    clauses,
    has_finite,
    is_about_this_page,
    is_pleasantry,
    is_question,
    is_statement,
    reason,
    states_nothing,
    told,
)
from rag.claims.references import Context, resolve, speaker_of
from rag.claims.transcripts import END_MARK, MAX_CHARS, MIN_WIDTH, Transcript, read_transcript
from rag.datatypes import Claim, ClaimForm, Span
from rag.errors import QuestionError
from rag.language import (
    TITLES,
    goes_on,
    parse,
    sentences,
    squeezed,
    stop_words,
    trimmed,
    word_list,
    words,
)

if TYPE_CHECKING:
    from spacy.tokens import Doc

_LINE = re.compile(r"[^\n]+")
_QUOTED = re.compile(r"^[ \t]*>[> \t]*", re.MULTILINE)
_ITEM = re.compile(r"[-–—]{1,3}\s|[*•+]\s|\d{1,3}[.)]\s|\(?[a-z\d][.)]\s|[A-Z][\w ]{0,20}:\s")
_ITEM_MARK = re.compile(r"(?:[*•+]|\(?(?:\d{1,3}|[a-z])[.)])\s+(?=\S)")
_TAG = re.compile(r"[#@]\w\S*")
_MARKUP = re.compile(r"^(:::|```|<!--|\{)|^\W+$|^([-=])\2{2}.*\2{3}$")
_LINK = re.compile(r"^(?=\S+$)\S*?(?:https?://|www\.)\S")
_BYLINE = re.compile(
    r"^[\w .'’-]{1,60} [-–—·•|] \d+ ?(s|m|min|h|hr|d|w|mo|y|yr)s?( ago)?$", re.IGNORECASE
)
_LEAST_FILLED = 0.75
"""The least share of the width that a line reaches, with the word that had no room, in text that is
wrapped, also in a type whose letters differ in width."""

_LEADING_ON = word_list("words", "leading_on")
_MAIL_HEADER = re.compile(r"^(?:From|Sent|To|Cc|Bcc|Date|Subject|Reply-To):\s")
_WROTE = re.compile(r"^On\b.{0,200}\bwrote:$", re.DOTALL)
_CLOCK = re.compile(r"\d:\d\d")
_QUOTED_BELOW = re.compile(r"\s*\n[ \t]*>")


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A stretch of the text. `form` says why it is no prose, None where it is; `speaker` who
    speaks, in a transcript that names them."""

    span: Span
    form: str | None = None
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """A text's parts, in order. `prose` has the text's length, with all that is not said in
    it blank; `transcript` is None where the text is none."""

    prose: str
    blocks: tuple[TextBlock, ...]
    transcript: Transcript | None = None


def read_layout(text: str) -> Layout:
    """Return the parts of `text`; where it is no transcript, they are all of it but white
    space."""
    transcript = read_transcript(text)
    if transcript is None:
        prose = _QUOTED.sub(lambda marks: " " * len(marks[0]), text)
        return Layout(prose, tuple(_blocks(text, prose, _paragraphs(text, prose))))
    speech = transcript.speech
    turns = [
        TextBlock(turn.span, _form_of(turn.span.of(speech)), turn.speaker)
        for turn in transcript.turns
    ]
    if not transcript.times:
        turns = _blocks(text, speech, _unlabelled(text, turns))
    return Layout(speech, tuple(turns), transcript)


def _unlabelled(text: str, lines: list[TextBlock]) -> Iterator[list[TextBlock]]:
    """Yield the lines of a transcript that stand below each other, without a name between,
    together."""
    below: list[TextBlock] = []
    for line in lines:
        if below:
            between = text[below[-1].span.end : line.span.start]
            if between.strip() or between.count("\n") > 1 or line.form or below[-1].form:
                yield below
                below = []
        below.append(line)
    if below:
        yield below


def _blocks(text: str, prose: str, paragraphs: Iterable[list[TextBlock]]) -> list[TextBlock]:
    found: list[TextBlock] = []
    for paragraph in paragraphs:
        joins = _joins(text, prose, [line.span for line in paragraph])
        for line, joined in zip(paragraph, joins, strict=True):
            if joined:
                found[-1] = replace(found[-1], span=Span(found[-1].span.start, line.span.end))
                continue
            if line.form == "a link" and found and _is_title(text, found[-1], line.span):
                found[-1] = TextBlock(found[-1].span, "the title of what is linked to")
            found.append(line)
    return found


def _paragraphs(text: str, prose: str) -> Iterator[list[TextBlock]]:
    """Yield the lines of prose that stand below each other, and are quoted as often, together;
    each other line alone."""
    lines: list[TextBlock] = []
    above = (0, 0)
    for match in _LINE.finditer(prose):
        span = trimmed(prose, match.start(), match.end())
        if span is None:
            continue
        form = _form_of(span.of(prose))
        if _WROTE.match(span.of(prose)) and _QUOTED_BELOW.match(text, span.end):
            form = "a mail header"
        line = TextBlock(span, form)
        depth = text.count(">", match.start(), span.start)
        below = match.start() == above[0] + 1 and depth == above[1]
        if lines and not (below and line.form is None and lines[-1].form is None):
            yield lines
            lines = []
        lines.append(line)
        above = (match.end(), depth)
    if lines:
        yield lines


def _is_title(text: str, before: TextBlock, link: Span) -> bool:
    """Return whether the line right above a link is the title of what it leads to: it ends
    without a mark."""
    return (
        before.form is None
        and text[before.span.end : link.start].count("\n") == 1
        and not END_MARK.search(before.span.of(text))
    )


def _form_of(line: str) -> str | None:
    """Return why a line, or a sentence of one, is no prose; None where it is."""
    if _MARKUP.search(line):
        return "markup"
    if _LINK.match(line):
        return "a link"
    if _BYLINE.match(line):
        return "a byline"
    if _MAIL_HEADER.match(line) or (_WROTE.match(line) and _is_sent(line)):
        return "a mail header"
    return _tags(line)


def _is_sent(line: str) -> bool:
    """Return whether a line that ends in "wrote:" has an address, or a time of day and says no more
    than who wrote."""
    if "@" in line:
        return True
    finite = [token for token in parse(line) if has_finite([token])]
    return _CLOCK.search(line) is not None and len(finite) == 1


def _tags(line: str) -> str | None:
    """Return what a line is of which each word is a tag, a name with "@" or a link; None where
    one is none of them."""
    parts = line.split()
    if not all(_TAG.fullmatch(part) or _LINK.match(part) for part in parts):
        return None
    return "a link" if any(_LINK.match(part) for part in parts) else "tags"


def _joins(text: str, prose: str, lines: list[Span]) -> list[bool]:
    """Return of each line of a paragraph whether it goes on with the one before: where a sentence
    surely breaks off, and in a wrapped paragraph after a full line, unless both make a statement
    of their own. (Where a sentence ends within a line, it does so before the next one, too.)"""
    pairs = list(pairwise(lines))
    broken = [_breaks_off(prose, before, line) for before, line in pairs]
    # How far a line reaches, with the indent or the speaker's name before it, and how far it would
    # with the first word of the next one.
    reach = [line.end - text.rfind("\n", 0, line.start) - 1 for line in lines]
    width = max(reach)
    longer = [
        far + len(line.of(prose).split(maxsplit=1)[0])
        for far, (_, line) in zip(reach, pairs, strict=False)
    ]
    short = [
        far < _LEAST_FILLED * width and not END_MARK.search(_tail(prose, line))
        for far, (line, _) in zip(longer, pairs, strict=True)
    ]
    # The first line may be a heading.
    wrapped = width >= MIN_WIDTH and any(broken) and not any(short[1:])
    stopped = wrapped and any(len(sentences(prose, line)) > 1 for line in lines)
    return [
        False,
        *(
            off
            or (
                wrapped
                and far >= width
                and _can_go_on(prose, *pair)
                and (stopped or not _both_state(prose, *pair))
            )
            for off, far, pair in zip(broken, longer, pairs, strict=True)
        ),
    ]


def _both_state(text: str, before: Span, line: Span) -> bool:
    """Return whether each of two lines makes a statement."""
    return all(is_statement(parse(part.of(text))[:]) for part in (before, line))


def _breaks_off(text: str, before: Span, line: Span) -> bool:
    """Return whether a sentence is surely broken off between two lines: the later one begins
    without a capital, or the one before ends with a word that leads on or with a title."""
    if not _can_go_on(text, before, line):
        return False
    tail = _tail(text, before)
    last = words(tail)[-1:] if tail[-1].isalpha() else []
    return text[line.start].islower() or not (_LEADING_ON | TITLES).isdisjoint(last)


def _can_go_on(text: str, before: Span, line: Span) -> bool:
    """Return whether a sentence may go on from one line to the next: there is no end mark, and
    the next is no item of a list and no heading in capitals."""
    tail, after = _tail(text, before), line.of(text)
    ends = END_MARK.search(tail) and not (tail.endswith(".") and goes_on(tail, after))
    return not (ends or _ITEM.match(after) or after.isupper())


def _tail(text: str, line: Span) -> str:
    return text[max(line.start, line.end - 20) : line.end]


MAX_CLAIM = 2_000
"""Nothing longer is one claim; each step of looking it up takes time with its length."""

_MAX_PARSED = 1_000
"""A longer sentence is a list, or no sentence: it stays whole, and its grammar is not read."""

_MAX_QUOTATION = 600
"""What is quoted stays with the words that say who said it, up to so many characters."""

_MAX_UNPUNCTUATED = 400
"""A sentence of a transcript that is longer has no full stops, as automatic captions have none:
it is cut where captions begin."""

_CAPTION_CHARS = 150
"""The least length of such a part: about two captions, or ten seconds of speech."""

_INITIAL = re.compile(r"[-–/.]\w\.$|\b\w\.\w\.$")
_INITIAL_FIRST = re.compile(r"\w\.")
_HYPHENED = re.compile(r"\w[-–/](?:\w\.){2,}$")
_SIGN = re.compile(r"^(?:[-–—―~]+|\()\s*(?=\w)")
_QUOTED_END = re.compile(r"[\"”»]\W*$")
_SIGNED = re.compile(r"(?<=[\"”»])\s+(?=[-–—―~(]+\s*[A-Z])")
_ENDED = re.compile(r"(?<=\b\w\.\w\.)\s(?=[A-Z])|(?<=[.!?]\))\s(?=\S)")
_SOURCE = "the source of a quotation"
TOO_LONG = f"longer than {MAX_CLAIM:,} characters without an end"

_OPENING = '“"'
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffd]")
_UNDECODABLE = re.compile("[\x00\ud800-\udfff]")
_AS_SOURCE = "add the file under Corpus (in a terminal: `source-finder build FILE`)"
_WEAK = frozenset({"too short to check", "too general to check"})


def check_question(text: str) -> str:
    """Return `text` if it can be answered; raises `QuestionError` with what to do."""
    if not text.strip():
        raise QuestionError(
            "The question is empty. Type or paste a claim about the past, for example: "
            "Monroe told Europe to stay out of the Americas."
        )
    if len(text) > MAX_CHARS and not _fits(text):
        raise QuestionError(
            f"The text has {len(text):,} characters; at most {MAX_CHARS:,} can be sent at a "
            f"time. Send a part of it, or {_AS_SOURCE}."
        )
    strange = len(_UNPRINTABLE.findall(text))
    if _UNDECODABLE.search(text) or strange > max(3, len(text) // 50):
        raise QuestionError(
            "This is not readable text. If it comes from a PDF or a Word file, paste its text, "
            f"or {_AS_SOURCE}."
        )
    if not words(text):
        raise QuestionError("The question contains no words. Type or paste a claim about the past.")
    return text


def check_claim(text: str) -> str:
    """Return `text` if it can be one claim; raises `QuestionError` with what to do."""
    check_question(text)
    if len(text) > MAX_CLAIM:
        raise QuestionError(
            f"The claim has {len(text):,} characters; one claim may have {MAX_CLAIM:,}. Send "
            "one statement, or send the whole as a text, which is cut into its claims."
        )
    return text


def _fits(text: str) -> bool:
    """Return whether of a long text, such as a subtitle file, not too much is speech."""
    transcript = read_transcript(text) if len(text) <= 3 * MAX_CHARS else None
    return transcript is not None and len(" ".join(transcript.speech.split())) <= MAX_CHARS


def split_claims(text: str) -> Iterator[Claim]:
    """Yield the claims of `text`, in order, and between them what is set aside, with a reason.

    A text of one sentence is looked up whatever its form, as a claim, a question or a topic, but
    for a greeting, thanks, a link or a question about this page. So are the questions of a text
    that has no claim.
    Claims come as they are found: the first one does not wait for the last.
    """
    waiting: list[Claim] | None = []
    for claim in _split(text):
        if waiting is None:
            yield claim
        elif claim.set_aside:
            waiting.append(claim)
        else:
            yield from (*waiting, claim)
            waiting = None
    for claim in waiting or ():
        # "Really?" asks for nothing that a source could tell.
        asked = claim.set_aside == "a question" and len(_content(claim.text)) > 1
        yield replace(claim, set_aside=None, form="question") if asked else claim


def _content(text: str) -> list[str]:
    return [word for word in words(text) if word not in stop_words()]


def _split(text: str) -> Iterator[Claim]:
    layout = read_layout(text)
    found = [part for block in layout.blocks for part in _sentences(layout, block)]
    after = [*found[2:], None]
    # Each by the next sentence.
    signed = [*(map(_is_signature, found, found[1:], after)), False]
    signs = [False, *signed]
    stated = (one for one, sign in zip(found, signs, strict=False) if words(one.text) and not sign)
    alone = len(list(islice(stated, 2))) == 1
    numbers = count(1)
    context = Context()
    for number, (sentence, following) in enumerate(zip_longest(found, found[1:])):
        if sentence.block.form == "a byline":  # somebody else goes on
            context = Context()
        form, unsaid = _form_alone(sentence) if alone else ("claim", None)
        if signs[number]:
            unsaid = _SOURCE
        signer = _signer(following) if following and signed[number] else None
        for piece in _pieces(sentence, following, context):
            context = piece.context
            said = text[piece.span.start : piece.span.end]
            looked_up = not unsaid and (piece.set_aside is None or (alone and bool(words(said))))
            if len(said) > MAX_CLAIM:
                looked_up, piece = False, replace(piece, set_aside=TOO_LONG)
            plain = " ".join(said.split())
            yield Claim(
                claim_id=f"c{next(numbers)}",
                text=said,
                span=piece.span,
                set_aside=None if looked_up else unsaid or piece.set_aside,
                resolved=piece.resolved,
                said_by=piece.said_by or sentence.block.speaker or signer,
                at_s=layout.transcript.at(piece.span.start) if layout.transcript else None,
                spoken=piece.spoken if piece.spoken != plain else "",
                form=form,
            )


def _is_signature(quotation: _Sentence, line: _Sentence, after: _Sentence | None) -> bool:
    """Return whether a line, or what stands behind a quotation, names its source: "— Lincoln,
    1858". It begins with a mark and has no finite verb or, below what is all quoted, is names and
    numbers alone, somebody's first. A list, where the next line begins as it does, is none."""
    whole = quotation.text[0] in _OPENING
    below = line.block is not quotation.block
    if not (_QUOTED_END.search(quotation.text[-5:]) and (whole or below) and _only_names(line)):
        return False
    mark = _SIGN.match(line.text)
    if after is not None and after.block is not line.block:
        again = _SIGN.match(after.text)
        if mark and again and mark[0] == again[0]:
            return False
        if not mark and _only_names(after) and after.text[0] not in _OPENING:
            return False
    return bool(mark) or (whole and below and _signer(line) is not None and _is_bare(line))


_OF_NAMES = frozenset({"PROPN", "NUM", "ADP", "DET", "PUNCT", "SYM"})


def _is_bare(line: _Sentence) -> bool:
    """Return whether a line has nothing but names, titles and numbers: no headline, no caption."""
    return all(token.pos_ in _OF_NAMES or token.lower_ in TITLES for token in parse(line.text))


def _only_names(line: _Sentence) -> bool:
    """Return whether a line names something and says nothing of it in a finite verb."""
    return _is_readable(line) and not has_finite(parse(_SIGN.sub("", line.text)))


def _signer(line: _Sentence) -> str | None:
    """Return whom a signature begins with, None where that is nobody."""
    persons = (e for e in parse(_SIGN.sub("", line.text)).ents if e.label_ == "PERSON")
    return next((str(entity.text) for entity in persons if entity.start == 0), None)


def _form_alone(sentence: _Sentence) -> tuple[ClaimForm, str | None]:
    """Return what a sentence is that is all that was sent, and why it is not looked up, None
    where it is."""
    if sentence.block.form == "a link":
        return "claim", "a link"
    if is_pleasantry(sentence.text):
        return "claim", "a greeting"
    if is_about_this_page(sentence.text):
        return "question", ABOUT_THIS_PAGE
    if not _is_readable(sentence):
        return "claim", None
    doc = parse(sentence.text)
    if is_question(doc[:]) or asks_without_a_mark(doc[:]):
        return "question", None
    return ("topic" if states_nothing(doc[:]) else "claim"), None


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence on one line, and for each of its characters the place in what was sent.
    `whole`: it begins and ends where a sentence does, and not just where a caption does."""

    text: str
    places: list[int]
    block: TextBlock
    whole: bool = True

    @property
    def span(self) -> Span:
        return Span(self.places[0], self.places[-1] + 1)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a sentence on its way to a claim; `context` is what holds after it."""

    span: Span
    spoken: str
    set_aside: str | None
    context: Context
    resolved: str = ""
    said_by: str | None = None


def _sentences(layout: Layout, block: TextBlock) -> Iterator[_Sentence]:
    """Yield the sentences of a block; what is no prose stays whole, and so does a quotation."""
    line, places = squeezed(layout.prose, block.span)
    if block.form:
        yield _Sentence(line, places, block)
        return
    if mark := _ITEM_MARK.match(line):
        line, places = line[mark.end() :], places[mark.end() :]
    joined: list[Span] = []
    for span in _ended(line):
        before = joined[-1] if joined else None
        whole = span if before is None else Span(before.start, span.end)
        if before is not None and _belongs(before.of(line), span.of(line), len(whole)):
            joined[-1] = whole
        else:
            joined.append(span)
    for span in joined:
        if layout.transcript and len(span) > _MAX_UNPUNCTUATED:
            parts = _captions(layout.transcript, line, span, places)
        else:
            parts = [span]
        for part in parts:
            yield _Sentence(part.of(line), places[part.start : part.end], block, part == span)


def _ended(line: str) -> Iterator[Span]:
    """Yield the sentences of a line, also those that end with initials or in brackets: "in the
    U.S. That is so. (It was not then.) Polk said so.", and a quotation before its source."""
    for span in sentences(line):
        start = span.start
        signed = _SIGNED.search(line, start, span.end) if line[start] in _OPENING else None
        if signed and not has_finite(parse(line[signed.end() : span.end])):
            yield Span(start, signed.start())
            start = signed.end()
        for gap in _ENDED.finditer(line, span.start, span.end):
            in_brackets = line[gap.start() - 1] == ")"
            if in_brackets:
                ends = line.rfind("(", start, gap.start()) == start
            else:
                ends = stop_words().issuperset(words(line[gap.end() : gap.end() + 20])[:1])
            if ends:
                yield Span(start, gap.start())
                start = gap.end()
        yield Span(start, span.end)


def _belongs(before: str, after: str, length: int) -> bool:
    """Return whether a stretch goes on with the sentence before: in one word, or in a quotation.
    `length`: that of both together."""
    return _goes_on(before, after) or (length <= _MAX_QUOTATION and _is_open(before))


def _goes_on(before: str, after: str) -> bool:
    """Return whether a sentence was cut within an abbreviation that is part of a longer word
    or of a name: "the Japan-U.|S. Security Treaty".

    >>> _goes_on("They signed the Japan-U.", "S. Security Treaty."), _goes_on("In the U.S.", "He")
    (True, False)
    """
    if _INITIAL.search(before) and _INITIAL_FIRST.match(after):
        return True
    first = words(after)[:1]
    return bool(_HYPHENED.search(before)) and bool(first) and first[0] not in stop_words()


def _captions(transcript: Transcript, line: str, span: Span, places: list[int]) -> list[Span]:
    """Return a run of captions without full stops, cut where captions begin."""
    starts = {place for place, _ in transcript.times}
    cuts = [span.start]
    for number in range(span.start + 1, span.end):
        begins = any(place in starts for place in range(places[number - 1] + 1, places[number] + 1))
        if begins and number - cuts[-1] >= _CAPTION_CHARS:
            cuts.append(number)
    parts = (trimmed(line, start, end) for start, end in pairwise([*cuts, span.end]))
    return [part for part in parts if part]


def _is_open(sentence: str) -> bool:
    """Return whether a quotation that begins in a sentence does not end there."""
    return sentence.count('"') % 2 == 1 or sentence.count("“") > sentence.count("”")


def _pieces(sentence: _Sentence, following: _Sentence | None, context: Context) -> Iterator[_Piece]:
    """Yield a sentence in its clauses, each resolved in the context of those before."""
    content = [word for word in words(sentence.text) if word not in stop_words()]
    form = sentence.block.form or _form_of(sentence.text)
    if form or not content or not _is_readable(sentence):
        why = form or _short(sentence.text, content)
        yield _Piece(sentence.span, sentence.text, why, context)
        return
    doc = parse(sentence.text)
    answered_by = _next_speaker(following)
    for clause in _standing(doc, context):
        part = doc[clause.start : clause.end]
        said = part.text.rstrip(" ,;")
        if not said:
            continue
        last = part.start_char + len(said) - 1
        place = Span(sentence.places[part.start_char], sentence.places[last] + 1)
        before = doc[: clause.start] if clause.start else None
        stated = told(part) or part
        resolved = resolve(
            stated,
            context,
            clause.shared,
            setting=clause.setting,
            before=before,
            answered_by=answered_by,
        )
        why = reason(stated, resolved.text if resolved.named else "")
        # Whom a relative clause tells of in passing is not gone on with, unless for want of others.
        if not (part[0].tag_.startswith("W") and context.has_subject):
            context = context.after(resolved.mentions, part)
        if why:
            yield _Piece(place, said, why, context)
        else:
            asked = "" if stated is part else stated.text
            yield _Piece(place, said, None, context, resolved.text or asked, resolved.said_by)


def _is_readable(sentence: _Sentence) -> bool:
    """Return whether the grammar of a sentence can be read."""
    return sentence.whole and len(sentence.text) <= _MAX_PARSED


def _short(sentence: str, content: list[str]) -> str | None:
    """Return what is wrong with a sentence whose grammar is not read, None for nothing."""
    if len(content) >= MIN_CONTENT_WORDS:
        return None
    return "a question" if sentence.endswith("?") else "too short to check"


def _next_speaker(following: _Sentence | None) -> str | None:
    """Return whom the next sentence names as speaking."""
    if following is None or following.block.form or not _is_readable(following):
        return None
    if not any(mark in following.text for mark in _OPENING):
        return None
    return speaker_of(parse(following.text)[:])


def _standing(doc: Doc, context: Context) -> list[Clause]:
    """Return the clauses of a sentence; one that says too little alone stays with the one
    before it, the first one with the next."""
    kept: list[Clause] = []
    weak_start = False
    for clause in clauses(doc):
        part = doc[clause.start : clause.end]
        resolved = resolve(part, context, clause.shared)
        weak = reason(part, resolved.text if resolved.named else "") in _WEAK
        if kept and (weak or weak_start):
            kept[-1] = replace(kept[-1], end=clause.end)
        else:
            kept.append(clause)
        weak_start = weak and len(kept) == 1 and kept[0].end == clause.end and clause.start == 0
    return kept
