"""compile(f) is f, and compile(T(f)) is T(f) for every transform T, whatever the arguments hold.

What is right is computed by the eager engine on Values: there every number of a result is a graph, and how
far two engines' roundings may move it is derived from that (`laws.rounding`), not chosen.

    tree      a number, or a list, tuple, dict or array of trees (see autograd.trees)
    layout    a tree whose numbers do not matter
    flags     which arguments have an axis of examples
"""

from collections import OrderedDict, defaultdict
from copy import deepcopy
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, dot, grad, hessian, hvp, jacobian, jvp, taylor, value_and_grad, vjp
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
        else:
            flags = [True] * (len(case.args) + len(case.named))
        shifts = data.draw(st.permutations([i / 100 for i in range(n)]))
        trees = [*case.args, *case.named.values()]
        examples = [[moved(tree, by * flag) for tree, flag in zip(trees, flags)] for by in shifts]
        columns = [stacked([*c]) if flag else c[0] for c, flag in zip(zip(*examples), flags)]
        given, k = deepcopy(columns), len(case.args)
        f = TRANSFORMS[transform](case)
        compiled = autograd.compile(f, batch=True if all(flags) else flags)
        got = compiled(*columns[:k], **dict(zip(case.named, columns[k:])))
        dtype = dtype_of([x for x in columns if type(x) is not list])
        for i, args in enumerate(examples):
            agrees_at(got, eager(f, args[:k], dict(zip(case.named, args[k:]))), i, n, dtype)
        np.testing.assert_equal(columns, given)
        again = compiled(*columns[:k], **dict(zip(case.named, columns[k:])))
        np.testing.assert_equal(got, again)
        assert apart(got, again, columns)

    agree()
