"""viz.view: laws of every choice of what a picture shows, then choices known by heart, then errors."""

import os
import re
import subprocess
import sys
from collections import defaultdict
from contextlib import nullcontext
from functools import reduce
from operator import add, sub

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_page import unpacked
from written import SVG, read_svg

import viz
from autograd import (
    Value,
    constant,
    dot,
    exp,
    log,
    maximum,
    minimum,
    ops,
    scope,
    tanh,
    topological_order,
    where,
)
from autograd import sum as total
from viz import page
from viz.options import Options
from viz.records import CONSTANT, GROUP, LEAF, OPERATION, read, read_backward
from viz.scene import Rect, leaves
from viz.text import short
from viz.view import HIDDEN, ROW, VALUE, select

scopes = st.sampled_from(["", "", "a", "b", "a.p", "a.q", "b.p", "a.p.deep"])


@st.composite
def roots(draw):
    """One or two roots over shared subexpressions in any scopes, constants among them."""
    nodes = [Value(float(i), draw(st.sampled_from(["", "x", "y"]))) for i in range(draw(st.integers(1, 4)))]
    for leaf in nodes:
        leaf.scope = draw(scopes)
    shared = constant(2.0, draw(st.sampled_from(["c", ""])))
    for _ in range(draw(st.integers(0, 30))):
        left, right = (nodes[draw(st.integers(max(0, len(nodes) - 6), len(nodes) - 1))] for _ in range(2))
        z = draw(st.sampled_from([left + right, left + right, left * right, left * shared, tanh(left)]))
        z.scope = draw(scopes)
        nodes.append(z)
    for _ in range(draw(st.integers(0, 2))):  # what repeats
        nodes.append(draw(st.sampled_from([added, total]))(copies(draw, nodes[-1])))
    if draw(st.booleans()):
        nodes.append(
            draw(st.sampled_from([added, total, lambda blocks: [*blocks][-1]]))(row(draw, nodes[-1]))
        )
    if draw(st.booleans()):
        nodes[-1].backward()
    return nodes[-1 : -1 - draw(st.integers(1, 2)) : -1]


def copies(draw, shared):
    """Some expressions that are alike, each in a scope of its own or none, or with what is shared."""
    number, scoped, squared = draw(st.integers(2, 7)), draw(st.booleans()), draw(st.booleans())
    for i in range(number):
        with scope(f"copy{i}") if scoped else nullcontext():
            inner = Value(float(i)) * (Value(2.0, "w") if squared else shared)
            yield inner**2 if squared else tanh(inner + Value(1.0))


def row(draw, x):
    """Blocks in a row, in scopes or not, with leaves of their own, or shared ones, or both."""
    number, scoped, shared = draw(st.integers(2, 7)), draw(st.booleans()), Value(0.5, "w")
    steps = draw(
        st.lists(st.sampled_from(["own", "shared", "skip", "tanh", "square"]), min_size=1, max_size=4)
    )
    for i in range(number):
        with scope(f"block{i}") if scoped else nullcontext():
            y = x
            for step in steps:
                other = {"own": Value(0.1 * i), "shared": shared, "skip": x}.get(step, y)
                y = tanh(y) if step == "tanh" else y * other
        x = tanh(y) + x * draw(st.sampled_from([1, 1, 1, Value(0.5)]))
        yield x


def added(values):
    """First + second + … in a chain."""
    return reduce(add, values)


choices = st.fixed_dictionaries({
    "group": st.sampled_from([None, 0, 1, 2, 3]),
    "max_nodes": st.sampled_from([1, 2, 5, 10, 150, None]),
    "constants": st.sampled_from(["inside", "node"]),
    "fold": st.booleans(),
})  # fmt: skip


def tree(length, number=Value):
    """x + 1 + 1 + …, with a leaf, or what `number` makes, for every 1."""
    y = number(1.0)
    for _ in range(length):
        y = y + number(1.0)
    return y


def perceptron(*sizes):
    """A network in scopes, product by product."""
    outputs = [Value(0.1 * i, f"x{i}") for i in range(sizes[0])]
    for layer, size in enumerate(sizes[1:], 1):
        inputs, outputs = outputs, []
        for neuron in range(size):
            with scope(f"layer{layer}"), scope(f"neuron{neuron}"):
                s = Value(0.5)
                for i, x in enumerate(inputs):
                    s = s + Value(0.1 * (i + neuron) - 0.3) * x
                outputs.append(tanh(s))
    outputs[0].backward()
    return outputs


def names(graph):
    return [node.name for node in graph.nodes]


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(roots(), choices)
def test_every_value_has_one_card_and_no_more_cards_than_allowed(roots, choice):
    order = topological_order(*roots)
    graph = viz.draw(roots, **choice).graph
    assert sum(node.size + node.inside for node in graph.nodes) == graph.total == len(order)
    assert len(graph.nodes) <= (choice["max_nodes"] or len(order))
    view = select(roots, Options(**choice))
    assert sorted(value for card in view.cards for value in card.members) == list(range(len(order)))
    assert all(value in view.cards[owner].members for value, owner in enumerate(view.owner))
    single = sum(len(card.members) for card in view.cards if card.kind == VALUE)
    assert (graph.note == "") == (single == len(order))
    assert f"of {len(order):,} values" in graph.note or not graph.note


