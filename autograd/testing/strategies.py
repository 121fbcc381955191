"""Random numbers, operations and graphs for Hypothesis, inside every domain by construction.

Nothing is drawn and thrown away: where an operation could not stand on the numbers it is given (outside
its domain, near a pole, a kink or a tie, or with a result too large), an argument is first moved to a safe
place by a constant, `t2 = t1 + 1.25`, so that Hypothesis never starves and failures shrink well.

    kind      a number type: int, float, Fraction, Decimal, complex, mpmath.mpf
    domain    an ops.Interval          zone    the closed interval well inside it
    target    the place an argument is moved to
    pick      which node becomes an argument: 0 is the newest, 1 the one before, …
"""

import math
import numbers as abstract
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import cache
from itertools import combinations
from typing import Any

from autograd import ops
from autograd.op import REAL, Interval, Op
from autograd.testing.expression import Expression, apply
from autograd.value import Value

try:
    from hypothesis import strategies as st
    from hypothesis.strategies import SearchStrategy
except ImportError:
    raise ImportError(
        "autograd.testing.strategies needs hypothesis: pip install 'scalar-autograd[testing]'"
    ) from None

MARGIN = 0.2  # the least distance from poles, the edges of domains, kinks and ties
SPAN = 5.0  # how far numbers go where the domain does not end: 1 − tanh(5)² has still ten digits
LARGEST = 100.0  # no result is larger
TILT = 0.15  # the largest imaginary part where a row is not rational: poles and cuts lie further out
KINDS = ("rational", "analytic", "smooth", "kinked")


# ── Numbers ─────────────────────────────────────────────────────────────────────────────────────────


def numbers(kind: type = float, domain: Interval = REAL) -> SearchStrategy[Any]:
    """Numbers of few digits in the type `kind`, well inside `domain`; whole ones are the simplest.

    >>> from autograd.ops import POSITIVE
    >>> strategy = numbers(Fraction, POSITIVE)
    """
    low, high = zone(domain)
    denominators = [1] if kind is int else [1, 12, 12] if kind is Fraction else [1, 100, 100]
    denominators = [n for n in denominators if math.ceil(low * n) <= math.floor(high * n)]
    if not denominators:
        raise ValueError(f"numbers: no {kind.__name__} of few digits lies well inside {domain}; widen it")
    reals = st.one_of([_ratios(low, high, n) for n in denominators])
    if (hole := domain.hole) is not None:
        reals = reals.map(lambda x: x if abs(x - hole) >= MARGIN else hole + 1)
    if is_complex_kind(kind):
        return st.builds(lambda x, y: convert(complex(x, y), kind), reals, _ratios(-TILT, TILT, 100))
    return reals.map(lambda x: convert(x, kind))


def _ratios(low: float, high: float, denominator: int) -> SearchStrategy[float]:
    """The multiples of 1 / denominator from low to high."""
    whole = st.integers(math.ceil(low * denominator), math.floor(high * denominator))
    return whole.map(lambda n: n / denominator)


def zone(domain: Interval) -> tuple[float, float]:
    """The closed interval well inside an open one: at most SPAN long on a side that has no end."""
    low, high, _ = domain
    bounded = high - low < math.inf
    margin = (high - low) / 10 if bounded else MARGIN
    left = low + margin if low > -math.inf else min(-SPAN, high - margin - SPAN)
    right = high - margin if high < math.inf else max(SPAN, low + margin + SPAN)
    return left, right


def is_complex_kind(kind: type) -> bool:
    """Whether the numbers of a type have an imaginary part."""
    return issubclass(kind, abstract.Complex) and not issubclass(kind, abstract.Real)


def convert(x: Any, kind: type) -> Any:
    """The number of the type `kind` nearest to x that has few digits."""
    if is_complex_kind(kind):
        x = complex(x)
        return kind(round(x.real, 2), round(x.imag, 2))
    if kind is int:
        return round(x)
    if kind is Fraction:
        return Fraction(x).limit_denominator(12)
    return float(round(x, 2)) if kind is float else kind(str(round(x, 2)))


# ── Operations ──────────────────────────────────────────────────────────────────────────────────────


