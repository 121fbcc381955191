"""Phase 5: an x for every layer, and each edge as a list of points."""

from collections.abc import Sequence
from itertools import pairwise
from math import fsum

from viz.layout.order import Order
from viz.layout.parts import ARROW, Box, Edge, Layout, Point
from viz.layout.rows import GUTTER, LANE, TURN, gutter
from viz.layout.split import Graph

STEEP, MOST = 6.0, 1.5  # a band widens up to a sixth of its tallest curve, but not beyond 1.5 × the space


def route_edges(
    boxes: Sequence[Box],
    edges: Sequence[Edge],
    graph: Graph,
    order: Order,
    rows: list[range],
    middle: list[float],
    lanes: dict[int, int],
    gap: float,
    space: float,
    width: float,
) -> Layout:
    """Set the layers side by side and the rows below one another, and lead the edges through."""
    rank = graph.rank
    gates = [[v for v in order.layers[row.start] if v >= len(boxes)] for row in rows] + [[]]
    stub, start, end = _columns(boxes, edges, graph, rows, gates, middle, space, width)
    y, feet = _heights(graph, order, rows, gates, middle, gap)
    corners, leaves = [], set(range(len(boxes))) - {edge.target for edge in edges}
    for v, box in enumerate(boxes):
        left = end[rank[v]] - box.width if v in leaves else start[rank[v]]  # leaves: to the right
        corners.append(Point(left, y[v] - box.height / 2))
    turns = _turns(rows, gates, y, end, feet, gap)
    ways = []  # of every box its line to the right side of its layer, then the pieces along its trail
    for v, box in enumerate(boxes):
        way: list[tuple[Point, ...]] = [(Point(corners[v].x + box.width, y[v]), Point(end[rank[v]], y[v]))]
        for dummy in graph.trail[v]:
            if dummy in turns:
                first = way[-1][0]
                way[-1] = first, Point(turns[dummy][0].x, first.y)
                way.append(turns[dummy])
            else:
                r = rank[dummy]
                way.append((Point(start[r] - stub[r], y[dummy]), Point(end[r], y[dummy])))
        ways.append(way)
    routes: list[tuple[Point, ...]] = []
    for edge in edges:
        r, last = rank[edge.target], corners[edge.target].y + boxes[edge.target].ports[edge.port]
        after = rank[edge.source] + 1
        pieces = ways[edge.source][: r - after + 1]
        if len(pieces) < r - after + 1:
            lane = feet[0] + gap / 2 * lanes[edge.source]
            pieces = [pieces[0], (Point(start[after] - stub[after], lane), Point(end[r - 1], lane))]
        trunk = [point for piece in pieces for point in piece]
        routes.append((*trunk, Point(start[r] - stub[r], last), Point(start[r], last)))
    layers = tuple(tuple(v for v in layer if v < len(boxes)) for layer in order.layers)
    sides = [end[row.stop - 1] + gutter(len(lines)) for row, lines in zip(rows, gates[1:], strict=True)]
    foot = feet[-1] + gap / 2 * max(lanes.values(), default=0)
    return Layout(max(sides), foot, tuple(corners), tuple(routes), tuple(filter(None, layers)))


def _columns(
    boxes: Sequence[Box],
    edges: Sequence[Edge],
    graph: Graph,
    rows: list[range],
    gates: list[list[int]],
    middle: list[float],
    space: float,
    width: float,
) -> tuple[list[float], list[float], list[float]]:
    """Of every layer the length of its stubs, where its boxes start, and where they end."""
    rank, size = graph.rank, rows[-1].stop
    stub, broad = [0.0] * size, [0.0] * size
    band = [space] * size  # to the left of a layer: curves, then stubs
    for box, r in zip(boxes, rank, strict=False):
        broad[r] = max(broad[r], box.width)
    for edge in edges:
        stub[rank[edge.target]] = max(stub[rank[edge.target]], edge.label + ARROW)
    for vertex, links in enumerate(graph.left):
        for link in links:
            rise = abs(middle[vertex] + link.drop - middle[link.vertex])
            band[rank[vertex]] = max(band[rank[vertex]], min(rise / STEEP, MOST * space))
    start: list[float] = []
    end: list[float] = []
    for row, (into, on) in zip(rows, pairwise(gates), strict=True):
        x, side = gutter(len(into)), gutter(len(on))
        inner = row[1:]
        least = x + side + fsum(stub[r] + broad[r] for r in row) + space * len(inner)
        wish = fsum(band[r] - space for r in inner)
        share = min(1.0, max(0.0, width - least - 1e-6) / wish) if wish else 1.0
        for r in row:
            bend = 0.0 if r == row.start else space + share * (band[r] - space)
            start.append(x + bend + stub[r])
            x = start[-1] + broad[r]
            end.append(x)
    return stub, start, end


def _heights(
    graph: Graph, order: Order, rows: list[range], gates: list[list[int]], middle: list[float], gap: float
) -> tuple[list[float], list[float]]:
    """The y of every vertex's middle, rows below one another, and of every row its foot."""
    y, top = middle[:], 0.0
    feet: list[float] = []
    for row, gate in zip(rows, gates, strict=False):
        if row.start:
            top = feet[-1] + 3 * gap + LANE * max(0, len(gate) - 1)
        vertices = [v for r in row for v in order.layers[r]]
        for v in vertices:
            y[v] += top
        feet.append(max(y[v] + graph.height[v] / 2 for v in vertices))
    return y, feet


def _turns(
    rows: list[range], gates: list[list[int]], y: list[float], end: list[float], feet: list[float], gap: float
) -> dict[int, tuple[Point, ...]]:
    """How a line comes to its place at a gate: back below the row before, and in again at the left.

    The upmost line goes outmost at the right side, lowest on the way back, and inmost at the left side, so
    that no two cross.
    """
    turns: dict[int, tuple[Point, ...]] = {}
    for (before, row), gate, foot in zip(pairwise(rows), gates[1:], feet, strict=False):
        pitch = min(LANE, GUTTER / max(1, len(gate)))
        for outwards, dummy in enumerate(reversed(gate)):
            right, left = end[before.stop - 1] + outwards * pitch, TURN + outwards * pitch
            back = foot + gap + LANE * outwards
            turns[dummy] = (
                Point(right, back), Point(left, back),
                Point(left, y[dummy]), Point(end[row.start], y[dummy]),
            )  # fmt: skip
    return turns
