"""Value: a number that remembers how it was computed, and reverse-mode differentiation over its graph.

The engine knows no operation: it applies rows of the table (`ops`) and reads their rules.

    root      the value that is differentiated        local       ∂node/∂argument, from the row's rule
    upstream  ∂root/∂node                             record      (*args, *operands, result) of a node
"""

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from numbers import Integral, Number
from typing import TYPE_CHECKING, Any

from autograd import ops
from autograd.functions import one
from autograd.ops import Op

# The scope that new nodes belong to, "" outside of all, or None where nothing is recorded (no_grad).
mode: ContextVar[str | None] = ContextVar("mode", default="")
# The name of the transform (grad, jvp, …) that is running the user's function, "" outside of all.
transform: ContextVar[str] = ContextVar("transform", default="")
# While compile records: what stands for a Value in a comparison, a symbol, or the number of a constant.
tracer: ContextVar[Callable[["Value"], Any] | None] = ContextVar("tracer", default=None)
new = object.__new__


@contextmanager
def no_grad() -> Iterator[None]:
    """Record nothing inside the block: results are constants. Holds for this thread or task alone."""
    if tracer.get() is not None:
        raise TypeError("no_grad inside compile would freeze numbers of now; compute them before, outside")
    token = mode.set(None)
    try:
        yield
    finally:
        mode.reset(token)


class scope:  # noqa: N801 (used like a function; as a generator it takes four times as long)
    """Note on every Value made inside the block that it belongs to `name`, so that pictures can group.

    Scopes nest: `neuron3` inside `layer1` is `layer1.neuron3`. Holds for this thread or task alone.

    >>> with scope("layer1"), scope("neuron3"):
    ...     Value(1.0).scope
    'layer1.neuron3'
    """

    __slots__ = ("_tokens", "name")

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not name:
            raise TypeError(f"scope needs a name, not {name!r}: with scope('layer1'): …")
        self.name = name
        self._tokens: list[Token[str | None]] = []  # one for every block that is open

    def __enter__(self) -> None:
        outer = mode.get()
        inner = outer if outer is None else f"{outer}.{self.name}" if outer else self.name
        self._tokens.append(mode.set(inner))

    def __exit__(self, *error: object) -> None:
        mode.reset(self._tokens.pop())


