"""check_grads: passes what is right, catches what is wrong, and names it."""

import math
import re
import sys
import warnings
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from oracles import FLAT, apply, changed, convert, fraction, has_variables, points, rules, variables

import autograd
from autograd import Op, Value, derivatives, functions, ops, value
from autograd.testing import GradientError, VacuousCheckWarning, bounds, check_grads, checks, digits
from autograd.testing.oracles import (
    COMPLEX_STEP,
    DIFFERENCES,
    DIGITS,
    EXACT,
    Dual,
    derivative,
    differences,
    stepped,
)
from autograd.testing.strategies import expressions
from autograd.value import local_derivatives, sweep

DOCUMENT = Path(__file__).parent.parent / "docs/testing.md"
ROWS = [op for name, op in ops.TABLE.items() if op.name == name and op.partials and has_variables(op)]


def rows(table):
    return pytest.mark.parametrize("op", table, ids=lambda op: op.name)


def deep(op, args):
    """The row inside an expression that shares its arguments and its result, as a function, and its point."""
    places = variables(op, args)

    def f(xs):
        inner = [*args]
        for i, x in zip(places, xs):
            inner[i] = x + 0
        y = apply(op, inner)
        return y * 3 + y * y + autograd.sum([inner[i] * xs[0] for i in places])

    return f, [args[i] for i in places]


