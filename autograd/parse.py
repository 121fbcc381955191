"""A formula's text as a function: `parse("x**2 + sin(y)", ["x", "y"])(2, 3)`, of numbers or of Values.

The notation is Python's arithmetic with the table's functions. `ast` reads it and Python never runs it:
every node of the syntax tree is on a short list or refused, and becomes a step that applies one row of the
table. Text, brackets and exact numbers have limits, so that no input takes long; nothing here recurses.

    column   a place in the text, from 0           place   a position in the list of results:
    step     a row, applied to earlier results             variables, then constants, then steps
"""

import ast
import math
import warnings
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fractions import Fraction
from numbers import Rational
from typing import Any, NamedTuple, NoReturn

from autograd import ops
from autograd.ops import Op
from autograd.value import Value, constant

LENGTH = 1000  # characters of a formula
NESTING = 50  # brackets within brackets
BITS = 4000  # of an exact number's numerator and denominator: 1,200 digits
EXPONENT = 1000  # of an exact number that is written with e
ORDER = 20  # of a derivative that an argument asks for

FUNCTIONS = {name: row for name, row in ops.TABLE.items() if name in ops.__all__} | {
    "ln": ops.log, "abs": ops.absolute, "max": ops.maximum, "min": ops.minimum, "pow": ops.power,
}  # fmt: skip
CONSTANTS = {"pi": (math.pi, "π"), "π": (math.pi, "π"), "e": (math.e, "e")}
OPERATORS: dict[type[ast.operator], Op] = {
    ast.Add: ops.add, ast.Sub: ops.sub, ast.Mult: ops.mul, ast.Div: ops.div,
    ast.Pow: ops.power, ast.Mod: ops.mod, ast.FloorDiv: ops.floordiv,
}  # fmt: skip
ORDERS = {ops.polygamma: 0, ops.sinc: 1}  # which argument is an order: their time grows with it

PUNCTUATION = " +-*/%()[],._"  # what a formula may hold beside letters and digits
TYPOGRAPHY = str.maketrans("×·−÷", "**-/")  # as `autograd.formula` prints
HINTS = {
    "=": "give the formula alone, without a name for its result",
    **dict.fromkeys("^⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "write ** for a power"),
    **dict.fromkeys("<>", "a formula has no comparisons; choose with where(step(x), …, …), maximum or minimum"),
}
KINDS: dict[type[ast.expr], str] = {
    ast.Attribute: "an attribute", ast.Subscript: "a subscript", ast.Starred: "a star before an argument",
    ast.Tuple: "a tuple", ast.ListComp: "a comprehension", ast.GeneratorExp: "a comprehension",
    ast.IfExp: "if … else", ast.BoolOp: "and, or", ast.Compare: "a comparison", ast.UnaryOp: "not",
    ast.List: "a list", ast.Constant: "this constant",
}  # fmt: skip


class FormulaError(ValueError):
    """What is wrong with a formula, in one line, and at which column of its text."""

    def __init__(self, message: str, text: str, column: int) -> None:
        super().__init__(message)
        self.text = text
        self.column = column

    def pointed(self) -> str:
        """The text, a caret under the column, and the message; of a long text the part around the column."""
        start = max(0, self.column - 40)
        return f"{self.text[start : start + 80]}\n{' ' * (self.column - start)}^\n{self}"


class Step(NamedTuple):
    """A row of the table, the places of its arguments, and the column of its name or sign."""

    op: Op
    places: list[int]
    column: int


class Formula:
    """A formula as a function of its variables, in the order in which `parse` was given them.

    columns   of the variables that occur in the text, by name: where each stands first
    """

    def __init__(
        self, text: str, columns: dict[str, int], constants: Sequence[Any], steps: Sequence[Step], exact: bool
    ) -> None:
        self.text = text
        self.columns = columns
        self.steps = steps
        self._constants = constants
        self._exact = exact

    def __call__(self, *args: Any) -> Any:
        """The value: a number for numbers, a recorded Value for Values.

        FormulaError, with the column, where an operation is not defined, where an exact number grows beyond
        the limit, and in an exact formula where a result is no fraction.
        """
        return self.results(*args)[-1]

    def results(self, *args: Any) -> list[Any]:
        """The variables, the constants and the results of `steps`, one after the other."""
        recorded = any(isinstance(arg, Value) for arg in args)
        constants = [constant(*pair) if recorded and pair[1] else pair[0] for pair in self._constants]
        results = [*args, *constants]
        for step in self.steps:
            results.append(self._apply(step, [results[place] for place in step.places]))
        return results

    def _apply(self, step: Step, args: list[Any]) -> Any:
        op = step.op
        if op is ops.power and _bits_of_power(*map(_number, args)) > BITS:
            self._fail(f"{op.describe(args)} has more than {BITS:,} bits; compute it in floats: 2.0, not 2", step)
        n = len(args) // (op.sequences or 1)
        try:
            z = op(*(args[i : i + n] for i in range(0, len(args), n))) if op.sequences else op(*args)
        except (ArithmeticError, ValueError, TypeError) as error:
            self._fail(str(error).partition(", choose with")[0], step)  # which names remedies in Python
        if _bits(_number(z)) > BITS:
            self._fail(f"{op.describe(args)} has more than {BITS:,} bits; compute it in floats: 2.0, not 2", step)
        return _as_fraction(z)

    def _fail(self, message: str, step: Step) -> NoReturn:
        raise FormulaError(message, self.text, step.column) from None
