"""Random graphs over every row of the table, against mpmath and PyTorch: a million of them, for an hour.

    python tests/random_dags.py --count 1000000 --workers 2

A graph is drawn from its number alone: `print(draw(17))` shows the program of a mismatch at 17. The engine
records it once, and its numbers are compared with

    mpmath    every node's number, and the gradient by each leaf: the difference of the whole function of the
              leaves over a tiny step, in as many digits as that needs. No rule of the table takes part
    PyTorch   where it is installed: the root's number, and the gradient by PyTorch's own rules
    itself    `jvp`, and the engine without `fast`

How far they may differ is no guess but a running error analysis (Wilkinson; Higham, Accuracy and Stability,
2nd ed., section 3.3). `Rounded` is a number with a bound on its error, and the chain rule over such numbers
gives the bound of the gradient. An operation adds what its arguments' errors make of its result, and what it
rounds itself: UNITS in the last place of the result, and of its arguments too where it takes several strokes.

    order   the nodes of a graph, arguments first        exact   what mpmath makes of it
    by      ∂root/∂leaf, by leaf                         h       the step of a difference
"""

import argparse
import importlib.util
import math
import multiprocessing
import operator
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from itertools import combinations, repeat
from random import Random

import mpmath
from engines import PLAIN
from oracles import apply
from peer_rows import CONVENTIONS, INACCURATE, KINKED, SMOOTH, still, torch_rows

from autograd import Value, ops
from autograd.derivatives import jvp
from autograd.functions import library
from autograd.op import REAL, Either
from autograd.protocol import Numeric
from autograd.testing.expression import Expression
from autograd.testing.laws import UNITS
from autograd.value import local_derivatives, sweep, topological_order

m = mpmath.mp
ROWS = [op for name, op in ops.TABLE.items() if op.name == name and op.partials]
STYLES = {"ordinary": 80, "kinked": 16, "extreme": 4}  # in per cent
LARGEST = {"ordinary": 1e8, "kinked": 1e8, "extreme": 1e250}
EXPONENTS = (2, 3, 4, 1, 0, -1, -2)  # of a power whose base need not be positive
STAGES = 0, 200, 600, 2000  # binary digits more, where the fewer do not tell
PART = 500  # graphs that a worker takes at a time
MOST = 2048  # bits of ψ and Γ
EPSILON, TINY = sys.float_info.epsilon, 5e-324


# ── Graphs ──────────────────────────────────────────────────────────────────────────────────────────


def draw(seed):
    """The graph of a number: 3 to 15 operations on one to three leaves, whose subexpressions are shared."""
    random = Random(seed)
    (style,) = random.choices([*STYLES], [*STYLES.values()])
    leaves = [Value(number(random, style)) for _ in range(random.randint(1, 3))]
    nodes = [*leaves]
    for _ in range(random.randint(3, 15)):
        node = None
        while node is None:
            node = operation(random, style, nodes)
        nodes.append(node)
    e = Expression(nodes[-1], leaves)
    e.style = style
    return e


def number(random, style):
    """Half integers where kinks and ties are wanted, all magnitudes where the extremes are."""
    if style == "kinked":
        return random.randint(-4, 4) / 2
    if style == "extreme":
        return random.choice((-1, 1)) * 10 ** random.uniform(-100, 100)
    return random.choice((random.gauss(0, 2), random.choice((-1, 1)) * 10 ** random.uniform(-3, 3)))


