"""Views of arrays, against NumPy's own slices, reshapes and transposes of an arange."""

import math
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from autograd.program.arrays import Array, whole
from autograd.program.patterns import View, axes, refine, slicing
from autograd.program.views import flat, reshaped, sliced, turned

sizes = st.lists(st.integers(1, 4), min_size=1, max_size=4)


def grid(pattern):
    """The places of a pattern that starts at 0."""
    places = np.zeros(1, int)
    for size, stride in pattern:
        places = (places[:, None] + stride * np.arange(size)).reshape(-1)
    return places


@st.composite
def views(draw, length=64, broadcast=False):
    """An array made from arange(length) by slices, reshapes, transposes (and broadcasts)."""
    x = np.arange(length)
    for _ in range(draw(st.integers(0, 4))):
        axis = draw(st.integers(0, x.ndim - 1))
        do = draw(st.sampled_from(["slice", "split", "transpose", "expand"] + ["broadcast"] * broadcast))
        index = [slice(None)] * x.ndim
        if do == "slice":
            start = draw(st.integers(0, x.shape[axis] - 1))
            stop = draw(st.integers(start + 1, x.shape[axis]))
            index[axis] = slice(start, stop, draw(st.integers(1, 3)))
            x = x[tuple(index)]
        elif do == "split" and x.shape[axis] > 1:
            rows = draw(st.sampled_from([r for r in range(1, x.shape[axis] + 1) if x.shape[axis] % r == 0]))
            x = x.reshape(*x.shape[:axis], rows, -1, *x.shape[axis + 1 :])
        elif do == "transpose":
            x = x.transpose(draw(st.permutations(range(x.ndim))))
        elif do == "expand":
            x = np.expand_dims(x, axis)
        elif do == "broadcast":
            x = np.broadcast_to(
                np.expand_dims(x, axis), [*x.shape[:axis], draw(st.integers(1, 3)), *x.shape[axis:]]
            )
    return x


def view_of(x):
    """The View that shows the elements of x, an array of places."""
    steps = [x.take(1, axis).flat[0] - x.flat[0] if size > 1 else 0 for axis, size in enumerate(x.shape)]
    return View(int(x.flat[0]), x.shape, tuple(int(step) for step in steps))


@given(views(broadcast=True))
def test_a_view_shows_what_numpy_shows(x):
    view = view_of(x)
    assert (view.places() == x).all() and view.places().shape == x.shape
    assert view.size == x.size


@given(sizes)
def test_the_whole_of_an_array(shape):
    view = whole(shape)
    assert (view.places() == np.arange(math.prod(shape)).reshape(shape)).all()
    assert all((size > 1) == (stride > 0) for size, stride in zip(shape, view.strides))


@given(views(broadcast=True))
def test_places_that_run_evenly_are_found(x):
    """Whatever views made them: the axes give the places back, and they are as few as can be."""
    pattern = axes(x.reshape(-1))
    assert pattern is not None
    assert (x.flat[0] + grid(pattern) == x.reshape(-1)).all()
    assert len(pattern) <= sum(size > 1 for size in x.shape)
    assert all(size > 1 for size, _ in pattern)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12))
def test_axes_are_right_or_none(places):
    places = np.array(places)
    pattern = axes(places)
    if pattern is not None:
        assert (places[0] + grid(pattern) == places).all()


def test_uneven_places_have_no_axes():
    for places in ([0, 1, 3], [0, 1, 0, 2], [0, 1, 2, 4, 5], [0, 1, 5, 6, 7, 8], [3, 3, 4]):
        assert axes(np.array(places)) is None
    assert axes(np.array([7])) == []
    assert axes(np.array([3, 3, 3])) == [(3, 0)]
    assert axes(np.array([5, 3, 1])) == [(3, -2)]
    assert axes(np.array([0, 1, 4, 5, 8, 9])) == [(3, 4), (2, 1)]


@given(st.lists(views(length=24, broadcast=True), min_size=1, max_size=3))
def test_patterns_of_one_length_are_refined_to_common_sizes(arrays):
    length = arrays[0].size
    arrays = [x.reshape(-1) for x in arrays if x.size == length]
    patterns = [axes(x) for x in arrays]
    found = refine(patterns, length)
    cuts = {
        length // math.prod(size for size, _ in pattern[:i])
        for pattern in patterns
        for i in range(len(pattern))
    }
    ordered = sorted({1, length, *cuts})
    if found is None:
        assert any(b % a for a, b in pairwise(ordered))
        return
    shape, strides = found
    assert math.prod(shape) == length and all(size > 1 for size in shape)
    for x, steps in zip(arrays, strides):
        assert (x[0] + grid(zip(shape, steps)) == x).all()


