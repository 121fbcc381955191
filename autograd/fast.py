"""The plain loops of `value` again, unrolled: nothing here is new, and without it nothing else changes.

As CPython has `heapq` and `_heapq`: read the other file, run this one. What it buys is measured in
docs/benchmarks.md; tests/test_fast.py holds that both give the same numbers, types and errors. Wherever
something is not as expected (an error, a number of an unknown type, another pass at work) the plain loop is
called, which does it right and explains what is wrong: hence no error is looked at here.

    mark   a slot of every Value, to which one pass at a time may write: where the sort has been, or what
           has arrived at the node. An attribute is several times as fast as an entry of a set or a dict
    a, b   arguments of a node        x, y    their numbers        z   the node's number, the result
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from threading import Lock
from types import ModuleType
from typing import Any

from autograd import ops
from autograd.op import FAILURES, REFUSED, Op
from autograd.recording import UNNAMED, mode

new = object.__new__
names_now = mode.get  # bound once: `mode.get()` binds it anew at every call
constant_op = ops.constant
marking = Lock()  # who does not get it at once (a thread, a rule that sorts) takes the plain loop
SETTLED = {float, int, complex, Fraction, Decimal}  # types that `value.as_number` leaves as they are
NOTHING = False  # has arrived: a 0 to add to, and no number that sums give

# What `unroll` finds in `value`.
Value: Any = None
plain_apply: Any = None
plain_gradients: Any = None
plain_matvec: Any = None
plain_order: Any = None
as_number: Any = None
start: Any = None
known: set[type] = {float, int}  # types of numbers that a gradient has had


def unroll(value: ModuleType) -> None:
    """Put the loops of this file in the places of those in `value` and of `ops.matvec`."""
    global Value, as_number, plain_apply, plain_gradients, plain_matvec, plain_order, start
    Value, as_number, start, plain_apply = value.Value, value.as_number, value.start, value.Value.apply_op
    plain_order, plain_gradients, plain_matvec = value.topological_order, value.gradients, ops.matvec
    Value.apply_op = apply_op
    for name, method in methods().items():
        method.__name__ = name
        setattr(Value, name, method)
    Value.__init_subclass__ = classmethod(step_aside)
    for function in topological_order, gradients:
        function.__doc__ = getattr(value, function.__name__).__doc__
        setattr(value, function.__name__, function)
    ops.matvec = matvec


def methods() -> dict[str, Callable[..., Any]]:
    """The methods of Value by name, in place of those that `protocol` makes from the table."""
    found: dict[str, Callable[..., Any]] = {}
    for name, op in ops.OPERATORS.items():
        found[f"__{name}__"], found[f"__r{name}__"] = infix(op)
    found["__pow__"] = to_power(found["__pow__"])
    found |= {name: called(op) for name, op in ops.METHODS.items() if op.arity == 1}
    return found | {"__neg__": prefix(ops.neg), "__abs__": prefix(ops.absolute)}


def step_aside(subclass: Any, /, **options: Any) -> None:
    """Give a subclass with an `apply_op` of its own the plain methods, which ask it."""
    super(Value, subclass).__init_subclass__(**options)
    if "apply_op" in vars(subclass):
        for name in methods().keys() - reflections() - vars(subclass).keys():
            setattr(subclass, name, getattr(super(Value, subclass), name))


def reflections() -> set[str]:
    """The reflected operators: Python would try a subclass's own first, so these look at the type."""
    return {f"__r{name}__" for name in ops.OPERATORS}


# ── Recording ───────────────────────────────────────────────────────────────────────────────────────


def node_of(op: Op | None, z: Any, grad: Any, names: Any, record: tuple[Any, ...]) -> Any:
    """As `value.make`."""
    node = new(Value)
    node.data = z
    node.grad = grad
    node._op = op
    node._names = names
    node._record = record
    node._mark = None
    return node


def apply_op(self: Any, op: Op, args: tuple[Any, ...]) -> Any:
    """Record op(*args), with constants for the plain numbers among the arguments."""
    names = names_now()
    if op.arity == 1 and names is not None:
        return apply_to_one(op, self, names)
    numbers = [arg.data for arg in args if type(arg) is Value]
    if names is None or len(numbers) < len(args) or not op.partials:
        return plain_apply(self, op, args)
    if op.kind in REFUSED or op.parameters:  # where(True, 1.0, symbol) is a symbol, though its number is 1
        return plain_apply(self, op, args)
    try:
        z = op.function(*numbers)
    except Exception:
        return plain_apply(self, op, args)
    if type(z) not in SETTLED:
        return plain_apply(self, op, args)
    return node_of(op, z, 0, names, (*args, *numbers, z))


