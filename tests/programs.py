"""Fifteen programs as their users write them: one example, scalar by scalar, on autograd's functions.

    program = GaussianMixture()             # small, for tests; GaussianMixture(**….large) is for benchmarks
    program.parameters                      # its leaves, one after the other: theta
    program.loss(x)                         # of one example: numbers, and nested lists of them
    X, = program.inputs(5, rng)             # arrays whose first axis counts the examples
    program.by_hand(theta, X)               # the mean loss and its gradient, as an engineer writes them

The derivatives by hand have one notation: `dz` is the derivative of the mean loss by `z`, in z's shape.

    n    examples of a batch          W, U   weights, a row per neuron        b    biases
    x    an example                   z      before an activation             h    after it
    t    what is wanted               T      how many steps there are         H    how many hidden units

Sources: Elman 1990 (RNN); Hochreiter & Schmidhuber 1997 (LSTM); LeCun et al. 1998 (LeNet); Vaswani et al.
2017 (attention); Koren et al. 2009 (matrix factorisation); Bishop 2006, chapters 9 and 13 (k-means, mixture,
Kalman); Black & Scholes 1973 and Gatheral 2004 (the surface); Chen et al. 2018 (neural ODE); Ramsauer et al.
2020 (Hopfield); Kingma & Welling 2013 (VAE); Williams 1992 (policy gradient).
"""

import math
from copy import deepcopy
from itertools import pairwise

import numpy as np

from autograd import (
    Value,
    amax,
    dot,
    erfc,
    exp,
    grad,
    log,
    log_softmax,
    logsumexp,
    sigmoid,
    sin,
    softmax,
    softplus,
    sqrt,
    tanh,
    value_and_grad,
)
from autograd import sum as total
from nn.losses import cross_entropy


class Program:
    """What all have in common: `weights` makes the parameters, `arrays` has them back from theta."""

    large = {}  # sizes for a benchmark, and
    examples = 1  # its batch

    def __init__(self, seed=0):
        self.parameters, self.places, self.rng = [], [], np.random.default_rng(seed)

    def weights(self, label, *shape, size=1.0, around=0.0):
        """New parameters as nested lists: random numbers of that size around another."""
        numbers = around + size * self.rng.normal(size=shape)
        start = len(self.parameters)
        self.parameters += [Value(number, label) for number in numbers.ravel().tolist()]
        self.places.append((slice(start, len(self.parameters)), shape))
        return nested(self.parameters[start:], shape)

    def layer(self, inputs, outputs):
        """W and b."""
        W = self.weights("W", outputs, inputs, size=inputs**-0.5)
        return W, self.weights("b", outputs, size=0.1)

    def at(self, theta):
        """The program with other numbers, Values or symbols for its parameters."""
        return deepcopy(self, {id(parameter): x for parameter, x in zip(self.parameters, theta)})

    def arrays(self, theta):
        """Views of theta in the shapes of `weights`."""
        return [theta[place].reshape(shape) for place, shape in self.places]


def nested(flat, shape):
    """The elements as nested lists of that shape."""
    for size in reversed(shape[1:]):
        flat = [flat[i : i + size] for i in range(0, len(flat), size)]
    return flat


def flat(*arrays):
    """One array of all numbers: a gradient like theta."""
    return np.concatenate([array.ravel() for array in arrays])


def dense(W, b, x):
    """W x + b."""
    return [dot(row, x) + bi for row, bi in zip(W, b)]


def perceptron(layers, x):
    """V tanh(W x + b) + c."""
    (W, b), (V, c) = layers
    return dense(V, c, [tanh(z) for z in dense(W, b, x)])


def distance(x, y):
    """|x − y|²."""
    return total([(xi - yi) ** 2 for xi, yi in zip(x, y)])


# ── Sequences ───────────────────────────────────────────────────────────────────────────────────────


