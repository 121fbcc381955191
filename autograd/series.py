"""Taylor series as a number type: z(t) = z₀ + z₁·t + z₂·t² + …, for all operations of the table at once.

For z = f(x(t), y(t)) the chain rule says z′ = ∂z/∂x · x′ + ∂z/∂y · y′. In coefficients, with p the series of
the rule ∂z/∂x, that is k·z_k = Σ_j j·x_j·p_{k−j} and the same for y. A rule called with series gives p, and
needs no more than the coefficients before k, so the rules of the table are all there is to know. (Lazy power
series: Karczmarczuk 2001, "Functional differentiation of computer programs".)

    x, y, z    series; x[k] is the k-th coefficient       p    the series of a local derivative
"""

from collections.abc import Callable, Sequence
from typing import Any

from autograd.op import Op
from autograd.protocol import Numeric


class Series(Numeric):
    """A power series whose coefficients are computed when first asked for, one after the other."""

    def __init__(self, known: Sequence[Any], following: Callable[[int], Any]) -> None:
        self.known = list(known)
        self.following = following

    def __getitem__(self, k: int) -> Any:
        while len(self.known) <= k:
            self.known.append(self.following(len(self.known)))
        return self.known[k]

    @property
    def data(self) -> Any:
        """The number at t = 0, for comparisons and error messages."""
        return self.known[0]

    def apply_op(self, op: Op, args: tuple[Any, ...]) -> Any:
        """The operation on series; plain numbers and Values are constant series."""
        start = op.apply([arg[0] if isinstance(arg, Series) else arg for arg in args])
        if not op.partials:
            return start
        moving = [isinstance(arg, Series) for arg in args]
        slopes: list[Any] = []

        def following(k: int) -> Any:
            if not slopes:
                slopes.extend(op.local_derivatives((*args, z), moving))
            terms = [
                j * x[j] * (p[k - j] if isinstance(p, Series) else p)
                for x, p in zip(args, slopes, strict=True)
                if p is not None
                for j in range(1, k + 1)
                if isinstance(p, Series) or j == k  # a number is a constant series
            ]
            return _divide(sum(terms), k)

        z = Series([start], following)
        return z


def _divide(total: Any, k: int) -> Any:
    """Total / k, as an int where it is one: an int over an int would make a float of a fraction's series."""
    return total // k if isinstance(total, int) and total % k == 0 else total / k
