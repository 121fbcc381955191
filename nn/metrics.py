"""Metrics: what is measured of outputs and targets, and its mean over the examples."""

import operator
from collections.abc import Callable, Sequence
from typing import Any
from warnings import warn

from autograd import no_grad, ops
from nn.data.dataset import Dataset
from nn.history import COLUMNS
from nn.init import choose
from nn.losses import LOSSES, CrossEntropy, binary_cross_entropy, cross_entropy, hinge
from nn.modules import MLP
from nn.noise import drawing, silence

Measure = Callable[[Any, Any], Any]
"""(output, target) of one example → a number or a Value."""


def accuracy(output: Any, target: Any) -> bool:
    """Whether the output chooses the target's class: by the greatest of several numbers, or by one's sign.

    For several outputs the target is a class index or one-hot; for one output it is positive or not. One
    output is a logit, as binary_cross_entropy and hinge take it: a probability would always be positive.
    A list of one number counts as that number.

    ValueError for a nan, which chooses nothing, for a class that does not exist, and for another number of
    targets; TypeError for a target that is no number.
    """
    outputs = _numbers("output", output)
    targets = (target,) if type(target) is int else _numbers("target", target)
    if len(outputs) == len(targets) == 1:
        return bool((outputs[0] > 0) == (targets[0] > 0))
    if len(targets) == len(outputs):
        return _greatest(outputs) == _greatest(targets)
    if len(targets) > 1 or targets[0] not in range(len(outputs)):
        raise ValueError(
            f"accuracy: {len(outputs)} outputs and the target {target!r:.60}; "
            f"give a class from 0 to {len(outputs) - 1}, or one number per output"
        )
    return bool(_greatest(outputs) == targets[0])


def _numbers(role: str, numbers: Any) -> Sequence[Any]:
    """One number, or several, as a sequence that has a greatest."""
    found = numbers if hasattr(numbers, "__len__") else (numbers,)
    if not len(found) or isinstance(found[0], str | None):
        raise TypeError(f"accuracy: the {role} {numbers!r:.60} is no number; classes count from 0")
    if not all(map(operator.le, found, found)):
        raise ValueError(f"accuracy: the {role} is nan ({numbers!r:.60}), which chooses no class")
    return found


NEVER_NEGATIVE = {
    ops.METHODS[name]
    for name in ("sigmoid", "relu", "softplus", "exp", "exp2", "absolute", "normal_cdf", "erfc")
}
PROBABILITIES = {ops.METHODS[name] for name in ("sigmoid", "normal_cdf")}

METRICS: dict[str, Measure] = {"accuracy": accuracy, **LOSSES}


def means(measures: dict[str, Measure], model: Any, data: Dataset) -> dict[str, float]:
    """The mean of every measure over the examples, with the outputs of a model that records no graph."""
    with no_grad(), drawing(silence):
        outputs = [model(x) for x in data.x]
    return {name: x / len(data) for name, x in sums(measures, outputs, data.y).items()}


def sums(measures: dict[str, Measure], outputs: Sequence[Any], targets: Sequence[Any]) -> dict[str, float]:
    """The sum of every measure over the examples."""
    with no_grad():
        return {
            name: sum(float(measure(y, t)) for y, t in zip(outputs, targets, strict=True))
            for name, measure in measures.items()
        }


def _greatest(numbers: Sequence[Any]) -> int:
    if type(numbers) is list:
        return numbers.index(max(numbers))  # in half the time
    return max(range(len(numbers)), key=numbers.__getitem__)


# ── Arguments ───────────────────────────────────────────────────────────────────────────────────────


def by_name(what: str, metrics: Sequence[str | Measure], **loss: Measure) -> dict[str, Measure]:
    """The loss and the metrics by their columns in the history."""
    if isinstance(metrics, str) or callable(metrics):
        raise TypeError(f"{what}: metrics must be a list, not {metrics!r}; give [{metrics!r}]")
    measures = loss
    for metric in metrics:
        name = metric if isinstance(metric, str) else name_of(metric)
        if name in (*measures, *COLUMNS):
            raise ValueError(f"{what}: {name!r} would be two columns; give the metric another name")
        measures[name] = known(what, "metric", metric, METRICS)
    return measures


def known(what: str, role: str, measure: str | Measure, names: dict[str, Measure]) -> Measure:
    """The measure, or the one of that name."""
    if not isinstance(measure, str) and not callable(measure):
        raise TypeError(f"{what}: a {role} is a name or a function (output, target), not {measure!r:.60}")
    return choose(role, measure, names) if isinstance(measure, str) else measure


def warn_of_probabilities(what: str, model: Any, measures: dict[str, Measure]) -> None:
    """A UserWarning where a measure takes logits and the last activation of an MLP leaves none."""
    if not isinstance(model, MLP):
        return
    neurons = model.layers[-1].neurons
    for measure in measures.values():
        one = measure in (binary_cross_entropy, hinge) or (measure is accuracy and len(neurons) == 1)
        many = measure is cross_entropy or isinstance(measure, CrossEntropy)
        wrong: set[Any] = NEVER_NEGATIVE if one else PROBABILITIES if many else set()
        if neurons[0].f in wrong:
            warn(
                f"{what}: {name_of(measure)} takes logits, of either sign, and output={model.output!r} makes "
                "them numbers that are never negative; give MLP(…, output='linear')",
                stacklevel=3,
            )


def name_of(function: Any) -> str:
    """What a measure is called."""
    return getattr(function, "__name__", type(function).__name__)


def check_data(what: str, name: str, data: Any) -> None:
    """TypeError unless the argument is a Dataset, ValueError for one without examples."""
    if not isinstance(data, Dataset):
        wrong = type(data).__name__
        raise TypeError(f"{what}: {name} must be of type Dataset, as nn.data.Dataset(x, y), not {wrong}")
    if not len(data):
        raise ValueError(f"{what}: {name} is empty; give at least one example")
