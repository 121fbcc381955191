"""What a picture consists of, in pixels, x to the right and y downwards, in the order of painting.

    Rect    a rectangle, its corners round if it says so: a circle is one     Text    a line of text
    Path    lines and curves                        Group   marks that belong together, with their title

Every mark is of a kind, and `LOOKS` says how a kind looks: it is the style sheet of all pictures. Styles make
scenes, painters (`svg`, `tikz`) need nothing else, and neither knows the other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise, starmap
from math import hypot, inf, sqrt
from typing import NamedTuple

from viz.layout import ARROW, TURN, Point
from viz.text import bold_width, mono_width

MARGIN, ROUND = 16, 7  # around the picture; radius of corners
FIELD, PENCIL = 84, 34  # a field to be filled in, 22 × 9 mm on paper
HEAD, BREADTH = 7, 3.5  # length of an arrow's head, and half of its breadth
THIN, THICK, FAINT = 0.75, 5.0, 0.3  # the least and the greatest width of a line, and the least opacity
MANY = 60  # lines, with more of which all are thinner
KAPPA = 0.5523  # how far the controls of a cubic curve stand off that is nearly a quarter of a circle
START, MIDDLE, END = "start", "middle", "end"  # which part of a text stands at its x
RIGHT, DOWN, LEFT, UP = (1, 0), (0, 1), (-1, 0), (0, -1)  # ways

# Contrast on the ground: blue (forward) at least 6.7 : 1, orange (backward) and red (nan, inf) 5 : 1.
LIGHT = {
    "ground": "#ffffff", "card": "#ffffff", "leaf": "#f0fdf4", "badge": "#eef2ff", "border": "#cbd5e1",
    "name": "#0f172a", "pale": "#64748b", "data": "#1d4ed8", "gradient": "#b04a05", "line": "#64748b",
    "alarm": "#be123c",
}  # fmt: skip
DARK = {
    "ground": "#0d1117", "card": "#161d2b", "leaf": "#12291f", "badge": "#262c4a", "border": "#3b4860",
    "name": "#e6edf5", "pale": "#93a1b8", "data": "#93c5fd", "gradient": "#fdba74", "line": "#8494ab",
    "alarm": "#fda4af",
}  # fmt: skip


class Look(NamedTuple):
    """How marks of a kind look. Colours go by their names in the palettes; "" is none.

    fill    of the inside, and of letters       stroke, width, dashes   of the line
    size    of letters, 0 of shapes             sans, bold   of letters, which are monospaced otherwise
    words   whether they are words, not a name, a number or a formula
    """

    fill: str = ""
    stroke: str = ""
    width: float = 1.0
    dashes: tuple[float, ...] = ()
    size: float = 0.0
    sans: bool = False
    bold: bool = False
    words: bool = False


LOOKS = {
    "ground": Look("ground"),
    # Shapes
    "card": Look("card", "border"),
    "leaf": Look("leaf", "border"),
    "badge": Look("badge", "border"),
    "constant": Look("", "border", dashes=(3, 3)),
    "frame": Look("", "border", dashes=(3, 3)),
    "blank": Look("", "pale", dashes=(1.5, 3)),
    "circle": Look("badge", "line", 1.4),
    "block": Look("card", "line", 1.4),
    "input": Look("leaf", "border"),
    "neuron": Look("card", "border"),
    # Lines and the heads of arrows
    "line": Look("", "line", 1.3),
    "bridge": Look("", "line", 1.3),  # over the gap for a label, while that is hidden
    "flow": Look("", "gradient"),
    "back": Look("", "gradient", 1.3),
    "plus": Look("", "data"),
    "minus": Look("", "gradient", dashes=(6, 4)),
    "zero": Look("", "border"),
    "head": Look("line"),
    "tip": Look("gradient"),
    "rule": Look("", "pale", 0.7),
    # Letters
    "title": Look("name", size=19, sans=True, bold=True, words=True),
    "heading": Look("name", size=13, sans=True, bold=True, words=True),
    "forward": Look("data", size=13, sans=True, bold=True, words=True),
    "backward": Look("gradient", size=13, sans=True, bold=True, words=True),
    "question": Look("name", size=13.5, sans=True, words=True),
    "note": Look("pale", size=12, sans=True, words=True),
    "name": Look("name", size=13, sans=True, bold=True),
    "sign": Look("name", size=14, bold=True),
    "pale": Look("pale", size=12.5),
    "data": Look("data", size=12.5),
    "gradient": Look("gradient", size=12.5),
    "local": Look("gradient", size=11.5),
    "figure": Look("name", size=11),
    "activation": Look("data", size=11, bold=True),
    "dots": Look("pale", size=20),
    "alarm": Look("alarm", size=12.5, bold=True),
    "wrong": Look("alarm", size=12.5, bold=True),
}


# ── Marks ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle from its top left corner on."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    radius: float = 0.0


class Step(NamedTuple):
    """A piece of a path: M moves to a point, L leads there straight, C in a curve, Z back to the start."""

    letter: str
    points: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """Lines and curves. `width` and `opacity` where they say something, as how much gradient passes.

    The pointer brings out a line with an opacity.
    """

    kind: str
    steps: tuple[Step, ...]
    width: float | None = None
    opacity: float | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text: its part `anchor` stands at x, its letters on the line y.

    Raised and lowered letters (w²₁₃, and w_{bq} where Unicode has none) are set as such.
    """

    kind: str
    x: float
    y: float
    text: str
    anchor: str = START


