"""check_gradient: what is right passes, an error of a ten-millionth is caught, in all kinds and libraries."""

import math
import re
import subprocess
import sys
import warnings
from contextlib import nullcontext
from fractions import Fraction
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
from oracles import FLAT, has_variables, points, variables

from autograd import ops
from autograd.testing import GradientError, VacuousCheckWarning, check_gradient
from autograd.testing.libraries import library
from autograd.testing.oracles import COMPLEX_STEP, DIFFERENCES, EXACT

ROWS = [op for name, op in ops.TABLE.items() if op.name == name and op.partials and has_variables(op)]
OFF = 1 + 1e-7
KINDS = ["gradient", "jacobian", "jvp", "vjp"]


def fault(f, df, *args, **options):
    """The error that the check raises, warnings aside."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VacuousCheckWarning)
        with pytest.raises(GradientError) as caught:
            check_gradient(f, df, *args, **options)
    return str(caught.value)


def first_line(error):
    return error.splitlines()[0]


def hint(error):
    return error.rpartition("it seems  ")[2]


# ── Plain numbers: every row of the table, and its rules ────────────────────────────────────────────


def by_hand(op, args, factor=1):
    """A row as a function of its variables, and its rules as a gradient that somebody wrote."""
    places = variables(op, args)

    def put(xs):
        inner = [*args]
        for i, x in zip(places, xs):
            inner[i] = x
        return inner

    def f(*xs):
        return op.function(*put(xs))

    def df(*xs):
        numbers = (*put(xs), f(*xs))
        local = op.local_derivatives(numbers, [i in places for i in range(len(args))])
        slopes = tuple(factor * (local[i] or 0) for i in places)
        return slopes if len(slopes) > 1 else slopes[0]

    return f, df, [args[i] for i in places]


@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
def test_every_row_passes_and_a_ten_millionth_too_much_is_caught(op):
    for args in points(op)[:2]:
        f, df, xs = by_hand(op, args)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", VacuousCheckWarning)
            report = check_gradient(f, df, *xs)
        assert report.unknown == report.kinks == report.coarse == []
        assert report.entries == report.of == len(xs)
        if op.name not in FLAT and any(np.atleast_1d(df(*xs))):
            assert "wrong by a factor of 1 + 1e-07" in fault(*by_hand(op, args, OFF)[:2], *xs)


@pytest.mark.parametrize(
    ("f", "df", "args", "oracle"),
    [
        (lambda x, y: x * x / y, lambda x, y: (2 * x / y, -x * x / y**2), (Fraction(3), Fraction(4)), EXACT),
        (lambda x, y: x * x / y, lambda x, y: (2 * x / y, -x * x / y**2), (3.1, 0.4), EXACT),
        (lambda x: x**3 - 2 * x, lambda x: 3 * x * x - 2, (2,), EXACT),
        (lambda x: max(x, 1.5) * x, lambda x: 2 * x, (2.5,), EXACT),
        (lambda x: np.exp(x) * x, lambda x: np.exp(x) * (x + 1), (0.3,), COMPLEX_STEP),
        (lambda x: math.exp(x) * x, lambda x: math.exp(x) * (x + 1), (0.3,), DIFFERENCES),
        (lambda x: abs(np.exp(x)), np.exp, (0.3,), DIFFERENCES),  # which is not analytic
    ],
)
def test_the_best_oracle_is_chosen(f, df, args, oracle):
    report = check_gradient(f, df, *args)
    assert report.oracle == oracle
    if all(isinstance(x, int | Fraction) for x in args):
        assert (report.error, report.tolerance) == (0, 0)


def test_plain_numbers_as_every_kind():
    f, df = lambda x, y: x * x / y, lambda x, y: (2 * x / y, -x * x / y**2)
    jvp = lambda x, y, dx, dy: df(x, y)[0] * dx + df(x, y)[1] * dy
    vjp = lambda x, y, dz: tuple(d * dz for d in df(x, y))
    for kind, derivative in {"gradient": df, "jacobian": df, "jvp": jvp, "vjp": vjp}.items():
        report = check_gradient(f, derivative, Fraction(3), Fraction(4), kind=kind)
        assert (report.entries, report.of, report.tolerance) == (2, 2, 0)


def test_an_iteration_whose_fractions_would_fill_the_memory_is_left_to_differences():
    def f(x):
        for _ in range(60):
            x = 3.1 * x * (1 - x)
        return x

    def df(x):
        slope = 1.0
        for _ in range(60):
            slope *= 3.1 * (1 - 2 * x)
            x = 3.1 * x * (1 - x)
        return slope

    assert check_gradient(f, df, 0.3).oracle != EXACT


def test_a_function_that_is_another_one_for_fractions_is_not_asked_for_them():
    f = lambda x: x * x if isinstance(x, float) else 7 * x
    assert check_gradient(f, lambda x: 2 * x, 3.0).oracle != EXACT


def test_no_numpy_for_plain_numbers():
    code = (
        "import sys; from autograd.testing import check_gradient;"
        "check_gradient(lambda x: x * x, lambda x: 2 * x, 3.0); assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-S", "-c", code], check=True, env={"PYTHONPATH": "."})


# ── A layer in every library, as every kind ─────────────────────────────────────────────────────────


def numpy_():
    return SimpleNamespace(
        np=np, array=np.array, outer=np.outer, diag=np.diag, digits=nullcontext, einsum=np.einsum
    )


def torch_():
    torch = pytest.importorskip("torch", reason="PyTorch is absent: pip install torch")
    return SimpleNamespace(
        np=torch,
        array=lambda x: torch.tensor(np.asarray(x), requires_grad=True),
        outer=torch.outer,
        diag=torch.diag,
        digits=nullcontext,
        einsum=torch.einsum,
    )


def jax_():
    jax = pytest.importorskip("jax", reason="JAX is absent: pip install 'scalar-autograd[jax]'")
    j = jax.numpy
    return SimpleNamespace(
        np=j,
        array=j.asarray,
        outer=j.outer,
        diag=j.diag,
        digits=lambda: jax.enable_x64(True),
        einsum=j.einsum,
    )


@pytest.fixture(params=[numpy_, torch_, jax_], ids=["numpy", "torch", "jax"])
def lib(request):
    with (own := request.param()).digits():
        yield own


def layer(lib, kind, off=1.0, number=np.float64):
    """(f, df, W, x): y = tanh(W·x), or ½|y|², and its derivative by hand, wrong by a factor in W."""
    random = np.random.default_rng(0)
    W, x = (lib.array(random.normal(size=shape).astype(number)) for shape in ((2, 3), (3,)))

    def y(W, x):
        return lib.np.tanh(W @ x)

    def back(W, x, dy):
        dz = dy * (1 - y(W, x) ** 2)
        return off * lib.outer(dz, x), W.T @ dz

    def forward(W, x, dW, dx):
        return (1 - y(W, x) ** 2) * (off * (dW @ x) + W @ dx)

    def jacobian(W, x):
        slope = 1 - y(W, x) ** 2
        return off * lib.einsum("ij,k->ijk", lib.diag(slope), x), slope[:, None] * W

    return {
        "gradient": (lambda W, x: (y(W, x) ** 2).sum() / 2, lambda W, x: back(W, x, y(W, x))),
        "jacobian": (y, jacobian),
        "jvp": (y, forward),
        "vjp": (y, back),
    }[kind] + (W, x)


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_in_every_library_as_every_kind(lib, kind):
    report = check_gradient(*layer(lib, kind), kind=kind)
    assert report.entries == report.of == (9 if kind == "gradient" else 18)
    assert (report.oracle, report.coarse, report.kinks) == (COMPLEX_STEP, [], [])
    assert report.tolerance < 1e-11
    assert "entries of the " + kind + " are right, by the complex step" in str(report)

    error = fault(*layer(lib, kind, OFF), kind=kind)
    place = "∂f/∂W[0, 0]" if kind == "gradient" else "∂f[0]/∂W[0, 0]"
    assert re.match(re.escape(place) + r": yours .*, right .* \(± .*\), by the complex step", error)
    assert hint(error) == "it is wrong by a factor of 1 + 1e-07, in every entry"


@pytest.mark.parametrize("kind", KINDS)
def test_single_precision_is_compared_to_its_own(lib, kind):
    """The function is called in double precision, and the derivative as the user calls it."""
    report = check_gradient(*layer(lib, kind, number=np.float32), kind=kind)
    assert 1e-9 < report.tolerance < 1e-3
    assert "factor of 1.00" in fault(*layer(lib, kind, 1.001, np.float32), kind=kind)


def test_a_function_that_takes_no_double_precision():
    def f(x):
        if x.dtype != np.float32:
            raise TypeError("single precision only")
        return np.tanh(x).sum()

    x = np.array([0.3, -0.7], np.float32)
    report = check_gradient(f, lambda x: 1 - np.tanh(x) ** 2, x)
    assert report.oracle == DIFFERENCES and report.unknown == []
    assert fault(f, lambda x: 1.1 * (1 - np.tanh(x) ** 2), x)


def test_jax_in_single_precision_is_checked_in_double():
    jax = pytest.importorskip("jax", reason="JAX is absent: pip install 'scalar-autograd[jax]'")
    with jax.enable_x64(False):
        seen = set()

        def f(x):
            seen.add(str(x.dtype))
            return (jax.numpy.tanh(x) ** 2).sum()

        report = check_gradient(f, jax.grad(f), jax.numpy.array([0.3, -0.7]))
        assert report.oracle == COMPLEX_STEP and report.tolerance < 1e-5
        assert seen == {"float32", "float64", "complex128"}


# ── Trees, several results and the second order ─────────────────────────────────────────────────────


def test_trees_of_arrays_and_numbers():
    def f(model, x):
        return (model["layers"][0] @ x).sum() * model["scale"]

    def df(model, x):
        (W,), s = model["layers"], model["scale"]
        return {"layers": [s * np.outer(np.ones(2), x)], "scale": (W @ x).sum(), "name": None}, s * W.sum(0)

    model = {"layers": [np.array([[0.3, 0.5], [-1.0, 2.0]])], "scale": 1.5, "name": "linear"}
    assert check_gradient(f, df, model, np.array([0.4, 0.9])).entries == 7
    wrong = lambda model, x: ({**df(model, x)[0], "scale": 0.0}, df(model, x)[1])
    error = fault(f, wrong, model, np.array([0.4, 0.9]))
    assert first_line(error).startswith("∂f/∂model['scale']: yours 0, right ")
    assert hint(error) == "there is no contribution at all"


def test_lists_without_numpy():
    f = lambda x: [x[0] * x[1], math.sin(x[0])]
    assert check_gradient(f, lambda x: [[x[1], x[0]], [math.cos(x[0]), 0]], [0.3, 0.7], kind="jacobian")
    error = fault(f, lambda x: [[x[1], x[0]], [1.0, 0]], [0.3, 0.7], kind="jacobian")
    assert first_line(error).startswith("∂f[1]/∂x[0]: yours 1, right 0.955")


def test_second_order_is_the_derivative_checked_in_its_turn():
    A = np.array([[2.0, 1.0], [0.5, 3.0]])
    f = lambda x: x @ A @ x + (x**3).sum()
    df = lambda x: (A + A.T) @ x + 3 * x**2
    x = np.array([0.3, -0.7])
    check_gradient(f, df, x)
    check_gradient(df, lambda x: A + A.T + np.diag(6 * x), x, kind="jacobian")
    check_gradient(df, lambda x, v: (A + A.T + np.diag(6 * x)) @ v, x, kind="jvp")
    assert fault(df, lambda x: 2 * A + np.diag(6 * x), x, kind="jacobian")

    g = lambda a, b: (a * b * b).sum()
    dg = lambda a, b: (b * b, 2 * a * b)
    hessian = lambda a, b: ((0 * np.diag(a), 2 * np.diag(b)), (2 * np.diag(b), 2 * np.diag(a)))
    check_gradient(g, dg, x, x + 2)
    check_gradient(dg, hessian, x, x + 2, kind="jacobian")


def test_arrays_without_axes_and_gradients_in_a_tuple_or_none():
    x = np.array(0.7)
    check_gradient(np.sin, np.cos, x)
    check_gradient(np.sin, lambda x: (np.cos(x),), x)
    check_gradient(np.sin, lambda x, dy: dy * np.cos(x), x, kind="vjp")
    check_gradient(np.sin, lambda x, dx: dx * np.cos(x), x, kind="jvp")
    with pytest.warns(VacuousCheckWarning, match="all derivatives by y are 0"):
        check_gradient(lambda x, y: np.sin(x), lambda x, y: (np.cos(x), None), x, x)


# ── What a mistake looks like ───────────────────────────────────────────────────────────────────────

S = np.array([[0.3, 0.5, -0.2], [1.1, -0.4, 0.9], [0.6, -1.3, 0.8]])
v = np.array([0.7, -0.3, 1.2])
form = lambda S, x, y: np.tanh(x @ S @ y)
slope = lambda S, x, y: 1 - form(S, x, y) ** 2
MISTAKES = {
    "the sign is wrong": lambda S, x, y: (-slope(S, x, y) * np.outer(x, y),),
    "there is no contribution at all": lambda S, x, y: (0 * S,),
    "it is transposed": lambda S, x, y: (slope(S, x, y) * np.outer(y, x),),
    "it is wrong by a factor of 2, in every entry": lambda S, x, y: (2 * slope(S, x, y) * np.outer(x, y),),
}


def rest(S, x, y):
    return slope(S, x, y) * (S @ y), slope(S, x, y) * (S.T @ x)


@pytest.mark.parametrize("looks", MISTAKES)
def test_what_a_mistake_looks_like(looks):
    error = fault(form, lambda *a: MISTAKES[looks](*a) + rest(*a), S, v, v + 1)
    assert hint(error) == looks
    assert re.search(r"\n  wrong     \d of 9 entries by S\n", error)


def test_two_results_that_are_swapped():
    right = lambda *a: (slope(*a) * np.outer(*a[1:]), *rest(*a))
    check_gradient(form, right, S, v, v + 1)
    error = fault(form, lambda *a: (right(*a)[0], *rest(*a)[::-1]), S, v, v + 1)
    assert hint(error) == "it is the derivative by y: the two may be swapped"


@pytest.mark.parametrize(
    ("kind", "df", "looks"),
    [
        ("vjp", lambda x, dy: 2 * x, "the upstream gradient is not used"),
        ("jvp", lambda x, dx: 2 * x, "the tangent is not used"),
    ],
)
def test_an_argument_that_is_not_used(kind, df, looks):
    assert hint(fault(lambda x: x * x, df, np.array([0.3, -0.7]), kind=kind)) == looks
    assert hint(fault(lambda x: x * x, df, 0.3, kind=kind)) == looks


def test_one_that_is_right_for_unit_vectors_alone():
    assert fault(lambda x: x + 0, lambda x, dx: dx * dx, np.ones(2), kind="jvp").startswith("∂f[0] along v")
    assert fault(lambda x: x + 0, lambda x, dy: dy * dy, np.ones(2), kind="vjp").startswith("∂(u·f)/∂x[0]")


def test_an_error_smaller_than_the_digits_that_are_shown_is_told_by_its_difference():
    error = fault(lambda x: x * x, lambda x: 2 * x * (1 + 1e-12), 3.0)
    assert re.match(r"∂f/∂x: yours 6 \+ 6e-12, right 6 \(± .*\), by exact arithmetic", error)
    assert fault(lambda x: x * x, lambda x: math.nan, 3.0).startswith("∂f/∂x: yours nan, right 6")


# ── Rounding is no mistake ──────────────────────────────────────────────────────────────────────────


def cross_entropy(z):
    return np.log(np.exp(z - z.max()).sum()) + z.max() - z[0]


def probabilities(z):
    p = np.exp(z - z.max())
    p /= p.sum()
    p[0] -= 1
    return p


def normed(x):
    return (x - x.mean()) / np.sqrt(x.var() + 1e-5)


def normed_back(x, dy):
    y, s = normed(x), np.sqrt(x.var() + 1e-5)
    return (dy - dy.mean() - y * (dy * y).mean()) / s


@pytest.mark.parametrize("scale", [1, 20, 300])
def test_what_rounds_much_where_it_must_is_right(scale):
    z = scale * np.array([1.0, 0.1, -0.3])  # p − 1 has few digits where p is nearly 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VacuousCheckWarning)
        check_gradient(cross_entropy, probabilities, z)
        check_gradient(lambda z: np.tanh(z).sum(), lambda z: 1 - np.tanh(z) ** 2, z / 10)
        x = scale * np.random.default_rng(1).normal(size=5)
        check_gradient(normed, normed_back, x, kind="vjp")
        check_gradient(lambda x: normed(x).sum(), lambda x: normed_back(x, np.ones(5)), x)  # 0, rounded


def test_a_derivative_may_move_as_far_as_rounded_arguments_move_the_slope():
    """By x[1]: far out, x[0] is known to 1e-10 of a period."""
    f = lambda x: np.sin(x[0] * 0.7 + x[1])
    df = lambda x: np.cos(x[0] * 7 / 10 + x[1]) * np.array([0.7, 1])
    xs = [np.array([k + 1234567.1, 0.3]) for k in range(8)]
    assert any(abs(df(x)[1] - np.cos(x[0] * 0.7 + x[1])) > 1e-11 for x in xs)
    for x in xs:
        check_gradient(f, df, x)


def test_small_entries_beside_great_ones():
    x = np.array([-10.0, 0.5, 10.0])
    check_gradient(lambda x: np.exp(x).sum(), np.exp, x)
    assert "factor of 1 + 1e-07" in fault(lambda x: np.exp(x).sum(), lambda x: OFF * np.exp(x), x)


# ── Kinks, and what is not known ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("choice", [0, 0.5, 1])
@pytest.mark.parametrize("x", [0.0, np.array([-1.0, 0.0, 2.0])], ids=["number", "array"])
def test_at_a_kink_anything_between_the_slopes_is_right_and_is_told(choice, x):
    relu = lambda x: np.maximum(x, 0).sum() if isinstance(x, np.ndarray) else max(x, 0)
    report = check_gradient(relu, lambda x: (x > 0) + choice * (x == 0), x)
    place = "∂f/∂x[1]" if isinstance(x, np.ndarray) else "∂f/∂x"
    assert report.kinks == [f"kink at {place}"] and f"kink at {place}" in str(report)
    error = fault(relu, lambda x: (x > 0) + (choice - 2) * (x == 0), x)
    assert first_line(error).startswith(
        f"{place}: yours −{2 - choice}, not between 0 and 1, the slopes on both"
    )


def test_a_vacuous_check_warns():
    with pytest.warns(VacuousCheckWarning, match="all derivatives by y are 0 within the tolerance"):
        check_gradient(lambda x, y: (x * x).sum() + 0 * y.sum(), lambda x, y: (2 * x, 0 * y), v, v)


def test_what_no_oracle_reaches_fails_unless_it_is_allowed():
    f, df = lambda x: {0.5: 1.0}[x], lambda x: 0.0  # defined at one point
    error = fault(f, df, 0.5)
    assert first_line(error).startswith("∂f/∂x: yours 0, which could not be checked: no oracle reaches this")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VacuousCheckWarning)
        report = check_gradient(f, df, 0.5, allow_unknown=True)
    assert report.unknown == ["∂f/∂x"] and "could not be checked" in str(report)


# ── Large arrays ────────────────────────────────────────────────────────────────────────────────────


def large(kind, off=1.0):
    """An affine map with a tanh, of 1,640 numbers; the bias is right."""
    random = np.random.default_rng(0)
    W, x, b = random.normal(size=(40, 40)) / 6, random.normal(size=40), random.normal(size=40)
    y = lambda W, x, b: np.tanh(W @ x + b)

    def back(W, x, b, dy):
        dz = dy * (1 - y(W, x, b) ** 2)
        return off * np.outer(dz, x), W.T @ dz, dz

    def forward(W, x, b, dW, dx, db):
        return (1 - y(W, x, b) ** 2) * (off * (dW @ x) + W @ dx + db)

    def jacobian(W, x, b):
        d = 1 - y(W, x, b) ** 2
        return off * np.einsum("ij,k->ijk", np.diag(d), x), d[:, None] * W, np.diag(d)

    if kind == "gradient":
        return lambda *a: (y(*a) ** 2).sum() / 2, lambda *a: back(*a, y(*a)), W, x, b
    return y, {"vjp": back, "jvp": forward, "jacobian": jacobian}[kind], W, x, b


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_large_array_some_entries_and_directions_are_compared(kind):
    report = check_gradient(*large(kind), kind=kind, entries=40)
    assert (report.entries, report.of, report.directions) == (10, 1680, 4)
    assert str(report).startswith(f"10 of 1680 entries and 4 random directions of the {kind} are right, by ")
    assert str(check_gradient(*large(kind), kind=kind, entries=40)) == str(report)  # the same seed
    assert "factor of 1 + 1e-07" in fault(*large(kind, OFF), kind=kind, entries=40)


def test_one_wrong_entry_among_many_is_seen_from_the_directions():
    f, df, *args = large("gradient")

    def wrong(*a):
        gradients = df(*a)
        gradients[0][17, 3] += 0.1
        return gradients

    assert fault(f, wrong, *args, entries=4).startswith("∂f along v: yours ")


# ── Wrong calls ─────────────────────────────────────────────────────────────────────────────────────

double, twice = lambda x: x * 2, lambda x: 2 + 0 * x
WRONG = {
    'kind is "gradient", "jacobian", "jvp" or "vjp", not "grad"': lambda: check_gradient(
        double, twice, 1.0, kind="grad"
    ),
    "give the arguments at which to check": lambda: check_gradient(double, twice),
    "f returned array(3,), and a gradient is of one number; say": lambda: check_gradient(double, twice, v),
    "f returned None; it must return real numbers": lambda: check_gradient(lambda x: None, twice, v),
    "f returned ·; it must return real numbers": lambda: check_gradient(lambda x: 1j * x, twice, 1.0),
    "f gives inf or nan; check at another point": lambda: check_gradient(lambda x: math.inf, twice, 1.0),
    "x is inf; give numbers that are finite": lambda: check_gradient(double, twice, math.inf),
    "x holds inf or nan; give numbers that are finite": lambda: check_gradient(double, twice, v / [0, 1, 1]),
    "x is an array of int64, not of float64 or float32; hand in floats": lambda: check_gradient(
        double, twice, np.arange(3, dtype=np.int64)
    ),
    "x is an array of complex128, not of float64": lambda: check_gradient(double, twice, v * 1j),
    "x is the complex ·; hand in real numbers": lambda: check_gradient(double, twice, 1j),
    "x is the set ·; hand in real numbers, arrays": lambda: check_gradient(double, twice, {1.0}),
    "df returned no tuple for 2 arguments; return a tuple of 2": lambda: check_gradient(
        lambda x, y: x * y, lambda x, y: y, 1.0, 2.0
    ),
    "df returned 3 for 2 arguments; return a tuple of 2": lambda: check_gradient(
        lambda x, y: x * y, lambda x, y: (y, x, x), 1.0, 2.0
    ),
    "for W df returned array(3, 2), where array(2, 3) belongs: is it transposed?": lambda: check_gradient(
        lambda W: W.sum(), lambda W: np.ones((3, 2)), np.ones((2, 3))
    ),
    "for x df returned ·, where array(3,) belongs": lambda: check_gradient(
        lambda x: x.sum(), lambda x: 1.0, v
    ),
    "for the tangent of f df returned array(2,), where array(3,) belongs": lambda: check_gradient(
        double, lambda x, dx: dx[:2], v, kind="jvp"
    ),
    "df returned array(2,), and f 3 results; return a Jacobian for each": lambda: check_gradient(
        lambda x: [x, x, x], lambda x: np.ones(2), 1.0, kind="jacobian"
    ),
    "for x df returned ·, which does not hold real numbers": lambda: check_gradient(
        double, lambda x: 1j, 1.0
    ),
    "df changed its argument x in place; let it work on a copy": lambda: check_gradient(
        lambda x: (x * x).sum(), lambda x: np.multiply(x, 2, out=x), v.copy()
    ),
}


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("message", WRONG)
def test_a_wrong_call_is_told_in_one_line(message):
    with pytest.raises(
        (TypeError, ValueError), match=re.escape(message.replace('"grad"', "'grad'"))
    ) as caught:
        WRONG[message]()
    assert str(caught.value).startswith("check_gradient: ") and "\n" not in str(caught.value)


def test_an_array_of_another_library_is_refused():
    foreign = type("Tensor", (), {"shape": (1,), "dtype": "float32", "__module__": "elsewhere"})
    with pytest.raises(
        TypeError, match="Tensor is an array of an unknown library; hand in numbers, or arrays"
    ):
        library(foreign())


def test_a_function_that_is_none():
    numbers = iter(range(1, 99))
    error = fault(lambda x: x * next(numbers), lambda x: 1.0, 2.0)
    assert error == (
        "f gives 2 and 4, called twice at the same arguments; fix its seed, or give it its random numbers as "
        "arguments"
    )


def test_an_error_inside_the_users_functions_is_theirs():
    with pytest.raises(ZeroDivisionError):
        check_gradient(lambda x: 1 / 0, double, 1.0)
    with pytest.raises(KeyError, match="df"):
        check_gradient(double, lambda x: {}["df"], 1.0)


def test_a_function_may_change_its_arguments_in_place():
    def f(x):
        x *= x
        return x.sum()

    x = v.copy()
    check_gradient(f, lambda x: 2 * x, x)
    assert (x == v).all()


def test_peers_let_a_ten_millionth_pass():
    """Why one would use this: jax.test_util compares in steps of 1e-4, or to four digits."""
    jax = pytest.importorskip("jax", reason="JAX is absent: pip install 'scalar-autograd[jax]'")
    check_grads = import_module("jax.test_util").check_grads
    with jax.enable_x64(True):

        @jax.custom_jvp
        def square(x):
            return x * x

        square.defjvp(lambda x, dx: (square(*x), OFF * 2 * x[0] * dx[0]))
        x = jax.numpy.array([0.3, -0.7])
        check_grads(square, (x,), order=1)
        error = fault(square, lambda x, dx: jax.jvp(square, (x,), (dx,))[1], x, kind="jvp")
        assert "wrong by a factor of 1 + 1e-07, in every entry" in error
