"""Two families closed under differentiation, so that derivatives of every order are right.

The derivative of ψ⁽ⁿ⁾ is ψ⁽ⁿ⁺¹⁾, and `sinc` takes the order of its derivative: neither is ever written as a
quotient that cancels.
"""

import math

from autograd.functions import Number, each, is_array, one, pi, sin


def polygamma(n: int, x: Number) -> Number:
    """ψ⁽ⁿ⁾(x), the derivative of order n + 1 of log Γ, for x > 0.

    Shifts x up by ψ⁽ⁿ⁾(x) = ψ⁽ⁿ⁾(x + 1) − (−1)ⁿ n!/xⁿ⁺¹, then sums the asymptotic series.
    (Abramowitz & Stegun 6.4.6 and 6.4.11.) About 1e-14, relative, for float.
    """
    if hasattr(type(x), "context"):
        return type(x).context.psi(n, x)
    if is_array(x):
        return each(lambda n, x: polygamma(int(n), x), type(x))(n, x)
    if x <= 0:
        raise ValueError(f"polygamma needs x > 0, not {x}")
    flip, shifted = (-1) ** n, 0.0
    while x < 15 + n:
        shifted -= flip * math.factorial(n) / x ** (n + 1)
        x += 1
    if n == 0:
        series = math.log(x) - 1 / (2 * x)
    else:
        series = -flip * (math.factorial(n - 1) / x**n + math.factorial(n) / (2 * x ** (n + 1)))
    for k, bernoulli in enumerate(BERNOULLI, start=1):
        series -= flip * bernoulli * math.factorial(2 * k + n - 1) / math.factorial(2 * k) / x ** (2 * k + n)
    return shifted + series


BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)  # B₂, B₄, …


def sinc(x: Number, n: int = 0) -> Number:
    """The n-th derivative of sin(πx)/(πx), which is 1 at 0.

    Far from 0 by Leibniz's rule for x · sinc(x) = sin(πx)/π; near 0, where that cancels, by the power
    series of the sine.
    """
    if is_array(x):
        return each(lambda x, n: sinc(x, int(n)), type(x))(x, n)
    t = pi(x) * x
    if not abs(t) <= n + 1:  # nan too
        z = sin(t) / t
        for k in range(1, n + 1):
            z = (pi(x) ** (k - 1) * sin(t + k * pi(x) / 2) - k * z) / x
        return z
    m = (n + 1) // 2  # the first power of t² that n derivatives leave standing
    # (−1)ᵐ πⁿ t^(2m−n) (2m)! / ((2m+1)! (2m−n)!), whose factorials shorten to (2m+1)(2m−n)!
    term = (-1) ** m * pi(x) ** n * (t if n % 2 else one(x))
    z, before = 0 * x, None
    while z != before:
        before, z = z, z + term / (2 * m + 1)
        m += 1
        term = -term * t * t / ((2 * m - n) * (2 * m - n - 1))
    return z
