"""Neuron, Layer, MLP, Embedding: micrograd's numbers, Nielsen's names, and nothing truncated silently."""

import random
from collections import deque
from fractions import Fraction

import micrograd.nn
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from micrograd.engine import Value as Micrograd
from processes import outputs
from refusals import assert_refused

import nn
import viz
from autograd import Value, array, grad, ops, topological_order

sizes = st.lists(st.integers(1, 4), min_size=2, max_size=4)
numbers = st.floats(-2, 2).filter(lambda x: abs(x) > 1e-3)


@given(sizes, st.integers(0, 99), st.data())
def test_dots_and_single_products_give_the_same_gradients(shape, seed, data):
    x = data.draw(st.lists(numbers, min_size=shape[0], max_size=shape[0]))
    gradients = []
    for elementary in False, True:
        model = nn.MLP(shape[0], shape[1:], "tanh", seed=seed, elementary=elementary)
        out = model(x)
        sum(out if isinstance(out, list) else [out]).backward()
        gradients.append([p.grad for p in model.parameters()])
    assert gradients[0] == pytest.approx(gradients[1], rel=1e-12, abs=1e-12)


@given(st.integers(1, 5), st.integers(1, 4), st.booleans(), st.data())
def test_a_layer_without_bias_is_a_layer_whose_biases_are_0(nin, nout, elementary, data):
    x = data.draw(st.lists(numbers, min_size=nin, max_size=nin))
    with_bias = nn.Layer(nin, nout, "tanh", seed=0, elementary=elementary)
    without = nn.Layer(nin, nout, "tanh", seed=0, elementary=elementary, bias=False)
    assert len(without.parameters()) == nin * nout == len(with_bias.parameters()) - nout
    assert [a.data for a in without(x)] == pytest.approx([a.data for a in with_bias(x)], rel=1e-12)
    assert all(node.label[:1] != "b" for a in without(x) for node in topological_order(a))


@given(st.integers(1, 12), st.integers(1, 4), st.data())
def test_an_embedding_is_a_linear_layer_on_one_hot_vectors(count, size, data):
    embedding, i = nn.Embedding(count, size, seed=0), data.draw(st.integers(0, count - 1))
    layer = nn.Layer(count, size, "linear", bias=False)
    for j, neuron in enumerate(layer.neurons):
        for w, row in zip(neuron.w, embedding.rows):
            w.data = row[j].data
    one_hot = [float(k == i) for k in range(count)]
    assert [e.data for e in embedding(i)] == [z.data for z in layer(one_hot)]
    sum(e * e for e in embedding(i)).backward()
    sum(z * z for z in layer(one_hot)).backward()
    assert all(
        row[j].grad == layer.neurons[j].w[k].grad for k, row in enumerate(embedding.rows) for j in range(size)
    )


@given(st.dictionaries(st.integers(0, 8), st.sampled_from(["x", None, [1.0], Value(1.0)]), min_size=1))
def test_a_state_that_is_refused_changes_nothing(wrong):
    model = nn.MLP(2, [2, 1], seed=0)
    before = model.state_dict()
    state = dict.fromkeys(before, 5.0)
    for place, number in wrong.items():
        state[[*state][place]] = number
    with pytest.raises(TypeError) as caught:
        model.load_state_dict(state)
    assert f"MLP: {[*before][min(wrong)]}: " in str(caught.value)
    with pytest.raises(ValueError, match="another architecture"):
        model.load_state_dict({**before, "layers.0.neurons.0.b": 7.0, "extra": 1.0})
    assert model.state_dict() == before


@given(st.integers(0, 99))
def test_the_network_of_micrograd(seed):
    random.seed(seed)
    theirs = micrograd.nn.MLP(2, [4, 4, 1])
    ours = nn.MLP(2, [4, 4, 1])
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        p.data = q.data
    x = [random.uniform(-1, 1) for _ in range(2)]
    y, z = ours(x), theirs(list(map(Micrograd, x)))
    y.backward()
    z.backward()
    assert y.data == pytest.approx(z.data, rel=1e-9, abs=1e-9)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert p.grad == pytest.approx(q.grad, rel=1e-9, abs=1e-9)


