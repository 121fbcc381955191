"""text: how wide a text is, numbers in few digits, names cut in the middle."""

import math
import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_naming import names

from autograd.naming import HIGH, RAISED, runs, typeset
from viz.text import MONO, SCRIPT, bold_width, columns, cut, distinct, full, mono_width, short

PLAIN = {ord(sign): letter for letter, sign in RAISED.items()}


def read(text):
    """The number that `short` has written."""
    text = re.sub(rf"(×?)10([{HIGH}]+)$", lambda m: f"{'' if m[1] else '1'}e{m[2].translate(PLAIN)}", text)
    return Decimal(text.replace("−", "-").replace("∞", "inf"))


@given(st.floats(), st.sampled_from([1, 4, 12, None]))
def test_a_number_is_read_back_from_its_digits(x, digits):
    text = short(x, digits=digits)
    if math.isnan(x):
        assert text == "nan"
    elif digits is None or math.isinf(x):
        assert float(read(text)) == x
    else:
        assert abs(read(text) - Decimal(x)) <= abs(Decimal(x)) * Decimal(10) ** (1 - digits)
    assert "e" not in text and short(x, True, digits) == "+" * (x > 0) + text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (6.02214e23, "6.022×10²³"), (-1.5e-7, "−1.5×10⁻⁷"), (1e-5, "10⁻⁵"), (-1e100, "−10¹⁰⁰"),
        (21e-6, "2.1×10⁻⁵"),
        (10**30, "10³⁰"), (2**70, "1.181×10²¹"), (Fraction(1, 3), "1/3"), (Fraction(10**40, 7), "1.429×10³⁹"),
        (math.inf, "∞"), (-math.inf, "−∞"), (math.nan, "nan"), (Decimal("Infinity"), "∞"),
        (Decimal("sNaN"), "nan"),
        (Decimal("1E-9"), "10⁻⁹"), (1e-5 + 2j, "10⁻⁵+2j"), (complex(math.inf, 1), "∞+1j"), (-0.0, "0"),
        (220, "220"), (0.1, "0.1"), (None, ""), ("(n, 3)", "(n, 3)"),
    ],
)  # fmt: skip
def test_numbers(number, text):
    assert short(number) == text


def test_full_precision_stays_pythons():
    assert (full(6.02214e23), full(1e-5), full(math.inf)) == ("6.02214e+23", "1e-05", "inf")


long_names = st.lists(st.text("ab.", min_size=1, max_size=40), max_size=12, unique=True)


@given(long_names, st.integers(8, 28))
def test_cut_names_are_short_and_stay_different(names, length):
    cuts = distinct(names, length)
    assert [*cuts] == names and len({*cuts.values()}) == len(names)
    for name, shown in cuts.items():
        assert shown == name if len(name) <= length else len(shown) <= length and "…" in shown
        assert len(cut(name, length)) == min(len(name), length)


def test_a_name_is_cut_in_the_middle():
    one, two = (f"transformer.layers.3.attention.query.weight_{i}" for i in (1, 2))
    assert (cut(one, 24), cut(two, 24)) == ("transform…query.weight_1", "transform…query.weight_2")
    assert distinct([one, two], 24) == {one: cut(one, 24), two: cut(two, 24)}
    inner = [f"transformer.layers.{i}.attention.query.weight" for i in (1, 2)]
    assert [*distinct(inner, 24).values()] == ["transf…1.attentio…weight", "transf…2.attentio…weight"]


@given(names.map(typeset), st.sampled_from([10, 13]))
def test_scripts_are_small_and_those_over_each_other_take_the_place_of_the_wider(name, size):
    parts = runs(name)
    for width in mono_width, bold_width:
        assert width(name, size) <= sum(
            width(run.text, size) for run in parts if not runs(run.text)[0].level
        ) + (SCRIPT * MONO * size * sum(columns(run.text) for run in parts) + 1e-9)
    assert mono_width("w²₁₃", size) == pytest.approx(size * MONO * (1 + 2 * SCRIPT))
    assert mono_width("w²₁₃", size) == pytest.approx(mono_width("w₁₃", size))
    assert mono_width("w₁²", size) == pytest.approx(size * MONO * (1 + 2 * SCRIPT))
    assert mono_width("w_bq", size) == mono_width("w₁₃", size) > mono_width("w₁", size)
