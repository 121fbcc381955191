"""Scalar autograd with as many functions as I could think of."""

import math
from math import exp, log


def as_value(x):
    return x if isinstance(x, Value) else Value(x)


class Value:
    __slots__ = ("data", "grad", "_prev", "_backward", "__weakref__")

    def __init__(self, data, prev=()):
        self.data = float(data)
        self.grad = 0.0
        self._prev = tuple(prev)
        self._backward = None

    # ---------- arithmetic ----------

    def __add__(self, other):
        other = as_value(other)
        out = Value(self.data + other.data, (self, other))

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __sub__(self, other):
        other = as_value(other)
        out = Value(self.data - other.data, (self, other))

        def _backward():
            self.grad += out.grad
            other.grad -= out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = as_value(other)
        out = Value(self.data * other.data, (self, other))

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def __truediv__(self, other):
        other = as_value(other)
        out = Value(self.data / other.data, (self, other))

        def _backward():
            self.grad += out.grad / other.data
            other.grad -= self.data / other.data**2 * out.grad

        out._backward = _backward
        return out

    def __pow__(self, other):
        other = as_value(other)
        out = Value(self.data**other.data, (self, other))

        def _backward():
            if other.data != 0:
                self.grad += other.data * self.data ** (other.data - 1) * out.grad
            if self.data > 0:
                other.grad += out.data * log(self.data) * out.grad

        out._backward = _backward
        return out

    def __neg__(self):
        out = Value(-self.data, (self,))

        def _backward():
            self.grad -= out.grad

        out._backward = _backward
        return out

    def __radd__(self, other):
        return as_value(other) + self

    def __rsub__(self, other):
        return as_value(other) - self

    def __rmul__(self, other):
        return as_value(other) * self

    def __rtruediv__(self, other):
        return as_value(other) / self

    def __rpow__(self, other):
        return as_value(other) ** self

    # ---------- functions ----------

    def exp(self):
        out = Value(exp(self.data), (self,))

        def _backward():
            self.grad += out.data * out.grad

        out._backward = _backward
        return out

    def log(self):
        out = Value(log(self.data), (self,))

        def _backward():
            self.grad += 1 / self.data * out.grad

        out._backward = _backward
        return out

    def sqrt(self):
        out = Value(math.sqrt(self.data), (self,))

        def _backward():
            self.grad += 0.5 / out.data * out.grad

        out._backward = _backward
        return out

    def sin(self):
        out = Value(math.sin(self.data), (self,))

        def _backward():
            self.grad += math.cos(self.data) * out.grad

        out._backward = _backward
        return out

    def cos(self):
        out = Value(math.cos(self.data), (self,))

        def _backward():
            self.grad += -math.sin(self.data) * out.grad

        out._backward = _backward
        return out

    def tanh(self):
        out = Value(math.tanh(self.data), (self,))

        def _backward():
            self.grad += (1 - out.data**2) * out.grad

        out._backward = _backward
        return out

    def sigmoid(self):
        if self.data >= 0:
            s = 1 / (1 + exp(-self.data))
        else:
            s = exp(self.data) / (1 + exp(self.data))
        out = Value(s, (self,))

        def _backward():
            self.grad += out.data * (1 - out.data) * out.grad

        out._backward = _backward
        return out

    def softplus(self):
        out = Value(max(self.data, 0) + math.log1p(exp(-abs(self.data))), (self,))

        def _backward():
            # its derivative is the sigmoid, 1 - e^-out
            self.grad += -math.expm1(-out.data) * out.grad

        out._backward = _backward
        return out

    def relu(self):
        out = Value(max(0.0, self.data), (self,))

        def _backward():
            if self.data > 0:
                self.grad += out.grad

        out._backward = _backward
        return out

    def abs(self):
        out = Value(abs(self.data), (self,))

        def _backward():
            sign = (self.data > 0) - (self.data < 0)
            self.grad += sign * out.grad

        out._backward = _backward
        return out

    __abs__ = abs

    def max(self, other):
        other = as_value(other)
        out = Value(max(self.data, other.data), (self, other))

        def _backward():
            if self.data >= other.data:
                self.grad += out.grad
            else:
                other.grad += out.grad

        out._backward = _backward
        return out

    # ---------- backward ----------

    def backward(self):
        """Without recursion, so that a long sum works."""
        order = []
        visited = set()
        stack = [(self, False)]
        while stack:
            node, finished = stack.pop()
            if finished:
                order.append(node)
            elif node not in visited:
                visited.add(node)
                stack.append((node, True))
                for child in node._prev:
                    stack.append((child, False))

        for node in order:
            if node._prev:  # only leaves accumulate
                node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            if node._backward is not None:
                node._backward()

    def zero_grad(self):
        self.grad = 0.0

    def __repr__(self):
        return f"Value({self.data:.4f}, grad={self.grad:.4f})"
