"""Derivatives that know nothing of the table's rules: what `check_grads` compares with.

    exact arithmetic   + − × ÷ on pairs a + bε, for functions that need no more: no error, in Fractions
    many digits        differences in a hundred digits, for functions of any number type, with mpmath
    complex step       the imaginary part of f(x + ih), for analytic rows without it: about 1e-15, relative
    differences        extrapolated to step 0, for all others: with a bound on their error

At a kink the derivative just right of it and the one just left of it are found by themselves; at the edge of
a domain the one inside. Where none is found, the slope is nan and the error infinite.

    f   a function of one number         args  the arguments of a row, those of sequences one after another
    x   where it is differentiated       i     the position of an argument
    h   the step                         ε     infinitesimal: ε² = 0, and 0 < ε < every positive number
"""

import math
import sys
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal, getcontext
from fractions import Fraction
from typing import Any, NamedTuple

from autograd.functions import one
from autograd.op import FAILURES, Op, is_complex
from autograd.testing.digits import REFUSALS, Digits, exact

EXACT, DIGITS, COMPLEX_STEP, DIFFERENCES = ORACLES = (
    "exact arithmetic",
    "arithmetic of many digits",
    "the complex step",
    "extrapolated differences",
)

STEPS = 6  # of every extrapolation, each half of the one before
LARGEST_POWER = 4096  # of bits in an exact x**n
LONGEST = 2**16  # bits of an exact number


class Estimate(NamedTuple):
    """A derivative as an oracle finds it: where it kinks, the two one-sided slopes and their mean."""

    slope: Any
    error: Any  # a bound on |slope − the true derivative|
    oracle: str
    sides: tuple[Any, Any] | None = None  # at a kink or a jump: just left of x, just right of x


def epsilon(x: Any) -> Any:
    """The distance from 1 to the next number of x's type; 0 for the exact types."""
    kind = type(x)
    if issubclass(kind, int | Fraction):
        return 0
    if issubclass(kind, Decimal):
        return Decimal(10) ** (1 - getcontext().prec)
    if hasattr(kind, "context"):  # mpmath
        return +kind.context.eps
    numpy = sys.modules.get("numpy")
    if numpy is not None and issubclass(kind, numpy.inexact):
        return float(numpy.finfo(kind).eps)
    return sys.float_info.epsilon


def plain(x: Any) -> Any:
    """A NumPy scalar as Python's number, which has more digits than float32."""
    return x.item() if type(x).__module__ == "numpy" else x


def replace(args: Sequence[Any], i: int, x: Any) -> tuple[Any, ...]:
    """The arguments with another one at position i."""
    return (*args[:i], x, *args[i + 1 :])


def along(op: Op, args: Sequence[Any], i: int) -> Callable[[Any], Any]:
    """The function of one argument, the others fixed; on plain numbers, without the engine."""
    return lambda x: op.function(*replace(args, i, x))


# ── The derivatives of one operation ────────────────────────────────────────────────────────────────


def derivative(op: Op, args: Sequence[Any], i: int) -> Estimate:
    """∂z/∂xᵢ by the best oracle that applies to the row and the numbers."""
    if _is_another_for_fractions(op, args):
        return _without_digits(op, args, i)
    found = None
    with suppress(*REFUSALS):  # the function needs more than + − × ÷, or a number is infinite
        found = exact_derivative(op, args, i)
    if found is not None and op.kind in ("rational", "kinked"):
        return found
    args = [plain(x) for x in args]
    try:
        digits = _many_digits(*Digits(op, args).derivative(i), args)
    except REFUSALS:
        return found or _without_digits(op, args, i)  # it needs floats, or mpmath is not installed
    return digits if found is None or digits.sides else found


def _is_another_for_fractions(op: Op, args: Sequence[Any]) -> bool:
    """Whether Decimal's % and //, which round towards 0, give another number than those of Fractions."""
    if op.kind != "kinked" or not any(isinstance(x, Decimal) for x in args):
        return False
    z = op.function(*args)
    exact = in_type_of(args, op.function(*exactly(args, op.parameters)))
    return bool(abs(z - type(z)(exact)) * 1000 > abs(z) + max(map(abs, args)))


