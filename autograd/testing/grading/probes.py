"""What every engine is asked: small programs for each form of each operation, and for each habit.

In a tree nothing is used twice, so that the order of the backward pass cannot be seen in it.

    form    an operation, and where a number stands in it: `sub`, `sub:left` (2 − x), `sub:right` (x − 2)
    x, y    leaves      u   a value between      w   the factor behind the operation, or before it
    z       the root
"""

import math
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from functools import cache

from autograd import ops
from autograd.op import REAL, Interval
from autograd.testing.grading.engine import Engine
from autograd.testing.grading.program import Act, Failure, Program, Reading, run
from autograd.value import Value

OURS = Engine(Value)
OUT_OF_TABLE = {"sum": 2, "iadd": 2}
STEPS = ("mod", "floordiv", "fmod", "step", "sign", "floor", "ceil", "rint")  # no slope that could be wrong
VARYING = ("elu", "leaky_relu", "gelu", "stop_gradient")  # others have other defaults, and other formulas
LEFT, RIGHT = ":left", ":right"
WITH_NUMBERS = ("add", "sub", "mul", "div", "power")
FIRST = ("mul", "add", "neg", "mul:right", "mul:left", "add:right", "add:left", "power:right")
EXPONENTS = {"power:right": (3, 2, -1), "power:left": (2.0, 0.7)}
SHOWN = {
    "add": "x + y", "mul": "x * y", "neg": "-x", "sub": "x - y", "div": "x / y", "power": "x ** y",
    "absolute": "abs(x)", "sum": "sum([x, y])", "iadd": "x += y",
}  # fmt: skip


@cache
def arities() -> Mapping[str, int]:
    """The operations that are asked for, and their numbers of arguments: rows of the table of one or two."""
    found = {
        name: op.arity
        for name, op in ops.TABLE.items()
        if op.name == name and name in ops.__all__ and op.arity in (1, 2) and not op.parameters
        if name not in STEPS + VARYING
    }
    first = [name for name in SHOWN if name in found]
    return {**{name: found[name] for name in first}, **OUT_OF_TABLE, **found}


def listed(names: Collection[str]) -> list[str]:
    """The forms of some operations, as a reader looks for them: each with what it does to numbers."""
    sides = {
        name: ("", RIGHT, LEFT) if name in WITH_NUMBERS else ("",) for name in arities() if name in names
    }
    return [name + side for name in sides for side in sides[name]]


def forms(names: Collection[str]) -> list[str]:
    """The same forms, what others are made of first."""
    return sorted(listed(names), key=lambda form: FIRST.index(form) if form in FIRST else len(FIRST))


def shown(form: str) -> str:
    """A form as people write it: `2 - x`, `tanh(x)`."""
    name, _, side = form.partition(":")
    text = SHOWN.get(name) or f"{name}({'x, y'[: 3 * arities()[name] - 2]})"
    if side:
        number = "3" if form == "power:right" else "2"
        text = text.replace("y", number) if side == "right" else text.replace("x", number).replace("y", "x")
    return text


# ── Points ──────────────────────────────────────────────────────────────────────────────────────────


def points(domain: Interval) -> tuple[float, float]:
    """Two numbers well inside a domain, neither of them special."""
    low, high, _ = domain
    if low > -math.inf and high < math.inf:
        return round(low + 0.65 * (high - low), 2), round(low + 0.2 * (high - low), 2)
    if low > -math.inf:
        return low + 0.7, low + 2.5
    return (high - 0.7, high - 1.9) if high < math.inf else (0.7, -1.3)


def domains(name: str) -> list[Interval]:
    """The domain of each argument; a base is positive, as its power may be any number."""
    row = ops.TABLE.get(name, ops.add)
    return list(row.domain) or [REAL] * (row.arity or 2)


# ── Trees ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Probe:
    """A program, and what is right: by our own engine, or by `allows` where more than one answer is right.

    tag   what it is about: "" for a tree or a graph, else `far`, `outside`, `kink`, `tie`
    """

    program: Program
    tag: str = ""
    right: list[Reading] = field(init=False)

    def __post_init__(self) -> None:
        self.right = Context().run(run, self.program, OURS)  # whatever no_grad or scope is around

    @property
    def is_defined(self) -> bool:
        """Whether all that is right is a finite number."""
        return all(isinstance(x, float) and math.isfinite(x) for x in self.right)

    @property
    def inputs(self) -> tuple[float, ...]:
        """The numbers of the leaves."""
        return tuple(act[2] for act in self.program if act[0] == "leaf")

    def allows(self, found: Sequence[Reading], precision: float) -> bool:
        """Whether these readings are right."""
        if self.tag == "outside":
            return all(isinstance(x, Failure) or x != x for x in found[:1])
        if self.tag == "kink":
            low, high = KINKS[self.program[1][2]]
            return isinstance(found[0], float) and low <= found[0] <= high
        if self.tag == "tie":
            slopes = [x for x in found if isinstance(x, float)]
            return len(slopes) == 2 and min(slopes) >= 0 and agree(sum(slopes), 1.0, precision)
        return all(map(agree, found, self.right, [precision] * len(found)))


