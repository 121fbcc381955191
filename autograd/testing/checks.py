"""check_grads: are the derivatives of a function right? And if not, which rule is wrong?

The function is run once, which records its graph. Then three questions are asked, each with its own answer:

1. Every local derivative: what the row's rule says, against an oracle that differentiates the row's function
   at the recorded numbers and knows nothing of the rule. To second order also the rule called with Values.
2. Every gradient: what the engine's passes say, against the chain rule over the oracle's local derivatives.
3. The whole function: what it gives when it is called nearby, against its recorded graph computed there.

The first wrong answer names the fault: a row (1), a sweep of the engine (2), a number that went around the
graph (3). How far they may be from each other, `bounds` says, and `faults` has the words. Where no oracle
reaches a slope, that is a fault too, unless it is allowed.

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
from typing import Any

from autograd import ops
from autograd.derivatives import grad, hvp, jvp
from autograd.formula import node_names
from autograd.op import FAILURES
from autograd.protocol import as_number
from autograd.recording import Run, during
from autograd.testing import faults
from autograd.testing.bounds import UNIT, ZERO, Bounded, Edge, adjoints, bounded, edges, number
from autograd.testing.expression import Expression, apply
from autograd.testing.faults import agree
from autograd.testing.oracles import EXACT, ORACLES, Dual, epsilon, in_type_of, second_derivative
from autograd.trees import is_opaque, leaves, like, parts
from autograd.value import Value, constant, topological_order

__tracebackhide__ = faults.__tracebackhide__

Function = Callable[..., Any]

WEIGHTS = (2, 3, 5, 7, 11, 13)  # of a direction that no wrong entry of a gradient hides from
FEW = 6  # arguments, up to which all pairs of second derivatives are compared one by one


class VacuousCheckWarning(UserWarning):
    """A derivative is 0 within the tolerance: a wrong factor in its rule could not be seen there."""


def warn_of_zero(which: str) -> None:
    """Warn the caller of a check of derivatives that are 0."""
    text = f"{which} 0 within the tolerance, so that a wrong factor could not be seen; check at another point"
    warnings.warn(text, VacuousCheckWarning, stacklevel=3)


@dataclass(kw_only=True)
class Findings:
    """How well derivatives fitted their oracles: what the reports of all checks have in common."""

    oracle: str = EXACT
    error: Any = 0
    tolerance: Any = 0
    kinks: list[str] = field(default_factory=list)
    coarse: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def add(self, error: Any, tolerance: Any) -> None:
        """Note a comparison."""
        if (error, tolerance) >= (self.error, self.tolerance):
            self.error, self.tolerance = error, tolerance

    def fit(self) -> str:
        """The largest error in words."""
        return f"largest error {number(self.error, 2)}, where {number(self.tolerance, 2)} is allowed"

    def notes(self) -> list[str]:
        """What could not be compared as it should."""
        unknown = (f"{name} could not be checked: no oracle reaches this point" for name in self.unknown)
        return [*self.kinks, *self.coarse, *unknown]


@dataclass
class Report(Findings):
    """What `check_grads` compared, and how well it fitted.

    oracle     the weakest of the oracles that the local derivatives needed
    second     the weakest that their derivatives needed ("" if order is 1)
    locals     how many local derivatives were compared, second derivatives included
    error      the largest difference between a derivative and its oracle, and the tolerance there
    kinks      where the function has a kink: anything between the two one-sided slopes was accepted
    coarse     local derivatives compared to less than seven digits: a wrong factor near 1 could not be seen
    unknown    local derivatives that no oracle could find, and which were taken as they are
    """

    order: int
    modes: tuple[str, ...]
    second: str = ""
    locals: int = 0

    def add(self, error: Any, tolerance: Any) -> None:
        """Note a comparison."""
        self.locals += 1
        super().add(error, tolerance)

    def __str__(self) -> str:
        second = f" and {self.second}" if self.second not in ("", self.oracle) else ""
        text = (
            f"{self.locals} local derivatives and the gradient are right to order {self.order} in "
            f"{' and '.join(self.modes)} mode, by {self.oracle}{second}; {self.fit()}"
        )
        return "; ".join([text, *self.notes()])


def check_grads(
    f: Function,
    *args: Any,
    order: int = 2,
    modes: Sequence[str] = ("reverse", "forward"),
    allow_unknown: bool = False,
) -> Report:
    """Compare all derivatives of f at `args` with oracles that know nothing of the table's rules.

    f      returns one number; its arguments are numbers of any type that a Value can hold, or nested
           lists, tuples, dicts or arrays of them
    order  1: the gradient; 2: also the derivatives of the gradient
    modes  "reverse": backward and grad; "forward": jvp; to second order grad of grad, and hvp
    allow_unknown  whether a local derivative that no oracle reaches is taken as it is, and only reported

    Gives a report to print. Raises GradientError, naming the first wrong rule, or one that could not be
    checked, or the sweep that adds up wrongly, or a number that leaves the graph. Warns (VacuousCheckWarning)
    of derivatives that are 0.
    Ints and Fractions are compared exactly where the operations are rational; Decimal and mpmath's numbers
    to their own precision; for complex arguments the derivative must be the same in every direction.

    >>> report = check_grads(lambda x, y: x * y + x, 2, 3)
    >>> report.oracle, report.locals, report.error
    ('exact arithmetic', 12, 0)
    """
    check = _Check(f, args, order, modes, allow_unknown)
    check.local_derivatives()
    check.gradients()
    check.function()
    if order == 2:
        check.rules_as_graphs()
        check.second_derivatives()
    if vacuous := check.vacuous():
        warn_of_zero(f"check_grads: the derivative by {', '.join(vacuous)} is")
    return check.report


# ── The check ───────────────────────────────────────────────────────────────────────────────────────


class _Check:
    """A function, its arguments, and the graph that it recorded.

    numbers    the numbers in the arguments      variables  the leaves made of them
    names      a name for every node             nodes      in topological order
    slopes     the edges of each live node: one to which a rule of each node on some way from the root
               gives a contribution, be it 0; nothing is asked about a branch not taken
    unasked    whether a rule could not be called, and need not, as what arrives at its node is exactly 0
    """

    def __init__(
        self, f: Function, args: tuple[Any, ...], order: int, modes: Sequence[str], allow_unknown: bool
    ) -> None:
        if order not in (1, 2):
            raise ValueError(f"check_grads: the order must be 1 or 2, not {order!r}")
        if not modes or isinstance(modes, str) or not {*modes} <= {"reverse", "forward"}:
            raise ValueError(f'check_grads: modes are "reverse" and "forward" in a tuple, not {modes!r}')
        self.f, self.args, self.modes, self.allow_unknown = f, args, modes, allow_unknown
        self.unasked = False
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
        self.adjoint = adjoints(self.root, self.slopes)
        self.tangent = dict(zip(self.variables, map(Bounded, self.weights), strict=True))
        for node in self.nodes:
            for edge in self.slopes.get(node, ()):
                moved = edge.slope * self.tangent.get(edge.argument, ZERO)
                self.tangent[node] = self.tangent.get(node, 0) + moved

    def edges(self, root: Value, names: dict[Value, str], within: str = "") -> dict[Value, list[Edge]]:
        """The edges of all live nodes; GradientError for the first one in topological order that is wrong."""
        order = topological_order(root)
        arrived: dict[Value, Any] = {root: 1}
        found: dict[Value, list[Edge]] = {}
        for node in reversed(order):
            if node not in arrived or not node.args:
                continue
            try:
                found[node] = [*edges(node, self.precision)]
            except FAILURES:
                if arrived[node] != 0:
                    raise
                self.unasked = True
                continue
            for edge in found[node]:
                if edge.given or edge.expected.slope:
                    arrived[edge.argument] = arrived.get(edge.argument, 0) + arrived[node] * edge.found
        for edge in (edge for node in order for edge in found.get(node, ())):
            self.judge(edge, names, within)
        return found

    def judge(self, edge: Edge, names: dict[Value, str], within: str) -> None:
        """Note a right edge in the report; GradientError for a wrong one."""
        name, report = f"{edge.op.name} of {names[edge.argument]}", self.report
        if edge.unknown:
            if not self.allow_unknown and not within:
                raise faults.unknown_slope(edge, names, within)
            report.unknown.append(name)
        elif not edge.right:
            raise faults.wrong_rule(edge, names, within)
        elif edge.kink:
            report.kinks.append(f"kink at {name}")
        else:
            if edge.coarse:
                off = number(edge.tolerance / abs(edge.expected.slope), 1)
                report.coarse.append(f"{name} is known to a relative error of {off}")
            report.add(abs(edge.found - edge.expected.slope), edge.tolerance)
            if not within:
                report.oracle = weaker(report.oracle, edge.expected.oracle)

    # 2. Gradients

    def gradients(self) -> None:
        """Compare what the engine's sweeps add up with the chain rule over the oracle's slopes."""
        again = self.call([Value(x) for x in self.numbers]).data
        if again != self.root.data and again == again:
            raise faults.not_the_same_twice(self.root.data, again)
        along = sum(map(Bounded.__mul__, self.gradient(), map(Bounded, self.weights)), ZERO)
        tangent = self.tangent.get(self.root, ZERO)
        both = Bounded(tangent.value, tangent.error + along.error)
        agree(f"in value.sweep: along {tuple(self.weights)} it", along.value, both)
        if "reverse" in self.modes:
            self.backward()
            self.compare("grad", self.grad(*self.args), self.gradient())
        if "forward" in self.modes:
            found = _plain(jvp(self.f, self.args, self.direction)[1])
            agree(f"in jvp: along {tuple(self.weights)} it", found, tangent)

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
                    raise faults.wrong_sum(node, self.names, self.uses(node), self.adjoint.get(node, ZERO))
        finally:
            for node, gradient in before:
                node.grad = gradient

    def uses(self, node: Value) -> list[tuple[Edge, Bounded]]:
        """The edges towards a node, and the adjoints of the nodes that they come from."""
        return [
            (edge, self.adjoint[edge.node])
            for edges in self.slopes.values()
            for edge in edges
            if edge.argument is node
        ]

    def compare(self, transform: str, found: list[Any], expected: list[Bounded]) -> None:
        """GradientError where a transform gives something else than is expected."""
        for variable, got, want in zip(self.variables, map(_plain, found), expected, strict=True):
            agree(f"at {variable.label}: {transform}", got, want)

    # 3. The function itself

    def function(self) -> None:
        """Compare f, called nearby, with its recorded graph computed there.

        Only this finds a number that went around the graph: a constant of the graph that another call makes
        differently, at every distance. Where f branches, the graph or its constants differ only on one side,
        or far away. Such a constant may do no harm (a greatest element, subtracted and added again); then the
        numbers agree, near and far.
        """
        graph = Expression(self.root, self.variables)
        felt = (abs(adjoint.value) * (1 + abs(node.data)) for node, adjoint in self.adjoint.items())
        noise = 64 * self.precision * sum(felt)
        wrong = None
        for size in (2**10, -(2**10), 2**20, -(2**20), 2**5, -(2**5)):
            moved = [x + w * _unit(x) / size for x, w in zip(self.numbers, self.weights, strict=True)]
            leaves_there = dict(zip(self.variables, moved, strict=True))
            variables = [Value(x) for x in moved]
            try:
                root = self.call(variables)
                want = graph.build([leaves_there.get(leaf, leaf.data) for leaf in graph.leaves])
            except FAILURES:
                continue
            then, now = _skeleton(self.root, self.variables), _skeleton(root, variables)
            if then == now and moved != self.numbers:
                return
            same_operations = [op for op, _ in then] == [op for op, _ in now]
            if same_operations and not abs(root.data - want) <= noise + 64 * self.precision * abs(want):
                wrong = wrong or faults.leaves_the_graph(moved, root.data, want)
        if wrong:
            raise wrong

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
        domains = zip(node.operands, op.domain, strict=False)
        at_an_end = any(
            x in (domain.low, domain.high) for x, domain in domains
        )  # where the row promises nothing
        try:
            variables, found = self.derivatives_of_rule(edge)
        except FAILURES:
            if at_an_end:
                return
            raise
        if n <= FEW:
            directions = [(j, [int(k == j) for k in range(n)]) for j in variables]
        else:
            weights = _weights(n)
            directions = [(-1, [w * (k in variables) for k, w in enumerate(weights)])]
        for j, direction in directions:
            expected = second_derivative(op, node.operands, i, direction)
            if expected.sides or not abs(expected.slope) + expected.error < math.inf:
                continue  # no second derivative, or none that an oracle could find
            slope = in_type_of([self.precision], expected.slope)
            got = sum((found[k] * Bounded(direction[k]) for k in variables), ZERO)
            tolerance = got.error + expected.error
            error = abs(got.value - slope)
            if error > tolerance and at_an_end:
                continue
            self.bends[node, i, j] = bounded(slope, tolerance, self.precision)
            if not error <= tolerance:
                by = self.names[node.args[j]] if j >= 0 else "its arguments"
                raise faults.wrong_graph(
                    edge, self.names, by, got.value, self.bends[node, i, j], expected.oracle
                )
            self.report.add(error, tolerance)
            self.report.second = weaker(self.report.second, expected.oracle)

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
        notes = self.report.kinks, self.report.coarse, self.report.unknown
        before = [*map(len, notes)]
        edges = self.edges(local, names, within)
        for note, length in zip(notes, before, strict=True):
            del note[length:]  # of the rule, not of f
        adjoint = adjoints(local, edges)
        return variables, {k: adjoint.get(operands[k], ZERO) for k in variables}

    def second_derivatives(self) -> None:
        """Compare the Hessian times the weights with the chain rule over the oracle's second derivatives."""
        if self.report.kinks or self.report.unknown or self.unasked:
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
        adjoint = adjoints(self.root, self.slopes, slope, Dual(UNIT, ZERO))
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
        return (
            None
            if found.sides or not abs(found.slope) + error < math.inf
            else bounded(found.slope, error, self.precision)
        )

    def vacuous(self) -> list[str]:
        """The variables by which the derivative is 0 within the tolerance, so that a factor could hide."""
        crossing: set[Value] = set()  # nodes from which a way to the root leads over a kink
        for node in reversed(self.nodes):
            edges = self.slopes.get(node, ())
            if node in crossing or any(edge.kink for edge in edges):
                crossing.update(edge.argument for edge in edges)
        seen = not any(edge.coarse or edge.zero for edges in self.slopes.values() for edge in edges)
        return [
            variable.label
            for variable, gradient in zip(self.variables, self.gradient(), strict=True)
            if gradient.allows(0) and not (seen and gradient.value) and variable not in crossing
        ]