@given(roots(), choices)
def test_cards_form_no_circle_and_edges_stand_for_edges(roots, choice):
    view = select(roots, Options(**choice))
    graph = read(roots, view)
    wanted = defaultdict(int)
    for value, args in enumerate(view.args):
        for arg in args:
            if view.owner[arg] != view.owner[value]:
                wanted[view.owner[arg], view.owner[value]] += 1
    drawn = defaultdict(int)
    for edge in graph.edges:
        assert edge.source < edge.target  # which also says that there is no circle
        drawn[edge.source, edge.target] += edge.count
    assert drawn == wanted
    for node in graph.nodes:
        positions = [edge.position for edge in graph.edges if edge.target == node.key]
        assert positions == list(range(len(positions)))


@given(roots())
def test_without_groups_and_with_room_it_is_the_plain_picture(roots):
    plain = read(roots)
    chosen = viz.draw(roots, group=0, max_nodes=10_000)
    assert chosen.graph == plain
    assert [node.size for node in plain.nodes] == [1] * len(topological_order(*roots))
    assert viz.draw(roots, max_nodes=10_000).graph == plain
    assert "showing" not in chosen.svg()


@given(roots(), choices)
def test_flows_add_up_and_outputs_keep_their_numbers(roots, choice):
    view = select(roots, Options(**choice))
    graph = read(roots, view)
    outputs = view.outputs()
    for node, card in zip(graph.nodes, view.cards, strict=True):
        own = [view.order[value] for value in card.members if value in outputs]
        if len(own) == 1:
            assert node.data is own[0].data
        elif card.times > 1 and (card.kind == ROW or len(own) == card.times):
            numbers = [value.data for value in own]
            assert short(node.data) == " … ".join(dict.fromkeys((short(min(numbers)), short(max(numbers)))))
        elif node.kind == GROUP:
            assert (node.data, node.gradient) == (None, None)
    if all(root.grad for root in roots):
        for edge in graph.edges:
            mixed = {view.cards[edge.source].kind, view.cards[edge.target].kind} != {VALUE}
            assert edge.flow is None or mixed
            if edge.count == 1 and edge.local is not None and mixed:
                assert edge.flow == abs(graph.nodes[edge.target].gradient * edge.local)


@given(roots(), choices)
def test_the_gradient_of_an_output_is_the_sum_of_what_the_edges_contribute(roots, choice):
    view = select(roots, Options(**choice))
    graph = read(roots, view)
    outputs = view.outputs()
    for node, card in zip(graph.nodes, view.cards, strict=True):
        leaving = [edge.contribution for edge in graph.edges if edge.source == node.key]
        (*_, last) = own = [value for value in card.members if value in outputs]
        if node.gradient is not None and len(own) == 1 and last not in view.roots:
            arrived = [number for number in leaving if number is not None]
            assert sum(arrived) == pytest.approx(node.gradient)
        if not any(root.grad for root in roots):
            assert set(leaving) <= {None}


@given(roots(), choices)
def test_constants_inside_are_those_without_a_label_beside_one_operand_and_nothing_else_changes(
    roots, choice
):
    shown = {
        place: viz.draw(roots, **{**choice, "constants": place, "max_nodes": None}).graph
        for place in ("inside", "node")
    }
    for node in shown["inside"].nodes:
        if node.inside and node.size == 1:
            value = node.expression.graph
            plain = [arg for arg in value.args if arg.op is ops.constant and not arg.label]
            assert len(set(plain)) == node.inside and len(value.args) == len(plain) + 1
            assert all(str(int(arg.data)) in node.symbol for arg in plain)
    kept, all_ = (
        {
            n.name: (n.data, n.gradient, *(() if n.symbol.endswith("in a row") else (n.expression, n.size)))
            for n in shown[place].nodes
            if n.kind != CONSTANT
        }
        for place in ("inside", "node")
    )
    assert kept == all_
    numbers = [
        sorted((graph.nodes[e.target].name, str(e.formula), e.count, e.contribution is None, e.flow or 0)
               for e in graph.edges if graph.nodes[e.source].kind != CONSTANT)
        for graph in shown.values()
    ]  # fmt: skip
    assert numbers[0] == numbers[1]


@given(roots(), st.integers(0, 4), st.sampled_from([1, 3, 8, 150]), st.data())
def test_a_focus_shows_what_is_near(roots, depth, most, data):
    full = read(roots)
    named = [node for node in full.nodes if node.name]
    centre = data.draw(st.sampled_from(named))
    graph = viz.draw(roots, focus=centre.name, depth=depth, max_nodes=most).graph
    shown = [node for node in graph.nodes if node.size]
    near = {centre.key}
    for _ in range(depth):
        near |= {e.source for e in full.edges if e.target in near} | {
            e.target for e in full.edges if e.source in near
        }
    constants = {e.source for e in full.edges if e.target in near} & {
        node.key for node in full.nodes if node.kind == CONSTANT
    }
    wanted = [node for node in full.nodes if node.key in near | constants]
    assert centre.name in names(graph)
    assert len(shown) <= most
    if len(wanted) <= most:
        facts = [(n.name, n.kind, n.symbol, n.expression, n.gradient) for n in wanted]
        assert [(n.name, n.kind, n.symbol, n.expression, n.gradient) for n in shown] == facts
    stubs = [node.key for node in graph.nodes if not node.size]
    assert all(sum(key in (e.source, e.target) for e in graph.edges) for key in stubs)
    assert all(e.source < e.target for e in graph.edges)
    assert bool(stubs) <= (len(shown) < len(full.nodes))


