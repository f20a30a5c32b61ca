"""What is set aside, and why."""

from __future__ import annotations

import pytest

from rag.claims.checkable import is_pleasantry, why_set_aside
from rag.language import parse


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Where did the gold of California go?", "a question"),
        ("You know who hated Congress in 1830?", "a question"),
        ("Hello everyone and welcome back to the history channel.", "a greeting"),
        ("Thanks for watching this video about Lincoln.", "a greeting"),
        ("I would love to read the letters of Lincoln.", "about the writer"),
        ("My grandpa never forgot the winter of 1944.", "about the writer"),
        ("Three things I heard this week.", "about the writer"),
        ("Let's talk about what Washington did in 1790.", "an aside"),
        ("Imagine if Lincoln had tried that with Congress.", "an aside"),
        ("Don't forget what Nixon did in Cambodia.", "an aside"),
        ("Taiwan will be part of China by 2050.", "a prediction"),
        ("There is a view in Russia today that Khrushchev was wrong.", "about today"),
        ("It is well understood in Moscow today that Brezhnev erred.", "about today"),
        ("The dollar is going to collapse in Europe.", "a prediction"),
        ("Napoleon would have won at Waterloo without Blücher.", "a supposition"),
        ("The early air war in the Pacific was ugly.", "an opinion"),
        ("In my view Truman was wrong about Korea.", "an opinion"),
        ("I think that Wellington was the better general.", "an opinion"),
        ("Nobody likes a budget hawk until the bill shows up.", "too general to check"),
        ("Everyone's cousin became a trade expert.", "too general to check"),
        ("One can dream.", "too short to check"),
        ("Classic Nixon.", "too short to check"),
        ('"Really."', "too short to check"),
        ("Bob disagrees.", "too short to check"),
        ("Truman is great.", "an opinion"),
        ("Thanks to everyone for watching this on Lincoln.", "a greeting"),
        ("Next week Lincoln and Grant march on Richmond.", "an aside"),
        ("In the next episode Lincoln visits Richmond.", "an aside"),
        ("A forum post about a lecture on the war, and what was replied to it.", "an aside"),
        ("Screenshot of a tweet on Lincoln and Douglass.", "an aside"),
        ("The following is the transcript of a lecture on Bismarck.", "an aside"),
        ("This thread collects sources on the Battle of Midway.", "an aside"),
        ("Some notes from a talk by a retired general on the war.", "too general to check"),
    ],
)
def test_set_aside(text: str, why: str) -> None:
    assert why_set_aside(parse(text)[:]) == why


@pytest.mark.parametrize(
    "text",
    [
        "The Brits vote themselves out of Europe by, what, two points over half?",
        'Mao messaged Moscow and asked the leaders, "What is this?"',
        "I think that Polk lied to Congress about Mexico.",
        "I met Zhou Enlai in Moscow in 1964.",
        "The winter of 1846 was terrible in Ireland.",
        "Roosevelt said that Japan will attack Hawaii.",
        "Mao was extremely angry and very alarmed in Beijing.",
        "The troops burned the village and drove away the cattle.",
        "Her husband Albert died at Windsor.",
        "Roosevelt said on that day that Japan is at war today with America.",
        "Trieste was handed over to what is today Slovenia.",
        "Thanks to Seward, the United States bought Alaska in 1867.",
        "Cheers greeted Grant when he came to Galena in 1865.",
        "In the last week of the war Lincoln visited Richmond.",
        "The next week he was shot in Ford's Theatre by Booth.",
        "The last episode of the war was fought at Palmito Ranch.",
        "Lincoln was a Republican.",
        "The video shows that Lincoln owned slaves.",
        "Video of the shuttle disaster reached millions in 1986.",
        "British troops in Lhasa by 1904.",
        "No, Lincoln did not own slaves.",
        "Read as a whole, the treaty was fair to Spain until 1819.",
        "Work on the canal had begun in Ohio by the summer.",
        "Panama was the worst place for a canal crew.",
        "Taft thought that the tariff was good.",
        "Carter cut it.",
        "Nixon has resigned.",
        '"Speak softly and carry a big stick."',
        '"I will not seek a third term as your President."',
    ],
)
def test_looked_up(text: str) -> None:
    assert why_set_aside(parse(text)[:]) is None


@pytest.mark.parametrize(
    ("text", "only_kind"),
    [
        ("Great answer, thanks a lot!", True),
        ("hello there everyone", True),
        ("ok cool", True),
        ("Thank You Very Much", True),
        ("the great depression began under hoover", False),
        ("great britain burned the white house", False),
        ("is it ok that nixon lied", False),
        ("hoover was brilliant", False),
        ("did he see it", False),
    ],
)
def test_thanks_and_praise_alone_are_no_claim(text: str, only_kind: bool) -> None:
    assert is_pleasantry(text) is only_kind
