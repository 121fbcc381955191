"""The user's variables as names: `viz.draw(loss, names=locals())`."""

from collections.abc import Iterator, Mapping
from typing import Any

from autograd import Value

NESTED = 8  # lists in lists, at most


def variables(
    caller: str, names: Mapping[str, Any] | None, copies: Mapping[int, Value] = {}
) -> dict[Value, str]:
    """What Values without a label are called: as the variable that holds them, the first of several.

    The Values in a list, a tuple or an array w are w_0, w_1, …, and W_{0,1} where it is nested. What holds no
    Value is left out, and so is what begins with _. For nodes of another engine stand their `copies`, by id.
    TypeError where `names` is no mapping.

    >>> x, w = Value(2), [Value(3), Value(4, "b")]
    >>> [*variables("draw", {"x": x, "y": x, "w": w, "n": 5}).values()]
    ['x', 'w_0']
    """
    if names is None:
        return {}
    if not isinstance(names, Mapping):
        what = f"not the {type(names).__name__} {names!r:.60}"
        raise TypeError(f"{caller}: names must map names to Values, as locals() does; {what}")
    called: dict[Value, str] = {}
    for name, held in names.items():
        if isinstance(name, str) and not name.startswith("_"):
            for value, places in _values(held, copies):
                index = ",".join(map(str, places))
                end = f"_{{{index}}}" if len(places) > 1 else f"_{index}" if places else ""
                called.setdefault(value, name + end)
    return called


def _values(
    held: Any, copies: Mapping[int, Value], places: tuple[int, ...] = ()
) -> Iterator[tuple[Value, tuple[int, ...]]]:
    """The Values in a variable that have no label, with their places."""
    held = copies.get(id(held), held)
    if str(getattr(held, "dtype", "")) == "object":
        held = held.tolist()
    if isinstance(held, Value):
        if not held.label:
            yield held, places
    elif len(places) < NESTED and _begins_with_a_value(held, copies):
        for place, part in enumerate(held):
            yield from _values(part, copies, (*places, place))


def _begins_with_a_value(held: Any, copies: Mapping[int, Value]) -> bool:
    """Whether it is a list of Values, or of such lists; one of data, a training set, is not gone through."""
    for _ in range(NESTED):
        held = held[0] if isinstance(held, list | tuple) and held else held
    return isinstance(held, Value) or id(held) in copies
