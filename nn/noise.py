"""Where Dropout and Noise have their random numbers from while a model trains.

Who runs the model decides whether it draws. The steps of `fit` do, from its seed and the number of the step,
so that a resumed training draws the same; validation and `evaluate` do not. Elsewhere the model decides, by
`model.train()` and `model.eval()`; at first it does not.

    draw     (random numbers, count) → so many numbers
    source   (draw, count) → the numbers for the example at hand, or None where nothing is to be drawn

A compiled program records one example. What the modules ask for, in their order, is one more input of it.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from random import Random
from typing import Any

from autograd import no_grad

Draw = Callable[[Random, int], Sequence[float]]
Source = Callable[[Draw, int], Sequence[Any] | None]

source: ContextVar[Source | None] = ContextVar("source", default=None)


@contextmanager
def drawing(numbers: Source) -> Iterator[None]:
    """Inside, modules have their numbers from this source."""
    token = source.set(numbers)
    try:
        yield
    finally:
        source.reset(token)


def silence(draw: Draw, count: int) -> None:
    """The source of an evaluation: nothing is drawn."""


def fresh(rng: Random) -> Source:
    """The source of new numbers."""
    return lambda draw, count: draw(rng, count)


def tape(numbers: Sequence[Any]) -> Source:
    """The source of numbers that have been drawn, or of symbols that stand for them."""
    rest = iter(numbers)
    return lambda draw, count: list(islice(rest, count))


def draws_of(model: Any, x: Any) -> list[tuple[Draw, int]]:
    """What a model draws for an example, one after the other: how, and how many numbers.

    What it draws from `random` by hand is put back: a training on Values is to draw the same.
    """
    found: list[tuple[Draw, int]] = []

    def note(draw: Draw, count: int) -> Sequence[float]:
        found.append((draw, count))
        return draw(Random(0), count)

    state = random.getstate()
    try:
        with no_grad(), drawing(note):
            model(x)
    finally:
        random.setstate(state)
    return found
