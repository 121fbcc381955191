"""Derivatives of functions, to any order: grad, jacobian, hessian, jvp, vjp, hvp, taylor.

Each transform runs the function once on lifted arguments, which records a graph, and sweeps over the graph:
backward for gradients, forward for tangents. The sweeps call the table's rules. Where a graph reaches no
Value but those that the transform has lifted, they are called with numbers, and the result is plain numbers.
Where it reaches another (the argument of an outer transform, or a Value of the user's), they are called with
Values, and the result is a graph of its own: that is how transforms nest.

    variables  the lifted arguments           upstream   ∂y/∂node, while sweeping backward
    y          what the function returned     tangent    the derivative of a node along a direction
"""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import suppress
from copy import copy
from functools import wraps
from operator import add, index
from reprlib import repr as short
from typing import Any

from autograd import ops
from autograd.functions import is_array, one
from autograd.op import FAILURES
from autograd.protocol import as_number
from autograd.recording import Run, during
from autograd.series import Series, Tower
from autograd.trees import is_opaque, leaves, like, matching, nest, structure
from autograd.value import (
    Value,
    constant,
    gradients,
    local_derivatives,
    product,
    start,
    sweep,
    topological_order,
)

Function = Callable[..., Any]
Numbers = int | Sequence[int]  # of arguments


def grad(f: Function, argnums: Numbers = 0, has_aux: bool = False) -> Function:
    """The gradient of a function that returns one number.

    `grad(f)(*args, **named)` has the shape of the argument number `argnums` (of several: a tuple), which may
    be a number, a nested list, tuple or dict of numbers, or a NumPy array; the other arguments, and those by
    name, are handed on as they are. None, strings and dataclasses in it are not differentiated: their
    gradient is None. It holds plain numbers, or Values when it is differentiated again. A function that does
    not depend on the argument has gradient 0. With `has_aux` f returns a pair, (number, anything else), and
    grad(f) the pair (gradient, anything else). TypeError where f returns no number, IndexError where there
    is no such argument.

    >>> grad(lambda x: x * x * x)(2)
    12
    >>> grad(grad(lambda x: x * x * x))(2)
    12
    """
    both = _value_and_grad("grad", f, argnums, has_aux)

    @_named_as(f)
    def gradient_of_f(*args: Any, **named: Any) -> Any:
        value, gradient = both(*args, **named)
        return (gradient, value[1]) if has_aux else gradient

    return gradient_of_f


def value_and_grad(f: Function, argnums: Numbers = 0, has_aux: bool = False) -> Function:
    """The pair of a function's value and its gradient, for the price of the gradient.

    With `has_aux` f returns (number, anything else), and so the pair is ((number, anything else), gradient).
    """
    return _value_and_grad("value_and_grad", f, argnums, has_aux)


def _value_and_grad(name: str, f: Function, argnums: Numbers = 0, has_aux: bool = False) -> Function:
    @_named_as(f)
    def value_and_gradient(*args: Any, **named: Any) -> tuple[Any, Any]:
        run = _Run(name, f, args, argnums, named, has_aux)
        gradient = run.shaped(run.gradient(run.scalar()))
        return (run.value(), run.handed_on(run.aux)) if has_aux else run.value(), gradient

    return value_and_gradient


def _named_as(f: Function) -> Callable[[Function], Function]:
    """The decorator that gives a function the name, the docstring and the signature of f."""
    return wraps(f, updated=())


def jacobian(f: Function, argnums: Numbers = 0) -> Function:
    """All first derivatives of a function that returns a tree of numbers.

    `jacobian(f)(*args)` has the shape of what f returns, and in place of every number the gradient of that
    number: a list of rows for f from a list to a list, an array of shape (*output, *input) for arrays.

    >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1]])([2, 3])
    [[3, 2], [1, 1]]
    """

    @_named_as(f)
    def jacobian_of_f(*args: Any, **named: Any) -> Any:
        run = _Run("jacobian", f, args, argnums, named)
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

    @_named_as(f)
    def hessian_of_f(*args: Any, **named: Any) -> Any:
        if not args:
            raise TypeError("hessian: the function was called without an argument to differentiate by")
        if len(args) == 1 and is_array(args[0]):
            return jacobian(gradient_of(lambda x: f(x, **named)))(*args)
        flat = [leaf for arg in args for leaf in leaves(arg)]
        return jacobian(gradient_of(lambda x: f(*like(args, x), **named)))(flat)

    def gradient_of(f: Function) -> Function:
        both = _value_and_grad("hessian", f)
        return lambda *args: both(*args)[1]

    return hessian_of_f


