"""Scalar code re-rolled into array code: record a function's graph, and run it on arrays.

The passes, each in its own file: `trace` records, `flatten` simplifies, `reroll` finds the arrays, `patterns`
recognises views, `differentiate` sweeps backward with the table's rules, `emit` writes NumPy source.
"""

from autograd.program.function import Function
from autograd.program.program import Program, compile  # noqa: A004 (the field's name for it)
from autograd.program.saving import Readable

__all__ = ["Function", "Program", "Readable", "compile"]
