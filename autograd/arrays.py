"""Arrays of Values, on which textbook NumPy code runs unchanged and records its graph.

NumPy applies `np.exp` to an object array by calling the method `exp` of each element, which fails where a
mask has put a plain 0. This thin subclass of ndarray sends NumPy's functions through the table instead.
"""

from typing import Any

import numpy as np

from autograd.op import Op
from autograd.ops import TABLE
from autograd.value import Value


class Array(np.ndarray[Any, np.dtype[np.object_]]):
    """An array of Values, and of plain numbers between them, made by `autograd.array`.

    `a.astype(float)` gives the numbers, `a.grad` the gradients.
    """

    @property
    def grad(self) -> Any:
        """The gradients, an object array of the same shape; 0 for plain numbers."""
        return _elementwise(lambda x: getattr(x, "grad", 0), 1)(self.view(np.ndarray))

    def apply_op(self, op: Op, args: tuple[Any, ...]) -> Any:
        """The operation, element by element."""
        if op.sequences:
            raise TypeError(f"{op.name} takes sequences of numbers: give it the rows one by one")
        return _wrap(_elementwise(op, len(args))(*map(_plain, args)))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        """NumPy's function, by the row of the same name; the infix ones find the operators of Value."""
        row = TABLE.get(ufunc.__name__)
        if row is not None and not row.infix and row.arity == ufunc.nin:
            ufunc = _elementwise(row, ufunc.nin)
        if "out" in keywords:
            keywords["out"] = tuple(map(_plain, keywords["out"]))
        return _wrap(getattr(ufunc, method)(*map(_plain, inputs), **keywords))

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        """NumPy's other functions, whose results stay arrays of Values (`np.where`, `np.stack`, …)."""
        return _wrap(super().__array_function__(function, types, args, keywords))


def array(data: Any, label: str = "") -> Array:
    """A nested list or an array of numbers, every number made a Value (Values stay what they are).

    With a label "w" the new Values are called w_1, w_2, … or w_12: row 1, column 2. TypeError for what
    is no number, ValueError for rows of unequal length.

    >>> import numpy as np
    >>> w, x = array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.5, -1.0])
    >>> y = np.sum(1 / (1 + np.exp(-np.dot(w, x))))
    >>> y.backward()
    >>> w.grad.astype(float).round(3).tolist()
    [[0.075, -0.149], [0.035, -0.07]]
    """
    plain = np.array(data, dtype=object)
    separator = "," if max(plain.shape, default=0) > 9 else ""
    if any(isinstance(x, list | tuple) for x in plain.flat):
        raise ValueError(f"array: the rows are of unequal length below shape {plain.shape}; make them equal")
    lifted = np.empty_like(plain)
    for place, x in np.ndenumerate(plain):
        name = f"{label}_{separator.join(str(i + 1) for i in place)}".rstrip("_") if label else ""
        lifted[place] = x if hasattr(x, "apply_op") else Value(x, name)  # a Value, or a symbol of compile
    return lifted.view(Array)


def _elementwise(function: Any, arguments: int) -> Any:
    return np.frompyfunc(function, arguments, 1, identity=None)  # None: in any order, over any axes


def _plain(x: Any) -> Any:
    return x.view(np.ndarray) if isinstance(x, Array) else x


def _wrap(x: Any) -> Any:
    return x.view(Array) if isinstance(x, np.ndarray) and x.dtype == object else x
