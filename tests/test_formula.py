"""formula: what a Value records, and local derivatives, as text and as LaTeX."""

import ast
import re
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
    grad,
    local_derivatives,
    local_formulas,
    logsumexp,
    maximum,
    mod,
    neg,
    ops,
    sigmoid,
    sin,
    tanh,
    topological_order,
    where,
)
from autograd.formula import SUPERSCRIPT, local_formula, local_graphs, node_names
from autograd.naming import typeset
from autograd.parse import parse
from autograd.testing import strategies
from autograd.testing.strategies import targets


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


PLAIN = {raised: plain for plain, raised in SUPERSCRIPT.items()} | str.maketrans(
    {"−": "-", "×": "*", "⁻": "-"}
)


def as_python(text):
    """The formula as Python would write it."""
    text = text.replace(" mod ", " % ")
    text = re.sub("⁽([^⁾]+)⁾", lambda name: f"_{name[1].translate(PLAIN)}_", text)  # x⁽²⁾₁
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda power: f"**({power[0]})", text.replace("^", "**"))
    return text.translate(PLAIN).replace("ln 2", "log(2)").replace("ln 10", "log(10)")


def evaluated(text, numbers):
    """What the lines of a formula come to, as `autograd.parse` reads them."""
    *lines, last = as_python(text).splitlines()
    numbers = dict(numbers)
    for line in lines:
        name, _, right = line.partition(" = ")
        numbers[name] = parse(right, numbers)(*numbers.values())
    return parse(last, numbers)(*numbers.values())


@given(expressions())
def test_the_text_reads_back_as_the_same_number(root):
    for node in topological_order(root):
        node.data = Fraction(node.data) if node.op is None else node.data
    leaves = {node.label: node.data for node in topological_order(root) if node.op is None}
    exact = eval(as_python(formula(root)), {}, leaves) if "\n" not in formula(root) else root.data
    assert exact == pytest.approx(root.data)


@given(strategies.expressions())
def test_a_formula_parses_back_to_the_same_number(e):
    names = {leaf: f"v{i}" for i, leaf in enumerate(e.leaves)}
    numbers = {names[leaf]: leaf.data for leaf in e.leaves}
    assert evaluated(formula(e.root, names=names), numbers) == e.root.data  # every identity is exact


numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**30), 10**30)


@given(numbers.filter(lambda number: number not in (-1, 0, 1)))  # factors that are not written
def test_a_number_in_a_formula_is_read_back_with_all_its_digits(number):
    found = evaluated(formula(Value(1, "x") * constant(number)), {"x": 1})
    assert found == number and type(found) is type(number)


CONSTANTS = {op.symbol: op(1.0) for op in ops.TABLE.values() if op.kind == "constant" and not op.sequences}


@given(strategies.expressions())
def test_the_formula_of_a_local_derivative_comes_to_its_number(e):
    for node in topological_order(e.root):
        if not node.args:
            continue
        names = {arg: f"a{i}" for i, arg in enumerate(dict.fromkeys(node.args))} | {node: "z"}
        numbers = {name: arg.data for arg, name in names.items()} | CONSTANTS
        for position, _, local in local_derivatives(node):
            right = local_formula(node, position, names=names).partition(" = ")[2]
            found = eval(as_python(right), {**ops.TABLE}, numbers)
            assert found == pytest.approx(local, rel=1e-6, abs=1e-9), right


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
    (lambda: -(a * b), "−a × b", r"-a \cdot b"),
    (lambda: -(a + b), "−(a + b)", r"-\left(a + b\right)"),
    (lambda: -mod(a, b) + x, "−(a mod b) + x", r"-\left(a \bmod b\right) + x"),
    (lambda: -mod(a, b) * x, "−(a mod b × x)", r"-\left(a \bmod b \cdot x\right)"),
    (lambda: a * -3, "a × (−3)", r"a \cdot \left(-3\right)"),
    (lambda: a * Fraction(1, 3), "a × (1/3)", r"a \cdot \left(1/3\right)"),
    (lambda: a * 1e-23, "a × 1e-23", r"a \cdot 10^{-23}"),
    (lambda: a - 2.5e30, "a − 2.5e+30", r"a - 2.5 \times 10^{30}"),
    (lambda: constant(2.5e-7) ** a, "2.5e-07^a", r"\left(2.5 \times 10^{-7}\right)^{a}"),
    (lambda: constant(1e-7) ** a, "1e-07^a", r"\left(10^{-7}\right)^{a}"),
    (lambda: a**-1e-9, "a^(−1e-09)", r"a^{-10^{-9}}"),
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
    assert formula(u * u) == "((a + b)²)²"
    assert formula(u * t) == "t1 = a + b\nt1² × t1"
    t.label = "s"
    assert formula(t * t + t, latex=True) == "s = a + b\\\\\ns^{2} + s"


