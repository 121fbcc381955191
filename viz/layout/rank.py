"""Phase 1: a layer for every box, so that each edge leads to a later layer."""

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush

from viz.layout.parts import Edge

PASSED, EACH = 20_000, 8  # layers that edges may pass in all: so many, or so many for each box and edge


def rank_boxes(size: int, edges: Sequence[Edge]) -> list[int]:
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


def farthest(size: int, edges: Sequence[Edge], rank: list[int]) -> int:
    """How many layers an edge may lead on before it is led around."""
    spans = sorted(rank[edge.target] - rank[edge.source] for edge in edges)
    most = max(PASSED, EACH * (size + len(edges)))
    total = 0
    for span in spans:
        total += span
        if total > most:
            return max(1, span - 1)
    return max(spans, default=0)


def lanes_around(edges: Sequence[Edge], rank: list[int], far: int) -> dict[int, int]:
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
