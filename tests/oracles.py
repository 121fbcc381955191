"""Derivatives that know nothing of the table's rules, and arguments at which to compare them.

f   a function of numbers            args   the arguments of a row, those of sequences one after the other
x   where it is differentiated       i, j   positions among them
h   the step                         slope  an estimate of the derivative, error a bound on its error
"""

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from autograd.ops import REAL, Interval, Op

EPSILON = 2.0**-52
STEP = 1 / 64  # kinks and the edges of domains lie further than this from every point of `points`

# Arguments that choose a function out of a family, and are no variables of it: their positions by row.
PARAMETERS = {"polygamma": {0}, "sinc": {1}, "where": {0}}

POINTS = {
    "polygamma": [(0, 0.7), (1, 0.41), (2, 3.9), (3, 21.3)],
    "sinc": [(0.3, 0), (-1.7, 0), (0.04, 1), (0.62, 2), (-2.6, 3)],
    "where": [(True, 0.3, -1.2), (False, 0.3, -1.2)],
    "clip": [(0.3, -0.6, 0.8), (-1.4, -0.6, 0.8), (2.1, -0.6, 0.8)],
}


# ── Numerical differentiation ───────────────────────────────────────────────────────────────────────


def complex_step(f: Callable[[Any], Any], x: float, h: float = 1e-20) -> float:
    """f′(x) of an analytic f, to its last digits.

    f(x + ih) = f(x) + ih f′(x) + O(h²): the derivative is read off the imaginary part, where nothing
    cancels however small h is. (Squire & Trapp, SIAM Review 40, 1998.)
    """
    return float(f(complex(x, h)).imag / h)


def ridders(f: Callable[[Any], Any], x: Any, h: Any = STEP, shrink: float = 1.4, rows: int = 12) -> Any:
    """(f′(x), a bound on its error), by differences over smaller and smaller steps, extrapolated to 0.

    The central difference is f′(x) + c₁h² + c₂h⁴ + …, so two of them with steps h and h/shrink tell c₁
    and leave c₂h⁴; two such results leave c₃h⁶; and so on (Neville's table). The best entry is the one
    nearest to the two that it was made from; this distance is its error, with what rounding may add: a few
    units in the last place of f and x, also of 1 (lgamma is no better near its zeros).
    Works along any direction h, also in the complex plane. (Ridders, Adv. Eng. Software 4, 1982.)
    """
    slope, error = math.nan, math.inf
    above: list[Any] = []
    for _ in range(rows):
        right, left = f(x + h), f(x - h)
        row = [(right - left) / (2 * h)]
        rounding = 4 * EPSILON * (1 + abs(right) + abs(left) + abs(x * row[0])) / abs(h)
        for k, before in enumerate(above):
            row.append(row[k] + (row[k] - before) / (shrink ** (2 * k + 2) - 1))
            distance = max(abs(row[-1] - row[k]), abs(row[-1] - before)) + rounding
            if distance < error:
                slope, error = row[-1], distance
        above, h = row, h / shrink
    return slope, error


def derivative(op: Op, args: Sequence[Any], i: int) -> tuple[Any, float]:
    """(∂z/∂xᵢ, a bound on its error): the complex step where the row is analytic, else Ridders."""
    f, x = along(op, args, i), args[i]
    if op.kind in ("rational", "analytic"):
        slope = complex_step(f, x)
        return slope, 1e-13 * abs(slope)
    return ridders(f, x)  # type: ignore[no-any-return]


def second_derivative(op: Op, args: Sequence[Any], i: int, j: int) -> tuple[Any, float]:
    """(∂²z/∂xᵢ∂xⱼ, a bound on its error): Ridders' differences of the first derivative."""
    worst = 0.0

    def slope(t: Any) -> Any:
        nonlocal worst
        first, error = derivative(op, replace(args, j, t), i)
        worst = max(worst, error)
        return first

    second, error = ridders(slope, args[j])
    return second, error + 16 * worst / STEP


# ── Exact differentiation of rational functions ─────────────────────────────────────────────────────


