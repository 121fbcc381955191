"""What a layout is made of, and what it is: boxes and edges in, points out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

ARROW = 10.0  # the part of a stub behind its label: room for the head of an arrow


class Point(NamedTuple):
    """A place in the picture: x to the right, y downwards."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Box:
    """A box to place. `ports`: its inputs' distances from its top, on the left side.

    The one output is at the middle of the right side. `first`: stands in the first layer, if it is a leaf.
    """

    width: float
    height: float
    ports: tuple[float, ...] = ()
    first: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """A line from box `source` to a port of `target`; `label`: width of a text at its end."""

    source: int
    target: int
    port: int = 0
    label: float = 0.0


@dataclass(frozen=True, slots=True)
class Layout:
    """Where all stands: corners (top left) and routes as given, boxes of each layer from the top.

    All is said of a drawing to the right; in one `down`, x and y have changed their parts.

    A route is an even number of points, to be read in pairs: **each pair is a horizontal line, and
    a curve joins each pair to the next**. The first line leads from the source's output to the
    right side of its layer (its length is 0 if no box there is wider); the lines between lead
    through the layers on the way; the last is the *stub*: it ends at the port and has room for the
    label and then `ARROW` for an arrow's head. All stubs into one layer are as long as the longest.
    So curves, and with them all crossings, stay in the bands between the layers.

    On the way from one row to the next a line leads back to the left. There the ends of two pairs have the
    same x: they are joined by a vertical line that is `TURN` further out, with round corners.
    """

    width: float
    height: float
    boxes: tuple[Point, ...]
    routes: tuple[tuple[Point, ...], ...]
    layers: tuple[tuple[int, ...], ...]

    def mapped(self, to: Callable[[float, float], tuple[float, float]], w: float, h: float) -> "Layout":
        """The drawing with every point somewhere else, in another width and height."""
        boxes = tuple(Point(*to(*box)) for box in self.boxes)
        routes = tuple(tuple(Point(*to(*point)) for point in route) for route in self.routes)
        return Layout(w, h, boxes, routes, self.layers)

    def transposed(self) -> "Layout":
        """The drawing with x and y exchanged."""
        return self.mapped(lambda x, y: (y, x), self.height, self.width)

    def moved(self, right: float, down: float) -> "Layout":
        """The drawing moved, with room at its left and at its top."""
        if not (right or down):
            return self
        return self.mapped(lambda x, y: (x + right, y + down), self.width + right, self.height + down)
