"""autograd.array: the books' own NumPy code records its graph."""

import sys

import numpy as np
import pytest

import autograd
from autograd import Value, array, ops, topological_order


def gradients(root, *arrays):
    root.backward()
    return [a.grad.astype(float) for a in arrays]


def test_a_layer_as_the_books_write_it():
    W = array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]], label="W")
    b = array([0.1, -0.2], label="b")
    x = np.array([1.0, 2.0, -0.5])
    a = 1.0 / (1.0 + np.exp(-(np.dot(W, x) + b)))
    z = W.astype(float) @ x + b.astype(float)
    y = 1 / (1 + np.exp(-z))
    np.testing.assert_array_equal(a.astype(float), y)
    dW, db = gradients(np.sum(a), W, b)
    np.testing.assert_allclose(db, y * (1 - y), rtol=1e-14)
    np.testing.assert_allclose(dW, np.outer(y * (1 - y), x), rtol=1e-14)
    assert W[1, 2].label == "W_23" and b[0].label == "b_1"


def test_a_relu_by_a_mask_leaves_plain_zeros_that_later_functions_take():
    x = array([-1.0, 2.0, 3.0])
    out = x.copy()
    out[x <= 0] = 0
    y = np.sum(np.exp(out) * np.maximum(out, 1))
    (dx,) = gradients(y, x)
    np.testing.assert_allclose(dx, [0, 3 * np.exp(2), 4 * np.exp(3)], rtol=1e-14)
    assert out[0] == 0 and isinstance(out[0], int)


def test_softmax_with_loss_as_the_book_writes_it():
    x = array([[0.3, 2.9, 4.0], [1.0, -1.0, 0.5]])
    t = np.array([2, 0])
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    y = e / np.sum(e, axis=1, keepdims=True)
    loss = -np.sum(np.log(y[np.arange(2), t] + 1e-7)) / 2
    (dx,) = gradients(loss, x)
    np.testing.assert_allclose(dx, (y.astype(float) - np.eye(3)[t]) / 2, atol=1e-7)
    assert np.argmax(x, axis=1).tolist() == [2, 0]
    assert np.sum(np.argmax(y, axis=1) == t) == 2


def test_matrix_products_batches_and_broadcasts():
    A, B = array([[1, 2], [3, 4]]), array([[5, 6], [7, 8]])
    for product in A @ B, np.dot(A, B), np.matmul(A, B), A.dot(B):
        np.testing.assert_array_equal(product.astype(int), [[19, 22], [43, 50]])
        assert isinstance(product, type(A))
    total = np.sum(A * np.array([10, 1]) + A.T)
    dA, dB = gradients(total, A, B)
    np.testing.assert_array_equal(dA, [[11, 2], [11, 2]])
    assert not dB.any()


@pytest.mark.parametrize(
    "name", "exp log sqrt sin tanh arctan2 hypot maximum minimum sign absolute square power".split()
)
def test_numpys_functions_agree_with_numpy(name):
    function, x = getattr(np, name), np.array([0.5, 1.5, 2.5])
    y = np.array([1.0, 1.5, 2.0])
    args = (x, y)[: function.nin]
    result = function(*map(array, args))
    np.testing.assert_allclose(result.astype(float), function(*args), rtol=1e-15)
    assert all(isinstance(v, Value) and v.args for v in result)


