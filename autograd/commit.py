"""How gradients that have been computed are set: all at one moment, and by one thread at a time."""

from collections import deque
from collections.abc import Iterable
from itertools import repeat
from threading import RLock
from typing import Any

from autograd.op import describe
from autograd.protocol import as_number

committing = RLock()  # held while what leaves hold is read, added to, and set again


def assign(name: str, nodes: Iterable[Any], values: Iterable[Any]) -> None:
    """Set an attribute of all nodes: in one call without a step of Python, so that nothing comes between."""
    deque(map(setattr, nodes, repeat(name), values), maxlen=0)


def total(leaf: Any, fresh: Any) -> Any:
    """The gradient of a leaf after a pass: what it holds and what is new. None for a constant."""
    if leaf.op is not None:
        return None
    try:
        both = fresh if leaf.grad is None else leaf.grad + fresh
        as_number(both)
    except TypeError as error:
        held = f"the leaf {describe(leaf)} holds the gradient {leaf.grad!r:.60}"
        raise TypeError(
            f"backward: {held}, to which {fresh!r:.60} cannot be added ({error}); set its grad to 0"
        ) from None
    return both
