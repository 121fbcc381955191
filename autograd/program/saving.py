"""Saving: a program as a file of Python that runs alone, and as a pickle.

row     the name of the row that a function belongs to, for errors
flat    the arrays of a program as a list, in which their arguments are places
"""

import dis
import inspect
import os
import pickle
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import chain, count
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from autograd import writing
from autograd.program import kernels
from autograd.program.arrays import Array
from autograd.program.compiled import Compiled, Operation
from autograd.program.emit import Source, literal, shown
from autograd.program.views import sized
from autograd.value import Value

ANNOTATION = (
    r"(?<=\w): (?:int \| )?(?:Any|Array|Kernel|str|bool|tuple\[int, \.\.\.\])(?=[,) ])| -> \w+(?=:\n)"
)
WIDTH = 90  # of a line of numbers

FILE = '''"""{name}, compiled by autograd to array code.

{function} takes

{arguments}

and returns {results}.
"""

{imports}

dtype = np.float64  # of all numbers; or np.float32
{numbers}

{functions}@np.errstate(all="ignore")
{step}'''

# ── Files ───────────────────────────────────────────────────────────────────────────────────────────


def save(compiled: Compiled, f: Any, path: str | os.PathLike[str]) -> None:
    """Write a program to a file of Python, which imports NumPy alone, and SciPy where a row needs it.

    TypeError naming a row of the user's whose function no file can hold.
    """
    source = text(compiled, getattr(f, "__name__", type(f).__name__))
    exec(compile(source, os.fspath(path), "exec"), {"__name__": ""})  # so that it fails here, if it does
    writing.replace(path, source.encode(), "program.save")


def text(compiled: Compiled, name: str) -> str:
    """The text of such a file, for what was compiled of a function of this name."""
    source, inputs = compiled.emitted, compiled.inputs
    parts = _Parts(source)
    shapes = [
        f"{x.name} {sized(x.batched, x.shape)}{' from 0' * (i in compiled.indices)}"
        for i, x in enumerate(inputs)
    ]
    first, _, body = source.text.partition("\n")
    return FILE.format(
        name=re.sub(r"[^\w.<>]", "", name),  # what could end the text is no name
        function=source.function,
        arguments="\n".join(f"    {shape}" for shape in shapes),
        results=" and ".join(map(shown, source.results)).replace("()", "one number"),
        imports="\n".join(sorted(parts.imports)),
        numbers="".join(f"{line}\n" for line in parts.numbers),
        functions="".join(f"{function}\n\n\n" for function in parts.functions),
        step="\n".join([first, *(f"    {line}" for line in checks(compiled, ", ".join(shapes))), body]),
    )


def checks(compiled: Compiled, shapes: str) -> Iterator[str]:
    """The lines that make arrays of the arguments, and refuse those of other shapes."""
    for i, x in enumerate(compiled.inputs):
        kind = "" if i in compiled.indices else ", dtype"
        yield f'{x.name} = np.asarray({x.name}{kind}, order="C")' + "[()]" * (not x.shape and not x.batched)
        if not kind:
            yield f"if np.min({x.name}) < 0:"
            yield f'    raise IndexError("{x.name} counts from 0")'
    n = next((f"len({x.name})" for x in compiled.inputs if x.batched), "")
    given = ", ".join(f"{x.name}.shape" for x in compiled.inputs)
    wanted = ", ".join(sized(x.batched, x.shape).replace("n", n) for x in compiled.inputs)
    yield f"if [{given}] != [{wanted}]:"
    yield f'    raise ValueError("give arrays of the shapes {shapes}")'


