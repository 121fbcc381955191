"""Other engines, ready to be graded: each function imports its library and gives the Engine for it.

    check_engine(peers.torch())        or        python -m autograd grade --peer torch

Their conventions differ, and each docstring tells those of its library: which values keep a gradient, what a
second backward pass does, what may be set. `functional` serves any library that differentiates functions.
"""

import itertools
import operator
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from autograd import ops
from autograd.testing.grading.engine import OPERATORS, Engine

# The rows that a library may have as functions, but for those that take other arguments elsewhere.
OTHERS = OPERATORS.keys() | {"log1mexp", "sinc", "stop_gradient"}
NAMES = [
    name
    for name, row in ops.METHODS.items()
    if name == row.name and name in ops.__all__ and name not in OTHERS
]


def functions_of(*modules: Any) -> dict[str, Callable[..., Any]]:
    """What modules have under the names of the table's rows, each from the first module that has it."""
    return {
        name: getattr(module, name) for module in modules[::-1] for name in NAMES if hasattr(module, name)
    }


# ── Libraries whose values know how they were made ──────────────────────────────────────────────────


def micrograd() -> Engine:
    """Micrograd's Value.

    Passes add up, in values that are no leaves too, so that a second pass counts those again. It recurses.
    """
    return Engine.of(import_module("micrograd.engine").Value)


def minitorch(scalar: type | None = None) -> Engine:
    """Minitorch's Scalar, or a class with its interface.

    Passes add up in the leaves, which alone keep a gradient. The package is each student's own copy of the
    course, where Python finds it. The course's log, as it was handed out until 2023, is that of x + 10⁻⁶.
    """
    return Engine(
        scalar or import_module("minitorch.scalar").Scalar,
        gradient="derivative",
        children=lambda value: value.history.inputs,
        operation=lambda value: value.history.last_fn.__name__.lower() if value.history.last_fn else "",
        name="Scalar",
    )


def torch() -> Engine:
    """PyTorch's tensors without dimensions, in double precision.

    Passes add up in the leaves, which alone keep a gradient. A pass frees its graph, and refuses numbers that
    were set since the graph was made. A tensor does not tell of which others it was made: no pictures.
    """
    module = import_module("torch")
    neural = module.nn.functional
    return Engine(
        lambda number: module.tensor(number, dtype=module.float64, requires_grad=True),
        gradient=lambda tensor: tensor.grad if tensor.is_leaf else None,  # others warn
        functions={**functions_of(module, module.special, neural), "log_sigmoid": neural.logsigmoid},
        setters={
            "value": module.no_grad()(lambda tensor, number: tensor.fill_(number)),
            "gradient": lambda tensor, _: setattr(tensor, "grad", None),
        },
        written={
            "make": "torch.tensor({}, dtype=torch.float64, requires_grad=True)",
            "gradient": "{}.grad",
        },
        name="torch.tensor",
    )


def mygrad() -> Engine:
    """MyGrad's tensors.

    A pass frees its graph, so that a second one does nothing. A gradient is forgotten when its tensor is used
    again, so that the passes of two graphs do not add up. A number that a graph needs cannot be set.
    """
    module, neural = import_module("mygrad"), import_module("mygrad.nnet.activations")
    ufunc = import_module("numpy").ufunc  # NumPy's own are there for constants alone
    known = {**functions_of(module, neural), "absolute": module.absolute, "softsign": neural.soft_sign}

    def fill(tensor: Any, number: float) -> None:
        tensor.data[...] = number

    return Engine(
        lambda number: module.tensor(number, dtype=float),  # one of integers is a constant
        functions={name: function for name, function in known.items() if not isinstance(function, ufunc)},
        setters={"value": fill, "gradient": lambda tensor, _: tensor.null_grad()},
        children=lambda tensor: tensor.creator.variables if tensor.creator else (),
        operation=lambda tensor: type(tensor.creator).__name__.lower() if tensor.creator else "",
        written={"make": "mygrad.tensor({}, dtype=float)"},
        name="mygrad.tensor",
    )


def tinygrad() -> Engine:
    """Tensors of tinygrad without dimensions, in single precision, for which its functions are made.

    Passes add up, in tensors that are no leaves too, and none counts those again. A leaf is the element of a
    list of one: the tensor of a number is a constant. A tensor does not tell of which others it was made: no
    pictures. Without a C compiler set DEV=PYTHON.
    """
    module = import_module("tinygrad")
    return Engine(
        lambda number: module.Tensor([float(number)])[0],
        value=lambda tensor: tensor.item(),
        gradient=lambda tensor: None if tensor.grad is None else tensor.grad.item(),
        functions={
            "absolute": module.Tensor.abs,
            "gelu": lambda tensor: tensor.gelu("none"),
        },  # no approximation
        setters={
            "value": lambda tensor, number: tensor.assign(module.Tensor(float(number))),
            "gradient": lambda tensor, _: setattr(tensor, "grad", None),
        },
        written={"make": "Tensor([{}])[0]", "value": "{}.item()", "gradient": "{}.grad.item()"},
        name="tinygrad.Tensor",
    )


