"""To grade any scalar engine: `check_engine`, its adapters, its report, and the command `autograd grade`."""

from autograd.testing.grading.check import check_engine
from autograd.testing.grading.engine import Engine
from autograd.testing.grading.report import EngineReport

__all__ = ["Engine", "EngineReport", "check_engine"]
