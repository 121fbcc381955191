"""The suite tests itself: wrong rules and wrong engines, each of which a check or a law must catch.

A mutant of the table is one wrong rule; `check_grads` must name its row. A mutant of the engine is a piece
of its text replaced in one function; a law, or `check_grads`, must fail.
"""

import importlib
import math
import types
import warnings
from fractions import Fraction

import pytest

from autograd import Value, ops
from autograd.ops import cos, exp, log, sin, where
from autograd.testing import GradientError, check_grads
from autograd.testing.expression import apply
from autograd.testing.laws import LAWS, commuted
from autograd.testing.strategies import targets

# ── The table ───────────────────────────────────────────────────────────────────────────────────────

ROWS = [op for name, op in ops.TABLE.items() if op.name == name and op.partials]
FLAT = {"floordiv", "sign", "step", "share"}  # whose derivative is 0 by nature

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


def swiglu(x):
    gate = x[0] * ops.sigmoid(x[0])
    return gate * x[1] + 3 * gate - x[2] / (1 + gate * gate)


def network(x):
    hidden = [ops.tanh(ops.dot([x[0], w], [x[1], x[2]]) + 0.5) for w in (x[1], x[2])]
    return ops.logsumexp([*hidden, ops.mean(hidden)]) * ops.where(True, x[0], hidden[0])


GRAPHS = {
    "a square": (lambda x: x[0] * x[0], [3]),
    "minus and over": (lambda x: (x[0] - x[1]) / (x[1] * x[0]) - x[0], [Fraction(1, 2), Fraction(3)]),
    "a ladder": (
        lambda x: (x[0] * x[1] + x[0]) * (x[0] * x[1] + x[1]) * x[2],
        [Fraction(2), Fraction(3), Fraction(5)],
    ),
    "powers": (lambda x: x[0] ** 3 * 2 - 5 / x[0] + 2 ** x[1], [1.5, 2.0]),
    "choices": (
        lambda x: ops.where(False, x[0] * x[1], x[1] * x[1]) * ops.maximum(x[0], 1),
        [Fraction(7, 2), Fraction(3)],
    ),
    "a fork": (lambda x: sin(x[0]) * cos(x[0]) + ops.clip(x[0] * x[1], -9, 9), [0.5, 2.0]),
    "swiglu": (swiglu, [0.3, -0.7, 1.2]),
    "a network": (network, [0.4, -1.1, 0.8]),
    "rectifiers": (lambda x: ops.relu(x[0] * x[1]) * ops.relu(x[1] - x[0]), [0.75, 2.0]),
    "a rectifier that is off": (lambda x: ops.relu(x[0] * x[1]) + x[0] * x[1], [-0.75, 2.0]),
    "sequences with constants": (
        lambda x: ops.dot([x[0], 2, x[1] * x[0]], [x[1] * x[1], x[0], 3]),
        [Fraction(2), Fraction(3)],
    ),
    "sums": (
        lambda x: ops.prod([ops.sum([x[0], x[1], x[0]]), x[1], x[2]]),
        [Fraction(2), Fraction(3), Fraction(4)],
    ),
}


def check_engine():
    for f, numbers in GRAPHS.values():
        root = f([Value(x) for x in numbers])
        for law in LAWS.values():
            law(root)
        check_grads(f, numbers)


