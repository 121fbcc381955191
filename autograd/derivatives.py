"""Derivatives of functions, to any order: grad, jacobian, hessian, jvp, vjp, hvp, taylor.

Each transform runs the function once on lifted arguments, which records a graph, and sweeps over the graph:
backward for gradients, forward for tangents. The sweeps call the table's rules. Where a graph reaches no
Value but those that the transform has lifted, they are called with numbers, and the result is plain numbers.
Where it reaches another (the argument of an outer transform, or a Value of the user's), they are called with
Values, and the result is a graph of its own: that is how transforms nest.

    variables  the lifted arguments           upstream   ∂y/∂node, while sweeping backward
    y          what the function returned     tangent    the derivative of a node along a direction
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd import ops
from autograd.functions import is_array, one
from autograd.series import Series, Tower
from autograd.trees import leaves, like, matching, nest
from autograd.value import (
    Value,
    accumulate,
    as_number,
    constant,
    local_derivatives,
    mode,
    topological_order,
    transform,
)

Function = Callable[..., Any]


def grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The gradient of a function that returns one number.

    `grad(f)(*args)` has the shape of the argument number `argnums` (of several: a tuple), which may be a
    number, a nested list, tuple or dict of numbers, or a NumPy array; the other arguments are handed on as
    they are. It holds plain numbers, or Values when it is differentiated again. A function that does not
    depend on the argument has gradient 0. TypeError where f returns no number, IndexError where there is
    no such argument.

    >>> grad(lambda x: x * x * x)(2)
    12
    >>> grad(grad(lambda x: x * x * x))(2)
    12
    """
    both = _value_and_grad("grad", f, argnums)
    return lambda *args: both(*args)[1]


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The pair of a function's value and its gradient, for the price of the gradient."""
    return _value_and_grad("value_and_grad", f, argnums)


def _value_and_grad(name: str, f: Function, argnums: int | Sequence[int]) -> Function:
    def value_and_gradient(*args: Any) -> tuple[Any, Any]:
        run = _Run(name, f, args, argnums)
        y = run.scalar()
        return run.value(), run.shaped(run.gradient(y))

    return value_and_gradient


def jacobian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """All first derivatives of a function that returns a tree of numbers.

    `jacobian(f)(*args)` has the shape of what f returns, and in place of every number the gradient of that
    number: a list of rows for f from a list to a list, an array of shape (*output, *input) for arrays.

    >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1]])([2, 3])
    [[3, 2], [1, 1]]
    """

    def jacobian_of_f(*args: Any) -> Any:
        run = _Run("jacobian", f, args, argnums)
        rows = [run.shaped(run.gradient(y)) for y in run.outputs()]
        return nest(run.y, run.chosen, rows)

    return jacobian_of_f


def hessian(f: Function) -> Function:
    """All second derivatives of a function that returns one number.

    `hessian(f)(*args)` is the matrix, a list of rows, over all numbers in all arguments, from left to
    right; for one NumPy array of shape s it is an array of shape (*s, *s). It costs as many sweeps over
    the graph of the gradient as there are numbers.

    >>> hessian(lambda x, y: x * x * y)(2, 3)
    [[6, 4], [4, 0]]
    """

    def hessian_of_f(*args: Any) -> Any:
        if not args:
            raise TypeError("hessian: the function was called without an argument to differentiate by")
        if len(args) == 1 and is_array(args[0]):
            return jacobian(_value_and_grad_alone(f))(*args)
        flat = [leaf for arg in args for leaf in leaves(arg)]
        return jacobian(_value_and_grad_alone(lambda x: f(*like(args, x))))(flat)

    return hessian_of_f


