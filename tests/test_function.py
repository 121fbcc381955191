"""compile(f) is f, and compile(T(f)) is T(f) for every transform T, whatever the arguments hold.

What is right is computed by the eager engine on Values: there every number of a result is a graph, and how
far two engines' roundings may move it is derived from that (`laws.rounding`), not chosen.

    tree      a number, or a list, tuple, dict or array of trees (see autograd.trees)
    layout    a tree whose numbers do not matter
    flags     which arguments have an axis of examples
"""

import math
from collections import OrderedDict, defaultdict
from copy import deepcopy
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

import autograd
from autograd import (
    Value,
    dot,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    sqrt,
    take,
    tanh,
    taylor,
    value_and_grad,
    vjp,
    where,
)
from autograd.program.emit import RESERVED
from autograd.program.forms import shape_of
from autograd.testing import laws
from autograd.testing.strategies import expressions
from autograd.trees import array_like, is_array, is_opaque, leaves, like

HUNDRED = settings().max_examples  # or as many as the profile says
SINGLE = float(np.finfo(np.float32).eps / np.finfo(float).eps)  # units in the last place of float32


class Pair(NamedTuple):
    first: object
    second: object


@dataclass(frozen=True)
class Setting:
    name: str


@dataclass
class Changing:
    number: int


OPAQUE = [None, "text", Setting("fast")]
CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "dict": lambda parts: dict(zip("wbcdefgh", parts)),
    "OrderedDict": lambda parts: OrderedDict(zip("zyxvutsr", parts)),
    "defaultdict": lambda parts: defaultdict(list, enumerate(parts)),
    "namedtuple": lambda parts: Pair(parts[0], tuple(parts[1:])),
}


