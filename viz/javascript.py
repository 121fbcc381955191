"""The rows of the table as JavaScript: a page computes a graph again with the functions and rules of Python.

A `Term` is a number that is not known yet. It plugs into the rows as a Value does, and writes down what they
do with it: so `row.function(x, y)` gives the text of the function and `rule(x, y, z)` that of a local
derivative, also for a row of the user's own. What JavaScript lacks stands in math.js.

    form   a row, and with how many arguments it was recorded
    piece  a function or a constant at the top level of the script, by its name
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.resources import files
from itertools import count
from numbers import Real
from typing import Any, NamedTuple, Self

from autograd import ops
from autograd.op import Op

Form = tuple[Op, int]

LONGEST = 4000  # characters of a formula: as a tree, what is used twice is written twice
OPERATORS = {ops.add: "{} + {}", ops.sub: "{} - {}", ops.mul: "{} * {}", ops.neg: "-{}"}
COMPARISONS = {  # true equals 1, as in Python
    "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=",
}  # fmt: skip
CONVERSIONS = {  # by which Python asks for a number
    "bool": "it asks a number by `if`, `and`, `or` or `not`: choose by where(condition, x, y)",
    "float": "it takes float(x), as the functions of math do: use those of autograd, such as sin(x)",
    "int": "it takes int(x): use floor(x)",
    "index": "it counts with a number: use floor(x)",
    "round": "it takes round(x): use rint(x)",
}


class Script(NamedTuple):
    """JavaScript, in which ROWS[i] is [the function of a form, its rules].

    code     `const ROWS = …`
    places   where a form stands in ROWS
    refused  the forms that do not, and why, in a line
    """

    code: str
    places: dict[Form, int]
    refused: dict[Form, str]


def script(forms: Iterable[Form]) -> Script:
    """The functions and rules of rows, which are called with the arguments one after the other.

    The rules are an array of one `rule(x, y, …, z)` for every argument; those of a row on sequences are one
    function `rule([x, y, …], z)`, which gives an array. null is no contribution. What raises in Python throws
    a RangeError. All numbers are floats: an int above 2⁵³ is rounded.
    """
    emitter = Emitter()
    rows: list[str] = []
    places: dict[Form, int] = {}
    refused: dict[Form, str] = {}
    for form in dict.fromkeys(forms):
        try:
            rows.append(emitter.row(*form))
        except EmissionError as why:
            refused[form] = str(why)
        else:
            places[form] = len(rows) - 1
    table = ",\n".join(rows)
    pieces = reached(table, by_hand() | emitter.pieces)
    code = "\n".join(["const ROWS = (() => {", *pieces, "return [", table, "];", "})();", ""])
    return Script(code, places, refused)


def reached(text: str, pieces: dict[str, str]) -> list[str]:
    """The pieces that a text names, and those that they name, in their order."""
    found: set[str] = set()
    waiting = [text]
    while waiting:
        new = (pieces.keys() & re.findall(r"(?<!\w\.)\b\w+", waiting.pop())) - found  # not exp of Math.exp
        found |= new
        waiting += [pieces[name] for name in new]
    return [piece for name, piece in pieces.items() if name in found]


@cache
def by_hand() -> dict[str, str]:
    """The pieces of math.js."""
    _, *pieces = re.split(r"^(?=function |const )", _read("math.js"), flags=re.MULTILINE)
    return {re.split(r"\W", piece)[1]: _stripped(piece).strip() for piece in pieces}


def source(name: str) -> str:
    """A file of this package, without its lines of comments and its indentation."""
    return _stripped(_read(name))


def _read(name: str) -> str:
    return files("viz").joinpath(name).read_text(encoding="utf-8")


def _stripped(code: str) -> str:
    return re.sub(r"^ *((//|/\*).*\n)?", "", code, flags=re.MULTILINE)


# ── Rows ────────────────────────────────────────────────────────────────────────────────────────────


class EmissionError(TypeError):
    """There is no JavaScript of a row; the message says why."""


class Emitter:
    """Writes the functions of rows when they are first called, and remembers what they are called."""

    def __init__(self) -> None:
        self.names: dict[Form, str] = {}
        self.pieces: dict[str, str] = {}
        self.numbers = count(1)

    def row(self, row: Op, length: int) -> str:
        """A form as it stands in ROWS; EmissionError says why it does not."""
        name = self.function(row, length)
        if f"{name}_rule" in by_hand():
            return f"[{name}, {name}_rule]"
        *args, z = self.terms(length)
        if row.sequences:
            (rule,) = row.partials
            return f"[{name}, {_arrow('its rule', rule, [tuple(args), z])}]"
        rules = [_arrow(f"its rule {i}", rule, [*args, z]) for i, rule in enumerate(row.partials, start=1)]
        return f"[{name}, [{', '.join(rules)}]]"

    def function(self, row: Op, length: int) -> str:
        """What the function of a form is called; those of the table go by their names."""
        form = row, length
        if form not in self.names:
            name = row.name
            if row is not ops.TABLE.get(name):
                name = re.sub(r"\W", "_", f"row{next(self.numbers)}_{name}", flags=re.ASCII)
            self.names[form] = name  # before it is written: it may call itself
            if name not in by_hand():
                try:
                    arrow = _arrow("its function", row.function, self.terms(length)[:-1])
                except EmissionError:
                    del self.names[form]
                    raise
                self.pieces[name] = f"const {name} = {arrow};"
        return self.names[form]

    def terms(self, length: int) -> "list[Term]":
        """So many arguments, and the result."""
        letters = "xyuv"[:length] if length < 5 else [f"x{i + 1}" for i in range(length)]
        return [Term(letter, self) for letter in [*letters, "z"]]


def _arrow(what: str, function: Callable[..., Any], args: Sequence[Any]) -> str:
    """A function of Python, called with terms, as one of JavaScript."""
    try:
        result = function(*args)
        body = _text(Term.of("+{}", result) if isinstance(result, Condition) else result)
        return f"({', '.join(map(_text, args))}) => {body}"
    except Exception as error:  # whatever a user's function does with what is no number
        why = str(error) if isinstance(error, EmissionError) else f"{type(error).__name__}: {error}"
        raise EmissionError(f"{what}: {' '.join(why.split())}") from None


def _text(x: Any) -> str:
    """A result as JavaScript: a term, a number, None or a sequence of these."""
    if isinstance(x, list | tuple):
        text = f"[{', '.join(map(_text, x))}]"
    elif isinstance(x, Term):
        text = x.text
    elif isinstance(x, Real):
        text = repr(float(x)).removesuffix(".0").replace("inf", "Infinity").replace("nan", "NaN")
    elif x is None:
        text = "null"
    else:
        raise EmissionError(f"{x!r:.40} is a {type(x).__name__}; a page computes with real numbers")
    if len(text) > LONGEST:
        raise EmissionError(f"written out it has more than {LONGEST:,} characters: make rows of its parts")
    return text


def _operand(x: Any) -> str:
    """An operand of an operator, in parentheses if it has one of its own."""
    text = _text(x)
    return text if re.fullmatch(r"\w[\w.]*", text) or isinstance(x, Call) else f"({text})"


# ── Terms ───────────────────────────────────────────────────────────────────────────────────────────


class Library:
    """Where `autograd.functions` finds exp, log, …, as it finds them in the context of an mpmath number."""

    pi = math.pi

    def __getattr__(self, name: str) -> Callable[..., Any]:
        name = "rint" if name == "nint" else re.sub("^a(?=sin|cos|tan)", "arc", name)
        if name not in by_hand():
            raise AttributeError(name)
        return lambda *args: Call.of(name, *args)


class Term:
    """A number that is not known yet: JavaScript that computes it."""

    context = Library()
    data = None  # what a Value has: `is_symbolic` looks at it

    def __init__(self, text: Any, emitter: Emitter | None = None) -> None:
        self.text = text if isinstance(text, str) else _text(text)
        self.emitter = emitter

    @classmethod
    def of(cls, template: str, *args: Any) -> Self:
        """Operators between terms and numbers."""
        return cls(template.format(*map(_operand, args)), _emitter(args))

    def apply_op(self, row: Op, args: tuple[Any, ...]) -> Any:
        """A call of the row's function."""
        if row in OPERATORS:
            return Term.of(OPERATORS[row], *args)
        if not row.partials and not row.sequences:  # a constant, such as π
            return row.function(*args)
        return Call.of(_emitter(args).function(row, len(args)), *args)

    def select(self, x: Any, y: Any) -> "Term":
        """X where this is not 0, y elsewhere: Python, too, takes nan for true."""
        return Condition.of("{} != 0", self).select(x, y)

    def __pos__(self) -> "Term":
        return self