def jvp(f: Function, /, primals: Sequence[Any], tangents: Sequence[Any], **named: Any) -> tuple[Any, Any]:
    """(value, tangent): f at `primals`, and its derivative there along `tangents` (forward mode).

    `tangents` has the shape of `primals`, the tuple of f's arguments. The Jacobian-vector product has the
    shape of what f returns. ValueError where the shapes differ.

    >>> jvp(lambda x, y: x * y, (2, 3), (1, 10))
    (6, 23)
    """
    return _jvp("jvp", f, primals, tangents, named)


def _jvp(
    name: str, f: Function, primals: Sequence[Any], tangents: Sequence[Any], named: dict[str, Any]
) -> tuple[Any, Any]:
    primals, tangents = _arguments(name, primals), _arguments(name, tangents, "tangents")
    directions = _matching(name, primals, "primals", tangents, "tangents")
    run = _Run(name, f, primals, range(len(primals)), named)
    return run.value(), like(run.y, run.tangents(directions), derivative=True)


def vjp(f: Function, /, *primals: Any, **named: Any) -> tuple[Any, Function]:
    """(value, pull): f at `primals`, and the function that pulls a cotangent back (reverse mode).

    `pull(cotangent)`, for a cotangent of the shape of f's value, is the tuple of the vector-Jacobian
    products, one for each argument. ValueError where the shapes differ.

    >>> value, pull = vjp(lambda x, y: [x * y, x + y], 2, 3)
    >>> value, pull([1, 10])
    ([6, 5], (13, 12))
    """
    run = _Run("vjp", f, primals, range(len(primals)), named)
    outputs = run.outputs()

    def pull(cotangent: Any) -> Any:
        weights = _matching("vjp", run.y, "value", cotangent, "cotangent")
        pulled = copy(run)
        pulled.nested = run.nested or any(isinstance(weight, Value) for weight in weights)
        with during(Run("vjp")):
            total = ops.dot(outputs, weights)
        return pulled.shaped(pulled.gradient(total))

    return run.value(), pull


def hvp(f: Function, /, primals: Sequence[Any], tangents: Sequence[Any], **named: Any) -> Any:
    """The Hessian of f at `primals` times `tangents`, in the shape of `primals`.

    Forward over reverse: the tangent of the gradient, for a small multiple of the price of f.

    >>> hvp(lambda x, y: x * x * y, (2, 3), (1, 0))
    (6, 4)
    """
    primals = _arguments("hvp", primals)
    both = _value_and_grad("hvp", f, range(len(primals)))
    return _jvp("hvp", lambda *args, **named: both(*args, **named)[1], primals, tangents, named)[1]


def taylor(f: Function, /, x: Any, order: int, **named: Any) -> list[Any]:
    """The Taylor coefficients f(x), f′(x), f″(x)/2!, … up to `order` of a function of one number.

    In one sweep with truncated series (see `autograd.series`), not by repeated differentiation.

    >>> taylor(lambda x: 1 / (1 - x), 0.0, 4)
    [1.0, 1.0, 1.0, 1.0, 1.0]
    """
    if not isinstance(order, int) or order < 0:
        raise ValueError(f"taylor: the order must be a whole number from 0, not {order!r}")
    run = _Run("taylor", f, (x,), 0, named)
    y = run.scalar()
    with during(run):
        try:
            series = _sweep_series(run, run.order, order)
        except FAILURES:  # in a branch not taken, or explained by _live
            series = _sweep_series(run, _live(run.order, [y] if isinstance(y, Value) else []), order)
        moving = isinstance(y, Value) and y in series
        return [run.given(z) for z in (series[y].known if moving else [y, *[0] * order])]


# ── One run of the function, and the sweeps ─────────────────────────────────────────────────────────