class RNN(Program):
    """A number is told from a sequence: h ← tanh(W x + U h + b) over its steps, then v · h."""

    large, examples = {"inputs": 8, "hidden": 32, "steps": 20}, 32

    def __init__(self, inputs=2, hidden=3, steps=4):
        super().__init__()
        self.shape = steps, inputs
        self.W = self.weights("W", hidden, inputs, size=inputs**-0.5)
        self.U = self.weights("U", hidden, hidden, size=hidden**-0.5)
        self.b = self.weights("b", hidden, size=0.1)
        self.v = self.weights("v", hidden)

    def loss(self, x, t):
        h = [0.0] * len(self.b)
        for xk in x:
            h = [tanh(dot(w, xk) + dot(u, h) + b) for w, u, b in zip(self.W, self.U, self.b)]
        return (dot(self.v, h) - t) ** 2

    def inputs(self, n, rng):
        return rng.normal(size=(n, *self.shape)), rng.normal(size=n)

    def by_hand(self, theta, X, t):
        W, U, b, v = self.arrays(theta)
        n, T, _ = X.shape
        Z = X.swapaxes(0, 1) @ W.T + b
        h = np.zeros((T + 1, n, len(b)))
        for k in range(T):
            h[k + 1] = np.tanh(Z[k] + h[k] @ U.T)
        error = h[T] @ v - t
        dy = 2 * error / n
        dh, dz = np.outer(dy, v), np.empty_like(Z)
        for k in reversed(range(T)):
            dz[k] = dh * (1 - h[k + 1] ** 2)
            dh = dz[k] @ U
        rows = dz.reshape(n * T, -1)
        dW = rows.T @ X.swapaxes(0, 1).reshape(n * T, -1)
        dU = rows.T @ h[:T].reshape(n * T, -1)
        return (error**2).mean(), flat(dW, dU, rows.sum(0), dy @ h[T])


class LSTM(Program):
    """As `RNN` with gates. The four rows of a unit stand together: input, forget, output and cell."""

    large, examples = {"inputs": 8, "hidden": 32, "steps": 20}, 32

    def __init__(self, inputs=2, hidden=3, steps=4):
        super().__init__()
        self.shape = steps, inputs
        self.W = self.weights("W", hidden, 4, inputs + hidden + 1, size=(inputs + hidden) ** -0.5)
        self.v = self.weights("v", hidden)

    def loss(self, x, t):
        h = c = [0.0] * len(self.v)
        for xk in x:
            h, c = zip(*[self.unit(rows, [*xk, *h, 1.0], cj) for rows, cj in zip(self.W, c)])
        return (dot(self.v, h) - t) ** 2

    def unit(self, rows, x, c):
        """h and c of one unit after a step."""
        i, f, o, g = [dot(row, x) for row in rows]
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(c), c

    def inputs(self, n, rng):
        return rng.normal(size=(n, *self.shape)), rng.normal(size=n)

    def by_hand(self, theta, X, t):
        rows, v = self.arrays(theta)
        H, _, width = rows.shape
        W = rows.swapaxes(0, 1).reshape(4 * H, width)  # gate by gate: each is then a block
        n, T, inputs = X.shape
        x, h, c = np.ones((T, n, width)), np.zeros((n, H)), np.zeros((T + 1, n, H))
        gates, s = np.empty((T, 4, n, H)), np.empty((T, n, H))
        x[:, :, :inputs] = X.swapaxes(0, 1)
        for k in range(T):
            x[k, :, inputs:-1] = h
            z = (x[k] @ W.T).reshape(n, 4, H).swapaxes(0, 1)
            gates[k, :3], gates[k, 3] = 1 / (1 + np.exp(-z[:3])), np.tanh(z[3])
            i, f, o, g = gates[k]
            c[k + 1] = f * c[k] + i * g
            s[k] = np.tanh(c[k + 1])
            h = o * s[k]
        error = h @ v - t
        dy = 2 * error / n
        dh, dc, dz = np.outer(dy, v), 0.0, np.empty((T, n, 4 * H))
        for k in reversed(range(T)):
            i, f, o, g = gates[k]
            dc = dc + dh * o * (1 - s[k] ** 2)
            di, df, do, dg = dc * g, dc * c[k], dh * s[k], dc * i
            parts = di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)
            np.concatenate(parts, axis=1, out=dz[k])
            dh, dc = dz[k] @ W[:, inputs:-1], dc * f
        dW = dz.reshape(n * T, 4 * H).T @ x.reshape(n * T, width)
        return (error**2).mean(), flat(dW.reshape(4, H, width).swapaxes(0, 1), dy @ h)


