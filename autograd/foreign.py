"""The graph of another engine, such as micrograd's, as Values: for pictures and tables of it.

    node     of the other engine: it is only read, as its ==, hash, bool and repr may do anything
    copy     the Value for a node: with the number and the gradient that the node has, right or wrong
    reading  how a node may have been made: a row of the table, and the arguments in their order

A set of children has lost their order, and whether one of them was used twice. The node's number tells: a
reading counts if its row gives that number. What cannot be told is `Unknown`, and has no local derivatives.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from numbers import Number
from typing import Any, NamedTuple, Protocol

from autograd import ops
from autograd.op import FAILURES, PRODUCT, Op, RuleError
from autograd.protocol import as_number
from autograd.value import Value, constant, is_zero, local_derivatives

USUAL = {  # what is read of a node, by the names that engines give it
    "children": ("_prev", "prev", "_children", "children", "_parents", "parents"),
    "operation": ("_op", "op", "operation"),
    "value": ("data", "value"),
    "gradient": ("grad", "gradient", "derivative"),
}
CLOSE = 1e-5  # relative, within which numbers are the same: an engine may compute in single precision
EXPONENT = re.compile(r"(?:\*\*|\^|pow)\s*\(?(.+?)\)?")  # in the name of micrograd's **-1
SYNONYMS = {  # under which other engines offer functions of the table
    "ln": ops.log, "logistic": ops.sigmoid, "swish": ops.silu, "max": ops.maximum, "min": ops.minimum,
    "abs": ops.absolute, "asin": ops.arcsin, "acos": ops.arccos, "atan": ops.arctan,
}  # fmt: skip
ALIASES = SYNONYMS | {
    "*": ops.mul, "**": ops.power, "pow": ops.power, "truediv": ops.div, "inv": ops.reciprocal,
}  # fmt: skip
NAMED = {row.symbol: row for row in reversed(ops.TABLE.values())} | ops.TABLE | ALIASES
ROWS = {name: [row] for name, row in NAMED.items() if row.partials}
ROWS["-"] = ROWS["−"] = [ops.sub, ops.neg]


class Reader(Protocol):
    """How nodes are read, such as `Engine` of the tests."""

    def read(self, what: str, value: Any) -> Any:
        """The `value`, `gradient`, `children` or `operation` of a node."""


class Copy(Value):
    """A Value for a node of another engine.

    source    the node
    computed  what its row makes of the operands' numbers, where the node has another number
    arriving  what upstream × local adds up to at it, where the node has another gradient
    """

    __slots__ = ("arriving", "computed", "source")

    def __init__(self, source: Any, data: Any, grad: Any, label: str) -> None:
        super().__init__(data, label)
        self.source, self.grad = source, grad
        self.computed: Any = None
        self.arriving: Any = None


class Unknown(Op):
    """A row for an operation that is not known: it can be drawn, and its rules say why they give nothing."""

    def __init__(self, symbol: str, count: int, infix: int, why: str) -> None:
        def refuse(*_: Any) -> Any:
            raise RuleError(f"not known, as {why}")

        super().__init__(symbol, refuse, *[refuse] * count, kind="smooth", infix=infix)


class Reading(NamedTuple):
    """A row, its arguments, and whether nothing of both is guessed."""

    row: Op
    args: tuple[Value, ...]
    certain: bool

    def number(self) -> Any:
        """What the row makes of the operands' numbers; None where that is nothing."""
        numbers = [arg.data for arg in self.args]
        try:
            return self.row.compute(numbers, numbers)
        except FAILURES:
            return None


def is_node(thing: Any, reader: Reader | None = None) -> bool:
    """Whether it is a node of another engine: it has children and a number, or a reader is to read it."""
    if isinstance(thing, Value | Number | str | bytes | list | tuple | Iterator):
        return False
    found = [_usual(what, thing) for what in ("children", "value")]
    return reader is not None or not any(x is None or callable(x) for x in found)