def operation(random, style, nodes):
    """A row applied to nodes, moved into its domain; None where the result is too large to go on with."""
    op = random.choice(ROWS)
    count = op.sequences * random.randint(1, 3) if op.sequences else op.arity
    count += op is ops.element
    picks = [random.choice((1, 1, 1, 2)), *(1 + random.randrange(len(nodes)) for _ in range(count - 1))]
    args = [nodes[-min(pick, len(nodes))] for pick in picks]
    random.shuffle(args)
    domain = [*op.domain, *[REAL] * (count - len(op.domain))]
    for i in op.parameters if op is not ops.stop_gradient else ():
        args[i] = random.choice(op.parameters[i])
    if op is ops.element:
        args[0] = random.randrange(count - 1)
    if op is ops.power and random.random() < 0.5:
        args[1] = random.choice(EXPONENTS)
        domain[0] = REAL if args[1] >= 0 else ops.NONZERO
    if not isinstance(op.domain, Either) or not any(arg.data for arg in args):
        args = [moved(random, style, arg, interval) for arg, interval in zip(args, domain)]
    if (
        op is ops.power and abs(getattr(args[0], "data", args[0])) < 1e-300
    ):  # y·x^(y−1) overflows, and says so
        return None
    try:
        node = apply(op, args)
    except (ArithmeticError, ValueError):  # too large, or moved to the very edge of the domain
        return None
    return node if abs(node.data) <= LARGEST[style] else None


def moved(random, style, arg, interval):
    """The argument, if need be moved into the interval by a constant: by a factor, which cancels nothing."""
    if not isinstance(arg, Value) or arg.data in interval:
        return arg
    low, high, _ = interval
    place = math.nan
    while place not in interval:
        if high - low < math.inf:
            place = random.choice((low, high)) * 2 ** -random.randint(1, 9)
        else:
            place = max(low, -1) + abs(number(random, style))
    return arg * (place / arg.data) if arg.data and style != "kinked" else arg + (place - arg.data)


# ── Bounds: a running error analysis ────────────────────────────────────────────────────────────────


class Rounded(Numeric):
    """A number as it was computed, and a bound on what rounding has done to it."""

    __slots__ = ("data", "error")

    def __init__(self, data, error=0.0):
        self.data, self.error = data, error

    def apply_op(self, op, args):
        numbers = [getattr(x, "data", x) for x in args]
        z = op.compute(numbers, args)
        error = UNITS * (EPSILON * max(abs(z), op is ops.lgamma) + TINY * max([1, *map(abs, numbers)]))
        if not op.partials:
            return Rounded(z, error)
        errors = [getattr(x, "error", 0.0) for x in args]
        try:
            locals_ = slopes(op, numbers, z, args)
            bent = locals_
            first = sum(abs(local) * e for local, e in zip(locals_, errors))
            if first > 2**-10 * abs(z) or any(e > 2**-20 * abs(x) for x, e in zip(numbers, errors)):
                # beyond the first order
                far = [x + e if e else x for x, e in zip(numbers, errors)]
                bent = slopes(op, far, op.compute(far, args), args)
        except (ArithmeticError, ValueError):  # a derivative of a rule, which the engine need not compute
            return Rounded(z, math.inf)
        if op in WAVES and errors[0] > 0.1:  # a slope here says nothing of the slopes as far as that
            return Rounded(z, math.inf)
        for x, e, local, other in zip(numbers, errors, locals_, bent):
            if e > 1 and abs(local) < sys.float_info.min and op.kind != "kinked":  # their product may be more
                return Rounded(z, math.inf)
            own = 0 if op in ONE_STROKE else UNITS * EPSILON * abs(x)
            error += (abs(local) + abs(other - local)) * (e + own)
        return Rounded(z, error)


def slopes(op, numbers, z, args):
    """∂z/∂x by every argument that has an error; that of stop_gradient is 1 here."""
    if op is ops.stop_gradient:
        return [1]
    found = op.local_derivatives((*numbers, z), [type(x) is Rounded for x in args])
    return [0 if local is None else local for local in found]


WAVES = {ops.sin, ops.cos, ops.tan, ops.sinc}
ONE_STROKE = {op for op in ROWS if op.infix or op is ops.neg or library(float, op.name)} - {ops.mod}


def with_bounds(e):
    """Every node as a Rounded, and by leaf the gradient as a Rounded."""
    rounded = {}
    order = topological_order(e.root)

    def operands(node):
        return [arg.data if arg.op is ops.constant else rounded[arg] for arg in node.args]

    for node in order:
        if not node.args:
            rounded[node] = Rounded(node.data)
        else:
            rounded[node] = Rounded.apply_op(None, node.op, operands(node))

    def locals_of(node):
        return local_derivatives(node, operands=[*operands(node), rounded[node]])

    gradient = {e.root: Rounded(1.0)}
    for _ in sweep(order, gradient, locals_of):
        pass
    return rounded, [gradient.get(leaf, Rounded(0.0)) for leaf in e.leaves]


