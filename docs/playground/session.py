"""What the playground asks of the engine: a formula or a program goes in, texts and pictures come out.

    printed   what the program printed, or the formula's value and derivatives     table   viz.table
    pictures  [title, SVG]: cards and textbook of the root, and what the program saved
    steps     the page to step through, as HTML                                    error   instead of all that

The root of a program is its last line, if that is a Value, or else the last of its variables that holds a
computed one.
"""

import ast
import json
import linecache
import re
import traceback
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import viz
from autograd import Value, topological_order
from autograd.parse import FormulaError
from viz import command
from viz.page import LIMIT
from viz.table import number_writer

PROGRAM = "program.py"  # its name in tracebacks
LETTERS = 50_000  # of what a program prints: more would hold up the page
BETWEEN = re.compile(r"[\s,;]+(?=[^\s,;=]+\s*=)")  # the values in "x1=2, x2 = 5"


def formula(text: str, values: str, exact: bool, width: int) -> str:
    """A formula, with values such as `x1=2 x2=5`, as JSON; its pictures are at most so many pixels wide."""
    try:
        given = BETWEEN.split(values.strip()) if values.strip() else []
        _, variables, root = command.compute(text, given, exact)
        used = {*topological_order(root)}
        printed = command.summary(root, [x for x in variables if x in used], number_writer(None))
        return json.dumps({"printed": printed, **shown(root, width)})
    except FormulaError as error:
        return json.dumps({"error": error.pointed()})
    except (ArithmeticError, ValueError, TypeError, RuntimeError) as error:
        return json.dumps({"error": str(error)})


def program(code: str, width: int) -> str:
    """A Python program, run in a folder of its own, and what it has computed."""
    out = StringIO()
    linecache.cache[PROGRAM] = len(code), None, code.splitlines(keepends=True), PROGRAM
    with TemporaryDirectory() as folder, chdir(folder), redirect_stdout(out), redirect_stderr(out):
        try:
            names, last = run(code)
            root = last if isinstance(last, Value) else newest(names)
            made = shown(root, width) if root is not None else {}
        except BaseException as error:  # of any kind: it is the reader's program, and exit() is one
            made = {"error": told(error)}
        pictures = [[path.name, path.read_text()] for path in sorted(Path().glob("**/*.svg"))]
    made["pictures"] = [*made.get("pictures", []), *pictures]
    return json.dumps({"printed": clipped(out.getvalue()), **made})


def run(code: str) -> tuple[dict[str, Any], Any]:
    """The program's variables, and what its last line gives if that is an expression."""
    tree = ast.parse(code, PROGRAM)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(tree, PROGRAM, "exec"), names)
    if last is None:
        return names, None
    return names, eval(compile(ast.Expression(last.value), PROGRAM, "eval"), names)


def newest(names: Mapping[str, Any]) -> Value | None:
    """The last variable that holds a computed Value."""
    computed = (x for x in reversed(names.values()) if isinstance(x, Value) and x.args)
    return next(computed, None)


def shown(root: Value, width: int) -> dict[str, Any]:
    """The root's pictures, page and table."""
    count = len(topological_order(root))
    return {
        "pictures": [["Cards", drawn(root, width)], ["Textbook", drawn(root, width, style="textbook")]],
        "steps": viz.draw(root).html(),
        "table": str(viz.table(root)) if count <= LIMIT else f"{count:,} values are too many for a table.",
    }


def drawn(root: Value, width: int, **options: Any) -> str:
    """The picture as SVG: as wide as there is room, or as wide as its widest card needs."""
    try:
        return viz.draw(root, width=width, **options).svg()
    except ValueError:
        return viz.draw(root, **options).svg()


def told(error: BaseException) -> str:
    """The lines of the program that led to an error, each with its caret, and what it says."""
    whole = traceback.TracebackException.from_exception(error)
    whole.stack = traceback.StackSummary.from_list(
        frame for frame in whole.stack if frame.filename == PROGRAM
    )
    return "".join(whole.format(chain=False)).rstrip()


def clipped(text: str) -> str:
    """The text, or the begin of a long one."""
    return text if len(text) <= LETTERS else f"{text[:LETTERS]}\n… and {len(text) - LETTERS:,} letters more"
