"""Nested lists, tuples, dicts and arrays of numbers: what functions take and what their derivatives are.

tree    a number, a Value, or a list, tuple, dict or NumPy array of trees
leaves  the numbers and Values in it, from left to right
"""

from collections.abc import Iterable, Iterator
from numbers import Number
from typing import Any


def leaves(tree: Any) -> list[Any]:
    """The numbers of a tree from left to right."""
    if isinstance(tree, list | tuple):
        return [leaf for branch in tree for leaf in leaves(branch)]
    if isinstance(tree, dict):
        return [leaf for branch in tree.values() for leaf in leaves(branch)]
    return list(tree.flat) if _is_array(tree) else [tree]


def matching(tree: Any, other: Any) -> list[Any]:
    """The leaves of `other` in the order of `tree`, whose shape it has: dicts are matched by their keys."""
    if isinstance(tree, dict) and isinstance(other, dict) and tree.keys() == other.keys():
        return [leaf for key in tree for leaf in matching(tree[key], other[key])]
    if isinstance(tree, list | tuple) and isinstance(other, list | tuple) and len(tree) == len(other):
        return [leaf for pair in zip(tree, other, strict=True) for leaf in matching(*pair)]
    return leaves(other)


def like(tree: Any, new: Iterable[Any]) -> Any:
    """A tree of the same shape with other leaves, which are taken from the left."""
    return _like(tree, iter(new))


def _like(tree: Any, new: Iterator[Any]) -> Any:
    if isinstance(tree, list):
        return [_like(branch, new) for branch in tree]
    if isinstance(tree, tuple):
        branches = [_like(branch, new) for branch in tree]
        return type(tree)(*branches) if hasattr(tree, "_fields") else tuple(branches)
    if isinstance(tree, dict):
        return {key: _like(branch, new) for key, branch in tree.items()}
    return _array_like(tree, [next(new) for _ in tree.flat]) if _is_array(tree) else next(new)


def _is_array(tree: Any) -> bool:
    return hasattr(tree, "flat") and hasattr(tree, "reshape") and not isinstance(tree, Number)  # NumPy scalar


def _array_like(array: Any, values: list[Any]) -> Any:
    """The values in the shape of an array: of its number type if that is a float's."""
    import numpy

    from autograd.arrays import Array
    from autograd.value import Value

    if any(isinstance(x, Value) for x in values):
        objects = numpy.empty(array.shape, dtype=object)
        objects.flat[:] = values
        return objects.view(Array)
    kind = array.dtype if array.dtype.kind in "fc" else None
    return numpy.array(values, dtype=kind).reshape(array.shape)


def nest(outer: Any, inner: list[Any], trees: Iterable[Any]) -> Any:
    """For every leaf of `outer` a tree; an array of numbers or arrays becomes one array of both shapes."""
    rows = list(trees)
    if _is_array(outer) and len(inner) == 1 and _is_array(inner[0]):
        import numpy

        return numpy.array(rows).reshape(outer.shape + inner[0].shape)
    if _is_array(outer) and len(inner) == 1 and not isinstance(inner[0], list | tuple | dict):
        return _array_like(outer, rows)
    return rows if _is_array(outer) else like(outer, rows)
