"""Rewrite: an array operation as one writes it by hand, with signs and reciprocals taken into the next one.

What is left of them is dropped, as nothing needs it. Signs are exact; x / y is rounded once, x · (1/y) twice.
"""

from collections.abc import Sequence
from typing import Any

from autograd import ops
from autograd.op import Op


def rewritten(op: Op, args: Sequence[Any]) -> tuple[Op, Sequence[Any]]:
    """A row applied to arrays and numbers, or what is shorter; `identity` of x where the result is x."""
    if op is ops.neg:
        (x,) = args
        if (y := _negated(x)) is not None:
            return ops.identity, (y,)
        if getattr(x, "op", None) is ops.mul and isinstance(x.args[1], float):
            return ops.mul, (x.args[0], -x.args[1])
    if op not in SIGNS or len(args) != 2:
        return op, args
    x, y = args
    minus_x, minus_y = _negated(x), _negated(y)
    if op is ops.mul or op is ops.div:
        if minus_x is not None and minus_y is not None:
            return op, (minus_x, minus_y)
        if minus_x is not None and isinstance(y, float):
            return op, (minus_x, -y)
        if minus_y is not None and isinstance(x, float):
            return op, (-x, minus_y)
        if op is ops.mul:
            for factor, other in ((x, y), (y, x)):
                if _is_reciprocal(other, factor):
                    return ops.div, (factor, other.args[1])
    elif minus_y is not None:
        return (ops.sub if op is ops.add else ops.add), (x, minus_y)
    elif minus_x is not None and op is ops.add:
        return ops.sub, (y, minus_x)
    return op, args


SIGNS = {ops.add, ops.sub, ops.mul, ops.div}


def _negated(x: Any) -> Any:
    """Y where x is −y."""
    return x.args[0] if getattr(x, "op", None) is ops.neg else None


def _is_reciprocal(x: Any, factor: Any) -> bool:
    """Whether x is 1/y, of the shape of another factor: a division of more elements would take longer."""
    if getattr(x, "op", None) is not ops.div or x.args[0] != 1 or not hasattr(factor, "shape"):
        return False
    return (x.shape, x.batched) == (factor.shape, factor.batched)
