"""compile: what is kept in which array. Conditions are the numbers 0 and 1, whole numbers stay whole numbers
only as long as they choose, letters that look alike to Python are one name, and `out` is never theta."""

import numpy as np
import pytest

import autograd
from autograd import Value
from autograd.program.arrays import STRUCTURAL
from autograd.program.emit import Source

X = np.array([[0.5, -1.25, 2.0], [-0.75, 0.25, 1.5], [0.0, 3.0, -2.5]])
CHOICES = np.array([[0, 2, 1], [2, 2, 0], [1, 0, 1]])
theta = np.array([1.5, -0.5, 2.0])


def agrees(f, *inputs):
    """Check that the program of f(w, *example) has the value and the gradient of the eager engine."""
    w = [Value(number) for number in theta.tolist()]
    program = autograd.compile(lambda *example: f(w, *example), w, "sum")
    value, gradient = program(theta, *inputs)
    total = autograd.sum([f(w, *example) for example in zip(*[x.tolist() for x in inputs])])
    total.backward()
    assert value == pytest.approx(total.data, rel=1e-12)
    assert gradient.tolist() == pytest.approx([weight.grad for weight in w], rel=1e-12)


@pytest.mark.parametrize(
    "count",
    [
        lambda a, b, x: (a > 0) + (b > 0),
        lambda a, b, x: (a > 0) - (b > 0),
        lambda a, b, x: -(a > 0),
        lambda a, b, x: autograd.exp(a > 0),
        lambda a, b, x: autograd.sum([a > 0, x, b > 0]),
        lambda a, b, x: autograd.dot([a > 0, b > 0, x > 1], [b > 0, a > -1, x > 0]),
        lambda a, b, x: ((a > 0) & (b > 0)) + ((a > 0) | (b > 0)),
    ],
)
def test_conditions_are_numbers_to_all_that_computes_with_them(count):
    agrees(lambda w, x: w[0] * count(x[0], x[1], x[2]), X)
    agrees(lambda w, x: w[0] * count(w[1] * x[0], w[2] * x[1], x[2]), X)


def test_a_condition_among_the_outputs_does_not_make_the_others_conditions():
    w = Value(2.0)
    outputs = autograd.compile(lambda x: [x[0] > 0, w * x[1]], [w]).predict(np.array([2.0]), X)
    assert outputs.tolist() == [[1, -2.5], [0, 0.5], [0, 6]]


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.int8, np.uint8, np.uint64])
def test_whole_numbers_of_every_width_choose(kind):
    def f(w, i):  # in an order that no slice has
        return autograd.sum([c * autograd.take(w, i[k]) ** 2 for c, k in ((2.0, 0), (3.0, 2), (5.0, 1))])

    agrees(f, CHOICES.astype(kind))


def test_a_whole_number_that_chooses_may_stand_in_a_sum_with_others():
    agrees(lambda w, i, x: autograd.take(w, i) * autograd.sum([i, x[0], w[0] * x[1]]), CHOICES[:, 0], X)
    agrees(
        lambda w, i, x: autograd.take(w, i) * autograd.exp(autograd.logsumexp([i, x[0], x[1]])),
        CHOICES[:, 0],
        X,
    )


@pytest.mark.parametrize("letters", ["µμ", "ϕφ"])  # micro and mu; two forms of phi: one identifier each
def test_letters_that_python_takes_for_one_name_two_arrays(letters):
    def f(w, x):
        p, q = autograd.tanh(w[0] * x[0]), autograd.exp(w[1] * x[1])
        p.label, q.label = letters
        r = p * q
        return autograd.where(r > 0, r, p) + q

    agrees(f, X)


def test_the_gradient_is_not_written_over_theta():
    w = [Value(number) for number in theta.tolist()]
    program = autograd.compile(lambda x: autograd.dot(w, x) ** 2, w)
    memory = np.zeros(6)
    for out, of in ((memory[:3], memory[:3]), (memory[:3], memory[2:5])):
        with pytest.raises(ValueError, match="out shares its memory with theta"):
            program(of, X, out=out)
    fixed = np.zeros(3)
    fixed.flags.writeable = False
    for wrong in ([0.0] * 3, memory[::2], np.zeros(2), np.zeros(3, np.float32), fixed):
        with pytest.raises(ValueError, match="out must be an array like theta"):
            program(theta, X, out=wrong)


def test_every_operation_of_the_table_can_be_emitted():
    assert [name for name in STRUCTURAL if not callable(getattr(Source, name, None))] == []


def test_a_narrow_index_without_a_choice_gives_nan_on_jax():
    jax = pytest.importorskip("jax", reason="JAX is absent: pip install 'scalar-autograd[jax]'")
    w = [Value(float(k)) for k in range(300)]  # more than int8 counts
    program = autograd.compile(lambda i, x: autograd.take(w, i) * x, w)
    step = jax.jit(program.to_jax("float32"))
    x = np.ones(2, np.float32)
    assert step(program.parameters("float32"), np.array([100, 2], np.int8), x)[0] == 51
    assert np.isnan(step(program.parameters("float32"), np.array([100, -1], np.int8), x)[0])
