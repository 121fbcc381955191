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

FLAT = {"floordiv", "sign", "step", "share", "floor", "ceil", "rint"}  # rows whose derivative is 0 by nature
CLIP = [(0.3, -0.6, 0.8), (-1.4, -0.6, 0.8), (2.1, -0.6, 0.8)]  # the bounds the right way round


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
    if op.name == "clip":
        return CLIP
    count = 3 * op.sequences or op.arity
    domain = [*op.domain, *[REAL] * (count - len(op.domain))]
    shares = (0.13, 0.71, 0.42, 0.81, 0.24)  # of each interval, every argument another one

    def argument(i: int, k: int) -> Any:
        settings = op.parameters.get(i)
        return settings[k % len(settings)] if settings else spread(domain[i], shares[(k + i) % 5])

    alone = [(0.5,) * op.sequences] if op.sequences and not op.parameters else []
    return [tuple(argument(i, k) for i in range(count)) for k in range(5)] + alone


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


def has_variables(op: Op) -> bool:
    """Whether the row is a function of any variable: the one argument of stop_gradient is a setting."""
    return op.sequences > 0 or len(op.parameters) < op.arity


def rules(op: Op) -> list[int]:
    """The positions of the rules for variables; the one rule of an operation on sequences is for all."""
    return [0] if op.sequences else variables(op, range(op.arity))


def changed(op: Op, i: int, change: Callable[[Any], Any]) -> tuple[Callable[..., Any], ...]:
    """The rules of the row, that for the argument i giving another local derivative where it gives one."""
    right = op.partials[i]

    def wrong(*args: Any) -> Any:
        local = right(*args)
        if op.sequences:
            return [None if d is None else change(d) for d in local]
        return None if local is None else change(local)

    return replace(op.partials, i, wrong)


apply = Op.apply


def fraction(x: float) -> Fraction:
    """The fraction that a decimal number of few digits is meant to be."""
    return Fraction(str(x))


UNASKED: dict[str, Callable[[Any, Any], Any]] = {  # (rows, x) → z: at x = 0 a slope is ∞, times exactly 0
    "maximum": lambda o, x: o.maximum(o.sqrt(x), 1 + x),
    "relu": lambda o, x: o.relu(o.sqrt(x) - 1) + x,
    "times 0": lambda o, x: 0 * o.sqrt(x) + x,
    "a difference": lambda o, x: (lambda z: z - z + x)(o.sqrt(x)),
    "a power": lambda o, x: 0 * x**0.5 + x,
    "two arguments": lambda o, x: 0 * o.hypot(x, x) + 0 * o.arctan2(x, x) + x,
    "three": lambda o, x: o.clip(o.sqrt(x), 1, 2) + x,
    "the ends of an interval": lambda o, x: (
        0 * o.arcsin(x - 1) + 0 * o.arccos(1 - x) + 0 * o.arccosh(x + 1) + x
    ),
    "a sequence": lambda o, x: o.dot([0, x], [o.sqrt(x), 1]),
    "one below another": lambda o, x: 0 * o.sqrt(o.sqrt(x)) + x,
    "x²√x": lambda o, x: x * x * o.sqrt(x) + x,
}
