"""Step 1. One product: a number that remembers what it was made from.

z = x × y makes a third number from two. If x grows by a little, z grows by y times that: the local
derivative of z by x is y, and by y it is x. So an operation is a function and one *rule* per
argument, and a rule is an expression in the arguments and the result z, though a product does not
need z.

A Value is a number with a memory, the tape: its arguments and the rules. `backward` calls the rules
and leaves what they give at the arguments.
"""

import operator


class Op:
    """An operation: a function, and one rule per argument, the local derivative."""

    def __init__(self, function, *rules):
        self.function, self.rules = function, rules

    def __call__(self, *args):
        z = self.function(*(x.data for x in args))
        return Value(z, args, self.rules)


class Value:
    """A number that remembers what it was made from, and by which rules."""

    def __init__(self, data, args=(), rules=()):
        self.data, self.args, self.rules, self.grad = data, args, rules, 0

    def backward(self):
        """Give each argument its gradient ∂self/∂argument."""
        operands = [x.data for x in (*self.args, self)]
        for arg, rule in zip(self.args, self.rules):
            arg.grad = rule(*operands)

    __mul__ = lambda x, y: mul(x, y)


#          z =                   ∂z/∂x                              ∂z/∂y
mul   = Op(operator.mul,         lambda x, y, z: y,                 lambda x, y, z: x)


if __name__ == "__main__":
    apple, count = Value(100), Value(2)
    price = apple * count
    price.backward()
    print(f"price = {price.data}, ∂price/∂apple = {apple.grad}, ∂price/∂count = {count.grad}")