def fault(f, *args, **options):
    """The error that the check raises, warnings aside."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VacuousCheckWarning)
        with pytest.raises(GradientError) as caught:
            check_grads(f, *args, **options)
    return caught.value


def alone(monkeypatch):
    """Without mpmath."""
    monkeypatch.setitem(sys.modules, "mpmath", None)
    digits._context.cache_clear()


def first_line(error):
    return str(error).splitlines()[0]


# ── Right rules pass ────────────────────────────────────────────────────────────────────────────────


@rows(ROWS)
def test_every_row_passes_in_both_modes_to_second_order(op):
    for args in points(op)[:3]:
        report = check_grads(*deep(op, args))
        assert (report.kinks, report.unknown, report.modes) == ([], [], ("reverse", "forward"))
        assert report.error <= report.tolerance < 1e-7


@rows([op for op in ROWS if op.kind == "rational"])
def test_rational_rows_are_exact_in_fractions(op):
    f, xs = deep(op, convert(op, points(op)[1], fraction))
    report = check_grads(f, xs)
    assert (report.oracle, report.second, report.tolerance) == (EXACT, EXACT, 0)


@rows([op for op in ROWS if op.kind == "analytic"])
def test_analytic_rows_have_one_derivative_in_all_directions(op):
    f, xs = deep(op, convert(op, points(op)[0], lambda x: complex(x, 0.2)))
    assert check_grads(f, xs).unknown == []


@pytest.mark.parametrize(
    ("f", "args", "oracle", "second"),
    [
        (lambda x, y: x / y + x * x, (2, 3), EXACT, EXACT),
        (lambda x, y: x / y + x * x, (2.1, 0.7), EXACT, EXACT),
        (lambda x: autograd.relu(x) * x, (2.1,), EXACT, EXACT),
        (lambda x: autograd.mean([x, x * x]), (Fraction(1, 3),), EXACT, EXACT),
        (lambda x: x**3, (Fraction(1, 3),), EXACT, EXACT),
        (lambda x: autograd.sin(x) * x, (2.1,), COMPLEX_STEP, DIFFERENCES),
        (lambda x: autograd.erf(x) * autograd.sin(x), (0.3,), DIFFERENCES, DIFFERENCES),
        (lambda x: autograd.elu(x) * x, (-0.3,), DIFFERENCES, DIFFERENCES),
        (lambda x: autograd.exp(x) * x, (Decimal("0.3"),), DIFFERENCES, DIFFERENCES),
        (lambda x: x * x / (1 - x), (0.3 + 0.4j,), EXACT, EXACT),
    ],
)
def test_the_best_oracle_is_chosen(f, args, oracle, second, monkeypatch):
    report = check_grads(f, *args)
    assert {report.oracle, report.second} == {EXACT if oracle == EXACT else DIGITS}
    assert check_grads(f, *args, order=1).second == ""
    alone(monkeypatch)
    report = check_grads(f, *args)
    assert (report.oracle, report.second) == (oracle, second)


def test_the_complex_step_is_good_to_14_digits():
    found = stepped(autograd.functions.tanh, 0.7)
    assert found.error < 1e-14
    assert abs(found.slope - (1 - math.tanh(0.7) ** 2)) < found.error


@pytest.mark.parametrize("x", [1e-6, 1e-3, 0.724, 1.46, 30.0, 1e4])
@pytest.mark.parametrize("op", [ops.lgamma, ops.erf, ops.gelu], ids=lambda op: op.name)
def test_the_error_of_extrapolated_differences_is_a_bound(op, x):
    found = differences(op.function, x)
    with mpmath.workdps(50):
        want = float(mpmath.diff(op.function, mpmath.mpf(x), h=mpmath.mpf(10) ** -20))
    assert abs(found.slope - want) <= found.error
    assert found.error <= 1e-7 * max(1, abs(found.slope))


def test_rounding_is_no_jump():
    far = 1e10  # where a last place is 2e-6
    assert differences(lambda x: far + x, 0.0, kinked=True).sides is None
    assert differences(lambda x: 3 * x, far, kinked=True).sides is None
    assert differences(lambda x: far + (x > 0), 0.0, kinked=True).sides == (0, 0)


def test_an_exact_number_does_not_grow_without_measure():
    def squared(x, times):
        for _ in range(times):
            x = x * x
        return x

    assert squared(Dual(Fraction(1, 3), 1), 4).a == Fraction(1, 3**16)
    with pytest.raises(TypeError, match="too long"):
        squared(Dual(Fraction(1, 3), 1), 60)


def test_infinitesimals_take_the_branch_on_their_side():
    assert (Dual(0, 1) > 0) and (Dual(0, -1) < 0) and (Dual(1, -9) > 0) and Dual(2, 1) != 2
    assert [abs(Dual(0, side)).b for side in (-1, 1)] == [1, 1]


@pytest.mark.parametrize(
    ("x", "digits"), [(np.float32(0.7), 5), (Decimal("0.7"), 20), (mpmath.mpf("0.7"), 8), (0.7, 8)]
)
def test_number_types_have_their_own_precision(x, digits):
    f = lambda x: autograd.exp(x) * autograd.log(x) + x / 3
    report = check_grads(f, x)
    assert 0 < report.tolerance < 10.0**-digits


def test_trees_of_numbers():
    def f(model, x):
        hidden = [autograd.tanh(autograd.dot(row, x)) for row in model["w"]]
        return autograd.dot(hidden, model["v"]) ** 2

    model = {"w": [[0.3, -0.2], [0.5, 0.1]], "v": (0.7, -1.1)}
    assert check_grads(f, model, np.array([0.4, 0.9])).locals > 20


@pytest.mark.parametrize("number", [float, Fraction, Decimal, complex], ids=lambda kind: kind.__name__)
def test_random_graphs_are_never_blamed(number):
    @settings(max_examples=25)
    @given(expressions(number=number, kinks=number is float))
    def check(e):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", VacuousCheckWarning)
            check_grads(e.build, e.numbers)

    check()


def cancelling(x, y):
    t = autograd.sinh(y) + 75.45  # −74.2 + 75.45: f rounds far more than its own last place
    t = 1 / autograd.expm1(autograd.arctan(t))
    return (autograd.log2(autograd.sqrt(t)) + autograd.expm1(x) + t) * t


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (cancelling, (-2.22, -5.0)),
        (lambda x: (x + x) * (x + x) + x, (0.0,)),  # the slope is 0, its derivative is not
        (lambda x: autograd.arctan2(x, x - 2.5), (0.0,)),  # on the branch cut
        (lambda x: (x * x) % (x - 4), (Fraction(4, 3),)),  # differences, although the graph is exact
        (lambda x: autograd.log1p(autograd.hypot(x, 3 - x)), (Decimal("-1.74"),)),
    ],
)
def test_what_was_blamed_once_is_right(f, args):
    check_grads(f, *args)


def test_what_rounds_is_not_taken_for_exact():
    """elu(x, α) for x < 0 is α(exp(x) − 1): linear in α, but Fraction's exp is a float."""
    found = derivative(ops.elu, (Decimal("-1.68"), Decimal("0.84")), 1)
    assert found.oracle == DIGITS
    assert abs(found.slope - (Decimal("-1.68").exp() - 1)) <= Decimal("1e-27")


def test_many_arguments_of_one_row():
    x = [0.1 * i - 0.7 for i in range(20)]
    check_grads(lambda x: autograd.logsumexp(x) * autograd.dot(x, x), x)


