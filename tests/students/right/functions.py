"""Mini PyTorch: one class per operation with forward and backward."""
import math


class Function:
    @classmethod
    def apply(cls, *args):
        fn = cls()
        fn.inputs = [a if isinstance(a, Scalar) else Scalar(a, requires_grad=False) for a in args]
        out = Scalar(fn.forward(*[a.data for a in fn.inputs]))
        out.creator = fn
        return out


class Add(Function):
    def forward(self, a, b):
        return a + b

    def backward(self, grad):
        return grad, grad


class Mul(Function):
    def forward(self, a, b):
        self.a, self.b = a, b
        return a * b

    def backward(self, grad):
        return grad * self.b, grad * self.a


class Neg(Function):
    def forward(self, a):
        return -a

    def backward(self, grad):
        return (-grad,)


class Inv(Function):
    def forward(self, a):
        self.out = 1 / a
        return self.out

    def backward(self, grad):
        return (-self.out * self.out * grad,)


class Pow(Function):
    def forward(self, a, b):
        self.a, self.b = a, b
        return a ** b

    def backward(self, grad):
        da = self.b * self.a ** (self.b - 1) * grad
        db = self.a ** self.b * math.log(self.a) * grad if self.a > 0 else 0.0
        return da, db


class Exp(Function):
    def forward(self, a):
        self.out = math.exp(a)
        return self.out

    def backward(self, grad):
        return (self.out * grad,)


class Log(Function):
    def forward(self, a):
        self.a = a
        return math.log(a)

    def backward(self, grad):
        return (grad / self.a,)


class Tanh(Function):
    def forward(self, a):
        self.out = math.tanh(a)
        return self.out

    def backward(self, grad):
        return ((1 - self.out ** 2) * grad,)


class Sigmoid(Function):
    def forward(self, a):
        # two cases, exp must not overflow
        self.out = 1 / (1 + math.exp(-a)) if a > 0 else math.exp(a) / (1 + math.exp(a))
        return self.out

    def backward(self, grad):
        return (self.out * (1 - self.out) * grad,)


class ReLU(Function):
    def forward(self, a):
        self.mask = a > 0
        return a if self.mask else 0.0

    def backward(self, grad):
        return (grad if self.mask else 0.0,)


class Max(Function):
    def forward(self, a, b):
        self.first = a >= b
        return a if self.first else b

    def backward(self, grad):
        return (grad, 0.0) if self.first else (0.0, grad)


class Scalar:
    def __init__(self, data, requires_grad=True):
        self.data = data
        self.grad = None
        self.requires_grad = requires_grad
        self.creator = None

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if id(node) in seen:
                return
            seen.add(id(node))
            if node.creator is not None:
                for parent in node.creator.inputs:
                    visit(parent)
            order.append(node)

        visit(self)
        grads = {id(self): 1.0}
        for node in reversed(order):
            grad = grads[id(node)]
            if node.creator is None:
                if node.requires_grad:
                    node.grad = grad if node.grad is None else node.grad + grad
                continue
            for parent, g in zip(node.creator.inputs, node.creator.backward(grad)):
                grads[id(parent)] = grads.get(id(parent), 0.0) + g

    def zero_grad(self):
        self.grad = None

    def __add__(self, other): return Add.apply(self, other)
    def __radd__(self, other): return Add.apply(other, self)
    def __mul__(self, other): return Mul.apply(self, other)
    def __rmul__(self, other): return Mul.apply(other, self)
    def __neg__(self): return Neg.apply(self)
    def __sub__(self, other): return self + (-other)
    def __rsub__(self, other): return -self + other
    def __truediv__(self, other): return self * inv(other)
    def __rtruediv__(self, other): return other * inv(self)
    def __pow__(self, other): return Pow.apply(self, other)
    def __rpow__(self, other): return Pow.apply(other, self)


def inv(x): return Inv.apply(x)
def exp(x): return Exp.apply(x)
def log(x): return Log.apply(x)
def tanh(x): return Tanh.apply(x)
def sigmoid(x): return Sigmoid.apply(x)
def relu(x): return ReLU.apply(x)
def maximum(x, y): return Max.apply(x, y)
