"""check_gradient: is a derivative that was written by hand the derivative of a function?

The function is called with plain numbers and arrays of the user's library, one number moved at a time. What
it does there says its slope by that number, with a bound on the error: exactly, where it computes with
Fractions; to the last digits by the complex step, where it takes complex numbers and extrapolated differences
agree; else by these alone. The derivative is asked for u·J·v, J being the Jacobian, and must say the same.

    J   the Jacobian: Jⱼᵢ = ∂fⱼ/∂xᵢ
    u   a result fⱼ, or a weight for each of them      v   an entry xᵢ of the arguments, or a weight for each
"""

import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from numbers import Number
from typing import Any, NamedTuple

from autograd.op import FAILURES, is_complex
from autograd.testing.bounds import SEEN, Bounded, number
from autograd.testing.checks import Findings, parameter_names, warn_of_zero, weaker
from autograd.testing.digits import REFUSALS
from autograd.testing.faults import GradientError, factor
from autograd.testing.libraries import (
    Leaf,
    Point,
    Weights,
    dot,
    flat,
    indexed,
    mapped,
    read,
    shape_of,
    size_of,
    weighted,
)
from autograd.testing.oracles import (
    Dual,
    Estimate,
    both_sides,
    differences,
    epsilon,
    exactly,
    lift,
    plain,
    stepped,
)
from autograd.trees import matching, parts, structure

Function = Callable[..., Any]
Table = Callable[[Sequence[Weights], Sequence[Weights]], list[list[Any]]]  # of u·J·v, a row for each u

ROUNDING = 32  # last places that a right derivative may be off by
STEEP = 1024  # and of the steepest slope on the way to 0, which a difference such as p − 1 rounds with
DIRECTIONS = 4  # along which all entries are looked at together, where they are too many
SHOWN = 5  # notes of a report that is printed
MARGIN = 2  # on Ridders' bound, which is an estimate: of 2,400 points one was off by 1.2 of it
ALIKE = 2**6  # the part of a slope to which differences must know it before they vouch for the complex step


@dataclass
class GradientReport(Findings):
    """What `check_gradient` compared, and how well it fitted.

    kind        "gradient", "jacobian", "jvp" or "vjp"
    oracle      the weakest of the oracles that the entries needed
    entries     how many entries were compared, of how many: those of the Jacobian; where they are too
                many, those of a gradient, f's results being weighted
    directions  along how many random directions all entries were compared together
    error       the largest difference between an entry and its oracle, and the tolerance there
    kinks       where the function has a kink: anything between the two one-sided slopes was accepted
    coarse      entries compared to less than seven digits: a wrong factor near 1 could not be seen
    unknown     entries that no oracle could find, and which were taken as they are
    """

    kind: str
    entries: int = 0
    of: int = 0
    directions: int = 0

    def __str__(self) -> str:
        some = f"{self.entries} of {self.of}" if self.entries < self.of else f"{self.of}"
        text = f"{some} entr{'y' if self.of == 1 else 'ies'}"
        if self.directions:
            text += f" and {self.directions} random direction{'s'[: self.directions != 1]}"
        text += f" of the {self.kind} {'is' if self.of == 1 else 'are'} right, by {self.oracle}; {self.fit()}"
        notes = self.notes()
        more = [f"{len(notes) - SHOWN} more such notes"] if len(notes) > SHOWN else []
        return "; ".join([text, *notes[:SHOWN], *more])


