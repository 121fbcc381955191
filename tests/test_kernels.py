"""Kernels: every row on arrays is the row on numbers, far out too, and in float32."""

import inspect
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Op, Value, ops
from autograd.op import REAL
from autograd.program import kernels
from tests.processes import outputs

DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32])
FAR = [-np.inf, -1e308, -800.0, -40.0, -1.0, -0.5, -1e-9, -0.0, 0.0, 1e-9, 0.25, 0.75, 1.0, 2.0, 10.0, 40.0]
FAR += [800.0, 1e308, np.inf, np.nan]
ROWS = [row for row in (*kernels.KERNELS, *kernels.SPECIAL) if not row.sequences]
FUNCTIONS = [*kernels.KERNELS.values(), *kernels.SPECIAL.values()]
FUNCTIONS += [kernels.vecdot, kernels.finite, kernels.others, kernels.segment_others]
FUNCTIONS += [kernels.take, kernels.untake, kernels.narrow, kernels._given, kernels.own]
ROUNDED = {ops.normal_cdf, ops.gelu}  # x/√2 is rounded, and exp(−x²/2) multiplies that error by x²
ROOTS = {ops.lgamma, ops.digamma, ops.polygamma}  # which are not computed to the last digit near them
by_name = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def function_of(row):
    """The kernel of a row, or none where SciPy lacks."""
    if row in kernels.SPECIAL:
        pytest.importorskip("scipy.special")
    return kernels.kernel(row)


def points(row, dtype):
    """Arguments in columns, and what the row's own function gives; None where it raises."""
    with np.errstate(all="ignore"):
        grid = [*itertools.product(*[row.parameters.get(i, FAR) for i in range(row.arity)])]
        columns = np.array(grid, float).astype(dtype).T
    want = []
    for numbers in columns.T.tolist():
        try:
            want.append(row.function(*[int(x) if i in row.parameters else x for i, x in enumerate(numbers)]))
        except (ValueError, ArithmeticError):
            want.append(None)
    return columns, want


def close(row, got, want, dtype, numbers):
    """Whether a result is right to the last digits of a type, or where too small for all its digits."""
    if want is None:  # a pole, a limit, an overflow, or outside of the domain
        return not math.isfinite(got) or (row is ops.log_base and numbers[1] == 0)
    with np.errstate(over="ignore"):
        want = float(dtype(want))
    if not math.isfinite(want) or not math.isfinite(got):
        pole = row is ops.polygamma and math.isinf(got)  # where the row's own is ∞ − ∞
        return got == want or (want != want and (got != got or pole))
    factor = 12 + (min(abs(numbers[0]), 40) ** 2 if row in ROUNDED else 0)
    scale = max(abs(want), 1) if row in ROOTS else abs(want)
    tiny = 1000 * float(np.finfo(dtype).tiny)  # where exp(−x) has overflowed, silu is 0
    return abs(got - want) <= factor * float(np.finfo(dtype).eps) * scale + tiny


# ── Every row ───────────────────────────────────────────────────────────────────────────────────────


@by_name
@DTYPES
def test_a_kernel_is_its_row_far_out_too(row, dtype):
    columns, want = points(row, dtype)
    with np.errstate(all="ignore"):
        got = function_of(row)(*columns)
    assert got.dtype == dtype
    for numbers, a, b in zip(columns.T.tolist(), got.tolist(), want):
        assert close(row, a, b, dtype, numbers), (row, numbers, a, b)


