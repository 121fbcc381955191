"""A formula's text as a function: `parse("x**2 + sin(y)", ["x", "y"])(2, 3)`, of numbers or of Values.

The notation is Python's arithmetic with the table's functions. `ast` reads it and Python never runs it:
every node of the syntax tree is on a short list or refused, and becomes a step that applies one row of the
table. Text, brackets and exact numbers have limits, so that no input takes long; nothing here recurses.

    column   a position in the text, from 0     place   a position in the list of results: the variables,
    step     a row, applied to earlier results          then the constants, then the steps
"""

import ast
import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from keyword import iskeyword
from numbers import Rational
from typing import Any, NamedTuple
from unicodedata import normalize

from autograd import ops
from autograd.op import Op
from autograd.value import Value, constant

LENGTH = 1000  # characters of a formula
NESTING = 50  # brackets within brackets
BITS = 4000  # of the numerator and of the denominator of an exact number: 1,200 digits
EXPONENT = 1000  # of a decimal that is read as a fraction: 1e-1000
ORDER = 20  # of a derivative that an argument asks for

FUNCTIONS = {name: row for name, row in ops.TABLE.items() if name in ops.__all__} | {
    "ln": ops.log, "abs": ops.absolute, "max": ops.maximum, "min": ops.minimum, "pow": ops.power,
    "round": ops.rint,
}  # fmt: skip
CONSTANTS = {"pi": (math.pi, "π"), "π": (math.pi, "π"), "e": (math.e, "e")}  # number and label
OPERATORS: dict[type[ast.AST], Op] = {
    ast.Add: ops.add, ast.Sub: ops.sub, ast.Mult: ops.mul, ast.Div: ops.div,
    ast.Pow: ops.power, ast.Mod: ops.mod, ast.FloorDiv: ops.floordiv, ast.USub: ops.neg,
}  # fmt: skip

