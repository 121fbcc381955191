"""Learning rates that change with the step: any function n → learning rate is one; here are the usual ones.

    n    number of steps taken before: 0, 1, …          lr    learning rate at n = 0

>>> schedule = warmup(3, then=cosine(0.1, 100))
>>> [round(schedule(n), 3) for n in (0, 1, 2, 3, 53, 103, 1000)]
[0.025, 0.05, 0.075, 0.1, 0.05, 0.0, 0.0]
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

from nn.checks import check_whole
from nn.settings import waits

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


class Plateau:
    """`factor` times the rate before, whenever so many epochs have passed without a better one.

    patience, min_delta   as in `nn.Stop`, by the loss that tells the best epoch; the count begins anew with
                          every reduction (PyTorch's ReduceLROnPlateau waits for one epoch more)
    end                   the least rate

    `nn.fit` shows it the history after every epoch and every resume; each training begins with `lr`. In a
    loop of one's own: `schedule.watch(history)`. ValueError for numbers that make no schedule.

    >>> schedule = Plateau(0.1, patience=2, factor=0.5)
    >>> schedule.see([3.0, 2.0, 2.5, 2.0])
    >>> schedule(4)
    0.05
    """

    def __init__(
        self, lr: Any, patience: int = 10, factor: Any = 0.1, min_delta: Any = 0, end: Any = 0
    ) -> None:
        check_whole("Plateau", "patience", patience)
        if not 0 < factor < 1:
            raise ValueError(f"Plateau: factor must be between 0 and 1, not {factor!r}")
        self.lr, self.patience, self.factor, self.min_delta, self.end = lr, patience, factor, min_delta, end
        self.reductions = 0

    def __call__(self, n: int) -> Any:
        """The rate now, whatever the number of steps."""
        return max(self.lr * self.factor**self.reductions, self.end)

    def watch(self, history: Any) -> None:
        """See what a training has measured."""
        self.see(history.measured)

    def see(self, losses: Iterable[Any]) -> None:
        """Take these as the losses of the epochs so far."""
        self.reductions = sum(n % self.patience == 0 for n in waits(losses, self.min_delta) if n)
