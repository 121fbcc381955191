"""Symbol: what a function computes with, in place of a number, while its operations are recorded.

A symbol knows its graph and its node there, and hands every row of the table to `graph.apply`. It has no
number, so it cannot be compared and branched on: that would freeze one branch for every example. Nor can the
number of a Value, which is Unread for once: see `trace`.
"""

import operator
from collections.abc import Sequence
from math import copysign
from numbers import Number
from typing import Any

from autograd import ops
from autograd.op import Op, describe
from autograd.protocol import COMPARISONS, Numeric

AND, OR = Op("and", operator.and_, kind="constant"), Op("or", operator.or_, kind="constant")
BOOLEAN = {*COMPARISONS.values(), AND, OR}
NUMBERS = {ops.one, ops.pi, ops.ln2, ops.ln10, ops.selu_alpha, ops.selu_scale}  # whatever the argument

NEUTRAL = {  # (row, place of the argument): the number that changes nothing there
    (ops.add, 0): 0,
    (ops.add, 1): 0,
    (ops.sub, 1): 0,
    (ops.mul, 0): 1,
    (ops.mul, 1): 1,
    (ops.div, 1): 1,
    (ops.power, 1): 1,
}


def simplify(op: Op, args: Sequence[Any], numbers: Sequence[Any]) -> tuple[Op, tuple[Any, ...]]:
    """The same operation in its simplest form; `identity` of x where the result is x.

    `numbers` holds the numbers of those arguments that are constants, and None for the others. All is exact
    but for x + 0, which Python's sum begins with, and which would make 0 of −0.
    """
    if len(args) == 2:
        for place in range(2):
            if numbers[place] is not None and numbers[place] == NEUTRAL.get((op, place)):
                if op is ops.sub and copysign(1, numbers[place]) < 0:
                    break  # −0 − −0 is 0
                return ops.identity, (args[1 - place],)
        if op is ops.power and numbers[1] == 2:
            return ops.mul, (args[0], args[0])
    return op, tuple(args)


def evaluated(op: Op, numbers: Sequence[Any]) -> Any:
    """A row of plain numbers. Orders of derivatives are whole numbers to rows, and floats in arrays."""
    whole = {place for place, given in op.parameters.items() if type(given[0]) is int}
    typed = [int(x) if place in whole else x for place, x in enumerate(numbers)] if whole else numbers
    return op.evaluate(typed, typed)


class Numberless(Numeric):
    """What has no number, or none that may be seen: Python, which would look at it, is refused."""

    __slots__ = ()
    symbolic = True

    def refuse(self, what: str) -> Any:
        """TypeError: `what` needs the number."""
        raise NotImplementedError(f"{type(self).__name__} has no refuse")

    @property
    def scope(self) -> str:
        """Scopes group pictures of Values; these have none, and take any without keeping it."""
        return ""

    @scope.setter
    def scope(self, name: str) -> None:
        pass

    def leave(self, function: str) -> Any:
        """The number for float(x), round(x), …: there is none."""
        return self.refuse(f"{function}()")

    def __bool__(self) -> bool:
        return self.refuse("a branch (if, while, and, or, max, sorted, in)")  # type: ignore[no-any-return]

    def __index__(self) -> int:
        return self.refuse("an index or range()")  # type: ignore[no-any-return]

    def __format__(self, spec: str) -> str:
        return self.refuse("format()") if spec else repr(self)


class Symbol(Numberless):
    """A node of a graph that is being recorded; `graph.apply(op, args)` makes the next one."""

    __slots__ = ("graph", "node")

    def __init__(self, graph: Any, node: Any) -> None:
        self.graph = graph
        self.node = node

    def apply_op(self, op: Op, args: tuple[Any, ...]) -> Any:
        """Record op(*args)."""
        return self.graph.apply(op, args)

    def compare(self, comparison: Op, other: Any) -> Any:
        """The comparison as a symbol: a condition for `where`."""
        return self.graph.apply(comparison, (self, other))

    @property
    def label(self) -> str:
        """The name of the node in pictures and in the emitted source."""
        return self.graph.labels.get(self.node, "")  # type: ignore[no-any-return]

    @label.setter
    def label(self, name: str) -> None:
        self.graph.labels.setdefault(self.node, name)

    @property
    def data(self) -> Any:
        """A symbol has none: TypeError."""
        return self.refuse(".data")

    def __and__(self, other: Any) -> Any:
        return self.graph.apply(AND, (self, other)) if isinstance(other, Symbol) else other and self

    def __or__(self, other: Any) -> Any:
        return self.graph.apply(OR, (self, other)) if isinstance(other, Symbol) else other or self

    __rand__, __ror__ = __and__, __or__

    def refuse(self, what: str) -> Any:
        """TypeError: that number would be one example's."""
        raise TypeError(
            f"compile records symbols, which have no number: {what} would freeze what one example does for "
            "all; choose with where, maximum or minimum, index with take, use autograd's functions, and "
            "stop_gradient(x) for x without its derivative"
        )

    def __repr__(self) -> str:
        return f"<symbol {self.label or self.node}>"


class Unread(Numberless):
    """The number of a Value, as `.data` or `.grad`, while compile records what must not depend on it.

    What is computed with it is as unread; the engine does so in passing. TypeError where it is looked at.
    """

    __slots__ = ("held", "owner")
    label = Numberless.scope
    data = grad = property(lambda self: self)

    def __init__(self, owner: Any = None, held: Any = None) -> None:
        self.owner, self.held = owner, held  # whose `.data`, and the number; None for a `.grad`

    def apply_op(self, op: Op, args: tuple[Any, ...]) -> Any:
        """What nobody knows; the number of a row that is a constant."""
        if not all(isinstance(arg, Numeric | Number) for arg in args):
            return NotImplemented  # an array, which decides
        return op.function(1.0) if op in NUMBERS else Unread(self.owner, self.held)

    def compare(self, comparison: Op, other: Any) -> Any:
        """What nobody knows."""
        return self

    def __and__(self, other: Any) -> Any:
        return self

    def __or__(self, other: Any) -> Any:
        return self

    __rand__, __ror__ = __and__, __or__

    def refuse(self, where: str) -> Any:
        """TypeError: `where`, the number would be frozen."""
        what, remedy = "the .grad of a Value, which would be that of now for ever", "an input"
        if self.owner is not None:
            name = self.owner.label or "w"
            what = f"{name}.data, which is {describe(self.held)} now and would be that for ever"
            remedy = f"stop_gradient({name}), or {name} itself, and where, maximum or minimum to choose"
        raise TypeError(f"compile: {where} depends on {what}; use {remedy}")

    def __repr__(self) -> str:
        return "<unread number>"
