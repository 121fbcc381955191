"""fit: the training loop, with what a long run needs around it.

epoch    one pass over the data, counted from 1      batch   the examples of one step
step     forward, backward and update on a batch     sums    of loss and metrics, over the epoch so far
"""

import gc
import math
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from itertools import islice
from os import PathLike
from typing import Any

from autograd import Value, mean, no_grad
from nn import checkpoints
from nn.checks import check_whole, library
from nn.data.dataset import Dataset
from nn.history import History
from nn.init import choose
from nn.losses import LOSSES
from nn.modules import Module
from nn.optim import Optimizer, clip_grad_norm

Measure = Callable[[Any, Any], Any]
"""(output, target) of one example → a number or a Value."""

Step = Callable[[Any, Any], tuple[Any, Sequence[Any]]]
"""(x, y) of a batch → its loss, a number, and the outputs. Updates the parameters if the loss is finite."""


def accuracy(output: Any, target: Any) -> bool:
    """Whether the output chooses the target's class: by the greatest of several numbers, or by one's sign.

    For several outputs the target is a class index or one-hot; for one output it is positive or not. One
    output is a logit, as binary_cross_entropy and hinge take it: a probability would always be positive.
    """
    if not hasattr(output, "__len__"):
        return bool((output > 0) == (target > 0))
    return bool(_greatest(output) == (_greatest(target) if hasattr(target, "__len__") else target))


METRICS: dict[str, Measure] = {"accuracy": accuracy, **LOSSES}


class EagerStep:
    """The step that records the graph of its batch: the mean of the losses, plus the penalty."""

    def __init__(
        self,
        model: Any,
        loss: Measure,
        optimizer: Optimizer,
        penalty: Callable[[], Any] | None = None,
        clip_norm: Any = None,
    ) -> None:
        self.model, self.loss, self.optimizer, self.penalty = model, loss, optimizer, penalty
        self.clip_norm = clip_norm

    def __call__(self, x: Any, y: Any) -> tuple[Any, list[Any]]:
        """See `Step`. TypeError where the loss gives no Value."""
        outputs = [self.model(example) for example in x]
        loss = mean([self.loss(output, target) for output, target in zip(outputs, y, strict=True)])
        if self.penalty is not None:
            loss = loss + self.penalty()
        if not isinstance(loss, Value):
            raise TypeError(f"fit: the loss is the plain number {loss!r}; compute it from the model's Values")
        if math.isfinite(loss.data):
            self.optimizer.zero_grad()
            loss.backward()
            if self.clip_norm is not None:
                clip_grad_norm(self.optimizer.parameters, self.clip_norm)
            self.optimizer.step()
        return loss.data, outputs


