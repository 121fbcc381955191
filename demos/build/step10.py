"""Step 10. Exact fractions: the table never said what a number is.

With Fractions every step of +, −, ×, /, relu and whole powers is exact, and so are all derivatives,
of any order. One rule stood in the way: Python's 1 / 2 is the float 0.5, so the 1 must be of the
result's own type.

An engine that is exact can be tested without any tolerance. Here are the textbook's apples, whose
price in floats is 220.00000000000003, and the example of micrograd's README to second order.
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
        return Value(z, args, self.rules) if any(isinstance(x, Value) for x in args) else z


class Value:
    """A number that remembers what it was made from, and by which rules."""

    def __init__(self, data, args=(), rules=()):
        self.data, self.args, self.rules, self.grad = data, args, rules, 0

    def backward(self, graph=False):
        """Add ∂self/∂leaf to each leaf's gradient; nodes between are fresh in each pass."""
        order = topological_order(self)
        for node in order:
            if node.args:
                node.grad = 0
        self.grad += 1
        for node in reversed(order):
            operands = [x if graph else number(x) for x in (*node.args, node)]
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
div   = Op(operator.truediv,     lambda x, y, z: one(z) / y,        lambda x, y, z: -z / y)
power = Op(operator.pow,         lambda x, y, z: y * x ** (y - 1),  lambda x, y, z: z * log(x))
neg   = Op(operator.neg,         lambda x, z: -1)
exp   = Op(math.exp,             lambda x, z: z)
log   = Op(math.log,             lambda x, z: 1 / x)
sin   = Op(math.sin,             lambda x, z: cos(x))
cos   = Op(math.cos,             lambda x, z: -sin(x))
tanh  = Op(math.tanh,            lambda x, z: 1 - z * z)
relu  = Op(lambda x: max(x, 0),  lambda x, z: step(x))
one   = Op(lambda x: type(x)(1), lambda x, z: 0)
step  = Op(lambda x: int(x > 0), lambda x, z: 0)


def derivative(z, x):
    """∂z/∂x as a Value, which can be differentiated again."""
    x.grad = Value(0)
    z.backward(graph=True)
    return x.grad


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
    from fractions import Fraction

    def readme(a, b):
        """The example of micrograd's README."""
        c, d = a + b, a * b + b**3
        c = c + c + 1
        c = c + 1 + c + (-a)
        d = d + d * 2 + relu(b + a)
        d = d + 3 * d + relu(b - a)
        f = (c - d) ** 2
        return f / 2 + 10 / f

    for kind in float, Fraction:
        apple, count, tax = Value(kind("100")), Value(kind("2")), Value(kind("1.1"))
        price = apple * count * tax
        price.backward()
        print(f"price {price.data}, ∂price/∂apple = {apple.grad}")

    a, b = Value(Fraction(-4)), Value(Fraction(2))
    g = readme(a, b)
    slope = derivative(g, a)
    print(f"g = {g.data}, ∂g/∂a = {slope.data}, ∂²g/∂a∂b = {derivative(slope, b).data}")
