"""Learning rates that change with the step: any function n → learning rate is one; here are the usual ones.

    n    number of steps taken before: 0, 1, …          lr    learning rate at n = 0

>>> schedule = warmup(3, then=cosine(0.1, 100))
>>> [round(schedule(n), 3) for n in (0, 1, 2, 3, 53, 103, 1000)]
[0.025, 0.05, 0.075, 0.1, 0.05, 0.0, 0.0]
"""

import math
from collections.abc import Callable
from typing import Any

from nn.checks import check_whole

Schedule = Callable[[int], Any]


def constant(lr: Any) -> Schedule:
    """The same rate for ever."""
    return lambda n: lr


def step_decay(lr: Any, every: int, factor: Any = 0.1) -> Schedule:
    """`factor` times the rate before, after `every` steps. ValueError for `every` below 1."""
    check_whole("step_decay", "every", every)
    return lambda n: lr * factor ** (n // every)


def exponential(lr: Any, factor: Any) -> Schedule:
    """`factor` times the rate before, after each step."""
    return lambda n: lr * factor**n


def linear(lr: Any, steps: int, end: Any = 0) -> Schedule:
    """In a straight line from `lr` to `end` at n = steps, and `end` ever after.

    ValueError for steps below 1.
    """
    check_whole("linear", "steps", steps)
    return lambda n: lr + (end - lr) * min(n, steps) / steps


def cosine(lr: Any, steps: int, end: Any = 0) -> Schedule:
    """Half a cosine from `lr` to `end` at n = steps, and `end` ever after (Loshchilov & Hutter 2017).

    ValueError for steps below 1.
    """
    check_whole("cosine", "steps", steps)
    return lambda n: end + (lr - end) * (1 + math.cos(math.pi * min(n, steps) / steps)) / 2


def warmup(steps: int, then: Any) -> Schedule:
    """Evenly rising for so many steps, towards the rate that `then`, a number or a schedule, begins with.

    `then` starts at n = steps, as if that were its first step. ValueError for steps below 1.
    """
    check_whole("warmup", "steps", steps)
    after = then if callable(then) else constant(then)
    return lambda n: after(0) * (n + 1) / (steps + 1) if n < steps else after(n - steps)
