"""Transcripts: every word keeps its place, its time and its speaker."""

from __future__ import annotations

import io
import textwrap
import time
from itertools import pairwise

import pytest
import webvtt
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rag.claims import check_question, split_claims
from rag.claims.transcripts import MAX_CHARS, read_transcript
from rag.errors import QuestionError
from rag.wording import clock

SRT = """\
1
00:00:01,000 --> 00:00:03,500
<i>After the war, the Soviet leadership</i>

2
00:00:03,600 --> 00:00:07,000
wanted China to oust Mao. Zhou Enlai
came to Moscow in

3
00:00:07,100 --> 00:00:09,000
November 1964. [Music]

4
00:00:09,100 --> 00:00:12,000
- He met Kosygin there.
- Is that so?
"""

VTT = """\
WEBVTT
Kind: captions

NOTE
made by hand in 1999

intro
00:01.000 --> 00:04.000 align:start position:0%
<v Roberts>Zhou Enlai came to<00:00:02.000><c> Moscow</c> in

00:04.000 --> 00:06.000
Zhou Enlai came to Moscow in
November 1964 &amp; met Brezhnev.

01:02:06.500 --> 01:02:08.000
<v Smith>The Kremlin gave a reception in November.
"""

STAMPED = {
    "times on lines of their own": "0:00\nUlysses Grant wanted the treaty. He\n0:07\nlost the vote "
    "in the\n0:10\nSenate in 1870.",
    "times before the words": "0:00 Ulysses Grant wanted the treaty. He\n0:07 lost the vote in the"
    "\n0:10 Senate in 1870.",
    "times in brackets": "[00:00:00] Ulysses Grant wanted the treaty. He\n[00:00:07] lost the vote "
    "in the\n[00:00:10] Senate in 1870.",
}


def said(text: str) -> list[tuple[str, float | None, str | None]]:
    claims = list(split_claims(text))
    for claim in claims:
        assert claim.span.of(text) == claim.text
    return [(claim.shown, claim.at_s, claim.said_by) for claim in claims if not claim.set_aside]


def test_subrip() -> None:
    assert said(SRT) == [
        ("After the war, the Soviet leadership wanted China to oust Mao.", 1.0, None),
        ("Zhou Enlai came to Moscow in November 1964.", 3.6, None),
        ("He met Kosygin there.", 9.1, None),
    ]
    met = [claim for claim in split_claims(SRT) if "Kosygin" in claim.text]
    assert met[0].query == "Zhou Enlai met Kosygin there."


def test_web_vtt_with_voices_and_a_line_shown_twice() -> None:
    assert said(VTT) == [
        ("Zhou Enlai came to Moscow in November 1964 & met Brezhnev.", 1.0, "Roberts"),
        ("The Kremlin gave a reception in November.", 3726.5, "Smith"),
    ]


@pytest.mark.parametrize("text", STAMPED.values(), ids=list(STAMPED))
def test_pasted_times(text: str) -> None:
    assert said(text) == [
        ("Ulysses Grant wanted the treaty.", 0.0, None),
        ("He lost the vote in the Senate in 1870.", 0.0, None),
    ]


def test_a_claim_without_times_between_its_words_is_shown_as_it_stands() -> None:
    text = "[0:05] Polk praised California in 1848.\n[0:09] Gold was found near\n[0:11] Coloma."
    first, second = (claim for claim in split_claims(text) if not claim.set_aside)
    assert (first.spoken, first.shown) == ("", "Polk praised California in 1848.")
    assert second.text == "Gold was found near\n[0:11] Coloma."
    assert second.spoken == second.query == "Gold was found near Coloma."


def test_speakers() -> None:
    text = (
        "[12:31] ROBERTS: In 1823 Monroe warned Europe. It\n"
        "[12:35] surprised Britain and Spain, it\n[12:37] seems.\n"
        "[12:40] SMITH: The doctrine was written by Adams."
    )
    assert said(text) == [
        ("In 1823 Monroe warned Europe.", 751.0, "Roberts"),
        ("It surprised Britain and Spain, it seems.", 751.0, "Roberts"),
        ("The doctrine was written by Adams.", 760.0, "Smith"),
    ]
    bare = (
        "Ms Smith: Adams wrote the doctrine in 1823.\nHost: Who?\nMs Smith: Adams lived in Quincy."
    )
    assert [who for *_, who in said(bare)] == ["Ms Smith", "Ms Smith"]


def test_a_dialogue_may_have_lines_without_a_label() -> None:
    text = (
        "NIXON: Ike ended the war in Korea.\nIt cost much.\nHe knew.\nHOST: When?\nNIXON: In 1953."
    )
    found = read_transcript(text)
    assert found is not None
    assert [turn.speaker for turn in found.turns] == ["Nixon"] * 3 + ["Host", "Nixon"]


