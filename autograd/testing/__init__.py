"""To test derivatives: `check_grads` for a function or an operation of one's own, `check_engine` for any engine.

`autograd.testing.strategies` (random graphs; it needs hypothesis) and `autograd.testing.laws` (what holds of
every derivative) are imported by their names.
"""

from autograd.testing.checks import Report, VacuousCheckWarning, check_grads
from autograd.testing.faults import GradientError
from autograd.testing.grading import Engine, EngineReport, check_engine

__all__ = [
    "Engine",
    "EngineReport",
    "GradientError",
    "Report",
    "VacuousCheckWarning",
    "check_engine",
    "check_grads",
]
