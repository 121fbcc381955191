"""Step 8. Training: two half moons, which no straight line divides.

A loss says in one number how wrong the network is: here the mean square of its distance from +1
(upper moon) or −1. Its gradient by the parameters points uphill, so a small step against it makes
the loss smaller. Before each pass the gradients are set to 0, because leaves add up.
"""

import math
import operator
import random
from itertools import pairwise


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
exp   = Op(math.exp,             lambda x, z: z)
log   = Op(math.log,             lambda x, z: 1 / x)
sin   = Op(math.sin,             lambda x, z: math.cos(x))
cos   = Op(math.cos,             lambda x, z: -math.sin(x))
tanh  = Op(math.tanh,            lambda x, z: 1 - z * z)
relu  = Op(lambda x: max(x, 0),  lambda x, z: x > 0)


class Neuron:
    """tanh(w · x + b)."""

    def __init__(self, inputs, rng):
        self.w, self.b = [Value(rng.gauss()) for _ in range(inputs)], Value(0.0)

    def __call__(self, x):
        return tanh(sum((w * x for w, x in zip(self.w, x)), self.b))


class MLP:
    """Layers of neurons, each fed with the outputs of the layer before: MLP(2, 8, 1)."""

    def __init__(self, *sizes, seed=0):
        rng = random.Random(seed)
        self.layers = [[Neuron(n, rng) for _ in range(m)] for n, m in pairwise(sizes)]

    def __call__(self, x):
        for layer in self.layers:
            x = [neuron(x) for neuron in layer]
        return x

    def parameters(self):
        return [p for layer in self.layers for neuron in layer for p in (*neuron.w, neuron.b)]


def descend(loss, parameters, rate):
    """One step of gradient descent."""
    for p in parameters:
        p.grad = 0
    loss.backward()
    for p in parameters:
        p.data -= rate * p.grad


if __name__ == "__main__":
    rng = random.Random(0)
    points = []
    for k in range(30):
        t = math.pi * k / 29
        points.append(([math.cos(t) + rng.gauss(0, 0.1), math.sin(t) + rng.gauss(0, 0.1)], 1))
        points.append(([1 - math.cos(t) + rng.gauss(0, 0.1), 0.5 - math.sin(t) + rng.gauss(0, 0.1)], -1))

    model = MLP(2, 8, 1, seed=1)
    for k in range(101):
        scores = [model(x)[0] for x, _ in points]
        loss = sum((score - y) ** 2 for score, (_, y) in zip(scores, points)) / len(points)
        if k % 20 == 0:
            right = sum(score.data * y > 0 for score, (_, y) in zip(scores, points))
            print(f"step {k:3}: loss {loss.data:.2f}, {right} of {len(points)} right")
        descend(loss, model.parameters(), rate=0.7)

    print()
    marks = {(round(8 * x + 10), round(6 - 5 * y)): "●" if target > 0 else "○" for (x, y), target in points}
    for row in range(13):
        for column in range(36):
            score = model([(column - 10) / 8, (6 - row) / 5])[0].data
            print(marks.get((column, row), "+" if score > 0 else "·"), end="")
        print()
