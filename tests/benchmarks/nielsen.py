"""Nielsen's network for digits, 784-30-10: its training, and one step of it as six programs write it.

    X, Y     images (n, 784) and their digits one-hot (n, 10)      η    learning rate
    W, b     weights (neurons, inputs) and biases of a layer       a    activations, a = σ(z), z = W a + b
    δ        ∂C/∂z                                                 C    mean over the examples of ½ Σ (y − a)²
    theta    all parameters in nn's order: each neuron's weights, then its bias

A side is made from theta; it gets its data as its own arrays from `data`, and `step` moves its own parameters
by −η ∂C/∂theta. All but Textbook, which is written as in the book, also compute C. `finish` waits for what is
still under way, and `theta` gives the parameters back.

Source: M. Nielsen, Neural Networks and Deep Learning, chapters 1 and 2.
"""

from itertools import pairwise

import numpy as np

import autograd
import nn
from nn.data import Dataset
from nn.losses import quadratic

SIZES = (784, 30, 10)
ETA = 0.001  # in races: nothing overflows in many thousand steps on the same examples


def network(init, seed=0, activation="sigmoid", output="sigmoid", *, elementary=False, hidden=SIZES[1]):
    """The network neuron by neuron, with so many hidden ones."""
    nouts = hidden, SIZES[2]
    return nn.MLP(SIZES[0], nouts, activation, output, init=init, seed=seed, elementary=elementary)


def cost(model):
    """The function of one example that is compiled."""
    return lambda x, y: quadratic(model(x), y)


def train(data, init, seed, epochs, rate=3.0, size=10):
    """The network after the book's training; the seed decides its weights and the mini-batches."""
    model = network(init, seed)
    one_hot = Dataset(data.x, np.eye(SIZES[-1])[data.y])
    side = Compiled(np.array([p.data for p in model.parameters()]), model, rate)
    for epoch in range(epochs):
        for batch in one_hot.batches(size, (seed, epoch)):
            side.step(batch.x, batch.y)
    side.program.assign(side.parameters)
    return model


def accuracy(model, data):
    """The share of the examples whose digit has the largest activation."""
    program = autograd.compile(model, model.parameters())
    return float(np.mean(program.predict(program.parameters(), data.x).argmax(axis=1) == data.y))


# ── One step ────────────────────────────────────────────────────────────────────────────────────────


def examples(n, seed=0):
    """Random X and Y."""
    rng = np.random.default_rng(seed)
    return rng.random((n, SIZES[0])), np.eye(SIZES[-1])[rng.integers(SIZES[-1], size=n)]


def layers(theta):
    """[(W, b), …] as views of theta."""
    found = []
    for inputs, neurons in pairwise(SIZES):
        rows, theta = np.split(theta, [neurons * (inputs + 1)])
        rows = rows.reshape(neurons, inputs + 1)
        found.append((rows[:, :-1], rows[:, -1]))
    return found


def joined(pairs):
    """Theta of [(W, b), …]."""
    return np.concatenate([np.column_stack([W, b]).reshape(-1) for W, b in pairs])


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class Side:
    """What most sides have in common."""

    held = 0  # bytes that a side keeps for its steps, besides its parameters

    def data(self, X, Y):
        return X, Y

    def finish(self):
        pass

    def theta(self):
        return joined(self.layers)


class Compiled(Side):
    """Ours."""

    def __init__(self, theta, model, rate=ETA):
        self.program, self.rate = autograd.compile(cost(model), model.parameters()), rate
        self.parameters, self.gradient = theta.copy(), np.empty_like(theta)
        self.held = self.gradient.nbytes

    def step(self, X, Y):
        C, gradient = self.program(self.parameters, X, Y, out=self.gradient)
        gradient *= self.rate
        self.parameters -= gradient
        return C

    def theta(self):
        return self.parameters


class Matrices(Side):
    """Backpropagation in matrices over the mini-batch, as one writes it first: each result is a new array."""

    def __init__(self, theta):
        self.layers = [(W.copy(), b.copy()) for W, b in layers(theta)]

    def step(self, X, Y):
        (W2, b2), (W3, b3) = self.layers
        a2 = sigmoid(X @ W2.T + b2)
        a3 = sigmoid(a2 @ W3.T + b3)
        error = a3 - Y
        delta3 = error * a3 * (1 - a3)
        delta2 = (delta3 @ W3) * a2 * (1 - a2)
        rate = ETA / len(X)
        W2 -= rate * (delta2.T @ X)
        b2 -= rate * delta2.sum(0)
        W3 -= rate * (delta3.T @ a2)
        b3 -= rate * delta3.sum(0)
        return self.cost(error)

    def cost(self, error):
        return (error**2).sum() / (2 * len(error))


class NoCost(Matrices):
    """The same without C, which the gradient does not need."""

    def cost(self, error):
        return None


