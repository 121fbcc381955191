"""The engine with `autograd.fast` and without it: copies of the package, side by side in one process.

    engine = load(fast=False)
    engine.value.sweep, engine.ops.TABLE, engine.laws.LAWS, …

A copy shares no class and no function with the package that tests import, so that it may be broken at will.
"""

import importlib
import sys
from types import SimpleNamespace

MODULES = """autograd autograd.op autograd.ops autograd.value autograd.commit autograd.derivatives
autograd.recording autograd.testing autograd.testing.laws autograd.testing.expression autograd.arrays"""


def load(fast):
    """A fresh copy of the package: its modules, by the last part of their names."""
    before = {name: sys.modules.pop(name) for name in [*sys.modules] if name.split(".")[0] == "autograd"}
    if not fast:
        sys.modules["autograd.fast"] = None  # which makes its import fail
    try:
        found = {name.rpartition(".")[2]: importlib.import_module(name) for name in MODULES.split()}
        found["fast"] = sys.modules["autograd.fast"]
        return SimpleNamespace(**found, Value=found["value"].Value)
    finally:
        for name in [*sys.modules]:
            if name.split(".")[0] == "autograd":
                del sys.modules[name]
        sys.modules.update(before)


FAST, PLAIN = load(fast=True), load(fast=False)
