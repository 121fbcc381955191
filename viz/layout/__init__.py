"""A layered drawing of boxes and lines from left to right, after Sugiyama.

It knows boxes, ports and edges, nothing of what they mean, and gives back plain numbers.
Five phases:

1. **rank**: a layer for every box, so that each edge leads to a later layer;
2. **split** long edges at every layer they pass: links join neighbouring layers only;
3. **order** each layer: sweep right and left, sort by medians, keep the fewest crossings;
4. **align**: a height for all: long edges straight, users in the middle of their operands;
5. **route**: an x for every layer, and each edge as a list of points.

The names, as the field uses them:

- *layer*: boxes that stand one above another; *rank*: its number, from 0 at the left;
- *vertex*: a box (numbered as given) or a *dummy* (numbered after the boxes), where a long edge
  passes a layer. Edges of one source share its dummies, one in a layer, its *trail*: a leaf with
  2,000 users across 2,000 layers has 2,000 dummies and not two million;
- *detour*: where edges would pass more layers than a picture holds, the longest are led around, in
  *lanes* at the foot, so that the work grows with the picture and not with its square;
- *link*: a piece of an edge, between neighbouring layers; an *inner* link joins two dummies;
- *position*: a vertex's index in its layer; *slot*: a port's place within that position;
- *leaf*: a box without operands; *single-use*: with one outgoing edge;
- *median*: the middle one of a vertex's neighbours on one side;
- *block*: vertices that lie on one straight line; *root*: the first of them.

Sources: Sugiyama, Tagawa & Toda, "Methods for visual understanding of hierarchical system
structures" (1981); Gansner, Koutsofios, North & Vo, "A technique for drawing directed graphs"
(1993), the method of `dot`; Brandes & Köpf, "Fast and simple horizontal coordinate assignment"
(2001); Barth, Jünger & Mutzel, "Simple and efficient bilayer cross counting" (2002).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from itertools import accumulate, pairwise
from math import inf
from typing import NamedTuple

ARROW = 10.0  # the part of a stub behind its label: room for the head of an arrow
PATIENCE = 4  # sweeps without a gain before an order is taken as it is
PASSED, EACH = 20_000, 8  # layers that edges may pass in all: so many, or so many for each box and edge
STEEP = 6.0  # a band is at least this part of its tallest curve wide


class Point(NamedTuple):
    """A place in the picture: x to the right, y downwards."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Box:
    """A box to place. `ports`: its inputs' distances from its top, on the left side.

    The one output is at the middle of the right side.
    """

    width: float
    height: float
    ports: tuple[float, ...] = ()


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
        return self.mapped(lambda x, y: (x + right, y + down), self.width + right, self.height + down)


def place(
    boxes: Sequence[Box], edges: Sequence[Edge], *, gap: float = 14, space: float = 36, down: bool = False
) -> Layout:
    """Lay out `boxes` so that every edge leads to the right, or `down`; the same input, the same layout.

    `gap` is the least distance between two boxes of a layer (lines keep half of it), `space` the
    least width of the curves between two layers. `down`: the ports are on the top side, measured
    from the left, the output is at the foot, and the label of an edge is as high as it says.
    ValueError: an edge names a box or a port that does not exist, or the edges form a cycle.
    """
    if down:
        turned = [Box(box.height, box.width, box.ports) for box in boxes]
        return place(turned, edges, gap=gap, space=space).transposed()
    for edge in edges:
        for box in (edge.source, edge.target):
            if not 0 <= box < len(boxes):
                raise ValueError(f"{edge}: there is no box {box}, only {len(boxes)} boxes")
        ports = len(boxes[edge.target].ports)
        if not 0 <= edge.port < ports:
            raise ValueError(f"{edge}: box {edge.target} has no port {edge.port}, only {ports}")
    if not boxes:
        return Layout(0.0, 0.0, (), (), ())
    rank = _rank(len(boxes), edges)
    far = _far(len(boxes), edges, rank)
    graph = _split(boxes, [e for e in edges if rank[e.target] - rank[e.source] <= far], rank)
    order = _order(graph)
    middle = _align(graph, order, gap)
    foot = max(y + height / 2 for y, height in zip(middle, graph.height, strict=True))
    lanes = {source: foot + gap / 2 * lane for source, lane in _lanes(edges, rank, far).items()}
    return _route(boxes, edges, graph, order, middle, space, far, lanes)


