"""An engine as students write it, each of whose habits can be chosen: what a misconception does, executable.

It is written like micrograd: a node holds a number, a gradient, its children and a hook that hands the
gradient on. `diagnosis` looks for the habits and rules with which it gives every number that was found.

    node    what the model makes of a number      hook    what a node does when the backward pass comes to it
    form    an operation, and where a number stands in it: `sub`, `sub:left` (2 − x), `sub:right` (x − 2)
    xs, z   the numbers of a node's arguments and its own                  u    its gradient
    flips   for each node with two children, whether a set would give them the other way round
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from autograd import ops
from autograd.op import FAILURES

Contributions = Callable[[Sequence[float], float, float], Sequence[float | None]]  # of xs, z and u


class Habits(NamedTuple):
    """How a model goes through a graph, and what it adds up. What stands here is right."""

    order: str = "topological"  # of ORDERS
    visited: str = "each"  # "equal": nodes of one number count as one
    children: str = "once"  # "as often": as in a list, in which a + a has two
    store: str = "adds"  # "assigns", "twice"
    seed: str = "one"  # of the root: "none", "data", "adds", "if zero"
    session: str = "fresh"  # between: "kept"; "resets" leaves too; "cleared" hooks, "forgotten" ones of all
    number: Callable[[Any], float] = float


RIGHT = Habits()


@dataclass(frozen=True)
class Rule:
    """How a model computes one form of an operation, and what its hook hands on."""

    value: Callable[..., float] = float
    contributions: Contributions = lambda xs, z, u: [None] * len(xs)
    owner: str = "out"  # or "self": whose hook is set
    children: str = "all"  # or "none"
    store: str = ""  # in place of the habit
    compose: Callable[..., Any] | None = None  # of the model and the arguments: made of other operations


def right(name: str) -> Rule:
    """The rule of the table."""
    row: Any = ops.TABLE[name]

    def slope(rule: Callable[..., float], xs: Sequence[float], z: float) -> float:
        try:
            return rule(*xs, z)
        except FAILURES:  # such as log(x) in the slope by an exponent, which may be a plain number
            return math.nan

    return Rule(row.function, lambda xs, z, u: [u * slope(rule, xs, z) for rule in row.partials])


def nothing() -> None:
    """What the hook of a leaf does."""


class Node:
    """What the model makes of a number."""

    __slots__ = ("children", "data", "grad", "hook")

    def __init__(self, data: float, children: Sequence["Node"] = ()) -> None:
        self.data, self.grad, self.children = data, 0.0, children
        self.hook: Callable[[], None] = nothing


@dataclass
class Model:
    """An engine for `program.run`, with its habits and with a rule for each form.

    joints   how many nodes with two children it has made      made   all that operations have made
    """

    habits: Habits = RIGHT
    rules: Mapping[str, Rule] = field(default_factory=dict)
    flips: Sequence[bool] = ()
    joints: int = 0
    made: list[Node] = field(default_factory=list)

    # ── What `program.run` asks of an engine ────────────────────────────────────────────────────────

    def make(self, number: float) -> Node:
        """A leaf."""
        return Node(self.habits.number(number))

    def read(self, what: str, node: Node) -> float:
        """The value or the gradient of a node."""
        return node.data if what == "value" else node.grad

    def write(self, what: str, node: Node, number: float | None) -> None:
        """Set the value or the gradient of a node."""
        setattr(node, "data" if what == "value" else "grad", number or 0.0)

    def apply(self, name: str, args: Sequence[Any]) -> Node:
        """An operation on nodes and numbers, by the rule of its form."""
        rule = self.rules.get(form_of(name, args)) or self.rules.get(name) or right(name)
        if rule.compose:
            composed: Node = rule.compose(self, *args)
            return composed
        return self.join(rule, [arg if isinstance(arg, Node) else self.make(arg) for arg in args], args)

    def run_backward(self, root: Node) -> None:
        """A backward pass, as the habits are."""
        habits = self.habits
        if habits.session in ("fresh", "resets"):
            for node in ORDERS["topological"](root, id):
                if node.children or habits.session == "resets":
                    node.grad = 0.0
        self.set_seed(root)
        key = id if habits.visited == "each" else number_of
        for node in [*ORDERS[habits.order](root, key)]:
            node.hook()
            if habits.session == "cleared":
                node.hook = nothing
        for node in self.made if habits.session == "forgotten" else ():
            node.hook = nothing

    # ── Its parts ───────────────────────────────────────────────────────────────────────────────────

    def join(self, rule: Rule, nodes: Sequence[Node], args: Sequence[Any]) -> Node:
        """The node of a rule; numbers among `args` have nodes, which get no gradient."""
        xs = [node.data for node in nodes]
        out = Node(
            self.habits.number(rule.value(*xs)), self.arranged(nodes) if rule.children == "all" else ()
        )
        z = out.data
        self.made.append(out)

        def hook() -> None:
            found = rule.contributions(xs, z, out.grad)
            for node, given, contribution in zip(nodes, args, found, strict=True):
                if given is node and contribution is not None:
                    self.store(node, contribution, rule.store or self.habits.store)

        (out if rule.owner == "out" else nodes[0]).hook = hook
        return out

    def arranged(self, nodes: Sequence[Node]) -> Sequence[Node]:
        """The children of a node, in one of the orders in which a set could give them."""
        if self.habits.children == "once":
            nodes = [*{id(node): node for node in nodes}.values()]
        if len(nodes) == 2:
            self.joints += 1
            if self.joints <= len(self.flips) and self.flips[self.joints - 1]:
                return nodes[::-1]
        return nodes

    def store(self, node: Node, contribution: float, how: str) -> None:
        """Let a contribution arrive at a node."""
        node.grad = contribution if how == "assigns" else node.grad + contribution * (1 + (how == "twice"))

    def set_seed(self, root: Node) -> None:
        """Give the root the gradient with which the pass begins."""
        seed = self.habits.seed
        if seed == "adds":
            root.grad += 1.0
        elif seed == "one" or (seed == "if zero" and root.grad == 0):
            root.grad = 1.0
        elif seed == "data":
            root.grad = root.data


def form_of(name: str, args: Sequence[Any]) -> str:
    """An operation, and where a number stands in it."""
    if len(args) != 2 or name == "sum":
        return name
    return name + (":left" if is_number(args[0]) else ":right" if is_number(args[1]) else "")


def is_number(x: Any) -> bool:
    """Whether an argument is a plain number."""
    return isinstance(x, float | int)


def number_of(node: Node) -> float:
    """By what nodes are told apart where equal numbers make equal nodes."""
    return node.data


# ── In which order hooks are called ─────────────────────────────────────────────────────────────────

Key = Callable[[Node], Any]
Order = Callable[[Node, Key], Iterable[Node]]


def sorted_nodes(root: Node, key: Key) -> list[Node]:
    """The nodes of a graph, arguments first."""
    return [*postorder(root, key, set())]


def postorder(node: Node, key: Key, seen: set[Any]) -> Iterator[Node]:
    """Children before their parents."""
    if key(node) not in seen:
        seen.add(key(node))
        for child in node.children:
            yield from postorder(child, key, seen)
        yield node


def preorder(node: Node, key: Key, seen: set[Any] | None) -> Iterator[Node]:
    """Parents before their children, one branch after the other; without `seen` once for every path."""
    if seen is None or key(node) not in seen:
        if seen is not None:
            seen.add(key(node))
        yield node
        for child in node.children:
            yield from preorder(child, key, seen)


def level_by_level(root: Node, key: Key, seen: set[Any] | None, last_first: bool = False) -> Iterator[Node]:
    """From a queue, or from a stack, into which children are put unless they have been."""
    waiting = deque([root])
    while waiting:
        node = waiting.pop() if last_first else waiting.popleft()
        yield node
        for child in node.children:
            if seen is None or key(child) not in seen:
                waiting.append(child)
                if seen is not None:
                    seen.add(key(child))


ORDERS: Mapping[str, Order] = {
    "topological": lambda root, key: sorted_nodes(root, key)[::-1],
    "arguments first": sorted_nodes,
    "depth first": lambda root, key: preorder(root, key, set()),
    "every path": lambda root, key: preorder(root, key, None),  # sorted, the same with children exchanged
    "level by level": lambda root, key: level_by_level(root, key, {key(root)}),
    "every path, level by level": lambda root, key: level_by_level(root, key, None),
    "from a stack": lambda root, key: level_by_level(root, key, {key(root)}, last_first=True),
    "the root alone": lambda root, key: [root],
    "the root twice": lambda root, key: [root, *sorted_nodes(root, key)[::-1]],
    "nothing": lambda root, key: [],
}
