"""check_grads: are the derivatives of a function right? And if not, which rule is wrong?

The function is run once, which records its graph. Then three questions are asked, each with its own answer:

1. Every local derivative: what the row's rule says, against an oracle that differentiates the row's function
   at the recorded numbers and knows nothing of the rule. To second order also the rule called with Values.
2. Every gradient: what the engine's passes say, against the chain rule over the oracle's local derivatives.
3. The whole function: what it gives when it is called nearby, against its recorded graph computed there.

The first wrong answer names the fault: a row (1), a sweep of the engine (2), a number that went around the
graph (3). No tolerance is a guess: oracles bound their error, sums and products carry the bounds along, and
a rule may round as much as it changes when its arguments change in their last place.

The chain rule is `value.sweep` itself, over numbers with bounds. So that it is no judge in its own case, the
tangent of the root is found without it, and must be the gradient along the weights.

    slope     the derivative of a node by one of its arguments, on one edge of the graph
    adjoint   ∂root/∂node            tangent   the derivative of a node along the weights
    bend      Σⱼ ∂²z/∂xᵢ∂xⱼ · tangentⱼ: how the slope by the argument i changes along the weights
"""

import inspect
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from operator import attrgetter
from typing import Any

from autograd import ops
from autograd.derivatives import grad, hvp, jvp
from autograd.formula import local_formula, node_names
from autograd.op import FAILURES, Op, is_complex
from autograd.protocol import as_number
from autograd.recording import Run, during
from autograd.testing.expression import Expression, apply
from autograd.testing.oracles import (
    COMPLEX_STEP,
    DIFFERENCES,
    EXACT,
    Dual,
    Estimate,
    along,
    derivative,
    differences,
    epsilon,
    in_type_of,
    replace,
    second_derivative,
)
from autograd.trees import is_opaque, leaves, like
from autograd.value import Value, constant, local_derivatives, sweep, topological_order

Function = Callable[..., Any]

WEIGHTS = (2, 3, 5, 7, 11, 13)  # of a direction that no wrong entry of a gradient hides from
FEW = 6  # arguments, up to which all pairs of second derivatives are compared one by one


class GradientError(AssertionError):
    """A derivative is wrong. The first line of the message says which one; `op` is the row, if it is one."""

    def __init__(self, message: str, op: Op | None = None, position: int | None = None) -> None:
        super().__init__(message)
        self.op = op
        self.position = position


class VacuousCheckWarning(UserWarning):
    """A derivative is 0 within the tolerance: a wrong factor in its rule could not be seen there."""


@dataclass
class Report:
    """What `check_grads` compared, and how well it fitted.

    oracle     the weakest of the oracles that the local derivatives needed
    second     the weakest that their derivatives needed ("" if order is 1)
    locals     how many local derivatives were compared, second derivatives included
    error      the largest difference between a derivative and its oracle, and the tolerance there
    kinks      where the function has a kink: anything between the two one-sided slopes was accepted
    unknown    local derivatives that no oracle could find, and which were taken as they are
    """

    order: int
    modes: tuple[str, ...]
    oracle: str = EXACT
    second: str = ""
    locals: int = 0
    error: Any = 0
    tolerance: Any = 0
    kinks: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def add(self, error: Any, tolerance: Any) -> None:
        """Note a comparison."""
        self.locals += 1
        if error >= self.error:
            self.error, self.tolerance = error, tolerance

    def __str__(self) -> str:
        second = f" and {self.second}" if self.second not in ("", self.oracle) else ""
        text = (
            f"{self.locals} local derivatives and the gradient are right to order {self.order} in "
            f"{' and '.join(self.modes)} mode, by {self.oracle}{second}; largest error "
            f"{number(self.error, 2)}, where {number(self.tolerance, 2)} is allowed"
        )
        return "; ".join([text, *self.kinks, *(f"no oracle for {name}" for name in self.unknown)])


