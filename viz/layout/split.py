"""Phase 2: long edges are split at every layer they pass, so that links join neighbouring layers only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from viz.layout.parts import Box, Edge


class Link(NamedTuple):
    """A piece of an edge as seen from one of its ends."""

    vertex: int  # at the other end
    slot: float  # where it ends there, from -1/2 (top) to 1/2 (foot); at outputs and dummies 0
    drop: float  # if the link is horizontal: the other's middle minus this one's


@dataclass(frozen=True, slots=True)
class Graph:
    """The boxes, which come first, and the dummies; every list is by vertex."""

    boxes: int
    rank: list[int]
    height: list[float]
    left: list[list[Link]]
    right: list[list[Link]]
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
        self.right[source].append(Link(target, slot, -below))
        self.left[target].append(Link(source, 0.0, below))

    def apart(self, upper: int, lower: int, gap: float) -> float:
        """The least distance of two neighbours' middles; a line needs half the gap of a box."""
        free = gap if max(upper, lower) < self.boxes else gap / 2
        return (self.height[upper] + self.height[lower]) / 2 + free


def split_edges(boxes: Sequence[Box], edges: Sequence[Edge], rank: list[int]) -> Graph:
    """Cut every edge at the layers it passes."""
    graph = Graph(len(boxes), [], [], [], [], [])
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
