"""Rewrite: array operations as one writes them by hand, with signs and numbers outside, where they meet.

An array is c · r, of a number c and an array r: −x is −1 · x. What is left behind is dropped, as nothing
needs it. Only numbers of ordinary size are moved, so that nothing overflows that did not before.

    x, y    arguments          c, d    the numbers in front of them          r, s    the arrays without them
"""

from collections.abc import Sequence
from typing import Any

from autograd import ops
from autograd.op import Op

ORDINARY = 1e-6, 1e6
OPPOSITE = {ops.add: ops.sub, ops.sub: ops.add}


def factor(x: Any) -> tuple[float, Any]:
    """The number in front of an array, and the array without it."""
    if x.op is ops.neg:
        return -1.0, x.args[0]
    if x.op is ops.mul:
        for c, r in (x.args, x.args[::-1]):
            if isinstance(c, float) and ORDINARY[0] <= abs(c) <= ORDINARY[1]:
                return c, r
    return 1.0, x


def scaled(graph: Any, x: Any, c: float) -> Any:
    """The product of an array and a number."""
    d, r = factor(x)
    if c * d == 1:
        return r
    return (
        graph.add(ops.neg, (r,), r.shape) if c * d == -1 else graph.add(ops.mul, (r, float(c * d)), r.shape)
    )


def rewritten(graph: Any, op: Op, args: Sequence[Any]) -> Any:
    """The array of a row in its shortest form; None where that is as it is written."""
    if op is ops.neg:
        return scaled(graph, args[0], -1)
    if op not in (ops.add, ops.sub, ops.mul, ops.div):
        return None
    x, y = args
    if not (hasattr(x, "op") and hasattr(y, "op")):
        if op is ops.mul:
            return scaled(graph, x, y) if hasattr(x, "op") else scaled(graph, y, x)
        if op is ops.div and hasattr(x, "op") and x.op is ops.neg:
            return graph.elementwise(op, [x.args[0], -y])
        return None
    (c, r), (d, s) = factor(x), factor(y)
    if op in OPPOSITE:
        if d == -1:
            return graph.elementwise(OPPOSITE[op], [x, s])
        if c == -1 and op is ops.add:
            return graph.elementwise(ops.sub, [y, r])
        return None if c != d or c == 1 else scaled(graph, graph.elementwise(op, [r, s]), c)
    if c != 1 != d or -1 in (c, d):
        return scaled(graph, graph.elementwise(op, [r, s]), c * d if op is ops.mul else c / d)
    if op is ops.mul:
        for z, w in ((x, y), (y, x)):  # z · (1/w), unless it would divide more elements
            if w.op is ops.div and w.args[0] == 1 and (z.shape, z.batched) == (w.shape, w.batched):
                return graph.elementwise(ops.div, [z, w.args[1]])
    return None


def without_share(graph: Any, x: Any) -> tuple[Any, Any]:
    """The number that depends on n alone in a product of two or three arrays, and the rest; else 1."""
    if x.op is ops.mul:
        for y, z in (x.args, x.args[::-1]):
            if _is_share(y) and hasattr(z, "op"):
                return y, z
            if getattr(y, "op", None) is ops.mul and any(map(_is_share, y.args)):
                share, rest = y.args if _is_share(y.args[0]) else y.args[::-1]
                return share, graph.elementwise(ops.mul, [rest, z])
    return 1.0, x


def _is_share(x: Any) -> bool:
    return hasattr(x, "op") and x.is_share and not x.shape