@given(roots(), choices, st.sampled_from(["right", "down"]))
def test_pictures_of_every_view_are_drawn(roots, choice, direction):
    svg = viz.draw(roots, **choice, direction=direction).svg()
    assert svg == viz.draw(roots, **choice, direction=direction).svg()
    note = re.search(r'class="note"[^>]*>(showing[^<]*)<', svg)
    label = re.search(r'aria-label="([^"]*)"', svg)[1]
    assert (note is None) == ("showing" not in label)
    assert note is None or note[1] in label


def test_the_same_bytes_in_every_process():
    script = (
        "from test_view import *\n"
        "roots = perceptron(3, 5, 4, 2)\n"
        "for options in {}, {'group': 1}, {'open': {'layer1.neuron1', 'layer2'}}, {'max_nodes': 7}:\n"
        "    print(viz.draw(roots, **options).svg())\n"
    )
    outputs = set()
    for seed in "12":
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONUTF8": "1"}
        environment["PYTHONPATH"] = os.pathsep.join([os.path.dirname(__file__), *sys.path])
        run = [sys.executable, "-c", script]
        outputs.add(subprocess.run(run, env=environment, capture_output=True, check=True).stdout)
    assert len(outputs) == 1


# ── Groups ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_network_groups_by_neuron_and_by_layer():
    (root,) = perceptron(4, 8, 8, 1)
    graph = viz.draw(root).graph
    neurons = [node for node in graph.nodes if node.kind == GROUP]
    assert [node.name for node in neurons[:2]] == ["layer1.neuron0", "layer1.neuron1"]
    assert (len(graph.nodes), len(neurons), neurons[0].symbol) == (4 + 17, 17, "▸14")
    assert graph.note == "showing 4 of 350 values; 346 summed up in 17 cards"
    (last,) = (node for node in graph.nodes if node.name == "layer3.neuron0")
    assert (last.data, last.gradient) == (root.data, 1.0)
    flow = sum(edge.flow for edge in graph.edges if edge.source == 0)
    assert flow >= abs(graph.nodes[0].gradient) > 0
    layers = viz.draw(root, group=1).graph
    assert names(layers)[-3:] == ["layer1", "layer2", "layer3"]
    assert [node.size for node in layers.nodes[-3:]] == [112, 208, 26]
    assert names(viz.draw(perceptron(10, 28, 20, 1)).graph)[-3:] == ["layer1", "layer2", "layer3"]
    assert len(viz.draw(perceptron(2, 2, 1)).graph.nodes) == len(topological_order(*perceptron(2, 2, 1)))


def within(inner, outer):
    """Whether one rectangle lies in another; ValueError where the other cuts it in two."""
    starts = inner.x >= outer.x, inner.y >= outer.y
    ends = inner.x + inner.width <= outer.x + outer.width, inner.y + inner.height <= outer.y + outer.height
    apart = inner.x >= outer.x + outer.width or outer.x >= inner.x + inner.width
    apart |= inner.y >= outer.y + outer.height or outer.y >= inner.y + inner.height
    if not apart and not all((*starts, *ends)):
        raise ValueError(f"{outer} cuts {inner}")
    return not apart


@pytest.mark.parametrize("opened", [["layer1"], ["layer1", "layer1.neuron1"], ["layer2.neuron0"]])
@pytest.mark.parametrize("direction", ["right", "down"])
@pytest.mark.parametrize("width", [None, 900])
@pytest.mark.parametrize("sizes", [(2, 3, 1), (3, 4, 2), (5, 3, 1)])
def test_every_operation_of_an_opened_group_stands_in_one_piece_of_its_frame(opened, direction, width, sizes):
    group = 2 if opened == ["layer2.neuron0"] else 1
    picture = viz.draw(perceptron(*sizes), group=group, open=opened, direction=direction, width=width)
    frames, cards = [], {}
    for mark in picture.scene.marks:
        shape, *rest = getattr(mark, "marks", [None])
        if getattr(shape, "kind", "") == "frame":
            frames.append((rest[0].text, shape))
        elif getattr(mark, "key", "").startswith("n"):
            cards[mark.key] = next(each for each in mark.marks[::-1] if isinstance(each, Rect))
    for node in picture.graph.nodes:
        if f"n{node.key}" in cards:
            around = [name for name, frame in frames if within(cards[f"n{node.key}"], frame)]
            parts = node.frame.split(".")
            own = {".".join(parts[: n + 1]) for n in range(len(parts))} & {*opened}
            assert set(around) <= own and len(around) == len(set(around))
            assert set(around) == own or node.kind in (LEAF, CONSTANT)


def test_an_opened_group_shows_what_is_inside_and_its_frame():
    (root,) = perceptron(4, 8, 8, 1)
    graph = viz.draw(root, open={"layer2.neuron3"}).graph
    inside = [node for node in graph.nodes if node.frame == "layer2.neuron3"]
    assert (len(inside), {node.size for node in inside}) == (26, {1})
    assert sum(node.kind == GROUP for node in graph.nodes) == 16
    by_layer = viz.draw(root, group=1, open=["layer3"])
    assert names(by_layer.graph)[-3:] == ["layer1", "layer2", "layer3.neuron0"]
    assert ">layer3</text>" in by_layer.svg()  # the name on the frame
    with scope("a"):
        inner = tanh(Value(0.5, "w") * root)
    framed = viz.draw(inner * 3, group=1, open="a", direction="down").scene
    (frame,) = (mark for mark in leaves(framed.marks) if mark.kind == "frame")
    assert min(frame.x, frame.y, frame.width, frame.height) >= 0
    deep = viz.draw(root, group=1, open="layer3.neuron0").graph
    assert {node.frame for node in deep.nodes} == {"", "layer3.neuron0"}
    small = perceptron(2, 2, 1)
    assert names(viz.draw(small, open={"layer2"}).graph)[2:] == [
        "layer1.neuron0", "layer1.neuron1", "layer2.neuron0"
    ]  # fmt: skip


