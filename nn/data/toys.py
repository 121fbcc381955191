"""Toy sets: points of the plane, gates and bit patterns, in plain Python.

    n       number of points; the classes take turns, so that every stretch of points is balanced
    noise   standard deviation of the normal noise that is added to each coordinate
    c, t    class of a point on a curve, and its place there: 0 < t < 1, evenly spaced

Equal arguments give equal sets, in every process. ValueError for a number that makes no set.
"""

import math
from collections.abc import Callable
from itertools import product
from random import Random
from typing import Any

from nn.checks import check_whole
from nn.data.dataset import Dataset, Seed, random_numbers
from nn.init import choose

Point = tuple[float, float]

GATES: dict[str, Callable[[int, int], int]] = {
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "nand": lambda a, b: 1 - (a & b),
    "nor": lambda a, b: 1 - (a | b),
    "xnor": lambda a, b: 1 - (a ^ b),
}


def moons(n: int = 100, noise: float = 0.1, seed: Seed = 0) -> Dataset:
    """Two half circles of radius 1 that reach into each other: scikit-learn's make_moons, micrograd's demo.

    Class 0 is the upper half of the circle around (0, 0), class 1 the lower half of that around (1, ½).
    """

    def curve(c: int, t: float) -> Point:
        x, y = math.cos(math.pi * t), math.sin(math.pi * t)
        return (1 - x, 0.5 - y) if c else (x, y)

    return _curves("moons", n, 2, curve, noise, seed)


def circles(n: int = 100, noise: float = 0.05, seed: Seed = 0, *, factor: float = 0.5) -> Dataset:
    """Two circles around (0, 0): class 0 of radius 1, class 1 of radius `factor`."""

    def curve(c: int, t: float) -> Point:
        return _polar(factor if c else 1.0, t)

    return _curves("circles", n, 2, curve, noise, seed)


def spirals(
    n: int = 300, noise: float = 0.02, seed: Seed = 0, *, arms: int = 3, turns: float = 0.75
) -> Dataset:
    """Spirals from (0, 0) to the circle of radius 1, each of `turns` turns: class c is the arm c of `arms`.

    The radius grows in proportion to the angle, and the arms start in directions 1 / `arms` turns apart.
    """
    check_whole("spirals", "arms", arms)

    def curve(c: int, t: float) -> Point:
        return _polar(t, c / arms + turns * t)

    return _curves("spirals", n, arms, curve, noise, seed)


def xor(n: int = 200, noise: float = 0.2, seed: Seed = 0) -> Dataset:
    """Clouds around (0, 0), (0, 1), (1, 0) and (1, 1), in turn; class 1 where one coordinate is 1."""
    check_whole("xor", "n", n)
    corners = [(i // 2 % 2, i % 2) for i in range(n)]
    return _noisy("xor", corners, [a ^ b for a, b in corners], noise, random_numbers(seed))


def checkerboard(n: int = 400, noise: float = 0.0, seed: Seed = 0, *, squares: int = 4) -> Dataset:
    """Points spread evenly over −1 ≤ x₁, x₂ ≤ 1, a board of `squares` × `squares` fields.

    The class is the colour of the field: (column + row) mod 2, counted from the corner (−1, −1).
    """
    check_whole("checkerboard", "n", n)
    check_whole("checkerboard", "squares", squares)
    rng = random_numbers(seed)
    places = [(squares * rng.random(), squares * rng.random()) for _ in range(n)]
    points = [(2 * column / squares - 1, 2 * row / squares - 1) for column, row in places]
    return _noisy("checkerboard", points, [(int(a) + int(b)) % 2 for a, b in places], noise, rng)


def gates(name: str) -> Dataset:
    """The truth table of a gate of two inputs: "and", "or", "xor", "nand", "nor" or "xnor".

    ValueError for another name.

    >>> list(gates("nand"))
    [([0, 0], 1), ([0, 1], 1), ([1, 0], 1), ([1, 1], 0)]
    """
    gate = choose("gate", name, GATES)
    x = [list(inputs) for inputs in product((0, 1), repeat=2)]
    return Dataset(x, [gate(a, b) for a, b in x])


def symmetry(bits: int = 6) -> Dataset:
    """All 2ⁿ patterns of n = `bits` bits, counted up in binary; class 1 where a pattern mirrors itself.

    Source: Rumelhart, Hinton & Williams 1986, Learning representations by back-propagating errors.
    """
    check_whole("symmetry", "bits", bits)
    x = [list(pattern) for pattern in product((0, 1), repeat=bits)]
    return Dataset(x, [int(pattern == pattern[::-1]) for pattern in x])


def _polar(radius: float, turns: float) -> Point:
    angle = 2 * math.pi * turns
    return radius * math.cos(angle), radius * math.sin(angle)


def _curves(
    what: str, n: int, classes: int, curve: Callable[[int, float], Point], noise: float, seed: Seed
) -> Dataset:
    """Points of each class in turn, on its curve: (c, t) → point."""
    check_whole(what, "n", n)
    y = [i % classes for i in range(n)]
    points = [curve(c, (i // classes + 0.5) / len(range(c, n, classes))) for i, c in enumerate(y)]
    return _noisy(what, points, y, noise, random_numbers(seed))


def _noisy(what: str, points: Any, y: list[int], noise: float, rng: Random) -> Dataset:
    if not 0 <= noise < math.inf:
        raise ValueError(f"{what}: noise is a standard deviation, a number from 0, not {noise!r}")
    return Dataset([[rng.gauss(a, noise), rng.gauss(b, noise)] for a, b in points], y)
