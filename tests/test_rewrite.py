"""Array operations in their shortest form: the same numbers, exactly, in Fractions, and the rows left."""

import operator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import ops
from autograd.program.arrays import Array, ArrayGraph, Axes
from autograd.program.rewrite import factor

ROWS = {ops.add: operator.add, ops.sub: operator.sub, ops.mul: operator.mul, ops.div: operator.truediv}
numbers = st.sampled_from([-1.0, 1.0, 2.0, -0.5, 4.0, 0.0, 2.0**-900])  # whose quotients are exact
N = 2  # of the batch


def started():
    """A graph of an array, a batch of arrays, a row to be broadcast and a share, and the numbers of each."""
    graph, rng = ArrayGraph(), np.random.default_rng(0)
    given = [graph.add("input", (), (3, 2), batched, how=batched) for batched in (False, True)]
    given += [graph.add("input", (), (1, 2), False, how=2), graph.add("seed", (), (), False, how="mean")]
    values = {}
    for array in given:
        shape = (N,) * array.batched + array.shape
        values[array] = np.array(
            [Fraction(int(i), 7) for i in rng.integers(1, 9, shape).flat], object
        ).reshape(shape)
    return graph, given, values


def exact(array, values):
    """The numbers of an array, from those of its arguments."""
    if array not in values:
        x = [exact(arg, values) if isinstance(arg, Array) else Fraction(arg) for arg in array.args]
        if array.op == "sum":
            lead = array.args[0].batched
            axes = (*[0] * array.how.batch, *(axis + lead for axis in array.how.axes))
            values[array] = x[0].sum(axis=axes) if axes else x[0]
        elif array.op == "einsum":
            labels = [
                label.replace("n", "n" * (x[i].ndim == len(label))) for i, label in enumerate(array.how[:2])
            ]
            kept = [i for i, label in enumerate(labels[0]) if label not in array.how[2]]
            values[array] = (x[0] * x[1]).sum(axis=tuple(kept))
        elif array.op == "axes":
            values[array] = np.asarray(x[0], object).reshape((N,) * array.batched + array.shape)
        else:
            values[array] = -x[0] if array.op is ops.neg else ROWS[array.op](*x)
    return values[array]


steps = st.lists(
    st.tuples(st.sampled_from([*ROWS, ops.neg]), st.integers(0, 9), st.integers(0, 9) | numbers), max_size=9
)


@given(steps, st.booleans(), st.sampled_from([(), (0,), (1,), (0, 1)]))
def test_what_is_shorter_is_equal(steps, batch, axes):
    graph, arrays, values = started()
    wanted = [values[array] for array in arrays]
    for op, i, j in steps:
        x, a = arrays[i % len(arrays)], wanted[i % len(arrays)]
        if op is ops.neg:
            y, b = graph.elementwise(op, [x]), -a
        else:
            other, c = (
                (arrays[j % len(arrays)], wanted[j % len(arrays)]) if isinstance(j, int) else (j, Fraction(j))
            )
            if op is ops.div and (np.asarray(c) == 0).any():
                continue
            y, b = graph.elementwise(op, [x, other]), ROWS[op](a, c)
        if isinstance(y, Array) and np.ndim(b):
            arrays.append(y)
            wanted.append(b)
            assert (np.broadcast_to(exact(y, values), np.shape(b)) == b).all()
    x, a = arrays[-1], wanted[-1]
    if len(x.shape) == 2:
        how = Axes(tuple(axis for axis in axes if x.shape[axis] > 1), batch and x.batched)
        over = (*[0] * how.batch, *(axis + x.batched for axis in how.axes))
        assert np.all(exact(graph.sum(x, how), values) == (a.sum(axis=over) if over else a))


FORMS = {  # what is written, and the rows that are left of it
    "−(−x)": (lambda neg, x, y: neg(neg(x)) * y, ["mul"]),
    "x + (−y)": (lambda neg, x, y: x + neg(y), ["sub"]),
    "−x + y": (lambda neg, x, y: neg(x) + y, ["sub"]),
    "x − (−y)": (lambda neg, x, y: x - neg(y), ["add"]),
    "−x · −y": (lambda neg, x, y: neg(x) * neg(y), ["mul"]),
    "−x · y + x": (lambda neg, x, y: neg(x) * y + x, ["mul", "sub"]),
    "2x · 3y": (lambda neg, x, y: (x * 2.0) * (y * 3.0), ["mul", "mul"]),
    "2x / −2y": (lambda neg, x, y: (x * 2.0) / (neg(y) * 2.0), ["div", "neg"]),
    "0.5 · 2x": (lambda neg, x, y: 0.5 * (2.0 * x) + y, ["add"]),
    "2x + 2y": (lambda neg, x, y: x * 2.0 + y * 2.0, ["add", "mul"]),
    "x · (1 / y)": (lambda neg, x, y: x * (1.0 / y), ["div"]),
    "−x / 3": (lambda neg, x, y: neg(x) / 3.0, ["div"]),
    "too large to move": (lambda neg, x, y: (x * 1e200) * (y * 1e-200), ["mul", "mul", "mul"]),
}


class Written:
    """An array with Python's operators."""

    def __init__(self, graph, array):
        self.graph, self.array = graph, array

    def apply(self, op, *args):
        args = [arg.array if isinstance(arg, Written) else arg for arg in args]
        return Written(self.graph, self.graph.elementwise(op, args))

    def __add__(self, other):
        return self.apply(ops.add, self, other)

    def __sub__(self, other):
        return self.apply(ops.sub, self, other)

    def __mul__(self, other):
        return self.apply(ops.mul, self, other)

    def __rmul__(self, other):
        return self.apply(ops.mul, other, self)

    def __truediv__(self, other):
        return self.apply(ops.div, self, other)

    def __rtruediv__(self, other):
        return self.apply(ops.div, other, self)


@pytest.mark.parametrize("name", FORMS)
def test_forms(name):
    graph = ArrayGraph()
    f, want = FORMS[name]
    x, y = (Written(graph, graph.add("input", (), (4,), True, how=i)) for i in range(2))
    stack, found = [f(lambda x: x.apply(ops.neg, x), x, y).array], {}
    while stack:
        array = stack.pop()
        found[array] = array.op
        stack += [arg for arg in array.args if isinstance(arg, Array) and arg.args]
    assert sorted(op.name for op in found.values()) == want


def test_the_number_in_front():
    graph = ArrayGraph()
    x = graph.add("input", (), (4,), True, how=0)
    assert factor(x) == (1.0, x)
    assert factor(graph.elementwise(ops.mul, [-3, x])) == (-3.0, x)
    assert factor(graph.elementwise(ops.neg, [x])) == (-1.0, x)


def test_one_nth_is_taken_out_of_a_sum():
    """So that it multiplies what has been summed, which is smaller."""
    graph, (x, y, _, share), _ = started()
    upstream = graph.elementwise(ops.mul, [graph.elementwise(ops.mul, [share, y]), x])
    total = graph.sum(graph.elementwise(ops.mul, [upstream, 2.0]), Axes((), True))
    scale, summed = total.args
    assert scale.is_share and summed.op == "sum" and summed.args[0].args == (y, x)