def copied(roots: Sequence[Any], reader: Reader | None = None) -> dict[int, Copy]:
    """Values for the nodes of a graph, by their ids. Without a reader, attributes have the usual names.

    As long as the roots hold no gradient, a 0 elsewhere is none that has arrived. TypeError where a node
    cannot be read, ValueError where the graph goes in a circle.
    """
    engine, copies = _Engine(reader), dict[int, Copy]()
    for node, children, ordered in _sorted(roots, engine):
        label = getattr(node, "label", "")
        numbers = engine.number("value", node), engine.number("gradient", node)
        copy = copies[id(node)] = Copy(node, *numbers, label if isinstance(label, str) else "")
        args = [copies[id(child)] if id(child) in copies else constant(child) for child in children]
        if args:
            _record(copy, engine.operation(node), args, ordered)
    tops = [copies[id(root)] for root in roots]
    if not any(map(_has_arrived, tops)):
        for copy in copies.values():
            copy.grad = copy.grad if _has_arrived(copy) else None
    _compare_gradients([*copies.values()], tops)
    return copies


def _has_arrived(copy: Copy) -> bool:
    return copy.grad is not None and not is_zero(copy.grad)


# ── Reading nodes ───────────────────────────────────────────────────────────────────────────────────


def _usual(what: str, node: Any) -> Any:
    """The attribute of a node that has one of the usual names; None where there is none."""
    return next((getattr(node, name) for name in USUAL[what] if hasattr(node, name)), None)


class _Engine:
    """Reads nodes, and says what cannot be read."""

    def __init__(self, reader: Reader | None) -> None:
        if reader is not None and not hasattr(reader, "read"):
            kind = type(reader).__name__
            raise TypeError(
                f"engine must be an Engine(Value, children=…, …), which reads nodes, not a {kind}"
            )
        self.reader = reader

    def read(self, what: str, node: Any) -> Any:
        if self.reader is None:
            return _usual(what, node)
        try:
            return self.reader.read(what, node)
        except Exception as error:  # the reader is the user's own
            raise _unread(what, node, f"cannot be read, {type(error).__name__}: {error}") from error

    def children(self, node: Any) -> tuple[list[Any], bool]:
        """The nodes and numbers that a node was made from, and whether they are in order."""
        found = self.read("children", node)
        try:
            return [] if found is None else [*found], not isinstance(found, set | frozenset)
        except TypeError:
            raise _unread("children", node, f"are a {type(found).__name__}, which holds none") from None

    def number(self, what: str, node: Any) -> Any:
        """The value or the gradient of a node; a gradient may be None."""
        found = self.read(what, node)
        if found is None and what == "gradient":
            return None
        try:
            return as_number(found) if isinstance(found, Number) else float(found)
        except Exception:  # whatever the type of another engine raises
            raise _unread(what, node, f"is a {type(found).__name__}, not one number") from None

    def operation(self, node: Any) -> str:
        """What made a node: the text, or the name of the function or class, that the engine keeps."""
        found = self.read("operation", node)
        if found is None or isinstance(found, str):
            return found or ""
        return str(getattr(found, "__name__", type(found).__name__))


def _unread(what: str, node: Any, why: str) -> TypeError:
    kind = type(node)
    where = f"{kind.__module__}.{kind.__name__}"
    return TypeError(f"the {what} of a {where} {why}; give engine=Engine(…, {what}=…), which reads it")


def _sorted(roots: Sequence[Any], engine: _Engine) -> Iterator[tuple[Any, list[Any], bool]]:
    """Every node after its children, with these and whether they are in order."""
    found: dict[int, tuple[Any, list[Any], bool]] = {}
    under_way: set[int] = set()
    stack: list[Any] = [*reversed(roots)]
    while stack:
        node = stack.pop()
        if node is None:  # all children of the node below it are placed
            node = stack.pop()
            under_way.remove(id(node))
            yield found[id(node)]
        elif id(node) in under_way:
            kind = type(node).__name__
            raise ValueError(f"the graph goes in a circle: a {kind} is made from itself, as by += in place")
        elif id(node) not in found:
            children, ordered = engine.children(node)
            found[id(node)] = node, children, ordered
            under_way.add(id(node))
            nodes = [child for child in children if not isinstance(child, Number)]
            stack += (node, None, *reversed(nodes))


# ── Operations ──────────────────────────────────────────────────────────────────────────────────────


