"""Pages of books for tests of reading: two on one sheet, with notes in their margins."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfgen.canvas import Canvas

Placed = tuple[float, float, float, str]
"""A line: left, height of its base line, size, words."""

SPREAD = landscape(A4)
LEADING, SIZE, TOP = 14, 11, 500
LEFT_PAGE, RIGHT_PAGE = 60, 475
STORY = (
    "The fleet left the harbour in March and no letter came before the",
    "summer of that year. Grain was dear in every town of the coast, and",
    "the old minister did not return to the court before the snow had closed",
    "the passes of the north, so that no army could be sent to the relief of",
    "the garrison, which had eaten its horses and burnt its doors and beds. A",
    "truce was signed at the bridge of Zenda, and the fair was held there as",
    "it had been in the days of the old king, with the merchants of both",
    "crowns under their own flags and without any toll upon their wagons, and",
    "nobody was hurt. The governor wrote to the council that he would keep",
    "the town until the spring, if only he had bread and powder for his men,",
    "and that he had sent his two sons as hostages into the camp beyond the",
    "river. The council debated his letter until the night, and the duke",
    "answered that he would rather lose the town than the trust of the king.",
    "In the morning the gates were opened, and the wagons went over the river",
    "in a long line, which the children of the town counted from the walls,",
    "and found that there were four hundred, and of them ninety with powder.",
)


def draw(path: Path, pages: Sequence[Sequence[Placed]], size: tuple[float, float] = SPREAD) -> Path:
    """Write a PDF of pages of this size."""
    canvas = Canvas(str(path), pagesize=size, invariant=True)
    for lines in pages:
        for left, base, points, words in lines:
            canvas.setFont("Times-Roman", points)
            canvas.drawString(left, base, words)
        canvas.showPage()
    canvas.save()
    return path


def set_lines(
    lines: Sequence[str], left: float, top: float = TOP, size: float = SIZE
) -> list[Placed]:
    """Return lines one below the other."""
    return [(left, top - LEADING * n, size, line) for n, line in enumerate(lines)]