class CausalAttention(Program):
    """Every step of a sequence mixes the values of the steps up to it, by how its query fits their keys."""

    large, examples = {"steps": 48, "width": 16}, 4

    def __init__(self, steps=5, width=3):
        super().__init__()
        self.shape = steps, width
        self.query, self.key, self.value, self.output = (
            self.weights(name, width, width, size=width**-0.5) for name in ("q", "k", "v", "o")
        )

    def loss(self, x, t):
        keys, values, costs = [], [], []
        for xk, tk in zip(x, t):
            q, k, v = ([dot(row, xk) for row in W] for W in (self.query, self.key, self.value))
            keys.append(k)
            values.append(v)
            weights = softmax([dot(q, k) / math.sqrt(len(q)) for k in keys])
            mixed = [dot(weights, column) for column in zip(*values)]
            costs.append(distance([dot(row, mixed) for row in self.output], tk))
        return total(costs) / len(costs)

    def inputs(self, n, rng):
        return rng.normal(size=(n, *self.shape)), rng.normal(size=(n, *self.shape))

    def by_hand(self, theta, X, t):
        Wq, Wk, Wv, Wo = self.arrays(theta)
        n, T, d = X.shape
        rows = X.reshape(n * T, d)
        q, k, v = ((rows @ W.T).reshape(n, T, d) for W in (Wq, Wk, Wv))
        scores = q @ k.swapaxes(1, 2) / math.sqrt(d)
        scores[:, ~np.tri(T, dtype=bool)] = -np.inf
        A = np.exp(scores - scores.max(2, keepdims=True))
        A /= A.sum(2, keepdims=True)
        mixed = A @ v
        error = mixed @ Wo.T - t
        dy = error * (2 / (n * T))
        dmixed = dy @ Wo
        dA = dmixed @ v.swapaxes(1, 2)
        dscores = A * (dA - (A * dA).sum(2, keepdims=True)) / math.sqrt(d)
        dq, dk, dv = dscores @ k, dscores.swapaxes(1, 2) @ q, A.swapaxes(1, 2) @ dmixed
        by_rows = [dz.reshape(n * T, d).T @ rows for dz in (dq, dk, dv)]
        dWo = dy.reshape(n * T, d).T @ mixed.reshape(n * T, d)
        return (error**2).sum() / (n * T), flat(*by_rows, dWo)


class Kalman(Program):
    """−log p(z₁, z₂, …) of positions that were measured with noise, by the filter's prediction of each.

    The state is position and velocity, the latter damped by φ and kicked with the variance q; r is that of a
    measurement. m and P are the mean and the covariance of the state.
    """

    large, examples = {"steps": 50}, 32

    def __init__(self, steps=3):
        super().__init__()
        self.steps = steps
        self.phi = self.weights("φ", 1, size=0.1, around=0.8)[0]
        self.log_q, self.log_r = self.weights("log q, log r", 2, size=0.5, around=-1.0)

    def loss(self, z):
        q, r = exp(self.log_q), exp(self.log_r)
        F, Q = [[1.0, 1.0], [0.0, self.phi]], [[0.0, 0.0], [0.0, q]]
        m, P, cost = [0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]], 0.0
        for zk in z:
            m = [dot(row, m) for row in F]
            P = [[p + noise for p, noise in zip(*rows)] for rows in zip(times(times(F, P), [*zip(*F)]), Q)]
            error, variance = zk - m[0], P[0][0] + r
            cost = cost + 0.5 * (error**2 / variance + log(2 * math.pi * variance))
            gain = [row[0] / variance for row in P]
            m = [mi + g * error for mi, g in zip(m, gain)]
            P = [[p - g * first for p, first in zip(row, P[0])] for row, g in zip(P, gain)]
        return cost

    def inputs(self, n, rng):
        return (rng.normal(size=(n, self.steps)).cumsum(1),)


def times(A, B):
    """The matrix A B."""
    return [[dot(row, column) for column in zip(*B)] for row in A]


# ── Images ──────────────────────────────────────────────────────────────────────────────────────────


