"""Module, Neuron, Layer, MLP, Embedding, Dropout, Noise: networks whose every number is a Value.

Nielsen's names (Neural Networks and Deep Learning, chapter 2), which the nodes bear as labels:

    w^l_{jk}   weight from neuron k of layer l − 1 to neuron j of layer l; the inputs are layer 1
    b^l_{j}    bias        z^l_{j}   weighted input, Σₖ w^l_{jk} a^{l−1}_{k} + b^l_{j}
    a^l_{j}    activation, of z^l_{j};  δ^l_{j} = ∂C/∂z^l_{j} is the gradient of z^l_{j}
    e^i_{j}    coordinate j of row i of an embedding, whose rows are counted from 0

A neuron records one `dot`, the sum with its bias and its activation; with `elementary=True` every product
and every sum. The nodes of a neuron have the scope `layer2.neuron3`, so that pictures can group them.
"""

import math
import operator
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from random import Random
from types import MemberDescriptorType
from typing import Any

from autograd import Op, Value, constant, dot, matvec, ops, scope, take
from autograd.op import is_symbolic
from nn.checks import plain
from nn.commit import Change, commit, each
from nn.init import choose, initializer
from nn.noise import source

Activation = Callable[[Any], Any]

ACTIVATIONS: dict[str, Activation | None] = {
    "linear": None,
    **{name: ops.METHODS[name] for name in ("relu", "tanh", "sigmoid", "gelu", "softplus")},  # named first
    **{
        name: op
        for name, op in ops.METHODS.items()
        if op.arity - len(op.defaults) == 1 and op not in (ops.clip, ops.stop_gradient)
    },
}