class Value:
    """A number in a graph: a leaf `Value(3.0, label="x")`, or the recorded result of an operation.

    data   the number: int, float, complex, Fraction, Decimal, an mpmath number or a NumPy scalar
    grad   ∂root/∂self after `root.backward()`; a leaf accumulates over passes, a node between is fresh
    op     the row of the table that made it; None for a leaf
    args   the Values it was made from, in the operation's order
    scope  the `with scope(…)` it was made in, "" outside

    `data`, `grad`, `label` and `scope` may be set at any time. A backward pass works with the numbers
    that were recorded, so that setting `data` after the forward pass never gives a wrong gradient.

    >>> x = Value(3.0)
    >>> y = x * x + 2 * x
    >>> y.backward()
    >>> x.grad
    8.0
    """

    # One tuple holds the arguments and the numbers that the rules need: 168 bytes for a product.
    __slots__ = ("_op", "_record", "data", "grad", "label", "scope")

    data: Any
    grad: Any
    label: str
    scope: str
    _op: Any
    _record: tuple[Any, ...]

    def __init__(self, data: Any, label: str = "") -> None:
        self.data = as_number(data)
        self.grad = 0
        self.label = label
        self.scope = mode.get() or ""
        self._op = None
        self._record = ()

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

    def apply_op(self, op: Op, args: tuple[Any, ...]) -> Any:
        """Record op(*args), with constants for the plain numbers among the arguments."""
        if op.arity == 1:
            return _apply_to_one(op, self)
        nodes = args
        numbers = [arg.data for arg in args if type(arg) is Value]
        if len(numbers) < len(args):
            nodes = tuple([_operand(op, arg, args) for arg in args])
            if any(node is NotImplemented for node in nodes):
                return NotImplemented
            numbers = [node.data for node in nodes]
        z = op.evaluate(numbers, nodes)
        if type(z) is not float:
            z = _result(op, z, nodes)
        if not op.partials:
            return constant(z, op.symbol)
        scope = mode.get()
        return constant(z) if scope is None else _node(op, z, 0, "", scope, (*nodes, *numbers, z))

    def apply_rows(self, op: Op, rows: Sequence[Sequence[Any]], x: tuple[Any, ...]) -> Any:
        """[op(row, x) for row in rows]; NotImplemented where not all arguments are Values.

        The numbers of x are read once: a third of the forward pass of a network (tests/benchmarks).
        """
        shared = [arg.data for arg in x if type(arg) is Value]
        scope, made = mode.get(), []
        for row in rows:
            numbers = [arg.data for arg in row if type(arg) is Value]
            if not len(shared) == len(numbers) == len(x) == len(row):
                return NotImplemented
            nodes = (*row, *x)
            numbers += shared
            try:
                z = op.function(*numbers)
            except (ArithmeticError, ValueError, TypeError) as error:
                raise op.explain(error, nodes) from error
            if type(z) is not float:
                z = _result(op, z, nodes)
            made.append(constant(z) if scope is None else _node(op, z, 0, "", scope, (*nodes, *numbers, z)))
        return made

    # ── Differentiation ─────────────────────────────────────────────────────────────────────────────

    def backward(self, seed: Any = 1) -> None:
        """Give every node of the graph its gradient ∂self/∂node, times `seed`.

        Leaves add it to what they hold; nodes between are fresh in each pass; constants get none. For
        complex numbers it is the complex derivative. RuntimeError where there is nothing to
        differentiate; a local derivative that does not exist raises what its rule raises, naming the
        operation, and leaves the leaves as they were.
        """
        order = topological_order(self)
        silent = mode.get() is None
        if silent or all(node._op is not None for node in order):
            why = "called under no_grad" if silent else "it depends on no leaf"
            raise RuntimeError(
                f"backward of {self!r}: {why}; record from Value(…) and call it outside no_grad"
            )
        accumulate(order, self, seed)

    def zero_grad(self) -> None:
        """Set the gradient of every node of the graph to 0."""
        for node in topological_order(self):
            if node._op is not ops.constant:
                node.grad = 0

    # ── Python's number protocol ────────────────────────────────────────────────────────────────────
    # The methods of the infix rows, and `exp`, `relu`, … (by which NumPy applies its functions to
    # plain object arrays), are made from the table below the class.

    def __pos__(self) -> "Value":
        return self

    # A real number is its own conjugate and real part (np.std and np.vdot ask for them). Of a complex one
    # they have no complex derivative.

    def conjugate(self) -> "Value":
        """The value itself, of a real number; TypeError for a complex one."""
        return self._real("conjugate")

    @property
    def real(self) -> "Value":
        """The value itself, of a real number; TypeError for a complex one."""
        return self._real("real")

    @property
    def imag(self) -> "Value":
        """The constant 0, of a real number; TypeError for a complex one."""
        return constant(0 * self._real("imag").data)

    def _real(self, part: str) -> "Value":
        if ops.is_complex(self.data):
            raise TypeError(
                f"{part}({ops.describe(self)}): not analytic, so a complex number has no derivative of it; "
                "use .data if that is meant, or keep the real and the imaginary part as two Values"
            )
        return self

    def __divmod__(self, other: Any) -> tuple["Value", "Value"]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple["Value", "Value"]:
        return other // self, other % self

    # Leaving the graph: a plain number has no derivative. Inside grad, jvp, … that raises, so that
    # math.sin(x) never drops one silently.

    def __float__(self) -> float:
        return float(self._leave("float"))

    def __int__(self) -> int:
        return int(self._leave("int"))

    def __complex__(self) -> complex:
        return complex(self._leave("complex"))

    def __round__(self, digits: int | None = None) -> Any:
        return round(self._leave("round"), digits)

    def __floor__(self) -> Any:
        return math.floor(self._leave("floor"))

    def __ceil__(self) -> Any:
        return math.ceil(self._leave("ceil"))

    def __trunc__(self) -> Any:
        return math.trunc(self._leave("trunc"))

    def _leave(self, function: str) -> Any:
        if (name := transform.get()) and self._op is not ops.constant:
            raise TypeError(
                f"{function}({ops.describe(self)}) inside {name} would drop its derivative; use .data if "
                "that is meant, and autograd's functions in place of math's"
            )
        return self.data

    def __bool__(self) -> bool:
        traced = tracer.get()
        return bool(self.data if traced is None else traced(self))

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else str(self)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        grad = f", grad={self.grad!r}" if self._op is not ops.constant else ", constant"
        return f"Value({self.data!r}{label}{grad})"

    # Values compare by number, and hash by identity, so that a graph can live in sets and dicts.

    __hash__ = object.__hash__

    def _state(self) -> tuple[Op | None, Any, Any, str, str]:
        """All that a node is but its record: the first arguments of `_node`."""
        return self._op, self.data, self.grad, self.label, self.scope

    # ── Copying and pickling, without recursion over the graph ──────────────────────────────────────

    def __copy__(self) -> "Value":
        """Another node with the same arguments."""
        return _node(*self._state(), record=self._record)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Value":
        for node in topological_order(self):
            if id(node) not in memo:
                n = len(node._record) >> 1
                args = [memo[id(arg)] for arg in node._record[:n]]
                memo[id(node)] = _node(*node._state(), record=(*args, *node._record[n:]))
        return memo[id(self)]  # type: ignore[no-any-return]

    def __reduce__(self) -> tuple[Any, ...]:
        """One flat list of the graph, its leaves whole, so that graphs pickled together share them."""
        if not self._record:
            return _node, self._state()
        order = topological_order(self)
        place = {node: i for i, node in enumerate(order)}
        flat: list[Any] = []
        for node in order:
            n = len(node._record) >> 1
            args, numbers = [place[arg] for arg in node._record[:n]], node._record[n:]
            flat.append((node._state(), args, numbers) if n else node)
        return _unflatten, (flat,)

    if TYPE_CHECKING:  # what _make_methods adds

        def __getattr__(self, name: str) -> Callable[..., "Value"]: ...
        def __add__(self, other: Any) -> "Value": ...

        __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __add__
        __pow__ = __rpow__ = __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = __add__

        def __neg__(self) -> "Value": ...
        def __abs__(self) -> "Value": ...
        def __lt__(self, other: Any) -> bool: ...

        __le__ = __gt__ = __ge__ = __lt__