@dataclass(frozen=True, slots=True)
class Group:
    """Marks that belong together; their title (tooltip); a key by which the script of a page finds them."""

    marks: tuple["Mark", ...]
    title: str = ""
    key: str = ""


Mark = Rect | Path | Text | Group


@dataclass(frozen=True, slots=True)
class Scene:
    """A whole picture, from (0, 0) on; a margin is added around it.

    summary  what the picture shows, for who cannot see it
    """

    width: float
    height: float
    marks: tuple[Mark, ...]
    summary: str

    def noted(self, *notes: str, room: float = inf) -> "Scene":
        """The scene with notes below it, in lines that keep within the room; empty ones do not count."""
        size, foot, width, marks = LOOKS["note"].size, self.height, self.width, [*self.marks]
        for note in filter(None, notes):
            foot += 0.6 * size
            for row in wrapped("note", note, room):
                foot += 1.4 * size
                marks.append(Text("note", 0, foot - 0.2 * size, row))
                width = max(width, measure("note", row))
        return replace(self, width=width, height=foot, marks=tuple(marks))


def wrapped(kind: str, text: str, most: float) -> list[str]:
    """The text in lines that are no wider than that, unless a single word is."""
    lines: list[str] = []
    for word in text.split(" ") if text else ():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and measure(kind, longer) <= most:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def moved(mark: Mark, right: float, down: float) -> Mark:
    """The mark somewhere else; without its key, as it may stand in a picture with others."""
    match mark:
        case Group():
            return Group(tuple(moved(each, right, down) for each in mark.marks), mark.title)
        case Path():
            steps = (
                Step(step.letter, tuple(Point(x + right, y + down) for x, y in step.points))
                for step in mark.steps
            )
            return replace(mark, steps=tuple(steps))
    return replace(mark, x=mark.x + right, y=mark.y + down)


def leaves(marks: Sequence[Mark]) -> Iterator[Rect | Path | Text]:
    """All marks in the order of painting, those of groups among them."""
    for mark in marks:
        if isinstance(mark, Group):
            yield from leaves(mark.marks)
        else:
            yield mark


def groups(marks: Sequence[Mark]) -> Iterator[Group]:
    """All groups, those within groups among them."""
    for mark in marks:
        if isinstance(mark, Group):
            yield mark
            yield from groups(mark.marks)


def within(width: int | None) -> float:
    """The room between the margins of a picture that may be so wide; None: as wide as it comes."""
    return inf if width is None else width - 2 * MARGIN


@lru_cache(10_000)  # a card and a line are measured before they are drawn
def measure(kind: str, text: str) -> float:
    """A width that a text of a kind does not exceed."""
    look = LOOKS[kind]
    return (bold_width if look.sans else mono_width)(text, look.size)


def beginning(text: Text) -> float:
    """Where a text begins."""
    return text.x - measure(text.kind, text.text) * {START: 0.0, MIDDLE: 0.5, END: 1.0}[text.anchor]


# ── Shapes that the styles have in common ───────────────────────────────────────────────────────────


