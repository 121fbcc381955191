"""Apples and oranges: 2 apples at 100, 3 oranges at 150 and 10 % tax, with the first sum in the graph.

A sum's local derivatives are both 1: addition passes the gradient on as it is. What reaches the tax is
the price of all fruit, 650, and an orange's price counts three times, with tax: 3.3.

Source: Saitō, Deep Learning from Scratch, chapter 5: the second shopping example and its AddLayer.
"""

from autograd import Value
from demos.runner import Number, run_alone


def build(number: Number) -> Value:
    """Record the graph of the price."""
    apple_count, apple = Value(number("2"), "apple_count"), Value(number("100"), "apple")
    orange, orange_count = Value(number("150"), "orange"), Value(number("3"), "orange_count")
    tax = Value(number("1.1"), "tax")
    apples = apple_count * apple
    apples.label = "apples"
    oranges = orange * orange_count
    oranges.label = "oranges"
    fruit = apples + oranges
    fruit.label = "fruit"
    price = fruit * tax
    price.label = "price"
    return price


FIGURES = {
    "price": ("715.0000000000001", "715"),
    "∂price/∂apple_count": ("110.00000000000001", "110"),
    "∂price/∂apple": ("2.2", "11/5"),
    "∂price/∂orange": ("3.3000000000000003", "33/10"),
    "∂price/∂orange_count": ("165.0", "165"),
    "∂price/∂tax": ("650", "650"),
}

if __name__ == "__main__":
    run_alone(__file__)
