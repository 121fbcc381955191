"""Resuming: what a checkpoint holds of a training, and whether the one that goes on is the same.

run     the training, of `nn.training`
tree    a training's state as `nn.checkpoints` writes it
loose   the parameters that the optimizer holds and the model does not, such as a temperature in the loss
"""

import hashlib
import os
import sys
from collections.abc import Iterable, Sequence
from copy import copy
from functools import partial
from types import CodeType
from typing import Any

from autograd import Value
from nn import checkpoints
from nn.commit import Change, each
from nn.history import COLUMNS
from nn.metrics import name_of
from nn.modules import Module, loading
from nn.optim import Optimizer
from nn.steps import CompiledStep

LARGEST = 2**63  # of the ints that are read: no count of a training comes near it
LATER: dict[str, Any] = {"parameters": None, "code": {}}  # settings that files of earlier versions lack


def loose(model: Module, optimizer: Optimizer) -> list[Value]:
    """The optimizer's parameters that are not the model's."""
    own = set(model.parameters())
    return [p for p in optimizer.parameters if p not in own]


def tree(run: Any) -> dict[str, Any]:
    """What is to be written of a training."""
    return {
        "settings": settings(run),
        "optimizer": run.optimizer.state_dict(),
        "loose": [p.data for p in run.loose],
        "history": run.history.rows,
        "batch": run.batch,
        "sums": run.sums,
        "lr": run.lr,
        "best": run.best,
        "best_loose": run.best_loose,
        "before": run.before,
    }


def settings(run: Any) -> dict[str, Any]:
    """What must be the same for a training to go on to the same numbers."""
    return {
        "optimizer": type(run.optimizer).__name__,
        "parameters": _held(run),
        "loss": name_of(run.measures["loss"]),
        "examples": len(run.data),
        "batch_size": run.size,
        "seed": run.seed,
        "metrics": [*run.metrics],
        "code": {name: code for name, x in run.measures.items() if (code := _code(x))},
        "validation": run.validation is not None,
        "keep_best": run.keep_best,
        "compiled": isinstance(run.step, CompiledStep),
    }


def changes(run: Any, file: checkpoints.Contents) -> list[Iterable[Change]]:
    """What is to be changed for the run to go on from the file, at one moment.

    ValueError for the training of another run, or where no `fit` can have written the file.
    """
    state, mine = checkpoints.fitting_state(run.model, file), settings(run)
    if not file.training:
        raise ValueError(f"fit: {file.path} holds a model and no training to resume; nn.load(model, path)")
    try:
        difference = _difference(mine, file.training["settings"])
        found = [] if difference else _changes(run, file, state)
    except Exception as error:  # a part of a foreign file can be anything
        why = checkpoints.one_line(f"{type(error).__name__}: {error}")
        raise ValueError(f"fit: {file.path} holds no training that fit wrote ({why})") from None
    if difference:
        raise ValueError(f"fit: {file.path} is of another training: {difference}")
    return found


def check_free(path: str | os.PathLike[str]) -> None:
    """FileExistsError where a file is there that holds more than the beginning of a training."""
    if not os.path.isfile(path):
        return
    try:
        training = checkpoints.read(path).training
        epochs, batches = len(training["history"]), training["batch"]
    except (ValueError, LookupError, TypeError):
        held = "something else than a training"
    else:
        if not (epochs or batches):
            return
        held = f"a training of {epochs} epochs and {batches} batches, and resume=True goes on with it"
    raise FileExistsError(f"fit: {path} holds {held}; to begin anew, delete the file or give another path")


# ── Is it the same training? ────────────────────────────────────────────────────────────────────────


def _held(run: Any) -> list[str] | None:
    """The names of the optimizer's parameters, of loose ones the labels; None: the model's, in order."""
    names = {p: name for name, p in run.model.named_parameters()}
    held = run.optimizer.parameters
    if len(held) == len(names) and all(p is own for p, own in zip(held, names, strict=True)):
        return None
    labels = [p.label for p in run.loose]
    for p, label in zip(run.loose, labels, strict=True):
        if not label or labels.count(label) > 1:
            raise ValueError(
                f"fit: the optimizer holds {p!r:.60}, which the model does not, and a checkpoint must name; "
                "make it an attribute of the model, or give it a label of its own: Value(1.0, 'temperature')"
            )
    return [names.get(p) or repr(p.label) for p in held]


def _code(measure: Any) -> str | None:
    """What tells a function without a name of its own, a lambda or a partial, from others; None for others.

    It begins with the version of Python whose code it is, or "any". What a lambda takes from outside is no
    part of it.
    """
    if isinstance(measure, partial):
        arguments = [*map(_argument, measure.args), *((k, _argument(x)) for k, x in measure.keywords.items())]
        return f"{_code(measure.func) or f'any {name_of(measure.func)}'} {arguments}"
    code = getattr(measure, "__code__", None)
    if code is None or name_of(measure) != "<lambda>":
        return None
    defaults = *(measure.__defaults__ or ()), *(measure.__kwdefaults__ or {}).values()
    text = f"{_text(code)} {[*map(_argument, defaults)]}"
    digest = hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()
    return f"{sys.implementation.cache_tag} {digest[:16]}"


