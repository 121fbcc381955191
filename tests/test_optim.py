"""Optimizers and schedules: one rule for Values and for arrays, exact in fractions, nothing half done."""

import json
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from interruptions import assert_all_or_nothing
from refusals import assert_refused

import nn
from autograd import Value
from nn import commit, losses, optim, schedules
from nn.optim import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    Groups,
    Optimizer,
    RMSProp,
    clip_grad_norm,
    clip_grad_value,
)

KINDS = {
    "SGD": lambda p: SGD(p, 0.1),
    "SGD, weight decay": lambda p: SGD(p, 0.1, weight_decay=0.2),
    "momentum": lambda p: SGD(p, 0.1, momentum=0.9),
    "Nesterov": lambda p: SGD(p, schedules.exponential(0.1, 0.9), momentum=0.9, nesterov=True),
    "AdaGrad": lambda p: AdaGrad(p, weight_decay=0.1),
    "RMSProp": lambda p: RMSProp(p, momentum=0.5),
    "RMSProp, centered": lambda p: RMSProp(p, centered=True, weight_decay=0.1),
    "Adam": lambda p: Adam(p, weight_decay=0.1),
    "AdamW": lambda p: AdamW(p, schedules.cosine(0.1, 7)),
    "Groups": lambda p: Groups(*[Adam([x], 0.1, weight_decay=0.2 * i) for i, x in enumerate(p)]),
}
kinds = pytest.mark.parametrize("kind", KINDS)
numbers = st.floats(-1e3, 1e3)
rationals = st.fractions(-9, 9, max_denominator=20)


def leaves(numbers, gradients):
    parameters = [Value(x) for x in numbers]
    set_gradients(parameters, gradients)
    return parameters


def set_gradients(parameters, gradients):
    for p, g in zip(parameters, gradients, strict=True):
        p.grad = g


def data(parameters):
    return [p.data for p in parameters]


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@kinds
@given(st.lists(st.tuples(numbers, numbers, numbers, numbers), min_size=1, max_size=4), st.integers(0, 7))
def test_values_and_arrays_take_the_same_steps_to_the_last_bit(kind, table, by_array):
    """Also where the two kinds of step take turns: they share one memory."""
    start, *gradients = zip(*table)
    parameters = leaves(start, gradients[0])
    twins = leaves(start, gradients[0])
    single, mixed = KINDS[kind](parameters), KINDS[kind](twins)
    for t, g in enumerate(gradients):
        set_gradients(parameters, g)
        single.step()
        if by_array >> t & 1:
            theta = np.array(data(twins))
            mixed.step_array(theta, np.array(g))
            for p, x in zip(twins, theta.tolist()):
                p.data = x
        else:
            set_gradients(twins, g)
            mixed.step()
        assert data(parameters) == data(twins)
    assert single.state_dict() == mixed.state_dict()


@given(st.lists(st.tuples(rationals, rationals), min_size=1, max_size=4), rationals.map(abs))
def test_gradient_descent_is_exact_on_fractions(table, lr):
    parameters = leaves(*zip(*table))
    SGD(parameters, lr).step()
    assert data(parameters) == [x - lr * g for x, g in table]
    assert {type(x) for x in data(parameters)} == {Fraction}


@given(rationals, rationals, st.integers(1, 6))
def test_momentum_under_a_constant_gradient_is_a_geometric_series(start, g, steps):
    """velocityₜ = g (1 − μᵗ) / (1 − μ)."""
    mu, lr = Fraction(2, 3), Fraction(1, 5)
    (p,) = parameters = leaves([start], [g])
    optimizer = SGD(parameters, lr, momentum=mu)
    for _ in range(steps):
        optimizer.step()
    assert p.data == start - lr * sum(g * (1 - mu**t) / (1 - mu) for t in range(1, steps + 1))


@given(st.lists(numbers, min_size=1), st.floats(0, 10))
def test_a_zero_gradient_leaves_plain_gradient_descent_where_it_is(start, lr):
    parameters = leaves(start, [0] * len(start))
    SGD(parameters, lr).step()
    assert data(parameters) == start