REDUCED = {  # of [[1, 2], [2, 2]], whose maximum ties thrice
    "all": (lambda x: np.max(x), [[0, 1 / 3], [1 / 3, 1 / 3]]),
    "the method": (lambda x: x.max(), [[0, 1 / 3], [1 / 3, 1 / 3]]),
    "the ufunc": (lambda x: np.maximum.reduce(x, axis=None), [[0, 1 / 3], [1 / 3, 1 / 3]]),
    "an axis": (lambda x: np.sum(x.max(axis=1)), [[0, 1], [1 / 2, 1 / 2]]),
    "axes kept": (lambda x: np.max(x, axis=(0, 1), keepdims=True)[0, 0], [[0, 1 / 3], [1 / 3, 1 / 3]]),
    "some": (lambda x: np.max(x, where=x != x[0, 1], initial=-1.0), [[1, 0], [0, 0]]),
    "initial": (lambda x: np.min(x, initial=1.0), [[1 / 2, 0], [0, 0]]),
    "of the negative": (lambda x: -np.min(-x), [[0, 1 / 3], [1 / 3, 1 / 3]]),
    "out": (lambda x: np.max(x, axis=0, out=array([0.0, 0.0]))[1], [[0, 1 / 2], [0, 1 / 2]]),
    "one": (lambda x: np.max(x[0, :1]), [[1, 0], [0, 0]]),
}


@pytest.mark.parametrize("name", REDUCED)
def test_the_maximum_of_an_array_shares_a_tie_among_all(name):
    f, slopes = REDUCED[name]
    x = array([[1.0, 2.0], [2.0, 2.0]])
    (dx,) = gradients(f(x), x)
    np.testing.assert_allclose(dx, slopes)


def test_the_maximum_of_nothing_is_refused():
    x = array([[1.0, 2.0], [2.0, 2.0]])
    with pytest.raises(ValueError, match="needs initial"):
        np.max(x, where=x != x)
    with pytest.raises(ValueError, match="zero-size"):
        np.max(x[:, :0])


def test_a_maximum_over_an_axis_shares_ties_as_its_row_does():
    x = array([1.0, 3.0, 3.0])
    (dx,) = gradients(np.max(x), x)
    assert dx.tolist() == [0, 0.5, 0.5]
    assert np.max(array([[1.0, 2.0], [4.0, 3.0]])) == 4 and np.min(array([[1, 2], [4, 3]])) == 1


def test_where_stack_and_in_place_operations_stay_arrays_of_values():
    x = array([1.0, -2.0])
    y = np.where(x > 0, x, 0)
    y += x
    z = np.exp(np.concatenate([y, np.stack([x, x])[0]]))
    (dx,) = gradients(np.sum(z), x)
    np.testing.assert_allclose(dx, [2 * np.exp(2) + np.exp(1), 2 * np.exp(-2)])


def test_plain_object_arrays_work_as_far_as_numpy_lets_them():
    x = np.array([Value(1.0), Value(2.0)], dtype=object)
    y = np.sum(np.exp(x) * np.array([1.0, 3.0]))
    y.backward()
    np.testing.assert_allclose([v.grad for v in x], [np.exp(1), 3 * np.exp(2)])


def test_numbers_of_numpy_meet_values():
    z = np.float64(2) * Value(3)
    assert type(z) is Value and type(z.data) is float and z.data == 6.0
    assert [type(Value(x).data) for x in (np.float64(1), np.int64(1), np.bool_(1), np.complex128(1))] == [
        float,
        int,
        int,
        complex,
    ]
    assert type((Value(np.float32(2)) * 3).data) is np.float32
    product = Value(2.0) * np.array([1.0, 2.0])
    assert [v.data for v in product] == [2.0, 4.0] and (Value(2) < np.array([1, 3])).tolist() == [False, True]


def test_functions_of_the_table_go_element_by_element():
    x = array([[0.0, 1.0]])
    assert autograd.sigmoid(x).shape == (1, 2) and autograd.maximum(Value(0.5), x)[0, 1].op is ops.maximum
    assert isinstance(autograd.dot(x[0], [1, 2]), Value)


def test_values_are_kept_and_numbers_become_leaves():
    v = Value(1.0, "v")
    a = array([v, 2, 3.5], label="a")
    assert a[0] is v and [x.label for x in a] == ["v", "a_2", "a_3"]
    assert array(2.0, label="s")[()].label == "s"
    assert array(np.zeros((11, 2)), label="w")[10, 1].label == "w_11,2"
    assert len(topological_order(np.sum(a))) == 5


