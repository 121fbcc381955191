"""Losses: their laws, exact where they are rational, right far out and at ties, and open to tracers."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import Value, ops, softmax, topological_order
from autograd.protocol import Numeric
from autograd.testing import check_grads
from nn.losses import (
    LOSSES,
    CrossEntropy,
    binary_cross_entropy,
    cross_entropy,
    hinge,
    l1,
    l2,
    mse,
    quadratic,
    softmax_with_loss,
)

logits = st.floats(-30, 30)
vectors = st.lists(logits, min_size=2, max_size=5)
rationals = st.fractions(-9, 9, max_denominator=20)
pairs_of_rationals = st.lists(st.tuples(rationals, rationals), min_size=1, max_size=4)
shares = st.floats(0, 1)


def near(wanted):
    return pytest.approx(wanted, rel=1e-12, abs=1e-12)


def gradient(loss, outputs, target):
    """The value of a loss and its gradient by every output."""
    leaves = [Value(y) for y in outputs]
    result = loss(leaves, target)
    result.backward()
    return result.data, [y.grad for y in leaves]


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(pairs_of_rationals)
def test_squared_errors_are_exact(pairs):
    outputs, targets = map(list, zip(*pairs))
    n, d = len(pairs), [y - t for y, t in pairs]
    square = sum(x * x for x in d)
    assert gradient(mse, outputs, targets) == (square / n, [2 * x / n for x in d])
    assert gradient(quadratic, outputs, targets) == (square / 2, d)


@given(st.lists(rationals, min_size=2, max_size=5), st.data())
def test_the_multi_class_hinge_is_exact_and_its_own_class_adds_nothing(y, data):
    t = data.draw(st.integers(0, len(y) - 1))
    margins = {i: 1 - y[t] + y[i] for i in range(len(y)) if i != t}
    loss, slopes = gradient(hinge, y, t)
    assert loss == sum(max(m, 0) for m in margins.values()) / Fraction(len(y))
    wrong = {i: Fraction(int(m > 0), len(y)) for i, m in margins.items()}
    assert slopes == [-sum(wrong.values()) if i == t else wrong[i] for i in range(len(y))]


@given(rationals, st.sampled_from([-1, 1]))
def test_the_hinge_of_one_output_is_exact(y, t):
    loss, slopes = gradient(hinge, [y], t)
    assert (loss, slopes) == (max(0, 1 - t * y), [-t if t * y < 1 else 0])


@given(vectors, st.floats(-100, 100), st.data())
def test_cross_entropy_depends_on_differences_alone(z, shift, data):
    t = data.draw(st.integers(0, len(z) - 1))
    loss, slopes = gradient(cross_entropy, z, t)
    p = softmax(z)
    assert loss == near(-math.log(p[t]))
    assert slopes == near([pi - (i == t) for i, pi in enumerate(p)])
    shifted_loss, shifted_slopes = gradient(cross_entropy, [x + shift for x in z], t)
    assert (shifted_loss, shifted_slopes) == (near(loss), near(slopes))


@given(vectors, st.data())
def test_a_class_is_the_distribution_that_is_sure_of_it(z, data):
    t = data.draw(st.integers(0, len(z) - 1))
    onehot = np.eye(len(z))[t]
    loss, slopes = gradient(cross_entropy, z, t)
    assert gradient(cross_entropy, z, onehot) == (near(loss), near(slopes))
    assert gradient(softmax_with_loss, z, np.int64(t)) == (loss, slopes)


@given(logits, shares)
def test_binary_cross_entropy_is_cross_entropy_of_two_classes(z, t):
    loss, (slope,) = gradient(binary_cross_entropy, [z], t)
    two, (_, slope_of_two) = gradient(cross_entropy, [0.0, z], [1 - t, t])
    assert (loss, slope) == (near(two), near(slope_of_two))
    opposite, (slope_of_opposite,) = gradient(binary_cross_entropy, [-z], 1 - t)
    assert (loss, slope) == (near(opposite), near(-slope_of_opposite))


@given(st.lists(st.tuples(logits, shares), min_size=1, max_size=4))
def test_several_outputs_give_the_mean(pairs):
    z, t = map(list, zip(*pairs))
    mean = sum(binary_cross_entropy(zi, ti) for zi, ti in pairs) / len(pairs)
    assert binary_cross_entropy(z, t) == near(mean)
    signs = [1 if ti > 0.5 else -1 for ti in t]
    assert hinge(z, signs) == near(sum(map(hinge, z, signs)) / len(z))


@given(st.lists(rationals, min_size=1, max_size=5), rationals)
def test_penalties_are_exact(p, rate):
    assert gradient(l1, p, rate) == (rate * sum(map(abs, p)), [rate * ((x > 0) - (x < 0)) for x in p])
    assert gradient(l2, p, rate) == (rate * sum(x * x for x in p), [2 * rate * x for x in p])


@given(vectors, st.floats(0, 1), st.data())
def test_smoothing_mixes_the_target_with_equal_shares(z, epsilon, data):
    t, n = data.draw(st.integers(0, len(z) - 1)), len(z)
    mixed = [(1 - epsilon) * (i == t) + epsilon / n for i in range(n)]
    expected = tuple(map(near, gradient(cross_entropy, z, mixed)))
    assert gradient(CrossEntropy(label_smoothing=epsilon), z, t) == expected
    assert gradient(CrossEntropy(label_smoothing=epsilon), z, [float(i == t) for i in range(n)]) == expected


@given(vectors, st.floats(0, 1), st.data())
def test_weights_multiply_the_cost_of_every_class(z, epsilon, data):
    t, n = data.draw(st.integers(0, len(z) - 1)), len(z)
    w = data.draw(st.lists(st.floats(0, 9), min_size=n, max_size=n))
    p, shares = softmax(z), [(1 - epsilon) * (i == t) + epsilon / n for i in range(n)]
    loss = CrossEntropy(epsilon, w)
    assert loss(z, t) == near(-sum(wi * s * math.log(pi) for wi, s, pi in zip(w, shares, p)))
    assert CrossEntropy(weight=w)(z, shares) == near(loss(z, t))
    assert CrossEntropy(weight=[1] * n)(z, t) == near(cross_entropy(z, t)) == near(CrossEntropy()(z, t))


@pytest.mark.parametrize("ignored", [-100, -1, 0, 1, 2, 3])
def test_what_is_ignored_costs_nothing_and_has_no_slope(ignored):
    loss, plain = CrossEntropy(0.1, [1, 2, 3], ignored), CrossEntropy(0.1, [1, 2, 3])
    z = [0.5, -1.0, 2.0]
    assert gradient(loss, z, ignored) == (0, [0, 0, 0])
    for t in {0, 1, 2} - {ignored}:
        assert gradient(loss, z, t) == gradient(plain, z, t)


@pytest.mark.parametrize("ignored", [None, 0, 2, 3])
@pytest.mark.parametrize("smoothing", [0, 0.2])
@pytest.mark.parametrize("weight", [None, np.array([0.5, 1, 2], np.float32)])
def test_a_compiled_cross_entropy_agrees(ignored, smoothing, weight):
    model, loss = nn.MLP(2, [3], seed=0), CrossEntropy(smoothing, weight, ignored)
    x, y = np.arange(8.0).reshape(4, 2) / 5, np.array([0, 1, 2, 1 if ignored is None else ignored])
    program = autograd.compile(lambda x, y: loss(model(x), y), model.parameters())
    value, slopes = program(program.parameters(), x, y)
    root = autograd.mean([loss(model(xi), yi) for xi, yi in zip(x.tolist(), y.tolist())])
    root.backward()
    assert value == near(root.data) and slopes.tolist() == near([p.grad for p in model.parameters()])
    assert {type(w) for w in loss.weight or [1.0]} == {float}


def test_what_tells_one_cross_entropy_from_another_is_its_name(tmp_path):
    def fit(loss, **options):
        model = nn.MLP(2, [2], seed=0)
        optimizer = nn.optim.SGD(model.parameters(), 0.1)
        data = nn.data.gates("or")
        return nn.fit(model, data, loss, optimizer, epochs=1, metrics=[CrossEntropy()], **options)

    history = fit(CrossEntropy(0.1), checkpoint=tmp_path / "run")
    assert "CrossEntropy(label_smoothing=0, weight=None, ignore_index=None)" in history.columns
    with pytest.raises(ValueError, match=r"loss is 'CrossEntropy\(label_smoothing=0.1, .* and .*=0.2"):
        fit(CrossEntropy(0.2), checkpoint=nn.Checkpoint(tmp_path / "run", resume=True))


SMOOTH = {
    "mse": (mse, [1.5, 0.0, 2.0]),
    "quadratic": (quadratic, [1.5, 0.0, 2.0]),
    "binary_cross_entropy": (binary_cross_entropy, [1, 0, 0.3]),
    "cross_entropy of a class": (cross_entropy, 2),
    "cross_entropy": (cross_entropy, [0.2, 0.5, 0.3]),
    "CrossEntropy": (CrossEntropy(0.1, (1, 2, 3)), [0.2, 0.5, 0.3]),
    "CrossEntropy of a class": (CrossEntropy(0.1, (1, 2, 3), 0), 1),
    "hinge": (hinge, [1, 1, -1]),
    "hinge of a class": (hinge, 1),
    "l1": (l1, 0.1),
    "l2": (l2, 0.1),
}


@pytest.mark.parametrize("case", SMOOTH)
def test_gradients_are_those_of_the_function_to_second_order(case):
    loss, target = SMOOTH[case]
    check_grads(lambda *outputs: loss(outputs, target), 0.4, -1.3, 2.2, order=2)


# ── Far out, at ties, for one output, for plain numbers ─────────────────────────────────────────────


@pytest.mark.parametrize(
    ("loss", "outputs", "target", "value", "slopes"),
    [
        (binary_cross_entropy, [1000.0], 0, 1000, [1]),
        (binary_cross_entropy, [1000.0], 1, 0, [0]),
        (binary_cross_entropy, [-1000.0], 1, 1000, [-1]),
        (binary_cross_entropy, [-40.0], 0, math.log1p(math.exp(-40)), [math.exp(-40)]),  # no digit lost
        (binary_cross_entropy, [40.0], 1, math.log1p(math.exp(-40)), [-math.exp(-40)]),
        (cross_entropy, [1000.0, -1000.0], 0, 0, [0, 0]),
        (cross_entropy, [1000.0, -1000.0], 1, 2000, [1, -1]),
        (cross_entropy, [1000.0, 1000.0], 0, math.log(2), [-0.5, 0.5]),
        (cross_entropy, [-1000.0, 1000.0], [0.5, 0.5], 1000, [-0.5, 0.5]),
        (hinge, [1.0], 1, 0, [0]),  # at the kink: the subgradient of least norm
        (hinge, [3, 2], 0, 0, [0, 0]),
        (hinge, [2, 2], 0, 0.5, [-0.5, 0.5]),
        (l1, [0.0, -0.0], 1, 0, [0, 0]),
    ],
)
def test_far_out_and_at_ties(loss, outputs, target, value, slopes):
    got, gradients = gradient(loss, outputs, target)
    assert got == pytest.approx(value, rel=1e-12, abs=1e-300)
    assert gradients == pytest.approx(slopes, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("how", ["eager", "compiled"])
@pytest.mark.parametrize(
    ("outputs", "target", "value", "slopes"),
    [
        *[
            ((m, m - 4), t, 4 * t + math.log1p(math.exp(-4)), [P - 1 + t, 1 - P - t])
            for m in (1e8, 1e12, 1e16)
            for t in (0, 1)
            for P in [1 / (1 + math.exp(-4))]
        ],
        ((1e16, 1e16), [0.25, 0.75], math.log(2), [0.25, -0.25]),
        ((0.0, -100.0), 0, math.exp(-100), [0, math.exp(-100)]),
        ((-math.inf, 0.0), 1, 0, [0, 0]),  # a class that is masked
        ((-math.inf, 0.0), [0.0, 1.0], 0, [0, 0]),
        ((-math.inf, 0.0, 0.0), [0.0, 0.5, 0.5], math.log(2), [0, 0, 0]),
        ((-math.inf, 0.0), 0, math.inf, [-1, 1]),
    ],
)
def test_cross_entropy_keeps_all_digits(outputs, target, value, slopes, how):
    if how == "eager":
        got, gradients = gradient(cross_entropy, outputs, target)
    else:
        w = [Value(z) for z in outputs]
        program = autograd.compile(lambda t: cross_entropy(w, t), w)
        got, gradients = program(program.parameters(), np.array([target]))
    assert got == pytest.approx(value, rel=1e-14, abs=0)
    assert [*gradients] == pytest.approx(slopes, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("how", ["eager", "compiled"])
@pytest.mark.parametrize(("z", "t", "slope"), [(math.inf, 1, 0), (-math.inf, 0, 0)])
def test_an_output_that_is_infinitely_sure_and_right_costs_nothing(z, t, slope, how):
    w = [Value(z), Value(0.0)]
    if how == "eager":
        got, gradients = gradient(binary_cross_entropy, [z, 0.0], [t, 1])
    else:
        program = autograd.compile(lambda t: binary_cross_entropy(w, t), w)
        got, gradients = program(program.parameters(), np.array([[t, 1.0]]))
    assert (got, *gradients) == (near(math.log(2) / 2), slope, -0.25)


@pytest.mark.parametrize("name", sorted(LOSSES))
@pytest.mark.parametrize("z", [1e3, 1e8, 1e16])
def test_no_loss_gives_nan_for_large_outputs(name, z):
    for outputs in ([z, -z], [z, z], [-z, z]):
        got, gradients = gradient(LOSSES[name], outputs, [0, 1] if name != "hinge" else [-1, 1])
        assert all(map(math.isfinite, [got, *gradients]))


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_one_output_may_stand_alone_and_be_a_plain_number(name):
    target = 0 if "soft" in name or "cross_entropy" == name else 1
    alone = LOSSES[name](Value(0.7), target)
    assert isinstance(alone, Value)
    assert alone.data == LOSSES[name]([Value(0.7)], target).data == LOSSES[name](0.7, target)


@pytest.mark.parametrize(
    ("loss", "target", "count"),
    [
        (mse, [0] * 9, 11),
        (quadratic, [0] * 9, 11),
        (cross_entropy, 3, 11),
        (cross_entropy, [0] * 8 + [1], 21),
    ],
)
def test_nine_outputs_record_few_nodes(loss, target, count):
    root = loss([Value(0.1) for _ in range(9)], target)
    assert sum(node.op not in (None, ops.constant) for node in topological_order(root)) == count


# ── Open to tracers ─────────────────────────────────────────────────────────────────────────────────


class Symbol(Numeric):
    """Stands for a number that is not yet known; what asks for it fails."""

    symbolic = True
    applied = []

    @property
    def data(self):
        raise AssertionError("the number of a symbol was looked at")

    def apply_op(self, op, args):
        Symbol.applied.append((op, args))
        return Symbol()

    def leave(self, function):
        return self.data

    compare = leave
    __bool__ = lambda self: self.data


@pytest.mark.parametrize("case", SMOOTH)
def test_no_loss_looks_at_the_numbers_of_outputs_or_targets(case):
    loss, target = SMOOTH[case]
    symbols = [Symbol() for _ in range(3)]
    assert isinstance(loss(symbols, target), Symbol)
    if not isinstance(target, int):
        symbolic = [Symbol() for _ in target] if isinstance(target, list) else Symbol()
        assert isinstance(loss(symbols, symbolic), Symbol)
        assert isinstance(loss([Value(1.0)] * 3, symbolic), Symbol)


@pytest.mark.parametrize("loss", [cross_entropy, hinge])
def test_a_class_that_is_not_yet_known_is_handed_to_the_outputs(loss):
    outputs, t = [Value(1.0), Value(2.0)], Symbol()
    Symbol.applied.clear()
    assert isinstance(loss(outputs, t), Symbol)
    (args,) = [args for op, args in Symbol.applied if op is ops.element]
    assert args[0] is t and len(args) == 3


BAD = {
    "lengths": (mse, [1.0, 2.0, 3.0], [1, 2], "3 outputs and 2 targets were given; give one target per"),
    "one target": (quadratic, [1.0, 2.0], 1, "2 outputs and 1 targets"),
    "no output": (mse, [], [], "0 outputs and 0 targets"),
    "above 1": (binary_cross_entropy, 0.3, 2, "a target must be from 0 to 1, not 2"),
    "nan": (binary_cross_entropy, 0.3, math.nan, "not nan"),
    "negative": (cross_entropy, [0.3, 1.0], [-0.5, 1.5], "must be from 0 to 1, not -0.5"),
    "smoothing": (lambda *_: CrossEntropy(1.5), 0, 0, "label_smoothing must be from 0 to 1, not 1.5"),
    "weight": (lambda *_: CrossEntropy(0, [1, -1]), 0, 0, "a weight must be at least 0 and finite, not -1"),
    "ignored": (lambda *_: CrossEntropy(ignore_index=0.5), 0, 0, "ignore_index must be whole, not 0.5"),
    "weights": (CrossEntropy(weight=[1]), [0.3, 1.0], 0, "2 logits and 1 weights; give one per class"),
    "class of weights": (CrossEntropy(), [0.3, 1.0], 2, "a class index must be a whole number from 0"),
    "ignored by a symbol": (CrossEntropy(ignore_index=-1), [0.3, 1.0], Symbol(), "is to be ignored by 2"),
    "sum": (cross_entropy, [0.3, 1.0], [0.5, 0.7], "probabilities sum to 1.2; divide them by their sum"),
    "class": (cross_entropy, [0.3, 1.0], 2, "a class index must be a whole number from 0 to 1, not 2"),
    "negative class": (cross_entropy, [0.3, 1.0], -1, "from 0 to 1, not -1"),
    "broken class": (cross_entropy, [0.3, 1.0], 0.5, "not 0.5"),
    "float class": (hinge, [0.3, 1.0], 1.0, "a whole number from 0 to 1, not 1.0"),
    "label": (hinge, 0.3, 0, "a target of one output must be -1 or 1, not 0"),
    "labels": (hinge, [0.3, 0.4], [1, 0.5], "not 0.5"),
    "false": (hinge, 0.3, np.False_, "must be -1 or 1, not"),
}  # fmt: skip


@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=6), st.sampled_from([1e-5, -1e-5, 1e-3, -0.5]), st.data()
)
def test_probabilities_that_do_not_add_to_one_are_refused(parts, off, data):
    shares = [part / sum(parts) for part in parts]
    outputs = [0.1 * part for part in parts]
    assert cross_entropy(outputs, [share * (1 + 1e-8) for share in shares]) > 0  # as rounded
    shares[data.draw(st.integers(0, len(parts) - 1))] += off
    with pytest.raises(
        ValueError,
        match=r"^cross_entropy: the target's probabilities|^cross_entropy: a target must be from 0 to 1",
    ):
        cross_entropy(outputs, shares)


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_by_name(case):
    loss, output, target, part = BAD[case]
    name = loss.__name__ if loss in LOSSES.values() else "CrossEntropy"
    with pytest.raises(ValueError, match=f"^{name}: .*{re.escape(part)}") as caught:
        loss(output, target)
    assert "\n" not in str(caught.value)
