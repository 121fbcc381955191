"""Between phases 1 and 2, where the width is bounded: the layers are cut into rows that fit."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import ceil, inf

from viz.layout.parts import ARROW, Box, Edge

LANE = 6.0  # between two lines that lead on to the next row
GUTTER, TURN = 36.0, 7.0  # at a side of a row: the most room for such lines, and for their turns


def gutter(lines: int) -> float:
    """The room that so many lines take at the side of a row when they turn back."""
    return min(lines * LANE, GUTTER) + TURN if lines else 0.0


def cut_into_rows(
    boxes: Sequence[Box], edges: Sequence[Edge], rank: list[int], gap: float, space: float, width: float
) -> tuple[list[int], list[range]]:
    """The ranks anew and the rows as ranges of them: of all that fit in the width, those least high together.

    Every row but the first begins with a layer more, its gate, where lines come in. The leaves before it
    stand there as well if there is room, rather than at the end of the row above.
    ValueError: a single layer is wider.
    """
    made = {edge.target for edge in edges}
    fixed = {rank[v] for v in made}  # layers that not only leaves stand in
    loose = [v not in made and rank[v] in fixed for v in range(len(boxes))]  # leaves that can move to a gate
    starts, leading = _starts(boxes, edges, rank, loose, gap, space, width)
    ranks = []
    for r, free in zip(rank, loose, strict=True):
        row = bisect_right(starts, r) - 1
        ranks.append(r + row + (free and r + 1 in leading))
    begins = [start + max(row - 1, 0) for row, start in enumerate(starts)]
    return ranks, [range(*pair) for pair in pairwise([*begins, max(ranks) + 1])]


def _starts(
    boxes: Sequence[Box],
    edges: Sequence[Edge],
    rank: list[int],
    loose: list[bool],
    gap: float,
    space: float,
    width: float,
) -> tuple[list[int], set[int]]:
    """The first layer of every row, and those before which the leaves stand at the gate."""
    size = max(rank) + 1
    broad, tall, stub = [0.0] * size, [0.0] * size, [0.0] * size
    leaves, lead = [0] * (size + 1), [0.0] * (size + 1)  # that can stand at a gate, and their width
    for box, r, free in zip(boxes, rank, loose, strict=True):
        broad[r] = max(broad[r], box.width)
        tall[r] += box.height + gap
        if free:
            leaves[r + 1] += 1
            lead[r + 1] = max(lead[r + 1], box.width)
    for edge in edges:
        stub[rank[edge.target]] = max(stub[rank[edge.target]], edge.label + ARROW)
    lines = _lines(edges, rank)
    far = [0.0, *accumulate(space + s + b for s, b in zip(stub, broad, strict=True))]

    def breadth(start: int, stop: int) -> float:
        """How wide a row is at least."""
        side = gutter(lines[start - 1]) if start else -space
        return side + far[stop] - far[start] + gutter(lines[stop - 1])

    if breadth(0, size) <= width:
        return [0], set()
    least = max(breadth(r, r + 1) for r in range(size))
    if least > width:
        raise ValueError(needed(least, width))
    # Of so many layers: the least height, where the last row starts, and whether leaves stand at its gate.
    best: list[tuple[float, int, bool]] = [(0.0, 0, False)]
    for stop in range(1, size + 1):
        found, high = (inf, 0, False), 0.0
        for start in range(stop - 1, -1, -1):
            if (used := breadth(start, stop)) > width:
                break
            high = max(high, tall[start] + lines[start] * gap / 2)
            fits = used + lead[start] <= width
            price = high + LANE * lines[stop - 1] + (0 if fits else gap * leaves[start])
            found = min(found, (best[start][0] + price, start, fits))
        best.append(found)
    starts, leading, stop = [], set(), size
    while stop:
        _, stop, fits = best[stop]
        starts.append(stop)
        if fits and leaves[stop]:
            leading.add(stop)
    return starts[::-1], leading


def needed(least: float, width: float) -> str:
    """What to say where a box does not fit."""
    return (
        "the picture does not fit in its width: the widest box, with the lines to it and past it, takes "
        f"{ceil(least - width)} pixels more; allow more, or show fewer digits or less"
    )


def _lines(edges: Sequence[Edge], rank: list[int]) -> list[int]:
    """How many lines lead on from every layer, or pass it; one for all edges of a source."""
    last: dict[int, int] = {}
    for edge in edges:
        last[edge.source] = max(last.get(edge.source, 0), rank[edge.target])
    change = [0] * (max(rank) + 2)
    for source, end in last.items():
        change[rank[source]] += 1
        change[end] -= 1
    return [*accumulate(change)][:-1]
