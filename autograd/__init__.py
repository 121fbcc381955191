"""A scalar autograd engine: one table of operations, one Value, every local derivative visible.

>>> from autograd import Value
>>> apple, count, tax = Value(100, "apple"), Value(2, "count"), Value(1.1, "tax")
>>> price = apple * count * tax
>>> price.backward()
>>> apple.grad, count.grad, tax.grad
(2.2, 110.00000000000001, 200)
"""

from typing import TYPE_CHECKING, Any

from autograd import ops
from autograd.derivatives import grad, hessian, hvp, jacobian, jvp, taylor, value_and_grad, vjp
from autograd.formula import (
    Local,
    Piece,
    Term,
    Terms,
    expression,
    formula,
    latex_name,
    latex_text,
    local_formula,
    local_formulas,
    local_graphs,
    node_names,
)
from autograd.ops import *  # noqa: F403 (ops.__all__: every function of the table)
from autograd.ops import Op
from autograd.steps import Step, backward_steps
from autograd.value import Value, constant, local_derivatives, no_grad, scope, topological_order

if TYPE_CHECKING:
    from autograd.arrays import array as array
    from autograd.program import compile as compile  # noqa: A004 (the field's name for it)

__all__ = [  # `array` and `compile` are left out: a star import must not need NumPy
    "Local",
    "Op",
    "Piece",
    "Step",
    "Term",
    "Terms",
    "Value",
    "backward_steps",
    "constant",
    "expression",
    "formula",
    "latex_name",
    "latex_text",
    "local_derivatives",
    "local_formula",
    "local_formulas",
    "local_graphs",
    "no_grad",
    "node_names",
    "scope",
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
            from autograd.program import compile as found
        else:
            from autograd.arrays import array as found  # type: ignore[assignment]
    except ImportError as error:
        raise ImportError(f"autograd.{name}: {error}; pip install 'scalar-autograd[numpy]'") from None
    return found