@by_name
@DTYPES
@settings(max_examples=30)
@given(data=st.data())
def test_a_kernel_is_its_row_anywhere(row, dtype, data):
    """An array, one without axes, and numbers of Python's after the first array are the same to it."""
    some = st.floats(-6, 6, width=32 if dtype is np.float32 else 64)
    settings_ = {i: st.sampled_from(values) for i, values in row.parameters.items()}
    numbers = [data.draw(settings_.get(i, some)) for i in range(row.arity)]
    function, arrays = function_of(row), [np.array([x], dtype) for x in numbers]
    with np.errstate(all="ignore"):
        got = [function(*arrays), function(*[dtype(x) for x in numbers])]
        got += [function(*arrays[:i], *numbers[i:]) for i in range(1 + (row is ops.where), row.arity)]
    try:
        want = float(row.function(*numbers))
    except (ValueError, ArithmeticError):
        want = None
    for z in got:
        assert z.dtype == dtype
        assert close(row, float(z if z.ndim == 0 else z[0]), want, dtype, numbers), (row, numbers, z, want)


@by_name
def test_a_kernel_of_numbers_alone_gives_a_float(row):
    some = -0.25 if row is ops.log1mexp else 0.25
    numbers = [row.parameters[i][0] if i in row.parameters else some for i in range(row.arity)]
    got = function_of(row)(*numbers)
    assert got == pytest.approx(row.function(*numbers), rel=1e-14) and got.shape == ()


@pytest.mark.parametrize(
    "row", [row for row in kernels.UFUNCS if row in ops.TABLE.values()], ids=lambda row: row.name
)
def test_a_ufunc_is_its_row(row):
    """On numbers that every domain holds: NumPy's function is the table's."""
    low, high, _ = row.domain[0] if row.domain else REAL
    for number in (0.25, 0.75, 1.25, -0.625):
        args = [number, 0.375][: len(row.partials) or 1]
        if low < number < high:
            got = float(kernels.kernel(row)(*args))
            assert got == pytest.approx(float(row.function(*args)), rel=1e-15)


@pytest.mark.parametrize("row", [row for row in kernels.KERNELS if row.sequences], ids=lambda row: row.name)
@DTYPES
def test_a_sequence_stands_on_the_last_axis(row, dtype):
    x = np.array([[[3.0, 1.0, 2.0], [np.nan, 1.0, 0.5]], [[-np.inf, 0.0, 1.0], [0.1, 0.2, 0.3]]], dtype)
    with np.errstate(all="ignore"):
        got = kernels.kernel(row)(x)
    assert got.dtype == dtype and got.shape == (2, 2)
    want = [row.function(*numbers) for numbers in x.reshape(-1, 3).tolist()]
    assert got.reshape(-1).tolist() == pytest.approx(want, rel=1e-6, nan_ok=True)


def test_kernels_are_known_by_the_row_and_not_by_its_name():
    row = Op("sigmoid", lambda x: x + 1, lambda x, z: 1)
    assert kernels.kernel(row)(np.array([1.0, 2.0])).tolist() == [2.0, 3.0]
    assert kernels.kernel(ops.sigmoid) is kernels.sigmoid
    assert all(function.__name__ == row.name for row, function in kernels.KERNELS.items())


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_a_kernel_needs_nothing_but_numpy_and_scipy(function):
    """And others of these functions, so that their texts can stand in a file that runs without autograd."""
    for name, value in inspect.getclosurevars(function).globals.items():
        assert name in ("np", "Array") or value in FUNCTIONS
    for line in inspect.getsource(function).splitlines():
        assert "import" not in line or line.startswith("    from scipy.special import ")


# ── SciPy's functions ───────────────────────────────────────────────────────────────────────────────

TRUE = {  # by mpmath: the row, the function, where to try it
    "erf": (lambda mp, x: mp.erf(x), (-6, 6)),
    "erfc": (lambda mp, x: mp.erfc(x), (-6, 26.5)),
    "normal_cdf": (lambda mp, x: mp.ncdf(x), (-2, 9)),
    "erfinv": (lambda mp, x: mp.erfinv(x), (-1, 1)),
    "gamma": (lambda mp, x: mp.gamma(x), (-20, 170)),
    "lgamma": (lambda mp, x: mp.loggamma(x).real, (0.001, 200)),
    "digamma": (lambda mp, x: mp.psi(0, x), (0.001, 200)),
}


