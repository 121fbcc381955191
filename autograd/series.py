"""Taylor series as a number type: z(t) = z₀ + z₁·t + z₂·t² + …, for all operations of the table at once.

For z = f(x(t), y(t)) the chain rule says z′ = ∂z/∂x · x′ + ∂z/∂y · y′. In coefficients, with p the series of
the rule ∂z/∂x, that is k·z_k = Σ_j j·x_j·p_{k−j} and the same for y. A rule called with series gives p, so
the rules of the table are all there is to know. (Lazy power series: Karczmarczuk 2001, "Functional
differentiation of computer programs".)

z_k needs x to k, but p to k − 1 only. As p is made by rows with rules of their own, the rules of a node form
a tower, whose level l is needed to the order n − l: n levels of at most n coefficients of at most n terms.
For that, the same row on the same arguments must be the same series. (1/y has the rule −z/y, which has a rule
with 1/y in it, and so on: made anew each time they are a tree, with Fibonacci's numbers of leaves.)

    x, y, z    series                                 p    the series of a local derivative
    k, m       the number of a coefficient            n    the order, up to which coefficients are wanted
"""

from collections.abc import Hashable
from fractions import Fraction
from operator import mul
from typing import Any

from autograd.op import Op
from autograd.protocol import Numeric


class Series(Numeric):
    """A power series, as far as it is known.

    known    z₀, z₁, z₂, …
    rates    1·z₁, 2·z₂, …: the coefficients of z′
    tower    where the rows that are applied to this series look for what has been made
    """

    __slots__ = ("known", "rates", "tower")

    def __init__(self, tower: "Tower", known: list[Any]) -> None:
        self.tower = tower
        self.known = known
        self.rates: list[Any] = [k * z for k, z in enumerate(known[1:], 1)] if len(known) > 1 else []

    @property
    def data(self) -> Any:
        """The number at t = 0, for comparisons and error messages."""
        return self.known[0]

    def number(self) -> Any:
        """The same; where it is a Value, that is compared in turn."""
        return self.data

    def apply_op(self, op: Op, args: tuple[Any, ...]) -> Any:
        """The operation on series; plain numbers and Values are constant series."""
        return self.tower.apply(op, args)


class Tower:
    """What the coefficients of one series z need: its rules, their rules, and so on.

    made     a row and its arguments → the series
    recipe   a series → its row and its arguments
    slopes   a series → (x, p) for every argument that moves
    """

    # A rule may give z itself, as that of exp does. Such circles stand in these dicts alone: clear them.

    def __init__(self) -> None:
        self.made: dict[Hashable, Series] = {}
        self.recipe: dict[Series, tuple[Op, tuple[Any, ...]]] = {}
        self.slopes: dict[Series, list[tuple[Series, Any]]] = {}

    def series(self, op: Op, args: tuple[Any, ...], z0: Any, n: int) -> Any:
        """The series of op(*args), which begins with z₀, to the order n, to which the arguments are known.

        Where no rule gives a contribution it is z₀: a series of zeros, times infinity, would be nan.
        """
        try:
            z = self.begin(_key(op, args), op, args, z0)
            if not self.differentiate(z):
                return z0
            self.complete(z, n)
            return z
        finally:
            self.made.clear()
            self.recipe.clear()
            self.slopes.clear()

    def apply(self, op: Op, args: tuple[Any, ...]) -> Any:
        """The series of op(*args) as far as the arguments' z₀ go; a number where the row has no rules."""
        key = _key(op, args)
        if key in self.made:
            return self.made[key]
        z0 = op.apply([arg.data if type(arg) is Series else arg for arg in args])
        return self.begin(key, op, args, z0) if op.partials else z0

    def begin(self, key: Hashable, op: Op, args: tuple[Any, ...], z0: Any) -> Series:
        """A series of which no more than z₀ is known."""
        z = self.made[key] = Series(self, [z0])
        self.recipe[z] = op, args  # which keeps the arguments alive, and so their ids their own
        return z

    def complete(self, z: Series, n: int) -> None:
        """Compute z up to the order n, and before each coefficient what it needs."""
        stack = [(z, n)]
        while stack:
            z, k = stack[-1]
            m = len(z.known)
            if m > k:
                stack.pop()
                continue
            wanted = len(stack)
            slopes = self.slopes[z] if z in self.slopes else self.differentiate(z)
            for x, p in slopes:
                if len(x.known) <= m:
                    stack.append((x, m))
                if type(p) is Series and len(p.known) < m:
                    stack.append((p, m - 1))
            if len(stack) == wanted:
                _extend(z, m, slopes)

    def differentiate(self, z: Series) -> list[tuple[Series, Any]]:
        """(x, p) for every argument x of z that is a series and has a local derivative p."""
        op, args = self.recipe[z]
        rules = op.local_derivatives((*args, z), [type(x) is Series for x in args])
        slopes = self.slopes[z] = [(x, p) for x, p in zip(args, rules, strict=True) if p is not None]
        return slopes


def _key(op: Op, args: tuple[Any, ...]) -> Hashable:
    """The same for the same row on the same arguments."""
    return op, *[id(x) if type(x) is Series else _identity(x) for x in args]


def _identity(x: Any) -> Hashable:
    """The same for numbers that no operation can tell apart. A Value is itself: it compares by its number."""
    kind = type(x)
    if kind is int or kind is Fraction:
        return kind, x
    return id(x) if hasattr(kind, "apply_op") else (kind, repr(x))  # repr: 0.0 and −0.0, 1.0 and 1.00, nan


def _extend(z: Series, m: int, slopes: list[tuple[Series, Any]]) -> None:
    """Compute z_m, by m·z_m = Σ_j j·x_j·p_{m−j}. (A plain p is a constant series.)"""
    rate = 0
    for x, p in slopes:
        if type(p) is Series:
            rate = sum(map(mul, x.rates, p.known[m - 1 :: -1]), rate)
        else:
            rate += x.rates[m - 1] * p
    z.rates.append(rate)
    z.known.append(divide(rate, m))


def divide(total: Any, k: int) -> Any:
    """Total / k, as an int where it is one: an int over an int would make a float of a fraction's series."""
    if k == 1:
        return total  # also a Value, whose graph needs no division by 1
    return total // k if isinstance(total, int) and total % k == 0 else total / k
