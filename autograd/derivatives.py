"""Derivatives of functions, to any order: grad, jacobian, hessian, jvp, vjp, hvp, taylor.

Each transform runs the function once on lifted arguments, which records a graph, and sweeps over the graph:
backward for gradients, forward for tangents. The sweeps call the table's rules. Where a graph reaches no
Value but those that the transform has lifted, they are called with numbers, and the result is plain numbers.
Where it reaches another (the argument of an outer transform, or a Value of the user's), they are called with
Values, and the result is a graph of its own: that is how transforms nest.

    variables  the lifted arguments           upstream   ∂y/∂node, while sweeping backward
    y          what the function returned     tangent    the derivative of a node along a direction
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from copy import copy
from functools import wraps
from math import inf
from operator import add, index
from reprlib import repr as short
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from autograd import ops
from autograd.functions import is_array, one
from autograd.op import FAILURES, is_symbolic
from autograd.protocol import Numeric, as_number
from autograd.recording import Run, during, running
from autograd.series import Series, Tower, divide
from autograd.trees import is_opaque, leaves, like, matching, nest, structure
from autograd.value import (
    Value,
    constant,
    gradients,
    is_zero,
    local_derivatives,
    product,
    start,
    sweep,
    topological_order,
)

Function = Callable[..., Any]
Numbers = int | Sequence[int]  # of arguments
Edge = tuple[int, Value, Any]  # the position of an argument, the argument, the local derivative by it


class Gradient(NamedTuple):
    """What a function made by grad or value_and_grad does, for `compile`."""

    name: str
    f: Function
    argnums: Numbers
    has_aux: bool


GRADIENTS: WeakKeyDictionary[Function, Gradient] = WeakKeyDictionary()


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

    GRADIENTS[gradient_of_f] = Gradient("grad", f, argnums, has_aux)
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

    GRADIENTS[value_and_gradient] = Gradient(name, f, argnums, has_aux)
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
        return [*map(run.given, run.series(y, order))]


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
        places, self.single = positions(name, argnums, len(args))
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
        if self.is_plain(y):
            return gradients(order, y)[: len(self.variables)]
        upstream = self.swept_back(order, y)
        return [upstream.get(variable, 0) for variable in self.variables]

    def is_plain(self, *outputs: Any) -> bool:
        """Whether a sweep computes with numbers that are known, and meets no leaf but the variables."""
        return self.alone and not self.nested and not any(map(_is_open, outputs))

    def swept_back(self, order: list[Value], y: Value) -> dict[Value, Any]:
        """∂y/∂node for the nodes between y and the variables, as graphs where runs are nested."""
        moving = set(self.variables)
        for node in order:
            if any(arg in moving for arg in node.args):
                moving.add(node)
        upstream: dict[Value, Any] = {y: start(y)} if y in moving else {}
        masked = _mask(order, y)

        def locals_of(node: Value) -> Iterator[Edge]:
            arriving = [upstream[node] if arg in moving else None for arg in node.args]
            return masked(node, upstream[node], _asked(node, arriving, self.nested))

        with during(Run(self.name)):
            deque(sweep(order[len(self.variables) :], upstream, locals_of, *self.algebra()), maxlen=0)
        return upstream

    def tangents(self, directions: list[Any]) -> list[Any]:
        """The tangent of every output along the directions of the variables."""
        outputs = self.outputs()
        recorded = [y for y in outputs if isinstance(y, Value)]
        directions = [x if isinstance(x, Value) else as_number(x) for x in directions]
        self.nested |= any(isinstance(direction, Value) for direction in directions)
        numbers = iter(self.along(directions, recorded))
        return [self.given(next(numbers) if isinstance(y, Value) else 0) for y in outputs]

    def along(self, directions: list[Any], outputs: list[Value]) -> list[Any]:
        """The same of recorded outputs, in the first way that leads to numbers."""
        if any(map(_is_open, outputs)) and _steep(self.order):
            return [self.swept_along(y, directions) for y in outputs]
        for run in tangents if self.is_plain(*outputs) else self.swept, self.swept:
            with suppress(*FAILURES):
                found = run(self.order, self.variables, directions, outputs)
                found = found if self.nested else [*map(as_number, found)]
                if not any(map(_is_nan, found)):  # of 0 · ∞
                    return found
        # A slope does not exist: for which nothing asks, or the sweep explains it.
        return self.swept(self.live(outputs), self.variables, directions, outputs)

    def swept_along(self, y: Value, directions: list[Any]) -> Any:
        """The tangent of y by its gradient: reverse mode knows for which slopes nothing asks."""
        multiply, add = self.algebra()
        tangent: Any = 0
        for direction, slope in zip(directions, self.gradient(y), strict=True):
            tangent = add(tangent, multiply(direction, _unless_0(direction, slope)))
        return tangent

    def swept(
        self, order: list[Value], variables: list[Value], directions: list[Any], outputs: list[Value]
    ) -> list[Any]:
        """As `tangents`, as graphs where runs are nested, and towards what moves alone."""
        tangent = dict(zip(variables, directions, strict=True))
        with during(Run(self.name)):
            _sweep_forward(order, tangent, self.nested, *self.algebra())
        return [tangent.get(y, 0) for y in outputs]

    def live(self, outputs: list[Value]) -> list[Value]:
        """The nodes that some output asks of. The others contribute nothing, whatever their slopes are.

        A node is asked if the gradient of an output by it is not 0; or is a Value whose number is 0, and the
        slopes exist: see `_asked`.
        """
        live: set[Value] = set()
        try:
            for y in outputs:
                for node, upstream in self.swept_back(self.order, y).items():
                    if not is_zero(upstream) and (not _is_live_zero(upstream) or _is_smooth(node)):
                        live.add(node)
        except FAILURES:
            return _reached(self.order, outputs)
        return [node for node in self.order if node in live]

    def series(self, y: Any, n: int) -> list[Any]:
        """The coefficients of y to the order n.

        Where a slope does not exist, that may be one that nothing asks for. So y′ is swept back as a graph,
        by which taylor knows what grad of grad knows, and integrated: z_k = (y′)_{k−1} / k.
        """
        if not isinstance(y, Value) or n == 0:
            return [y, *[0] * n]
        order = topological_order(y, leaves=self.variables)
        for all_nodes in True, False:
            with suppress(*FAILURES):
                z = _sweep_series(self, order if all_nodes else _reached(order, [y]), n).get(y)
                found = [y, *[0] * n] if z is None else z.known
                if _is_nan(y) or not any(map(_is_nan, found)):  # of 0 · ∞
                    return found
        graphs = copy(self)
        graphs.nested = True
        slope = graphs.swept_back(order, y).get(self.variables[0], 0)
        rates = self.series(slope, n - 1)
        return [y, *map(divide, rates if self.nested else map(self.given, rates), range(1, n + 1))]

    def algebra(self) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
        """How the sweeps multiply and add."""
        return (_product, _sum) if self.nested else (product, add)


def positions(name: str, argnums: Numbers, given: int) -> tuple[list[int], bool]:
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


def _reached(order: list[Value], outputs: list[Value]) -> list[Value]:
    """The nodes that contribute to the outputs, be it 0: in a branch not taken there are none.

    What a rule among them raises names the operation.
    """
    reached = {*outputs}
    for node in reversed(order):
        if node in reached and node.args:
            reached.update(arg for _, arg, _ in local_derivatives(node))
    return [node for node in order if node in reached]


def _sweep_forward(
    order: Iterable[Value],
    tangent: dict[Value, Any],
    nested: bool,
    multiply: Callable[[Any, Any], Any],
    add: Callable[[Any, Any], Any],
) -> None:
    """The tangents of all nodes that depend on the variables, from those of the variables; see `sweep`."""
    for node in order:
        if node not in tangent:
            for position, argument, local in _asked(node, [*map(tangent.get, node.args)], nested):
                along = tangent[argument]
                try:
                    contribution = along if local is None else multiply(along, local)
                    tangent[node] = add(tangent.get(node, 0), contribution)
                except FAILURES as error:
                    raise node._op.explain(
                        error, node.args, f"local derivative by argument {position + 1} × tangent: "
                    ) from error


def _asked(node: Value, arriving: Sequence[Any], nested: bool) -> Iterator[Edge]:
    """(position, argument, local) for every argument with something to multiply: an upstream, or a tangent.

    A number that is exactly 0 asks for no slope: local is None. A Value whose number is 0 does ask, as it may
    have a derivative of its own. Where the slope does not exist, 0 times it is the number 0 all the same, so
    that a graph has the numbers that a plain pass has; the derivative of this product is lost, as that of
    sqrt(x)² at 0 is.
    """
    asking = [not (x is None or is_zero(x)) for x in arriving]
    operands = _operands(node) if nested else None
    lost: dict[int, Any] = {}
    try:
        found = {i: local for i, _, local in local_derivatives(node, asking, operands)}
    except FAILURES:
        lost = {i: x.data for i, x in enumerate(arriving) if _is_live_zero(x)}
        if not lost:
            raise
        asking = [ask and i not in lost for i, ask in enumerate(asking)]
        found = {i: local for i, _, local in local_derivatives(node, asking, operands)} if any(asking) else {}
    for i, x in enumerate(arriving):
        if i in found or i in lost:
            yield i, node.args[i], found[i] if i in found else lost[i]
        elif x is not None and not asking[i] and is_zero(x):
            yield i, node.args[i], None


def _steep(order: list[Value]) -> set[Value]:
    """The nodes whose slopes may not be finite while their results are: sqrt, and branches not taken."""
    steep = {node for node in order if node.args and node._op.is_steep(_operands(node)[:-1])}
    below: set[Value] = set()
    for node in reversed(order):
        if node in below or node._op is ops.where:
            below.update(node.args)
    return steep | below


def _mask(order: list[Value], y: Value) -> Callable[[Value, Any, Iterator[Edge]], Iterator[Edge]]:
    """What makes 0 · ∞ 0 in the edges of a node: nothing to do where it is known what is 0."""
    steep = _steep(order) if _is_open(y) else set()

    def masked(node: Value, upstream: Any, edges: Iterator[Edge]) -> Iterator[Edge]:
        return ((i, arg, _unless_0(upstream, x)) for i, arg, x in edges) if node in steep else edges

    return masked


def _unless_0(upstream: Any, local: Any) -> Any:
    """A local derivative to multiply by; of numbers not known yet, 0 in place of ∞ if the upstream is 0."""
    if not _is_open(upstream) or not isinstance(local, Numeric):
        return local
    return ops.where((upstream != 0) | (ops.absolute(local) < inf), local, 0)


def tangents(
    order: list[Value], variables: list[Value], directions: list[Any], outputs: list[Value]
) -> list[Any]:
    """The tangents of the outputs along the directions of the variables, in numbers."""
    tangent = dict(zip(variables, directions, strict=True))
    _sweep_forward(order, tangent, False, product, add)
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
    z = a * b
    return a.data if _is_nan(z) and _is_live_zero(a) else z  # 0 · ∞


def _is_live_zero(x: Any) -> bool:
    """Whether it is a Value whose number is 0."""
    return isinstance(x, Value) and not _is_open(x) and not x.data


def _is_nan(x: Any) -> bool:
    """Whether it is nan, or a Value whose number is."""
    return not _is_open(x) and bool(x != x)


def _is_open(x: Any) -> bool:
    """Whether its number may yet be any: that of a symbol, and while `compile` records that of any Value."""
    return is_symbolic(x) or (isinstance(x, Value) and (run := running.get()) is not None and run.symbolic)


def _is_smooth(node: Value) -> bool:
    """Whether all local derivatives of a node exist."""
    try:
        return all(abs(local) < inf for _, _, local in local_derivatives(node))
    except FAILURES:
        return False


def _sum(a: Any, b: Any) -> Any:
    for x, y in (a, b), (b, a):
        if not hasattr(type(x), "apply_op") and x == 0:
            return y
    return a + b


with suppress(ImportError):  # the same, unrolled
    from autograd.fast import tangents
