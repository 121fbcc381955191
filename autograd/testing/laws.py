"""The laws of differentiation, each a function to call in a test; it raises AssertionError where it fails.

Those in `LAWS` hold for every recorded graph: `for law in LAWS.values(): law(root)`. Fractions and ints must
agree exactly. Otherwise the tolerance is derived, never chosen: it is the bound of an error analysis,

    machine epsilon × operations on the way × Σ |contributions|

over all paths, as sums may cancel but their rounding errors do not. Where a law computes the graph in another
way, its numbers differ in their last places too: then the same bound is taken of the graph of the gradient.
(Higham, Accuracy and Stability, 2nd ed., sections 3.1 and 1.6.)

    e, f, g    expressions, as functions of a list of numbers       leaf, root   the ends of a graph
    local      ∂node/∂argument                                      magnitude    Σ over paths of |Π locals|
    bound      what rounding may add to a gradient                  u            a direction
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from autograd import derivatives, ops, value
from autograd.functions import one
from autograd.op import NONZERO, POSITIVE, REAL, Interval, Op
from autograd.testing.expression import Expression, apply
from autograd.testing.oracles import epsilon
from autograd.value import Value, constant, local_derivatives

Graph = Value | Expression
Function = Callable[[Sequence[Any]], Any]
UNITS = 8  # a row rounds at most that often inside, each time by one unit in the last place

# g(f(x)) = x for every x of the interval.
INVERSES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], Interval]] = {
    "log(exp(x))": (ops.exp, ops.log, REAL),
    "exp(log(x))": (ops.log, ops.exp, POSITIVE),
    "log2(exp2(x))": (ops.exp2, ops.log2, REAL),
    "log10(10 ** x)": (lambda x: 10**x, ops.log10, REAL),
    "log1p(expm1(x))": (ops.expm1, ops.log1p, REAL),
    "expm1(log1p(x))": (ops.log1p, ops.expm1, Interval(low=-1)),
    "sqrt(square(x))": (ops.square, ops.sqrt, POSITIVE),
    "sqrt(x) ** 2": (ops.sqrt, lambda y: y**2, POSITIVE),
    "square(1 / rsqrt(x))": (ops.rsqrt, lambda y: 1 / ops.square(y), POSITIVE),
    "cbrt(x) ** 3": (ops.cbrt, lambda y: y * y * y, NONZERO),
    "3 ** log(x, 3)": (lambda x: ops.log(x, 3), lambda y: 3**y, POSITIVE),
    "log1mexp(log1mexp(x))": (ops.log1mexp, ops.log1mexp, Interval(-4, 0)),
    "arcsin(sin(x))": (ops.sin, ops.arcsin, Interval(-math.pi / 2, math.pi / 2)),
    "arccos(cos(x))": (ops.cos, ops.arccos, Interval(0, math.pi)),
    "arctan(tan(x))": (ops.tan, ops.arctan, Interval(-math.pi / 2, math.pi / 2)),
    "arcsinh(sinh(x))": (ops.sinh, ops.arcsinh, REAL),
    "arccosh(cosh(x))": (ops.cosh, ops.arccosh, POSITIVE),
    "arctanh(tanh(x))": (ops.tanh, ops.arctanh, Interval(-2, 2)),
    "logit(sigmoid(x))": (ops.sigmoid, ops.logit, Interval(-4, 4)),
    "sigmoid(logit(x))": (ops.logit, ops.sigmoid, Interval(0, 1)),
    "erf(erfinv(x))": (ops.erfinv, ops.erf, Interval(-1, 1)),
    "log(expm1(softplus(x)))": (ops.softplus, lambda y: ops.log(ops.expm1(y)), REAL),
    "log_sigmoid(x) inverted": (ops.log_sigmoid, lambda y: -ops.log(ops.expm1(-y)), Interval(-4, 4)),
    "rad2deg(deg2rad(x))": (ops.deg2rad, ops.rad2deg, REAL),
    "1 / (1 / x)": (ops.reciprocal, ops.reciprocal, NONZERO),
    "−(−x)": (ops.neg, ops.neg, REAL),
}


# ── Gradients with their bounds ─────────────────────────────────────────────────────────────────────


class Gradient:
    """A function's value and gradient at a point, by `Value.backward`, and what rounding may add to them.

    root, leaves  as recorded       by      ∂root/∂leaf, one per leaf
    bounds        one per leaf      exact   whether nothing was rounded
    """

    def __init__(self, f: Function, numbers: Sequence[Any]) -> None:
        self.leaves = [Value(x) for x in numbers]
        self.root = f(self.leaves)
        self.root.backward()
        self.by = [leaf.grad for leaf in self.leaves]
        magnitudes, operations = magnitudes_of(self.root)
        unit = 2 * operations * unit_of(self.root)
        self.bounds = [unit * magnitudes.get(leaf, 0) for leaf in self.leaves]


def magnitudes_of(root: Value) -> tuple[dict[Value, Any], int]:
    """For every node the sum over its paths to the root of |Π locals|, and the number of edges."""
    magnitudes: dict[Value, Any] = {root: 1}
    edges = value.sweep(value.topological_order(root), magnitudes, multiply=lambda m, local: m * abs(local))
    return magnitudes, 1 + sum(1 for _ in edges)


def unit_of(root: Value) -> Any:
    """The distance of 1 from the next number, in the least exact number type of the graph; 0 where exact."""
    return max(epsilon(node.data) for node in value.topological_order(root))


def rounding(root: Any) -> Any:
    """How far rounding in any of its operations may have moved a recorded number.

    An operation is right to UNITS in the last place of its result, or of 1: lgamma and sinc are no better
    near their zeros.
    """
    if not isinstance(root, Value):
        return 0
    magnitudes, _ = magnitudes_of(root)
    return UNITS * unit_of(root) * sum(m * (1 + abs(node.data)) for node, m in magnitudes.items())


@lru_cache(maxsize=1)  # all laws of rewriting ask for those of the same expression
def rewriting_bounds(e: Expression) -> list[Any]:
    """What rounding may add to each gradient where the graph is computed in another way."""
    if e.is_exact:
        return [0] * len(e.leaves)
    return [rounding(g) for g in derivatives.grad(e.build)([Value(x) for x in e.numbers])]


def _agree(law: str, got: Any, want: Any, bound: Any, what: str, e: Graph | str) -> None:
    """AssertionError, in one line, unless the two numbers agree within the bound."""
    if got == want or abs(got - want) <= bound:
        return
    allowed = f"differs by more than rounding, {float(bound):.1e}" if bound else "must be equal"
    where = str(e).replace("\n", "; ")
    raise AssertionError(f"{law}: {what} is {got!r}, not {want!r} ({allowed}), in {where}")


def _all_agree(
    law: str, got: Sequence[Any], want: Sequence[Any], bounds: Sequence[Any], e: Expression
) -> None:
    for i, (a, b, bound) in enumerate(zip(got, want, bounds, strict=True), start=1):
        _agree(law, a, b, bound, f"the gradient by leaf {i}", e)


# ── The rules of calculus ───────────────────────────────────────────────────────────────────────────


def squares(x: Sequence[Any]) -> Any:
    """x₁² + x₂² + …: the other function where a law needs two and is given one."""
    return ops.dot(x, x)


def linearity(graph: Graph, other: Function = squares, a: Any = 3, b: Any = -2) -> None:
    """∇(a·f + b·g) = a·∇f + b·∇g."""
    e = Expression.of(graph)
    f, g = Gradient(e.build, e.numbers), Gradient(other, e.numbers)
    both = Gradient(lambda x: a * e.build(x) + b * other(x), e.numbers)
    want = [a * df + b * dg for df, dg in zip(f.by, g.by, strict=True)]
    _all_agree("linearity", both.by, want, both.bounds, e)


def product_rule(graph: Graph, other: Function = squares) -> None:
    """∇(f·g) = f·∇g + g·∇f."""
    e = Expression.of(graph)
    f, g = Gradient(e.build, e.numbers), Gradient(other, e.numbers)
    both = Gradient(lambda x: e.build(x) * other(x), e.numbers)
    want = [f.root.data * dg + g.root.data * df for df, dg in zip(f.by, g.by, strict=True)]
    _all_agree("product rule", both.by, want, both.bounds, e)


def chain_rule(graph: Graph, outer: Callable[[Any], Any] = lambda y: y * y * y) -> None:
    """∇(h∘f) = h′(f)·∇f, for a function h of one number."""
    e = Expression.of(graph)
    f, both = Gradient(e.build, e.numbers), Gradient(lambda x: outer(e.build(x)), e.numbers)
    slope = derivatives.grad(outer)(f.root.data)
    _all_agree("chain rule", both.by, [slope * df for df in f.by], both.bounds, e)


def stopped(graph: Graph) -> None:
    """∇(f·stop_gradient(f)) = f·∇f: what is stopped counts as a constant."""
    e = Expression.of(graph)
    f, square = (
        Gradient(e.build, e.numbers),
        Gradient(lambda x: (y := e.build(x)) * ops.stop_gradient(y), e.numbers),
    )
    _all_agree("stopped", square.by, [f.root.data * df for df in f.by], square.bounds, e)


def total_derivative(graph: Graph) -> None:
    """d/dt f(t + c₁, t + c₂, …) = ∂f/∂x₁ + ∂f/∂x₂ + …: all uses of one leaf add up."""
    e = Expression.of(graph)
    f = Gradient(e.build, e.numbers)
    line = Gradient(lambda t: e.build([t[0] + c for c in e.numbers]), [0 * e.numbers[0]])
    _agree("total derivative", line.by[0], sum(f.by), line.bounds[0], "d/dt f(t + c₁, t + c₂, …)", e)


def euler(graph: Graph, degree: int = 2) -> None:
    """Euler's identity x·∇F = degree·F, for the homogeneous function F(x, s) = s^degree · f(x/s) at s = 1."""
    e = Expression.of(graph)

    def scaled(x: Sequence[Any]) -> Any:
        *inner, s = x
        return math.prod([s] * degree) * e.build([xi / s for xi in inner])

    point = [*e.numbers, one(e.numbers[0])]
    f = Gradient(scaled, point)
    bound = sum(abs(x) * b for x, b in zip(point, f.bounds, strict=True))
    total = sum(x * df for x, df in zip(point, f.by, strict=True))
    _agree("Euler's identity", total, degree * f.root.data, bound, "x·∇F", e)


