"""Derivatives from each side in a hundred digits, by mpmath where it is installed.

With that many digits a step may be smaller than the distance between two floats: no kink, pole or edge of a
domain lies inside it, and what the step and rounding leave is far below the last place of a float. And a rule
that is called with as many digits cannot hide behind its own rounding.

A function takes part if it computes with any number type, as the rows of the table do. One that needs floats
(`math.sin`) is refused: these numbers do not become floats, by which a function would lose digits unseen.

    h   the step, on one side of the operands        t   how far they have moved
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from threading import get_ident
from typing import Any

from autograd.op import FAILURES, Op, is_complex

BITS = 384  # of the numbers at first
STEP, INNER = 128, 176  # the steps are 2⁻¹²⁸ of x where |x| < 1, and 2⁻¹⁷⁶ inside a second derivative
FEW, FULL = 20, 200  # bits: a result of a number in between has been rounded on the way
LONG = 3**100  # a number of 159 bits
RANGE = 2**14  # of the exponents that a number is read with
ENOUGH = 80  # a slope that is known to 2⁻⁸⁰ needs no more bits
REFUSALS = (*FAILURES, AttributeError)  # what functions say of a number type that they do not know


@lru_cache(maxsize=8)
def _context(thread: int) -> Any:
    """A context of mpmath's for one thread, whose numbers do not become floats; TypeError without mpmath."""
    try:
        from mpmath import MPContext
    except ImportError:
        raise TypeError("mpmath is not installed") from None

    def refuse(x: Any) -> Any:
        raise TypeError("a number of many digits does not become a float")

    context = MPContext()
    for kind in (context.mpf, context.mpc):
        for conversion in ("__float__", "__int__", "__complex__"):
            setattr(kind, conversion, refuse)
    return context


def exact(x: Any) -> Fraction:
    """A real number of many digits as a Fraction; far out of the range of floats, one that is so too."""
    if isinstance(x, int):
        return Fraction(x)
    sign, mantissa, exponent, bits = map(int, x._mpf_)
    if exponent and not mantissa:
        raise OverflowError("no finite number")
    if abs(exponent + bits) > RANGE:
        mantissa, exponent = 1, RANGE if exponent > 0 else -RANGE
    return Fraction(-mantissa if sign else mantissa) * Fraction(2) ** exponent


