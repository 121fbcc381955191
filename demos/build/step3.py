"""Step 3. Topological order: every node once, and only when all its users have been.

Where a value is used twice, two ways lead to it, and step 2 walks every way: squaring twenty times
takes it two million visits. So sort the graph first. A depth-first search on a stack places each node
after its arguments; the None says that the arguments of the node below it are placed. Backward is
the reverse: a node's turn comes after all of its users.

The order is right; the gradient of a value with two users is not yet: the second overwrites what
the first brought.
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
        for node in reversed(topological_order(self)):
            operands = [x.data for x in (*node.args, node)]
            for arg, rule in zip(node.args, node.rules):
                arg.grad = node.grad * rule(*operands)

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
    x = Value(1.0)
    y = x
    for _ in range(20):
        y = y * y
    print(f"{len(topological_order(y))} nodes; step 2 would come by them {2**21 - 1:,} times")

    a, b = Value(2), Value(3)
    c = a * b
    d = c + a
    print("order:", [node.data for node in topological_order(d)], "(a, b, c = a × b, d = c + a)")
    d.backward()
    print(f"∂d/∂a = {a.grad}, and it should be b + 1 = 4")
