"""Families closed under differentiation, so that derivatives of every order are right, and inverses.

The derivative of ψ⁽ⁿ⁾ is ψ⁽ⁿ⁺¹⁾, and `sinc` takes the order of its derivative: neither is ever written as a
quotient that cancels. Nor is a difference of two ψ⁽ⁿ⁾, in which the slopes of `beta` would lose their digits.
"""

import math
from statistics import NormalDist

from autograd.functions import Number, cos, each, is_array, of_floats, one, pi, real, rint, sin


def polygamma(n: int, x: Number) -> Number:
    """ψ⁽ⁿ⁾(x), the derivative of order n + 1 of log |Γ|, but for its poles 0, −1, −2, …

    Shifts x up by ψ⁽ⁿ⁾(x) = ψ⁽ⁿ⁾(x + 1) − (−1)ⁿ n!/xⁿ⁺¹, then sums the asymptotic series; below 0 by
    reflection, ψ⁽ⁿ⁾(x) = (−1)ⁿ ψ⁽ⁿ⁾(1 − x) − π dⁿ/dxⁿ cot(πx). (Abramowitz & Stegun 6.4.6, 6.4.11, 6.4.7.)
    About 1e-14 for float, of the greatest term.
    """
    if is_array(x):
        return each(lambda n, x: polygamma(int(n), x), type(x))(n, x)
    if n < 0 or (x <= 0 and x == math.floor(x)):
        raise ValueError(f"polygamma has a pole at {x}" if n >= 0 else f"polygamma has no order {n}")
    if hasattr(type(x), "context"):
        return type(x).context.psi(n, x)
    flip = (-1) ** n
    if x < 0:
        return flip * polygamma(n, 1 - x) - math.pi * cotangent(x, n)
    shifted = 0.0
    while x < 15 + n:
        shifted -= flip * falling(n, 1 / x)
        x += 1
    r = 1 / x
    term = falling(n, r)  # n!/xⁿ⁺¹
    series = term / 2 - flip * math.log(x) if n == 0 else falling(n - 1, r) + term / 2
    term *= (n + 1) * r / 2  # (2k + n − 1)!/(2k)! / x²ᵏ⁺ⁿ, for k = 1
    for k, bernoulli in enumerate(BERNOULLI, start=1):
        series += bernoulli * term
        term *= (2 * k + n) * r * (2 * k + n + 1) * r / ((2 * k + 1) * (2 * k + 2))
    return shifted - flip * series


def falling(n: int, r: Number) -> Number:
    """The product n! rⁿ⁺¹, factor by factor: neither the factorial nor the power need be representable."""
    return math.prod([k * r for k in range(1, n + 1)], start=r)


def cotangent(x: Number, n: int) -> Number:
    """The n-th derivative of cot(πx): πⁿ P(cot πx), where each makes −(1 + c²) P′(c) of P(c) = c."""
    r = x - round(x)
    quarter = abs(r) < 0.25
    c = 1 / math.tan(math.pi * r) if quarter else math.copysign(math.tan(math.pi * (0.5 - abs(r))), r)
    powers = [0, 1]  # the coefficients of P
    for _ in range(n):
        slope = [k * a for k, a in enumerate(powers)][1:]
        powers = [-a - b for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    return math.pi**n * sum(a * c**k for k, a in enumerate(powers))


BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)  # B₂, B₄, …


@of_floats
def digamma(x: float) -> Number:
    """ψ(x) = Γ′(x) / Γ(x), the derivative of log Γ."""
    return polygamma(0, x)


