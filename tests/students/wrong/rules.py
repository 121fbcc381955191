"""Local derivatives that are not the derivative of what was computed."""

from students.engine import wrong


def slope(expression, right, **at):
    """A program that asks for an expression's slope along x, at x = 0.5 and y = 2 if nothing else is said."""
    point = {"x": 0.5, "y": 2.0} | at
    names, numbers = ", ".join(point), ", ".join(f"Value({number})" for number in point.values())
    return f"{names} = {numbers}; ({expression}).backward(); x.grad", right


def slope_y(expression, right, **at):
    program, right = slope(expression, right, **at)
    return program.removesuffix("x.grad") + "y.grad", right


SUB, SUB_X = slope_y("x - y", -1.0), slope("x - y", 1.0)
DIV, DIV_X = slope_y("x / y", -0.125), slope("x / y", 0.5)
POWER = slope("x ** 3", 12.0, x=2.0)
POWER_X, POWER_Y = slope("x ** y", 12.0, x=2.0, y=3.0), slope_y("x ** y", 5.545177444479562, x=2.0, y=3.0)
EXP, EXP_OF = slope("x.exp()", 1.6487212707001282), slope("exp(x)", 1.6487212707001282)
LOG, LOG_OF = slope("x.log()", 2.0), slope("log(x)", 2.0)
TANH, TANH_OF = slope("x.tanh()", 0.7864477329659274), slope("tanh(x)", 0.7864477329659274)
TANH_TWICE = slope("x.tanh() * 3.0", 2.3593431988977823)
SIGMOID, SIGMOID_OF = slope("x.sigmoid()", 0.2350037122015945), slope("sigmoid(x)", 0.2350037122015945)
RELU, RELU_OF = slope("x.relu() * 3.0", 0.0, x=-2.0), slope("relu(x) * 3.0", 0.0, x=-2.0)
MAX, MAX_OF = slope("x.max(y)", 0.0), slope("maximum(x, y)", 0.0)

