"""Any interleaving of what one can do with values, compared after each step with a naive engine.

The naive engine is a list of dicts in the order in which the nodes were made, so that every node stands after
its arguments. It differentiates by walking backward over the list. Fractions and ints: it must agree exactly,
and in the types of the numbers.

    node    a Value        twin    its dict in the naive engine        place    where both stand
"""

import copy
import operator
import pickle
from fractions import Fraction
from inspect import signature

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from autograd import Op, Value, dot, fast, no_grad, scope, topological_order, where

numbers = st.integers(-3, 3) | st.fractions(-3, 3, max_denominator=4)
places = st.integers(0, 10**6)  # of a node, modulo how many there are
wall = Op("wall", lambda x: x, lambda x, z: 1 // 0)  # a pass that arrives here fails

ROWS = {  # name → how it is called; its result; its local derivatives, None where nothing arrives
    "add": (operator.add, operator.add, lambda x, y: [1, 1]),
    "sub": (operator.sub, operator.sub, lambda x, y: [1, -1]),
    "mul": (operator.mul, operator.mul, lambda x, y: [y, x]),
    "neg": (operator.neg, operator.neg, lambda x: [-1]),
    "wall": (wall, lambda x: x, lambda x: [1 // 0]),
    "dot": (
        lambda a, b, x, y: dot([a, b], [x, y]),
        lambda a, b, x, y: a * x + b * y,
        lambda a, b, x, y: [x, y, a, b],
    ),
    "where": (
        where,
        lambda c, x, y: x if c else y,
        lambda c, x, y: [None, 1, None] if c else [None, None, 1],
    ),
}


# ── The naive engine ────────────────────────────────────────────────────────────────────────────────


def below(twins, root):
    """The places of everything that a root was made from, and its own."""
    found = {root}
    for place in range(root, -1, -1):
        if place in found:
            found.update(twins[place]["args"])
    return found


def naive_gradients(twins, root):
    """∂root/∂node by place; what nothing arrives at is left out."""
    gradient = {root: type(twins[root]["data"])(1)}
    for place in range(root, -1, -1):
        twin = twins[place]
        if place in gradient and twin["args"]:
            moving = [twins[arg]["op"] != "constant" for arg in twin["args"]]
            if any(moving):
                locals_ = ROWS[twin["op"]][2](*twin["operands"])
                for arg, local, moves in zip(twin["args"], locals_, moving):
                    if moves and local is not None:
                        gradient[arg] = gradient.get(arg, 0) + gradient[place] * local
    return gradient


def naive_backward(twins, root):
    """The gradients that the nodes below are to have, by place; None if the pass is to fail."""
    within = below(twins, root)
    if all(twins[place]["op"] is not None for place in within):
        return None
    try:
        fresh = naive_gradients(twins, root)
        after = {}
        for place in within:
            twin, gradient = twins[place], fresh.get(place, 0)
            if twin["op"] == "constant":
                gradient = None
            elif twin["op"] is None and twin["grad"] is not None:
                gradient = twin["grad"] + gradient
            after[place] = gradient
    except (TypeError, ZeroDivisionError):
        return None
    return after


# ── The machine ─────────────────────────────────────────────────────────────────────────────────────


class Unrolled(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.nodes, self.twins, self.place = [], [], {}

    def keep(self, node, **twin):
        self.place[node] = len(self.nodes)
        self.nodes.append(node)
        self.twins.append({"args": (), "operands": (), "scope": "", **twin})

    def keep_copies(self, copies, originals):
        """Copies of nodes, in order: each is its original's twin with the copies of its arguments."""
        for made, original in zip(copies, originals, strict=True):
            if made not in self.place:
                twin = self.twins[self.place[original]]
                self.keep(made, **{**twin, "args": tuple(self.place[arg] for arg in made.args)})

    def pick(self, place):
        return self.nodes[place % len(self.nodes)]

    @initialize()
    def begin(self):
        self.leaf(2)

    @rule(number=numbers)
    def leaf(self, number):
        self.keep(Value(number), op=None, data=number, grad=0)

    @rule(
        name=st.sampled_from(sorted(ROWS)),
        picked=st.lists(places | numbers.map(str), min_size=4, max_size=4),
        within=st.sampled_from(["layer", "layer", "layer.neuron", None]),
    )
    def apply(self, name, picked, within):
        """An operation on nodes and plain numbers (as texts), in a scope or (None) under no_grad."""
        call, function, derivatives = ROWS[name]
        args = [Fraction(x) if isinstance(x, str) else self.pick(x) for x in picked]
        args = args[: len(signature(derivatives).parameters)]
        if not any(isinstance(arg, Value) for arg in args):
            return
        operands = tuple(getattr(arg, "data", arg) for arg in args)
        with scope(within) if within else no_grad():
            node = call(*args)
        if not within:
            self.keep(node, op="constant", data=function(*operands), grad=None)
            return
        for arg in node.args:
            if arg not in self.place:
                self.keep(arg, op="constant", data=arg.data, grad=None)
        args = tuple(self.place[arg] for arg in node.args)
        self.keep(node, op=name, args=args, operands=operands, data=function(*operands), grad=0, scope=within)

    @rule(place=places)
    def backward(self, place):
        root = self.pick(place)
        after = naive_backward(self.twins, self.place[root])
        if after is None:
            with pytest.raises((RuntimeError, ZeroDivisionError, TypeError)):
                root.backward()
        else:
            root.backward()
            for place, gradient in after.items():
                self.twins[place]["grad"] = gradient

    @rule(place=places)
    def backward_under_no_grad(self, place):
        with no_grad(), pytest.raises(RuntimeError):
            self.pick(place).backward()

    @rule(place=places)
    def zero_grad(self, place):
        root = self.pick(place)
        root.zero_grad()
        for place in below(self.twins, self.place[root]):
            twin = self.twins[place]
            twin["grad"] = None if twin["op"] == "constant" else 0

    @rule(place=places, number=numbers)
    def set_data(self, place, number):
        node = self.pick(place)
        node.data = self.twins[self.place[node]]["data"] = type(node.data)(number)

    @rule(place=places, grad=numbers | st.sampled_from([None, "text", [1]]))
    def set_grad(self, place, grad):
        node = self.pick(place)
        node.grad = self.twins[self.place[node]]["grad"] = grad

    @rule(place=places)
    def copy(self, place):
        node = self.pick(place)
        made = copy.copy(node)
        assert made is not node
        self.keep_copies([made], [node])

    @precondition(lambda self: len(self.nodes) < 60)
    @rule(first=places, second=places)
    def deepcopy(self, first, second):
        """Of two roots: they share in the copy what they share."""
        roots = self.pick(first), self.pick(second)
        made = copy.deepcopy(roots)
        copies, originals = topological_order(*made), topological_order(*roots)
        assert not {*copies} & self.place.keys()
        self.keep_copies(copies, originals)

    @precondition(lambda self: len(self.nodes) < 60)
    @rule(first=places, second=places)
    def pickle(self, first, second):
        """Of two roots: they share their leaves."""
        roots = self.pick(first), self.pick(second)
        made = pickle.loads(pickle.dumps(roots))
        leaves = {}
        for twin, root in zip(made, roots):
            copies, originals = topological_order(twin), topological_order(root)
            self.keep_copies(copies, originals)
            for copied, original in zip(copies, originals, strict=True):
                if not original.args:
                    assert leaves.setdefault(original, copied) is copied
        assert not {*topological_order(*made)} & {*topological_order(*roots)}

    @invariant()
    def every_node_is_as_its_twin(self):
        for node, twin in zip(self.nodes, self.twins):
            assert repr((node.data, node.grad)) == repr((twin["data"], twin["grad"]))
            assert (node.op and node.op.name) == twin["op"] and node.scope == twin["scope"]
            assert node.args == tuple(self.nodes[arg] for arg in twin["args"])
            assert all(arg is self.nodes[place] for arg, place in zip(node.args, twin["args"]))
            assert repr(node.operands) == repr(twin["operands"])


class Plain(Unrolled):
    """With the plain loops of `value`, which run while `fast` is at work elsewhere."""

    def __init__(self):
        super().__init__()
        fast.marking.acquire()

    def teardown(self):
        fast.marking.release()


TestUnrolled, TestPlain = Unrolled.TestCase, Plain.TestCase
TestUnrolled.settings = TestPlain.settings = settings(max_examples=40, stateful_step_count=40)