def test_branches_of_python_do_no_harm():
    check_grads(lambda x: x * x if x > 0 else -x, 0.01)


def test_gradients_of_the_users_values_are_left_alone():
    w = Value(2.0, "w")
    w.grad = 7.0
    check_grads(lambda x: w * x * x, 3.0)
    check_grads(lambda x: w * x * x, w)
    assert (w.grad, w.label) == (7.0, "w")


def test_a_report_reads_as_a_sentence():
    assert re.fullmatch(
        r"12 local derivatives and the gradient are right to order 2 in reverse and forward mode, "
        r"by exact arithmetic; largest error 0, where 0 is allowed",
        str(check_grads(lambda x, y: x * y + x, 2, 3)),
    )


# ── Wrong rules are caught and named ────────────────────────────────────────────────────────────────

MUTANTS = {
    "a billionth off": lambda local: (1 + 1e-9) * local,
    "one per cent off": lambda local: 1.01 * local,
    "wrong sign": lambda local: -local,
    "nothing": lambda local: 0 * local,
    "one too many": lambda local: local + 1,
}


SEEN = [(op, name) for op in ROWS for name in MUTANTS if op.name not in FLAT or name == "one too many"]


@pytest.mark.parametrize(("op", "mutant"), SEEN, ids=lambda case: getattr(case, "name", case))
def test_a_wrong_rule_is_named_deep_inside_an_expression(op, mutant, monkeypatch):
    for i in rules(op):
        # of several points one where the derivative by this argument is not 0
        args = next(args for args in points(op) if op.name in FLAT or op.sequences or slopes(op, args)[i])
        with monkeypatch.context() as patch:
            patch.setattr(op, "partials", changed(op, i, MUTANTS[mutant]))
            error = fault(*deep(op, args), order=1)
        assert error.op is op
        assert op.sequences or error.position == i
        assert f"(row {op.name})" in first_line(error)
        assert f"check the rule of ops.{op.name}" in first_line(error)


def slopes(op, args):
    z = apply(op, convert(op, args, Value))
    found = {i: local for i, _, local in local_derivatives(z)}
    return [found.get(i, 0) for i in range(len(args))]


def test_the_report_of_a_wrong_rule(monkeypatch):
    monkeypatch.setattr(ops.log, "partials", (lambda x, z: -1 / x,))
    lines = str(fault(lambda x: autograd.log(x * x) + x, 2.0)).splitlines()
    assert lines[0] == (
        "log at t2 (row log): ∂t2/∂t1 = −1 / t1 gives −0.25, arithmetic of many digits gives 0.25 "
        "(± 1.4e-15); check the rule of ops.log"
    ).replace("1.4e-15", re.search(r"± ([^)]+)", lines[0])[1])
    assert lines[1:] == [
        "  argument  1 of 1: t1",
        "  computed  t2 = log(t1 = 4) = 1.386294361",
        "  it seems  the sign of the rule is wrong",
    ]


@pytest.mark.parametrize(
    ("name", "rules", "hint"),
    [
        ("div", lambda x, y: (y, x), "derivative by argument 2"),
        ("power", lambda x, y: (y, x), "derivative by argument 2"),
        ("sub", lambda x, y: (x, lambda x, y, z: 1), "sign of the rule is wrong"),
        ("mul", lambda x, y: (lambda x, y, z: None, y), "no contribution at all"),
        ("add", lambda x, y: (x, lambda x, y, z: 3), "by a factor of 3"),
    ],
)
def test_what_a_wrong_rule_looks_like(name, rules, hint, monkeypatch):
    op = ops.TABLE[name]
    monkeypatch.setattr(op, "partials", rules(*op.partials))
    error = fault(lambda x, y: op(x * x, y) * x, 1.7, 0.3)
    assert error.op is op and hint in str(error).splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("sigmoid", lambda x, z: z),
        ("tanh", lambda x, z: z * z),
        ("gelu", lambda x, z: autograd.ops.normal_cdf(x)),
        ("tan", lambda x, z: z * z),
        ("softplus", lambda x, z: autograd.sigmoid(-x)),
        ("logsumexp", lambda x, z: [autograd.exp(a) for a in x]),
        ("prod", lambda x, z: [z for _ in x]),
        ("mean", lambda x, z: [1 for _ in x]),
    ],
)
def test_a_missing_term_is_named(name, rule, monkeypatch):
    op = ops.TABLE[name]
    monkeypatch.setattr(op, "partials", (rule,))
    assert fault(*deep(op, points(op)[1]), order=1).op is op