def test_groups_that_depend_on_each_other_are_split():
    x = Value(1.0, "x")
    with scope("a"):
        p = tanh(x) * 2
    with scope("b"):
        q = tanh(p) * 3
    with scope("a"):
        r = tanh(q) * 5
    graph = viz.draw(r, group=1).graph
    assert names(graph) == ["x", "a 1/2", "b", "a 2/2"]
    assert [node.symbol for node in graph.nodes[1:]] == ["▸3"] * 3


def test_a_constant_belongs_to_the_group_that_alone_uses_it():
    x, c = Value(1.0, "x"), constant(2.0, "c")
    with scope("a"):
        y = tanh(x * c)
    with scope("b"):
        z = tanh(y * 3)
    assert [node.size for node in viz.draw(z, group=1).graph.nodes] == [1, 3, 3]
    with scope("b"):
        z = tanh(x * c)
    assert [node.size for node in viz.draw([y, z], group=1).graph.nodes] == [1, 1, 2, 2]


def test_constants_stand_in_the_symbol_of_the_operation_that_alone_uses_them():
    x = Value(3.0, "x")
    shared, named = constant(7.0), constant(0.5, "i")
    for y, symbols in [
        (2 * x - 1, ["2 ×", "− 1"]),
        (1 / (x**2 + 1.23456), ["^ 2", "+ 1.235", "1 /"]),
        (maximum(x, 0), ["max(·, 0)"]),
        (minimum(1, x), ["min(1, ·)"]),
        (log(x, 10), ["log(·, 10)"]),
        (ops.xlogy(x, 2), ["xlogy(·, 2)"]),
        (ops.clip(x, 0, 1), ["clip(·, 0, 1)"]),
        (where(x > 0, x, 0.0), ["where(1, ·, 0)"]),
        (x % 2, ["mod 2"]),
        (total([x, 2.0]), ["Σ(·, 2)"]),
        (dot([x, 2.0], [3.0, 4.0]), ["dot([·, 2], [3, 4])"]),
        (x * named, ["×"]),
        (where(constant(1), x, Value(2.0, "y")), ["where"]),
        (shared * x + shared, ["×", "+"]),
    ]:
        graph = viz.draw(y, constants="inside").graph
        assert [node.symbol for node in graph.nodes if node.symbol] == symbols
        assert viz.draw(y, style="textbook").graph == graph
        assert all(node.inside == 0 for node in viz.draw(y).graph.nodes)
    with scope("a"):
        inner = tanh(x * 2)
    groups = viz.draw(inner + 1, group=1, constants="inside").graph
    assert [(node.name, node.symbol) for node in groups.nodes[1:]] == [("a", "▸3"), ("t3", "+ 1")]
    assert groups.note == "showing 3 of 6 values; 3 summed up in 1 card"


@pytest.mark.parametrize("style", ["record", "textbook"])
def test_every_format_has_the_constants_inside(style):
    y = (1 - 2 * Value(3.0, "x")) ** 2
    y.label = "y"
    y.backward()
    diagram = viz.draw(y, style=style, constants="inside")
    for sign in "2 ×", "1 −", "^ 2":
        assert f">{sign}</text>" in diagram.svg()
    graph = diagram.graph
    assert [(edge.local, edge.contribution) for edge in graph.edges] == [(2, 20.0), (-1.0, 10.0), (-10, -10)]
    assert all(node.kind != CONSTANT for node in graph.nodes)


PLACES = "inside", "node"


def test_the_page_steps_through_operations_with_constants_inside():
    y = (1 - 2 * Value(3.0, "x")) ** 2
    inside, _ = (viz.draw(y, constants=place).html() for place in PLACES)
    assert '"data-key":"n3"' in unpacked(inside) and '"data-key":"n4"' not in unpacked(inside)
    data = [
        page._told(viz.draw(y, constants=place).graph, [y], Options(constants=place))[1] for place in PLACES
    ]
    told = [[(s["phase"], s["parts"], s.get("note")) for s in each["steps"]] for each in data]
    assert told[0] == told[1]
    assert set(data[0]["edges"]) == {"e1.0", "e2.0", "e3.0"}


def test_an_edge_between_groups_contributes_the_sum_over_its_edges():
    x = Value(2.0, "x")
    with scope("a"):
        p = x * 3 + x * -5
    with scope("b"):
        q = p * 4 - p
    q.backward()
    first, second = viz.draw(q, group=1).graph.edges
    assert (first.count, first.contribution, first.flow) == (2, 3 * 3 - 5 * 3, 3 * 3 + 5 * 3)
    assert (second.count, second.contribution, second.flow) == (2, 4 - 1, 4 + 1)
    assert x.grad == first.contribution


# ── Folds, bundles, cuts ────────────────────────────────────────────────────────────────────────────


