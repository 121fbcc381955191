"""Files of parameters: safetensors, written atomically, exact for every number type, and no pickle.

A list of parameters, or a rectangular list of lists, is one tensor: `layers.0.neurons.2.w` of shape (784,).
Floats are stored as float64 and ints as int64. Other numbers (Fraction, Decimal, complex, ints beyond 64
bits) stand as text in the file's metadata, and come back exactly. A SHA-256 of all that is read tells whether
it is what was written; files of earlier versions have none.

    tree     a number, a string, a bool or None, or a list or a dict (by names) of trees
    tensors  NumPy arrays by name: the parameters by theirs, the rest by paths with "/"
    packed   the numbers of a state_dict as trees: {"w": [1.0, 2.0], "b": 3.0} for w.0, w.1 and b
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from autograd import Value
from autograd.writing import replace
from nn.checks import library
from nn.modules import Module

VERSION = 1
KEY = "scalar-autograd"  # the only key of the metadata, since safetensors writes several in random order
PARTS = {"version", "architecture", "texts", "training"}  # of the header, beside its sha256
HEADER = 90_000_000  # bytes of names and metadata; safetensors reads some more, with quotes escaped
AXES = 32  # of a tensor: lists that are nested deeper are stored number by number
DIGITS = 2**19  # of a Fraction: to reduce it takes the square of them, here a second

# How a number that is no float64 and no int64 is written and read. In hexadecimal, because Python refuses to
# convert more than 4300 decimal digits.
TEXTS: dict[type, tuple[Callable[[Any], str], Callable[[str], Any]]] = {
    int: (hex, lambda text: int(text, 16)),
    Fraction: (lambda x: f"{x.numerator:x}/{x.denominator:x}", lambda text: _fraction(text)),
    Decimal: (str, Decimal),
    complex: (str, complex),
}
INDEX = re.compile(r"0|[1-9][0-9]{,17}")
READERS = {f"${kind.__name__}": read for kind, (_, read) in TEXTS.items()}


class Contents(NamedTuple):
    """What a file holds. `training` is {} in a file that `save` wrote."""

    path: Path
    architecture: str
    parameters: dict[str, Any]  # the state_dict
    training: dict[str, Any]  # a tree


def save(model: Module, path: str | os.PathLike[str]) -> None:
    """Write the numbers of the model's parameters to a safetensors file.

    A crash or an interruption at any moment leaves the old file or the new one, and of several threads and
    processes that save to one path the last stays. A partial file goes at once, or after a crash with a save
    an hour later. A file that is there keeps its mode, and a symbolic link leads to the new one.

    TypeError for numbers other than int, float, complex, Fraction and Decimal; nan and inf are floats like
    others. OSError where the file cannot be written, or is read-only.
    """
    _check("nn.save", model, path)
    write(path, model, {})


def load(model: Module, path: str | os.PathLike[str]) -> None:
    """Set the model's parameters to those of a file that `save` wrote, or `fit` as a checkpoint.

    FileNotFoundError where there is none. ValueError for a file that is damaged, no such file, or of another
    architecture (names, shapes or repr), naming what differs; the model is unchanged then. What a function of
    your own in the model computes cannot be compared.
    """
    _check("nn.load", model, path)
    model.load_state_dict(fitting_state(model, read(path)))


def _check(what: str, model: Any, path: Any) -> None:
    if not isinstance(model, Module):
        raise TypeError(f"{what}: {model!r:.60} is no model; {what}(model, path)")
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"{what}: {path!r:.60} is no path; {what}(model, path)")


def write(path: str | os.PathLike[str], model: Module, training: dict[str, Any]) -> None:
    """Write a model, and the tree of a training's state: see `save`."""
    to_bytes = library("safetensors.numpy", "nn.save").save
    packed = pack(model.state_dict())
    arrays = {name: _as_array(numbers) for name, numbers in packed.items() if _is_storable(name)}
    tensors = {name: array for name, array in arrays.items() if array is not None}
    rest = [name for name in packed if name not in tensors]
    header = {
        "version": VERSION,
        "architecture": architecture(model),
        "texts": {name: _encode(packed[name], name, tensors) for name in rest},
        "training": _encode(training, "training", tensors),
    }
    metadata = {KEY: json.dumps({**header, "sha256": _digest(header, tensors)})}
    names = sum(len(name) + 100 for name in tensors)  # with types, shapes and offsets
    if len(metadata[KEY]) + names > HEADER:
        raise ValueError(
            f"nn.save: {path} would begin with over {HEADER:,} bytes of names and numbers as text, which "
            "cannot be read; keep parameters in rectangular lists of floats"
        )
    data = to_bytes(tensors, metadata)
    replace(path, data, "nn.save")


