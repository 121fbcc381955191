"""Step 4. Accumulation: what comes by several ways adds up.

If x moves and z depends on it by two ways, z moves by the sum of both. So `=` becomes `+=`; to
forget that is the most frequent mistake in engines that people write. Because of the order of step
3, all of a node's gradient has arrived when its turn comes.

What adds up must begin at 0. Nodes between begin anew in each pass. Leaves keep what they have: two
passes give the sum of both, and so a batch can be done example by example.
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
        """Add ∂self/∂leaf to each leaf's gradient; nodes between are fresh in each pass."""
        order = topological_order(self)
        for node in order:
            if node.args:
                node.grad = 0
        self.grad += 1
        for node in reversed(order):
            operands = [x.data for x in (*node.args, node)]
            for arg, rule in zip(node.args, node.rules):
                arg.grad += node.grad * rule(*operands)

    __add__ = lambda x, y: add(x, y)
    __mul__ = lambda x, y: mul(x, y)


def topological_order(root):
    """Every node once, each after its arguments."""
    order, seen, stack = [], set(), [root]
    while stack:
        node = stack.pop()
        if node is None:  # the arguments of the node below it are placed
            order.append(stack.pop())
        elif node not in seen:
            seen.add(node)
            stack += (node, None, *reversed(node.args))
    return order


#          z =                   ∂z/∂x                              ∂z/∂y
add   = Op(operator.add,         lambda x, y, z: 1,                 lambda x, y, z: 1)
mul   = Op(operator.mul,         lambda x, y, z: y,                 lambda x, y, z: x)


if __name__ == "__main__":
    a, b = Value(2), Value(3)
    d = a * b + a
    d.backward()
    print(f"∂(a × b + a)/∂a = b + 1 = {a.grad}")
    d.backward()
    print(f"after a second pass: {a.grad}")

    x = Value(1.0)
    y = x
    for _ in range(20):
        y = y * y
    y.backward()
    print(f"∂(x ** {2**20})/∂x = {x.grad}")