def _without_digits(op: Op, args: Sequence[Any], i: int) -> Estimate:
    """∂z/∂xᵢ in the number type of the arguments."""
    f, x = along(op, args, i), args[i]
    real = isinstance(x, int | float | Fraction) and not any(map(is_complex, args))
    if op.kind in ("rational", "analytic") and real:
        try:
            return stepped(f, x)
        except FAILURES:
            pass  # the function refuses complex numbers, or has a branch point here
    return differences(f, x, kinked=op.kind == "kinked")


def second_derivative(op: Op, args: Sequence[Any], i: int, direction: Sequence[Any]) -> Estimate:
    """The derivative of ∂z/∂xᵢ along a direction: Σⱼ ∂²z/∂xᵢ∂xⱼ · directionⱼ."""
    if not any(direction):
        return Estimate(0, 0, EXACT)
    with suppress(*REFUSALS):
        return exact_second_derivative(op, args, i, direction)
    args = [plain(x) for x in args]
    with suppress(*REFUSALS):
        return _many_digits(*Digits(op, args).second_derivative(i, direction), args)

    def slope(t: Any) -> tuple[Any, Any]:
        moved = [x + t * d if d else x for x, d in zip(args, direction, strict=True)]
        first = _without_digits(op, moved, i)
        return first.slope, first.error

    length = max(float(abs(d) / (abs(x) or 1)) for x, d in zip(args, direction, strict=True))
    k = round(math.log2(length))  # so that a unit step moves no argument by more than about itself
    number: Any = float if isinstance(args[i], int | Fraction) else type(args[i])
    unit = divide(number(2 ** max(-k, 0)), 2 ** max(k, 0))
    return differences(slope, 0 * unit, kinked=op.kind == "kinked", unit=unit)


def _many_digits(sides: Sequence[Any], jump: bool, args: Sequence[Any]) -> Estimate:
    """What the slopes on each side say together, in the number type of the arguments.

    Along the imaginary axis the slope must be the same. At a branch cut each side is right by itself.
    """
    known = [[side for side in pair if side is not None] for pair in (sides[:2], sides[2:])]
    along_real, *along_imaginary = [min(pair, key=lambda side: side[1]) for pair in known if pair] or [None]
    if along_real is None:
        return Estimate(math.nan, math.inf, DIGITS)
    slope, error, _ = along_real
    pair = [*along_imaginary, along_real] if along_imaginary else known[0]
    if len(pair) == 2 and (
        abs(pair[0][0] - pair[1][0]) > pair[0][1] + pair[1][1] or (jump and not along_imaginary)
    ):
        both = rounded(pair[0][0], args), rounded(pair[1][0], args)
        middle = slope if along_imaginary else (pair[0][0] + pair[1][0]) / 2
        return Estimate(rounded(middle, args), rounded(max(pair[0][1], pair[1][1]), args), DIGITS, both)
    return Estimate(rounded(slope, args), rounded(error, args), DIGITS)


# ── Exact arithmetic ────────────────────────────────────────────────────────────────────────────────


