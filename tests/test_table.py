"""table: the graph node by node, forward and backward, as text, Markdown and LaTeX."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import viz
from autograd import Value, backward_steps, sqrt
from autograd.testing import strategies
from demos import mazur
from viz.text import columns, full, short


def wide(table):
    return max(map(columns, str(table).split("\n")))


@given(strategies.expressions(), st.sampled_from([1, 3, None]))
def test_every_number_stands_in_the_digits_asked_for(e, digits):
    words = str(viz.table(e.root, digits)).split()
    write = full if digits is None else lambda x: short(x, digits=digits)
    for step in backward_steps(e.root) if e.root.args else ():
        assert {write(x) for x in (step.upstream, step.local, step.contribution, step.total)} <= {*words}


def test_few_digits_make_a_table_a_page_wide_and_a_wide_one_is_closer_together():
    root = mazur.build(float)
    whole, few = viz.table(root), viz.table(root, digits=4)
    assert wide(few) < 100 < wide(whole) < 154
    assert "so far" in str(few) and "0.03812" not in str(few) and re.search(r"−0\.0381 +× +1 +=", str(few))
    assert "0.5933 |" in few.markdown() and "$0.5933$" in few.latex()
    narrow = str(viz.table(Value(1.0, "x") * 2))
    assert "gradient so far" in narrow and "  ×  " in narrow


def test_digits_are_whole_numbers():
    for digits in 0, 2.5, "4":
        with pytest.raises(ValueError, match=r"^digits must be a whole number of at least 1, not"):
            viz.table(Value(1.0) * 2, digits)


def test_names_are_typeset_and_a_missing_derivative_is_none():
    x = Value(0.0, "x^2_{13}")
    table = viz.table(sqrt(x) * Value(1.5e30, "y_hat"), 4)
    assert "x²₁₃" in str(table) and "1.5×10³⁰" in str(table) and " none " in str(table)
    assert r"$1.5\times 10^{30}$" in table.latex() and r"$x^{2}_{13}$" in table.latex()
