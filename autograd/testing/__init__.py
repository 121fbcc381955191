"""To test derivatives: of a function or an operation of one's own, written by hand, or by any engine.

    check_grads      all derivatives of a function on Values, with the first wrong rule by name
    check_gradient   a gradient, Jacobian, JVP or VJP that was written by hand, on numbers of any library
    check_engine     a class in the manner of micrograd: its operations and habits, and misconceptions

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
