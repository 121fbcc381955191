"""What several modules ask of their arguments; a refusal is one line that names the remedy."""

from collections.abc import Iterable
from importlib import import_module
from numbers import Integral
from typing import Any


def plain(number: Any, beside: Any = 0) -> Any:
    """A NumPy scalar as a number of Python's, unless `beside` is one too; anything else as it is.

    One float32 among the data or the settings would make float32 of every parameter that it meets.
    """
    if not _is_scalar(number) or _is_scalar(beside):
        return number
    return float(number) if number.dtype.kind == "f" else number.item()  # a longdouble's item is itself


def _is_scalar(x: Any) -> bool:
    return type(x).__module__ == "numpy" and getattr(x, "ndim", 1) == 0


def is_finite(number: Any) -> bool:
    """Whether a number of any type is neither nan nor infinite."""
    try:
        return bool(plain(number) * 0 == 0)  # NumPy would warn of 0 · ∞
    except ArithmeticError:  # an infinite Decimal
        return False


def check_whole(what: str, name: str, number: Any, least: int = 1) -> None:
    """ValueError unless the argument is a whole number from `least`."""
    if not isinstance(number, Integral) or isinstance(number, bool) or int(number) < least:
        raise ValueError(f"{what}: {name} must be a whole number from {least}, not {number!r}")


def check_iterable(what: str, parameters: Any) -> None:
    """TypeError for a model, or the method `parameters`, in the place of its parameters."""
    if not isinstance(parameters, Iterable):
        raise TypeError(f"{what}: {parameters!r:.60} is no list of parameters; give model.parameters()")


def library(name: str, what: str) -> Any:
    """The module of an optional library. ImportError where it is not installed."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(f"{what}: {error}; pip install 'scalar-autograd[nn]'") from None