def test_the_first_wrong_edge_is_named_although_all_after_it_are_wrong_too(monkeypatch):
    monkeypatch.setattr(ops.exp, "partials", (lambda x, z: 2 * z,))
    monkeypatch.setattr(ops.sin, "partials", (lambda x, z: 2 * autograd.cos(x),))
    f = lambda x: autograd.sin(autograd.exp(autograd.sin(x * 0.1)))
    assert first_line(fault(f, 1.0)).startswith("sin at t2 (row sin): ∂t2/∂t1")


def test_a_fault_that_cancels_in_the_gradient_is_caught(monkeypatch):
    monkeypatch.setattr(ops.exp, "partials", (lambda x, z: 0.5 * z,))
    f = lambda x: autograd.exp(x) + autograd.exp(x + 0.0) - 2 * autograd.exp(1 * x) + x
    assert fault(f, 1.0).op is ops.exp


def test_a_row_that_says_the_wrong_kind_is_told_so():
    mine = Op("mine", abs, lambda x, z: autograd.sign(x))
    assert 'says kind="analytic"' in first_line(fault(lambda x: mine(x) * x, 3.0))
    conjugate = Op("conjugate", lambda x: x.conjugate(), lambda x, z: 1)
    assert "it is not analytic" in first_line(fault(lambda x: conjugate(x) * x, 3 + 1j))


# ── Near edges, far out and close to 0 ──────────────────────────────────────────────────────────────

acos = functions.arccos  # of any number type; math.acos is one of floats alone
sinc = lambda x: functions.sin(x) / x
log_from_1000 = lambda x: functions.log(x - 1000)
WRONG = {
    "beside the edge of a domain": (acos, lambda x, z: 42.0, 1 - 1e-5),
    "nearer": (acos, lambda x, z: 42.0, 1 - 1e-9),
    "where only floats are known": (math.acos, lambda x, z: 42.0, 1 - 1e-5),
    "the edge far from 0": (log_from_1000, lambda x, z: 2 / (x - 1000), 1000.0005),
    "the edge far from 0, in floats": (lambda x: math.log(x - 1000), lambda x, z: 2 / (x - 1000), 1000.0005),
    "a small slope": (functions.log, lambda x, z: 2 / x, 1e10),
    "a smaller one": (functions.log, lambda x, z: 2 / x, 1e300),
    "a small one in floats": (math.log, lambda x, z: 2 / x, 1e100),
    "one that cancels": (sinc, lambda x, z: (autograd.cos(x) - z) / x, 1e-6),
    "one that cancels, in floats": (lambda x: math.sin(x) / x, lambda x, z: (autograd.cos(x) - z) / x, 1e-6),
    "a factor that rounding hides": (functions.tanh, lambda x, z: 2 * (1 - z * z), 20.0),
    "a tenth of a millionth": (functions.exp, lambda x, z: z * (1 + 1e-7), 0.5),
    "a number below 1e-304": (lambda x: x * functions.exp(x), lambda x, z: 2 * autograd.exp(x), 1e-310),
}


@pytest.mark.parametrize(("f", "rule", "x"), WRONG.values(), ids=WRONG)
def test_a_wrong_rule_is_caught_wherever_it_stands(f, rule, x):
    op = Op("mine", f, rule, kind="smooth")
    error = fault(op, x)
    assert error.op is op and "check the rule of mine" in first_line(error)


RIGHT = {
    "beside the edge": (Op("mine", acos, lambda x, z: -1 / autograd.sqrt((1 - x) * (1 + x))), 1 - 1e-5),
    "in floats": (
        Op("m", math.acos, lambda x, z: -1 / autograd.sqrt((1 - x) * (1 + x)), kind="smooth"),
        0.99,
    ),
    "far from 0": (Op("mine", log_from_1000, lambda x, z: 1 / (x - 1000)), 1000.0005),
    "what cancels, where it does not": (Op("m", sinc, lambda x, z: (autograd.cos(x) - z) / x), 1.5),
    "teeth": (lambda x: x % 2.0, 1234.56),
    "periods": (lambda x: autograd.sin(1e6 * x), 1e3),
    "a narrow function": (lambda x: autograd.logsumexp([x, x - 1]) * x, 1e5),
    "beside a pole": (autograd.lgamma, 1e-12),
    "a slope above 1e308": (autograd.reciprocal, 1e-160),
    "a branch cut": (autograd.log, -1 + 0j),
    "the other side of it": (autograd.log, complex(-2, -0.0)),
    "another cut": (autograd.sqrt, -4 + 0j),
    "a small number": (lambda x: autograd.exp(x) * x, 1e-310),
    "rounded to 0": (autograd.tanh, 20.0),
    "a great one": (autograd.log, 1e308),
}


