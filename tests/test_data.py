"""Dataset, toy sets, and sets from files: nothing lost, nothing doubled, the same in every process."""

import gzip
import hashlib
import math
import os
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from processes import outputs
from refusals import assert_refused

from nn import data
from nn.data import Dataset, idx
from nn.data.download import MNIST

seeds = st.integers() | st.lists(st.integers(), min_size=1, max_size=3).map(tuple)
real = pytest.mark.skipif(
    "AUTOGRAD_DATA" not in os.environ, reason="AUTOGRAD_DATA, the folder of MNIST and names.txt, is not set"
)
POINTS = {  # of the plane: name: (function, number of classes)
    "moons": (data.moons, 2),
    "circles": (data.circles, 2),
    "spirals": (data.spirals, 3),
    "xor": (data.xor, 2),
    "checkerboard": (data.checkerboard, 2),
}


@st.composite
def datasets(draw):
    """n examples whose target tells which they are: lists, or arrays."""
    n = draw(st.integers(1, 30))
    x, y = [[i, -i] for i in range(n)], list(range(n))
    return Dataset(np.array(x), np.array(y)) if draw(st.booleans()) else Dataset(x, y)


def targets(*sets):
    """The targets of all examples, after a check that each still stands with its example."""
    found = [(list(x), int(y)) for part in sets for x, y in part]
    assert all(x == [y, -y] for x, y in found)
    return [y for _, y in found]


# ── Laws of the Dataset ─────────────────────────────────────────────────────────────────────────────


@given(datasets(), st.integers(1, 40), seeds | st.none())
def test_batches_hold_every_example_once(dataset, size, seed):
    batches = list(dataset.batches(size, seed))
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert sorted(targets(*batches)) == targets(dataset)
    if seed is None:
        assert targets(*batches) == targets(dataset)
    else:
        assert targets(*batches) == targets(dataset.shuffle(seed))
    whole = list(dataset.batches(size, seed, drop_last=True))
    assert targets(*whole) == targets(*batches)[: len(dataset) // size * size]


@given(datasets(), st.floats(0.01, 0.99), seeds)
def test_split_parts_every_example_once(dataset, fraction, seed):
    n = round(fraction * len(dataset))
    if not 0 < n < len(dataset):
        with pytest.raises(ValueError, match="leaves a part empty"):
            dataset.split(fraction, seed)
        return
    train, validation = dataset.split(fraction, seed)
    assert len(train) == n and sorted(targets(train, validation)) == targets(dataset)


@given(datasets(), st.data())
def test_indexing_is_that_of_the_lists(dataset, draw):
    n = len(dataset)
    indices = draw.draw(st.lists(st.integers(-n, n - 1)))
    ends = st.none() | st.integers(-n - 1, n + 1)
    part = slice(draw.draw(ends), draw.draw(ends), draw.draw(st.sampled_from([None, 2, -1])))
    assert targets(dataset[indices]) == targets(dataset[np.array(indices, int)]) == [i % n for i in indices]
    assert targets(dataset[part]) == list(range(n))[part]
    x, y = dataset[np.int64(-1)]
    assert (list(x), y) == ([n - 1, 1 - n], n - 1)
    assert type(dataset[indices].x) is type(dataset.x)


def test_the_order_depends_on_the_whole_seed_and_on_nothing_else():
    dataset = Dataset(range(50), range(50))
    orders = {tuple(dataset.shuffle(seed).y) for seed in (0, 1, -1, 10**30, (0, 1), (1, 0), (0, 1, 0), (11,))}
    assert len(orders) == 8
    assert dataset.shuffle((np.int64(3), 4)).y == dataset.shuffle((3, 4)).y
    arrays = Dataset(np.arange(50), np.arange(50))
    assert arrays.shuffle(7).y.tolist() == dataset.shuffle(7).y == list(dataset.shuffle(7).x)


def test_the_same_sets_and_orders_in_every_process():
    script = (
        "from nn.data import *;"
        "print([list(make(30, seed=(3, 1))) for make in (moons, circles, spirals, xor, checkerboard)]);"
        "print([batch.y for batch in symmetry(5).batches(4, (0, 7))], symmetry(4).split(0.5)[0].x)"
    )
    assert len(outputs(script)) == 1


def test_an_order_that_must_not_change_between_versions():
    assert Dataset(range(8), range(8)).shuffle((0, 1)).y == [0, 6, 7, 3, 4, 1, 5, 2]
    upper, lower = data.moons(2, 0.1, seed=1).x
    assert upper == pytest.approx([-0.029803130599429295, 1.0040988022199684], abs=1e-12)
    assert lower == pytest.approx([1.1461795266663448, -0.3677640546490325], abs=1e-12)


# ── Columns of other libraries ──────────────────────────────────────────────────────────────────────


class Series:
    """As one of pandas: [i] goes by the label i, and iterating by position."""

    def __init__(self, numbers, labels):
        self.numbers, self.labels = numbers, labels

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, label):
        return self.numbers[self.labels.index(label)]

    def __iter__(self):
        return iter(self.numbers)

    def to_numpy(self):
        return np.array(self.numbers)

    mask = filled = None  # names that a masked array has too


