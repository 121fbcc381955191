"""The reference pages, written from the docstrings: a hook that MkDocs calls while it builds the site.

A line `::: package.name` in a page stands for what has that name: a module or package, for all that its
`__all__` lists (or all public functions and classes that it defines); a class, with its documented methods;
or a function. The line `::: operations` stands for the table of operations with their local derivatives.
"""

import importlib
import inspect
import re
from collections.abc import Iterator
from textwrap import fill
from types import FunctionType, ModuleType
from typing import Any

from autograd import Value, formula, local_formulas, ops
from autograd.ops import Interval, Op

KINDS = (type, FunctionType, property, classmethod)  # what is documented: classes, functions, methods
WIDTH = 90  # characters of a line of a signature
NAME = re.compile(r"^::: (\S+)$", re.M)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page with every line `::: name` replaced; MkDocs calls this for each page."""
    return NAME.sub(lambda line: "\n\n".join(entries(line[1])), markdown)


def entries(path: str) -> Iterator[str]:
    """The Markdown for one line `::: path`."""
    if path == "operations":
        yield operations()
        return
    found = find(path)
    if not isinstance(found, ModuleType):
        yield from describe(found, path)
        return
    yield text(inspect.getdoc(found) or "")
    for name, member in public(found):
        yield from describe(member, f"{path}.{name}")


def find(path: str) -> Any:
    """The module, class or function of a dotted name."""
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError:
        module, _, name = path.rpartition(".")
        return getattr(importlib.import_module(module), name)


def public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """(name, function or class) for all that a module offers, but for the rows of the table."""
    own = [
        name for name, member in vars(module).items() if getattr(member, "__module__", "") == module.__name__
    ]
    for name in getattr(module, "__all__", own):
        member = getattr(module, name)
        if isinstance(member, KINDS) and not name.startswith("_"):
            yield name, member


def describe(member: Any, path: str, level: int = 3) -> Iterator[str]:
    """Heading, signature and docstring of a function or class, and of the methods of a class."""
    yield f"{'#' * level} `{path}`"
    if not isinstance(member, property):
        yield f"```python\n{path.rpartition('.')[2]}{signature(member)}\n```"
    yield text(inspect.getdoc(member) or "")
    if isinstance(member, type):
        for name, method in vars(member).items():
            offered = name == "__call__" or not name.startswith("_")
            if offered and isinstance(method, KINDS) and method.__doc__:
                yield from describe(getattr(member, name), f"{member.__name__}.{name}", level + 1)


def signature(member: Any) -> str:
    """The arguments and their defaults; their meaning and types are told by the docstring."""
    try:
        full = inspect.signature(member)
    except ValueError:  # an exception that takes what every exception takes
        return "(*args)"
    bare = [p.replace(annotation=p.empty) for p in full.parameters.values()]
    if bare and bare[0].name == "self":
        del bare[0]
    line = str(full.replace(parameters=bare, return_annotation=full.empty))
    return fill(line, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def text(docstring: str) -> str:
    """A docstring as Markdown: examples and columns keep their lines, prose flows."""
    paragraphs = docstring.split("\n\n")
    return "\n\n".join(fenced(p, "pycon") if p.startswith(">>>") else prose(p) for p in paragraphs)


def prose(paragraph: str) -> str:
    """Columns, which have gaps of two spaces or more, in a fence; another paragraph as it is."""
    columns = re.search(r"^ {2}|\S {2,}", paragraph, re.M)
    return fenced(paragraph, "text") if columns else paragraph.replace("*", "\\*")


def fenced(lines: str, language: str) -> str:
    """Lines that Markdown leaves alone."""
    return f"```{language}\n{inspect.cleandoc(lines)}\n```"


# ── The table of operations ─────────────────────────────────────────────────────────────────────────


def operations() -> str:
    """One line for every row of the table: what it computes, its local derivatives, its kind and domain."""
    lines = ["| name | z | local derivatives | kind | domain |", "|---|---|---|---|---|"]
    for name in ops.__all__:
        op = getattr(ops, name)
        if isinstance(op, Op) and op.partials:
            cells = [name, *formulas(op), op.kind, domain(op)]
            lines.append(" | ".join(["", *(cell.replace("|", "\\|") for cell in cells), ""]).strip())
    return "\n".join(lines)


def formulas(op: Op) -> tuple[str, str]:
    """The operation, and its local derivatives, written with the letters x, y, … or x1, x2, …"""
    letters = ["x1", "x2"] if op.sequences else ["x", "y", "u"][: op.arity]
    spans = [*op.domain, *[Interval()] * len(letters)]
    leaves = [Value(inside(span), letter) for letter, span in zip(letters, spans, strict=False)]
    if op.sequences == 2:
        z = op(leaves, [Value(2.0, "y1"), Value(3.0, "y2")])
    else:
        z = op(leaves) if op.sequences else op(*leaves)
    z.label = ""
    derivatives = dict.fromkeys(local_formulas(z, range(len(z.args))))
    return formula(z), "<br>".join(derivatives)


def inside(span: Interval) -> float:
    """A number on which an operation of this domain can be recorded."""
    return next((x for x in (2, 0.5) if x in span), -0.5)


def domain(op: Op) -> str:
    """Where the arguments may lie: empty for all real numbers."""
    return ", ".join(filter(None, (span.describe(x) for span, x in zip(op.domain, "xyu", strict=False))))