def _node(
    op: Op | None, data: Any, grad: Any = 0, label: str = "", scope: str = "", record: tuple[Any, ...] = ()
) -> Value:
    """A Value of whatever state; the only maker of recorded nodes but for the operators."""
    node = new(Value)
    node.data = data
    node.grad = grad
    node.label = label
    node.scope = scope
    node._op = op
    node._record = record
    return node


def _unflatten(flat: list[Any]) -> Value:
    """The graph that `Value.__reduce__` wrote; its root is the last node."""
    nodes: list[Value] = []
    for item in flat:
        if not isinstance(item, Value):
            state, args, numbers = item
            op, x, grad, label, scope = state
            item = _node(op, x, grad, label, scope, (*[nodes[i] for i in args], *numbers))
        nodes.append(item)
    return nodes[-1]


def constant(data: Any, label: str = "") -> Value:
    """A number in the graph that is drawn but gets no gradient (`grad` is None)."""
    return _node(ops.constant, as_number(data), None, label)


def as_number(data: Any) -> Any:
    """The number as a Value holds it; TypeError for anything else.

    NumPy's integers and booleans become int, and its float64 and complex128 Python's float and complex.
    """
    kind = type(data)
    if kind is float or kind is int:
        return data
    if isinstance(data, Integral) or kind.__name__ in ("bool", "bool_"):
        return int(data)
    if isinstance(data, float):
        return float(data)
    if isinstance(data, complex):
        return complex(data)
    if isinstance(data, Number):
        return data
    if isinstance(data, Value):
        remedy = "it is a Value already: use it, or its .data"
    elif isinstance(data, list | tuple) or hasattr(data, "__array__"):
        remedy = "a Value holds one number: autograd.array makes an array of Values"
    else:
        remedy = "give an int, float, complex, Fraction, Decimal, mpmath or NumPy number"
    raise TypeError(f"{ops.describe(data)} is a {kind.__name__}, not a number; {remedy}")


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
            continue
        while node not in seen:
            seen.add(node)
            record = node._record
            if len(record) == 5:  # two arguments and one, unrolled: a third of the time of the sort
                stack.append(node)
                stack.append(None)
                node, b = record[0], record[1]
                if b not in seen:
                    stack.append(b)
            elif len(record) == 3:
                stack.append(node)
                stack.append(None)
                node = record[0]
            elif record:
                args = record[: len(record) >> 1]
                if seen.issuperset(args):  # as in every neuron of a layer, once its weights are placed
                    order.append(node)
                    break
                stack.append(node)
                stack.append(None)
                stack.extend(reversed(args))
                break
            else:
                order.append(node)
    return order