@pytest.mark.parametrize(("f", "x"), RIGHT.values(), ids=RIGHT)
def test_a_right_rule_passes_wherever_it_stands(f, x):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check_grads(f, x).unknown == []


def test_a_branch_point_is_looked_at_from_its_domain():
    with pytest.warns(VacuousCheckWarning):
        check_grads(lambda x: x**1.5, 0.0)
    mine = Op("mine", lambda x: x**1.5, lambda x, z: 1.5 * x**0.5 + 1e-9)
    assert fault(mine, 0.0, order=1).op is mine


def test_what_no_oracle_reaches_is_said_and_fails_unless_it_is_allowed():
    f = lambda x: x**1.001 + x  # its differences do not settle in any number of digits
    error = fault(f, 0.0)
    assert error.op is ops.power
    assert first_line(error).endswith(
        "could not be checked: no oracle reaches this point; check at another one, or say allow_unknown=True"
    )
    report = check_grads(f, 0.0, allow_unknown=True)
    assert report.unknown == ["power of x"]
    assert "power of x could not be checked: no oracle reaches this point" in str(report)


def test_a_rule_that_could_hide_a_factor_is_said(monkeypatch):
    alone(monkeypatch)
    (said,) = check_grads(lambda x: autograd.tanh(x) + x, 17.0, order=1).coarse
    assert re.fullmatch("tanh of x is known to a relative error of .*", said)


def test_a_factor_near_1_is_told_by_its_difference(monkeypatch):
    monkeypatch.setattr(ops.exp, "partials", (lambda x, z: (1 - 1e-7) * z,))
    assert str(fault(autograd.exp, 0.5)).endswith("it seems  the rule is wrong by a factor of 1 − 1e-07")


def test_no_slope_is_asked_for_where_nothing_arrives():
    """The square root has none at 0, and what arrives there is exactly 0."""
    f = lambda x: x + 0 * autograd.sqrt(x)
    check = checks._Check(f, (0.0,), 1, ("reverse",), False)
    check.local_derivatives()
    assert check.unasked
    with pytest.raises(ZeroDivisionError, match="sqrt"):
        checks._Check(autograd.sqrt, (0.0,), 1, ("reverse",), False).local_derivatives()


# ── Second order ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("sin", (lambda x, z: math.cos(getattr(x, "data", x)),)),
        ("exp", (lambda x, z: getattr(z, "data", z),)),
        ("mul", (lambda x, y, z: getattr(y, "data", y), lambda x, y, z: x)),
        ("logsumexp", (lambda x, z: [math.exp(float(getattr(a - z, "data", a - z))) for a in x],)),
    ],
)
def test_a_rule_that_is_wrong_only_as_a_graph(name, rules, monkeypatch):
    op = ops.TABLE[name]
    monkeypatch.setattr(op, "partials", rules)
    f, xs = deep(op, points(op)[1])
    check_grads(f, xs, order=1)
    error = fault(f, xs)
    assert error.op is op
    assert "is right, but its derivative by" in first_line(error)


def test_a_rule_that_breaks_off_the_graph_is_caught_where_its_derivative_is_small():
    mine = Op("mine", functions.sin, lambda x, z: autograd.cos(getattr(x, "data", x)))
    assert "is right, but its derivative by x1 is 0" in first_line(fault(mine, 1e-12))


def test_a_wrong_rule_inside_a_rule_is_named(monkeypatch):
    monkeypatch.setattr(ops.cos, "partials", (lambda x, z: autograd.sin(x),))
    error = fault(autograd.sin, 0.4)
    assert error.op is ops.cos
    assert "(row cos, in the derivative of sin at t1)" in first_line(error)


# ── The engine ──────────────────────────────────────────────────────────────────────────────────────


def assigning(order, gradient, locals_of=local_derivatives, *_):
    """The sweep with = for +=: a node gets what its first use gives."""
    return sweep(order, gradient, locals_of, add=lambda before, contribution: contribution)


def assigned(order, root, seed=1):
    """The gradients by that sweep."""
    gradient = {root: seed}
    assert list(assigning(order, gradient))
    return [gradient.get(node, 0) for node in order]


