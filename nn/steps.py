"""Steps of a training: what `fit` does with a batch, on Values or on arrays.

theta      the numbers of the optimizer's parameters, a NumPy array of shape (P,)
gradient   ∂loss/∂theta, of the same shape
"""

import math
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from numbers import Number
from random import Random
from typing import Any

import autograd
from autograd import Value, mean, no_grad
from nn.checks import is_finite, library
from nn.commit import commit, each
from nn.data.dataset import Dataset, random_numbers
from nn.metrics import Measure, means, sums
from nn.noise import Draw, drawing, draws_of, fresh, silence, tape
from nn.optim import Optimizer, clip_grad_norm

PARAMETERS, EXAMPLES = 1_000, 1_000  # from how many on (examples: over all epochs) compiling pays
CHUNK = 1_000  # examples of a validation at a time: more would only take more memory
TARGETS = 100  # how many different ones are tried: more classes than most data have


class Step:
    """What `fit` does with a batch: called with its x and y, it gives the loss, a number, and the outputs.

    It updates the parameters if the loss is finite. A step may keep their numbers outside of the Values.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    def __call__(self, x: Any, y: Any) -> tuple[Any, Sequence[Any]]:
        """Train on a batch."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__")

    def means(self, measures: dict[str, Measure], data: Dataset) -> dict[str, float]:
        """The mean of every measure (the one named loss is the step's own) over data to validate with."""
        return means(measures, self.model, data)

    def start(self) -> None:
        """Take the numbers of the Values, which have changed."""

    def settle(self) -> None:
        """Give the Values the numbers of now."""


class OwnStep(Step):
    """The step that a user has written as a function."""

    def __init__(self, model: Any, function: Callable[[Any, Any], tuple[Any, Sequence[Any]]]) -> None:
        super().__init__(model)
        self.function = function

    def __call__(self, x: Any, y: Any) -> tuple[Any, Sequence[Any]]:
        """See `Step`."""
        return self.function(x, y)


class EagerStep(Step):
    """The step that records the graph of its batch: the mean of the losses, plus the penalty."""

    def __init__(
        self,
        model: Any,
        loss: Measure,
        optimizer: Optimizer,
        penalty: Callable[[], Any] | None = None,
        clip_norm: Any = None,
        seed: int = 0,
    ) -> None:
        super().__init__(model)
        self.loss, self.optimizer, self.penalty, self.clip_norm = loss, optimizer, penalty, clip_norm
        self.seed = seed

    def __call__(self, x: Any, y: Any) -> tuple[Any, list[Any]]:
        """See `Step`. TypeError where the loss gives no Value."""
        with drawing(fresh(noise_of_step(self.seed, self.optimizer))):
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
                clip(self.optimizer, self.optimizer.parameters, self.clip_norm)
            self.optimizer.step()
        return loss.data, outputs


