"""Value: a number that remembers how it was computed, and reverse-mode differentiation over its graph.

The engine knows no operation: it applies rows of the table (`ops`) and reads their rules.

    root      the value that is differentiated        local         ∂node/∂argument, from the row's rule
    upstream  ∂root/∂node                             contribution  upstream × local, one edge's part of
    record    (*args, *operands, result) of a node                  ∂root/∂argument
"""

import operator
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from numbers import Number
from typing import Any

from autograd import ops
from autograd.commit import assign, committing, total
from autograd.functions import one
from autograd.op import FAILURES, Op, RuleError
from autograd.protocol import Numeric, as_number
from autograd.recording import UNNAMED, Names, mode, running


class Value(Numeric):
    """A number in a graph: a leaf `Value(3.0, label="x")`, or the recorded result of an operation.

    data   the number: int, float, complex, Fraction, Decimal, an mpmath number or a NumPy scalar
    grad   ∂root/∂self after `root.backward()`; a leaf accumulates over passes, a node between is fresh
    op     the row of the table that made it; None for a leaf
    args   the Values it was made from, in the operation's order
    scope  the `with scope(…)` it was made in, "" outside

    `data`, `grad`, `label` and `scope` may be set at any time. A backward pass works with the numbers
    that were recorded, so that setting `data` after the forward pass never gives a wrong gradient.

    Several threads may make values, call `backward` and `zero_grad`, transform and copy at once, also over
    shared leaves: the outcome is that of one call after the other. Setting an attribute waits for nobody.

    >>> x = Value(3.0)
    >>> y = x * x + 2 * x
    >>> y.backward()
    >>> x.grad
    8.0
    """

    # One tuple holds the arguments and the numbers that the rules need: 168 bytes for a product.
    __slots__ = ("_mark", "_names", "_op", "_record", "data", "grad")  # _mark belongs to `fast`

    def __init__(self, data: Any, label: str = "") -> None:
        self.data: Any = as_number(data)
        self.grad: Any = 0
        self._op: Any = None
        self._record: tuple[Any, ...] = ()
        names = mode.get() or UNNAMED
        self._names: Names = (label, names[1]) if label else names
        self._mark = None
        if (run := running.get()) is not None:
            run.made.add(self)

    @property
    def op(self) -> Op | None:
        """The row that made this value: None for a leaf, `ops.constant` for a constant."""
        return self._op  # type: ignore[no-any-return]

    @property
    def args(self) -> tuple["Value", ...]:
        """The arguments in the operation's order, each as often as it was given."""
        return self._record[: len(self._record) >> 1]

    @property
    def operands(self) -> tuple[Any, ...]:
        """The numbers of the arguments as they were when this value was recorded."""
        return self._record[len(self._record) >> 1 : -1]

    @property
    def result(self) -> Any:
        """The number as it was recorded; of a leaf or a constant, the number that it holds."""
        return self._record[-1] if self._record else self.data

    label = property(
        lambda self: self._names[0],
        lambda self, x: setattr(self, "_names", (x or "", self.scope)),
    )
    scope = property(lambda self: self._names[1], lambda self, x: setattr(self, "_names", (self.label, x)))

    # ── Recording ───────────────────────────────────────────────────────────────────────────────────

    def apply_op(self, op: Op, args: tuple[Any, ...]) -> Any:
        """Record op(*args), with constants for the plain numbers among the arguments."""
        nodes = [_operand(op, arg, args) for arg in args]
        if any(node is NotImplemented for node in nodes):
            return NotImplemented
        numbers = [node.data for node in nodes]
        if op.sequences and not op.partials:  # as comparisons see them: inside compile they are symbols
            numbers = [node.number() for node in nodes]
        z = _result(op, op.evaluate(numbers, nodes), nodes)
        if not op.partials:
            return constant(z, Made(op.symbol))
        names = mode.get()
        return constant(z) if names is None else make(op, z, 0, names, (*nodes, *numbers, z))

    # ── Differentiation ─────────────────────────────────────────────────────────────────────────────

    def backward(self, seed: Any = 1) -> None:
        """Give every node of the graph its gradient ∂self/∂node, times `seed`.

        Leaves add it to what they hold; nodes between are fresh in each pass; constants get none. For
        complex numbers it is the complex derivative. RuntimeError where there is nothing to
        differentiate; a local derivative that does not exist raises what its rule raises, naming the
        operation. A pass that fails, or is interrupted, has changed nothing.
        """
        order = topological_order(self)
        silent = mode.get() is None
        if silent or all(node._op is not None for node in order):
            why = "called under no_grad" if silent else "it depends on no leaf"
            raise RuntimeError(f"backward of {self!r}: {why}; record from Value(…), outside no_grad")
        found = gradients(order, self, seed)
        with committing:  # what a leaf holds is read and set again: no other thread may come between
            totals = [x if node._record else total(node, x) for node, x in zip(order, found, strict=True)]
            assign("grad", order, totals)

    def zero_grad(self) -> None:
        """Set the gradient of every node of the graph to 0."""
        order = topological_order(self)
        zeros = [None if node._op is ops.constant else 0 for node in order]
        with committing:  # else a pass of another thread could add to a sum that is gone
            assign("grad", order, zeros)

    def leave(self, function: str) -> Any:
        """The number for float(self), round(self), …; see `Numeric`. A constant has no derivative to lose."""
        return self.data if self._op is ops.constant else super().leave(function)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        grad = f", grad={self.grad!r}" if self._op is not ops.constant else ", constant"
        return f"Value({self.data!r}{label}{grad})"