class _Run(Run):
    """A function, run once on lifted arguments, and the graph that this recorded.

    chosen     the arguments to differentiate by      y       what the function returned: a tree
    variables  the lifted numbers in them, as Values  order   the nodes from the variables to y, sorted
    nested     whether the graph reaches a Value that was there before: an outer transform's, or the user's
    alone      whether it reaches no leaf but the variables
    """

    def __init__(
        self,
        name: str,
        f: Function,
        args: tuple[Any, ...],
        argnums: Numbers,
        named: dict[str, Any],
        has_aux: bool = False,
    ) -> None:
        super().__init__(name)
        places, self.single = _places(name, argnums, len(args))
        self.chosen = [args[place] for place in places]
        given = list(args)
        with during(self):
            for place, tree in zip(places, self.chosen, strict=True):
                numbers = [tree] if is_opaque(tree) else leaves(tree)
                given[place] = like(tree, [self.lifted(x) for x in numbers])
            # Before f runs, which may change its arguments in place.
            self.variables: list[Value] = [x for place in places for x in leaves(given[place])]
            self.y = f(*given, **named)
        self.aux: Any = None
        if has_aux:
            self.y, self.aux = _pair(name, self.y)
        recorded = [y for y in leaves(self.y) if isinstance(y, Value)]
        self.order = topological_order(*recorded, leaves=self.variables)
        others = [node for node in self.order[len(self.variables) :] if node._op is None]
        self.alone = not others
        self.nested = any(x._record for x in self.variables) or any(x not in self.made for x in others)
        self.made = set()  # what has been told apart need not live as long as `pull` of vjp

    def lifted(self, x: Any) -> Value:
        """A variable: a leaf for a number; for a Value a node on top of it, so that transforms nest."""
        if isinstance(x, Value):
            return ops.identity(x)  # type: ignore[no-any-return]
        try:
            return Value(x)
        except TypeError as error:
            raise TypeError(f"{self.name}: in the argument to differentiate by, {error}") from None

    # What the function returned, and what the caller gets

    def scalar(self) -> Any:
        """What the function returned, if that is one number."""
        if isinstance(self.y, list | tuple | dict) or is_array(self.y):
            raise TypeError(
                f"{self.name}: the function returned a {type(self.y).__name__}, not one number; "
                "return a sum of it, or take jacobian"
            )
        return self.returned(self.y)

    def outputs(self) -> list[Any]:
        """The numbers in what the function returned."""
        return [self.returned(y) for y in ([self.y] if is_opaque(self.y) else leaves(self.y))]

    def returned(self, y: Any) -> Any:
        """A number that the function returned."""
        if isinstance(y, Value):
            return y
        try:
            return as_number(y)
        except TypeError:
            raise TypeError(
                f"{self.name}: the function returned {y!r:.40}, a {type(y).__name__}; it must return a number"
            ) from None

    def value(self) -> Any:
        """What the function returned, as the caller gets it."""
        return like(self.y, map(self.given, self.outputs()))

    def handed_on(self, aux: Any) -> Any:
        """What else the function returned, as the caller gets it."""
        return like(aux, [self.given(x) if isinstance(x, Value) else x for x in leaves(aux)])

    def given(self, x: Any) -> Any:
        """A result as the caller gets it: a Value exactly where the graph reaches one of the caller's."""
        if self.nested:
            return x if isinstance(x, Value) else constant(x)
        return x.data if isinstance(x, Value) else x

    def shaped(self, gradient: list[Any]) -> Any:
        """One number per variable, in the shape of the arguments."""
        trees = like(self.chosen, map(self.given, gradient), derivative=True)
        return trees[0] if self.single else tuple(trees)

    # Sweeps

    def gradient(self, y: Any) -> list[Any]:
        """∂y/∂variable for every variable."""
        if not isinstance(y, Value) or y.op is ops.constant:
            return [0] * len(self.variables)
        order = self.order if y is self.y else topological_order(y, leaves=self.variables)
        if self.alone and not self.nested:
            return gradients(order, y)[: len(self.variables)]
        moving = set(self.variables)
        for node in order:
            if any(arg in moving for arg in node.args):
                moving.add(node)
        upstream: dict[Value, Any] = {y: start(y)} if y in moving else {}
        with during(Run(self.name)):
            for _ in sweep(
                order[len(self.variables) :], upstream, _towards(moving, self.nested), *self.algebra()
            ):
                pass
        return [upstream.get(variable, 0) for variable in self.variables]

    def tangents(self, directions: list[Any]) -> list[Any]:
        """The tangent of every output along the directions of the variables."""
        outputs = self.outputs()
        recorded = [y for y in outputs if isinstance(y, Value)]
        directions = [x if isinstance(x, Value) else as_number(x) for x in directions]
        self.nested |= any(isinstance(direction, Value) for direction in directions)
        run = tangents if self.alone and not self.nested else self.swept
        try:
            found = run(self.order, self.variables, directions, recorded)
            if not self.nested:
                found = [*map(as_number, found)]
        except FAILURES:  # in a branch not taken, or explained by _live
            found = self.swept(_live(self.order, recorded), self.variables, directions, recorded)
        numbers = iter(found)
        return [self.given(next(numbers) if isinstance(y, Value) else 0) for y in outputs]

    def swept(
        self, order: list[Value], variables: list[Value], directions: list[Any], outputs: list[Value]
    ) -> list[Any]:
        """As `tangents`, as graphs where runs are nested, and towards what moves alone."""
        tangent = dict(zip(variables, directions, strict=True))
        with during(Run(self.name)):
            _sweep_forward(order, tangent, _towards(tangent, self.nested), *self.algebra())
        return [tangent.get(y, 0) for y in outputs]

    def algebra(self) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
        """How the sweeps multiply and add."""
        return (_product, _sum) if self.nested else (product, add)


