"""Thousands of the million random graphs, and that their judges know every row and see what is wrong.

The whole run: python tests/random_dags.py --count 1000000
"""

import math
import re
from collections import defaultdict

import mpmath
import peer_rows
import pytest
import random_dags
from oracles import FLAT, changed, rules
from peer_rows import CONVENTIONS, INACCURATE, KINKED, SMOOTH
from random_dags import ROWS, draw, run, with_bounds

from autograd import Value, ops
from autograd.testing.expression import Expression


def test_random_graphs_agree_with_mpmath():
    tally, mismatches = run(range(900))
    assert not mismatches, mismatches[0]
    assert tally.counts["ill-conditioned"] + tally.counts["without a bound"] < 60
    assert {"ordinary", "kinked", "extreme", "jvp", "the plain engine"} <= tally.counts.keys()
    assert {*tally.rows} == {op.name for op in ROWS}


def test_random_graphs_agree_with_pytorch():
    pytest.importorskip("torch")
    tally, mismatches = run(range(1000), with_torch=True)
    assert not mismatches, mismatches[0]
    assert tally.counts["PyTorch: a gradient"] > 200


def test_every_row_has_its_peers():
    assert {op.name for op in ROWS} <= SMOOTH.keys() | KINKED.keys()
    assert {op.name for op in ROWS if op.kind == "kinked"} <= KINKED.keys()
    assert not SMOOTH.keys() & KINKED.keys()


def test_every_row_has_its_words_in_pytorch():
    pytest.importorskip("torch")
    assert {op.name for op in ROWS} - INACCURATE.keys() <= peer_rows.torch_rows().keys()


@pytest.mark.parametrize(("name", "args", "ours", "theirs"), CONVENTIONS)
def test_slopes_that_pytorch_takes_otherwise(name, args, ours, theirs):
    leaves = [Value(x) for x in args]
    ops.TABLE[name].apply(leaves).backward()
    assert tuple(leaf.grad for leaf in leaves) == ours
    t = pytest.importorskip("torch")
    tensors = [t.tensor(x, dtype=t.float64, requires_grad=True) for x in args]
    slopes = t.autograd.grad(peer_rows.torch_rows()[name](*tensors), tensors)
    assert tuple(float(slope) for slope in slopes) == theirs


# ── The judges see what is wrong ────────────────────────────────────────────────────────────────────

# whose slope of 0 is 0 times a factor
STEADY = {op for op in ROWS if op is ops.stop_gradient or op.name in FLAT}


@pytest.fixture(scope="module")
def graphs():
    """The numbers of graphs that have a row, by row."""
    found = defaultdict(list)
    for seed in range(600):
        for op in {node.op for node in draw(seed).order}:
            found[op].append(seed)
    return found


@pytest.mark.parametrize("op", [op for op in ROWS if op not in STEADY], ids=lambda op: op.name)
def test_a_rule_that_is_off_by_a_billionth_is_seen(op, graphs, monkeypatch):
    right = op.partials
    monkeypatch.setattr(random_dags, "STAGES", (0,))
    for i in rules(op):
        monkeypatch.setattr(op, "partials", changed(op, i, lambda local: local * (1 + 1e-9)))
        assert any(run([seed])[1] for seed in graphs[op]), f"rule {i + 1}"
        monkeypatch.setattr(op, "partials", right)


def test_a_value_that_is_off_by_a_billionth_is_seen(graphs, monkeypatch):
    monkeypatch.setattr(ops.exp, "function", lambda x: math.exp(x) * (1 + 1e-9))
    assert any(run([seed])[1] for seed in graphs[ops.exp])


def test_a_mismatch_prints_the_program(graphs, monkeypatch):
    monkeypatch.setattr(ops.exp, "partials", (lambda x, z: 2 * z,))
    text = next(text for seed in graphs[ops.exp] for text in run([seed])[1])
    assert re.match(r"graph \d+: MismatchError: mpmath: a gradient: .* is allowed\n", text)
    assert "exp(" in text and "root = " in text


def test_a_bound_contains_what_rounding_does():
    """And not much more: of x·y − x·y′ it is the rounding of two products."""
    x = Value(1 / 3)
    e = Expression(x * 3.1 - x * 3.0)
    rounded, (bound,) = with_bounds(e)
    with mpmath.workdps(50):
        exact = mpmath.mpf(1 / 3) * (mpmath.mpf(3.1) - 3)
        assert 0 < abs(e.root.data - exact) < rounded[e.root].error < 1e-14
    assert abs(bound.data - (3.1 - 3.0)) <= bound.error < 1e-13