class Dual:
    """a + bε: the first-order Taylor polynomial, by + − × ÷ and comparison alone.

    Since ε is smaller than every positive number, f(x + ε) takes the branch just right of x, and
    f(x − ε) the one just left of it. Duals of Duals give second derivatives. (Clifford 1873.)

    >>> x = Dual(3, 1)
    >>> (x * x / (x - 1)).b
    Fraction(3, 4)
    """

    __slots__ = ("a", "b")

    def __init__(self, a: Any, b: Any = 0) -> None:
        self.a, self.b = a, b

    def __add__(self, other: Any) -> "Dual":
        y = lift(other)
        return Dual(self.a + y.a, self.b + y.b)

    def __mul__(self, other: Any) -> "Dual":
        y = lift(other)
        return Dual(_short(self.a * y.a), self.a * y.b + self.b * y.a)

    def __truediv__(self, other: Any) -> "Dual":
        y = lift(other)
        z = _short(divide(self.a, y.a))
        return Dual(z, divide(self.b - z * y.b, y.a))

    def __pow__(self, n: Any) -> "Dual":
        if isinstance(n, Dual) or n != int(n) or abs(n) * _bits(self) > LARGEST_POWER:
            raise TypeError("only a power to a small whole number needs no more than × and ÷")
        z = Dual(1)
        for _ in range(abs(int(n))):
            z = z * self
        return z if n >= 0 else 1 / z

    def __floor__(self) -> int:
        """Just left of a whole number it is one less."""
        n: int = math.floor(self.a)
        return n - bool(self < n)

    def __ceil__(self) -> int:
        return -math.floor(-self)

    def __floordiv__(self, other: Any) -> "Dual":
        return Dual(math.floor(self / other))

    def __mod__(self, other: Any) -> "Dual":
        whole: Dual = lift(other) * (self // other)
        return self + -whole

    def __rfloordiv__(self, other: Any) -> "Dual":
        return lift(other) // self

    def __rmod__(self, other: Any) -> "Dual":
        return lift(other) % self

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
        y = lift(other)
        return bool(self.a < y.a or (self.a == y.a and self.b < y.b))

    def __gt__(self, other: Any) -> bool:
        return bool(lift(other) < self)

    def __le__(self, other: Any) -> bool:
        return bool(self < other or self == other)

    def __ge__(self, other: Any) -> bool:
        return bool(self > other or self == other)

    def __eq__(self, other: object) -> bool:
        y = lift(other)
        return bool(self.a == y.a and self.b == y.b)

    def __bool__(self) -> bool:
        return bool(self.a or self.b)

    __hash__ = None  # type: ignore[assignment]


def lift(x: Any) -> Dual:
    """A constant as a Dual."""
    return x if isinstance(x, Dual) else Dual(x)


def _bits(x: Any) -> int:
    """How many bits an exact number has."""
    while isinstance(x, Dual):
        x = x.a
    return sum(n.bit_length() for n in Fraction(x).as_integer_ratio())


def _short(x: Any) -> Any:
    """A number that has not grown without measure: a square has twice the bits, a hundred squares 2¹⁰⁰."""
    if isinstance(x, Fraction) and x.denominator.bit_length() + x.numerator.bit_length() > LONGEST:
        raise TypeError("an exact number has become too long")
    return x


def divide(x: Any, y: Any) -> Any:
    """The quotient x / y, exact for whole numbers."""
    return Fraction(x, y) if isinstance(x, int) and isinstance(y, int) else x / y


def exactly(numbers: Sequence[Any], settings: Container[int] = ()) -> list[Any]:
    """The numbers as Fractions, where nothing is rounded; settings and complex ones as they are."""
    numbers = [plain(x) for x in numbers]
    if any(map(is_complex, numbers)):
        return numbers
    return [
        x if i in settings else exact(x) if hasattr(x, "context") else Fraction(x)
        for i, x in enumerate(numbers)
    ]


def in_type_of(args: Sequence[Any], exact: Any) -> Any:
    """An exact number, rounded to the type of the arguments if they are not all exact themselves."""
    x = next(filter(epsilon, args), 0)
    if not isinstance(exact, Fraction | int) or not epsilon(x):
        return exact
    if isinstance(x, Decimal) or hasattr(type(x), "context"):
        return type(x)(exact.numerator) / type(x)(exact.denominator)
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def rounded(x: Any, args: Sequence[Any]) -> Any:
    """A number of many digits, rounded to the type of the arguments."""
    own: Any = next(filter(epsilon, args), 0)
    if hasattr(type(own), "context"):
        return own.context.convert(x) if is_complex(x) else type(own.real)(x)
    if isinstance(own, Decimal) and not isinstance(x, int):
        sign, mantissa, exponent, _ = map(int, x._mpf_)
        return Decimal(-mantissa if sign else mantissa) * Decimal(2) ** exponent
    if is_complex(x):
        return complex(in_type_of(args, exact(x.real)), in_type_of(args, exact(x.imag)))
    return in_type_of(args, exact(x))


def _exactly(op: Op, args: Sequence[Any]) -> list[Any]:
    """The arguments for exact arithmetic. TypeError if the row may round them."""
    numbers = exactly(args, op.parameters)
    if op.kind not in ("rational", "kinked") and not all(isinstance(x, Fraction) for x in exactly(args)):
        raise TypeError("the function may round")
    return numbers


def exact_derivative(op: Op, args: Sequence[Any], i: int) -> Estimate:
    """∂z/∂xᵢ from f(x + ε) and f(x − ε). TypeError where the row needs more than + − × ÷."""
    numbers = _exactly(op, args)

    def near(side: int) -> Dual:
        return lift(op.function(*replace(numbers, i, Dual(numbers[i], side))))

    left, right = near(-1), near(1)
    return both_sides(-left.b, right.b, args, jump=left.a != right.a)


def exact_second_derivative(op: Op, args: Sequence[Any], i: int, direction: Sequence[Any]) -> Estimate:
    """The derivative of ∂z/∂xᵢ along a direction, by Duals of Duals."""
    numbers = _exactly(op, args)
    way = exactly(direction)

    def slope(side: int) -> Any:
        duals = [
            x if k in op.parameters or not (d or k == i) else Dual(Dual(x, side * d), Dual(int(k == i)))
            for k, (x, d) in enumerate(zip(numbers, way, strict=True))
        ]
        return side * lift(lift(op.function(*duals)).b).b

    return both_sides(slope(-1), slope(1), args)


def both_sides(left: Any, right: Any, args: Sequence[Any], jump: bool = False) -> Estimate:
    """What the exact slopes just left and right of a point say, in the type of the arguments."""
    if all(isinstance(x, Fraction) for x in exactly(args)) and epsilon(left) + epsilon(right):
        raise TypeError("the function rounds: it needs more than + − × ÷")
    left, right = in_type_of(args, left), in_type_of(args, right)
    if left == right and not jump:
        return Estimate(right, 8 * epsilon(right) * abs(right), EXACT)
    return Estimate((left + right) / 2, 0, EXACT, (left, right))


# ── The complex step ────────────────────────────────────────────────────────────────────────────────


def complex_step(f: Callable[[Any], Any], x: Any, h: Any = None) -> Any:
    """f′(x) of an analytic f, to its last digits.

    f(x + ih) = f(x) + ih f′(x) + O(h²): the derivative is read off the imaginary part, where nothing
    cancels however small h is; 1e-20 of x by default. (Squire & Trapp, SIAM Review 40, 1998.)
    """
    h = 1e-20 * (abs(x) or 1) if h is None else h
    return f(x + 1j * h).imag / h


def stepped(f: Callable[[Any], Any], x: Any) -> Estimate:
    """The complex step, and as its error what it changes by when x changes in its last place.

    ArithmeticError where smaller and smaller steps do not agree: a branch point has no such derivative.
    """
    h = 1e-20 * (abs(x) or 1)
    if h < 1e-280:
        raise ArithmeticError("the step has too few digits")
    ulp = 2 * sys.float_info.epsilon
    large, middle, slope = (complex_step(f, x, h * scale) for scale in (1, 1e-5, 1e-10))
    before, last = abs(large - middle), abs(middle - slope)
    near = max(abs(complex_step(f, x * (1 + side * ulp), h) - slope) for side in (-1, 1) if x) if x else 0
    noise = 4 * near + 4 * ulp * abs(slope)
    if last > before / 2 + noise:
        raise ArithmeticError("the complex step does not converge")
    return Estimate(slope, 4 * last + noise, COMPLEX_STEP)


# ── Differences ─────────────────────────────────────────────────────────────────────────────────────


def ridders(f: Callable[[Any], Any], x: Any, h: Any = 1 / 64) -> tuple[Any, Any]:
    """(f′(x), a bound on its error), by differences over smaller and smaller steps, extrapolated to 0.

    The central difference is f′(x) + c₁h² + c₂h⁴ + …, so two of them with steps h and h/2 tell c₁
    and leave c₂h⁴; two such results leave c₃h⁶; and so on (Neville's table). The best entry is the one
    nearest to the two that it was made from; this distance is its error, with what rounding may add: a few
    units in the last place of f and x, also of 1 (lgamma is no better near its zeros).
    Works along any direction h, also in the complex plane. f may return (number, its error). (Ridders,
    Adv. Eng. Software 4, 1982.)
    """

    def quotient(h: Any) -> tuple[Any, Any]:
        return _quotient(f(x - h), f(x + h), 2 * h, x)

    return _extrapolate(quotient, h, order=2)


def one_sided(f: Callable[[Any], Any], x: Any, h: Any) -> tuple[Any, Any]:
    """(the slope just beside x, on the side where h points, a bound on its error), without f(x) itself.

    Differences of f(x + h) and f(x + 2h), which are f′(x) + c₁h + c₂h² + …, extrapolated like Ridders'.
    """

    def quotient(h: Any) -> tuple[Any, Any]:
        return _quotient(f(x + h), f(x + 2 * h), h, x)

    return _extrapolate(quotient, h, order=1)


def _quotient(low: Any, high: Any, width: Any, x: Any) -> tuple[Any, Any]:
    """(the difference quotient, what rounding may have done to it)."""
    (low, low_error), (high, high_error) = (z if isinstance(z, tuple) else (z, 0) for z in (low, high))
    slope = divide(high - low, width)
    ulp = max(map(epsilon, (low, high, x + width)))
    rounding = 16 * ulp * (1 + abs(high) + abs(low) + abs(x * slope)) + low_error + high_error
    return slope, divide(rounding, abs(width))


def _extrapolate(quotient: Callable[[Any], tuple[Any, Any]], h: Any, order: int) -> tuple[Any, Any]:
    """(the limit of the quotients for h → 0, its error), each column of the table `order` orders better."""
    slope, error = math.nan, math.inf
    above: list[Any] = []
    for _ in range(STEPS):
        q, rounding = quotient(h)
        row = [q]
        for k, before in enumerate(above, start=1):
            row.append(row[-1] + divide(row[-1] - before, 2 ** (order * k) - 1))
            distance = max(abs(row[-1] - row[-2]), abs(row[-1] - before)) + rounding
            if distance < error:
                slope, error = row[-1], distance
        above, h = row, divide(h, 2)
    return slope, error


def differences(f: Callable[[Any], Any], x: Any, kinked: bool = False, unit: Any = None) -> Estimate:
    """f′(x) by Ridders' extrapolation, from the steps that suit it best.

    For complex x along the real axis and along the imaginary one, where it must be the same: else the
    derivative does not exist, and the two are its `sides`. Where f may have a kink or a jump, from the
    left and from the right, and from both sides at once only if these agree.
    """
    if unit is None:
        unit = 1.0 if isinstance(x, int | Fraction) else one(x)
    best = _best(ridders, f, x, unit)
    if is_complex(x):
        other = _best(ridders, f, x, 1j * unit)
        error = best[1] + other[1]
        differ = abs(best[0] - other[0]) > error
        return Estimate(best[0], error, DIFFERENCES, (best[0], other[0]) if differ else None)
    if kinked or best[1] * 2**20 > abs(best[0]):  # known so badly, it may be a kink or a branch cut
        left, right = _best(one_sided, f, x, -unit), _best(one_sided, f, x, unit)
        known = max(left[1], right[1]) < math.inf
        if known and (abs(left[0] - right[0]) > left[1] + right[1] or _jumps(f, x, unit, left[0])):
            error = max(left[1], right[1])
            return Estimate(divide(left[0] + right[0], 2), error, DIFFERENCES, (left[0], right[0]))
        best = min(best, left, right, key=lambda estimate: estimate[1])
    return Estimate(best[0], best[1], DIFFERENCES)


def _jumps(f: Callable[[Any], Any], x: Any, unit: Any, slope: Any) -> bool:
    """Whether f jumps at x: over a tiny step it changes by more than its slope on either side tells."""
    h = divide(unit, 2**20)
    try:
        low, high = (z[0] if isinstance(z, tuple) else z for z in (f(x - h), f(x + h)))
    except FAILURES:
        return False
    rounding = 16 * max(map(epsilon, (low, high, x))) * (abs(high) + abs(low) + abs(x * slope))
    return bool(abs(high - low - 2 * h * slope) > h * (1 + abs(slope)) + rounding)


def _best(method: Callable[..., tuple[Any, Any]], f: Callable[[Any], Any], x: Any, unit: Any) -> Any:
    """(the slope, a bound on its error) by the steps that suit it best: an infinite error where none do.

    They grow from small ones as long as what they give agrees, and stop at what lies between: a pole, a kink,
    the next period, the edge of the domain.
    """
    best, agreed = (math.nan, math.inf), False
    for h in _first_steps(x, unit):
        try:
            slope, error = method(f, x, h)
            if not error < math.inf:
                continue
        except FAILURES:
            if agreed:
                break
            continue
        if best[1] < math.inf:
            if abs(slope - best[0]) > error + best[1]:
                break
            agreed = True
        best = min(best, (slope, error), key=lambda estimate: estimate[1])
        if agreed and best[1] * 2**33 <= abs(best[0]):  # ten digits
            break
    return best if agreed else (math.nan, math.inf)


def _first_steps(x: Any, unit: Any) -> Iterator[Any]:
    """Longer and longer steps, from a few last places of x to 1/8 of it, or of 1, times the unit."""
    size = abs(x)
    h = unit * (size or 1) / 2**44
    while abs(h) * 8 <= max(size, 1) * abs(unit):
        if h and x + h != x:
            yield h
        h = h * 16