class _Parts:
    """What a file needs beside the program itself.

    named    the names that are taken       called    by function, the name that it has
    """

    def __init__(self, source: Source) -> None:
        self.imports = {"import numpy as np"}
        self.numbers: list[str] = []
        self.functions: list[str] = []
        self.named = {"np", "dtype", source.function, *source.namespace}
        self.called: dict[Any, str] = {
            what: name for name, what in source.namespace.items() if is_kernel(what)
        }
        rows = source.rows
        for name, what in source.namespace.items():
            if isinstance(what, np.ndarray):
                self.numbers.append(f"{name} = {numbers(name, what)}")
            elif is_kernel(what):
                self.write(what, name)
            else:
                row, own = rows[name], self.function(kernels.own, name)
                args = (
                    f"{self.function(row.function, row.name)}, {row.name!r}{', True' * bool(row.sequences)}"
                )
                self.functions.append(f"{name} = {own}({args})")

    def function(self, function: Any, row: str) -> str:
        """The name of a function that a row needs, whose text is in the file, after that of what it calls."""
        if isinstance(function, BuiltinFunctionType | np.ufunc):
            return self.library(function, row)
        if not isinstance(function, FunctionType) or function.__closure__ or "<" in function.__name__:
            raise refusal(row, f"it is or uses {function!r:.60}, which is no function of a module")
        if function not in self.called:
            self.called[function] = self.free(function.__name__)
            self.write(function, row)
        return self.called[function]

    def write(self, function: FunctionType, row: str) -> None:
        """The text of a function, with the names that this file has for what it uses."""
        text = text_of(function, row)
        own, name = f"def {function.__name__}(", f"def {self.called[function]}("
        names = dict.fromkeys(global_names(compile(text, "", "exec")))
        text = text.replace(own, name, 1)
        for other in names:
            if other in function.__globals__:
                called = self.needed(other, function.__globals__[other], row)
                text = re.sub(rf"(?<![\w.]){other}\b", called, text) if called != other else text
        self.functions.append(text)

    def needed(self, name: str, what: Any, row: str) -> str:
        """The name of what a function uses by a global name: a module, a number or a function."""
        if isinstance(what, ModuleType):
            self.imports.add(f"import {what.__name__}" + f" as {name}" * (name != what.__name__))
            return name
        if isinstance(what, int | float):
            if (name, what) not in self.called:
                self.called[name, what] = self.free(name)
                self.functions.append(f"{self.called[name, what]} = {literal(what)}")
            return self.called[name, what]
        return self.function(what, row)

    def free(self, name: str) -> str:
        """A name that nothing in the file has yet."""
        found = next(x for x in chain([name], map(f"{name}_{{}}".format, count(2))) if x not in self.named)
        self.named.add(found)
        return found

    def library(self, function: Any, row: str) -> str:
        """A function of a library by its name."""
        module, name = getattr(function, "__module__", None) or "numpy", function.__name__
        if getattr(sys.modules.get(module), name, None) is not function:
            raise refusal(row, f"{function!r} is in no module under its name")
        self.imports.add("import numpy as np" if module == "numpy" else f"import {module}")
        return f"{'np' if module == 'numpy' else module}.{name}"


def refusal(row: str, reason: str) -> TypeError:
    """What is raised for a row whose function no file can hold."""
    return TypeError(
        f"program.save: the function of {row} cannot be written to a file: {reason}; define it with def in a "
        "module, of numbers, math and numpy alone"
    )


def text_of(function: FunctionType, row: str) -> str:
    """The source of a function."""
    try:
        text = textwrap.dedent(inspect.getsource(function)).rstrip()
    except (OSError, TypeError):
        raise refusal(row, f"there is no source of {function.__name__}") from None
    return re.sub(ANNOTATION, "", text) if is_kernel(function) else text


def is_kernel(function: Any) -> bool:
    """Whether it is a function of the module of kernels."""
    return getattr(kernels, getattr(function, "__name__", ""), None) is function