class Module:
    """Anything with parameters: the leaf Values in its attributes (slots too), their modules and containers.

    Containers are lists, tuples, deques, dicts, sets and object arrays, such as `autograd.array` makes.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.bias = Value(2.0), Value(1.0)
    ...
    ...     def __call__(self, x):
    ...         return self.slope * x + self.bias
    >>> Line().state_dict()
    {'slope': 2.0, 'bias': 1.0}
    """

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Value]]:
        """(name, parameter): the path of attributes to it, such as `layers.0.neurons.2.b`.

        A parameter in several places (tied weights) is given once, by its first name, and so is a module:
        one may know the module that it is a part of. An element of a set goes by its label, as a set has no
        order. ValueError where two parameters have one name.
        """
        names = set()
        for name, parameter in _walk(prefix, self):
            if isinstance(parameter, Module):
                continue
            if name in names:
                raise ValueError(
                    f"{type(self).__name__}: two parameters have the name {name!r}; give one another key"
                )
            names.add(name)
            yield name, parameter

    def parameters(self) -> list[Value]:
        """The parameters, layer by layer, neuron by neuron, weights then bias."""
        return [parameter for _, parameter in self.named_parameters()]

    training: bool = False
    """Whether modules such as Dropout draw random numbers, outside of `fit` and `evaluate`."""

    def modules(self) -> "Iterator[Module]":
        """Itself and the modules in it, each once."""
        return (thing for _, thing in _walk("", self, named=False) if isinstance(thing, Module))

    def train(self, training: bool = True) -> None:
        """Let Dropout and Noise draw, where the model is called outside of `fit` and `evaluate`."""
        for module in self.modules():
            module.training = training

    def eval(self) -> None:
        """The opposite of `train`, as a model is at first."""
        self.train(False)

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for parameter in self.parameters():
            parameter.grad = 0

    def state_dict(self) -> dict[str, Any]:
        """The numbers of the parameters by name."""
        return {name: parameter.data for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Set the numbers of the parameters: of all of them, or of none if refused or interrupted.

        ValueError where the names are not those of this module, TypeError for what is no number.
        """
        commit(loading(self, state))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self.parameters())} parameters>"


def loading(module: Module, state: dict[str, Any]) -> Iterable[Change]:
    """What `load_state_dict` changes, or its errors."""
    parameters = dict(module.named_parameters())
    missing, unknown = parameters.keys() - state.keys(), state.keys() - parameters.keys()
    if missing or unknown:
        raise ValueError(
            f"{type(module).__name__}: the state belongs to another architecture; "
            f"missing {sorted(missing)[:3]}, unknown {sorted(unknown)[:3]}"
        )
    numbers = []
    for name in parameters:
        try:
            numbers.append(plain(Value(state[name]).data, parameters[name].data))
        except TypeError as error:
            raise TypeError(f"{type(module).__name__}: {name}: {error}") from None
    return each(list(parameters.values()), "data", numbers)


def _walk(prefix: str, root: Module, named: bool = True) -> Iterator[tuple[str, Any]]:
    """The module, and the leaf Values and modules below it, depth first; what is met again is passed by.

    named   whether a module that has a `named_parameters` of its own gives its Values by that
    """
    met: dict[int, Any] = {}  # by id; it keeps what it holds, so that no id is used twice
    ahead: list[tuple[str, Any]] = [(prefix, root)]
    while ahead:
        name, thing = ahead.pop()
        if id(thing) in met:
            continue
        if isinstance(thing, Value):
            met[id(thing)] = thing
            if thing.op is None:
                yield name, thing
            continue
        if isinstance(thing, Module):
            yield name, thing
            name += "." if thing is not root else ""
        own = named and thing is not root and isinstance(thing, Module) and _names_its_own(thing)
        parts = [*thing.named_parameters(name)] if own else _parts(name, thing)
        if parts is not None:
            met[id(thing)] = thing
            ahead += reversed(parts)


def _names_its_own(module: Module) -> bool:
    return type(module).named_parameters is not Module.named_parameters


def _parts(name: str, thing: Any) -> list[tuple[str, Any]] | None:
    """The parts of a module or a container by their names; None for other things."""
    if isinstance(thing, Module):
        slots = [
            (slot, getattr(thing, slot))
            for kind in reversed(type(thing).__mro__)
            for slot, member in vars(kind).items()
            if isinstance(member, MemberDescriptorType) and hasattr(thing, slot)
        ]
        return [(name + key, part) for key, part in (*slots, *vars(thing).items())]
    if isinstance(thing, dict):
        return [(f"{name}.{key}", part) for key, part in thing.items()]
    if isinstance(thing, set | frozenset):
        return _labelled(name, thing)
    if getattr(getattr(thing, "dtype", None), "kind", "") == "O":
        thing = thing.tolist() if thing.ndim else [thing.item()]
    if isinstance(thing, list | tuple | deque):
        return [(f"{name}.{i}", part) for i, part in enumerate(thing)]
    return None


def _labelled(name: str, things: Iterable[Any]) -> list[tuple[str, Any]]:
    """The parameters and modules of a set in the order of their labels; ValueError where those are equal."""
    leaves = [x for x in things if isinstance(x, Module) or (isinstance(x, Value) and x.op is None)]
    parts = {f"{name}.{getattr(x, 'label', '')}": x for x in leaves}
    if len(parts) < len(leaves):
        raise ValueError(f"Module: {name} is a set, which has no order; label its Values, or make it a list")
    return sorted(parts.items())


class Neuron(Module):
    """a = f(w·x + b), for `nin` inputs; without a bias, f(w·x).

    activation   a name of a function of the table ("relu", "tanh", "sigmoid", …), "linear", or a function
    init         of the weights: a name in `nn.INITS`, a number, or a function; the bias begins with 0
    seed         of the random numbers, or a `random.Random` to share; None: new ones at every run
    elementary   record every product and every sum
    bias         False leaves b out

    >>> neuron = Neuron(2, "tanh", init=0.5)
    >>> neuron([1.0, 2.0]).data == Value(1.5).tanh().data
    True
    """

    def __init__(
        self,
        nin: int,
        activation: str | Activation = "relu",
        *,
        init: Any = "uniform",
        seed: int | Random | None = None,
        elementary: bool = False,
        bias: bool = True,
        place: tuple[int, int, int] | None = None,
    ) -> None:
        """`place` is (l, j, m): layer, number and number of neurons in the layer, for names and init."""
        _positive("Neuron", nin)
        layer, number, neurons = place or (0, 0, 1)
        where = f"^{layer}_{{{number}}}" if place else ""
        self.scope = f"layer{layer}.neuron{number}" if place else "neuron"
        self.names = f"z{where}", f"a{where}"
        with scope(self.scope):
            draw, rng = initializer(init), seed if isinstance(seed, Random) else Random(seed)
            self.w = [Value(plain(draw(rng, nin, neurons)), _weight(place, k)) for k in range(1, nin + 1)]
            self.b = Value(0.0, f"b{where}") if bias else None
        self.f = choose("activation", activation, ACTIVATIONS) if isinstance(activation, str) else activation
        if self.f is not None and not callable(self.f):
            raise TypeError(
                f"Neuron: activation must be a name or a function of a number, not {activation!r}"
            )
        self.elementary = elementary

    def __call__(self, x: Sequence[Any]) -> Value:
        """The activation, for as many inputs as there are weights. ValueError for another number."""
        _inputs("Neuron", x, len(self.w))
        return self.activate(self.weigh(x))

    def weigh(self, x: Sequence[Any]) -> Value:
        """w·x: one node, or with `elementary` every product and sum of w·x + b."""
        if not self.elementary:
            return dot(self.w, x)  # type: ignore[no-any-return]
        with scope(self.scope):
            products = [w * xi for w, xi in zip(self.w, x, strict=True)]
            z: Value = reduce(operator.add, products if self.b is None else [self.b, *products])
            return z

    def activate(self, z: Value) -> Value:
        """The activation, from what `weigh` gave: all nodes of a neuron are in its scope."""
        if self.elementary:
            inside = z.scope
        else:  # what `with scope(self.scope)` would write, in a tenth of its time
            outer = getattr(z, "scope", "")  # a power series has none
            inside = f"{outer}.{self.scope}" if outer else self.scope
            z.scope = inside
            if self.b is not None:
                z = z + self.b
                z.scope = inside
        z.label = self.names[0]
        if self.f is None:
            return z
        if isinstance(self.f, Op):
            a: Value = self.f(z)
            a.scope = inside
        else:
            with scope(self.scope):  # a function of the user's may make many nodes
                a = self.f(z)
        a.label = self.names[1]
        return a

    def __repr__(self) -> str:
        name = getattr(self.f, "name", None) or getattr(self.f, "__name__", "linear")
        return f"Neuron({len(self.w)}, {name!r})"


class Layer(Module):
    """`nout` neurons on the same `nin` inputs; the arguments are those of Neuron.

    `number` is l in Nielsen's names, 2 for the layer after the inputs.
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        activation: str | Activation = "relu",
        *,
        init: Any = "uniform",
        seed: int | Random | None = None,
        elementary: bool = False,
        bias: bool = True,
        number: int = 2,
    ) -> None:
        _positive("Layer", nin, nout)
        rng = seed if isinstance(seed, Random) else Random(seed)
        self.neurons = [
            Neuron(
                nin,
                activation,
                init=init,
                seed=rng,
                elementary=elementary,
                bias=bias,
                place=(number, j, nout),
            )
            for j in range(1, nout + 1)
        ]

    def __call__(self, x: Sequence[Any]) -> list[Value]:
        """The activations of all neurons."""
        _inputs("Layer", x, len(self.neurons[0].w))
        x = [constant(xi) if isinstance(xi, int | float) else xi for xi in x]  # one node for all neurons
        if self.neurons[0].elementary:
            sums = [neuron.weigh(x) for neuron in self.neurons]
        else:
            sums = matvec([neuron.w for neuron in self.neurons], x)
        return [neuron.activate(z) for neuron, z in zip(self.neurons, sums, strict=True)]

    def __repr__(self) -> str:
        name = repr(self.neurons[0]).partition(", ")[2]
        return f"Layer({len(self.neurons[0].w)}, {len(self.neurons)}, {name}"


