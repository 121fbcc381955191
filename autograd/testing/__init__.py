"""To test derivatives: `check_grads` for functions and operations of one's own, `check_gradient` for any function
and its derivative that was written by hand, `check_engine` for any engine.

`autograd.testing.strategies` (random graphs; it needs hypothesis) and `autograd.testing.laws` (what holds of
every derivative) are imported by their names.
"""

from autograd.testing.checks import Report, VacuousCheckWarning, check_grads
from autograd.testing.faults import GradientError
from autograd.testing.gradient import GradientReport, check_gradient
from autograd.testing.grading.check import check_engine
from autograd.testing.grading.engine import Engine
from autograd.testing.grading.report import Diagnosis, EngineReport, Row

__all__ = [
    "Diagnosis",
    "Engine",
    "EngineReport",
    "GradientError",
    "GradientReport",
    "Report",
    "Row",
    "VacuousCheckWarning",
    "check_engine",
    "check_gradient",
    "check_grads",
]
