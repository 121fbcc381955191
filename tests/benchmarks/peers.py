"""A Value of the 2026 style: slots, local gradients stored in the forward pass, a recursive sort.

The fastest of the short engines, and the peer to measure against. It is neither safe under mutation
(the stored gradients are, its data is not) nor deep (Python's recursion limit), and every backward
leaves a cycle (the closure `build` refers to itself) that keeps the whole graph for the collector.

On it the tiny GPT of demos/gpt.py, product by product and with Adam, as the scripts of that year have it.
"""

import math
from itertools import pairwise


class Value2026:
    __slots__ = ("children", "data", "grad", "local_grads")

    def __init__(self, data, children=(), local_grads=()):
        self.data = data
        self.grad = 0
        self.children = children
        self.local_grads = local_grads

    def __add__(self, other):
        other = other if isinstance(other, Value2026) else Value2026(other)
        return Value2026(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other):
        other = other if isinstance(other, Value2026) else Value2026(other)
        return Value2026(self.data * other.data, (self, other), (other.data, self.data))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -other

    def __pow__(self, exponent):
        return Value2026(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def __truediv__(self, other):
        return self * other**-1

    def exp(self):
        return Value2026(math.exp(self.data), (self,), (math.exp(self.data),))

    def log(self):
        return Value2026(math.log(self.data), (self,), (1 / self.data,))

    def relu(self):
        return Value2026(max(0, self.data), (self,), (float(self.data > 0),))

    def backward(self):
        order, seen = [], set()

        def build(node):
            if node not in seen:
                seen.add(node)
                for child in node.children:
                    build(child)
                order.append(node)

        build(self)
        self.grad = 1
        for node in reversed(order):
            for child, local in zip(node.children, node.local_grads):
                child.grad += local * node.grad


def gpt_rows(model):
    """The parameters of a demos.gpt.GPT of one block: rows by name."""
    [block] = model.blocks
    parts = vars(model) | vars(block) | vars(block.attention)
    rows = {name: parts[name].rows for name in ("token", "position")}
    for name in "query", "key", "value", "output", "up", "down", "head":
        rows[name] = [neuron.w for neuron in parts[name].neurons]
    return rows


def gpt_weights(model):
    """The same numbers as Values of this file."""
    return {
        name: [[Value2026(w.data) for w in row] for row in rows] for name, rows in gpt_rows(model).items()
    }


def gpt_loss(weights, heads, tokens):
    """The loss of one document, as `demos.gpt.loss_of`."""
    keys, values, losses = [], [], []
    for place, (token, target) in enumerate(pairwise(tokens)):
        x = [a + b for a, b in zip(weights["token"][token], weights["position"][place])]
        x = normalize(x)
        residual, x = x, normalize(x)
        q = times(weights["query"], x)
        keys.append(times(weights["key"], x))
        values.append(times(weights["value"], x))
        mixed, size = [], len(q) // heads
        for start in range(0, len(q), size):
            share = range(start, start + size)
            scores = [sum(q[i] * k[i] for i in share) / size**0.5 for k in keys]
            attention = softmax(scores)
            mixed += [sum(a * v[i] for a, v in zip(attention, values)) for i in share]
        x = [a + b for a, b in zip(times(weights["output"], mixed), residual)]
        residual, x = x, normalize(x)
        x = times(weights["down"], [h.relu() for h in times(weights["up"], x)])
        x = [a + b for a, b in zip(x, residual)]
        losses.append(-softmax(times(weights["head"], x))[target].log())
    return sum(losses) * (1 / len(losses))


def times(matrix, x):
    return [sum(w * xi for w, xi in zip(row, x)) for row in matrix]


def normalize(x):
    scale = (sum(xi * xi for xi in x) * (1 / len(x)) + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def softmax(x):
    greatest = max(xi.data for xi in x)
    exps = [(xi + -greatest).exp() for xi in x]
    total = sum(exps)
    return [e / total for e in exps]


class Adam:
    """Adam as the scripts write it: one loop over all parameters."""

    def __init__(self, parameters, beta1, beta2):
        self.parameters, self.beta1, self.beta2 = parameters, beta1, beta2
        self.m, self.v = [0.0] * len(parameters), [0.0] * len(parameters)
        self.t = 0

    def step(self, lr):
        self.t += 1
        for i, p in enumerate(self.parameters):
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * p.grad
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * p.grad**2
            m_hat = self.m[i] / (1 - self.beta1**self.t)
            v_hat = self.v[i] / (1 - self.beta2**self.t)
            p.data -= lr * m_hat / (v_hat**0.5 + 1e-8)
            p.grad = 0


def gpt_train(weights, heads, documents, lr=0.01):
    """Losses of one step per document, the learning rate falling in a straight line from lr to 0."""
    optimizer = Adam([w for matrix in weights.values() for row in matrix for w in row], 0.85, 0.99)
    losses = []
    for step, tokens in enumerate(documents):
        loss = gpt_loss(weights, heads, tokens)
        loss.backward()
        optimizer.step(lr * (1 - step / len(documents)))
        losses.append(loss.data)
    return losses
