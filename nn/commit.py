"""Changes of many attributes at one moment: an interruption finds all of them or none.

change   (object, name of an attribute, what it is to be)
"""

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import chain, repeat, starmap
from typing import Any

Change = tuple[Any, str, Any]


def commit(*changes: Iterable[Change]) -> None:
    """Make the changes: lists of them, and what `each` gives.

    CPython handles signals and switches threads between bytecodes alone, and here is one call without any.
    """
    deque(starmap(setattr, chain(*changes)), 0)


def each(objects: Sequence[Any], name: str, values: Sequence[Any]) -> Iterable[Change]:
    """The change of every object's attribute to its value, for `commit`."""
    return zip(objects, repeat(name, len(objects)), values, strict=True)
