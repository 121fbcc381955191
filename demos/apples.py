"""Apples: two apples at 100 and 10 % tax. What does the price depend on, and how strongly?

Forward, from left to right, the numbers are multiplied: 2 × 100 = 200, and 200 × 1.1 = 220. Backward,
from right to left, every node passes on what it received times its own local derivative. A product's
local derivatives are its inputs, swapped. So ∂price/∂apple = 2.2: if an apple costs one yen more, the
price rises by 2.2.

In binary floating point 1.1 is a little more than 11/10, hence 220.00000000000003; in fractions it is 220.

Source: Saitō, Deep Learning from Scratch, chapter 5: the apple example and its MulLayer.
"""

from autograd import Value
from demos.runner import Number, run_alone


def build(number: Number) -> Value:
    """Record the graph of the price."""
    apple = Value(number("100"), "apple")
    count = Value(number("2"), "count")
    tax = Value(number("1.1"), "tax")
    apples = apple * count
    apples.label = "apples"
    price = apples * tax
    price.label = "price"
    return price


FIGURES = {
    "price": ("220.00000000000003", "220"),
    "∂price/∂apple": ("2.2", "11/5"),
    "∂price/∂count": ("110.00000000000001", "110"),
    "∂price/∂tax": ("200", "200"),
}

if __name__ == "__main__":
    run_alone(__file__)