def homogeneous(f: Function, numbers: Sequence[Any], degree: int) -> None:
    """Euler's identity x·∇f = degree·f, for a function that is homogeneous itself, as hypot or max."""
    values = [Value(x) for x in numbers]
    root = f(values)
    by = derivatives.grad(f)(values)
    bound = degree * rounding(root) + sum(abs(x) * rounding(df) for x, df in zip(numbers, by, strict=True))
    total = sum(x * getattr(df, "data", df) for x, df in zip(numbers, by, strict=True))
    _agree("Euler's identity", total, degree * root.data, bound, "x·∇f", Expression(root))


def inverse(f: Callable[[Any], Any], g: Callable[[Any], Any], x: Any, name: str = "g(f(x))") -> None:
    """g(f(x)) = x has the derivative 1 and the second derivative 0. See INVERSES."""
    leaf: Any = Value(x)

    def both(t: Any) -> Any:
        return g(f(t))

    slope = derivatives.grad(both)
    for got, want, what in (
        (both(leaf), x, name),
        (slope(leaf), 1, f"the derivative of {name}"),
        (derivatives.grad(slope)(leaf), 0, f"the second derivative of {name}"),
    ):
        number = got.data if isinstance(got, Value) else got
        _agree("inverse pair", number, want, rounding(got), what, f"x = {x!r}")


