"""Scalar code re-rolled into array code: record one example's graph, and run it on batches.

The passes, each in its own file: `trace` records, `flatten` simplifies, `reroll` finds the arrays, `patterns`
recognises views, `differentiate` sweeps backward with the table's rules, `emit` writes NumPy source.
"""

from autograd.program.program import Program, compile

__all__ = ["Program", "compile"]