def _value_and_grad_alone(f: Function) -> Function:
    """The gradient, with hessian's name in its errors."""
    both = _value_and_grad("hessian", f, 0)
    return lambda *args: both(*args)[1]


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """(value, tangent): f at `primals`, and its derivative there along `tangents` (forward mode).

    `tangents` has the shape of `primals`, the tuple of f's arguments. The Jacobian-vector product has the
    shape of what f returns.

    >>> jvp(lambda x, y: x * y, (2, 3), (1, 10))
    (6, 23)
    """
    run = _Run("jvp", f, tuple(primals), range(len(primals)))
    directions = matching(tuple(primals), tuple(tangents))
    if len(directions) != len(run.variables):
        raise ValueError(
            f"jvp: the tangents hold {len(directions)} numbers and the primals {len(run.variables)}; "
            "give a tangent for every number"
        )
    return run.value(), like(run.y, run.tangents(directions))


def vjp(f: Function, *primals: Any) -> tuple[Any, Function]:
    """(value, pull): f at `primals`, and the function that pulls a cotangent back (reverse mode).

    `pull(cotangent)`, for a cotangent of the shape of f's value, is the tuple of the vector-Jacobian
    products, one for each argument.

    >>> value, pull = vjp(lambda x, y: [x * y, x + y], 2, 3)
    >>> value, pull([1, 10])
    ([6, 5], (13, 12))
    """
    run = _Run("vjp", f, primals, range(len(primals)))
    outputs = run.outputs()

    def pull(cotangent: Any) -> Any:
        weights = matching(run.y, cotangent)
        if len(weights) != len(outputs):
            raise ValueError(
                f"vjp: the cotangent holds {len(weights)} numbers and the value {len(outputs)}; "
                "give a cotangent for every number"
            )
        run.nested |= any(isinstance(weight, Value) for weight in weights)
        with running("vjp"):
            total = ops.dot(outputs, weights)
        return run.shaped(run.gradient(total))

    return run.value(), pull


def hvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian of f at `primals` times `tangents`, in the shape of `primals`.

    Forward over reverse: the tangent of the gradient, for a small multiple of the price of f.

    >>> hvp(lambda x, y: x * x * y, (2, 3), (1, 0))
    (6, 4)
    """
    return jvp(grad(f, range(len(primals))), primals, tangents)[1]


def taylor(f: Function, x: Any, order: int) -> list[Any]:
    """The Taylor coefficients f(x), f′(x), f″(x)/2!, … up to `order` of a function of one number.

    In one sweep with truncated series (see `autograd.series`), not by repeated differentiation.

    >>> taylor(lambda x: 1 / (1 - x), 0.0, 4)
    [1.0, 1.0, 1.0, 1.0, 1.0]
    """
    if not isinstance(order, int) or order < 0:
        raise ValueError(f"taylor: the order must be a whole number from 0, not {order!r}")
    run = _Run("taylor", f, (x,), 0)
    y = run.scalar()
    with running("taylor"):
        try:
            series = _sweep_series(run, run.order, order)
        except (ArithmeticError, ValueError, TypeError):  # in a branch not taken, or explained by _live
            series = _sweep_series(run, _live(run.order, [y]), order)
        moving = isinstance(y, Value) and y in series
        return [run.given(z) for z in (series[y].known if moving else [y, *[0] * order])]


# ── One run of the function, and the sweeps ─────────────────────────────────────────────────────────


class _Run:
    """A function, run once on lifted arguments, and the graph that this recorded.

    name       of the transform, for errors       y       what the function returned: a tree
    variables  the lifted numbers, as Values      order   the nodes from the variables to y, sorted
    nested     whether the graph reaches a Value that the run has not made
    """

    def __init__(self, name: str, f: Function, args: tuple[Any, ...], argnums: int | Sequence[int]) -> None:
        numbers = [argnums] if isinstance(argnums, int) else [*argnums]
        for number in numbers:
            if not -len(args) <= number < len(args):
                given = f"{len(args)} argument{'s'[: len(args) != 1]}"
                raise IndexError(f"{name}: argnums={number}, but the function was called with {given}")
        self.name = name
        self.single = isinstance(argnums, int)
        self.chosen = [args[number] for number in numbers]
        places = {number % len(args): i for i, number in enumerate(numbers)}
        if len(places) < len(numbers):
            raise ValueError(f"{name}: argnums={argnums} names an argument twice")
        with running(name):
            lifted = [like(tree, [_lift(name, x) for x in leaves(tree)]) for tree in self.chosen]
            self.y = f(*(lifted[places[i]] if i in places else arg for i, arg in enumerate(args)))
        self.variables: list[Value] = [variable for tree in lifted for variable in leaves(tree)]
        recorded = [y for y in leaves(self.y) if isinstance(y, Value)]
        self.order = topological_order(*recorded, leaves=self.variables)
        own = len(self.variables)
        lifted_values = any(variable._record for variable in self.variables)
        self.nested = lifted_values or None in [node._op for node in self.order[own:]]

    def scalar(self) -> Any:
        """What the function returned, if that is one number."""
        if isinstance(self.y, list | tuple | dict) or is_array(self.y):
            raise TypeError(
                f"{self.name}: the function returned a {type(self.y).__name__}, not one number; "
                "return a sum of it, or take jacobian"
            )
        return _returned(self.name, self.y)

    def outputs(self) -> list[Any]:
        """The numbers in what the function returned."""
        return [_returned(self.name, y) for y in leaves(self.y)]

    def value(self) -> Any:
        """What the function returned, as the caller gets it."""
        return like(self.y, map(self.given, self.outputs()))

    def given(self, x: Any) -> Any:
        """A result as the caller gets it: a Value exactly where the graph reaches one of the caller's."""
        if self.nested:
            return x if isinstance(x, Value) else constant(x)
        return x.data if isinstance(x, Value) else x

    def shaped(self, gradient: list[Any]) -> Any:
        """One number per variable, in the shape of the arguments."""
        trees = like(self.chosen, map(self.given, gradient))
        return trees[0] if self.single else tuple(trees)

    def gradient(self, y: Any) -> list[Any]:
        """∂y/∂variable for every variable."""
        if not isinstance(y, Value) or y.op is ops.constant:
            return [0] * len(self.variables)
        order = self.order if y is self.y else topological_order(y, leaves=self.variables)
        if self.nested:
            with running(self.name):
                upstream = _sweep_backward(order, y, self.variables)
            return [upstream.get(variable, 0) for variable in self.variables]
        for variable in self.variables:
            variable.grad = 0
        accumulate(order, y)  # into a graph that belongs to this run alone
        return [variable.grad for variable in self.variables]

    def tangents(self, directions: list[Any]) -> list[Any]:
        """The tangent of every output along the directions of the variables."""
        outputs = self.outputs()
        self.nested |= any(isinstance(direction, Value) for direction in directions)
        try:
            tangent = self.sweep_forward(self.order, directions)
        except (ArithmeticError, ValueError, TypeError):  # in a branch not taken, or explained by _live
            tangent = self.sweep_forward(_live(self.order, outputs), directions)
        return [self.given(tangent(y) if isinstance(y, Value) else 0) for y in outputs]

    def sweep_forward(self, order: list[Value], directions: list[Any]) -> Callable[[Value], Any]:
        """The tangents of the nodes in this order, as a function of the node."""
        if self.nested:
            tangent = dict(zip(self.variables, directions, strict=True))
            with running(self.name):
                _sweep_forward(order, tangent)
            return lambda node: tangent.get(node, 0)
        for variable, direction in zip(self.variables, directions, strict=True):
            variable.grad = as_number(direction)
        _sweep_forward_in_numbers(order)
        return lambda node: node.grad or 0


@contextmanager
def running(name: str) -> Iterator[None]:
    """Record, also under no_grad, and let nothing leave the graph silently."""
    recording, naming = mode.set(mode.get() or ""), transform.set(name)
    try:
        yield
    finally:
        transform.reset(naming)
        mode.reset(recording)


def _lift(name: str, x: Any) -> Value:
    """A variable: a leaf for a number; for a Value a node on top of it, so that transforms nest."""
    if isinstance(x, Value):
        return ops.identity(x)  # type: ignore[no-any-return]
    try:
        return Value(x)
    except TypeError as error:
        raise TypeError(f"{name}: in the argument to differentiate by, {error}") from None


def _returned(name: str, y: Any) -> Any:
    """A number that a function returned."""
    if isinstance(y, Value):
        return y
    try:
        return as_number(y)
    except TypeError:
        raise TypeError(
            f"{name}: the function returned {y!r:.40}, a {type(y).__name__}; it must return a number"
        ) from None


