"""Arrays of Values, on which textbook NumPy code runs unchanged and records its graph.

NumPy applies `np.exp` to an object array by calling the method `exp` of each element, which fails where a
mask has put a plain 0. This thin subclass of ndarray sends NumPy's functions through the table instead.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd import ops
from autograd.op import Op, Overloaded
from autograd.ops import TABLE
from autograd.protocol import Numeric
from autograd.recording import Run, running
from autograd.value import Value

# NumPy's functions of one element that are no rows of the table, but expressions in rows.
COMPOSED: dict[str, Callable[..., Any]] = {
    "fabs": ops.absolute,
    "float_power": ops.power,
    "heaviside": lambda x, at_zero: ops.where(x == 0, at_zero, ops.step(x)),
    "logaddexp2": lambda x, y: ops.logaddexp(x * math.log(2), y * math.log(2)) / math.log(2),
    "trunc": lambda x: ops.where(x > 0, ops.floor(x), ops.ceil(x)),
    "real": lambda x: x.real,
    "imag": lambda x: x.imag,
}
PREDICATES: dict[str, Callable[[Any], Any]] = {  # whose results are booleans
    "isnan": lambda x: x != x,
    "isinf": lambda x: ops.absolute(x) == math.inf,
    "isfinite": lambda x: ops.absolute(x) < math.inf,
}
NUMPYS_REFUSALS = ("Cannot cast", "not supported for the input types")
REMEDY = "use autograd's functions, or a.astype(float) where no derivative is meant"
QUIET: dict[str, Any] = {"invalid": "ignore"}  # else NumPy warns of comparisons with nan in our own functions
FLOATS = "fciu"  # the kinds of dtype that hold numbers but no Values


class Array(np.ndarray[Any, np.dtype[np.object_]]):
    """An array of Values, and of plain numbers between them, made by `autograd.array`.

    `a.astype(float)` gives the numbers, `a.grad` the gradients.
    """

    @property
    def grad(self) -> Any:
        """The gradients, an object array of the same shape; 0 for plain numbers."""
        return _elementwise(lambda x: getattr(x, "grad", 0), 1)(self.view(np.ndarray))

    @property  # type: ignore[misc]
    def real(self) -> Any:
        """The real parts: of real numbers the array itself, to which np.corrcoef writes."""
        parts = _elementwise(lambda x: x.real, 1)(self.view(np.ndarray))
        same = all(part is x for part, x in zip(np.ravel(parts), self.flat, strict=True))
        return self if same else _wrap(parts)

    def apply_op(self, op: Op, args: tuple[Any, ...]) -> Any:
        """The operation, element by element."""
        if op.sequences:
            raise TypeError(f"{op.name} takes sequences of numbers: give it the rows one by one")
        with np.errstate(**QUIET):
            return _wrap(_elementwise(op, len(args))(*map(_plain, args)))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        """NumPy's function, by the row of the same name; the infix ones find the operators of Value."""
        if ufunc.__name__ in PREDICATES and method == "__call__" and not keywords:
            with np.errstate(**QUIET):
                result = _elementwise(PREDICATES[ufunc.__name__], 1)(*map(_plain, inputs))
            return np.array(result, bool)[()]
        _refuse_floats(ufunc, keywords)
        row, function = TABLE.get(ufunc.__name__), COMPOSED.get(ufunc.__name__)
        if row is not None and not row.infix and row.arity == ufunc.nin:
            function = row
        if isinstance(row, Overloaded) and method == "reduce":
            return _wrap(_extremum(row, *map(_plain, inputs), **keywords))
        if function is not None:
            ufunc = _elementwise(function, ufunc.nin)
        elif not any(types.startswith("O") for types in ufunc.types):
            raise TypeError(
                f"np.{ufunc.__name__} knows numbers alone, and the table has no such row; {REMEDY}"
            )
        if "out" in keywords:
            keywords["out"] = tuple(map(_plain, keywords["out"]))
        if method == "reduce" and keywords.get("where", True) is not True and ufunc.identity is not None:
            keywords.setdefault("initial", ufunc.identity)  # which NumPy leaves out for objects
        with np.errstate(**QUIET):
            return _wrap(getattr(ufunc, method)(*map(_plain, inputs), **keywords))

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        """NumPy's other functions, whose results stay arrays of Values (`np.where`, `np.stack`, …).

        One that would write Values into an array of floats raises, as inside grad.
        """
        if function is np.take and np.asarray(args[1]).dtype.kind not in "iub":  # NumPy would cut 1.7 to 1
            raise TypeError(f"np.take: an index is a whole number, not {args[1]!r}; round it first")
        if function is np.cov:
            keywords = _with_weights(*args, **keywords)
            args = ()
        if (
            function in (np.percentile, np.quantile) and np.ndim(args[1]) == 0
        ):  # a list of one, for NumPy's sake
            return function(args[0], [args[1]], *args[2:], **keywords)[0]
        name = f"{function.__module__}.{function.__name__}".replace("numpy", "np")
        token = running.set(running.get() or Run(name))
        try:
            return _wrap(super().__array_function__(function, types, args, keywords))
        except (TypeError, AttributeError) as error:
            if isinstance(error, TypeError) and not any(words in str(error) for words in NUMPYS_REFUSALS):
                raise
            raise TypeError(f"{name}: {error}; {REMEDY}") from error
        finally:
            running.reset(token)


