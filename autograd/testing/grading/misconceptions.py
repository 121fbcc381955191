"""The catalogue: what people get wrong in an engine, as habits and rules of the model, and in words.

Each has a name, which is the same in every report and stands for all that gives the same numbers.

    x, y, z   an operation's arguments and its result        u   the gradient that has arrived at the result
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import cos, exp, sin
from typing import Any, NamedTuple

from autograd import ops
from autograd.testing.grading.model import Contributions, Model, Rule, is_number, right


class Misconception(NamedTuple):
    """What an engine's pass does wrong: the habits that show it, in one of several ways, and the words."""

    ways: Sequence[Mapping[str, Any]]
    text: str
    convention: bool = False  # others do it too, knowingly


# ── The pass ────────────────────────────────────────────────────────────────────────────────────────


def _ways(**habits: Any) -> list[dict[str, Any]]:
    """Habits with the children of a node once, as in a set, and as often as they are used, as in a list."""
    return [habits, {**habits, "children": "as often"}]


ENGINES = {
    "assigns": Misconception([{"store": "assigns"}], "gradients are set with = where += must add them up"),
    "adds-twice": Misconception(
        [{"store": "twice"}, {"order": "the root twice"}], "contributions are added twice"
    ),
    "not-reversed": Misconception(
        [{"order": "arguments first"}],
        "nodes hand their gradients on before these have arrived: the sorted nodes must be reversed, "
        "or `_backward` called after the sort, not while it goes on",
    ),
    "no-visited": Misconception(
        _ways(order="every path"),
        "a node is visited once for every path to it, and hands on each time all that has arrived: "
        "`visited` is missing, or is new in every call",
    ),
    "queue-no-visited": Misconception(
        _ways(order="every path, level by level"),
        "a node is queued once for every path to it, and hands on each time all that has arrived",
    ),
    "preorder": Misconception(
        [{"order": "depth first"}],
        "a node hands its gradient on as soon as the search reaches it, before all of it has arrived: "
        "sort topologically, each node after all that use it",
    ),
    "queue-visited": Misconception(
        [{"order": "level by level"}],
        "nodes are visited level by level, some before all of their gradient has arrived: sort topologically",
    ),
    "stack-visited": Misconception(
        [{"order": "from a stack"}],
        "nodes are visited from a stack, some before all of their gradient has arrived: sort topologically",
    ),
    "root-alone": Misconception(
        [{"order": "the root alone"}], "only the root hands its gradient on: visit all nodes below it"
    ),
    "no-pass": Misconception(
        [{"order": "nothing"}],
        "nothing is handed on from the root: its `_backward` is not called, or it knows no arguments",
    ),
    "eq-by-value": Misconception(
        [{"visited": "equal"}],
        "nodes with equal numbers count as one: `__eq__` compares data, so `in visited` confuses them; "
        "compare by identity",
    ),
    "seed-missing": Misconception([{"seed": "none"}], "the root's own gradient is never set to 1"),
    "seed-data": Misconception([{"seed": "data"}], "the pass begins with the root's number in place of 1"),
    "int-data": Misconception([{"number": int}], "numbers are cut to whole ones: int(data)"),
}

SESSIONS = {  # what several passes show
    "intermediates-not-reset": Misconception(
        [{"session": "kept"}],
        "a second pass through the same nodes counts what the first left between again "
        "(micrograd's does too)",
        convention=True,
    ),
    "resets": Misconception(
        [{"session": "resets"}],
        "a pass first sets all gradients below it to 0, so that passes do not add up",
        convention=True,
    ),
    "cleared": Misconception(
        [{"session": "cleared"}, {"session": "forgotten"}],
        "a node hands its gradient on only once: its `_backward` is gone after the first pass",
    ),
    "seed-adds": Misconception(
        [{"session": "kept", "seed": "adds"}],
        "the root's gradient is added to (+= 1), where it must be set to 1",
    ),
    "seed-if-zero": Misconception(
        [{"session": "kept", "seed": "if zero"}],
        "the root's gradient is set to 1 only if it is 0, so that an older one is handed on",
    ),
}


# ── Operations ──────────────────────────────────────────────────────────────────────────────────────


class Candidate(NamedTuple):
    """A rule with which an operation may have been written; a right one has no name."""

    name: str
    text: str
    rule: Rule


def log(x: float) -> float:
    """The logarithm, nan where there is none: a power of a negative number has no slope by its exponent."""
    return math.log(x) if x > 0 else math.nan