class Digits:
    """The function of a row near some operands, in many digits; one of REFUSALS where that cannot be.

    unit   by argument, to what a step is relative       range   the widest range of the exponents
    """

    def __init__(self, op: Op, args: Sequence[Any]) -> None:
        self.op, self.context = op, _context(get_ident())
        self.context.prec = BITS
        self.args = [x if i in op.parameters else self.number(x) for i, x in enumerate(args)]
        self.real = not any(map(is_complex, args))
        variables = [abs(x) for i, x in enumerate(self.args) if i not in op.parameters]
        least = min(x for x in [*variables, self.context.one] if x)
        self.unit = [min(abs(x), self.context.one) or least for x in self.args]
        self.least = BITS + max([0, *(self.context.mag(x) for x in variables if x)])  # so that x + h ≠ x
        self.range = max(abs(self.context.mag(x)) if x else 0 for x in variables)

    def derivative(self, i: int) -> tuple[list[Any], bool]:
        """∂z/∂xᵢ on the left and on the right, for analytic functions also above and below: see `sides`."""
        self.check_digits(i)
        around = is_complex(self.args[i]) or (self.op.kind == "analytic" and self.range < 10)
        return self.sides(lambda t: self.value({i: t}), self.unit[i], around)

    def second_derivative(self, i: int, direction: Sequence[Any]) -> tuple[list[Any], bool]:
        """The derivative of ∂z/∂xᵢ along a direction, behind and ahead."""
        self.check_digits(i)
        moving = {k: self.number(d) for k, d in enumerate(direction) if d}
        inner = self.context.ldexp(self.unit[i], -INNER)

        def slope(t: Any) -> tuple[Any, Any]:
            moves = {k: t * d for k, d in moving.items()}
            low, low_error = self.value(moves)
            high, high_error = self.value({**moves, i: moves.get(i, 0) + inner})
            return (high - low) / inner, (high_error + low_error) / inner

        unit = min(self.unit[k] / abs(d) for k, d in moving.items())
        return self.sides(slope, unit, is_complex(self.args[i]))

    def rules(self, wanted: Sequence[bool]) -> list[Any]:
        """What the rules say, None for those that are not wanted."""
        return self.op.local_derivatives((*self.args, self.value({})[0]), wanted)

    def number(self, x: Any) -> Any:
        """A finite number of any type, with all its digits."""
        if is_complex(x):
            return self.context.mpc(self.number(x.real), self.number(x.imag))
        if not abs(x) < math.inf:
            raise ValueError("no finite number")
        if not hasattr(x, "as_integer_ratio"):  # mpmath's own
            return self.context.mpf(x)
        numerator, denominator = map(int, x.as_integer_ratio())
        return self.context.mpf(numerator) / denominator

    def value(self, moves: dict[int, Any]) -> tuple[Any, Any]:
        """(z, a bound on its error) where some of the operands have moved."""
        z = self.op.function(*(x + moves[k] if k in moves else x for k, x in enumerate(self.args)))
        if not isinstance(z, int) and type(z) not in (self.context.mpf, self.context.mpc):
            raise TypeError(f"{type(z).__name__} has too few digits")
        if not abs(z) < math.inf or (
            self.real and is_complex(z) and not any(map(is_complex, moves.values()))
        ):
            raise ValueError("outside the domain")
        least = 1 if is_complex(z) else 0  # complex functions round the smaller of two parts like the greater
        return z, 16 * self.context.eps * (abs(z) + least)

    def check_digits(self, i: int) -> None:
        """TypeError if the function loses digits on the way, as `lambda x: type(x)(mpmath.besselj(0, x))`.

        An operand with a long tail of digits must give results that have one, unless they are all equal.
        """
        self.context.prec = self.least
        tail = self.context.ldexp(self.unit[i] * LONG, -STEP - LONG.bit_length())
        near, far = tail, self.context.ldexp(self.unit[i], -STEP // 3) + tail
        for way in (1, -1):
            try:
                found = [self.value({i: way * t})[0] for t in (near, 2 * near, far)]
            except FAILURES:
                continue
            if any(z != found[0] for z in found) and any(FEW < _bits(z) < FULL for z in found):
                raise TypeError("the function rounds to fewer digits than it is given")

    def sides(self, f: Callable[[Any], tuple[Any, Any]], unit: Any, around: bool) -> tuple[list[Any], bool]:
        """(slope, a bound on its error, f) beside t = 0 on each side, None without one; and if f jumps."""
        self.value({})  # or else a refusal
        found: list[Any] = []
        for bits in sorted({4 * BITS, *(BITS + k * self.range for k in (0, 1, 2, 4))}):
            if bits < self.least:
                continue
            # x + h, and the change of f, may each need as many bits as the exponents are apart
            self.context.prec = bits
            h = self.context.ldexp(unit, -STEP)
            found = [one_side(f, way * h) for way in ((-1, 1, 1j, -1j) if around else (-1, 1))]
            known = [side for side in found if side is not None]
            if all(self.context.ldexp(error, ENOUGH) <= abs(slope) for slope, error, _ in known):
                break
        left, right = found[:2]
        if left is None or right is None:
            return found, False
        steepest = max(abs(slope) + error for slope, error, _ in (left, right))
        return found, bool(abs(right[2] - left[2]) > h * steepest)


def _bits(z: Any) -> int:
    """How many bits the greater part of a number has."""
    return (
        z.bit_length()
        if isinstance(z, int)
        else max(int(x[3]) for x in getattr(z, "_mpc_", None) or (z._mpf_,))
    )


def one_side(f: Callable[[Any], tuple[Any, Any]], h: Any) -> tuple[Any, Any, Any] | None:
    """(the slope of f(t) just beside t = 0 where h points, a bound on its error, f there).

    Differences over steps of h, h/2 and h/4 must come nearer to each other, by a quarter at least each time,
    as those of t¹·⁵ do: then 3/4 + 9/16 + … of their last distance is left. None where they do not.
    """
    try:
        z = [f(h * k / 4) for k in (1, 2, 4, 8)]
    except REFUSALS:
        return None
    values, noise = [value for value, _ in z], 8 * max(error for _, error in z) / abs(h)
    # the smallest step first
    first, second, third = ((values[k + 1] - values[k]) * 2 ** (2 - k) / h for k in range(3))
    before, last = abs(third - second), abs(second - first)
    if last > before * 3 / 4 + 2 * noise:
        return None
    return 2 * first - second, 4 * last + 2 * noise, values[0]