class Call(Term):
    """A call of a function."""

    @classmethod
    def of(cls, name: str, *args: Any) -> Self:
        """The call of a function with terms and numbers."""
        return cls(f"{name}({', '.join(map(_text, args))})", _emitter(args))


class Condition(Term):
    """A comparison: true or false, which JavaScript counts as 1 and 0 too."""

    def select(self, x: Any, y: Any) -> Term:
        """X where this holds, y elsewhere: only the one taken is computed."""
        return Term.of("{} ? {} : {}", self, *(branch() if callable(branch) else branch for branch in (x, y)))

    def __and__(self, other: Any) -> "Condition":
        return Condition.of("{} & {}", self, other)

    def __or__(self, other: Any) -> "Condition":
        return self if other is False else Condition.of("{} | {}", self, other)

    __rand__, __ror__ = __and__, __or__


def _emitter(args: Iterable[Any]) -> Any:
    """The emitter of the first term that has one: a constant has none."""
    return next((arg.emitter for arg in args if isinstance(arg, Term) and arg.emitter), None)


def _make_methods() -> None:
    """Python's operators."""

    def prefix(row: Op) -> Callable[..., Any]:
        return lambda x: x.apply_op(row, (x,))

    def infix(row: Op) -> tuple[Callable[..., Any], Callable[..., Any]]:
        return lambda x, y: x.apply_op(row, (x, y)), lambda x, y: x.apply_op(row, (y, x))

    def comparison(symbol: str) -> Callable[..., Any]:
        return lambda x, y: Condition.of(f"{{}} {symbol} {{}}", x, y)

    def conversion(why: str) -> Callable[..., Any]:
        def convert(*args: Any) -> Any:
            raise EmissionError(why)

        return convert

    methods = {name: prefix(row) for name, row in {"neg": ops.neg, "abs": ops.absolute}.items()}
    methods |= {name: comparison(symbol) for name, symbol in COMPARISONS.items()}
    methods |= {name: conversion(why) for name, why in CONVERSIONS.items()}
    for name, row in ops.OPERATORS.items():
        methods[name], methods[f"r{name}"] = infix(row)
    for name, method in methods.items():
        setattr(Term, f"__{name}__", method)


_make_methods()
