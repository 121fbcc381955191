"""Losses of one example, loss(output, target), and penalties on weights.

    y, a   output(s) of the model            p    probability that the model gives, σ(z) or softmax(z)
    z      logit(s): outputs before σ or softmax, which the loss applies itself, so that it is stable far out
    t      target(s): numbers, a class index (whole, from 0), or a probability of every class

An output is one number or a sequence of them; several targets are a sequence of the same length. The loss of
several outputs is the mean over them, as in PyTorch, unless a loss says otherwise. Outputs may also be plain
numbers. No loss chooses its expression by the number of an output or a target: a target is looked at only
where it is a plain number, to refuse one that the loss does not know.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

from autograd import absolute, dot, log_softmax, logsumexp, relu, softplus, take, where
from autograd import sum as total
from autograd.ops import shifted, weighted
from nn.checks import check_iterable, plain

Loss = Callable[[Any, Any], Any]


def mse(y: Any, t: Any) -> Any:
    """The mean squared error, Σ (y − t)² / n. ValueError where y and t differ in length."""
    d = _differences("mse", y, t)
    return _mean(dot(d, d), len(d))


def quadratic(a: Any, y: Any) -> Any:
    """Nielsen's quadratic cost of one example, ½ Σ (y − a)², for a target y. ValueError as in `mse`."""
    d = _differences("quadratic", a, y)
    return dot(d, d) / 2


def binary_cross_entropy(z: Any, t: Any) -> Any:
    """−t log p − (1 − t) log(1 − p), with p = σ(z); t from 0 to 1, where 1 is the certain yes.

    −log σ(z) is softplus(−z): no digit is lost far out. ValueError for a t outside [0, 1] and for another
    number of targets.
    """
    z, t = _pairs("binary_cross_entropy", z, t)
    _probabilities("binary_cross_entropy", t)
    costs = [softplus(-zi) for zi in z] + [softplus(zi) for zi in z]
    return _mean(_weighted_sum([*t, *(1 - ti for ti in t)], costs), len(z))


def cross_entropy(z: Any, t: Any) -> Any:
    """−Σ tᵢ log pᵢ, with p = softmax(z); t is a class index, or a probability of every class (one-hot).

    ValueError for a class that does not exist, for another number of probabilities, and for probabilities
    outside [0, 1] or of another sum than 1 (to one in a million).
    """
    z = _sequence(z)
    if not _is_sequence(t):
        _check_class("cross_entropy", z, t)
        z = shifted(z)
        return logsumexp(z) - take(z, t)
    z, t = _pairs("cross_entropy", z, t)
    _probabilities("cross_entropy", t)
    if all(map(_plain, t)) and abs(sum(t) - 1) > 1e-6:
        raise ValueError(
            f"cross_entropy: the target's probabilities sum to {sum(t)}; divide them by their sum"
        )
    z = shifted(z)
    return logsumexp(z) - _weighted_sum(t, z)


softmax_with_loss = cross_entropy  # Saitō's name


@dataclass(frozen=True)
class CrossEntropy:
    """A cross entropy with PyTorch's settings, as `nn.fit(…, loss=CrossEntropy(label_smoothing=0.1))`.

    label_smoothing   ε: the target is mixed with equal shares of all n classes, (1 − ε) t + ε/n
    weight            w of every class: −Σ wᵢ tᵢ log pᵢ
    ignore_index      a class that costs nothing, such as the padding of a text. A compiled program counts it
                      with the others, or as the number of classes, one more than the last

    `fit` takes the mean over all examples, where PyTorch divides by the sum of their weights, and leaves out
    those that are ignored. ValueError for other settings, and as in `cross_entropy`.

    >>> CrossEntropy(weight=[1, 3])([0.0, 0.0], 1) == 3 * cross_entropy([0.0, 0.0], 1)
    True
    """

    label_smoothing: float = 0
    weight: Sequence[float] | None = None
    ignore_index: int | None = None

    def __post_init__(self) -> None:
        weight = None if self.weight is None else tuple(map(plain, self.weight))
        object.__setattr__(self, "weight", weight)
        object.__setattr__(self, "label_smoothing", plain(self.label_smoothing))
        if not 0 <= self.label_smoothing <= 1:
            raise ValueError(
                f"CrossEntropy: label_smoothing must be from 0 to 1, not {self.label_smoothing!r}"
            )
        for w in weight or ():
            if not 0 <= w < math.inf:
                raise ValueError(f"CrossEntropy: a weight must be at least 0 and finite, not {w!r}")
        if self.ignore_index is not None and not isinstance(self.ignore_index, Integral):
            raise ValueError(f"CrossEntropy: ignore_index must be whole, not {self.ignore_index!r}")

    @property
    def __name__(self) -> str:
        """Its settings: what tells one loss from another in a checkpoint."""
        return repr(self)

    def __call__(self, z: Any, t: Any) -> Any:
        """The loss of the logits z for a class index, or a probability of every class."""
        z = _sequence(z)
        weight = [1] * len(z) if self.weight is None else self.weight
        if len(weight) != len(z):
            raise ValueError(f"CrossEntropy: {len(z)} logits and {len(weight)} weights; give one per class")
        costs = [weighted(w, -log_p) for w, log_p in zip(weight, log_softmax(z), strict=True)]
        share = self.label_smoothing / len(z)
        if _is_sequence(t):
            cross_entropy([0] * len(z), t)  # which refuses other targets
            shares = [(1 - self.label_smoothing) * ti + share for ti in t]
            return total([weighted(share, cost) for share, cost in zip(shares, costs, strict=True)])
        smooth = [(1 - self.label_smoothing) * cost for cost in costs]
        if share:
            smooth = [cost + share * total(costs) for cost in smooth]
        return self._pick(smooth, t)

    def _pick(self, costs: list[Any], t: Any) -> Any:
        """The cost of class t, and none of the class to ignore."""
        nothing = where(False, total(costs), 0.0)  # which still depends on the logits
        ignored = self.ignore_index
        if ignored is None or (_plain(t) and t != ignored):
            _check_class("CrossEntropy", costs, t)
            return take(costs, t)
        if _plain(t):
            return nothing
        if not 0 <= ignored <= len(costs):
            raise ValueError(
                f"CrossEntropy: a compiled program counts classes from 0, and ignores no {ignored}; mark "
                f"what is to be ignored by {len(costs)}"
            )
        costs = [*costs, nothing]
        costs[ignored] = nothing
        return take(costs, t)