def ports(side: float, number: int, pitch: float) -> tuple[float, ...]:
    """So many ports on a side, in their order around its middle."""
    return tuple(side / 2 + pitch * (i - (number - 1) / 2) for i in range(number))


def path(route: Sequence[Point], down: bool = False) -> str:
    """A route as SVG path data."""

    def point(along: str, beside: str) -> str:
        return f"{beside} {along}" if down else f"{along} {beside}"

    line = [(y, x) if down else (x, y) for x, y in route]
    side = _short(line[0][1])
    parts = [f"M{point(_short(line[0][0]), side)}"]
    for (start, _), (end, beside) in pairwise(line):
        now, goal = _short(beside), _short(end)
        if now != side:
            middle = _short((start + end) / 2)
            parts.append(f"C{point(middle, side)} {point(middle, now)} {point(goal, now)}")
        elif start != end:
            parts.append(f"L{point(goal, now)}")
        side = now
    return "".join(parts)


def _short(number: float) -> str:
    """A number with at most one decimal."""
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


# 1. Rank ------------------------------------------------------------------------------------------


def _rank(size: int, edges: Sequence[Edge]) -> list[int]:
    """The layer of every box: directly to the right of its operands.

    Where that leaves a choice, a box stands as far right as its leftmost user lets it: a leaf, and
    also a term all of whose operands move along because nothing else uses them, like w * x in a
    sum. So a single-use leaf never decides its user's layer; it stands next to it.
    """
    operands: dict[int, list[int]] = {box: [] for box in range(size)}
    users: list[list[int]] = [[] for _ in range(size)]
    for edge in edges:
        operands[edge.target].append(edge.source)
        users[edge.source].append(edge.target)
    try:
        sequence = [*TopologicalSorter(operands).static_order()]
    except CycleError as error:
        cycle = " <- ".join(map(str, reversed(error.args[1])))
        raise ValueError(f"edges form a cycle: {cycle}") from None
    rank = [0] * size
    movable = [True] * size
    for box in sequence:
        for operand in operands[box]:
            rank[box] = max(rank[box], rank[operand] + 1)
            movable[box] &= movable[operand] and len(users[operand]) == 1
    for box in reversed(sequence):
        if movable[box] and users[box]:
            rank[box] = min(rank[user] for user in users[box]) - 1
    return rank


def _far(size: int, edges: Sequence[Edge], rank: list[int]) -> int:
    """How many layers an edge may lead on before it is led around."""
    spans = sorted(rank[edge.target] - rank[edge.source] for edge in edges)
    most = max(PASSED, EACH * (size + len(edges)))
    total = 0
    for span in spans:
        total += span
        if total > most:
            return max(1, span - 1)
    return max(spans, default=0)


def _lanes(edges: Sequence[Edge], rank: list[int], far: int) -> dict[int, int]:
    """The lane of each box whose edges are led around, counted from 1; no two that meet have the same."""
    ends: dict[int, int] = {}
    for edge in edges:
        if rank[edge.target] - rank[edge.source] > far:
            ends[edge.source] = max(ends.get(edge.source, 0), rank[edge.target])
    free: list[int] = []
    taken: list[tuple[int, int]] = []  # until which layer, and the lane
    lanes: dict[int, int] = {}
    for source in sorted(ends, key=lambda box: (rank[box], box)):
        while taken and taken[0][0] <= rank[source]:
            heappush(free, heappop(taken)[1])
        lanes[source] = heappop(free) if free else len(taken) + 1
        heappush(taken, (ends[source], lanes[source]))
    return lanes


# 2. Split -----------------------------------------------------------------------------------------


class _Link(NamedTuple):
    """A piece of an edge as seen from one of its ends."""

    vertex: int  # at the other end
    slot: float  # where it ends there, from -1/2 (top) to 1/2 (foot); at outputs and dummies 0
    drop: float  # if the link is horizontal: the other's middle minus this one's


