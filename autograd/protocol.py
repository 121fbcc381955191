"""Python's number protocol, made once from the table for every type that plugs in as one number.

`Numeric` is the base of Value, of the series of `taylor` and of the symbols of `compile`. A subclass says

    apply_op(op, args)       what a row of the table makes of it; NotImplemented where another type decides
    data                     its number, by which it is compared

or, where it has no number, in place of that `compare`, `leave`, `__bool__` and `symbolic = True`.
"""

import math
import operator
from collections.abc import Callable
from numbers import Integral, Number
from typing import TYPE_CHECKING, Any, Self

from autograd import ops
from autograd.op import Op, describe, is_complex
from autograd.recording import running

COMPARISONS = {
    name: Op(symbol, getattr(operator, name), kind="constant")
    for name, symbol in {"lt": "<", "le": "≤", "gt": ">", "ge": "≥", "eq": "=", "ne": "≠"}.items()
}
LT, LE, GT, GE, EQ, NE = COMPARISONS.values()  # pickle finds a row by a variable that holds it
CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "float": float, "int": int, "complex": complex,
    "floor": math.floor, "ceil": math.ceil, "trunc": math.trunc,
}  # fmt: skip


def as_number(data: Any) -> Any:
    """The number as a Value holds it; TypeError for anything else.

    NumPy's integers and booleans become int, and its float64 and complex128 Python's float and complex. What
    plugs in and is itself one number, such as a symbol of `compile`, is as good as one.
    """
    kind = type(data)
    if kind is float or kind is int:
        return data
    if isinstance(data, Integral) or kind.__name__ in ("bool", "bool_"):
        return int(data)
    if isinstance(data, float):
        return float(data)
    if isinstance(data, complex):
        return complex(data)
    array, recorded = hasattr(kind, "__array__"), hasattr(kind, "backward")
    if isinstance(data, Number) or (hasattr(kind, "apply_op") and not array and not recorded):
        return data
    if recorded:
        remedy = "it is a Value already: use it, or its .data"
    elif isinstance(data, list | tuple) or array:
        remedy = "a Value holds one number: autograd.array makes an array of Values"
    else:
        remedy = "give an int, float, complex, Fraction, Decimal, mpmath or NumPy number"
    raise TypeError(f"{describe(data)} is a {kind.__name__}, not a number; {remedy}")


class Numeric:
    """What behaves as a number: the operators of Python, its comparisons, and a method for every row."""

    __slots__ = ()
    symbolic = False

    if TYPE_CHECKING:  # what a subclass says, and what `_make_methods` adds
        data: Any

        def apply_op(self, op: Op, args: tuple[Any, ...]) -> Any: ...  # noqa: D102
        def __getattr__(self, name: str) -> Callable[..., Self]: ...
        def __add__(self, other: Any) -> Self: ...

        __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __add__
        __rpow__ = __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = __add__

        def __neg__(self) -> Self: ...
        def __abs__(self) -> Self: ...
        def __lt__(self, other: Any) -> bool: ...

        __le__ = __gt__ = __ge__ = __lt__

    def number(self) -> Any:
        """The number that comparisons and branches see."""
        run = running.get()
        return self.data if run is None else run.number(self)

    def compare(self, comparison: Op, other: Any) -> Any:
        """`x < y` and its kin, as rows of COMPARISONS: by the numbers."""
        if isinstance(other, Numeric) and not other.symbolic:
            other = other.number()
        elif not isinstance(other, Number):
            return NotImplemented
        return comparison.function(self.number(), other)

    def leave(self, function: str) -> Any:
        """The number for float(x), round(x), …, which drops a derivative: so in a run this raises."""
        if (run := running.get()) is not None:
            instead = "stop_gradient(x), x without its derivative," if run.symbolic else ".data"
            raise TypeError(
                f"{function}({describe(self)}) inside {run.name} would drop its derivative; use {instead} if "
                "that is meant, and autograd's functions in place of math's"
            )
        return self.data

    def __bool__(self) -> bool:
        return bool(self.number())

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else str(self)

    def __pow__(self, other: Any, modulus: Any = None) -> Self:
        if modulus is not None:
            raise TypeError(
                f"pow({describe(self)}, {describe(other)}, {describe(modulus)}): there is no "
                "derivative modulo a number; use x**y % z"
            )
        return self.apply_op(ops.power, (self, other))  # type: ignore[no-any-return]

    def __pos__(self) -> Self:
        return self

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    # A real number is its own conjugate and real part: np.std and np.vdot ask for them. Of a complex one they
    # have no complex derivative.

    def conjugate(self) -> Self:
        """The same, of a real number; TypeError for a complex one."""
        return self._real("conjugate")

    @property
    def real(self) -> Self:
        """The same, of a real number; TypeError for a complex one."""
        return self._real("real")

    @property
    def imag(self) -> Any:
        """The number 0, of a real number; TypeError for a complex one."""
        return 0.0 if self.symbolic else 0 * self._real("imag").data

    def _real(self, part: str) -> Self:
        if not self.symbolic and is_complex(self.data):
            raise TypeError(
                f"{part}({describe(self)}): not analytic, so a complex number has no derivative of it; "
                "use .data if that is meant, or keep the real and the imaginary part as two Values"
            )
        return self

    def __round__(self, digits: int | None = None) -> Any:
        return round(self.leave("round"), digits)

    __hash__ = object.__hash__  # by identity, so that a graph can live in sets and dicts


def _infix(row: Op) -> tuple[Callable[..., Any], Callable[..., Any]]:
    return (
        lambda self, other: self.apply_op(row, (self, other)),
        lambda self, other: self.apply_op(row, (other, self)),
    )


def _prefix(row: Op) -> Callable[..., Any]:
    return lambda self: self.apply_op(row, (self,))


def _call(row: Op) -> Callable[..., Any]:
    return lambda self, *args, **named: row(self, *args, **named)


def _comparison(row: Op) -> Callable[..., Any]:
    return lambda self, other: self.compare(row, other)


def _conversion(name: str, convert: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda self: convert(self.leave(name))


def _make_methods() -> None:
    methods = {name: _call(row) for name, row in ops.METHODS.items()}
    methods |= {"__neg__": _prefix(ops.neg), "__abs__": _prefix(ops.absolute)}
    methods |= {f"__{name}__": _comparison(row) for name, row in COMPARISONS.items()}
    methods |= {f"__{name}__": _conversion(name, convert) for name, convert in CONVERSIONS.items()}
    for name, row in ops.OPERATORS.items():
        methods[f"__{name}__"], methods[f"__r{name}__"] = _infix(row)
    for name, method in methods.items():
        method.__name__ = name
        if name not in vars(Numeric):  # __pow__ stands above
            setattr(Numeric, name, method)


_make_methods()