def test_nielsens_names_and_the_delta_of_a_neuron():
    model = nn.MLP(2, [2, 1], "sigmoid", "sigmoid", seed=1)
    labels = [p.label for p in model.parameters()]
    assert labels[:6] == ["w^2_{11}", "w^2_{12}", "b^2_{1}", "w^2_{21}", "w^2_{22}", "b^2_{2}"]
    cost = (model([1.0, 0.5]) - 1) ** 2 / 2
    cost.backward()
    nodes = {node.label: node for node in topological_order(cost) if node.label}
    delta, a = nodes["z^3_{1}"].grad, nodes["a^3_{1}"].data
    assert delta == pytest.approx((a - 1) * a * (1 - a))  # BP1
    assert nodes["w^3_{12}"].grad == pytest.approx(nodes["a^2_{2}"].data * delta)  # BP4
    assert nodes["z^2_{1}"].scope == nodes["w^2_{11}"].scope == "layer2.neuron1"
    assert nn.Neuron(12, init=0).w[11].label == "w_12"
    assert nn.Layer(12, 1, init=0).neurons[0].w[11].label == "w^2_{1,12}"


class Everything(nn.Module):
    """A module with parameters wherever they may stand, and with what is no parameter."""

    def __init__(self):
        self.gain = Value(1.0)
        self.parts = {"head": nn.Neuron(1, bias=False, init=2.0), "tail": [nn.Neuron(1, init=3.0)]}
        self.pair = (Value(5.0), {"again": self.gain})
        self.tied = self.parts["head"]
        self.name, self.sizes, self.last = "everything", [1, 2], self.gain * 2


def test_parameters_stand_in_attributes_modules_lists_and_dicts_each_once_and_only_leaves():
    module = Everything()
    assert module.state_dict() == {
        "gain": 1.0,
        "parts.head.w.0": 2.0,
        "parts.tail.0.w.0": 3.0,
        "parts.tail.0.b": 0.0,
        "pair.0": 5.0,
    }
    assert list(map(id, module.parameters())) == [id(p) for _, p in module.named_parameters()]
    assert repr(module) == "<Everything: 5 parameters>"


class Held(nn.Module):
    """A module that holds one thing."""

    def __init__(self, held):
        self.held = held


class Slotted(nn.Module):
    """A module with slots of its own and of its base, one of them private and one of them empty."""

    __slots__ = ("__gain", "empty", "w")

    def __init__(self):
        self.w, self.__gain, self.b = Value(1.0), Value(2.0), Value(3.0)


class Below(Slotted):
    __slots__ = ("below",)

    def __init__(self):
        super().__init__()
        self.below = [Value(4.0)]


a, b, c = Value(1.0, "a"), Value(2.0, "b"), Value(3.0)
PLACES = {
    "an array": (Held(array([1.0, 2.0])), {"held.0": 1.0, "held.1": 2.0}),
    "a matrix": (Held(array([[1.0], [2.0]])), {"held.0.0": 1.0, "held.1.0": 2.0}),
    "an array of no axis": (Held(array(1.0)), {"held.0": 1.0}),
    "an array among numbers": (Held([numpy.ones(2), {"w": array([1.0])}]), {"held.1.w.0": 1.0}),
    "a deque": (Held(deque([a, c])), {"held.0": 1.0, "held.1": 3.0}),
    "a set": (Held({b, a, "x", 5.0, a * 2}), {"held.a": 1.0, "held.b": 2.0}),
    "a set of one": (Held(frozenset([c])), {"held.": 3.0}),
    "a module in a set": (Held({nn.Neuron(1, init=0.5)}), {"held..w.0": 0.5, "held..b": 0.0}),
    "slots": (Slotted(), {"_Slotted__gain": 2.0, "w": 1.0, "b": 3.0}),
    "slots of two classes": (Below(), {"_Slotted__gain": 2.0, "w": 1.0, "below.0": 4.0, "b": 3.0}),
    "twice in one list": (Held([a, a, [a]]), {"held.0": 1.0}),
    "no number of a key is lost": (Held({0: a, "00": b, 1.5: c}), {"held.0": 1, "held.00": 2, "held.1.5": 3}),
}


@pytest.mark.parametrize("place", PLACES)
def test_parameters_are_found_in_every_place(place, tmp_path):
    module, state = PLACES[place]
    assert module.state_dict() == state and list(module.state_dict()) == list(state)
    nn.save(module, tmp_path / "m")
    for p in module.parameters():
        p.data = 0.0
    nn.load(module, tmp_path / "m")
    assert module.state_dict() == state


def test_the_names_of_a_set_are_the_same_in_every_process():
    script = (
        "import nn; from autograd import Value; m = nn.Module()\n"
        "m.held = {Value(float(i), f'w{i}') for i in range(20)}; print(m.state_dict())"
    )
    assert len(outputs(script)) == 1


def test_a_module_that_knows_its_parent_or_a_list_that_holds_itself_is_searched_once():
    parent, lists = Held([nn.Neuron(1, init=0.5), {}]), [Value(1.0)]
    parent.held[0].parent, parent.held[1]["root"] = parent, parent
    lists.append(lists)
    assert parent.state_dict() == {"held.0.w.0": 0.5, "held.0.b": 0.0}
    assert parent.held[0].state_dict() == {"w.0": 0.5, "b": 0.0}
    assert Held(lists).state_dict() == {"held.0": 1.0}


