"""Shopping with MulLayer and AddLayer: a price, and what each number of the bill does to it.

The way back takes the layers in reverse order; ∂price/∂price = 1 starts it. The keys are the figures of
`demos.apples` and `demos.apples_oranges`, where a graph of Values gives the same without a way back by hand.
"""

from typing import Any

from demos.runner import Number
from demos.saito.layers import AddLayer, MulLayer


def apples(number: Number) -> dict[str, Any]:
    """2 apples at 100, with 10 % tax."""
    apple, count, tax = number("100"), number("2"), number("1.1")
    mul_apple, mul_tax = MulLayer(), MulLayer()

    apple_price = mul_apple.forward(apple, count)
    price = mul_tax.forward(apple_price, tax)

    dapple_price, dtax = mul_tax.backward(1)
    dapple, dcount = mul_apple.backward(dapple_price)
    return {"price": price, "∂price/∂apple": dapple, "∂price/∂count": dcount, "∂price/∂tax": dtax}


def apples_oranges(number: Number) -> dict[str, Any]:
    """2 apples at 100 and 3 oranges at 150, with 10 % tax."""
    apple, apple_count = number("100"), number("2")
    orange, orange_count = number("150"), number("3")
    tax = number("1.1")
    mul_apple, mul_orange, add_fruit, mul_tax = MulLayer(), MulLayer(), AddLayer(), MulLayer()

    apple_price = mul_apple.forward(apple, apple_count)
    orange_price = mul_orange.forward(orange, orange_count)
    fruit_price = add_fruit.forward(apple_price, orange_price)
    price = mul_tax.forward(fruit_price, tax)

    dfruit_price, dtax = mul_tax.backward(1)
    dapple_price, dorange_price = add_fruit.backward(dfruit_price)
    dorange, dorange_count = mul_orange.backward(dorange_price)
    dapple, dapple_count = mul_apple.backward(dapple_price)
    return {
        "price": price,
        "∂price/∂apple_count": dapple_count,
        "∂price/∂apple": dapple,
        "∂price/∂orange": dorange,
        "∂price/∂orange_count": dorange_count,
        "∂price/∂tax": dtax,
    }
