"""An engine that is to be graded: how its values are made, joined, differentiated and read.

Nothing is asked of its values but this: they are never compared, hashed, tested or formatted.

    engine   what makes values, and says how to read them      value   one of them, of whatever class
    words    how a program on that engine is written, with {} where names and numbers stand
"""

import operator
import sys
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from reprlib import repr as short
from typing import Any, NamedTuple

from autograd.foreign import SYNONYMS

OPERATORS: Mapping[str, tuple[str, Callable[..., Any]]] = {
    "add": ("{} + {}", operator.add),
    "mul": ("{} * {}", operator.mul),
    "neg": ("-{}", operator.neg),
    "sub": ("{} - {}", operator.sub),
    "div": ("{} / {}", operator.truediv),
    "power": ("{} ** {}", operator.pow),
    "absolute": ("abs({})", abs),
    "sum": ("sum([{}, {}])", lambda *args: sum(args)),
    "iadd": ("{} += {}", operator.iadd),  # the program says to which name
}
METHODS = {  # how Python calls what they do: __add__, on the right of a number __radd__
    "add": "add", "mul": "mul", "neg": "neg", "sub": "sub", "div": "truediv", "power": "pow",
    "absolute": "abs",
}  # fmt: skip
ALIASES = {row.name: name for name, row in SYNONYMS.items()}


class Words(NamedTuple):
    """How a program is written: a template for what is made, read and run, and for each operation."""

    make: str
    value: str
    gradient: str
    backward: str
    calls: Mapping[str, str]


@dataclass(frozen=True)
class Engine:
    """How to speak with an engine. What is an attribute or a method of its values is given by its name.

    make        a value of a float                                value      the number of a value
    backward    a backward pass from a value                      gradient   what passes left at a value
    functions   operations that are no operators and no methods, by the names of the table's rows
    children    the values of which a value was made, and         operation  what made it: for pictures
    setters     how a "value" or a "gradient" is set, where that is no assignment of a number to the attribute
    written     how programs are written, by the names of Words, where the other fields do not tell
    name        what the class is called in reports and in the programs that they show

    >>> class Mine:
    ...     def __init__(self, number):
    ...         self.number, self.slope = number, 0.0
    >>> engine = Engine(Mine, value="number", gradient="slope", backward="backpropagate")
    >>> engine.read("value", engine.make(3.0))
    3.0
    """

    make: Callable[[Any], Any]
    value: str | Callable[[Any], Any] = "data"
    gradient: str | Callable[[Any], Any] = "grad"
    backward: str | Callable[[Any], Any] = "backward"
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    children: str | Callable[[Any], Any] = "_prev"
    operation: str | Callable[[Any], Any] = "_op"
    setters: Mapping[str, Callable[[Any, Any], Any]] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    name: str = ""

    @classmethod
    def of(cls, given: Any, functions: Mapping[str, Callable[..., Any]] | None = None) -> "Engine":
        """The engine of a class in the manner of micrograd, with the functions that its module defines.

        An engine is its own. `functions` are added. TypeError for what cannot be called.
        """
        if not isinstance(given, cls):
            if not callable(given):
                raise TypeError(f"check_engine needs a class such as Value, or an Engine, not {short(given)}")
            module = sys.modules.get(getattr(given, "__module__", ""))
            given = cls(given, functions=defined_in(module) if module else {})
        engine: Engine = given
        return replace(engine, functions={**engine.functions, **functions}) if functions else engine

    @property
    def title(self) -> str:
        """What the class is called."""
        return self.name or getattr(self.make, "__name__", "make")

    @cached_property
    def kind(self) -> type:
        """The class of the values; TypeError where no value can be made of a number."""
        try:
            return type(self.make(1.0))
        except Exception as error:
            raise TypeError(
                f"{self.title}(1.0) raises {type(error).__name__}: {error}; give an Engine(make), with what "
                "makes a value of a number"
            ) from error

    # ── What programs do ────────────────────────────────────────────────────────────────────────────

    def read(self, what: str, value: Any) -> Any:
        """The `value`, `gradient`, `children` or `operation` of a value."""
        how = getattr(self, what)
        return getattr(value, how) if isinstance(how, str) else how(value)

    def write(self, what: str, value: Any, number: float | None) -> None:
        """Set the `value` or the `gradient` of a value; NotImplementedError where nothing says how."""
        how = getattr(self, what)
        if what in self.setters:
            self.setters[what](value, number)
        elif isinstance(how, str):
            setattr(value, how, number)
        else:
            raise NotImplementedError(f"the {what} of {self.title} is no attribute that could be set")

    def run_backward(self, value: Any) -> None:
        """A backward pass from a value."""
        if isinstance(self.backward, str):
            getattr(value, self.backward)()
        else:
            self.backward(value)

    def apply(self, name: str, args: Sequence[Any]) -> Any:
        """The operation on values and numbers; NotImplementedError where the engine has none of that name."""
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name](*args)

    @cached_property
    def _found(self) -> dict[str, Callable[..., Any]]:
        return {}

    def _find(self, name: str) -> Callable[..., Any]:
        """What does an operation."""
        if called := self.found(self.functions, name):
            return self.functions[called]
        if method := self.method(name):
            return lambda x, *others: getattr(x, method)(*others)
        if name in OPERATORS:
            return OPERATORS[name][1]
        raise NotImplementedError(f"{self.title} has no {name}")

    # ── How it is written ───────────────────────────────────────────────────────────────────────────

    def words(self, arities: Mapping[str, int]) -> Words:
        """How programs are written, with those operations of `arities` that the engine seems to have."""
        calls = {name: self._call(name, arity) for name, arity in arities.items()}
        templates = {
            "make": f"{self.title}({{}})",
            "value": f"{{}}.{self.value}" if isinstance(self.value, str) else "value({})",
            "gradient": f"{{}}.{self.gradient}" if isinstance(self.gradient, str) else "gradient({})",
            "backward": f"{{}}.{self.backward}()" if isinstance(self.backward, str) else "backward({})",
            **self.written,
        }
        return Words(**templates, calls={name: call for name, call in calls.items() if call})

    def _call(self, name: str, arity: int) -> str:
        """The template of an operation, or nothing where there is no such function, method or operator."""
        if called := self.found(self.functions, name):
            return f"{called}({', '.join(['{}'] * arity)})"
        if called := self.method(name):
            return f"{{}}.{called}({', '.join(['{}'] * (arity - 1))})"
        return OPERATORS[name][0] if name in OPERATORS else ""

    def method(self, name: str) -> str:
        """The method of the values that does an operation, but for those that are operators of Python's."""
        if name in OPERATORS and (name != "absolute" or hasattr(self.kind, "__abs__")):
            return ""
        called = self.found(self.attributes, name)
        return called if called and callable(getattr(self.kind, called)) else ""

    @cached_property
    def attributes(self) -> list[str]:
        """The public attributes of the class of the values."""
        return [name for name in dir(self.kind) if not name.startswith("_")]

    @staticmethod
    def found(names: Iterable[str], name: str) -> str:
        """What an operation is called among these names, in capitals or not."""
        lower = {each.lower(): each for each in names}
        return lower.get(name) or lower.get(ALIASES.get(name, ""), "")


def defined_in(module: types.ModuleType) -> dict[str, Callable[..., Any]]:
    """The public functions that a module defines itself: those that it imports know nothing of its values.

    A row of a table counts too: an instance, which can be called, of a class of the module.
    """
    return {
        name: function
        for name, function in vars(module).items()
        if callable(function) and not isinstance(function, type) and not name.startswith("_")
        if getattr(function, "__module__", "") == module.__name__
    }
