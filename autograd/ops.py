"""The table: every operation is one row, and everything else reads it.

A row is a symbol to draw, a function to apply, and one rule per argument: its local derivative, an
expression in the arguments x, y, … and the result z. Rules are branch-free: kinks are written with
`step`, `sign`, `share` or `where`. Called with numbers a rule gives the local derivative, with Values
the derivative as a graph (so orders go on for ever, and its formula can be printed), with arrays the
batched derivative. A rule that returns None contributes nothing. Guards for single points choose by number
(`f.where`), which leaves no trace in the derivative's graph.

At a kink the rules take the subgradient of least norm: relu′(0) = 0, |x|′(0) = 0, and the two arguments
of `maximum` share ½ : ½ on a tie. The bounds of `clip` count as constants there, so its x gets 0.

Formulas: Abramowitz & Stegun, chapters 4, 6 and 7, unless a row says otherwise.
"""

# mypy: disable-error-code="has-type"
# A rule may name a row that stands further down; mypy does not follow it there.

import math
import operator
import sys
from collections.abc import Callable, Sequence
from numbers import Complex, Real
from reprlib import repr as short
from typing import Any, NamedTuple

from autograd import functions as f
from autograd import special


class Interval(NamedTuple):
    """The open interval of real numbers on which an argument is allowed and its rule finite."""

    low: float = -math.inf
    high: float = math.inf
    hole: float | None = None

    def __contains__(self, x: Any) -> bool:
        return bool(self.low < x < self.high and x != self.hole)

    def describe(self, name: str) -> str:
        """The interval as a condition on the argument `name`: `0 < x`."""
        low = f"{self.low:g} < " if self.low > -math.inf else ""
        high = f" < {self.high:g}" if self.high < math.inf else ""
        return (
            f"{low}{name}{high}"
            if low or high
            else f"{name} ≠ {self.hole:g}"
            if self.hole is not None
            else ""
        )


REAL, POSITIVE, NONZERO = Interval(), Interval(low=0), Interval(hole=0)

KINDS = ("rational", "analytic", "smooth", "kinked", "constant")

SUM, PRODUCT, SIGN, POWER, ATOM = range(1, 6)  # how strongly an infix symbol binds, for parentheses


