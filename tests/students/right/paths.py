"""Reverse mode in thirty lines: every path from the result to a leaf is walked once."""
from math import cos, exp, log, sin, tanh

class Num:
    def __init__(self, data, local_gradients=()):
        self.data = data
        self.grad = 0.0
        self.local_gradients = local_gradients

    def backward(self, upstream=1.0):
        self.grad += upstream
        for child, local in self.local_gradients:
            child.backward(upstream * local)

    def __add__(self, other):
        other = num(other)
        return Num(self.data + other.data, ((self, 1.0), (other, 1.0)))
    def __mul__(self, other):
        other = num(other)
        return Num(self.data * other.data, ((self, other.data), (other, self.data)))
    def __pow__(self, n): return Num(self.data ** n, ((self, n * self.data ** (n - 1)),))
    def __neg__(self): return Num(-self.data, ((self, -1.0),))
    def __sub__(self, other): return self + -num(other)
    def __truediv__(self, other): return self * num(other) ** -1
    __radd__, __rmul__ = __add__, __mul__
    def __rsub__(self, other): return num(other) - self
    def __rtruediv__(self, other): return num(other) / self

def num(x): return x if type(x) is Num else Num(x)
def Exp(x): return Num(exp(x.data), ((x, exp(x.data)),))
def Log(x): return Num(log(x.data), ((x, 1 / x.data),))
def Sin(x): return Num(sin(x.data), ((x, cos(x.data)),))
def Cos(x): return Num(cos(x.data), ((x, -sin(x.data)),))
def Tanh(x): return Num(tanh(x.data), ((x, 1 - tanh(x.data) ** 2),))
