"""Contractions: an einsum of two arrays as one matrix product, where it is one.

labels      one character for an axis; n is the batch
prefix      labels that matmul goes over one by one; a factor that lacks one is broadcast
m, n, k     the labels of the rows, of the columns and of what is summed: (m, k) · (k, n)
"""

from typing import NamedTuple

from autograd.program.arrays import Array, N
from autograd.program.views import with_shape


class Product(NamedTuple):
    """matmul's form of an einsum, whose result has the labels prefix + rows + columns."""

    prefix: str
    rows: str
    columns: str
    summed: str
    swapped: bool  # the second array is the left factor

    @property
    def is_plain(self) -> bool:
        """Whether the result needs no other shape: one axis for the rows, one for the columns, if any."""
        groups = (self.rows, self.columns)
        return all(len(group) == 1 or not (group or self.prefix) for group in groups)


def product(a: str, b: str, out: str) -> Product | None:
    """The form with the shortest prefix; None where nothing is a matrix product."""
    summed = "".join(label for label in a if label in b and label not in out)
    if not summed or set(a + b) - set(summed) != set(out):
        return None
    for length in range(len(out) or 1):  # without any label left it is the product of two vectors
        for swapped, left, right in ((False, a, b), (True, b, a)):
            rest = out[length:]
            rows = "".join(label for label in rest if label not in right)
            columns = "".join(label for label in rest if label not in left)
            if rest == rows + columns:
                return Product(out[:length], rows, columns, summed, swapped)
    return None


def matmul(array: Array, form: Product, names: list[str]) -> tuple[str, bool]:
    """The matrix product for an einsum whose operands have these names, and whether it has been reshaped."""
    left, right, shape = factors(array, form, names)
    if form.is_plain:
        return f"{left} @ {right}", False
    return with_shape(f"({left} @ {right})", shape), True


def factors(array: Array, form: Product, names: list[str]) -> tuple[str, str, list[str]]:
    """The factors of the matrix product, and the sizes of the result."""
    sizes = {N: "n"}
    for arg, labels in zip(array.args, array.how[:2], strict=True):
        sizes.update(zip(labels.replace(N, ""), map(str, arg.shape), strict=True))
    operands = [*zip(names, array.how[:2], strict=True)]
    (left, a), (right, b) = reversed(operands) if form.swapped else operands
    left = _factor(left, a, form.prefix, form.rows, form.summed, sizes)
    right = _factor(right, b, form.prefix, form.summed, form.columns, sizes)
    return left, right, [sizes[label] for label in form.prefix + form.rows + form.columns]


def _factor(name: str, labels: str, prefix: str, rows: str, columns: str, sizes: dict[str, str]) -> str:
    """An operand as matmul wants it: the prefix, then one axis for the rows and one for the columns.

    Without a prefix a vector stays one.
    """
    wanted = prefix + rows + columns
    order = [labels.index(label) for label in wanted if label in labels]
    if order != sorted(order):
        name += ".T" if order == [1, 0] else f".transpose({', '.join(map(str, order))})"
    groups = [group for group in (rows, columns) if group or prefix]
    if any(len(group) != 1 for group in groups):
        shape = [sizes[label] if label in labels else "1" for label in prefix]
        return with_shape(name, [*shape, *[_size(group, sizes) for group in groups]])
    if any(label not in labels for label in wanted):
        name += f"[{', '.join(':' if label in labels else 'None' for label in wanted)}]"
    return name


def _size(labels: str, sizes: dict[str, str]) -> str:
    return " * ".join(sizes[label] for label in labels) or "1"