def fit(
    model: Module,
    data: Dataset,
    loss: str | Measure,
    optimizer: Optimizer,
    *,
    epochs: int,
    batch_size: int | None = None,
    validation: Dataset | None = None,
    metrics: Sequence[str | Measure] = (),
    penalty: Callable[[], Any] | None = None,
    clip_norm: float | None = None,
    seed: int | None = 0,
    patience: int | None = None,
    keep_best: bool = False,
    checkpoint: str | PathLike[str] | None = None,
    every: int = 1,
    resume: bool = False,
    progress: bool | None = None,
    step: Step | None = None,
) -> History:
    """Train the model, and return what was measured.

    loss        (output, target) of one example → Value, or a name in `nn.losses.LOSSES`
    epochs      how many in all, with those before `resume`
    batch_size  examples per step; None: all of them, in order
    validation  what is measured after every epoch
    metrics     names ("accuracy", or a loss) or functions (output, target) → number, averaged over the
                examples; on the training data with the outputs of each step, before its update
    penalty     () → Value, added to the loss of every batch: `lambda: l2(model.parameters(), 1e-4)`
    clip_norm   the limit of `nn.optim.clip_grad_norm` for the gradients of every step
    seed        of the order in which an epoch takes the examples; None: as they stand
    patience    stop after so many epochs without a new least val_loss (loss, without validation)
    keep_best   leave the model with the parameters after its best epoch, by the same measure; otherwise
                they are those of the last step, also where patience has ended
    checkpoint  path of a file that `nn.load` reads: the parameters of the last step, and all that `resume`
                needs; written at once, after `every` epochs, at the end and on Ctrl-C
    resume      go on from the checkpoint, to the same numbers, bit for bit, as an uninterrupted run; what
                it cannot compare is taken as it is now: the examples, the settings of the optimizer (a new
                learning rate, say), penalty and clip_norm
    progress    whether to show a bar (tqdm); None: where the standard error is a terminal
    step        instead of EagerStep(model, loss, optimizer, penalty, clip_norm)

    Python's cyclic garbage collector rests during a batch: it would search the batch's graph again and again,
    and a graph has no cycles.

    The first Ctrl-C ends the run after the batch and returns as usual; the second raises KeyboardInterrupt
    at once. FloatingPointError for a loss that is nan or infinite: the parameters are those before its
    batch, the checkpoint stays as it is. TypeError and ValueError for arguments that make no training or
    that differ from those of the checkpoint, FileNotFoundError where there is none.
    """
    counts = {"epochs": epochs, "every": every, "batch_size": batch_size, "patience": patience}
    _check(model, data, optimizer, validation, {name: n for name, n in counts.items() if n is not None})
    if step is not None and (penalty is not None or clip_norm is not None):
        raise ValueError("fit: a step of your own adds the penalty and clips; give it these, not fit")
    measures = _measures("fit", metrics, loss=_measure("fit", "loss", loss, LOSSES))
    step = step or EagerStep(model, measures["loss"], optimizer, penalty, clip_norm)
    size, order = (len(data), None) if batch_size is None else (batch_size, seed)
    run = _Run(model, data, optimizer, step, measures, validation, size, order, keep_best)
    if resume:
        run.resume(checkpoint)
    elif checkpoint is not None:
        run.save(checkpoint)  # a path that cannot be written must not cost an epoch
    history = run.history
    with _first_interrupt_waits() as interrupted, _progress(progress, run, epochs) as report:
        while len(history) < epochs and not run.is_stale(patience) and not interrupted():
            for batch in run.rest_of_epoch():
                with _collector_rests():
                    run.train(batch)
                report()
                if interrupted():
                    break
            else:
                run.finish_epoch()
                report()
                if checkpoint is not None and len(history) % every == 0:
                    run.save(checkpoint)
        if checkpoint is not None and not run.saved:
            run.save(checkpoint)
        history.interrupted = interrupted()
    if run.best is not None:
        model.load_state_dict(checkpoints.unpack(run.best))
    return history


def evaluate(model: Any, data: Dataset, metrics: Sequence[str | Measure]) -> dict[str, float]:
    """The mean of every metric over the examples, by name; no graph is recorded.

    metrics   as those of `fit`: `nn.evaluate(model, test, ["accuracy", "cross_entropy"])`

    TypeError and ValueError for data that is no Dataset or empty, and for other metrics.
    """
    _check_kinds("evaluate", data=data)
    return _means(_measures("evaluate", metrics), model, data)


