"""What an engine is asked to do: a short program as plain data, run on it, and written as Python.

An act is a tuple, which is also how it goes through a pipe to an engine in another process:

    ("leaf", a, 2.0)               a = Value(2.0)
    ("op", c, "mul", (a, 3.0))     c = a * 3.0          names are names of values, numbers are numbers
    ("chain", c, "add", (c, a), n) for _ in range(n): c = c + a
    ("same", c, a)                 c = a
    ("backward", c)                c.backward()
    ("set", a, 5.0)                a.data = 5.0
    ("zero", a, b)                 a.grad = b.grad = 0.0, or None where it was None at first
    ("drop", c)                    del c
    ("value", c)                   c.data               this and what follows is a reading
    ("gradient", a)                a.grad
    ("freed", c)                   whether nothing keeps the dropped value alive
"""

import gc
import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from autograd.testing.grading.engine import Words

Act = tuple[Any, ...]
Program = Sequence[Act]
READINGS = ("value", "gradient", "freed")


class Failure(NamedTuple):
    """What was raised in place of a number: its class, its words, and at which act."""

    kind: str
    text: str
    act: int

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}" if self.text else self.kind


Reading = float | None | Failure  # None: a gradient that is None, or what cannot be seen on that engine


class Speaks(Protocol):
    """What a program asks of an engine: an `Engine`, or a model of one."""

    def make(self, number: Any, /) -> Any: ...  # noqa: D102
    def read(self, what: str, value: Any) -> Any: ...  # noqa: D102
    def write(self, what: str, value: Any, number: float | None) -> None: ...  # noqa: D102
    def run_backward(self, value: Any) -> None: ...  # noqa: D102
    def apply(self, name: str, args: Sequence[Any]) -> Any: ...  # noqa: D102


def run(program: Program, engine: Speaks) -> list[Reading]:
    """What the readings of a program are on an engine; those after an exception are all that failure."""
    session = _Session(engine)
    readings: list[Reading] = []
    for place, act in enumerate(program):
        try:
            found = getattr(session, act[0])(*act[1:])
        except (Exception, SystemExit) as error:
            return readings + [_failure(error, place)] * sum(act[0] in READINGS for act in program[place:])
        if act[0] in READINGS:
            readings.append(found)
    return readings


def _failure(error: BaseException, place: int) -> Failure:
    """An exception as a reading; the text of one that cannot be written is empty."""
    text = ""
    with suppress(Exception):
        text = " ".join(str(error).split())[:200]
    return Failure(type(error).__name__, text, place)


class _Session:
    """The values of a program by their names."""

    def __init__(self, engine: Speaks) -> None:
        self.engine = engine
        self.values: dict[str, Any] = {}
        self.zeroed: float | None = 0.0  # or None, if that is what gradients are at first
        self.dropped: dict[str, weakref.ref[Any]] = {}

    def leaf(self, name: str, number: float) -> None:
        self.values[name] = self.engine.make(number)
        with suppress(Exception):
            if self.engine.read("gradient", self.values[name]) is None:
                self.zeroed = None

    def op(self, name: str, op: str, args: Sequence[Any]) -> None:
        given = [self.values[arg] if isinstance(arg, str) else arg for arg in args]
        self.values[name] = self.engine.apply(op, given)

    def chain(self, name: str, op: str, args: Sequence[Any], times: int) -> None:
        for _ in range(times):
            self.op(name, op, args)

    def same(self, name: str, other: str) -> None:
        self.values[name] = self.values[other]

    def backward(self, name: str) -> None:
        self.engine.run_backward(self.values[name])

    def set(self, name: str, number: float) -> None:
        self.engine.write("value", self.values[name], number)

    def zero(self, *names: str) -> None:
        for name in names:
            self.engine.write("gradient", self.values[name], self.zeroed)

    def drop(self, name: str) -> None:
        value = self.values.pop(name)
        with suppress(TypeError):  # a class with slots
            self.dropped[name] = weakref.ref(value)

    def value(self, name: str) -> Reading:
        return _number(self.engine.read("value", self.values[name]))

    def gradient(self, name: str) -> Reading:
        return _number(self.engine.read("gradient", self.values[name]))

    def freed(self, name: str) -> Reading:
        if name not in self.dropped:
            return None
        gc.collect()
        return float(self.dropped[name]() is None)


def _number(x: Any) -> float | None:
    """What was read as Python's float; TypeError for a value where a number should be."""
    return None if x is None else float(x)


# ── As Python ───────────────────────────────────────────────────────────────────────────────────────


def write(program: Program, words: Words, notes: Sequence[str] = ()) -> str:
    """The program as lines to paste; `notes` stand behind its readings, and lines of a kind are joined."""
    lines: list[str] = []
    left = iter(notes)
    for act in program:
        line = _line(act, words)
        if act[0] in READINGS:
            note = next(left, "")
            line = f"print({line})" + f"  # {note}" * bool(note)
        lines.append(line)
    return "\n".join(lines)


def _line(act: Act, words: Words) -> str:
    kind, name, *rest = act
    if kind == "leaf":
        return f"{name} = {words.make.format(repr(rest[0]))}"
    if kind in ("op", "chain"):
        line = _assignment(name, rest[0], rest[1], words)
        return line if kind == "op" else f"for _ in range({rest[2]}):\n    {line}"
    if kind == "same":
        return f"{name} = {rest[0]}"
    if kind == "set":
        return f"{words.value.format(name)} = {rest[0]!r}"
    if kind == "zero":
        return " = ".join([*(words.gradient.format(each) for each in (name, *rest)), "0.0"])
    if kind == "drop":
        return f"del {name}"
    if kind == "freed":
        return f"whether {name} has been freed"
    return {"backward": words.backward, "value": words.value, "gradient": words.gradient}[kind].format(name)


def _assignment(name: str, op: str, args: Sequence[Any], words: Words) -> str:
    template = words.calls.get(op) or f"{op}({', '.join(['{}'] * len(args))})"
    shown = [arg if isinstance(arg, str) else f"({arg!r})" if arg < 0 else repr(arg) for arg in args]
    call = template.format(*shown)
    return call if op == "iadd" else f"{name} = {call}"


def is_operation(act: Act) -> bool:
    """Whether an act computes something."""
    return act[0] in ("op", "chain")


def size(program: Iterable[Act]) -> int:
    """How many operations a program has."""
    return sum(map(is_operation, program))
