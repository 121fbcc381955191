"""The sigmoid, node by node: × exp + /, which four local derivatives merge into y(1 − y).

y = 1 / (1 + exp(−x)) is a product by −1, an exponential, a sum and a division. Backward they give, one
after the other: −y² at the division, the same after the sum, −y² · exp(−x) after the exponential, and
y² · exp(−x) after the product by −1. Since exp(−x) = 1/y − 1, that is y(1 − y): a function of the
output alone, which is the one rule of the row `sigmoid`.

At x = log 3 the exponential is 1/3, so that y = 3/4 and y(1 − y) = 3/16. For the run in fractions that
one value is put in exactly, in a row of its own with the rule of `exp`: ∂e/∂m = e.

Source: Saitō, Deep Learning from Scratch, chapter 5: the Sigmoid layer.
"""

from fractions import Fraction

from autograd import Op, Value, exp, log
from demos.runner import Number, run_alone

exact_exp = Op("exp", lambda m: Fraction(1, 3), *exp.partials)


def build(number: Number) -> Value:
    """Record the graph of y."""
    x = Value(log(3), "x")
    m = x * -1
    e: Value = exact_exp(m) if number is Fraction else exp(m)
    m.label, e.label = "m", "e"
    s = 1 + e
    s.label = "s"
    y = 1 / s
    y.label = "y"
    return y


FIGURES = {
    "e": ("0.3333333333333333", "1/3"),
    "y": ("0.75", "3/4"),
    "∂y/∂s": ("-0.5625", "-9/16"),
    "∂y/∂e": ("-0.5625", "-9/16"),
    "∂y/∂m": ("-0.1875", "-3/16"),
    "∂y/∂x": ("0.1875", "3/16"),
}

if __name__ == "__main__":
    run_alone(__file__)
