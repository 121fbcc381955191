"""Every demo that trains, or checks equations, holds its claims, and would say so if it did not."""

import math
import sys
from fractions import Fraction
from itertools import product

import pytest

import nn
from autograd import grad
from demos import mazur, moons, nielsen_equations, runner, spirals, symmetry, xor

PICTURES = {
    "nielsen_equations": ["nielsen_equations.svg", "nielsen_equations.html"],
    "xor": ["xor.png", "xor-network.svg"],
    "moons": ["moons.png"],
    "symmetry": ["symmetry.png", "symmetry-network.svg"],
    "spirals": ["spirals.png"],
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_demo_holds_its_claims_and_draws_its_pictures(name, tmp_path, capsys):
    assert runner.main([name, "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "✓" in shown and "✗" not in shown and shown.endswith("All claims hold.\n")
    for picture in PICTURES[name]:
        start = b"\x89PNG" if picture.endswith(".png") else b"<"
        assert (tmp_path / picture).read_bytes().startswith(start) and picture in shown


def test_a_demo_gives_the_same_at_every_run(tmp_path, capsys):
    shown = set()
    for _ in range(2):
        assert xor.run(tmp_path)
        shown.add(capsys.readouterr().out)
    assert len(shown) == 1


def test_without_matplotlib_a_demo_says_how_to_get_the_picture_and_goes_on(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert xor.run(tmp_path)
    assert (
        "No picture: it needs matplotlib, pip install 'scalar-autograd[plots]'\n" in capsys.readouterr().out
    )
    assert not (tmp_path / "xor.png").exists() and (tmp_path / "xor-network.svg").exists()


# ── Mazur ───────────────────────────────────────────────────────────────────────────────────────────


def error(*w):
    """The article's error, in plain arithmetic."""

    def sigmoid(z):
        return 1 / (1 + math.e**-z)

    h = [sigmoid(w[j] * 0.05 + w[j + 1] * 0.10 + 0.35) for j in (0, 2)]
    o = [sigmoid(w[j] * h[0] + w[j + 1] * h[1] + 0.60) for j in (4, 6)]
    return ((0.01 - o[0]) ** 2 + (0.99 - o[1]) ** 2) / 2


def test_a_step_follows_the_gradient_of_the_error():
    w = mazur.weights()
    before = [weight.data for weight in w]
    mazur.learn(w)
    slopes = grad(error, argnums=tuple(range(8)))(*before)
    for weight, old, slope in zip(w, before, slopes):
        assert weight.data == pytest.approx(old - 0.5 * slope, abs=1e-15)


def test_the_order_of_the_updates_is_what_makes_the_printed_error():
    at_once, in_turn = mazur.weights(), mazur.weights()
    mazur.learn(at_once)
    mazur.learn_in_turn(in_turn)
    assert [w.data for w in at_once[4:]] == [w.data for w in in_turn[4:]]
    assert all(a.data != b.data for a, b in zip(at_once[:4], in_turn[:4]))
    assert f"{error(*[w.data for w in at_once]):.9f}" == "0.291027774"
    assert f"{error(*[w.data for w in in_turn]):.9f}" == "0.291027924"


def test_other_weights_meet_no_figure_of_mazur(monkeypatch):
    monkeypatch.setattr(mazur, "ETA", 0.49)
    assert not any(good for _, good in mazur.claims())


# ── Nielsen ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_equations_are_checked_at_every_neuron_and_every_weight():
    C = nielsen_equations.build(runner.as_written)
    C.backward()
    y = [float(y) for y in nielsen_equations.Y]
    names = [check.name for check in nielsen_equations.checks(C, y, nielsen_equations.sigmoid_prime)]
    weights = [(2, j, k) for j, k in product(range(1, 5), range(1, 4))]
    weights += [(3, j, k) for j, k in product(range(1, 3), range(1, 5))]
    assert [name for name in names if "w" in name] == [f"∂C/∂w^{layer}_{j}{k}" for layer, j, k in weights]
    assert len(names) == len(set(names)) == 2 + 4 + 6 + 20


@pytest.mark.parametrize("prime", ["sigmoid_prime", "rational_prime"])
def test_a_wrong_derivative_breaks_all_four_equations(prime, monkeypatch):
    right = getattr(nielsen_equations, prime)
    monkeypatch.setattr(nielsen_equations, prime, lambda z: right(z) * Fraction(1001, 1000))
    assert [good for _, good in nielsen_equations.claims()] == [False] * 4


# ── Training ────────────────────────────────────────────────────────────────────────────────────────


def test_the_moons_are_two_half_circles_with_noise():
    points = moons.points_of_the_notebook()
    assert len(points) == 100 and sum(points.y) == 50
    for (x1, x2), y in points:
        centre, half = ((1, 0.5), -1) if y else ((0, 0), 1)
        assert math.hypot(x1 - centre[0], x2 - centre[1]) == pytest.approx(1, abs=0.4)
        assert half * (x2 - centre[1]) > -0.4


def test_without_numpy_the_moons_are_others(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "numpy", None)
    monkeypatch.setattr(moons, "STEPS", 1)
    monkeypatch.setattr(runner, "plot", lambda *drawings: None)
    assert not moons.run(tmp_path)  # a step is not enough
    shown = capsys.readouterr().out
    assert "pip install 'scalar-autograd[numpy]'" in shown and "source" not in shown


@pytest.mark.parametrize(
    ("demo", "setting", "claims"), [(xor, "STEPS", 4), (symmetry, "SWEEPS", 6), (spirals, "EPOCHS", 3)]
)
def test_after_one_step_no_claim_holds(demo, setting, claims, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(demo, setting, 1)
    monkeypatch.setattr(runner, "plot", lambda *drawings: None)
    assert not demo.run(tmp_path)
    shown = capsys.readouterr().out
    assert shown.count("✗") == claims and "✓" not in shown


def test_a_hidden_neuron_that_is_no_gate_is_none():
    neuron = nn.Neuron(2, "tanh", init=1.0)
    assert neuron.b is not None
    data = nn.data.gates("xor")
    neuron.b.data = -0.5
    assert xor.gate_of(neuron, data) == "or"
    neuron.w[0].data = -1.0
    assert xor.gate_of(neuron, data) == "no gate of that list"