class LeNet(Program):
    """Twice a convolution, tanh and the greatest of every square; then a layer of scores for the classes."""

    large, examples = {"side": 28, "channels": (6, 16), "kernel": 5, "pools": (2, 2), "classes": 10}, 1

    def __init__(self, side=8, channels=(2, 2), kernel=3, pools=(2, 1), classes=3):
        super().__init__()
        self.side, self.classes, self.pools = side, classes, pools
        self.convolutions, before = [], 1
        for maps, width in zip(channels, pools):
            filters = self.weights("filter", maps, before, kernel, kernel, size=before**-0.5 / kernel)
            self.convolutions.append((filters, self.weights("b", maps, size=0.1)))
            before, side = maps, (side - kernel + 1) // width
        self.output = self.layer(before * side**2, classes)

    def loss(self, image, label):
        maps = [image]
        for (filters, biases), width in zip(self.convolutions, self.pools):
            maps = [pool(convolve(maps, kernels, b), width) for kernels, b in zip(filters, biases)]
        features = [h for rows in maps for row in rows for h in row]
        return cross_entropy(dense(*self.output, features), label)

    def inputs(self, n, rng):
        return rng.random((n, self.side, self.side)), rng.integers(self.classes, size=n)


def convolve(maps, kernels, b):
    """tanh(b + Σ kernel × window) for every window of the maps; each map has a kernel of its own."""
    k, side = len(kernels[0]), len(maps[0])
    rows = []
    for y in range(side - k + 1):
        row = []
        for x in range(side - k + 1):
            z = b
            for image, kernel in zip(maps, kernels):
                for i in range(k):
                    for j in range(k):
                        z = z + kernel[i][j] * image[y + i][x + j]
            row.append(tanh(z))
        rows.append(row)
    return rows


def pool(image, width):
    """The greatest number of every square of that width."""
    at = range(0, len(image), width)
    return [[amax([h for row in image[y : y + width] for h in row[x : x + width]]) for x in at] for y in at]


# ── Dynamics ────────────────────────────────────────────────────────────────────────────────────────


def runge_kutta(f, y, h):
    """y after a step h of y′ = f(y), to the fourth order."""
    k1 = f(y)
    k2 = f([yi + h / 2 * k for yi, k in zip(y, k1)])
    k3 = f([yi + h / 2 * k for yi, k in zip(y, k2)])
    k4 = f([yi + h * k for yi, k in zip(y, k3)])
    return [yi + h / 6 * (a + 2 * b + 2 * c + d) for yi, a, b, c, d in zip(y, k1, k2, k3, k4)]


class Oscillator(Program):
    """A pendulum x″ = −k sin x − c x′, whose k and c are fitted to positions that were seen."""

    large, examples = {"steps": 50}, 32

    def __init__(self, steps=3, h=0.2):
        super().__init__()
        self.steps, self.h = steps, h
        self.k, self.c = self.weights("k, c", 2, size=0.2, around=1.0)

    def loss(self, start, seen):
        y, cost = start, 0.0
        for x in seen:
            y = runge_kutta(lambda y: [y[1], -self.k * sin(y[0]) - self.c * y[1]], y, self.h)
            cost = cost + (y[0] - x) ** 2
        return cost

    def inputs(self, n, rng):
        return rng.normal(size=(n, 2)), rng.normal(size=(n, self.steps))


class NeuralODE(Program):
    """A point is carried along y′ = V tanh(W y + b) + c, to where it should arrive."""

    large, examples = {"hidden": 16, "steps": 10}, 32

    def __init__(self, dimension=2, hidden=3, steps=2):
        super().__init__()
        self.dimension, self.steps = dimension, steps
        self.layers = self.layer(dimension, hidden), self.layer(hidden, dimension)

    def loss(self, y, t):
        for _ in range(self.steps):
            y = runge_kutta(lambda y: perceptron(self.layers, y), y, 1 / self.steps)
        return distance(y, t)

    def inputs(self, n, rng):
        return rng.normal(size=(n, self.dimension)), rng.normal(size=(n, self.dimension))


class Hopfield(Program):
    """Patterns that are recalled: a disturbed one moves downhill in −log Σ exp(β p · x) / β + ½ |x|²."""

    large, examples = {"patterns": 32, "dimension": 64}, 32

    def __init__(self, patterns=3, dimension=4, steps=2, beta=2.0):
        super().__init__()
        self.dimension, self.steps, self.beta = dimension, steps, beta
        self.patterns = self.weights("p", patterns, dimension)

    def loss(self, x, t):
        for _ in range(self.steps):
            weights = softmax(self.overlaps(x))
            x = [dot(weights, column) for column in zip(*self.patterns)]
        return distance(x, t) + 0.1 * self.energy(x)

    def overlaps(self, x):
        """β p · x for every pattern."""
        return [self.beta * dot(p, x) for p in self.patterns]

    def energy(self, x):
        """What every step of the recall lowers."""
        return 0.5 * dot(x, x) - logsumexp(self.overlaps(x)) / self.beta

    def inputs(self, n, rng):
        return rng.normal(size=(n, self.dimension)), rng.normal(size=(n, self.dimension))