class MLP(Module):
    """A multi-layer perceptron: `nin` inputs, then layers of `nouts` neurons.

    activation   of the hidden layers               output   the activation of the last one
    init         "uniform" is micrograd's; "glorot" suits tanh and sigmoid, "he" suits relu
    dropout      the p of an `nn.Dropout` after every hidden layer

    The other arguments are those of Neuron. `MLP(2, [16, 16, 1])` is micrograd's demo network.
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: str | Activation = "relu",
        output: str | Activation = "linear",
        *,
        init: Any = "uniform",
        seed: int | None = None,
        elementary: bool = False,
        bias: bool = True,
        dropout: float = 0,
    ) -> None:
        if not isinstance(nouts, Sequence) or isinstance(nouts, str):
            raise TypeError(
                "MLP: nouts must be a list, the number of neurons of every layer, as in MLP(2, [16, 1]); "
                f"not {nouts!r}"
            )
        _positive("MLP", nin, *nouts)
        if not nouts:
            raise ValueError(
                "MLP: nouts is empty; give the number of neurons of every layer: MLP(2, [16, 1])"
            )
        rng = Random(seed)
        sizes = [nin, *nouts]
        self.layers = [
            Layer(
                sizes[i],
                sizes[i + 1],
                activation if i + 2 < len(sizes) else output,
                init=init,
                seed=rng,
                elementary=elementary,
                bias=bias,
                number=i + 2,
            )
            for i in range(len(nouts))
        ]
        self.activation, self.output = activation, output
        self.dropout = Dropout(dropout, seed=seed) if dropout else None

    def __call__(self, x: Sequence[Any]) -> Any:
        """What the last layer gives: a list, or the one Value of a layer of one neuron."""
        for layer in self.layers:
            if self.dropout is not None and layer is not self.layers[0]:
                x = self.dropout(x)
            x = layer(x)
        return x[0] if len(x) == 1 else x

    def __repr__(self) -> str:
        sizes = [len(layer.neurons) for layer in self.layers]
        names = f"activation={self.activation!r}, output={self.output!r}"
        names += ", bias=False" * (self.layers[0].neurons[0].b is None)
        names += f", dropout={self.dropout.p}" if self.dropout else ""
        inputs = len(self.layers[0].neurons[0].w)
        return f"MLP({inputs}, {sizes}, {names})  # {len(self.parameters())} parameters"


class Embedding(Module):
    """`count` rows of `size` parameters, one for each thing with a number: a token, a position.

    init and seed are those of Neuron; the weights are independent N(0, 1) by default.

    >>> Embedding(27, 2, init=0.5)(26)
    [Value(0.5, label='e^26_{1}', grad=0), Value(0.5, label='e^26_{2}', grad=0)]
    """

    def __init__(
        self, count: int, size: int, *, init: Any = "normal", seed: int | Random | None = None
    ) -> None:
        _positive("Embedding", count, size)
        draw, rng = initializer(init), seed if isinstance(seed, Random) else Random(seed)
        with scope("embedding"):
            self.rows = [
                [Value(plain(draw(rng, count, size)), f"e^{i}_{{{j}}}") for j in range(1, size + 1)]
                for i in range(count)
            ]

    def __call__(self, i: int) -> list[Value]:
        """Row i, counted from 0. TypeError where i is no integer, IndexError where there is no such row."""
        count = len(self.rows)
        if is_symbolic(i):
            return take(self.rows, i)  # type: ignore[no-any-return]
        try:
            i = operator.index(i)
        except TypeError:
            raise TypeError(f"Embedding: a row is chosen by an integer, not by {i!r}") from None
        if not 0 <= i < count:
            raise IndexError(f"Embedding: there is no row {i}; the rows are 0 to {count - 1}")
        return list(self.rows[i])

    def __repr__(self) -> str:
        return f"Embedding({len(self.rows)}, {len(self.rows[0])})"


class _Drawing(Module):
    """A module that draws numbers for every example while a model trains: see `nn.noise`."""

    def __init__(self, seed: int | None) -> None:
        self.rng = Random(seed)

    def draw(self, rng: Random, count: int) -> list[float]:
        """So many numbers."""
        raise NotImplementedError(f"{type(self).__name__} has no draw")

    def drawn(self, x: Sequence[Any]) -> Sequence[Any] | None:
        """A number for each of x, or None. TypeError where one example's would become those of all."""
        name = type(self).__name__
        if not hasattr(x, "__len__"):
            raise TypeError(f"{name}: the input must be a sequence of numbers, not {x!r:.60}")
        if (numbers := source.get()) is not None:
            return numbers(self.draw, len(x))
        if not self.training:
            return None
        if any(map(is_symbolic, x)):
            raise TypeError(
                f"{name}: compile records one example, whose numbers would be those of all; model.eval() "
                "before it, or nn.fit, which hands them in"
            )
        return self.draw(self.rng, len(x))