def settled(node, rounded):
    """Whether the errors of a node's arguments are small beside the distance from its domain's edge."""
    either = isinstance(node.op.domain, Either)
    if node.op is ops.arctan2 and node.operands[1] < 0:  # beside its cut, where it jumps by 2π
        return 1000 * rounded[node.args[0]].error < abs(node.operands[0])
    for arg, interval in zip(node.args, node.op.domain):
        x, far = arg.data, 1000 * rounded[arg].error
        if either and far >= abs(node.data):
            return False
        if not either and far and x in interval:
            inside = x - far in interval and x + far in interval
            if not inside or (interval.hole is not None and abs(x - interval.hole) <= far):
                return False
    return True


# ── mpmath ──────────────────────────────────────────────────────────────────────────────────────────


SLOW = {ops.TABLE[name] for name in "polygamma polygamma_rise digamma lgamma gamma beta".split()}
MOVING = {op for op in ROWS if op.name in SMOOTH} - {ops.where, ops.element}  # with every argument, or nearly


class TooManyDigitsError(Exception):
    """ψ and Γ of so many digits take mpmath minutes; and 2ˣ may have more than it can count."""


class Exact:
    """A graph in mpmath: every node's number, and the differences of the root along each leaf."""

    def __init__(self, e, bits=0):
        self.e, self.order = e, topological_order(e.root)
        sizes = [math.frexp(node.data)[1] for node in self.order if node.data]
        spread = max(sizes, default=0) - min(sizes, default=0)
        self.step = 100 + spread + bits  # h = 2^-step of the leaf
        self.numbers, self.pieces = {}, {}
        self.lost = False  # whether a step was too small beside other numbers to change a result
        bits = self.step + spread + 80 + 3 * bits // 2
        if bits > MOST and any(node.op in SLOW for node in self.order):
            raise TooManyDigitsError
        with m.workprec(2 ** (bits - 1).bit_length()):  # of few precisions mpmath keeps the constants
            for node in self.order:
                self.numbers[node] = m.mpf(node.data)
                if node.args:
                    name = node.op.name
                    self.pieces[node] = piece = SMOOTH.get(name) or KINKED[name](*node.operands)
                    if piece is not still:
                        self.numbers[node] = piece(*[self.numbers[arg] for arg in node.args])
            self.gradient = [self.slope(leaf) for leaf in e.leaves]

    def slope(self, leaf):
        h = m.ldexp(abs(self.numbers[leaf]) or m.one, -self.step)
        moved, lost, root = {leaf: self.numbers[leaf] + h}, set(), self.e.root
        for node in self.order:
            piece = self.pieces.get(node, still)
            if piece is not still and any(arg in moved or arg in lost for arg in node.args):
                z = piece(*[moved.get(arg, self.numbers[arg]) for arg in node.args])
                if z != self.numbers[node]:
                    moved[node] = z
                if not lost.isdisjoint(node.args) or (node not in moved and node.op in MOVING):
                    lost.add(node)
        self.lost = self.lost or root in lost
        return (moved.get(root, self.numbers[root]) - self.numbers[root]) / h

    def tells(self, got, want, leaf, bound, root):
        """Whether the difference agrees with a gradient, and not because the step was lost.

        What is lost is at most 2⁻²⁸ of what floats round off from the root, over the leaf. With 600 bits
        more nothing is lost but what is 0, as in x − x.
        """
        fine = bound.error <= 2**-20 * root.error / (abs(leaf.data) or 1)
        lost = self.lost and fine and self.step < 700
        return not lost and abs(got - want) <= bound.error


# ── Comparing ───────────────────────────────────────────────────────────────────────────────────────


class MismatchError(AssertionError):
    """What differs, and by how much."""


