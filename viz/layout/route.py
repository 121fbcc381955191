"""Phase 5: an x for every layer, and each edge as a list of points."""

from collections.abc import Sequence

from viz.layout.order import Order
from viz.layout.parts import ARROW, Box, Edge, Layout, Point
from viz.layout.split import Graph

STEEP, MOST = 6.0, 1.5  # a band widens up to a sixth of its tallest curve, but not beyond 1.5 × the space


def route_edges(
    boxes: Sequence[Box],
    edges: Sequence[Edge],
    graph: Graph,
    order: Order,
    middle: list[float],
    space: float,
    far: int,
    lanes: dict[int, float],
) -> Layout:
    """Set the layers side by side and lead the edges through."""
    rank = graph.rank
    layers = [tuple(v for v in layer if v < len(boxes)) for layer in order.layers]
    stub = [0.0] * len(layers)
    band = [space] * len(layers)  # to the left of a layer: curves, then stubs
    for edge in edges:
        stub[rank[edge.target]] = max(stub[rank[edge.target]], edge.label + ARROW)
    for vertex, links in enumerate(graph.left):
        for link in links:
            rise = abs(middle[vertex] + link.drop - middle[link.vertex])
            band[rank[vertex]] = max(band[rank[vertex]], min(rise / STEEP, MOST * space))
    start, end = [], [-band[0]]
    for layer, bend, line in zip(layers, band, stub, strict=True):
        start.append(end[-1] + bend + line)
        end.append(start[-1] + max(boxes[box].width for box in layer))
    del end[0]
    corners, leaves = [], set(range(len(boxes))) - {edge.target for edge in edges}
    for v, box in enumerate(boxes):
        left = end[rank[v]] - box.width if v in leaves else start[rank[v]]  # leaves: to the right
        corners.append(Point(left, middle[v] - box.height / 2))
    ways = []  # of every box, its output and its trail
    for v, box in enumerate(boxes):
        way = [Point(corners[v].x + box.width, middle[v]), Point(end[rank[v]], middle[v])]
        for dummy in graph.trail[v]:
            r, y = rank[dummy], middle[dummy]
            way += Point(start[r] - stub[r], y), Point(end[r], y)
        ways.append(way)
    routes = []
    for edge in edges:
        r, y = rank[edge.target], corners[edge.target].y + boxes[edge.target].ports[edge.port]
        first = rank[edge.source]
        way = ways[edge.source][: 2 * (r - first)]
        if r - first > far:
            lane = lanes[edge.source]
            way = [*way[:2], Point(start[first + 1] - stub[first + 1], lane), Point(end[r - 1], lane)]
        routes.append((*way, Point(start[r] - stub[r], y), Point(start[r], y)))
    height = max([y + h / 2 for y, h in zip(middle, graph.height, strict=True)] + [*lanes.values()])
    return Layout(end[-1], height, tuple(corners), tuple(routes), tuple(layers))
