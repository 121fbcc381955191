"""Phase 4: a height for all: long edges straight, users in the middle of their operands."""

from itertools import accumulate, pairwise
from math import fsum, inf

from viz.layout.order import Order
from viz.layout.split import Graph, Link

MORE = 2  # so many boxes a drawing may be taller than its tallest layer


def align_vertices(graph: Graph, order: Order, rows: list[range], gap: float, height: float) -> list[float]:
    """The y of every vertex's middle in its row: the mean of four drawings' middle two (Brandes & Köpf 2001).

    Each drawing joins vertices to blocks, from the left or from the right, and moves the blocks
    together, to the top or to the foot: the foot is a top for negative y.
    """
    stacks = [[layer for layer in order.layers[row.start : row.stop] if layer] for row in rows]
    layers = [layer for stack in stacks for layer in stack]
    limits = []  # of every layer: how high its row may be
    for stack in stacks:
        tallest = max(_packed(graph, layer, gap)[-1] + graph.height[layer[-1]] / 2 for layer in stack)
        limits += [min(height, tallest + MORE * (max(graph.height) + gap))] * len(stack)
    gates = {row.start for row in rows[1:]}
    drawings = []
    for way, sides in zip((1, -1), _straight(graph, layers, gates), strict=True):
        medians = [_middle(graph, order, vertex, links) for vertex, links in enumerate(sides)]
        for sign in (1, -1):
            ordered = [layer[::sign] for layer in layers[::way]]
            root, shift = _blocks(graph, ordered, medians, order.position, sign, gap, limits[::way])
            ys = _compact(graph, ordered, root, shift, gap)
            drawings.append([sign * y for y in ys])
    middle = [0.0] * len(graph.rank)
    for stack in stacks:
        _balance(graph, stack, drawings, middle)
    _settle(graph, layers, gates, middle, gap)
    limit = iter(limits)
    for stack in stacks:
        top = min(middle[layer[0]] - graph.height[layer[0]] / 2 for layer in stack)
        for layer in stack:
            stand = _packed(graph, layer, gap)
            room = next(limit) - stand[-1] - graph.height[layer[-1]] / 2
            for vertex, y in zip(layer, stand, strict=True):
                middle[vertex] = y + min(max(middle[vertex] - top - y, 0.0), room)
    return middle


def _packed(graph: Graph, layer: list[int], gap: float) -> list[float]:
    """Where the vertices of a layer have their middles if it begins at 0 and no room is left."""
    first = graph.height[layer[0]] / 2
    return [*accumulate((graph.apart(*pair, gap) for pair in pairwise(layer)), initial=first)]


def _straight(
    graph: Graph, layers: list[list[int]], gates: set[int]
) -> tuple[list[list[Link]], list[list[Link]]]:
    """The links on the left and on the right of every vertex that are to be straight.

    A box stands in line with its main operand, to which the longest way leads from the leaves, so that a
    chain runs on one height; where several are as far from the leaves, between them.
    """
    depth = [0] * len(graph.rank)
    left: list[list[Link]] = [[] for _ in depth]
    right: list[list[Link]] = [[] for _ in depth]
    for vertex in (vertex for layer in layers for vertex in layer):
        links = graph.left[vertex]
        most = max((depth[link.vertex] for link in links), default=-1)
        depth[vertex] = most + (vertex < graph.boxes)
        main = [link for link in links if depth[link.vertex] == most]
        if len({link.vertex for link in main}) == 1:  # in line with it, or it with the middle of its ports
            drop = fsum(link.drop for link in main) / len(main) if len(main) > 1 else 0.0
            main = [Link(main[0].vertex, 0.0, drop)]
        if graph.rank[vertex] in gates:
            continue
        left[vertex] = main
        for link in main:
            slot = link.drop / graph.height[vertex] if link.drop else 0.0
            right[link.vertex].append(Link(vertex, slot, -link.drop))
    return left, right