class Tensor:
    """As one of PyTorch: NumPy may have it, unless it records its gradient."""

    def __init__(self, numbers, requires_grad=False):
        self.numbers, self.requires_grad = np.array(numbers), requires_grad

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, i):
        return Tensor(self.numbers[i])

    def __array__(self, dtype=None, copy=None):
        if self.requires_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        return self.numbers


COLUMNS = {
    "series": Series([0.5, 1.5, 2.5], [2, 0, 1]),
    "tensor": Tensor([0.5, 1.5, 2.5]),
    "numbers in a list": [Tensor(0.5), np.float32(1.5), 2.5],
    "float16": np.array([0.5, 1.5, 2.5], np.float16),
    "of the other byte order": np.array([0.5, 1.5, 2.5], ">f4"),
    "objects": Series([0.5, 1.5, Fraction(5, 2)], [0, 1, 2]),
    "matrix": np.array([[0.5], [1.5], [2.5]], np.float32).view(np.matrix),
    "table": Series([[0.5], [1.5], [2.5]], [2, 0, 1]),
    "rows": [Series([0.5], [7]), (np.float32(1.5),), np.array([2.5], np.float32)],
    "tuple": (np.float32(0.5), 1.5, 2.5),
}


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("case", COLUMNS)
def test_columns_are_converted_once_by_position(case):
    dataset = Dataset(COLUMNS[case], COLUMNS[case])
    for column in dataset.x, dataset.y:
        assert type(column) in (list, tuple, np.ndarray)
        assert getattr(column, "dtype", "float64") == "float64"
        numbers = [number[0] if hasattr(number, "__len__") else number for number in column]
        assert numbers == [0.5, 1.5, 2.5] and {*map(type, numbers)} <= {float, np.float64, Fraction}
    assert dataset[1:].x is not None and dataset[[2, 0]][0][0] == dataset[2][0]
    (batch,) = dataset.batches(3)
    assert type(batch.x) in (list, np.ndarray)


def test_what_needs_no_conversion_is_left_as_it_is():
    for column in [1.0, 2], [[1.0], (2, 3)], range(2), "ab", [{"a": 1}, {2}], np.arange(2), np.ones((2, 2)):
        assert Dataset(column, column).x is column


def test_pandas_by_position():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"a": [1.0, 2.0, 3.0], "filled": [4, 5, 6]}).sample(frac=1, random_state=0)
    dataset = Dataset(table, table["a"])
    assert dataset.x.tolist() == table.values.tolist() and dataset.y.tolist() == list(table["a"])
    assert all(x[0] == y for x, y in dataset.shuffle(1))