def polygamma_rise(n: int, x: Number, y: Number) -> Number:
    """ψ⁽ⁿ⁾(x + y) − ψ⁽ⁿ⁾(x) for x, y > 0, to the last digits of the difference.

    The steps of `polygamma`, its recurrence and its asymptotic series, for both at once: every term is a
    difference x⁻ᵖ − (x + y)⁻ᵖ = −x⁻ᵖ · expm1(−p · log1p(y/x)).
    """
    if hasattr(type(x + y), "context"):
        context = type(x + y).context
        with context.workprec(3 * context.prec):
            rise = context.psi(n, x + y) - context.psi(n, x)
        return +rise
    if is_array(x + y):
        return each(lambda n, x, y: polygamma_rise(int(n), x, y), type(x + y))(n, x, y)
    if x <= 0 or y <= 0:
        raise ValueError(f"polygamma_rise needs x > 0 and y > 0, not {x} and {y}")

    def fall(p: int, factor: Number = 1) -> Number:
        """(p − 1)! times such a difference, factor by factor, as the powers need not be representable."""
        difference = -factor * math.expm1(-p * math.log1p(y / x)) / x
        for k in range(1, p):
            difference *= k / x
        return difference

    flip, rise = (-1) ** n, 0.0
    while x < 15 + n:
        rise += flip * fall(n + 1)
        x += 1
    rise += math.log1p(y / x) + fall(1) / 2 if n == 0 else flip * (fall(n) + fall(n + 1) / 2)
    for k, bernoulli in enumerate(BERNOULLI, start=1):
        rise += flip * fall(2 * k + n, bernoulli / math.factorial(2 * k))
    return rise


@of_floats
def beta(x: float, y: float) -> Number:
    """Γ(x) Γ(y) / Γ(x + y) for x, y > 0.

    From 10 on log Γ(x) = (x − ½) log x − x + ½ log 2π + δ(x), Stirling's series, whose large terms are
    taken together before they are rounded. (Didonato & Morris, ACM TOMS 18, 1992, algorithm 708.)
    """
    if not (x > 0 and y > 0):
        if x != x or y != y:
            return math.nan
        raise ValueError(f"beta needs x > 0 and y > 0, not {x} and {y}")
    a, b = min(x, y), max(x, y)
    if b < 10:
        return math.gamma(a) / math.gamma(a + b) * math.gamma(b)
    if b == math.inf:
        return 0.0
    if a < 10:  # Γ(a) · Γ(b) / Γ(a + b)
        log = a - (a + b - 0.5) * math.log1p(a / b) - a * math.log(b)
        return math.gamma(a) * math.exp(log + _stirling(b) - _stirling(a + b))
    log = (a - 0.5) * (math.log(a / b) - math.log1p(a / b)) - b * math.log1p(a / b)
    return math.sqrt(2 * math.pi / b) * math.exp(log + _stirling(a) + _stirling(b) - _stirling(a + b))


def _stirling(x: float) -> float:
    """δ(x) = log Γ(x) − ((x − ½) log x − x + ½ log 2π) for x ≥ 10 (Abramowitz & Stegun 6.1.41)."""
    series = 0.0
    for k in range(len(BERNOULLI), 0, -1):
        series = series / (x * x) + BERNOULLI[k - 1] / (2 * k * (2 * k - 1))
    return series / x


@of_floats
def erfinv(x: float) -> Number:
    """The inverse of erf, for −1 < x < 1.

    One step of Newton's method from the quantile of the normal distribution, which is Wichura's (Applied
    Statistics 37, 1988, algorithm AS 241); in the tails on erfc, which keeps the digits of 1 − |x|.
    """
    if abs(x) >= 1:
        raise ValueError(f"erfinv needs −1 < x < 1, not {x}")
    y = math.copysign(NormalDist().inv_cdf((1 - abs(x)) / 2) / math.sqrt(2), x)
    error = math.erf(y) - x if abs(x) < 0.5 else math.copysign(1, x) * (1 - abs(x) - math.erfc(abs(y)))
    return y - error * math.sqrt(math.pi) / 2 * math.exp(y * y)


def sinc(x: Number, n: int = 0) -> Number:
    """The n-th derivative of sin(πx)/(πx), which is 1 at 0.

    Far from 0 by Leibniz's rule for x · sinc(x) = sin(πx)/π; near 0, where that cancels, by the power
    series of the sine.
    """
    if is_array(x):
        return each(lambda x, n: sinc(x, int(n)), type(x))(x, n)
    t = pi(x) * x
    if not abs(t) <= n + 1:  # nan too
        # πx but for whole turns, exactly; and the derivatives of the sine there, as quarter turns
        turn = pi(x) * (x - 2 * rint(real(x) / 2)) if abs(x) < math.inf else t
        waves = sin(turn), cos(turn), -sin(turn), -cos(turn)
        z = waves[0] / t
        for k in range(1, n + 1):
            z = (pi(x) ** (k - 1) * waves[k % 4] - k * z) / x
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