@dataclass(frozen=True, slots=True)
class _Graph:
    """The boxes, which come first, and the dummies; every list is by vertex."""

    boxes: int
    rank: list[int]
    height: list[float]
    left: list[list[_Link]]
    right: list[list[_Link]]
    trail: list[list[int]]

    def add(self, rank: int, height: float) -> int:
        """A new vertex."""
        self.rank.append(rank)
        self.height.append(float(height))
        self.left.append([])
        self.right.append([])
        self.trail.append([])
        return len(self.rank) - 1

    def join(self, source: int, target: int, below: float = 0.0) -> None:
        """A new link, to a port that is `below` the target's middle."""
        slot = below / self.height[target] if self.height[target] else 0.0
        self.right[source].append(_Link(target, slot, -below))
        self.left[target].append(_Link(source, 0.0, below))

    def apart(self, upper: int, lower: int, gap: float) -> float:
        """The least distance of two neighbours' middles; a line needs half the gap of a box."""
        free = gap if max(upper, lower) < self.boxes else gap / 2
        return (self.height[upper] + self.height[lower]) / 2 + free


def _split(boxes: Sequence[Box], edges: Sequence[Edge], rank: list[int]) -> _Graph:
    """Cut every edge at the layers it passes."""
    graph = _Graph(len(boxes), [], [], [], [], [])
    for box, layer in zip(boxes, rank, strict=True):
        graph.add(layer, box.height)
    for edge in edges:
        trail = graph.trail[edge.source]
        while rank[edge.source] + len(trail) + 1 < rank[edge.target]:
            dummy = graph.add(rank[edge.source] + len(trail) + 1, 0.0)
            graph.join(trail[-1] if trail else edge.source, dummy)
            trail.append(dummy)
        passed = rank[edge.target] - rank[edge.source] - 1
        box = boxes[edge.target]
        below = box.ports[edge.port] - box.height / 2
        graph.join(trail[passed - 1] if passed else edge.source, edge.target, below)
    return graph


# 3. Order -----------------------------------------------------------------------------------------


def inversions(numbers: Iterable[float]) -> int:
    """How many pairs are in the wrong order.

    Straight lines cross if they start in one order and end in the other: with the lines sorted by starts,
    their crossings are the inversions of the ends (Barth, Jünger & Mutzel 2002). Binary insertion counts
    them; what it moves, it moves as one piece of memory, faster than a tree of sums in Python.
    """
    seen: list[float] = []
    wrong = 0
    for number in numbers:
        index = bisect_right(seen, number)
        wrong += len(seen) - index
        seen.insert(index, number)
    return wrong


class _Order:
    """The vertices of every layer from top to bottom, and each one's position."""

    def __init__(self, layers: list[list[int]], size: int) -> None:
        self.layers = layers
        self.position = [0] * size
        for layer in layers:
            self.arrange(layer, layer)

    def arrange(self, layer: list[int], vertices: Sequence[int]) -> None:
        """Give a layer a new order."""
        layer[:] = vertices
        for index, vertex in enumerate(layer):
            self.position[vertex] = index

    def ends(self, links: Iterable[_Link]) -> list[float]:
        """Where links end in the layer next door, sorted."""
        position = self.position
        ends = [position[vertex] + slot for vertex, slot, _ in links]
        ends.sort()
        return ends

    def crossings(self, right: list[list[_Link]]) -> int:
        """The crossings between all layers."""
        ends = ((end for vertex in layer for end in self.ends(right[vertex])) for layer in self.layers)
        return sum(map(inversions, ends))

    def copy(self) -> "_Order":
        """The same order, to keep while this one changes."""
        return _Order([layer[:] for layer in self.layers], len(self.position))