PUNCTUATION = set(" +-*/%()[],._")  # what a formula may hold beside letters and digits
TYPOGRAPHY = str.maketrans("×·−÷", "**-/")  # the signs of `autograd.formula`
HINTS = {
    **dict.fromkeys("^⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "write ** for a power"),
    **dict.fromkeys("<>", "choose by sign with where(step(x), …, …), maximum or minimum"),
    "=": "a formula has no equations and no named arguments",
}
NOTATION = "it has numbers, names, + − * / // % **, brackets, and the functions of the table"
REFUSED: dict[type[ast.AST], str] = {
    ast.Attribute: "attributes", ast.Subscript: "subscripts", ast.ListComp: "comprehensions",
    ast.GeneratorExp: "comprehensions", ast.Starred: "starred arguments", ast.Tuple: "tuples",
    ast.IfExp: "if … else", ast.BoolOp: "and, or", ast.UnaryOp: "not", ast.Compare: "comparisons",
    ast.List: "lists outside of functions such as sum([x, y])",
    ast.Constant: "True, False, None, … and imaginary numbers",
}  # fmt: skip
FIRST = {ast.BinOp: "left", ast.Attribute: "value", ast.Subscript: "value"}  # what stands before the sign


class FormulaError(ValueError):
    """What is wrong with a formula, in one line, and at which column of its text."""

    def __init__(self, message: str, text: str, column: int) -> None:
        super().__init__(message)
        self.text = _printable(text)
        self.column = column

    def pointed(self) -> str:
        """The text, under it a caret, and the message; of a long text the part around the column."""
        start = max(0, self.column - 40)
        return f"{self.text[start : start + 80]}\n{' ' * (self.column - start)}^\n{self}"


def parse(text: str, variables: Iterable[str] = (), exact: bool = False) -> "Formula":
    """The formula as a function of `variables`, in their order.

    Beside them it may name the constants pi and e, and in calls the table's functions, also as ln, abs,
    max, min, pow and round. `exact` reads every number as a Fraction: 0.1 is 1/10. FormulaError, with the
    column, for whatever else stands in the text.

    >>> area = parse("pi * r**2", ["r"])
    >>> area(1.0)
    3.141592653589793
    >>> x = Value(2, "x")
    >>> parse("ln(x) + x/3", ["x"])(x)
    Value(1.359813847226612, grad=0)
    """
    return _Reader(text, variables, exact).read()


def is_name(name: str) -> bool:
    """Whether a formula can call a variable by this name."""
    return name.isidentifier() and not iskeyword(name)


class Step(NamedTuple):
    """A row of the table, the places of its arguments, and the column of its name or sign."""

    op: Op
    places: list[int]
    column: int


@dataclass(frozen=True)
class Formula:
    """What `parse` gives: called with numbers it gives a number, with Values a recorded Value.

    text       what was parsed                    variables  the names of the arguments
    columns    where each variable stands first   constants  (number, label) of each
    exact      whether results must be fractions  root       the place of the value
    """

    text: str
    variables: list[str]
    columns: dict[str, int]
    constants: list[tuple[Any, str]]
    steps: list[Step]
    root: int
    exact: bool

    def __call__(self, *args: Any) -> Any:
        """The value.

        FormulaError, with the column, where an operation is not defined, where an exact number grows beyond
        the limit, and in an exact formula where a result is no fraction.
        """
        return self.results(*args)[self.root]

    def results(self, *args: Any) -> list[Any]:
        """The arguments, the constants, and what every step gives."""
        recorded = any(isinstance(arg, Value) for arg in args)
        results = [*args]
        results += [constant(x, label) if recorded and label else x for x, label in self.constants]
        for step in self.steps:
            results.append(self._apply(step, [results[place] for place in step.places]))
        return results

    def backward(self, *variables: Value) -> Value:
        """The recorded value, after its backward pass.

        FormulaError, with the column, where a local derivative does not exist, where the formula names no
        variable, and in an exact formula where a gradient is no fraction.
        """
        if not self.columns:
            raise FormulaError("the formula names no variable to differentiate by", self.text, 0)
        results = self.results(*variables)
        root: Value = results[self.root]
        try:
            root.backward()
        except (ArithmeticError, ValueError, TypeError) as error:
            made = zip(self.steps, results[len(results) - len(self.steps) :], strict=True)
            column = next((step.column for step, z in made if _names(error, z)), 0)
            raise FormulaError(_message(error), self.text, column) from error
        for name, x in zip(self.variables, variables, strict=True):
            if self.exact and not isinstance(x.grad, Rational):
                message = (
                    f"the derivative by {_short(name)} is {x.grad!r}, no fraction; compute without exact"
                )
                raise FormulaError(message, self.text, self.columns[name])
        return root

    def _apply(self, step: Step, args: list[Any]) -> Any:
        op = step.op
        if op is ops.power and _bits_of_power(*args) > BITS:
            raise self._too_long(step, args)
        try:
            z = op.apply(args)
        except (ArithmeticError, ValueError, TypeError) as error:
            raise FormulaError(_message(error), self.text, step.column) from error
        if _bits(z) > BITS:
            raise self._too_long(step, args)
        return self._as_fraction(z, step) if self.exact else z

    def _too_long(self, step: Step, args: list[Any]) -> FormulaError:
        message = f"{step.op.describe(args)} has more than {BITS:,} bits, the limit of an exact number"
        return FormulaError(message, self.text, step.column)

    def _as_fraction(self, z: Any, step: Step) -> Any:
        """The result, a whole number as a Fraction too, so that no later step divides int by int."""
        number = _number(z)
        if not isinstance(number, Rational):
            message = f"{step.op.name} gives {number!r} here, no fraction; compute without exact"
            raise FormulaError(message, self.text, step.column)
        if not isinstance(z, Value):
            return Fraction(number)
        z.data = Fraction(number)
        return z


# ── Errors of an operation ──────────────────────────────────────────────────────────────────────────


def _message(error: Exception) -> str:
    """What the operation says, without the remedy in Python's notation."""
    return str(error).partition(", choose with")[0]


def _names(error: Exception, z: Any) -> bool:
    """Whether an error, as `Op.explain` words it, is about the operation that gave z."""
    op = z.op if isinstance(z, Value) else None
    return op is not None and str(error).startswith(op.describe(z.args))


# ── Exact numbers and their length ──────────────────────────────────────────────────────────────────


def _number(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


def _bits(x: Any) -> int:
    """The length of an exact number, 0 for 0, ±1 and what is not exact."""
    number = _number(x)
    return (max(abs(number.numerator), number.denominator) - 1).bit_length() if _is_exact(number) else 0


def _bits_of_power(base: Any, exponent: Any) -> int:
    """About how long base ** exponent is, before it is computed."""
    y = _number(exponent)
    return _bits(base) * math.ceil(abs(y)) if _is_exact(y) else 0


def _is_exact(number: Any) -> bool:
    return isinstance(number, Rational)


# ── Reading ─────────────────────────────────────────────────────────────────────────────────────────


class _Reader:
    """One text while it is parsed.

    text   as it is shown     source   as Python reads it, character by character in the same columns
    """

    def __init__(self, text: str, variables: Iterable[str], exact: bool) -> None:
        self.text = _printable(text.strip())
        self.source = self.text.translate(TYPOGRAPHY)
        self.variables = {normalize("NFKC", name): i for i, name in enumerate(variables)}  # as Python does
        self.exact = exact

    def read(self) -> Formula:
        """The formula, its steps in an order in which they can be taken."""
        self._check_characters()
        nodes = self._nodes()
        columns: dict[str, int] = {}
        numbers: list[tuple[Any, str]] = []
        place: dict[ast.AST, int] = {}
        for node in nodes:
            if isinstance(node, ast.Name) and node.id in self.variables:
                place[node] = self.variables[node.id]
                columns.setdefault(node.id, self._column(node))
            elif isinstance(node, ast.Name | ast.Constant):
                place[node] = len(self.variables) + len(numbers)
                numbers.append(self._constant(node))
        steps: list[Step] = []
        for node in reversed(nodes):
            if node not in place:
                place[node] = len(self.variables) + len(numbers) + len(steps)
                places = [place[operand] for operand in self._operands(node)]
                steps.append(Step(self._row(node), places, self._sign(node)))
        return Formula(self.text, [*self.variables], columns, numbers, steps, place[nodes[0]], self.exact)

    def _nodes(self) -> list[ast.AST]:
        """The syntax tree, each operation before its arguments."""
        nodes: list[ast.AST] = []
        stack = [_bare(self._tree())]
        while stack:
            nodes.append(stack.pop())
            stack.extend(reversed(self._operands(nodes[-1])))
        return nodes

    def _check_characters(self) -> None:
        if not self.text:
            raise self._error("the formula is empty", 0)
        if len(self.text) > LENGTH:
            raise self._error(
                f"the formula has {len(self.text):,} characters; {LENGTH:,} is the limit", LENGTH
            )
        depth = 0
        for column, sign in enumerate(self.source):
            if not (sign.isalnum() or sign in PUNCTUATION) or sign in HINTS:
                raise self._error(
                    f"{sign!r} has no meaning in a formula; {HINTS.get(sign, NOTATION)}", column
                )
            depth += (sign in "([") - (sign in ")]")
            if depth > NESTING:
                raise self._error(f"brackets stand {depth} deep; {NESTING} is the limit", column)

    def _tree(self) -> ast.AST:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # "invalid decimal literal" for 1if: refused below
                return ast.parse(self.source, mode="eval").body
        except SyntaxError as error:
            column = (error.offset or 0) - 1  # the offset is 0 at the end of the text
            if not 0 <= column < len(self.text):
                raise self._error("the formula ends too early", len(self.text)) from None
            hint = "; write * for a product" if "decimal" in error.msg else ""  # 2x
            raise self._error(error.msg + hint, column) from None
        except (RecursionError, MemoryError):  # Python's own limits, in another thread or on a deep stack
            raise self._error("the formula is nested too deeply", 0) from None

    def _operands(self, node: Any) -> list[ast.AST]:
        """The arguments of an operation, none for a number or a name; FormulaError for anything else."""
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return [_bare(node.left), _bare(node.right)]
        if isinstance(node, ast.UnaryOp) and type(node.op) in OPERATORS:
            return [_bare(node.operand)]
        if isinstance(node, ast.Call):
            return [*map(_bare, self._arguments(node))]
        if isinstance(node, ast.Name) or (
            isinstance(node, ast.Constant) and type(node.value) in (int, float)
        ):
            return []
        what = REFUSED.get(type(node), "such things")
        raise self._error(f"a formula has no {what}; {NOTATION}", self._sign(node))

    def _arguments(self, call: ast.Call) -> list[ast.expr]:
        op = self._row(call)
        if call.keywords:
            raise self._error(f"{op.name} takes its arguments one by one", self._column(call.keywords[0]))
        if op is not FUNCTIONS[call.func.id]:  # type: ignore[attr-defined]
            return call.args  # its longer form
        if not op.sequences:
            try:
                op.complete((*call.args,))
            except TypeError as error:
                raise self._error(str(error), self._column(call)) from None
            self._check_order(op, call)
            return call.args
        lists = [arg.elts for arg in call.args if isinstance(arg, ast.List)]
        if len(lists) != len(call.args) or len(lists) != op.sequences or len(lists[0]) != len(lists[-1]):
            form = ", ".join(["[x, y, …]", "[u, v, …]"][: op.sequences])
            equal = " of equal length" * (op.sequences > 1)
            raise self._error(f"{op.name} takes lists{equal}: {op.name}({form})", self._column(call))
        return [element for elements in lists for element in elements]

    def _check_order(self, op: Op, call: ast.Call) -> None:
        """Refuse an order, a whole number among the parameters, that takes long or is computed."""
        for i, choices in op.parameters.items():
            order = call.args[i] if i < len(call.args) and type(choices[0]) is int else None
            value = getattr(order, "value", None)
            if order is not None and (type(value) is not int or value > ORDER):
                message = f"the order of {op.name} is written as a whole number from 0 to {ORDER}"
                raise self._error(message, self._column(order))

    def _row(self, node: Any) -> Op:
        """The row of the table that an operation applies."""
        if not isinstance(node, ast.Call):
            return OPERATORS[type(node.op)]
        if not isinstance(node.func, ast.Name):
            raise self._error("only functions can be called; write * for a product", self._column(node))
        name = node.func.id
        if name in FUNCTIONS:
            return FUNCTIONS[name].form(len(node.args))
        shown = _short(name)
        if name in self.variables or name in CONSTANTS:
            message = f"{shown} is no function; write {shown} * (…) for a product"
        else:
            message = f"there is no function {shown}{_suggestion(name, FUNCTIONS)}"
        raise self._error(message, self._column(node))

    def _constant(self, node: Any) -> tuple[Any, str]:
        """The number that a literal or a name stands for, and its label."""
        if isinstance(node, ast.Constant):
            return self._literal(node), ""
        name = node.id
        if name in CONSTANTS and not self.exact:
            return CONSTANTS[name]
        if name in CONSTANTS:
            message = f"{name} is no fraction; compute without exact, or give it a value"
        elif name in FUNCTIONS:
            message = f"{name} is a function: write {name}(…)"
        else:
            message = f"{_short(name)} has no value{_suggestion(name, [*self.variables, *CONSTANTS])}"
        raise self._error(message, self._column(node))

    def _literal(self, node: Any) -> Any:
        if node.value == math.inf:
            raise self._error("the number is too large for a float", self._column(node))
        if not self.exact:
            return node.value
        if isinstance(node.value, int):
            return Fraction(node.value)
        written = self.source[self._column(node) : self._column(node, end=True)]
        if abs(int(written.lower().partition("e")[2] or 0)) > EXPONENT:  # Fraction("1e-999999999") takes ages
            raise self._error(f"the exponent goes beyond {EXPONENT:,}, the limit", self._column(node))
        return Fraction(written)

    def _column(self, node: Any, end: bool = False) -> int:
        """Where a node starts or ends, in characters: `ast` counts bytes."""
        place = node.end_col_offset if end else node.col_offset
        return len(self.source.encode()[:place].decode())

    def _sign(self, node: Any) -> int:
        """The column of the sign after a node's first operand, or of the name that it starts with."""
        first = getattr(node, FIRST.get(type(node), ""), None)
        if first is None:
            return self._column(node)
        column = self._column(first, end=True)
        while self.source[column] in " )":
            column += 1
        return column

    def _error(self, message: str, column: int) -> FormulaError:
        return FormulaError(message, self.text, column)


def _printable(text: str) -> str:
    """The text on one line, with a sign that no formula holds for each control character."""
    return "".join(" " if c.isspace() else c if c.isprintable() else "\ufffd" for c in text)


def _short(name: str) -> str:
    """A name as a message shows it."""
    return name if len(name) <= 40 else f"{name[:39]}…"


def _bare(node: Any) -> Any:
    """The node without signs + before it."""
    while isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd):
        node = node.operand
    return node


def _suggestion(name: str, known: Iterable[str]) -> str:
    """`; did you mean …?` where a known name is close."""
    return "".join(f"; did you mean {_short(close)}?" for close in get_close_matches(name, list(known), n=1))
