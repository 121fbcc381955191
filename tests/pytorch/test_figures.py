"""Activations, losses, optimizers, schedules and inits give PyTorch's own numbers, to 1e-12.

They are stored in figures.json, so that the suite needs no PyTorch; where there is one, the script that made
them must still make the same.
"""

import json
import math
import runpy
from pathlib import Path
from random import Random

import numpy as np
import pytest

import nn
from autograd import Value
from nn import losses, optim, schedules
from nn.modules import ACTIVATIONS

HERE = Path(__file__).parent
FIGURES = json.loads((HERE / "figures.json").read_text(encoding="utf-8"))


def cases(section):
    names = [f"{i}-{case['name']}" for i, case in enumerate(FIGURES[section])]
    return pytest.mark.parametrize("case", FIGURES[section], ids=names)


def near(wanted):
    return pytest.approx(wanted, rel=1e-12, abs=1e-12)


@cases("activations")
def test_activations(case):
    for x, z, slope in zip(case["x"], case["z"], case["slope"], strict=True):
        leaf = Value(x)
        ours = ACTIVATIONS[case["name"]](leaf)
        ours.backward()
        assert (ours.data, leaf.grad) == (near(z), near(slope)), x


@cases("losses")
def test_losses_and_the_gradient_of_every_output(case):
    outputs = [Value(y) for y in case["output"]]
    loss = getattr(losses, case["name"])(outputs, case["target"])
    loss.backward()
    assert loss.data == near(case["loss"])
    assert [y.grad for y in outputs] == near(case["gradient"])


@cases("optimizers")
@pytest.mark.parametrize("arrays", [False, True])
def test_twenty_steps_of_every_optimizer(case, arrays):
    parameters = [Value(x) for x in case["start"]]
    optimizer = getattr(optim, case["name"])(parameters, **case["settings"])
    theta = np.array(case["start"])
    for g, wanted in zip(FIGURES["gradients"], case["path"], strict=True):
        if arrays:
            optimizer.step_array(theta, np.array(g))
        else:
            for p, gradient in zip(parameters, g, strict=True):
                p.grad = gradient
            optimizer.step()
        assert (theta.tolist() if arrays else [p.data for p in parameters]) == near(wanted)


@cases("clipping")
@pytest.mark.parametrize("arrays", [False, True])
def test_clipping_but_for_what_pytorch_adds_to_the_norm(case, arrays):
    """It divides by norm + 10⁻⁶, so that what it clips is a millionth of a norm of 1 too short."""
    parameters = np.array(case["gradients"]) if arrays else [Value(0.0) for _ in case["gradients"]]
    if not arrays:
        for p, g in zip(parameters, case["gradients"], strict=True):
            p.grad = g
    norm = getattr(optim, case["name"])(parameters, case["limit"])
    clipped = parameters.tolist() if arrays else [p.grad for p in parameters]
    if case["name"] == "clip_grad_norm":
        assert norm == near(case["norm"])
        if norm > case["limit"]:
            clipped = [g * norm / (norm + 1e-6) for g in clipped]
    assert clipped == near(case["clipped"])


@cases("schedules")
def test_schedules(case):
    schedule = getattr(schedules, case["name"])(*case["arguments"])
    assert [schedule(n) for n in range(len(case["rates"]))] == near(case["rates"])


class Extreme(Random):
    """Gives the upper bound of a uniform number and the deviation of a normal one."""

    def uniform(self, a, b):
        return b

    def gauss(self, mu=0.0, sigma=1.0):
        return mu + sigma


@cases("gains")
def test_inits_have_the_gains_of_pytorch(case):
    """The formulas of torch.nn.init: kaiming's deviation is gain / √n, xavier's gain · √(2 / (n + m))."""
    n, m = 50, 30
    inits = {"relu": {"he": n}, "linear": {"lecun": n, "glorot": (n + m) / 2, "xavier": (n + m) / 2}}
    for name, fan in inits[case["name"]].items():
        deviation = case["gain"] / math.sqrt(fan)
        assert nn.INITS[f"{name}_normal"](Extreme(), n, m) == near(deviation)
        assert nn.INITS[f"{name}_uniform"](Extreme(), n, m) == near(math.sqrt(3) * deviation)


def test_every_loss_and_optimizer_is_here():
    assert {case["name"] for case in FIGURES["losses"]} == {*losses.LOSSES, "l1", "l2"} - {
        "softmax_with_loss"
    }
    optimizers = {name for name in optim.__all__ if isinstance(getattr(optim, name), type)}
    optimizers -= {"Optimizer", "Groups"}
    assert {case["name"] for case in FIGURES["optimizers"]} == optimizers


def leaves(tree):
    """Every number and text in nested lists and dicts, in order."""
    if isinstance(tree, dict | list):
        for item in tree.values() if isinstance(tree, dict) else tree:
            yield from leaves(item)
    else:
        yield tree


def test_the_script_still_makes_the_stored_figures():
    pytest.importorskip("torch")
    script = runpy.run_path(str(HERE / "make_figures.py"))
    made = json.loads(script["as_json"](script["figures"]()))
    assert made.keys() == FIGURES.keys()
    for ours, theirs in zip(leaves(made), leaves(FIGURES), strict=True):
        assert ours == (theirs if isinstance(theirs, str) else near(theirs))
