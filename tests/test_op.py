"""A row is all there is to say of an operation; what is wrong with one is told where it is met."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import find, given, settings
from oracles import apply, convert, exact_derivatives, fraction, pairs, points

import autograd
from autograd import Op, Value, ops, parse
from autograd.op import RuleError
from autograd.testing import GradientError, check_grads, laws
from autograd.testing.expression import Expression
from autograd.testing.strategies import expressions

# ── A new operation is one row ──────────────────────────────────────────────────────────────────────


def times(x, n, y):
    """n·x·y, added up: n must be the int that the row names."""
    total = 0
    for _ in range(n):
        total = total + x * y
    return total


repeated = Op(
    "repeated",
    times,
    lambda x, n, y, z: n * y,
    lambda x, n, y, z: None,
    lambda x, n, y, z: n * x,
    kind="rational",
    parameters={1: (2, 3)},
    commutative=True,
)


@settings(max_examples=20)
@given(expressions(operations=[ops.add, repeated], number=Fraction))
def test_strategies_read_the_parameters_from_the_row(e):
    used = [node for node in e.order if node.op is repeated]
    assert all(node.args[1].op is ops.constant and node.operands[1] in (2, 3) for node in used)
    assert all(isinstance(node.data, Fraction) for node in used)


@pytest.mark.parametrize("n", [2, 3])
def test_strategies_draw_every_value_of_a_parameter(n):
    find(expressions(operations=[repeated]), lambda e: any(node.operands[1:2] == (n,) for node in e.order))


def test_laws_read_from_the_row_whether_arguments_may_change_places():
    swapped = []

    def noting(x, n, y):
        swapped.append((x, y))
        return times(x, n, y)

    noted = Op("noted", noting, *repeated.partials, kind="rational", commutative=True)
    laws.commuted(noted(Value(2), 3, Value(5)))
    assert {(2, 5), (5, 2)} == {*swapped}
    for row in (ops.sub, Op("minus", ops.sub.function, *ops.sub.partials, kind="rational")):
        laws.commuted(row(Value(2), Value(5)))
    wrong = Op("minus", ops.sub.function, *ops.sub.partials, kind="rational", commutative=True)
    with pytest.raises(AssertionError, match="commuted: the gradient by leaf 1 is -1, not 1"):
        laws.commuted(wrong(Value(2), Value(5)))


def test_all_laws_hold_for_the_row():
    root = repeated(Value(Fraction(2, 3)), 3, Value(Fraction(5)))
    for law in laws.LAWS.values():
        law(root)
    assert "repeated(x1, 3, x2)" in str(Expression(root))


def test_check_grads_reads_the_row(monkeypatch):
    f = lambda x, y: repeated(x * y, 3, y)
    report = check_grads(f, Fraction(2, 3), Fraction(5))
    assert (report.oracle, report.second, report.unknown) == ("exact arithmetic", "exact arithmetic", [])
    rule = lambda x, n, y, z: (n + 1) * x
    monkeypatch.setattr(repeated, "partials", (*repeated.partials[:2], rule))
    with pytest.raises(GradientError) as caught:
        check_grads(f, Fraction(2, 3), Fraction(5))
    assert (caught.value.op, caught.value.position) == (repeated, 2)


def test_oracles_read_the_parameters_from_the_row():
    assert {args[1] for args in points(repeated)} == {2, 3}
    for point in points(repeated):
        args = convert(repeated, point, fraction)
        x, n, y = args
        assert {*pairs(repeated, args)} == {(0, 0), (0, 2), (2, 0), (2, 2)}
        assert exact_derivatives(repeated, args, 0, 2) == (n * x * y, n * y, n)
        values = convert(repeated, args, Value)
        apply(repeated, values).backward()
        assert (values[0].grad, values[2].grad) == (n * y, n * x)


@pytest.mark.parametrize("order", ["21", "x", "1.5"])
def test_the_parser_reads_from_the_row_what_is_an_order(order, monkeypatch):
    monkeypatch.setitem(parse.FUNCTIONS, "repeated", repeated)
    assert parse.parse("repeated(x, 20, y)", ["x", "y"])
    with pytest.raises(ValueError, match="the order of repeated is written as a whole number from 0 to 20"):
        parse.parse(f"repeated(x, {order}, y)", ["x", "y"])


# ── Rules that are not as rules are ─────────────────────────────────────────────────────────────────


def test_a_rule_takes_the_arguments_and_the_result():
    with pytest.raises(
        RuleError, match=r"Op\('double', …\): a rule is called as rule\(x, z\), z being the"
    ) as e:
        Op("double", lambda x: 2 * x, lambda x: 2)
    assert "this one takes (x); give one rule for each argument" in str(e.value)
    with pytest.raises(RuleError, match=r"called as rule\(x, y, u, z\).*takes \(x, y, z\)"):
        Op("triple", lambda x, y, u: x * y * u, *[lambda x, y, z: y] * 3)
    with pytest.raises(RuleError, match=r"called as rule\(args, z\)"):
        Op("total", lambda *x: sum(x), lambda x: 1, sequences=1)


def product(rule):
    """A row of x·y whose rule for y is another one."""
    return Op("product", lambda x, y: x * y, lambda x, y, z: y, rule)


def total(rule):
    """A row of x + y + … as a sequence, with another rule."""
    return Op("total", lambda *x: sum(x), rule, sequences=1)


@pytest.mark.parametrize(
    ("call", "parts"),
    [
        (
            lambda x, y: product(lambda x, y, z: np.ones(2))(x, y),
            ["argument 2", "array([1., 1.])", "ndarray"],
        ),
        (lambda x, y: product(lambda x, y, z: Value(3.0))(x, y), ["argument 2", "Value(3.0", "is a Value;"]),
        (
            lambda x, y: total(lambda x, z: [1])([x, y]),
            ["gave 1 for 2 arguments", "local derivative for each"],
        ),
        (lambda x, y: total(lambda x, z: [1] * 3)([x, y]), ["gave 3 for 2 arguments", "None for no contrib"]),
    ],
    ids=["array", "Value", "too few", "too many"],
)
@pytest.mark.parametrize("label", ["", "x"])
def test_a_rule_gives_one_number_for_every_argument(call, parts, label):
    """Backward names the row, its arguments and the remedy, and has changed nothing."""
    x, y = Value(1.0, label), Value(2.0)
    x.grad = 7
    z = call(x, y) * 2
    with pytest.raises(RuleError) as caught:
        z.backward()
    message = str(caught.value)
    name = z.args[0].op.name
    shown = "x = 1.0" if label else "1.0"
    assert message.startswith(f"{name}({shown}, 2.0): ") and "\n" not in message
    assert [part for part in parts if part not in message] == []
    assert (x.grad, y.grad, z.grad) == (7, 0, 0)


# ── Wrong calls, and arguments by name ──────────────────────────────────────────────────────────────


def test_a_domain_may_ask_for_one_of_two_conditions():
    x, y = Value(0.0), Value(0.0)
    with pytest.raises(ZeroDivisionError, match="stay in the domain x ≠ 0 or y ≠ 0"):
        autograd.hypot(x, y).backward()
    z = autograd.hypot(x, Value(-3.0))
    z.backward()
    assert (z.data, x.grad) == (3, 0)


def test_there_is_no_power_modulo_a_number():
    for call in (lambda x: pow(x, 2, 5), lambda x: x.__pow__(2, 5)):
        with pytest.raises(TypeError, match=r"pow\(x = 3, 2, 5\): .*use x\*\*y % z"):
            call(Value(3, "x"))
    assert pow(Value(3), 2).data == 9


MAKE = {
    "number": lambda x: x,
    "Value": Value,
    "NumPy array": lambda x: np.array([x, x]),
    "array of Values": lambda x: autograd.array([x, x]),
}


def plain(z):
    return [getattr(x, "data", x) if isinstance(x, Value) else x for x in np.ravel(z)]


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize(
    ("call", "want"),
    [
        (lambda x: autograd.leaky_relu(x, slope=0.25), -0.5),
        (lambda x: autograd.leaky_relu(x), -0.02),
        (lambda x: autograd.clip(x, low=0), 0),
        (lambda x: autograd.clip(x, high=-3), -3),
        (lambda x: autograd.clip(x, high=9, low=-1), -1),
        (lambda x: autograd.maximum(y=1.5, x=x), 1.5),
        (lambda x: autograd.elu(x=x, alpha=2.0), 2 * math.expm1(-2)),
    ],
)
def test_arguments_by_name(kind, call, want):
    x = MAKE[kind](-2.0)
    assert plain(call(x)) == [want] * np.size(x)


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda x: autograd.leaky_relu(x, slop=0.2),
            "leaky_relu: got an unexpected keyword argument 'slop'; its",
        ),
        (
            lambda x: autograd.clip(x, low=0, hgh=1),
            "clip: .*'hgh'; its arguments are .*x.*, low.*, high",
        ),
        (
            lambda x: autograd.leaky_relu(x, 0.1, slope=0.2),
            "leaky_relu: multiple values for argument 'slope'",
        ),
        (lambda x: autograd.maximum(y=x), "maximum: missing a required argument: 'x'; its arguments are"),
    ],
)
def test_wrong_names_are_told(kind, call, message):
    with pytest.raises(TypeError, match=message) as caught:
        call(MAKE[kind](-2.0))
    assert "\n" not in str(caught.value)


def test_what_is_given_by_name_is_differentiated():
    x, slope = Value(-2.0), Value(0.25)
    autograd.leaky_relu(x, slope=slope).backward()
    assert (x.grad, slope.grad) == (0.25, -2)
    x = Value(3.0)
    x.clip(high=2 * x).backward()
    assert x.grad == 1
