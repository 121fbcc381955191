"""What `check_engine` says of the steps, and of the wrong turns that people take there.

A turn is a step in which some lines are replaced. The report sees only what an engine computes, and no code.
"""

from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import NamedTuple

from autograd.testing import EngineReport, check_engine
from demos.build.text import file

SUMS = ["add", "mul"]
ARITHMETIC = [*SUMS, "sub", "div", "power", "neg"]
FUNCTIONS = ["exp", "log", "sin", "cos", "tanh", "relu"]
OPERATIONS = {1: ["mul"], 2: SUMS, 3: SUMS, 4: SUMS, 5: ARITHMETIC}
"""What a step knows; steps that aren't there know all."""


class Turn(NamedTuple):
    """A wrong turn: what somebody may think at a step, and what then stands in place of which lines."""

    step: int
    thought: str
    lines: Mapping[str, str]


TURNS = [
    Turn(
        4,
        "The gradient of an argument is what the node hands on to it.",
        {"                arg.grad += node": "                arg.grad = node"},
    ),
    Turn(
        4,
        "A node's turn comes as soon as the search meets it, from the root down.",
        {
            "            order.append(stack.pop())\n": "            stack.pop()\n",
            "            seen.add(node)\n": "            seen.add(node)\n            order.append(node)\n",
            "        for node in reversed(order):": "        for node in order:",
        },
    ),
    Turn(
        4,
        "Gradients begin at 0 when a value is made, and that is enough.",
        {"        for node in order:\n            if node.args:\n                node.grad = 0\n": ""},
    ),
    Turn(
        5,
        "A number on the left is the same from the other side.",
        {"    __rsub__ = lambda x, y: sub(y, x)": "    __rsub__ = lambda x, y: sub(x, y)"},
    ),
    Turn(5, "Python knows that x + y is y + x.", {"    __radd__ = lambda x, y: add(y, x)\n": ""}),
    Turn(5, "A power goes down by one.", {"y * x ** (y - 1), ": "x ** (y - 1),     "}),
    Turn(6, "The slope of tanh is 1 minus its square.", {"1 - z * z": "1 - x * x"}),
    Turn(6, "The slope of cos is sin.", {"-math.sin(x)": "math.sin(x)"}),
]


def source(step: int, lines: Mapping[str, str] = {}) -> str:
    """The file of a step, with some of its lines replaced; KeyError where one isn't there, or twice."""
    text = file(step).read_text(encoding="utf-8")
    for right, wrong in lines.items():
        if text.count(right) != 1:
            raise KeyError(right)
        text = text.replace(right, wrong)
    return text


@cache
def grade(step: int, text: str) -> EngineReport:
    """The report on the engine in a text, with the operations that a step knows."""
    engine = ModuleType(f"step{step}")
    exec(text, vars(engine))
    operations = OPERATIONS.get(step, ARITHMETIC + FUNCTIONS)
    functions = {name: getattr(engine, name) for name in FUNCTIONS if hasattr(engine, name)}
    return check_engine(engine.Value, operations=operations, functions=functions)


class Complaint(NamedTuple):
    """What a report finds first: in words, and the program that shows it."""

    text: str
    program: str


def complaint(step: int, lines: Mapping[str, str] = {}) -> Complaint | None:
    """What is wrong about a step, or what it no longer offers since lines were replaced."""
    offered = {row.name for row in grade(step, source(step)).rows if row.status != "missing"}
    for row in grade(step, source(step, lines)).rows:
        if row.status == "fail" or (row.status == "missing" and row.name in offered):
            said = row.diagnosis.text if row.diagnosis else "the numbers are wrong"
            return Complaint(f"{row.name}: {said}", row.program)
    return None
