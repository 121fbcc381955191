"""The suite tests itself: wrong rules and wrong engines, each of which a check or a law must catch.

A mutant of the table is one wrong rule; `check_grads` must name its row. A mutant of the engine is one slip
(`slips`) at one place of one of its functions; a law, or `check_grads`, must fail.

    slip    what may go wrong in writing, as a change of the syntax tree      place   a node of that tree
    engine  a copy of the package with `fast` or without it, to be broken     guard   an equivalent detour
"""

import math
import warnings
from decimal import Decimal
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from engines import load
from oracles import FLAT, UNASKED
from slips import Mutants

from autograd import Value, ops
from autograd.ops import cos, exp, log, sin, where
from autograd.testing import GradientError, check_grads
from autograd.testing.expression import apply
from autograd.testing.laws import commuted
from autograd.testing.strategies import targets

# ── The table ───────────────────────────────────────────────────────────────────────────────────────

ROWS = [
    op
    for name, op in ops.TABLE.items()
    if op.name == name and op.partials and (op.sequences or len(op.parameters) < op.arity)
]

#        row          argument  wrong rule                                      as a slip of the pen
WRONG = [
    ("add",        1, lambda x, y, z: -1),                                    # the sign of sub
    ("sub",        1, lambda x, y, z: 1),                                     # the sign of add
    ("mul",        0, lambda x, y, z: x),                                     # swapped
    ("mul",        1, lambda x, y, z: y),                                     # swapped
    ("div",        0, lambda x, y, z: y),                                     # not inverted
    ("div",        1, lambda x, y, z: z / y),                                 # sign
    ("div",        1, lambda x, y, z: -x / y),                                # not squared
    ("neg",        0, lambda x, z: 1),                                        # sign
    ("reciprocal", 0, lambda x, z: -z),                                       # not squared
    ("power",      0, lambda x, y, z: x ** (y - 1)),                          # without y
    ("power",      0, lambda x, y, z: y * x ** y),                            # without − 1
    ("power",      1, lambda x, y, z: z),                                     # without log x
    ("power",      1, lambda x, y, z: z * x),                                 # x for its logarithm
    ("mod",        1, lambda x, y, z: -(x / y)),                              # without the floor
    ("fmod",       1, lambda x, y, z: -(x / y)),                              # the quotient not cut
    ("fmod",       1, lambda x, y, z: -ops.floordiv(x, y)),                   # that of mod
    ("square",     0, lambda x, z: x),                                        # without 2
    ("exp",        0, lambda x, z: 0),
    ("exp",        0, lambda x, z: 1.01 * z),                                 # 1 % too much
    ("exp",        0, lambda x, z: x),                                        # argument for result
    ("exp2",       0, lambda x, z: z),                                        # without ln 2
    ("expm1",      0, lambda x, z: z),                                        # without + 1
    ("log",        0, lambda x, z: 0),
    ("log",        0, lambda x, z: -1 / x),                                   # sign
    ("log",        0, lambda x, z: 1 / z),                                    # result for argument
    ("log2",       0, lambda x, z: 1 / x),                                    # the natural one's
    ("log10",      0, lambda x, z: 1 / (x * math.log(2))),                    # that of log2
    ("log1p",      0, lambda x, z: 1 / x),                                    # without 1 +
    ("sqrt",       0, lambda x, z: 1 / z),                                    # without ½
    ("rsqrt",      0, lambda x, z: -z / x),                                   # without ½
    ("cbrt",       0, lambda x, z: 1 / (3 * z)),                              # not squared
    ("log_base",   0, lambda x, b, z: 1 / x),                                 # the natural one's
    ("log_base",   1, lambda x, b, z: z / log(b) / b),                        # sign
    ("log1mexp",   0, lambda x, z: 1 / ops.expm1(x)),                         # without exp(x)
    ("logit",      0, lambda x, z: 1 / x - 1 / (1 - x)),                      # sign
    ("logaddexp",  0, lambda x, y, z: ops.sigmoid(y - x)),                    # swapped
    ("xlogy",      0, lambda x, y, z: log(y) + 1),                            # that of x · log(x)
    ("xlog1py",    1, lambda x, y, z: x / y),                                 # that of xlogy
    ("sin",        0, lambda x, z: 0.995 * cos(x)),                           # ½ % too little
    ("sin",        0, lambda x, z: -cos(x)),                                  # sign
    ("sin",        0, lambda x, z: math.cos(getattr(x, "data", x))),          # breaks off at second order
    ("cos",        0, lambda x, z: sin(x)),                                   # sign
    ("tan",        0, lambda x, z: 1 - z * z),                                # that of tanh
    ("arcsin",     0, lambda x, z: 1 / (1 - x * x)),                          # without the root
    ("arccos",     0, lambda x, z: 1 / (1 - x * x) ** 0.5),                   # sign
    ("arctan",     0, lambda x, z: 1 / (1 + x)),                              # not squared
    ("arctan2",    0, lambda x, y, z: x / (x * x + y * y)),                   # swapped
    ("arctan2",    1, lambda x, y, z: x / (x * x + y * y)),                   # sign
    ("sinh",       0, lambda x, z: z),                                        # its own
    ("cosh",       0, lambda x, z: -ops.sinh(x)),                             # the sign of cos
    ("tanh",       0, lambda x, z: 1 - z),                                    # not squared
    ("tanh",       0, lambda x, z: z * (1 - z)),                              # that of sigmoid
    ("arccosh",    0, lambda x, z: 1 / (1 + x * x) ** 0.5),                   # that of arcsinh
    ("arctanh",    0, lambda x, z: 1 / (1 + x * x)),                          # that of arctan
    ("hypot",      0, lambda x, y, z: y / z),                                 # swapped
    ("hypot",      1, lambda x, y, z: y / (z * z)),                           # divided twice
    ("deg2rad",    0, lambda x, z: 180 / math.pi),                            # that of rad2deg
    ("erf",        0, lambda x, z: exp(-(x * x))),                            # without 2/√π
    ("lgamma",     0, lambda x, z: log(x)),                                   # the leading term alone
    ("gamma",      0, lambda x, z: ops.digamma(x)),                           # that of lgamma
    ("digamma",    0, lambda x, z: ops.polygamma(2, x)),                      # one order too far
    ("beta",       0, lambda x, y, z: -z * ops.polygamma_rise(0, y, x)),      # swapped
    ("erfinv",     0, lambda x, z: exp(z * z)),                               # without √π/2
    ("silu",       0, lambda x, z: ops.sigmoid(x)),                           # a term is missing
    ("mish",       0, lambda x, z: ops.tanh(ops.softplus(x))),                # a term is missing
    ("selu",       0, lambda x, z: ops.selu_scale(x)),                        # also left of the kink
    ("softsign",   0, lambda x, z: 1 / (1 + ops.absolute(x))),                # not squared
    ("sigmoid",    0, lambda x, z: z * (1 + z)),                              # sign
    ("sigmoid",    0, lambda x, z: z),                                        # a factor is missing
    ("softplus",   0, lambda x, z: ops.sigmoid(-x)),                          # that of log_sigmoid
    ("gelu",       0, lambda x, z: ops.normal_cdf(x)),                        # a term is missing
    ("relu",       0, lambda x, z: 1),                                        # also left of the kink
    ("relu",       0, lambda x, z: ops.step(-x)),                             # the wrong side
    ("relu",       0, lambda x, z: -ops.step(x)),                             # sign
    ("leaky_relu", 0, lambda x, a, z: where(ops.step(x), a, 1)),              # the wrong branch
    ("elu",        0, lambda x, a, z: a * exp(x)),                            # on both sides
    ("absolute",   0, lambda x, z: 1),                                        # also left of the kink
    ("maximum",    0, lambda x, y, z: ops.share(y, x)),                       # that of minimum
    ("maximum",    1, lambda x, y, z: ops.share(x, y)),                       # swapped
    ("minimum",    0, lambda x, y, z: 1),                                     # to both
    ("clip",       0, lambda x, low, high, z: 1),                             # also outside
    ("clip",       1, lambda x, low, high, z: 0),                             # a bound gets nothing
    ("where",      1, lambda c, x, y, z: where(c, None, 1)),                  # the wrong branch
    ("where",      2, lambda c, x, y, z: 1),                                  # to both
    ("sum",        0, lambda x, z: [1] * (len(x) - 1) + [0]),                 # the last one is lost
    ("mean",       0, lambda x, z: [1] * len(x)),                             # without 1/n
    ("prod",       0, lambda x, z: [z] * len(x)),                             # its own factor left in
    ("dot",        0, lambda x, z: [*x[: len(x) // 2], *x[len(x) // 2 :]]),   # swapped
    ("dot",        0, lambda x, z: [*x[len(x) // 2 :][::-1], *x[: len(x) // 2]]),  # the wrong position
    ("logsumexp",  0, lambda x, z: [exp(xi) for xi in x]),                    # unnormalised
]  # fmt: skip


def points(op):
    """The row's safe place, and one on the other side of a kink or a tie."""
    args = targets(op, 3 * op.sequences or op.arity, float)
    if op.name == "clip":
        return [args, [-5.0, *args[1:]], [9.0, *args[1:]]]
    if op.name == "where":
        return [args, [False, *args[1:]]]
    if op.kinks is not None:  # some teeth further, where the quotient of fmod is not 0
        return [args, [-x for x in args], [5 * args[0], *args[1:]]]
    return [args, [-x for x in args]] if op.kind == "kinked" else [args]


def check_row(op):
    for args in points(op):
        free = [i for i in range(len(args)) if i not in op.parameters]

        def row(*numbers, args=args, free=free):
            given = dict(zip(free, numbers))
            return apply(op, [given.get(i, x) for i, x in enumerate(args)])

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a kinked row has derivatives 0
            check_grads(row, *(args[i] for i in free))


def put(monkeypatch, op, position, rule):
    partials = [*op.partials]
    partials[position] = rule
    monkeypatch.setattr(op, "partials", tuple(partials))


@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
def test_the_table_passes(op):
    check_row(op)


@pytest.mark.parametrize(
    ("name", "position", "rule"), WRONG, ids=[f"{i}-{m[0]}" for i, m in enumerate(WRONG, 1)]
)
def test_a_wrong_rule_is_caught_and_its_row_is_named(name, position, rule, monkeypatch):
    op = ops.TABLE[name]
    put(monkeypatch, op, position, rule)
    with pytest.raises(GradientError, match=rf"\b{name}\b") as caught:
        check_row(op)
    assert caught.value.op is op
    assert caught.value.position == position or op.sequences


CHANGES = {
    "forgotten": lambda d: 0 * d,
    "of the wrong sign": lambda d: -d,
    "one per cent too large": lambda d: 1.01 * d,
    "a millionth too large": lambda d: (1 + 1e-6) * d,
}
PLACES = [
    (op, i) for op in ROWS if op.name not in FLAT for i in range(len(op.partials)) if i not in op.parameters
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("op", "position"), PLACES, ids=[f"{op.name}-{i}" for op, i in PLACES])
def test_every_rule_of_the_table_is_held_in_place(op, position, change, monkeypatch):
    right = op.partials[position]

    def wrong(*args):
        local = right(*args)
        if op.sequences:
            return [CHANGES[change](d) for d in local]
        return None if local is None else CHANGES[change](local)

    put(monkeypatch, op, position, wrong)
    with pytest.raises(GradientError) as caught:
        check_row(op)
    assert caught.value.op is op


def test_a_wrong_rule_deep_in_a_graph_is_named(monkeypatch):
    monkeypatch.setattr(ops.log, "partials", (lambda x, z: -1 / x,))
    with pytest.raises(GradientError, match=r"^log at t\d .*row log.*∂t\d/∂t\d.*check the rule of ops.log"):
        check_grads(lambda x, y: sin(log(x * x + y * y) * x) + exp(x * y), 0.5, 1.25)


# ── The engine ──────────────────────────────────────────────────────────────────────────────────────


def swiglu(ops, x):
    gate = x[0] * ops.sigmoid(x[0])
    return gate * x[1] + 3 * gate - x[2] / (1 + gate * gate)


def network(ops, x):
    hidden = [ops.tanh(ops.dot([x[0], w], [x[1], x[2]]) + 0.5) for w in (x[1], x[2])]
    return ops.logsumexp([*hidden, ops.mean(hidden)]) * ops.where(True, x[0], hidden[0])


def layers(ops, x):
    hidden = [z.tanh() for z in ops.matvec([[x[0], x[1]], [x[2], x[0]]], [x[1], x[2]])]
    return ops.sum(ops.matvec([hidden, hidden[::-1]], [x[0], hidden[1]])) - ops.dot(hidden, hidden)


GRAPHS = {  # of the rows of an engine and its leaves; the cheapest first
    "a square": (lambda ops, x: x[0] * x[0], [3]),
    "a ladder": (
        lambda ops, x: (x[0] * x[1] + x[0]) * (x[0] * x[1] + x[1]) * x[2],
        [Fraction(2), Fraction(3), Fraction(5)],
    ),
    "minus and over": (
        lambda ops, x: (x[0] - x[1]) / (x[1] * x[0]) - (3 - x[0]) * 5,
        [Fraction(1, 2), Fraction(3)],
    ),
    "sequences with constants": (
        lambda ops, x: ops.dot([x[0], 2, x[1] * x[0]], [x[1] * x[1], x[0], 3]),
        [Fraction(2), Fraction(3)],
    ),
    "sums": (
        lambda ops, x: ops.prod([ops.sum([x[0], x[1], x[0]]), x[1], x[2]]),
        [Fraction(2), Fraction(3), Fraction(4)],
    ),
    "choices": (
        lambda ops, x: ops.where(False, x[0] * x[1], x[1] * x[1]) * ops.maximum(x[0], 1),
        [Fraction(7, 2), Fraction(3)],
    ),
    "powers": (lambda ops, x: x[0] ** 3 * 2 - 5 / x[0] + 2 ** x[1] - (-x[1]), [1.5, 2.0]),
    "a fork": (lambda ops, x: ops.sin(x[0]) * x[0].cos() + ops.clip(x[0] * x[1], -9, 9), [0.5, 2.0]),
    "swiglu": (swiglu, [0.3, -0.7, 1.2]),
    "a network": (network, [0.4, -1.1, 0.8]),
    "layers": (layers, [0.4, -1.1, 0.8]),
    "rectifiers": (lambda ops, x: ops.relu(x[0] * x[1]) * (x[1] - x[0]).relu(), [0.75, 2.0]),
    "a rectifier that is off": (lambda ops, x: ops.relu(x[0] * x[1]) + x[0] * x[1], [-0.75, 2.0]),
}
SHARP = ("paths", "forward_is_reverse", "sorting", "twice", "frozen_leaves")  # and cheap
EXACT = ("a square", "minus and over", "sequences with constants", "choices")


def check_engine(engine):
    """The laws and check_grads on a dozen graphs: first what is cheap and catches most."""
    laws = engine.laws.LAWS
    roots = {name: f(engine.ops, [engine.Value(x) for x in numbers]) for name, (f, numbers) in GRAPHS.items()}
    for root in roots.values():
        for name in SHARP:
            laws[name](root)
    check_promises(engine)
    for name in EXACT:
        for law in laws.keys() - {*SHARP}:
            laws[law](roots[name])
    for name in "a fork", "powers":
        f, numbers = GRAPHS[name]
        engine.testing.check_grads(lambda x, f=f: f(engine.ops, x), numbers)


def check_promises(engine):
    """What no law says: what is asked of whom, in which order, and what is refused."""
    for promise in PROMISES:
        x, y = engine.Value(2.0, "x"), engine.Value(3.0, "y")
        promise(engine, x, y)


def sweep_tells_edge_by_edge(a, x, y):
    z = x * y
    gradient = {z: 1}
    edges = a.value.sweep([x, y, z], gradient, multiply=lambda *p: ("×", *p), add=lambda *s: ("+", *s))
    assert [*edges] == [(z, 0, x, 3.0, ("×", 1, 3.0)), (z, 1, y, 2.0, ("×", 1, 2.0))]
    assert gradient == {z: 1, x: ("+", 0, ("×", 1, 3.0)), y: ("+", 0, ("×", 1, 2.0))}


def nothing_is_asked_in_branches_not_taken(a, x, y):
    zero, d = a.Value(0.0), a.derivatives
    root = a.ops.where(True, x, a.ops.sqrt(zero)) + x * a.ops.where(False, a.ops.sqrt(zero), x)
    root.backward(0.5)
    assert (x.grad, zero.grad, type(zero.grad)) == (2.5, 0, int)
    assert d.grad(lambda t: a.ops.where(t > 0, t, a.ops.sqrt(t - 2)) * t)(2.0) == 4.0
    assert d.jvp(lambda t: a.ops.where(t > 0, t, a.ops.sqrt(t - 2)) * t, (2.0,), (1,))[1] == 4.0
    for still in a.ops.stop_gradient, lambda t: a.value.constant(-2.0) + 1:
        assert d.jvp(lambda t, still=still: still(t) * math.inf + t, (2.0,), (1.0,))[1] == 1.0
        assert d.jvp(lambda t, still=still: math.inf * still(t) + t, (2.0,), (1.0,))[1] == 1.0


def nothing_is_asked_where_0_arrives(a, x, y):
    d, zero = a.derivatives, a.Value(0.0)
    for of in UNASKED.values():
        f = partial(of, a.ops)
        zero.grad = 0
        f(zero).backward()
        assert (zero.grad, d.grad(f)(0.0), d.jvp(f, (0.0,), (2.0,))[1]) == (1, 1, 2)
        assert d.jvp(lambda t, f=f: [f(t), t * y, 3.0], (0.0,), (zero,))[1][0].data == 0
        assert d.grad(d.grad(f))(0.0) == d.hvp(f, (0.0,), (1.0,))[0] == 0
        assert d.jvp(lambda t, f=f: d.jvp(f, (t,), (1.0,))[1], (0.0,), (1.0,))[1] == 0
        assert [float(z) for z in d.taylor(f, 0.0, 2)][1:] == [1, 0]
        assert [z.data for z in d.taylor(lambda t, f=f: f(t) * y, 0.0, 1)][1:] == [3]
    slope = d.jvp(lambda t: a.ops.sqrt(t) * t, (0.0,), (0.0,))[1]
    assert (slope, type(slope)) == (0, float)
    assert type(d.grad(d.grad(lambda t: a.ops.sqrt(t) * t * t))(0.0)) is float
    assert d.taylor(lambda t: a.ops.where(True, t**3, a.ops.sqrt(t - 2.0)), 2.0, 3) == [8, 12, 6, 1]
    assert d.taylor(lambda t: t * t * a.ops.sqrt(t) * 3 + t * t, 0.0, 2) == [0, 0, 1]
    for second in (lambda f: d.taylor(f, 0.0, 2), lambda f: d.grad(d.grad(f))(0.0)):
        refused("sqrt(", second, lambda t: t * a.ops.sqrt(t))


def nothing_is_asked_towards_constants(a, x, y):
    (x**0 + 0**y + (-2.0) ** 2 * x + a.ops.sum([x, 2]) + a.ops.log(a.value.constant(1.0))).backward()
    assert x.grad == 5.0
    one = a.ops.maximum(x, 1).args[1]
    (x * 3).backward()
    assert one.grad is None and (x * 3).args[1].grad is None


def leaves_accumulate_from_what_they_hold(a, x, y):
    x.grad, y.grad = 1.0, None
    root = x * y + a.value.constant(1.0)
    for passes in 1, 2:
        root.backward()
        assert (x.grad, y.grad, root.grad, root.args[1].grad) == (1.0 + 3 * passes, 2.0 * passes, 1.0, None)
    x.grad = "text"
    refused("set its grad to 0", root.backward)
    x.grad = Deaf()
    refused("set its grad to 0", root.backward)
    assert y.grad == 4.0


class Deaf:
    def __add__(self, other):
        return self


def numbers_keep_their_types(a, x, y):
    for root, seed, kind in [(x, 1, int), (a.Value(3), True, int), (x, 2.0, float)]:
        root.zero_grad()
        root.backward(seed)
        assert (root.grad, type(root.grad)) == (int(seed), kind)
    assert type((-a.Value(2)).data) is type((a.Value(2) * 3).data) is int
    assert type(a.ops.absolute(a.Value(Fraction(1))).data) is Fraction


def numpy_numbers_become_pythons(a, x, y):
    row = a.op.Op("row", lambda *x: np.float64(sum(x)), lambda *x: 2, lambda *x: 1)
    assert type(row(x, y).data) is float
    row = a.op.Op("row", lambda x: np.float64(x), lambda x, z: 2)
    assert type(row(x).data) is float
    x.data = np.float64(2.0)  # which a leaf holds as it is given
    made = [x * y, 2 * x, x / 4, x.sin(), -x, a.ops.sum([x, y]), *a.ops.matvec([[x, y]], [x, y])]
    assert {type(node.data) for node in made} == {float}


def what_a_rule_gives_is_looked_at(a, x, y):
    def row(*rules, **more):
        return a.op.Op("row", lambda *x: sum(x), *rules, **more)

    refused("by argument 2: ", lambda: row(lambda *x: 1, lambda *x: a.Value(1)).apply([x, y]).backward())
    refused("by argument 1: ", lambda: row(lambda x, z: a.Value(x))(x).backward())
    refused("gave 1 for 2 arguments", lambda: row(lambda x, z: [1], sequences=1)([x, y]).backward())
    row(lambda *x: None, lambda *x: 5, lambda *x: None)(x, y, x).backward()
    row(lambda x, z: [None, 1, None], sequences=1)([x, y, x]).backward()
    assert (x.grad, y.grad) == (0, 6)
    d = a.derivatives
    assert d.jvp(row(lambda *x: None, lambda *x: 5), (2.0, 3.0), (1.0, 1.0))[1] == 5
    assert d.jvp(lambda x, y: row(lambda x, z: [None, 7], sequences=1)([x, y]), (2.0, 3.0), (1, 1))[1] == 7


def bad_arguments_are_refused(a, x, y):
    refused("'1' is a str", lambda: (x * y).backward("1"))
    refused("'x' is a str", lambda: x + "x")
    refused("no order", lambda: a.ops.relu(a.Value(1j)))
    refused("no order", lambda: a.ops.maximum(a.Value(1j), x))
    refused("log(-2.0)", lambda: a.ops.log(-x))
    refused("div(x = 2.0, 0)", lambda: x / 0)
    refused("div(1, 0.0)", lambda: 1 / (x - 2))
    refused("modulo", lambda: pow(x, 2, 5))
    refused("sin takes 1 argument", lambda: a.ops.sin(x, y))
    refused("lengths", lambda: a.ops.dot([x, y], [x]))
    refused("lengths", lambda: a.ops.matvec([[x, y], [x]], [x, y]))
    refused("sequences", lambda: a.ops.dot([x, y]))
    refused("sequences", lambda: a.ops.dot([x, y], x))
    refused("upstream × local", (x * 2.5).backward, Decimal(1))
    refused("no leaf", a.value.constant(2.0).backward)
    assert x.__add__(NotANumber()) is x.__radd__(NotANumber()) is NotImplemented


class NotANumber:
    pass


def nothing_is_recorded_under_no_grad(a, x, y):
    z = x * y
    with a.recording.no_grad():
        refused("no_grad", z.backward)
        made = [-x, x * y, x + 1, 1 - x, x.exp(), a.ops.exp(x), a.ops.sum([x, y]), x**2]
        made += [a.ops.relu(x), *a.ops.matvec([[x, y]], [x, y]), a.ops.dot([x], [y])]
    assert all(node.op is a.ops.constant and not node.args and node.grad is None for node in made)
    assert [node.data for node in made[:4]] == [-2.0, 6.0, 3.0, -1.0]
    with a.recording.scope("layer"):
        made = [x * y, -x, a.ops.exp(x), *a.ops.matvec([[x, y]], [x, y]), a.ops.dot([x], [y]), 2 * x]
    assert all(node.scope == "layer" and node.grad == 0 and node.label == "" for node in made)
    assert made[-1].args[0].scope == ""


def operators_agree_with_python(a, x, y):
    for op in a.ops.OPERATORS.values():
        for other in 3, 2.5, Fraction(5, 2):
            assert getattr(x, f"__{NAMES[op.name]}__")(other).data == op.function(2.0, other)
            assert getattr(x, f"__r{NAMES[op.name]}__")(other).data == op.function(other, 2.0)
            assert op(x, a.Value(other)).args[0] is x
    assert a.ops.leaky_relu(-x).args[1].data == a.ops.leaky_relu.defaults[0]
    assert a.ops.leaky_relu(-x, 0.5).data == -1.0
    dots = a.ops.matvec([[x, 2], (y, y)], [x, y])
    assert [dot.args for dot in dots][1] == (y, y, x, y) and dots[0].data == 10.0
    assert a.ops.matvec([[1, 2]], [3, 4]) == [11] and a.ops.dot([x], [y]).operands == (2.0, 3.0)
    assert [type(z) for z in a.ops.matvec([iter([x, y])], [x, y])] == [a.Value]


def the_sort_may_be_cut(a, x, y):
    z = x * y
    root = z * x
    assert a.value.topological_order(root, leaves=[z]) == [z, x, root]
    assert a.value.topological_order(root, z, x) == [x, y, z, root]
    assert a.value.topological_order(x + y, y, leaves=[])[:2] == [x, y]


def transforms_nest(a, x, y):
    d = a.derivatives
    assert d.grad(lambda s: d.jvp(lambda t: t * s * s, (3.0,), (s,))[1])(2.0) == 12.0
    assert d.grad(lambda s: d.grad(lambda t: t * s * s + s)(3.0) * s)(2.0) == 12.0
    assert d.jvp(lambda s: d.jvp(lambda t: t * t * s, (s,), (1.0,))[1], (2.0,), (1.0,))[1] == 8.0
    assert d.jvp(lambda s, t: [s * y, 3.0, y, s], (2.0, 5.0), (1.0, 1.0))[1][1:] == [0, 0, 1.0]
    assert d.grad(lambda t: y * 2)(1.0) == d.grad(lambda t: 3.0)(1.0) == 0
    assert d.grad(lambda v: 3.0)([1.0, 2.0]) == [0, 0] and isinstance(
        d.jvp(lambda t: t * 3.0, (y,), (1,))[1], a.Value
    )
    for transform in (
        d.grad,
        lambda f: lambda t: d.jvp(f, (t,), (1.0,))[1],
    ):  # a leaf made inside does not move
        assert transform(lambda t: t * 2.5 + a.ops.sqrt(a.Value(0.0)) * a.Value(0.0))(2.0) == 2.5
        assert transform(lambda t: a.ops.where(True, t * y, a.ops.sqrt(t - 2.0)))(2.0).data == 3.0
    assert d.vjp(lambda t: [y, t], 2.0)[1]([1.0, 5.0])[0].data == 5.0
    gradient = d.grad(lambda t: t * x * y)(y)
    assert isinstance(gradient, a.Value) and gradient.data == 6.0
    assert d.jvp(lambda t: t * 3.0, (2.0,), (x,))[1].args[0] is x
    order, still = a.value.topological_order(x * y, leaves=[x, y]), a.Value(5.0)
    moved = d.tangents([*order, still], [x, y], [1.0, 10.0], [order[-1], y, still])
    assert moved == [23.0, 10.0, 0]
    wrong = a.op.Op("row", lambda s, t: s + t, lambda s, t, z: 1, lambda s, t, z: a.Value(1))
    refused("by argument 2 × tangent: ", d.jvp, lambda s, t: wrong(s, t), (2.0, 3.0), (1.0, 1.0))
    refused("× tangent", d.jvp, lambda t: t * 2.5, (2.0,), (Decimal(1),))
    refused("its local derivative", d.jvp, lambda t: a.ops.sqrt(t - 2), (2.0,), (1.0,))
    refused("'1' is a str", d.jvp, lambda t: t, (2.0,), ("1",))


def graphs_of_derivatives_stay_small(a, x, y):
    d, ops, z = a.derivatives, a.ops, a.Value(5.0)

    def rows(f, *by):
        return [str(node.op and node.op.name) for node in a.value.topological_order(d.grad(f)(*by))]

    assert rows(lambda t: x * t - y * t, z) == ["None", "neg", "None", "add"]
    assert rows(lambda t: ops.sign(t) * t, z) == ["None", "identity", "sign"]
    assert rows(lambda t: t * ops.sign(t) + 2 * t, z)[-2:] == ["sign", "add"]
    assert rows(lambda t: x * (t + t), z) == ["None", "add"]
    assert rows(lambda t: x * t * 2, z) == ["constant", "None", "mul"]
    assert d.grad(lambda t: x * t - y * t)(z).data == -1.0 and d.grad(lambda t: -(x * t))(z).data == -2.0


def symbols_plug_into_every_row(a, x, y):
    s = a.Value(Symbol())
    nodes = [
        s * 2,
        2 - s,
        s + x,
        s.sin(),
        a.ops.sum([x, s]),
        a.ops.where(True, x, s),
        a.ops.dot([x, y], [y, s]),
    ]
    assert all(type(node.data) is Symbol for node in nodes)
    assert nodes[-1].data.asked == ("dot", (2.0, 3.0, 3.0, s.data))


class Symbol:
    """A number that is not known yet."""

    symbolic = True

    def __init__(self, *asked):
        self.asked = asked

    def apply_op(self, op, args):
        return Symbol(op.name, tuple(args))

    __add__ = __radd__ = __mul__ = __rmul__ = __rsub__ = lambda self, other: Symbol()


def a_pass_inside_a_pass_gives_the_same(a, x, y):
    if not a.fast:
        return
    root = x * y * x
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(a.fast, "marking", Taken())
        assert a.value.topological_order(root)[0] is x
        root.backward(0.5)
        assert (x.grad, y.grad) == (6.0, 2.0)
        assert a.derivatives.jvp(lambda t: t * t, (3.0,), (2.0,))[1] == 12.0
    root.backward()
    assert not a.fast.marking.locked()


class Taken:
    """A lock that another pass holds."""

    def locked(self):
        return True

    def __enter__(self):
        raise AssertionError("this waits for ever")

    def __exit__(self, *error):
        pass


def refused(words, f, *args):
    """Hold that f(*args) is an error that says these words."""
    said = "nothing"
    try:
        f(*args)
    except (ArithmeticError, RuntimeError, TypeError, ValueError) as error:
        said = str(error)
    assert words in said, f"{said}, not {words}"


PROMISES = (
    sweep_tells_edge_by_edge, nothing_is_asked_in_branches_not_taken, nothing_is_asked_towards_constants,
    nothing_is_asked_where_0_arrives,
    leaves_accumulate_from_what_they_hold, numbers_keep_their_types, numpy_numbers_become_pythons,
    what_a_rule_gives_is_looked_at, bad_arguments_are_refused, nothing_is_recorded_under_no_grad,
    operators_agree_with_python, the_sort_may_be_cut, transforms_nest, graphs_of_derivatives_stay_small,
    symbols_plug_into_every_row, a_pass_inside_a_pass_gives_the_same,
    lambda engine, x, y: engine.fast and check_that_it_is_fast(engine),
)  # fmt: skip
NAMES = {op.name: name for name, op in ops.OPERATORS.items()}


def check_that_it_is_fast(engine):
    """Graphs of floats need no plain loop: one that is always taken would give the right numbers too."""
    detours = [(engine.fast, f"plain_{name}") for name in ("apply", "order", "gradients", "matvec")]
    detours.append((engine.derivatives, "_sweep_forward"))
    numbers, tangents = [0.3, -0.7, 1.2], [1.0, 2.0, 3.0]
    x, y, z = leaves = [engine.Value(number) for number in numbers]
    rows = one_sided(engine, leaves)
    with pytest.MonkeyPatch.context() as patch:
        for module, name in detours:
            patch.setattr(module, name, None)
        for f in swiglu, layers:
            (f(engine.ops, leaves) + 2**x - (1 - y) * -z.exp() / 2.5).backward()
            engine.derivatives.jvp(lambda x, f=f: f(engine.ops, x), (numbers,), (tangents,))
        before = x.grad, y.grad
        rows.backward(2.0)
        assert (x.grad - before[0], y.grad - before[1]) == pytest.approx((7 * 2.0, 3 * 2.0), rel=1e-12)
        got = engine.derivatives.jvp(lambda x: one_sided(engine, x), (numbers,), (tangents,))[1]
        assert got == pytest.approx(7 * 1.0 + 3 * 2.0, rel=1e-12)


def one_sided(engine, leaves):
    """A sum of rows of every shape, which have no slope by an argument, or must not be asked for it."""
    x, y, _ = leaves

    def row(*rules, **more):
        return engine.op.Op("row", lambda *x: sum(x), *rules, **more)

    def fail(*numbers):
        raise ArithmeticError("this slope is not wanted")

    def one(*numbers):
        return 1.0

    def nothing(*numbers):
        return None

    still = engine.value.constant(2.0)
    by_x = [row(one, fail)(x, still), row(fail, one)(still, x), row(one, fail, nothing)(x, still, y)]
    by_x += [row(one, nothing)(x, y), row(nothing, one)(y, x), row(one)(x)]
    by_x += [row(lambda x, z: [1.0, None, 1.0], sequences=1)([x, y, still])]
    by_y = [row(nothing, one)(x, y), row(nothing, fail, one)(x, still, y), row(one)(y)]
    return sum([*by_x, *by_y, row(nothing)(x), row(fail)(still)], 0.0)


def mend(engine):
    """Undo what a mutant may have left behind."""
    if engine.fast:
        if engine.fast.marking.locked():
            engine.fast.marking.release()
        engine.fast.known.clear()


FUNCTIONS = {  # that differentiate, by their module
    "value": """topological_order local_derivatives sweep gradients make _operand
        Value.apply_op Value.backward""",
    "commit": "total",
    "op": "Op.grouped Op.complete Op.flatten Op.evaluate Op.local_derivatives",
    "derivatives": """tangents _Run.gradient _Run.tangents _Run.swept _Run.swept_back _Run.algebra
        _sweep_forward _asked _operands _product _sum""",
    "fast": """sort gradients sweep tangents sweep_forward erase marks apply_op apply_to_one
        prefix infix to_power matvec node_of""",
}
SHARE, LEAST = 0.85, 0.5  # of the slips in a module, in a function; the rest are detours to the same number
COUNT = 900  # of slips in all


@pytest.fixture(scope="module")
def engines():
    return {"fast": load(fast=True), "plain": load(fast=False)}


@pytest.mark.parametrize("name", ["fast", "plain"])
def test_the_engine_passes(name, engines):
    check_engine(engines[name])


@pytest.mark.parametrize("module", FUNCTIONS)
def test_wrong_engines_are_caught(module, engines):
    engine = engines["fast" if module == "fast" else "plain"]
    slips = caught = 0
    survivors = {}
    for function in FUNCTIONS[module].split():
        mutants = Mutants(getattr(engine, module), function)
        survivors[function] = [str(mutant) for mutant in mutants if survives(engine, mutants, mutant)]
        slips += len(mutants)
        caught += len(mutants) - len(survivors[function])
        print(f"{module}.{function}: {len(mutants)} slips, not caught:", *survivors[function], sep="\n    ")
        assert len(survivors[function]) <= (1 - LEAST) * len(mutants), function
    print(f"{module}: {caught} of {slips} caught")
    assert caught >= SHARE * slips, f"only {caught} of {slips} caught; not: {survivors}"
    check_engine(engine)


def survives(engine, mutants, mutant):
    """Whether nothing is wrong with the engine when the mutant is at work in it."""
    with mutants.put(mutant), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            check_engine(engine)
        except Exception:
            return False
        finally:
            mend(engine)
    return True


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_an_unfair_share_of_a_tie_is_caught(name, monkeypatch):
    """Any share lies between the slopes on both sides, but the arguments may change places."""
    op = ops.TABLE[name]
    x, y = Value(2), Value(2)
    commuted(op(x, y))
    monkeypatch.setattr(op, "partials", (lambda x, y, z: 1, lambda x, y, z: 0))
    with pytest.raises(AssertionError, match=rf"commuted: .*{name}\(x1, x2\)"):
        commuted(op(x, y))


@pytest.mark.parametrize("slope", [-1, 2])
def test_a_wrong_slope_at_a_kink_is_caught(slope, monkeypatch):
    """At 0 the rule of relu may say anything from 0 to 1."""
    monkeypatch.setattr(ops.relu, "partials", (lambda x, z: where(x == 0, slope, ops.step(x)),))
    check_grads(ops.relu, 1.0)
    with pytest.raises(GradientError, match="not between the slopes 0 and 1"):
        check_grads(ops.relu, 0.0)


def test_there_are_enough_of_each(engines):
    assert len(WRONG) >= 40
    functions = [(module, name) for module, names in FUNCTIONS.items() for name in names.split()]
    assert sum(len(Mutants(getattr(engines["fast"], m), name)) for m, name in functions) >= COUNT
