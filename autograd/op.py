"""What a row of the table is: `Op`, and the words of its errors. The rows themselves stand in `ops`.

A type plugs into every operation by a method `apply_op(op, args)`: Value, autograd.array, the series of
`taylor`, the symbols of `compile`. Where it cannot take the arguments it returns NotImplemented. A type whose
objects have no number yet, on which one could branch, says `symbolic = True`.
"""

import inspect
import itertools
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from reprlib import repr as short
from typing import Any, NamedTuple
from unicodedata import category

from autograd.functions import is_complex

__all__ = [
    "ATOM", "FAILURES", "KINDS", "NONZERO", "POSITIVE", "POWER", "PRODUCT", "REAL", "REFUSED", "SIGN", "SUM",
    "Choice", "Either", "Interval", "Op", "Overloaded", "RuleError", "describe", "is_complex", "is_symbolic",
    "printable",
]  # fmt: skip

FAILURES = (ArithmeticError, ValueError, TypeError)  # what functions and rules raise outside their domains
KINDS = ("rational", "analytic", "smooth", "kinked", "constant")
REFUSED = {  # of complex numbers
    "kinked": "a complex number has no order",
    "smooth": "it is differentiated on the reals only, and takes no complex number",
}
SUM, PRODUCT, SIGN, POWER, ATOM = range(1, 6)  # how strongly an infix symbol binds, for parentheses


class Interval(NamedTuple):
    """The open interval of real numbers on which an argument is allowed and its rule finite."""

    low: float = -math.inf
    high: float = math.inf
    hole: float | None = None

    def __contains__(self, x: Any) -> bool:
        return bool(self.low < x < self.high and x != self.hole)

    def edges(self) -> list[float]:
        """The finite numbers at which it ends."""
        return [x for x in self if x is not None and abs(x) < math.inf]

    def describe(self, name: str) -> str:
        """The interval as a condition on the argument `name`: `0 < x`; "" where there is none."""
        hole = f"{name} ≠ {self.hole:g}" if self.hole is not None else ""
        low = f"{self.low:g} < " if self.low > -math.inf else ""
        high = f" < {self.high:g}" if self.high < math.inf else ""
        return " and ".join(filter(None, (f"{low}{name}{high}" if low or high else "", hole)))


class Either(tuple[Interval, ...]):
    """A domain that asks for one of its conditions alone: hypot(x, y) for x ≠ 0 or y ≠ 0."""


REAL, POSITIVE, NONZERO = Interval(), Interval(low=0), Interval(hole=0)


class RuleError(TypeError, ValueError):
    """A rule, or what it gives, is not as the rules of a row are; the message holds the remedy."""