def _argument(x: Any) -> str:
    """A plain number or text; of other things, which a training may change, the type."""
    return repr(x) if isinstance(x, str | int | float | None) else type(x).__name__


def _text(constant: Any) -> str:
    """A constant of a function's code; its code itself, without names of files and numbers of lines."""
    if isinstance(constant, CodeType):
        names = constant.co_names, constant.co_freevars, constant.co_varnames
        return f"{constant.co_code.hex()} {names} {[*map(_text, constant.co_consts)]}"
    return repr(sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant)


def _difference(mine: dict[str, Any], theirs: dict[str, Any]) -> str:
    """The first setting that differs, in words; "" where none does."""
    for name, here in mine.items():
        there = theirs.get(name, LATER[name]) if name in LATER else theirs[name]
        if name == "code":
            column = next((each for each in here if _differ(here[each], there.get(each, here[each]))), None)
            if column is not None:
                return f"the {column} has other code there; nn.load(model, path) takes the parameters alone"
        elif there != here:
            if name == "parameters":
                return "the optimizer holds other parameters there, or in another order"
            remedy = f"; give compiled={there!r:.60}" if name == "compiled" else ""
            return checkpoints.one_line(f"{name} is {there!r} there, and {here!r} here{remedy}")
    return ""


def _differ(here: str, there: str) -> bool:
    """Whether the code differs; that of different versions of Python cannot be compared."""
    return here != there and here.split()[0] == there.split()[0]


# ── Is it a training? ───────────────────────────────────────────────────────────────────────────────


def _changes(run: Any, file: checkpoints.Contents, state: dict[str, Any]) -> list[Iterable[Change]]:
    """See `changes`; any Exception where no fit can have written the file."""
    training = file.training
    optimizer = copy(run.optimizer)
    optimizer.load_state_dict(training["optimizer"])
    optimizer.rate()  # a schedule may not go so far
    numbers, best = _numbers(run, training.get("loose", [])), training["best"]
    best_loose = [] if best is None else _numbers(run, training.get("best_loose", []))
    if best is not None:
        checkpoints.fitting_state(run.model, file._replace(parameters=checkpoints.unpack(best)))
    _check_numbers(run, state, numbers, optimizer)
    rows, batch, sums, lr = (training[name] for name in ("history", "batch", "sums", "lr"))
    held_out = [f"val_{name}" for name in run.measures] if run.validation is not None else []
    columns = {*COLUMNS, *run.measures, *held_out}
    before = training.get("before", 0)
    if (
        not isinstance(rows, list)
        or type(batch) is not int
        or not 0 <= batch <= run.batches
        or type(before) is not int
        or not 0 <= before < LARGEST
        or sums.keys() != (run.measures if batch else {}).keys()
        or any(row.keys() | {"seconds"} != columns or row["epoch"] != i for i, row in enumerate(rows, 1))
        or not all(map(_is_measured, [lr, *sums.values(), *(x for row in rows for x in row.values())]))
        or (best is not None) != bool(run.keep_best and rows)
    ):
        raise LookupError("batch, sums and history are of no such run")
    return [
        loading(run.model, state),
        each(run.loose, "data", numbers),
        [(run.optimizer, name, x) for name, x in vars(optimizer).items()],
        [(run, "batch", batch), (run, "sums", sums), (run, "lr", lr), (run, "before", before)],
        [(run, "best", best), (run, "best_loose", best_loose)],
        [(run.history, "rows", [{**row, "seconds": row.get("seconds", 0.0)} for row in rows])],
        [(run, "saved", True)],
    ]


def _check_numbers(run: Any, state: dict[str, Any], numbers: list[Any], optimizer: Optimizer) -> None:
    """TypeError or OverflowError where the file's numbers do not go with those of the run."""
    own = dict(run.model.named_parameters())
    pairs = [(own[name], x) for name, x in state.items()]
    pairs += zip(run.loose, numbers, strict=True)
    for row in optimizer.remembered:
        pairs += zip(optimizer.parameters, row, strict=True)
    for p, x in pairs:
        total = p.data + x
        if isinstance(run.step, CompiledStep):
            float(total)


def _numbers(run: Any, numbers: Sequence[Any]) -> list[Any]:
    """The numbers for the loose parameters."""
    return [Value(x).data for _, x in zip(run.loose, numbers, strict=True)]


def _is_measured(x: Any) -> bool:
    return isinstance(x, float) or (type(x) is int and abs(x) < LARGEST)
