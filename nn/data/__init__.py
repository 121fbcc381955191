"""Data: a Dataset, toy sets made from a seed, and sets read from files (MNIST, a list of names).

>>> from nn import data
>>> train, validation = data.moons(200, noise=0.1, seed=0).split(0.8, seed=0)
>>> train, validation
(Dataset(160 examples), Dataset(40 examples))
>>> x, y = train[0]
>>> [len(batch) for batch in train.batches(64, seed=0)]
[64, 64, 32]

The Dataset and the toy sets need the standard library alone; files of arrays need NumPy, downloads pooch.
"""

from nn.data import idx
from nn.data.dataset import Dataset
from nn.data.download import download_mnist
from nn.data.files import mnist, names
from nn.data.toys import GATES, checkerboard, circles, gates, moons, spirals, symmetry, xor

__all__ = [
    "GATES",
    "Dataset",
    "checkerboard",
    "circles",
    "download_mnist",
    "gates",
    "idx",
    "mnist",
    "moons",
    "names",
    "spirals",
    "symmetry",
    "xor",
]
