"""Refusals that several modules share, each in one line that names the remedy."""

from importlib import import_module
from numbers import Integral
from typing import Any


def check_whole(what: str, name: str, number: Any, least: int = 1) -> None:
    """ValueError unless the argument is a whole number from `least`."""
    if not isinstance(number, Integral) or isinstance(number, bool) or int(number) < least:
        raise ValueError(f"{what}: {name} must be a whole number from {least}, not {number!r}")


def library(name: str, what: str) -> Any:
    """The module of an optional library. ImportError where it is not installed."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(f"{what}: {error}; pip install 'scalar-autograd[nn]'") from None
