"""A legend below the picture: what the kinds of marks in it mean, each beside a small sample."""

from collections.abc import Callable
from dataclasses import replace
from math import inf

from viz.scene import (
    HEAD,
    LEFT,
    LOOKS,
    MIDDLE,
    Mark,
    Path,
    Rect,
    Scene,
    Text,
    head,
    leaves,
    left_part,
    measure,
    moved,
    straight,
    wrapped,
)  # fmt: skip

Sample = Callable[[str, float], list[Mark]]  # from a kind and the height of its middle to marks from x = 0 on

WIDE, BETWEEN, ROW = 34, 22, 26  # of a sample; from one entry to the next; height of a line
GAP, LINE = 16, 15  # below the picture; from line to line within an entry


def _text(text: str) -> Sample:
    return lambda kind, y: [Text(kind, WIDE / 2, y + 4, text, MIDDLE)]


def _box(kind: str, y: float) -> list[Mark]:
    return [Rect(kind, 3, y - 8, WIDE - 6, 16, 8 if kind == "constant" else 4)]


def _badge(kind: str, y: float) -> list[Mark]:
    return [left_part(kind, 4, y - 9, 26, 18), Text("sign", 17, y + 5, "×", MIDDLE)]


def _circle(kind: str, y: float) -> list[Mark]:
    return [Rect(kind, WIDE / 2 - 12, y - 12, 24, 24, 12), Text("sign", WIDE / 2, y + 5, "×", MIDDLE)]


def _local(kind: str, y: float) -> list[Mark]:
    return [head("tip", 3, y, LEFT), Text(kind, WIDE / 2 + 3, y + 4, "2", MIDDLE)]


def _back(kind: str, y: float) -> list[Mark]:
    return [straight(kind, (WIDE - 3, y), (3 + HEAD, y)), head("tip", 3, y, LEFT)]


def _flow(kind: str, y: float) -> list[Mark]:
    return [Path(kind, straight(kind, (3, y), (WIDE - 3, y)).steps, 4.0)]


# Of every kind that needs a word: its sample, and the word.
ENTRIES: dict[str, tuple[Sample, str]] = {
    "leaf": (_box, "leaf: a number that is given"),
    "constant": (_box, "constant: no gradient goes there"),
    "badge": (_badge, "operation that makes the value"),
    "circle": (_circle, "operation"),
    "data": (_text("3"), "value, forward"),
    "gradient": (_text("+2"), "gradient, backward"),
    "local": (_local, "local derivative: the gradient that goes back is multiplied by it"),
    "back": (_back, "gradient that flows back along the line: upstream × local derivative"),
    "flow": (_flow, "the wider, the more gradient passes"),
    "frame": (_box, "group that is open"),
    "blank": (_box, "to be filled in"),
    "alarm": (_text("nan"), "where the first nan or infinity arises"),
    "wrong": (_text("+1"), "another number than its operands, or the lines back to it, give"),
}


def explained(scene: Scene, room: float = inf) -> Scene:
    """The scene with a legend of what occurs in it, in lines as wide as the picture, or as the widest entry.

    room  the most pixels across; a longer entry goes on in a line of its own
    """
    there = {mark.kind for mark in leaves(scene.marks)}
    words = {kind: word for kind, (_, word) in ENTRIES.items() if kind in there}
    rows = {kind: wrapped("note", word, room - WIDE - 8) for kind, word in words.items()}
    wide = {kind: WIDE + 8 + max(measure("note", row) for row in lines) for kind, lines in rows.items()}
    width = max([scene.width, *wide.values()])
    marks, x, y, tall = [*scene.marks], 0.0, scene.height + GAP, 0.0
    for kind, lines in rows.items():
        if x and x + wide[kind] > width:
            x, y, tall = 0.0, y + tall, 0.0
        sample = ENTRIES[kind][0](kind, y + ROW / 2)
        marks += [moved(mark, x, 0) for mark in sample]
        foot = y + ROW / 2 + 0.35 * LOOKS["note"].size
        marks += [Text("note", x + WIDE + 8, foot + LINE * i, row) for i, row in enumerate(lines)]
        tall = max(tall, ROW + LINE * (len(lines) - 1))
        x += wide[kind] + BETWEEN
    return replace(scene, width=width, height=y + tall, marks=tuple(marks))