@dataclass
class _Run:
    """A training between two batches: what a checkpoint holds of it, and how it goes on."""

    model: Any
    data: Dataset
    optimizer: Optimizer
    step: Step
    measures: dict[str, Measure]  # by column of the history
    validation: Dataset | None
    size: int  # examples per batch
    seed: int | None
    keep_best: bool
    history: History = field(default_factory=History)
    batch: int = 0  # how many are done in this epoch
    sums: dict[str, float] = field(default_factory=dict)
    lr: float = 0.0  # of the last step
    best: dict[str, Any] | None = None  # the parameters after the best epoch, packed
    saved: bool = False

    @property
    def batches(self) -> int:
        """How many an epoch has."""
        return math.ceil(len(self.data) / self.size)

    def is_stale(self, patience: int | None) -> bool:
        """Whether so many epochs have passed since the best one."""
        done = len(self.history)
        return patience is not None and done > 0 and done - self.history.best["epoch"] >= patience

    def rest_of_epoch(self) -> Iterator[Dataset]:
        """The batches still to do. Their order depends on the seed and the epoch alone."""
        seed = None if self.seed is None else (self.seed, len(self.history) + 1)
        return islice(self.data.batches(self.size, seed), self.batch, None)

    def train(self, batch: Dataset) -> None:
        """One step, and what it measures."""
        self.lr = float(self.optimizer.rate())
        loss, outputs = self.step(batch.x, batch.y)
        _check_finite("loss", loss, f"epoch {len(self.history) + 1}, batch {self.batch + 1}")
        metrics = {name: measure for name, measure in self.measures.items() if name != "loss"}
        sums = {"loss": float(loss) * len(batch), **_sums(metrics, outputs, batch.y)}
        self.sums = {name: self.sums.get(name, 0.0) + number for name, number in sums.items()}
        self.batch += 1
        self.saved = False

    def finish_epoch(self) -> None:
        """The validation, and the epoch's row."""
        epoch = len(self.history) + 1
        row = {"epoch": epoch, **{name: x / len(self.data) for name, x in self.sums.items()}}
        if self.validation is not None:
            means = _means(self.measures, self.model, self.validation)
            _check_finite("validation loss", means["loss"], f"epoch {epoch}")
            row |= {f"val_{name}": x for name, x in means.items()}
        row["lr"] = self.lr
        self.history.rows.append(row)
        self.batch, self.sums = 0, {}
        if self.keep_best and self.history.best is row:
            self.best = checkpoints.pack(self.model.state_dict())

    # ── Checkpoints ─────────────────────────────────────────────────────────────────────────────────

    def settings(self) -> dict[str, Any]:
        """What must be the same for a training to go on to the same numbers."""
        return {
            "optimizer": type(self.optimizer).__name__,
            "loss": _name(self.measures["loss"]),
            "examples": len(self.data),
            "batch_size": self.size,
            "seed": self.seed,
            "metrics": [name for name in self.measures if name != "loss"],
            "validation": self.validation is not None,
            "keep_best": self.keep_best,
        }

    def save(self, path: str | PathLike[str]) -> None:
        """Write the checkpoint."""
        training = {
            "settings": self.settings(),
            "optimizer": self.optimizer.state_dict(),
            "history": self.history.rows,
            "batch": self.batch,
            "sums": self.sums,
            "lr": self.lr,
            "best": self.best,
        }
        checkpoints.write(path, self.model, training)
        self.saved = True

    def resume(self, path: str | PathLike[str] | None) -> None:
        """Go on from the checkpoint; nothing changes where it is refused."""
        if path is None:
            raise ValueError("fit: resume needs the file to go on from; give checkpoint=path")
        file = checkpoints.read(path)
        state, training = checkpoints.fitting_state(self.model, file), file.training
        if not training:
            raise ValueError(f"fit: {path} holds a model and no training to resume; nn.load(model, path)")
        try:
            self._check_training(file)
        except (TypeError, LookupError, AttributeError) as error:  # a part of a foreign file can be anything
            why = f"{type(error).__name__}: {error}"
            raise ValueError(f"fit: {path} holds no training that fit wrote ({why:.200})") from None
        self.model.load_state_dict(state)
        self.optimizer.load_state_dict(training["optimizer"])
        self.history.rows = training["history"]
        self.batch, self.sums, self.lr = training["batch"], training["sums"], training["lr"]
        self.best = training["best"]
        self.saved = True

    def _check_training(self, file: checkpoints.Checkpoint) -> None:
        """Refuse the training of another run, or of a foreign file."""
        training = file.training
        for name, mine in self.settings().items():
            if (theirs := training["settings"][name]) != mine:
                raise ValueError(
                    f"fit: {file.path} is of another training: {name} is {theirs!r} there, and {mine!r} here"
                )
        copy(self.optimizer).load_state_dict(training["optimizer"])
        if training["best"] is not None:
            checkpoints.fitting_state(self.model, file._replace(parameters=training["best"]))
        rows, batch, sums = training["history"], training["batch"], training["sums"]
        held_out = [f"val_{name}" for name in self.measures] if self.validation is not None else []
        columns = {"epoch", *self.measures, *held_out, "lr"}
        numbers = [training["lr"], *sums.values(), *(x for row in rows for x in row.values())]
        if (
            type(batch) is not int
            or not 0 <= batch <= self.batches
            or sums.keys() != (self.measures if batch else {}).keys()
            or any(row.keys() != columns or row["epoch"] != i for i, row in enumerate(rows, 1))
            or not all(isinstance(x, int | float) for x in numbers)
        ):
            raise LookupError("batch, sums and history are of no such run")


def _means(measures: dict[str, Measure], model: Any, data: Dataset) -> dict[str, float]:
    """The mean of every measure over the examples, with the outputs of a model that records no graph."""
    with no_grad():
        outputs = [model(x) for x in data.x]
    return {name: x / len(data) for name, x in _sums(measures, outputs, data.y).items()}