def test_what_is_refused_names_the_remedy():
    with pytest.raises(TypeError, match=r"autograd\.array"):
        Value(np.ones(3))
    with pytest.raises(TypeError, match="not a number"):
        array([1.0, "2"])
    with pytest.raises(ValueError, match="unequal length"):
        array([[1, 2], [3]])
    with pytest.raises(
        TypeError, match=r"maximum cannot mix Value, ndarray; make arrays with autograd\.array"
    ):
        autograd.maximum(Value(1.0), np.array([1.0]))
    with pytest.raises(TypeError, match="rows one by one"):
        autograd.sum(array([[1, 2], [3, 4]]))


def test_without_numpy_one_line_names_the_extra(monkeypatch):
    for module in [name for name in sys.modules if name.split(".")[0] == "numpy"]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "autograd.arrays")
    with pytest.raises(ImportError, match=r"^autograd\.array: .*; pip install 'scalar-autograd\[numpy\]'$"):
        autograd.array([1.0])


# ── NumPy's functions: the number of floats, and the slope of the complex step or of differences ────

X = np.array([[0.5, 1.25, -0.75, 2.0], [1.5, -0.25, 0.875, 0.625], [-1.0, 0.375, 1.75, 1.125]])
Y = np.cos(3 * X)


def normalized(x, gamma=1.5, beta=0.25):
    """Batch normalisation as the textbooks write it."""
    return gamma * (x - np.mean(x, axis=0)) / np.sqrt(np.var(x, axis=0) + 1e-5) + beta


NUMPY = {
    "std": lambda x: np.std(x),
    "std of rows": lambda x: x.std(axis=1, ddof=1, keepdims=True),
    "var": lambda x: np.var(x, axis=0, ddof=1),
    "var as a method": lambda x: x.var(),
    "normalized": normalized,
    "vdot": lambda x: np.vdot(x, Y) + np.vdot(Y, x),
    "cov": lambda x: np.cov(x),
    "cov of columns": lambda x: np.cov(x, rowvar=False, bias=True),
    "cov of two": lambda x: np.cov(x[0], x[1] * x[2], ddof=0),
    "cov of one": lambda x: np.cov(x[0]) + np.cov(x[0], rowvar=False),
    "cov weighted": lambda x: np.cov(x, fweights=[1, 2, 1, 3]),
    "corrcoef": lambda x: np.corrcoef(x),
    "hypot": lambda x: np.hypot(Y, x) + np.hypot(x, Y) + np.hypot(Y, x[0]),
    "arctan2": lambda x: np.arctan2(Y, x) - np.arctan2(x[0], Y),
    "maximum": lambda x: np.maximum(Y, x) * np.minimum(x, Y),
    "power": lambda x: np.power(2.0 + Y, x) + np.power(x * x, Y),
    "logaddexp": lambda x: np.logaddexp(x, Y) + np.logaddexp2(Y, x),
    "logaddexp reduced": lambda x: np.logaddexp.reduce(x, axis=1),
    "cbrt": lambda x: np.cbrt(x),
    "fabs": lambda x: np.fabs(x),
    "fmod": lambda x: np.fmod(x, 0.37) + np.fmod(2.3, x) + np.fmod(-2.3, x),
    "square": lambda x: np.square(x) * x,
    "whole": lambda x: x * (np.floor(x + 0.1) + np.ceil(x + 0.1) + np.rint(x + 0.1) + np.trunc(x + 0.1)),
    "rounded": lambda x: x * (np.round(x + 0.1) + np.round(x + 0.013, 1)),
    "heaviside": lambda x: x * np.heaviside(x + 0.1, 0.5) + np.heaviside(0.0, x),
    "var keeping dimensions": lambda x: np.var(x, axis=1, keepdims=True) * x + x.var(axis=(0, 1), ddof=2),
    "std of all": lambda x: np.std(x, axis=None, ddof=1) + x.std(0),
    "float_power": lambda x: np.float_power(x, 3),
    "norm": lambda x: np.linalg.norm(x) + np.linalg.norm(x, axis=0) + np.linalg.norm(x[0], 1),
    "einsum": lambda x: np.einsum("ij,kj->ik", x, Y) + np.tensordot(x, Y, axes=([1], [1])),
    "inner": lambda x: np.inner(x, Y) @ np.outer(x[:, 0], Y[0]) + np.trace(x),
    "cumulated": lambda x: np.cumsum(x, axis=1) * np.cumprod(x, axis=0),
    "diff": lambda x: np.diff(x, n=2, axis=1),
    "ordered": lambda x: np.sort(x, axis=1) * x[0] + np.ptp(x),
    "median": lambda x: np.median(x) + np.percentile(x, 30) + np.quantile(x, 0.7, axis=0),
    "average": lambda x: np.average(x, axis=1, weights=[1, 2, 3, 4]),
    "masked sum": lambda x: np.sum(x * x, where=Y > 0) + np.mean(x, where=Y < 0.5),
    "clip": lambda x: np.clip(x, -0.5, 1.3) + np.where(x > 1, x, Y),
    "shapes": lambda x: np.pad(np.roll(np.tile(x, 2), 1), 1, mode="edge").T.reshape(-1),
    "convolve": lambda x: np.convolve(x[0], Y[0]) + np.polyval(x[1], 0.5),
    "interval": lambda x: np.linspace(x[0], x[1], 3),
    "determined": lambda x: np.cross(x[:, 0], x[:, 1]) + np.kron(x[0], Y[0])[:3],
    "predicates": lambda x: np.where(np.isfinite(x) & ~np.isnan(x) & ~np.isinf(x), x, 0) + np.nan_to_num(x),
}