def shared(x, y):
    t = x * y
    return t * t + autograd.sin(t) * x


def test_assignment_for_accumulation_in_backward_is_located(monkeypatch):
    monkeypatch.setattr(value, "gradients", assigned)
    error = fault(shared, 1.3, 0.7)
    assert error.op is None
    assert re.match(r"accumulation at t1: backward gives .*, and its 3 uses sum to ", str(error))
    assert "Value.backward adds them up wrongly" in str(error)


def test_assignment_for_accumulation_in_grad_is_located(monkeypatch):
    monkeypatch.setattr(derivatives, "gradients", assigned)
    assert re.match("accumulation at .*: grad gives", str(fault(shared, 1.3, 0.7)))


def test_assignment_for_accumulation_in_nested_runs_is_located(monkeypatch):
    monkeypatch.setattr(derivatives, "sweep", assigning)
    assert re.match("accumulation at .*: grad of grad gives", str(fault(shared, 1.3, 0.7)))


def test_a_wrong_sweep_is_no_judge_in_its_own_case(monkeypatch):
    """The bounded numbers go through `value.sweep` too."""
    monkeypatch.setattr(bounds, "sweep", assigning)
    assert str(fault(shared, 1.3, 0.7)).startswith("accumulation in value.sweep: along (2, 3) it gives")


def test_a_wrong_forward_sweep_is_told_apart(monkeypatch):
    monkeypatch.setattr(checks, "jvp", lambda f, x, v: (0, 2 * derivatives.jvp(f, x, v)[1]))
    assert str(fault(shared, 1.3, 0.7)).startswith("accumulation in jvp: along (2, 3) it gives")
    check_grads(shared, 1.3, 0.7, modes=("reverse",))


@pytest.mark.parametrize(("sweep", "mode"), [("grad", "reverse"), ("hvp", "forward")])
def test_a_wrong_sweep_of_second_order_is_told_apart(sweep, mode, monkeypatch):
    real = getattr(derivatives, sweep)
    calls = []

    def wrong(f, *args):
        if sweep == "hvp":
            return tuple(2 * h for h in real(f, *args))
        calls.append(f)  # grad, then grad of grad
        right = real(f, *args)
        return right if len(calls) != 2 else lambda *x: tuple(2 * g for g in right(*x))

    monkeypatch.setattr(checks, sweep, wrong)
    assert re.match(f"accumulation at x: {sweep}", str(fault(shared, 1.3, 0.7, modes=(mode,))))


def test_a_number_that_leaves_the_graph_is_noticed():
    assert first_line(fault(lambda x: x * x + 1e-9 * x.data, 3.0)).startswith("f leaves the graph: at (")
    check_grads(lambda x: 2 * x if x > 1 else 3 * x, 1.01)  # other constants, but only beyond a branch
    error = fault(lambda x: x * x.data, 3.0)
    assert first_line(error).startswith("f leaves the graph: at (3.005859375) it is 9.035")
    error = fault(lambda x: autograd.relu(x) + x.data * 5, 0.0)  # also beside a kink
    assert first_line(error).startswith("f leaves the graph: at (")
    numbers = iter(range(1, 99))
    error = fault(lambda x: x * next(numbers), 2.0)
    assert first_line(error).startswith(
        "f leaves the graph: called twice at the same numbers, it gives 2 and 4"
    )
    with pytest.raises(TypeError, match="inside check_grads would drop its derivative"):
        check_grads(lambda x: x * math.sin(x), 3.0)


# ── Arguments in their own structure ────────────────────────────────────────────────────────────────


def in_place(x):
    """A function that overwrites its argument, as a loop over layers may."""
    for i in range(len(x)):
        x[i] = autograd.sin(x[i]) * x[0]
    return autograd.sum(x)


@pytest.mark.parametrize("make", [list, np.array], ids=["list", "array"])
def test_a_function_may_change_its_argument_in_place(make):
    x = make([0.3, -0.7])
    check_grads(in_place, x)
    assert list(x) == [0.3, -0.7]


def late(f, argnums):
    """A wrong grad, which looks for the leaves in the argument after f has run."""

    def gradient(x):
        lifted = [*map(Value, x)]
        f(lifted).backward()
        return ([leaf.grad for leaf in lifted],)

    return gradient