@dataclass
class Tally:
    """What has been compared, and how near to its bound the worst of it came."""

    counts: Counter = field(default_factory=Counter)
    rows: Counter = field(default_factory=Counter)
    worst: Counter = field(default_factory=Counter)

    def compare(self, what, got, want, bound):
        """MismatchError if two numbers differ by more than the bound, a Rounded's or a float."""
        if not bound < math.inf:
            self.counts["without a bound"] += 1
            return
        self.counts[what] += 1
        difference = abs(got - want)
        if not difference <= bound:
            raise MismatchError(f"{what}: {float(got)!r}, not {float(want)!r}; {float(bound):.1e} is allowed")
        if difference:
            self.worst[what] = max(self.worst[what], float(difference / bound))

    def merge(self, other):
        self.counts += other.counts
        self.rows += other.rows
        self.worst |= other.worst

    def report(self):
        """The counts, and by what part of its bound the worst number of each kind was off."""
        lines = []
        for what, count in self.counts.most_common():
            worst = f", the worst off by {self.worst[what]:.2f} of its bound" if what in self.worst else ""
            lines.append(f"{count:>12,}  {what}{worst}")
        rarest, times = min(self.rows.items(), key=operator.itemgetter(1))
        return "\n".join([*lines, f"{len(self.rows)} rows, each at least {times:,} times ({rarest})"])


def check(seed, tally, torch=None):
    """One graph against everything; MismatchError if anything differs."""
    e = draw(seed)
    leaves, root = e.leaves, e.root
    try:
        rounded, bounds = with_bounds(e)
    except ArithmeticError:  # of a slope that is too large, and that the engine may not be asked for
        tally.counts["without a bound"] += 1
        return
    if not all(settled(node, rounded) for node in e.order if node.args):
        tally.counts["ill-conditioned"] += 1
        return
    try:
        root.backward()
    except ArithmeticError:
        if all(abs(df) < sys.float_info.max for df in Exact(e).gradient):
            raise
        tally.counts["too large"] += 1
        return
    by = [leaf.grad for leaf in leaves]
    if not all(map(math.isfinite, by)):  # a local derivative is no float
        tally.counts["too large"] += 1
        return
    tally.counts[e.style] += 1
    tally.rows.update(node.op.name for node in e.order if node.args)
    by_mpmath(e, by, rounded, bounds, tally)
    if seed % 4 == 0:
        u = [Random(seed).choice((-2.0, 0.5, 3.0)) for _ in leaves]
        want = sum(ui * df for ui, df in zip(u, by))
        bound = 2 * sum(abs(ui) * b.error for ui, b in zip(u, bounds))
        tally.compare("jvp", jvp(e.build, (e.numbers,), (u,))[1], want, bound)
    if seed % 4 == 1:
        by_the_plain_engine(e, by, tally)
    if torch:
        by_torch(e, by, rounded, bounds, tally, torch)


def by_mpmath(e, by, rounded, bounds, tally):
    made = [node for node in e.order if node.args]
    for bits in STAGES:
        try:
            exact = Exact(e, bits)
        except OverflowError:
            raise TooManyDigitsError from None
        near = all(abs(node.data - exact.numbers[node]) <= rounded[node].error for node in made)
        if near and all(map(exact.tells, by, exact.gradient, e.leaves, bounds, repeat(rounded[e.root]))):
            break
    for node in made:
        tally.compare("mpmath: a node", node.data, exact.numbers[node], rounded[node].error)
    for df, want, bound in zip(by, exact.gradient, bounds):
        tally.compare("mpmath: a gradient", df, want, bound.error)


def by_the_plain_engine(e, by, tally):
    """Exactly the same numbers."""
    leaves = [PLAIN.Value(x) for x in e.numbers]
    root = e.rewrite(leaves, lambda op, args: PLAIN.ops.TABLE[op.name].apply(args))
    root.backward()
    for got, want in zip([root.data, *(leaf.grad for leaf in leaves)], [e.root.data, *by]):
        tally.compare("the plain engine", got, want, 0)