# ── The graph ───────────────────────────────────────────────────────────────────────────────────────


def topological_order(*roots: Value, leaves: Iterable[Value] = ()) -> list[Value]:
    """Every node of the graph once, each after its arguments, which stand in argument order.

    Nodes given as `leaves` stand first; what they were made from is left out.
    """
    order: list[Value] = [*leaves]
    seen: set[Value] = {*order}
    stack: list[Any] = [*reversed(roots)]
    while stack:
        node = stack.pop()
        if node is None:  # all arguments of the node below it are placed
            order.append(stack.pop())
        elif node not in seen:
            seen.add(node)
            stack += (node, None, *reversed(node.args))
    return order


def local_derivatives(
    node: Value, wanted: Sequence[bool] | None = None, operands: Sequence[Any] | None = None
) -> Iterator[tuple[int, Value, Any]]:
    """(position, argument, ∂node/∂argument) for each argument of a recorded node.

    Leaves out arguments that are not wanted (without `wanted`: constants), and those whose rule returns None.
    The rules are called with the numbers recorded, or with `operands`: for Values (of the arguments, then of
    the node) they give graphs. What a rule raises names the operation and its arguments.
    """
    args: Any = node.args
    if wanted is None:
        wanted = [arg._op is not ops.constant for arg in args]
    try:
        locals_ = node._op.local_derivatives(operands or node._record[len(args) :], wanted) if args else ()
    except FAILURES as error:
        raise node._op.explain(error, args, "its local derivative: ") from error
    for i, local in enumerate(locals_):
        if local is not None:
            yield i, args[i], local