@pytest.mark.parametrize(
    ("text", "speakers"),
    [
        ("Nixon: War ended.\nKennedy: It did not.\nNixon: It did.", ["Nixon", "Kennedy", "Nixon"]),
        ("NIXON: War ended.\nQ: When?\nNIXON: In 1953.", ["Nixon", None, "Nixon"]),
        ("[0:01] NIXON: War ended.\n[0:04] Kennedy: It did not.", ["Nixon", None]),
    ],
)
def test_nobody_is_heard_with_the_words_of_another(text: str, speakers: list[str | None]) -> None:
    found = read_transcript(text)
    assert found is not None
    assert [turn.speaker for turn in found.turns] == speakers


def test_a_wrapped_debate_is_cut_into_sentences() -> None:
    turns = {
        "Kennedy": "Senator Nixon forgets that in 1958 the Congress passed the largest budget in "
        "our history for the army, and General Eisenhower signed it that summer.",
        "Nixon": "Since 1953 the wages of our people have gone up by fifteen percent, and those "
        "of Senator Kennedy have gone up by much more than that.",
    }
    whole = "\n".join(f"{name.upper()}: {words}" for name, words in turns.items())
    for gap in ("\n", "\n\n"):
        wrapped = [textwrap.fill(f"{name.upper()}: {words}", 55) for name, words in turns.items()]
        claims = [(" ".join(text.split()), who) for text, _, who in said(gap.join(wrapped))]
        assert claims == [(text, who) for text, _, who in said(whole)]
    assert {who for *_, who in said(whole)} == {"Kennedy", "Nixon"}


def test_reported_speech_comes_before_the_speaker() -> None:
    text = "[0:01] ROBERTS: Mao said that Khrushchev was a coward.\n[0:09] SMITH: Mao lied in 1958."
    assert [who for *_, who in said(text)] == ["Mao", "Smith"]


def test_captions_without_full_stops_are_cut_where_captions_begin() -> None:
    lines = [
        "after the overthrow of stalin the soviet",
        "leadership wanted the chinese party to",
        "oust mao the way khrushchev was ousted",
        "zhou enlai came to moscow and there was",
        "an expectation that this would lead to",
        "an improvement in relations between the",
        "soviet union and china over the course",
        "of that meeting the defense minister a",
        "man called malinowski came up to zhou",
        "enlai and said that they had overthrown",
        "their own idiot and why did the chinese",
        "not do the same thing to mao at once",
    ]
    text = "\n".join(f"0:{4 * number:02}\n{line}" for number, line in enumerate(lines))
    found = said(text)
    assert " ".join(words for words, *_ in found) == " ".join(lines)
    assert [at_s for _, at_s, _ in found] == [0.0, 16.0, 32.0]


@pytest.mark.parametrize(("opens", "closes"), [("", ""), ("[", "]"), ("(", ")")])
def test_a_transcript_on_one_line_has_its_times(opens: str, closes: str) -> None:
    said = ["Gold was found", "near the fort,", "Polk told Congress.", "Monroe had warned Europe."]
    text = " ".join(f"{opens}{k}:0{k}{closes} {part}" for k, part in enumerate(said))
    found = read_transcript(text)
    assert found is not None
    assert [found.at(text.index(part)) for part in said] == [0, 61, 122, 183]
    assert " ".join(found.speech.split()) == " ".join(said)


@pytest.mark.parametrize(
    "text",
    [
        "At 12:30 they met in Paris. The treaty was signed at 14:00 by Wilson.",
        "12:30 they met in Paris.\nThe treaty was signed.\nWilson left.\nHe was ill.\nIt rained.\n"
        "Nobody knew.",
        "NOTE: Lloyd George left early.\nHe went to London.",
        "Myth: Lincoln freed all.\nFact: Lincoln freed some.\nMyth: Grant was poor.",
        "Q: Did Grant own slaves?\nA: Grant owned one.\nQ: When?\nA: Until 1859.",
        "Gold was found.\nPolk said so.\nEDIT: thanks!\nUPDATE 2: [Robert] Walker wrote it.",
        "From: Ann\nTo: Bob\nPolk lied.\nFrom: Bob\nTo: Ann\nHe did not.",
        "CAUSES: A tariff.\nThe South was poor.\nIt was angry.\nSo was he.\nRESULTS: It left.",
        "",
    ],
)
def test_prose_is_no_transcript(text: str) -> None:
    assert read_transcript(text) is None


_WORD = st.from_regex(r"[A-Za-z]{2,9}", fullmatch=True)
_CUES = st.lists(st.lists(_WORD, min_size=1, max_size=6).map(" ".join), min_size=1, max_size=8)


@given(_CUES, st.sampled_from(["srt", "vtt"]))
def test_words_and_times_are_those_of_another_parser(cues: list[str], form: str) -> None:
    said = [cue.casefold().split() for cue in dict.fromkeys(cues)]
    assume(not any(set(a[-3:]) & set(b[:3]) for a, b in pairwise(said)))  # such ones roll up
    point = "," if form == "srt" else "."
    blocks = [
        f"{number}\n00:0{number}:10{point}500 --> 00:0{number}:12{point}000\n{cue}\n"
        for number, cue in enumerate(dict.fromkeys(cues), 1)
    ]
    text = ("WEBVTT\n\n" if form == "vtt" else "") + "\n".join(blocks)
    expected = webvtt.from_buffer(io.StringIO(text), format=form)
    found = read_transcript(text)
    assert found is not None
    assert found.speech.split() == " ".join(caption.text for caption in expected).split()
    assert [seconds for _, seconds in found.times] == [
        caption.start_in_seconds + 0.5 for caption in expected
    ]


