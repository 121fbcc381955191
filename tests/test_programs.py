"""Fifteen programs of every kind (programs.py), compiled: the numbers of the eager engine, and no surprises.

Inputs and parameters are numbers of float32, so that in float32 only what is computed with them is rounded:
how far, is derived from the graph of the gradient (`laws.rounding`).
"""

from collections import deque
from functools import cache

import numpy as np
import pytest
from programs import (
    LSTM,
    RNN,
    VAE,
    ZOO,
    CausalAttention,
    GaussianMixture,
    Hopfield,
    Kalman,
    LeNet,
    LogisticRegression,
    MatrixFactorisation,
    NeuralODE,
    Oscillator,
    PolicyGradient,
    SoftKMeans,
    VolatilitySurface,
    call,
    coupled,
    pinn,
)

import autograd
from autograd import (
    constant,
    dot,
    hessian,
    hvp,
    local_derivatives,
    ops,
    sweep,
    topological_order,
    value_and_grad,
)
from autograd.testing import laws

SINGLE = float(np.finfo(np.float32).eps / np.finfo(float).eps)  # units in the last place of float32
AT_MOST = {  # scalar nodes recorded, and array operations made of them: a tenth more than there were
    RNN: (105, 82),
    LSTM: (270, 180),
    LeNet: (1770, 100),
    CausalAttention: (300, 110),
    Oscillator: (162, 380),
    LogisticRegression: (19, 32),
    MatrixFactorisation: (125, 38),
    SoftKMeans: (46, 48),
    GaussianMixture: (90, 78),
    Kalman: (107, 265),
    VolatilitySurface: (820, 250),
    NeuralODE: (205, 262),
    Hopfield: (98, 108),
    VAE: (190, 85),
    PolicyGradient: (80, 65),
}


class Case:
    """A program of the zoo, small and compiled, with a batch of five."""

    def __init__(self, kind):
        self.source = kind()
        self.program = autograd.compile(self.source.loss, self.source.parameters)
        self.theta = self.program.parameters(np.float32).astype(float)
        self.program.assign(self.theta)
        self.inputs = [
            x.astype(np.float32).astype(float) if x.dtype.kind == "f" else x
            for x in self.source.inputs(5, np.random.default_rng(1))
        ]

    def eager(self, inputs):
        """The losses of a batch, example by example, and their mean: Values."""
        losses = [self.source.loss(*example) for example in zip(*[x.tolist() for x in inputs])]
        return losses, autograd.sum(losses) / len(losses)

    def gradient(self, root):
        """The gradient of a Value by the parameters, in numbers."""
        for parameter in self.source.parameters:
            parameter.grad = 0
        root.backward()
        return np.array([parameter.grad for parameter in self.source.parameters])

    def gradient_graph(self, root):
        """The same as Values: the rules are called with those that were recorded, constants as numbers."""
        gradient = {root: constant(1.0)}
        operand = lambda arg: arg.data if arg.op is ops.constant else arg
        rules = lambda node: local_derivatives(node, operands=(*map(operand, node.args), node))
        deque(sweep(topological_order(root), gradient, rules), maxlen=0)
        return [gradient.get(parameter, 0.0) for parameter in self.source.parameters]


case_of = cache(Case)


@pytest.fixture(params=ZOO, ids=lambda kind: kind.__name__)
def case(request):
    return case_of(request.param)


def same(found, expected, rel=1e-10):
    """Whether value and gradient are equal, relative to what is greatest in them."""
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=rel * np.abs(b).max())


@pytest.mark.parametrize("n", [1, 2, 5])
def test_value_and_gradient_are_those_of_the_eager_engine(case, n):
    inputs = [x[:n] for x in case.inputs]
    losses, mean = case.eager(inputs)
    same(case.program(case.theta, *inputs), (mean.data, case.gradient(mean)))
    same(case.program.predict(case.theta, *inputs), [loss.data for loss in losses])


def test_in_float32_they_differ_by_what_rounding_may_do(case):
    inputs = [x.astype(np.float32) if x.dtype.kind == "f" else x for x in case.inputs]
    value, gradient = case.program(case.theta.astype(np.float32), *inputs)
    assert gradient.dtype == np.float32
    _, mean = case.eager(case.inputs)
    assert abs(value - mean.data) <= SINGLE * laws.rounding(mean)
    direction = np.random.default_rng(2).normal(size=len(gradient))  # along which one sweep bounds them all
    slope = dot(direction.tolist(), case.gradient_graph(mean))
    assert abs(direction @ gradient - slope.data) <= SINGLE * laws.rounding(slope)


def test_the_derivatives_by_hand_are_the_same(case):
    if not hasattr(case.source, "by_hand"):
        pytest.skip("not written by hand")
    if isinstance(case.source, VolatilitySurface):
        pytest.importorskip("scipy")
    same(case.source.by_hand(case.theta, *case.inputs), case.program(case.theta, *case.inputs))


def test_on_jax_they_are_the_same(case):
    jax = pytest.importorskip("jax", reason="JAX is absent: pip install 'scalar-autograd[jax]'")
    expected = case.program(case.theta, *case.inputs)
    with jax.enable_x64(True):
        found = jax.jit(case.program.to_jax())(case.theta, *case.inputs)
    same(found, expected)