def test_depth_is_no_matter():
    held = [Value(1.0)]
    for _ in range(10_000):
        held = [held]
    module = Held(Value(2.0))
    for _ in range(10_000):
        module = Held(module)
    assert len(Held(held).parameters()) == len(module.parameters()) == 1


def test_a_module_may_name_its_own_parameters():
    class Own(nn.Module):
        def __init__(self):
            self.w, self.frozen = Value(1.0), Value(2.0)

        def named_parameters(self, prefix=""):
            yield f"{prefix}only", self.w

    assert Held([Own()]).state_dict() == {"held.0.only": 1.0}


SAME_NAMES = {
    "a number and its text": {0: a, "0": b},
    "a dot in a key": {"b.0": a, "b": [b]},
    "a key like a path": {"x": Held(a), "x.held": b},
    "equal labels": {Value(1.0, "w"), Value(2.0, "w")},
    "no labels": [{Value(1.0), Value(2.0)}],
    "modules in a set": {nn.Neuron(1), nn.Embedding(1, 1)},
}


@pytest.mark.parametrize("case", SAME_NAMES)
def test_two_parameters_of_one_name_are_refused(case):
    module = Held(SAME_NAMES[case])
    for act in (module.parameters, module.state_dict, lambda: nn.save(module, "never")):
        with pytest.raises(ValueError, match=r"Held: two parameters have|Module: held.* is a set"):
            act()


def test_all_neurons_of_a_layer_share_the_node_of_an_input():
    y = nn.MLP(2, [3, 1], seed=0)([0.5, 2])
    inputs = [node for node in topological_order(y) if node.op is ops.constant]
    assert [node.data for node in inputs] == [0.5, 2]


def test_the_row_of_an_embedding_has_its_names_and_cannot_change_it():
    embedding = nn.Embedding(3, 2, seed=0)
    row = embedding(2)
    assert [e.label for e in row] == ["e^2_{1}", "e^2_{2}"] and row[0].scope == "embedding"
    row.clear()
    assert len(embedding(numpy.int64(2))) == 2
    assert [name for name, _ in embedding.named_parameters()][:3] == ["rows.0.0", "rows.0.1", "rows.1.0"]


def test_a_picture_of_a_network_groups_by_neuron_by_itself():
    model = nn.MLP(4, [8, 8, 1], "tanh", seed=0, elementary=True)
    y = model([0.1, 0.2, 0.3, 0.4])
    y.backward()
    svg = viz.draw(y).svg()
    assert "layer2.neuron3" in svg and "layer3.neuron8" in svg and "showing" in svg


def test_one_output_is_a_value_and_an_inner_layer_of_one_neuron_works():
    assert isinstance(nn.MLP(3, [1], init=1)([1, 2, 3]), Value)
    assert nn.MLP(2, [1, 2], "linear", init=1)([1, 2]) == [3, 3]
    assert isinstance(nn.Layer(2, 1, init=1)([1, 2]), list)


def test_exact_networks_have_exact_gradients():
    model = nn.MLP(2, [2, 1], "relu", init=Fraction(1, 3))
    for p in model.parameters():
        p.data = Fraction(p.data)
    y = model([Fraction(1), Fraction(2)])
    y.backward()
    assert y.data == Fraction(2, 3) and model.layers[1].neurons[0].w[0].grad == 1


def test_a_network_is_differentiable_by_its_inputs():
    model = nn.MLP(2, [3, 1], "tanh", seed=0)
    gradient = grad(model)([0.3, -0.4])
    assert len(gradient) == 2 and all(isinstance(g, Value) for g in gradient)  # it reaches the weights


def test_names_state_and_zero_grad():
    model = nn.MLP(2, [2, 1], seed=0)
    names = [name for name, _ in model.named_parameters()]
    assert names[:3] == ["layers.0.neurons.0.w.0", "layers.0.neurons.0.w.1", "layers.0.neurons.0.b"]
    assert len(names) == len(set(names)) == len(model.parameters()) == 9
    other = nn.MLP(2, [2, 1], seed=1)
    other.load_state_dict(model.state_dict())
    assert other.state_dict() == model.state_dict()
    (model([1.0, 2.0]) * 1).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert not any(p.grad for p in model.parameters())


def test_a_perceptron_without_biases():
    model = nn.MLP(2, [3, 1], "tanh", seed=0, bias=False)
    assert len(model.parameters()) == 9 and model([0, 0]) == 0
    assert repr(model) == "MLP(2, [3, 1], activation='tanh', output='linear', bias=False)  # 9 parameters"