class CompiledStep(Step):
    """The same step on arrays, by `autograd.compile`; the Values are current after `settle`.

    outputs   whether it gives the outputs, lists of floats, which take another forward pass; [] otherwise
    seed      of what the model draws for every example of a step
    draws     what that is, as `draws_of` finds it

    Model, loss and penalty are recorded once; the numbers of parameters that the optimizer leaves out are
    read at each step. Their gradients are left alone.
    """

    def __init__(
        self,
        model: Any,
        loss: Measure,
        optimizer: Optimizer,
        penalty: Callable[[], Any] | None = None,
        clip_norm: Any = None,
        outputs: bool = True,
        seed: int = 0,
        draws: Sequence[tuple[Draw, int]] = (),
    ) -> None:
        super().__init__(model)
        self.loss, self.optimizer, self.penalty, self.clip_norm = loss, optimizer, penalty, clip_norm
        self.outputs, self.seed, self.draws = outputs, seed, draws
        self.start()

    def start(self) -> None:
        """Begin with the numbers of the Values."""

        def network(x: Any, *noise: Any) -> Any:
            with drawing(tape(*noise) if noise else silence):
                return self.model(x)

        def cost(x: Any, y: Any, *noise: Any) -> Any:
            return self.loss(network(x, *noise), y)

        def penalized(x: Any, y: Any, *noise: Any) -> Any:
            return cost(x, y, *noise) + self.penalty()  # type: ignore[misc]

        parameters = self.optimizer.parameters
        self.network = autograd.compile(network, parameters)
        self.costs = autograd.compile(cost, parameters)
        self.program = self.costs if self.penalty is None else autograd.compile(penalized, parameters)
        self.theta = self.program.parameters()
        self.gradient = self.program.parameters()

    def __call__(self, x: Any, y: Any) -> tuple[float, list[Any]]:
        """See `Step`. ValueError naming a nan among x and y."""
        x, y, noise = as_array("x", x), as_array("y", y), self._noise(len(x))
        outputs = self.network.predict(self.theta, x, *noise).tolist() if self.outputs else []
        loss = self.program(self.theta, x, y, *noise, out=self.gradient)[0]
        if math.isfinite(loss):
            if self.clip_norm is not None:
                clip(self.optimizer, self.gradient, self.clip_norm)
            self.optimizer.step_array(self.theta, self.gradient)
        return loss, outputs

    def _noise(self, count: int) -> list[Any]:
        """What the model draws for so many examples, as one more input, a row for each; or no input."""
        if not self.draws:
            return []
        rng = noise_of_step(self.seed, self.optimizer)
        rows = [[x for draw, n in self.draws for x in draw(rng, n)] for _ in range(count)]
        return [as_array("noise", rows)]

    def means(self, measures: dict[str, Measure], data: Dataset) -> dict[str, float]:
        """See `Step`."""
        metrics = {name: measure for name, measure in measures.items() if name != "loss"}
        loss = sum(
            float(self.costs.predict(self.theta, as_array("x", part.x), as_array("y", part.y)).sum())
            for part in data.batches(CHUNK)
        )
        totals = sums_of_outputs(metrics, self.network, self.theta, data) if metrics else {}
        return {name: total / len(data) for name, total in {"loss": loss, **totals}.items()}

    def settle(self) -> None:
        """Give the Values the numbers of theta."""
        commit(each(self.optimizer.parameters, "data", self.theta.tolist()))

    def check(self, data: Dataset, name: str = "data") -> None:
        """Compile for such data, and raise what is wrong with that.

        What compile raises; ValueError where the first example has another loss on Values, and what the loss
        raises for a target: while it is recorded, it sees none.
        """
        x, y = as_array("x", data.x[:1]), as_array("y", data.y[:1])
        refuse_bad_numbers(name, data[:1], [0])
        noise = self._noise(1)
        if self.outputs:
            self.network.predict(self.theta, x, *noise)
        recorded = self.program(self.theta, x, y, *noise)[0]
        with no_grad(), drawing(tape(*noise[0].tolist()) if noise else silence):
            outputs = self.model(x[0].tolist())
            computed = self.loss(outputs, y[0].tolist()) + (self.penalty() if self.penalty else 0)
            for target in _different(as_array("y", data.y)):
                self.loss(outputs, target.tolist())
        computed = float(computed)
        if not math.isclose(recorded, computed, rel_tol=1e-6, abs_tol=1e-9):
            raise ValueError(
                f"the loss of the first example is {recorded} when compiled and {computed} on Values; "
                "a function that draws random numbers is not to be compiled"
            )


def noise_of_step(seed: int, optimizer: Optimizer) -> Random:
    """The random numbers of what a model draws in the next step; (seed, epoch) are those of the order."""
    return random_numbers((seed, optimizer.steps, 1))


def sums_of_outputs(
    measures: dict[str, Measure], network: Any, theta: Any, data: Dataset
) -> dict[str, float]:
    """The sum of every measure over the examples, with the outputs of a compiled model."""
    totals = dict.fromkeys(measures, 0.0)
    for part in data.batches(CHUNK):
        outputs = network.predict(theta, as_array("x", part.x)).tolist()
        for name, number in sums(measures, outputs, part.y).items():
            totals[name] += number
    return totals


