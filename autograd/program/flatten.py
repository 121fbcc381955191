"""Flatten: chains of sums become one sum, and sums of products one dot.

However a neuron was written (`dot(w, x) + b`, `sum(w[i] * x[i] …)`, a loop with `+=`), it leaves this pass in
one form, which re-rolling then finds as a matrix product. Nodes that the roots do not need are dropped.

    terms      what a chain of sums adds up         products   those terms that are a · b
"""

from collections.abc import Sequence

from autograd import ops
from autograd.program.trace import CONSTANT, PARAMETER, SOURCES, Graph


def flatten(graph: Graph, roots: Sequence[int]) -> tuple[Graph, list[int]]:
    """The graph that the roots need, with its sums flattened, and the roots in it."""
    live = needed(graph, roots)
    uses = [0] * len(graph)
    for node in live:
        if graph.ops[node] not in SOURCES:
            for arg in graph.args[node]:
                uses[arg] += 1
    for root in roots:
        uses[root] += 2  # a root stays a node of its own
    inner = _inner(graph, live, uses)
    flat = Graph(graph.parameters)
    new: dict[int, int] = {}
    for node in live:
        if node in inner:
            continue
        op, args = graph.ops[node], graph.args[node]
        if op in SOURCES:
            new[node] = flat.add(op, args)
        elif op is ops.add or op is ops.sum:
            new[node] = _sum(graph, flat, new, node, inner)
        elif op is ops.mean:
            total = flat.add(ops.sum, tuple([new[arg] for arg in args]))
            new[node] = flat.add(ops.mul, (total, flat.add(CONSTANT, (1 / len(args),))))
        elif op is ops.dot:
            half = len(args) // 2
            new[node] = _dot(flat, [(new[a], new[b]) for a, b in zip(args[:half], args[half:], strict=True)])
        else:
            new[node] = flat.add(op, tuple([new[arg] for arg in args]))
        if node in graph.labels:
            flat.labels.setdefault(new[node], graph.labels[node])
    return flat, [new[root] for root in roots]


def needed(graph: Graph, roots: Sequence[int]) -> list[int]:
    """The nodes that the roots depend on, in topological order."""
    live = bytearray(len(graph))
    for root in roots:
        live[root] = 1
    for node in range(len(graph) - 1, -1, -1):
        if live[node] and graph.ops[node] not in SOURCES:
            for arg in graph.args[node]:
                live[arg] = 1
    return [node for node in range(len(graph)) if live[node]]


def _inner(graph: Graph, live: Sequence[int], uses: Sequence[int]) -> set[int]:
    """The sums and products that a sum absorbs, because nothing else needs them."""
    inner: set[int] = set()
    for node in live:
        if graph.ops[node] is ops.add or graph.ops[node] is ops.sum:
            args = graph.args[node]
            products = [a for a in args if uses[a] == 1 and graph.ops[a] is ops.mul]
            inner.update(a for a in args if uses[a] == 1 and graph.ops[a] in (ops.add, ops.sum))
            inner.update(products)
    return inner


def _terms(graph: Graph, node: int, inner: set[int]) -> list[int]:
    """What a chain of sums adds up, in the order in which it was written."""
    terms, stack = [], [*reversed(graph.args[node])]
    while stack:
        term = stack.pop()
        if term in inner and graph.ops[term] is not ops.mul:
            stack.extend(reversed(graph.args[term]))
        else:
            terms.append(term)
    return terms


def _sum(graph: Graph, flat: Graph, new: dict[int, int], node: int, inner: set[int]) -> int:
    """The sum of its terms: a dot of its products, and the rest.

    The sum of one number stays, to be at the level of longer ones: softmax over a growing past.
    """
    terms = _terms(graph, node, inner)
    products = [(new[a], new[b]) for a, b in (graph.args[term] for term in terms if term in inner)]
    rest = [new[term] for term in terms if term not in inner]
    if len(products) > 2 or (products and all(PARAMETER in (flat.ops[a], flat.ops[b]) for a, b in products)):
        added = [_dot(flat, products), *rest]
    else:
        added = [flat.add(ops.mul, new_product) for new_product in products] + rest
    if len(added) == 1 and (products or graph.ops[node] is ops.add):
        return added[0]
    return flat.add(ops.add if len(added) == 2 else ops.sum, tuple(added))


def _dot(flat: Graph, products: list[tuple[int, int]]) -> int:
    """Σ a·b, with the parameter of every product first."""
    if len(products) == 1:
        return flat.add(ops.mul, products[0])
    pairs = [(b, a) if flat.ops[b] is PARAMETER != flat.ops[a] else (a, b) for a, b in products]
    return flat.add(ops.dot, (*[a for a, _ in pairs], *[b for _, b in pairs]))