def _sweep_backward(order: list[Value], y: Value, variables: list[Value]) -> dict[Value, Any]:
    """∂y/∂node as graphs, for the nodes that depend on the variables."""
    moving = set(variables)
    for node in order:
        if any(arg in moving for arg in node.args):
            moving.add(node)
    upstream: dict[Value, Any] = {y: one(y.data)} if y in moving else {}
    for node in reversed(order[len(variables) :]):
        if node in upstream:
            wanted = [arg in moving for arg in node.args]
            for _, arg, local in local_derivatives(node, wanted, _operands(node)):
                _add(upstream, arg, _product(upstream[node], local))
    return upstream


def _live(order: list[Value], outputs: list[Any]) -> list[Value]:
    """The nodes that contribute to the outputs. What a rule among them raises names the operation."""
    live = {y for y in outputs if isinstance(y, Value)}
    for node in reversed(order):
        if node in live and node.args:
            live.update(arg for _, arg, _ in local_derivatives(node))
    return [node for node in order if node in live]


def _sweep_forward(order: list[Value], tangent: dict[Value, Any]) -> None:
    """The tangents of all nodes as graphs, from those of the variables."""
    for node in order:
        wanted = [arg in tangent for arg in node.args]
        if node not in tangent and any(wanted):
            for _, arg, local in local_derivatives(node, wanted, _operands(node)):
                _add(tangent, node, _product(local, tangent[arg]))


def _sweep_forward_in_numbers(order: list[Value]) -> None:
    """The same in plain numbers, on a graph that belongs to one run alone: its `grad`s hold the tangents."""
    constant_op = ops.constant
    for node in order:
        if not (record := node._record):
            continue
        tangent: Any = 0
        op = node._op
        if op.arity == 2:  # two arguments and one are unrolled, for a third of the time of a jvp
            a, b, x, y, z = record
            by_x, by_y = op.partials
            if a._op is not constant_op and (local := by_x(x, y, z)) is not None:
                tangent = local * a.grad
            if b._op is not constant_op and (local := by_y(x, y, z)) is not None:
                tangent += local * b.grad
        elif op.arity == 1:
            a, x, z = record
            if a._op is not constant_op and (local := op.partials[0](x, z)) is not None:
                tangent = local * a.grad
        else:
            for _, arg, local in local_derivatives(node):
                tangent += local * arg.grad
        node.grad = tangent


def _sweep_series(run: _Run, order: list[Value], n: int) -> dict[Value, Series]:
    """The series to the order n of every node that depends on the one variable, whose series is x + t."""
    (variable,) = run.variables
    unit = one(variable.data)
    start = variable if run.nested else variable.data
    tower = Tower()
    series = {variable: Series(tower, [start, unit, *[0 * unit] * (n - 1)][: n + 1])}
    for node in order:
        if node.args and node not in series:
            numbers = _operands(node) if run.nested else node._record[len(node._record) >> 1 :]
            args = tuple([series.get(arg, x) for arg, x in zip(node.args, numbers, strict=False)])
            if any(isinstance(arg, Series) for arg in args):
                series[node] = tower.series(node._op, args, numbers[-1], n)
    return series


def _operands(node: Value) -> tuple[Any, ...]:
    """What a rule is called with to give a graph: the arguments and the node, constants as numbers."""
    return (*(arg.data if arg.op is ops.constant else arg for arg in node.args), node)


# The graph of a derivative stays small: no product by 1, no sum with 0.


def _product(a: Any, b: Any) -> Any:
    for x, y in (a, b), (b, a):
        if not isinstance(x, Value):
            if x == 1:
                return y
            if x == -1:
                return -y
            if x == 0:
                return x
    return a * b


def _add(sums: dict[Value, Any], node: Value, term: Any) -> None:
    """sums[node] += term."""
    if isinstance(term, Value) or term != 0 or node not in sums:
        before = sums.get(node, 0)
        sums[node] = before + term if isinstance(before, Value) or before != 0 else term
