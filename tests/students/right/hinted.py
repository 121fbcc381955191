from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(eq=False)
class Value:
    """A scalar that remembers how it was computed."""

    data: float
    grad: float = 0.0
    op: str = ""
    parents: list[Value] = field(default_factory=list, repr=False)
    pullback: Callable[[float], tuple[float, ...]] | None = field(default=None, repr=False)

    @staticmethod
    def of(x: Value | float) -> Value:
        return x if isinstance(x, Value) else Value(float(x))

    def __add__(self, other: Value | float) -> Value:
        other = Value.of(other)
        return Value(self.data + other.data, 0.0, "+", [self, other], lambda g: (g, g))

    def __sub__(self, other: Value | float) -> Value:
        other = Value.of(other)
        return Value(self.data - other.data, 0.0, "-", [self, other], lambda g: (g, -g))

    def __mul__(self, other: Value | float) -> Value:
        other = Value.of(other)
        x, y = self.data, other.data
        return Value(x * y, 0.0, "*", [self, other], lambda g: (g * y, g * x))

    def __truediv__(self, other: Value | float) -> Value:
        other = Value.of(other)
        x, y = self.data, other.data
        return Value(x / y, 0.0, "/", [self, other], lambda g: (g / y, -g * x / (y * y)))

    def __pow__(self, exponent: float) -> Value:
        x = self.data
        return Value(x**exponent, 0.0, "**", [self], lambda g: (g * exponent * x ** (exponent - 1),))

    def __neg__(self) -> Value:
        return Value(-self.data, 0.0, "neg", [self], lambda g: (-g,))

    def __radd__(self, other: float) -> Value:
        return self + other

    def __rsub__(self, other: float) -> Value:
        return Value.of(other) - self

    def __rmul__(self, other: float) -> Value:
        return self * other

    def __rtruediv__(self, other: float) -> Value:
        return Value.of(other) / self

    def exp(self) -> Value:
        y = math.exp(self.data)
        return Value(y, 0.0, "exp", [self], lambda g: (g * y,))

    def log(self) -> Value:
        x = self.data
        return Value(math.log(x), 0.0, "log", [self], lambda g: (g / x,))

    def tanh(self) -> Value:
        y = math.tanh(self.data)
        return Value(y, 0.0, "tanh", [self], lambda g: (g * (1 - y**2),))

    def sigmoid(self) -> Value:
        y = 0.5 + 0.5 * math.tanh(0.5 * self.data)
        return Value(y, 0.0, "sigmoid", [self], lambda g: (g * y * (1 - y),))

    def relu(self) -> Value:
        x = self.data
        return Value(max(x, 0.0), 0.0, "relu", [self], lambda g: (g if x > 0 else 0.0,))

    def backward(self) -> None:
        order: list[Value] = []
        visited: set[int] = set()

        def visit(node: Value) -> None:
            if id(node) in visited:
                return
            visited.add(id(node))
            for parent in node.parents:
                visit(parent)
            order.append(node)

        visit(self)
        for node in order:
            if node.parents:
                node.grad = 0.0
        self.grad = 1.0
        while order:
            node = order.pop()
            if node.pullback is not None:
                for parent, contribution in zip(node.parents, node.pullback(node.grad)):
                    parent.grad += contribution
