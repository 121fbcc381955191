"""Nodes that are tied to the wrong nodes, or to none."""

from students.engine import wrong

INNER = "x = Value(0.5); (x + x).tanh().backward(); x.grad", 0.8399486832280523
PRODUCTS = "x = Value(3.0); (x * 2 + x * 5).backward(); x.grad", 7.0
OF_A_SUM = "x = Value(3.0); ((x + 1.0) * 5.0).backward(); x.grad", 5.0
RELU = "x = Value(3.0); (x * 2.0).relu().backward(); x.grad", 2.0
EXP = "x = Value(0.0); (x * 2.0).exp().backward(); x.grad", 2.0
RIGHT_FACTOR = "x, y = Value(3.0), Value(5.0); (x * y).backward(); y.grad", 3.0
IN_PLACE = "x = Value(3.0); y = x * 2; y += x; y.backward(); x.grad", 3.0

IADD = """
def __iadd__(self, other):
    self.data += other.data if isinstance(other, Value) else other
    return self
"""

WRONG = [
    wrong(
        "self-backward",
        "closures",
        "the function is hung on the argument",
        (
            "self.grad += (1 - t**2) * out.grad\n        out._backward",
            "self.grad += (1 - t**2) * out.grad\n        self._backward",
        ),
        where="tanh",
        shows=INNER,
    ),
    wrong(
        "self-backward",
        "closures",
        "the function is hung on the left factor",
        (
            "other.grad += self.data * out.grad\n        out._backward",
            "other.grad += self.data * out.grad\n        self._backward",
        ),
        where="mul",
        shows=[PRODUCTS, OF_A_SUM],
    ),
    wrong(
        "self-backward",
        "methods",
        "the function is hung on the argument",
        (
            "self.grad += out.data * (1 - out.data) * out.grad\n\n        out._backward",
            "self.grad += out.data * (1 - out.data) * out.grad\n\n        self._backward",
        ),
        where="sigmoid",
        shows=("x = Value(0.0); (x + x).sigmoid().backward(); x.grad", 0.5),
    ),
    wrong(
        "no-children",
        "closures",
        "a result without children: nothing beyond it is found",
        ("(self,), 'relu'", "(), 'relu'"),
        where="relu",
        shows=RELU,
    ),
    wrong(
        "no-children",
        "methods",
        "a result without children: nothing beyond it is found",
        ("Value(math.tanh(self.data), (self,))", "Value(math.tanh(self.data))"),
        where="tanh",
        shows=INNER,
    ),
    wrong(
        "no-children",
        "hinted",
        "a result without parents: nothing beyond it is found",
        ('"relu", [self]', '"relu", []'),
        where="relu",
        shows=RELU,
    ),
    wrong(
        "no-children",
        "pairs",
        "结果没有父节点",
        ("[(self, 1 if self.data > 0 else 0)]", "[]"),
        where="relu",
        shows=RELU,
    ),
    wrong(
        "no-backward",
        "methods",
        "the function is written but not hung anywhere",
        (
            "self.grad += out.data * out.grad\n\n        out._backward = _backward\n",
            "self.grad += out.data * out.grad\n\n",
        ),
        where="exp",
        shows=EXP,
    ),
    wrong(
        "no-backward",
        "switch",
        "a case is missing in the chain of elif",
        ('        elif self.op == "exp":\n            a.grad += g * self.data\n', ""),
        where="exp",
        shows=EXP,
    ),
    wrong(
        "no-backward",
        "german",
        "the rule is not handed on",
        ("return Var(log(a.value), (a,), regel)", "return Var(log(a.value), (a,))"),
        where="log",
        shows=("x = Value(2.0); x.log().backward(); x.grad", 0.5),
    ),
    wrong(
        "both-to-self",
        "closures",
        "copied, and changed in one place of two",
        ("other.grad += self.data * out.grad", "self.grad += self.data * out.grad"),
        shows=RIGHT_FACTOR,
    ),
    wrong(
        "both-to-self",
        "switch",
        "copied, and changed in one place of two",
        ("b.grad += g * a.data\n", "a.grad += g * a.data\n"),
        shows=RIGHT_FACTOR,
    ),
    wrong(
        "add-mul-exchanged",
        "closures",
        "the bodies of two functions are in each other's place",
        (
            "self.grad += out.grad\n            other.grad += 1.0 * out.grad",
            "self.grad += other.data * out.grad\n            other.grad += self.data * out.grad",
        ),
        (
            "self.grad += other.data * out.grad\n            other.grad += self.data * out.grad",
            "self.grad += out.grad\n            other.grad += out.grad",
        ),
        shows=[RIGHT_FACTOR, OF_A_SUM],
    ),
    wrong(
        "add-mul-exchanged",
        "functions",
        "the bodies of two functions are in each other's place",
        (
            "    def forward(self, a, b):\n        return a + b\n\n    def backward(self, grad):\n"
            "        return grad, grad",
            "    def forward(self, a, b):\n        self.a, self.b = a, b\n        return a + b\n\n"
            "    def backward(self, grad):\n        return grad * self.b, grad * self.a",
        ),
        ("return grad * self.b, grad * self.a", "return grad, grad"),
        shows=RIGHT_FACTOR,
    ),
    wrong(
        "iadd-in-place",
        "closures",
        "+= changes the number, and the graph knows nothing of it",
        ("def __neg__(self): …", IADD + "def __neg__(self): return self * -1\n"),
        shows=IN_PLACE,
    ),
    wrong(
        "iadd-in-place",
        "methods",
        "+= changes the number, and the graph knows nothing of it",
        ("def zero_grad(self): …", IADD + "def zero_grad(self): self.grad = 0.0\n"),
        shows=IN_PLACE,
    ),
    wrong(
        "late-binding",
        "closures",
        "functions made in a loop see its last turn",
        (
            "def __pow__(self, n): …",
            """
                def __pow__(self, n):
                    if n in (2, 3, 4):   # faster as a product
                        out = self
                        for _ in range(n - 1):
                            last = out
                            out = Value(last.data * self.data, (last, self), '*')
                            def _backward():
                                last.grad += self.data * out.grad
                                self.grad += last.data * out.grad
                            out._backward = _backward
                        return out
                    out = Value(self.data**n, (self,), f'**{n}')
                    def _backward():
                        self.grad += n * self.data**(n - 1) * out.grad
                    out._backward = _backward
                    return out
            """,
        ),
        where="pow",
        shows=("x = Value(2.0); (x ** 3).backward(); x.grad", 12.0),
    ),
    wrong(
        "late-binding",
        "methods",
        "methods made in a loop have the last one's derivative",
        ("def exp(self): …", "\n"),
        ("def sin(self): …", "\n"),
        ("def cos(self): …", "\n"),
        (
            '        return f"Value({self.data:.4f}, grad={self.grad:.4f})"\n',
            """        return f"Value({self.data:.4f}, grad={self.grad:.4f})"


for f, df in (exp, exp), (math.cos, lambda x: -math.sin(x)), (math.sin, math.cos):
    def method(self, f=f):
        out = Value(f(self.data), (self,))
        def _backward():
            self.grad += df(self.data) * out.grad
        out._backward = _backward
        return out
    setattr(Value, f.__name__, method)
""",
        ),
        where="functions",
        shows=("x = Value(1.0); x.exp().backward(); x.grad", 2.718281828459045),
    ),
    wrong(
        "late-binding",
        "german",
        "the rule sees the name's later number",
        (
            "y = exp(a.value)\n        def regel(g):\n            a.gradient += g * y\n"
            "        return Var(y, (a,), regel)",
            "y = a.value\n        def regel(g):\n            a.gradient += g * exp(y)\n"
            "        y = exp(y)\n        return Var(y, (a,), regel)",
        ),
        where="exp",
        shows=EXP,
    ),
]