# ── The engine's promises ───────────────────────────────────────────────────────────────────────────


def zero_seed(graph: Graph) -> None:
    """backward(0) gives every leaf the gradient 0."""
    e = Expression.of(graph)
    leaves = [Value(x) for x in e.numbers]
    e.build(leaves).backward(0)
    _all_agree("zero seed", [leaf.grad for leaf in leaves], [0] * len(leaves), [0] * len(leaves), e)


def seed_linearity(graph: Graph, a: Any = 3, b: Any = -8) -> None:
    """backward(a), then backward(b), adds up to (a + b) times the gradient."""
    e = Expression.of(graph)
    f = Gradient(e.build, e.numbers)
    leaves = [Value(x) for x in e.numbers]
    root = e.build(leaves)
    root.backward(a)
    root.backward(b)
    bounds = [(abs(a) + abs(b)) * bound for bound in f.bounds]
    _all_agree(
        "linearity in the seed", [leaf.grad for leaf in leaves], [(a + b) * df for df in f.by], bounds, e
    )


def twice(graph: Graph) -> None:
    """A second pass gives exactly twice the gradient on leaves, and the same between."""
    e = Expression.of(graph)
    f = Gradient(e.build, e.numbers)
    order = value.topological_order(f.root)
    before = [node.grad for node in order]
    f.root.backward()
    for node, once in zip(order, before, strict=True):
        if node.op is not ops.constant:
            factor, where = (2, "on a leaf") if node.op is None else (1, f"at {node.op.name}, between,")
            _agree("backward twice", node.grad, factor * once, 0, f"the gradient {where}", e)


