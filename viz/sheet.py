"""A worksheet on paper: exercises one below another, with room to work; their solutions on pages behind.

    The chain rule        Name ________________   Date _________

    1.  What is the gradient of every value?
        ┌───┬─────────┐
        │ × │ price   │  …                            a picture, with its empty fields
        └───┴─────────┘
        ...............................................  lines to write on

Every page is a scene of the paper's size, and so a picture as any other.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from os import PathLike
from pathlib import Path
from typing import ClassVar, NamedTuple

from viz import convert, tikz
from viz.diagram import Diagram
from viz.options import check, check_whole
from viz.picture import Format, Picture, Saved
from viz.scene import MARGIN, Mark, Scene, Text, measure, moved, straight, wrapped

PAPERS = {"A4": (793, 1122), "Letter": (816, 1056)}  # pixels of 1/96 inch, not more than the paper has
EDGE = 40  # 10.5 mm, the margins of the paper
INDENT, GAP = 24, 26  # of an exercise behind its number; between two of them
FORM, ROW, TEXT, BASE = 44, 26, 22, 14  # heights: name and date, a line of the title, of a question, its base
LINE = 34  # 9 mm, from a line to write on to the next
NAME, DATE = 240, 110  # lengths of the lines to fill in
LIGHT = "light"

PAGE = """<!doctype html>
<meta charset="utf-8">
<title>{title}</title>
<style>
@page {{ size: {paper}; margin: 0 }}
body {{ margin: 0 }}
svg {{ display: block; margin: auto }}
@media print {{ svg + svg {{ break-before: page }} }}
@media screen {{ body {{ background: #64748b }} svg {{ margin: 16px auto; max-width: 100%; height: auto }} }}
</style>
{pages}"""


class Exercise(NamedTuple):
    """A question, and a picture with empty fields."""

    question: str
    picture: Picture


class Sheet(Saved):
    """What `viz.sheet` gives: its `pages` are pictures of the paper's size; `save` writes all to one file."""

    formats: ClassVar[Mapping[str, Format]] = {
        ".html": lambda sheet: sheet.html(),
        ".pdf": lambda sheet: sheet.pdf(),
        ".tex": lambda sheet: tikz.document(LIGHT, *(page.scene for page in sheet.pages)),
    }

    def __init__(self, title: str, paper: str, pages: Sequence[Picture]) -> None:
        self.title, self.paper, self.pages = title, paper, pages

    def _repr_html_(self) -> str:
        return "".join(page._repr_html_() for page in self.pages)

    def html(self) -> str:
        """The pages as one HTML file, which prints as they are; it loads nothing."""
        title = escape(self.title or "Worksheet")
        return PAGE.format(title=title, paper=self.paper, pages="".join(page.svg() for page in self.pages))

    def pdf(self) -> bytes:
        """The pages as one PDF; RuntimeError without the packages vl-convert-python and pypdf."""
        return convert.pdf(*(page.svg() for page in self.pages))

    def save(self, path: str | PathLike[str], **size: float) -> Path:
        """Write the sheet to a file: pages to print (.pdf, .html, .tex), or its only page as a picture.

        ValueError for another ending: of several pages each can be saved, as `sheet.pages[0]`.
        """
        alone = len(self.pages) == 1 and Path(path).suffix.lower() not in self.formats
        return self.pages[0].save(path, **size) if alone else super().save(path, **size)

    def __repr__(self) -> str:
        return f"Sheet({self.title!r}, {self.paper}, pages={len(self.pages)})"


def room(paper: str) -> int:
    """The pixels that a picture on this paper may take across, with its margins."""
    check("paper", paper, PAPERS)
    return PAPERS[paper][0] - 2 * EDGE - INDENT + 2 * MARGIN


def compose(exercises: Sequence[Exercise], title: str, paper: str, lines: int, solution: bool) -> Sheet:
    """The exercises on as many pages as they take, and behind them the solutions."""
    check_whole("lines", lines, 0)
    if not exercises:
        raise ValueError("sheet needs at least one exercise")
    asked = [_narrow(each, paper, number) for number, each in enumerate(exercises, 1)]
    pages = [*_pages([_form(paper), _heading(title, paper)], asked, lines, paper)]
    if solution:
        solved = [each._replace(picture=_solved(each.picture)) for each in asked]
        pages += _pages([_heading(f"{title}: solution" if title else "Solution", paper)], solved, 0, paper)
    scenes = (
        _page(marks, f"{title or 'Worksheet'}: page {i} of {len(pages)}", paper)
        for i, marks in enumerate(pages, 1)
    )
    return Sheet(title, paper, [Picture(scene, LIGHT) for scene in scenes])


def _narrow(exercise: Exercise, paper: str, number: int) -> Exercise:
    """The exercise with its picture as wide as the paper has room; ValueError where it cannot be."""
    picture, most = exercise.picture, room(paper)
    if isinstance(picture, Diagram) and picture.scene.width + 2 * MARGIN > most:
        picture = picture.changed(width=most)
    if (wide := picture.scene.width + 2 * MARGIN) > most + 1:
        raise ValueError(
            f"sheet: exercise {number} is {wide:,.0f} pixels wide, and {paper} has room for width={most}"
        )
    return exercise._replace(picture=picture)


def _solved(picture: Picture) -> Picture:
    """The picture with all that was blank filled in."""
    return picture.changed(blank="") if isinstance(picture, Diagram) else picture


# ── Pages ───────────────────────────────────────────────────────────────────────────────────────────


class Block(NamedTuple):
    """Marks that stand together on a page, from (0, 0) on, and how high they are."""

    marks: list[Mark]
    height: float


def _inner(paper: str) -> tuple[int, int]:
    """The width and height within the margins."""
    width, height = PAPERS[paper]
    return width - 2 * EDGE, height - 2 * EDGE


def _pages(head: list[Block], exercises: Sequence[Exercise], lines: int, paper: str) -> Iterator[list[Mark]]:
    """What stands on each page: exercises whole, lines to write on as far as there is room."""
    width, height = _inner(paper)
    marks: list[Mark] = []
    top = 0.0
    for block in (*head, *(_exercise(each, number, paper) for number, each in enumerate(exercises, 1))):
        if top + block.height > height:
            yield marks
            marks, top = [], 0.0
        marks += [moved(mark, 0, top) for mark in block.marks]
        top += block.height
        if block not in head:
            for _ in range(min(lines, int((height - top) // LINE))):
                top += LINE
                marks.append(straight("rule", (INDENT, top), (width, top)))
            top += GAP
    yield marks


def _exercise(exercise: Exercise, number: int, paper: str) -> Block:
    """A number, the question behind it, and the picture below; ValueError where no page is so high."""
    width, most = _inner(paper)
    rows = wrapped("question", exercise.question, width - INDENT)
    scene, text = exercise.picture.scene, TEXT * len(rows) + 10 * bool(rows)
    height = max(TEXT, text + scene.height)
    if height > most:
        raise ValueError(
            f"sheet: exercise {number} is {height:,.0f} pixels high, and {paper} has room for {most}; "
            "draw less of it with group=… or max_nodes=…"
        )
    marks: list[Mark] = [Text("heading", 0, BASE, f"{number}.")]
    marks += [Text("question", INDENT, BASE + TEXT * i, row) for i, row in enumerate(rows)]
    return Block(marks + [moved(mark, INDENT, text) for mark in scene.marks], height)


def _form(paper: str) -> Block:
    """Where name and date are to be filled in."""
    marks: list[Mark] = []
    right: float = _inner(paper)[0]
    for word, length in ("Date", DATE), ("Name", NAME):
        marks.append(straight("rule", (right - length, BASE + 3), (right, BASE + 3)))
        right -= length + 8 + measure("note", word)
        marks.append(Text("note", right, BASE, word))
        right -= GAP
    return Block(marks, FORM)


def _heading(title: str, paper: str) -> Block:
    rows = wrapped("title", title, _inner(paper)[0])
    marks: list[Mark] = [Text("title", 0, 18 + ROW * i, row) for i, row in enumerate(rows)]
    return Block(marks, ROW * len(rows) + 10 * bool(rows))


def _page(marks: list[Mark], summary: str, paper: str) -> Scene:
    """A page of the paper's size; the painters add a margin of their own."""
    width, height = PAPERS[paper]
    shifted = tuple(moved(mark, EDGE - MARGIN, EDGE - MARGIN) for mark in marks)
    return Scene(width - 2 * MARGIN, height - 2 * MARGIN, shifted, summary)
