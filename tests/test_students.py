"""The catalogue of students' engines: the right ones are right, and in every wrong one something is wrong."""

import ast
from collections import Counter
from types import FunctionType

import pytest
from students import CONVENTIONS, RIGHT, WORDS, WRONG, load, run

from autograd import Value, ops

EXPRESSIONS = """
x + y; x - y; x * y; x / y; -x; x + x
x ** 3; x ** -1; x ** 0.5; x ** y; 2 ** x
x + 2; x - 2; x * 2; x / 2
2 + x; 2 - x; 2 * x; 2 / x
x * x / x; (x * y + x) * (x * y - y / x); sum([x, y, x * y])
exp(x * y); log(x * y); sqrt(x * y); sin(x * y); cos(x * y)
tanh(x * y); tanh(-x) * 2; sigmoid(x * y); sigmoid(-x); softplus(x * y); softplus(-x)
relu(x * y); relu(-x) + y; absolute(x * y); absolute(-x); maximum(x, y) * 3; maximum(y, x) * 3
tanh(x * 2) * exp(y) + relu(x - y) * x
"""
EXPRESSIONS = [expression.strip() for line in EXPRESSIONS.split("\n")[1:-1] for expression in line.split(";")]
FUNCTIONS = "exp log sqrt sin cos tanh sigmoid softplus relu absolute maximum".split()
ALSO_CALLED = {"absolute": "abs", "maximum": "max"}


def functions(module, make):
    """What a student's file offers: a method of the class, or a function of the module's own."""
    found = {}
    for name in FUNCTIONS:
        for spelling in name, name.capitalize(), ALSO_CALLED.get(name, name):
            f = getattr(make, spelling, None) or vars(module).get(spelling)
            if isinstance(f, FunctionType):
                found[name] = f
    return found


def offers(make, names, expression):
    called = {node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)}
    any_exponent = hasattr(make, "__rpow__")
    return called <= {"x", "y", "sum", *names} and (any_exponent or expression not in ("x ** y", "2 ** x"))


def asked(expression, names, make, backward="backward", data="data", grad="grad"):
    """Value and gradient of an expression, and the gradient after another loss of the same x and y."""
    x, y = make(0.7), make(1.3)
    z = eval(expression, {**names, "x": x, "y": y})
    getattr(z, backward)()
    numbers = [getattr(z, data), *(getattr(leaf, grad) or 0.0 for leaf in (x, y))]
    getattr(x * y, backward)()
    return numbers + [getattr(leaf, grad) for leaf in (x, y)]


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_engine_computes_what_ours_does(name):
    module, words = load(RIGHT[name]), WORDS[name]
    make = getattr(module, words.make)
    names = functions(module, make)
    assert len(names) >= 3
    for expression in EXPRESSIONS:
        if offers(make, names, expression):
            got = asked(expression, names, **words._asdict() | {"make": make})
            want = asked(expression, {name: getattr(ops, name) for name in FUNCTIONS}, Value)
            assert got == pytest.approx(want, rel=1e-12), expression


def outcome(source, program):
    """The number that a program computes, or the class of its error."""
    try:
        return run(source, program)
    except Exception as error:
        return type(error)


def is_right(outcome, right):
    return outcome is right if isinstance(right, type) else outcome == pytest.approx(right, rel=1e-9)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_a_wrong_engine_is_wrong_where_its_right_one_is_right(wrong):
    load(wrong.source)
    for program, right in wrong.shows:
        assert is_right(outcome(RIGHT[wrong.base], program), right)
        got = outcome(wrong.source, program)
        assert not is_right(got, right)
        assert got is not NameError  # a slip in the patch, not the student's


def test_no_engine_stands_in_the_catalogue_twice():
    for what in (wrong.name for wrong in WRONG), (wrong.source for wrong in WRONG):
        assert max(Counter(what).values()) == 1
    assert {wrong.id for wrong in WRONG} > CONVENTIONS
