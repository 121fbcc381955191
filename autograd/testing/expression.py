"""A recorded graph as a function of its leaves, and as Python lines that make it again.

root    the Value that is looked at        order    the nodes of its graph, arguments first
leaves  the nodes without arguments        numbers  what the leaves hold
"""

import keyword
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import count
from typing import Any

from autograd import ops
from autograd.op import Op
from autograd.value import Value, topological_order

PYTHON = {"add": "+", "sub": "-", "mul": "*", "div": "/", "power": "**", "mod": "%", "floordiv": "//"}


class Expression:
    r"""The graph of a recorded Value: to be computed again at other numbers, rewritten, and printed.

    `print(expression)` shows Python that can be pasted after `from autograd import *`.

    >>> x, y = Value(0.5), Value(2)
    >>> t = x * y
    >>> expression = Expression(ops.exp(t) + t)
    >>> print(expression)
    x1, x2 = Value(0.5), Value(2)
    t1 = x1 * x2
    t2 = exp(t1)
    root = t2 + t1
    >>> expression.build([0.0, 3.0])
    1.0
    """

    def __init__(self, root: Value, leaves: Iterable[Value] = ()) -> None:
        """`leaves` says in which order they are listed; those that the root does not reach are left out."""
        self.root = root
        self.order = topological_order(root)
        reached = dict.fromkeys(node for node in self.order if node.op is None)
        self.leaves = list(dict.fromkeys([leaf for leaf in leaves if leaf in reached] + list(reached)))

    @classmethod
    def of(cls, graph: "Value | Expression") -> "Expression":
        """The expression of a recorded Value; an expression is its own."""
        return cls(graph) if isinstance(graph, Value) else graph

    @property
    def numbers(self) -> list[Any]:
        """What the leaves hold: the point at which `build` gives the root's number."""
        return [leaf.data for leaf in self.leaves]

    @cached_property
    def is_exact(self) -> bool:
        """Whether every number in the graph is an int or a Fraction, so that nothing is rounded."""
        return all(hasattr(node.data, "denominator") for node in self.order)

    def build(self, numbers: Sequence[Any]) -> Any:
        """The root as a function of its leaves: a number for numbers, a recorded Value for Values."""
        return self.rewrite(numbers, apply)

    def rewrite(
        self, numbers: Sequence[Any], make: Callable[..., Any], constants: Callable[[Any], Any] | None = None
    ) -> Any:
        """`build` with another make(op, args) in place of `apply`, and other constants.

        A ValueError says if the numbers are not as many as the leaves.
        """
        if len(numbers) != len(self.leaves):
            raise ValueError(f"the expression has {len(self.leaves)} leaves, not {len(numbers)}")
        made: dict[Value, Any] = dict(zip(self.leaves, numbers, strict=True))
        for node in self.order:
            if node.op is ops.constant:
                made[node] = constants(node.data) if constants else node.data
            elif node.op is not None:
                made[node] = make(node.op, [made[arg] for arg in node.args])
        return made[self.root]

    def __repr__(self) -> str:
        names = self._names()
        lines = []
        for i in range(0, len(self.leaves), 6):
            six = self.leaves[i : i + 6]
            left, right = [names[leaf] for leaf in six], [f"Value({leaf.data!r})" for leaf in six]
            lines.append(f"{', '.join(left)} = {', '.join(right)}")
        lines += [f"{names[node]} = {_call(node, names)}" for node in self.order if node.args]
        return "\n".join(lines if self.root.args else [*lines, f"root = {names[self.root]}"])

    def _names(self) -> dict[Value, str]:
        """A Python name for every node: a leaf's label where it is one, else x1, …; t1, …; root."""
        taken = {"root", "Value", *ops.TABLE}
        fresh = {"x": map("x{}".format, count(1)), "t": map("t{}".format, count(1))}
        labels = {node.label for node in self.leaves}
        names: dict[Value, str] = {}
        for node in dict.fromkeys([*self.leaves, *self.order]):
            name = node.label
            if node.op is ops.constant:
                name = _number(node.data)
            elif node is self.root and node.args:
                name = "root"
            elif node.args or name in taken or not name.isidentifier() or keyword.iskeyword(name):
                name = next(name for name in fresh["t" if node.args else "x"] if name not in labels)
            taken.add(name)
            names[node] = name
        return names


apply = Op.apply  # the operation on arguments that stand one after the other


def _call(node: Value, names: dict[Value, str]) -> str:
    """How a node is made, in Python."""
    op: Any = node.op
    args = [names[arg] for arg in node.args]
    if op is ops.neg:
        return f"-{args[0]}"
    if op.name in PYTHON and op is ops.TABLE[op.name]:
        return f" {PYTHON[op.name]} ".join(args)
    if op.sequences:
        args = [f"[{', '.join(group)}]" for group in op.grouped(args)]
    return f"{op.name}({', '.join(args)})"


def _number(x: Any) -> str:
    """A constant in Python, in parentheses where a sign could bind to something else."""
    return f"({x!r})" if repr(x).startswith("-") else repr(x)