def test_a_long_chain_is_one_card_and_its_operands_another():
    y = tree(5000)
    y.label = "y"
    y.backward()
    rest, fold = viz.draw(y).graph.nodes
    assert (rest.name, rest.symbol) == ("x1, x2, … and 4,999 more", "▸5,001")
    assert (fold.kind, fold.symbol, fold.name, fold.data) == (OPERATION, "5,000 × +", "y", 5001.0)
    assert fold.expression == "x1 + x2 + … and 4,999 more"
    (edge,) = viz.draw(y).graph.edges
    assert (edge.count, edge.flow) == (5001, 5001.0)
    assert "Σ |upstream × local| = 5001" in viz.draw(y).svg()


def test_a_chain_of_one_function_and_a_factor_that_is_used_again_and_again():
    x, w = Value(1.0, "x"), Value(1.5, "w")
    y, z = tanh(x), x * w
    for _ in range(299):
        y, z = tanh(y), z * w
    leaf, fold = viz.draw(y).graph.nodes
    assert (leaf.kind, fold.symbol, fold.expression) == (LEAF, "300 × tanh", "tanh(… tanh(x) …)")
    graph = viz.draw(z).graph
    assert names(graph) == ["x", "w", "t300"]
    assert [edge.count for edge in graph.edges] == [1, 300]


def test_short_chains_and_small_graphs_are_not_folded():
    assert len(viz.draw(tree(60)).graph.nodes) == 121
    assert len(viz.draw(tree(60), max_nodes=20).graph.nodes) == 2


@pytest.mark.parametrize("most", [2, 8, 20, 60])
def test_what_a_chain_shares_with_others_is_not_summed_up_with_its_operands(most):
    graph = viz.draw(perceptron(4, 8, 8, 1), group=0, max_nodes=most).graph
    assert all(edge.source < edge.target for edge in graph.edges)
    assert sum(node.size for node in graph.nodes) == graph.total
    assert most - 8 <= len(graph.nodes) <= most
    for node in graph.nodes:  # a card of operands leads to its chain alone
        if "more" in node.name:
            assert sum(edge.source == node.key for edge in graph.edges) == 1


def test_a_root_or_a_node_used_twice_ends_a_chain():
    first = tree(100)
    second = first
    for _ in range(100):
        second = second + Value(1.0)
    graph = viz.draw([second, first]).graph
    assert [node.symbol for node in graph.nodes if node.kind == OPERATION] == ["100 × +"] * 2
    assert [graph.nodes[key].data for key in graph.roots] == [201.0, 101.0]


def test_many_operands_of_one_node_share_an_edge():
    values = [Value(1.0) for _ in range(3000)]
    graph = viz.draw(total(values) * 2).graph
    assert names(graph)[0] == "x1, x2, … and 2,998 more"
    assert [(edge.position, edge.count) for edge in graph.edges if edge.target == 1] == [(0, 3000)]
    y = dot([Value(1.0) for _ in range(200)], values[:1] + [Value(2.0)] * 199)
    assert len(viz.draw(y, focus="t1", max_nodes=3).graph.edges) == 3


def test_what_does_not_fit_is_one_card_before_what_is_near_the_root():
    x = y = Value(0.5, "x")
    for _ in range(200):
        y = tanh(y * x) + x
    graph = viz.draw(y, max_nodes=8).graph
    assert (len(graph.nodes), graph.nodes[0].name) == (8, "earlier values")
    assert names(graph)[-1] == "t600"


def test_a_million_values_take_a_few_passes():
    w = Value(1.0000001, "w")
    y = w
    for _ in range(30_000):  # the benchmark has a million
        y = y * w
    y.backward()
    diagram = viz.draw(y)
    assert [node.symbol for node in diagram.graph.nodes] == ["", "30,000 × ×"]
    assert len(diagram.svg()) < 6000


# ── What repeats ────────────────────────────────────────────────────────────────────────────────────


def facts(graph):
    return [(node.name, node.symbol, node.size) for node in graph.nodes]


def squares(number):
    """The sum of (x_i − y_i)², in a chain."""
    loss = added((Value(float(i), f"x{i}") - Value(1.0, f"y{i}")) ** 2 for i in range(1, number + 1))
    loss.label = "L"
    loss.backward()
    return loss


def test_a_sum_of_squares_is_a_card_for_each_of_its_operations():
    diagram = viz.draw(squares(30), fold=True, constants="inside")
    graph = diagram.graph
    assert facts(graph) == [
        ("x1 … x30 (30)", "", 30),
        ("y1 … y30 (30)", "", 30),
        ("t1 … t87", "30 × −", 30),
        ("t2 … t88", "30 × ^ 2", 30),
        ("L", "29 × +", 29),
    ]
    assert [node.data for node in graph.nodes[:4]] == ["1 … 30", 1.0, "0 … 29", "0 … 841"]
    assert [node.gradient for node in graph.nodes[:4]] == ["0 … +58", "−58 … 0", "0 … +58", 1.0]
    assert [edge.count for edge in graph.edges] == [30] * 4
    assert [edge.contribution for edge in graph.edges] == [870.0, -870.0, 870.0, 30.0]
    assert graph.nodes[2].expression == "x1 − y1 and 29 alike"
    assert graph.note == "showing 0 of 179 values; 179 summed up in 5 cards"
    assert ">30 × −</text>" in diagram.svg()
    assert len(viz.draw(squares(30), fold=True).graph.nodes) == 6  # and 30 times the constant 2
    assert [node.size for node in viz.draw(squares(3), fold=True).graph.nodes] == [1] * 17  # too few