def global_names(code: CodeType) -> Iterator[str]:
    """The global names that code reads, and that of the functions inside."""
    yield from (i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME"))
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from global_names(inner)


def numbers(name: str, array: Any) -> str:
    """The text of an array: evenly spaced whole numbers as a range, equal numbers as one."""
    flat, kind = array.reshape(-1), ", dtype" * (array.dtype.kind == "f")
    steps = [] if kind else np.diff(flat)
    if len(steps) > 1 and steps[0] and (steps == steps[0]).all():
        first, step = int(flat[0]), int(steps[0])
        text = f"np.arange({first}, {first + step * len(flat)}, {step})".replace(", 1)", ")")
    elif kind and len(flat) > 2 and len({*map(literal, flat.tolist())}) == 1:
        return f"np.full({array.shape}, {literal(flat[0])}, dtype)"
    else:
        listed = ", ".join(literal(x) if kind else repr(x) for x in flat.tolist())
        text = f"np.array([{listed}]{kind})"
        wrapped = textwrap.wrap(f"{name} = {text}", WIDTH, subsequent_indent="    ", break_on_hyphens=False)
        text = "\n".join(wrapped).removeprefix(f"{name} = ")
    return text if array.shape == flat.shape else f"{text}.reshape({array.shape})"


# ── Pickles ─────────────────────────────────────────────────────────────────────────────────────────


class Lost:
    """In place of a function that no pickle can hold: what is compiled runs, and no more can be."""

    def __init__(self, f: Any) -> None:
        self.__name__ = getattr(f, "__name__", type(f).__name__)
        self.__doc__ = getattr(f, "__doc__", None)

    def __call__(self, *args: Any, **named: Any) -> Any:
        """RuntimeError, as what it did is not known."""
        raise RuntimeError(
            f"compile: this copy of {self.__name__} came without its function, which a pickle could not hold "
            "with its parameters, so it runs for arguments of the forms that it was compiled for; for others "
            "compile the function again"
        )


class Readable:
    """What all that `compile` returns has in common: what was compiled last can be read, saved and pickled.

    f       the function that is compiled       leaves   its parameters
    """

    f: Any
    leaves: list[Value] = []  # noqa: RUF012 (never changed)
    _latest: Compiled | None = None

    @property
    def source(self) -> str:
        """The Python source of what was compiled last."""
        return self._last().source

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The array operations of what was compiled last."""
        return self._last().operations

    @property
    def nodes(self) -> int:
        """How many scalar nodes what was compiled last has recorded, with those of its inputs."""
        return self._last().nodes

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what was compiled last to a file of Python, which imports NumPy and no autograd.

        It defines the function that `source` shows: of theta and the inputs; or of numbers and arrays alone,
        and of the numbers in a row of what else is an argument. SciPy is imported where a row needs it.
        TypeError naming a row of one's own whose function no file can hold, such as a lambda.
        """
        save(self._last(), self.f, path)

    def __getstate__(self) -> dict[str, Any]:
        """What pickle and deepcopy take: all, with the function if its parameters come with it.

        A function of a module is found there again, and so are the Values that it uses, which are not those
        of the copy: it goes only with what has no parameters.
        """
        goes = isinstance(self.f, Lost) or holds(self.f, self.leaves)
        return {**vars(self), "f": self.f if goes else Lost(self.f)}

    def __copy__(self) -> Any:
        """One that shares all with this one."""
        twin = object.__new__(type(self))
        vars(twin).update(vars(self))
        return twin

    def _last(self) -> Compiled:
        if self._latest is None:
            raise RuntimeError("nothing is compiled yet: call it once")
        return self._latest


def holds(f: Any, leaves: Iterable[Value]) -> bool:
    """Whether there is a pickle of f, and these Values are in it."""
    found = set()

    class Finder(pickle.Pickler):
        def persistent_id(self, x: Any) -> None:
            if isinstance(x, Value):
                found.add(x)

    try:
        Finder(BytesIO()).dump(f)
    except Exception:  # of whatever is in it
        return False
    return found >= {*leaves}


def flattened(compiled: Compiled) -> dict[str, Any]:
    """The state of what is compiled; its source and its step are made again."""
    found: set[Array] = set()
    stack = [*compiled.results]
    while stack:
        array = stack.pop()
        if array not in found:
            found.add(array)
            stack += [x for x in (*array.args, array.gradient_of) if isinstance(x, Array)]
    order = sorted(found, key=lambda array: array.number)
    place = {array: i for i, array in enumerate(order)}
    flat = []
    for x in order:
        args = [place[arg] if isinstance(arg, Array) else arg for arg in x.args]
        of = None if x.gradient_of is None else place[x.gradient_of]
        flat.append(((x.number, x.op, args, x.shape, x.batched, x.how), (x.label, x.scalars, of)))
    lost = ("emitted", "order", "source", "results", "_steps")
    kept = {name: value for name, value in vars(compiled).items() if name not in lost}
    places = [place[array] for array in compiled.results]
    return {**kept, "flat": flat, "places": places, "name": compiled.emitted.function}


def restore(compiled: Compiled, state: dict[str, Any]) -> None:
    """Make the arrays of what was compiled, and their source, again."""
    flat, places, name = state.pop("flat"), state.pop("places"), state.pop("name")
    order: list[Array] = []
    for (number, op, args, *rest), (label, scalars, _) in flat:
        array = Array(number, op, tuple([order[x] if type(x) is int else x for x in args]), *rest)
        array.label, array.scalars = label, scalars
        order.append(array)
    for array, (_, (*_, of)) in zip(order, flat, strict=True):
        array.gradient_of = None if of is None else order[of]
    vars(compiled).update(state)
    compiled.results = [order[i] for i in places]
    compiled.emitted = Source(compiled.results, compiled.inputs, name)
    compiled.order, compiled.source, compiled._steps = compiled.emitted.order, compiled.emitted.text, {}


Compiled.__getstate__, Compiled.__setstate__ = flattened, restore  # type: ignore