def apply_to_one(op: Op, a: Any, names: Any) -> Any:
    """The same for one argument."""
    x = a.data
    if type(x) is not float:
        return plain_apply(a, op, (a,))
    try:
        z = op.function(x)
    except Exception:
        return plain_apply(a, op, (a,))
    if type(z) is not float:
        return plain_apply(a, op, (a,))
    return node_of(op, z, 0, names, (a, x, z))


def prefix(op: Op) -> Callable[[Any], Any]:
    """The operator method of a row with one argument."""

    def method(self: Any) -> Any:
        names = names_now()
        return plain_apply(self, op, (self,)) if names is None else apply_to_one(op, self, names)

    return method


def called(op: Op) -> Callable[..., Any]:
    """The method x.exp() of such a row, which says itself what it thinks of further arguments."""
    method = prefix(op)

    def call(self: Any, *args: Any, **named: Any) -> Any:
        return op(self, *args, **named) if args or named else method(self)

    return call


def infix(op: Op) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The operator method of a row with two arguments, and its reflected twin."""

    def method(self: Any, other: Any) -> Any:
        if type(other) is not Value:
            kind = type(other)
            if kind is not float and kind is not int:
                return plain(self, other)
            other = node_of(constant_op, other, None, UNNAMED, ())
        x, y = self.data, other.data
        try:
            z = op.function(x, y)
        except Exception:
            return plain(self, other)
        names = names_now()
        if names is None or (type(z) is not float and type(z) not in SETTLED):
            return plain(self, other)
        node = new(Value)  # node_of(op, z, 0, names, (self, other, x, y, z)), written out
        node.data = z
        node.grad = 0
        node._op = op
        node._names = names
        node._record = (self, other, x, y, z)
        node._mark = None
        return node

    def reflected(self: Any, other: Any) -> Any:
        kind = type(other)
        if type(self) is not Value or (kind is not float and kind is not int):
            return self.apply_op(op, (other, self))
        return method(node_of(constant_op, other, None, UNNAMED, ()), self)

    def plain(self: Any, other: Any) -> Any:
        return plain_apply(self, op, (self, other))

    return method, reflected


def to_power(method: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """The method of `**`, which Python calls with three arguments for pow(x, y, modulus)."""
    refuse = Value.__pow__

    def power(self: Any, other: Any, modulus: Any = None) -> Any:
        return method(self, other) if modulus is None else refuse(self, other, modulus)

    return power


def matvec(rows: Sequence[Sequence[Any]], x: Sequence[Any]) -> list[Any]:
    """The dot of every row with x: a matrix times a vector, one node for every row."""
    x, rows = tuple(x), list(rows)
    shared = [arg.data for arg in x if type(arg) is Value]
    names = names_now()
    if names is None or not shared or len(shared) < len(x):
        return plain_matvec(rows, x)  # type: ignore[no-any-return]
    made = []
    for row in rows:
        if type(row) is not list and type(row) is not tuple:
            return plain_matvec(rows, x)  # type: ignore[no-any-return]
        numbers = [arg.data for arg in row if type(arg) is Value]
        if not len(shared) == len(numbers) == len(row):
            return plain_matvec(rows, x)  # type: ignore[no-any-return]
        numbers += shared
        try:
            z = ops.dot.function(*numbers)
        except Exception:
            return plain_matvec(rows, x)  # type: ignore[no-any-return]
        if type(z) not in SETTLED:
            return plain_matvec(rows, x)  # type: ignore[no-any-return]
        made.append(node_of(ops.dot, z, 0, names, (*row, *x, *numbers, z)))
    return made


# ── Sorting and sweeping ────────────────────────────────────────────────────────────────────────────


def topological_order(*roots: Any, leaves: Iterable[Any] = ()) -> list[Any]:
    """As `value.topological_order`; the seen nodes are marked."""
    leaves = [*leaves]
    if not marking.locked():
        with suppress(AttributeError), marking:  # of a node that is no Value
            return sort([*reversed(roots)], leaves)
    return plain_order(*roots, leaves=leaves)  # type: ignore[no-any-return]


def sort(stack: list[Any], leaves: Iterable[Any]) -> list[Any]:
    """The nodes below those on the stack, each after its arguments."""
    order, seen = [*leaves], object()
    for node in order:
        node._mark = seen
    while stack:
        node = stack.pop()
        if node is None:  # all arguments of the node below it are placed
            order.append(stack.pop())
            continue
        while node._mark is not seen:
            node._mark = seen
            record = node._record
            if len(record) == 5:  # two arguments
                stack.append(node)
                stack.append(None)
                node, b = record[0], record[1]
                if b._mark is not seen:
                    stack.append(b)
            elif len(record) == 3:  # one
                stack.append(node)
                stack.append(None)
                node = record[0]
            elif record:
                unseen = [a for a in record[(len(record) >> 1) - 1 :: -1] if a._mark is not seen]
                if not unseen:  # as in every neuron of a layer, once its weights are placed
                    order.append(node)
                    break
                stack.append(node)
                stack.append(None)
                stack += unseen
                break
            else:
                order.append(node)
    return order


def gradients(order: Sequence[Any], root: Any, seed: Any = 1) -> list[Any]:
    """As `value.gradients`; what has arrived at a node is its mark."""
    if not marking.locked():
        with suppress(*FAILURES), marking:  # which the plain loop meets again, and explains
            erase(order)
            root._mark = start(root, seed)
            sweep(order)
            found = marks(order)
            for kind in {*map(type, found)} - known:
                as_number(next(x for x in found if type(x) is kind))
                known.add(kind)
            return found
    return plain_gradients(order, root, seed)  # type: ignore[no-any-return]


def sweep(order: Sequence[Any]) -> None:
    """As `value.sweep` in numbers, which the marks hold."""
    for node in reversed(order):
        if not (record := node._record):
            continue
        op, upstream = node._op, node._mark
        if not upstream:
            if upstream is not NOTHING:  # an exact 0, which asks for no slope
                for a in record[: len(record) >> 1]:
                    if a._op is not constant_op:
                        a._mark += upstream
            continue
        if op.arity == 2:
            a, b, x, y, z = record
            by_x, by_y = op.partials
            if a._op is not constant_op:
                local = by_x(x, y, z)
                if local is not None:
                    a._mark += upstream * local
            if b._op is not constant_op:
                local = by_y(x, y, z)
                if local is not None:
                    b._mark += upstream * local
        elif op.arity == 1:
            a, x, z = record
            if a._op is not constant_op:
                local = op.partials[0](x, z)
                if local is not None:
                    a._mark += upstream * local
        elif op.sequences:
            n = len(record) >> 1
            locals_ = op.partials[0](record[n:-1], record[-1])
            if len(locals_) != n:
                raise ValueError  # which the plain loop explains
            for a, local in zip(record, locals_, strict=False):
                if a._op is not constant_op and local is not None:
                    a._mark += upstream * local
        else:
            n = len(record) >> 1
            for a, rule in zip(record, op.partials, strict=False):
                if a._op is not constant_op and (local := rule(*record[n:])) is not None:
                    a._mark += upstream * local


def tangents(
    order: Sequence[Any], variables: Sequence[Any], directions: Sequence[Any], outputs: Sequence[Any]
) -> list[Any]:
    """As `derivatives.tangents`; the tangent of a node is its mark."""
    if marking.locked():
        raise ArithmeticError("another pass is at work")  # as after any failure, the plain loop goes on
    with marking:
        erase(order)
        for variable, direction in zip(variables, directions, strict=True):
            variable._mark = direction
        sweep_forward(order)
        return marks(outputs)


def sweep_forward(order: Sequence[Any]) -> None:
    """As `derivatives._sweep_forward` in numbers, which the marks hold; NOTHING where nothing moves."""
    for node in order:
        if not (record := node._record):
            continue
        op, tangent = node._op, NOTHING
        if op.arity == 2:
            a, b, x, y, z = record
            by_x, by_y = op.partials
            if a._mark:
                if (local := by_x(x, y, z)) is not None:
                    tangent += local * a._mark
            elif a._mark is not NOTHING:  # an exact 0, which asks for no slope
                tangent += a._mark
            if b._mark:
                if (local := by_y(x, y, z)) is not None:
                    tangent += local * b._mark
            elif b._mark is not NOTHING:
                tangent += b._mark
        elif op.arity == 1:
            a, x, z = record
            if a._mark:
                if (local := op.partials[0](x, z)) is not None:
                    tangent += local * a._mark
            elif a._mark is not NOTHING:
                tangent += a._mark
        else:
            n = len(record) >> 1
            wanted = [bool(a._mark) for a in record[:n]]
            locals_ = op.local_derivatives(record[n:], wanted) if any(wanted) else wanted
            for a, w, local in zip(record, wanted, locals_, strict=False):
                if w and local is not None:
                    tangent += local * a._mark
                elif not w and a._mark is not NOTHING:
                    tangent += a._mark
        node._mark = tangent


def erase(nodes: Iterable[Any]) -> None:
    """Mark that nothing has arrived yet."""
    for node in nodes:
        node._mark = NOTHING


def marks(nodes: Iterable[Any]) -> list[Any]:
    """What has arrived at each node; 0 for nothing."""
    return [0 if node._mark is NOTHING else node._mark for node in nodes]
