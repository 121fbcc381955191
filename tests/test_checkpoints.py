"""Files of parameters: every number comes back, a crash leaves a whole file, other bytes change nothing."""

import json
import math
import os
import pickle
import random
import struct
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interruptions import assert_all_or_nothing
from processes import outputs
from refusals import assert_refused
from safetensors import safe_open
from safetensors.numpy import save as to_bytes

import nn
from autograd import Value, writing
from nn import checkpoints, commit, modules

sizes = st.lists(st.integers(1, 4), min_size=2, max_size=4)
NUMBERS = {
    "float": st.floats(allow_nan=False),
    "int": st.integers(-(2**63), 2**63 - 1),
    "big int": st.integers(),
    "Fraction": st.fractions(),
    "Decimal": st.decimals(allow_nan=False),
    "complex": st.complex_numbers(allow_nan=False),
}
numbers = st.one_of(*NUMBERS.values())


class Tree(nn.Module):
    """A module whose parameters stand in lists of lists."""

    def __init__(self, tree):
        self.tree = tree


def values(tree):
    """The tree with Values; by a stack, so that it may be deep."""
    root = [tree]
    ahead = [root]
    while ahead:
        branch = ahead.pop()
        for key, item in [*(branch.items() if isinstance(branch, dict) else enumerate(branch))]:
            branch[key] = item.copy() if isinstance(item, list | dict) else Value(item)
            if isinstance(item, list | dict):
                ahead.append(branch[key])
    return root[0]


def deep(depth):
    """A number in so many lists."""
    tree = 1.0
    for _ in range(depth):
        tree = [tree]
    return tree


def identical(a, b):
    """Equal in name, type and every bit that shows."""
    return list(map(repr, a.items())) == list(map(repr, b.items()))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("checkpoints") / "model.safetensors"


def saved(model, path):
    """The file's bytes."""
    nn.save(model, path)
    return path.read_bytes()


# ── Round trips ─────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=40)
@given(shape=sizes, data=st.data(), kind=st.sampled_from([*NUMBERS, None]))
def test_every_network_of_every_number_type_comes_back(path, shape, data, kind):
    model, other = (nn.MLP(shape[0], shape[1:], seed=seed) for seed in (0, 1))
    for p in model.parameters():
        p.data = data.draw(NUMBERS.get(kind, numbers))
    nn.save(model, path)
    nn.load(other, path)
    assert identical(other.state_dict(), model.state_dict())


trees = st.recursive(numbers, lambda inner: st.lists(inner, max_size=3), max_leaves=8)


@settings(max_examples=50)
@given(tree=trees)
def test_nested_lists_come_back_be_they_ragged_or_empty(path, tree):
    model = Tree(values(tree))
    other = Tree(values(tree))
    for p in other.parameters():
        p.data = 0.5
    nn.save(model, path)
    nn.load(other, path)
    assert identical(other.state_dict(), model.state_dict())


@pytest.mark.parametrize(
    "tree",
    [
        [10**5000, Fraction(3**9000, -(7**6000))],  # more digits than Python writes in decimal
        [[1.0, 2.0], [Fraction(1, 3), 2]],  # a row of floats among others
        [2**63 - 1, -(2**63)],
        [2**63],
    ],
)
def test_numbers_at_the_limits_come_back(path, tree):
    model, other = Tree(values(tree)), Tree(values(tree))
    for p in other.parameters():
        p.data = 0.5
    nn.save(model, path)
    nn.load(other, path)
    assert other.state_dict() == model.state_dict()
    assert [type(p.data) for p in other.parameters()] == [type(p.data) for p in model.parameters()]


CURIOUS = {
    "a list of many axes": deep(50),
    "a list of more axes than Python nests": deep(5000),
    "a name of safetensors' own": {"__metadata__": [1.0, 2.0]},
    "half a character": {"\ud800": [1.0, 2.0], "other \udfff": [[Fraction(1, 3)], [1.0]]},
    "a name like a path": {"a": [[Fraction(1, 3)], [1.0]], "a/1": [5.0]},
    "a great number as key": {"9" * 5000: 1.0},
}


