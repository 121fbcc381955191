"""Files of parameters: safetensors, written atomically, exact for every number type, and no pickle.

A list of parameters, or a rectangular list of lists, is one tensor: `layers.0.neurons.2.w` of shape (784,).
Floats are stored as float64 and ints as int64. Other numbers (Fraction, Decimal, complex, ints beyond 64
bits) stand as text in the file's metadata, and come back exactly.

    tree     a number, a string, a bool or None, or a list or a dict (by names) of trees
    tensors  NumPy arrays by name: the parameters by theirs, the rest by paths with "/"
    packed   the numbers of a state_dict as trees: {"w": [1.0, 2.0], "b": 3.0} for w.0, w.1 and b
"""

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
from uuid import uuid4

from nn.checks import library
from nn.modules import Module

VERSION = 1
KEY = "scalar-autograd"  # the only key of the metadata, since safetensors writes several in random order

# How a number that is no float64 and no int64 is written and read. In hexadecimal, because Python refuses to
# convert more than 4300 decimal digits.
TEXTS: dict[type, tuple[Callable[[Any], str], Callable[[str], Any]]] = {
    int: (hex, lambda text: int(text, 16)),
    Fraction: (
        lambda x: f"{x.numerator:x}/{x.denominator:x}",
        lambda text: Fraction(*(int(part, 16) for part in text.split("/"))),
    ),
    Decimal: (str, Decimal),
    complex: (str, complex),
}
INDICES = re.compile(r"(.*?)((?:\.(?:0|[1-9][0-9]*))*)", re.DOTALL)
READERS = {f"${kind.__name__}": read for kind, (_, read) in TEXTS.items()}


class Checkpoint(NamedTuple):
    """What a file holds. `training` is {} in a file that `save` wrote."""

    path: Path
    architecture: str
    parameters: dict[str, Any]  # packed
    training: dict[str, Any]  # a tree


def save(model: Module, path: str | os.PathLike[str]) -> None:
    """Write the numbers of the model's parameters to a safetensors file.

    A crash or an interruption at any moment leaves the old file or the new one. A partial file beside it goes
    at once or, after a crash and where its removal is interrupted, with the next save. TypeError for numbers
    other than int, float, complex, Fraction and Decimal; nan and inf are floats like others.
    """
    if not isinstance(model, Module):
        raise TypeError(f"nn.save: {model!r:.60} is no model; nn.save(model, path)")
    write(path, model, {})


def load(model: Module, path: str | os.PathLike[str]) -> None:
    """Set the model's parameters to those of a file that `save` wrote, or `fit` as a checkpoint.

    FileNotFoundError where there is none. ValueError for a file that is damaged, no such file, or of another
    architecture (names, shapes or repr), naming what differs, and TypeError where a parameter is no number;
    the model is unchanged then.
    """
    model.load_state_dict(fitting_state(model, read(path)))


def write(path: str | os.PathLike[str], model: Module, training: dict[str, Any]) -> None:
    """Write a model, and the tree of a training's state: see `save`."""
    to_bytes = library("safetensors.numpy", "nn.save").save
    tensors: dict[str, Any] = {}
    texts = {}
    for name, numbers in pack(model.state_dict()).items():
        array = _as_array(numbers)
        if array is None:
            texts[name] = _encode(numbers, name, tensors)
        else:
            tensors[name] = array
    header = {
        "version": VERSION,
        "architecture": architecture(model),
        "texts": texts,
        "training": _encode(training, "training", tensors),
    }
    _replace(Path(path), to_bytes(tensors, {KEY: json.dumps(header)}))


