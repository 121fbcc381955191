"""Nested lists, tuples, dicts and arrays of numbers: what functions take and what their derivatives are.

tree    a number, a Value, or a list, tuple, dict or NumPy array of trees; the classes of tuples and dicts
        (namedtuple, OrderedDict, …) are kept. None, a string or a dataclass may stand in it as well
leaves  the numbers and Values in it, from left to right; None, strings and dataclasses are none
"""

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from numbers import Number
from typing import Any

PLAIN = {int, float}


def leaves(tree: Any) -> list[Any]:
    """The numbers of a tree from left to right."""
    if type(tree) in PLAIN:
        return [tree]
    if isinstance(tree, list | tuple):
        return [leaf for branch in tree for leaf in leaves(branch)]
    if isinstance(tree, dict):
        return [leaf for branch in tree.values() for leaf in leaves(branch)]
    if is_array(tree):
        return list(tree.flat)
    return [] if is_opaque(tree) else [tree]


def parts(tree: Any, name: str) -> Iterator[tuple[str, Any]]:
    """(name, number or array) from left to right: `W`, `layers[0]['b']`."""
    if isinstance(tree, dict):
        for key, branch in tree.items():
            yield from parts(branch, f"{name}[{key!r}]")
    elif isinstance(tree, list | tuple):
        for i, branch in enumerate(tree):
            yield from parts(branch, f"{name}[{i}]")
    elif not is_opaque(tree):
        yield name, tree


def like(tree: Any, new: Iterable[Any], derivative: bool = False) -> Any:
    """A new tree with these numbers as leaves; in a derivative None stands for what is no number."""
    return _like(tree, iter(new), derivative, array_like)


def _like(tree: Any, new: Iterator[Any], derivative: bool, fill: Callable[[Any, list[Any]], Any]) -> Any:
    if type(tree) in PLAIN:  # nearly all leaves, in a fifth of the time
        return next(new)
    if isinstance(tree, dict | list | tuple):
        branches = tree.values() if isinstance(tree, dict) else tree
        return rebuilt(tree, [_like(branch, new, derivative, fill) for branch in branches])
    if is_array(tree):
        return fill(tree, [next(new) for _ in tree.flat])
    return (None if derivative else tree) if is_opaque(tree) else next(new)


def rebuilt(tree: Any, branches: list[Any]) -> Any:
    """A list, tuple or dict like another, of its class, with these branches."""
    if isinstance(tree, dict):
        filled = copy(tree)  # a defaultdict keeps its factory
        filled.update(zip(tree, branches, strict=True))
        return filled
    if isinstance(tree, list):
        return branches
    return type(tree)(*branches) if hasattr(tree, "_fields") else type(tree)(branches)


def matching(tree: Any, other: Any) -> list[Any]:
    """The leaves of `other` in the order of `tree`, whose shape it has: dicts are matched by their keys.

    ValueError where the shapes differ; a list may stand for a tuple, and nested lists for an array.
    """
    if isinstance(tree, dict) and isinstance(other, dict) and tree.keys() == other.keys():
        return [leaf for key in tree for leaf in matching(tree[key], other[key])]
    if is_array(tree) and is_array(other) and tree.shape == other.shape:
        return list(other.flat)
    rows = _is_sequence(tree) and _is_sequence(other) and not (is_array(tree) and is_array(other))
    if rows and len(tree) == len(other):
        return [leaf for pair in zip(tree, other, strict=True) for leaf in matching(*pair)]
    if any(map(_is_branch, (tree, other))):
        raise ValueError(f"{structure(other)} for {structure(tree)}")
    return [] if is_opaque(tree) else [other]


def structure(tree: Any) -> str:
    """The shape of a tree to read, with a dot for every number: `{'w': array(2, 3), 'b': [·, ·]}`."""
    if isinstance(tree, dict):
        text = ", ".join(f"{key!r}: {structure(branch)}" for key, branch in tree.items())
        return _clip(f"{{{text}}}")
    if isinstance(tree, list | tuple):
        text = ", ".join(map(structure, tree))
        return _clip(f"[{text}]" if isinstance(tree, list) else f"({text}{',' * (len(tree) == 1)})")
    return f"array{tuple(tree.shape)}" if is_array(tree) else repr(tree) if is_opaque(tree) else "·"


def _clip(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"


def is_opaque(tree: Any) -> bool:
    """Whether it may stand in a tree without being a number: None, a string, a dataclass."""
    return tree is None or isinstance(tree, str) or hasattr(type(tree), "__dataclass_fields__")


def is_array(tree: Any) -> bool:
    """Whether it is a NumPy array, be it without axes (a NumPy scalar is a number)."""
    return hasattr(tree, "flat") and hasattr(tree, "reshape") and not isinstance(tree, Number)


def _is_sequence(tree: Any) -> bool:
    return isinstance(tree, list | tuple) or bool(is_array(tree) and tree.shape)


def _is_branch(tree: Any) -> bool:
    return isinstance(tree, dict) or _is_sequence(tree)


def array_like(array: Any, values: list[Any]) -> Any:
    """The values in the shape of an array: of its number type if that is a float's."""
    import numpy

    from autograd.arrays import Array

    if any(hasattr(type(x), "apply_op") for x in values):
        objects = numpy.empty(array.shape, dtype=object)
        objects.flat[:] = values
        return objects.view(Array)
    kind = array.dtype if array.dtype.kind in "fc" else None
    return numpy.array(values, dtype=kind).reshape(array.shape)


def nest(outer: Any, inner: Any, trees: Iterable[Any]) -> Any:
    """For every leaf of `outer` a tree like `inner`; an array of arrays becomes one array of both shapes."""

    def filled(array: Any, rows: list[Any]) -> Any:
        if not is_array(inner):
            return rows if isinstance(inner, list | tuple | dict) else array_like(array, rows)
        import numpy

        both = numpy.empty(array.shape + inner.shape, inner.dtype)
        return array_like(both, [x for row in rows for x in row.flat])

    return _like(outer, iter(trees), True, filled)