def read(path: str | os.PathLike[str]) -> Contents:
    """What `write` wrote. FileNotFoundError where there is no file, ValueError for any other bytes."""
    safe_open = library("safetensors", "nn.load").safe_open
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"nn.load: there is no file {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {})[KEY])
            if header["version"] != VERSION:
                raise ValueError(f"its format is version {header['version']}, not {VERSION}")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        digest = header.pop("sha256", None)  # files of earlier versions have none
        if header.keys() != PARTS or (digest is not None and digest != _digest(header, tensors)):
            raise ValueError("its content is not what was written, by its SHA-256")
        lists = {name: _as_list(name, tensor) for name, tensor in tensors.items()}
        texts, training = (_decode(header[part], lists) for part in ("texts", "training"))
        return Contents(path, str(header["architecture"]), unpack({**lists, **texts}), training)
    except OSError as error:
        raise type(error)(f"nn.load: {path} cannot be read: {error}") from None
    except Exception as error:  # foreign or hostile bytes fail anywhere in the parsers
        why = one_line(f"{type(error).__name__}: {error}")
        raise ValueError(f"nn.load: {path} is damaged, or no file of nn.save ({why})") from None


def _digest(header: dict[str, Any], tensors: dict[str, Any]) -> str:
    """The SHA-256 of a header as JSON and of its tensors."""
    digest = hashlib.sha256(json.dumps(header).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}: {tensor.dtype} {tensor.shape}\n".encode())
        digest.update(tensor.tobytes())
    return digest.hexdigest()


def one_line(text: str) -> str:
    """The beginning of a text from a file, for an error."""
    return "".join(c if c.isprintable() else " " for c in " ".join(text[:999].split()))[:200]


