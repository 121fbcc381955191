"""`python -m autograd "ln(x1)*x2 + sin(x1*x2)" x1=2 x2=5`: a formula node by node, and its derivatives."""

import re
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from unicodedata import normalize

import autograd
import viz
from autograd import Value, constant, hessian
from autograd.naming import typeset
from autograd.parse import Formula, FormulaError, is_name, parse
from viz.diagram import Diagram
from viz.options import CHOICES
from viz.table import number_writer

DESCRIPTION = "Compute a formula node by node, forward and backward, and draw it."
EPILOG = """A formula is arithmetic in Python's notation (** is the power) with autograd's functions, also as
ln, abs, max, min and pow, and the constants pi and e. A value is a formula too, without variables: x=1/3.
`grade student.py` is another command, which grades an engine: see `grade -h`."""

CHOSEN = {  # what the diagram may be told
    "style": "of the diagram", "theme": "of its colours", "local": "local derivatives in the diagram",
    "blank": "a worksheet: numbers to be filled in",
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0, or 2 after an error, which goes to stderr.

    What begins with `grade` is the command that grades a student's engine, with statuses of its own.
    """
    given = sys.argv[1:] if arguments is None else arguments
    if given and given[0] == "grade":  # a formula of that name is written (grade)
        from autograd.testing.grading.command import main as grade  # no formula needs it

        return grade(given[1:])
    spaced = [f" {text}" if re.match("-[^-h]|-h.", text) else text for text in given]  # -x is a formula
    options = _parser().parse_intermixed_args(spaced)
    try:
        _show(options)
    except FormulaError as error:
        print(error.pointed(), file=sys.stderr)
    except (ArithmeticError, ValueError, TypeError, RuntimeError, OSError) as error:  # in f″, or a file
        print(error, file=sys.stderr)
    else:
        return 0
    return 2


def _parser() -> ArgumentParser:
    parser = ArgumentParser("autograd", description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False)
    parser.add_argument("formula", help='such as "ln(x1)*x2 + sin(x1*x2)"')
    parser.add_argument("values", nargs="*", metavar="NAME=VALUE", help="a value for every variable")
    parser.add_argument("--exact", action="store_true", help="compute in fractions: 0.1 is 1/10")
    parser.add_argument("--order", type=int, choices=[1, 2], default=1, help="2: the Hessian too")
    parser.add_argument("--latex", action="store_true", help="print the formula in LaTeX too")
    for ending in Diagram.formats:
        about = f"write the diagram, as {ending}"
        parser.add_argument(f"--{ending[1:]}", type=Path, metavar="FILE", help=about)
    about = "significant digits in the table and the diagram"
    parser.add_argument("--digits", type=int, metavar="N", default=SUPPRESS, help=about)
    for name, about in CHOSEN.items():
        choices = [choice for choice in CHOICES[name] if choice]
        parser.add_argument(f"--{name}", choices=choices, default=SUPPRESS, help=about)
    return parser


def _show(options: Namespace) -> None:
    """Print what was asked for, then write the pictures."""
    f, variables, root = compute(options.formula, options.values, options.exact)
    for x, argument in zip(variables, options.values, strict=True):
        if x.label not in f.columns:
            raise FormulaError(f"the formula has no {x.label}; leave its value out", argument, 0)
    second = hessian(f)(*(x.data for x in variables)) if options.order == 2 and variables else []
    digits = getattr(options, "digits", None)
    write = number_writer(digits)
    print(f"{viz.table(root, digits)}\n\n{summary(root, variables, write)}")
    if second:
        names = [typeset(x.label) for x in variables]
        print(f"\nHessian: ∂²{typeset(root.label)} by row and column\n\n{_matrix(names, second, write)}")
    if options.latex:
        print(f"\n{autograd.formula(root, latex=True)}")
    chosen = {name: getattr(options, name) for name in ("digits", *CHOSEN) if hasattr(options, name)}
    for ending in Diagram.formats:
        if path := getattr(options, ending[1:]):
            path = path if path.suffix.lower() == ending else path.with_name(path.name + ending)
            print(f"Diagram: {viz.draw(root, **chosen).save(path)}")


def compute(formula: str, values: Iterable[str], exact: bool = False) -> tuple[Formula, list[Value], Value]:
    """A formula with values such as `x=1/3`: as a function, its variables, and its value after `backward`."""
    numbers = _values(values, exact)
    f = parse(formula, numbers, exact)
    variables = [Value(x, name) for name, x in numbers.items()]
    return f, variables, _differentiated(f, variables)


def summary(root: Value, variables: Iterable[Value], write: Callable[[Any], str]) -> str:
    """`f = 6`, and on a line below it `∂f/∂x = 3, ∂f/∂y = 2`."""
    name = typeset(root.label)
    slopes = ", ".join(f"∂{name}/∂{typeset(x.label)} = {write(x.grad)}" for x in variables)
    return f"{name} = {write(root.data)}" + (f"\n{slopes}" if slopes else "")


def _values(arguments: Iterable[str], exact: bool) -> dict[str, Any]:
    """The numbers in arguments such as `x=1/3`, by name."""
    numbers: dict[str, Any] = {}
    for argument in arguments:
        left, equals, right = argument.partition("=")
        name = normalize("NFKC", left.strip())  # as Python reads names
        if not equals or not is_name(name):
            raise FormulaError("give each variable a value as name=number: x=2", argument, 0)
        if name in numbers:
            raise FormulaError(f"{name} has a value already", argument, 0)
        numbers[name] = parse(right, exact=exact)()
    return numbers


def _differentiated(f: Formula, variables: list[Value]) -> Value:
    """The recorded value, after its backward pass; without variables a constant."""
    root: Value = f.backward(*variables) if variables else constant(f())
    label = "f"
    while label in f.variables:
        label += "_"
    root.label = root.label or label
    return root


def _matrix(names: list[str], rows: list[list[Any]], write: Callable[[Any], str]) -> str:
    """The numbers in columns, under and beside the names of the variables."""
    cells = [["", *names], *([name, *map(write, row)] for name, row in zip(names, rows, strict=True))]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (map(str.rjust, row, widths) for row in cells)
    return "\n".join("  ".join(line) for line in lines)


if __name__ == "__main__":
    sys.exit(main())