# fmt: off
SPECIFIC: Mapping[str, Sequence[tuple[str, str, Callable[..., Any]]]] = {  # what x gets, or what x and y get
"add": [
    ("add-mul-exchanged", "it has the backward of x * y",           lambda x, y, z, u: (u * y, u * x)),
], "mul": [
    ("add-mul-exchanged", "it has the backward of x + y",           lambda x, y, z, u: (u, u)),
    ("mul-self",          "x gets no factor y",                     lambda x, y, z, u: (u, x * u)),
    ("mul-out",           "the factor is out.data",                 lambda x, y, z, u: (z * u, z * u)),
], "sub": [
    ("sub-plus",          "y gets +1 in place of −1",               lambda x, y, z, u: (u, u)),
    ("sub-minus-on-x",    "the minus is on x",                      lambda x, y, z, u: (-u, u)),
    ("sub-minus-on-x",    "the minus is on x too",                  lambda x, y, z, u: (-u, -u)),
], "div": [
    ("div-no-square",     "y gets −x/y: it must be −x/y²",          lambda x, y, z, u: (u / y, -x / y * u)),
    ("div-no-square",     "y gets x/y: it must be −x/y²",           lambda x, y, z, u: (u / y, x / y * u)),
    ("div-sign",          "y gets x/y²: the minus is missing",      lambda x, y, z, u: (u / y, x / y**2 * u)),
    ("div-no-numerator",  "y gets −1/y²: the x is missing",         lambda x, y, z, u: (u / y, -u / y**2)),
    ("div-as-mul",        "it has the backward of x * y",           lambda x, y, z, u: (u * y, u * x)),
    ("div-swapped",       "x and y are exchanged in gradients",   lambda x, y, z, u: (u / x, -y / x**2 * u)),
], "power": [
    ("pow-no-factor",     "x gets x^(y − 1): the factor y is missing",
        lambda x, y, z, u: (x ** (y - 1) * u, z * log(x) * u)),
    ("pow-same-exponent", "x gets y·x^y: the exponent must be y − 1",
        lambda x, y, z, u: (y * z * u, z * log(x) * u)),
    ("pow-exponent-off",  "x gets y·x^(y + 1): the exponent must be y − 1",
        lambda x, y, z, u: (y * x ** (y + 1) * u, z * log(x) * u)),
    ("pow-exponent-off",  "x gets (y − 1)·x^(y − 1): the factor must be y",
        lambda x, y, z, u: ((y - 1) * x ** (y - 1) * u, z * log(x) * u)),
    ("pow-exponent-off",  "x gets (y − 1)·x^(y − 2): it must be y·x^(y − 1)",
        lambda x, y, z, u: ((y - 1) * x ** (y - 2) * u, z * log(x) * u)),
    ("pow-swapped",       "base and exponent are exchanged in the gradients",
        lambda x, y, z, u: (x * y ** (x - 1) * u, z * log(y) * u)),
    ("pow-log-missing",   "y gets x^y: the factor log(x) is missing",
        lambda x, y, z, u: (y * x ** (y - 1) * u, z * u)),
    ("pow-log-of-y",      "y gets x^y·log(y): it must be x^y·log(x)",
        lambda x, y, z, u: (y * x ** (y - 1) * u, z * log(y) * u)),
    ("pow-log-in-base",   "x gets x^y·log(x), which is what y must get",
        lambda x, y, z, u: (z * log(x) * u, z * log(x) * u)),
], "exp": [
    ("exp-self",   "the slope is self.data: it must be out.data",         lambda x, z, u: x * u),
    ("exp-power",  "the slope is x·exp(x − 1), as of a power",            lambda x, z, u: x * exp(x - 1) * u),
], "log": [
    ("log-of-out", "the slope is 1/out.data: it must be 1/self.data",       lambda x, z, u: u / z),
    ("log-log",    "the slope is log(x): it must be 1/x",                   lambda x, z, u: z * u),
    ("log-x",      "the slope is x: it must be 1/x",                        lambda x, z, u: x * u),
], "tanh": [
    ("tanh-input", "1 − self.data², where 1 − out.data² is needed",         lambda x, z, u: (1 - x**2) * u),
    ("tanh-plus",  "1 + out.data², where 1 − out.data² is needed",          lambda x, z, u: (1 + z**2) * u),
    ("tanh-no-square", "1 − out.data, where 1 − out.data² is needed",       lambda x, z, u: (1 - z) * u),
    ("tanh-out-grad",  "1 − out.grad², where 1 − out.data² is needed",      lambda x, z, u: (1 - u**2) * u),
    ("tanh-out-grad",  "1 − out.grad², where (1 − out.data²)·out.grad is",  lambda x, z, u: 1 - u**2),
], "sigmoid": [
    ("sigmoid-input",   "x(1 − x) of self.data: it must be s(1 − s) of out.data",
        lambda x, z, u: x * (1 - x) * u),
    ("sigmoid-plus",    "s(1 + s), where s(1 − s) is needed",               lambda x, z, u: z * (1 + z) * u),
    ("sigmoid-half",    "1 − s, where s(1 − s) is needed",                  lambda x, z, u: (1 - z) * u),
    ("sigmoid-half",    "s, where s(1 − s) is needed",                      lambda x, z, u: z * u),
    ("sigmoid-as-tanh", "1 − s², which is tanh's",                          lambda x, z, u: (1 - z**2) * u),
], "relu": [
    ("relu-everywhere",     "the gradient passes below 0 too",              lambda x, z, u: u),
    ("relu-out-mask-wrong", "the gradient passes where out.grad is positive: ask out.data",
        lambda x, z, u: (u > 0) * u),
    ("relu-mask-flipped",   "the gradient passes where x is negative",      lambda x, z, u: (x < 0) * u),
    ("relu-times-x",        "the slope is x: it must be 1",                 lambda x, z, u: z * u),
], "softplus": [
    ("softplus-masked", "masked as relu's: the slope is sigmoid(x)",        lambda x, z, u: (z > 0) * u),
], "sin": [
    ("sin-cos-sign", "the slope is −cos(x): it must be cos(x)",             lambda x, z, u: -cos(x) * u),
    ("sin-of-out",   "the slope is sin(x): it must be cos(x)",              lambda x, z, u: z * u),
], "cos": [
    ("sin-cos-sign", "the slope is sin(x): it must be −sin(x)",             lambda x, z, u: sin(x) * u),
    ("cos-of-out",   "the slope is cos(x): it must be −sin(x)",             lambda x, z, u: z * u),
], "sqrt": [
    ("sqrt-half", "the slope is √x/2: it must be 1/(2√x)",                  lambda x, z, u: 0.5 * z * u),
    ("sqrt-half", "the slope is 1/√x: it must be 1/(2√x)",                  lambda x, z, u: u / z),
    ("sqrt-half", "the slope is 2√x: it must be 1/(2√x)",                   lambda x, z, u: 2 * z * u),
    ("sqrt-half", "the slope is 1/(2x): it must be 1/(2√x)",                lambda x, z, u: u / (2 * x)),
], "absolute": [
    ("abs-sign-missing", "the slope is 1 below 0 too",                      lambda x, z, u: u),
], "maximum": [
    ("max-both", "both arguments get the gradient",                         lambda x, y, z, u: (u, u)),
], "minimum": [
    ("max-both", "both arguments get the gradient",                         lambda x, y, z, u: (u, u)),
]}
# fmt: on


