"""evaluate: the metrics of a model on data, by Values that record nothing or by a compiled program."""

import sys
from collections.abc import Sequence
from typing import Any

import autograd
from nn.checks import library
from nn.data.dataset import Dataset
from nn.metrics import Measure, by_name, check_data, means, warn_of_probabilities
from nn.modules import Module
from nn.noise import drawing, silence
from nn.steps import as_arrays, pays, sums_of_outputs


def evaluate(
    model: Any, data: Dataset, metrics: Sequence[str | Measure], *, compiled: bool | None = None
) -> dict[str, float]:
    """The mean of every metric over the examples, by name; no graph is recorded.

    metrics    as those of `fit`: `nn.evaluate(model, test, ["accuracy", "cross_entropy"])`
    compiled   whether by `autograd.compile`; None: where it can be and pays, as in `fit`. The numbers are the
               same but for rounding

    Dropout and Noise do nothing. TypeError and ValueError for data that is no Dataset or empty, for other
    metrics, and for what compiled=True cannot compile.
    """
    check_data("evaluate", "data", data)
    measures = by_name("evaluate", metrics)
    warn_of_probabilities("evaluate", model, measures)
    parameters = model.parameters() if isinstance(model, Module) else []
    if pays(parameters, len(data)) if compiled is None else compiled:
        library("numpy", "evaluate: compiled")
        try:
            network = autograd.compile(model, parameters)
            with drawing(silence):
                totals = sums_of_outputs(measures, network, network.parameters(), as_arrays(data))
            return {name: total / len(data) for name, total in totals.items()}
        except Exception as error:  # a function that is given symbols may fail anywhere
            if compiled:
                raise
            why = " ".join(f"{type(error).__name__}: {error}".split())
            print(f"evaluate: not compiled, since it raises {why}", file=sys.stderr)
    return means(measures, model, data)
