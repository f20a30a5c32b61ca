"""When the sources of a claim were written, against the time that the claim speaks of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from rag.datatypes import Evidence
from rag.web import labels
from rag.wording import escape, written_date

WIDTH, HEIGHT = 600, 92
"""In units of the drawing, which is as wide as its place."""

_LEFT, _RIGHT, _AXIS = 16, 584, 62
_MIN_YEARS = 4
_MAX_TICKS = 7
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?.*")
# Dots of one time stand on one another, so many at most.
_RADIUS, _STACK = 6, 4


def year_of(date: str | None) -> float | None:
    """Return an ISO date as a year with a fraction, None for no date.

    >>> year_of("1823-07-01"), year_of("1823"), year_of(None)
    (1823.5, 1823.0, None)
    """
    match = _DATE.fullmatch(date or "")
    if match is None:
        return None
    year, month, day = (int(part) if part else 1 for part in match.groups())
    return year + (month - 1) / 12 + (day - 1) / 365


def render_timeline(
    evidence: Sequence[Evidence], places: Sequence[str], claimed: tuple[int, int] | None
) -> str:
    """Return a drawing with a dot for each dated source, which leads to its card, and a band
    for the years `claimed`, first and last; "" where there are not two times to compare.

    `places` are the cards' names in the page.
    """
    dated = [
        (year, item, place)
        for item, place in zip(evidence, places, strict=True)
        if (year := year_of(item.date)) is not None
    ]
    times = {year for year, _, _ in dated} | set(claimed or ())
    if not dated or len(times) < 2:
        return ""
    first, last = _range(times)
    dots = _dots(dated, first, last)
    band = _band(claimed, first, last) if claimed else ""
    return (
        '<figure class="sf-timeline">'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="group" aria-label="{escape(_spoken(claimed))}">'
        f'{band}<line class="sf-axis" x1="{_LEFT}" x2="{_RIGHT}" y1="{_AXIS}" y2="{_AXIS}"/>'
        f"{_ticks(first, last)}{dots}</svg>"
        f"<figcaption>{escape(_caption(claimed, evidence, dated))}</figcaption></figure>"
    )


def _range(times: set[float]) -> tuple[float, float]:
    first, last = min(times), max(times) + 1
    margin = max((last - first) * 0.06, (_MIN_YEARS - (last - first)) / 2)
    return first - margin, last + margin


def _x(year: float, first: float, last: float) -> float:
    return round(_LEFT + (year - first) / (last - first) * (_RIGHT - _LEFT), 1)


def _ticks(first: float, last: float) -> str:
    step = next((s for s in _STEPS if (last - first) / s <= _MAX_TICKS), _STEPS[-1])
    years = range(int(-(-first // step)) * step, int(last) + 1, step)
    return "".join(
        f'<line class="sf-axis" x1="{x}" x2="{x}" y1="{_AXIS}" y2="{_AXIS + 5}"/>'
        f'<text x="{x}" y="{_AXIS + 20}" text-anchor="middle">{year}</text>'
        for year in years
        if _LEFT <= (x := _x(year, first, last)) <= _RIGHT
    )


def _band(claimed: tuple[int, int], first: float, last: float) -> str:
    start, end = _x(claimed[0], first, last), _x(claimed[1] + 1, first, last)
    return (
        f'<rect class="sf-claimed" x="{start}" y="4" width="{max(round(end - start, 1), 3)}" '
        f'height="{_AXIS - 4}"/>'
    )


def _dots(dated: Sequence[tuple[float, Evidence, str]], first: float, last: float) -> str:
    above: Counter[int] = Counter()
    drawn = []
    for year, item, place in dated:
        x = _x(year, first, last)
        column = round(x / (2 * _RADIUS))
        y = _AXIS - 10 - min(above[column], _STACK - 1) * 2 * _RADIUS
        above[column] += 1
        about = f"{written_date(item.date)}: {item.creator or item.title}"
        drawn.append(
            f'<a class="sf-goto" href="#{escape(place)}" aria-label="{escape(about)}">'
            f'<circle class="{labels.verdict_class(item.relation)}" cx="{x}" cy="{y}" '
            f'r="{_RADIUS}"><title>{escape(about)}</title></circle></a>'
        )
    return "".join(drawn)


def _spoken(claimed: tuple[int, int] | None) -> str:
    return f"When the sources were written{'; ' + _years(claimed) if claimed else ''}"


def _years(claimed: tuple[int, int]) -> str:
    first, last = claimed
    return f"the claim speaks of {first}" + (f"–{last}" if last != first else "")


def _caption(
    claimed: tuple[int, int] | None,
    evidence: Sequence[Evidence],
    dated: Sequence[tuple[float, Evidence, str]],
) -> str:
    parts = ["When these sources were written"]
    if claimed:
        parts.append(f"shaded: {_years(claimed)}")
    if len(evidence) > len(dated):
        parts.append(f"{len(evidence) - len(dated)} undated")
    return "; ".join(parts)