def test_a_network_is_a_card_for_each_operation_of_a_layer():
    graph = viz.draw(perceptron(4, 8, 8, 1), group=0, fold=True).graph
    symbols = [node.symbol for node in graph.nodes if node.kind == OPERATION]
    assert symbols == [
        "32 × ×",
        "8 × (4 × +)",
        "8 × tanh",
        "64 × ×",
        "8 × (8 × +)",
        "8 × tanh",
        "8 × ×",
        "8 × +",
        "tanh",
    ]


def test_groups_that_repeat_are_one_card_and_an_opened_one_stands_beside():
    (root,) = perceptron(4, 8, 8, 1)
    graph = viz.draw(root, fold=True).graph
    assert facts(graph)[1:] == [
        ("8 × layer1.neuron0", "▸112", 112),
        ("8 × layer2.neuron0", "▸208", 208),
        ("layer3.neuron0", "▸26", 26),
    ]
    assert re.fullmatch(r"−?0\.\d+ … −?0\.\d+", graph.nodes[1].data)
    opened = viz.draw(root, fold=True, open={"layer1.neuron1"}, group=2).graph
    assert ("7 × layer1.neuron0", "▸98", 98) in facts(opened)
    assert {node.frame for node in opened.nodes} == {"", "layer1.neuron1"}


def test_groups_of_the_same_operations_that_are_wired_differently_do_not_repeat():
    parts = []
    for i in range(10):
        with scope(f"part{i}"):
            x = Value(0.1 * i) * 2
            y = tanh(x)
            parts.append(y * (x if i % 2 else y))
    graph = viz.draw(added(parts), fold=True, group=1).graph
    assert [name for name, symbol, _ in facts(graph) if symbol[0] == "▸"] == ["5 × part0", "5 × part1"]


def test_what_is_used_differently_does_not_repeat():
    xs = [Value(float(i), f"x{i}") for i in range(10)]
    graph = viz.draw(added(x * x for x in xs[:5]) - added(tanh(x) for x in xs[5:]), fold=True).graph
    assert facts(graph)[:2] == [("x0 … x4 (5)", "", 5), ("t1 … t8", "5 × ×", 5)]
    assert ("x5 … x9 (5)", "", 5) in facts(graph)
    several = [Value(float(i), f"z{i}") for i in range(15)]
    mixed = (
        [tanh(z) for z in several[:5]] + [exp(z) for z in several[5:10]] + [tanh(-z) for z in several[10:]]
    )
    symbols = [node.symbol for node in viz.draw(added(mixed), fold=True).graph.nodes if node.symbol]
    assert sorted(symbols) == ["14 × +", "5 × exp", "5 × tanh", "5 × tanh", "5 × −"]
    ordered = reduce(sub, [Value(float(i), f"y{i}") for i in range(9)])
    assert facts(viz.draw(ordered, fold=True).graph)[:2] == [("y0", "", 1), ("y1 … y8 (8)", "", 8)]


def test_roots_that_are_alike_stand_for_themselves():
    outputs = [tanh(Value(float(i), f"x{i}")) for i in range(5)]
    graph = viz.draw(outputs, fold=True).graph
    assert facts(graph) == [("x0 … x4 (5)", "", 5), *((f"t{i}", "tanh", 1) for i in range(1, 6))]


# ── Blocks in a row ─────────────────────────────────────────────────────────────────────────────────


def residual(number, width=3, name="block{}"):
    """The loss of a network of residual blocks, each in a scope of its own, if it has a name."""
    h = [Value(0.5 - i / 4, f"x{i}") for i in range(width)]
    for k in range(number):
        with scope(name.format(k)) if name else nullcontext():
            weights = [[Value((i - j + k) / 10) for j in range(width)] for i in range(width)]
            h = [x + tanh(dot(row, h)) for x, row in zip(h, weights, strict=True)]
    loss = total([x**2 for x in h])
    loss.label = "L"
    loss.backward()
    return loss


def recurrent(number, last=False):
    """A network over time, of one number; the loss of all its steps, or the last state."""
    w, u, b, h = Value(0.7, "w"), Value(0.5, "u"), Value(0.1, "b"), Value(0.0, "h0")
    states = []
    for t in range(1, number + 1):
        h = tanh(w * Value(t / 10, f"x{t}") + u * h + b)
        h.label = f"h{t}"
        states.append(h)
    root = h if last else total([(h - Value(0.5, f"y{t}")) * h for t, h in enumerate(states, 1)])
    root.label = "L" * (not last) or h.label
    root.backward()
    return root


def test_blocks_in_a_row_are_one_card_which_says_that_each_is_fed_by_the_one_before():
    root = residual(12, width=4)
    graph = viz.draw(root, fold=True, constants="inside").graph
    assert facts(graph) == [
        ("x0 … x3 (4)", "", 4),
        ("12 × block0", "▸336 in a row", 336),
        ("t136 … t148", "4 × ^ 2", 4),
        ("L", "Σ", 1),
    ]
    assert [edge.count for edge in graph.edges] == [4 + 16, 4, 4]
    row = graph.nodes[1]
    assert row.expression == "336 values in 12 blocks, each fed by the one before"
    outs = [node for node in topological_order(root) if node.scope and node.op is ops.add]
    for shown, sign, numbers in (
        (row.data, False, [x.data for x in outs]),
        (row.gradient, True, [x.grad for x in outs]),
    ):
        assert shown == f"{short(min(numbers), sign)} … {short(max(numbers), sign)}"


