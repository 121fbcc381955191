"""Optimizers: each is one rule that takes a parameter and its gradient to the next parameter.

    θ    parameter (theta)          lr        learning rate, a number or a schedule: step number from 0 → rate
    g    gradient ∂loss/∂θ          t         number of the step, from 1
    d    direction of the step      m, v, …   what is remembered of a parameter's gradients; at first 0

A rule is an expression in numbers of any type. `step` calls it with the number of one Value after the other,
`step_array` once with arrays that hold all of them; the results agree to the last bit. Names and defaults of
the settings are PyTorch's.
"""

import math
import operator
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from autograd import Value, clip, maximum, sqrt
from autograd.op import describe
from nn import schedules
from nn.checks import check_iterable, is_finite, plain
from nn.commit import commit, each

__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Groups",
    "Optimizer",
    "RMSProp",
    "clip_grad_norm",
    "clip_grad_value",
    "schedules",
]


class Optimizer:
    """Moves parameters against their gradients; a kind of optimizer says how in its `update`.

    parameters     Values, such as `model.parameters()`
    lr             the learning rate, a number or a schedule, such as those in `nn.schedules`
    weight_decay   λ: adds λθ to the gradient, that of the penalty ½λθ²
    steps          the number of steps taken

    Settings and gradients that are NumPy scalars count as Python's numbers, unless the parameter is one too.

    TypeError for parameters that are no Values; ValueError where there are none or one is given twice, and
    for a setting out of its range. FloatingPointError for a step to nan or infinity, naming the parameter.
    A step that raises has changed nothing, one that is interrupted (Ctrl-C) nothing or all.
    """

    memory: tuple[str, ...] = ()
    """Names of the numbers remembered per parameter."""

    def __init__(self, parameters: Iterable[Value], lr: Any, weight_decay: Any = 0) -> None:
        self.lr = lr
        self.weight_decay = self._checked("weight_decay", weight_decay)
        self._start(parameters)
        self.rate()

    def _start(self, parameters: Iterable[Value]) -> None:
        """Take the parameters, of which nothing is remembered."""
        name = type(self).__name__
        check_iterable(name, parameters)
        self.parameters = list(parameters)
        self.steps = 0
        self.remembered: list[Any] = [[0] * len(self.parameters) for _ in self.memory]
        if not self.parameters:
            raise ValueError(f"{name}: parameters is empty; give model.parameters()")
        for i, p in enumerate(self.parameters):
            if not isinstance(p, Value) or p.op is not None:
                raise TypeError(
                    f"{name}: parameter {i} is {p!r}, which is no leaf; give Values made by Value(…)"
                )
        if len(set(self.parameters)) < len(self.parameters):
            raise ValueError(f"{name}: a parameter is given twice; give each once")

    @property
    def groups(self) -> "Sequence[Optimizer]":
        """The optimizers whose settings are those of the parameters, in their order."""
        return (self,)

    def update(self, lr: Any, t: int, theta: Any, g: Any, *memory: Any) -> tuple[Any, ...]:
        """The next (theta, *memory)."""
        raise NotImplementedError(f"{type(self).__name__} has no update")

    def decay(self, lr: Any, theta: Any, g: Any) -> tuple[Any, Any]:
        """The parameter and its gradient after weight decay."""
        return theta, g + self.weight_decay * theta if self.weight_decay else g

    def rate(self) -> Any:
        """The learning rate of the next step. ValueError for a negative one."""
        return self.rate_at(self.steps)

    def rate_at(self, n: int) -> Any:
        """The learning rate after n steps."""
        return self._checked("lr", Value(self.lr(n) if callable(self.lr) else self.lr).data)

    def watch(self, history: Any) -> None:
        """Show the epochs of a training to a schedule that wants to see them, as `schedules.Plateau`."""
        for group in self.groups:
            if hasattr(group.lr, "watch"):
                group.lr.watch(history)

    def step(self) -> None:
        """Move every parameter by its gradient."""
        g = [plain(p.grad, p.data) for p in self.parameters]
        table = zip([p.data for p in self.parameters], g, *self._lists(), strict=True)
        t, rows = self.steps + 1, []
        for group in self.groups:
            lr, update, decay = group.rate_at(self.steps), group.update, group.decay
            rows += [
                update(lr, t, *decay(lr, theta, gradient), *memory)
                for theta, gradient, *memory in islice(table, len(group.parameters))
            ]
        self._refuse([not all(map(is_finite, row)) for row in rows], g)
        moved, *remembered = zip(*rows, strict=True)
        commit(
            each(self.parameters, "data", moved),
            [(self, "remembered", [list(x) for x in remembered]), (self, "steps", t)],
        )

    def step_array(self, theta: Any, gradient: Any) -> None:
        """The same step for parameters held in `theta`, in place; the Values are left alone.

        theta, gradient   NumPy arrays of one axis, element i for parameter i; theta's are floats

        ValueError for another shape or for a theta of integers, which would truncate.
        """
        import numpy

        shape = (len(self.parameters),)
        if theta.shape != shape or gradient.shape != shape or theta.dtype.kind != "f":
            raise ValueError(
                f"{type(self).__name__}.step_array: theta is {theta.dtype} {theta.shape}, gradient "
                f"{gradient.dtype} {gradient.shape}; give floats of shape {shape}"
            )
        memory = [numpy.asarray(x, theta.dtype) for x in self.remembered]
        t, end, parts = self.steps + 1, 0, []
        with numpy.errstate(all="ignore"):  # what is not finite is refused by name
            for group in self.groups:
                at, end = slice(end, end + len(group.parameters)), end + len(group.parameters)
                lr = group.rate_at(self.steps)
                decayed = group.decay(lr, theta[at], gradient[at])
                parts.append(group.update(lr, t, *decayed, *[x[at] for x in memory]))
            columns = parts[0] if len(parts) == 1 else map(numpy.concatenate, zip(*parts, strict=True))
            moved, *memory = columns
            moved = numpy.asarray(moved, theta.dtype)
        if not all(numpy.isfinite(x).all() for x in (moved, *memory)):
            self._refuse(~numpy.isfinite([moved, *memory]).all(0), gradient)
        copied = theta, "real", moved  # the real part of floats is all of them
        commit([copied, (self, "remembered", memory), (self, "steps", t)])

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.parameters:
            p.grad = 0

    def state_dict(self) -> dict[str, Any]:
        """The number of steps and what is remembered, as plain numbers: `Adam.steps`, `Adam.m`, …

        The settings are not part of it: they are those of the program that loads the state.
        """
        return dict(zip(self._names(), [self.steps, *self._lists()], strict=True))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state. ValueError where it is of another optimizer, or of other parameters."""
        names = self._names()
        if sorted(state) != sorted(names):
            raise ValueError(
                f"{type(self).__name__}: the state belongs to another optimizer; "
                f"it has {sorted(state)}, and {sorted(names)} are needed"
            )
        steps, *remembered = (state[name] for name in names)
        self._checked("steps", operator.index(steps), below=2**63)
        for x in remembered:
            if len(x) != len(self.parameters):
                raise ValueError(
                    f"{type(self).__name__}: the state is that of {len(x)} parameters, "
                    f"and there are {len(self.parameters)}"
                )
        numbers = [p.data for p in self.parameters]
        remembered = [
            [plain(Value(x).data, p) for x, p in zip(row, numbers, strict=True)] for row in remembered
        ]
        commit([(self, "remembered", remembered), (self, "steps", operator.index(steps))])

    def _names(self) -> list[str]:
        return [f"{self.kind}.{name}" for name in ("steps", *self.memory)]

    @property
    def kind(self) -> str:
        """What kind of optimizer it is, as its state says."""
        return type(self).__name__

    def _lists(self) -> list[list[Any]]:
        return [list(x) if isinstance(x, list) else x.tolist() for x in self.remembered]

    def check_gradients(self, gradients: Sequence[Any]) -> None:
        """FloatingPointError for the first that is nan or infinite, naming its parameter."""
        self._refuse([not is_finite(g) for g in gradients], gradients)

    def _refuse(self, wrong: Any, gradients: Sequence[Any]) -> None:
        """FloatingPointError for the first parameter whose step would be wrong."""
        i = next((i for i, bad in enumerate(wrong) if bad), None)
        if i is None:
            return
        g = plain(gradients[i])
        remedy = "lower the learning rate, or clip the gradients"
        if not is_finite(g):
            remedy = f"{remedy}, or stay away from where a slope is infinite, as that of sqrt at 0"
        raise FloatingPointError(
            f"{type(self).__name__}: the parameter {describe(self.parameters[i])} has the gradient {g!r}, "
            f"and would not stay finite; {remedy}"
        )

    def _checked(self, name: str, number: Any, below: float = math.inf) -> Any:
        """The setting as a number of Python's. ValueError unless it is from 0 and below the limit."""
        number = plain(number)
        if not 0 <= number < below:
            limit = f" and below {below}" if below < math.inf else " and finite"
            raise ValueError(f"{type(self).__name__}: {name} must be at least 0{limit}, not {number!r}")
        return number

    def __repr__(self) -> str:
        name, n = type(self).__name__, len(self.parameters)
        return f"{name}({n} parameters, lr={self.rate()}, steps={self.steps})"