def paths(graph: Graph, most: int = 10_000) -> None:
    """The gradient is the sum over all paths of the products of local derivatives.

    Checks nothing where there are more than `most` paths: their number may double with every node.
    """
    e = Expression.of(graph)
    f = Gradient(e.build, e.numbers)
    edges = {  # path by path: the law knows neither the engine's order nor its sweep
        node: [(arg, local) for _, arg, local in local_derivatives(node)]
        for node in value.topological_order(f.root)
        if node.args
    }
    sums: dict[Value, Any] = dict.fromkeys(f.leaves, 0)
    stack, found = [(f.root, one(f.root.data))], 0
    while stack:
        node, product = stack.pop()
        if node in sums:
            sums[node] += product
            found += 1
            if found > most:
                return
        stack.extend((arg, product * local) for arg, local in edges.get(node, ()))
    _all_agree("sum over paths", f.by, [sums[leaf] for leaf in f.leaves], f.bounds, e)


def forward_is_reverse(graph: Graph, seed: Any = 3, directions: Sequence[Any] = ()) -> None:
    """⟨v, Ju⟩ = ⟨Jᵀv, u⟩: jvp, vjp, grad and backward agree; u is 1, −2, 3, … unless given."""
    e = Expression.of(graph)
    f = Gradient(e.build, e.numbers)
    u = [*directions] or [(-1) ** i * (i + 1) for i in range(len(e.leaves))]
    _, tangent = derivatives.jvp(e.build, (e.numbers,), (u,))
    _, pull = derivatives.vjp(e.build, e.numbers)
    (pulled,) = pull(seed)
    bounds = [abs(seed) * bound for bound in f.bounds]
    _all_agree("vjp is backward", pulled, [seed * df for df in f.by], bounds, e)
    _all_agree("grad is backward", derivatives.grad(e.build)(e.numbers), f.by, f.bounds, e)
    bound = sum(b * abs(ui) for b, ui in zip(bounds, u, strict=True))
    product = sum(p * ui for p, ui in zip(pulled, u, strict=True))
    _agree("forward is reverse", seed * tangent, product, bound, f"⟨{seed}, Ju⟩ with u = {u}", e)


def symmetric_hessian(graph: Graph) -> None:
    """∂²f/∂x∂y = ∂²f/∂y∂x, and hvp gives the Hessian's product with u = 1, −2, 3, …"""
    e = Expression.of(graph)
    u = [(-1) ** i * (i + 1) for i in range(len(e.leaves))]
    hessian = derivatives.hessian(e.build)(e.numbers)
    (products,) = derivatives.hvp(e.build, (e.numbers,), (u,))
    bounds = [[0 for _ in u] for _ in u]
    if not e.is_exact:
        recorded = derivatives.hessian(e.build)([Value(x) for x in e.numbers])
        bounds = [[rounding(second) for second in row] for row in recorded]
    for i, row in enumerate(hessian):
        for j in range(i):
            bound = bounds[i][j] + bounds[j][i]
            _agree("Hessian symmetry", row[j], hessian[j][i], bound, f"the entry {i + 1}, {j + 1}", e)
        want = sum(h * uj for h, uj in zip(row, u, strict=True))
        bound = sum(2 * b * abs(uj) for b, uj in zip(bounds[i], u, strict=True))
        _agree("hvp is Hessian × u", products[i], want, bound, f"the product's entry {i + 1}", e)


# ── Invariance under rewriting ──────────────────────────────────────────────────────────────────────


def _invariant(law: str, e: Expression, rewritten: Function) -> None:
    """The gradient is the same for the graph computed in another way."""
    f, other = Gradient(e.build, e.numbers), Gradient(rewritten, e.numbers)
    bounds = [2 * max(pair) for pair in zip(rewriting_bounds(e), other.bounds, strict=True)]
    _all_agree(law, other.by, f.by, bounds, e)


