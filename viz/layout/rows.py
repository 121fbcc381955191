"""Between phases 1 and 2, where the width is bounded: the layers are cut into rows that fit."""

from collections.abc import Sequence
from itertools import accumulate
from math import ceil, inf

from viz.layout.parts import ARROW, Box, Edge

LANE = 6.0  # between two lines that lead on to the next row
GUTTER, TURN = 36.0, 7.0  # at a side of a row: the most room for such lines, and for their turns


def gutter(lines: int) -> float:
    """The room that so many lines take at the side of a row when they turn back."""
    return min(lines * LANE, GUTTER) + TURN if lines else 0.0


def cut_into_rows(
    boxes: Sequence[Box], edges: Sequence[Edge], rank: list[int], gap: float, space: float, width: float
) -> list[range]:
    """The rows, as the ranks of their layers: of all that fit in the width, those least high together.

    ValueError: a single layer is wider.
    """
    size = max(rank) + 1
    broad, tall, stub = [0.0] * size, [0.0] * size, [0.0] * size
    for box, r in zip(boxes, rank, strict=True):
        broad[r] = max(broad[r], box.width)
        tall[r] += box.height + gap
    for edge in edges:
        stub[rank[edge.target]] = max(stub[rank[edge.target]], edge.label + ARROW)
    lines = lines_on(edges, rank)
    side = [gutter(number) for number in lines]
    tall = [height + number * gap / 2 for height, number in zip(tall, lines, strict=True)]
    far = [0.0, *accumulate(space + s + b for s, b in zip(stub, broad, strict=True))]
    best: list[tuple[float, int]] = [
        (0.0, 0)
    ]  # of the first layers the least height, and where the last row begins
    for stop in range(1, size + 1):
        found, high = (inf, stop - 1), 0.0
        for start in range(stop - 1, -1, -1):
            high = max(high, tall[start])
            left, right = side[start - 1] if start else -space, side[stop - 1]
            if left + far[stop] - far[start] + right > width:
                break
            found = min(found, (best[start][0] + high + LANE * lines[stop - 1], start))
        best.append(found)
        if found[0] == inf:
            raise ValueError(needed(left + far[stop] - far[start] + right, width))
    rows = []
    stop = size
    while stop:
        start = best[stop][1]
        rows.append(range(start, stop))
        stop = start
    return rows[::-1]


def needed(least: float, width: float) -> str:
    """What to say where a box does not fit."""
    return (
        "the picture does not fit in its width: the widest box, with the lines to it and past it, takes "
        f"{ceil(least - width)} pixels more; allow more, or show fewer digits or less"
    )


def lines_on(edges: Sequence[Edge], rank: list[int]) -> list[int]:
    """How many lines lead on from every layer, or pass it; one for all edges of a source."""
    last: dict[int, int] = {}
    for edge in edges:
        last[edge.source] = max(last.get(edge.source, 0), rank[edge.target])
    change = [0] * (max(rank) + 2)
    for source, end in last.items():
        change[rank[source]] += 1
        change[end] -= 1
    return [*accumulate(change)][:-1]


def with_gates(rank: list[int], rows: list[range]) -> tuple[list[int], list[range]]:
    """The ranks and rows with a layer more at the start of every row but the first, where lines come in."""
    row = [number for number, ranks in enumerate(rows) for _ in ranks]
    return [r + row[r] for r in rank], [
        range(r.start + max(i - 1, 0), r.stop + i) for i, r in enumerate(rows)
    ]
