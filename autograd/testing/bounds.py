"""Numbers with a bound on their error, and how far a right rule may be from the oracle's slope.

No tolerance is a guess: it is the oracle's bound, and what the rule must round. That is as much as it changes
when its arguments change in their last place; but a rule that rounds much may not excuse itself. It is held
to what the true slope changes when the arguments do, and to a last place of the steepest slope between 0 and
x, as 1 − z² of tanh needs it. Where that is coarse, the rule's formula is compared by itself, in many digits.

    slope   the derivative of a node by one of its arguments, on one edge of the graph
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from operator import attrgetter
from typing import Any

from autograd import ops
from autograd.op import FAILURES, Op, is_complex
from autograd.testing.digits import REFUSALS, Digits
from autograd.testing.oracles import EXACT, Estimate, along, derivative, epsilon, in_type_of, plain, replace
from autograd.value import Value, local_derivatives, sweep, topological_order

FINE = 2**30  # a tolerance of so small a part of the slope needs no comparison in more digits
SEEN = 10**7  # where it is a greater part than this one, a wrong factor may hide, which is said


@dataclass(frozen=True, slots=True)
class Bounded:
    """A number, a bound on its error, and the precision in which sums and products of it are rounded."""

    value: Any
    error: Any = 0
    epsilon: Any = 0

    def __add__(self, other: "Bounded | int") -> "Bounded":
        if not isinstance(other, Bounded):
            return self  # other is the 0 that sums start from
        precision = max(self.epsilon, other.epsilon)
        rounding = 4 * precision * (abs(self.value) + abs(other.value))
        return Bounded(self.value + other.value, self.error + other.error + rounding, precision)

    __radd__ = __add__

    def __mul__(self, other: "Bounded") -> "Bounded":
        precision = max(self.epsilon, other.epsilon)
        x, y = abs(self.value), abs(other.value)
        error = x * other.error + y * self.error + self.error * other.error + 4 * precision * x * y
        return Bounded(self.value * other.value, error + 4 * tiny(precision), precision)

    def allows(self, number: Any) -> bool:
        """Whether the number is right, as far as this one tells; what overflows is not finite."""
        if not abs(self.value) + self.error < math.inf:
            return not abs(number) < math.inf
        return bool(abs(number - self.value) <= self.error)

    def __str__(self) -> str:
        return number(self.value) + (f" (± {number(self.error, 2)})" if self.error else "")


ZERO, UNIT = Bounded(0), Bounded(1)


def number(x: Any, digits: int = 10) -> str:
    """A number to read: so many digits of a float, the others as they print."""
    if isinstance(x, Fraction) and max(x.as_integer_ratio()) > 10**99:
        x = Decimal(x.numerator) / Decimal(x.denominator)
        return f"{x:.{digits}g}"
    text = f"{x:.{digits}g}" if isinstance(x, float) else str(x)
    return "−" + text[1:] if text.startswith("-") else text


def tiny(precision: Any) -> Any:
    """The smallest number of a type that has this precision; 0 where there is none."""
    if isinstance(precision, float):
        return 2.0**-149 if precision > 1e-10 else 5e-324  # float32's, as far as float16 comes
    return 0


def bounded(value: Any, error: Any, precision: Any) -> Bounded:
    """What an oracle found, which may have rounded although the graph is exact."""
    return Bounded(value, error, max(precision, epsilon(value)))


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """One argument of one recorded node: what the oracle and the row's rule say of the slope."""

    node: Value
    op: Op
    position: int
    argument: Value
    expected: Estimate
    found: Any  # 0 where the rule gives no contribution
    tolerance: Any
    given: bool  # whether the rule gives a contribution
    precision: Any  # in which the graph is rounded
    formula: bool | None = None  # whether the rule is right in a hundred digits; None if that was not asked

    @property
    def unknown(self) -> bool:
        """Whether no oracle could find the slope."""
        return bool(self.expected.slope != self.expected.slope)

    @property
    def kink(self) -> bool:
        """Whether the slopes on both sides differ."""
        return self.expected.sides is not None and not any(map(is_complex, self.expected.sides))

    @property
    def coarse(self) -> bool:
        """Whether an error of SEEN in the rule may have hidden in the tolerance, at a slope that is not 0."""
        if self.kink or self.formula:
            return False
        size = abs(self.expected.slope)
        return bool(self.tolerance > max(size / SEEN, 32 * self.precision * size) > 0)

    @property
    def zero(self) -> bool:
        """Whether the slope may be 0, so that no factor of the rule can be seen."""
        return bool(abs(self.expected.slope) <= self.expected.error)

    @property
    def right(self) -> bool:
        """Whether the rule agrees with the oracle; at a kink: lies between the slopes on both sides."""
        if self.kink:
            low, high = sorted(self.expected.sides or ())
            error = self.tolerance
            return bool(low - error <= self.found <= high + error)
        near = Bounded(self.expected.slope, self.tolerance).allows(self.found)
        return near and self.formula is not False and not self.expected.sides

    @property
    def slope(self) -> Bounded:
        """What the chain rule multiplies by: the oracle's slope; at a kink the accepted choice."""
        if self.unknown or self.kink:
            return Bounded(self.found, 0, self.precision)
        return bounded(self.expected.slope, self.tolerance, self.precision)


