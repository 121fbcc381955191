"""Neuron, Layer, MLP: the same numbers as micrograd, Nielsen's names, and nothing truncated silently."""

import random
from fractions import Fraction

import micrograd.nn
import pytest
from hypothesis import given
from hypothesis import strategies as st
from micrograd.engine import Value as Micrograd

import nn
import viz
from autograd import Value, grad, ops, topological_order

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


@pytest.mark.parametrize("name", sorted(nn.INITS))
def test_inits_have_the_variance_that_they_promise(name):
    weights = [w.data for neuron in nn.Layer(50, 60, init=name, seed=3).neurons for w in neuron.w]
    variance = sum(w * w for w in weights) / len(weights)
    promised = {"uniform": 1 / 3, "normal": 1, "he": 2 / 50, "lecun": 1 / 50, "zeros": 0}
    assert variance == pytest.approx(promised.get(name, 2 / 110), rel=0.1)
    assert weights == [w.data for neuron in nn.Layer(50, 60, init=name, seed=3).neurons for w in neuron.w]


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


def test_reprs():
    assert repr(nn.Neuron(3, "tanh")) == "Neuron(3, 'tanh')"
    assert repr(nn.Layer(3, 2, "linear")) == "Layer(3, 2, 'linear')"
    assert repr(nn.MLP(3, [2, 1])).startswith("MLP(3, [2, 1], activation='relu', output='linear')  # 11")
    assert repr(nn.Neuron(1, ops.gelu)) == "Neuron(1, 'gelu')"


BAD = {
    "inputs": (lambda: nn.MLP(2, [2, 1])([1.0]), ValueError, "Layer: 1 inputs were given and 2 are needed"),
    "inputs of a neuron": (lambda: nn.Neuron(2)([1, 2, 3]), ValueError, "3 inputs were given and 2 are"),
    "number": (lambda: nn.Neuron(1)(["x"]), TypeError, "'x' is a str, not a number"),
    "activation": (
        lambda: nn.Neuron(1, "sigmiod"),
        ValueError,
        "'sigmiod' does not exist; there is 'sigmoid'",
    ),
    "init": (lambda: nn.Layer(1, 1, init="hi"), ValueError, "init 'hi' does not exist; there is"),
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
    call, kind, part = BAD[case]
    with pytest.raises(kind) as caught:
        call()
    assert part in str(caught.value) and "\n" not in str(caught.value)