def commuted(graph: Graph) -> None:
    """The arguments of +, ×, max, Σ, dot, … may change places."""
    e = Expression.of(graph)

    def swap(op: Op, args: list[Any]) -> Any:
        return apply(op, args[::-1] if op.commutative else args)

    _invariant("commuted", e, lambda x: e.rewrite(x, swap))


def associated(graph: Graph) -> None:
    """(a + b) + c is a + (b + c), and so are products."""
    e = Expression.of(graph)

    def regroup(op: Op, args: list[Any]) -> Any:
        if op in (ops.add, ops.mul) and getattr(args[0], "op", None) is op:
            a, b = args[0].args
            return op(a, op(b, args[1]))
        return apply(op, args)

    _invariant("associated", e, lambda x: e.rewrite(x, regroup))


def unshared(graph: Graph) -> None:
    """A common subexpression may be computed twice, each use taking another copy."""
    e = Expression.of(graph)

    def copies(op: Op, pairs: list[Any]) -> list[Any]:
        return [apply(op, [pair[(i + k) % 2] for i, pair in enumerate(pairs)]) for k in (0, 1)]

    _invariant("unshared", e, lambda x: e.rewrite([[xi, xi] for xi in x], copies, lambda c: [c, c])[0])


def dead_nodes(graph: Graph) -> None:
    """Nodes that the root does not depend on, and branches not taken, change nothing."""
    e = Expression.of(graph)

    def clutter(op: Op, args: list[Any]) -> Any:
        result = apply(op, args)
        unused = result + result
        return ops.where(True, result, unused * result)

    _invariant("dead nodes", e, lambda x: e.rewrite(x, clutter))


def unfolded_constants(graph: Graph) -> None:
    """A constant may be computed from constants in the graph."""
    e = Expression.of(graph)
    _invariant("unfolded constants", e, lambda x: e.rewrite(x, apply, lambda c: constant(c) * constant(1)))


def frozen_leaves(graph: Graph) -> None:
    """A leaf that is made a constant changes no other gradient."""
    e = Expression.of(graph)
    f = Gradient(e.build, e.numbers)
    for i, number in enumerate(e.numbers if len(e.numbers) > 1 else ()):
        rest = e.numbers[:i] + e.numbers[i + 1 :]
        frozen = Gradient(lambda x, i=i, c=number: e.build([*x[:i], c, *x[i:]]), rest)  # type: ignore[misc]
        _all_agree("frozen leaves", frozen.by, f.by[:i] + f.by[i + 1 :], frozen.bounds, e)


def sorting(graph: Graph) -> None:
    """The sort gives every node once, after its arguments; where it leaves a choice, any order will do."""
    e = Expression.of(graph)
    f = Gradient(e.build, e.numbers)
    order = value.topological_order(f.root)
    place = {node: i for i, node in enumerate(order)}
    unordered = [
        node for node in order if any(place.get(arg, len(order)) >= place[node] for arg in node.args)
    ]
    if unordered or len(place) < len(order) or order[-1] is not f.root:
        why = (
            f"{unordered[0]!r} stands before its arguments"
            if unordered
            else "a node stands twice or the root not last"
        )
        raise AssertionError(f"sorting: {why}, in {e}".replace("\n", "; "))
    uses = Counter(arg for node in order for arg in node.args)
    other, ready = [], [f.root]
    while ready:  # Kahn's algorithm: a node whose uses are all done goes next, the last found first
        other.append(ready.pop())
        for arg in other[-1].args:
            uses[arg] -= 1
            if not uses[arg]:
                ready.append(arg)
    gradient: dict[Value, Any] = {f.root: one(f.root.data)}
    for _ in value.sweep(other[::-1], gradient):
        pass
    _all_agree("order of ties in the sort", f.by, [gradient.get(leaf, 0) for leaf in f.leaves], f.bounds, e)


LAWS: dict[str, Callable[[Graph], None]] = {
    law.__name__: law
    for law in (
        linearity,
        product_rule,
        chain_rule,
        stopped,
        total_derivative,
        euler,
        zero_seed,
        seed_linearity,
        twice,
        paths,
        forward_is_reverse,
        symmetric_hessian,
        commuted,
        associated,
        unshared,
        dead_nodes,
        unfolded_constants,
        frozen_leaves,
        sorting,
    )
}