def check_grads(
    f: Function, *args: Any, order: int = 2, modes: Sequence[str] = ("reverse", "forward")
) -> Report:
    """Compare all derivatives of f at `args` with oracles that know nothing of the table's rules.

    f      returns one number; its arguments are numbers of any type that a Value can hold, or nested
           lists, tuples, dicts or arrays of them
    order  1: the gradient; 2: also the derivatives of the gradient
    modes  "reverse": backward and grad; "forward": jvp; to second order grad of grad, and hvp

    Gives a report to print. Raises GradientError, naming the first wrong rule, or the sweep that adds up
    wrongly, or a number that leaves the graph. Warns (VacuousCheckWarning) of derivatives that are 0.
    Ints and Fractions are compared exactly where the operations are rational; Decimal and mpmath's numbers
    to their own precision; for complex arguments the derivative must be the same in every direction.

    >>> report = check_grads(lambda x, y: x * y + x, 2, 3)
    >>> report.oracle, report.locals, report.error
    ('exact arithmetic', 12, 0)
    """
    check = _Check(f, args, order, modes)
    check.local_derivatives()
    check.gradients()
    check.function()
    if order == 2:
        check.rules_as_graphs()
        check.second_derivatives()
    if vacuous := check.vacuous():
        warnings.warn(
            f"check_grads: the derivative by {', '.join(vacuous)} is 0 within the tolerance, so that a wrong "
            "factor could not be seen; check at another point",
            VacuousCheckWarning,
            stacklevel=2,
        )
    return check.report


# ── Numbers with a bound on their error ─────────────────────────────────────────────────────────────


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
        return Bounded(self.value * other.value, error, precision)

    def allows(self, number: Any) -> bool:
        """Whether the number is right, as far as this one tells."""
        return bool(abs(number - self.value) <= self.error)

    def __str__(self) -> str:
        return number(self.value) + (f" (± {number(self.error, 2)})" if self.error else "")


ZERO, UNIT = Bounded(0), Bounded(1)


def _bounded(value: Any, error: Any, precision: Any) -> Bounded:
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

    @property
    def unknown(self) -> bool:
        """Whether no oracle could find the slope."""
        return not self.expected.error < math.inf

    @property
    def kink(self) -> bool:
        """Whether the slopes on both sides differ."""
        return self.expected.sides is not None and not any(map(is_complex, self.expected.sides))

    @property
    def right(self) -> bool:
        """Whether the rule agrees with the oracle; at a kink: lies between the slopes on both sides."""
        if self.unknown:
            return True
        if self.kink:
            low, high = sorted(self.expected.sides or ())
            return bool(low - self.tolerance <= self.found <= high + self.tolerance)
        return bool(abs(self.found - self.expected.slope) <= self.tolerance) and not self.expected.sides

    @property
    def slope(self) -> Bounded:
        """What the chain rule multiplies by: the oracle's slope; at a kink the accepted choice."""
        if self.unknown or self.kink:
            return Bounded(self.found, 0, self.precision)
        return _bounded(self.expected.slope, self.tolerance, self.precision)


# ── The check ───────────────────────────────────────────────────────────────────────────────────────


