"""The backward pass as data: what every edge of the graph passes on, in the order of the pass.

upstream      ∂root/∂node          local         ∂node/∂argument
contribution  upstream × local, what this edge adds to ∂root/∂argument
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from autograd.formula import local_formula, node_names
from autograd.op import FAILURES
from autograd.value import Value, local_derivatives, start, sweep, topological_order


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One edge of the backward pass: argument.grad += upstream × local."""

    node: Value
    position: int  # of the argument in node.args
    argument: Value
    upstream: Any
    local: Any
    contribution: Any
    total: Any  # ∂root/∂argument so far, this contribution included
    names: Mapping[Value, str] = field(default_factory=dict, repr=False)  # of all nodes of the graph

    @property
    def formula(self) -> str:
        """The local derivative as the table states it: `∂t2/∂t1 = y`, in names that no two nodes share."""
        return local_formula(self.node, self.position, names=self.names)

    def latex(self) -> str:
        r"""The same in LaTeX: `\frac{\partial z}{\partial x} = y`."""
        return local_formula(self.node, self.position, latex=True, names=self.names)


def backward_steps(root: Value, seed: Any = 1) -> list[Step]:
    """Every step of `root.backward(seed)`, without touching any gradient.

    Edges towards constants, and those whose rule says "no contribution", take no step; nor does one without
    a local derivative where the upstream is 0. RuntimeError where there is nothing to differentiate. Where a
    local derivative is asked for and does not exist, what its rule raises; the error's `node` is then where
    the pass has stopped, and its `steps` are those before.

    >>> x, y = Value(3, "x"), Value(4, "y")
    >>> for step in backward_steps(x * y):
    ...     print(step.formula, "|", step.upstream, "×", step.local, "=", step.contribution)
    ∂t1/∂x = y | 1 × 4 = 4
    ∂t1/∂y = x | 1 × 3 = 3
    """
    order = topological_order(root)
    if all(node.op is not None for node in order):
        raise RuntimeError(f"backward_steps of {root!r}: it depends on no leaf; record from Value(…)")
    names, gradient = node_names(order), {root: start(root, seed)}
    steps: list[Step] = []
    under_way = root

    def locals_of(node: Value) -> Iterator[tuple[int, Value, Any]]:
        nonlocal under_way
        under_way = node
        return local_derivatives(node)

    try:
        for node, i, argument, local, contribution in sweep(order, gradient, locals_of):
            if local is None and (local := _unasked(node).get(i)) is None:
                continue
            total = gradient[argument]
            steps.append(Step(node, i, argument, gradient[node], local, contribution, total, names))
    except Exception as error:
        error.node, error.steps = under_way, steps  # type: ignore[attr-defined]
        raise
    return steps


def _unasked(node: Value) -> dict[int, Any]:
    """The local derivatives by position of a node at which 0 arrives, which nobody has asked for."""
    try:
        return {position: local for position, _, local in local_derivatives(node)}
    except FAILURES:
        return {}
