"""The chain rule: z = t² of t = x + y, where the derivative of a whole is the product of its parts.

∂z/∂x = ∂z/∂t · ∂t/∂x = 2t · 1 = 2(x + y). The node "^ 2" receives ∂z/∂z = 1, multiplies it by its local
derivative 2t and hands 2t to the sum; the sum hands it on to both of its inputs. Here with x = 2, y = 3.

Source: Saitō, Deep Learning from Scratch, chapter 5: the chain rule and its graph.
"""

from autograd import Value
from demos.runner import Number, run_alone


def build(number: Number) -> Value:
    """Record the graph of z."""
    x, y = Value(number("2"), "x"), Value(number("3"), "y")
    t = x + y
    t.label = "t"
    z = t**2
    z.label = "z"
    return z


FIGURES = {
    "t": ("5", "5"),
    "z": ("25", "25"),
    "∂z/∂t": ("10", "10"),
    "∂z/∂x": ("10", "10"),
    "∂z/∂y": ("10", "10"),
}

if __name__ == "__main__":
    run_alone(__file__)