def _skeleton(root: Value, variables: Sequence[Value]) -> list[Any]:
    """The operations of a graph, and its fixed numbers."""
    own = set(variables)
    return [
        (node.op, "" if node.args or node in own else repr(node.data)) for node in topological_order(root)
    ]


def _weights(n: int) -> list[int]:
    """The components of a direction, all different."""
    return [WEIGHTS[i % len(WEIGHTS)] + max(WEIGHTS) * (i // len(WEIGHTS)) for i in range(n)]


def _unit(x: Any) -> Any:
    """How far to step from x, relative to the weights: 1 in its number type; Fractions for ints."""
    return Fraction(abs(x) or 1) if isinstance(x, int) else (abs(x) or 1) * (0 * x + 1)


def weaker(one: str, other: str) -> str:
    """The weaker one of two oracles."""
    return max(one, other, key=("", *ORACLES).index)


# ── The arguments and their names ───────────────────────────────────────────────────────────────────


def _plain(x: Any) -> Any:
    """A number in the arguments as a Value holds it; TypeError for anything else."""
    try:
        return x.data if isinstance(x, Value) else as_number(x)
    except TypeError as error:
        raise TypeError(f"check_grads: {error}") from None


def _labels(f: Function, args: tuple[Any, ...]) -> Iterator[str]:
    """A name for every number in the arguments: `x`, `weights[0][2]`, by the names of f's parameters."""
    for arg, name in zip(args, parameter_names(f, len(args)), strict=True):
        yield from _paths(arg, name)


def parameter_names(f: Function, count: int) -> list[str]:
    """What f calls its first arguments; x1, x2, … where it does not say."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):  # a builtin
        parameters = {}.values()
    plain = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [plain[k] if k < len(plain) else f"x{k + 1}" for k in range(count)]


def _paths(tree: Any, name: str) -> Iterator[str]:
    for part, x in parts(tree, name):
        yield from _elements(x, part)


def _elements(x: Any, name: str) -> Iterator[str]:
    """The names of the numbers of an array, or of a number."""
    if not getattr(x, "shape", ()):
        yield name
        return
    for i, row in enumerate(x):
        yield from _elements(row, f"{name}[{i}]")