def test_no_other_name_is_that_of_a_labelled_constant():
    y = a * 3
    assert formula(y * sin(y) + constant(5, "t1")) == "t2 = a × 3\nt2 × sin(t2) + t1"
    assert formula(Value(3, "k") * constant(3, "k") + constant(3, "k")) == "k × k₂ + k₂"
    assert formula(Value(2) + constant(1, "x1")) == "x2 + x1"
    deep = a
    for _ in range(400):
        deep = deep * 2
    names = [line.partition(" = ")[0] for line in formula(deep + constant(5, "t1")).splitlines()[:-1]]
    assert names == ["t2"]


def test_names_are_unique_and_labels_come_first():
    nodes = [Value(1, "w"), Value(2, "w"), Value(3), Value(4, "x1"), Value(5), Value(6, "w_2")]
    assert list(node_names(nodes).values()) == ["w", "w₃", "x2", "x1", "x3", "w₂"]


@pytest.mark.parametrize(
    ("label", "latex"),
    [
        ("α", r"\alpha"),
        ("x1", "x_{1}"),
        ("w_ij", "w_{ij}"),
        ("tax", r"\mathit{tax}"),
        ("苹果", r"\text{苹果}"),
        ("w^2_{1,13}", "w^{2}_{1,13}"),
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


one, zero = constant(1.0), constant(0)
IDENTITIES = [
    (a**1, "a"), (a**0, "1"), (neg(neg(a)), "a"), (a + a, "2 × a"), (a * a, "a²"), (1 * a, "a"),
    (a * one, "a"),
    (0 + a, "a"), (a + zero, "a"), (a - 0, "a"), (a / 1, "a"), (sin(a) * sin(a), "sin(a)²"),
    ((-a) * b, "−a × b"), (a * (-b), "−a × b"), ((-a) * (-b), "a × b"), ((-a) / b, "−a / b"),
    (a / (-b), "−a / b"), ((-a) * a, "−a²"), (-1 * a, "−a"), (-(-2 * a), "2 × a"),
    (x + (-a) * b, "x − a × b"),
    (x - (-a), "x + a"), (a + -3, "a − 3"), ((-a) + (-a), "−2 × a"), (a - a, "a − a"), (a * a * a, "a² × a"),
    (a * -1, "a × (−1)"), (-a + b, "−a + b"),
]  # fmt: skip


@pytest.mark.parametrize(("root", "text"), IDENTITIES, ids=lambda x: x if isinstance(x, str) else "")
def test_only_exact_identities_simplify(root, text):
    assert formula(root) == text
    assert eval(as_python(text), {"sin": autograd.sin}, {"a": 2, "b": 3, "x": 0.5}) == root.data


def test_a_derivative_is_as_short_as_a_textbook_has_it():
    assert formula(grad(lambda x: tanh(x) ** 2)(x)) == "t1 = tanh(x)\n2 × t1 × (1 − t1²)"
    assert formula(grad(grad(tanh))(x)) == "t1 = tanh(x)\n−2 × t1 × (1 − t1²)"


def test_what_has_a_label_is_not_looked_into():
    s = -a
    s.label = "s"
    assert formula(s * b + s) == "s = −a\ns × b + s"
    u = a + b
    u.label = "u"
    assert formula(u * (a + b) + u) == "u = a + b\nu × (a + b) + u"


# ── Names ───────────────────────────────────────────────────────────────────────────────────────────

labels = st.sampled_from(
    ["", "", "x", "x1", "t1", "z", "w", "w_2", "π", "pi", "1", "x₁", "x_1", "x_{1}", "w^2", "constant"]
)


@given(st.lists(st.tuples(labels, st.sampled_from("lkot"), st.integers(1, 2)), max_size=12), st.data())
def test_the_names_of_different_nodes_differ_whatever_their_labels(wanted, data):
    make = {"l": Value, "k": constant, "o": lambda n, label: Value(n) + 1, "t": lambda n, label: Value(n) * n}
    nodes = [make[kind](number, label) for label, kind, number in wanted]
    for node, (label, _, _) in zip(nodes, wanted, strict=True):
        node.label = label
    given = data.draw(st.dictionaries(st.sampled_from(nodes), labels)) if nodes else {}
    names = node_names(nodes, given)
    own = {name: {(node.op, node.data) if node.op is ops.constant else node for node in nodes
                  if names.get(node) == name} for name in names.values()}  # fmt: skip
    assert all(len(bearers) == 1 for bearers in own.values()), own
    assert all(node in names or node.op is ops.constant for node in nodes)


words = st.sampled_from(["", "", "x", "x1", "x2", "t1", "z", "w", "w_2", "π", "pi", "x₁", "x_1"])


@given(st.lists(st.tuples(words, st.sampled_from("lot")), min_size=1, max_size=8), st.data())
def test_different_leaves_and_parts_of_a_formula_have_different_names_whatever_their_labels(wanted, data):
    leaves = [Value(Fraction(2**i + 1), label) for i, (label, _) in enumerate(wanted)]
    nodes = [*leaves]
    for (_, kind), leaf in zip(wanted, leaves, strict=True):
        other = nodes[data.draw(st.integers(0, len(nodes) - 1))]
        nodes += [leaf * other] if kind == "o" else [leaf * other, leaf * other] if kind == "t" else []
        nodes[-1].label = data.draw(words) if nodes[-1].args else nodes[-1].label
    root = sum(nodes, Value(Fraction(0), "o")) * nodes[-1]
    lines = as_python(formula(root)).split("\n")
    known = {line.partition(" = ")[0] for line in lines[:-1]}
    free = {word for line in lines for word in re.findall(r"[^\W\d]\w*", line.partition(" = ")[2] or line)}
    assert len(known) == len(lines) - 1 and len(free - known) == len(leaves) + 1
    assert {typeset(leaf.label) for leaf in leaves} - {""} <= free | known  # labels come first


def test_names_are_typeset_and_unique_as_they_are_shown():
    nodes = [Value(1, label) for label in ("alpha", "α", "w_1", "w₁", "y_hat", "w_{bq}", "learning_rate")]
    names = node_names(nodes)
    assert [*names.values()] == ["α", "α₂", "w₁", "w⁽²⁾₁", "ŷ", "w_bq", "learning_rate"]
    assert node_names(nodes, names) == names and nodes[0].label == "alpha"


def test_a_power_of_a_name_with_a_superscript_has_parentheses():
    for label, text, latex in ("a^2_{1}", "a²₁", "a^{2}_{1}"), ("w^q", "w^{q}", "w^{q}"):
        squared = rf"\left({latex}\right)^{{2}}"
        name = Value(3, label)
        assert (formula(name**2), formula(name**2, latex=True)) == (f"({text})²", squared)
        assert (formula(b**name), formula(-name)) == (f"b^{text}", f"−{text}")
        assert local_formula(name**3, 0) == f"∂z/∂{text} = 3 × ({text})²"
    assert formula(Value(2, "w_1") ** 2) == "w₁²" and formula(Value(2, "w_1") ** 2, latex=True) == "w_{1}^{2}"


def test_names_override_labels_and_nothing_collides_with_them():
    y, w = a * Value(5.0), Value(7.0, "w")
    names = {a: "α", w: "x1"}
    assert formula(y * w, names=names) == "α × x2 × x1"
    assert expression(y * w, names=names) == "t1 × x1"
    assert local_formulas(y * w, [0, 1], names=names) == ["∂z/∂x = x1", "∂z/∂x1 = x"]
    assert expression(Value(2.0) * a, names={w: "x1"}) == "x2 × a"
    assert local_formula(a * w, 0, names={w: "z"}) == "∂w/∂a = z"
    assert local_formula(a * Value(2.0), 1, names={w: "y"}) == "∂z/∂u = a"
    assert local_formula(y * w, 0, latex=True, names=names) == r"\frac{\partial z}{\partial x} = x_{1}"


def test_a_label_that_reads_as_one_of_the_rules_is_the_users_own():
    x, total = Value(2.0, "x"), constant(3.0, ops.unity.symbol)
    assert formula(x * total) == "x × Σp"
    assert "Σp" not in local_formulas(logsumexp([x, 3 * x]), [0])[0]  # that of a rule is 1


def test_0_and_minus_0_are_two_numbers():
    x = Value(2.0, "x")
    assert (
        formula(autograd.arctan2(x, 0.0) * autograd.arctan2(x, -0.0)) == "arctan2(x, 0.0) × arctan2(x, −0.0)"
    )


def test_labelled_constants_go_by_their_label():
    k, e = constant(3, "k"), constant(2.718, "e")
    assert formula(k * a + e) == "k × a + e"
    assert local_formula(k * a, 1) == "∂z/∂a = k"
    assert local_formula(a**k, 0) == "∂z/∂a = k × a^(k − 1)"
    assert expression(dot([k, k * 1], [a, constant(3, "k")])) == "dot([k, t1], [a, k])"
    assert formula(a * ops.one(a)) == "a"
    assert formula(autograd.deg2rad(a) * constant(4, "π")) == "deg2rad(a) × π"
    assert local_formula(autograd.gelu(Value(1.0, "π")), 0).endswith("/ sqrt(2 × π₂)")


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
    assert local_formula(y, 1, latex=True) == r"\frac{\partial y}{\partial b} = -\frac{y}{b}"


def test_every_row_has_a_readable_rule():
    for op in autograd.ops.TABLE.values():
        if not op.partials or op.sequences:
            continue
        node = op(*map(Value, targets(op, op.arity, float)))
        for i in range(op.arity):
            text = local_formula(node, i)
            assert text.startswith("∂z/∂") and "Value" not in text and len(text) < 70, text
            assert local_formula(node, i, latex=True).count("{") == local_formula(node, i, latex=True).count(
                "}"
            )


def test_an_expression_is_one_operation_in_the_names_of_its_arguments():
    t = a + b
    assert expression(sin(b) * b) == "t1 × b" and expression(t + t) == "t1 + t1"
    assert expression(a + a) == "a + a" and expression(1 * Value(2)) == "1 × x1"
    assert expression(Value(1, "w") * Value(2, "w")) == "w × w₂"
    t.label = "t"
    assert expression(t * (-2)) == "t × (−2)" and expression(t) == "a + b"
    assert expression(exp(t) / a, latex=True) == r"\frac{t_{1}}{a}"
    with pytest.raises(ValueError, match="not the result of an operation"):
        expression(a)


def test_a_local_derivative_is_a_graph():
    (by_a, by_b) = local_graphs(a / b, [0, 1])
    assert (by_a.left(), by_a.right(), by_b.formula()) == ("∂z/∂a", "1 / b", "∂z/∂b = −z / b")
    assert by_b.graph.data == -2 / 3 / 3
    assert {*by_b.stand_ins.values()} == {a, b, by_b.node}
    y = Value(2, "a") / Value(3, "b")
    y.args[1].data = 5  # what was recorded stays
    assert [local.graph.data for local in local_graphs(y, [1])] == [-2 / 3 / 3]
    with autograd.no_grad():
        assert local_formula(y, 1) == "∂z/∂b = −z / b"


def test_what_has_no_argument_there_is_refused():
    with pytest.raises(ValueError, match="has no argument at position 0"):
        local_formula(a, 0)
    with pytest.raises(ValueError, match="position 2"):
        local_formula(a * b, 2)


def test_labels_that_use_up_the_numbered_letters_leave_others():
    z = clip(Value(1.0, "x₁"), Value(0.0, "x₂"), Value(2.0, "x₃"))
    assert local_formula(z, 0).startswith("∂z/∂x₁ = ")