@given(st.floats(1e-3, 1e3), st.floats(-1e3, 1e3).filter(lambda g: abs(g) > 1e-3))
def test_the_first_step_of_adam_is_as_long_as_the_learning_rate(lr, g):
    (p,) = parameters = leaves([0.0], [g])
    Adam(parameters, lr, eps=0).step()
    assert p.data == pytest.approx(-math.copysign(lr, g), rel=1e-12)


@kinds
@given(st.lists(numbers, min_size=6, max_size=6), st.booleans())
def test_a_state_goes_through_json_to_the_last_bit(kind, gradients, arrays):
    parameters = leaves([1.0, -2.0], gradients[:2])
    optimizer, theta = KINDS[kind](parameters), np.array([1.0, -2.0])
    optimizer.step_array(theta, np.array(gradients[:2])) if arrays else optimizer.step()
    state = json.loads(json.dumps(optimizer.state_dict()))
    twins = leaves(data(parameters), gradients[2:4])
    heir = KINDS[kind](twins)
    heir.load_state_dict(state)
    assert heir.state_dict() == optimizer.state_dict() == state
    set_gradients(parameters, gradients[2:4])
    for o in (optimizer, heir):
        o.step()
    assert data(parameters) == data(twins) and heir.steps == 2


@given(st.lists(numbers, min_size=1, max_size=9), st.floats(1e-3, 1e3))
def test_clipping_by_norm_keeps_the_direction(gradients, limit):
    parameters = leaves(gradients, gradients)
    norm = math.hypot(*gradients)
    assert clip_grad_norm(parameters, limit) == norm
    scale = limit / norm if norm > limit else 1
    assert [p.grad for p in parameters] == [g * scale for g in gradients]
    array = np.array(gradients)
    assert clip_grad_norm(array, limit) == norm and array.tolist() == [p.grad for p in parameters]
    assert math.hypot(*(p.grad for p in parameters)) == pytest.approx(min(norm, limit), rel=1e-14)


@given(st.lists(rationals, min_size=1), rationals.filter(lambda x: x > 0))
def test_clipping_by_value_is_exact(gradients, limit):
    parameters = leaves(gradients, gradients)
    clip_grad_value(iter(parameters), limit)
    assert [p.grad for p in parameters] == [max(-limit, min(g, limit)) for g in gradients]
    array = np.array(gradients, float)
    clip_grad_value(array, float(limit))
    assert array.tolist() == [float(p.grad) for p in parameters]


@kinds
@given(st.lists(numbers, min_size=6, max_size=6))
def test_groups_move_as_each_would_alone(kind, table):
    if kind == "Groups":
        return  # no group of groups
    start = [1.0, -2.0, 3.0]
    together, alone = leaves(start, table[:3]), leaves(start, table[:3])
    kinds = [KINDS[kind](together[:2]), KINDS[kind](together[2:])]
    kinds[1].weight_decay = 0.5
    groups, others = Groups(*kinds), [KINDS[kind](alone[:2]), KINDS[kind](alone[2:])]
    others[1].weight_decay = 0.5
    for gradients in table[:3], table[3:]:
        set_gradients(together, gradients)
        set_gradients(alone, gradients)
        for optimizer in (groups, *others):
            optimizer.step()
        assert data(together) == data(alone) and groups.steps == others[0].steps
    assert groups.rate() == others[0].rate()
    assert [*groups.state_dict()] == [*others[0].state_dict()]


# ── Schedules ───────────────────────────────────────────────────────────────────────────────────────