class Op:
    """One row of the table: how an operation is drawn, computed and differentiated.

    symbol      what a diagram shows
    function    the operation on plain numbers; its default values become the operation's own
    partials    one rule per argument, called as rule(x, y, …, z); an operation on sequences has one
                rule (args, z) → all local derivatives. A row without rules is a constant, such as π
    kind        "rational" (exact in Fraction), "analytic" (holds for complex numbers too), "smooth"
                (differentiable on the reals only), "kinked" or "constant"
    domain      one Interval per argument, where it is not all of ℝ
    sequences   how many sequences the operation takes in place of single arguments
    infix       how strongly the symbol binds between its arguments; 0: written as name(x, y)
    latex       a format string with one {} per argument

    >>> cube = Op("cube", lambda x: x * x * x, lambda x, z: 3 * x * x)
    >>> cube(2)
    8
    """

    def __init__(
        self,
        symbol: str,
        function: Callable[..., Any],
        *partials: Callable[..., Any],
        kind: str = "analytic",
        domain: Sequence[Interval] = (),
        sequences: int = 0,
        infix: int = 0,
        latex: str = "",
    ) -> None:
        if not partials and kind != "constant":
            raise TypeError(f"Op({symbol!r}, …) has no rule; give one local derivative per argument")
        if kind not in KINDS:
            raise ValueError(f"Op: kind {kind!r} does not exist; there is {', '.join(KINDS)}")
        self.symbol = self.name = symbol
        self.function = function
        self.partials = partials
        self.kind = kind
        self.domain = domain
        self.sequences = sequences
        self.arity = 0 if sequences else len(partials)
        self.infix = infix
        self.latex = latex
        self.defaults = getattr(function, "__defaults__", None) or ()
        self.__doc__ = function.__doc__
        self.__module__ = sys._getframe(1).f_globals.get("__name__", "")  # where pickle finds the row

    def __call__(self, *args: Any) -> Any:
        """Apply the operation, as the first argument whose type has `apply_op` does it, or to numbers.

        TypeError if the arguments are too few, too many or no numbers; else what the function raises,
        with the operation and its arguments named.
        """
        if self.sequences:
            args = self.flatten(args)
        elif len(args) != self.arity or not args:
            args = self.complete(args)
        refused: set[type] = set()
        for arg in args:
            if hasattr(arg, "apply_op") and type(arg) not in refused:
                result = arg.apply_op(self, args)
                if result is not NotImplemented:
                    return result
                refused.add(type(arg))
        if refused:
            types = ", ".join(sorted({type(arg).__name__ for arg in args}))
            raise TypeError(f"{self.name} cannot mix {types}; make arrays with autograd.array")
        return self.evaluate(args, args)

    def complete(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments with the defaults filled in."""
        arity = len(self.partials) or 1
        missing = arity - len(args)
        if missing < 0 or missing > len(self.defaults):
            raise TypeError(f"{self.name} takes {arity} argument{'s'[: arity != 1]}, not {len(args)}")
        return args + self.defaults[len(self.defaults) - missing :]

    def flatten(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The sequences one after the other, checked to be as many as they must be and equally long."""
        sequences = [tuple(arg) for arg in args if hasattr(arg, "__iter__")]
        if not len(sequences) == len(args) == self.sequences:
            wanted = "one sequence" if self.sequences == 1 else f"{self.sequences} sequences"
            raise TypeError(
                f"{self.name} takes {wanted} of numbers: {self.name}({'[…], ' * (self.sequences - 1)}[…])"
            )
        flat: tuple[Any, ...] = ()
        for sequence in sequences:
            if len(sequence) != len(sequences[0]):
                lengths = [*map(len, sequences)]
                raise ValueError(f"{self.name}: the sequences have lengths {lengths}; make them equal")
            flat += sequence
        return flat

    def evaluate(self, numbers: Sequence[Any], args: Sequence[Any]) -> Any:
        """The function of the numbers; an error names the operation and `args`, whose numbers they are."""
        try:
            if self.kind == "kinked" and any(map(is_complex, numbers)):
                raise TypeError("a complex number has no order")
            return self.function(*numbers)
        except (ArithmeticError, ValueError, TypeError) as error:
            raise self.explain(error, args) from error

    def local_derivatives(self, numbers: Sequence[Any], wanted: Sequence[bool]) -> list[Any]:
        """∂z/∂x for each wanted argument x, None for the others. `numbers` are the operands, then z."""
        if self.sequences:
            return [
                d if w else None
                for d, w in zip(self.partials[0](numbers[:-1], numbers[-1]), wanted, strict=True)
            ]
        return [rule(*numbers) if w else None for rule, w in zip(self.partials, wanted, strict=True)]

    def describe(self, args: Sequence[Any]) -> str:
        """The call as an error message shows it, with labels and numbers: `log(x = -1)`."""
        shown = [describe(arg) for arg in args[:6]] + ["…"] * (len(args) > 6)
        return f"{self.name}({', '.join(shown)})"

    def explain(self, error: Exception, args: Sequence[Any], doing: str = "") -> Exception:
        """The same error, naming the operation, its arguments and the remedy."""
        if getattr(error, "explained", False):  # by the row that a rule called
            remedy = ""
        elif isinstance(error, OverflowError):
            remedy = "; the result is too large for its number type: scale the arguments down"
        elif isinstance(error, TypeError):
            remedy = "; give numbers of one type, which the operation knows"
        else:
            conditions = [d.describe(x) for d, x in zip(self.domain, "xyz", strict=False)]
            domain = " and ".join(filter(None, conditions))
            remedy = f"; stay in the domain {domain}" if domain else "; keep the arguments away from it"
            remedy += ", choose with where(condition, lambda: …, …), or use complex numbers"
        message = f"{self.describe(args)}: {doing}{error}{remedy}"
        try:
            explained = type(error)(message)
        except TypeError:  # an exception class with a signature of its own
            explained = ValueError(message)
        explained.explained = True  # type: ignore[attr-defined]
        return explained

    def __repr__(self) -> str:
        return f"<Op {self.name}>"

    def __reduce__(self) -> str:
        """A row is pickled by the name of the variable of its module that holds it."""
        module = sys.modules.get(self.__module__)
        for variable, value in vars(module).items() if module else ():
            if value is self:
                return variable
        raise TypeError(f"{self!r} cannot be pickled: keep it in a variable of a module")

    def __deepcopy__(self, memo: dict[int, Any]) -> "Op":
        return self


def is_complex(x: Any) -> bool:
    """Whether x is a complex number by its type."""
    return type(x) is not float and isinstance(x, Complex) and not isinstance(x, Real)


def describe(arg: Any) -> str:
    """An argument as an error message shows it: `x = -1` with its label, else `-1`."""
    number = short(arg.data if hasattr(type(arg), "apply_op") else arg)
    label = getattr(arg, "label", "")
    return f"{label} = {number}" if label else number


class Choice(Op):
    """The row of `where`, whose branches may be callables: only the one taken is then called."""

    def __call__(self, condition: Any, x: Any, y: Any) -> Any:
        """X where the condition holds, y elsewhere; a branch not called is recorded as nan."""
        if hasattr(condition, "select") or (f.is_array(condition) and (callable(x) or callable(y))):
            return f.where(condition, x, y)
        if callable(x) or callable(y):
            x = (x() if condition else math.nan) if callable(x) else x
            y = (math.nan if condition else y()) if callable(y) else y
        return super().__call__(condition, x, y)


# ── Arithmetic ──────────────────────────────────────────────────────────────────────────────────────
# fmt: off

#           symbol  z =                   ∂z/∂x                         ∂z/∂y
add       = Op("+", operator.add,         lambda x, y, z: 1,            lambda x, y, z: 1,
               kind="rational", infix=SUM, latex="{} + {}")
sub       = Op("−", operator.sub,         lambda x, y, z: 1,            lambda x, y, z: -1,
               kind="rational", infix=SUM, latex="{} - {}")
mul       = Op("×", operator.mul,         lambda x, y, z: y,            lambda x, y, z: x,
               kind="rational", infix=PRODUCT, latex=r"{} \cdot {}")
div       = Op("/", operator.truediv,     lambda x, y, z: one(z) / y,   lambda x, y, z: -z / y,
               kind="rational", infix=PRODUCT, latex=r"\frac{{{}}}{{{}}}", domain=(REAL, NONZERO))
neg       = Op("−", operator.neg,         lambda x, z: -1, kind="rational", infix=SIGN, latex="-{}")
power     = Op("^", f.power,
               lambda x, y, z: f.where((x == 0) & (y == 0), 0, lambda: y * x ** (y - 1)),
               lambda x, y, z: f.where(x == 0, 0, lambda: z * log(x)),
               infix=POWER, latex="{}^{{{}}}", domain=(POSITIVE, REAL))
mod       = Op("mod", operator.mod,       lambda x, y, z: 1,            lambda x, y, z: -floordiv(x, y),
               kind="kinked", infix=PRODUCT, latex=r"{} \bmod {}", domain=(REAL, NONZERO))
floordiv  = Op("//", f.floordiv,          lambda x, y, z: 0,            lambda x, y, z: 0,
               kind="kinked", infix=PRODUCT, latex=r"\lfloor {} / {} \rfloor", domain=(REAL, NONZERO))
reciprocal = Op("1/", f.reciprocal,       lambda x, z: -(z * z), kind="rational", domain=(NONZERO,),
               latex=r"\frac{{1}}{{{}}}")

# ── Constants, to the precision of x's number type: rows without rules ──────────────────────────────

constant  = Op("const", operator.pos, kind="constant")
identity  = Op("=", operator.pos,         lambda x, z: 1, kind="rational", latex="{}")
one       = Op("1", f.one, kind="constant")
pi        = Op("π", f.pi, kind="constant")
ln2       = Op("ln 2", f.ln2, kind="constant")
ln10      = Op("ln 10", f.ln10, kind="constant")

# ── Exponentials and logarithms ─────────────────────────────────────────────────────────────────────

exp       = Op("exp", f.exp,              lambda x, z: z)
exp2      = Op("exp2", f.exp2,            lambda x, z: z * ln2(x), latex="2^{{{}}}")
expm1     = Op("expm1", f.expm1,          lambda x, z: exp(x))
log       = Op("log", f.log,              lambda x, z: 1 / x, domain=(POSITIVE,))
log2      = Op("log2", f.log2,            lambda x, z: 1 / (x * ln2(x)), domain=(POSITIVE,))
log10     = Op("log10", f.log10,          lambda x, z: 1 / (x * ln10(x)), domain=(POSITIVE,))
log1p     = Op("log1p", f.log1p,          lambda x, z: 1 / (1 + x), domain=(Interval(low=-1),))
sqrt      = Op("√", f.sqrt,               lambda x, z: 1 / (2 * z), domain=(POSITIVE,),
               latex=r"\sqrt{{{}}}")

# ── Circular and hyperbolic functions ───────────────────────────────────────────────────────────────

sin       = Op("sin", f.sin,              lambda x, z: cos(x))
cos       = Op("cos", f.cos,              lambda x, z: -sin(x))
tan       = Op("tan", f.tan,              lambda x, z: 1 + z * z,
               domain=(Interval(-math.pi / 2, math.pi / 2),))
arcsin    = Op("arcsin", f.arcsin,        lambda x, z: 1 / sqrt((1 - x) * (1 + x)),
               domain=(Interval(-1, 1),))
arccos    = Op("arccos", f.arccos,        lambda x, z: -1 / sqrt((1 - x) * (1 + x)),
               domain=(Interval(-1, 1),))
arctan    = Op("arctan", f.arctan,        lambda x, z: 1 / (1 + x * x))
sinh      = Op("sinh", f.sinh,            lambda x, z: cosh(x))
cosh      = Op("cosh", f.cosh,            lambda x, z: sinh(x))
tanh      = Op("tanh", f.tanh,            lambda x, z: 1 - z * z)
arcsinh   = Op("arcsinh", f.arcsinh,      lambda x, z: 1 / sqrt(1 + x * x))
arccosh   = Op("arccosh", f.arccosh,      lambda x, z: 1 / (sqrt(x - 1) * sqrt(x + 1)),
               domain=(Interval(low=1),))
arctanh   = Op("arctanh", f.arctanh,      lambda x, z: 1 / ((1 - x) * (1 + x)),
               domain=(Interval(-1, 1),))
arctan2   = Op("arctan2", f.arctan2,
               lambda x, y, z: y / (x * x + y * y),                     lambda x, y, z: -x / (x * x + y * y),
               kind="smooth", domain=(REAL, NONZERO))
hypot     = Op("hypot", f.hypot,          lambda x, y, z: x / z,        lambda x, y, z: y / z,
               domain=(NONZERO, NONZERO))
deg2rad   = Op("deg2rad", f.deg2rad,      lambda x, z: pi(x) / 180)
rad2deg   = Op("rad2deg", f.rad2deg,      lambda x, z: 180 / pi(x))

# ── Special functions ───────────────────────────────────────────────────────────────────────────────

erf       = Op("erf", f.erf,              lambda x, z: 2 / sqrt(pi(x)) * exp(-(x * x)), kind="smooth")
erfc      = Op("erfc", f.erfc,            lambda x, z: -2 / sqrt(pi(x)) * exp(-(x * x)), kind="smooth")
lgamma    = Op("lgamma", f.lgamma,        lambda x, z: polygamma(0, x), kind="smooth",
               domain=(POSITIVE,))
polygamma = Op("ψ", special.polygamma,    lambda n, x, z: None,         lambda n, x, z: polygamma(n + 1, x),
               kind="smooth", domain=(REAL, POSITIVE))
sinc      = Op("sinc", special.sinc,      lambda x, n, z: sinc(x, n + 1), lambda x, n, z: None)

# ── Neural functions, stable far out ────────────────────────────────────────────────────────────────

sigmoid   = Op("σ", f.sigmoid,            lambda x, z: z * (1 - z), latex=r"\sigma({})")
softplus  = Op("softplus", f.softplus,    lambda x, z: sigmoid(x))
log_sigmoid = Op("log σ", f.log_sigmoid,  lambda x, z: sigmoid(-x), latex=r"\log\sigma({})")
gelu      = Op("gelu", f.gelu,
               lambda x, z: normal_cdf(x) + x * exp(-(x * x) / 2) / sqrt(2 * pi(x)),
               kind="smooth")
normal_cdf = Op("Φ", f.normal_cdf,        lambda x, z: exp(-(x * x) / 2) / sqrt(2 * pi(x)), kind="smooth",
               latex=r"\Phi({})")
relu      = Op("relu", f.relu,            lambda x, z: step(x), kind="kinked")
leaky_relu = Op("leaky_relu", f.leaky_relu,
               lambda x, a, z: where(step(x), 1, a),                    lambda x, a, z: where(step(x), 0, x),
               kind="kinked")
elu       = Op("elu", f.elu,
               lambda x, a, z: where(step(x), 1, a * exp(-relu(-x))),
               lambda x, a, z: expm1(-relu(-x)),  # relu(−x) = −min(x, 0) keeps the branch not taken finite
               kind="kinked")

# ── Choices and kinks ───────────────────────────────────────────────────────────────────────────────

absolute  = Op("abs", f.absolute,         lambda x, z: sign(x), kind="kinked", latex=r"\left|{}\right|")
sign      = Op("sign", f.sign,            lambda x, z: 0, kind="kinked")
step      = Op("step", f.step,            lambda x, z: 0, kind="kinked")
share     = Op("share", f.share,          lambda x, y, z: 0,            lambda x, y, z: 0, kind="kinked")
maximum   = Op("max", f.maximum,          lambda x, y, z: share(x, y),  lambda x, y, z: share(y, x),
               kind="kinked")
minimum   = Op("min", f.minimum,          lambda x, y, z: share(y, x),  lambda x, y, z: share(x, y),
               kind="kinked")
clip      = Op("clip", f.clip,
               lambda x, low, high, z: step(x - low) * step(high - x),
               lambda x, low, high, z: step(low - x) * step(high - low),
               lambda x, low, high, z: step(maximum(x, low) - high),
               kind="kinked")
where     = Choice("where", f.where,
               lambda c, x, y, z: None,
               lambda c, x, y, z: f.where(c, 1, None),
               lambda c, x, y, z: f.where(c, None, 1),
               kind="rational")

# ── Sequences: one rule gives all local derivatives ─────────────────────────────────────────────────

sum       = Op("Σ", f.total,              lambda x, z: [1] * len(x),  # noqa: A001 (NumPy's name)
               kind="rational", sequences=1)
mean      = Op("mean", f.mean,            lambda x, z: [one(z) / len(x)] * len(x),
               kind="rational", sequences=1)
prod      = Op("Π", f.prod,               lambda x, z: f.others(x), kind="rational", sequences=1)
dot       = Op("dot", f.dot,              lambda x, z: x[len(x) // 2:] + x[:len(x) // 2],
               kind="rational", sequences=2)
logsumexp = Op("logsumexp", f.logsumexp,
               lambda x, z: [f.where(z == -math.inf, 0, lambda xi=xi: exp(xi - z)) for xi in x],
               sequences=1)

# fmt: on

negative, subtract, multiply, divide, remainder = (
    neg,
    sub,
    mul,
    div,
    mod,
)  # NumPy's names of rows above
radians, degrees = deg2rad, rad2deg

TABLE: dict[str, Op] = {name: row for name, row in vars().items() if isinstance(row, Op)}
for _name, _row in reversed(TABLE.items()):  # the first name of a row is its own
    _row.name = _name


# ── What a type that plugs in by `apply_op` gets from the table ────────────────────────────────────

OPERATORS = {  # by Python's names
    "add": add, "sub": sub, "mul": mul, "truediv": div, "pow": power, "mod": mod, "floordiv": floordiv,
}  # fmt: skip
METHODS = {  # NumPy calls them on the elements of object arrays
    name: row for name, row in TABLE.items() if row.partials and not row.sequences and row is not where
}


def overload(cls: type) -> type:
    """Class decorator: Python's operators, comparisons by `.data`, and a method for every row."""

    def comparison(compare: Callable[[Any, Any], Any]) -> Callable[..., Any]:
        return lambda self, other: compare(self.data, getattr(other, "data", other))

    for name, row in OPERATORS.items():
        setattr(cls, f"__{name}__", lambda self, other, row=row: row(self, other))
        setattr(cls, f"__r{name}__", lambda self, other, row=row: row(other, self))
    for name, row in {**METHODS, "__neg__": neg, "__abs__": absolute}.items():
        setattr(cls, name, lambda self, *args, row=row: row(self, *args))
    for name in ("lt", "le", "eq", "ne", "gt", "ge"):
        setattr(cls, f"__{name}__", comparison(getattr(operator, name)))
    return cls


# ── Several outputs: compositions over the rows ─────────────────────────────────────────────────────


def log_softmax(x: Sequence[Any]) -> list[Any]:
    """xᵢ − log(exp(x₁) + exp(x₂) + …) for every i."""
    z = logsumexp(x)
    return [xi - z for xi in x]


def softmax(x: Sequence[Any]) -> list[Any]:
    """exp(xᵢ) / (exp(x₁) + exp(x₂) + …) for every i, which never overflows."""
    return [exp(xi) for xi in log_softmax(x)]


def matvec(rows: Sequence[Sequence[Any]], x: Sequence[Any]) -> list[Any]:
    """The dot of every row with x: a matrix times a vector, one node for every row."""
    x = tuple(x)
    if x and hasattr(x[0], "apply_rows"):
        result = x[0].apply_rows(dot, rows, x)
        if result is not NotImplemented:
            return result  # type: ignore[no-any-return]
    return [dot(row, x) for row in rows]


def take(x: Sequence[Any], i: Any) -> Any:
    """x[i], where i may also be a whole number that `compile` traces."""
    return i.take_from(x) if hasattr(i, "take_from") else x[operator.index(i)]


_INTERNAL = {"constant", "identity", "one", "share", "normal_cdf", "ln2", "ln10", "pi"}
__all__ = [*sorted(TABLE.keys() - _INTERNAL), "log_softmax", "matvec", "softmax", "take"]