#          module       function                    text                                   in its place
MUTANTS = [
    # The reverse sweep
    ("value", "accumulate", "a.grad += upstream * local", "a.grad = upstream * local"),
    ("value", "accumulate", "b.grad += upstream * local", "b.grad = upstream * local"),
    ("value", "accumulate", "arg.grad += upstream * local", "arg.grad = upstream * local"),
    ("value", "accumulate", "arg.grad += upstream * local", "arg.grad += local"),
    ("value", "accumulate", "in local_derivatives(node):", "in [*local_derivatives(node)][1:]:"),
    ("value", "accumulate", "[0](record[n:-1], record[-1])", "[0](record[n:-1], record[n])"),
    ("value", "accumulate", "[0](record[n:-1], record[-1])", "[0](record[n:-1][::-1], record[-1])"),
    ("value", "accumulate", "zip(record, locals_", "zip(record[n - 1 :: -1], locals_"),
    ("value", "accumulate", "if arg._op is not constant_op and", "if"),
    ("value", "accumulate", "if arg._op is not constant_op and", "if arg._op is None and"),
    ("value", "accumulate", "b.grad += upstream * local", "b.grad += local"),
    ("value", "accumulate", "b.grad += upstream * local", "b.grad -= upstream * local"),
    ("value", "accumulate", "by_x, by_y = op.partials", "by_y, by_x = op.partials"),
    ("value", "accumulate", "a, b, x, y, z = record", "b, a, x, y, z = record"),
    ("value", "accumulate", "a, b, x, y, z = record", "a, b, y, x, z = record"),
    ("value", "accumulate", "as_number(seed) * one(root.data)", "one(root.data)"),
    ("value", "accumulate", "as_number(seed) * one(root.data)", "as_number(seed) * root.data"),
    ("value", "accumulate", "as_number(seed) * one(root.data)", "as_number(seed) + 1e-9"),
    ("value", "accumulate", "in reversed(order)", "in order"),
    ("value", "accumulate", "leaf.grad + new for", "new for"),
    ("value", "accumulate", "leaf.grad + new for", "leaf.grad + leaf.grad + new for"),
    ("value", "accumulate", "if node._op is not constant_op:", "if node._op is None:"),
    ("value", "accumulate", "if a._op is not constant_op:", "if a._op is None:"),
    ("value", "accumulate", "if b._op is not constant_op:", "if b._op is not constant_op and b is not a:"),
    ("value", "accumulate", "node.grad = 0\n", "node.grad = 1\n"),
    ("value", "accumulate", "op.partials[0](x, z)", "op.partials[0](z, x)"),
    ("value", "accumulate", "op.partials[0](x, z)", "op.partials[0](a.data * 2, z)"),
    ("value", "accumulate", "if upstream is False:", "if not upstream or upstream < 0:"),
    # The sort
    ("value", "topological_order", "order.append(stack.pop())", "order.insert(0, stack.pop())"),
    ("value", "topological_order", "node, b = record[0], record[1]", "node, b = record[0], record[0]"),
    ("value", "topological_order", "extend(reversed(args))", "extend(reversed(args[1:]))"),
    ("value", "topological_order", "seen.issuperset(args)", "seen.issuperset(args[:1])"),
    ("value", "topological_order", "seen.issuperset(args)", "not seen.isdisjoint(args)"),
    ("value", "topological_order", "elif len(record) == 3:", "elif len(record) >= 3:"),
    ("value", "topological_order", "if b not in seen:", "if b not in seen and b._record:"),
    # Local derivatives of n-ary rows
    ("value", "local_derivatives", "yield i, record[i], local", "yield i, record[n - 1 - i], local"),
    ("value", "local_derivatives", "yield i, record[i], local", "yield i, record[0], local"),
    ("ops", "Op.local_derivatives", "(numbers[:-1], numbers[-1])", "(numbers[:-1], numbers[0])"),
    # Recording
    ("value", "Value.apply_op", "(*nodes, *numbers, z)", "(*nodes[::-1], *numbers, z)"),
    ("value", "Value.apply_op", "(*nodes, *numbers, z)", "(*nodes, *numbers[::-1], z)"),
    ("value", "_apply_to_one", "(arg, x, z)", "(arg, z, x)"),
    # What is written out for floats
    ("functions", "step", "return 1 if x > 0", "return 0 if x > 0"),
    ("functions", "step", "else 0 if x <= 0", "else 1 if x <= 0"),
    # Transforms
    ("derivatives", "_product", "if x == 1:", "if x == 1 or x == 2:"),
    ("derivatives", "_product", "return -y", "return y"),
    ("derivatives", "_add", "before + term if", "term if"),
    ("derivatives", "_sweep_backward", "_product(upstream[node], local)", "local"),
    ("derivatives", "_sweep_backward", "wanted = [arg in moving for", "wanted = [arg is node.args[0] for"),
    ("derivatives", "_sweep_forward_in_numbers", "tangent += local * b.grad", "tangent = local * b.grad"),
    ("derivatives", "_sweep_forward_in_numbers", "tangent += local * arg.grad", "tangent = local * arg.grad"),
    ("derivatives", "_sweep_forward_in_numbers", "tangent = local * a.grad", "tangent = a.grad"),
    ("derivatives", "_operands", "arg.data if arg.op is ops.constant else arg", "arg.data"),
    ("derivatives", "_Run.gradient", "return [variable.grad for", "return [2 * variable.grad for"),
    ("derivatives", "_Run.gradient", "in self.variables]", "in self.variables[::-1]]"),
    ("derivatives", "_Run.sweep_forward", "variable.grad = as_number(direction)", "variable.grad = 1"),
]  # fmt: skip


def code_of(module, name):
    """The code of the function called `name` in the namespace or module."""
    for part in name.split("."):
        module = module[part] if isinstance(module, dict) else getattr(module, part)
    return module


def mutate(monkeypatch, module_name, name, text, replacement):
    """Give one function of the engine the code that its module would have with another text."""
    module = importlib.import_module(f"autograd.{module_name}")
    source = module.__loader__.get_source(module.__name__)
    head = f"def {name.rpartition('.')[2]}("
    start = source.index(head)
    place = source.find(text, start)
    assert place >= 0, f"the engine no longer says {text!r} in {name}: renew this mutant"
    mutant = source[:place] + replacement + source[place + len(text) :]
    namespace = {**vars(module), "__name__": module.__name__}
    exec(compile(mutant, f"<mutant of {name}>", "exec"), namespace)
    original, mutated = code_of(module, name), code_of(namespace, name)
    assert isinstance(original, types.FunctionType) and original.__code__ != mutated.__code__
    monkeypatch.setattr(original, "__code__", mutated.__code__)


def test_the_engine_passes():
    check_engine()


@pytest.mark.parametrize("mutant", MUTANTS, ids=[f"{i}-{m[1]}" for i, m in enumerate(MUTANTS, 1)])
def test_a_wrong_engine_is_caught(mutant, monkeypatch):
    with monkeypatch.context() as patch:
        mutate(patch, *mutant)
        with pytest.raises((AssertionError, ArithmeticError, LookupError, RuntimeError, TypeError)) as caught:
            check_engine()
    assert str(caught.value)
    check_engine()


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


def test_there_are_at_least_forty_of_each():
    assert len(WRONG) >= 40 and len(MUTANTS) >= 40