def test_leaves_that_are_read_after_the_function_has_run_are_caught(monkeypatch):
    monkeypatch.setattr(checks, "grad", late)
    check_grads(lambda x: x[0] * x[1], [0.3, -0.7], order=1)
    assert re.match(r"accumulation at x\[0\]: grad gives", str(fault(in_place, [0.3, -0.7], order=1)))


@pytest.mark.parametrize("modes", [("reverse",), ("forward",)], ids=lambda modes: modes[0])
def test_the_function_is_called_with_what_it_was_given(modes):
    shapes = set()

    def f(model, x, y):
        shapes.add((type(model), type(model["w"]), model["name"], model["bias"], x.shape, type(y)))
        return autograd.dot(model["w"], x[0]) * autograd.sum(x[1]) * y

    model = {"w": (0.3, -0.7), "name": "linear", "bias": None}
    report = check_grads(f, model, np.array([[0.5, 2.0], [1.5, 3.0]]), 2.5, modes=modes)
    assert shapes == {(dict, tuple, "linear", None, (2, 2), Value)}
    assert report.locals > 20


def test_values_of_the_user_may_be_arguments_and_stand_beside_them(monkeypatch):
    w = Value(2.0, "w")
    for x in (w, 3.0, [w, 3.0]):
        check_grads(lambda x: w * autograd.sum(x if isinstance(x, list) else [x, x]) ** 2, x)
    assert w.grad == 0
    monkeypatch.setattr(derivatives, "sweep", assigning)  # the gradient is a Value, and read as a number
    assert first_line(fault(lambda x: w * x * x, 3.0)).startswith("accumulation at x: grad gives 6, and the")


# ── Kinks, and checks that say nothing ──────────────────────────────────────────────────────────────


def test_nothing_right_is_blamed_near_kinks_at_edges_and_between_types():
    check_grads(lambda x: autograd.relu(x - 1) * x, 1 + 1e-12)
    check_grads(lambda x, y: x**y, 1 + 2j, 2.5)
    check_grads(lambda x: x * x if x > 0 else -x, 1e-12)
    with pytest.warns(VacuousCheckWarning):
        check_grads(lambda x, y: x**y, 0.0, 2.0)
    with autograd.no_grad():
        check_grads(autograd.exp, 1.0)


def test_a_vacuous_derivative_is_told_also_beside_a_kink():
    with pytest.warns(VacuousCheckWarning, match="by z is 0"):
        check_grads(lambda x, y, z: autograd.relu(x) + y * y + z * 0, 0.0, 2.0, 3.0)


def test_numbers_must_be_finite():
    with pytest.raises(ValueError, match="an argument is inf; give numbers that are finite"):
        check_grads(autograd.exp, math.inf)


def test_a_kink_is_named():
    def f(x):
        z2 = x * 2 - 2
        z2.label = "z2"
        return autograd.relu(z2) + x

    report = check_grads(f, 1.0)
    assert report.kinks == ["kink at relu of z2"] and "kink at relu of z2" in str(report)
    assert check_grads(f, 1.0 + 1e-9).kinks == []


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("relu", (0.0,)),
        ("absolute", (0,)),
        ("leaky_relu", (Fraction(0), Fraction(1, 3))),
        ("elu", (0.0, 2.0)),
        ("maximum", (1.5, 1.5)),
        ("minimum", (1.5, 1.5)),
        ("clip", (2.0, 2.0, 3.0)),
        ("mod", (6.0, 3.0)),
        ("floordiv", (6.0, 3.0)),
        ("sign", (0.0,)),
        ("step", (0.0,)),
        ("share", (2.0, 2.0)),
    ],
)
def test_at_a_kink_anything_between_the_slopes_is_right(name, args):
    op = ops.TABLE[name]
    report = check_grads(lambda *x: op(*x) + x[0], *args)
    assert report.kinks[0] == f"kink at {name} of x1"


@pytest.mark.parametrize(
    ("name", "x", "rule"),
    [
        ("relu", 0.0, lambda x, z: -0.1),
        ("relu", 0.0, lambda x, z: 1.01),
        ("absolute", 0.0, lambda x, z: 2 * autograd.sign(x) - 1.5),
        ("sign", 0.0, lambda x, z: 1),
    ],
)
def test_at_a_kink_anything_else_is_wrong(name, x, rule, monkeypatch):
    monkeypatch.setattr(ops.TABLE[name], "partials", (rule,))
    error = fault(lambda x: ops.TABLE[name](x) + x, x)
    assert error.op is ops.TABLE[name]
    assert "not between the slopes" in first_line(error)


