"""Copying and pickling values, without recursion over the graph.

state    (op, data, grad, names): all that a node is but its record
flat     the graph as one list: its leaves whole, every other node as (state, places of its arguments,
         numbers of its record)
"""

from typing import Any

from autograd.op import Op
from autograd.recording import Names
from autograd.value import Value, make, topological_order


def _state(node: Value) -> tuple[Op | None, Any, Any, Names]:
    return node._op, node.data, node.grad, node._names


def copy(node: Value) -> Value:
    """Another node with the same arguments."""
    return make(*_state(node), node._record)


def deepcopy(root: Value, memo: dict[int, Any]) -> Value:
    """A copy of the whole graph; graphs copied together keep sharing what they share."""
    stack = [root]
    while stack:
        node = stack[-1]
        missing = [arg for arg in node.args if id(arg) not in memo]  # not what is below a copied one
        if missing:
            stack += reversed(missing)
            continue
        if id(stack.pop()) not in memo:
            args = [memo[id(arg)] for arg in node.args]
            memo[id(node)] = make(*_state(node), (*args, *node._record[len(args) :]))
    return memo[id(root)]  # type: ignore[no-any-return]


def reduce(root: Value) -> tuple[Any, ...]:
    """What pickle writes: one flat list of the graph, so that graphs pickled together share their leaves."""
    if not root._record:
        return make, _state(root)
    order = topological_order(root)
    place = {node: i for i, node in enumerate(order)}
    flat: list[Any] = []
    for node in order:
        args = [place[arg] for arg in node.args]
        flat.append((_state(node), args, node._record[len(args) :]) if args else node)
    return unflatten, (flat,)


def unflatten(flat: list[Any]) -> Value:
    """The graph that `reduce` wrote; its root is the last node."""
    nodes: list[Value] = []
    for item in flat:
        if not isinstance(item, Value):
            state, args, numbers = item
            item = make(*state, (*[nodes[i] for i in args], *numbers))  # type: ignore[call-arg]
        nodes.append(item)
    return nodes[-1]


Value.__copy__, Value.__deepcopy__, Value.__reduce__ = copy, deepcopy, reduce  # type: ignore