def accumulate(order: list[Value], root: Value, seed: Any = 1) -> None:
    """The reverse sweep over a graph in topological order: see `Value.backward`."""
    seed = as_number(seed) * one(root.data)
    leaves = [(node, node.grad) for node in order if node._op is None]
    constant_op = ops.constant
    for node in order:
        if node._op is not constant_op:
            node.grad = False  # the 0 that says: nothing has arrived here
    root.grad = seed
    try:
        for node in reversed(order):
            if not (record := node._record):
                continue
            op, upstream = node._op, node.grad
            if upstream is False:  # a branch not taken, where 0 times an infinite slope would be nan
                node.grad = 0
                continue
            # Two arguments, one and sequences, written out: a fifth off a step (tests/benchmarks).
            if op.arity == 2:
                a, b, x, y, z = record
                by_x, by_y = op.partials
                if a._op is not constant_op:
                    local = by_x(x, y, z)
                    if local is not None:
                        a.grad += upstream * local
                if b._op is not constant_op:
                    local = by_y(x, y, z)
                    if local is not None:
                        b.grad += upstream * local
            elif op.arity == 1 and record[0]._op is not constant_op:
                a, x, z = record
                local = op.partials[0](x, z)
                if local is not None:
                    a.grad += upstream * local
            elif op.sequences:
                n = len(record) >> 1
                locals_ = op.partials[0](record[n:-1], record[-1])
                if len(locals_) != n:
                    raise ValueError  # which local_derivatives explains below
                for arg, local in zip(record, locals_, strict=False):
                    if arg._op is not constant_op and local is not None:
                        arg.grad += upstream * local
            else:
                for _, arg, local in local_derivatives(node):
                    arg.grad += upstream * local
    except BaseException as error:  # also Ctrl-C: no leaf is left with half a gradient
        for touched in order:
            touched.grad = None if touched._op is constant_op else 0
        for leaf, before in leaves:
            leaf.grad = before
        if not isinstance(error, ArithmeticError | ValueError | TypeError):
            raise
        for _ in local_derivatives(node):
            pass  # a rule that fails does so again here, where it is explained
        raise op.explain(error, node.args, "upstream × local derivative: ") from error
    fresh = [leaf.grad for leaf, _ in leaves]
    for leaf, before in leaves:
        leaf.grad = before
    totals = [
        new if leaf.grad is None else leaf.grad + new for (leaf, _), new in zip(leaves, fresh, strict=True)
    ]
    for (leaf, _), total in zip(leaves, totals, strict=True):  # all of them, or none if a sum fails
        leaf.grad = total


def local_derivatives(
    node: Value, wanted: Sequence[bool] | None = None, operands: Sequence[Any] | None = None
) -> Iterator[tuple[int, Value, Any]]:
    """(position, argument, ∂node/∂argument) for each argument of a recorded node.

    Leaves out arguments that are not wanted (without `wanted`: the constants, towards which nothing is
    computed), and those whose rule returns None. The rules are called with the numbers recorded, or with
    `operands`: for Values (of the arguments, then of the node) they give graphs. What a rule raises names
    the operation and its arguments.
    """
    record = node._record
    n = len(record) >> 1
    if wanted is None:
        wanted = [arg._op is not ops.constant for arg in record[:n]]
    try:
        locals_ = node._op.local_derivatives(operands or record[n:], wanted)
    except (ArithmeticError, ValueError, TypeError) as error:
        raise node._op.explain(error, record[:n], "its local derivative: ") from error
    for i, local in enumerate(locals_):
        if local is not None:
            yield i, record[i], local