def clip(optimizer: Optimizer, gradients: Any, limit: Any) -> None:
    """`clip_grad_norm`, which names the parameter where one is to blame."""
    try:
        clip_grad_norm(gradients, limit)
    except ValueError:
        optimizer.check_gradients([getattr(g, "grad", g) for g in gradients])
        raise


def choose_step(
    compiled: bool | None, eager: EagerStep, outputs: bool, epochs: int, *data: Dataset
) -> tuple[Step, Sequence[Dataset]]:
    """The eager step or the same one compiled, and the data (to train, to validate) as that step wants them.

    compiled, epochs   arguments of `fit`           outputs   whether they are needed

    For None it says on the standard error that it has compiled, or why it could not where it would pay.
    """
    if not (pays(eager.optimizer.parameters, epochs * len(data[0])) if compiled is None else compiled):
        return eager, data
    library("numpy", "fit: compiled")
    start = time.perf_counter()
    try:
        arrays = [as_arrays(each) for each in data]
        parts = eager.model, eager.loss, eager.optimizer, eager.penalty, eager.clip_norm
        draws = draws_of(eager.model, arrays[0].x[0].tolist())
        step = CompiledStep(*parts, outputs, eager.seed, draws)
        for each, name in zip(arrays, ("data", "validation"), strict=False):
            step.check(each, name)
    except Exception as error:  # a function that is given symbols may fail anywhere
        if compiled:
            raise
        why = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"fit: not compiled, since it raises {why}", file=sys.stderr)
        return eager, data
    if compiled is None:
        print(
            f"fit: compiled {len(step.theta):,} parameters in {time.perf_counter() - start:.1f} s; "
            "compiled=False keeps every number a Value",
            file=sys.stderr,
        )
    return step, arrays


def pays(parameters: Sequence[Value], examples: int) -> bool:
    """Whether compiling may be worth its time."""
    return (
        len(parameters) >= PARAMETERS
        and examples >= EXAMPLES
        and find_spec("numpy") is not None
        and all(isinstance(p.data, float) for p in parameters)
    )


def refuse_bad_numbers(name: str, data: Dataset, rows: Sequence[int], error: Exception | None = None) -> None:
    """ValueError for the first nan or infinity in x and y of data, which are those `rows` of `name`."""
    for column in "x", "y":
        place = _bad_number(getattr(data, column))
        if place is not None:
            (i, *inside), number = place
            where = "".join(f"[{index}]" for index in (rows[i], *inside))
            raise ValueError(
                f"fit: {name}.{column}{where} is {number}; drop or mend example {rows[i]} before training"
            ) from error


def _bad_number(tree: Any) -> tuple[list[int], Any] | None:
    """The indices of the first number that is nan or infinite, and the number."""
    if isinstance(tree, Number):
        return None if is_finite(tree) else ([], tree)
    if isinstance(tree, str) or not hasattr(tree, "__len__"):
        return None
    if getattr(getattr(tree, "dtype", None), "kind", "f") in "iub":
        return None
    found = ((i, _bad_number(part)) for i, part in enumerate(tree))
    return next(((([i, *place[0]]), place[1]) for i, place in found if place is not None), None)


def as_arrays(data: Dataset) -> Dataset:
    """The Dataset with x as an array. Targets that are lists stay lists: they are what metrics are given."""
    y = as_array("y", data.y)
    return Dataset(as_array("x", data.x), y if hasattr(data.y, "__array__") else y.tolist())


def as_array(name: str, numbers: Any) -> Any:
    """The numbers as an array of float64, or of whole numbers if all are. TypeError for other things."""
    import numpy as np

    try:
        array = np.asarray(numbers)
    except ValueError:  # ragged
        array = np.empty((), object)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} is no rectangular array of floats or whole numbers; compiled=False takes it")
    return array.astype(float, copy=False) if array.dtype.kind == "f" else array


def _different(targets: Iterable[Any]) -> Iterable[Any]:
    """The targets that differ, the first of them."""
    found: dict[bytes, Any] = {}
    for target in targets:
        found.setdefault(target.tobytes(), target)
        if len(found) == TARGETS:
            break
    return found.values()
