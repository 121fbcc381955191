"""Phase 3: the order of each layer: sweep right and left, sort by medians, keep the fewest crossings."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from viz.layout.split import Graph, Link

PATIENCE = 4  # sweeps without a gain before an order is taken as it is


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


class Order:
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

    def ends(self, links: Iterable[Link]) -> list[float]:
        """Where links end in the layer next door, sorted."""
        position = self.position
        ends = [position[vertex] + slot for vertex, slot, _ in links]
        ends.sort()
        return ends

    def crossings(self, right: list[list[Link]]) -> int:
        """The crossings between all layers."""
        ends = ((end for vertex in layer for end in self.ends(right[vertex])) for layer in self.layers)
        return sum(map(inversions, ends))

    def copy(self) -> "Order":
        """The same order, to keep while this one changes."""
        return Order([layer[:] for layer in self.layers], len(self.position))


def order_layers(graph: Graph) -> Order:
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


def _walk(graph: Graph, roots: list[int], links: list[list[Link]]) -> Order:
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
    return Order(layers, len(graph.rank))


def _sweep(order: Order, left: list[list[Link]], right: list[list[Link]]) -> Order:
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


def _sort(order: Order, layer: list[int], links: list[list[Link]], *, flip: bool) -> None:
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


def _transpose(order: Order, left: list[list[Link]], right: list[list[Link]]) -> None:
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


def _saved(order: Order, upper: list[Link], lower: list[Link]) -> int:
    """The crossings saved on one side of two neighbours if they swap."""
    ends = order.ends(lower)
    return sum(bisect_left(ends, e) + bisect_right(ends, e) - len(ends) for e in order.ends(upper))


def _insert(graph: Graph, order: Order, leaves: list[int]) -> None:
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