# ── Methods made from the table ─────────────────────────────────────────────────────────────────────


def _operand(op: Op, arg: Any, args: tuple[Any, ...]) -> Any:
    """An argument of `op` as a Value; NotImplemented where its own type is to decide."""
    kind = type(arg)
    if kind is float or kind is int:
        return _node(ops.constant, arg, None)
    if isinstance(arg, Value):
        return arg
    if not isinstance(arg, Number) and (hasattr(kind, "apply_op") or kind.__module__ != "builtins"):
        return NotImplemented  # an array, a dual number, a tracer
    try:
        return constant(arg)
    except TypeError as error:
        raise TypeError(f"{op.describe(args)}: {error}") from None


def _result(op: Op, z: Any, args: tuple[Any, ...]) -> Any:
    """What the function of a row gave, as the number that a Value holds."""
    try:
        return as_number(z)
    except TypeError as error:
        raise TypeError(f"{op.describe(args)} gave no number: {error}") from None


def _apply_to_one(op: Op, arg: Value) -> Value:
    """`Value.apply_op` for the rows with one argument, in a third of its time."""
    x = arg.data
    z = op.evaluate((x,), (arg,))
    if type(z) is not float:
        z = _result(op, z, (arg,))
    scope = mode.get()
    return constant(z) if scope is None else _node(op, z, 0, "", scope, (arg, x, z))


def _infix(op: Op) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The operator method of a row with two arguments, and its reflected twin."""

    def method(self: Value, other: Any) -> Any:
        if type(other) is not Value:
            other = _operand(op, other, (self, other))
            if other is NotImplemented:
                return NotImplemented
        x, y = self.data, other.data
        try:
            z = op.function(x, y)
        except (ArithmeticError, ValueError, TypeError) as error:
            raise op.explain(error, (self, other)) from error
        if type(z) is not float:
            z = as_number(z)
        scope = mode.get()
        if scope is None:
            return constant(z)
        node = new(Value)  # _node(op, z, 0, "", scope, (self, other, x, y, z)), written out for speed
        node.data = z
        node.grad = 0
        node._op = op
        node._record = (self, other, x, y, z)
        node.label = ""
        node.scope = scope
        return node

    def reflected(self: Value, other: Any) -> Any:
        other = _operand(op, other, (other, self))
        return NotImplemented if other is NotImplemented else method(other, self)

    return method, reflected


def _prefix(op: Op) -> Callable[[Value], Any]:
    """The method of a row with one argument."""

    def method(self: Value) -> Any:
        return _apply_to_one(op, self)

    return method


def _call(op: Op) -> Callable[..., Any]:
    """The method of a row: `x.exp()`, `x.maximum(y)`."""

    def method(self: Value, *args: Any) -> Any:
        return op(self, *args)

    return method


def _comparison(compare: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """A comparison by number."""

    def method(self: Value, other: Any) -> Any:
        if (traced := tracer.get()) is not None:
            other = traced(other) if isinstance(other, Value) else other
            return compare(traced(self), other)
        if isinstance(other, Value):
            other = other.data
        elif not isinstance(other, Number):
            return NotImplemented
        return compare(self.data, other)

    return method


def _make_methods() -> None:
    methods: dict[str, Callable[..., Any]] = {"__neg__": _prefix(ops.neg), "__abs__": _prefix(ops.absolute)}
    for name, op in ops.METHODS.items():
        methods[name] = _prefix(op) if op.arity == 1 else _call(op)
    for name, op in ops.OPERATORS.items():
        methods[f"__{name}__"], methods[f"__r{name}__"] = _infix(op)
    for name in ("lt", "le", "eq", "ne", "gt", "ge"):
        methods[f"__{name}__"] = _comparison(getattr(operator, name))
    for name, method in methods.items():
        method.__name__ = name
        setattr(Value, name, method)


_make_methods()