def left_part(kind: str, x: float, y: float, width: float, height: float) -> Path:
    """The left part of a card, round at its left corners."""
    right, foot, r, k = x + width, y + height, ROUND, ROUND * (1 - KAPPA)
    return Path(kind, (
        _move(right, y), _line(x + r, y), _curve((x + k, y), (x, y + k), (x, y + r)),
        _line(x, foot - r), _curve((x, foot - k), (x + k, foot), (x + r, foot)), _line(right, foot), CLOSE,
    ))  # fmt: skip


def straight(kind: str, *points: tuple[float, float], width: float | None = None) -> Path:
    """Straight lines from point to point."""
    return Path(kind, (_move(*points[0]), *(_line(*point) for point in points[1:])), width)


class Strength(NamedTuple):
    """How a line shows a size."""

    width: float
    opacity: float


def strength(share: float, lines: int) -> Strength:
    """The width and opacity for a part of the largest size, in a picture of so many lines: weak ones fade."""
    more = (THICK - THIN) * min(1.0, sqrt(MANY / lines))
    return Strength(THIN + more * share, FAINT + (1 - FAINT) * share**1.5)


def circle(kind: str, x: float, y: float, radius: float, width: float) -> Path:
    """A circle around a point, as wide a line as it says."""
    r, k = radius, radius * KAPPA
    corners = [(r, k, k, r, 0, r), (-k, r, -r, k, -r, 0), (-r, -k, -k, -r, 0, -r), (k, -r, r, -k, r, 0)]
    curves = (_curve((x + a, y + b), (x + c, y + d), (x + e, y + f)) for a, b, c, d, e, f in corners)
    return Path(kind, (_move(x + r, y), *curves, CLOSE), width)


def head(kind: str, x: float, y: float, way: tuple[float, float], length: float = HEAD) -> Path:
    """The head of an arrow, with its tip at a point."""
    size = hypot(*way)
    dx, dy = way[0] / size, way[1] / size
    left, top = x - length * dx, y - length * dy  # the middle of its back
    aside, down = -BREADTH * dy, BREADTH * dx
    return Path(kind, (_move(x, y), _line(left + aside, top + down), _line(left - aside, top - down), CLOSE))


def route(points: Sequence[Point], down: bool = False) -> tuple[Step, ...]:
    """A route of `viz.layout` as a path: aside in a curve, and back around two round corners."""
    steps = [_move(*points[0])]
    for (start, end), after in zip(pairwise(points), (*points[2:], points[-1]), strict=True):
        if start.x == end.x and start.y != end.y and not down:
            x, y = (TURN if after.x < end.x else -TURN), min(TURN, (end.y - start.y) / 2)
            side, upper, lower = start.x + x, start.y + y, end.y - y
            near, k = start.x + KAPPA * x, KAPPA * y
            steps.append(_curve((near, start.y), (side, upper - k), (side, upper)))
            steps.append(_line(side, lower))
            steps.append(_curve((side, lower + k), (near, end.y), end))
        elif _apart(start.x, end.x) and _apart(start.y, end.y):
            half = (start.y + end.y) / 2 if down else (start.x + end.x) / 2
            bends = ((start.x, half), (end.x, half)) if down else ((half, start.y), (half, end.y))
            steps.append(_curve(*bends, end))
        elif start != end:
            steps.append(Step("L", (end,)))
    return tuple(steps)


def _apart(one: float, other: float) -> bool:
    """Whether two coordinates are different in a picture, which has tenths of pixels."""
    return round(one, 1) != round(other, 1)


def arrow(points: Sequence[Point], gap: float, way: tuple[int, int]) -> tuple[tuple[Step, ...], Path]:
    """A route with a gap before its end, where a label stands, as a path, and the head at its end.

    way  where it leads: RIGHT, DOWN or UP
    """
    end, down = points[-1], way != RIGHT

    def before(distance: float) -> Point:
        return Point(end.x - distance * way[0], end.y - distance * way[1])

    neck = before(HEAD - 1)
    if not gap:
        return route((*points[:-1], neck), down), head("head", *end, way)
    line = route((*points[:-1], before(ARROW + gap)), down)
    return (*line, _move(*before(ARROW)), _line(*neck)), head("head", *end, way)


def _move(x: float, y: float) -> Step:
    return Step("M", (Point(x, y),))


def _line(x: float, y: float) -> Step:
    return Step("L", (Point(x, y),))


def _curve(*points: tuple[float, float]) -> Step:
    return Step("C", tuple(starmap(Point, points)))


CLOSE = Step("Z")
