"""fit: the training loop, with what a long run needs around it.

epoch    one pass over the data, counted from 1      batch   the examples of one step
step     forward, backward and update on a batch     sums    of loss and metrics, over the epoch so far
"""

import gc
import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from os import PathLike
from typing import Any

from nn import checkpoints, resuming
from nn.checks import check_whole, library, plain
from nn.commit import commit, each
from nn.data.dataset import Dataset
from nn.history import History
from nn.losses import LOSSES
from nn.metrics import Measure, by_name, check_data, known, name_of, sums, warn_of_probabilities
from nn.modules import Module, loading
from nn.optim import Optimizer
from nn.settings import Checkpoint, Stop
from nn.steps import EagerStep, OwnStep, Step, choose_step, refuse_bad_numbers

Callback = Callable[[History], bool | None]


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
    checkpoint: Checkpoint | str | PathLike[str] | None = None,
    stop: Stop | None = None,
    callbacks: Sequence[Callback] = (),
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
    seed        of the order in which an epoch takes the examples, and of what Dropout and Noise draw: other
                ones for every epoch that the optimizer has seen, so that fit(epochs=1) in a loop goes on;
                None: as they stand
    checkpoint  an `nn.Checkpoint`, or the path of its file: what is kept of a training, and resumed
    stop        an `nn.Stop`: when it ends early, and whether with the best parameters
    callbacks   functions of the History so far, called after every epoch; one that returns True ends the
                training. They may read the model, and set optimizer.lr
    progress    whether to show a bar (tqdm); None: on a terminal and in a notebook
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
    infinite, and for a gradient that would make a parameter so: the parameters are those before its batch,
    the checkpoint stays as it is. An error in the course of the training has as `error.history` what was
    measured before it. TypeError and ValueError for arguments that make no training or that differ from
    those of the checkpoint, for a nan or an infinity among the data that makes the loss one, and for what
    compiled=True cannot compile; FileNotFoundError where there is no checkpoint, and FileExistsError where
    there is one, or another file, that would be lost without `resume`.
    """
    counts = {"epochs": epochs, "batch_size": batch_size}
    _check(model, data, optimizer, validation, {name: n for name, n in counts.items() if n is not None})
    kept, stop = _settings(checkpoint, stop, callbacks)
    if step is not None and (penalty is not None or clip_norm is not None or compiled):
        raise ValueError(
            "fit: a step of your own adds the penalty, clips and compiles; give it these, not fit"
        )
    measures = by_name("fit", metrics, loss=known("fit", "loss", loss, LOSSES))
    if step is None:
        eager = EagerStep(model, measures["loss"], optimizer, penalty, clip_norm, seed or 0)
        held_out = [] if validation is None else [validation]
        step, (data, *held_out) = choose_step(compiled, eager, len(measures) > 1, epochs, data, *held_out)
        validation = held_out[0] if held_out else None
    elif not isinstance(step, Step):
        step = OwnStep(model, step)
    size = batch_size or len(data)
    warn_of_probabilities("fit", model, measures)
    run = _Run(model, data, optimizer, step, measures, validation, size, seed, stop.keep_best)
    run.shuffles = batch_size is not None and seed is not None
    if kept and kept.resumes:
        run.resume(kept.path)
    elif kept:
        run.begin(kept.path)
    history, ended = run.history, False
    optimizer.watch(history)
    with (
        run.is_kept_in_errors(),
        _first_interrupt_waits(step) as interrupted,
        _progress(progress, run, epochs) as report,
        _settles(step),
    ):
        while len(history) < epochs and not (ended or stop.is_due(history) or interrupted()):
            for batch in run.rest_of_epoch():
                with _collector_rests():
                    run.train(batch)
                report()
                if interrupted():
                    break
            else:
                run.finish_epoch()
                report()
                optimizer.watch(history)
                ended = True in [_asks_to_end(callback, history) for callback in callbacks]
                if kept and len(history) % kept.every == 0:
                    run.save(kept.path)
        if kept and not run.saved:
            run.save(kept.path)
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
    shuffles: bool = True
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
        self.before = math.ceil(self.optimizer.steps / self.batches)  # epochs of other trainings
        self.started = time.perf_counter()  # the epoch

    @property
    def batches(self) -> int:
        """How many an epoch has."""
        return math.ceil(len(self.data) / self.size)

    def rest_of_epoch(self) -> Iterator[Dataset]:
        """The batches still to do."""
        self.started = time.perf_counter()
        return self.rest_of(self.data)

    def rest_of(self, data: Dataset) -> Iterator[Dataset]:
        """The batches of this epoch that are still to do: their order depends on seed and epoch alone."""
        seed = (self.seed or 0, self.before + len(self.history) + 1) if self.shuffles else None
        return islice(data.batches(self.size, seed), self.batch, None)

    def train(self, batch: Dataset) -> None:
        """One step, and what it measures."""
        self.lr = float(self.optimizer.rate())
        try:
            loss, outputs = self.step(batch.x, batch.y)
            _check_finite("loss", loss, f"epoch {len(self.history) + 1}, batch {self.batch + 1}")
            added = {"loss": float(loss) * len(batch), **sums(self.metrics, outputs, batch.y)}
        except (ValueError, ArithmeticError) as error:
            rows = range(len(self.data))
            refuse_bad_numbers("data", batch, next(self.rest_of(Dataset(rows, rows))).y, error)
            raise
        self.sums = {name: self.sums.get(name, 0.0) + number for name, number in added.items()}
        self.batch += 1
        self.saved = False

    def finish_epoch(self) -> None:
        """The validation, and the epoch's row."""
        self.step.settle()
        epoch = len(self.history) + 1
        row = {"epoch": epoch, **{name: x / len(self.data) for name, x in self.sums.items()}}
        if self.validation is not None:
            try:
                means = self.step.means(self.measures, self.validation)
                _check_finite("validation loss", means["loss"], f"epoch {epoch}")
            except (ValueError, ArithmeticError) as error:
                refuse_bad_numbers("validation", self.validation, range(len(self.validation)), error)
                raise
            row |= {f"val_{name}": x for name, x in means.items()}
        row |= {"lr": self.lr, "seconds": time.perf_counter() - self.started}
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

    @contextmanager
    def is_kept_in_errors(self) -> Iterator[None]:
        """An error inside has what was measured before it, and leaves the best parameters where kept."""
        try:
            yield
        except BaseException as error:
            error.history = self.history  # type: ignore[attr-defined]
            if isinstance(error, Exception):  # a second Ctrl-C ends at once
                self.leave_best()
                if self.history and len(error.args) == 1 and isinstance(error.args[0], str):
                    best = f", the model its best epoch, {self.history.best['epoch']}" if self.best else ""
                    error.args = (f"{error.args[0]}; error.history has {len(self.history)} epochs{best}",)
            raise

    # ── Checkpoints ─────────────────────────────────────────────────────────────────────────────────

    def begin(self, path: str | PathLike[str]) -> None:
        """Write the first checkpoint: a path that cannot or must not be written must not cost an epoch."""
        resuming.check_free(path)
        self.save(path)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the checkpoint."""
        self.step.settle()
        checkpoints.write(path, self.model, resuming.tree(self))
        self.saved = True

    def resume(self, path: str | PathLike[str]) -> None:
        """Go on from the checkpoint; where it is refused, or interrupted, nothing changes or all does."""
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


def _settings(checkpoint: Any, stop: Any, callbacks: Sequence[Callback]) -> tuple[Checkpoint | None, Stop]:
    """Where the training is kept, and when it ends."""
    if checkpoint is not None and not isinstance(checkpoint, Checkpoint):
        checkpoint = Checkpoint(checkpoint)
    if stop is not None:
        _check_kind("stop", stop, Stop, "nn.Stop(patience=5)")
    if not isinstance(callbacks, Sequence) or not all(map(callable, callbacks)):
        raise TypeError(f"fit: callbacks must be a list of functions of the history, not {callbacks!r:.60}")
    return checkpoint, stop or Stop()


def _asks_to_end(callback: Callback, history: History) -> bool:
    """Call it. TypeError for what is no answer: a number would end the training by chance."""
    answer = plain(callback(history))
    if answer is not None and not isinstance(answer, bool):
        raise TypeError(
            f"fit: the callback {name_of(callback)} returned {answer!r:.60}; True ends the training, and "
            "None or False goes on"
        )
    return bool(answer)


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
        tqdm = library("tqdm.auto", "fit: progress").tqdm
    except ImportError:
        if wanted:
            raise
        wanted = False
    in_notebook = type(sys.stderr).__module__.startswith("ipykernel")
    if not (sys.stderr.isatty() or in_notebook if wanted is None else wanted):
        yield lambda: None
        return
    with tqdm(total=epochs * run.batches, unit="batch") as bar:

        def report() -> None:
            bar.set_postfix(run.history[-1] if run.history else {}, refresh=False)
            bar.update(len(run.history) * run.batches + run.batch - bar.n)

        yield report