def _negative(m: Model, y: Any) -> Any:
    return -y if is_number(y) else m.apply("neg", (y,))


def _inverse(m: Model, y: Any) -> Any:
    return y**-1 if is_number(y) else m.apply("power", (y, -1))


def _logistic(m: Model, x: Any) -> Any:
    return m.apply("div", (1.0, m.apply("add", (1.0, m.apply("exp", (_negative(m, x),))))))


def _tanh(m: Model, x: Any) -> Any:
    e = m.apply("exp", (m.apply("mul", (x, 2.0)),))
    return m.apply("div", (m.apply("sub", (e, 1.0)), m.apply("add", (e, 1.0))))


def _in_place(m: Model, x: Any, y: Any) -> Any:
    x.data += y.data
    return x


COMPOSED: Mapping[
    str, Sequence[Callable[..., Any]]
] = {  # operations that are made of others, with their faults
    "neg": [lambda m, x: m.apply("mul", (x, -1.0))],
    "sub": [
        lambda m, x, y: m.apply("add", (x, _negative(m, y))),
        lambda m, x, y: m.apply("add", (x, m.apply("mul", (y, -1.0)))),
    ],
    "sub:left": [
        lambda m, x, y: m.apply("add", (m.apply("neg", (y,)), x)),
        lambda m, x, y: m.apply("neg", (m.apply("sub", (y, x)),)),
    ],
    "div": [lambda m, x, y: m.apply("mul", (x, _inverse(m, y)))],
    "sigmoid": [_logistic],
    "tanh": [_tanh],
    "sqrt": [lambda m, x: m.apply("power", (x, 0.5))],
    "square": [lambda m, x: m.apply("mul", (x, x)), lambda m, x: m.apply("power", (x, 2))],
    "reciprocal": [_inverse],
    "sum": [lambda m, x, y: m.apply("add", (m.apply("add", (0, x)), y))],
    "iadd": [lambda m, x, y: m.apply("add", (x, y))],
}
REFLECTED = {  # where x is the number
    "sub": ("rsub-is-sub", "__rsub__ computes y - x in place of x - y"),
    "div": ("rtruediv-is-div", "__rtruediv__ computes y / x in place of x / y"),
    "power": ("rpow-is-pow", "__rpow__ computes y ** x in place of x ** y"),
}
SIGNS = {"sin": "sin-cos-sign", "cos": "sin-cos-sign", "div": "div-sign"}  # names of what is known by another
EXCHANGED = {"maximum": "max-swapped", "minimum": "max-swapped", "power": "pow-swapped"}