KINKS = {"relu": (0.0, 1.0), "absolute": (-1.0, 1.0)}
TIES = ("maximum", "minimum")
FAR = 1000.0
LARGEST = 3.4e38  # in single precision


def agree(found: Reading, right: Reading, precision: float) -> bool:
    """Whether two readings are the same number but for rounding, or the same kind of failure."""
    if isinstance(right, Failure) or isinstance(found, Failure):
        return isinstance(right, Failure) and isinstance(found, Failure) and found.kind == right.kind
    if right is None:
        return True  # it cannot be seen
    if found is None:
        return right == 0
    if abs(right) > LARGEST and precision > 1e-4 and math.isinf(found):
        return found * right > 0
    if math.isinf(right) or right != right:
        return found == right or (found != found and right != right)
    return abs(found - right) <= precision * (1 + abs(right))


@cache
def trees(form: str) -> Sequence[Probe]:
    """The probes of one form of an operation, the smallest first."""
    return [probe for probe in map(Probe, _trees(form)) if probe.is_defined] + _edges(form)


def _trees(form: str) -> Iterator[list[Act]]:
    """An operation alone at two points, with a product behind it, one before each argument, and twice."""
    name, _, side = form.partition(":")
    if form == "iadd":
        acts = [("leaf", "x", 0.7), ("leaf", "y", -1.3), ("same", "z", "x"), ("op", "z", "iadd", ("z", "y"))]
        yield [*_differentiated(acts)[:-1], ("value", "x"), ("value", "z")]
        return
    places, numbers = _places(form), EXPONENTS.get(form, (2.5, -1.5))
    names = ["x", "y"][: len(places[0])]
    leaves = _leaves(names, places[0])

    def call(result: str, *args: str, number: float = numbers[0]) -> Act:
        given = (number, *args) if side == "left" else (*args, number) if side else args
        return "op", result, name, given

    for place, number in zip(places, numbers, strict=False):
        yield [*_differentiated([*_leaves(names, place), call("z", *names, number=number)]), ("value", "x")]
    yield _differentiated([*leaves, ("leaf", "w", -2.0), call("u", *names), ("op", "z", "mul", ("u", "w"))])
    for i, moved in enumerate(names):
        joint, x = ("add", places[0][i] - 1.25) if name == "mul" else ("mul", places[0][i] / 1.25)
        before = [*leaves[:i], ("leaf", moved, round(x, 4)), *leaves[i + 1 :], ("leaf", "w", 1.25)]
        args = ["u" if each == moved else each for each in names]
        yield _differentiated([*before, ("op", "u", joint, (moved, "w")), call("z", *args)])
    if not side:
        others = ["w"][: len(names) - 1]
        w = _leaves(others, [round(0.8 * places[0][-1], 4)])  # equal to neither argument
        yield _differentiated([*leaves, *w, call("u", *names), call("z", "u", *others)])


def _places(form: str) -> Sequence[tuple[float, ...]]:
    """Where a form is asked for: points of its arguments that are no numbers."""
    name, _, side = form.partition(":")
    first, *second = map(points, domains(name))
    if form == "power:right":
        return [(0.7,), (-1.3,), (2.5,)]
    if side or not second:
        return [(x,) for x in (second[0][::-1] if side == "left" else first)]
    return [(first[0], second[0][1]), (first[1], second[0][0])]


def _leaves(names: Sequence[str], numbers: Sequence[float]) -> list[Act]:
    return [("leaf", name, x) for name, x in zip(names, numbers, strict=False)]


def _differentiated(acts: Sequence[Act]) -> list[Act]:
    """Acts that end in z, a backward pass from it, and what there is to read."""
    return [*acts, ("backward", "z"), *gradients(acts), ("value", "z")]


def _edges(form: str) -> list[Probe]:
    """Far out, outside the domain, at kinks and ties, where the operation has them."""
    if ":" in form or form in OUT_OF_TABLE:
        return []
    row, found = ops.TABLE[form], []
    if form in KINKS:
        found.append(Probe(_at(form, 0.0), "kink"))
    if form in TIES:
        found.append(Probe(_at(form, 1.5, 1.5)[:-1], "tie"))
    if row.arity == 1 and not row.domain:
        far = [Probe(_at(form, place), "far") for place in (FAR, -FAR)]
        found += [probe for probe in far if probe.is_defined]
    if row.arity == 1 and row.domain and -math.inf < row.domain[0].low:
        outside = [("leaf", "x", row.domain[0].low - 0.5), ("op", "z", form, ("x",)), ("value", "z")]
        found += [probe for probe in [Probe(outside, "outside")] if not probe.is_defined]
    return found


def _at(form: str, *place: float) -> list[Act]:
    leaves = _leaves(["x", "y"], place)
    return _differentiated([*leaves, ("op", "z", form, tuple(leaf[1] for leaf in leaves))])