def _sums(measures: dict[str, Measure], outputs: Sequence[Any], targets: Sequence[Any]) -> dict[str, float]:
    """The sum of every measure over the examples."""
    with no_grad():
        return {
            name: sum(float(measure(y, t)) for y, t in zip(outputs, targets, strict=True))
            for name, measure in measures.items()
        }


def _greatest(numbers: Sequence[Any]) -> int:
    return max(range(len(numbers)), key=lambda i: numbers[i])


# ── Arguments ───────────────────────────────────────────────────────────────────────────────────────


KINDS: dict[str, tuple[type, str]] = {  # of the arguments, each with an example
    "model": (Module, "nn.MLP(2, [16, 1])"),
    "data": (Dataset, "nn.data.Dataset(x, y)"),
    "validation": (Dataset, "nn.data.Dataset(x, y)"),
    "optimizer": (Optimizer, "nn.optim.SGD(model.parameters(), lr=0.1)"),
}


def _check_kinds(what: str, **arguments: Any) -> None:
    for name, argument in arguments.items():
        kind, example = KINDS[name]
        if not isinstance(argument, kind):
            wrong = type(argument).__name__
            raise TypeError(f"{what}: {name} must be of type {kind.__name__}, as {example}, not {wrong}")
        if isinstance(argument, Dataset) and not len(argument):
            raise ValueError(f"{what}: {name} is empty; give at least one example")


def _check(model: Any, data: Any, optimizer: Any, validation: Any, counts: dict[str, Any]) -> None:
    held_out = {} if validation is None else {"validation": validation}
    _check_kinds("fit", model=model, data=data, optimizer=optimizer, **held_out)
    for name, count in counts.items():
        check_whole("fit", name, count)
    parameters = {id(p) for p in model.parameters()}
    if not parameters:
        raise ValueError(f"fit: {model!r:.60} has no parameters; a Module finds the Values in its attributes")
    if not any(id(p) in parameters for p in optimizer.parameters):
        raise ValueError("fit: the optimizer holds other parameters; make it from model.parameters()")


def _measures(what: str, metrics: Sequence[str | Measure], **loss: Measure) -> dict[str, Measure]:
    """The loss and the metrics by their columns in the history."""
    if isinstance(metrics, str) or callable(metrics):
        raise TypeError(f"{what}: metrics must be a list, not {metrics!r}; give [{metrics!r}]")
    measures = loss
    for metric in metrics:
        name = metric if isinstance(metric, str) else _name(metric)
        if name in (*measures, "epoch", "lr"):
            raise ValueError(f"{what}: {name!r} would be two columns; give the metric another name")
        measures[name] = _measure(what, "metric", metric, METRICS)
    return measures


def _measure(what: str, role: str, measure: str | Measure, known: dict[str, Measure]) -> Measure:
    if not isinstance(measure, str) and not callable(measure):
        raise TypeError(f"{what}: a {role} is a name or a function (output, target), not {measure!r:.60}")
    return choose(role, measure, known) if isinstance(measure, str) else measure


def _name(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _check_finite(what: str, number: Any, where: str) -> None:
    if not math.isfinite(number):
        raise FloatingPointError(
            f"fit: the {what} is {number} in {where}; lower the learning rate, or clip the gradients"
        )


# ── Around the loop ─────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _first_interrupt_waits() -> Iterator[Callable[[], bool]]:
    """Inside, the first Ctrl-C is only noted (the function says whether), the second one interrupts.

    Python allows it in the main thread alone, and a program's own handler stays in force.
    """
    noted = False

    def note(number: int, frame: Any) -> None:
        nonlocal noted
        if noted:
            signal.default_int_handler(number, frame)
        noted = True

    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield lambda: noted
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield lambda: noted
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def _collector_rests() -> Iterator[None]:
    """Inside, the cyclic garbage collector does not run of itself; before and after, it does as it did."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def _progress(wanted: bool | None, run: _Run, epochs: int) -> Iterator[Callable[[], None]]:
    """A function that brings the progress bar up to date, or does nothing where none is shown."""
    try:
        tqdm = library("tqdm", "fit: progress").tqdm
    except ImportError:
        if wanted:
            raise
        wanted = False
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield lambda: None
        return
    with tqdm(total=epochs * run.batches, unit="batch") as bar:

        def report() -> None:
            bar.set_postfix(run.history.rows[-1] if run.history.rows else {}, refresh=False)
            bar.update(len(run.history) * run.batches + run.batch - bar.n)

        yield report
