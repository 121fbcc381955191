"""What PyTorch says of activations, losses, optimizers, schedules and gains: writes figures.json beside it.

python tests/pytorch/make_figures.py        (needs PyTorch; any release since 2.0)

x, z, slope    argument, function of it and derivative      θ, g    parameter and gradient
"""

import json
import math
import sys
import warnings
from pathlib import Path

FIGURES = Path(__file__).parent / "figures.json"

# Far out, near 0, at the kink and between; each function gets those at which it and its slope are finite.
POINTS = [-700.0, -30.0, -4.2, -0.9, -0.25, -1e-5, 0.0, 1e-5, 0.3, 0.95, 1.7, 4.2, 30.0, 700.0]

LOGITS = [[0.3, -1.2, 2.5], [0.0, 0.0, 0.0], [1000.0, -1000.0, 999.0], [-40.0, 40.0, 0.5, 3.0], [7.0]]
STEPS = 20
START = [1.0, -0.3, 20.0, 1e-3]

OPTIMIZERS = {  # nn's name and settings, which are PyTorch's own
    "SGD": [
        {"lr": 0.1},
        {"lr": 0.1, "weight_decay": 0.03},
        {"lr": 0.05, "momentum": 0.9},
        {"lr": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01},
    ],
    "AdaGrad": [{}, {"lr": 0.5, "eps": 1e-7, "weight_decay": 0.1}],
    "RMSProp": [
        {},
        {"lr": 0.02, "alpha": 0.9, "momentum": 0.7, "weight_decay": 0.1},
        {"centered": True},
        {"alpha": 0.8, "eps": 1e-3, "momentum": 0.5, "centered": True},
    ],
    "Adam": [{}, {"lr": 0.1, "betas": [0.8, 0.9], "eps": 1e-4}, {"weight_decay": 0.1}],
    "AdamW": [{}, {"lr": 0.1, "betas": [0.5, 0.99], "weight_decay": 0.3}],
}

LR = 0.3
SCHEDULES = {  # nn's name: its arguments
    "constant": [LR],
    "step_decay": [LR, 7, 0.5],
    "exponential": [LR, 0.9],
    "linear": [LR, 15, 0.06],
    "cosine": [LR, STEPS, 0.01],
    "warmup": [4, LR],
}


def activations():
    """z and slope of every activation that PyTorch has too, at its points."""
    import torch

    from autograd import ops
    from nn.modules import ACTIVATIONS

    torchs = {"log_sigmoid": "logsigmoid"}
    for name, op in ops.METHODS.items():
        theirs = torchs.get(name, name)
        libraries = [library for library in (torch, torch.nn.functional) if hasattr(library, theirs)]
        if name not in ACTIVATIONS or not libraries or name == "sinc":  # PyTorch's is sin πx / πx
            continue
        function = getattr(libraries[0], theirs)
        settings = {"threshold": math.inf} if name == "softplus" else {}  # else it is x from x = 20
        rows = []
        for x in POINTS:
            if all(x in interval for interval in op.domain):
                leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
                z = function(leaf, **settings)
                z.backward()
                rows.append((x, z.item(), leaf.grad.item()))
        rows = [row for row in rows if all(map(math.isfinite, row))]
        yield {"name": name, **dict(zip(("x", "z", "slope"), map(list, zip(*rows))))}


def losses():
    """Value and gradient of every loss, for every list of outputs and several targets."""
    import torch
    from torch.nn import functional

    def hinge(y, t):  # max(0, −t·(y − 0) + 1)
        return functional.margin_ranking_loss(y, torch.zeros_like(y), t, margin=1)

    functions = {
        "mse": functional.mse_loss,
        "quadratic": lambda y, t: functional.mse_loss(y, t, reduction="sum") / 2,
        "binary_cross_entropy": functional.binary_cross_entropy_with_logits,
        "cross_entropy": functional.cross_entropy,
        "hinge": lambda y, t: functional.multi_margin_loss(y, t) if t.ndim == 0 else hinge(y, t),
        "l1": lambda y, t: t * functional.l1_loss(y, torch.zeros_like(y), reduction="sum"),
        "l2": lambda y, t: t * functional.mse_loss(y, torch.zeros_like(y), reduction="sum"),
    }
    for output in LOGITS:
        n = len(output)
        shares = [(i + 1) / (n * (n + 1) / 2) for i in range(n)]
        onehot, signs = [1.0] + [0.0] * (n - 1), [(-1.0) ** i for i in range(n)]
        cases = [
            ("mse", [0.7 * i for i in range(n)]),
            ("quadratic", [0.7 * i for i in range(n)]),
            *[("binary_cross_entropy", t) for t in (onehot, shares)],
            *[("cross_entropy", t) for t in (*range(n), onehot, shares)],
            *[("hinge", t) for t in (*(range(n) if n > 1 else ()), signs)],
            *[("l1", 0.3), ("l2", 0.3)],
        ]
        for name, target in cases:
            leaf = torch.tensor(output, dtype=torch.float64, requires_grad=True)
            t = torch.tensor(target, dtype=torch.int64 if isinstance(target, int) else torch.float64)
            loss = functions[name](leaf, t)
            loss.backward()
            yield {
                "name": name,
                "output": output,
                "target": target,
                "loss": loss.item(),
                "gradient": leaf.grad.tolist(),
            }