def check_gradient(
    f: Function,
    df: Function,
    *args: Any,
    kind: str = "gradient",
    entries: int = 256,
    seed: int = 0,
    allow_unknown: bool = False,
) -> GradientReport:
    """Compare a derivative that was written by hand with oracles that see nothing but f.

    f        takes and returns numbers, arrays of NumPy, PyTorch or JAX, or lists, tuples and dicts of them
    df       its derivative, which takes and returns the same (below)
    args     where to check: floats, ints, Fractions, arrays of floats, or lists, tuples and dicts of them
    kind     what df is (below)
    entries  up to how many entries of the Jacobian are compared one by one. Where it has more, the results
             are weighted, and a quarter as many entries drawn by `seed`, with four directions that move all
    allow_unknown  whether an entry that no oracle reaches is taken as it is, and only reported

    By kind, with f(x, w) → y:

    kind        called as            returns
    "gradient"  df(x, w)             (∂y/∂x, ∂y/∂w), y being one number, in the shapes of x and w
    "jacobian"  df(x, w)             the same in the shapes (*y.shape, *x.shape) and (*y.shape, *w.shape)
    "jvp"       df(x, w, dx, dw)     the tangent of y, in the shape of y; dx and dw have those of x and w
    "vjp"       df(x, w, dy)         the gradient of Σ dy·y, in the shapes of x and w; dy has that of y

    For one argument df returns one gradient, or a tuple that holds it; None stands for one that is 0. Where f
    returns a list, tuple or dict, df returns one that holds a Jacobian for each part. For the second order,
    check df in its turn: `check_gradient(df, hessian, x, kind="jacobian")`.

    Gives a report to print. Raises GradientError, naming the first wrong entry, what it should be and what
    the mistake looks like. Warns (VacuousCheckWarning) of arguments by which all derivatives are 0. Arrays of
    float32 are compared to their own precision, ints and Fractions exactly where f is rational.

    >>> check_gradient(lambda x, y: x * x / y, lambda x, y: (2 * x / y, -x * x / y**2), 3.0, 4.0).error
    0.0
    """
    check = _Check(f, df, args, kind, entries, random.Random(seed))
    check.compare(allow_unknown)
    if vacuous := check.vacuous():
        warn_of_zero(f"check_gradient: all derivatives by {', '.join(vacuous)} are")
    return check.report


# ── The check ───────────────────────────────────────────────────────────────────────────────────────


class _Entry(NamedTuple):
    """What the hand-written derivative and the oracle say of u·J·v."""

    u: Weights
    v: Weights
    got: Any
    want: Estimate
    tolerance: Any

    @property
    def unknown(self) -> bool:
        """Whether no oracle could find it."""
        return not abs(self.want.slope) + self.want.error < math.inf

    @property
    def zero(self) -> bool:
        """Whether it may be 0, so that no factor can be seen."""
        return not self.want.sides and bool(abs(self.want.slope) <= self.want.error)

    @property
    def relative(self) -> Any:
        """The tolerance, relative to the slope."""
        return self.tolerance / abs(self.want.slope)

    def allows(self, got: Any) -> bool:
        """Whether a number is right, as far as this one tells; at a kink: lies between both slopes."""
        low, high = sorted(self.want.sides or (self.want.slope, self.want.slope))
        return bool(low - self.tolerance <= got <= high + self.tolerance)