def rows(kinds: Iterable[str] = KINDS, number: type = float) -> tuple[Op, ...]:
    """The public rows of some kinds whose results and derivatives stay in the number type, in table order.

    Rows without a variable, such as stop_gradient, are left out.
    """
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    if unknown := kinds - set(KINDS):
        raise ValueError(f"no row is of kind {sorted(unknown)[0]!r}; choose from {', '.join(KINDS)}")
    return tuple(
        op
        for name, op in ops.TABLE.items()
        if op.name == name and name in ops.__all__ and op.kind in kinds
        if op.sequences or len(op.parameters) < op.arity
        if is_closed(op, number)
    )


def operations(kinds: Iterable[str] = KINDS, number: type = float) -> SearchStrategy[Op]:
    """A row of the table of one of the kinds, that works in the number type; + is the simplest."""
    return st.sampled_from(rows(kinds, number))


@cache
def is_closed(op: Op, number: type) -> bool:
    """Whether the row and its rules give numbers of the type for numbers of the type.

    A derivative may be an int, and a result in place of a float; in a graph of Fractions an int would
    become a float at the next division.
    """
    places = targets(op, 2 * op.sequences or op.arity, number)
    kinked = op.kind == "kinked"
    sides = [1, -1] if kinked and not op.domain else [1]  # selu is rational on one side alone
    stays = all(_stays(op, [side * place for place in places], number) for side in sides)
    return stays and not (kinked and is_near_kink(op, places))  # every whole number is a kink of floor


def _stays(op: Op, numbers: Sequence[Any], number: type) -> bool:
    """Whether the row and its rules give numbers of the type for these."""
    args = [Value(x) for x in numbers]
    try:
        root = apply(op, args)
        root.backward()
    except (ArithmeticError, ValueError, TypeError, AttributeError):  # mpmath says the last one
        return False
    real = (int, float, number) if is_complex_kind(number) else (int, number)
    stays = isinstance(root.data, real if number is float else number)
    return stays and all(isinstance(arg.grad, real) for arg in args)


# ── Graphs ──────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def expressions(
    draw: Callable[..., Any],
    operations: SearchStrategy[Op] | Sequence[Op] | None = None,
    number: type = float,
    leaves: int = 3,
    size: int = 12,
    kinks: bool = False,
) -> Expression:
    """A random graph with shared subexpressions, as an `Expression`.

    operations  rows, or a strategy of them; without it all rows that the number type allows
    number      the type of the leaves' numbers and of the constants
    leaves      the largest number of leaves        size   the largest number of operations drawn
    kinks       whether numbers may lie on kinks and ties, which they keep off otherwise

    A row of your own takes part as any other: `expressions(operations=[ops.mul, cube])`. It must state
    its domain; ValueError where it cannot be computed inside that.
    """
    if operations is None:
        operations = rows(KINDS, number)
    if not isinstance(operations, SearchStrategy):
        operations = st.sampled_from(list(operations))
    nodes = [Value(x) for x in draw(st.lists(numbers(number), min_size=1, max_size=leaves))]
    order = list(nodes)
    steps = st.lists(_steps(operations), min_size=draw(st.integers(1, size)), max_size=size)
    for op, picks in draw(steps):
        args = [nodes[-1 - pick % len(nodes)] for pick in picks]
        for position, choices in op.parameters.items():
            args[position] = choices[picks[position] % len(choices)]
        nodes.append(safely(op, args, number, kinks))
    return Expression(nodes[-1], order)


@st.composite
def _steps(draw: Callable[..., Any], operations: SearchStrategy[Op]) -> tuple[Op, list[int]]:
    """An operation and a pick for each of its arguments; the first is one of the newest nodes."""
    op = draw(operations)
    count = op.sequences * draw(st.integers(1, 3)) if op.sequences else op.arity
    return op, [draw(st.integers(0, 1)), *(draw(st.integers(0, 9)) for _ in range(count - 1))]


