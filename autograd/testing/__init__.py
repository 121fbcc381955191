"""To test derivatives: `check_grads` for a function or an operation of one's own.

`autograd.testing.strategies` (random graphs; it needs hypothesis) and `autograd.testing.laws` (what holds of
every derivative) are imported by their names.
"""

from autograd.testing.checks import Report, VacuousCheckWarning, check_grads
from autograd.testing.faults import GradientError

__all__ = ["GradientError", "Report", "VacuousCheckWarning", "check_grads"]
