"""fit: the training loop, with what a long run needs around it.

epoch    one pass over the data, counted from 1      batch   the examples of one step
step     forward, backward and update on a batch     sums    of loss and metrics, over the epoch so far
"""

import gc
import math
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from os import PathLike
from typing import Any, Literal

from nn import checkpoints, resuming
from nn.checks import check_whole, library
from nn.commit import commit, each
from nn.data.dataset import Dataset
from nn.history import History
from nn.losses import LOSSES
from nn.metrics import Measure, by_name, check_data, known, sums
from nn.modules import Module, loading
from nn.optim import Optimizer
from nn.steps import EagerStep, OwnStep, Step, choose_step


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
    resume: bool | Literal["auto"] = False,
    progress: bool | None = None,
    step: Callable[[Any, Any], tuple[Any, Sequence[Any]]] | None = None,
    compiled: bool | None = None,
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
                needs; written at once, after `every` epochs, at the end and on Ctrl-C. Parameters that the
                optimizer holds and the model does not are in it by their labels
    resume      go on from the checkpoint, to the same numbers, bit for bit, as an uninterrupted run; "auto":
                where the file exists. What cannot be compared is taken as it is now: the examples, the
                settings of the optimizer (a new learning rate, say), penalty and clip_norm. A loss or metric
                of your own is known by its name, a lambda by its code
    progress    whether to show a bar (tqdm); None: where the standard error is a terminal
    step        instead of nn.steps.EagerStep(model, loss, optimizer, penalty, clip_norm): (x, y) of a batch →
                its loss, a number, and the outputs; it updates the parameters if the loss is finite
    compiled    whether to train on arrays, by `autograd.compile`; None: where it can be and pays (1,000
                parameters, all floats, and 1,000 examples over all epochs), which a line on the standard
                error says. The numbers are the same but for rounding; the Values have them after every epoch,
                and no gradients. Model, loss and penalty are recorded once: they must do the same every time

    Python's cyclic garbage collector rests during a batch: it would search the batch's graph again and again,
    and a graph has no cycles.

    The first Ctrl-C ends the run after the batch and returns as usual; the second raises KeyboardInterrupt
    at once, and the step under way is done or not begun. FloatingPointError for a loss that is nan or
    infinite: the parameters are those before its batch, the checkpoint stays as it is. TypeError and
    ValueError for arguments that make no training or that differ from those of the checkpoint, and for what
    compiled=True cannot compile; FileNotFoundError where there is no checkpoint, and FileExistsError where
    there is one, or another file, that would be lost without `resume`. An OSError at a later checkpoint has
    as `error.history` what was measured, and the model the parameters of the last step.
    """
    counts = {"epochs": epochs, "every": every, "batch_size": batch_size, "patience": patience}
    _check(model, data, optimizer, validation, {name: n for name, n in counts.items() if n is not None})
    if step is not None and (penalty is not None or clip_norm is not None or compiled):
        raise ValueError(
            "fit: a step of your own adds the penalty, clips and compiles; give it these, not fit"
        )
    measures = by_name("fit", metrics, loss=known("fit", "loss", loss, LOSSES))
    if step is None:
        eager = EagerStep(model, measures["loss"], optimizer, penalty, clip_norm)
        held_out = [] if validation is None else [validation]
        step, (data, *held_out) = choose_step(compiled, eager, len(measures) > 1, epochs, data, *held_out)
        validation = held_out[0] if held_out else None
    elif not isinstance(step, Step):
        step = OwnStep(model, step)
    size, order = (len(data), None) if batch_size is None else (batch_size, seed)
    run = _Run(model, data, optimizer, step, measures, validation, size, order, keep_best)
    if resume not in (False, True, "auto"):
        raise ValueError(f'fit: resume must be True, False or "auto", not {resume!r:.60}')
    if resume and (resume != "auto" or checkpoint is None or os.path.exists(checkpoint)):
        run.resume(checkpoint)
    elif checkpoint is not None:
        run.begin(checkpoint)
    history = run.history
    with (
        _first_interrupt_waits(step) as interrupted,
        _progress(progress, run, epochs) as report,
        _settles(step),
    ):
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
    run.leave_best()
    return history


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
    best_loose: list[Any] = field(default_factory=list)  # those that the model does not hold
    saved: bool = False

    def __post_init__(self) -> None:
        self.loose = resuming.loose(self.model, self.optimizer)
        self.metrics = {name: measure for name, measure in self.measures.items() if name != "loss"}

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
        added = {"loss": float(loss) * len(batch), **sums(self.metrics, outputs, batch.y)}
        self.sums = {name: self.sums.get(name, 0.0) + number for name, number in added.items()}
        self.batch += 1
        self.saved = False

    def finish_epoch(self) -> None:
        """The validation, and the epoch's row."""
        self.step.settle()
        epoch = len(self.history) + 1
        row = {"epoch": epoch, **{name: x / len(self.data) for name, x in self.sums.items()}}
        if self.validation is not None:
            means = self.step.means(self.measures, self.validation)
            _check_finite("validation loss", means["loss"], f"epoch {epoch}")
            row |= {f"val_{name}": x for name, x in means.items()}
        row["lr"] = self.lr
        self.history.rows.append(row)
        self.batch, self.sums = 0, {}
        if self.keep_best and self.history.best is row:
            self.best = checkpoints.pack(self.model.state_dict())
            self.best_loose = [p.data for p in self.loose]

    def leave_best(self) -> None:
        """Set the parameters to those after the best epoch, where they are kept."""
        if self.best is not None:
            state = checkpoints.unpack(self.best)
            commit(loading(self.model, state), each(self.loose, "data", self.best_loose))

    # ── Checkpoints ─────────────────────────────────────────────────────────────────────────────────

    def begin(self, path: str | PathLike[str]) -> None:
        """Write the first checkpoint: a path that cannot or must not be written must not cost an epoch."""
        resuming.check_free(path)
        self.save(path)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the checkpoint."""
        self.step.settle()
        try:
            checkpoints.write(path, self.model, resuming.tree(self))
        except OSError as error:
            error.history = self.history  # type: ignore[attr-defined]
            raise
        self.saved = True

    def resume(self, path: str | PathLike[str] | None) -> None:
        """Go on from the checkpoint; where it is refused, or interrupted, nothing changes or all does."""
        if path is None:
            raise ValueError("fit: resume needs the file to go on from; give checkpoint=path")
        commit(*resuming.changes(self, checkpoints.read(path)))
        self.step.start()


# ── Arguments ───────────────────────────────────────────────────────────────────────────────────────


def _check(model: Any, data: Any, optimizer: Any, validation: Any, counts: dict[str, Any]) -> None:
    _check_kind("model", model, Module, "nn.MLP(2, [16, 1])")
    check_data("fit", "data", data)
    _check_kind("optimizer", optimizer, Optimizer, "nn.optim.SGD(model.parameters(), lr=0.1)")
    if validation is not None:
        check_data("fit", "validation", validation)
    for name, count in counts.items():
        check_whole("fit", name, count)
    if next(model.named_parameters(), None) is None:
        raise ValueError(f"fit: {model!r:.60} has no parameters; a Module finds the Values in its attributes")
    held = set(optimizer.parameters)
    if not any(p in held for _, p in model.named_parameters()):
        raise ValueError("fit: the optimizer holds other parameters; make it from model.parameters()")


def _check_kind(name: str, argument: Any, kind: type, example: str) -> None:
    if not isinstance(argument, kind):
        wrong = type(argument).__name__
        raise TypeError(f"fit: {name} must be of type {kind.__name__}, as {example}, not {wrong}")


def _check_finite(what: str, number: Any, where: str) -> None:
    if not math.isfinite(number):
        raise FloatingPointError(
            f"fit: the {what} is {number} in {where}; lower the learning rate, or clip the gradients"
        )


# ── Around the loop ─────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _first_interrupt_waits(step: Step) -> Iterator[Callable[[], bool]]:
    """Inside, the first Ctrl-C is only noted (the function says whether), the second one interrupts.

    Before that the Values get the numbers of the last step, wherever it comes, be it while they get them.
    Python allows it in the main thread alone, and a program's own handler stays in force.
    """
    noted = False

    def note(number: int, frame: Any) -> None:
        nonlocal noted
        if noted:
            step.settle()
            signal.default_int_handler(number, frame)
        noted = True

    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield lambda: noted
        return
    try:
        signal.signal(signal.SIGINT, note)
        yield lambda: noted
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def _settles(step: Step) -> Iterator[None]:
    """After it, however it ends, the Values have the numbers of the last step."""
    try:
        yield
    finally:
        step.settle()


@contextmanager
def _collector_rests() -> Iterator[None]:
    """Inside, the cyclic garbage collector does not run of itself; before and after, it does as it did."""
    enabled = gc.isenabled()
    try:
        gc.disable()
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
