"""The layers of the chapter, each with its way forward and its way back.

    x, y      what goes into a layer        out      what comes out of it
    dout      ∂L/∂out, which arrives from upstream, for the final result L (a price, a loss)
    dx, dy    ∂L/∂x and ∂L/∂y: what `backward` returns, dout times the local derivative
    W, b      weights (inputs, neurons) and bias (neurons,) of an Affine layer; dW, db are ∂L/∂W and ∂L/∂b
    t         the target, one-hot; its rows, and those of x, are the examples of a batch

`forward` keeps what `backward` will need, so the two are called in turn. Layers work on numbers and on
arrays, and those that take no exp on fractions too.
"""

from typing import Any, Protocol

import numpy as np

Array = Any  # a NumPy array, or one number


class Layer(Protocol):
    """A layer of one input."""

    def forward(self, x: Array) -> Array:
        """The output."""

    def backward(self, dout: Array) -> Array:
        """dx, given dout."""


# ── The two simplest ────────────────────────────────────────────────────────────────────────────────
#
# For out = x · y the local derivatives are ∂out/∂x = y and ∂out/∂y = x: backward, a product swaps its inputs,
# so it has to remember them.


class MulLayer:
    """x · y."""

    def forward(self, x: Array, y: Array) -> Array:
        """The product."""
        self.x, self.y = x, y
        return x * y

    def backward(self, dout: Array) -> tuple[Array, Array]:
        """(dx, dy)."""
        return dout * self.y, dout * self.x


# For out = x + y both are 1: a sum passes on what arrives, and remembers nothing.


class AddLayer:
    """x + y."""

    def forward(self, x: Array, y: Array) -> Array:
        """The sum."""
        return x + y

    def backward(self, dout: Array) -> tuple[Array, Array]:
        """(dx, dy)."""
        return dout, dout


# ── Activations ─────────────────────────────────────────────────────────────────────────────────────
#
# Relu is a switch for every number: on, it passes dout on, and off it gives 0. At x = 0 it is off.


class Relu:
    """max(0, x)."""

    def forward(self, x: Array) -> Array:
        """The positive numbers as they are, 0 for the others."""
        self.off = x <= 0
        return np.where(self.off, 0, x)

    def backward(self, dout: Array) -> Array:
        """∂L/∂x."""
        return np.where(self.off, 0, dout)


# The sigmoid 1 / (1 + exp(−x)) is a chain of four nodes, × exp + /. Two are layers already; the others have
# local derivatives that their own output gives: exp′(x) = out, and (1/x)′ = −1/x² = −out².


class ExpLayer:
    """exp(x)."""

    def forward(self, x: Array) -> Array:
        """The exponential."""
        self.out = np.exp(x)
        return self.out

    def backward(self, dout: Array) -> Array:
        """∂L/∂x."""
        return dout * self.out


class DivLayer:
    """1 / x."""

    def forward(self, x: Array) -> Array:
        """The reciprocal."""
        self.out = 1 / x
        return self.out

    def backward(self, dout: Array) -> Array:
        """∂L/∂x."""
        return -dout * self.out**2


class SigmoidNodes:
    """The sigmoid of x, node by node."""

    def __init__(self) -> None:
        self.mul, self.exp, self.add, self.div = MulLayer(), ExpLayer(), AddLayer(), DivLayer()

    def forward(self, x: Array) -> Array:
        """1 / (1 + exp(−x))."""
        minus_x = self.mul.forward(x, -1)
        e = self.exp.forward(minus_x)
        s = self.add.forward(1, e)
        return self.div.forward(s)

    def backward(self, dout: Array) -> Array:
        """∂L/∂x, by the nodes in reverse order."""
        ds = self.div.backward(dout)
        _, de = self.add.backward(ds)
        dminus_x = self.exp.backward(de)
        dx, _ = self.mul.backward(dminus_x)
        return dx


# Multiplied out, with y for the output, the four give dx = dout · y² · exp(−x). Since exp(−x) = 1/y − 1 this
# is dout · y(1 − y): one node, which remembers its output alone.


class Sigmoid:
    """The sigmoid of x, its four nodes merged. np.exp warns of an overflow for x < −709, where y is 0."""

    def forward(self, x: Array) -> Array:
        """1 / (1 + exp(−x))."""
        self.y = 1 / (1 + np.exp(-x))
        return self.y

    def backward(self, dout: Array) -> Array:
        """∂L/∂x."""
        return dout * self.y * (1 - self.y)


# ── Affine ──────────────────────────────────────────────────────────────────────────────────────────
#
# One example x, as a row, gives out_j = Σₖ x_k W_kj + b_j: a product for every weight and sums. So
# ∂L/∂W_kj = x_k dout_j, ∂L/∂b_j = dout_j, and x_k, which goes to every neuron, collects Σⱼ dout_j W_kj. In
# matrices these are xᵀ · dout, dout and dout · Wᵀ.
#
# A batch is a matrix with an example in every row. The first and the last expression hold as they are, the
# first one with the sum over the examples that a matrix product is. b is added to every row, so db sums them.


class Affine:
    """x · W + b, for a batch x of shape (n, inputs)."""

    def __init__(self, W: Array, b: Array) -> None:
        self.W, self.b = W, b

    def forward(self, x: Array) -> Array:
        """The outputs of all neurons, of shape (n, neurons)."""
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, dout: Array) -> Array:
        """dx; keeps dW and db, which the layer's own parameters need."""
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return np.dot(dout, self.W.T)


# ── Softmax with loss ───────────────────────────────────────────────────────────────────────────────
#
# Softmax turns the scores x into probabilities y, and the cross-entropy −Σ t log y says how far these are
# from the target t. Apart, each has an unhandy derivative; together they have y − t, the plain difference.
# The loss of a batch is the mean over its examples, hence the division.
#
# log y = x − log Σ exp(x) is computed first, with the largest score taken off, so that no exp overflows and
# no log meets a 0.


class SoftmaxWithLoss:
    """The mean cross-entropy of softmax(x), for scores x and one-hot targets t of shape (n, classes)."""

    def forward(self, x: Array, t: Array) -> Array:
        """The loss, a number."""
        x = x - x.max(axis=1, keepdims=True)
        log_y = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
        self.y, self.t = np.exp(log_y), t
        return -np.sum(t * log_y) / len(t)

    def backward(self, dout: Array = 1) -> Array:
        """∂L/∂x."""
        return dout * (self.y - self.t) / len(self.t)