@pytest.mark.parametrize("name", TRUE)
def test_scipys_functions_are_right_to_the_last_digits(name):
    mp = pytest.importorskip("mpmath").mp
    function = function_of(ops.TABLE[name])
    true, (low, high) = TRUE[name]
    x = np.random.default_rng(0).uniform(low, high, 200)
    with mp.workdps(40):
        for a, b in zip(x.tolist(), function(x).tolist()):
            want = true(mp, a)
            scale = max(abs(want), 1 if name in ("lgamma", "digamma") else 0)  # which have roots
            assert abs(b - want) <= 8 * 2.0**-52 * scale, a


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_scipys_polygamma_is_right_to_the_last_digits(n):
    mp = pytest.importorskip("mpmath").mp
    function = function_of(ops.polygamma)
    x = np.random.default_rng(n).uniform(0.001, 60, 100)
    with mp.workdps(40):
        for a, b in zip(x.tolist(), function(float(n), x).tolist()):
            want = mp.psi(n, a)
            assert abs(b - want) <= 8 * 2.0**-52 * max(abs(want), 1 if n == 0 else 0), a


@pytest.mark.parametrize("row", kernels.SPECIAL, ids=lambda row: row.name)
def test_without_scipy_a_row_runs_by_its_own_function(row, monkeypatch):
    monkeypatch.setattr(kernels, "has_scipy", lambda: False)
    n = [1.0] * (row is ops.polygamma)
    got = kernels.kernel(row)(*n, np.array([0.125, 0.25], np.float32))
    want = [row.function(*map(int, n), x) for x in (0.125, 0.25)]
    assert got.tolist() == pytest.approx(want, rel=1e-7) and got.dtype == np.float32


def test_scipy_is_missing_or_there():
    script = """
import sys
class Missing:
    def find_spec(self, name, *rest):
        if name.partition(".")[0] == "scipy":
            raise ImportError(name)
sys.meta_path.insert(0, Missing())
from autograd import ops
from autograd.program import kernels
print(kernels.has_scipy(), kernels.kernel(ops.erf)(0.5), kernels.kernel(ops.exp)(0.0))
"""
    assert outputs(script) == {f"False {math.erf(0.5)} 1.0\n".encode()}


def test_scipy_is_imported_when_a_program_needs_it():
    script = """
import sys, numpy as np, autograd
w = autograd.Value(0.5)
program = autograd.compile(lambda x: autograd.tanh(w * x), [w])
program(program.parameters(), np.array([1.0]))
print("scipy.special" in sys.modules)
"""
    assert outputs(script) == {b"False\n"}


# ── A row's own function ────────────────────────────────────────────────────────────────────────────


def test_a_row_that_knows_only_numbers_runs_on_each():
    row = Op(
        "only numbers",
        lambda x, y: math.fsum([x, 1.0]) if x > y else -x,
        lambda x, y, z: 1,
        lambda x, y, z: 0,
    )
    kernel = kernels.kernel(row)
    assert kernel(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 2.5])).tolist() == [
        [-1.0, -2.0],
        [4.0, 5.0],
    ]
    assert kernel(np.array([[1.0, 2.0], [3.0, 4.0]]), 0.0).tolist() == [[2.0, 3.0], [4.0, 5.0]]
    assert kernel(np.array(5.0), np.array(1.0)) == 6.0
    assert kernels.kernel(row)(5.0, 1.0) == 6.0


def test_outside_of_its_domain_a_row_that_knows_only_numbers_gives_nan():
    """One example must not stop all others; what is no matter of numbers raises."""

    def picky(x):
        if x == 0:
            raise ZeroDivisionError
        return math.log(x) if x < 10 else None + x

    kernel = kernels.kernel(Op("picky", picky, lambda x, z: 1 / x))
    out = kernel(np.array([1.0, -1.0, 0.0]))
    assert out[0] == 0 and np.isnan(out[1:]).all()
    assert kernel(np.array([1.0, 2.0, 3.0])).tolist() == pytest.approx([0, math.log(2), math.log(3)])
    with pytest.raises(TypeError, match="NoneType"):
        kernel(np.array([1.0, 2.0, 30.0]))