class Groups(Optimizer):
    """Optimizers of one kind as a single one, whose parameters have different settings.

    It takes all steps itself, and remembers what there is to remember; the optimizers say how. The learning
    rate that `rate` gives is that of the first. TypeError and ValueError for optimizers of different kinds,
    for one that has taken steps, and for parameters that two of them have.

    >>> w, b = Value(1.0), Value(2.0)
    >>> Groups(SGD([w], lr=0.1, weight_decay=0.5), SGD([b], lr=0.1)).step()
    >>> w.data, b.data
    (0.95, 2.0)
    """

    def __init__(self, *optimizers: Optimizer) -> None:
        for optimizer in optimizers:
            if not isinstance(optimizer, Optimizer) or isinstance(optimizer, Groups):
                raise TypeError(
                    f"Groups: {optimizer!r:.60} is no optimizer; give such as SGD(weights, lr=0.1)"
                )
            if optimizer.steps:
                raise ValueError(f"Groups: {optimizer!r} has taken steps already; give new optimizers")
        kinds = {type(optimizer).__name__: optimizer for optimizer in optimizers}
        if len(kinds) != 1:
            raise ValueError(
                f"Groups: the optimizers are of {len(kinds)} kinds ({', '.join(kinds)}); give one kind"
            )
        self._groups = optimizers
        self.memory = optimizers[0].memory
        self._start([p for optimizer in optimizers for p in optimizer.parameters])

    @property
    def groups(self) -> Sequence[Optimizer]:
        """The optimizers that were given; their settings may be changed."""
        return self._groups

    @property
    def lr(self) -> Any:
        """The learning rate, or the schedule, of the first."""
        return self._groups[0].lr

    @lr.setter
    def lr(self, lr: Any) -> None:
        raise AttributeError("Groups: each group has its own learning rate; set optimizer.groups[0].lr")

    def rate_at(self, n: int) -> Any:
        """The learning rate of the first after n steps."""
        return self._groups[0].rate_at(n)

    @property
    def kind(self) -> str:
        """What they are."""
        return self._groups[0].kind


