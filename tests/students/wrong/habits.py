"""What Python does not do by itself, and slips that fit nowhere else: "other-…"."""

from students.engine import wrong
from students.wrong.rules import slope

SUM = "x = Value(3.0); y = sum([x, x]); y.backward(); x.grad", 2.0
DIFFERENCE = "x = Value(3.0); y = 10 - x; y.data", 7.0
QUOTIENT = "x = Value(4.0); y = 2 / x; y.data", 0.5
NUMBER = "x = Value(3.0); y = x + 2; y.data", 5.0
FACTOR = "x = Value(3.0); y = x * 0.5; y.data", 1.5

WRONG = [
    # ── A number on the left, a number on the right ─────────────────────────────────────────────────
    wrong("no-radd", "closures", "sum begins with 0 + x", ("def __radd__(self, other): …", "\n"), shows=SUM),
    wrong("no-radd", "tape", "sum begins with 0 + x", ("    __radd__ = __add__\n", ""), shows=SUM),
    wrong("no-radd", "methods", "sum begins with 0 + x", ("def __radd__(self, other): …", "\n"), shows=SUM),
    wrong(
        "radd-recursive",
        "closures",
        "other + self calls __radd__, which calls other + self",
        ("def __radd__(self, other): return self + other", "def __radd__(self, other): return other + self"),
        shows=SUM,
    ),
    wrong(
        "radd-recursive",
        "pairs",
        "other + self calls __radd__, which calls other + self",
        (
            "def __radd__(self, other):\n        return self + other",
            "def __radd__(self, other):\n        return other + self",
        ),
        shows=SUM,
    ),
    wrong(
        "rsub-is-sub",
        "tape",
        "c − x as x − c",
        ("def __rsub__(self, other): …", "__rsub__ = __sub__\n"),
        shows=DIFFERENCE,
    ),
    wrong("rsub-is-sub", "german", "c − x as x − c", ("return (-a) + b", "return a - b"), shows=DIFFERENCE),
    wrong(
        "rsub-is-sub",
        "closures",
        "c − x as x − c",
        ("return other + (-self)", "return self - other"),
        shows=DIFFERENCE,
    ),
    wrong(
        "rtruediv-is-div",
        "closures",
        "c / x as x / c",
        ("return other * self**-1", "return self / other"),
        shows=QUOTIENT,
    ),
    wrong(
        "rtruediv-is-div",
        "tape",
        "c / x as x / c",
        ("def __rtruediv__(self, other): …", "__rtruediv__ = __truediv__\n"),
        shows=QUOTIENT,
    ),
    wrong(
        "rpow-is-pow",
        "methods",
        "2 ** x as x ** 2",
        ("def __rpow__(self, other): …", "__rpow__ = __pow__\n"),
        shows=("x = Value(3.0); (2 ** x).data", 8.0),
    ),
    wrong(
        "rpow-is-pow",
        "switch",
        "2 ** x as x ** 2",
        (
            'def __rpow__(self, other): return apply("**", other, self)',
            'def __rpow__(self, other): return apply("**", self, other)',
        ),
        shows=("x = Value(3.0); (2 ** x).data", 8.0),
    ),
    wrong("int-data", "methods", "whole numbers only", ("float(data)", "int(data)"), shows=FACTOR),
    wrong(
        "int-data",
        "switch",
        "whole numbers only",
        ("self.data = data", "self.data = int(data)"),
        shows=FACTOR,
    ),
    wrong(
        "number-not-wrapped",
        "closures",
        "a number has no .data",
        ("        other = other if isinstance(other, Value) else Value(other)\n", "", 2),
        ("def __neg__(self): return self * -1", "def __neg__(self): return self * Value(-1)"),
        (
            "def __radd__(self, other): return self + other",
            "def __radd__(self, other): return Value(other) + self",
        ),
        shows=[NUMBER, FACTOR],
    ),
    wrong(
        "number-not-wrapped",
        "german",
        "a number has no value",
        (
            "if not isinstance(b, Var): b = Var(b)\n        def regel(g):\n            a.gradient += g\n",
            "def regel(g):\n            a.gradient += g\n",
        ),
        where="add",
        shows=NUMBER,
    ),
    # ── Others: numbers and operators ───────────────────────────────────────────────────────────────
    wrong(
        "other-no-rmul",
        "closures",
        "2 * x raises",
        ("def __rmul__(self, other): …", "\n"),
        shows=("x = Value(3.0); (2 * x).data", 6.0),
    ),
    wrong(
        "other-no-rsub",
        "hinted",
        "1 - x raises",
        ("def __rsub__(self, other: float) -> Value: …", "\n"),
        shows=DIFFERENCE,
    ),
    wrong(
        "other-no-neg",
        "closures",
        "-x raises, and so does all that is made with it",
        ("def __neg__(self): …", "\n"),
        shows=("x = Value(3.0); (-x).data", -3.0),
    ),
    wrong(
        "other-floats-not-wrapped",
        "closures",
        "only whole numbers become Values",
        (
            "other = other if isinstance(other, Value) else Value(other)",
            "other = Value(other) if isinstance(other, int) else other",
            2,
        ),
        shows=FACTOR,
    ),
    wrong(
        "other-rsub-slope",
        "hinted",
        "c − x is right, its slope is +1",
        (
            "return Value.of(other) - self",
            'return Value(other - self.data, 0.0, "rsub", [self], lambda g: (g,))',
        ),
        shows=slope("10 - x", -1.0),
    ),
    wrong(
        "other-rtruediv-slope",
        "tape",
        "c / x is right, its slope lacks the square",
        ("return lift(other) / self", "return record(other / self.data, (self, -other / self.data))"),
        shows=slope("2 / x", -8.0),
    ),
    wrong(
        "other-neg-plus",
        "methods",
        "−x passes the gradient as it is",
        ("self.grad -= out.grad", "self.grad += out.grad"),
        shows=slope("-x", -1.0),
    ),
    wrong(
        "other-rounds",
        "pairs",
        "numbers are rounded where they are kept, not where they are printed",
        ("self.data = data", "self.data = round(data, 2)"),
        shows=("x = Value(0.125); x.data", 0.125),
    ),
    wrong(
        "other-copies-operand",
        "methods",
        "what is a Value already is wrapped again: the gradient goes to the copy",
        (
            "return x if isinstance(x, Value) else Value(x)",
            "return Value(x.data if isinstance(x, Value) else x)",
        ),
        shows=("x, y = Value(2.0), Value(5.0); (x * y).backward(); y.grad", 2.0),
    ),
    wrong(
        "other-mutates-operand",
        "methods",
        "relu works in place",
        (
            "out = Value(max(0.0, self.data), (self,))",
            "self.data = max(0.0, self.data)\n        out = Value(self.data, (self,))",
        ),
        where="relu",
        shows=("x = Value(-2.0); y = x.relu(); x.data", -2.0),
    ),
    wrong(
        "other-mutates-operand",
        "pairs",
        "abs works in place",
        (
            "return Node(abs(self.data), [(self, 1 if self.data > 0 else -1)])",
            "sign = 1 if self.data > 0 else -1\n        self.data *= sign\n"
            "        return Node(self.data, [(self, sign)])",
        ),
        where="abs",
        shows=("x = Value(-2.0); y = x.abs() + x * x * x; y.data", -6.0),
    ),
    # ── Others: rules ───────────────────────────────────────────────────────────────────────────────
    wrong(
        "other-exp-power-rule",
        "hinted",
        "x·eˣ⁻¹, as if e were the variable",
        ("lambda g: (g * y,)", "lambda g: (g * self.data * math.exp(self.data - 1),)"),
        shows=[slope("x.exp()", 2.718281828459045, x=1.0), slope("x.exp()", 1.0, x=0.0)],
    ),
    wrong(
        "other-sigmoid-like-tanh",
        "methods",
        "1 − s²: copied from tanh",
        ("out.data * (1 - out.data)", "(1 - out.data**2)"),
        shows=slope("x.sigmoid()", 0.25, x=0.0),
    ),
    wrong(
        "other-relu-slope-is-out",
        "hinted",
        "relu's slope is its result",
        ("g if x > 0 else 0.0,", "g * max(x, 0.0),"),
        shows=slope("x.relu()", 1.0, x=2.0),
    ),
    wrong(
        "other-relu-leaks",
        "switch",
        "0.01 below 0, as for another function",
        (
            "            if a.data > 0:\n                a.grad += g\n",
            "            a.grad += g if a.data > 0 else 0.01 * g\n",
        ),
        shows=slope("x.relu()", 0.0, x=-2.0),
    ),
    wrong(
        "other-exponent-no-gradient",
        "functions",
        "the exponent counts as a number",
        ("return da, db", "return da, 0.0"),
        shows=("x, y = Value(2.0), Value(3.0); (x ** y).backward(); y.grad", 5.545177444479562),
    ),
    wrong(
        "other-exponent-like-mul",
        "methods",
        "the exponent's slope is copied from mul",
        (
            "if self.data > 0:\n                other.grad += out.data * log(self.data) * out.grad\n",
            "other.grad += self.data * out.grad\n",
        ),
        shows=("x, y = Value(2.0), Value(3.0); (x ** y).backward(); y.grad", 5.545177444479562),
    ),
    wrong(
        "other-log-base-ten",
        "pairs",
        "log₁₀ with the slope of ln",
        ("Node(math.log(self.data)", "Node(math.log10(self.data)"),
        shows=("Value(10.0).log().data", 2.302585092994046),
    ),
    wrong(
        "other-degrees",
        "tape",
        "sin of degrees",
        ("record(math.sin(x.data), ", "record(math.sin(math.radians(x.data)), "),
        shows=("x = Value(1.0); sin(x).data", 0.8414709848078965),
    ),
    # ── Others: the graph ───────────────────────────────────────────────────────────────────────────
    wrong(
        "other-counts-all-uses",
        "closures",
        "a node waits for uses that another loss, or none, will bring",
        (
            "self._op = _op ",
            "self.uses = 0\n        for c in self._prev: c.uses += 1\n        self._op = _op ",
        ),
        (
            "def backward(self): …",
            """
                def backward(self):
                    self.grad = 1.0
                    ready = [self]
                    while ready:
                        v = ready.pop()
                        v._backward()
                        for child in v._prev:
                            child.uses -= 1
                            if child.uses == 0:
                                ready.append(child)
            """,
        ),
        shows=("x = Value(3.0); y = x * 2; unused = y * 7; (y * 5).backward(); x.grad", 10.0),
    ),
    wrong(
        "other-break-for-continue",
        "functions",
        "the first constant ends the loop over the arguments",
        (
            "                grads[id(parent)] = grads.get(id(parent), 0.0) + g\n",
            "                if not parent.requires_grad:\n                    break\n"
            "                grads[id(parent)] = grads.get(id(parent), 0.0) + g\n",
        ),
        ("grad = grads[id(node)]", "grad = grads.get(id(node), 0.0)"),
        shows=("x = Value(3.0); (2 * x).backward(); x.grad", 2.0),
    ),
    wrong(
        "other-stops-at-leaf",
        "functions",
        "the first leaf ends the pass",
        (
            "node.grad = grad if node.grad is None else node.grad + grad\n                continue",
            "node.grad = grad if node.grad is None else node.grad + grad\n                break",
        ),
        shows=("x, y = Value(3.0), Value(5.0); (x * y).backward(); x.grad", 5.0),
    ),
    wrong(
        "other-range-off-by-one",
        "switch",
        "the loop ends one node early",
        (
            "for node in order[::-1]:\n            node._chain()",
            "for i in range(len(order) - 1, 1, -1):\n            order[i]._chain()",
        ),
        shows=("x = Value(0.0); x.exp().exp().backward(); x.grad", 2.718281828459045),
    ),
    wrong(
        "other-stack-no-visited",
        "methods",
        "a stack of nodes, each once per path",
        (
            "def backward(self): …",
            """
                def backward(self):
                    self.grad = 1.0
                    stack = [self]
                    while stack:
                        node = stack.pop()
                        if node._backward is not None:
                            node._backward()
                        stack.extend(node._prev)
            """,
        ),
        shows=("x = Value(3.0); y = x * x; (y * 2 + y * 3).backward(); x.grad", 30.0),
    ),
    wrong(
        "other-tape-keeps-gradients",
        "tape",
        "the next loss reads the last one's gradients on the tape",
        ("        for result, arguments in tape:\n            result.grad = 0.0\n", ""),
        shows=("x = Value(3.0); (x * 2 * 3).backward(); (x * 1).backward(); x.grad", 7.0),
    ),
    wrong(
        "other-mutable-default",
        "switch",
        "inputs=[] is one list for all",
        ("self.inputs = list(inputs)", "self.inputs = inputs"),
        (
            "    return Value(y, op, args)\n",
            "    out = Value(y, op)\n    for a in args:\n        out.inputs.append(a)\n    return out\n",
        ),
        shows=("x = Value(0.5); (x * 2.0 + 1.0).backward(); x.grad", 2.0),
    ),
    wrong(
        "other-called-at-once",
        "methods",
        "_backward() for _backward: called before there is a gradient",
        (
            "self.grad += -math.sin(self.data) * out.grad\n\n        out._backward = _backward\n",
            "self.grad += -math.sin(self.data) * out.grad\n\n        out._backward = _backward()\n",
        ),
        where="cos",
        shows=slope("x.cos()", -0.479425538604203),
    ),
    wrong(
        "other-called-at-once",
        "closures",
        "_backward() for _backward: None is not callable",
        (
            "self.grad += (1 - t**2) * out.grad\n        out._backward = _backward\n",
            "self.grad += (1 - t**2) * out.grad\n        out._backward = _backward()\n",
        ),
        where="tanh",
        shows=slope("x.tanh()", 1.0, x=0.0),
    ),
    wrong(
        "other-no-return",
        "closures",
        "the result is not returned",
        (
            "(self.data > 0) * out.grad\n        out._backward = _backward\n\n        return out\n",
            "(self.data > 0) * out.grad\n        out._backward = _backward\n",
        ),
        where="relu",
        shows=("x = Value(2.0); x.relu().data", 2.0),
    ),
    wrong(
        "other-new-leaf",
        "german",
        "computed with numbers: a new leaf, tied to nothing",
        (
            "def sigmoid(a): return ((a * 0.5).tanh() + 1) * 0.5",
            "def sigmoid(a): return Var(0.5 * tanh(0.5 * a.value) + 0.5)",
        ),
        where="sigmoid",
        shows=slope("x.sigmoid()", 0.25, x=0.0),
    ),
    wrong(
        "other-new-leaf",
        "closures",
        "computed with numbers: a new leaf, tied to nothing",
        ("def __neg__(self): return self * -1", "def __neg__(self): return Value(-self.data)"),
        where="neg",
        shows=slope("-x", -1.0),
    ),
    wrong(
        "other-dataclass-unhashable",
        "hinted",
        "a dataclass that compares has no hash, and stands in no set",
        ("@dataclass(eq=False)", "@dataclass"),
        ("set[int]", "set[Value]"),
        ("if id(node) in visited", "if node in visited"),
        ("visited.add(id(node))", "visited.add(node)"),
        shows=slope("x * y", 2.0),
    ),
    wrong(
        "other-class-attribute",
        "pairs",
        "one list of parents for all, in the class",
        (
            "    def __init__(self, data, parents=()):\n",
            "    parents = []\n\n    def __init__(self, data, parents=()):\n",
        ),
        ("self.parents = parents", "self.parents += parents"),
        shows=("x = Value(3.0); y = x * x; z = x * 5.0; z.backward(); x.grad", 5.0),
    ),
    wrong(
        "other-tuple-without-comma",
        "hinted",
        "(g) is a number, (g,) is a tuple",
        ("(g * (1 - y**2),)", "(g * (1 - y**2))"),
        where="tanh",
        shows=slope("x.tanh()", 1.0, x=0.0),
    ),
]