def _record(copy: Copy, operation: str, args: list[Value], ordered: bool) -> None:
    """Note on a copy what made it: the one reading that gives its number, or a row without rules."""
    if not ordered:  # the same picture in every process
        args.sort(key=lambda arg: (arg.label, str(arg.data)))
    readings = [*_readings(operation, tuple(args), ordered)]
    fit = [reading for reading in readings if _is_near(reading.number(), copy.data)]
    made = fit[0] if len(fit) == 1 else _unknown(operation, tuple(args), readings)
    if not fit and made.certain:
        copy.computed = readings[0].number()
    copy._op = made.row
    copy._record = (*made.args, *[arg.data for arg in made.args], copy.data)


def _readings(operation: str, args: tuple[Value, ...], ordered: bool) -> Iterator[Reading]:
    """All ways in which an operation of that name can have been applied."""
    exponent = _exponent(operation)
    given = args if exponent is None else (*args, constant(exponent))
    name = operation if operation in ROWS else operation.strip(" _").lower()
    for row in ROWS.get(name, []) if exponent is None else [ops.power]:
        row = row.form(len(given))
        missing = 0 if row.sequences else row.arity - len(given)
        if missing == 0:
            yield Reading(row, given, ordered or (row.commutative and not row.sequences) or len(args) == 1)
            if not (ordered or row.commutative) and len(args) == 2:
                yield Reading(row, given[::-1], False)
        elif 0 < missing <= len(row.defaults):
            yield Reading(row, (*given, *map(constant, row.defaults[-missing:])), False)
        elif missing == 1 and len(args) == 1 and not ordered:
            yield Reading(row, given * 2, False)


def _exponent(operation: str) -> Any:
    """The number in the name of a power, such as **-1; None where there is none."""
    if match := EXPONENT.fullmatch(operation):
        for kind in int, float:
            with suppress(ValueError):
                return kind(match[1])
    return None


def _unknown(operation: str, args: tuple[Value, ...], readings: Sequence[Reading]) -> Reading:
    """The reading without rules that is left where none fits, or several do."""
    if len(readings) == 1:
        row, args, certain = readings[0]
        why = "its operands' numbers give another result"
        return Reading(Unknown(row.symbol, len(args), row.infix, why), args, certain)
    infix = PRODUCT * (len(args) == 2 and not operation.isidentifier())
    why = "nothing tells its operands apart" if readings else "the table has no row of that name"
    return Reading(Unknown(operation or "?", len(args), infix, why), args, False)


# ── Comparing ───────────────────────────────────────────────────────────────────────────────────────


def _is_near(x: Any, y: Any, terms: Any = None) -> bool:
    """Whether y is x but for rounding, x being a sum of such terms; nan is nan."""
    try:
        return bool(x == y or abs(x - y) <= CLOSE * (terms or abs(x)) or (x != x and y != y))
    except FAILURES:  # there is none, or their types do not mix
        return False


def _compare_gradients(copies: Sequence[Copy], roots: Sequence[Copy]) -> None:
    """Note where what upstream × local adds up to is known and is not the gradient."""
    total: dict[Value, Any] = dict.fromkeys(copies, 0)
    size: dict[Value, Any] = dict.fromkeys(copies, 0)
    for root in roots:  # whose gradient begins there
        total[root] = None
    for node in copies:
        local = _locals(node)
        for i, arg in enumerate(node.args):
            try:
                passed = node.grad if is_zero(node.grad) else node.grad * local[i]
                total[arg] += passed
                size[arg] += abs(passed)
            except (*FAILURES, KeyError):  # something of it is not known
                total[arg] = None
    for copy in copies:
        if not (total[copy] is None or copy.grad is None or _is_near(total[copy], copy.grad, size[copy])):
            copy.arriving = total[copy]


def _locals(node: Copy) -> dict[int, Any]:
    """The local derivatives by position, as far as they are known and no convention, as at a kink."""
    try:
        return {} if _at_kink(node) else {i: local for i, _, local in local_derivatives(node)}
    except FAILURES:
        return {}


def _at_kink(node: Copy) -> bool:
    """Whether a slope is a matter of convention: at 0, of equal arguments, or where the row says."""
    op, x = node.op, node.operands
    if op is None or op.kind != "kinked":
        return False
    return bool(op.kinks(*x) == 0) if op.kinks else 0 in x or len({*x}) < len(x)