def test_a_step_to_the_wrong_side_of_a_kink_is_caught(monkeypatch):
    monkeypatch.setattr(ops.relu, "partials", (lambda x, z: autograd.step(-x),))
    assert fault(lambda x: autograd.relu(x) + x, 0.5).op is ops.relu


@pytest.mark.parametrize(
    ("f", "args", "names"),
    [
        (lambda x, y: x * x + 0 * y, (1.0, 2.0), "y"),
        (lambda x, y: x * x, (1.0, 2.0), "y"),
        (lambda x: autograd.relu(x), (-1.0,), "x"),
        (lambda x: autograd.cos(x) ** 2, (0.0,), "x"),
        (lambda x: 3.0, (1.0,), "x"),
        (lambda w: w["a"][0] - w["a"][0] + w["a"][1], ({"a": [1.0, 2.0]},), r"w\['a'\]\[0\]"),
    ],
)
def test_a_vacuous_check_warns(f, args, names):
    with pytest.warns(VacuousCheckWarning, match=f"derivative by {names} is 0 within the tolerance"):
        check_grads(f, *args)


# ── Wrong calls ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: check_grads(lambda x: [x, x], 1.0), TypeError, "returned a list, not one number"),
        (lambda: check_grads(lambda x: None, 1.0), TypeError, "None"),
        (lambda: check_grads(lambda: 1.0), TypeError, "give the arguments"),
        (lambda: check_grads(lambda x: 1.0, [None]), TypeError, "give the arguments"),
        (lambda: check_grads(lambda x: x, "1"), TypeError, "check_grads: '1' is a str, not a number"),
        (lambda: check_grads(lambda x, y: x, 1.0, None), TypeError, "check_grads: None is a NoneType"),
        (lambda: check_grads(lambda x: x, 1.0, order=3), ValueError, "order must be 1 or 2, not 3"),
        (lambda: check_grads(lambda x: x, 1.0, modes="reverse"), ValueError, "in a tuple, not 'reverse'"),
        (lambda: check_grads(lambda x: x, 1.0, modes=("backward",)), ValueError, "modes are"),
        (lambda: check_grads(lambda x: autograd.log(x), -1.0), ValueError, r"log\(x = -1.0\).*0 < x"),
    ],
)
def test_wrong_calls_say_what_to_do(call, kind, message):
    with pytest.raises(kind, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_pytest_shows_the_line_of_the_test_alone_for_a_wrong_derivative_and_all_for_other_errors():
    def files(raised, f):
        with pytest.raises(raised) as caught:
            check_grads(f, 2.0)
        return {entry.path.name for entry in caught.traceback.filter(caught)}

    here, wrong = Path(__file__).name, Op("cube", lambda x: x**3, lambda x, z: 2 * x * x)
    assert files(GradientError, wrong) == {here}
    assert files(GradientError, lambda x: Value(x.data) * x) == {here}  # it leaves the graph
    assert {here, "checks.py"} <= files(ZeroDivisionError, lambda x: x * (1 / 0))


# ── The document ────────────────────────────────────────────────────────────────────────────────────


def test_the_code_of_the_document_runs(capsys):
    """Its blocks run one after the other, in one namespace; what one prints stands in the block after it."""
    names, printed, compared = {}, "", 0
    for language, block in re.findall(r"```(\w+)\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.S):
        if language == "python":
            exec(block, names)
            printed = capsys.readouterr().out
        elif printed:
            bound = r"(?<=± )[^)]+"  # depends on how the platform rounds
            assert re.sub(bound, "", printed) == re.sub(bound, "", block)
            printed, compared = "", compared + 1
    assert compared == 2


@pytest.mark.parametrize("places", [15, 40])
def test_a_function_that_loses_digits_on_the_way_is_no_oracle_of_many(places):
    """Its result has the type of its argument, and the digits of another context."""
    op = Op("J", lambda x: type(x)(mpmath.besselj(0, x)), lambda x, z: -mpmath.besselj(1, x), kind="smooth")
    with mpmath.workdps(places):
        for x in (2.5, mpmath.mpf(1) / 3):
            assert "many digits" not in check_grads(op, x, order=1).oracle
        wrong = Op("J", op.function, lambda x, z: -mpmath.besselj(1, x) * (1 + 1e-7), kind="smooth")
        with pytest.raises(GradientError, match=r"\(row J\)"):
            check_grads(wrong, 2.5, order=1)
