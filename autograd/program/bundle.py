"""Bundle: which scalar operations one array operation can do.

level     the longest way from the sources to a node
bundle    nodes of one row at one level; those that depend on inputs apart from those that do not
reads     what the arguments of a node are read from, place by place
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

from autograd import ops
from autograd.op import Op
from autograd.program.trace import INPUT, SOURCES, Graph

REDUCING = {ops.sum, ops.dot, ops.logsumexp, ops.greatest}  # bundled whatever the number of their arguments
BRIEF = {ops.sum: ops.add, ops.dot: ops.mul}  # what a sum of two terms, or a dot of one, is recorded as
FEW = 3  # bundles of other rows, that read different arrays, are split up to this number
SHORT = 4  # terms of a sum, or kinds of its terms, that are added one after the other


def bundles(graph: Graph) -> Iterator[tuple[Op, list[int], bool]]:
    """The nodes with arguments, level by level, in the order of recording, and whether they are batched."""
    level, batched = [0] * len(graph), bytearray(len(graph))
    found: dict[Any, list[int]] = defaultdict(list)
    for node, (op, args) in enumerate(zip(graph.ops, graph.args, strict=True)):
        if op in SOURCES:
            batched[node] = op is INPUT
            continue
        level[node] = 1 + max([level[arg] for arg in args])
        batched[node] = max([batched[arg] for arg in args])
        arity = 0 if op in REDUCING else len(args)
        found[level[node], op, batched[node], arity].append(node)
    for key in [key for key in found if key[1] in BRIEF]:
        _complete(graph, found, *key[:3])
    for key in sorted(found, key=lambda key: key[0]):  # a stable sort: rows stay in the order of recording
        if found[key]:
            yield key[1], found[key], bool(key[2])


def _complete(graph: Graph, found: dict[Any, list[int]], level: int, op: Op, batched: int) -> None:
    """Rows of 1, 3, 4, … terms get that of two, which is recorded as another operation."""
    nodes, short = found[level, op, batched, 0], (level, BRIEF[op], batched, 2)
    lengths = {len(graph.args[node]) for node in nodes}
    if short not in found or (len(lengths) == 1 and lengths != {1}):
        return

    def kinds(node: int, half: int) -> set[Op]:
        args = graph.args[node]
        return {graph.ops[args[0]], graph.ops[args[half]]}

    half = 0 if op is ops.sum else len(graph.args[nodes[0]]) // 2
    like = [node for node in found[short] if kinds(node, 1) == kinds(nodes[0], half)]
    if 0 < len(like) <= len(nodes):
        found[short] = [node for node in found[short] if kinds(node, 1) != kinds(nodes[0], half)]
        nodes[:] = sorted(nodes + like)


def split(op: Op, nodes: list[int], reads: Callable[[int], Sequence[Hashable]]) -> list[list[int]]:
    """The nodes of a bundle that belong together.

    Few kinds of reading stay apart, so that every operand is a view of one array. Many, and those of sums,
    are joined where they share an argument: the positions of a sequence that the same weights read.
    """
    if len(nodes) == 1:
        return [nodes]
    kinds: dict[tuple[Hashable, ...], list[int]] = defaultdict(list)
    for node in nodes:
        kinds[tuple(reads(node))].append(node)
    if op not in REDUCING and len(kinds) <= FEW:
        return [*kinds.values()]
    return connected(kinds)


def connected(kinds: dict[tuple[Hashable, ...], list[int]]) -> list[list[int]]:
    """The nodes, joined where they read the same in the same place; None there joins nothing."""
    parent: dict[Hashable, Hashable] = {}

    def find(x: Hashable) -> Hashable:
        while parent.setdefault(x, x) != x:
            parent[x] = x = parent[parent[x]]
        return x

    # What reads constants alone shares nothing, and stays by itself.
    tokens: dict[Any, list[Hashable]] = {
        kind: [token for token in enumerate(kind) if token[1] is not None] or [kind] for kind in kinds
    }
    for first, *others in tokens.values():
        for other in others:
            parent[find(other)] = find(first)
    parts: dict[Hashable, list[int]] = defaultdict(list)
    for kind, nodes in kinds.items():
        parts[find(tokens[kind][0])] += nodes
    return [sorted(nodes) for nodes in parts.values()]