def architecture(model: Module) -> str:
    """The model's repr on one line, without addresses in memory, which differ from run to run."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", " ".join(repr(model).split()))


def fitting_state(model: Module, contents: Contents) -> dict[str, Any]:
    """The state_dict for this model; ValueError naming what differs where the file is of another one."""
    mine, theirs = (
        {name: _shape(numbers) for name, numbers in pack(state).items()}
        for state in (model.state_dict(), contents.parameters)
    )
    other = next((name for name in mine if theirs.get(name) != mine[name]), None)
    if mine.keys() != theirs.keys():
        missing, unknown = sorted(mine.keys() - theirs.keys()), sorted(theirs.keys() - mine.keys())
        difference = f"missing {missing[:3]}, unknown {unknown[:3]}"
    elif other is not None:
        difference = f"{other} has the shape {theirs[other]} there, and {mine[other]} here"
    elif contents.architecture != architecture(model):
        difference = "names and shapes agree"
    else:
        return contents.parameters
    held, wanted = one_line(contents.architecture), one_line(architecture(model))
    raise ValueError(f"nn.load: {contents.path} holds {held}, not {wanted}: {one_line(difference)}")


# ── Lists of parameters ─────────────────────────────────────────────────────────────────────────────


def pack(state: dict[str, Any]) -> dict[str, Any]:
    """A state_dict with its lists whole; a list that is ragged or has gaps stays parameter by parameter.

    >>> pack({"w.0": 1.0, "w.1": 2.0, "b": 3.0})
    {'w': [1.0, 2.0], 'b': 3.0}
    """
    groups: dict[str, dict[tuple[int, ...], Any]] = {}
    for name, number in state.items():
        parts = name.split(".")
        i = len(parts)
        while i > 1 and INDEX.fullmatch(parts[i - 1]):
            i -= 1
        groups.setdefault(".".join(parts[:i]), {})[tuple(map(int, parts[i:]))] = number
    packed = {}
    for base, numbers in groups.items():
        shape = tuple(i + 1 for i in [*numbers][-1])
        if (
            len(shape) <= AXES
            and len(numbers) == prod(shape)
            and [*numbers] == [*product(*map(range, shape))]
        ):
            packed[base] = _nest(list(numbers.values()), shape)
        else:
            packed.update({".".join([base, *map(str, index)]): x for index, x in numbers.items()})
    return packed


def unpack(packed: dict[str, Any]) -> dict[str, Any]:
    """The state_dict that was packed; TypeError and ValueError for what is none."""
    state: dict[str, Any] = {}
    for base, tree in packed.items():
        for name, number in _named(base, tree):
            if name in state:
                raise ValueError(f"two numbers have the name {name}")
            state[name] = Value(number).data
    return state


def _nest(numbers: list[Any], shape: tuple[int, ...]) -> Any:
    for size in reversed(shape[1:]):
        numbers = [numbers[i : i + size] for i in range(0, len(numbers), size)]
    return numbers if shape else numbers[0]


def _named(name: str, tree: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, list):
        for i, item in enumerate(tree):
            yield from _named(f"{name}.{i}", item)
    else:
        yield name, tree


def _shape(tree: Any) -> tuple[int, ...]:
    return (len(tree), *_shape(tree[0])) if isinstance(tree, list) and tree else ()


# ── Trees as JSON and tensors ───────────────────────────────────────────────────────────────────────


def _encode(tree: Any, path: str, tensors: dict[str, Any]) -> Any:
    """The tree for JSON: lists of floats or ints go to the tensors, other numbers become {"$kind": text}."""
    if isinstance(tree, dict):
        return {key: _encode(item, f"{path}/{key}", tensors) for key, item in tree.items()}
    if isinstance(tree, list):
        array = _as_array(tree)
        if array is None:
            return [_encode(item, f"{path}/{i}", tensors) for i, item in enumerate(tree)]
        while path in tensors or not _is_storable(path):
            path = f"{path!a}'"
        tensors[path] = array
        return {"$tensor": path}
    kind = type(tree)
    if isinstance(tree, float | str | bool | None) or (kind is int and tree.bit_length() < 64):
        return tree
    if kind not in TEXTS:
        known = ", ".join(sorted(["float", *(each.__name__ for each in TEXTS)]))
        raise TypeError(f"nn.save: {path} holds {tree!r:.60}, a {kind.__name__}; a file can hold {known}")
    text = TEXTS[kind][0](tree)
    if kind is Fraction and len(text) > DIGITS:
        raise ValueError(f"nn.save: {path} is a Fraction of {len(text):,} digits; a file can hold {DIGITS:,}")
    return {f"${kind.__name__}": text}


def _decode(tree: Any, tensors: dict[str, Any]) -> Any:
    """The tree that was encoded; takes its lists out of the tensors."""
    if isinstance(tree, list):
        return [_decode(item, tensors) for item in tree]
    if not isinstance(tree, dict):
        return tree
    kind, text = next(iter(tree.items()), ("", ""))
    if kind == "$tensor":
        return tensors.pop(text)
    if kind in READERS:
        return READERS[kind](text)
    return {key: _decode(item, tensors) for key, item in tree.items()}


def _fraction(text: str) -> Fraction:
    if len(text) > DIGITS:
        raise ValueError(f"a Fraction of {len(text):,} digits; {DIGITS:,} are read")
    return Fraction(*(int(part, 16) for part in text.split("/")))


def _as_array(tree: Any) -> Any:
    """A float, an int of 64 bits or a rectangular list of these as an array; None for any other tree."""
    np = library("numpy", "nn.save")
    kinds = {float if isinstance(number, float) else type(number) for _, number in _named("", tree)}
    dtype = {float: np.float64, int: np.int64}.get(kinds.pop()) if len(kinds) == 1 else None
    try:
        return None if dtype is None else np.array(tree, dtype)
    except (ValueError, OverflowError):  # a ragged list, an int of more bits
        return None


def _is_storable(name: str) -> bool:
    """Whether safetensors can have a tensor of this name."""
    return name != "__metadata__" and not re.search("[\ud800-\udfff]", name)


def _as_list(name: str, array: Any) -> Any:
    """The numbers of a tensor. ValueError for what `_as_array` does not make."""
    if array.dtype.name not in ("float64", "int64") or not array.size:
        raise ValueError(f"{name} is a tensor of {array.dtype} {array.shape}; float64 and int64 are known")
    return array.tolist()