def _middle(graph: Graph, order: Order, vertex: int, links: list[Link]) -> list[Link]:
    """The one or two median links on one side of a vertex; of a dummy, its inner link alone."""
    if vertex >= graph.boxes:
        links = [link for link in links if link.vertex >= graph.boxes] or links
    if len(links) < 2:
        return links
    links = sorted(links, key=lambda link: order.position[link.vertex] + link.slot)
    return links[(len(links) - 1) // 2 : len(links) // 2 + 1]


def _blocks(
    graph: Graph,
    layers: list[list[int]],
    medians: list[list[Link]],
    position: list[int],
    sign: int,
    gap: float,
    limits: list[float],
) -> tuple[list[int], list[float]]:
    """Join each vertex to a median that is free: its block's root, and its distance below it.

    Joins must not cross, so that blocks can move apart; inner links go before all others. And each must
    leave room: what stands above it and below it, as far as is known by then, keeps within the limit.
    """
    root = list(range(len(position)))
    shift = [0.0] * len(position)
    low, high = [0.0] * len(position), [inf] * len(position)  # between them the root can stand
    infinite = len(position)
    for layer, limit in zip(layers, limits, strict=True):
        ceiling, ceilings = infinite, []  # the next inner link below, not to be crossed
        for vertex in reversed(layer):
            ceilings.append(ceiling)
            if vertex >= graph.boxes and (inner := medians[vertex]) and inner[0].vertex >= graph.boxes:
                ceiling = min(ceiling, sign * position[inner[0].vertex])
        stand = _packed(graph, layer, gap)
        room = limit - stand[-1] - graph.height[layer[-1]] / 2
        last, least = -infinite, 0.0  # how far below its place in the packed layer the vertex is at least
        for vertex, ceiling, y in zip(layer, reversed(ceilings), stand, strict=True):
            for link in medians[vertex][::sign]:
                place = sign * position[link.vertex]
                block, below = root[link.vertex], shift[link.vertex] - sign * link.drop
                lower = max(least, low[block] + below - y)
                if last < place < ceiling and lower <= min(room, high[block] + below - y):
                    last, least = place, lower
                    root[vertex], shift[vertex] = block, below
                    break
            low[root[vertex]] = least + y - shift[vertex]
        for vertex, y in zip(reversed(layer), reversed(stand), strict=True):
            room = min(room, high[root[vertex]] + shift[vertex] - y)
            high[root[vertex]] = room + y - shift[vertex]
    return root, shift


def _compact(
    graph: Graph, layers: list[list[int]], root: list[int], shift: list[float], gap: float
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


def _balance(graph: Graph, layers: list[list[int]], drawings: list[list[float]], middle: list[float]) -> None:
    """Bring a row to the top or the foot of its smallest drawing; the mean of the middle two."""
    vertices = [vertex for layer in layers for vertex in layer]
    tops = [min(ys[v] - graph.height[v] / 2 for v in vertices) for ys in drawings]
    feet = [max(ys[v] + graph.height[v] / 2 for v in vertices) for ys in drawings]
    size = min(map(float.__sub__, feet, tops))
    moves = [size - feet[i] if i % 2 else -tops[i] for i in range(4)]
    for v in vertices:
        four = sorted(ys[v] + move for ys, move in zip(drawings, moves, strict=True))
        middle[v] = (four[1] + four[2]) / 2


def _settle(graph: Graph, layers: list[list[int]], gates: set[int], middle: list[float], gap: float) -> None:
    """Move leaves, which hold nothing else straight, as near as they get to their users' ports.

    The boxes between are fixed. Measured from where a layer's vertices would stand if packed, its
    heights must not decrease; and bounds can be met afterwards without losing the least squares.
    """
    for layer in layers:
        packed = _packed(graph, layer, gap)
        run: list[int] = []  # leaves one below another, by position
        low = -inf
        for index, vertex in enumerate([*layer, -1]):
            if vertex >= 0 and not graph.left[vertex]:
                run.append(index)
                continue
            high = middle[vertex] - packed[index] if vertex >= 0 else inf
            wishes = [_wish(graph, layer[i], gates, middle) - packed[i] for i in run]
            for i, height in zip(run, _pool(wishes), strict=True):
                middle[layer[i]] = min(max(height, low), high) + packed[i]
            run, low = [], high


def _wish(graph: Graph, leaf: int, gates: set[int], middle: list[float]) -> float:
    """Where a leaf's lines would be straight, on the average."""
    links = (link for link in graph.right[leaf] if graph.rank[link.vertex] not in gates)
    ends = [middle[link.vertex] - link.drop for link in links]
    return fsum(ends) / len(ends) if ends else middle[leaf]


def _pool(wishes: list[float]) -> list[float]:
    """The numbers that never decrease and are nearest to the wishes: pool adjacent violators."""
    pools: list[list[float]] = []
    for wish in wishes:
        pool = [wish]
        while pools and fsum(pools[-1]) * len(pool) > fsum(pool) * len(pools[-1]):
            pool = pools.pop() + pool
        pools.append(pool)
    return [fsum(pool) / len(pool) for pool in pools for _ in pool]