class SGD(Optimizer):
    """Stochastic gradient descent: θ − lr·d, where d is the gradient, or the velocity with momentum.

    velocity = momentum · velocity + g (Polyak 1964). With `nesterov` the step looks ahead, by
    d = g + momentum · velocity (Sutskever et al. 2013); it needs a momentum.
    """

    memory = ("velocity",)

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: Any,
        momentum: Any = 0,
        nesterov: bool = False,
        weight_decay: Any = 0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self.momentum = self._checked("momentum", momentum, below=1)
        if nesterov and not momentum:
            raise ValueError("SGD: nesterov looks ahead along the momentum, which is 0; give momentum=0.9")
        self.nesterov = nesterov

    def update(self, lr: Any, t: int, theta: Any, g: Any, velocity: Any) -> tuple[Any, ...]:
        """The rule above."""
        velocity = self.momentum * velocity + g
        d = g + self.momentum * velocity if self.nesterov else velocity
        return theta - lr * d, velocity


class AdaGrad(Optimizer):
    """θ − lr · g / (√h + eps), where h sums g² over all steps (Duchi et al. 2011)."""

    memory = ("h",)

    def __init__(
        self, parameters: Iterable[Value], lr: Any = 0.01, eps: Any = 1e-10, weight_decay: Any = 0
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self.eps = self._checked("eps", eps)

    def update(self, lr: Any, t: int, theta: Any, g: Any, h: Any) -> tuple[Any, ...]:
        """The rule above."""
        h = h + g * g
        return theta - lr * g / (sqrt(h) + self.eps), h


class RMSProp(Optimizer):
    """θ − lr · velocity, where velocity = momentum · velocity + g / (√h + eps) (Hinton 2012).

    h is the moving mean of g², of which one step is the share 1 − alpha; `centered` subtracts the square of
    the moving mean of g, which leaves a variance (Graves 2013).
    """

    memory = ("h", "mean", "velocity")

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: Any = 0.01,
        alpha: Any = 0.99,
        eps: Any = 1e-8,
        momentum: Any = 0,
        centered: bool = False,
        weight_decay: Any = 0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self.alpha = self._checked("alpha", alpha, below=1)
        self.eps = self._checked("eps", eps)
        self.momentum = self._checked("momentum", momentum, below=1)
        self.centered = centered

    def update(
        self, lr: Any, t: int, theta: Any, g: Any, h: Any, mean: Any, velocity: Any
    ) -> tuple[Any, ...]:
        """The rule above."""
        h = self.alpha * h + (1 - self.alpha) * g * g
        mean = self.alpha * mean + (1 - self.alpha) * g
        spread = maximum(h - mean * mean, 0) if self.centered else h  # rounding may leave it below 0
        velocity = self.momentum * velocity + g / (sqrt(spread) + self.eps)
        return theta - lr * velocity, h, mean, velocity


class Adam(Optimizer):
    """θ − lr · m̂ / (√v̂ + eps): the moving means m of g and v of g², freed of their start at 0.

    betas are the shares of m and v that remain after a step. (Kingma & Ba 2015)
    """

    memory = ("m", "v")

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: Any = 0.001,
        betas: Sequence[Any] = (0.9, 0.999),
        eps: Any = 1e-8,
        weight_decay: Any = 0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        beta1, beta2 = betas
        self.beta1 = self._checked("the first of betas", beta1, below=1)
        self.beta2 = self._checked("the second of betas", beta2, below=1)
        self.eps = self._checked("eps", eps)

    def update(self, lr: Any, t: int, theta: Any, g: Any, m: Any, v: Any) -> tuple[Any, ...]:
        """The rule above."""
        m = self.beta1 * m + (1 - self.beta1) * g
        v = self.beta2 * v + (1 - self.beta2) * g * g
        m_hat, v_hat = m / (1 - self.beta1**t), v / (1 - self.beta2**t)
        return theta - lr * m_hat / (sqrt(v_hat) + self.eps), m, v


class AdamW(Adam):
    """Adam whose weight decay goes past the moving means: θ shrinks by lr·λ·θ (Loshchilov & Hutter 2019)."""

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: Any = 0.001,
        betas: Sequence[Any] = (0.9, 0.999),
        eps: Any = 1e-8,
        weight_decay: Any = 0.01,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)

    def decay(self, lr: Any, theta: Any, g: Any) -> tuple[Any, Any]:
        """The parameter, shrunk, and its gradient as it is."""
        return theta - lr * self.weight_decay * theta, g