@pytest.mark.parametrize(
    ("name", "meant"),
    [("ReLU", "relu"), ("Tanh", "tanh"), ("leaky-relu", "leaky_relu"), ("leakyrelu", "leaky_relu")],
)
def test_a_name_written_as_elsewhere_is_told_as_here(name, meant):
    with pytest.raises(ValueError, match=rf"^activation '{name}' does not exist; did you mean '{meant}'\?$"):
        nn.Neuron(1, name)


def test_reprs():
    assert repr(nn.Neuron(3, "tanh")) == "Neuron(3, 'tanh')"
    assert repr(nn.Layer(3, 2, "linear")) == "Layer(3, 2, 'linear')"
    assert repr(nn.MLP(3, [2, 1])).startswith("MLP(3, [2, 1], activation='relu', output='linear')  # 11")
    assert repr(nn.Neuron(1, ops.gelu)) == "Neuron(1, 'gelu')"
    assert repr(nn.Embedding(27, 16)) == "Embedding(27, 16)"


BAD = {
    "inputs": (lambda: nn.MLP(2, [2, 1])([1.0]), ValueError, "Layer: 1 inputs were given and 2 are needed"),
    "inputs of a neuron": (lambda: nn.Neuron(2)([1, 2, 3]), ValueError, "3 inputs were given and 2 are"),
    "number": (lambda: nn.Neuron(1)(["x"]), TypeError, "'x' is a str, not a number"),
    "one number": (
        lambda: nn.MLP(2, [1])(3.0),
        TypeError,
        "Layer: the input must be a sequence of 2 numbers",
    ),
    "one number for a neuron": (lambda: nn.Neuron(1)(None), TypeError, "a sequence of 1 numbers, not None"),
    "text in a layer": (lambda: nn.MLP(2, [1])("ab"), TypeError, "'a' is a str, not a number"),
    "no row": (lambda: nn.Embedding(27, 2)(27), IndexError, "there is no row 27; the rows are 0 to 26"),
    "row from the end": (lambda: nn.Embedding(27, 2)(-1), IndexError, "there is no row -1"),
    "broken row": (lambda: nn.Embedding(27, 2)(1.0), TypeError, "chosen by an integer, not by 1.0"),
    "row by text": (lambda: nn.Embedding(27, 2)("a"), TypeError, "chosen by an integer, not by 'a'"),
    "empty embedding": (
        lambda: nn.Embedding(0, 2),
        ValueError,
        "Embedding: a size must be a whole number from 1",
    ),
    "activation": (
        lambda: nn.Neuron(1, "sigmiod"),
        ValueError,
        "'sigmiod' does not exist; did you mean 'sigmoid'?",
    ),
    "init": (lambda: nn.Layer(1, 1, init="hi"), ValueError, "init 'hi' does not exist; there is"),
    "no name": (
        lambda: nn.Neuron(1, "zzz"),
        ValueError,
        "'zzz' does not exist; there is 'linear', 'relu', 'tanh', ",
    ),
    "no function": (
        lambda: nn.Neuron(1, 3),
        TypeError,
        "activation must be a name or a function of a number, n",
    ),
    "one number of neurons": (
        lambda: nn.MLP(2, 3),
        TypeError,
        "nouts must be a list, the number of neurons of every",
    ),
    "text as neurons": (lambda: nn.MLP(2, "31"), TypeError, "as in MLP(2, [16, 1]); not '31'"),
    "a batch": (
        lambda: nn.MLP(2, [1])([[1, 2], [3, 4]]),
        TypeError,
        "Layer: the input is a batch, and a model takes",
    ),
    "a batch of arrays": (lambda: nn.MLP(2, [1])(numpy.ones((3, 2))), TypeError, "[model(x) for x in batch]"),
    "a batch for a neuron": (lambda: nn.Neuron(2)([[1, 2]]), TypeError, "one example of 2 numbers"),
    "a Dataset": (lambda: nn.MLP(2, [1])(nn.data.gates("or")), TypeError, "the input is a batch"),
    "size": (lambda: nn.MLP(0, [1]), ValueError, "a whole number from 1, not 0"),
    "float size": (lambda: nn.MLP(2, [1.5]), ValueError, "not 1.5"),
    "no layers": (lambda: nn.MLP(2, []), ValueError, "nouts is empty"),
    "state": (
        lambda: nn.MLP(1, [1]).load_state_dict({"w": 1}),
        ValueError,
        "another architecture; missing ['layers.0",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_by_name(case):
    assert_refused(*BAD[case])
