"""Any text and any bytes give a result, or the documented error in one line, in bounded time and memory.

Inputs are valid ones, damaged, or grown from a grammar, so that they come past the first check. A long run:

    pytest tests/test_fuzz.py --hypothesis-profile=long --hypothesis-seed=0
"""

import gzip
import json
import signal
import struct
import tracemalloc
from contextlib import contextmanager
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from safetensors.numpy import save as to_bytes

import nn
from autograd import Value
from autograd.parse import FUNCTIONS, LENGTH, FormulaError, parse
from nn import checkpoints
from nn.data import idx

SECONDS, MEGABYTES = 20, 64  # for one input; all take milliseconds, and few megabytes


@contextmanager
def bounds():
    """AssertionError for what takes longer, or allocates more."""

    def stop(*args):
        raise AssertionError(f"more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MEGABYTES * 2**20
    finally:
        tracemalloc.stop()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def assert_short_and_one_line(error, condition=True, lines=1):
    message = str(error)
    assert message and len(message.split("\n")) == lines and len(message) < 600 and condition, message


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A path that every example may write anew."""
    return tmp_path_factory.mktemp("fuzz") / "file"


# ── Formulas ────────────────────────────────────────────────────────────────────────────────────────

ATOMS = st.sampled_from([
    *"xyeπ012", "pi", "0.5", "-1", "1e308", "5e-324", "1e999", "1e-999999999", "9**9**9", "2**4000",
    "1" * 900, "0x" + "f" * 500, "0b1", "1_0", "1__0", "1e", "٣", "²", "Ⅷ", "ｘ", "inf", "nan", "2j", "True",
    "None", "__import__", "\0", "\ud800", "\u200b", "\u2028", "\U0010ffff", "x.real", "x[0]", "[x]", "'x'",
    "f'{x}'", "lambda: x", "x if y else 1",
])  # fmt: skip
SIGNS = st.sampled_from(
    [*"+-*/%", "//", "**", "@", "<", "==", " and ", ", ", " ", "", "^", ":=", "\n", "\\", "#"]
)


def calls(parts):
    """A function of the table, of about as many arguments as it takes, or of lists."""
    several = st.lists(parts, max_size=4).map(", ".join)
    lists = st.lists(several.map("[{}]".format), max_size=3).map(", ".join)
    return st.builds("{}({})".format, st.sampled_from([*FUNCTIONS]), several | lists)


grown = st.recursive(
    ATOMS,
    lambda parts: (
        st.builds("{}{}{}".format, parts, SIGNS, parts)
        | st.builds("({})".format, parts)
        | st.builds("-{}".format, parts)
        | calls(parts)
    ),
    max_leaves=12,
)
piled = st.builds(
    lambda part, n, end: part * n + end,
    st.sampled_from(
        ["(", "[", "-", "~", "sin(", "x**", "x//", "x+", "2**", "not ", "lambda:", "exp(", "x.", "x[", "x,"]
    ),
    st.integers(1, LENGTH),
    ATOMS,
)
NUMBERS = st.sampled_from(
    [2, 0, -1, 0.5, -0.0, 1e308, 5e-324, 10**300, float("inf"), float("nan"), Fraction(-7, 3)]
)


@given(st.text() | grown | piled, st.booleans(), NUMBERS, NUMBERS)
@example("(" * 50 + "x" + ")" * 50, True, 2, 3)
def test_any_text_is_a_formula_or_refused(text, exact, x, y):
    with bounds():
        for arguments in (x, y), (Value(x), Value(y)):
            try:
                f = parse(text, ["x", "y"], exact)
                f(*arguments)
                if isinstance(arguments[0], Value):
                    f.backward(*arguments)
            except FormulaError as error:
                assert_short_and_one_line(error, 0 <= error.column <= len(error.text))
                assert_short_and_one_line(error.pointed(), lines=3)


# ── Bytes ───────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def damaged(draw, wholes):
    """Valid bytes, cut short, with others in the place of some, repeated, or followed by more."""
    data = bytearray(draw(wholes))
    for _ in range(draw(st.integers(0, 3))):
        i, j = sorted(draw(st.lists(st.integers(0, len(data)), min_size=2, max_size=2)))
        data[i:j] = draw(st.binary(max_size=8) | st.just(bytes(data[i:j] * 2)))
    return bytes(data)


ARRAYS = st.builds(
    lambda kind, sizes, more: (
        bytes([0, 0, kind, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + bytes(more)
    ),
    st.sampled_from([*idx.TYPES, 0, 7, 255]),
    st.lists(st.sampled_from([0, 1, 2, 3, 2**16, 2**31, 2**32 - 1]), max_size=5),
    st.sampled_from([0, 1, 4, 8, 36, 72]),
)
BOMB = gzip.compress(bytes([0, 0, 8, 1]) + struct.pack(">I", 100) + bytes(2**26))  # 64 MB in 64 KB


@given(st.binary(max_size=64) | damaged(ARRAYS) | damaged(ARRAYS.map(gzip.compress)))
@example(BOMB)
def test_any_bytes_are_an_array_or_refused(path, data):
    path.write_bytes(data)
    with bounds():
        try:
            array = idx.read(path)
        except ValueError as error:
            assert_short_and_one_line(error, str(error).startswith(f"idx.read: {path}: "))
        else:
            assert isinstance(array, np.ndarray)


# ── Checkpoints ─────────────────────────────────────────────────────────────────────────────────────

MODEL = nn.MLP(2, [2, 1])
STATE = MODEL.state_dict()
MARKS = ["$int", "$Fraction", "$Decimal", "$complex", "$tensor"]
TEXTS = st.sampled_from([*MARKS, "0x1", "1/0", "1e999999999", "f" * 5000, "\ud800", "layers.0.neurons.0.w"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5) | TEXTS,
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(TEXTS, parts, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a file that `nn.save` wrote."""
    path = tmp_path_factory.mktemp("fuzz") / "model"
    nn.save(MODEL, path)
    return path.read_bytes()


def refused_or_loaded(path, data):
    """What is no file of this model leaves it as it was."""
    path.write_bytes(data)
    MODEL.load_state_dict(STATE)
    with bounds():
        try:
            nn.load(MODEL, path)
        except (ValueError, TypeError) as error:
            assert_short_and_one_line(error)
            assert MODEL.state_dict() == STATE
        else:
            assert MODEL.state_dict().keys() == STATE.keys()


@given(st.data())
def test_any_bytes_are_a_checkpoint_or_refused(path, whole, data):
    refused_or_loaded(path, data.draw(damaged(st.just(whole)) | st.binary(max_size=64)))


@given(
    parts=st.dictionaries(st.sampled_from(["version", "architecture", "texts", "training"]), JSON), more=JSON
)
def test_any_header_is_a_checkpoint_or_refused(path, whole, parts, more):
    """A false header in a true file, with tensors of other shapes and types."""
    length = int.from_bytes(whole[:8], "little")
    header = json.loads(json.loads(whole[8 : 8 + length])["__metadata__"][checkpoints.KEY])
    tensors = {"layers.0.neurons.0.w": np.ones((2, 1), np.float32), "more": np.zeros((0, 3), np.int8)}
    text = json.dumps({**header, **parts, "more": more})
    refused_or_loaded(path, to_bytes(tensors, {checkpoints.KEY: text}))


@pytest.mark.parametrize("depth", [100, 100_000])
@pytest.mark.parametrize("opening", ["[", '{"$int":'])
def test_a_header_nested_deeply_is_refused(path, depth, opening):
    refused_or_loaded(path, to_bytes({}, {checkpoints.KEY: opening * depth}))