def sweep(
    order: Sequence[Value],
    gradient: dict[Value, Any],
    locals_of: Callable[[Value], Iterable[tuple[int, Value, Any]]] = local_derivatives,
    multiply: Callable[[Any, Any], Any] = operator.mul,
    add: Callable[[Any, Any], Any] = operator.add,
) -> Iterator[tuple[Value, int, Value, Any, Any]]:
    """The chain rule, edge by edge: (node, position, argument, local, contribution), from the root down.

    An upstream that is exactly 0 asks for no slope, which may be infinite or not exist: it is itself what
    every edge of the node contributes, and local is None.

    gradient    ∂root/∂node by node: that of the root at first, all others at the end. A node that nothing
                arrives at, as in a branch not taken, has none
    locals_of   (position, argument, local) of a node
    multiply    upstream × local, of numbers, of Values, of numbers with bounds, …
    add         what has arrived (0 at first) + a contribution
    """
    for node in reversed(order):
        if node in gradient:
            upstream = gradient[node]
            silent = is_zero(upstream)
            for position, argument, local in unasked(node) if silent else locals_of(node):
                try:
                    contribution = upstream if silent else multiply(upstream, local)
                    gradient[argument] = add(gradient.get(argument, 0), contribution)
                except FAILURES as error:
                    doing = f"upstream × local derivative by argument {position + 1}: "
                    raise node._op.explain(error, node.args, doing) from error
                yield node, position, argument, local, contribution


def is_zero(upstream: Any) -> bool:
    """Whether it is the number 0. A Value or a symbol is none: it may have a derivative of its own."""
    return not (isinstance(upstream, Numeric) or upstream)


def unasked(node: Value) -> Iterator[tuple[int, Value, None]]:
    """(position, argument, None) for each argument of a node that is no constant."""
    return ((i, arg, None) for i, arg in enumerate(node.args) if arg._op is not ops.constant)


def start(root: Value, seed: Any = 1) -> Any:
    """∂root/∂root × seed, in the number type that the root had when it was recorded."""
    return as_number(seed) * one(root._record[-1] if root._record else root.data)


def product(upstream: Any, local: Any) -> Any:
    """Upstream × local in numbers; RuleError where a rule gave none."""
    contribution = upstream * local
    try:
        as_number(contribution)
    except TypeError:
        kind = type(local).__name__
        raise RuleError(f"{local!r:.60} is a {kind}; a rule gives one number, or None") from None
    return contribution


def gradients(order: Sequence[Value], root: Value, seed: Any = 1) -> list[Any]:
    """∂root/∂node × seed for every node of the order; 0 where nothing arrives."""
    gradient = {root: start(root, seed)}
    deque(sweep(order, gradient, multiply=product), maxlen=0)
    return [gradient.get(node, 0) for node in order]


# ── Making values ───────────────────────────────────────────────────────────────────────────────────


class Made(str):
    """The label of a constant that a row has made: no label of a user's, though it read the same."""


def make(op: Op | None, data: Any, grad: Any, names: Names, record: tuple[Any, ...] = ()) -> Value:
    """A Value of whatever state."""
    node: Value = object.__new__(Value)
    node.data, node.grad = data, grad
    node._op, node._names, node._record, node._mark = op, names, record, None
    return node


def constant(data: Any, label: str = "") -> Value:
    """A number in the graph that is drawn but gets no gradient (`grad` is None)."""
    return make(ops.constant, as_number(data), None, (label, "") if label else UNNAMED)


def _operand(op: Op, arg: Any, args: tuple[Any, ...]) -> Any:
    """An argument of `op` as a Value; NotImplemented where its own type is to decide."""
    if isinstance(arg, Value):
        return arg
    kind = type(arg)
    if not isinstance(arg, Number) and (hasattr(kind, "apply_op") or kind.__module__ != "builtins"):
        return NotImplemented  # an array, a series, a symbol
    try:
        return constant(arg)
    except TypeError as error:
        raise TypeError(f"{op.describe(args)}: {error}") from None


def _result(op: Op, z: Any, args: Sequence[Any]) -> Any:
    """What the function of a row gave, as the number that a Value holds."""
    try:
        return as_number(z)
    except TypeError as error:
        raise TypeError(f"{op.describe(args)} gave no number: {error}") from None


try:  # the same loops unrolled, for speed alone: without that file nothing else changes
    from autograd import fast
except ImportError:
    pass
else:
    fast.unroll(sys.modules[__name__])