class Products(Matrices):
    """The five matrix products of a step alone, into arrays that are there: the limit."""

    def data(self, X, Y):
        n, (inputs, hidden, outputs) = len(X), SIZES
        sizes = (n, hidden), (n, outputs), (outputs, hidden), (n, hidden), (hidden, inputs)
        self.out = [np.zeros(size) for size in sizes]
        return X, Y

    def step(self, X, Y):
        (W2, _), (W3, _) = self.layers
        z2, z3, dW3, da2, dW2 = self.out
        np.matmul(X, W2.T, out=z2)
        np.matmul(z2, W3.T, out=z3)
        np.matmul(Y.T, z2, out=dW3)
        np.matmul(Y, W3, out=da2)
        np.matmul(da2.T, X, out=dW2)


class Textbook(Side):
    """The book's first way: one example after the other in columns, σ′ computed from z, gradients summed."""

    def __init__(self, theta):
        self.layers = [(W.copy(), b[:, None].copy()) for W, b in layers(theta)]

    def data(self, X, Y):
        return X[:, :, None], Y[:, :, None]  # columns

    def step(self, X, Y):
        total = [(np.zeros(W.shape), np.zeros(b.shape)) for W, b in self.layers]
        for x, y in zip(X, Y):
            found = self.backpropagate(x, y)
            total = [(W + dW, b + db) for (W, b), (dW, db) in zip(total, found)]
        rate = ETA / len(X)
        self.layers = [(W - rate * dW, b - rate * db) for (W, b), (dW, db) in zip(self.layers, total)]

    def backpropagate(self, x, y):
        zs, activations = [], [x]
        for W, b in self.layers:
            zs.append(np.dot(W, activations[-1]) + b)
            activations.append(sigmoid(zs[-1]))
        delta3 = (activations[2] - y) * self.slope(zs[1])
        delta2 = np.dot(self.layers[1][0].T, delta3) * self.slope(zs[0])
        return (np.dot(delta2, x.T), delta2), (np.dot(delta3, activations[1].T), delta3)

    def slope(self, z):
        return sigmoid(z) * (1 - sigmoid(z))


class PyTorch(Side):
    """PyTorch, eager."""

    def __init__(self, theta):
        import torch

        torch.set_num_threads(1)
        self.torch = torch
        linear = [torch.nn.Linear(*sizes, dtype=torch.float64) for sizes in pairwise(SIZES)]
        with torch.no_grad():
            for layer, (W, b) in zip(linear, layers(theta)):
                layer.weight.copy_(torch.tensor(W))
                layer.bias.copy_(torch.tensor(b))
        self.linear = linear
        self.model = torch.nn.Sequential(linear[0], torch.nn.Sigmoid(), linear[1], torch.nn.Sigmoid())
        self.optimizer = torch.optim.SGD(self.model.parameters(), ETA)

    def data(self, X, Y):
        return self.torch.tensor(X), self.torch.tensor(Y)

    def step(self, X, Y):
        self.optimizer.zero_grad()
        C = ((self.model(X) - Y) ** 2).sum() / (2 * len(X))
        C.backward()
        self.optimizer.step()
        return C.detach()

    def theta(self):
        return joined([(layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in self.linear])


class Jax(Side):
    """JAX: the whole step under jit, the parameters handed over to it (donated)."""

    def __init__(self, theta):
        import jax

        jax.config.update("jax_enable_x64", True)
        jnp, self.jax = jax.numpy, jax

        def mean_cost(layers, X, Y):
            a = X
            for W, b in layers:
                a = jax.nn.sigmoid(a @ W.T + b)
            return jnp.sum((a - Y) ** 2) / (2 * len(X))

        def step(layers, X, Y):
            C, gradient = jax.value_and_grad(mean_cost)(layers, X, Y)
            return C, jax.tree.map(lambda p, g: p - ETA * g, layers, gradient)

        self.jitted = jax.jit(step, donate_argnums=0)
        self.layers = [(jnp.array(W), jnp.array(b)) for W, b in layers(theta)]

    def data(self, X, Y):
        return self.jax.numpy.array(X), self.jax.numpy.array(Y)

    def step(self, X, Y):
        C, self.layers = self.jitted(self.layers, X, Y)
        return C

    def finish(self):
        self.jax.block_until_ready(self.layers)


class Micrograd(Side):
    """micrograd, product by product, one example at a time; it has relu, and no sigmoid."""

    def __init__(self, theta):
        import micrograd.nn

        self.model = micrograd.nn.MLP(SIZES[0], list(SIZES[1:]))
        for p, number in zip(self.model.parameters(), theta.tolist()):
            p.data = number

    def data(self, X, Y):
        return X.tolist(), Y.tolist()

    def step(self, X, Y):
        C = 0
        for x, y in zip(X, Y):
            C = sum(((a - t) ** 2 for a, t in zip(self.model(x), y)), C)
        C = C * (1 / (2 * len(X)))
        self.model.zero_grad()
        C.backward()
        for p in self.model.parameters():
            p.data -= ETA * p.grad
        return C.data

    def theta(self):
        return np.array([p.data for p in self.model.parameters()])
