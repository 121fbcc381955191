"""Metrics: what is measured of outputs and targets, and its mean over the examples."""

from collections.abc import Callable, Sequence
from typing import Any

from autograd import no_grad
from nn.data.dataset import Dataset
from nn.init import choose
from nn.losses import LOSSES

Measure = Callable[[Any, Any], Any]
"""(output, target) of one example → a number or a Value."""


def accuracy(output: Any, target: Any) -> bool:
    """Whether the output chooses the target's class: by the greatest of several numbers, or by one's sign.

    For several outputs the target is a class index or one-hot; for one output it is positive or not. One
    output is a logit, as binary_cross_entropy and hinge take it: a probability would always be positive.
    """
    if not hasattr(output, "__len__"):
        return bool((output > 0) == (target > 0))
    return bool(_greatest(output) == (_greatest(target) if hasattr(target, "__len__") else target))


METRICS: dict[str, Measure] = {"accuracy": accuracy, **LOSSES}


def evaluate(model: Any, data: Dataset, metrics: Sequence[str | Measure]) -> dict[str, float]:
    """The mean of every metric over the examples, by name; no graph is recorded.

    metrics   as those of `fit`: `nn.evaluate(model, test, ["accuracy", "cross_entropy"])`

    TypeError and ValueError for data that is no Dataset or empty, and for other metrics.
    """
    check_data("evaluate", "data", data)
    return means(by_name("evaluate", metrics), model, data)


def means(measures: dict[str, Measure], model: Any, data: Dataset) -> dict[str, float]:
    """The mean of every measure over the examples, with the outputs of a model that records no graph."""
    with no_grad():
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
    return max(range(len(numbers)), key=numbers.__getitem__)


# ── Arguments ───────────────────────────────────────────────────────────────────────────────────────


def by_name(what: str, metrics: Sequence[str | Measure], **loss: Measure) -> dict[str, Measure]:
    """The loss and the metrics by their columns in the history."""
    if isinstance(metrics, str) or callable(metrics):
        raise TypeError(f"{what}: metrics must be a list, not {metrics!r}; give [{metrics!r}]")
    measures = loss
    for metric in metrics:
        name = metric if isinstance(metric, str) else name_of(metric)
        if name in (*measures, "epoch", "lr"):
            raise ValueError(f"{what}: {name!r} would be two columns; give the metric another name")
        measures[name] = known(what, "metric", metric, METRICS)
    return measures


def known(what: str, role: str, measure: str | Measure, names: dict[str, Measure]) -> Measure:
    """The measure, or the one of that name."""
    if not isinstance(measure, str) and not callable(measure):
        raise TypeError(f"{what}: a {role} is a name or a function (output, target), not {measure!r:.60}")
    return choose(role, measure, names) if isinstance(measure, str) else measure


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