def grown(x):
    """Changes what it is given."""
    x += 1
    return x


OF_NUMBERS = {
    "a sum of its elements": lambda x: np.sum(x),
    "the greatest of its elements": lambda x: np.max([x, np.zeros_like(x)]),
    "a branch": lambda x: x if x > 0 else 0,
    "whole numbers": lambda x: int(x > 0),
    "whole numbers on arrays": lambda x: np.sign(x).astype(int),
    "conditions": lambda x: x > 0,
    "one number": lambda x: 2.5,
    "its argument changed": grown,
    "its argument": lambda x: x,
    "a method of floats": lambda x: float.fromhex(x.hex()),
    "float64": lambda x: x * np.float64(0.1),
    "an array of another shape": lambda x: np.atleast_2d(x)[0, 0],
    "nothing that is a number of arrays": lambda x: [x, x] if np.ndim(x) else x / 2,
}


@pytest.mark.parametrize("name", OF_NUMBERS)
@DTYPES
@given(
    shape=st.sampled_from([(), (1,), (3,), (2, 2), (1, 1)]), seed=st.integers(0, 9), times=st.integers(1, 2)
)
def test_a_users_function_is_what_it_is_of_numbers(name, dtype, shape, seed, times):
    """Whatever it makes of arrays; and the result is new, of the arguments' type."""
    function = OF_NUMBERS[name]
    kernel = kernels.kernel(Op("own", function, lambda x, z: 1))
    for _ in range(times):
        x = np.random.default_rng(seed).normal(size=shape).astype(dtype)
        before = x.copy()
        got = kernel(x)
        want = np.array([function(number) for number in x.reshape(-1).tolist()], dtype)
        assert got.dtype == dtype and np.shape(got) == shape
        assert np.reshape(got, -1).tolist() == want.tolist()
        assert (x == before).all() and not np.may_share_memory(x, got)


def test_a_users_function_of_complex_results_is_refused():
    kernel = kernels.kernel(Op("root", lambda x: np.emath.sqrt(x), lambda x, z: 1 / (2 * z)))
    assert kernel(np.array([4.0])).tolist() == [2.0]
    with pytest.raises(TypeError, match=r"^root gave the complex number 2j, which arrays"):
        kernel(np.array([4.0, -4.0]))


