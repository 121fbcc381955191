"""A layered drawing of boxes and lines from left to right, after Sugiyama.

It knows boxes, ports and edges, nothing of what they mean, and gives back plain numbers.
Five phases, a file for each; `parts` holds what goes in and comes out:

1. `rank`: a layer for every box, so that each edge leads to a later layer and lines are short; and, where
   the height of layers is bounded, spread over more of them; `rows` cuts them where the width is;
2. `split`: long edges are cut at every layer they pass: links join neighbouring layers only;
3. `order`: of each layer: sweep right and left, sort by medians, keep the fewest crossings;
4. `align`: a height for all: long edges and chains straight, users in the middle of their operands, as far
   as the drawing gets not much taller than its tallest layer;
5. `route`: an x for every layer, and each edge as a list of points.

The names, as the field uses them:

- *layer*: boxes that stand one above another; *rank*: its number, from 0 at the left;
- *vertex*: a box (numbered as given) or a *dummy* (numbered after the boxes), where a long edge
  passes a layer. Edges of one source share its dummies, one in a layer, its *trail*: a leaf with
  2,000 users across 2,000 layers has 2,000 dummies and not two million;
- *detour*: where edges would pass more layers than a picture holds, the longest are led around, in
  *lanes* at the foot, so that the work grows with the picture and not with its square;
- *row*: layers side by side, as many as the width lets; *gate*: the layer at the start of every row but the
  first where lines come in, one dummy for each; they have turned back below the row before;
- *link*: a piece of an edge, between neighbouring layers; an *inner* link joins two dummies;
- *position*: a vertex's index in its layer; *slot*: a port's place within that position;
- *leaf*: a box without operands; *single-use*: with one outgoing edge; *main*: the operand that is the
  farthest from the leaves;
- *median*: the middle one of a vertex's neighbours on one side;
- *block*: vertices that lie on one straight line; *root*: the first of them.

Sources: Sugiyama, Tagawa & Toda, "Methods for visual understanding of hierarchical system
structures" (1981); Gansner, Koutsofios, North & Vo, "A technique for drawing directed graphs"
(1993), the method of `dot`; Brandes & Köpf, "Fast and simple horizontal coordinate assignment"
(2001); Barth, Jünger & Mutzel, "Simple and efficient bilayer cross counting" (2002).
"""

from collections.abc import Sequence
from dataclasses import replace
from math import inf

from viz.layout.align import align_vertices
from viz.layout.order import order_layers
from viz.layout.parts import ARROW, Box, Edge, Layout, Point
from viz.layout.rank import farthest, lanes_around, rank_boxes, spread
from viz.layout.route import route_edges
from viz.layout.rows import TURN, cut_into_rows
from viz.layout.split import split_edges

__all__ = ["ARROW", "TURN", "Box", "Edge", "Layout", "Point", "path", "place", "ports"]


def place(
    boxes: Sequence[Box],
    edges: Sequence[Edge],
    *,
    gap: float = 14,
    space: float = 36,
    down: bool = False,
    width: float = inf,
) -> Layout:
    """Lay out `boxes` so that every edge leads to the right, or `down`; the same input, the same layout.

    `gap` is the least distance between two boxes of a layer (lines keep half of it), `space` the
    least width of the curves between two layers. `down`: the ports are on the top side, measured
    from the left, the output is at the foot, and the label of an edge is as high as it says.
    `width` is the most that the layout may take: to the right, what is longer goes on in rows below, as
    text does; down, layers that are broader are spread over several.
    ValueError: an edge names a box or a port that does not exist, the edges form a cycle, or a box alone,
    with what leads to it, is wider than `width`.
    """
    for edge in edges:
        for box in (edge.source, edge.target):
            if not 0 <= box < len(boxes):
                raise ValueError(f"{edge}: there is no box {box}, only {len(boxes)} boxes")
        ports = len(boxes[edge.target].ports)
        if not 0 <= edge.port < ports:
            raise ValueError(f"{edge}: box {edge.target} has no port {edge.port}, only {ports}")
    if not boxes:
        return Layout(0.0, 0.0, (), (), ())
    if down:
        turned = [replace(box, width=box.height, height=box.width) for box in boxes]
        return _place(turned, edges, gap, space, inf, width).transposed()
    return _place(boxes, edges, gap, space, width, inf)


def _place(
    boxes: Sequence[Box], edges: Sequence[Edge], gap: float, space: float, width: float, height: float
) -> Layout:
    """Phase after phase, to the right."""
    rank = rank_boxes(boxes, edges)
    if height < inf:
        rank = spread(boxes, edges, rank, gap, height)
    rows = [range(max(rank) + 1)]
    if width < inf:
        rank, rows = cut_into_rows(boxes, edges, rank, gap, space, width)
    far = farthest(len(boxes), edges, rank) if width == height == inf else inf
    graph = split_edges(boxes, [e for e in edges if rank[e.target] - rank[e.source] <= far], rank)
    order = order_layers(graph)
    for row in rows[1:]:  # lines come in below one another as they went out
        gate = order.layers[row.start]
        dummies = [vertex for vertex in gate if vertex >= len(boxes)]
        turn = iter(sorted(dummies, key=lambda dummy: order.position[graph.left[dummy][0].vertex]))
        order.arrange(gate, [next(turn) if vertex >= len(boxes) else vertex for vertex in gate])
    middle = align_vertices(graph, order, rows, gap, height)
    lanes = lanes_around(edges, rank, far)
    placed = route_edges(boxes, edges, graph, order, rows, middle, lanes, gap, space, width)
    wide, high = min(placed.width, width), min(placed.height, height)  # which rounding may have exceeded
    return replace(placed, width=wide, height=high)


def ports(side: float, number: int, pitch: float) -> tuple[float, ...]:
    """So many ports on a side, in their order around its middle."""
    return tuple(side / 2 + pitch * (i - (number - 1) / 2) for i in range(number))