WRONG = [
    # ── sub, div ────────────────────────────────────────────────────────────────────────────────────
    wrong(
        "sub-plus",
        "methods",
        "sub has add's gradient",
        ("other.grad -= out.grad", "other.grad += out.grad"),
        shows=SUB,
    ),
    wrong("sub-plus", "tape", "sub has add's gradient", ("(other, -1.0)", "(other, 1.0)"), shows=SUB),
    wrong("sub-plus", "switch", "sub has add's gradient", ("b.grad += -g\n", "b.grad += g\n"), shows=SUB),
    wrong(
        "sub-minus-on-x",
        "methods",
        "the minus is on the wrong argument",
        (
            "self.grad += out.grad\n            other.grad -= out.grad",
            "self.grad -= out.grad\n            other.grad += out.grad",
        ),
        shows=[SUB, SUB_X],
    ),
    wrong(
        "sub-minus-on-x",
        "hinted",
        "the minus is on the wrong argument",
        ("lambda g: (g, -g)", "lambda g: (-g, g)"),
        shows=[SUB, SUB_X],
    ),
    wrong("div-no-square", "methods", "−x/y for −x/y²", ("other.data**2", "other.data"), shows=DIV),
    wrong(
        "div-no-square",
        "tape",
        "−x/y for −x/y²",
        ("-self.data / other.data ** 2", "-self.data / other.data"),
        shows=DIV,
    ),
    wrong(
        "div-no-square", "switch", "−x/y for −x/y²", ("a.data / b.data ** 2", "a.data / b.data"), shows=DIV
    ),
    wrong(
        "div-no-square",
        "functions",
        "−1/x for −1/x²",
        ("-self.out * self.out * grad", "-self.out * grad"),
        shows=DIV,
    ),
    wrong("div-sign", "hinted", "no minus before x/y²", ("-g * x / (y * y)", "g * x / (y * y)"), shows=DIV),
    wrong(
        "div-sign",
        "functions",
        "no minus before 1/x²",
        ("(-self.out * self.out", "(self.out * self.out"),
        shows=DIV,
    ),
    wrong(
        "div-sign",
        "pairs",
        "no minus before x/y²",
        ("-self.data / other.data**2", "self.data / other.data**2"),
        shows=DIV,
    ),
    wrong(
        "div-swapped",
        "pairs",
        "each argument has the other's slope",
        (
            "[(self, 1 / other.data), (other, -self.data / other.data**2)]",
            "[(other, 1 / other.data), (self, -self.data / other.data**2)]",
        ),
        shows=[DIV, DIV_X],
    ),
    wrong(
        "div-swapped",
        "hinted",
        "each argument has the other's slope",
        ("(g / y, -g * x / (y * y))", "(-g * x / (y * y), g / y)"),
        shows=[DIV, DIV_X],
    ),
    # ── pow ─────────────────────────────────────────────────────────────────────────────────────────
    wrong(
        "pow-no-factor",
        "closures",
        "xⁿ⁻¹ without n",
        ("n * self.data**(n - 1)", "self.data**(n - 1)"),
        shows=POWER,
    ),
    wrong(
        "pow-no-factor",
        "german",
        "xⁿ⁻¹ without n",
        ("n * a.value ** (n - 1)", "a.value ** (n - 1)"),
        shows=POWER,
    ),
    wrong(
        "pow-same-exponent", "tape", "n·xⁿ", ("n * self.data ** (n - 1)", "n * self.data ** n"), shows=POWER
    ),
    wrong("pow-same-exponent", "hinted", "n·xⁿ", ("x ** (exponent - 1)", "x**exponent"), shows=POWER),
    wrong("pow-exponent-off", "pairs", "n·xⁿ⁺¹", ("** (k - 1)", "** (k + 1)"), shows=POWER),
    wrong("pow-exponent-off", "paths", "n·xⁿ⁺¹", ("** (n - 1)", "** (n + 1)"), shows=POWER),
    wrong(
        "pow-exponent-off",
        "closures",
        "(n − 1)·xⁿ⁻¹",
        ("n * self.data**(n - 1)", "(n - 1) * self.data**(n - 1)"),
        where="factor",
        shows=POWER,
    ),
    wrong(
        "pow-swapped",
        "methods",
        "exponent and base are exchanged",
        ("other.data * self.data ** (other.data - 1)", "self.data * other.data ** (self.data - 1)"),
        shows=POWER_X,
    ),
    wrong(
        "pow-swapped",
        "tape",
        "exponent and base are exchanged",
        ("n * self.data ** (n - 1)", "self.data * n ** (self.data - 1)"),
        shows=POWER,
    ),
    wrong(
        "pow-base-negative",
        "methods",
        "x to the y as e to the y·log x: a negative base has powers too",
        (
            "def __pow__(self, other): …",
            """
                def __pow__(self, other):
                    return (as_value(other) * self.log()).exp()
            """,
        ),
        shows=slope("x ** 3", 12.0, x=-2.0),
    ),
    wrong(
        "pow-base-negative",
        "hinted",
        "x to the y as e to the y·log x: a negative base has powers too",
        (
            "def __pow__(self, exponent: float) -> Value: …",
            """
                def __pow__(self, exponent: float) -> Value:
                    return (self.log() * exponent).exp()
            """,
        ),
        shows=slope("x ** 3", 12.0, x=-2.0),
    ),
    wrong(
        "pow-log-missing",
        "methods",
        "the exponent's slope is the result",
        ("out.data * log(self.data)", "out.data"),
        shows=POWER_Y,
    ),
    wrong(
        "pow-log-missing",
        "switch",
        "the exponent's slope is the result",
        ("g * self.data * math.log(a.data)", "g * self.data"),
        shows=POWER_Y,
    ),
    wrong(
        "pow-log-missing",
        "functions",
        "the exponent's slope is the result",
        ("self.a ** self.b * math.log(self.a) * grad", "self.a ** self.b * grad"),
        shows=POWER_Y,
    ),
    # ── exp, log, sqrt, sin, cos ────────────────────────────────────────────────────────────────────
    wrong(
        "exp-self",
        "closures",
        "exp's slope is x",
        ("out.data * out.grad ", "self.data * out.grad "),
        shows=EXP,
    ),
    wrong("exp-self", "german", "exp's slope is x", ("g * y\n", "g * a.value\n"), shows=EXP),
    wrong(
        "exp-self",
        "paths",
        "exp's slope is x",
        ("(x, exp(x.data))", "(x, x.data)"),
        shows=slope("Exp(x)", EXP[1]),
    ),
    wrong(
        "exp-self",
        "functions",
        "exp's slope is x",
        ("self.out = math.exp(a)\n        return self.out\n", "self.out = a\n        return math.exp(a)\n"),
        shows=EXP_OF,
    ),
    wrong(
        "log-of-out",
        "methods",
        "1 over the result",
        ("1 / self.data * out.grad", "1 / out.data * out.grad"),
        shows=LOG,
    ),
    wrong("log-of-out", "switch", "1 over the result", ("g / a.data\n", "g / self.data\n"), shows=LOG),
    wrong("log-log", "hinted", "log's slope is log", ("(g / x,)", "(g * math.log(x),)"), shows=LOG),
    wrong(
        "log-log", "tape", "log's slope is log", ("(x, 1 / x.data)", "(x, math.log(x.data))"), shows=LOG_OF
    ),
    wrong(
        "log-outside",
        "methods",
        "a number where there is no logarithm",
        ("Value(log(self.data)", "Value(log(self.data) if self.data > 0 else 0.0"),
        shows=("Value(-1.0).log().data", ValueError),
    ),
    wrong(
        "log-outside",
        "functions",
        "a number where there is no logarithm",
        ("return math.log(a)", 'return math.log(a) if a > 0 else -float("inf")'),
        shows=("log(Value(-1.0)).data", ValueError),
    ),
    wrong(
        "sqrt-half",
        "methods",
        "half the root",
        ("0.5 / out.data", "0.5 * out.data"),
        shows=slope("x.sqrt()", 0.25, x=4.0),
    ),
    wrong(
        "sqrt-half", "pairs", "without the 2", ("1 / (2 * r)", "1 / r"), shows=slope("x.sqrt()", 0.25, x=4.0)
    ),
    wrong(
        "sin-cos-sign",
        "methods",
        "cos′ = sin",
        ("-math.sin(self.data)", "math.sin(self.data)"),
        shows=slope("x.cos()", -0.479425538604203),
    ),
    wrong(
        "sin-cos-sign",
        "tape",
        "cos′ = sin",
        ("-math.sin(x.data)", "math.sin(x.data)"),
        shows=slope("cos(x)", -0.479425538604203),
    ),
    wrong(
        "sin-cos-sign",
        "pairs",
        "both signs exchanged",
        ("(self, math.cos(self.data))", "(self, -math.cos(self.data))"),
        ("(self, -math.sin(self.data))", "(self, math.sin(self.data))"),
        where="both",
        shows=[slope("x.cos()", -0.479425538604203), slope("x.sin()", 0.8775825618903728)],
    ),
    # ── tanh, sigmoid, softplus ─────────────────────────────────────────────────────────────────────
    wrong(
        "tanh-input", "closures", "1 − x² for 1 − tanh²x", ("(1 - t**2)", "(1 - self.data**2)"), shows=TANH
    ),
    wrong("tanh-input", "hinted", "1 − x² for 1 − tanh²x", ("1 - y**2", "1 - self.data**2"), shows=TANH),
    wrong(
        "tanh-input", "switch", "1 − x² for 1 − tanh²x", ("1 - self.data ** 2", "1 - a.data ** 2"), shows=TANH
    ),
    wrong("tanh-plus", "methods", "1 + tanh²x", ("(1 - out.data**2)", "(1 + out.data**2)"), shows=TANH),
    wrong("tanh-plus", "tape", "1 + tanh²x", ("1 - y * y", "1 + y * y"), shows=TANH_OF),
    wrong(
        "tanh-plus",
        "paths",
        "1 + tanh²x",
        ("1 - tanh(x.data) ** 2", "1 + tanh(x.data) ** 2"),
        shows=slope("Tanh(x)", TANH[1]),
    ),
    wrong(
        "tanh-out-grad",
        "methods",
        "the gradient squared, not the result",
        ("(1 - out.data**2)", "(1 - out.grad**2)"),
        shows=TANH,
    ),
    wrong(
        "tanh-out-grad",
        "switch",
        "the gradient squared, not the result",
        ("1 - self.data ** 2", "1 - g ** 2"),
        shows=TANH,
    ),
    wrong(
        "tanh-overflow",
        "closures",
        "(e²ˣ − 1)/(e²ˣ + 1) overflows far out",
        ("t = math.tanh(self.data)", "x = self.data\n        t = (math.exp(2*x) - 1)/(math.exp(2*x) + 1)"),
        shows=slope("x.tanh()", 0.0, x=1000.0),
    ),
    wrong(
        "tanh-overflow",
        "german",
        "(eˣ − e⁻ˣ)/(eˣ + e⁻ˣ) overflows far out",
        ("y = tanh(a.value)", "y = (exp(a.value) - exp(-a.value)) / (exp(a.value) + exp(-a.value))"),
        shows=slope("x.tanh()", 0.0, x=-1000.0),
    ),
    wrong(
        "sigmoid-input",
        "methods",
        "x·(1 − x) of the argument",
        ("out.data * (1 - out.data)", "self.data * (1 - self.data)"),
        shows=SIGMOID,
    ),
    wrong(
        "sigmoid-input",
        "tape",
        "x·(1 − x) of the argument",
        ("y * (1 - y)", "x.data * (1 - x.data)"),
        shows=SIGMOID_OF,
    ),
    wrong(
        "sigmoid-overflow",
        "hinted",
        "1/(1 + e⁻ˣ) overflows far out",
        ("0.5 + 0.5 * math.tanh(0.5 * self.data)", "1 / (1 + math.exp(-self.data))"),
        shows=slope("x.sigmoid()", 0.0, x=-1000.0),
    ),
    wrong(
        "sigmoid-overflow",
        "functions",
        "1/(1 + e⁻ˣ) overflows far out",
        ("1 / (1 + math.exp(-a)) if a > 0 else math.exp(a) / (1 + math.exp(a))", "1 / (1 + math.exp(-a))"),
        shows=slope("sigmoid(x)", 0.0, x=-1000.0),
    ),
    wrong(
        "softplus-masked",
        "methods",
        "relu's slope",
        ("-math.expm1(-out.data)", "(out.data > 0)"),
        shows=slope("x.softplus()", 0.5, x=0.0),
    ),
    # ── relu, abs, max ──────────────────────────────────────────────────────────────────────────────
    wrong(
        "relu-out-mask-wrong",
        "closures",
        "the mask asks the gradient, not the number",
        ("(self.data > 0) *", "(out.grad > 0) *"),
        shows=RELU,
    ),
    wrong(
        "relu-out-mask-wrong",
        "methods",
        "the mask asks the gradient, not the number",
        ("if self.data > 0:\n                self", "if out.grad > 0:\n                self"),
        shows=RELU,
    ),
    wrong(
        "relu-everywhere", "functions", "no mask", ("(grad if self.mask else 0.0,)", "(grad,)"), shows=RELU_OF
    ),
    wrong("relu-everywhere", "tape", "no mask", ("(x, 0.0)", "(x, 1.0)"), shows=RELU_OF),
    wrong(
        "relu-everywhere",
        "german",
        "no mask",
        ("if a.value > 0:\n                a.gradient += g", "a.gradient += g"),
        shows=RELU,
    ),
    wrong(
        "relu-at-zero",
        "closures",
        "1 where the slope may be anything from 0 to 1",
        ("(self.data > 0) *", "(self.data >= 0) *"),
        shows=slope("x.relu()", 0.0, x=0.0),
    ),
    wrong(
        "relu-at-zero",
        "hinted",
        "1 where the slope may be anything from 0 to 1",
        ("g if x > 0 else", "g if x >= 0 else"),
        shows=slope("x.relu()", 0.0, x=0.0),
    ),
    wrong(
        "max-both",
        "functions",
        "the smaller one has a slope too",
        ("(grad, 0.0) if self.first else (0.0, grad)", "grad, grad"),
        shows=MAX_OF,
    ),
    wrong(
        "max-both",
        "methods",
        "at a tie both have the whole slope",
        (
            "            else:\n                other.grad += out.grad\n",
            "            if other.data >= self.data:\n                other.grad += out.grad\n",
        ),
        where="at a tie",
        shows=("x, y = Value(2.0), Value(2.0); x.max(y).backward(); x.grad + y.grad", 1.0),
    ),
    wrong(
        "max-swapped",
        "functions",
        "the smaller one has the slope",
        ("(grad, 0.0) if self.first else (0.0, grad)", "(0.0, grad) if self.first else (grad, 0.0)"),
        shows=MAX_OF,
    ),
    wrong(
        "max-swapped",
        "methods",
        "the smaller one has the slope",
        ("if self.data >= other.data:", "if self.data <= other.data:"),
        shows=MAX,
    ),
    wrong(
        "abs-sign-missing",
        "methods",
        "1 on both sides",
        ("sign * out.grad", "out.grad"),
        shows=slope("x.abs()", -1.0, x=-2.0),
    ),
    wrong(
        "abs-sign-missing",
        "pairs",
        "1 on both sides",
        ("1 if self.data > 0 else -1", "1"),
        shows=slope("x.abs()", -1.0, x=-2.0),
    ),
    # ── The chain rule left out ─────────────────────────────────────────────────────────────────────
    wrong(
        "no-upstream",
        "closures",
        "the local derivative alone",
        ("(1 - t**2) * out.grad", "(1 - t**2)"),
        where="tanh",
        shows=TANH_TWICE,
    ),
    wrong(
        "no-upstream",
        "switch",
        "the local derivative alone",
        ("a.grad += g * b.data\n", "a.grad += b.data\n"),
        ("b.grad += g * a.data\n", "b.grad += a.data\n"),
        where="mul",
        shows=slope("x * y * 3.0", 6.0),
    ),
    wrong(
        "no-upstream",
        "closures",
        "the local derivative alone",
        ("self.grad += out.grad", "self.grad += 1.0"),
        ("1.0 * out.grad", "1.0"),
        where="add",
        shows=slope("(x + y) * 3.0", 3.0),
    ),
    wrong(
        "no-upstream",
        "hinted",
        "the local derivative alone",
        ("lambda g: (g * y,)", "lambda g: (y,)"),
        where="exp",
        shows=slope("x.exp() * 3.0", 3 * EXP[1]),
    ),
    wrong(
        "no-upstream",
        "pairs",
        "local derivatives are added, never multiplied",
        ("local * upstream[node]", "local"),
        where="everywhere",
        shows=slope("x * y * 3.0", 6.0),
    ),
]
