"""micrograd's first example: g = 24.7041, an expression that uses its own parts again and again.

The expression of micrograd's README, with a = −4 and b = 2. Exactly, e = −7, so that f = 49 and
g = 49/2 + 10/49; with ∂e/∂a = −20 and ∂e/∂b = −93 that gives ∂g/∂a = 47620/343 and ∂g/∂b = 221433/343.

Source: Karpathy, micrograd (2020), README.
"""

from autograd import Value
from demos.runner import Number, run_alone


def build(number: Number) -> Value:
    """Record the graph of g."""
    a, b = Value(number("-4"), "a"), Value(number("2"), "b")
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2
    g += 10 / f
    for node, label in zip((c, d, e, f, g), "cdefg", strict=True):
        node.label = label
    return g


FIGURES = {
    "e": ("-7", "-7"),
    "f": ("49", "49"),
    "g": ("24.7041", "2421/98"),
    "∂g/∂a": ("138.8338", "47620/343"),
    "∂g/∂b": ("645.5773", "221433/343"),
}

if __name__ == "__main__":
    run_alone(__file__)