def test_every_style_and_format_says_that_blocks_stand_in_a_row():
    diagram = viz.draw(residual(12), fold=True)
    says = "216 values in 12 blocks, each fed by the one before"
    for text in (
        *(diagram.svg(), diagram.changed(style="textbook").svg(), unpacked(diagram.html())),
        *(diagram.dot().source, diagram.mermaid().replace("#44;", ","), diagram.text()),
    ):
        assert "12 × block0" in text and ("▸216 in a row" in text or says in text)
    assert "in a row" in diagram.tikz() and "in a row" in diagram.changed(style="textbook").tikz()


def test_what_enters_the_first_block_or_leaves_the_last_is_drawn():
    graph = viz.draw(recurrent(20), fold=True).graph
    assert facts(graph) == [
        ("w", "", 1),
        ("u", "", 1),
        ("h0", "", 1),
        ("b", "", 1),
        ("x1 … x20 (20)", "", 20),
        ("h1, h2, … and 18 more", "20 × ▸5 in a row", 100),
        ("y1 … y20 (20)", "", 20),
        ("t5 … t119", "20 × −", 20),
        ("t6 … t120", "20 × ×", 20),
        ("L", "Σ", 1),
    ]
    counts = {(graph.nodes[edge.source].name, edge.target): edge.count for edge in graph.edges}
    assert counts["h0", 5] == 1 and counts["w", 5] == counts["x1 … x20 (20)", 5] == 20
    last = viz.draw(recurrent(20, last=True), fold=True).graph  # of the block with the root all is shown
    assert ("h1, h2, … and 17 more", "19 × ▸5 in a row", 95) in facts(last)
    assert [node.name for node in last.nodes if node.kind == OPERATION] == ["t1", "t78", "t79", "t80", "h20"]


def test_a_block_that_is_open_stands_between_rows_and_a_frame_around_a_row():
    graph = viz.draw(residual(12), fold=True, open={"block5"}).graph
    assert [node.name for node in graph.nodes if node.symbol.endswith("in a row")] == [
        "5 × block0",
        "6 × block6",
    ]
    (row,) = (
        node
        for node in viz.draw(residual(9, name="net.block{}"), fold=True, group=1, open={"net"}).graph.nodes
        if node.frame == "net"
    )
    assert (row.name, row.symbol) == ("9 × net.block0", "▸162 in a row")


def test_blocks_that_differ_in_an_operation_or_are_few_stand_for_themselves():
    for number, odd, expected in (3, None, []), (9, 4, ["4 × ▸2 in a row"] * 2), (7, 3, []):
        h, x = Value(0.5, "h"), Value(1.0, "x")
        for k in range(number):
            h = (exp(h) if k == odd else tanh(h)) * x
        symbols = [node.symbol for node in viz.draw(h * 1, fold=True).graph.nodes]
        assert [symbol for symbol in symbols if symbol.endswith("in a row")] == expected


def test_rows_stand_in_rows():
    x = h = Value(0.5, "x")
    for _ in range(5):
        for _ in range(6):
            h = tanh(h) * x
        h = exp(h) + 1
    graph = viz.draw(h - 1, fold=True, constants="inside").graph
    assert facts(graph) == [
        ("x", "", 1),
        ("t14, t28, … and 3 more", "5 × ▸15 in a row", 75),
        (graph.nodes[2].name, "− 1", 1),
    ]


# ── Focus ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("label", "shown"), [("y_hat", "ŷ"), ("w^2_{13}", "w²₁₃"), ("alpha", "α"), ("x", "x")]
)
def test_a_focus_goes_by_the_label_and_by_the_name_that_is_shown(label, shown):
    z = Value(1.0, label) * Value(2.0, "a") + Value(3.0, "b")
    by_label, by_name = (viz.draw(z, focus=name, depth=0).graph for name in (label, shown))
    assert by_label == by_name and shown in names(by_label)


def test_long_names_are_cut_in_the_middle_and_stay_different_and_whole_in_their_titles():
    labels = [f"transformer.layers.{i}.attention.query.weight_{j}" for i in (1, 2) for j in (1, 2)]
    z = sum(Value(1.0, label) * i for i, label in enumerate(labels, 2))
    diagram = viz.draw(z)
    shown = [node.name for node in diagram.graph.nodes if node.kind == "leaf"]
    assert len({*shown}) == 4 and all(len(name) <= 28 for name in shown)
    for label, name in zip(labels, shown, strict=True):
        assert (
            name.startswith("trans")
            and name.endswith(label[-7:])
            and label not in diagram.svg().partition("<title>")[0]
        )
        assert f"{name}\n{label}\nvalue 1.0" in diagram.svg() and name in diagram.text()
        assert viz.draw(z, focus=label, depth=0).graph == viz.draw(z, focus=name, depth=0).graph
    with scope("encoder.block_1.attention.heads.1"):
        a = Value(1.0) * 2
    with scope("encoder.block_2.attention.heads.1"):
        b = a * 3 + 1
    groups = [node for node in viz.draw(b * 1, group=9).graph.nodes if node.kind == "group"]
    assert len({node.name for node in groups}) == 2 and {node.label for node in groups} == {a.scope, b.scope}


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=6), st.booleans())
def test_the_0_of_pythons_sum_is_not_shown_where_that_changes_nothing(letters, products):
    leaves = {letter: Value(i + 2.0, letter) for i, letter in enumerate("abc")}
    terms = [leaves[x] * 2 if products else leaves[x] for x in letters]
    root = sum(terms)
    root.backward()
    graph = read([root])
    alone = products or letters.count(letters[0]) == 1
    assert ("0 + " in viz.draw(root).text()) is not alone
    assert len(graph.nodes) == len(topological_order(root)) - 2 * alone
    held = {node.name: node.gradient for node in graph.nodes if node.kind == "leaf"}
    assert held == {letter: leaves[letter].grad for letter in dict.fromkeys(letters)}
    table, made = read_backward(root)
    last = {edge.source: step.total for edge, step in made.steps}
    assert table == graph and all(total == graph.nodes[key].gradient for key, total in last.items())


