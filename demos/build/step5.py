"""Step 5. Operators and constants: arithmetic as Python writes it, with numbers on either side.

Each operator is a row of the table and a line of the class. `2 - x` is Python asking the number 2
first, which does not know Values, and then x by the name `__rsub__`; the arguments keep their order
there.

A plain number stays a plain number among the arguments: it is a constant, and nothing is computed
towards it. That is more than thrift. `x ** 2` at x = −3 has a slope; the rule towards the exponent
would ask for the logarithm of −3.
"""

import math
import operator


def number(x):
    """The number of a Value; a plain number is its own."""
    return x.data if isinstance(x, Value) else x


class Op:
    """An operation: a function, and one rule per argument, the local derivative."""

    def __init__(self, function, *rules):
        self.function, self.rules = function, rules

    def __call__(self, *args):
        z = self.function(*map(number, args))
        return Value(z, args, self.rules)


class Value:
    """A number that remembers what it was made from, and by which rules."""

    def __init__(self, data, args=(), rules=()):
        self.data, self.args, self.rules, self.grad = data, args, rules, 0

    def backward(self):
        """Add ∂self/∂leaf to each leaf's gradient; nodes between are fresh in each pass."""
        order = topological_order(self)
        for node in order:
            if node.args:
                node.grad = 0
        self.grad += 1
        for node in reversed(order):
            operands = [number(x) for x in (*node.args, node)]
            for arg, rule in zip(node.args, node.rules):
                if isinstance(arg, Value):
                    arg.grad += node.grad * rule(*operands)

    __add__ = lambda x, y: add(x, y)
    __radd__ = lambda x, y: add(y, x)
    __sub__ = lambda x, y: sub(x, y)
    __rsub__ = lambda x, y: sub(y, x)
    __mul__ = lambda x, y: mul(x, y)
    __rmul__ = lambda x, y: mul(y, x)
    __truediv__ = lambda x, y: div(x, y)
    __rtruediv__ = lambda x, y: div(y, x)
    __pow__ = lambda x, y: power(x, y)
    __rpow__ = lambda x, y: power(y, x)
    __neg__ = lambda x: neg(x)


def topological_order(root):
    """Every node once, each after its arguments."""
    order, seen, stack = [], set(), [root]
    while stack:
        node = stack.pop()
        if node is None:  # the arguments of the node below it are placed
            order.append(stack.pop())
        elif isinstance(node, Value) and node not in seen:
            seen.add(node)
            stack += (node, None, *reversed(node.args))
    return order


#          z =                   ∂z/∂x                              ∂z/∂y
add   = Op(operator.add,         lambda x, y, z: 1,                 lambda x, y, z: 1)
sub   = Op(operator.sub,         lambda x, y, z: 1,                 lambda x, y, z: -1)
mul   = Op(operator.mul,         lambda x, y, z: y,                 lambda x, y, z: x)
div   = Op(operator.truediv,     lambda x, y, z: 1 / y,             lambda x, y, z: -z / y)
power = Op(operator.pow,         lambda x, y, z: y * x ** (y - 1),  lambda x, y, z: z * math.log(x))
neg   = Op(operator.neg,         lambda x, z: -1)


if __name__ == "__main__":
    x = Value(-3.0)
    y = 2 - 1 / (1 + x**2)
    y.backward()
    print(f"y = {y.data}, ∂y/∂x = 2x / (1 + x²)² = {x.grad:.2f}")

    total = sum(Value(k) for k in range(5))
    print(f"sum begins with the number 0: 0 + Value, so it works too: {total.data}")