def test_a_users_sequence():
    def middle(*x):
        return sorted(x)[len(x) // 2]

    kernel = kernels.kernel(Op("median", middle, lambda x, z: [1] * len(x), sequences=1))
    x = np.array([[3.0, 1.0, 2.0], [6.0, 4.0, 5.0]], np.float32)
    got = kernel(x)
    assert got.tolist() == [2.0, 5.0] and got.dtype == np.float32
    assert kernel(x[0]) == 2.0


# ── Operations that are no rows ─────────────────────────────────────────────────────────────────────


@given(st.data())
@DTYPES
def test_take_and_untake(dtype, data):
    """Choices and indices with and without a batch, and the gradient where one is taken twice."""
    n, m, k = (data.draw(st.integers(1, 3)) for _ in range(3))
    first, second = data.draw(st.sampled_from([(True, True), (True, False), (False, True), (False, False)]))
    choices = np.arange(n * m * k, dtype=dtype).reshape(n, m, k)
    index = np.array(data.draw(st.lists(st.integers(0, k - 1), min_size=n * m, max_size=n * m))).reshape(n, m)
    choices, index = choices if first else choices[0], index if second else index[0]
    got = kernels.take(choices, index)
    places = [(i, j) for i in range(n if first or second else 1) for j in range(m)]
    of = lambda x, batched, i: x[i] if batched else x
    want = [of(choices, first, i)[j][of(index, second, i)[j]] for i, j in places]
    assert got.reshape(-1).tolist() == want and got.dtype == dtype
    assert got.shape == ((n, m) if first or second else (m,))
    upstream = np.arange(1, got.size + 1, dtype=dtype).reshape(got.shape)
    back, wanted = kernels.untake(upstream, index, choices.shape), np.zeros_like(choices)
    for (i, j), number in zip(places, upstream.reshape(-1)):
        of(wanted, first, i)[j][of(index, second, i)[j]] += number
    assert back.dtype == dtype and (back == wanted).all()


def test_the_others_are_all_but_one_of_the_greatest():
    """Ties, a row that is masked altogether, and what an addition of 1 would lose."""
    rows = [[1.0, 1e-30, 0.0], [1.0, 0.25, 1.0], [0.0, 0.0, 0.0], [0.5, 1.0, np.nan]]
    want = [1e-30, 1.25, 0, np.nan]
    for dtype in (np.float64, np.float32):
        e = np.array(rows, dtype)
        got = kernels.others(e, (1,)), kernels.others(e, 1), kernels.others(e.T, 0)
        got += (kernels.segment_others(e.reshape(1, -1), np.array([0, 3, 6, 9]))[0],)
        for out in got:
            assert out.dtype == dtype
            assert out.tolist() == pytest.approx(want, rel=1e-6, abs=0, nan_ok=True)


@DTYPES
def test_vecdot_is_a_sum_of_products(dtype):
    x, y = np.arange(6, dtype=dtype).reshape(2, 3), np.arange(12, dtype=dtype).reshape(4, 1, 3)
    got = kernels.vecdot(x, y)
    assert got.dtype == dtype and (got == (x * y).sum(-1)).all()


EXTREMES = [[-np.inf, -np.inf], [-np.inf, 0.0], [1e17, 1e17], [0.0, -100.0], [-1e16, 1e16]]


@DTYPES
@pytest.mark.parametrize("z", EXTREMES)
@pytest.mark.parametrize(
    "f",
    [
        lambda w, x: autograd.logsumexp([v + x for v in w]),
        lambda w, x: autograd.logsumexp([v + x for v in w]) + autograd.logsumexp([x]),
        lambda w, x: autograd.dot(autograd.softmax([v + x for v in w]), [1.0, 3.0]),
        lambda w, x: autograd.dot(autograd.grad(autograd.logsumexp)([v + x for v in w]), [1.0, 3.0]),
        lambda w, x: autograd.log_softmax([v + x for v in w])[0],
    ],
    ids=["logsumexp", "in segments", "softmax", "slopes of logsumexp", "log_softmax"],
)
def test_what_depends_on_differences_is_as_eager_far_out(f, z, dtype):
    w = [Value(v) for v in z]
    value = Value(0.0) + f(w, 0.0)  # a leaf, as the slopes of −∞ alone are the number 0
    value.backward()
    program = autograd.compile(lambda x: f(w, x), w)
    got = program(program.parameters(dtype), np.zeros(1, dtype))
    unit = 8 * float(np.finfo(dtype).eps)
    tiny = float(np.finfo(dtype).tiny)
    assert got[0] == pytest.approx(value.data, rel=unit, abs=tiny, nan_ok=True)
    assert got[1].tolist() == pytest.approx([v.grad for v in w], rel=unit, abs=tiny, nan_ok=True)


def test_a_shift_is_finite():
    assert kernels.finite(np.array([3.0, -np.inf], np.float32)).tolist() == [3.0, 0.0]
    w = Value(1.0)
    inf = autograd.compile(lambda x: autograd.logsumexp([w * x[0], x[1]]), [w])
    for row in ([np.inf, 1.0], [-np.inf, -np.inf], [-np.inf, 2.0], [800.0, 799.0]):
        value, _ = inf(inf.parameters(), np.array([row]))
        assert value == pytest.approx(autograd.logsumexp(row))