# ── Statistics ──────────────────────────────────────────────────────────────────────────────────────


class LogisticRegression(Program):
    """−log p(t | x) with p(1 | x) = σ(w · x + b), and a pull of the weights to 0."""

    large, examples = {"features": 50}, 1000
    pull = 0.01

    def __init__(self, features=3):
        super().__init__()
        self.w, self.b = self.weights("w", features), self.weights("b", 1)[0]

    def loss(self, x, t):
        z = dot(self.w, x) + self.b
        return softplus(z) - t * z + self.pull * dot(self.w, self.w)

    def inputs(self, n, rng):
        X = rng.normal(size=(n, len(self.w)))
        return X, (X.sum(1) + rng.normal(size=n) > 0).astype(float)

    def by_hand(self, theta, X, t):
        w, b = theta[:-1], theta[-1]
        z = X @ w + b
        dz = (1 / (1 + np.exp(-z)) - t) / len(X)
        value = (np.logaddexp(0, z) - t * z).mean() + self.pull * (w @ w)
        return value, np.append(dz @ X + 2 * self.pull * w, dz.sum())


class MatrixFactorisation(Program):
    """Ratings r of items by users, those that are known, as p · q of a few numbers for each of both."""

    large = {"users": 100, "items": 80, "rank": 8}
    pull = 0.05

    def __init__(self, users=4, items=3, rank=2):
        super().__init__()
        self.P, self.Q = self.weights("p", users, rank), self.weights("q", items, rank)

    def loss(self, ratings, known):
        cost = 0.0
        for p, row, mask in zip(self.P, ratings, known):
            for q, r, m in zip(self.Q, row, mask):
                cost += m * (dot(p, q) - r) ** 2
        return cost + self.pull * total([dot(x, x) for x in self.P + self.Q])

    def inputs(self, n, rng):
        shape = n, len(self.P), len(self.Q)
        return rng.normal(size=shape), (rng.random(shape) < 0.5).astype(float)

    def by_hand(self, theta, ratings, known):
        P, Q = self.arrays(theta)
        error = P @ Q.T - ratings
        derror = 2 / len(ratings) * known * error
        value = np.vdot(derror, error) / 2 + self.pull * (theta @ theta)
        dproduct = derror.sum(0)
        return value, flat(dproduct @ Q, dproduct.T @ P) + 2 * self.pull * theta


class SoftKMeans(Program):
    """Σ r d with the squared distances d to the centres, which share a point by r = softmax(−β d)."""

    large, examples = {"centres": 16, "dimension": 8}, 500

    def __init__(self, centres=3, dimension=2, beta=0.5):
        super().__init__()
        self.beta, self.dimension = beta, dimension
        self.centres = self.weights("c", centres, dimension)

    def loss(self, x):
        d = [distance(x, centre) for centre in self.centres]
        return dot(softmax([-self.beta * dk for dk in d]), d)

    def inputs(self, n, rng):
        return (2 * rng.normal(size=(n, self.dimension)),)

    def by_hand(self, theta, X):
        [C] = self.arrays(theta)
        x = X[:, None] - C
        d = np.einsum("nkd,nkd->nk", x, x)
        r = np.exp(-self.beta * (d - d.min(1, keepdims=True)))
        r /= r.sum(1, keepdims=True)
        losses = (r * d).sum(1, keepdims=True)
        dd = r * (1 - self.beta * (d - losses)) / len(X)
        return losses.mean(), 2 * flat(dd.sum(0)[:, None] * C - dd.T @ X)


