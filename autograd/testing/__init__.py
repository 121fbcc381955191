"""To test derivatives: `check_grads` for a function or an operation of one's own, `check_gradient` for any
function and its derivative that was written by hand.

`autograd.testing.strategies` (random graphs; it needs hypothesis) and `autograd.testing.laws` (what holds of
every derivative) are imported by their names.
"""

from autograd.testing.checks import Report, VacuousCheckWarning, check_grads
from autograd.testing.faults import GradientError
from autograd.testing.gradient import GradientReport, check_gradient

__all__ = [
    "GradientError",
    "GradientReport",
    "Report",
    "VacuousCheckWarning",
    "check_gradient",
    "check_grads",
]
