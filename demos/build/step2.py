"""Step 2. A graph: the chain rule goes on from node to node.

What a product gives may be an argument of the next operation. Then its gradient, the *upstream*, is
multiplied by the local derivative: that is the whole chain rule. Starting from the root, whose
gradient by itself is 1, every node hands on to its arguments. A second operation, the sum, is one
more row of the table.

Two apples and three oranges with 10 % tax: every value has one user, so one way leads to it.
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
        """Give every node below its gradient ∂self/∂node."""
        self.grad = 1
        stack = [self]
        while stack:
            node = stack.pop()
            operands = [x.data for x in (*node.args, node)]
            for arg, rule in zip(node.args, node.rules):
                arg.grad = node.grad * rule(*operands)
                stack.append(arg)

    __add__ = lambda x, y: add(x, y)
    __mul__ = lambda x, y: mul(x, y)


#          z =                   ∂z/∂x                              ∂z/∂y
add   = Op(operator.add,         lambda x, y, z: 1,                 lambda x, y, z: 1)
mul   = Op(operator.mul,         lambda x, y, z: y,                 lambda x, y, z: x)


if __name__ == "__main__":
    apple, apples, orange, oranges, tax = Value(100), Value(2), Value(150), Value(3), Value(1.1)
    price = (apple * apples + orange * oranges) * tax
    price.backward()
    print(f"price = {price.data:.0f}")
    for name in "apple", "apples", "orange", "oranges", "tax":
        print(f"∂price/∂{name:7} = {locals()[name].grad:.4g}")