class Dropout(_Drawing):
    """In training each number is 0 with the probability p; the others grow by 1 / (1 − p).

    seed   of the random numbers outside of `fit`

    Source: Srivastava et al. 2014. ValueError for a p outside of 0 ≤ p < 1.

    >>> dropout = Dropout(0.5, seed=1)
    >>> dropout([1.0, 2.0, 3.0])
    [1.0, 2.0, 3.0]
    >>> dropout.train()
    >>> dropout([1.0, 2.0, 3.0])
    [0.0, 4.0, 6.0]
    """

    def __init__(self, p: float = 0.5, *, seed: int | None = None) -> None:
        super().__init__(seed)
        self.p = plain(p)
        if not 0 <= self.p < 1:
            raise ValueError(f"Dropout: p must be at least 0 and below 1, not {p!r}")

    def draw(self, rng: Random, count: int) -> list[float]:
        """The factors: 0 or 1 / (1 − p)."""
        return [(rng.random() >= self.p) / (1 - self.p) for _ in range(count)]

    def __call__(self, x: Sequence[Any]) -> list[Any]:
        """The numbers, or what is left of them."""
        factors = self.drawn(x)
        return list(x) if factors is None else [xi * f for xi, f in zip(x, factors, strict=True)]

    def __repr__(self) -> str:
        return f"Dropout({self.p})"