def _order(graph: _Graph) -> _Order:
    """The best order found, from two first ones: a walk from the results, one from the leaves.

    Single-use leaves can stand anywhere and would only blur the medians of their users (on
    perceptrons four to ten times the crossings): they are left out, and put in at the end.
    """
    single = [len(right) == 1 and not left for left, right in zip(graph.left, graph.right, strict=True)]
    left = [[link for link in links if not single[link.vertex]] for links in graph.left]
    right = graph.right
    results = [v for v, links in enumerate(right) if not links]
    leaves = [v for v, links in enumerate(left) if not links and not single[v]]
    found = []
    for roots, links in (results, left), (leaves, right):
        order = _sweep(_walk(graph, roots, links), left, right)
        _transpose(order, left, right)
        found.append(order)
    best = min(found, key=lambda order: order.crossings(right))
    _insert(graph, best, [v for v, alone in enumerate(single) if alone])
    return best


def _walk(graph: _Graph, roots: list[int], links: list[list[_Link]]) -> _Order:
    """Every layer in the order of a depth-first walk: then no tree crosses itself."""
    layers: list[list[int]] = [[] for _ in range(max(graph.rank) + 1)]
    seen = [False] * len(graph.rank)
    stack = roots[::-1]
    while stack:
        vertex = stack.pop()
        if not seen[vertex]:
            seen[vertex] = True
            layers[graph.rank[vertex]].append(vertex)
            stack.extend(link.vertex for link in reversed(links[vertex]))
    return _Order(layers, len(graph.rank))


def _sweep(order: _Order, left: list[list[_Link]], right: list[list[_Link]]) -> _Order:
    """Sort the layers by medians, rightwards and leftwards in turn; return the best order met."""
    best, fewest = order.copy(), order.crossings(right)
    turn = patience = 0
    while fewest and patience < PATIENCE:
        rightwards = turn % 2 == 0
        for layer in order.layers if rightwards else reversed(order.layers):
            _sort(order, layer, left if rightwards else right, flip=turn % 4 > 1)
        number = order.crossings(right)
        turn += 1
        patience += 1
        if number < fewest:
            best, fewest, patience = order.copy(), number, 0
    return best


def _sort(order: _Order, layer: list[int], links: list[list[_Link]], *, flip: bool) -> None:
    """Sort a layer; who has no links keeps its place, and a flip turns equals round."""
    medians = {vertex: _median(order.ends(links[vertex])) for vertex in layer if links[vertex]}
    moving = sorted(reversed(medians) if flip else medians, key=medians.__getitem__)
    turn = iter(moving)
    order.arrange(layer, [next(turn) if vertex in medians else vertex for vertex in layer])


def _median(ends: list[float]) -> float:
    """The middle one, or between the middle two, nearer to the crowded side (Gansner 1993)."""
    half = len(ends) // 2
    if len(ends) % 2:
        return ends[half]
    above, below = ends[half - 1] - ends[0], ends[-1] - ends[half]
    if above + below == 0:
        return (ends[half - 1] + ends[half]) / 2
    return (ends[half - 1] * below + ends[half] * above) / (above + below)


def _transpose(order: _Order, left: list[list[_Link]], right: list[list[_Link]]) -> None:
    """Swap neighbours in a layer where that saves crossings, until none does (Gansner 1993)."""
    layers = order.layers
    awake = [True] * len(layers)  # where something nearby has changed
    while any(awake):
        for rank, layer in enumerate(layers):
            if not awake[rank]:
                continue
            awake[rank] = False
            for index in range(len(layer) - 1):
                upper, lower = layer[index : index + 2]
                if sum(_saved(order, links[upper], links[lower]) for links in (left, right)) > 0:
                    layer[index : index + 2] = lower, upper
                    order.position[upper], order.position[lower] = index + 1, index
                    for near in range(max(rank - 1, 0), min(rank + 2, len(layers))):
                        awake[near] = True


def _saved(order: _Order, upper: list[_Link], lower: list[_Link]) -> int:
    """The crossings saved on one side of two neighbours if they swap."""
    ends = order.ends(lower)
    return sum(bisect_left(ends, e) + bisect_right(ends, e) - len(ends) for e in order.ends(upper))