def edges(node: Value, precision: Any) -> Iterator[Edge]:
    """The edges of a recorded node towards arguments that vary."""
    op = node.op
    if op is None:
        return
    found = {i: local for i, _, local in local_derivatives(node)}
    sensitivity = _sensitivity(op, node, found)
    for i, arg in enumerate(node.args):
        if arg.op is ops.constant or i in op.parameters:
            continue
        slope, error, oracle, sides = derivative(op, node.operands, i)
        local = found.get(i, 0)
        rounded = max(precision, epsilon(local))
        slope, error, local = (in_type_of([rounded], x) for x in (slope, error, local))
        size = abs(slope)
        rounding, formula = sensitivity.get(i, 0), None
        if not rounding <= 1024 * rounded * size:
            both = rounding, _room(op, node.operands, i, rounded)
            rounding = min((x for x in both if x == x), default=math.inf)
        # what is too small for its type, times an argument that is not great there
        least = 64 * tiny(rounded)
        tolerance = error + rounding + 8 * rounded * min(size, abs(local)) + least
        if tolerance > size / FINE and oracle != EXACT and not sides:
            formula = _is_right_in_digits(op, node.operands, i, rounded)
        yield Edge(
            node,
            op,
            i,
            arg,
            Estimate(slope, error, oracle, sides),
            local,
            tolerance,
            i in found,
            rounded,
            formula,
        )


def _nudged(numbers: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """The numbers with one after the other, or many at once, changed by four last places."""
    nudged = [x * (1 + 4 * epsilon(x)) if epsilon(x) else x for x in numbers]
    if len(numbers) <= 4:
        patterns = [replace(numbers, k, x) for k, x in enumerate(nudged)]
    else:
        alternate = [new if k % 2 else x for k, (x, new) in enumerate(zip(numbers, nudged, strict=True))]
        patterns = [(*nudged[:-1], numbers[-1]), (*numbers[:-1], nudged[-1]), tuple(alternate)]
    return (p for p in patterns if any(new is not old for new, old in zip(p, numbers, strict=True)))


def _sensitivity(op: Op, node: Value, found: dict[int, Any]) -> dict[int, Any]:
    """How much each rule changes when its operands change in their last place. Rules with kinks may jump."""
    numbers = (*node.operands, node.data)
    changes = dict.fromkeys(found, 0)
    wanted = [i in found for i in range(len(node.args))]
    for pattern in _nudged(numbers) if op.kind != "kinked" else ():
        try:
            locals_ = op.local_derivatives(pattern, wanted)
        except FAILURES:
            continue  # the last place led out of the domain
        for i in found:
            if locals_[i] is not None:
                changes[i] += abs(locals_[i] - found[i])
    return changes


def _room(op: Op, operands: Sequence[Any], i: int, precision: Any) -> Any:
    """What a rule may round that rounds much: see above."""
    f, x = along(op, operands, i), operands[i]
    slope = derivative(op, operands, i).slope
    room = 4 * sum(abs(derivative(op, numbers, i).slope - slope) for numbers in _nudged(operands))
    steepest = 0 * room
    for k in range(7):
        h = x / 2 ** (k + 1)
        try:
            steepest = max(steepest, abs((f(2 * h) - f(h)) / h))
        except FAILURES:
            break
    return in_type_of([precision], room) + 16 * precision * in_type_of([precision], steepest)


def _is_right_in_digits(op: Op, operands: Sequence[Any], i: int, precision: Any) -> bool | None:
    """Whether the formula of a rule gives the slope to a few last places; None where no digits tell."""
    try:
        digits = Digits(op, [plain(x) for x in operands])
        sides, jump = digits.derivative(i)
        if jump or not any(sides):
            return None
        slope, error, _ = min(filter(None, sides), key=lambda side: side[1])
        found = digits.rules([k == i for k in range(len(operands))])[i]
        return bool(abs((found or 0) - slope) <= 64 * digits.number(precision) * abs(slope) + 4 * error)
    except REFUSALS:
        return None


def adjoints(
    root: Value,
    edges: dict[Value, list[Edge]],
    slope: Callable[[Edge], Any] = attrgetter("slope"),
    unit: Any = UNIT,
) -> dict[Value, Any]:
    """∂root/∂node by the chain rule over the oracle's slopes."""

    def locals_of(node: Value) -> Iterator[tuple[int, Value, Any]]:
        return ((edge.position, edge.argument, slope(edge)) for edge in edges.get(node, ()))

    adjoint = {root: unit}
    for _ in sweep(topological_order(root), adjoint, locals_of):
        pass
    return adjoint