class _Check:
    """A function, a derivative of it, and the entries that are compared.

    point    where it is called        numbers  what it returns there
    outputs  (name, shape) of its parts   hand     what the derivative says: its table by u and v
    us, vs   which results and which entries are compared: each one with each other
    """

    def __init__(
        self,
        f: Function,
        df: Function,
        args: tuple[Any, ...],
        kind: str,
        entries: int,
        rng: random.Random,
    ) -> None:
        if kind not in ("gradient", "jacobian", "jvp", "vjp"):
            raise ValueError(f'check_gradient: kind is "gradient", "jacobian", "jvp" or "vjp", not {kind!r}')
        if not args:
            raise TypeError(
                "check_gradient: give the arguments at which to check: check_gradient(f, df, 1.5)"
            )
        self.f, self.random = f, rng
        names = parameter_names(f, len(args))
        self.point = Point(args, names)
        y, self.numbers = self.called()
        self.outputs = [(name, shape_of(x)) for name, x in parts(y, "f")]
        self.hand = _Hand(df, args, names, y)
        self.table: Table = getattr(self.hand, kind)
        m, n = len(self.numbers), self.point.size
        if kind == "gradient" and m != 1:
            raise TypeError(
                f"check_gradient: f returned {structure(mapped(read, y))}, and a gradient is of one number; "
                'say kind="jacobian", "jvp" or "vjp"'
            )
        self.report = GradientReport(kind=kind)
        self.us: list[Weights] = [*range(m)]
        self.vs: list[Weights] = [*range(n)]
        self.report.of = m * n
        if m * n > entries:
            self.us = [0] if m == 1 else [self.weights(m)]
            self.vs = [*self.sample(entries // 4), *(self.direction() for _ in range(DIRECTIONS))]
            self.report.of, self.report.directions = n, DIRECTIONS
        elif kind == "jvp":  # it may be right for unit vectors alone
            self.vs.append(self.direction())
        if kind == "vjp" and isinstance(self.us[-1], int):
            self.us.append(self.weights(m))
        self.found: list[_Entry] = []

    def called(self) -> tuple[Any, Any]:
        """What f returns at the point, and the numbers in it; an error where it is no function of them."""
        self.point.wide = False
        y = self.f(*self.point.here())
        numbers = flat(y)
        if not len(numbers) or any(map(is_complex, numbers)):
            raise TypeError(
                f"check_gradient: f returned {structure(mapped(read, y))}; it must return real numbers"
            )
        if not all(abs(x) < math.inf for x in numbers):
            raise ValueError("check_gradient: f gives inf or nan; check at another point")
        for before, after in zip(numbers, flat(self.f(*self.point.here())), strict=True):
            if before != after:
                raise GradientError(
                    f"f gives {number(before, 17)} and {number(after, 17)}, called twice at the same "
                    "arguments; fix its seed, or give it its random numbers as arguments"
                )
        self.point.wide = True
        with suppress(*FAILURES):
            return y, self.call(self.point.here)
        self.point.wide = False  # it takes no more digits than it was given
        return y, numbers

    def call(self, args: Callable[[], tuple[Any, ...]]) -> Any:
        """The numbers that f returns; ArithmeticError for whatever it may raise, away from the point."""
        try:
            with self.point.context():
                return flat(self.f(*args()))
        except Exception as error:
            raise ArithmeticError(f"f raised {type(error).__name__}") from error

    def weights(self, count: int) -> list[int]:
        """Weights that no wrong number hides from."""
        return [self.random.choice((-13, -11, -7, -5, -3, -2, 2, 3, 5, 7, 11, 13)) for _ in range(count)]

    def direction(self) -> Weights:
        """A direction that moves every number of the arguments, relative to its size."""
        sizes = (abs(x) or 1 for x in self.point.numbers())
        way = [w * size for w, size in zip(self.weights(self.point.size), sizes, strict=True)]
        return sys.modules["numpy"].array(way) if self.point.arrays else way

    def sample(self, count: int) -> list[int]:
        """Some of the entries, of each array and number at least one."""
        leaves = [leaf for leaf in self.point.leaves if leaf.size]
        chosen = {leaf.start + self.random.randrange(leaf.size) for leaf in leaves}
        more = self.random.sample(range(self.point.size), min(count, self.point.size))
        return sorted(chosen.union(more[: max(count - len(chosen), 0)]))

    def compare(self, allow_unknown: bool) -> None:
        """Compare all entries; GradientError for the first wrong one."""
        table = self.table(self.us, self.vs)
        if name := self.point.changed():
            raise ValueError(
                f"check_gradient: df changed its argument {name} in place; let it work on a copy"
            )
        precision = max(self.point.precision, self.hand.precision)
        wrong = None
        for k, v in enumerate(self.vs):
            column = _Column(self, self.point, v)
            for row, u in zip(table, self.us, strict=True):
                want = column.slope(u)
                entry = _Entry(u, v, row[k], want, want.error + ROUNDING * precision * abs(want.slope))
                if not entry.unknown and not entry.allows(entry.got) and wrong is None:
                    entry = entry._replace(tolerance=entry.tolerance + self.room(entry, precision))
                    wrong = None if entry.allows(entry.got) else entry
                self.found.append(entry)
        if wrong:
            raise self.fault(wrong)
        for entry in self.found:
            self.note(entry, precision, allow_unknown)
        for entry in [e for e in self.found if not e.zero] or self.found:
            self.report.oracle = weaker(self.report.oracle, entry.want.oracle)

    def room(self, entry: _Entry, precision: Any) -> Any:
        """What a derivative may round that rounds much, as in `bounds`.

        How far the true slope moves when the arguments do, in their last places, and some last places of
        the steepest slope on the way to 0.
        """
        room: Any = 0
        for _ in range(3):
            near = _Column(self, self.point.nudged(self.random), entry.v).slope(entry.u)
            if not near.sides and near.error < math.inf:
                room += 4 * abs(near.slope - entry.want.slope)
        for k in range(1, 7 if precision else 1):
            with suppress(*FAILURES):
                steep = abs(_Column(self, self.point.scaled(2.0**-k), entry.v).quotient(entry.u))
                room = max(room, STEEP * precision * steep)
        return room

    def note(self, entry: _Entry, precision: Any, allow_unknown: bool) -> None:
        """Note a right entry in the report, or one that could not be checked."""
        report, name, size = self.report, self.name(entry), abs(entry.want.slope)
        alone = isinstance(entry.u, int) or (report.directions > 0 and entry.u is self.us[0])
        report.entries += alone and isinstance(entry.v, int)
        if entry.unknown:
            if not allow_unknown:
                raise GradientError(
                    f"{name}: yours {number(entry.got)}, which could not be checked: no oracle reaches this "
                    "point; check at another one, or say allow_unknown=True"
                )
            report.unknown.append(name)
        elif entry.want.sides:
            report.kinks.append(f"kink at {name}")
        else:
            if not entry.zero and entry.tolerance > max(size / SEEN, 2 * ROUNDING * precision * size):
                report.coarse.append(
                    f"{name} is known to a relative error of {number(entry.tolerance / size, 1)}"
                )
            report.add(abs(entry.got - entry.want.slope), entry.tolerance)

    def vacuous(self) -> list[str]:
        """The arrays and numbers by which all slopes are 0 within the tolerance."""
        seen = {self.point.leaf(e.v).name for e in self.found if isinstance(e.v, int) and not e.zero}
        return [leaf.name for leaf in self.point.leaves if leaf.size and leaf.name not in seen]

    # Its words

    def name(self, entry: _Entry) -> str:
        """`∂f[1]/∂W[2, 3]`."""
        above = indexed(self.outputs, entry.u) if isinstance(entry.u, int) else "(u·f)"
        return f"∂{above}/∂{self.point.name(entry.v)}" if isinstance(entry.v, int) else f"∂{above} along v"

    def fault(self, wrong: _Entry) -> GradientError:
        """The error for the first wrong entry."""
        got, slope = number(wrong.got), wrong.want.slope
        if got == number(slope):
            got = f"{number(slope)} {'+' if wrong.got > slope else '−'} {number(abs(wrong.got - slope), 2)}"
        right = f"right {Bounded(slope, wrong.tolerance)}"
        if wrong.want.sides:
            sides = " and ".join(map(number, wrong.want.sides))
            right = f"not between {sides}, the slopes on both sides of the kink"
        lines = [f"{self.name(wrong)}: yours {got}, {right}, by {wrong.want.oracle}"]
        if not isinstance(wrong.u, int):
            lines.append("  u         a weight for each of f's results")
        if not isinstance(wrong.v, int):
            lines.append("  v         a weight for each number in the arguments")
            return GradientError("\n".join([*lines, *self.looks(wrong, [wrong])]))
        leaf = self.point.leaf(wrong.v)
        alike = [e for e in self.found if isinstance(e.v, int) and self.point.leaf(e.v) is leaf]
        if len(alike) > 1:
            bad = sum(not e.unknown and not e.allows(e.got) for e in alike)
            lines.append(f"  wrong     {bad} of {len(alike)} entries by {leaf.name}")
        return GradientError("\n".join([*lines, *self.looks(wrong, alike)]))

    def looks(self, wrong: _Entry, alike: list[_Entry]) -> Iterator[str]:
        """A line that says what the mistake looks like, if it does."""
        known = [e for e in alike if not e.unknown and not e.want.sides]
        bad = [e for e in known if not e.allows(e.got)]
        if not bad:
            return
        if self.ignores(wrong):
            unused = "upstream gradient" if self.report.kind == "vjp" else "tangent"
            yield f"  it seems  the {unused} is not used"
        elif all(e.got == 0 for e in bad):
            yield "  it seems  there is no contribution at all"
        elif all(e.allows(-e.got) for e in bad):
            yield "  it seems  the sign is wrong"
        elif isinstance(wrong.v, int) and (other := self.instead(self.point.leaf(wrong.v), known)):
            yield f"  it seems  {other}"
        elif not wrong.zero:
            ratio = wrong.got / wrong.want.slope
            steep = [e for e in known if not e.zero]
            same = len(steep) > 1 and all(
                abs(e.got / e.want.slope - ratio) <= (1 + abs(ratio)) * (e.relative + wrong.relative)
                for e in steep
            )
            everywhere = ", in every entry" if same else ""
            yield f"  it seems  it is wrong by a factor of {factor(ratio)}{everywhere}"

    def ignores(self, wrong: _Entry) -> bool:
        """Whether a JVP or VJP is the same for twice the tangent or upstream gradient."""
        if self.report.kind not in ("vjp", "jvp") or wrong.got == 0:
            return False

        def twice(weights: Weights, count: int) -> Weights:
            return [2 * (k == weights if isinstance(weights, int) else weights[k]) for k in range(count)]

        if self.report.kind == "vjp":
            again = self.table([twice(wrong.u, len(self.numbers))], [wrong.v])
        else:
            again = self.table([wrong.u], [twice(wrong.v, self.point.size)])
        return bool(again[0][0] == wrong.got)

    def instead(self, leaf: Leaf, known: list[_Entry]) -> str:
        """What other derivative the entries by one argument are."""
        of = {(e.u, e.v): e for e in self.found if isinstance(e.u, int) and isinstance(e.v, int)}

        def are(place: Callable[[int], int]) -> bool:
            others = [(e, of.get((e.u, place(e.v)))) for e in known if isinstance(e.u, int)]
            return bool(others) and all(other is not None and other.allows(e.got) for e, other in others)

        shape = shape_of(leaf.value)
        if len(shape) == 2 and shape[0] == shape[1]:
            row, start = shape[0], leaf.start
            if are(lambda v: start + (v - start) % row * row + (v - start) // row):
                return "it is transposed"
        for other in self.point.leaves:
            shift = other.start - leaf.start
            if shift and shape_of(other.value) == shape and are(shift.__add__):
                return f"it is the derivative by {other.name}: the two may be swapped"
        return ""


# ── The oracle ──────────────────────────────────────────────────────────────────────────────────────


class _Column:
    """J·v at a point: what f returns for numbers that are moved along v, each of them computed once."""

    def __init__(self, check: _Check, point: Point, v: Weights) -> None:
        self.check, self.point, self.v = check, point, v
        self.x = point.number(v) if isinstance(v, int) else 0.0
        self.unit = None if isinstance(v, int) else 1 / 16  # of a direction, whose weights are up to 13
        self.known: dict[Any, Any] = {}
        self.known_exactly: dict[int, Any] = {}
        self.nudged: list[Any] | None = None

    def slope(self, u: Weights) -> Estimate:
        """u·J·v by the best oracle that applies."""
        with suppress(*REFUSALS):
            return self.exact(u)
        found = differences(lambda t: self.noisy(u, t), self.x, kinked=True, unit=self.unit)
        sides = found.sides and (plain(found.sides[0]), plain(found.sides[1]))
        found = Estimate(plain(found.slope), MARGIN * plain(found.error), found.oracle, sides)
        if found.sides or not self.point.wide or not isinstance(self.x, float):
            return found
        try:
            refined = stepped(lambda t: self.value(u, t), self.x)
        except FAILURES:
            return found  # f takes no complex numbers
        apart = abs(refined.slope - found.slope)
        analytic = apart <= refined.error + found.error and found.error * ALIKE <= abs(found.slope)
        return refined if analytic else found

    def value(self, u: Weights, t: Any) -> Any:
        """u·f with t in place of the entry, or t steps along the direction."""
        if t not in self.known:
            self.known[t] = self.check.call(lambda: self.point.moved(self.v, t))
        return dot(self.known[t], u)

    def quotient(self, u: Weights) -> Any:
        """u·J·v, roughly."""
        h = (abs(self.x) or 1) / 1024
        return (self.value(u, self.x + h) - self.value(u, self.x - h)) / (2 * h)

    def noisy(self, u: Weights, t: Any) -> Any:
        """The same, and what rounding does to it: as much as the last places of the other arguments do."""
        if self.nudged is None:
            self.nudged = []
            for _ in range(3 if self.point.size > 1 or not isinstance(self.v, int) else 0):
                near = self.point.nudged(self.check.random, self.point.rounding)
                with suppress(*FAILURES):
                    self.nudged.append(self.check.call(lambda near=near: near.moved(self.v, self.x)))  # type: ignore[misc]
        noise = (abs(dot(numbers, u) - self.value(u, self.x)) for numbers in self.nudged)
        return self.value(u, t), max(noise, default=0)

    def exact(self, u: Weights) -> Estimate:
        """u·J·v from f of Fractions and infinitesimals; one of REFUSALS where f rounds."""
        if self.point.arrays:
            raise TypeError("arrays hold floats")
        numbers = [*self.point.numbers()]

        def near(side: int) -> Dual:
            if side not in self.known_exactly:
                duals = iter(
                    Dual(x, side * (k == self.v if isinstance(self.v, int) else Fraction(self.v[k])))
                    for k, x in enumerate(exactly(numbers))
                )
                self.known_exactly[side] = self.check.call(lambda: self.point.made(lambda _: next(duals)))
            return lift(dot(self.known_exactly[side], u))

        left, right = near(-1), near(1)
        y = dot(self.check.numbers, u)
        if not abs(float(right.a) - y) <= 2**-20 * (1 + abs(y)):
            raise TypeError("for Fractions it is another function")
        return both_sides(-left.b, right.b, numbers, jump=left.a != right.a)


# ── The derivative that is checked ──────────────────────────────────────────────────────────────────


class _Hand:
    """What the user's derivative says of u·J·v, for each u and v, by one way for each kind.

    y  a result of f             precision   the coarsest in which it returned a number
    """

    def __init__(self, df: Function, args: tuple[Any, ...], names: Sequence[str], y: Any) -> None:
        self.df, self.args, self.names, self.y = df, args, names, y
        self.precision: Any = 0

    def gradient(self, us: Sequence[Weights], vs: Sequence[Weights]) -> list[list[Any]]:
        """From one gradient; u is the only result."""
        (row,) = self.rows(self.df(*self.args))
        return [[dot(row, v) for v in vs] for _ in us]

    def jacobian(self, us: Sequence[Weights], vs: Sequence[Weights]) -> list[list[Any]]:
        """From one Jacobian."""
        rows = self.rows(self.df(*self.args), self.y)
        columns = [[dot(row, v) for row in rows] for v in vs]
        return [[dot(column, u) for column in columns] for u in us]

    def jvp(self, us: Sequence[Weights], vs: Sequence[Weights]) -> list[list[Any]]:
        """From a call for each v."""
        columns = [self.column(self.df(*self.args, *weighted(self.args, v))) for v in vs]
        return [[dot(column, u) for column in columns] for u in us]

    def vjp(self, us: Sequence[Weights], vs: Sequence[Weights]) -> list[list[Any]]:
        """From a call for each u."""
        rows = (self.rows(self.df(*self.args, weighted(self.y, u)))[0] for u in us)
        return [[dot(row, v) for v in vs] for row in rows]

    def column(self, tangent: Any) -> list[Any]:
        """The numbers of a tangent."""
        return self.shaped(tangent, mapped(lambda y: _zeros((), y), self.y), "the tangent of f")

    def rows(self, found: Any, y: Any = 0) -> list[list[Any]]:
        """The gradients of all numbers in y, each as the numbers by all arguments in a row."""
        if isinstance(y, list | tuple | dict):
            branches = y.values() if isinstance(y, dict) else y
            given = [found[key] for key in y] if isinstance(found, dict) and isinstance(y, dict) else found
            if not hasattr(given, "__len__") or len(given) != len(branches):
                raise ValueError(
                    f"check_gradient: df returned {structure(mapped(read, found))}, and f {len(branches)} "
                    "results; return a Jacobian for each"
                )
            return [
                row for part, branch in zip(given, branches, strict=True) for row in self.rows(part, branch)
            ]
        rows: list[list[Any]] = [[] for _ in range(size_of(y))]
        for arg, name, gradient in zip(self.args, self.names, self.by_argument(found), strict=True):
            shaped = mapped(lambda x: _zeros(shape_of(y), x), arg)
            numbers = iter(flat(shaped) if gradient is None else self.shaped(gradient, shaped, name))
            for _, x in parts(arg, name):
                for row in rows:
                    row.extend(islice(numbers, size_of(x)))
        return rows

    def by_argument(self, found: Any) -> Sequence[Any]:
        """One gradient for each argument."""
        count = len(self.args)
        if count == 1:
            alone = isinstance(found, tuple) and len(found) == 1 and not isinstance(self.args[0], tuple)
            return found if alone else (found,)
        if not isinstance(found, list | tuple) or len(found) != count:
            given = len(found) if isinstance(found, list | tuple) else "no tuple"
            raise TypeError(
                f"check_gradient: df returned {given} for {count} arguments; return a tuple of {count} "
                "gradients"
            )
        return found

    def shaped(self, found: Any, want: Any, name: str) -> list[Any]:
        """The numbers of what df returned, which must have a shape."""
        got = mapped(read, found)
        try:
            numbers = matching(want, got)
        except ValueError:
            across = len(shape_of(want)) == 2 and shape_of(got)[::-1] == shape_of(want)
            raise ValueError(
                f"check_gradient: for {name} df returned {structure(got)}, where {structure(want)} belongs"
                f"{': is it transposed?' if across else ''}"
            ) from None
        numbers = [x[()] if hasattr(x, "flat") else x for x in numbers]  # an array without axes is a number
        kinds = {type(x): x for x in numbers}.values()
        if not all(isinstance(x, Number) and not is_complex(x) for x in kinds):
            raise TypeError(
                f"check_gradient: for {name} df returned {structure(got)}, which does not hold real numbers"
            )
        self.precision = max([self.precision, *map(epsilon, kinds)])
        return [*map(plain, numbers)]


def _zeros(shape: tuple[int, ...], x: Any) -> Any:
    """What is to be a derivative by x of results of this shape."""
    shape += shape_of(x)
    if not shape:
        return 0.0
    import numpy

    return numpy.zeros(shape)