class GaussianMixture(Program):
    """−log p(x) of a mixture of Gaussians, whose axes are those of x: log weights, means μ and log σ."""

    large, examples = {"components": 16, "dimension": 8}, 500

    def __init__(self, components=3, dimension=2):
        super().__init__()
        self.dimension = dimension
        self.logits = self.weights("logits", components, size=0.5)
        self.means = self.weights("μ", components, dimension, size=2.0)
        self.log_sigmas = self.weights("log σ", components, dimension, size=0.3)

    def loss(self, x):
        parts = zip(log_softmax(self.logits), self.means, self.log_sigmas)
        return -logsumexp([weight + self.log_density(x, mu, log_sigma) for weight, mu, log_sigma in parts])

    def log_density(self, x, mu, log_sigma):
        """log p(x) of one component."""
        z = [(xi - m) / exp(s) for xi, m, s in zip(x, mu, log_sigma)]
        return -0.5 * dot(z, z) - total(log_sigma) - 0.5 * len(x) * math.log(2 * math.pi)

    def inputs(self, n, rng):
        return (2 * rng.normal(size=(n, self.dimension)),)

    def by_hand(self, theta, X):
        logits, mu, log_sigma = self.arrays(theta)
        weights = np.exp(logits - logits.max())
        weights /= weights.sum()
        sigma = np.exp(log_sigma)
        z = (X[:, None] - mu) / sigma
        constant = np.log(weights) - log_sigma.sum(1) - 0.5 * self.dimension * math.log(2 * math.pi)
        joint = constant - 0.5 * np.einsum("nkd,nkd->nk", z, z)
        greatest = joint.max(1, keepdims=True)
        p = np.exp(joint - greatest)
        sums = p.sum(1, keepdims=True)
        djoint = p / (-len(X) * sums)
        dz = -djoint[:, :, None] * z
        dconstant = djoint.sum(0)
        dlog_sigma = -np.einsum("nkd,nkd->kd", dz, z) - dconstant[:, None]
        return -(greatest + np.log(sums)).mean(), flat(dconstant + weights, -dz.sum(0) / sigma, dlog_sigma)


class VAE(Program):
    """−log p(x | z) + KL(q(z | x), N(0, 1)) at z = μ + σ ε, whose noise ε is an input."""

    large, examples = {"dimension": 64, "hidden": 32, "latent": 8}, 32

    def __init__(self, dimension=5, hidden=4, latent=2):
        super().__init__()
        self.dimension, self.latent = dimension, latent
        self.encoder = self.layer(dimension, hidden), self.layer(hidden, 2 * latent)
        self.decoder = self.layer(latent, hidden), self.layer(hidden, dimension)

    def loss(self, x, noise):
        code = perceptron(self.encoder, x)
        mu, log_sigma = code[: self.latent], code[self.latent :]
        z = [m + exp(s) * e for m, s, e in zip(mu, log_sigma, noise)]
        logits = perceptron(self.decoder, z)
        surprise = total([softplus(logit) - xi * logit for logit, xi in zip(logits, x)])
        divergence = total([0.5 * (m**2 + exp(2 * s) - 1) - s for m, s in zip(mu, log_sigma)])
        return surprise + divergence

    def inputs(self, n, rng):
        return (rng.random((n, self.dimension)) < 0.5).astype(float), rng.normal(size=(n, self.latent))


class PolicyGradient(Program):
    """−return × log p(action | state), with the entropy of p as a reward: actions are whole numbers."""

    large, examples = {"state": 8, "hidden": 32, "actions": 4}, 256

    def __init__(self, state=3, hidden=4, actions=3, bonus=0.01):
        super().__init__()
        self.sizes, self.bonus = (state, actions), bonus
        self.layers = self.layer(state, hidden), self.layer(hidden, actions)

    def loss(self, state, action, gain):
        logits = perceptron(self.layers, state)
        log_p = log_softmax(logits)
        entropy = -dot([exp(lp) for lp in log_p], log_p)
        return gain * cross_entropy(logits, action) - self.bonus * entropy

    def inputs(self, n, rng):
        state, actions = self.sizes
        return rng.normal(size=(n, state)), rng.integers(actions, size=n), rng.normal(size=n)


# ── Finance ─────────────────────────────────────────────────────────────────────────────────────────


def call(spot, strike, years, volatility, rate=0.02):
    """The price of a European call, by Black and Scholes."""
    spread = volatility * sqrt(years)
    d1 = (log(spot / strike) + rate * years) / spread + spread / 2
    return spot * normal(d1) - strike * exp(-rate * years) * normal(d1 - spread)


def normal(x):
    """Φ(x), the share of the normal distribution below x."""
    return 0.5 * erfc(-x / math.sqrt(2))


