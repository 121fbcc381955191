"""Python's number protocol, made once from the table for every type that plugs in.

`Numeric` is the base of Value, of the series of `taylor` and of the symbols of `compile`. A subclass says

    apply_op(op, args)       what a row of the table makes of it; NotImplemented where another type decides
    compare(comparison, y)   what `x < y` and its kin give, as rows of COMPARISONS
    leave(function)          the plain number that float(x), round(x), … take out of the graph, or an error
"""

import math
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from autograd import ops
from autograd.op import Op, describe

COMPARISONS = {
    name: Op(symbol, getattr(operator, name), kind="constant")
    for name, symbol in {"lt": "<", "le": "≤", "gt": ">", "ge": "≥", "eq": "=", "ne": "≠"}.items()
}
CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "float": float, "int": int, "complex": complex,
    "floor": math.floor, "ceil": math.ceil, "trunc": math.trunc,
}  # fmt: skip


class Numeric:
    """What behaves as a number: the operators of Python, its comparisons, and a method for every row."""

    __slots__ = ()

    if TYPE_CHECKING:  # what `_make_methods` adds, and what a subclass says

        def __getattr__(self, name: str) -> Callable[..., Self]: ...
        def __add__(self, other: Any) -> Self: ...

        __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __add__
        __rpow__ = __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = __add__

        def __neg__(self) -> Self: ...
        def __abs__(self) -> Self: ...
        def __lt__(self, other: Any) -> bool: ...

        __le__ = __gt__ = __ge__ = __lt__

    def __pow__(self, other: Any, modulus: Any = None) -> Self:
        if modulus is not None:
            raise TypeError(
                f"pow({describe(self)}, {describe(other)}, {describe(modulus)}): there is no "
                "derivative modulo a number; use x**y % z"
            )
        return self.apply_op(ops.power, (self, other))

    def __pos__(self) -> Self:
        return self

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

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