def _along_an_axis(*_: Any) -> Any:
    raise NotImplementedError("max and min are of one array, along an axis")


def dezero() -> Engine:
    """DeZero's Variables of arrays without dimensions.

    Passes add up in the leaves, which alone keep a gradient. Its version 0.0.13 needs Matplotlib, and a NumPy
    before 1.24.
    """
    module, array = import_module("dezero"), import_module("numpy").array
    return Engine(
        lambda number: module.Variable(array(number, float)),
        gradient=lambda variable: None if variable.grad is None else variable.grad.data,
        functions={**functions_of(module.functions), "maximum": _along_an_axis, "minimum": _along_an_axis},
        setters={
            "value": lambda variable, number: setattr(variable, "data", array(number, float)),
            "gradient": lambda variable, _: variable.cleargrad(),
        },
        children=lambda variable: variable.creator.inputs if variable.creator else (),
        operation=lambda variable: type(variable.creator).__name__.lower() if variable.creator else "",
        written={"make": "Variable(numpy.array({}, float))", "gradient": "{}.grad.data"},
        name="dezero.Variable",
    )


# ── Libraries that differentiate functions ──────────────────────────────────────────────────────────


class Recorded:
    """A number of such a library, with the function and the arguments that gave it; a leaf has none."""

    made = itertools.count()

    def __init__(
        self, data: Any, function: Callable[..., Any] | None = None, args: tuple[Any, ...] = ()
    ) -> None:
        self.data, self.function, self.args = data, function, args
        self.grad: Any = None
        self.place = next(self.made)  # after those of its arguments

    @property
    def children(self) -> list["Recorded"]:
        """The values among the arguments."""
        return [arg for arg in self.args if isinstance(arg, Recorded)]


def recorded(function: Callable[..., Any]) -> Callable[..., Recorded]:
    """The function on Recorded values and numbers."""

    def record(*args: Any) -> Recorded:
        numbers = [arg.data if isinstance(arg, Recorded) else arg for arg in args]
        return Recorded(function(*numbers), function, args)

    return record


def _reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: function(other, self)


for _name in ("add", "sub", "mul", "truediv", "pow", "neg", "abs"):
    _record = recorded(getattr(operator, _name))
    setattr(Recorded, f"__{_name}__", lambda *args, record=_record: record(*args))
    setattr(
        Recorded, f"__r{_name}__", _reflected(_record)
    )  # of two arguments; the others are never asked for


def functional(
    grad: Callable[..., Any],
    *modules: Any,
    number: Callable[[float], Any] = float,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    name: str = "grad",
) -> Engine:
    """An engine of modules of functions and a `grad` by which `grad(f)([x, y])` is the list [∂f/∂x, ∂f/∂y].

    Values record what is done to them. A backward pass does it again, each shared value once, as a function
    of the leaves' numbers, and adds what `grad` makes of it to the leaves' gradients. Numbers cannot be set.

    HIPS's autograd has the name of this package, so that it must be given another one to be in one process:
    with a copy of it as the package `hips`, in which its imports of itself are renamed, it is

        functional(hips.grad, hips.numpy, hips.scipy.special)
    """

    def backward(root: Recorded) -> None:
        reached, left = {root}, [root]
        while left:
            new = set(left.pop().children) - reached
            reached |= new
            left += new
        order = sorted(reached, key=operator.attrgetter("place"))
        leaves = [value for value in order if value.function is None]

        def f(numbers: list[Any]) -> Any:
            found = dict(zip(leaves, numbers, strict=True))
            for value in order:
                if value.function is not None:
                    args = [found[arg] if isinstance(arg, Recorded) else arg for arg in value.args]
                    found[value] = value.function(*args)
            return found[root]

        for leaf, slope in zip(leaves, grad(f)([leaf.data for leaf in leaves]), strict=True):
            leaf.grad = slope if leaf.grad is None else leaf.grad + slope

    known = {**functions_of(*modules), **(functions or {})}
    return Engine(
        lambda x: Recorded(number(float(x))),
        value=lambda value: value.data,
        backward=backward,
        functions={name: recorded(function) for name, function in known.items()},
        children="children",
        operation=lambda value: value.function.__name__ if value.function else "",
        written={"value": "{}.data"},
        name=name,
    )


def jax() -> Engine:
    """JAX's functions and its `grad`, through `functional`; with jax_enable_x64 in double precision."""
    module, special = import_module("jax"), import_module("jax.scipy.special")
    lax, neural = module.lax, module.nn
    return functional(
        module.grad,
        *(module.numpy, neural, special),
        number=module.numpy.asarray,
        functions={
            "gelu": lambda x: neural.gelu(x, approximate=False),
            "lgamma": lax.lgamma,
            "rsqrt": lax.rsqrt,
            "softsign": neural.soft_sign,
        },
        name="jax",
    )


PEERS: Mapping[str, Callable[[], Engine]] = {
    peer.__name__: peer for peer in (micrograd, minitorch, torch, jax, mygrad, tinygrad, dezero)
}