def candidates(form: str) -> Iterator[Candidate]:
    """The ways in which a form may have been written: made of others, then wrong, what is frequent first."""
    name, _, side = form.partition(":")
    for compose in (*COMPOSED.get(form, ()), *(COMPOSED.get(name, ()) if side else ())):
        yield Candidate("", "", Rule(compose=compose))
    if name == "iadd":
        text = "x += y changes x itself, and with it all that x is used in"
        yield Candidate("iadd-in-place", text, Rule(compose=_in_place))
    if name in ("sum", "iadd"):
        return
    rule = right(name)
    if side == "left" and name in REFLECTED:
        yield Candidate(*REFLECTED[name], Rule(compose=lambda m, x, y: m.apply(name, (y, x))))
    for called, text, slopes in SPECIFIC.get(name, ()):
        yield Candidate(called, text, replace(rule, contributions=_given(slopes)))
    yield from _of_any(name, rule)


def _given(slopes: Callable[..., Any]) -> Contributions:
    """What a function of x, y, z and u gives, as contributions."""

    def contributions(xs: Sequence[float], z: float, u: float) -> Sequence[float]:
        found = slopes(*xs, z, u)
        return found if isinstance(found, tuple) else (found,)

    return contributions


def _of_any(name: str, rule: Rule) -> Iterator[Candidate]:
    """What can be wrong in the backward of any operation."""
    of = rule.contributions

    def wrong(called: str, text: str, contributions: Contributions) -> Candidate:
        return Candidate(called, text, replace(rule, contributions=contributions))

    yield wrong(
        "no-upstream", "the local derivative is not multiplied by out.grad", lambda xs, z, u: of(xs, z, 1.0)
    )
    yield Candidate(
        "self-backward",
        "`self._backward =` stands where `out._backward =` is needed",
        replace(rule, owner="self"),
    )
    yield Candidate(
        "no-children",
        "its result does not know its arguments: give it (self, other) as children",
        replace(rule, children="none"),
    )
    yield wrong(
        "no-backward",
        "no gradient flows through it: its result has no `_backward`, or does not know its arguments",
        lambda xs, z, u: [None] * len(xs),
    )
    yield wrong(
        SIGNS.get(name, "sign"), "the gradient has the wrong sign", lambda xs, z, u: _times(-1, of(xs, z, u))
    )
    yield wrong("twice", "the gradient is twice what it should be", lambda xs, z, u: _times(2, of(xs, z, u)))
    if ops.TABLE[name].arity == 1:
        yield wrong(
            "local-missing", "out.grad is handed on without the local derivative", lambda xs, z, u: [u]
        )
        return
    yield wrong(
        "both-to-self", "both gradients are added to self", lambda xs, z, u: [_total(of(xs, z, u)), None]
    )
    yield wrong(
        "second-missing",
        "the second argument gets no gradient",
        lambda xs, z, u: [of(xs, z, u)[0], None],
    )
    yield wrong(
        "first-missing", "the first argument gets no gradient", lambda xs, z, u: [None, of(xs, z, u)[1]]
    )
    yield wrong(
        EXCHANGED.get(name, f"{name}-swapped"),
        "each argument gets the other's gradient",
        lambda xs, z, u: of(xs, z, u)[::-1],
    )


def _times(factor: float, contributions: Sequence[float | None]) -> list[float | None]:
    return [None if found is None else factor * found for found in contributions]


def _total(contributions: Sequence[float | None]) -> float:
    return sum(found or 0.0 for found in contributions)