def hinge(y: Any, t: Any) -> Any:
    """max(0, 1 − t·y) for t = ±1; for several outputs and a class index the multi-class hinge.

    That is Σ max(0, 1 − yₜ + yᵢ) / n over the n classes i but t (Weston & Watkins 1999, as PyTorch's
    MultiMarginLoss). ValueError for a class that does not exist, another t than ±1 or another number of them.
    """
    y = _sequence(y)
    if len(y) > 1 and not _is_sequence(t):
        _check_class("hinge", y, t)
        y_t = take(y, t)
        margins = [relu(yi - y_t + 1) for yi in y]
        return (total(margins) - 1) / len(y)  # class t itself adds 1 and no gradient, whichever it is
    y, t = _pairs("hinge", y, t)
    for ti in t:
        if _plain(ti) and ti not in (-1, 1):
            raise ValueError(f"hinge: a target of one output must be -1 or 1, not {ti!r}")
    return _mean(total([relu(1 - yi * ti) for yi, ti in zip(y, t, strict=True)]), len(y))


def l1(parameters: Iterable[Any], rate: Any) -> Any:
    """The penalty rate · Σ |p| over all parameters p; at p = 0 its gradient is 0."""
    check_iterable("l1", parameters)
    return total([absolute(p) for p in parameters]) * rate


def l2(parameters: Iterable[Any], rate: Any) -> Any:
    """The penalty rate · Σ p² over all parameters p."""
    check_iterable("l2", parameters)
    p = list(parameters)
    return dot(p, p) * rate


LOSSES: dict[str, Loss] = {
    loss.__name__: loss for loss in (mse, quadratic, binary_cross_entropy, cross_entropy, hinge)
}
LOSSES["softmax_with_loss"] = softmax_with_loss


# ── Outputs and targets ─────────────────────────────────────────────────────────────────────────────


def _plain(x: Any) -> bool:
    """Whether x is a number whose value may be looked at: no Value, and no placeholder of a tracer."""
    return not hasattr(x, "apply_op")


def _is_sequence(x: Any) -> bool:
    return hasattr(x, "__len__")


def _sequence(x: Any) -> Sequence[Any]:
    return x if _is_sequence(x) else [x]


def _pairs(loss: str, output: Any, target: Any) -> tuple[Sequence[Any], Sequence[Any]]:
    output, target = _sequence(output), _sequence(target)
    if len(output) != len(target) or not len(output):
        raise ValueError(
            f"{loss}: {len(output)} outputs and {len(target)} targets were given; give one target per output"
        )
    return output, target


def _differences(loss: str, output: Any, target: Any) -> list[Any]:
    return [y - t for y, t in zip(*_pairs(loss, output, target), strict=True)]


def _weighted_sum(t: Sequence[Any], costs: Sequence[Any]) -> Any:
    """Σ t · cost, in which an infinite cost of what cannot be, t = 0, counts nothing."""
    return total([weighted(ti, cost) for ti, cost in zip(t, costs, strict=True)])


def _mean(loss: Any, n: int) -> Any:
    return loss if n == 1 else loss / n


def _check_class(loss: str, output: Sequence[Any], target: Any) -> None:
    if _plain(target) and not (isinstance(target, Integral) and 0 <= int(target) < len(output)):
        raise ValueError(
            f"{loss}: a class index must be a whole number from 0 to {len(output) - 1}, not {target!r}"
        )


def _probabilities(loss: str, target: Sequence[Any]) -> None:
    for t in target:
        if _plain(t) and not 0 <= t <= 1:
            raise ValueError(f"{loss}: a target must be from 0 to 1, not {t!r}")
