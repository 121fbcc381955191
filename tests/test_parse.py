"""parse: a formula's text as a function, or one line that points at what is wrong with it."""

import re
import sys
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd import Value, constant, formula, topological_order
from autograd.formula import SUPERSCRIPT
from autograd.parse import BITS, FUNCTIONS, LENGTH, NESTING, OPERATORS, FormulaError, parse
from autograd.testing.strategies import expressions

ROWS = {*FUNCTIONS.values(), *OPERATORS.values()}


# ── What is printed reads back ──────────────────────────────────────────────────────────────────────


def as_written(text):
    """A printed formula in the notation that is read: powers and remainders differ."""
    digits = {ord(raised): plain for plain, raised in zip("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")}
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda power: f"**{power[0].translate(digits)}", text)
    return text.replace("^", "**").replace(" mod ", " % ")


def value_of(printed, numbers, exact):
    """The value of a printed formula, whose lines but the last name a part each."""
    known = dict(numbers)
    for line in printed.split("\n"):
        name, _, text = line.rpartition(" = ")
        known[name] = parse(as_written(text), known, exact)(*known.values())
    return known[""]


def leaves(root):
    return [node for node in topological_order(root) if node.op is None]


@pytest.mark.parametrize("number", [float, Fraction])
def test_what_formula_prints_has_the_same_value(number):
    @given(expressions(number=number))
    def holds(expression):
        root = expression.root
        numbers = {f"x{i}": leaf.data for i, leaf in enumerate(leaves(root), start=1)}
        assert value_of(formula(root), numbers, number is Fraction) == root.data

    holds()


@given(expressions())
def test_what_formula_prints_is_recorded_as_the_same_formula(expression):
    printed = formula(expression.root)
    if "\n" not in printed:
        variables = [Value(leaf.data, f"x{i}") for i, leaf in enumerate(leaves(expression.root), start=1)]
        again = parse(as_written(printed), [x.label for x in variables])(*variables)
        assert formula(again) == printed


def test_every_sign_that_formula_raises_is_known_here():
    assert {chr(raised) for raised in SUPERSCRIPT.values() if isinstance(raised, int)} <= set("⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


# ── No text does harm ───────────────────────────────────────────────────────────────────────────────

WORDS = st.sampled_from([
    *FUNCTIONS, *"xyej_()[],+-*/%.", "**", "//", "0", "1", "12", "0.5", "1e9", "pi", "__class__",
    "__import__", *" lambda , for , in , if , else , not , and , is , await , yield , True ".split(","),
])  # fmt: skip
VALID = ["ln(x)*y + sin(x*y)", "dot([x, y], [2, 3])**2", "max(-x, +y) / (1 + x // 2)", "sinc(x, 2) - 1e-3*y"]


@st.composite
def mutated(draw):
    """A valid formula with a few characters replaced by others, left out or doubled."""
    text = [*draw(st.sampled_from(VALID))]
    for i in draw(st.lists(st.integers(0, len(text) - 1), max_size=4)):
        text[i] = draw(st.sampled_from(["", text[i] * 2, *"()[],.*/-+x1e^='\"\\"]))
    return "".join(text)


texts = st.one_of(st.text(), st.lists(WORDS, max_size=30).map("".join), mutated())


@given(texts, st.booleans())
@example("x" + "**x" * 300, False)
@example("-" * LENGTH, False)
@example("x+" * 450 + "x", True)
@example("1if x else y", False)
@example("\ud800", False)
@example("sin(**x)", False)
def test_any_text_is_a_number_or_points_at_its_error(text, exact):
    try:
        f = parse(text, ["x", "y"], exact)
        assert {step.op for step in f.steps} <= ROWS
        z = f(Fraction(2), Fraction(3)) if exact else f(2, 3.5)
        assert isinstance(z, Fraction if exact else int | float)
    except FormulaError as caught:
        error = caught
    else:
        return
    assert 0 <= error.column <= len(error.text)
    assert "\n" not in str(error)
    assert error.pointed().split("\n")[1].strip() == "^"


@given(st.sampled_from(VALID), st.integers(1, 9), st.integers(1, 9))
def test_a_formula_of_values_records_what_it_computes_of_numbers(text, x, y):
    f = parse(text, ["x", "y"])
    assert f(Value(x), Value(y)).data == f(x, y)


# ── Examples ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 + 3*4 - 6/3", 12), ("-x**2", -4), ("2**3**2", 512), ("7 // 2 + 7 % 4", 6), ("+x - +-+y", 5),
        ("x × y − 6 ÷ x · 1", 3), ("abs(-3) + max(x, y) - min(x, y) + pow(x, y)", 12), ("ln(e)", 1),
        ("cos(π) + cos(pi)", -2), ("sum([x, y, 1])", 6), ("dot([x, y], [y, x])", 12), (" x\n*\ty ", 6),
        ("where(step(x - 1), x, y)", 2), ("0x10 + 1_000", 1016), ("x*-y", -6),
    ],
)  # fmt: skip
def test_the_notation(text, value):
    assert parse(text, ["x", "y"])(2, 3) == value