def test_a_0_of_the_users_own_is_shown():
    x = Value(3.0, "x")
    for zero in 0.0, constant(0, "nothing"), Value(0):
        assert len(read([(zero + x) * 2]).nodes) == 5
    begun = 0 + x
    begun.label = "begun"
    assert len(read([begun * 2]).nodes) == 5
    begun.label = ""
    assert len(read([begun]).nodes) == 3 and len(read([begun * 2]).nodes) == 3
    assert len(viz.draw(begun * 2, names={"begun": begun}, constants="node").graph.nodes) == 5


def test_a_focus_has_stubs_at_its_border():
    x = Value(0.5, "x")
    a = tanh(x)
    b = tanh(a)
    c = tanh(b) * 2
    c.label = "c"
    graph = viz.draw(c * x, focus="t2", depth=1).graph
    assert names(graph) == ["…", "t1", "t2", "t3", "…"]
    assert [(edge.source, edge.target) for edge in graph.edges] == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert graph.edges[0].formula == "∂t1/∂x = 1 − t1²"
    assert graph.note == "showing 3 of 7 values; 4 left out"
    assert names(viz.draw(c * x, focus="c", depth=0).graph) == ["", "…", "c", "…"]  # 2, the constant
    assert viz.draw(c, focus="t2", depth=9).graph == read([c])


# ── Options of the record style ─────────────────────────────────────────────────────────────────────


def product():
    x, w = Value(3.14159, "x"), Value(-2.0, "w")
    z = tanh(x * w)
    z.label = "z"
    z.backward()
    return z


def shown(kind, **options):
    picture = read_svg(viz.draw(product(), **options).svg())
    return [text.text for text in picture.iterfind(f".//{SVG}text[@class='{kind}']")]


def test_numbers_names_and_local_derivatives_can_be_chosen():
    assert shown("data") == ["3.142", "−2", "−6.283", "−1"]
    assert shown("data", digits=2) == ["3.1", "−2", "−6.3", "−1"]
    assert shown("data", digits=None)[0] == "3.14159"
    assert shown("data", values=False) == []
    assert shown("gradient", gradients=False) == []
    assert (shown("name", labels=False), shown("pale", labels=False)) == ([], [])
    assert shown("local") == ["−2", "3.142", "1.395×10⁻⁵"]
    assert shown("local", local="formula") == ["w", "x", "1 − z²"]
    assert shown("local", local="both") == ["w = −2", "x = 3.142", "1 − z² = 1.395×10⁻⁵"]
    assert shown("local", local="none") == []


def test_a_worksheet_leaves_fields_and_gives_nothing_away():
    given = viz.draw(product(), blank="gradients").svg()
    assert given.count('class="blank"') == 4 + 3
    assert shown("data", blank="gradients") == ["3.142", "−2", "−6.283", "−1"]
    empty = viz.draw(product(), blank="all", local="both").svg()
    assert empty.count('class="blank"') == 4 + 3 + 2
    assert shown("data", blank="all") == ["3.142", "−2"]
    assert shown("local", blank="all", local="both") == ["w =", "x =", "1 − z² ="]
    for number in "6.28", "1.39", "2.78":
        assert number in viz.draw(product()).svg()
        assert number not in empty
    grouped = viz.draw(perceptron(4, 8, 8, 1), blank="gradients").svg()
    assert "flow" not in re.sub("<style>.*</style>", "", grouped, flags=re.S)


def test_a_leaf_alone_is_a_card():
    assert [node.name for node in viz.draw(Value(2.0, "x")).graph.nodes] == ["x"]
    assert "showing" not in viz.draw(Value(2.0, "x"), max_nodes=1).svg()


# ── Errors ──────────────────────────────────────────────────────────────────────────────────────────


def test_errors_name_what_is_near():
    (root,) = perceptron(2, 2, 1)
    with pytest.raises(ValueError, match=r"^focus='x99': no node has that name; near it there is 'x\d+'"):
        viz.draw(root, focus="x99")
    with pytest.raises(ValueError, match=r"^open='layer1\.neurn1': .*; near it there is 'layer1\.neuron1'"):
        viz.draw(root, open={"layer1.neurn1"})
    with pytest.raises(ValueError, match=r"^open='a': no group has that name; there is none$"):
        viz.draw(Value(1.0), open={"a"})
    assert select([root], Options(focus="x0")).owner.count(HIDDEN) > 0