class Op:
    """One row of the table: how an operation is drawn, computed and differentiated.

    symbol       what a diagram shows; a control character in it is shown by a sign
    function     the operation on plain numbers; its default values become the operation's own
    partials     one rule per argument, called as rule(x, y, …, z); an operation on sequences has one
                 rule (args, z) → all local derivatives. A row without rules is a constant, such as π
    kind         "rational" (exact in Fraction), "analytic" (holds for complex numbers too), "smooth"
                 (differentiable on the reals only), "kinked" or "constant"
    domain       one Interval per argument, where it is not all of ℝ
    sequences    how many sequences the operation takes in place of single arguments
    parameters   the arguments that are settings and no variables, such as the order of sinc: by
                 position a few of the values that may stand there, the simplest first
    commutative  whether the arguments may stand in reverse order
    kinks        where a kinked row has its kinks, if not at 0 and where two arguments are equal: a function
                 of the arguments that gives the distance of one of them from the nearest
    infix        how strongly the symbol binds between its arguments; 0: written as name(x, y)
    latex        a format string with one {} per argument

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
        parameters: Mapping[int, Sequence[Any]] = {},
        commutative: bool = False,
        kinks: Callable[..., Any] | None = None,
        infix: int = 0,
        latex: str = "",
    ) -> None:
        if not partials and kind != "constant":
            raise TypeError(f"Op({symbol!r}, …) has no rule; give one local derivative per argument")
        if kind not in KINDS:
            raise ValueError(f"Op: kind {kind!r} does not exist; there is {', '.join(KINDS)}")
        for rule in partials:
            _check_rule(symbol, rule, 0 if sequences else len(partials))
        self.symbol = self.name = printable(symbol)
        self.function = function
        self.partials = partials
        self.kind = kind
        self.domain = domain
        self.sequences = sequences
        self.parameters = dict(parameters)
        self.commutative = commutative
        self.kinks = kinks
        self.arity = 0 if sequences else len(partials)
        self.infix = infix
        self.latex = printable(latex)
        self.defaults = getattr(function, "__defaults__", None) or ()
        self.__doc__ = function.__doc__
        self.__module__ = sys._getframe(1).f_globals.get("__name__", "")  # where pickle finds the row

    def form(self, count: int) -> "Op":
        """The row that so many arguments ask for: this one, unless it is overloaded."""
        return self

    # ── Applying it ─────────────────────────────────────────────────────────────────────────────────

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Apply the operation, as the first argument whose type has `apply_op` does it, or to numbers.

        TypeError if the arguments are too few, too many or no numbers; else what the function raises,
        with the operation and its arguments named.
        """
        if named:
            args = self.place(args, named)
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
        return self.compute(args, args)

    def apply(self, args: Sequence[Any]) -> Any:
        """The operation on arguments that stand one after the other: `dot` takes them as two sequences."""
        return self(*self.grouped(args))

    def grouped(self, args: Sequence[Any]) -> Sequence[Any]:
        """Arguments that stand one after the other as the operation is called with them."""
        if not self.sequences:
            return args
        n = len(args) // self.sequences
        return [args[i * n : (i + 1) * n] for i in range(self.sequences)]

    def place(self, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments in their order, those given by name among them, and the defaults between."""
        try:
            bound = inspect.signature(self.function).bind(*args, **named)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{self.name}: {error}; {_names(self.function)}") from None
        bound.apply_defaults()
        return bound.args

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
        """The result for the numbers of `args`, which may plug in themselves, as the symbols of `compile`."""
        if any(hasattr(kind, "apply_op") for kind in {*map(type, numbers)}):
            return self.apply(numbers)
        return self.compute(numbers, args)

    def compute(self, numbers: Sequence[Any], args: Sequence[Any]) -> Any:
        """The function of plain numbers; an error names the operation and `args`, whose numbers they are."""
        try:
            if self.kind in REFUSED and any(map(is_complex, numbers)):
                raise TypeError(REFUSED[self.kind])
            return self.function(*numbers)
        except FAILURES as error:
            raise self.explain(error, args) from error

    # ── Differentiating it ──────────────────────────────────────────────────────────────────────────

    def local_derivatives(self, numbers: Sequence[Any], wanted: Sequence[bool]) -> list[Any]:
        """∂z/∂x for each wanted argument x, None for the others. `numbers` are the operands, then z."""
        if not self.sequences:
            return [rule(*numbers) if w else None for rule, w in zip(self.partials, wanted, strict=True)]
        locals_ = self.partials[0](numbers[:-1], numbers[-1])
        if len(locals_) != len(wanted):
            raise RuleError(
                f"the rule gave {len(locals_)} for {len(wanted)} arguments; give one local derivative for "
                "each, None for no contribution"
            )
        return [local if w else None for local, w in zip(locals_, wanted, strict=True)]

    def is_steep(self, numbers: Sequence[Any]) -> bool:
        """Whether there is an edge of the domain where the function is defined but a slope is not finite.

        So it is with sqrt at 0 and arcsin at ±1, not with log, which has no number at 0. `numbers` are those
        of the arguments, as far as they are known: x³ is smooth, and x to any power is not.
        """
        if not self.domain:
            return False
        tried = [
            [number] if type(number) in (int, float) else interval.edges() or [0.0, 0.5]
            for number, interval in zip(numbers, self.domain, strict=True)
        ]
        return any(map(self._ends, itertools.product(*tried)))

    def _ends(self, point: Sequence[float]) -> bool:
        """Whether the function is defined at a point, and a slope there is not finite."""
        try:
            z = self.function(*point)
        except FAILURES:
            return False
        try:
            slopes = self.local_derivatives((*point, z), [True] * len(point))
        except FAILURES:
            return True
        return not all(slope is None or abs(slope) < math.inf for slope in slopes)

    # ── Telling of it ───────────────────────────────────────────────────────────────────────────────

    def describe(self, args: Sequence[Any]) -> str:
        """The call as an error message shows it, with labels and numbers: `log(x = -1)`."""
        shown = [describe(arg) for arg in args[:6]] + ["…"] * (len(args) > 6)
        return f"{self.name}({', '.join(shown)})"

    def explain(self, error: Exception, args: Sequence[Any], doing: str = "") -> Exception:
        """The same error, naming the operation, its arguments and the remedy."""
        if isinstance(error, RuleError) or getattr(error, "explained", False):  # by the row a rule called
            remedy = ""
        elif isinstance(error, OverflowError):
            remedy = "; the result is too large for its number type: scale the arguments down"
        elif isinstance(error, TypeError):
            remedy = "; give numbers of one type, which the operation knows"
        else:
            conditions = (d.describe(x) for d, x in zip(self.domain, "xyz", strict=False))
            domain = (" or " if isinstance(self.domain, Either) else " and ").join(filter(None, conditions))
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


class Choice(Op):
    """The row of `where`, whose branches may be callables: only the one taken is then called."""

    def __call__(self, condition: Any, x: Any, y: Any) -> Any:
        """X where the condition holds, y elsewhere; a branch not called is recorded as nan."""
        if is_symbolic(condition):  # both branches are recorded, and None contributes 0
            x, y = (0.0 if z is None else z for z in (_called(x), _called(y)))
        elif callable(x) or callable(y):
            if getattr(condition, "shape", ()) or hasattr(type(condition), "select"):
                return self.function(condition, x, y)  # which calls both branches
            x = (x() if condition else math.nan) if callable(x) else x
            y = (math.nan if condition else y()) if callable(y) else y
        return super().__call__(condition, x, y)


class Overloaded(Op):
    """A row that with more arguments is another one: log(x, base), as in math, or maximum(x, y, …)."""

    def __init__(self, *args: Any, longer: Op, **named: Any) -> None:
        super().__init__(*args, **named)
        self.longer = longer
        self.__module__ = longer.__module__

    def form(self, count: int) -> Op:
        """The row that so many arguments ask for; a longer one on a sequence takes any number more."""
        fits = count > self.arity if self.longer.sequences else count == self.longer.arity
        return self.longer if fits else self

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Apply the operation of so many arguments."""
        row = self.form(len(args) + len(named))
        if row is self or (named and row.sequences):
            return super().__call__(*args, **named)
        return row(*args, **named) if named else row.apply(args)


def _called(branch: Any) -> Any:
    return branch() if callable(branch) else branch


def _check_rule(symbol: str, rule: Callable[..., Any], arity: int) -> None:
    """RuleError for a rule that cannot be called as the rules of a row with so many arguments are."""
    names = [*("xyuv"[:arity] if arity < 5 else (f"x{i + 1}" for i in range(arity))), "z"]
    names = names if arity else ["args", "z"]
    try:
        signature = inspect.signature(rule)
    except (TypeError, ValueError):  # a builtin, which does not tell
        return
    try:
        signature.bind(*names)
    except TypeError:
        raise RuleError(
            f"Op({symbol!r}, …): a rule is called as rule({', '.join(names)}), z being the result, and this "
            f"one takes {signature}; give one rule for each argument"
        ) from None


def _names(function: Callable[..., Any]) -> str:
    """What the arguments of a function are called."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin, which does not tell
        parameters = {}.values()
    names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    return f"its arguments are called {', '.join(names)}" if names else "its arguments have no names"


def is_symbolic(x: Any) -> bool:
    """Whether x is a number that is not known yet, as while `compile` records, or a Value that holds one."""
    kind = type(x)
    if getattr(kind, "symbolic", False):
        return True
    return hasattr(kind, "apply_op") and getattr(type(x.data), "symbolic", False)


def describe(arg: Any) -> str:
    """An argument as an error message shows it: `x = -1` with its label, else `-1`."""
    known = hasattr(type(arg), "apply_op") and not getattr(type(arg), "symbolic", False)
    number = short(arg.data if known else arg)
    label = printable(getattr(arg, "label", ""))
    return f"{label} = {number}" if label else number


def printable(name: object) -> str:
    """A name with a visible sign for each control character, so that terminals, XML and files can show it."""
    text = str(name)
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(letter: str) -> str:
    if letter < " ":
        return chr(0x2400 + ord(letter))  # ␀, ␁, …: the pictures of control characters
    turns = "\u202a" <= letter <= "\u202e" or "\u2066" <= letter <= "\u2069"  # the direction of writing
    unfit = turns or letter in "\ufffe\uffff" or category(letter) in ("Cc", "Cs", "Zl", "Zp")
    return "\N{REPLACEMENT CHARACTER}" if unfit else letter