def test_a_call_depends_on_its_arguments_alone_and_changes_none(case):
    kept = [x.copy() for x in (case.theta, *case.inputs)]
    value, gradient = case.program(case.theta, *case.inputs)
    first = gradient.copy()
    other, _ = case.program(case.theta * 1.1, *[x[:2] for x in case.inputs])
    again, same_gradient = case.program(case.theta, *case.inputs)
    assert other != value == again
    assert (first == gradient).all() and (first == same_gradient).all()
    assert all((x == before).all() for x, before in zip((case.theta, *case.inputs), kept))


def test_the_program_does_not_grow(case):
    case.program(case.theta, *case.inputs)
    nodes, operations = AT_MOST[type(case.source)]
    assert case.program.nodes <= nodes
    assert len(case.program.operations) <= operations


def test_the_source_names_the_inputs_as_the_method_does():
    case = case_of(VolatilitySurface)
    case.program(case.theta, *case.inputs)
    assert "def step(theta, spot, quotes, deltas, out=None):" in case.program.source


def test_lenet_on_an_image_of_28_by_28_pixels():
    source = LeNet(side=28, channels=(2, 4), kernel=5, pools=(2, 2), classes=10)
    program = autograd.compile(source.loss, source.parameters)
    image, label = source.inputs(1, np.random.default_rng(3))
    value, gradient = program(program.parameters(), image, label)
    loss = source.loss(image[0].tolist(), int(label[0]))
    loss.backward()
    same((value, gradient), (loss.data, np.array([p.grad for p in source.parameters])))
    assert program.nodes <= 200_000 and len(program.operations) <= 120


# ── Without parameters: any function, any derivative ────────────────────────────────────────────────


def at(source):
    """The loss as a function of theta and an example."""
    return lambda theta, *example: source.at(theta).loss(*example)


def test_each_example_has_a_gradient_of_its_own(case):
    flags = [False, *[True] * len(case.inputs)]  # theta is the same for all
    compiled = autograd.compile(value_and_grad(at(case.source)), batch=flags)
    losses, gradients = compiled(case.theta, *case.inputs)
    for i, loss in enumerate(case.eager(case.inputs)[0]):
        same((losses[i], gradients[i]), (loss.data, case.gradient(loss)))


@pytest.mark.parametrize("kind", [RNN, CausalAttention, GaussianMixture, SoftKMeans, Oscillator])
def test_a_hessian_times_a_vector(kind):
    case = case_of(kind)
    example = [x[0].tolist() for x in case.inputs]
    direction = np.random.default_rng(4).normal(size=len(case.theta))
    product = lambda theta, v: hvp(lambda theta: at(case.source)(theta, *example), (theta,), (v,))
    found = autograd.compile(product)(case.theta, direction)
    same([found], [np.array(product(case.theta.tolist(), direction.tolist()))])


def test_a_minimiser_takes_what_is_compiled_as_it_is():
    optimize = pytest.importorskip("scipy.optimize")
    both, start = autograd.compile(value_and_grad(coupled)), np.linspace(-1, 1, 30)
    value, gradient = value_and_grad(coupled)(start.tolist())
    same(both(start), (value, np.array(gradient)))
    found = optimize.minimize(both, start, jac=True, tol=1e-10).x
    step = np.linalg.solve(autograd.compile(hessian(coupled))(found), both(found)[1])
    assert np.abs(step).max() < 1e-6  # what is left to go, by Newton
    assert np.abs(both(found - step)[1]).max() < 1e-12


def options(n, seed=5):
    """Spots, strikes, years, volatilities and rates."""
    rng = np.random.default_rng(seed)
    low, high = np.array([[0.8, 0.7, 0.1, 0.1, 0.0], [1.2, 1.3, 2.0, 0.5, 0.05]])[:, :, None]
    return list(low + (high - low) * rng.random((5, n)))


GREEKS = value_and_grad(call, range(5))


def test_black_and_scholes_with_five_derivatives_at_a_point():
    option = [x.item() for x in options(1)]
    price, greeks = autograd.compile(GREEKS)(*option)
    expected, by = GREEKS(*option)
    assert [price, *greeks] == pytest.approx([expected, *by], rel=1e-13)
    assert {type(x) for x in (price, *greeks)} == {float}


def test_greeks_of_ten_thousand_options_obey_their_laws():
    spot, strike, years, volatility, rate = arguments = options(10_000)
    price, greeks = autograd.compile(GREEKS, batch=True)(*arguments)
    delta, by_strike, theta, vega, rho = greeks
    same([spot * delta + strike * by_strike], [price])  # Euler: the price is homogeneous in spot and strike
    same([-years * strike * by_strike], [rho])
    same([vega * volatility / (2 * years) - rate * strike * by_strike], [theta])
    for i in range(3):
        expected, by = GREEKS(*[x[i].item() for x in arguments])
        same([price[i], [greek[i] for greek in greeks]], [expected, by])


def test_a_network_that_is_taught_an_equation():
    """The derivatives by x, within the loss, and those by the weights, which are a dict of lists."""
    rng = np.random.default_rng(6)
    network = {name: rng.normal(size=4).tolist() for name in "wbv"}
    points = np.linspace(0, 3, 7)
    value, gradient = autograd.compile(value_and_grad(pinn))(network, points)
    expected, by = value_and_grad(pinn)(network, points.tolist())
    assert value == pytest.approx(expected, rel=1e-12)
    same([gradient[name] for name in "wbv"], [np.array(by[name]) for name in "wbv"])