class _Check:
    """A function, its arguments, and the graph that it recorded.

    numbers    the numbers in the arguments      variables  the leaves made of them
    names      a name for every node             nodes      in topological order
    slopes     the edges of each live node: one to which a rule of each node on some way from the root
               gives a contribution, be it 0; nothing is asked about a branch not taken
    """

    def __init__(self, f: Function, args: tuple[Any, ...], order: int, modes: Sequence[str]) -> None:
        if order not in (1, 2):
            raise ValueError(f"check_grads: the order must be 1 or 2, not {order!r}")
        if not modes or isinstance(modes, str) or not {*modes} <= {"reverse", "forward"}:
            raise ValueError(f'check_grads: modes are "reverse" and "forward" in a tuple, not {modes!r}')
        self.f, self.args, self.modes = f, args, modes
        self.report = Report(order, tuple(modes))
        self.numbers = [_plain(x) for arg in args for x in ([arg] if is_opaque(arg) else leaves(arg))]
        if not self.numbers:
            raise TypeError("check_grads: give the arguments at which to check: check_grads(f, 1.5)")
        for x in self.numbers:
            if not abs(x) < math.inf:
                raise ValueError(f"check_grads: an argument is {x}; give numbers that are finite")
        self.variables = [Value(x, label) for x, label in zip(self.numbers, _labels(f, args), strict=True)]
        self.root = self.call(self.variables)
        self.nodes = topological_order(self.root)
        self.names = node_names(node for node in self.nodes if node.op is not ops.constant)
        self.precision = max(epsilon(node.data) for node in [*self.nodes, *self.variables])
        self.weights = _weights(len(self.numbers))
        self.direction = tuple(like(list(args), self.weights))
        self.slopes: dict[Value, list[Edge]] = {}
        self.adjoint: dict[Value, Bounded] = {}
        self.tangent: dict[Value, Bounded] = {}

    def call(self, values: list[Any]) -> Value:
        """The function of other numbers or Values in the shape of its arguments: a Value, or an error."""
        with during(Run("check_grads")):
            y = self.f(*like(list(self.args), values))
        if isinstance(y, list | tuple | dict) or hasattr(y, "__array__"):
            raise TypeError(
                f"check_grads: the function returned a {type(y).__name__}, not one number; check its parts "
                "one by one, or a sum of them with different weights"
            )
        return y if isinstance(y, Value) else constant(y)

    # 1. Local derivatives

    def local_derivatives(self) -> None:
        """Compare every slope in the graph with its oracle."""
        self.slopes = self.edges(self.root, self.names)
        self.adjoint = _adjoints(self.root, self.slopes)
        self.tangent = dict(zip(self.variables, map(Bounded, self.weights), strict=True))
        for node in self.nodes:
            for edge in self.slopes.get(node, ()):
                moved = edge.slope * self.tangent.get(edge.argument, ZERO)
                self.tangent[node] = self.tangent.get(node, 0) + moved

    def edges(self, root: Value, names: dict[Value, str], within: str = "") -> dict[Value, list[Edge]]:
        """The edges of all live nodes; GradientError for the first one in topological order that is wrong."""
        order = topological_order(root)
        live, edges = {root}, {}
        for node in reversed(order):
            if node in live and node.args:
                edges[node] = [*_edges(node, self.precision)]
                live.update(edge.argument for edge in edges[node] if edge.given or edge.expected.slope)
        for edge in (edge for node in order for edge in edges.get(node, ())):
            name = f"{edge.op.name} of {names[edge.argument]}"
            if not edge.right:
                raise _wrong_rule(edge, names, within)
            if edge.unknown:
                self.report.unknown.append(name)
            elif edge.kink:
                self.report.kinks.append(f"kink at {name}")
            else:
                error = abs(edge.found - edge.expected.slope)
                self.report.add(error, edge.tolerance)
                if not within:
                    self.report.oracle = _weaker(self.report.oracle, edge.expected.oracle)
        return edges

    # 2. Gradients

    def gradients(self) -> None:
        """Compare what the engine's sweeps add up with the chain rule over the oracle's slopes."""
        again = self.call([Value(x) for x in self.numbers]).data
        if again != self.root.data and again == again:
            raise GradientError(
                f"f leaves the graph: called twice at the same numbers, it gives "
                f"{number(self.root.data)} and {number(again)}; give it its random numbers as arguments"
            )
        along = sum(map(Bounded.__mul__, self.gradient(), map(Bounded, self.weights)), ZERO)
        tangent = self.tangent.get(self.root, ZERO)
        both = Bounded(tangent.value, tangent.error + along.error)
        _agree(f"in value.sweep: along {tuple(self.weights)} it", along.value, both)
        if "reverse" in self.modes:
            self.backward()
            self.compare("grad", self.grad(*self.args), self.gradient())
        if "forward" in self.modes:
            found = _plain(jvp(self.f, self.args, self.direction)[1])
            _agree(f"in jvp: along {tuple(self.weights)} it", found, tangent)

    def gradient(self) -> list[Bounded]:
        """The adjoints of the variables."""
        return [self.adjoint.get(variable, ZERO) for variable in self.variables]

    def grad(self, *args: Any) -> list[Any]:
        """All numbers in the gradient by all arguments."""
        return leaves(grad(self.f, range(len(args)))(*args))

    def backward(self) -> None:
        """Compare the gradient of every node after `root.backward()`, from the root down."""
        before = [(node, node.grad) for node in self.nodes]
        if all(node.op is not None for node in self.nodes):
            return
        try:
            for node in self.nodes:
                if node.op is None:
                    node.grad = 0
            with during(Run("check_grads")):
                self.root.backward()
            for node in reversed(self.nodes):
                if node.op is not ops.constant and not self.adjoint.get(node, ZERO).allows(node.grad):
                    raise self.wrong_sum(node)
        finally:
            for node, gradient in before:
                node.grad = gradient

    def wrong_sum(self, node: Value) -> GradientError:
        """The error for a node whose gradient is not the sum over its uses."""
        uses = [
            f"\n  {edge.op.name} at {self.names[edge.node]}: "
            f"{number(self.adjoint[edge.node].value)} × {number(edge.found)}"
            for edges in self.slopes.values()
            for edge in edges
            if edge.argument is node
        ]
        return GradientError(
            f"accumulation at {self.names[node]}: backward gives {number(node.grad)}, and its {len(uses)} "
            f"use{'s'[: len(uses) != 1]} sum to {self.adjoint.get(node, ZERO)}{''.join(uses)}\n"
            "  every local derivative is right, so Value.backward adds them up wrongly"
        )

    def compare(self, transform: str, found: list[Any], expected: list[Bounded]) -> None:
        """GradientError where a transform gives something else than is expected."""
        for variable, got, want in zip(self.variables, map(_plain, found), expected, strict=True):
            _agree(f"at {variable.label}: {transform}", got, want)

    # 3. The function itself

    def function(self) -> None:
        """Compare f, called nearby, with its recorded graph computed there.

        Only this finds a number that went around the graph. Kinks do no harm, as both cross them alike. Where
        f itself branches nearby, they differ on one side or at the larger steps: one agreement suffices.
        """
        graph = Expression(self.root, self.variables)
        felt = (abs(adjoint.value) * (1 + abs(node.data)) for node, adjoint in self.adjoint.items())
        noise = 64 * self.precision * sum(felt)
        found = []
        for size in (2**10, -(2**10), 2**20, -(2**20)):
            moved = [x + w * _unit(x) / size for x, w in zip(self.numbers, self.weights, strict=True)]
            leaves_there = dict(zip(self.variables, moved, strict=True))
            try:
                got = self.call([Value(x) for x in moved]).data
                want = graph.build([leaves_there.get(leaf, leaf.data) for leaf in graph.leaves])
            except FAILURES:
                continue
            if not abs(got - want) > noise + 64 * self.precision * abs(want):
                return
            found.append((moved, got, want))
        if found:
            moved, got, want = found[0]
            place, there = ", ".join(map(number, moved)), number(want)
            raise GradientError(
                f"f leaves the graph: at ({place}) it is {number(got)}, and its recorded graph {there}\n"
                "  the graph itself is differentiated rightly; a number goes around it (x.data, a copy, a "
                "random one)"
            )

    # 4. Second order

    def rules_as_graphs(self) -> None:
        """Compare the derivatives of every rule, called with Values, with second derivatives of its row."""
        self.bends: dict[tuple[Value, int, int], Bounded] = {}
        for node in self.nodes:
            for edge in self.slopes.get(node, ()):
                if not edge.kink and not edge.unknown:
                    self.rule_as_graph(edge)

    def rule_as_graph(self, edge: Edge) -> None:
        """The same for one rule: along every argument, or along the weights where they are many."""
        node, op, i, n = edge.node, edge.op, edge.position, len(edge.node.args)
        variables, found = self.derivatives_of_rule(edge)
        if n <= FEW:
            directions = [(j, [int(k == j) for k in range(n)]) for j in variables]
        else:
            weights = _weights(n)
            directions = [(-1, [w * (k in variables) for k, w in enumerate(weights)])]
        for j, direction in directions:
            expected = second_derivative(op, node.operands, i, direction)
            if expected.sides or not expected.error < math.inf:
                continue  # no second derivative, or none that an oracle could find
            slope = in_type_of([self.precision], expected.slope)
            got = sum((found[k] * Bounded(direction[k]) for k in variables), ZERO)
            tolerance = got.error + expected.error
            error = abs(got.value - slope)
            edges = zip(node.operands, op.domain, strict=False)
            if error > tolerance and any(x in (domain.low, domain.high) for x, domain in edges):
                continue  # at the edge of its domain the row promises nothing
            self.bends[node, i, j] = _bounded(slope, tolerance, self.precision)
            if not error <= tolerance:
                raise self.wrong_graph(edge, j, got.value, self.bends[node, i, j], expected.oracle)
            self.report.add(error, tolerance)
            self.report.second = _weaker(self.report.second, expected.oracle)

    def derivatives_of_rule(self, edge: Edge) -> tuple[list[int], dict[int, Bounded]]:
        """The arguments' positions, and the derivative of the rule by each of them."""
        op, args = edge.op, edge.node.args
        variables = [k for k, arg in enumerate(args) if arg.op is not ops.constant and k not in op.parameters]
        operands: list[Any] = [*edge.node.operands]
        for k in variables:
            operands[k] = Value(operands[k], "xyuv"[k] if len(args) < 4 else f"x{k + 1}")
        with during(Run("check_grads")):
            z = apply(op, operands)
            z.label = "z"
            rule = op.local_derivatives((*operands, z), [k == edge.position for k in range(len(args))])
        local = rule[edge.position]
        if not isinstance(local, Value):
            return variables, dict.fromkeys(variables, ZERO)
        names = node_names(topological_order(local))
        within = f", in the derivative of {op.name} at {self.names[edge.node]}"
        kinks, unknown = len(self.report.kinks), len(self.report.unknown)
        edges = self.edges(local, names, within)
        del self.report.kinks[kinks:], self.report.unknown[unknown:]  # of the rule, not of f
        adjoint = _adjoints(local, edges)
        return variables, {k: adjoint.get(operands[k], ZERO) for k in variables}

    def wrong_graph(self, edge: Edge, j: int, got: Any, want: Bounded, oracle: str) -> GradientError:
        """The error for a rule that is right in value, and wrong when it is differentiated."""
        z, x = self.names[edge.node], self.names[edge.argument]
        y = self.names[edge.node.args[j]] if j >= 0 else "its arguments"
        op = edge.op
        return GradientError(
            f"{op.name} at {z} (row {op.name}): ∂{z}/∂{x} is right, but its derivative by {y} is "
            f"{number(got)}, {_gives(oracle)} {want}; write {_rule_of(op)} with autograd's functions\n"
            f"  the rule {_formula(edge, self.names)} breaks off the graph: math.cos(x) or x.data gives a "
            "number where cos(x) gives a derivative of every order",
            op,
            edge.position,
        )

    def second_derivatives(self) -> None:
        """Compare the Hessian times the weights with the chain rule over the oracle's second derivatives."""
        if self.report.kinks or any(edge.unknown for edges in self.slopes.values() for edge in edges):
            return
        expected = self.hessian_times_weights()
        if expected is None:
            return
        if "reverse" in self.modes:
            along = grad(lambda *args: ops.dot(self.weights, self.grad(*args)), range(len(self.args)))
            self.compare("grad of grad", leaves(along(*self.args)), expected)
        if "forward" in self.modes:
            self.compare("hvp", leaves(hvp(self.f, self.args, self.direction)), expected)

    def hessian_times_weights(self) -> list[Bounded] | None:
        """H·w for the weights w; None where a second derivative is not known."""
        bends = {edge: self.bend(edge) for edges in self.slopes.values() for edge in edges}
        if None in bends.values():
            return None
        # The same sweep, in pairs of a number and its derivative along the weights.
        slope = lambda edge: Dual(edge.slope, bends[edge])
        adjoint = _adjoints(self.root, self.slopes, slope, Dual(UNIT, ZERO))
        return [adjoint[x].b if x in adjoint else ZERO for x in self.variables]

    def bend(self, edge: Edge) -> Bounded | None:
        """How the slope of the edge changes along the tangents of the node's arguments."""
        node, i, n, tangent = edge.node, edge.position, len(edge.node.args), self.tangent
        moving = {e.position: tangent[e.argument] for e in self.slopes[node] if e.argument in tangent}
        if n <= FEW:
            bends = [(self.bends.get((node, i, j)), t) for j, t in moving.items()]
            known = [bend * t for bend, t in bends if bend is not None]
            return sum(known, ZERO) if len(known) == len(bends) else None
        direction = [moving[j].value if j in moving else 0 for j in range(n)]
        found = second_derivative(edge.op, node.operands, i, direction)
        error = found.error + 64 * self.precision * abs(found.slope)  # of the tangents themselves
        return None if found.sides or not error < math.inf else _bounded(found.slope, error, self.precision)

    def vacuous(self) -> list[str]:
        """The variables by which the derivative is 0 within the tolerance."""
        crossing: set[Value] = set()  # nodes from which a way to the root leads over a kink
        for node in reversed(self.nodes):
            edges = self.slopes.get(node, ())
            if node in crossing or any(edge.kink for edge in edges):
                crossing.update(edge.argument for edge in edges)
        return [
            variable.label
            for variable, gradient in zip(self.variables, self.gradient(), strict=True)
            if gradient.allows(0) and variable not in crossing
        ]