# ── Toy sets ────────────────────────────────────────────────────────────────────────────────────────


@given(st.sampled_from(sorted(POINTS)), st.integers(1, 60), st.floats(0, 1), seeds)
def test_points_come_in_the_number_asked_and_from_the_seed_alone(name, n, noise, seed):
    make, classes = POINTS[name]
    points = make(n, noise, seed)
    assert len(points) == n and set(points.y) <= set(range(classes))
    assert all(len(x) == 2 and all(type(number) is float for number in x) for x in points.x)
    assert (points.x, points.y) == (make(n, noise, seed).x, make(n, noise, seed).y)
    if name != "checkerboard":
        counts = Counter(points.y)
        assert n < 4 or max(counts.values()) - min(counts.values()) <= 2


@pytest.mark.parametrize("name", POINTS)
def test_noise_has_the_standard_deviation_that_was_asked(name):
    make, _ = POINTS[name]
    exact, noisy = make(4000, 0.0, 5), make(4000, 0.1, 5)
    offsets = [a - b for x, z in zip(exact.x, noisy.x) for a, b in zip(x, z)]
    assert math.sqrt(sum(offset**2 for offset in offsets) / len(offsets)) == pytest.approx(0.1, rel=0.03)
    assert exact.y == noisy.y and abs(sum(offsets) / len(offsets)) < 0.01


@given(st.integers(1, 50))
def test_moons_are_half_circles(n):
    for (x, y), label in data.moons(n, 0):
        if label:
            assert math.hypot(x - 1, y - 0.5) == pytest.approx(1) and y < 0.5
        else:
            assert math.hypot(x, y) == pytest.approx(1) and y > 0


@given(st.integers(1, 50), st.floats(0.1, 0.9))
def test_circles_have_their_radii_and_go_round(n, factor):
    circles = data.circles(n, 0, factor=factor)
    for x, label in circles:
        assert math.hypot(*x) == pytest.approx(factor if label else 1)
    if n > 3:
        assert np.allclose(np.mean([x for x, label in circles if label == 0], axis=0), 0)