def _places(name: str, argnums: Numbers, given: int) -> tuple[list[int], bool]:
    """The positions that argnums names among so many arguments, and whether it names one alone."""
    single = hasattr(type(argnums), "__index__")
    try:
        numbers = [index(argnums)] if single else [*map(index, argnums)]  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(
            f"{name}: argnums={argnums!r} is no position of an argument; give a whole number, or several as "
            "in argnums=(0, 1)"
        ) from None
    for number in numbers:
        if not -given <= number < given:
            called = f"{given} argument{'s'[: given != 1]}"
            raise IndexError(f"{name}: argnums={number}, but the function was called with {called}")
    places = [number % given for number in numbers]
    if len({*places}) < len(places):
        raise ValueError(f"{name}: argnums={argnums} names an argument twice")
    return places, single


def _arguments(name: str, primals: Any, what: str = "primals") -> tuple[Any, ...]:
    """The tuple of f's arguments, or of their tangents."""
    if not hasattr(primals, "__iter__") or isinstance(primals, str):
        raise TypeError(
            f"{name}: the {what} are a tuple with one for each argument of f, and not {short(primals)}: "
            f"{name}(f, (x,), (v,))"
        )
    return tuple(primals)


def _matching(name: str, tree: Any, what: str, other: Any, given: str) -> list[Any]:
    """The leaves of a tree of tangents that must have the shape of another one."""
    try:
        return matching(tree, other)
    except ValueError:
        wanted, found = len(leaves(tree)), len(leaves(other))
        verb = ("hold", "have") if given.endswith("s") else ("holds", "has")
        differ = f"{verb[0]} {found} number{'s'[: found != 1]} and the {what} {wanted}"
        if found == wanted:
            differ = f"{verb[1]} another structure than the {what}"
        raise ValueError(
            f"{name}: the {given} {differ}, {structure(other)} for {structure(tree)}; give a "
            f"{given.removesuffix('s')} for every number, in its place"
        ) from None


def _pair(name: str, result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError(
            f"{name}: with has_aux the function returns a pair, (number, anything else), and not "
            f"{short(result)}"
        )
    return result


def _live(order: list[Value], outputs: list[Value]) -> list[Value]:
    """The nodes that contribute to the outputs. What a rule among them raises names the operation."""
    live = {*outputs}
    for node in reversed(order):
        if node in live and node.args:
            live.update(arg for _, arg, _ in local_derivatives(node))
    return [node for node in order if node in live]


def _sweep_forward(
    order: Iterable[Value],
    tangent: dict[Value, Any],
    locals_of: Callable[[Value], Iterator[tuple[int, Value, Any]]],
    multiply: Callable[[Any, Any], Any],
    add: Callable[[Any, Any], Any],
) -> None:
    """The tangents of all nodes that depend on the variables, from those of the variables; see `sweep`."""
    for node in order:
        if node not in tangent:
            for position, argument, local in locals_of(node):
                try:
                    tangent[node] = add(tangent.get(node, 0), multiply(tangent[argument], local))
                except FAILURES as error:
                    raise node._op.explain(
                        error, node.args, f"local derivative by argument {position + 1} × tangent: "
                    ) from error


def _towards(
    moving: Container[Value], nested: bool = False
) -> Callable[[Value], Iterator[tuple[int, Value, Any]]]:
    """The local derivatives of a node by the arguments that are moving: as graphs where runs are nested."""

    def locals_of(node: Value) -> Iterator[tuple[int, Value, Any]]:
        wanted = [arg in moving for arg in node.args]
        return local_derivatives(node, wanted, _operands(node) if nested else None)

    return locals_of


def tangents(
    order: list[Value], variables: list[Value], directions: list[Any], outputs: list[Value]
) -> list[Any]:
    """The tangents of the outputs along the directions of the variables, in numbers."""
    tangent = dict(zip(variables, directions, strict=True))
    _sweep_forward(order, tangent, _towards(tangent), product, add)
    return [tangent.get(y, 0) for y in outputs]


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
                z = tower.series(node._op, args, numbers[-1], n)
                if isinstance(z, Series):
                    series[node] = z
    return series


def _operands(node: Value) -> tuple[Any, ...]:
    """What a rule is called with to give a graph: the arguments and the node, constants as numbers."""
    return (*(arg.data if arg.op is ops.constant else arg for arg in node.args), node)


# The graph of a derivative stays small: no product by 1, no sum with 0.


def _product(a: Any, b: Any) -> Any:
    for x, y in (a, b), (b, a):
        if not hasattr(type(x), "apply_op"):
            if x == 1:
                return y
            if x == -1:
                return -y
            if x == 0:
                return x
    return a * b


def _sum(a: Any, b: Any) -> Any:
    for x, y in (a, b), (b, a):
        if not hasattr(type(x), "apply_op") and x == 0:
            return y
    return a + b


with suppress(ImportError):  # the same, unrolled
    from autograd.fast import tangents