@pytest.mark.parametrize("case", CURIOUS)
def test_parameters_of_every_name_come_back(case, path):
    def made():
        model = nn.Module()
        vars(model).update(
            values({"tree": CURIOUS[case]} if case != "a name of safetensors' own" else CURIOUS[case])
        )
        return model

    model, other = made(), made()
    for p in other.parameters():
        p.data = 0.5
    nn.save(model, path)
    nn.load(other, path)
    assert identical(other.state_dict(), model.state_dict())


names = st.from_regex(r"[a-c](\.([a-c]|0|1|2|01|999999999999))*", fullmatch=True)


@settings(max_examples=50)
@given(st.dictionaries(names, st.floats(allow_nan=False)))
def test_packing_loses_no_name(state):
    assert checkpoints.unpack(checkpoints.pack(state)) == state


def test_nan_and_inf_are_numbers(path):
    model, other = (Tree(values([math.nan, math.inf, x])) for x in (-0.0, 1.0))
    nn.save(model, path)
    nn.load(other, path)
    assert identical(other.state_dict(), model.state_dict())


def test_a_list_is_one_tensor_and_the_file_is_small(path):
    model = nn.MLP(784, [30, 10], seed=0)
    size = len(saved(model, path))
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["scalar-autograd"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert tensors["layers.0.neurons.2.w"].shape == (784,)
    assert tensors["layers.0.neurons.2.w"].tolist() == [p.data for p in model.layers[0].neurons[2].w]
    assert tensors["layers.0.neurons.2.b"].shape == () and len(tensors) == 80
    assert header["version"] == 1 and header["architecture"].startswith("MLP(784, [30, 10], activation=")
    assert size < 8 * len(model.parameters()) + 10_000


def test_a_matrix_is_one_tensor(path):
    nn.save(nn.Embedding(5, 3, seed=0), path)
    with safe_open(path, framework="numpy") as file:
        assert file.get_tensor("rows").shape == (5, 3)


def test_the_same_bytes_in_every_process():
    script = (
        "import nn, os, tempfile; path = os.path.join(tempfile.mkdtemp(), 'm')\n"
        "nn.save(nn.MLP(2, [3, 1], seed=0), path); print(open(path, 'rb').read())"
    )
    assert len(outputs(script)) == 1


def test_an_activation_of_ones_own_is_the_same_architecture_in_another_process():
    class Own:
        """A function whose repr holds its address in memory."""

        def __call__(self, z):
            return z.tanh()

    first, second = nn.MLP(2, [1], Own(), Own()), nn.MLP(2, [1], Own(), Own())
    assert repr(first) != repr(second)
    assert checkpoints.architecture(first) == checkpoints.architecture(second)


# ── Refusals ────────────────────────────────────────────────────────────────────────────────────────


def raw(header, data=b"", length=None):
    """A safetensors file by hand."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(start, end, dtype="F64", shape=(1,)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


KEY, HEADER = "scalar-autograd", {"version": 1, "architecture": "Line", "texts": {}, "training": {}}


def ours(tensors, texts=(), **changes):
    """A file as earlier versions wrote it, without a checksum."""
    return to_bytes(tensors, {KEY: json.dumps({**HEADER, "texts": dict(texts), **changes})})


class Line(nn.Module):
    def __init__(self):
        self.w, self.b = [Value(1.0), Value(2.0)], Value(3.0)

    def __repr__(self):
        return "Line"


W, B = np.array([4.0, 5.0]), np.array(6.0)

HOSTILE = {
    "nothing": (b"", "is damaged, or no file of nn.save"),
    "a pickle": (pickle.dumps([1.0, 2.0]), "is damaged"),
    "a long header": (raw({}, length=2**63), "SafetensorError"),
    "overlapping tensors": (raw({"a": tensor(0, 8), "b": tensor(4, 12)}, b"\0" * 12), "is damaged"),
    "bytes beyond": (raw({"a": tensor(0, 8)}, b"\0" * 9), "is damaged"),
    "a foreign file": (to_bytes({"w": W, "b": B}), "no file of nn.save"),
    "a type that NumPy lacks": (raw({"w": tensor(0, 2, "BF16")}, b"\0" * 2), "is damaged"),
    "no JSON": (to_bytes({}, {"scalar-autograd": "{"}), "JSONDecodeError"),
    "endless JSON": (to_bytes({}, {"scalar-autograd": "[" * 100_000}), "RecursionError"),
    "a list as header": (to_bytes({}, {"scalar-autograd": "[]"}), "is damaged"),
    "a newer format": (ours({"w": W, "b": B}, version=2), "its format is version 2, not 1"),
    "float32": (ours({"w": W.astype("f4"), "b": B}), "w is a tensor of float32 (2,); float64 and int64"),
    "an axis of 2⁴⁰ nothings": (
        raw({"__metadata__": {KEY: json.dumps(HEADER)}, "w": tensor(0, 0, shape=(2**40, 0))}),
        "w is a tensor of float64 (1099511627776, 0)",
    ),
    "a fraction by zero": (ours({"w": W}, {"b": {"$Fraction": "1/0"}}), "ZeroDivisionError"),
    "a tensor that is not there": (ours({"w": W}, {"b": {"$tensor": "b"}}), "KeyError"),
    "missing": (ours({"w": W}), "holds Line, not Line: missing ['b'], unknown []"),
    "extra": (ours({"w": W, "b": B, "c": B}), "missing [], unknown ['c']"),
    "shape": (ours({"w": np.array([1.0]), "b": B}), "w has the shape (1,) there, and (2,) here"),
    "rank": (ours({"w": W, "b": W}), "b has the shape (2,) there, and () here"),
    "ragged": (ours({"b": B}, {"w": [1.0, [2.0]]}), "missing ['w'], unknown ['w.0', 'w.1.0']"),
    "text": (ours({"b": B}, {"w": [1.0, "x"]}), "'x' is a str, not a number"),
    "a name twice": (ours({"w": W, "b": B}, {"w.0": 1.0}), "two numbers have the name w.0"),
    "a fraction that takes a day": (
        ours({"w": W}, {"b": {"$Fraction": "1" * 10**6 + "/1"}}),
        "1,000,002 digits",
    ),
    "a name that takes a day": (
        ours({"w": W, "b" + ".0" * 10**5 + "x": B}),
        "missing ['b'], unknown ['b.0.0",
    ),
    "lists that are nested deep": (ours({"w": W}, {"b": deep(300)}), "missing ['b'], unknown ['b.0.0"),
    # for which Python 3.13 has the recursion, and earlier versions have not
    "lists that are nested deeper": (ours({"w": W}, {"b": deep(900)}), "nn.load: "),
    "an architecture of lines": (
        ours({"w": W}, architecture="Line\n\x1b[31m" * 9999),
        "holds Line  [31mLine",
    ),
    "another part": (ours({"w": W, "b": B}, sha257="0"), "its content is not what was written"),
    "a wrong checksum": (
        ours({"w": W, "b": B}, sha256="0"),
        "its content is not what was written, by its SHA",
    ),
    "architecture": (ours({"w": W, "b": B}, architecture="Curve"), "holds Curve, not Line: names and shapes"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_other_files_are_refused_and_nothing_changes(case, path):
    data, part = HOSTILE[case]
    path.write_bytes(data)
    model = Line()
    with pytest.raises(ValueError, match=r"nn\.load: ") as caught:
        nn.load(model, path)
    message = str(caught.value)
    assert part in message and str(path) in message and message.isprintable() and len(message) < 999
    assert model.state_dict() == {"w.0": 1.0, "w.1": 2.0, "b": 3.0}


def test_the_file_that_the_hostile_ones_are_made_from_loads(path):
    path.write_bytes(ours({"w": W, "b": B}))
    model = Line()
    nn.load(model, path)
    assert model.state_dict() == {"w.0": 4.0, "w.1": 5.0, "b": 6.0}


def attempt(path):
    """(the numbers of a model into which the file was loaded, what was said where it was refused)."""
    model = Line()
    for p in model.parameters():
        p.data = 0.0
    try:
        nn.load(model, path)
    except ValueError as error:
        return model.state_dict(), str(error)
    return model.state_dict(), None


def test_a_flipped_bit_never_gives_another_number(path):
    """In any byte: what has no meaning, such as a space, may change."""
    model = Line()
    model.b.data = Fraction(1, 3)
    whole = saved(model, path)
    refused = 0
    for i, byte in enumerate(whole):
        path.write_bytes(whole[:i] + bytes([byte ^ 1 << i % 8]) + whole[i + 1 :])
        state, said = attempt(path)
        assert state == (model.state_dict() if said is None else dict.fromkeys(state, 0.0))
        refused += said is not None
    assert refused > 0.9 * len(whole)


def test_a_flipped_bit_in_a_tensor_is_named(path):
    whole = saved(Line(), path)
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ValueError, match=r"is damaged, .*not what was written, by its SHA-256"):
        nn.load(Line(), path)


@given(st.data())
@settings(max_examples=100)
def test_any_bytes_are_read_or_refused_in_one_line_with_the_path(path, data):
    """Files without a checksum too, whose damage reaches the parsers."""
    whole = data.draw(st.sampled_from([saved(Line(), path), ours({"w": W}, {"b": {"$Fraction": "1/3"}})]))
    mutant = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        i = data.draw(st.integers(0, len(mutant)))
        j = data.draw(st.sampled_from([i, i + 1, i + 8, len(mutant)]))
        mutant[i:j] = data.draw(st.binary(max_size=9) | st.sampled_from([b"[" * 999, b"9" * 999, whole[:i]]))
    path.write_bytes(mutant)
    state, said = attempt(path)
    if said is None:
        assert all(isinstance(x, int | float | Fraction) for x in state.values())
    else:
        assert {*state.values()} == {0.0}
        assert str(path) in said and said.isprintable()


def swapped():
    nn.save("model.safetensors", Line())


def swapped_to_load():
    nn.load("model.safetensors", Line())


def odd_number():
    nn.save(Tree([Value(np.float32(1))]), "model.safetensors")


def vast_fraction():
    nn.save(Tree([Value(Fraction(1, 16**600_000))]), "model.safetensors")


BAD = {
    "swapped": (swapped, TypeError, "nn.save: 'model.safetensors' is no model; nn.save(model, path)"),
    "swapped to load": (
        swapped_to_load,
        TypeError,
        "nn.load: 'model.safetensors' is no model; nn.load(model, p",
    ),
    "no path": (lambda: nn.load(Line(), None), TypeError, "nn.load: None is no path; nn.load(model, path)"),
    "a number as path": (
        lambda: nn.save(Line(), 3),
        TypeError,
        "nn.save: 3 is no path; nn.save(model, path)",
    ),
    "a vast fraction": (
        vast_fraction,
        ValueError,
        "nn.save: tree/0 is a Fraction of 600,003 digits; a file can",
    ),
    "a number type": (odd_number, TypeError, "tree/0 holds np.float32(1.0), a float32; a file can hold"),
    "a folder to read": (lambda: nn.load(Line(), "."), FileNotFoundError, "nn.load: there is no file ."),
    "no file": (lambda: nn.load(Line(), "nowhere"), FileNotFoundError, "there is no file nowhere"),
    "a folder to write": (lambda: nn.save(Line(), "."), OSError, "nn.save: . is a folder"),
    "no folder": (lambda: nn.save(Line(), "no/m"), OSError, "no/m lies in no, which is no folder"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_by_name(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert_refused(*BAD[case])
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("number", [1 << 8000, [{"x" * 100: [1.0], "y": 2.0}] * 9])
def test_a_header_that_could_not_be_read_is_not_written(number, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "HEADER", 2000)
    with pytest.raises(
        ValueError, match=r"nn\.save: .*m would begin with over 2,000 bytes of names and numbers"
    ):
        nn.save(Tree(values([number])), tmp_path / "m")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("library", ["numpy", "safetensors"])
def test_a_missing_library_is_named(library, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == library]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"nn\.save: .*pip install 'scalar-autograd\[nn\]'"):
        nn.save(Line(), "model.safetensors")


# ── Crashes ─────────────────────────────────────────────────────────────────────────────────────────

# An interruption between `open` and `with` leaves the closing to Python, which warns of it.
unclosed = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


def folder(path):
    return {each.name: each.read_bytes() for each in path.iterdir()}


@unclosed
@pytest.mark.parametrize("first", [False, True])
def test_a_save_interrupted_anywhere_leaves_the_old_file_or_the_new_one_and_no_other(
    first, tmp_path, monkeypatch
):
    monkeypatch.setattr(os, "fsync", lambda file: None)  # no disk is pulled out here
    path, old, new = tmp_path / "m", Line(), Line()
    new.b.data = Fraction(1, 3)

    def make():
        path.unlink(missing_ok=True) if first else nn.save(old, path)
        return new

    assert_all_or_nothing(
        make,
        lambda model: nn.save(model, path),
        lambda model: (folder(tmp_path), [(p.data, p.grad) for p in model.parameters()]),
        checkpoints.__file__,
        writing.__file__,
        bytecodes=False,
    )


@unclosed
def test_a_load_interrupted_anywhere_is_done_or_not_begun(path):
    nn.save(Line(), path)

    def make():
        model = Line()
        for p in model.parameters():
            p.data = 0
        return model

    assert_all_or_nothing(
        make,
        lambda model: nn.load(model, path),
        lambda model: [(p.data, p.grad) for p in model.parameters()],
        *(module.__file__ for module in (checkpoints, modules, commit)),
    )


KILLED = """
import os, random, signal, sys, time
import nn
path = sys.argv[1]
models = [nn.MLP(20, [20, 1], seed=seed) for seed in (0, 1)]
for model in models:
    nn.save(model, path)  # both work, and all is imported
rng = random.Random(0)
for _ in range(2000):
    writer = os.fork()
    if not writer:
        while True:
            for model in models:
                nn.save(model, path)
    time.sleep(rng.uniform(0, 0.01))
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    partial = len(os.listdir(os.path.dirname(path))) - 1
    read = nn.MLP(20, [20, 1])
    nn.load(read, path)
    assert read.state_dict() in [model.state_dict() for model in models]
    if partial == 5:
        break
for name in os.listdir(os.path.dirname(path)):
    if name.endswith(".partial"):  # as if an hour had passed
        os.utime(os.path.join(os.path.dirname(path), name), (0, 0))
nn.save(models[0], path)
print(partial, os.listdir(os.path.dirname(path)))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_writer_killed_at_any_moment_leaves_a_whole_file_and_a_later_save_tidies_up(tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = [sys.executable, "-W", "ignore", "-c", KILLED, str(tmp_path / "m")]
    shown = subprocess.run(run, env=environment, capture_output=True, text=True, check=True).stdout
    partial, _, left = shown.partition(" ")
    assert int(partial) == 5 and left.strip() == "['m']"


def test_random_bytes_are_refused(path):
    rng = random.Random(0)
    for _ in range(100):
        path.write_bytes(struct.pack("<Q", rng.randrange(64)) + rng.randbytes(rng.randrange(64)))
        with pytest.raises(ValueError, match="is damaged"):
            nn.load(Line(), path)