@st.composite
def networks(
    draw: Callable[..., Any],
    activations: Sequence[Op] = (ops.tanh, ops.sigmoid, ops.softplus, ops.relu),
    number: type = float,
    inputs: int = 3,
    width: int = 3,
    depth: int = 2,
) -> Expression:
    """A small multilayer perceptron with one output, as an `Expression` of its inputs and parameters.

    Up to `depth` hidden layers of up to `width` neurons over up to `inputs` inputs x1, x2, …; neuron j of
    layer i has the weights w<i>_<j><k> and the bias b<i>_<j>. A neuron is one `dot`, or product by product.
    """
    leaves: list[Value] = []

    def leaf(domain: Interval, label: str) -> Value:
        leaves.append(Value(draw(numbers(number, domain)), label))
        return leaves[-1]

    near = Interval(-1.25, 1.25)
    layer = [leaf(REAL, f"x{k}") for k in range(1, draw(st.integers(1, inputs)) + 1)]
    widths = draw(st.lists(st.integers(1, width), min_size=1, max_size=depth))
    elementary = draw(st.booleans())
    for i, neurons in enumerate([*widths, 1], start=1):
        activation = draw(st.sampled_from(list(activations))) if i <= len(widths) else None
        outputs = []
        for j in range(1, neurons + 1):
            row = [leaf(near, f"w{i}_{j}{k}") for k in range(1, len(layer) + 1)]
            products = [w * x for w, x in zip(row, layer, strict=True)]
            total = sum(products[1:], products[0]) if elementary else ops.dot(row, layer)
            total = total + leaf(near, f"b{i}_{j}")
            outputs.append(safely(activation, [total], number) if activation else total)
        layer = outputs
    return Expression(layer[0], leaves)


# ── Safe places ─────────────────────────────────────────────────────────────────────────────────────


def safely(op: Op, args: Sequence[Any], number: type = float, kinks: bool = False) -> Value:
    """op(*args), with as few of the arguments as need be moved to a safe place by a constant."""
    places = targets(op, len(args), number)
    movable = [i for i in range(len(args)) if i not in op.parameters]
    for count in range(len(movable) + 1):
        for moved in combinations(movable, count):
            tried = [_moved(arg, places[i], number) if i in moved else arg for i, arg in enumerate(args)]
            if (result := _tried(op, tried, kinks)) is not None:
                return result
    raise ValueError(
        f"{op.describe(places)} cannot be computed or is too large, inside its domain: mend the domain"
    )


def _moved(arg: Value, place: Any, number: type) -> Value:
    """`arg` plus the constant of few digits that brings it to a place."""
    plain = complex if is_complex_kind(number) else float
    moved: Value = arg + convert(plain(place) - plain(arg.data), number)
    return moved


def _tried(op: Op, args: Sequence[Any], kinks: bool) -> Value | None:
    """op(*args), or None where it is not safe."""
    numbers = [arg.data for i, arg in enumerate(args) if i not in op.parameters]
    domain = [d for i, d in enumerate(op.domain) if i not in op.parameters]
    domain += [REAL] * (len(numbers) - len(domain))
    if not all(is_inside(x, interval, op.kind) for x, interval in zip(numbers, domain, strict=True)):
        return None
    if op.kind == "kinked" and not kinks and is_near_kink(op, numbers):
        return None
    try:
        result: Value = apply(op, args)
    except (ArithmeticError, ValueError):
        return None
    return result if abs(result.data) <= LARGEST else None


def is_inside(x: Any, domain: Interval, kind: str) -> bool:
    """Whether a number lies well inside a domain; rational rows may go as far as LARGEST."""
    if domain.hole is not None and abs(x - convert(domain.hole, type(x))) < MARGIN:
        return False
    if kind == "rational":
        return True
    low, high = zone(domain)
    return bool(low <= x.real <= high and abs(x.imag) <= TILT)


def is_near_kink(op: Op, numbers: Sequence[Any]) -> bool:
    """Whether the numbers are near a kink of the row: if it says no other, near 0 or near each other."""
    if op.kinks is not None:
        return bool(abs(op.kinks(*numbers)) < MARGIN)
    distances = [*numbers, *(x - y for x, y in combinations(numbers, 2))]
    return any(abs(distance) < MARGIN for distance in distances)


def targets(op: Op, count: int, number: type) -> list[Any]:
    """A safe place for each of `count` arguments, all different: the middle of the table's intervals."""
    domain = [*op.domain, *[REAL] * (count - len(op.domain))]
    return [
        op.parameters[i][0] if i in op.parameters else convert(_target(interval, i), number)
        for i, interval in enumerate(domain[:count])
    ]


def _target(domain: Interval, i: int) -> float:
    """1.25, −2.5, 3.75, … on the real line, and as far from the end of a domain that has one."""
    low, high, _ = domain
    step, side = 1.25 * (i + 1), -1 if i % 2 else 1
    if low > -math.inf and high < math.inf:
        return (low + high) / 2 + side * (high - low) / 8 * (1 - 1 / (i + 2))
    if low > -math.inf:
        return low + step
    return high - step if high < math.inf else side * step