# ── Habits ──────────────────────────────────────────────────────────────────────────────────────────

NUMBERS = {"a": 0.7, "b": -1.3, "c": 2.5}  # of leaves


def made(text: str, numbers: Mapping[str, float] = NUMBERS) -> list[Act]:
    """The leaves and operations of a text such as `t = a * b, z = t + t`."""
    lines = [line.split() for line in text.split(", ")]
    leaves = [name for name in numbers if any(name in line for line in lines)]
    acts: list[Act] = [("leaf", name, numbers[name]) for name in leaves]
    for name, _, first, sign, second in lines:
        acts.append(("op", name, {"+": "add", "*": "mul"}[sign], (first, second)))
    return acts


def graph(text: str, numbers: Mapping[str, float] = NUMBERS) -> list[Act]:
    """A program of sums and products, with a backward pass from the last and all that there is to read.

    >>> graph("z = a + a")
    [('leaf', 'a', 0.7), ('op', 'z', 'add', ('a', 'a')), ('backward', 'z'), ('gradient', 'a'), ('value', 'z')]
    """
    acts = made(text, numbers)
    root = acts[-1][1]
    return [*acts, ("backward", root), *gradients(acts), ("value", root)]


def gradients(acts: Sequence[Act]) -> list[Act]:
    """Readings of the gradients of all leaves."""
    return [("gradient", act[1]) for act in acts if act[0] == "leaf"]


def passes(text: str, *then: Act) -> list[Act]:
    """A program with several passes, and the gradients of its leaves after them."""
    acts = made(text)
    return [*acts, *then, *gradients(acts)]


Z, T, S = ("backward", "z"), ("backward", "t"), ("backward", "s")

GRAPHS: Mapping[str, Sequence[Program]] = {
    "a value used twice": [
        graph("z = a + a"),
        graph("z = a * a"),
        graph("t = a * b, z = t + t"),
        graph("t = a + b, z = t * t"),
        graph("t = a * b, z = t + a"),
        graph("t = a + b, s = t * t, z = s * s"),
    ],
    "the order of the backward pass": [
        graph("t = a * b, u = t * c, z = u + t"),
        graph("t = a * b, u = t * c, z = t + u"),
        graph("t = a + b, u = t * a, v = u * b, z = t * v"),
        graph("t = a + b, u = t * a, v = u * b, z = v * t"),
        graph("t = a * b, u = t + a, v = u * t, w = v + u, z = w * v"),
        graph("t = a * b, u = a + t, v = t * u, w = u + v, z = v * w"),
    ],
    "equal numbers in different places": [
        graph("t = a * b, u = a + b, z = t * u", {"a": 2.0, "b": 2.0}),
        graph("t = a * c, u = b * c, z = t + u", {"a": 1.5, "b": 1.5, "c": 2.5}),
    ],
}

SESSIONS: Mapping[str, Sequence[Program]] = {
    "two backward passes": [passes("z = a * b", Z, Z), passes("t = a * b, z = t * c", Z, Z)],
    "two losses": [
        passes("t = a * b, s = a + c", T, S),
        passes("t = a * b, z = t * c, s = t + a", Z, S),
        passes("t = a * b, z = t * c", Z, T),
    ],
    "gradients set to zero": [passes("t = a * b, z = t * c", Z, ("zero", "a", "b", "c", "t", "z"), Z)],
}

BETWEEN, CHANGED = "gradients of values between", "a number changed between the passes"
CHAIN, MEMORY = "a chain of 5,000 operations", "memory is given back"
AB = made("t = a * b")

HABITS: dict[str, Sequence[Program]] = {
    "a leaf as the root": [[AB[0], ("backward", "a"), ("gradient", "a"), ("value", "a")]],
    "a leaf that is not reached": [[*AB, ("leaf", "c", 2.5), T, *gradients(AB), ("gradient", "c")]],
    BETWEEN: [[*made("t = a * b, z = t * c"), Z, ("gradient", "t"), ("gradient", "z"), ("value", "t")]],
    "numbers as they are": [
        [("leaf", "a", 0.5), ("value", "a")],
        graph("z = a * b", {"a": 2, "b": 3}),
    ],
    CHANGED: [[*AB, ("set", "a", 5.0), T, *gradients(AB)]],
    MEMORY: [[*AB, T, ("drop", "t"), ("freed", "t")]],
}
if sys.platform != "emscripten":  # where the stack is too small to free so long a chain
    HABITS[CHAIN] = [
        [*AB[:2], ("same", "z", "a"), ("chain", "z", "add", ("z", "b"), 5000), Z, *gradients(AB)]
    ]


@cache
def habits() -> Mapping[str, Sequence[Probe]]:
    """The probes of all habits: graphs, sessions, and the others."""
    return {name: [*map(Probe, programs)] for name, programs in {**GRAPHS, **SESSIONS, **HABITS}.items()}