def read(path: str | os.PathLike[str]) -> Checkpoint:
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
            tensors = {name: _as_list(name, file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
        texts, training = (_decode(header[part], tensors) for part in ("texts", "training"))
        return Checkpoint(path, header["architecture"], {**tensors, **texts}, training)
    except OSError:
        raise
    except Exception as error:  # foreign or hostile bytes fail anywhere in the parsers
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise ValueError(f"nn.load: {path} is damaged, or no file of nn.save ({why:.200})") from None


def architecture(model: Module) -> str:
    """The model's repr on one line, without addresses in memory, which differ from run to run."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", " ".join(repr(model).split()))


def fitting_state(model: Module, checkpoint: Checkpoint) -> dict[str, Any]:
    """The state_dict for this model; ValueError naming what differs where the file is of another one."""
    mine = {name: _shape(numbers) for name, numbers in pack(model.state_dict()).items()}
    theirs = {name: _shape(numbers) for name, numbers in checkpoint.parameters.items()}
    other = next((name for name in mine if theirs.get(name) != mine[name]), None)
    if mine.keys() != theirs.keys():
        missing, unknown = sorted(mine.keys() - theirs.keys()), sorted(theirs.keys() - mine.keys())
        difference = f"missing {missing[:3]}, unknown {unknown[:3]}"
    elif other is not None:
        difference = f"{other} has the shape {theirs[other]} there, and {mine[other]} here"
    elif checkpoint.architecture != architecture(model):
        difference = "names and shapes agree"
    else:
        return unpack(checkpoint.parameters)
    raise ValueError(
        f"nn.load: {checkpoint.path} holds {checkpoint.architecture}, not {architecture(model)}: {difference}"
    )


# ── Lists of parameters ─────────────────────────────────────────────────────────────────────────────


def pack(state: dict[str, Any]) -> dict[str, Any]:
    """A state_dict with its lists whole; a list that is ragged or has gaps stays parameter by parameter.

    >>> pack({"w.0": 1.0, "w.1": 2.0, "b": 3.0})
    {'w': [1.0, 2.0], 'b': 3.0}
    """
    groups: dict[str, dict[tuple[int, ...], Any]] = {}
    for name, number in state.items():
        base, indices = INDICES.fullmatch(name).groups()  # type: ignore[union-attr]
        groups.setdefault(base, {})[tuple(map(int, indices.split(".")[1:]))] = number
    packed = {}
    for base, numbers in groups.items():
        shape = tuple(i + 1 for i in [*numbers][-1])
        if len(numbers) == prod(shape) and [*numbers] == [*product(*map(range, shape))]:
            packed[base] = _nest(list(numbers.values()), shape)
        else:
            packed.update({".".join([base, *map(str, index)]): x for index, x in numbers.items()})
    return packed


def unpack(packed: dict[str, Any]) -> dict[str, Any]:
    """The state_dict that was packed."""
    return {name: number for base, tree in packed.items() for name, number in _named(base, tree)}


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
        tensors[path] = array
        return {"$tensor": path}
    kind = type(tree)
    if isinstance(tree, float | str | bool | None) or (kind is int and tree.bit_length() < 64):
        return tree
    if kind not in TEXTS:
        known = ", ".join(sorted(["float", *(each.__name__ for each in TEXTS)]))
        raise TypeError(f"nn.save: {path} holds {tree!r:.60}, a {kind.__name__}; a file can hold {known}")
    return {f"${kind.__name__}": TEXTS[kind][0](tree)}


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


def _as_array(tree: Any) -> Any:
    """A float, an int of 64 bits or a rectangular list of these as an array; None for any other tree."""
    np = library("numpy", "nn.save")
    kinds = {float if isinstance(number, float) else type(number) for _, number in _named("", tree)}
    dtype = {float: np.float64, int: np.int64}.get(kinds.pop()) if len(kinds) == 1 else None
    try:
        return None if dtype is None else np.array(tree, dtype)
    except (ValueError, OverflowError):  # a ragged list, an int of more bits
        return None


def _as_list(name: str, array: Any) -> Any:
    """The numbers of a tensor. ValueError for what `_as_array` does not make."""
    if array.dtype.name not in ("float64", "int64") or not array.size:
        raise ValueError(f"{name} is a tensor of {array.dtype} {array.shape}; float64 and int64 are known")
    return array.tolist()


# ── Writing ─────────────────────────────────────────────────────────────────────────────────────────


def _replace(path: Path, data: bytes) -> None:
    """Put the bytes in the place of the file, at one moment, and on the disk before and after it."""
    folder, prefix, suffix = path.parent, f".{path.name}.", ".partial"
    if path.is_dir() or not folder.is_dir():
        reason = "is a folder" if path.is_dir() else f"lies in {folder}, which is no folder"
        raise OSError(f"nn.save: {path} {reason}; give the path of a file in a folder that exists")
    for name in os.listdir(folder):
        if name.startswith(prefix) and name.endswith(suffix):  # of a save that was killed
            (folder / name).unlink(missing_ok=True)
    partial = folder / f"{prefix}{uuid4().hex}{suffix}"
    try:
        with open(partial, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # elsewhere a folder cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