def test_variables_are_told_from_functions_and_come_before_constants():
    assert parse("e + sin(sin)", ["sin", "e"])(0, 5) == 5


def test_a_name_is_normalized_as_python_does_it():
    assert parse("ｘ + wₙ", ["x", "wₙ"])(1, 2) == 3


def test_a_constant_is_recorded_under_its_name():
    assert formula(parse("2*pi*r", ["r"])(Value(1, "r"))) == "2 × π × r"


def test_exact_numbers_are_what_is_written():
    assert parse("0.1 + 1e-1 + 2/10 + x", ["x"], exact=True)(Fraction(3, 5)) == 1
    for x in Fraction(7), Value(Fraction(7)):  # x // 2 is an int, and of two ints / makes a float
        assert parse("(x // 4) / (x // 2)", ["x"], exact=True)(x) == Fraction(1, 3)


BAD = [  # text, the column that is pointed at, part of the message
    ("", 0, "empty"),
    ("x +", 3, "ends too early"),
    ("x + * y", 4, "invalid syntax"),
    ("(x + y", 0, "never closed"),
    ("x + y)", 5, "unmatched"),
    ("3x", 0, "write * for a product"),
    ("x + yy", 4, "yy has no value; did you mean y?"),
    ("y + é + z", 8, "z has no value"),
    ("2*sine(x)", 2, "no function sine; did you mean sin?"),
    ("x + sin", 4, "sin is a function: write sin(…)"),
    ("x(y + 1)", 0, "x is no function; write x * (…) for a product"),
    ("2(y + 1)", 0, "write * for a product"),
    ("x^2", 1, "write ** for a power"),
    ("x²", 1, "write ** for a power"),
    ("y = x", 2, "no equations"),
    ("x < y", 2, "where(step(x)"),
    ("x.real", 1, "no attributes"),
    ("x.__class__.__bases__", 11, "no attributes"),
    ("(x)[0]", 3, "no subscripts"),
    ("lambda: x", 6, "no meaning"),
    ("x + [x for x in y]", 4, "no comprehensions"),
    ("sum(x for x in y)", 0, "sum takes lists: sum([x, y, …])"),
    ("'x'", 0, "no meaning"),
    ("x # y", 2, "no meaning"),
    ("x\0", 1, "no meaning"),
    ("[x, y]", 0, "no lists"),
    ("x, y", 0, "no tuples"),
    ("1if x else y", 0, "no if"),  # without Python's warning that 1if is a bad number
    ("x and y", 0, "no and"),
    ("not x", 0, "no not"),
    ("x is y", 0, "no comparisons"),
    ("x + True", 4, "no True"),
    ("2j", 0, "imaginary"),
    ("await x", 0, "no such things"),
    ("x.sin()", 0, "only functions can be called"),
    ("__import__(x)", 0, "no function __import__"),
    ("x + sin(x, y)", 4, "sin takes 1 argument, not 2"),
    ("max(x)", 0, "maximum takes 2 arguments, not 1"),
    ("sin(x=2)", 5, "no named arguments"),
    ("sin(**x)", 4, "one by one"),
    ("sin(*x)", 4, "no starred"),
    ("dot([x], [x, y])", 0, "dot takes lists of equal length"),
    ("dot([x])", 0, "dot takes lists"),
    ("sinc(x, 1000000000)", 8, "a whole number from 0 to 20"),
    ("polygamma(x, y)", 10, "a whole number from 0 to 20"),
    ("1e999", 0, "too large"),
    ("x + " * 300 + "y", LENGTH, "1,201 characters; 1,000 is the limit"),
    ("(" * 60 + "x" + ")" * 60, NESTING, "brackets stand 51 deep; 50 is the limit"),
]


@pytest.mark.parametrize(("text", "column", "message"), BAD)
def test_what_is_no_formula_is_refused_where_it_stands(text, column, message):
    with pytest.raises(FormulaError, match=re.escape(message)) as caught:
        parse(text, ["x", "y", "é"])
    assert caught.value.column == column


