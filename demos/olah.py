"""Two paths: e = (a + b)(b + 1), where b reaches e twice and its derivatives add up.

b reaches e through c = a + b and through d = b + 1. The sum over all paths of the products along them is
∂e/∂b = 1·2 + 1·3 = 5; a has the one path over c, 1·2 = 2. Reverse mode sums at every node instead
of at every path: it factors the paths, and touches each edge once.

Source: Olah, Calculus on Computational Graphs: Backpropagation (2015), with a = 2 and b = 1.
"""

from autograd import Value
from demos.runner import Number, run_alone


def build(number: Number) -> Value:
    """Record the graph of e."""
    a, b = Value(number("2"), "a"), Value(number("1"), "b")
    c = a + b
    c.label = "c"
    d = b + 1
    d.label = "d"
    e = c * d
    e.label = "e"
    return e


FIGURES = {
    "c": ("3", "3"),
    "d": ("2", "2"),
    "e": ("6", "6"),
    "∂e/∂c": ("2", "2"),
    "∂e/∂d": ("3", "3"),
    "∂e/∂a": ("2", "2"),
    "∂e/∂b": ("5", "5"),
}

if __name__ == "__main__":
    run_alone(__file__)
