"""What a weight begins with: a random number whose size suits the number of a neuron's inputs.

    n    inputs of the neuron         m    neurons in its layer        U, N    uniform, normal

Sources: Glorot & Bengio 2010 (the same variance forward and backward); He et al. 2015 (for relu, which
halves the variance); LeCun et al. 1998, Efficient BackProp; Nielsen, chapter 1 (N(0, 1)).
"""

import math
from collections.abc import Callable
from difflib import get_close_matches
from random import Random
from typing import Any

Init = Callable[[Random, int, int], Any]
"""(random numbers, n, m) → one weight."""

INITS: dict[str, Init] = {
    "uniform": lambda rng, n, m: rng.uniform(-1, 1),
    "normal": lambda rng, n, m: rng.gauss(0, 1),
    "glorot": lambda rng, n, m: rng.uniform(-1, 1) * math.sqrt(6 / (n + m)),
    "he": lambda rng, n, m: rng.gauss(0, math.sqrt(2 / n)),
    "lecun": lambda rng, n, m: rng.gauss(0, math.sqrt(1 / n)),
    "zeros": lambda rng, n, m: 0.0,
}
INITS["xavier"] = INITS["glorot"]  # the author's first name and his last


def initializer(init: Any) -> Init:
    """The init of that name; a number is a constant; a function `(rng, n, m) → weight` is itself.

    ValueError for another name, naming those that exist.
    """
    if callable(init):
        return init  # type: ignore[no-any-return]
    if isinstance(init, str):
        return choose("init", init, INITS)  # type: ignore[no-any-return]
    return lambda rng, n, m: init


def choose(what: str, name: str, choices: dict[str, Any]) -> Any:
    """The choice of that name; ValueError naming the nearest, or all."""
    if name not in choices:
        near = get_close_matches(name, choices) or sorted(choices)
        raise ValueError(f"{what} {name!r} does not exist; there is {', '.join(map(repr, near))}")
    return choices[name]
