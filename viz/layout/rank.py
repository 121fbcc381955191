"""Phase 1: a layer for every box, so that each edge leads to a later layer."""

from collections import Counter
from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush

from viz.layout.parts import Box, Edge
from viz.layout.rows import needed

PASSED, EACH = 20_000, 8  # layers that edges may pass in all: so many, or so many for each box and edge


def rank_boxes(boxes: Sequence[Box], edges: Sequence[Edge]) -> list[int]:
    """The layer of every box, so that lines are few and short.

    First each stands directly to the right of its operands. Then, from the results back, each moves as far
    right as its leftmost user lets it, unless that makes more line than it saves: what leads to its users
    gets shorter, what leads from an operand longer, except where a later user needs that line as well or the
    operand moves along because nothing else uses it. So a leaf, or w * x in a sum, stands next to its user.
    """
    size = len(boxes)
    operands: dict[int, set[int]] = {box: set() for box in range(size)}
    users: list[set[int]] = [set() for _ in range(size)]
    for edge in edges:
        operands[edge.target].add(edge.source)
        users[edge.source].add(edge.target)
    try:
        sequence = [*TopologicalSorter(operands).static_order()]
    except CycleError as error:
        cycle = " <- ".join(map(str, reversed(error.args[1])))
        raise ValueError(f"edges form a cycle: {cycle}") from None
    rank = [0] * size
    along = [not box.first for box in boxes]  # whether all operands of a box move with it
    for box in sequence:
        for operand in operands[box]:
            rank[box] = max(rank[box], rank[operand] + 1)
            along[box] &= along[operand] and len(users[operand]) == 1
    reach = [0] * size  # the last layer to which a line leads
    for box in reversed(sequence):
        held = [operand for operand in operands[box] if not along[operand] or len(users[operand]) > 1]
        goal = min((rank[user] for user in users[box]), default=rank[box] + 1) - 1
        if sum(reach[operand] < goal for operand in held) <= 1 and not boxes[box].first:
            rank[box] = goal
        for operand in held:
            reach[operand] = max(reach[operand], rank[box])
    return rank


def spread(
    boxes: Sequence[Box], edges: Sequence[Edge], rank: list[int], gap: float, height: float
) -> list[int]:
    """Layers that are at most so high: what does not fit in its layer goes further to the left.

    From the results back, every layer takes, of the boxes whose users stand already, first what a walk from
    the results meets first, so that lines stay few; each line that passes takes half a gap.
    ValueError: a single box does not fit.
    """
    operands: list[dict[int, None]] = [{} for _ in boxes]
    for edge in edges:
        operands[edge.target][edge.source] = None
    waiting = Counter(operand for each in operands for operand in each)  # for users that do not stand yet
    stack = [box for box in reversed(range(len(boxes))) if not waiting[box]]
    turn: dict[int, int] = {}  # when the walk meets a box
    while stack:
        box = stack.pop()
        if box not in turn:
            turn[box] = len(turn)
            stack.extend(reversed(operands[box]))
    ready = [box for box in turn if not waiting[box]]
    passing: set[int] = set()  # boxes whose lines have begun
    layer, now = [0] * len(boxes), max(rank)
    while ready:
        room, due = height + gap - gap / 2 * len(passing), [box for box in ready if rank[box] >= now]
        needs = {box: boxes[box].height + gap - gap / 2 * (box in passing) for box in due}
        taken = set()
        for box in sorted(due, key=turn.__getitem__):
            if needs[box] <= room:
                taken.add(box)
                room -= needs[box]
        if not taken:
            raise ValueError(needed(height + min(needs.values()) - room, height))
        passing -= taken
        ready = [box for box in ready if box not in taken]
        for box in sorted(taken):
            layer[box] = now
            passing.update(operands[box])
            for operand in operands[box]:
                waiting[operand] -= 1
                if not waiting[operand]:
                    ready.append(operand)
        now -= 1
    first = min(layer)
    return [each - first for each in layer]


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


def lanes_around(edges: Sequence[Edge], rank: list[int], far: float) -> dict[int, int]:
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
