"""formula: what a Value records, and local derivatives, as text and as LaTeX."""

import ast
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import (
    Value,
    clip,
    constant,
    dot,
    exp,
    expression,
    formula,
    logsumexp,
    maximum,
    sigmoid,
    sin,
    where,
)
from autograd.formula import local_formula, node_names


@st.composite
def expressions(draw):
    """An expression over + − × / ^ and the sign, every node used once."""
    nodes = [Value(draw(st.integers(1, 9)), name) for name in "abcd"]
    while len(nodes) > 1:
        left = nodes.pop(draw(st.integers(0, len(nodes) - 1)))
        right = nodes.pop(draw(st.integers(0, len(nodes) - 1)))
        kind = draw(st.sampled_from("+-*/^~"))
        nodes.append(
            left + right if kind == "+" else left - right if kind == "-" else left * right
            if kind == "*" else left / (right * right + 1) if kind == "/" else -left + right
            if kind == "~" else left**2 * right
        )  # fmt: skip
    return nodes[0]


def as_python(text):
    """The formula as Python would write it."""
    for sign, python in {"−": "-", "×": "*", "²": "**2", "^": "**"}.items():
        text = text.replace(sign, python)
    return text


def tree(node):
    """The recorded expression as Python's parser sees it."""
    if not node.args:
        return node.label or str(node.data)
    symbol = {"^": "**", "×": "*", "−": "-"}.get(node.op.symbol, node.op.symbol)
    parts = [tree(arg) for arg in node.args]
    return f"({symbol}{parts[0]})" if len(parts) == 1 else f"({parts[0]} {symbol} {parts[1]})"


@given(expressions())
def test_the_text_reads_back_as_the_recorded_expression(root):
    lines = formula(root).split("\n")
    assert len(lines) == 1 or "t1 = " in lines[0]
    if len(lines) == 1:
        assert ast.dump(ast.parse(as_python(lines[0]))) == ast.dump(ast.parse(tree(root)))


@given(expressions())
def test_no_parentheses_can_be_left_out(root):
    text = formula(root).split("\n")[-1]
    meant = ast.dump(ast.parse(as_python(text)))
    for i, sign in enumerate(text):
        if sign != "(":
            continue
        depth, j = 1, i
        while depth:
            j += 1
            depth += {"(": 1, ")": -1}.get(text[j], 0)
        shorter = text[:i] + text[i + 1 : j] + text[j + 1 :]
        if text[i + 1] == "−":  # a − (−b) keeps them for the eye
            continue
        assert ast.dump(ast.parse(as_python(shorter))) != meant


a, b, x = Value(2, "a"), Value(3, "b"), Value(0.5, "x")
EXAMPLES = [
    (lambda: (a + b) * (b + 1), "(a + b) × (b + 1)", r"\left(a + b\right) \cdot \left(b + 1\right)"),
    (lambda: a - (b - a) - b, "a − (b − a) − b", r"a - \left(b - a\right) - b"),
    (lambda: 1 / (1 + exp(-x)), "1 / (1 + exp(−x))", r"\frac{1}{1 + \exp\left(-x\right)}"),
    (lambda: (-a) ** 2 - 2**-a, "(−a)² − 2^(−a)", r"\left(-a\right)^{2} - 2^{-a}"),
    (lambda: a ** (b**2), "a^b²", "a^{b^{2}}"),
    (lambda: (a**b) ** -1, "(a^b)⁻¹", r"\left(a^{b}\right)^{-1}"),
    (lambda: autograd.exp2(a) ** 2, "exp2(a)²", r"\left(2^{a}\right)^{2}"),
    (lambda: autograd.reciprocal(a) ** 2, "reciprocal(a)²", r"\left(\frac{1}{a}\right)^{2}"),
    (lambda: -(a * b), "−(a × b)", r"-\left(a \cdot b\right)"),
    (lambda: a * -3, "a × (−3)", r"a \cdot \left(-3\right)"),
    (lambda: a * Fraction(1, 3), "a × (1/3)", r"a \cdot \left(1/3\right)"),
    (lambda: abs(a - b), "absolute(a − b)", r"\left|a - b\right|"),
    (lambda: dot([a, b], [1, x]), "dot([a, b], [1, x])", r"\operatorname{dot}\left([a, b], [1, x]\right)"),
    (lambda: maximum(sigmoid(x), a), "maximum(sigmoid(x), a)",
     r"\operatorname{maximum}\left(\sigma(x), a\right)"),
]  # fmt: skip


@pytest.mark.parametrize(("build", "text", "latex"), EXAMPLES)
def test_examples(build, text, latex):
    assert (formula(build()), formula(build(), latex=True)) == (text, latex)


def test_a_shared_part_is_written_once_under_its_label_or_a_number():
    t = a + b
    u = t * t
    assert formula(u * u) == "t1 = a + b\nt2 = t1 × t1\nt2 × t2"
    t.label = "s"
    assert formula(t * t + t, latex=True) == "s = a + b\\\\\ns \\cdot s + s"


def test_no_other_name_is_that_of_a_labelled_constant():
    y = a * 3
    assert formula(y * y + constant(5, "t1")) == "t2 = a × 3\nt2 × t2 + t1"
    assert formula(Value(2) + constant(1, "x1")) == "x2 + x1"
    deep = a
    for _ in range(400):
        deep = deep * 2
    names = [line.partition(" = ")[0] for line in formula(deep + constant(5, "t1")).splitlines()[:-1]]
    assert names == ["t2"]