class Noise(_Drawing):
    """In training a normal number of this deviation is added to each.

    seed   of the random numbers outside of `fit`

    ValueError for a negative deviation.
    """

    def __init__(self, deviation: float = 0.1, *, seed: int | None = None) -> None:
        super().__init__(seed)
        self.deviation = plain(deviation)
        if not 0 <= self.deviation < math.inf:
            raise ValueError(f"Noise: the deviation must be at least 0 and finite, not {deviation!r}")

    def draw(self, rng: Random, count: int) -> list[float]:
        """The summands."""
        return [rng.gauss(0, self.deviation) for _ in range(count)]

    def __call__(self, x: Sequence[Any]) -> list[Any]:
        """The numbers, with or without noise."""
        noise = self.drawn(x)
        return list(x) if noise is None else [xi + n for xi, n in zip(x, noise, strict=True)]

    def __repr__(self) -> str:
        return f"Noise({self.deviation})"


def _inputs(what: str, x: Any, count: int) -> None:
    if not hasattr(x, "__len__"):
        raise TypeError(f"{what}: the input must be a sequence of {count} numbers, not {x!r}")
    first = next(iter(x), None)
    if hasattr(first, "__len__") and not isinstance(first, str):
        raise TypeError(
            f"{what}: the input is a batch, and a model takes one example of {count} numbers; "
            "[model(x) for x in batch] gives the outputs of all"
        )
    if len(x) != count:
        raise ValueError(f"{what}: {len(x)} inputs were given and {count} are needed")


def _weight(place: tuple[int, int, int] | None, k: int) -> str:
    if place is None:
        return f"w_{k}"
    layer, j, _ = place
    return f"w^{layer}_{{{j}{',' * (max(j, k) > 9)}{k}}}"


def _positive(what: str, *sizes: Any) -> None:
    for size in sizes:
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise ValueError(f"{what}: a size must be a whole number from 1, not {size!r}")
