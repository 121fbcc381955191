"""What a weight begins with: a random number whose size suits the number of a neuron's inputs.

    n    inputs of the neuron         m    neurons in its layer

"uniform" lies within ±1 and "normal" has the deviation 1 (Nielsen, chapter 1), whatever n and m. The others
have the mean 0 and a variance that keeps the activations of deep networks at their size: a uniform number
within ±b has the variance b²/3.

    glorot   2 / (n + m), the same forward and backward (Glorot & Bengio 2010); also called xavier
    he       2 / n, for relu, which halves the variance (He et al. 2015)
    lecun    1 / n (LeCun et al. 1998, Efficient BackProp)
"""

import math
from collections.abc import Callable
from difflib import get_close_matches
from random import Random
from typing import Any

SHOWN = 8  # names that an error lists where none is like the one given

Init = Callable[[Random, int, int], Any]
"""(random numbers, n, m) → one weight."""

INITS: dict[str, Init] = {
    "zeros": lambda rng, n, m: 0.0,
    "uniform": lambda rng, n, m: rng.uniform(-1, 1),
    "normal": lambda rng, n, m: rng.gauss(0, 1),
    "glorot_uniform": lambda rng, n, m: rng.uniform(-1, 1) * math.sqrt(6 / (n + m)),
    "glorot_normal": lambda rng, n, m: rng.gauss(0, math.sqrt(2 / (n + m))),
    "he_uniform": lambda rng, n, m: rng.uniform(-1, 1) * math.sqrt(6 / n),
    "he_normal": lambda rng, n, m: rng.gauss(0, math.sqrt(2 / n)),
    "lecun_uniform": lambda rng, n, m: rng.uniform(-1, 1) * math.sqrt(3 / n),
    "lecun_normal": lambda rng, n, m: rng.gauss(0, math.sqrt(1 / n)),
}
for _short, _name in {
    "glorot": "glorot_uniform",
    "he": "he_normal",
    "lecun": "lecun_normal",
    "xavier": "glorot_uniform",  # the author's first name and his last
    "xavier_uniform": "glorot_uniform",
    "xavier_normal": "glorot_normal",
}.items():
    INITS[_short] = INITS[_name]


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
    """The choice of that name; ValueError naming the nearest, or where none is near the first of them."""
    if name not in choices:
        near = get_close_matches("_".join(name.lower().replace("-", " ").split()), choices, n=1)
        shown = ", ".join(map(repr, [*choices][:SHOWN])) + ", …" * (len(choices) > SHOWN)
        hint = f"did you mean {near[0]!r}?" if near else f"there is {shown}"
        raise ValueError(f"{what} {name!r} does not exist; {hint}")
    return choices[name]