def differences(f, x, h=1e-5):
    """∂f/∂x of an array's function that gives one number, by central differences."""
    slope = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[place] = h
        slope[place] = (f(x + step) - f(x - step)) / (2 * h)
    return slope


@pytest.mark.parametrize("case", NUMPY)
def test_numpys_functions_have_numpys_numbers_and_their_slopes(case):
    f = NUMPY[case]
    expected = np.asarray(f(X))
    weights = np.linspace(1, 2, expected.size).reshape(expected.shape)
    total = lambda x: np.sum(f(x) * weights)
    x = array(X)
    result = np.asarray(f(x))
    np.testing.assert_allclose(result.astype(float), expected, rtol=1e-12, atol=1e-15)
    slope = differences(total, X)
    (outside,) = gradients(total(x), x)
    np.testing.assert_allclose(outside, slope, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(autograd.grad(total)(X), outside)
    assert isinstance(f(x), autograd.arrays.Array | Value)


def test_plain_object_arrays_have_a_variance_too():
    x = np.array([Value(1.0), Value(2.0), Value(4.0)], dtype=object)
    (np.std(x) + np.vdot(x, [1.0, 0.0, 2.0])).backward()
    slope = differences(lambda x: np.std(x) + np.vdot(x, [1.0, 0.0, 2.0]), np.array([1.0, 2.0, 4.0]))
    np.testing.assert_allclose([v.grad for v in x], slope, rtol=1e-8)


def test_predicates_are_masks():
    x = array([1.0, np.nan, np.inf, -np.inf])
    for predicate in np.isnan, np.isinf, np.isfinite:
        mask = predicate(x)
        np.testing.assert_array_equal(mask, predicate(x.astype(float)))
        assert mask.dtype == bool


@pytest.mark.parametrize("number", [2.0, -0.0, np.nan, np.inf, -np.inf])
def test_predicates_of_a_single_value_are_numpys(number):
    seen = []

    def f(x):
        seen.append([np.isnan(x), np.isinf(x), np.isfinite(x)])
        return x * 1

    autograd.grad(f)(number)
    assert seen == [[np.isnan(number), np.isinf(number), np.isfinite(number)]]
    assert [np.isnan(Value(number)), np.isfinite(Value(number))] == [np.isnan(number), np.isfinite(number)]


SINGLE = "cbrt square floor ceil rint trunc fabs logaddexp fmod heaviside".split()


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("x", [0.0, -0.0, 2.5, -2.5, -7.0, 1e-300, 1e300, np.inf, -np.inf, np.nan])
def test_numpys_functions_of_a_single_value_have_numpys_number(name, x):
    """Also at the edges, in every argument; one that Python's arithmetic refuses is named."""
    function = getattr(np, name)
    for args in [(x,)] if function.nin == 1 else [(x, 2.0), (2.0, x)]:
        with np.errstate(all="ignore"):
            want = function(*args)
        if name == "fmod" and args[1] == 0:
            with pytest.raises(ZeroDivisionError, match="fmod"):
                function(*map(Value, args))
        else:
            np.testing.assert_allclose(function(*map(Value, args)).data, want, rtol=1e-15)


@pytest.mark.parametrize("name", [name for name in SINGLE if name not in ("heaviside", "fabs")])
def test_numpys_functions_are_compiled_too(name):
    function, w = getattr(np, name), autograd.array([0.75, -2.25])
    n = getattr(np, name).nin
    f = lambda x: np.sum(function(*(w * x, 1.5 + w * w)[:n]) * w)
    program = autograd.compile(f, list(w))
    value, gradient = program(program.parameters(), np.array([1.25]))
    root = f(1.25)
    root.backward()
    assert value == pytest.approx(root.data, rel=1e-14)
    np.testing.assert_allclose(gradient, w.grad.astype(float), rtol=1e-14)


def test_heaviside_gives_its_second_argument_where_the_first_is_zero():
    x, h = array([-1.0, 0.0, 2.0]), array([0.25, 0.5, 0.75])
    z = np.heaviside(x, h)
    assert z.astype(float).tolist() == [0, 0.5, 1]
    dx, dh = gradients(np.sum(z), x, h)
    assert (dx.tolist(), dh.tolist()) == ([0, 0, 0], [0, 1, 0])


def test_a_real_number_is_its_own_conjugate():
    x = Value(2.0, "x")
    assert x.conjugate() is x and x.real is x
    assert x.imag == 0 and type(x.imag) is float
    z = Value(1 + 2j, "z")
    for part, leave in ("conjugate", z.conjugate), ("real", lambda: z.real), ("imag", lambda: z.imag):
        with pytest.raises(TypeError, match=rf"^{part}\(z = \(1\+2j\)\): not analytic, .*; use \.data"):
            leave()


# ── Assignment ──────────────────────────────────────────────────────────────────────────────────────


def assigned(x):
    """Every kind of assignment, on a copy."""
    x = x.copy()
    x[0] = x[0] * 2
    x[1] = 0.5
    x[2:] = x[2:] * x[0]
    x[3] = np.float64(2)
    x += 1
    x *= 2
    x[:2] -= x[1:3]
    return np.sum(np.exp(x / 8) * np.maximum(x, 0)) + np.max(x)


def test_assignment_gives_the_slopes_of_what_stands_there():
    start = np.array([0.5, 1.5, -0.75, 1.0, 2.0])
    x = array(start)
    total = assigned(x)
    assert total == pytest.approx(assigned(start), rel=1e-14)
    (slope,) = gradients(total, x)
    np.testing.assert_allclose(slope, differences(assigned, start), rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(autograd.grad(assigned)(start), slope)
    np.testing.assert_array_equal(start, [0.5, 1.5, -0.75, 1.0, 2.0])


def test_a_plain_number_assigned_stays_a_plain_number():
    x = array([1.0, 2.0, 3.0])
    x[0] = 0.0
    x[1:] = np.array([4.0, 5.0])
    assert [type(v) for v in x] == [float] * 3
    assert np.sum(x) == 9.0 and x.grad.tolist() == [0, 0, 0] and np.std(x) > 0


LOST = {
    "into floats": (
        lambda a: np.add(np.ones(3), a, out=np.ones(3)),
        "np.add: an array of float64 cannot hold",
    ),
    "in place": (
        lambda a: np.ones(3).__iadd__(a),
        "np.add: an array of float64 cannot hold Values; write c =",
    ),
    "summed into floats": (lambda a: np.sum(a, axis=0, out=np.array(0.0)), "cannot hold Values"),
    "as floats": (lambda a: np.mean(a, dtype=float), "leave out and dtype out, or take a.astype(float)"),
    "float buffer": (lambda a: np.gradient(a), "inside np.gradient would drop its derivative"),
    "no row": (lambda a: np.frexp(a), "np.frexp knows numbers alone, and the table has no such row; use"),
    "no loop": (lambda a: np.linalg.det(np.outer(a, a)), "np.linalg.det: Cannot cast|or a.astype(float)"),
    "no cast": (lambda a: np.interp(a, [0, 1], [0, 1]), "np.interp: Cannot cast|use autograd's functions"),
    "no attribute": (lambda a: np.linalg.norm(a, 3), "np.linalg.norm: 'Value' object has no attribute"),
}


@pytest.mark.parametrize("case", LOST)
def test_what_would_drop_a_derivative_is_refused(case):
    call, parts = LOST[case]
    with pytest.raises(TypeError) as caught:
        call(array([1.0, 2.0, 4.0]))
    assert all(part in str(caught.value) for part in parts.split("|")), str(caught.value)
    assert "\n" not in str(caught.value)


def test_errors_of_the_users_own_functions_pass_through():
    def own(row):
        raise TypeError("mine")

    with pytest.raises(TypeError, match=r"^mine$"):
        np.apply_along_axis(own, 0, array([[1.0, 2.0]]))


# ── Single Values beside arrays ─────────────────────────────────────────────────────────────────────

BESIDE = {
    "hypot": np.hypot,
    "arctan2": np.arctan2,
    "maximum": np.maximum,
    "power": np.power,
    "logaddexp": np.logaddexp,
    "product": lambda a, b: a * b,
    "quotient": lambda a, b: a / b,
    "divmod": lambda a, b: sum(divmod(a, b)),
}


@pytest.mark.parametrize("function", BESIDE.values(), ids=BESIDE)
@pytest.mark.parametrize(
    "numbers", [np.array([0.75, 1.25]), np.float64(0.75), 0.75], ids=["array", "scalar", "float"]
)
def test_numpys_functions_take_a_value_beside_numbers(function, numbers):
    if not isinstance(numbers, np.ndarray) and function not in (BESIDE["product"], BESIDE["quotient"]):
        numbers = np.float64(numbers)
    for both in (lambda x: np.sum(function(numbers, x))), (lambda x: np.sum(function(x, numbers))):
        value, slope = autograd.value_and_grad(both)(2.0)
        assert value == pytest.approx(both(2.0), rel=1e-14)
        assert slope == pytest.approx((both(2 + 1e-6) - both(2 - 1e-6)) / 2e-6, rel=1e-8, abs=1e-8)


CONTRACTIONS = {
    "einsum": lambda a, b: np.einsum("ij,jk->ik", a, b), "all": lambda a, b: np.einsum("ij,ij->", a, b),
    "dot": np.dot, "matmul": np.matmul, "inner": lambda a, b: np.inner(a, b.T),
    "matvec": lambda a, b: autograd.matvec(a, b[:, 0]), "rows": lambda a, b: autograd.dot(a[0], b[:, 0]),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTRACTIONS)
def test_shared_indices_of_unequal_lengths_are_refused_and_both_lengths_named(name):
    a, b = array(np.ones((2, 3))), array(np.ones((4, 5)))
    for left, right in ((a, b), (a, np.ones((4, 5))), (np.ones((2, 3)), b)):
        with pytest.raises(ValueError, match=r"3.*4|4.*3"):
            CONTRACTIONS[name](left, right)