def _insert(graph: _Graph, order: _Order, leaves: list[int]) -> None:
    """Put every single-use leaf where its link crosses the fewest others."""
    by_layer: list[list[int]] = [[] for _ in order.layers]
    for leaf in leaves:
        by_layer[graph.rank[leaf]].append(leaf)
    for layer, new in zip(reversed(order.layers), reversed(by_layer), strict=True):
        target = {leaf: order.ends(graph.right[leaf])[0] for leaf in new}
        ends = [order.ends(graph.right[vertex]) for vertex in layer]
        passed = sorted((end, index) for index, each in enumerate(ends) for end in each)
        natural = sorted(_median(each) for each in ends if each)
        # change[i]: the crossings added when a leaf moves down past the i-th vertex. Of its ends,
        # those further down than the leaf's target are crossed then, and the others no longer.
        change = [len(each) for each in ends]
        above: list[list[int]] = [[vertex] for vertex in (*layer, -1)]
        done = 0
        for leaf in sorted(new, key=target.__getitem__):
            while done < len(passed) and passed[done][0] < target[leaf]:
                change[passed[done][1]] -= 2
                done += 1
            cost = [0, *accumulate(change)]
            fewest, wish = min(cost), bisect_left(natural, target[leaf])
            spots = [index for index, each in enumerate(cost) if each == fewest]
            above[min(spots, key=lambda spot: abs(spot - wish))].insert(-1, leaf)
        order.arrange(layer, [vertex for each in above for vertex in each if vertex >= 0])


# 4. Align -----------------------------------------------------------------------------------------


def _align(graph: _Graph, order: _Order, gap: float) -> list[float]:
    """The y of every vertex's middle: the mean of four drawings' middle two (Brandes & Köpf 2001).

    Each drawing joins vertices to blocks, from the left or from the right, and moves the blocks
    together, to the top or to the foot: the foot is a top for negative y.
    """
    drawings = []
    for rightwards in (True, False):
        layers = order.layers if rightwards else order.layers[::-1]
        sides = graph.left if rightwards else graph.right
        medians = [_middle(graph, order, vertex, links) for vertex, links in enumerate(sides)]
        for sign in (1, -1):
            ordered = [layer[::sign] for layer in layers]
            root, shift = _blocks(graph, ordered, medians, order.position, sign)
            ys = _compact(graph, ordered, root, shift, gap)
            drawings.append([sign * y for y in ys])
    middle = _balance(graph, drawings)
    _settle(graph, order.layers, middle, gap)
    top = min(y - height / 2 for y, height in zip(middle, graph.height, strict=True))
    return [y - top for y in middle]


