# autodiff.py - assignment 1
# every node knows its operator, backward looks at it

import math

class Value:
    def __init__(self, data, op=None, inputs=[]):
        self.data = data
        self.op = op
        self.inputs = list(inputs)
        self.grad = 0.0

    def __add__(self, other):  return apply("+", self, other)
    def __radd__(self, other): return apply("+", other, self)
    def __sub__(self, other):  return apply("-", self, other)
    def __rsub__(self, other): return apply("-", other, self)
    def __mul__(self, other):  return apply("*", self, other)
    def __rmul__(self, other): return apply("*", other, self)
    def __truediv__(self, other):  return apply("/", self, other)
    def __rtruediv__(self, other): return apply("/", other, self)
    def __pow__(self, other):  return apply("**", self, other)
    def __rpow__(self, other): return apply("**", other, self)
    def __neg__(self): return apply("neg", self)
    def exp(self):  return apply("exp", self)
    def log(self):  return apply("log", self)
    def sin(self):  return apply("sin", self)
    def cos(self):  return apply("cos", self)
    def tanh(self): return apply("tanh", self)
    def relu(self): return apply("relu", self)

    def _chain(self):
        g = self.grad
        if self.op in ("+", "-", "*", "/", "**"):
            a, b = self.inputs
        elif self.op is not None:
            a = self.inputs[0]

        if self.op == "+":
            a.grad += g
            b.grad += g
        elif self.op == "-":
            a.grad += g
            b.grad += -g
        elif self.op == "*":
            a.grad += g * b.data
            b.grad += g * a.data
        elif self.op == "/":
            a.grad += g / b.data
            b.grad += -g * a.data / b.data ** 2
        elif self.op == "**":
            a.grad += g * b.data * a.data ** (b.data - 1)
            if a.data > 0:
                b.grad += g * self.data * math.log(a.data)
        elif self.op == "neg":
            a.grad += -g
        elif self.op == "exp":
            a.grad += g * self.data
        elif self.op == "log":
            a.grad += g / a.data
        elif self.op == "sin":
            a.grad += g * math.cos(a.data)
        elif self.op == "cos":
            a.grad += -g * math.sin(a.data)
        elif self.op == "tanh":
            a.grad += g * (1 - self.data ** 2)
        elif self.op == "relu":
            if a.data > 0:
                a.grad += g

    def backward(self):
        order = toposort(self, [], set())
        self.grad = 1.0
        for node in order[::-1]:
            node._chain()

    def __repr__(self):
        return "Value(%s)" % self.data

def apply(op, *args):
    args = [a if isinstance(a, Value) else Value(a) for a in args]
    x = [a.data for a in args]
    if op == "+":      y = x[0] + x[1]
    elif op == "-":    y = x[0] - x[1]
    elif op == "*":    y = x[0] * x[1]
    elif op == "/":    y = x[0] / x[1]
    elif op == "**":   y = x[0] ** x[1]
    elif op == "neg":  y = -x[0]
    elif op == "relu": y = max(0.0, x[0])
    else:              y = getattr(math, op)(x[0])
    return Value(y, op, args)

def toposort(node, order, visited):
    if node not in visited:
        visited.add(node)
        for i in node.inputs:
            toposort(i, order, visited)
        order.append(node)
    return order
