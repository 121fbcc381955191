"""Purity: what a function could read that another call would find changed, so that compile may watch it.

reached      everything that a function can come to: its closure, defaults, globals, the objects in them
generator    an object that random numbers are drawn from; its state says whether it was
row          an operation of the user's, whose function may be as impure as any other
"""

import functools
import pickle
import random
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from sysconfig import get_path
from threading import Lock
from types import BuiltinMethodType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from autograd.op import Interval, Op
from autograd.program.symbol import Unread
from autograd.value import Value

ATOMS = {int, float, complex, bool, str, bytes, type(None), type(...)}
LISTS = (list, tuple, set, frozenset, deque)
PARTS: dict[type, tuple[str, ...]] = {
    functools.partial: ("func", "args", "keywords"),
    MethodType: ("__self__", "__func__"),
    BuiltinMethodType: ("__self__",),
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
    property: ("fget",),
}
LIMIT = 100_000  # objects that are looked into: what stands near the function comes first
OURS = {"autograd", "nn", "viz"}  # draw from what they are handed, or hold
LIBRARIES = tuple(get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
REMEDY = "hand masks and noise in as an input, or draw outside"


# ── What a function reaches ─────────────────────────────────────────────────────────────────────────


def reached(*roots: Any) -> Iterator[tuple[str, Any]]:
    """(name, object) for everything that the roots can come to, nearest first; no modules, no library code.

    The name is that of the variable or attribute by which it was found.
    """
    queue: deque[tuple[str, Any]] = deque(("", root) for root in roots)
    seen: dict[int, Any] = {}  # holds the objects, so that no id is given twice
    holders = 0
    while queue and holders < LIMIT:
        name, found = queue.popleft()
        if type(found) not in ATOMS and id(found) not in seen:
            seen[id(found)] = found
            yield name, found
            if type(found) is not Value:
                holders += 1
                queue += _inside(name, found)


def _inside(name: str, found: Any) -> Iterator[tuple[str, Any]]:
    """What an object holds, each with its name."""
    kind = type(found)
    if kind is ModuleType or _state(found) is not None:
        return
    if isinstance(found, (*LISTS, dict)):
        items = found.values() if isinstance(found, dict) else found
        if not {*map(type, items)} <= ATOMS:
            yield from ((name, item) for item in items)
    elif isinstance(found, FunctionType):
        yield from _of_function(found)
    elif kind in PARTS:
        yield from ((name, getattr(found, part)) for part in PARTS[kind])
    elif isinstance(found, type):
        if not _is_library(found.__module__):
            yield from vars(found).items()
    elif isinstance(found, np.ndarray):
        if found.dtype == object:
            yield from ((name, item) for item in found.flat)
    else:
        yield from ((f"{name}.{key}" if name else key, item) for key, item in _attributes(found))
        yield from ((name, cls) for cls in kind.__mro__)


def _of_function(f: FunctionType) -> Iterator[tuple[str, Any]]:
    """What a function refers to. Of a library's only the closure and the defaults are looked at."""
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
        with suppress(ValueError):  # a cell that is empty yet
            yield name, cell.cell_contents
    yield "", f.__defaults__
    yield "", f.__kwdefaults__
    yield from vars(f).items()
    if _is_library(f.__module__):
        return
    names = {name for code in _codes(f.__code__) for name in code.co_names}
    for name in sorted(names & f.__globals__.keys()):
        yield from _named(name, f.__globals__[name], names)


def _named(name: str, found: Any, names: set[str], depth: int = 3) -> Iterator[tuple[str, Any]]:
    """A global; of a module in its place those of its attributes that the code names."""
    if not isinstance(found, ModuleType):
        yield name, found
    elif depth:
        for attribute in sorted(names & vars(found).keys()):
            yield from _named(f"{name}.{attribute}", vars(found)[attribute], names, depth - 1)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """The code of a function and of those that it defines."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _attributes(found: Any) -> Iterator[tuple[str, Any]]:
    """The attributes of an object, be they in its `__dict__` or in slots."""
    with suppress(Exception):  # whatever an object of the user's makes of it
        yield from vars(found).items()
    for cls in type(found).__mro__:
        slots = vars(cls).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            with suppress(Exception):
                yield name, getattr(found, name)


def _is_library(module: str | None) -> bool:
    top = (module or "").partition(".")[0]
    path = getattr(sys.modules.get(top), "__file__", None) or ""
    return top != "__main__" and (top in OURS | sys.stdlib_module_names or path.startswith(LIBRARIES))


# ── Random numbers ──────────────────────────────────────────────────────────────────────────────────


class Generator(NamedTuple):
    """A random generator, and how its state is read and set."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], Any]


def _state(found: Any) -> tuple[Callable[[], Any], Callable[[Any], Any]] | None:
    """How the state of a random generator is read and set; None for all else."""
    kind = type(found)
    if isinstance(found, random.Random) and not isinstance(found, random.SystemRandom):
        return found.getstate, found.setstate
    if isinstance(found, np.random.RandomState):
        return lambda: found.get_state(legacy=False), found.set_state
    if isinstance(found, np.random.Generator | np.random.BitGenerator):
        bits: Any = getattr(found, "bit_generator", found)
        return lambda: bits.state, lambda state: setattr(bits, "state", state)
    if kind.__name__ == "Generator" and kind.__module__.partition(".")[0] == "torch":
        return lambda: found.get_state().clone(), found.set_state
    return None


def generators(found: Sequence[tuple[str, Any]]) -> list[Generator]:
    """The random generators among what was reached, and those that modules draw from."""
    torch = sys.modules.get("torch")
    everywhere = [
        ("random", random.random.__self__),  # type: ignore[attr-defined]
        ("numpy.random", np.random.random.__self__),  # type: ignore[attr-defined]
        ("torch", getattr(torch, "default_generator", None)),
    ]
    named = {id(source): (name, source) for name, source in [*found, *everywhere]}
    states = ((name, _state(source)) for name, source in named.values())
    return [Generator(name, *state) for name, state in states if state is not None]


@contextmanager
def undrawn(sources: Sequence[Generator], what: str) -> Iterator[None]:
    """TypeError where the block draws from a generator; their states are put back in any case."""
    before = [source.read() for source in sources]
    try:
        yield
    finally:
        drawn = []
        for source, state in zip(sources, before, strict=True):
            if pickle.dumps(source.read()) != pickle.dumps(state):
                source.write(state)
                drawn.append(source.name)
    if drawn:
        raise TypeError(
            f"compile: {what} draws from the random generator {drawn[0] or 'that it holds'}, once for all "
            f"calls; {REMEDY}"
        )


# ── Numbers of Values ───────────────────────────────────────────────────────────────────────────────


@contextmanager
def unchanged(values: Iterable[Value], readable: bool) -> Iterator[None]:
    """Inside the block, in this thread, the numbers and gradients of Values cannot be set, nor be read if so.

    For that time Value's attributes are properties, which show all other threads what the Values hold.
    """
    gradient = Unread()  # the same for all
    shown = {
        x: (x.data, x.grad) if readable else (Unread(x, x.data), None if x.grad is None else gradient)
        for x in values
    }
    token = _hidden.set(shown)
    _recordings.append(shown)
    try:
        with _changing:
            for place, name in enumerate(_SLOTS):
                setattr(Value, name, _watched(name, place))
        yield
    finally:
        _hidden.reset(token)
        with _changing:
            _recordings.pop()
            if not _recordings:
                for name, slot in _SLOTS.items():
                    setattr(Value, name, slot)


_SLOTS: dict[str, Any] = {name: vars(Value)[name] for name in ("data", "grad")}
_hidden: ContextVar[dict[Value, tuple[Any, Any]]] = ContextVar("hidden", default={})  # noqa: B039 (never changed)
_recordings: list[Any] = []  # in all threads
_changing = Lock()


def _watched(name: str, place: int) -> property:
    """An attribute of Values that is not read and not set where it is hidden."""
    slot = _SLOTS[name]

    def read(value: Value) -> Any:
        hidden = _hidden.get()
        return hidden[value][place] if value in hidden else slot.__get__(value)

    def write(value: Value, x: Any) -> None:
        if value in _hidden.get():
            raise TypeError(
                f"compile: the function sets .{name} of {value.label or 'a Value'}, which only a recording "
                "would do; set it outside"
            )
        slot.__set__(value, x)

    return property(read, write)


# ── Rows of the user's ──────────────────────────────────────────────────────────────────────────────


def check_row(row: Op) -> None:
    """TypeError for a row whose function or rules give something else when they are called again."""
    what = f"the function of Op({row.symbol!r}, …)"
    with undrawn(generators([*reached(row.function, *row.partials)]), what):
        for numbers in _numbers(row, 0.75), _numbers(row, 1.25):
            first, second = _results(row, numbers), _results(row, numbers)
            if repr(first) != repr(second):
                given = ", ".join(map(str, numbers))
                raise TypeError(f"compile: {what} gives {first} and then {second} for {given}; {REMEDY}")
            if first:
                return


def alike(row: Op, other: Op) -> bool:
    """Whether two rows are made in the same way, by the same code with the same numbers."""
    is_like = (row.symbol, row.kind, len(row.partials)) == (other.symbol, other.kind, len(other.partials))
    functions = [(each.function, *each.partials) for each in (row, other)]
    return is_like and all(map(_alike, *functions))


def _alike(f: Any, g: Any) -> bool:
    if not (isinstance(f, FunctionType) and isinstance(g, FunctionType)):
        return f is g or (type(f) in ATOMS and repr(f) == repr(g))
    held = [[*(c.cell_contents for c in x.__closure__ or ()), *(x.__defaults__ or ())] for x in (f, g)]
    return f.__code__ == g.__code__ and len(held[0]) == len(held[1]) and all(map(_alike, *held))


def _results(row: Op, numbers: Sequence[Any]) -> list[Any]:
    """What a row and its rules give; [] outside of their domains."""
    with suppress(Exception):  # a function of the user's may raise anything
        z = row.function(*numbers)
        return [z, *row.local_derivatives((*numbers, z), [True] * len(numbers))] if row.partials else [z]
    return []


def _numbers(row: Op, shift: float) -> list[float]:
    """A number of its domain for every argument of a row; three for a sequence."""
    if row.sequences:
        return [shift * (i + 1) for i in range(3 * row.sequences)]
    numbers = []
    for place in range(row.arity or 1):
        low, high, hole = row.domain[place] if place < len(row.domain) else Interval()
        inside = low + shift if low > -np.inf else min(shift, high - shift)
        if not inside < high:
            inside = (low + high) / 2
        numbers.append(row.parameters.get(place, [inside])[0] if inside != hole else inside / 2)
    return numbers