def test_names_are_unique_and_labels_come_first():
    nodes = [Value(1, "w"), Value(2, "w"), Value(3), Value(4, "x1"), Value(5), Value(6, "w_2")]
    assert list(node_names(nodes).values()) == ["w", "w_3", "x2", "x1", "x3", "w_2"]


@pytest.mark.parametrize(
    ("label", "latex"),
    [
        ("α", r"\alpha"),
        ("x1", "x_{1}"),
        ("w_ij", "w_{ij}"),
        ("tax", r"\mathit{tax}"),
        ("苹果", r"\text{苹果}"),
        ("w^2_{1,13}", "w^2_{1,13}"),
    ],
)
def test_labels_in_latex(label, latex):
    assert formula(Value(1, label), latex=True) == latex


def test_a_hostile_label_is_plain_text_in_latex():
    assert formula(Value(1, r"\input{x}%$"), latex=True) == r"\text{\textbackslash{}input\{x\}\%\$}"


def test_a_very_deep_expression_continues_from_named_parts():
    y = x
    for _ in range(20_000):
        y = sin(y)
    lines = formula(y).split("\n")
    assert len(lines) > 50 and max(map(len, lines)) < 1200 and lines[-1].startswith("sin(sin(")


# ── Local derivatives ───────────────────────────────────────────────────────────────────────────────

LOCAL = [
    (lambda: a * b, ["∂z/∂a = b", "∂z/∂b = a"]),
    (lambda: a / b, ["∂z/∂a = 1 / b", "∂z/∂b = −z / b"]),
    (lambda: Value(2) * Value(3), ["∂z/∂x = y", "∂z/∂y = x"]),
    (lambda: a * a, ["∂z/∂a = a", "∂z/∂a = a"]),
    (lambda: a**2, ["∂z/∂a = 2 × a", None]),
    (lambda: a**3, ["∂z/∂a = 3 × a²", None]),
    (lambda: a**b, ["∂z/∂a = b × a^(b − 1)", "∂z/∂b = z × log(a)"]),
    (lambda: exp(a), ["∂z/∂a = z"]),
    (lambda: sigmoid(a), ["∂z/∂a = z × (1 − z)"]),
    (lambda: a.tanh(), ["∂z/∂a = 1 − z²"]),
    (lambda: autograd.relu(a), ["∂z/∂a = step(a)"]),
    (lambda: maximum(a, b), ["∂z/∂a = share(a, b)", "∂z/∂b = share(b, a)"]),
    (lambda: dot([a, b], [x, 4]), ["∂z/∂a = x", "∂z/∂b = 4", "∂z/∂x = a", None]),
    (lambda: logsumexp([a, b]), ["∂z/∂a = exp(a − z)", "∂z/∂b = exp(b − z)"]),
    (lambda: where(a > 0, a, b), [None, "∂z/∂a = 1", "∂z/∂b = no contribution"]),
    (lambda: autograd.log2(a), ["∂z/∂a = 1 / (a × ln 2)"]),
    (lambda: autograd.deg2rad(a), ["∂z/∂a = π / 180"]),
    (lambda: exp(Value(1.0, "z")), ["∂w/∂z = w"]),
]


@pytest.mark.parametrize(("build", "expected"), LOCAL)
def test_local_derivatives_are_the_rows_own_rules(build, expected):
    node = build()
    for i, text in enumerate(expected):
        assert text is None or local_formula(node, i) == text


def test_a_local_derivative_in_latex():
    y = a / b
    y.label = "y"
    assert local_formula(y, 1, latex=True) == r"\frac{\partial y}{\partial b} = \frac{-y}{b}"


def test_every_row_has_a_readable_rule():
    for name, op in autograd.ops.TABLE.items():
        if not op.partials or op.sequences:
            continue
        fixed = {"polygamma": (0, 1.5), "arccosh": (1.5,), "sinc": (0.3, 0)}.get(name)
        node = op(*(Value(v) for v in fixed or (0.5, 0.25, 0.75)[: op.arity]))
        for i in range(op.arity):
            text = local_formula(node, i)
            assert text.startswith("∂z/∂") and "Value" not in text and len(text) < 70, text
            assert local_formula(node, i, latex=True).count("{") == local_formula(node, i, latex=True).count(
                "}"
            )


def test_an_expression_is_one_operation_in_the_labels_of_its_arguments():
    t = a + b
    t.label = "t"
    assert expression(t * (-2)) == "t × (−2)" and expression(t) == "a + b"
    with pytest.raises(ValueError, match="not the result of an operation"):
        expression(a)


def test_what_has_no_argument_there_is_refused():
    with pytest.raises(ValueError, match="has no argument at position 0"):
        local_formula(a, 0)
    with pytest.raises(ValueError, match="position 2"):
        local_formula(a * b, 2)


def test_labels_that_use_up_the_numbered_letters_leave_others():
    z = clip(Value(1.0, "x₁"), Value(0.0, "x₂"), Value(2.0, "x₃"))
    assert local_formula(z, 0).startswith("∂z/∂x₁ = ")