@given(rationals.map(abs), rationals.map(abs), st.integers(1, 30), st.integers(0, 60))
def test_schedules_are_exact_and_end_where_they_should(lr, end, steps, n):
    line = schedules.linear(lr, steps, end)
    assert line(n) == (lr + (end - lr) * Fraction(n, steps) if n <= steps else end)
    assert schedules.step_decay(lr, steps, Fraction(1, 2))(n) == lr / 2 ** (n // steps)
    assert schedules.exponential(lr, Fraction(1, 2))(n) == lr / 2**n
    assert schedules.constant(lr)(n) == lr
    wave = schedules.cosine(lr, steps, end)
    assert wave(0) == pytest.approx(float(lr)) and wave(steps + n) == pytest.approx(float(end))
    assert wave(n) + wave(max(steps - n, 0)) == pytest.approx(float(lr + end))  # symmetric about its middle


@given(st.integers(1, 30), rationals.map(abs))
def test_a_warm_up_rises_evenly_to_where_the_next_schedule_begins(steps, lr):
    schedule = schedules.warmup(steps, then=schedules.exponential(lr, Fraction(1, 2)))
    rates = [schedule(n) for n in range(steps + 1)]
    assert rates == [lr * (n + 1) / (steps + 1) for n in range(steps + 1)]
    assert schedule(steps + 2) == lr / 4
    assert schedules.warmup(steps, lr)(99) == lr


def reduced(losses, patience, factor, delta):
    """The rate by PyTorch's ReduceLROnPlateau (threshold_mode "abs"), which waits for one epoch more."""
    rate, best, bad = Fraction(1), math.inf, 0
    for loss in losses:
        best, bad = (loss, 0) if loss < best - delta else (best, bad + 1)
        if bad > patience - 1:
            rate, bad = rate * factor, 0
    return rate


@given(st.lists(st.integers(0, 9).map(Fraction)), st.integers(1, 4), st.fractions(0, 3), st.fractions(0, 1))
def test_a_plateau_lowers_the_rate_as_pytorch_does(losses, patience, delta, end):
    schedule = schedules.Plateau(Fraction(1), patience, Fraction(1, 2), delta, end)
    assert schedule(0) == 1
    for n in 3, len(losses):  # what it has seen before is no matter
        schedule.see(losses[:n])
        assert schedule(99) == max(reduced(losses[:n], patience, Fraction(1, 2), delta), end)


def test_the_schedule_counts_steps_from_0():
    (p,) = parameters = leaves([0], [1])
    asked = []
    optimizer = SGD(parameters, lambda n: asked.append(n) or Fraction(1, n + 1))
    asked.clear()
    for _ in range(3):
        optimizer.step()
    assert (asked, p.data) == ([0, 1, 2], -1 - Fraction(1, 2) - Fraction(1, 3))


# ── Interruptions ───────────────────────────────────────────────────────────────────────────────────


FILES = optim.__file__, commit.__file__


def a_step_later(kind):
    """An optimizer that remembers something, and the next gradients."""
    optimizer = KINDS[kind](leaves([1, -0.0], [0.5, 3]))
    optimizer.step()
    set_gradients(optimizer.parameters, [4.0, 1])
    return optimizer


def everything(optimizer):
    parameters = [(p.data, p.grad) for p in optimizer.parameters]
    return {**vars(optimizer), "parameters": parameters, "lr": optimizer.rate()}


@kinds
def test_a_step_interrupted_anywhere_is_done_or_not_begun(kind):
    assert_all_or_nothing(lambda: a_step_later(kind), Optimizer.step, everything, *FILES)


@kinds
def test_a_step_on_arrays_interrupted_anywhere_is_done_or_not_begun(kind):
    assert_all_or_nothing(
        lambda: (a_step_later(kind), np.array([1, -0.0]), np.array([4.0, 1])),
        lambda world: Optimizer.step_array(*world),
        lambda world: (everything(world[0]), world[1:]),
        *FILES,
    )


@kinds
def test_a_state_whose_loading_is_interrupted_is_loaded_or_left(kind):
    state = a_step_later(kind).state_dict()
    assert_all_or_nothing(
        lambda: KINDS[kind](leaves([0, 0], [1, 1])),
        lambda optimizer: optimizer.load_state_dict(state),
        everything,
        *FILES,
    )


@pytest.mark.parametrize("clip", [clip_grad_norm, clip_grad_value])
def test_clipping_interrupted_anywhere_is_done_or_not_begun(clip):
    def gradients(parameters):
        return [p.grad for p in parameters]

    numbers = [3.0, 4, -0.0]
    assert_all_or_nothing(lambda: leaves(numbers, numbers), lambda p: clip(p, 0.5), gradients, *FILES)
    assert_all_or_nothing(lambda: np.array(numbers), lambda g: clip(g, 0.5), np.ndarray.tolist, *FILES)


# ── Numbers that are none ───────────────────────────────────────────────────────────────────────────


@kinds
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("arrays", [False, True])
def test_a_gradient_that_is_no_number_names_its_parameter_and_changes_nothing(kind, bad, arrays):
    optimizer = a_step_later(kind)
    p = optimizer.parameters[1]
    p.label, p.grad = "w", bad
    theta, gradient = np.array(data(optimizer.parameters)), np.array([p.grad for p in optimizer.parameters])
    before = repr((everything(optimizer), theta))
    with pytest.raises(FloatingPointError) as caught:
        optimizer.step_array(theta, gradient) if arrays else optimizer.step()
    assert f"the parameter w = {p.data} has the gradient {bad}, and would not stay fin" in str(caught.value)
    assert repr((everything(optimizer), theta)) == before


@pytest.mark.parametrize("arrays", [False, True])
@pytest.mark.parametrize("kind", ["AdaGrad", "RMSProp", "Adam", "AdamW"])
def test_a_memory_that_overflows_would_stop_its_parameter_for_ever(kind, arrays):
    parameters = leaves([1.0, 2.0], [1.0, 1e200])
    optimizer = KINDS[kind](parameters)
    with pytest.raises(
        FloatingPointError, match=r"2\.0 has the gradient 1e\+200.*; lower the learning rate, or"
    ):
        optimizer.step_array(np.ones(2), np.array([1.0, 1e200])) if arrays else optimizer.step()
    assert data(parameters) == [1, 2] and optimizer.steps == 0


def test_an_infinite_decimal_is_no_number_either():
    parameters = leaves([Decimal(1)], [Decimal("Infinity")])
    with pytest.raises(FloatingPointError, match="the gradient Decimal\\('Infinity'\\)"):
        SGD(parameters, 1).step()


# ── Examples and regressions ────────────────────────────────────────────────────────────────────────


def test_a_step_that_fails_changes_nothing():
    parameters = leaves([1.0, Decimal(2)], [1.0, Decimal(1)])
    optimizer = SGD(parameters, 0.1)
    before = optimizer.state_dict()
    with pytest.raises(TypeError):
        optimizer.step()
    assert data(parameters) == [1.0, 2] and optimizer.state_dict() == before


@pytest.mark.parametrize(("clip", "number"), [(clip_grad_norm, Decimal(4)), (clip_grad_value, 4j)])
def test_clipping_that_fails_changes_nothing(clip, number):
    parameters = leaves([1, 1], [3.0, number])
    with pytest.raises(TypeError):
        clip(parameters, 0.5)
    assert [p.grad for p in parameters] == [3.0, number]


def test_a_step_on_arrays_that_fails_changes_nothing():
    """An overflow in the last number, where theta has less room than the gradient."""
    optimizer, theta = SGD(leaves([0, 0], [0, 0]), 1), np.ones(2, np.float32)
    before = optimizer.state_dict()
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        optimizer.step_array(theta, np.array([1.0, 1e300]))
    assert theta.tolist() == [1, 1] and optimizer.state_dict() == before


def test_a_constant_gradient_has_no_variance_and_rounding_makes_none():
    parameters = leaves([0.0], [0.1])
    optimizer = RMSProp(parameters, alpha=0.1, centered=True)
    theta = np.zeros(1)
    for _ in range(50):
        optimizer.step()
    optimizer.step_array(theta, np.array([0.1]))
    assert math.isfinite(parameters[0].data) and np.isfinite(theta).all()


def test_steps_on_arrays_leave_values_and_gradients_alone_and_keep_the_precision():
    parameters = leaves([1.0, 2.0], [3.0, 4.0])
    theta, gradient = np.ones(2, dtype=np.float32), np.array([0.5, 0.25], dtype=np.float32)
    optimizer = Adam(parameters)
    optimizer.step_array(theta, gradient)
    assert data(parameters) == [1.0, 2.0] and gradient.tolist() == [0.5, 0.25]
    assert all(x.dtype == np.float32 for x in optimizer.remembered)
    assert {type(x) for x in optimizer.state_dict()["Adam.m"]} == {float}


def test_zero_grad_and_repr():
    parameters = leaves([1.0, 2.0], [3.0, 4.0])
    optimizer = AdamW(iter(parameters), lr=0.5)
    optimizer.step()
    optimizer.zero_grad()
    assert [p.grad for p in parameters] == [0, 0]
    assert repr(optimizer) == "AdamW(2 parameters, lr=0.5, steps=1)"


def stepped():
    optimizer = SGD(leaves([1.0], [1.0]), 1)
    optimizer.step()
    return optimizer


P = [Value(1.0), Value(2.0)]
BAD = {
    "no parameters": (lambda: SGD([], 0.1), ValueError, "SGD: parameters is empty; give model.parameters()"),
    "number": (lambda: Adam([P[0], 1.0]), TypeError, "Adam: parameter 1 is 1.0, which is no leaf"),
    "node": (lambda: SGD([P[0] * 2], 0.1), TypeError, "SGD: parameter 0 is Value(2.0"),
    "model": (lambda: SGD(P[0], 0.1), TypeError, "is no list of parameters; give model.parameters()"),
    "twice": (lambda: SGD([*P, P[0]], 0.1), ValueError, "SGD: a parameter is given twice; give each once"),
    "lr": (lambda: SGD(P, -0.1), ValueError, "SGD: lr must be at least 0 and finite, not -0.1"),
    "nan lr": (lambda: SGD(P, math.nan), ValueError, "not nan"),
    "infinite lr": (lambda: SGD(P, math.inf), ValueError, "not inf"),
    "text": (lambda: SGD(P, "0.1"), TypeError, "'0.1' is a str, not a number"),
    "schedule": (lambda: SGD(P, lambda n: -1), ValueError, "SGD: lr must be at least 0 and finite, not -1"),
    "momentum": (lambda: SGD(P, 1, momentum=1), ValueError, "momentum must be at least 0 and below 1, not 1"),
    "negative momentum": (lambda: RMSProp(P, momentum=-1), ValueError, "RMSProp: momentum must be"),
    "nesterov": (lambda: SGD(P, 1, nesterov=True), ValueError, "the momentum, which is 0; give momentum=0.9"),
    "weight decay": (lambda: AdaGrad(P, weight_decay=-1), ValueError, "AdaGrad: weight_decay must"),
    "eps": (lambda: AdaGrad(P, eps=-1), ValueError, "AdaGrad: eps must be"),
    "eps of RMSProp": (lambda: RMSProp(P, eps=-1), ValueError, "RMSProp: eps must be"),
    "eps of Adam": (lambda: Adam(P, eps=-1), ValueError, "Adam: eps must be"),
    "alpha": (lambda: RMSProp(P, alpha=1), ValueError, "alpha must be at least 0 and below 1, not 1"),
    "beta 1": (lambda: Adam(P, betas=(1, 0.9)), ValueError, "Adam: the first of betas must be"),
    "beta 2": (lambda: AdamW(P, betas=(0.9, -1)), ValueError, "AdamW: the second of betas must be"),
    "state": (
        lambda: AdamW(P).load_state_dict(Adam(P).state_dict()),
        ValueError,
        "AdamW: the state belongs to another optimizer; it has ['Adam.m', 'Adam.steps', 'Adam.v']",
    ),
    "state of others": (
        lambda: Adam(P).load_state_dict(Adam(P[:1]).state_dict()),
        ValueError,
        "Adam: the state is that of 1 parameters, and there are 2",
    ),
    "broken steps": (
        lambda: SGD(P, 1).load_state_dict({"SGD.steps": 1.5, "SGD.velocity": [0, 0]}),
        TypeError,
        "float",
    ),
    "negative steps": (
        lambda: SGD(P, 1).load_state_dict({"SGD.steps": -1, "SGD.velocity": [0, 0]}),
        ValueError,
        "SGD: steps must be at least 0 and below 9223372036854775808, not -1",
    ),
    "shape": (
        lambda: SGD(P, 1).step_array(np.ones(3), np.ones(3)),
        ValueError,
        "SGD.step_array: theta is float64 (3,), gradient float64 (3,); give floats of shape (2,)",
    ),
    "shape of the gradient": (lambda: SGD(P, 1).step_array(np.ones(2), np.ones(1)), ValueError, "(1,)"),
    "integers": (lambda: SGD(P, 1).step_array(np.ones(2, int), np.ones(2)), ValueError, "theta is int"),
    "no rule": (lambda: Optimizer(P, 1).step(), NotImplementedError, "Optimizer has no update"),
    "limit": (lambda: clip_grad_norm(P, 0), ValueError, "clip_grad_norm: limit must be positive, not 0"),
    "limit of values": (lambda: clip_grad_value(P, -1), ValueError, "clip_grad_value: limit must"),
    "model to clip": (lambda: clip_grad_norm(nn.Neuron(1), 1), TypeError, "Neuron(1, 'relu') is no list of"),
    "method": (lambda: clip_grad_value(nn.Neuron(1).parameters, 1), TypeError, "no list of parameters; gi"),
    "model in a penalty": (lambda: losses.l2(nn.Neuron(1), 1), TypeError, "l2: Neuron(1, 'relu') is no list"),
    "model in l1": (lambda: losses.l1(nn.Neuron(1), 1), TypeError, "l1: Neuron(1, 'relu') is no list"),
    "infinite": (lambda: clip_grad_norm(leaves([1], [math.inf]), 1), ValueError, "the gradients is inf"),
    "every": (lambda: schedules.step_decay(1, 0), ValueError, "step_decay: every must be a whole number"),
    "plateau": (lambda: schedules.Plateau(1, 0), ValueError, "Plateau: patience must be a whole number"),
    "factor": (lambda: schedules.Plateau(1, factor=1), ValueError, "Plateau: factor must be between 0 and 1"),
    "two kinds": (
        lambda: Groups(SGD(P[:1], 1), Adam(P[1:])),
        ValueError,
        "Groups: the optimizers are of 2 kinds (SGD, Adam); give one kind",
    ),
    "no groups": (lambda: Groups(), ValueError, "Groups: the optimizers are of 0 kinds"),
    "a list of groups": (lambda: Groups([SGD(P, 1)]), TypeError, "is no optimizer; give such as SGD(weights"),
    "groups of groups": (lambda: Groups(Groups(SGD(P, 1))), TypeError, "is no optimizer"),
    "one in two": (lambda: Groups(SGD(P, 1), SGD(P, 1)), ValueError, "a parameter is given twice"),
    "steps taken": (lambda: Groups(stepped()), ValueError, "steps=1) has taken steps already; give new"),
    "rate of groups": (
        lambda: setattr(Groups(SGD(P, 1)), "lr", 2),
        AttributeError,
        "each group has its own learning rate; set optimizer.groups[0].lr",
    ),
    "true": (lambda: schedules.warmup(True, 1), ValueError, "warmup: steps must be a whole number from 1"),
    "linear": (lambda: schedules.linear(1, 1.5), ValueError, "steps must be a whole number from 1, not 1.5"),
    "cosine": (lambda: schedules.cosine(1, -1), ValueError, "cosine: steps must be"),
    "warm-up": (lambda: schedules.warmup(0, 1), ValueError, "warmup: steps must be"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_by_name(case):
    assert_refused(*BAD[case])
