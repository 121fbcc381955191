"""Scalar code re-rolled into array code: record one example's graph, and run it on batches.

The passes, each in its own file: `trace` records, `flatten` simplifies, `reroll` finds the arrays, `patterns`
recognises views, `differentiate` sweeps backward with the table's rules, `emit` writes NumPy source.
"""

from autograd.program.program import Program, compile  # noqa: A004 (the field's name for it)

__all__ = ["Program", "compile"]
