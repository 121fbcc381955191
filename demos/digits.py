"""Digits for demos that need some: MNIST where its files are, and small ones drawn here where they are not.

A small digit is a glyph of 5 × 7 dots on 8 × 8 pixels. Every example puts it at a place of its own, smears it
a little to one side, draws it more or less strongly, and adds noise.

    x   pixels row by row, from 0 (paper) to 1 (ink): float64 of shape (n, 64), or (n, 784) for MNIST
    y   the digit, 0 to 9: integers of shape (n,)
"""

from typing import Any

import numpy as np

from nn.data import Dataset, mnist

GLYPHS = """
 ###    #    ###  #####    #  #####   ##  #####  ###   ###
#   #  ##   #   #    #    ##  #      #        # #   # #   #
#  ##   #       #   #    # #  ####  #        #  #   # #   #
# # #   #      #     #  #  #      # ####    #    ###   ####
##  #   #     #       # #####     # #   #  #    #   #     #
#   #   #    #    #   #    #  #   # #   #  #    #   #    #
 ###   ###  #####  ###     #   ###   ###   #     ###   ##
"""
SIDE, HEIGHT, WIDTH = 8, 7, 5
TRAIN, TEST = 5_000, 1_000  # examples
NOISE = 0.1  # the standard deviation at every pixel


def load() -> tuple[Dataset, Dataset, str]:
    """(training set, test set, name): MNIST, or small digits where `nn.data.mnist` finds no files."""
    try:
        return *mnist(), "MNIST"
    except (FileNotFoundError, ImportError):  # no files; or no pooch, which knows where a download would be
        return *digits(), "small digits (for MNIST, name the folder of its files in AUTOGRAD_DATA)"


def digits(seed: int = 0) -> tuple[Dataset, Dataset]:
    """(training set, test set) of 5,000 and 1,000 small digits, the same for the same seed.

    >>> train, test = digits()
    >>> train, test, train.x.shape
    (Dataset(5000 examples), Dataset(1000 examples), (5000, 64))
    """
    rng = np.random.default_rng(seed)
    return draw(TRAIN, rng), draw(TEST, rng)


def draw(n: int, rng: np.random.Generator) -> Dataset:
    """So many digits, each equally often but for chance."""
    y = rng.integers(10, size=n)
    x = np.zeros((n, SIDE, SIDE))
    glyphs = dots()
    for image, digit in zip(x, y, strict=True):
        row, column = rng.integers(SIDE - HEIGHT + 1), rng.integers(SIDE - WIDTH + 1)
        image[row : row + HEIGHT, column : column + WIDTH] = glyphs[digit]
    smear, ink = rng.uniform(0, 0.5, (n, 1, 1)), rng.uniform(0.5, 1, (n, 1, 1))
    to_the_right = np.pad(x, ((0, 0), (0, 0), (1, 0)))[:, :, :SIDE]
    x = ink * np.maximum(x, smear * to_the_right)
    return Dataset(np.clip(x + rng.normal(0, NOISE, x.shape), 0, 1).reshape(n, -1), y)


def dots() -> Any:
    """The glyphs as ones and zeros: shape (10, 7, 5)."""
    rows = [line.ljust(10 * (WIDTH + 1)) for line in GLYPHS.strip("\n").splitlines()]
    table = np.array([[character == "#" for character in row] for row in rows], float)
    return table.reshape(HEIGHT, 10, WIDTH + 1)[:, :, :WIDTH].transpose(1, 0, 2)
