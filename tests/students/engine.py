"""What an engine of the catalogue is: a right one is a file, a wrong one is a right one with patches.

A patch (old, new) or (old, new, times) replaces text that occurs once, or so many times, in the right source.
If `old` is a head that ends with `…`, as "def backward(self): …", the whole function is replaced.
"""

import ast
import itertools
import re
import sys
import textwrap
import types
from pathlib import Path
from typing import Any, NamedTuple

RIGHT = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parent / "right").glob("*.py"))
    if path.stem != "__init__"
}


class Words(NamedTuple):
    """How an engine of one's own calls what every engine has; functions of its module or methods."""

    make: str = "Value"
    data: str = "data"
    grad: str = "grad"
    backward: str = "backward"


WORDS = dict.fromkeys(RIGHT, Words()) | {
    "functions": Words("Scalar"),
    "german": Words("Var", "value", "gradient", "backprop"),
    "pairs": Words("Node"),
    "paths": Words("Num"),
    "tape": Words("Var"),
}


class Wrong(NamedTuple):
    """An engine with one misconception, or two.

    id       what is wrong; several engines may share it, and "a + b" is two at once
    base     the right engine that it is made from
    note     the misconception in a sentence
    patches  see above
    programs what shows it, in micrograd's words, each with what is right: a number, or the error that is due
    where    the operation that is wrong, if the id does not tell it
    """

    id: str
    base: str
    note: str
    patches: tuple[tuple[Any, ...], ...]
    programs: tuple[tuple[str, Any], ...]
    where: str = ""

    @property
    def name(self):
        """Unique in the catalogue."""
        return " ".join(filter(None, [self.base, self.id, self.where]))

    @property
    def ids(self):
        return self.id.split(" + ")

    @property
    def source(self):
        return patched(RIGHT[self.base], self.patches)

    @property
    def shows(self):
        """The programs in the engine's own words."""
        own = WORDS[self.base]
        words = {"Value": own.make, "data": own.data, "grad": own.grad, "backward": own.backward}
        said = lambda program: re.sub("|".join(words), lambda word: words[word[0]], program)
        return [(said(program), right) for program, right in self.programs]


def wrong(mistake, base, note, *patches, shows, where=""):
    """A wrong engine, shown by one program or several."""
    programs = shows if isinstance(shows, list) else [shows]
    return Wrong(mistake, base, note, patches, tuple(programs), where)


def both(one, other):
    """An engine with the misconceptions of two."""
    assert one.base == other.base
    return Wrong(
        f"{one.id} + {other.id}",
        one.base,
        f"{one.note}; {other.note}",
        one.patches + other.patches,
        one.programs + other.programs,
    )


def patched(source, patches):
    """The source with every patch, each found in the source as it was."""
    edits = sorted(edit for patch in patches for edit in edits_of(source, *patch))
    for (_, end, _), (start, _, _) in itertools.pairwise(edits):
        assert end <= start, f"two patches of one place: {source[start:end]}"
    for start, end, new in reversed(edits):
        source = source[:start] + new + source[end:]
    return source


def edits_of(source, old, new, times=1):
    """Start, end and new text of every place that a patch changes."""
    if old.endswith(": …"):
        return [edit_of_function(source, old.removesuffix(" …"), new)]
    assert source.count(old) == times, f"{source.count(old)} times, not {times}: {old}"
    return [(place.start(), place.end(), new) for place in re.finditer(re.escape(old), source)]


def edit_of_function(source, head, new):
    """The only function with this head, for which other code comes, indented as it was."""
    lines = source.splitlines(keepends=True)
    (node,) = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and lines[node.lineno - 1].strip().startswith(head)
    ]
    ends = [sum(map(len, lines[:number])) for number in (node.lineno - 1, node.end_lineno)]
    return *ends, textwrap.indent(textwrap.dedent(new).strip("\n"), " " * node.col_offset) + "\n"


def load(source):
    """A student's file as a module that nothing else knows."""
    module = types.ModuleType("a student's file")
    sys.modules[module.__name__] = module  # where dataclasses look their types up
    try:
        exec(compile(source, "student.py", "exec"), vars(module))
    finally:
        del sys.modules[module.__name__]
    return module


def run(source, program):
    """The value of a program's last expression, in the names of a student's file."""
    names = dict(vars(load(source)))
    *statements, last = ast.parse(program).body
    exec(compile(ast.Module(statements, []), "program", "exec"), names)
    return eval(compile(ast.Expression(last.value), "program", "eval"), names)
