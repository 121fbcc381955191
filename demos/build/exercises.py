"""Exercises that check themselves: `check("two ways", (8, 3))` says right, or what to look at again.

The tasks and their solutions are on a page of the documentation, docs/exercises.md. An answer is compared
with exact differences, with `check_grads` or with another engine, never with a solution.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from autograd import Op, Value, absolute, exp, grad, sigmoid
from autograd.testing import GradientError, check_grads
from demos import runner

RIGHT = "right"


def check(exercise: str, answer: Any) -> None:
    """Print whether the answer to an exercise is right, else a hint."""
    print(CHECKS[exercise](answer))


def two_ways(answer: tuple[Any, Any]) -> str:
    """(∂z/∂x, ∂z/∂y) of z = x y + x x at x = 3, y = 2."""

    def z(x: Fraction, y: Fraction) -> Fraction:
        return x * y + x * x

    x, y, h = Fraction(3), Fraction(2), Fraction(1, 100)  # differences of squares are exact
    true = (z(x + h, y) - z(x - h, y)) / (2 * h), (z(x, y + h) - z(x, y - h)) / (2 * h)
    wrong = [name for name, a, b in zip(("∂z/∂x", "∂z/∂y"), answer, true, strict=True) if a != b]
    if not wrong:
        return RIGHT
    return f"not yet: {' and '.join(wrong)}; draw the graph, and count the edges that leave x"


def two_passes(answer: Any) -> str:
    """x.grad after y = x x at 3 and two calls of y.backward()."""
    x = Value(3)
    y = x * x
    y.backward()
    once = x.grad
    y.backward()
    if answer == x.grad:
        return RIGHT
    return "not yet: what does a leaf do with what it holds?" if answer == once else "not yet"


def swish_rule(rule: Callable[..., Any]) -> str:
    """The rule of swish(x) = x / (1 + exp(−x)), given x and z."""
    return verdict(Op("swish", lambda x: x / (1 + exp(-x)), rule), -2.0, 0.3, 5.0)


def leaky_rule(rule: Callable[..., Any]) -> str:
    """The rule of z = max(x, x / 10), given x and z, without if: arrays of numbers have many signs."""
    x = np.array([-2.0, 3.0])
    try:
        rule(x, np.array([-0.2, 3.0]))
    except (TypeError, ValueError) as error:
        return f"not yet: with an array it raises {error}"
    return verdict(Op("leaky", lambda x: (11 * x + 9 * absolute(x)) / 20, rule, kind="kinked"), *x.tolist())


def verdict(op: Op, *points: float) -> str:
    """What `check_grads` says of an operation."""
    try:
        for x in points:
            check_grads(op, x)
    except GradientError as error:
        return f"not yet: {str(error).splitlines()[0]}"
    return RIGHT


def a_program(f: Callable[[Any], Any]) -> str:
    """A function of one Value, of + and ×, that shows what is wrong about step 3."""
    found = []
    for step in 3, 4:
        x = runner.load(f"build.step{step}").Value(3)
        f(x).backward()
        found.append(x.grad)
    if found[0] != found[1]:
        return f"{RIGHT}: step 3 gives {found[0]}, step 4 gives {found[1]}"
    return f"not yet: both give {found[0]}"


def the_bottom(answer: float) -> str:
    """Where x⁴ − 3x + exp(x) is lowest, to nine digits."""
    slope = grad(lambda x: x**4 - 3 * x + exp(x))(answer)
    return RIGHT if abs(slope) < 1e-8 else f"not yet: the slope there is {slope:.1e}"


def too_far(answer: float) -> str:
    """The smallest whole x at which a sigmoid no longer learns: σ′(x) is the number 0."""
    slopes = [grad(sigmoid)(float(x)) for x in (answer - 1, answer)]
    if slopes[1]:
        return f"not yet: σ′ is still {slopes[1]:.1e}"
    return RIGHT if slopes[0] else "not yet: it is 0 before that"


CHECKS: dict[str, Callable[[Any], str]] = {
    "two ways": two_ways,
    "two passes": two_passes,
    "swish": swish_rule,
    "leaky": leaky_rule,
    "a program": a_program,
    "the bottom": the_bottom,
    "too far": too_far,
}