def _weights(n: int) -> list[int]:
    """The components of a direction, all different."""
    return [WEIGHTS[i % len(WEIGHTS)] + max(WEIGHTS) * (i // len(WEIGHTS)) for i in range(n)]


def _unit(x: Any) -> Any:
    """How far to step from x, relative to the weights: 1 in its number type; Fractions for ints."""
    return Fraction(abs(x) or 1) if isinstance(x, int) else (abs(x) or 1) * (0 * x + 1)


def _weaker(one: str, other: str) -> str:
    """The weaker one of two oracles."""
    return max(one, other, key=("", EXACT, COMPLEX_STEP, DIFFERENCES).index)


# ── Edges and sweeps ────────────────────────────────────────────────────────────────────────────────


def _edges(node: Value, precision: Any) -> Iterator[Edge]:
    """The edges of a recorded node towards arguments that vary."""
    op = node.op
    if op is None:
        return
    found = {i: local for i, _, local in local_derivatives(node)}
    rounding = _rounding(op, node, found)
    for i, arg in enumerate(node.args):
        if arg.op is ops.constant or i in op.parameters:
            continue
        slope, error, oracle, sides = derivative(op, node.operands, i)
        slope, error, local = (in_type_of([precision], x) for x in (slope, error, found.get(i, 0)))
        expected = Estimate(slope, error, oracle, sides)
        tolerance = error + rounding.get(i, 0) + 8 * precision * abs(local)
        yield Edge(node, op, i, arg, expected, local, tolerance, i in found, precision)


def _rounding(op: Op, node: Value, found: dict[int, Any]) -> dict[int, Any]:
    """What each rule may round: its changes when its operands change in their last place.

    A rule like tanh's 1 − z² cancels, and cannot know better. Rules with kinks are left out: they jump.
    """
    numbers = (*node.operands, node.data)
    rounding = dict.fromkeys(found, 0)
    if op.kind == "kinked":
        return rounding
    nudged = [x * (1 + 4 * epsilon(x)) if epsilon(x) else x for x in numbers]
    if len(numbers) <= 4:
        patterns = [replace(numbers, k, x) for k, x in enumerate(nudged)]
    else:
        alternate = [new if k % 2 else x for k, (x, new) in enumerate(zip(numbers, nudged, strict=True))]
        patterns = [(*nudged[:-1], numbers[-1]), (*numbers[:-1], nudged[-1]), tuple(alternate)]
    wanted = [i in found for i in range(len(numbers) - 1)]
    for pattern in patterns:
        if all(new is old for new, old in zip(pattern, numbers, strict=True)):
            continue
        try:
            locals_ = op.local_derivatives(pattern, wanted)
        except FAILURES:
            continue  # the last place led out of the domain
        for i in found:
            if locals_[i] is not None:
                rounding[i] += abs(locals_[i] - found[i])
    return rounding


def _adjoints(
    root: Value, edges: dict[Value, list[Edge]], slope: Any = attrgetter("slope"), unit: Any = UNIT
) -> dict[Value, Any]:
    """∂root/∂node by the chain rule over the oracle's slopes."""

    def locals_of(node: Value) -> Iterator[tuple[int, Value, Any]]:
        return ((edge.position, edge.argument, slope(edge)) for edge in edges.get(node, ()))

    adjoint = {root: unit}
    for _ in sweep(topological_order(root), adjoint, locals_of):
        pass
    return adjoint


def _plain(x: Any) -> Any:
    """A number in the arguments as a Value holds it; TypeError for anything else."""
    try:
        return x.data if isinstance(x, Value) else as_number(x)
    except TypeError as error:
        raise TypeError(f"check_grads: {error}") from None


def _labels(f: Function, args: tuple[Any, ...]) -> Iterator[str]:
    """A name for every number in the arguments: `x`, `weights[0][2]`, by the names of f's parameters."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):  # a builtin
        parameters = {}.values()
    plain = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    for k, arg in enumerate(args):
        yield from _paths(arg, plain[k] if k < len(plain) else f"x{k + 1}")


def _paths(tree: Any, name: str) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, branch in tree.items():
            yield from _paths(branch, f"{name}[{key!r}]")
    elif isinstance(tree, list | tuple) or bool(getattr(tree, "shape", ())):
        for i, branch in enumerate(tree):
            yield from _paths(branch, f"{name}[{i}]")
    elif not is_opaque(tree):
        yield name


# ── Telling what is wrong ───────────────────────────────────────────────────────────────────────────


def number(x: Any, digits: int = 10) -> str:
    """A number to read: so many digits of a float, the others as they print."""
    text = f"{x:.{digits}g}" if isinstance(x, float) else str(x)
    return "−" + text[1:] if text.startswith("-") else text


def _gives(oracle: str) -> str:
    return f"{oracle} give{'s' * (oracle != DIFFERENCES)}"


def _wrong_rule(edge: Edge, names: dict[Value, str], within: str) -> GradientError:
    """The error for an edge on which rule and oracle differ."""
    op, i = edge.op, edge.position
    place = f"{op.name} at {names[edge.node]} (row {op.name}{within})"
    expected, oracle = Bounded(edge.expected.slope, edge.tolerance), edge.expected.oracle
    found = f"{_formula(edge, names)} gives {number(edge.found)}"
    if wrong_kind := _wrong_kind(edge):
        message = f"{place}: {wrong_kind}"
    elif edge.kink:
        left, right = edge.expected.sides or (None, None)
        message = (
            f"{place}: {found}, which is not between the slopes {number(left)} and {number(right)} on both "
            f"sides of the kink; check {_rule_of(op)}"
        )
    else:
        message = f"{place}: {found}, {_gives(oracle)} {expected}; check {_rule_of(op)}"
    of = f"{i + 1} of {len(edge.node.args)}"
    operands = ", ".join(
        f"{names[arg]} = {number(x)}" if arg in names else number(x)
        for arg, x in islice(zip(edge.node.args, edge.node.operands, strict=True), 8)
    )
    lines = [message, f"  argument  {of}: {names[edge.argument]}"]
    lines.append(f"  computed  {names[edge.node]} = {op.name}({operands}) = {number(edge.node.data)}")
    if (hint := _hint(edge)) and not wrong_kind:
        lines.append(f"  it seems  {hint}")
    return GradientError("\n".join(lines), op, i)


def _agree(where: str, got: Any, want: Bounded) -> None:
    """GradientError where a pass of the engine gives something else than the chain rule."""
    if not want.allows(got):
        raise GradientError(
            f"accumulation {where} gives {number(got)}, and the chain rule over the local derivatives "
            f"{want}\n  every local derivative is right, so this pass adds them up wrongly"
        )


def _wrong_kind(edge: Edge) -> str:
    """What to say where not the rule is wrong, but what the row says of its kind."""
    op, expected = edge.op, edge.expected
    if expected.sides and not edge.kink:
        along_real, along_imaginary = expected.sides
        return (
            f"it is not analytic: its slope is {number(along_real)} along the real axis and "
            f"{number(along_imaginary)} along the imaginary one; give the row another kind, which refuses "
            "complex numbers"
        )
    if expected.oracle != COMPLEX_STEP:
        return ""
    x = edge.node.operands[edge.position]
    real = differences(along(op, edge.node.operands, edge.position), x, kinked=True)
    low, high = sorted(real.sides or (real.slope, real.slope))
    if not low - real.error - edge.tolerance <= edge.found <= high + real.error + edge.tolerance:
        return ""
    return (
        f'its rule is right for real numbers, but the row says kind="{op.kind}", and the function is not '
        f'analytic; say kind="{"kinked" if real.sides else "smooth"}" (or "kinked")'
    )


def _hint(edge: Edge) -> str:
    """What a wrong slope looks like."""
    found, expected = edge.found, edge.expected.slope
    if edge.kink:
        return ""
    if found == 0:
        return "the rule gives no contribution at all"
    if abs(found + expected) <= edge.tolerance:
        return "the sign of the rule is wrong"
    for other in _edges(edge.node, 0):
        if other.position != edge.position and abs(found - other.expected.slope) <= edge.tolerance:
            return f"it is the derivative by argument {other.position + 1}: the rules may be swapped"
    return f"the rule is wrong by a factor of {number(found / expected, 6)}" if expected else ""


def _rule_of(op: Op) -> str:
    """The rule's name in the code: of the table's row, or of the user's."""
    return f"the rule of ops.{op.name}" if ops.TABLE.get(op.name) is op else f"the rule of {op.name}"


def _formula(edge: Edge, names: dict[Value, str]) -> str:
    """`∂z/∂x = y`, as the rule says it; only `∂z/∂x` where the rule cannot be written with Values."""
    try:
        return local_formula(edge.node, edge.position, names=names)
    except FAILURES:
        return f"∂{names[edge.node]}/∂{names[edge.argument]}"
