"""A scalar autograd engine: one table of operations, one Value, every local derivative visible.

>>> from autograd import Value
>>> apple, count, tax = Value(100, "apple"), Value(2, "count"), Value(1.1, "tax")
>>> price = apple * count * tax
>>> price.backward()
>>> apple.grad, count.grad, tax.grad
(2.2, 110.00000000000001, 200)
"""

from importlib import import_module as _import
from typing import TYPE_CHECKING, Any

from autograd import copying as _copying  # noqa: F401 (teaches Value to be copied and pickled)
from autograd import ops
from autograd.derivatives import grad, hessian, hvp, jacobian, jvp, taylor, value_and_grad, vjp
from autograd.formula import expression, formula, local_formula, local_formulas, node_names
from autograd.op import Op
from autograd.ops import *  # noqa: F403 (ops.__all__: every function of the table)
from autograd.protocol import Numeric
from autograd.recording import no_grad, scope
from autograd.steps import Step, backward_steps
from autograd.value import Value, constant, local_derivatives, sweep, topological_order

# As NumPy has them: here, but not in __all__, since a star import must leave Python's own alone.
abs, max, min, round = ops.absolute, ops.amax, ops.amin, ops.rint  # noqa: A001

if TYPE_CHECKING:
    from autograd.arrays import array as array
    from autograd.program import compile as compile  # noqa: A004 (the field's name for it)

__all__ = [  # `array` and `compile` are left out: a star import must not need NumPy
    "Op",
    "Step",
    "Value",
    "backward_steps",
    "constant",
    "expression",
    "formula",
    "local_derivatives",
    "local_formula",
    "local_formulas",
    "no_grad",
    "node_names",
    "scope",
    "sweep",
    "topological_order",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "taylor",
    "value_and_grad",
    "vjp",
    *ops.__all__,
]


def __getattr__(name: str) -> Any:
    """`array` and `compile` need NumPy, which is imported when they are first used."""
    if name not in ("array", "compile"):
        raise AttributeError(f"module 'autograd' has no attribute {name!r}")
    try:
        if name == "compile":
            return _import("autograd.program").compile
        return _import("autograd.arrays").array
    except ImportError as error:
        raise ImportError(f"autograd.{name}: {error}; pip install 'scalar-autograd[numpy]'") from None


def _array_ufunc(value: Numeric, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
    """NumPy's functions of a Value beside numbers and arrays, when NumPy asks for them."""
    from autograd.arrays import with_arrays

    return with_arrays(ufunc, method, inputs, keywords)


Numeric.__array_ufunc__ = _array_ufunc  # type: ignore[attr-defined]
