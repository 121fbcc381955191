# Wengert list: every operation writes one line on the tape, backward reads it from the end.
import math

tape = []      # (result, [(argument, local derivative), ...])

class Var:
    def __init__(self, data):
        self.data = data
        self.grad = 0.0

    def __add__(self, other):
        other = lift(other)
        return record(self.data + other.data, (self, 1.0), (other, 1.0))

    def __sub__(self, other):
        other = lift(other)
        return record(self.data - other.data, (self, 1.0), (other, -1.0))

    def __mul__(self, other):
        other = lift(other)
        return record(self.data * other.data, (self, other.data), (other, self.data))

    def __truediv__(self, other):
        other = lift(other)
        return record(self.data / other.data, (self, 1 / other.data), (other, -self.data / other.data ** 2))

    def __pow__(self, n):
        return record(self.data ** n, (self, n * self.data ** (n - 1)))

    def __neg__(self):
        return record(-self.data, (self, -1.0))

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other):
        return lift(other) - self

    def __rtruediv__(self, other):
        return lift(other) / self

    def backward(self):
        for result, arguments in tape:
            result.grad = 0.0
        self.grad = 1.0
        for result, arguments in reversed(tape):
            for argument, slope in arguments:
                argument.grad += slope * result.grad

def lift(x):
    if isinstance(x, Var):
        return x
    return Var(x)

def record(data, *arguments):
    result = Var(data)
    tape.append((result, arguments))
    return result

def exp(x):
    y = math.exp(x.data)
    return record(y, (x, y))

def log(x):
    return record(math.log(x.data), (x, 1 / x.data))

def sin(x):
    return record(math.sin(x.data), (x, math.cos(x.data)))

def cos(x):
    return record(math.cos(x.data), (x, -math.sin(x.data)))

def tanh(x):
    y = math.tanh(x.data)
    return record(y, (x, 1 - y * y))

def sigmoid(x):
    y = 0.5 * (1 + math.tanh(x.data / 2))
    return record(y, (x, y * (1 - y)))

def relu(x):
    if x.data > 0:
        return record(x.data, (x, 1.0))
    return record(0.0, (x, 0.0))

x, y = Var(1.5), Var(0.5)
z = sin(x) * y + exp(x * y)
z.backward()
print("dz/dx =", x.grad, "   dz/dy =", y.grad)