def _middle(graph: _Graph, order: _Order, vertex: int, links: list[_Link]) -> list[_Link]:
    """The one or two median links on one side of a vertex; of a dummy, its inner link alone.

    Leaves count only where there is nothing else: they are moved to their users in the end (`_settle`).
    """
    if vertex >= graph.boxes:
        links = [link for link in links if link.vertex >= graph.boxes] or links
    links = [link for link in links if graph.left[link.vertex]] or links
    if len(links) < 2:
        return links
    links = sorted(links, key=lambda link: order.position[link.vertex] + link.slot)
    return links[(len(links) - 1) // 2 : len(links) // 2 + 1]


def _blocks(
    graph: _Graph, layers: list[list[int]], medians: list[list[_Link]], position: list[int], sign: int
) -> tuple[list[int], list[float]]:
    """Join each vertex to a median that is free: its block's root, and its distance below it.

    Joins must not cross, so that blocks can move apart; inner links go before all others.
    """
    root = list(range(len(position)))
    shift = [0.0] * len(position)
    infinite = len(position)
    for layer in layers:
        ceiling, ceilings = infinite, []  # the next inner link below, not to be crossed
        for vertex in reversed(layer):
            ceilings.append(ceiling)
            if vertex >= graph.boxes and medians[vertex][0].vertex >= graph.boxes:
                ceiling = min(ceiling, sign * position[medians[vertex][0].vertex])
        last = -infinite
        for vertex, ceiling in zip(layer, reversed(ceilings), strict=True):
            for link in medians[vertex][::sign]:
                place = sign * position[link.vertex]
                if last < place < ceiling:
                    last = place
                    root[vertex] = root[link.vertex]
                    shift[vertex] = shift[link.vertex] - sign * link.drop
                    break
    return root, shift


def _compact(
    graph: _Graph, layers: list[list[int]], root: list[int], shift: list[float], gap: float
) -> list[float]:
    """Move all blocks up as far as those above let them, then each down to meet those below it."""
    below: list[list[tuple[int, float]]] = [[] for _ in root]
    missing = [0] * len(root)
    for layer in layers:
        for upper, lower in pairwise(layer):
            apart = shift[upper] + graph.apart(upper, lower, gap) - shift[lower]
            below[root[upper]].append((root[lower], apart))
            missing[root[lower]] += 1
    y = [0.0] * len(root)
    sequence = [b for b, first in enumerate(root) if b == first and not missing[b]]
    for block in sequence:  # grows while it is read
        for lower, apart in below[block]:
            y[lower] = max(y[lower], y[block] + apart)
            missing[lower] -= 1
            if not missing[lower]:
                sequence.append(lower)
    for block in reversed(sequence):
        if below[block]:
            y[block] = min(y[lower] - apart for lower, apart in below[block])
    return [y[block] + distance for block, distance in zip(root, shift, strict=True)]


def _balance(graph: _Graph, drawings: list[list[float]]) -> list[float]:
    """Bring all to the top or the foot of the smallest drawing; the mean of the middle two."""
    half = [height / 2 for height in graph.height]
    tops = [min(map(float.__sub__, ys, half)) for ys in drawings]
    feet = [max(map(float.__add__, ys, half)) for ys in drawings]
    size = min(map(float.__sub__, feet, tops))
    moves = [size - feet[i] if i % 2 else -tops[i] for i in range(4)]
    moved = [[y + move for y in ys] for ys, move in zip(drawings, moves, strict=True)]
    return [sum(sorted(four)[1:3]) / 2 for four in zip(*moved, strict=True)]


def _settle(graph: _Graph, layers: list[list[int]], middle: list[float], gap: float) -> None:
    """Move leaves, which hold nothing else straight, as near as they get to their users' ports.

    The boxes between are fixed. Measured from where a layer's vertices would stand if packed, its
    heights must not decrease; and bounds can be met afterwards without losing the least squares.
    """
    for layer in layers:
        packed = [0.0, *accumulate(graph.apart(*pair, gap) for pair in pairwise(layer))]
        run: list[int] = []  # leaves one below another, by position
        low = -inf
        for index, vertex in enumerate([*layer, -1]):
            if vertex >= 0 and not graph.left[vertex]:
                run.append(index)
                continue
            high = middle[vertex] - packed[index] if vertex >= 0 else inf
            wishes = [_wish(graph, layer[i], middle) - packed[i] for i in run]
            for i, height in zip(run, _pool(wishes), strict=True):
                middle[layer[i]] = min(max(height, low), high) + packed[i]
            run, low = [], high


def _wish(graph: _Graph, leaf: int, middle: list[float]) -> float:
    """Where a leaf's lines would be straight, on the average."""
    ends = [middle[link.vertex] - link.drop for link in graph.right[leaf]]
    return sum(ends) / len(ends) if ends else middle[leaf]


def _pool(wishes: list[float]) -> list[float]:
    """The numbers that never decrease and are nearest to the wishes: pool adjacent violators."""
    pools: list[list[float]] = []
    for wish in wishes:
        pool = [wish]
        while pools and sum(pools[-1]) * len(pool) > sum(pool) * len(pools[-1]):
            pool = pools.pop() + pool
        pools.append(pool)
    return [sum(pool) / len(pool) for pool in pools for _ in pool]


# 5. Route -----------------------------------------------------------------------------------------


def _route(
    boxes: Sequence[Box],
    edges: Sequence[Edge],
    graph: _Graph,
    order: _Order,
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
            band[rank[vertex]] = max(band[rank[vertex]], rise / STEEP)
    start, end = [], [-band[0]]
    for layer, bend, line in zip(layers, band, stub, strict=True):
        start.append(end[-1] + bend + line)
        end.append(start[-1] + max(boxes[box].width for box in layer))
    del end[0]
    corners = []
    for v, box in enumerate(boxes):
        left = start[rank[v]] if graph.left[v] else end[rank[v]] - box.width  # leaves: to the right
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
