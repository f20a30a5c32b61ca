"""Old Style and double years, the Republic's months, and days told from a letter's month."""

from __future__ import annotations

import pytest

from rag.datatypes import Span
from rag.language import relative_times, times
from rag.language.calendars import in_new_style


def overlap(one: str, other: str) -> bool:
    (first,), (second,) = times(one), times(other)
    return first.overlaps(second) and second.overlaps(first)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("30 January 1648/9", "the 30th of January 1649", True),
        ("30 January 1648/9", "30 January 1648", True),
        ("14 March 1706/7", "March 1707", True),
        ("14 March 1706/07", "14 March 1707", True),
        ("Feb. 3, 1699/1700", "3 February 1700", True),
        ("11 February 1731/2", "February 22, 1732", True),
        ("25 October 1917 O.S.", "7 November 1917", True),
        ("25 October 1917 (Old Style)", "7 November 1917", True),
        ("25 October 1917", "7 November 1917", False),
        ("14 March 1706/7", "14 March 1708", False),
        ("30 June 1648", "30 June 1649", False),
        ("18 Brumaire an VIII", "November 9, 1799", True),
        ("9 Thermidor, year II", "27 July 1794", True),
        ("in Brumaire an 8", "9 November 1799", True),
        ("Meiji 27", "1894", True),
        ("1293 A.H.", "in 1876", True),
        ("in 1948/49", "in 1949", True),
        ("1964/1966", "1965", True),
        ("July the 4th, 1776", "4. July 1776", True),
        ("1776, July 4", "the 4th day of July Anno Domini 1776", True),
        ("Novr. 5th 1763", "5 November 1763", True),
        ("Jany 30. 1648/9", "30 January 1649", True),
        ("8ber 12. 1702", "12 October 1702", True),
        ("5 Xber 1660", "5 December 1660", True),
        ("11/22 March 1708", "11 March 1708", True),
        ("25 October (7 November) 1917", "7 November 1917", True),
        ("the night of 9-10 November 1938", "9 November 1938", True),
        (
            "this fourth day of July, in the year of our Lord one thousand seven hundred and"
            " seventy-six",
            "4 July 1776",
            True,
        ),
        ("the second of September, eighteen hundred and seventy", "2 September 1870", True),
        ("the twenty-second day of February, 1732", "22 February 1732", True),
        ("in the year of grace 1066", "1066", True),
        ("MDCCLXXVI", "1776", True),
        ("10.XI.1938", "10 November 1938", True),
        ("23/11/1938", "11/23/1938", True),
        ("5. März 1848", "5 March 1848", True),
        ("le 14 juillet 1789", "14 July 1789", True),
        ("Lady Day 1745", "25 March 1745", True),
        ("Easter Sunday 1916", "23 April 1916", True),
        ("Good Friday 1865", "14 April 1865", True),
        ("25 Geo. III", "in January 1785", True),
        ("in the twelfth year of King Henry the Eighth", "1520", True),
        ("the 15th of the 3d month 1690", "15 May 1690", True),
        ("12 Rabi' al-awwal 1215", "3 August 1800", True),
        ("the 24th year of Kuang Hsü", "1898", True),
        ("16 Ramadan 1941", "1941", True),
        ("30 Jan. 1648-9", "30 January 1649", True),
        ("30 January 1648⁄9", "30 January 1648", True),
        ("14 March 1706[/7]", "14 March 1707", True),
        ("14 March 1706 (1707)", "14 March 1707", True),
        ("February 1648-9", "11 February 1649", True),
        ("29 February 1703/4", "29 February 1704", True),
        ("Feb. ye 3d 1690/1", "3 February 1691", True),
        ("24th Feb: 1702/3", "24 February 1703", True),
        ("the 3d of ffebruary 1690/1", "3 February 1691", True),
        ("Feb. 11/22, 1732", "22 February 1732", True),
        ("Oct. 25 (Nov. 7), 1917", "7 November 1917", True),
        ("3 March (O.S.) 1703", "14 March 1703", True),
        ("3 March 1703 stilo vetere", "14 March 1703", True),
        ("14 March 1806-7", "14 March 1807", False),
    ],
)
def test_times_in_other_calendars(one, other, same):
    assert overlap(one, other) is same


@pytest.mark.parametrize(
    "text",
    [
        "seventeen hundred and fifty men",
        "he is 5 Mar. high",
        "12 Charles II troops",
        "10.13.1938 m",
    ],
)
def test_what_is_no_date_of_an_archive(text):
    assert not [time for time in times(text) if time.span != Span(6, 10)]


@pytest.mark.parametrize(
    ("text", "written", "day"),
    [
        ("beaten on the 16th ult.", "1865-01-05", "1864-12-16"),
        ("beaten on the 16th ultimo", "1865-03", "1865-02-16"),
        ("your letter of the 3d inst. came", "1865-01-05", "1865-01-03"),
        ("on the 2d instant", "1865-12-05", "1865-12-02"),
        ("to meet on the 4th prox.", "1865-12-05", "1866-01-04"),
        ("on the 20th of last month", "1865-01-05", "1864-12-20"),
    ],
)
def test_days_told_from_the_month_of_a_letter(text, written, day):
    (found,) = relative_times(text, written)
    assert (found.first, found.last) == (day, day)


@pytest.mark.parametrize("written", [None, "1865", "1864-12/1865-01"])
def test_without_the_month_of_a_letter_nothing_is_told(written):
    assert relative_times("on the 16th ult.", written) == []


def test_no_such_day_is_no_date():
    assert relative_times("the 31st ult.", "1865-03-05") == []


@pytest.mark.parametrize(
    ("julian", "gregorian"),
    [("1582-10-05", "1582-10-15"), ("1700-02-28", "1700-03-10"), ("1900-03-01", "1900-03-14")],
)
def test_the_days_between_the_calendars(julian, gregorian):
    assert in_new_style(julian) == gregorian


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("the 16th ulto.", ["1864-12-16"]),
        ("the 16th and 17th ult.", ["1864-12-16", "1864-12-17"]),
        ("of the 2d and 3d instant", ["1865-01-02", "1865-01-03"]),
        ("the twenty-first ultimo", ["1864-12-21"]),
        ("the 5th curt.", ["1865-01-05"]),
        ("the 16th of the month past", ["1864-12-16"]),
        ("on the 15th of December last", ["1864-12-15"]),
        ("the 10th of last November", ["1864-11-10"]),
        ("on the 3d of January last", ["1864-01-03"]),
        ("on the 3d of May next", ["1865-05-03"]),
        ("10th October ult.", ["1864-10-10"]),
        ("the last December 5, 1863 report", []),
        ("the last march of the army", []),
        ("it may last", []),
    ],
)
def test_days_as_clerks_told_them_from_the_month_of_a_letter(said, days):
    assert [time.first for time in relative_times(said, "1865-01-05")] == days


def test_months_told_from_that_of_a_letter():
    (last,) = relative_times("in December last", "1865-01-05")
    (next_,) = relative_times("by next May", "1865-01")
    assert (last.first, last.last) == ("1864-12-01", "1864-12-31")
    assert (next_.first, next_.last) == ("1865-05-01", "1865-05-31")
    assert not relative_times("in December last", "1865")