class Dual:
    """a + bε with ε² = 0: the first-order Taylor polynomial, by + − × ÷ and comparison alone.

    Duals of Duals give second derivatives.
    """

    def __init__(self, a: Any, b: Any = 0) -> None:
        self.a, self.b = a, b

    def __add__(self, other: Any) -> "Dual":
        x, y = self, lift(other)
        return Dual(x.a + y.a, x.b + y.b)

    def __mul__(self, other: Any) -> "Dual":
        x, y = self, lift(other)
        return Dual(x.a * y.a, x.a * y.b + x.b * y.a)

    def __truediv__(self, other: Any) -> "Dual":
        x, y = self, lift(other)
        z = x.a / y.a
        return Dual(z, (x.b - z * y.b) / y.a)

    def __neg__(self) -> "Dual":
        return Dual(-self.a, -self.b)

    def __pos__(self) -> "Dual":
        return self

    def __abs__(self) -> "Dual":
        return -self if self < 0 else self

    def __sub__(self, other: Any) -> "Dual":
        return self + -lift(other)

    def __rsub__(self, other: Any) -> "Dual":
        return lift(other) - self

    def __rtruediv__(self, other: Any) -> "Dual":
        return lift(other) / self

    __radd__, __rmul__ = __add__, __mul__

    def __lt__(self, other: Any) -> bool:
        return bool(self.a < lift(other).a)

    def __le__(self, other: Any) -> bool:
        return bool(self.a <= lift(other).a)

    def __gt__(self, other: Any) -> bool:
        return bool(self.a > lift(other).a)

    def __ge__(self, other: Any) -> bool:
        return bool(self.a >= lift(other).a)

    def __eq__(self, other: object) -> bool:
        return bool(self.a == lift(other).a)

    __hash__ = None  # type: ignore[assignment]


def lift(x: Any) -> Dual:
    """A constant as a Dual."""
    return x if isinstance(x, Dual) else Dual(x)


def exact_derivatives(op: Op, args: Sequence[Any], i: int, j: int) -> tuple[Any, Any, Any]:
    """z, ∂z/∂xᵢ and ∂²z/∂xᵢ∂xⱼ, exactly. TypeError where the row needs more than + − × ÷."""
    parameters = PARAMETERS.get(op.name, set())
    duals = [Dual(Dual(x, int(k == j)), Dual(int(k == i))) for k, x in enumerate(args)]
    z = lift(op.function(*(x if k in parameters else duals[k] for k, x in enumerate(args))))
    value, slope = lift(z.a), lift(z.b)
    return value.a, slope.a, slope.b


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
    return [i for i in range(len(args)) if i not in PARAMETERS.get(op.name, set())]


def pairs(op: Op, args: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """All pairs of positions to differentiate by, both ways round."""
    return ((i, j) for i in variables(op, args) for j in variables(op, args))


def convert(op: Op, args: Sequence[Any], kind: Callable[[Any], Any]) -> list[Any]:
    """The arguments, but for parameters, in another number type (or as leaves, by kind=Value)."""
    return [kind(x) if i in variables(op, args) else x for i, x in enumerate(args)]


def apply(op: Op, args: Sequence[Any]) -> Any:
    """The operation on arguments that stand one after the other: `dot` takes them as two sequences."""
    if not op.sequences:
        return op(*args)
    n = len(args) // op.sequences
    return op(*(args[k : k + n] for k in range(0, len(args), n)))


def along(op: Op, args: Sequence[Any], i: int) -> Callable[[Any], Any]:
    """The function of one argument, the others fixed; on plain numbers, without the engine."""
    return lambda t: op.function(*replace(args, i, t))


def replace(args: Sequence[Any], i: int, x: Any) -> tuple[Any, ...]:
    """The arguments with another one at position i."""
    return (*args[:i], x, *args[i + 1 :])


def fraction(x: float) -> Fraction:
    """The fraction that a decimal number of few digits is meant to be."""
    return Fraction(str(x))