def gradients():
    """Gradients of all sizes and both signs, and 0 at first, for every step and parameter."""
    yield [0.0, 1.0, -1e-6, 0.0]
    for t in range(1, STEPS):
        yield [math.sin(3 * t), math.cos(t), 1e3 * math.sin(t * t), 0.0]


def optimizers():
    """The parameters after every step."""
    import torch

    torchs = {"AdaGrad": torch.optim.Adagrad, "RMSProp": torch.optim.RMSprop}
    for name, choices in OPTIMIZERS.items():
        for settings in choices:
            theta = torch.tensor(START, dtype=torch.float64)
            optimizer = torchs.get(name, getattr(torch.optim, name, None))([theta], **settings)
            path = []
            for g in gradients():
                theta.grad = torch.tensor(g, dtype=torch.float64)
                optimizer.step()
                path.append(theta.tolist())
            yield {"name": name, "settings": settings, "start": START, "path": path}


def clipping():
    """The norm and the clipped gradients of one step, for limits within and beyond the norm."""
    import torch
    from torch.nn.utils import clip_grad_norm_, clip_grad_value_

    gradients_ = [3.0, -4.0, 12.0, 0.0, 1e-7]
    for limit in 0.5, 13.5:
        theta = torch.zeros(len(gradients_), dtype=torch.float64)
        theta.grad = torch.tensor(gradients_, dtype=torch.float64)
        case = {"gradients": gradients_, "limit": limit, "norm": clip_grad_norm_([theta], limit).item()}
        yield {"name": "clip_grad_norm", **case, "clipped": theta.grad.tolist()}
        theta.grad = torch.tensor(gradients_, dtype=torch.float64)
        clip_grad_value_([theta], limit)
        yield {"name": "clip_grad_value", **case, "clipped": theta.grad.tolist()}


def schedules():
    """The learning rates of the first steps."""
    import torch
    from torch.optim import lr_scheduler as s

    makers = {
        "constant": lambda o, lr: s.ConstantLR(o, 1),
        "step_decay": lambda o, lr, every, factor: s.StepLR(o, every, factor),
        "exponential": lambda o, lr, factor: s.ExponentialLR(o, factor),
        "linear": lambda o, lr, steps, end: s.LinearLR(o, 1, end / lr, steps),
        "cosine": lambda o, lr, steps, end: s.CosineAnnealingLR(o, steps, end),
        "warmup": lambda o, steps, lr: s.LinearLR(o, 1 / (steps + 1), 1, steps),
    }
    for name, arguments in SCHEDULES.items():
        optimizer = torch.optim.SGD([torch.zeros(1)], lr=LR)
        schedule = makers[name](optimizer, *arguments)
        rates = []
        for _ in range(STEPS + 1):
            rates.append(schedule.get_last_lr()[0])
            optimizer.step()
            schedule.step()
        yield {"name": name, "arguments": arguments, "rates": rates}


def gains():
    """The factor by which PyTorch's inits widen a weight of the deviation 1/√n, by nonlinearity."""
    import torch

    for name in "linear", "relu":
        yield {"name": name, "gain": torch.nn.init.calculate_gain(name)}


def figures():
    """All of it: lists of cases by section."""
    sections = activations, losses, gradients, optimizers, clipping, schedules, gains
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch's own code
        return {section.__name__: [*section()] for section in sections}


def as_json(figures):
    """One line per case."""
    sections = (
        f"{json.dumps(name)}: [\n" + ",\n".join(map(json.dumps, cases)) + "\n]"
        for name, cases in figures.items()
    )
    return "{\n" + ",\n".join(sections) + "\n}\n"


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    FIGURES.write_text(as_json(figures()), encoding="utf-8")