# ── Trees ───────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def trees(draw, numbers, depth=2, kinds=(np.float64, np.float32, int), containers=(*CONTAINERS,)):
    """The numbers, from left to right, in a random tree; `kinds` are those of its arrays."""
    whole = all(float(x).is_integer() for x in numbers)
    if len(numbers) == 1 and (depth == 0 or draw(st.booleans())):
        x = numbers[0]
        choices = [float(x), np.float64(x), np.array(x, kinds[0])] + [int(x), np.int64(x)] * whole
        return draw(st.sampled_from(choices))
    if depth == 0 or draw(st.integers(0, 2)) == 0:
        kind = draw(st.sampled_from([kind for kind in kinds if kind is not int or whole]))
        shapes = [(len(numbers),), (1, len(numbers)), *[(2, len(numbers) // 2)] * (len(numbers) % 2 == 0)]
        array = np.array(numbers, kind).reshape(draw(st.sampled_from(shapes)))
        return draw(st.sampled_from([array, array.tolist(), np.asfortranarray(array)]))
    cuts = sorted(draw(st.sets(st.integers(1, len(numbers) - 1), max_size=3)) if len(numbers) > 1 else ())
    parts = [
        draw(trees(numbers[i:j], depth - 1, kinds, containers))
        for i, j in zip([0, *cuts], [*cuts, len(numbers)])
    ]
    if draw(st.integers(0, 3)) == 0:
        parts.insert(draw(st.integers(0, len(parts))), draw(st.sampled_from(OPAQUE)))
    return CONTAINERS[draw(st.sampled_from(containers))](parts)


def with_values(tree, numbers):
    """The tree with Values in the places of its numbers, and these Values."""
    if is_array(tree):
        return array_like(tree, [next(numbers) for _ in tree.flat])
    if isinstance(tree, dict):
        filled = type(tree)(tree) if not isinstance(tree, defaultdict) else defaultdict(list, tree)
        filled.update({key: with_values(branch, numbers) for key, branch in tree.items()})
        return filled
    if isinstance(tree, Pair):
        return Pair(*[with_values(branch, numbers) for branch in tree])
    if isinstance(tree, list | tuple):
        return type(tree)(with_values(branch, numbers) for branch in tree)
    return tree if is_opaque(tree) else next(numbers)


def agrees(got, want, dtype=np.float64, path="result"):
    """AssertionError unless a result has the types of the tree `want`, and its numbers up to rounding."""
    if isinstance(want, dict | list | tuple):
        assert type(got) is type(want), path
        keys = list(want) if isinstance(want, dict) else range(len(want))
        assert [*keys] == (list(got) if isinstance(want, dict) else [*range(len(got))]), path
        for key in keys:
            agrees(got[key], want[key], dtype, f"{path}[{key!r}]")
    elif is_array(want):
        assert type(got) is np.ndarray and (got.shape, got.dtype) == (want.shape, dtype), path
        for place in np.ndindex(want.shape):
            near(got[place], want[place], dtype, f"{path}{[*place]}")
    elif is_opaque(want):
        assert got == want, path
    else:
        assert type(got) is float, path
        near(got, want, dtype, path)


def near(got, want, dtype, path):
    number = want.data if isinstance(want, Value) else float(want)
    bound = 2 * laws.rounding(want) * (SINGLE if dtype == np.float32 else 1)
    assert abs(got - number) <= bound, f"{path}: {got!r} for {number!r} ± {bound:.1e}"


def dtype_of(arguments):
    """That of the results: float32 where all arrays of floats are."""
    found = {x.dtype for x in arrays_in(arguments) if x.dtype.kind == "f"}
    return found.pop() if len(found) == 1 else np.dtype(float)


def arrays_in(tree):
    if isinstance(tree, dict):
        return arrays_in(list(tree.values()))
    if isinstance(tree, list | tuple):
        return [x for branch in tree for x in arrays_in(branch)]
    return [tree] if is_array(tree) else []


def apart(*trees):
    """Whether no two arrays share memory."""
    found = arrays_in(list(trees))
    return not any(np.shares_memory(x, y) for i, x in enumerate(found) for y in found[:i])


# ── Random functions of random trees ────────────────────────────────────────────────────────────────


class Case:
    """A function of trees: an expression of all numbers in its arguments, and the tree that it returns."""

    def __init__(self, e, args, named, layout):
        self.e, self.args, self.named, self.layout = e, args, named, layout

    def numbers(self, args, named):
        return [x for tree in (*args, *[named[name] for name in self.named]) for x in leaves(tree)]

    def one(self, *args, **named):
        """One number."""
        return self.e.build(self.numbers(args, named))

    def many(self, *args, **named):
        """A tree: the expression, its products, arguments as they are, a constant."""
        x = self.numbers(args, named)
        y = self.e.build(x)
        terms = [y, x[-1], y * x[0], 2.5, x[0] * x[-1], y - x[0]]
        return like(self.layout, [terms[i % 6] for i in range(len(leaves(self.layout)))])

    def both(self, *args, **named):
        """For has_aux."""
        return self.one(*args, **named), self.many(*args, **named)

    def __repr__(self):
        return f"{self.e}\nargs={self.args} named={self.named} returns {self.layout}"


@st.composite
def cases(draw, size=8, kinds=(np.float64, np.float32, int), containers=(*CONTAINERS,)):
    """A random expression, whose leaves stand in one to three arguments, some of them given by name."""
    e = draw(expressions(leaves=4, size=size))
    count = len(e.numbers)
    cuts = sorted(draw(st.sets(st.integers(1, count - 1), max_size=2)) if count > 1 else ())
    groups = [e.numbers[i:j] for i, j in zip([0, *cuts], [*cuts, count])]
    args = [draw(trees(group, kinds=kinds, containers=containers)) for group in groups]
    by_name = draw(st.integers(0, len(args) - 1))  # the first stands in its place
    args, last = args[: len(args) - by_name], args[len(args) - by_name :]
    named = dict(zip(("scale", "bias"), last))
    layout = draw(trees([0.5] * draw(st.integers(1, 12)), kinds=(np.float64,)))
    return Case(e, args, named, layout)


# Each makes of a case a function of the same arguments.
TRANSFORMS = {
    "itself": lambda c: c.many,
    "one number": lambda c: c.one,
    "grad": lambda c: grad(c.one),
    "grad by several": lambda c: grad(c.one, tuple(range(len(c.args)))),
    "grad by the last": lambda c: grad(c.one, [-1]),
    "grad with aux": lambda c: grad(c.both, has_aux=True),
    "value_and_grad": lambda c: value_and_grad(c.one),
    "value_and_grad with aux": lambda c: value_and_grad(c.both, len(c.args) - 1, has_aux=True),
    "jacobian": lambda c: jacobian(c.many),
    "jacobian by several": lambda c: jacobian(c.many, tuple(range(len(c.args)))),
    "hessian": lambda c: hessian(c.one),
    "jvp": lambda c: lambda *args, **named: jvp(c.many, args, like(args, weights(args)), **named),
    "vjp": lambda c: lambda *args, **named: vjp(c.one, *args, **named)[1](1.5),
    "hvp": lambda c: lambda *args, **named: hvp(c.one, args, like(args, weights(args)), **named),
    "taylor": lambda c: lambda *args, **named: taylor(lambda t: along(c, t, args, named), 1.0, 3),
    "inside": lambda c: (
        lambda *args, **named: (
            c.one(*args, **named) + dot(leaves(grad(c.one)(*args, **named)), weights(args[0]))
        )
    ),
    "twice": lambda c: grad(
        lambda *args, **named: dot(leaves(grad(c.one)(*args, **named)), weights(args[0]))
    ),
    "gradient of a jvp": lambda c: value_and_grad(
        lambda *args, **named: jvp(c.one, args, like(args, weights(args)), **named)[1]
    ),
}
THIRD = {
    "hessian of a gradient's part": lambda c: hessian(
        lambda *args, **named: autograd.sum(leaves(grad(c.one)(*args, **named)))
    ),
    "three times": lambda c: grad(
        lambda *args, **named: autograd.sum(
            leaves(
                grad(lambda *args, **named: autograd.sum(leaves(grad(c.one)(*args, **named))))(*args, **named)
            )
        )
    ),
    "jacobian of grad": lambda c: jacobian(grad(c.one)),
    "grad of taylor": lambda c: grad(
        lambda *args, **named: dot(taylor(lambda t: along(c, t, args, named), 1.0, 2), [1, 2, 3])
    ),
}


def weights(tree):
    """A direction."""
    return [1 + i % 3 / 2 for i in range(len(leaves(tree)))]


def along(c, t, args, named):
    """The function along a line that leaves its arguments at t = 1."""
    numbers = [x + (t - 1) * w for x, w in zip(leaves(list(args)), weights(args))]
    return c.one(*like(list(args), numbers), **named)


def eager(f, args, named):
    """What f returns of Values."""
    values = iter([Value(float(x)) for x in leaves([args, [*named.values()]])])
    args = [with_values(tree, values) for tree in args]
    return f(*args, **{name: with_values(tree, values) for name, tree in named.items()})


def check(case, f):
    args, named = deepcopy((case.args, case.named))
    compiled = autograd.compile(f)
    got = compiled(*args, **named)
    agrees(got, eager(f, args, named), dtype_of([case.args, [*case.named.values()]]))
    np.testing.assert_equal([args, named], [case.args, case.named])
    again = compiled(*args, **named)
    np.testing.assert_equal(got, again)
    assert apart(got, again, args, [*named.values()])


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_compiled_function_is_the_function(transform):
    @settings(max_examples=HUNDRED // 4)
    @given(cases())
    def agree(case):
        check(case, TRANSFORMS[transform](case))

    agree()


@pytest.mark.parametrize("transform", THIRD)
def test_third_derivatives_too(transform):
    @settings(max_examples=HUNDRED // 5)
    @given(cases(size=4))
    def agree(case):
        check(case, THIRD[transform](case))

    agree()


# ── Many examples ───────────────────────────────────────────────────────────────────────────────────

SEVERAL = [name for name in CONTAINERS if name != "list"]  # lists are axes
BY_EXAMPLE = [name for name in TRANSFORMS if name not in ("hessian", "jvp", "hvp", "taylor")]


def stacked(examples):
    """The trees of some examples, with an axis of examples."""
    first = examples[0]
    if isinstance(first, dict):
        filled = deepcopy(first)
        filled.update({key: stacked([tree[key] for tree in examples]) for key in first})
        return filled
    if isinstance(first, tuple):
        parts = [stacked([*branches]) for branches in zip(*examples)]
        return Pair(*parts) if isinstance(first, Pair) else tuple(parts)
    if is_opaque(first):
        return first
    return examples if type(first) in (int, float, list) else np.array(examples)


def moved(tree, by):
    """The tree at other numbers; whole ones stay."""
    return like(tree, [x if float(x).is_integer() else x + by for x in leaves(tree)])


def agrees_at(got, want, i, n, dtype, path="result"):
    """AssertionError unless the number i of the results of n examples is the tree `want`."""
    shape = shape_of(want)
    if isinstance(want, dict | tuple) or (isinstance(want, list) and shape is None):
        assert type(got) is type(want) and len(got) == len(want), path
        for key in want if isinstance(want, dict) else range(len(want)):
            agrees_at(got[key], want[key], i, n, dtype, f"{path}[{key!r}]")
    elif is_opaque(want):
        assert got == want, path
    else:
        assert type(got) is np.ndarray and (got.shape, got.dtype) == ((n, *shape), dtype), path
        for x, y in zip(got[i].flat, leaves(want), strict=True):
            near(x, y, dtype, path)


@pytest.mark.parametrize("transform", BY_EXAMPLE)
def test_a_batch_is_the_loop_over_its_examples(transform):
    @settings(max_examples=HUNDRED // 4)
    @given(cases(containers=SEVERAL), st.sampled_from([1, 2, 3, 7]), st.data())
    def agree(case, n, data):
        if not data.draw(st.booleans(), "all batched"):
            case = Case(case.e, [*case.args, *case.named.values()], {}, case.layout)
            flags = data.draw(st.lists(st.booleans(), min_size=len(case.args), max_size=len(case.args)))
            flags[data.draw(st.integers(0, len(flags) - 1))] = True
            case.args = [
                tree if flag else data.draw(trees(leaves(tree))) for tree, flag in zip(case.args, flags)
            ]
        else:
            flags = [True] * (len(case.args) + len(case.named))
        shifts = data.draw(st.permutations([i / 1000 for i in range(n)]))
        given = [*case.args, *case.named.values()]
        examples = [[moved(tree, by * flag) for tree, flag in zip(given, flags)] for by in shifts]
        columns = [stacked([*c]) if flag else c[0] for c, flag in zip(zip(*examples), flags)]
        given, k = deepcopy(columns), len(case.args)
        f = TRANSFORMS[transform](case)
        by_name = [dict(zip(case.named, args[k:])) for args in examples]
        try:
            expected = [eager(f, args[:k], named) for args, named in zip(examples, by_name)]
        except (ArithmeticError, ValueError):  # outside of a domain
            reject()
        compiled = autograd.compile(f, batch=True if all(flags) else flags)
        got = compiled(*columns[:k], **dict(zip(case.named, columns[k:])))
        dtype = dtype_of(columns)
        for i, want in enumerate(expected):
            agrees_at(got, want, i, n, dtype)
        np.testing.assert_equal(columns, given)
        again = compiled(*columns[:k], **dict(zip(case.named, columns[k:])))
        np.testing.assert_equal(got, again)
        assert apart(got, again, columns)

    agree()


@pytest.mark.parametrize("flags", [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_an_index_chooses_in_every_example(n, flags):
    rng = np.random.default_rng(n)
    x, i = rng.normal(size=(n, 4)), rng.integers(0, 4, n)
    f = lambda x, i: autograd.take(list(x), i) * x[0]
    given = [a if flag else a[0] for a, flag in zip((x, i), flags)]
    given[1] = given[1] if flags[1] else int(given[1])
    value, gradient = autograd.compile(value_and_grad(f), batch=flags)(*given)
    for k in range(n):
        row, place = (a[k] if flag else a for a, flag in zip(given, flags))
        want, by = value_and_grad(f)([*row], int(place))
        assert value[k] == want and gradient[k].tolist() == by


@pytest.mark.parametrize("w", [[[1.0, 2.0], [3.0, 4.0]], [[1, 2], [3, 4]], [[1.0, 2], [3, 4.0]]])
def test_the_gradients_by_lists_that_all_examples_share_are_one_array(w):
    f = lambda w, x: w[0][0] * x * w[1][1] + w[0][1] * w[1][0]
    for transform in grad(f), lambda w, x: grad(f)(w, x):
        gradient = autograd.compile(transform, batch=(False, True))(w, np.array([1.0, 10.0, 2.0]))
        assert gradient.tolist() == [[[4 * x, 3], [2, x]] for x in (1.0, 10.0, 2.0)]


# ── What a function gets, and what it may not do ────────────────────────────────────────────────────


def test_the_caller_owns_the_results():
    f = autograd.compile(lambda x, y: (x, y, x, [x[0], y[0, 1]], 2.0, x.T))
    x, y = np.array([1.0, 2.0]), np.arange(6.0).reshape(2, 3)
    first = f(x, y)
    for array in arrays_in(first):
        assert array.flags.writeable and array.flags.owndata
        array[...] = -1
    assert x.tolist() == [1, 2] and y.sum() == 15
    second = f(x, y)
    assert second[0].tolist() == [1, 2] and second[3] == [1, 1] and apart(first, second, x, y)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(), (1,), (2, 3)])
def test_a_gradient_that_is_constant_is_of_the_type_of_the_arrays(dtype, shape):
    gradient = autograd.compile(grad(lambda x: x.sum() + x.sum()))(np.zeros(shape, dtype))
    assert (gradient.dtype, gradient.shape, (gradient == 2).all()) == (dtype, shape, True)
    assert gradient.flags.writeable


def test_keys_of_dicts_are_those_of_the_call():
    f = autograd.compile(lambda d: d)
    for key in (1, True, 1.0):
        (found,) = f({key: 2.0})
        assert type(found) is type(key)


def test_the_step_gets_no_memory_of_the_caller_that_it_may_keep():
    f = autograd.compile(lambda x: [x, 2 * x], batch=True)
    x = np.arange(3.0)
    (y,) = [f(x)]
    x[:] = 7
    assert y[:, 0].tolist() == [0, 1, 2]


def product(x, y):
    return x * y


def itself(x):
    return x


REFUSED = {  # a function, its arguments, and what the error says
    "a Value": (itself, [Value(2.0)], "x holds 2.0, a Value, .* give its number, x.data"),
    "a Fraction": (itself, [Fraction(1, 2)], "x holds .*, a Fraction, .* give floats"),
    "a complex number": (itself, [1j], "x holds 1j, a complex, .* give floats"),
    "an array of objects": (itself, [np.array([1.0], object)], "x is an array of object; make it"),
    "an array of strings": (itself, [np.array(["a"])], "x is an array of <U1; make it"),
    "a range": (itself, [range(3)], r"x holds range\(0, 3\), a range"),
    "what may change": (product, [1.0, Changing(2)], r"y holds Changing\(.*\), which may change; make it"),
    "nothing returned": (lambda x: None, [1.0], "returned None; let it return a number.*a return missing"),
    "a string returned": (lambda x: "a", [1.0], "returned 'a'; let it return a number"),
    "a set returned": (lambda x: {x}, [1.0], "the result has the set"),
    "a branch": (lambda x: x if x > 0 else -x, [1.0], "a branch .* would freeze .* choose with where"),
    "range(n)": (lambda x, n: [x for _ in range(n)], [1.0, 3], r"an index or range\(\) would freeze"),
    "math.exp": (lambda x: math.exp(x), [1.0], r"float\(\) would freeze .* use autograd's functions"),
    "x[i]": (lambda x, i: x[i], [[1.0, 2.0], 1], "an index .* index with take"),
    "an index of floats": (lambda x, i: take(x, i), [[1.0], 1.0], "take has the index i, .* give whole"),
    "an index computed": (lambda x, i: take(x, i + 1), [[1.0], 0], "take has an index that is computed"),
    "an index too large": (lambda x, i: take(x, i), [[1.0], 2], "the input i holds the index 2; there are 1"),
}
REFUSED_BATCHES = {  # a function, batch, its arguments, and what the error says
    "no axis": (product, True, [np.ones(3), 1.0], "y is 1.0, without a first axis of examples; give"),
    "no axes": (itself, True, [np.array(1.0)], r"x is array\(1.\), without a first axis of examples; give"),
    "unequal axes": (product, True, [np.ones(3), np.ones(4)], "y has 4 examples, .* before it 3"),
    "no examples": (itself, True, [np.ones(0)], "x has no examples; give one at least"),
    "an empty list": (itself, True, [[]], "x has no examples; give one at least"),
    "a ragged list": (
        sum,
        True,
        [[[1.0, 2.0], [3.0]]],
        r"holds a list .* \[\[·, ·\], \[·\]\]; make its rows",
    ),
    "a list of strings": (itself, True, [["a", "b"]], "x holds a list that is no array of numbers"),
    "a list of Values": (itself, True, [[Value(1.0)]], "x holds 1.0, a Value, .* give its number, x.data"),
    "too few flags": (product, (True,), [1.0, 2.0], "is for 1 arguments .* the call has 2"),
    "no flag": (itself, (False,), [1.0], r"batch=\(False,\) is neither True nor False"),
    "a number for a flag": (itself, 1, [1.0], "batch=1 is neither True nor False"),
    "a mask": (
        itself,
        True,
        [np.ma.array([1.0, 2.0], mask=[True, False])],
        "x is a masked array, whose mask",
    ),
}


@pytest.mark.parametrize("name", [*REFUSED, *REFUSED_BATCHES])
def test_what_is_refused_and_the_remedy(name):
    f, batch, args, message = REFUSED_BATCHES.get(name) or (REFUSED[name][0], False, *REFUSED[name][1:])
    with pytest.raises((TypeError, ValueError, IndexError), match=message) as caught:
        autograd.compile(f, batch=batch)(*args)
    assert "\n" not in str(caught.value)


def test_an_argument_given_twice_is_refused():
    with pytest.raises(TypeError, match=r"itself\(\) got x by its place and by its name"):
        autograd.compile(itself)(1.0, x=2.0)


class Model:
    def loss(self, x, weight):
        return x * weight


def test_a_method_names_its_arguments_without_self():
    f = autograd.compile(Model().loss)
    assert f(2.0, 3.0) == f(2.0, weight=3.0) == 6
    assert f.source.startswith("def loss(x, weight):")


# ── What it is for ──────────────────────────────────────────────────────────────────────────────────


def rosenbrock(x, a=1.0, b=100.0):
    pairs = pairwise(x)
    return autograd.sum([b * (q - p * p) ** 2 + (a - p) ** 2 for p, q in pairs])


@pytest.mark.parametrize("args", [(), (1.0, 10.0)])
def test_scipy_minimizes_with_the_compiled_gradient(args):
    optimize = pytest.importorskip("scipy.optimize")
    f = autograd.compile(value_and_grad(rosenbrock))
    found = optimize.minimize(f, np.zeros(5), args=args, jac=True, method="L-BFGS-B", tol=1e-12)
    np.testing.assert_allclose(found.x, np.ones(5), atol=1e-4)
    newton = optimize.minimize(
        f, np.zeros(5), args=args, jac=True, hess=autograd.compile(hessian_by_x), method="trust-exact"
    )
    np.testing.assert_allclose(newton.x, np.ones(5), atol=1e-4)


def hessian_by_x(x, *args):
    return hessian(lambda x: rosenbrock(x, *args))(x)


def test_newtons_method():
    x, slope, curvature = np.zeros(3), *map(autograd.compile, (grad(rosenbrock), hessian(rosenbrock)))
    for _ in range(50):
        x = x - np.linalg.solve(curvature(x), slope(x))
    np.testing.assert_allclose(x, np.ones(3), rtol=1e-12)


def test_derivatives_by_inputs_in_a_loss():
    """A network u(x) whose residual is u″ + u at every x: the derivative by an input, and by the weights."""
    w = [Value(0.3), Value(-0.2), Value(0.7)]

    def residual(x):
        u = lambda x: w[2] * tanh(w[0] * x + w[1])
        return (grad(grad(u))(x) + u(x)) ** 2

    program = autograd.compile(residual, w)
    X = np.array([0.1, 0.5, -1.0])
    value, gradient = program(program.parameters(), X)
    total = autograd.sum([residual(x) for x in X.tolist()]) / 3
    total.backward()
    assert value == pytest.approx(total.data, rel=1e-13)
    assert gradient.tolist() == pytest.approx([p.grad for p in w], rel=1e-12)


def test_a_hessian_vector_product_of_steep_rows_takes_one_sweep():
    """Its operations grow as the numbers do, not as their square."""

    def f(x):
        return autograd.sum([where(a > b, a * b, b) for a, b in pairwise(x)]) * sqrt(autograd.sum(x))

    sizes = []
    for size in (8, 16, 32):
        compiled = autograd.compile(lambda x, v: hvp(f, (x,), (v,)))
        x, v = [1.0 + i % 3 for i in range(size)], [0.5 - i % 2 for i in range(size)]
        assert compiled(x, v)[0] == pytest.approx(hvp(f, (x,), (v,))[0], rel=1e-13)
        sizes.append(compiled.nodes)
    assert sizes[2] < 5 * sizes[0]


@pytest.mark.parametrize("name", [*sorted(RESERVED), "step", "lambda", "x y", "µ"])
def test_an_argument_may_be_called_like_anything_in_the_source(name):
    """`n = len(n)` would be a wrong number without a word."""
    x, y = np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0])
    f = lambda x, **named: autograd.exp(x) * named[name]
    found = autograd.compile(f, batch=True)(x, **{name: y})
    np.testing.assert_allclose(found, np.exp(x) * y, rtol=1e-15)
    assert autograd.compile(f)(1.0, **{name: 2.0}) == pytest.approx(2 * np.e)
    slopes = autograd.compile(autograd.grad(lambda d: autograd.exp(d[name]) * d["x"]))({"x": 2.0, name: 1.0})
    assert slopes == pytest.approx({"x": np.e, name: 2 * np.e})


@pytest.mark.parametrize(
    "transform", [autograd.grad, lambda f: autograd.compile(autograd.grad(f)), autograd.hessian]
)
def test_within_a_transform_a_compiled_function_is_the_function_itself(transform):
    f = lambda x: autograd.exp(x) * x
    inner = autograd.compile(f)
    assert transform(lambda x: inner(x) * x)(0.5) == transform(lambda x: f(x) * x)(0.5)
    with pytest.raises(TypeError, match="which arrays of floats cannot hold"):
        transform(lambda x: autograd.compile(f, batch=True)([x]))(0.5)


def test_arrays_without_numbers():
    found = autograd.compile(lambda x: (x * 2, 1.0))(np.zeros((0, 3)))
    assert found[0].shape == (0, 3) and found[1] == 1.0