@settings(deadline=None)  # the first one loads the parser
@given(st.text(max_size=200) | st.lists(st.sampled_from((SRT + VTT).split("\n"))).map("\n".join))
def test_any_text_keeps_its_places(text: str) -> None:
    found = read_transcript(text)
    if found is not None:
        assert len(found.speech) == len(text)
    for claim in split_claims(text):
        assert claim.span.of(text) == claim.text


def test_the_times_of_a_long_subtitle_file_do_not_count_as_speech() -> None:
    cue = "{n}\n00:00:01,000 --> 00:00:02,000\nGold was found in {n}.\n\n"
    text = "".join(cue.format(n=n) for n in range(4_500))
    assert len(text) > MAX_CHARS
    check_question(text)
    with pytest.raises(QuestionError, match="at most 200,000"):
        check_question(text.replace("found", "found " * 9))


@pytest.mark.parametrize(
    "line",
    ["[" * 50_000, "0:0" * 30_000, "A" * 50_000 + ":", "A " * 50_000 + ": x", "<" * 50_000,
     "0:00 <v " * 12_000, "1\n00:00:01,000 --> 00:00:02,000\n" * 3_000],
    ids=["brackets", "times", "name", "names", "tags", "voices", "cues"],
)  # fmt: skip
def test_hostile_text_is_read_in_time(line: str) -> None:
    started = time.process_time()
    read_transcript(line)
    assert time.process_time() - started < 2


def test_clock() -> None:
    assert [clock(s) for s in (0, 59.9, 60, 3600)] == ["0:00", "0:59", "1:00", "1:00:00"]


THREE_LINES = """1
00:00:01,000 --> 00:00:04,000
In 1848 Polk told Congress
that gold had been found.

2
00:00:04,000 --> 00:00:07,000
In 1848 Polk told Congress
that gold had been found.
Monroe told the powers

3
00:00:07,000 --> 00:00:10,000
that gold had been found.
Monroe told the powers
to keep out.

4
00:00:10,000 --> 00:00:13,000
Monroe told the powers
to keep out.
"""
TAILS = """WEBVTT

00:01.000 --> 00:03.000
In 1848 Polk told Congress that gold had been found

00:03.000 --> 00:05.000
<c>that gold</c> had been found in Ohio. Monroe told the powers

00:05.000 --> 00:07.000
Monroe told the powers to keep out.
"""


GROWING = """1
00:00:01,000 --> 00:00:02,000
In 1848

2
00:00:02,000 --> 00:00:03,000
In 1848 Polk told Congress that

3
00:00:03,000 --> 00:00:04,000
In 1848, Polk told Congress that gold had been found.

4
00:00:05,000 --> 00:00:06,000
Monroe told

5
00:00:06,000 --> 00:00:07,000
Monroe told the powers to keep out.
"""
SUBVIEWER = """0:00:01.000,0:00:03.000
In 1848 Polk told Congress that gold

0:00:03.000,0:00:05.000
had been found. Monroe told the powers to keep out.
"""


PAINTED = """1
00:00:01,000 --> 00:00:02,000
>> IN 1848 POLK

2
00:00:02,000 --> 00:00:03,000
>> IN 1848 POLK TOLD CONGRESS
THAT

3
00:00:03,000 --> 00:00:04,000
>> IN 1848 POLK TOLD CONGRESS
THAT GOLD HAD BEEN FOUND.

4
00:00:04,000 --> 00:00:05,000
THAT GOLD HAD BEEN FOUND.
MONROE TOLD

5
00:00:05,000 --> 00:00:06,000
THAT GOLD HAD BEEN FOUND.
MONROE TOLD THE POWERS TO KEEP OUT. (Laughter)
"""
TWO_WORDS = """0:00:01.000,0:00:03.000
In 1848 Polk told Congress that gold

0:00:02.500,0:00:05.000
that gold
had been found. (Applause) Monroe told the powers

0:00:05.000,0:00:07.000
to keep out.
"""


@pytest.mark.parametrize(
    "captions",
    [THREE_LINES, TAILS, TAILS.replace("\n", "\r\n"), GROWING, SUBVIEWER, PAINTED, TWO_WORDS],
)
def test_captions_that_roll_up_are_said_once(captions):
    found = read_transcript(captions)
    assert found is not None
    said = " ".join(" ".join(turn.span.of(found.speech).split()) for turn in found.turns)
    assert said.replace(" in Ohio", "").casefold() == (
        "in 1848 polk told congress that gold had been found. monroe told the powers to keep out."
    )
