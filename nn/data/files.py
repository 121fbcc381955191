"""Sets read from files: MNIST, and a list of names.

Without a path, files are looked for in the folder that the environment variable AUTOGRAD_DATA names.
"""

import hashlib
import os
from pathlib import Path
from typing import Any

from nn.checks import check_whole
from nn.data import idx
from nn.data.dataset import Dataset
from nn.data.download import MNIST, cache

FOLDER = "AUTOGRAD_DATA"  # the environment variable


def mnist(
    path: str | os.PathLike[str] | None = None,
    train: int | None = None,
    test: int | None = None,
    *,
    checksum: bool = False,
) -> tuple[Dataset, Dataset]:
    """(training set, test set) of handwritten digits.

    x   float64 of shape (n, 784): 28 × 28 pixels row by row, from 0 (paper) to 1 (ink)
    y   integers of shape (n,): the digit, 0 to 9

    path          folder of the four files, gzipped or not; by default $AUTOGRAD_DATA/mnist or
                  $AUTOGRAD_DATA, and where that is not set the folder that `download_mnist()` fills
    train, test   take the first so many of each; by default all that the files hold
    checksum      require the published files by SHA-256; otherwise any set of the same form will do, such
                  as a part of MNIST, or Fashion-MNIST

    FileNotFoundError for a missing file; ValueError for one that is damaged, or is not what its name says.
    """
    folder = Path(path) if path is not None else _mnist_folder()
    return (
        _digits(folder, "train", "train", train, checksum),
        _digits(folder, "t10k", "test", test, checksum),
    )


def names(path: str | os.PathLike[str] | None = None) -> list[str]:
    """The names of a file, one a line: 32,033 first names in Karpathy's `names.txt` (makemore).

    `path` is the file or its folder, by default $AUTOGRAD_DATA. FileNotFoundError where it is missing;
    ValueError for a file with a line that is no word of letters, and for an empty one.
    """
    place = path if path is not None else os.environ.get(FOLDER)
    if not place:
        raise FileNotFoundError(f"names: give the path of names.txt, or name its folder in {FOLDER}")
    file = Path(place) / "names.txt" if Path(place).is_dir() else Path(place)
    if not file.is_file():
        raise FileNotFoundError(f"names: there is no file {file}; {FOLDER} may name the folder of names.txt")
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    words = [line.strip() for line in lines if line.strip()]
    foreign = [word for word in words if not word.isalpha()]
    if foreign or not words:
        held = repr(foreign[0][:20]) if foreign else "nothing"
        raise ValueError(f"names: {file} is no list of names, one a line: it holds {held}")
    return words


def _mnist_folder() -> Path:
    root = os.environ.get(FOLDER)
    if not root:
        return cache()
    return Path(root) / "mnist" if (Path(root) / "mnist").is_dir() else Path(root)


def _digits(folder: Path, prefix: str, part: str, count: int | None, checksum: bool) -> Dataset:
    images = _array(folder, f"{prefix}-images-idx3-ubyte", (28, 28), checksum)
    labels = _array(folder, f"{prefix}-labels-idx1-ubyte", (), checksum)
    if len(images) != len(labels):
        raise ValueError(
            f"mnist: {folder} has {len(images)} {part} images and {len(labels)} labels; "
            "the two files must be of one set"
        )
    if (labels > 9).any():
        raise ValueError(f"mnist: {folder} has a {part} label {labels.max()}; digits are 0 to 9")
    if count is not None:
        check_whole("mnist", part, count)
        if count > len(images):
            raise ValueError(f"mnist: {part}={count}, and {folder} has {len(images)} images")
    return Dataset(images[:count].reshape(-1, 784) / 255, labels[:count].astype(int))


def _array(folder: Path, name: str, shape: tuple[int, ...], checksum: bool) -> Any:
    """The bytes of a file of n items of a shape, as an array of shape (n, *shape)."""
    path = _find(folder, name)
    if checksum:
        _check_hash(path, MNIST[f"{name}.gz"])
    array = idx.read(path)
    if array.dtype != "uint8" or array.ndim != 1 + len(shape) or array.shape[1:] != shape:
        wanted = ", ".join(map(str, ("n", *shape)))
        raise ValueError(f"mnist: {path} holds {array.dtype} of shape {array.shape}, not uint8 of ({wanted})")
    return array


def _find(folder: Path, name: str) -> Path:
    for path in folder / f"{name}.gz", folder / name:
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"mnist: {folder} has no {name}.gz; nn.data.download_mnist() fetches it, and {FOLDER} may name "
        "the folder of your own"
    )


def _check_hash(path: Path, published: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != published:
        raise ValueError(f"mnist: {path} has SHA-256 {found[:12]}…, and the published .gz {published[:12]}…")