# ── Gradients that are too large ────────────────────────────────────────────────────────────────────


def clip_grad_norm(parameters: Any, limit: Any) -> float:
    """Scale all gradients down together, to a Euclidean norm of at most `limit`; gives the norm before.

    parameters   Values, or the NumPy array of their gradients, as `step_array` takes it, changed in place

    PyTorch adds 10⁻⁶ to the norm before it divides. ValueError for a limit that is not positive, and where
    the norm is infinite or nan: then no scale helps.
    """
    _positive("clip_grad_norm", limit)
    check_iterable("clip_grad_norm", parameters)
    is_array = hasattr(parameters, "__array__")
    parameters = parameters if is_array else list(parameters)
    norm = math.hypot(*(parameters.tolist() if is_array else (p.grad for p in parameters)))
    if not math.isfinite(norm):
        raise ValueError(f"clip_grad_norm: the norm of the gradients is {norm}; lower the learning rate")
    scale = plain(limit) / norm if norm > limit else 1
    if is_array:
        parameters *= scale
    else:
        commit(each(parameters, "grad", [p.grad * scale for p in parameters]))
    return norm


def clip_grad_value(parameters: Any, limit: Any) -> None:
    """Keep every gradient between −limit and limit; the arguments are those of `clip_grad_norm`."""
    _positive("clip_grad_value", limit)
    check_iterable("clip_grad_value", parameters)
    if hasattr(parameters, "__array__"):
        parameters[:] = clip(parameters, -limit, limit)
    else:
        parameters = list(parameters)
        commit(each(parameters, "grad", [clip(p.grad, -limit, limit) for p in parameters]))


def _positive(function: str, limit: Any) -> None:
    if not limit > 0:
        raise ValueError(f"{function}: limit must be positive, not {limit!r}")