def with_arrays(ufunc: np.ufunc, method: str, inputs: Sequence[Any], keywords: dict[str, Any]) -> Any:
    """NumPy's function of single Values, which it finds beside numbers and arrays of them."""
    if ufunc is np.divmod:
        return with_arrays(np.floor_divide, method, inputs, {}), with_arrays(np.remainder, method, inputs, {})
    row = TABLE.get(ufunc.__name__)
    single = method == "__call__" and not keywords and not any(isinstance(x, np.ndarray) for x in inputs)
    if single and row is not None and row.arity == len(inputs):
        return row(*inputs)
    arrays = [np.array(x, object).view(Array) if isinstance(x, Numeric) else x for x in inputs]
    return getattr(ufunc, method)(*arrays, **keywords)


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


def _refuse_floats(ufunc: np.ufunc, keywords: dict[str, Any]) -> None:
    """TypeError where the result is to be floats, which would drop its derivative."""
    outs = [out.dtype for out in keywords.get("out", ()) if out is not None]
    for dtype in [*outs, *([np.dtype(keywords["dtype"])] if keywords.get("dtype") is not None else [])]:
        if dtype.kind in FLOATS:
            raise TypeError(
                f"np.{ufunc.__name__}: an array of {dtype} cannot hold Values; write c = a + b in place of "
                "a += b, leave out and dtype out, or take a.astype(float) where no derivative is meant"
            )


def _with_weights(m: Any, y: Any = None, rowvar: bool = True, *rest: Any, **keywords: Any) -> dict[str, Any]:
    """The arguments of np.cov with weights of 1: without any it asks a float for its shape."""
    keywords |= {"m": m, "y": y, "rowvar": rowvar, **dict(zip(("bias", "ddof"), rest, strict=False))}
    if keywords.get("fweights") is None:
        keywords["fweights"] = np.ones(np.shape(m)[-1 if rowvar or np.ndim(m) == 1 else 0], int)
    return keywords


def _extremum(
    row: Overloaded, a: Any, initial: Any = None, where: Any = True, out: Any = None, **keywords: Any
) -> Any:
    """NumPy's maximum.reduce or minimum.reduce by the row of many: two by two, three would not tie."""
    if where is not True and initial is None:
        raise ValueError(f"np.{row.name}.reduce with where needs initial, its value of nothing")
    lists = _elementwise(lambda x, here: [x] if here else [], 2)(a, where)
    if isinstance(lists, np.ndarray):
        lists = _elementwise(lambda x, y: x.extend(y) or x, 2).reduce(lists, **keywords)

    def of_list(x: list[Any]) -> Any:
        return row.longer(x if initial is None else [*x, initial])

    found = _elementwise(of_list, 1)(lists) if isinstance(lists, np.ndarray) else of_list(lists)
    if out is None:
        return found
    out[0][...] = found
    return out[0]


def _elementwise(function: Any, arguments: int) -> Any:
    return np.frompyfunc(function, arguments, 1, identity=None)  # None: in any order, over any axes


def _plain(x: Any) -> Any:
    return x.view(np.ndarray) if isinstance(x, Array) else x


def _wrap(x: Any) -> Any:
    return x.view(Array) if isinstance(x, np.ndarray) and x.dtype == object else x