def by_torch(e, by, rounded, bounds, tally, torch):
    """Twice the bound, as PyTorch rounds too."""
    import torch as t

    steps = [node for node in e.order if node.args]
    if any(node.op.name in INACCURATE or at_a_convention(node) or torn(node, rounded) for node in steps):
        tally.counts["not for PyTorch"] += 1
        return
    tensors = [t.tensor(x, dtype=t.float64, requires_grad=True) for x in e.numbers]
    root = e.rewrite(
        tensors, lambda op, args: torch[op.name](*args), lambda c: t.tensor(float(c), dtype=t.float64)
    )
    slopes = t.autograd.grad(root, tensors, allow_unused=True) if root.requires_grad else [None] * len(by)
    tally.compare("PyTorch: the root", root.item(), e.root.data, 2 * rounded[e.root].error)
    for slope, df, bound in zip(slopes, by, bounds):
        tally.compare("PyTorch: a gradient", 0.0 if slope is None else slope.item(), df, 2 * bound.error)


def at_a_convention(node):
    """Whether a node is at a kink or a tie where PyTorch takes other slopes."""
    x = node.operands
    if node.op in (ops.leaky_relu, ops.elu):
        return x[0] == 0 and not 0 <= x[1] <= 1
    return any(node.op.name == name for name, *_ in CONVENTIONS) and len({*x}) < len(x)


def torn(node, rounded):
    """Whether rounding decides on which side of a kink or jump the arguments lie, or underflow."""
    if 0 < abs(node.data) < sys.float_info.min:
        return True
    if node.op.kind != "kinked":
        return False
    sizes = [rounded[arg].error for arg in node.args]
    if node.op in (ops.mod, ops.fmod, ops.floordiv):
        x, y = node.operands
        quotient = Fraction(x) / Fraction(y)
        near = abs(quotient - round(quotient)) * abs(Fraction(y)) <= sizes[0] + abs(quotient) * sizes[1]
        return near and any(sizes)
    if node.op.kinks:  # floor, ceil, rint
        return any(sizes) and abs(node.op.kinks(Fraction(node.operands[0]))) <= sizes[0]
    numbers = [*zip(node.operands, sizes), (0.0, 0.0)]
    return any(abs(x - y) <= a + b > 0 for (x, a), (y, b) in combinations(numbers, 2))


# ── The long run ────────────────────────────────────────────────────────────────────────────────────


def run(seeds, with_torch=False):
    """(what was compared, the mismatches as texts), for the graphs of some seeds."""
    torch = torch_rows() if with_torch else None
    tally, mismatches = Tally(), []
    for seed in seeds:
        try:
            check(seed, tally, torch)
        except TooManyDigitsError:
            tally.counts["too much for mpmath"] += 1
        except Exception as error:
            mismatches.append(f"graph {seed}: {type(error).__name__}: {error}\n{program(seed)}")
    return tally, mismatches


def program(seed):
    """The Python lines of a graph, as far as it can be drawn."""
    try:
        return draw(seed)
    except Exception as error:
        return f"draw({seed}) raises {error!r}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=10_000, help="how many graphs")
    parser.add_argument("--first", type=int, default=0, help="the number of the first")
    parser.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--without-torch", action="store_true", help="although it is installed")
    given = parser.parse_args()
    torch = not given.without_torch and importlib.util.find_spec("torch") is not None
    last = given.first + given.count
    parts = [range(i, min(i + PART, last)) for i in range(given.first, last, PART)]
    tally, failed, start = Tally(), 0, time.monotonic()
    with multiprocessing.Pool(given.workers) as pool:
        results = pool.imap_unordered(partial(run, with_torch=torch), parts)
        for done, (found, mismatches) in enumerate(results, start=1):
            tally.merge(found)
            failed += len(mismatches)
            print("".join(f"\n{mismatch}\n" for mismatch in mismatches), end="")
            if done % 20 == 0 or done == len(parts):
                graphs, seconds = min(PART * done, given.count), time.monotonic() - start
                print(f"{graphs:,} graphs in {seconds:,.0f} s, {failed:,} mismatches", flush=True)
    print(tally.report())
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
