"""Terms: a graph simplified by exact identities, for formulas.

term   a node of a formula; terms that are made alike are equal        t   the terms that are compared
a, b   the arguments of an operation, as terms                         names   Value → text
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from autograd import ops
from autograd.naming import typeset
from autograd.op import Op, printable
from autograd.value import Made, Value, topological_order

Names = Mapping[Value, str]


def label_of(node: Value, names: Names | None) -> str:
    """What a node is to be called, typeset; "" for what is written as a number, as is the 1 of the rules."""
    label = names[node] if names and node in names else node.label
    is_one = label == ops.one.symbol and node.data == 1
    is_one |= label == ops.unity.symbol and type(node.label) is Made
    return "" if is_one and node.op is ops.constant else typeset(printable(label))


class Term:
    """A node of a formula; terms that are made alike are equal.

    op     of the args; None for what stands for itself, by its name; `ops.constant` for a number
    value  the Value that it stands for, None where it is a part of how that is written; or the number
    place  in the order in which the terms were made        key  by which terms are equal
    """

    __slots__ = ("args", "key", "op", "place", "value")

    def __init__(self, op: Op | None, args: Sequence["Term"], value: Any, key: int, place: int) -> None:
        self.op, self.args, self.value, self.key, self.place = op, args, value, key, place

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Term) and self.key == other.key

    def __hash__(self) -> int:
        return self.key

    def is_number(self, x: Any) -> bool:
        """Whether it is this number."""
        return self.op is ops.constant and bool(self.value == x)


class Terms:
    """Makes terms, all that are to be compared, and simplifies them: `made` holds them in their order.

    Every identity is exact, in rounded numbers as well. None looks into a term with a label.
    """

    def __init__(self, names: Names | None = None) -> None:
        self.names = names
        self.made: list[Term] = []
        self.keys: dict[Any, int] = {}

    def read(self, root: Value, known: dict[Value, Term]) -> Term:
        """The term of a graph, from the terms that are known, to which those of its nodes are added."""
        for node in topological_order(root, leaves=known):
            if node not in known:
                known[node] = self.node(node, [known[arg] for arg in node.args])
        return known[root]

    def node(self, node: Value, args: Sequence[Term]) -> Term:
        """The term of a node, whose arguments' terms are these."""
        if not args:
            written = node.op is ops.constant and not label_of(node, self.names)
            return self.number(1 if node.label else node.data) if written else self.atom(node)
        if node.op is ops.identity:  # the lifted argument of a derivative is written as what it lifts
            return args[0]
        term = self.apply(node.op, *args)
        if term.value is None:
            term.value = node
            if label_of(node, self.names):
                term.key = self.keys.setdefault(node, len(self.keys))
        return term

    def label(self, term: Term) -> str:
        """The name or label of the Value that a term stands for; "" where there is none."""
        return label_of(term.value, self.names) if isinstance(term.value, Value) else ""

    def atom(self, node: Value) -> Term:
        """A term that stands for itself; equal are constants of one label and one number."""
        key = (label_of(node, self.names), node.data) if node.op is ops.constant else node
        return self._make(None, (), node, key)

    def number(self, x: Any) -> Term:
        """A number; −0 is another than 0."""
        return self._make(ops.constant, (), x, (ops.constant, x, x == 0 and str(x)[0] == "-"))

    def apply(self, op: Any, *args: Term) -> Term:
        """The operation on terms, simplified."""
        simpler = IDENTITIES[op](self, *args) if op in IDENTITIES else None
        return simpler or self._make(op, args, None, (op, *[arg.key for arg in args]))

    def _make(self, op: Op | None, args: Sequence[Term], value: Any, key: Any) -> Term:
        self.made.append(Term(op, args, value, self.keys.setdefault(key, len(self.keys)), len(self.made)))
        return self.made[-1]

    def uses(self, root: Term) -> list[int]:
        """By place how often each term is used in the root's; 0 for what is not part of it."""
        uses = [0] * len(self.made)
        uses[root.place] = 1
        for term in reversed(self.made):
            if uses[term.place]:
                for arg in term.args:
                    uses[arg.place] += 1
        return uses

    def opposite(self, term: Term) -> Term | None:
        """a, of −a; None where there is no sign that can be taken away. Decimal would round its number."""
        if term.op is ops.neg and not self.label(term):
            return term.args[0]
        return self.number(-term.value) if _is_negative(term) else None

    def _signed(self, op: Op, a: Term, b: Term) -> Term | None:
        """(−a) × b is −(a × b), and so is a × (−b), but a × (−3) stays."""
        plus_a, plus_b = self.opposite(a), None if _is_negative(b) else self.opposite(b)
        if not (plus_a or plus_b):
            return None
        product = self.apply(op, plus_a or a, plus_b or b)
        return product if plus_a and plus_b else self.apply(ops.neg, product)

    def _added(self, op: Op, a: Term, b: Term) -> Term | None:
        """A + (−b) is a − b, and the other way round, if the operation is the other one."""
        plus_b = self.opposite(b)
        return self.apply(op, a, plus_b) if plus_b else None


def _is_negative(term: Term) -> bool:
    return term.op is ops.constant and isinstance(term.value, int | float | Fraction) and term.value < 0


IDENTITIES: dict[Op, Callable[..., Term | None]] = {  # what is simpler than the operation on a and b, if any
    ops.neg: lambda t, a: t.opposite(a),
    ops.add: lambda t, a, b: (
        b if a.is_number(0) else a if b.is_number(0)
        else t.apply(ops.mul, t.number(2), a) if a == b else t._added(ops.sub, a, b)),
    ops.sub: lambda t, a, b: a if b.is_number(0) else t._added(ops.add, a, b),
    ops.mul: lambda t, a, b: (
        b if a.is_number(1) else a if b.is_number(1)
        else t.apply(ops.power, a, t.number(2)) if a == b else t._signed(ops.mul, a, b)),
    ops.div: lambda t, a, b: a if b.is_number(1) else t._signed(ops.div, a, b),
    ops.power: lambda t, a, b: a if b.is_number(1) else t.number(1) if b.is_number(0) else None,
}  # fmt: skip