NO_LOG = (
    "math domain error" if sys.version_info < (3, 14) else "expected a positive input"
)  # in Python's words
UNDEFINED = [  # text, column, part of the message, whether exact
    ("1 + log(x - 2)", 4, f"log(0): {NO_LOG}; stay in the domain 0 < x", False),
    ("1 / (x - 2) + y", 2, "division by zero", False),
    ("(1) // ((x - 2))", 4, "floordiv(1, 0)", False),
    ("y + x**10**12", 5, f"more than {BITS:,} bits", False),
    ("y + 10**10**9", 6, "power(10, 1000000000) has more than", False),
    ("(-x)**0.5", 4, "no real power", False),
    ("exp(1000)", 0, "too large", False),
    ("mean([])", 0, "division by zero", False),
    ("prod([" + ", ".join(["10**400"] * 4) + "])", 0, f"more than {BITS:,} bits", False),
    ("x**-10**12", 1, f"more than {BITS:,} bits", True),
    ("x + exp(y)", 4, "exp gives 20.08", True),
    ("x + y**0.5", 5, "no fraction; compute without exact", True),
    ("x + pi", 4, "pi is no fraction", True),
    ("x + 1e-999999999", 4, "exponent goes beyond 1,000", True),
]


@pytest.mark.parametrize(("text", "column", "message", "exact"), UNDEFINED)
def test_what_has_no_value_is_refused_where_it_stands(text, column, message, exact):
    with pytest.raises(FormulaError, match=re.escape(message)) as caught:
        parse(text, ["x", "y"], exact)(Fraction(2) if exact else 2, Fraction(3) if exact else 3)
    assert caught.value.column == column
    assert "lambda" not in str(caught.value)


def test_powers_up_to_the_limit_are_computed():
    assert parse("2**4000")() == 2**BITS
    assert parse("(-1)**10**9 + 0**10**9 + 1**10**9")() == 2


@pytest.mark.parametrize(
    ("text", "exact", "column", "message"),
    [
        ("1 + sqrt(x)", False, 4, "sqrt(x = 0): its local derivative"),
        ("1 + x**0.5", False, 5, "its local derivative"),
        ("sqrt(1) + 2*arcsin(1 + x)", False, 12, "arcsin(1)"),
        ("y**(x + 1)", True, 4, "the derivative by x is"),
    ],
)
def test_a_derivative_that_does_not_exist_is_refused_where_it_stands(text, exact, column, message):
    variables = {"x": Value(Fraction(0) if exact else 0, "x"), "y": Value(Fraction(3), "y")}
    used = [name for name in variables if name in text]
    with pytest.raises(FormulaError, match=re.escape(message)) as caught:
        parse(text, used, exact).backward(*map(variables.get, used))
    assert caught.value.column == column


def test_backward_gives_the_value_and_the_gradients():
    x, y = Value(2, "x"), Value(5, "y")
    root = parse("x*y + y", ["x", "y"]).backward(x, y)
    assert (root.data, x.grad, y.grad) == (15, 5, 3)


@pytest.mark.parametrize("text", ["2", "pi", "2*3", "pi*2", "max(1, 2)"])
def test_without_a_variable_there_is_nothing_to_differentiate_by(text):
    with pytest.raises(FormulaError, match="the formula names no variable to differentiate by"):
        parse(text, ["x"]).backward(Value(1))


@pytest.mark.parametrize("text", ["a" * 900, "a" * 900 + "(x)", "x" * 899 + "y(x)"])
def test_a_long_name_is_shown_short(text):
    with pytest.raises(FormulaError) as caught:
        parse(text, ["x", "x" * 900])
    assert len(str(caught.value)) < 120


def test_a_long_text_is_shown_around_the_column():
    with pytest.raises(FormulaError) as caught:
        parse("x + " * 100 + "z" + " + x" * 100, ["x"])
    line, caret, message = caught.value.pointed().split("\n")
    assert len(line) == 80
    assert line[caret.index("^")] == "z"
    assert message == "z has no value"


def test_what_python_cannot_parse_is_nested_too_deeply(monkeypatch):
    def overflow(*args, **options):
        raise MemoryError

    monkeypatch.setattr("ast.parse", overflow)
    with pytest.raises(FormulaError, match="nested too deeply"):
        parse("x", ["x"])


def test_numbers_alone_stay_numbers_and_constants_lose_no_label():
    assert isinstance(parse("pi")(), float)
    assert parse("pi*x", ["x"])(Value(1)).args[0].label == constant(3, "π").label
