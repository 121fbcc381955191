"""Arguments at which to compare each row of the table with the oracles of `autograd.testing`.

args   the arguments of a row, those of sequences one after the other      i, j   positions among them
"""

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from autograd.op import REAL, Interval, Op
from autograd.testing.oracles import Dual, along, exact_second_derivative, lift, replace, ridders
from autograd.testing.oracles import derivative as estimate
from autograd.testing.oracles import second_derivative as second_estimate

__all__ = ["Dual", "along", "replace", "ridders"]  # for the tests

STEP = 1 / 64  # kinks and the edges of domains lie further than this from every point of `points`

POINTS = {
    "polygamma": [(0, 0.7), (1, 0.41), (2, 3.9), (3, 21.3)],
    "sinc": [(0.3, 0), (-1.7, 0), (0.04, 1), (0.62, 2), (-2.6, 3)],
    "where": [(True, 0.3, -1.2), (False, 0.3, -1.2)],
    "element": [(0, 0.3, -1.2), (2, 0.3, -1.2, 0.7)],
    "clip": [(0.3, -0.6, 0.8), (-1.4, -0.6, 0.8), (2.1, -0.6, 0.8)],
}


# ── Derivatives without the table's rules ───────────────────────────────────────────────────────────


def derivative(op: Op, args: Sequence[Any], i: int) -> tuple[Any, float]:
    """(∂z/∂xᵢ, a bound on its error), with what the rule itself may round."""
    found = estimate(op, args, i)
    return found.slope, found.error + 1e-13 * abs(found.slope)


def second_derivative(op: Op, args: Sequence[Any], i: int, j: int) -> tuple[Any, float]:
    """(∂²z/∂xᵢ∂xⱼ, a bound on its error), with what the rule itself may round."""
    found = second_estimate(op, args, i, unit(args, j))
    return found.slope, found.error + 1e-13 * abs(found.slope)


def exact_derivatives(op: Op, args: Sequence[Any], i: int, j: int) -> tuple[Any, Any, Any]:
    """z, ∂z/∂xᵢ and ∂²z/∂xᵢ∂xⱼ, exactly. TypeError where the row needs more than + − × ÷."""
    z = lift(along(op, args, i)(args[i] if i in op.parameters else Dual(args[i], 1)))
    return z.a, z.b, exact_second_derivative(op, args, i, unit(args, j)).slope


def unit(args: Sequence[Any], j: int) -> list[int]:
    """The direction of the argument j."""
    return [int(k == j) for k in range(len(args))]


# ── Rows and their arguments ────────────────────────────────────────────────────────────────────────


def points(op: Op) -> list[tuple[Any, ...]]:
    """Arguments inside the domain, further than STEP from its edges, from kinks and from ties."""
    if op.name in POINTS:
        return POINTS[op.name]
    count = 3 * op.sequences or op.arity
    domain = [*op.domain, *[REAL] * (count - len(op.domain))]
    shares = (0.13, 0.71, 0.42, 0.81, 0.24)  # of each interval, every argument another one
    return [
        tuple(spread(interval, shares[(k + i) % 5]) for i, interval in enumerate(domain[:count]))
        for k in range(5)
    ] + ([(0.5,) * op.sequences] if op.sequences else [])


def spread(interval: Interval, share: float) -> float:
    """The number that has a share of 0 to 1 of the interval to its left, in few digits."""
    low, high, _ = interval
    odds = share / (1 - share)
    if low > -math.inf:
        x = low + (high - low) * share if high < math.inf else low + odds
    else:
        x = high - 1 / odds if high < math.inf else math.log(odds)
    return round(x, 3)


def variables(op: Op, args: Sequence[Any]) -> list[int]:
    """The positions of the arguments to differentiate by."""
    return [i for i in range(len(args)) if i not in op.parameters]


def pairs(op: Op, args: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """All pairs of positions to differentiate by, both ways round."""
    return ((i, j) for i in variables(op, args) for j in variables(op, args))


def convert(op: Op, args: Sequence[Any], kind: Callable[[Any], Any]) -> list[Any]:
    """The arguments, but for parameters, in another number type (or as leaves, by kind=Value)."""
    return [kind(x) if i in variables(op, args) else x for i, x in enumerate(args)]


apply = Op.apply


def fraction(x: float) -> Fraction:
    """The fraction that a decimal number of few digits is meant to be."""
    return Fraction(str(x))