@given(st.integers(1, 5), st.floats(0.1, 2))
def test_spirals_are_one_arm_turned(arms, turns):
    spirals = data.spirals(20 * arms, 0, arms=arms, turns=turns)
    for i, ((x, y), label) in enumerate(spirals):
        radius = (i // arms + 0.5) / 20
        angle = 2 * math.pi * (turns * radius + label / arms)
        assert label == i % arms
        assert (x, y) == pytest.approx((radius * math.cos(angle), radius * math.sin(angle)))


def test_xor_has_its_corners_and_the_checkerboard_its_colours():
    assert list(data.xor(5, 0)) == [([0, 0], 0), ([0, 1], 1), ([1, 0], 1), ([1, 1], 0), ([0, 0], 0)]
    board = data.checkerboard(500, squares=3, seed=2)
    for (x, y), label in board:
        assert -1 <= x < 1 and -1 <= y < 1
        assert label == (math.floor((x + 1) * 3 / 2) + math.floor((y + 1) * 3 / 2)) % 2
    assert 100 < sum(board.y) < 400


@pytest.mark.parametrize(
    ("name", "truth"),
    [("and", "0001"), ("or", "0111"), ("xor", "0110"), ("nand", "1110"), ("nor", "1000"), ("xnor", "1001")],
)
def test_gates(name, truth):
    gate = data.gates(name)
    assert gate.x == [[0, 0], [0, 1], [1, 0], [1, 1]] and gate.y == list(map(int, truth))
    assert len(data.GATES) == 6


@pytest.mark.parametrize("bits", range(1, 9))
def test_symmetry_knows_every_pattern_and_the_mirrored_ones(bits):
    patterns = data.symmetry(bits)
    assert [int("".join(map(str, x)), 2) for x in patterns.x] == list(range(2**bits))
    assert [y for _, y in patterns] == [all(x[i] == x[-1 - i] for i in range(bits)) for x in patterns.x]
    assert sum(patterns.y) == 2 ** math.ceil(bits / 2)


# ── MNIST and the names ─────────────────────────────────────────────────────────────────────────────

FILES = {
    "train-images-idx3-ubyte": np.arange(3 * 784, dtype=np.uint16).reshape(3, 28, 28).astype(np.uint8),
    "train-labels-idx1-ubyte": np.array([9, 0, 5], np.uint8),
    "t10k-images-idx3-ubyte": np.full((2, 28, 28), 255, np.uint8),
    "t10k-labels-idx1-ubyte": np.array([1, 2], np.uint8),
}


def small(folder, ending="", **changed):
    """A set of three and two images; `changed` gives other arrays for files, and None for no file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in FILES.items():
        array = changed.get(name.split("-ubyte")[0].replace("-", "_"), array)
        if array is not None:
            idx.write(folder / f"{name}{ending}", array)
    return folder


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_mnist_in_the_folder_given_or_named_by_the_environment(ending, tmp_path, monkeypatch):
    folder = small(tmp_path / "mnist", ending)
    monkeypatch.delenv("AUTOGRAD_DATA", raising=False)
    for variable, path in [(None, folder), (None, str(folder)), (folder, None), (tmp_path, None)]:
        if variable:
            monkeypatch.setenv("AUTOGRAD_DATA", str(variable))
        train, test = data.mnist(path)
        assert train.x.shape == (3, 784) and train.x.dtype == float and test.x.shape == (2, 784)
        assert train.x[1, 30] * 255 == pytest.approx((784 + 30) % 256) and test.x.min() == 1
        assert train.y.tolist() == [9, 0, 5] and test.y.dtype.kind == "i"


def test_the_first_images_alone(tmp_path):
    train, test = data.mnist(small(tmp_path), 2, test=1)
    assert (len(train), len(test)) == (2, 1) and train.y.tolist() == [9, 0]


@real
def test_the_real_mnist():
    train, test = data.mnist()
    assert train.x.shape in ((20_000, 784), (60_000, 784)) and test.x.shape == (10_000, 784)
    assert train.y[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert np.bincount(test.y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert (train.x.min(), train.x.max()) == (0, 1) and test.x.mean() == pytest.approx(0.1325, abs=5e-5)
    zero = train.x[1].reshape(28, 28)
    assert zero[:, 4:24].sum() == pytest.approx(zero.sum())  # centred, with paper left and right
    assert zero[14, 14] == 0 < zero[14].max()  # a ring


@real
def test_the_published_checksums_are_those_of_the_real_test_files():
    root = Path(os.environ["AUTOGRAD_DATA"])
    folder = root / "mnist" if (root / "mnist").is_dir() else root
    for name in "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz":  # whole also where train is a part
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == MNIST[name]


@real
def test_the_real_names():
    names = data.names()
    assert len(names) == 32_033 and names[:3] == ["emma", "olivia", "ava"]
    assert set("".join(names)) == set("abcdefghijklmnopqrstuvwxyz")


def test_names_in_a_file_a_folder_or_the_environment(tmp_path, monkeypatch):
    (tmp_path / "names.txt").write_bytes("Zoë\r\nada \n\n".encode())
    assert data.names(tmp_path / "names.txt") == data.names(str(tmp_path)) == ["Zoë", "ada"]
    monkeypatch.setenv("AUTOGRAD_DATA", str(tmp_path))
    assert data.names() == ["Zoë", "ada"]


def test_the_toy_sets_need_the_standard_library_alone():
    code = (
        "import sys, nn; [f() for f in (nn.data.moons, nn.data.symmetry)];"
        "list(nn.data.gates('or').batches(2, 0));"
        "assert not {'numpy', 'pooch', 'requests'} & set(sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    subprocess.run([sys.executable, "-S", "-c", code], check=True, env=environment)


def test_without_numpy_it_says_what_to_install(tmp_path, monkeypatch):
    folder = small(tmp_path)
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(ImportError, match=r"^idx.read: .*numpy.*; pip install 'scalar-autograd\[nn\]'$"):
        data.mnist(folder)


# ── Bad input ───────────────────────────────────────────────────────────────────────────────────────

FOUR = Dataset([[1], [2], [3], [4]], [0, 1, 0, 1])
BAD = {
    "lengths": (lambda _: Dataset([1, 2], [1]), ValueError, "2 examples and 1 targets; every example needs"),
    "targets": (lambda _: Dataset([1], [1, 2]), ValueError, "1 examples and 2 targets"),
    "dict": (
        lambda _: Dataset({0: 1}, [1]),
        TypeError,
        "x is a dict, which has no rows by number; give a list",
    ),
    "set": (lambda _: Dataset([1], {1}), TypeError, "Dataset: y is a set, which has no rows by number"),
    "masked": (
        lambda _: Dataset(np.ma.array([1.0, 2.0], mask=[0, 1]), [1, 2]),
        TypeError,
        "Dataset: x is a masked array, and a Dataset has no gaps; leave the masked rows out, or fill",
    ),
    "masked row": (lambda _: Dataset([1], [np.ma.array([1.0])]), TypeError, "Dataset: y is a masked array"),
    "tensor": (
        lambda _: Dataset(Tensor([1.0], requires_grad=True), [1]),
        TypeError,
        "x holds a Tensor that gives no array (Can't call numpy() on Tensor that requires grad.); make it",
    ),
    "number": (lambda _: Dataset(np.float32(1), [1]), TypeError, "Dataset: x and y must be lists or arrays"),
    "generator": (lambda _: Dataset(iter("ab"), [1]), TypeError, "Dataset: x and y must be lists or arrays"),
    "index": (lambda _: FOUR[4], IndexError, "Dataset: there is no example 4 among 4"),
    "indices": (lambda _: FOUR[[0, -5]], IndexError, "there is no example -5 among 4"),
    "name": (lambda _: FOUR["x"], TypeError, "'x' is no index; give whole numbers"),
    "float": (lambda _: FOUR[1.0], TypeError, "1.0 is no index"),
    "mask": (lambda _: FOUR[[True, False, True, False]], TypeError, "numpy.flatnonzero(mask)"),
    "mask of NumPy": (lambda _: FOUR[np.array([True] * 4)], TypeError, "numpy.flatnonzero(mask)"),
    "size": (lambda _: FOUR.batches(0), ValueError, "size must be a whole number from 1, not 0"),
    "float size": (lambda _: FOUR.batches(2.0), ValueError, "Dataset.batches: size must be a whole number"),
    "boolean size": (lambda _: FOUR.batches(True), ValueError, "not True"),
    "split": (lambda _: FOUR.split(1.0), ValueError, "fraction 1.0 of 4 examples leaves a part empty; give"),
    "negative split": (lambda _: FOUR.split(-0.5), ValueError, "leaves a part empty"),
    "split by nan": (lambda _: FOUR.split(math.nan), ValueError, "fraction nan of 4 examples leaves"),
    "seed": (lambda _: FOUR.shuffle("a"), TypeError, "seed must be an int or a tuple of ints, not 'a'"),
    "no seed": (lambda _: FOUR.shuffle(None), TypeError, "not None"),
    "seeds": (lambda _: FOUR.batches(2, (1, 0.5)), TypeError, "not (1, 0.5)"),
    "moons": (lambda _: data.moons(0), ValueError, "moons: n must be a whole number from 1, not 0"),
    "circles": (lambda _: data.circles(1.5), ValueError, "circles: n must be"),
    "xor": (lambda _: data.xor("4"), ValueError, "xor: n must be"),
    "board": (lambda _: data.checkerboard(-1), ValueError, "checkerboard: n must be"),
    "squares": (lambda _: data.checkerboard(squares=0), ValueError, "checkerboard: squares must be"),
    "arms": (lambda _: data.spirals(arms=0), ValueError, "spirals: arms must be a whole number from 1"),
    "noise": (lambda _: data.moons(4, -1), ValueError, "moons: noise is a standard deviation, a number from"),
    "nan": (lambda _: data.xor(4, math.nan), ValueError, "not nan"),
    "bits": (lambda _: data.symmetry(0), ValueError, "symmetry: bits must be a whole number from 1"),
    "gate": (lambda _: data.gates("nxor"), ValueError, "gate 'nxor' does not exist; did you mean 'xor'?"),
    "no folder": (lambda p: data.mnist(p / "no"), FileNotFoundError, "has no train-images-idx3-ubyte.gz; nn"),
    "file missing": (
        lambda p: data.mnist(small(p, t10k_labels_idx1=None)),
        FileNotFoundError,
        "has no t10k-labels-idx1-ubyte.gz; nn.data.download_mnist() fetches it, and AUTOGRAD_DATA may",
    ),
    "labels for images": (
        lambda p: data.mnist(small(p, train_images_idx3=np.zeros(3, np.uint8))),
        ValueError,
        "train-images-idx3-ubyte holds uint8 of shape (3,), not uint8 of (n, 28, 28)",
    ),
    "images for labels": (
        lambda p: data.mnist(small(p, t10k_labels_idx1=np.zeros((2, 28, 28), np.uint8))),
        ValueError,
        "holds uint8 of shape (2, 28, 28), not uint8 of (n)",
    ),
    "one label": (lambda p: data.mnist(small(p, t10k_labels_idx1=np.uint8(3))), ValueError, "of shape ()"),
    "other size": (
        lambda p: data.mnist(small(p, t10k_images_idx3=np.zeros((2, 32, 32), np.uint8))),
        ValueError,
        "of shape (2, 32, 32), not",
    ),
    "other type": (
        lambda p: data.mnist(small(p, train_labels_idx1=np.zeros(3, np.int32))),
        ValueError,
        "holds int32",
    ),
    "numbers differ": (
        lambda p: data.mnist(small(p, train_labels_idx1=np.zeros(4, np.uint8))),
        ValueError,
        "has 3 train images and 4 labels; the two files must be of one set",
    ),
    "letters": (
        lambda p: data.mnist(small(p, t10k_labels_idx1=np.array([3, 10], np.uint8))),
        ValueError,
        "has a test label 10; digits are 0 to 9",
    ),
    "count": (lambda p: data.mnist(small(p), 4), ValueError, "mnist: train=4, and"),
    "no count": (lambda p: data.mnist(small(p), test=0), ValueError, "mnist: test must be a whole number"),
    "checksum": (
        lambda p: data.mnist(small(p), checksum=True),
        ValueError,
        "and the published .gz 440fcabf73cc…",
    ),
    "no names": (lambda p: data.names(p), FileNotFoundError, "AUTOGRAD_DATA may name the folder of names"),
    "no path": (lambda p: data.names(), FileNotFoundError, "names: give the path of names.txt, or name its"),
    "page": (lambda p: data.names(held(p, b"<html>\n")), ValueError, "it holds '<html>'"),
    "zipped": (lambda p: data.names(held(p, gzip.compress(b"emma"))), ValueError, "is no list of names"),
    "no name": (lambda p: data.names(held(p, b" \n")), ValueError, "one a line: it holds nothing"),
}


def held(folder, content):
    """A file of that content."""
    (folder / "file").write_bytes(content)
    return folder / "file"


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_by_name(case, tmp_path, monkeypatch):
    monkeypatch.delenv("AUTOGRAD_DATA", raising=False)
    call, kind, part = BAD[case]
    assert_refused(lambda: call(tmp_path), kind, part)