class VolatilitySurface(Program):
    """Volatilities of calls, strikes × maturities, that explain a day's prices and deltas.

    A maturity has five parameters, of the variance w(k) = a + b (ρ (k − m) + √((k − m)² + s²)) at the strike
    exp(k). The error of a price is divided by its vega, which makes it one of the volatility.
    """

    large, examples = {"strikes": 20, "maturities": 10}, 8

    def __init__(self, strikes=3, maturities=2):
        super().__init__()
        self.strikes, self.years = np.linspace(0.8, 1.25, strikes), np.linspace(0.25, 2, maturities)
        self.a = self.weights("a", maturities, size=0.002, around=0.03)
        self.b = self.weights("b", maturities, size=0.01, around=0.1)
        self.rho = self.weights("ρ", maturities, size=0.1, around=-0.3)
        self.m = self.weights("m", maturities, size=0.02)
        self.s = self.weights("s", maturities, size=0.02, around=0.2)

    def loss(self, spot, quotes, deltas):
        costs = []
        smiles = zip(self.years.tolist(), self.a, self.b, self.rho, self.m, self.s, quotes, deltas)
        for years, a, b, rho, m, s, row, hedges in smiles:
            for strike, quote, hedge in zip(self.strikes.tolist(), row, hedges):
                x = math.log(strike) - m
                volatility = sqrt((a + b * (rho * x + sqrt(x**2 + s**2))) / years)
                price, (delta, vega) = value_and_grad(call, (0, 3))(spot, strike, years, volatility)
                costs.append(((price - quote) / vega) ** 2 + (delta - hedge) ** 2)
        return total(costs) / len(costs)

    def inputs(self, n, rng):
        shape = n, len(self.years), len(self.strikes)
        return 1 + 0.1 * rng.random(n), 0.1 + 0.1 * rng.random(shape), rng.random(shape)

    def by_hand(self, theta, spot, quotes, deltas, rate=0.02):
        from scipy.special import ndtr

        a, b, rho, m, s = (part[:, None] for part in self.arrays(theta))
        years, spot = self.years[:, None], spot[:, None, None]
        x = np.log(self.strikes) - m
        root = np.sqrt(x**2 + s**2)
        smile = rho * x + root
        volatility = np.sqrt((a + b * smile) / years)
        spread = volatility * np.sqrt(years)
        d1 = (np.log(spot / self.strikes) + rate * years) / spread + spread / 2
        d2 = d1 - spread
        delta = ndtr(d1)
        density = np.exp(-(d1**2) / 2) / math.sqrt(2 * math.pi)
        vega = spot * density * np.sqrt(years)
        error = (spot * delta - self.strikes * np.exp(-rate * years) * ndtr(d2) - quotes) / vega
        miss = delta - deltas
        # By the volatility σ vega has the slope vega d₁ d₂ / σ, and delta −φ(d₁) d₂ / σ.
        dvolatility = 2 / error.size * (error - (error**2 * d1 + miss * density) * d2 / volatility)
        dw = dvolatility.sum(0) / (2 * volatility * years)
        slope = x / root
        parts = dw, dw * smile, dw * b * x, -dw * b * (rho + slope), dw * b * s / root
        return (error**2 + miss**2).mean(), flat(*[part.sum(1) for part in parts])


# ── Functions of their arguments, without parameters ────────────────────────────────────────────────


def coupled(x, sin=sin, total=total):
    """Σ (y − x²)² + (1 − x)² + sin(x y) over numbers x and the next one, y: as CasADi's users measure it."""
    return total([(y - x * x) ** 2 + (1 - x) ** 2 + sin(x * y) for x, y in pairwise(x)])


def pinn(network, points):
    """How far u(x) = v · tanh(w x + b) is from u″ = −u at the points, u(0) = 0 and u′(0) = 1: from sin x."""
    units = [*zip(network["w"], network["b"])]
    u = lambda x: dot(network["v"], [tanh(w * x + b) for w, b in units])
    misses = [grad(grad(u))(x) + u(x) for x in points]
    return dot(misses, misses) / len(points) + u(0.0) ** 2 + (grad(u)(0.0) - 1) ** 2


ZOO = [
    RNN,
    LSTM,
    LeNet,
    CausalAttention,
    Oscillator,
    LogisticRegression,
    MatrixFactorisation,
    SoftKMeans,
    GaussianMixture,
    Kalman,
    VolatilitySurface,
    NeuralODE,
    Hopfield,
    VAE,
    PolicyGradient,
]