def test_sizes_in_common():
    assert refine([[(6, 1)], [(2, 30), (3, 0)]], 6) == ((2, 3), [(3, 1), (30, 0)])
    assert refine([[(2, 3), (3, 1)], [(3, 1), (2, 3)]], 6) is None
    assert refine([[(2, 6), (6, 1)], [(4, 0), (3, 2)]], 12) == ((2, 2, 3), [(6, 3, 1), (0, 0, 2)])
    assert refine([[]], 1) == ((), [()])
    assert refine([], 5) == ((5,), [])


@given(views())
def test_the_text_of_a_view_gives_the_view(x):
    """Run by Python, it shows those elements of a flat array, batch or not, and copies nothing."""
    view = view_of(x)
    if slicing(view, 64) is None:
        return
    for batched, given_ in ((False, np.arange(64)), (True, np.arange(128).reshape(2, 64))):
        source = Array(0, "input", (), (64,), batched, None)
        text = sliced("x", source, view)
        shown = eval(text, {"x": given_, "n": 2})
        want = np.stack([x, x + 64]) if batched else x
        assert shown.shape == want.shape and (shown == want).all(), text
        assert np.shares_memory(shown, given_)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 3), st.integers(0, 3), st.integers(1, 3))
def test_rows_of_a_matrix_are_slices_and_reshapes(rows, columns, before, extra, step):
    """The weights of a layer, between its biases, behind other parameters: always a view."""
    width = columns * step + extra
    size = before + rows * width
    x = np.arange(size)[before:].reshape(rows, width)[:, : columns * step : step]
    view = view_of(x)
    assert slicing(view, size) is not None
    assert slicing(view_of(x.T), size) is not None
    source = Array(0, "theta", (), (size,), False, None)
    for wanted in (x, x.T):
        assert (eval(sliced("x", source, view_of(wanted)), {"x": np.arange(size)}) == wanted).all()


def test_what_no_slice_gives():
    for view in (View(3, (4,), (-1,)), View(0, (2, 3), (1, 1)), View(0, (3, 2), (2, 3)), View(0, (3,), (0,))):
        assert slicing(view, 12) is None
    for view in (View(0, (4, 3), (4, 1)), View(1, (3, 3), (4, 1)), View(5, (1, 1), (0, 0)), View(11, (), ())):
        assert slicing(view, 12 if view.shape != (4, 3) else 16) is not None


@given(sizes, st.booleans(), st.data())
def test_the_text_of_axes_in_another_order(shape, batched, data):
    x = np.arange(2**batched * math.prod(shape)).reshape([2] * batched + shape)
    kept = [axis for axis, size in enumerate(shape) if size > 1 or data.draw(st.booleans())]
    how = list(data.draw(st.permutations(kept)))
    for _ in range(data.draw(st.integers(0, 2))):
        how.insert(data.draw(st.integers(0, len(how))), None)
    text = turned("x", batched, len(shape), how)
    squeezed = x.reshape([2] * batched + [shape[axis] for axis in kept])
    order = [kept.index(axis) + batched for axis in how if axis is not None]
    want = squeezed.transpose(*range(batched), *order)
    want = want.reshape([2] * batched + [1 if axis is None else shape[axis] for axis in how])
    shown = eval(text, {"x": x, "n": 2})
    assert shown.shape == want.shape and (shown == want).all(), text
    assert np.shares_memory(shown, x) or not {*kept}  # one number is a scalar of NumPy


def test_the_shortest_text():
    theta = Array(0, "theta", (), (12,), False, None)
    a = Array(1, "join", (), (3, 4), True, None)
    assert sliced("theta", theta, whole((12,))) == "theta"
    assert sliced("theta", theta, whole((3, 4))) == "theta.reshape(3, 4)"
    assert sliced("theta", theta, View(2, (3,), (1,))) == "theta[2:5]"
    assert sliced("theta", theta, View(0, (3, 3), (4, 1))) == "theta.reshape(3, 4)[:, :3]"
    assert sliced("theta", theta, View(3, (3,), (4,))) == "theta[3::4]"
    assert sliced("theta", theta, View(0, (4, 3), (1, 4))) == "theta.reshape(3, 4).T"
    assert sliced("a", a, whole((3, 4))) == "a"
    assert sliced("a", a, View(4, (4,), (1,))) == "a[:, 1, :]"
    assert flat("theta", theta) == "theta" and flat("a", a) == "a.reshape(n, 12)"
    assert reshaped("x", False, ()) == "x.reshape(())" and reshaped("x", True, ()) == "x.reshape(n)"
    assert turned("x", False, 2, [1, 0]) == "x.T" and turned("x", True, 2, [1, 0]) == "x.transpose(0, 2, 1)"
    assert turned("x", True, 1, [None, 0]) == "x[:, None, :]"
