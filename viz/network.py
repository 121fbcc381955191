"""A neural network as Nielsen draws it: neurons as circles in columns, weights as lines, inputs at the left.

    l   layer, `level` in the code, counted as Nielsen counts: the inputs are layer 1, the first weights w²
    j   neuron of layer l        wˡⱼₖ   weight of the line from neuron k of layer l − 1 to neuron j
    k   neuron of layer l − 1    bˡⱼ    bias of neuron j, drawn as its ring

Sign is shown twice, by colour (blue +, orange −) and by dashes (−), so that the picture can be read in
grey; size by width and strength, so that of many lines the large ones stand out. Of a wide layer the first
and the last neurons stand, and "⋮ 784" between them.

No library of networks is known here: a model is what has `.layers` with `.neurons` with `.w` and `.b`.

Source: Nielsen, Neural Networks and Deep Learning (2015), chapters 1 and 2.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise, starmap
from math import ceil, fsum, hypot, isfinite
from typing import Any, NamedTuple

from autograd import no_grad
from autograd.naming import typeset
from autograd.op import printable
from viz.options import check, check_whole
from viz.picture import Picture
from viz.scene import (
    END,
    LOOKS,
    MIDDLE,
    START,
    Group,
    Mark,
    Path,
    Rect,
    Scene,
    Text,
    circle,
    measure,
    straight,
    strength,
    within,
)
from viz.text import distinct, full, short

RADIUS, SPACE = 15, 12  # of a circle; between two neurons of a column
ROW = 15  # height of a number in the column of numbers before a neuron, and of a line inside of it
STUB, FAN = 6, 22  # beside a number; between the numbers and their neuron
GAP, NARROW = 120, 36  # the least distance between two columns of circles, and within a width
HEAD, LEGEND = 36, 22  # the headings above the columns, the legend below
LETTERS = 20  # of a name; the title has it whole
SHOWN = ("weights", "gradients")
RINGS = {"weights": "ring: bias b", "gradients": "ring: gradient of the bias b"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A weight or a bias: its name in Nielsen's letters, the model's own label, number and gradient."""

    name: str
    label: str
    data: Any
    gradient: Any  # None where the model holds plain numbers


class Neuron(NamedTuple):
    """The weights from each neuron of the layer before, and the bias, None in a model without."""

    weights: tuple[Parameter, ...]
    bias: Parameter | None


Layers = list[list[Neuron]]  # from layer 2 on: the inputs have no parameters


Pair = tuple[float, float]


class Stroke(NamedTuple):
    """How a line or a ring is drawn."""

    kind: str
    width: float
    opacity: float


class Scale(NamedTuple):
    """What sizes are measured by: the largest of them, and how many there are."""

    largest: float
    number: int


class Circle(NamedTuple):
    """Where a neuron stands."""

    level: int
    j: int  # its index in the layer, from 0
    place: float  # in the column, counted from its middle; "⋮" takes a place too
    x: float
    y: float


# ── Reading a model ─────────────────────────────────────────────────────────────────────────────────


def read(model: Any) -> Layers:
    """The neurons of a model, layer by layer from layer 2 on."""
    layers = getattr(model, "layers", model)
    if isinstance(layers, str | bytes) or not isinstance(layers, Sequence):
        raise TypeError(
            f"draw_network needs a model with .layers, or nested lists [[(weights, bias), …], …], "
            f"not the {type(model).__name__} {model!r:.60}"
        )
    read = [list(_neurons(layer, level)) for level, layer in enumerate(layers, 2)]
    if not read:
        raise ValueError(f"draw_network needs at least one layer; this {type(model).__name__} has none")
    _fit(read)
    return read


def _fit(layers: Layers) -> None:
    """ValueError unless every neuron has as many weights as there are neurons in the layer before."""
    width = len(layers[0][0].weights) if layers[0] else 0
    for level, neurons in enumerate(layers, 2):
        if not neurons or not width:
            raise ValueError(f"layer {level - bool(neurons)} of the model has no neurons")
        for j, neuron in enumerate(neurons, 1):
            if len(neuron.weights) != width:
                raise ValueError(
                    f"neuron {j} of layer {level} has {len(neuron.weights)} weights, but layer {level - 1} "
                    f"has {width} neurons: draw_network draws fully connected layers"
                )
        width = len(neurons)


def _neurons(layer: Any, level: int) -> Iterator[Neuron]:
    neurons = getattr(layer, "neurons", layer)
    if not isinstance(neurons, Sequence) or isinstance(neurons, str | bytes):
        raise TypeError(
            f"layer {level} is a {type(layer).__name__} without .neurons: draw_network needs them"
        )
    for j, neuron in enumerate(neurons, 1):
        try:
            weights, bias = (neuron.w, getattr(neuron, "b", None)) if hasattr(neuron, "w") else neuron
            row = tuple(_parameter(w, _indexed("w", level, j, k)) for k, w in enumerate(weights, 1))
            yield Neuron(row, None if bias is None else _parameter(bias, _indexed("b", level, j)))
        except (TypeError, ValueError) as error:
            remedy = "it needs .w and .b, or (weights, bias), of real numbers"
            raise TypeError(f"neuron {j} of layer {level} is {neuron!r:.60}; {remedy}") from error


def _indexed(letter: str, level: int, *indices: int) -> str:
    """A name as a textbook sets it: w²₁₃, and w²₁,₁₃ where digits alone would be read in two ways."""
    comma = "," if max(indices) > 9 else ""
    return typeset(f"{letter}^{level}_{{{comma.join(map(str, indices))}}}")


def _parameter(value: Any, name: str) -> Parameter:
    """A Value of any engine (`.data`, `.grad`), or a number; TypeError for one that is not real."""
    held = hasattr(value, "grad")
    number, gradient = (value.data, value.grad) if held else (value, None)
    _real(number)
    return Parameter(name, printable(getattr(value, "label", "")), number, gradient)


def _real(number: Any) -> float:
    """The number as a float: the measures of lines need no more."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else -float("inf")


def _names(what: str, names: Sequence[str], width: int) -> list[str]:
    if names and len(names) != width:
        raise ValueError(f"{what} has {len(names)} names for {width} neurons: give one for each")
    return [typeset(printable(name)) for name in names]


# ── Drawing ─────────────────────────────────────────────────────────────────────────────────────────


class NetworkPicture(Picture):
    """What `viz.draw_network` gives. In a notebook it shows itself; `save` writes a file."""

    def __init__(
        self,
        layers: Layers,
        activations: Sequence[Sequence[Any]] = (),
        *,
        numbers: bool = False,
        digits: int | None = 3,
        show: str = "weights",
        theme: str = "auto",
        width: int | None = None,
        max_neurons: int = 10,
        inputs: Sequence[str] = (),
        outputs: Sequence[str] = (),
    ) -> None:
        check("show", show, SHOWN)
        check_whole("max_neurons", max_neurons)
        check_whole("width", 1 if width is None else width)
        check_whole("digits", 1 if digits is None else digits)
        parameters = (p for neurons in layers for n in neurons for p in (*n.weights, n.bias) if p)
        if show == "gradients" and any(p.gradient is None for p in parameters):
            raise ValueError("show='gradients' needs a model of Values; this one holds plain numbers")
        self.most = within(width)
        self.sizes = [len(layers[0][0].weights), *map(len, layers)]
        self.layers, self.activations = layers, activations
        self.numbers, self.digits, self.show = numbers, digits, show
        self.inputs = _names("inputs", inputs, self.sizes[0])
        self.outputs = _names("outputs", outputs, self.sizes[-1])
        self.cuts = distinct([*self.inputs, *self.outputs], LETTERS)
        self.slots = [_slots(size, max_neurons) for size in self.sizes]
        self._measure()
        super().__init__(self._scene(), theme)

    def _measure(self) -> None:
        """What is shown, what it is measured by, and where it stands."""
        shown = [[j for j in slots if j is not None] for slots in self.slots]
        layers = list(zip(self.layers, pairwise(shown), strict=True))
        self.weights = [[[layer[j].weights[k] for k in ks] for j in js] for layer, (ks, js) in layers]
        self.biases = [[bias for j in js if (bias := layer[j].bias)] for layer, (_, js) in layers]
        self.by_weight = self._scale([w for rows in self.weights for row in rows for w in row])
        self.by_bias = self._scale([bias for row in self.biases for bias in row])
        inside = [self._inside(level, j) for level, js in enumerate(shown, 1) for j in js]
        self.radius: float = max([RADIUS, *map(_radius, inside)])
        self.columns = self._place()

    def _number(self, parameter: Parameter) -> Any:
        """What the picture shows of a parameter."""
        return parameter.data if self.show == "weights" else parameter.gradient

    def _text(self, parameter: Parameter) -> str:
        return short(self._number(parameter), digits=self.digits)

    def _scale(self, parameters: Sequence[Parameter]) -> Scale:
        """What the sizes shown are measured by; infinities and nan are no measure."""
        sizes = (abs(_real(self._number(parameter))) for parameter in parameters)
        return Scale(max(filter(isfinite, sizes), default=0.0), len(parameters))

    def _share(self, parameter: Parameter, scale: Scale) -> float:
        """The size as a part of the largest; 1 for infinities and nan."""
        size = abs(_real(self._number(parameter)))
        return min(1.0, size / scale.largest) if scale.largest else 0.0

    def _inside(self, level: int, j: int) -> list[tuple[str, str]]:
        """What stands in a neuron, a line for each, with its kind: name, activation, bias."""
        lines = [("name", typeset(f"x_{j + 1}"))] if level == 1 else []
        if self.activations:
            lines.append(("activation", short(self.activations[level - 1][j], digits=self.digits)))
        if self.numbers and level > 1 and (bias := self.layers[level - 2][j].bias):
            lines.append(("figure", f"b={self._text(bias)}"))
        return lines

    # Measures

    def _place(self) -> list[list[Circle]]:
        """The columns from left to right, each in the middle of the height; sets the picture's size."""
        before = [0, *(len(slots) if self.numbers else 0 for slots in self.slots)]  # numbers, by column
        pitches = [max(2 * self.radius + SPACE, ROW * rows + SPACE) for rows in before[:-1]]
        height = max(len(slots) * pitch for slots, pitch in zip(self.slots, pitches, strict=True))
        columns = []
        self.dots: list[tuple[float, float, int]] = []  # where "⋮" stands, and the size of its layer
        for i, (x, slots, pitch) in enumerate(zip(self._across(height), self.slots, pitches, strict=True)):
            middle = (len(slots) - 1) / 2
            ys = [HEAD + (height - (len(slots) - 1) * pitch) / 2 + n * pitch for n in range(len(slots))]
            places = zip(slots, ys, strict=True)
            columns.append(
                [Circle(i + 1, j, n - middle, x, y) for n, (j, y) in enumerate(places) if j is not None]
            )
            if None in slots:
                self.dots.append((x, ys[slots.index(None)], self.sizes[i]))
        self.height = HEAD + height
        return columns

    def _across(self, height: float) -> list[float]:
        """The x of every column; of less width than they like, they stand nearer to each other."""
        left, right = (
            self.radius + _side([self.cuts[name] for name in names]) for names in (self.inputs, self.outputs)
        )
        self.rooms = [max(self._room(weight) for row in rows for weight in row) for rows in self.weights]
        steps = [2 * self.radius + (FAN + room if self.numbers else 0) for room in self.rooms]
        free = (self.most - left - right - fsum(steps)) / len(steps)
        gap = min(free, max(GAP, min(0.45 * height, 2.5 * GAP)))
        if gap < NARROW:
            more = ceil((NARROW - gap) * len(steps))
            raise ValueError(
                f"draw_network: the picture does not fit in its width: it takes {more} pixels more; "
                "allow more, or show no numbers"
            )
        xs = [*accumulate((step + gap for step in steps), initial=left)]
        self.width = min(xs[-1] + right, self.most)  # which a rounding error would make a pixel more
        return xs

    def _room(self, weight: Parameter) -> float:
        """The width that a number takes on its line."""
        return measure("figure", self._text(weight)) + 2 * STUB

    # Marks

    def _scene(self) -> Scene:
        """Lines, neurons, headings and what the lines are, and below them what else is to be said."""
        counted = self._counted()
        said = [counted, *([RINGS[self.show]] if any(self.biases) else [])]
        said += ["in a neuron: its activation"] if self.activations else []
        marks = *self._lines(), *self._neurons(), *self._headings(), *self._signs()
        summary = f"Network of {self._arrows()} neurons, from the inputs to the outputs; {counted}"
        return Scene(self.width, self.height + LEGEND, marks, summary).noted("; ".join(said), room=self.most)

    def _arrows(self) -> str:
        return " → ".join(map(str, self.sizes))

    def __repr__(self) -> str:
        return f"NetworkPicture({self._arrows()}, theme={self.theme!r})"

    def _counted(self) -> str:
        shown, total = self.by_weight.number, sum(m * n for m, n in pairwise(self.sizes))
        count = f"showing {shown:,} of {total:,}" if shown < total else f"{total:,}"
        return f"{count} {self.show}"

    def _lines(self) -> Iterator[Group]:
        """Every weight, the widest last so that it lies above the others."""
        lines = [
            (weight, source, neuron)
            for (before, after), rows in zip(pairwise(self.columns), self.weights, strict=True)
            for neuron, row in zip(after, rows, strict=True)
            for source, weight in zip(before, row, strict=True)
        ]
        lines.sort(key=lambda line: self._share(line[0], self.by_weight))
        return starmap(self._line, lines)

    def _line(self, weight: Parameter, source: Circle, neuron: Circle) -> Group:
        """A straight line, or with numbers two lines and the weight between them."""
        look = self._look(weight, self.by_weight)
        title, key = _title(weight), f"e{neuron.level}-{neuron.j}.{source.j}"
        start, end = (source.x, source.y), (neuron.x, neuron.y)
        if not self.numbers:
            return Group((_way(look, start, end, self.radius, self.radius),), title, key)
        y = neuron.y + ROW * source.place
        right = neuron.x - self.radius - FAN
        left = right - self.rooms[neuron.level - 2]  # of all numbers: a slanted line passes none of them
        first = _way(look, start, (left, y), self.radius, 0)
        level = straight(look.kind, (left, y), (right - self._room(weight), y))
        second = _way(look, (right, y), end, 0, self.radius)
        line = replace(first, steps=first.steps + level.steps[1:] + second.steps)
        return Group((line, Text("figure", right - STUB, y + 4, self._text(weight), END)), title, key)

    def _look(self, parameter: Parameter, scale: Scale) -> Stroke:
        """Colour and dashes by the sign, width and opacity by the size."""
        number = _real(self._number(parameter))
        if number == 0:
            return Stroke("zero", LOOKS["zero"].width, 1.0)
        return Stroke(
            "minus" if number < 0 else "plus", *strength(self._share(parameter, scale), scale.number)
        )

    def _neurons(self) -> Iterator[Mark]:
        yield from (self._neuron(spot) for column in self.columns for spot in column)
        for x, y, size in self.dots:
            yield from (Text("dots", x, y + 1, "⋮", MIDDLE), Text("note", x, y + 17, f"{size:,}", MIDDLE))
        yield from self._names(self.inputs, self.columns[0], END, -1)
        yield from self._names(self.outputs, self.columns[-1], START, 1)

    def _names(self, names: list[str], column: list[Circle], anchor: str, way: int) -> Iterator[Group]:
        """The names beside a column."""
        for spot in column if names else ():
            name, x = names[spot.j], spot.x + way * (self.radius + 8)
            yield Group((Text("figure", x, spot.y + 4, self.cuts[name], anchor),), name)

    def _neuron(self, spot: Circle) -> Group:
        """A neuron, its bias as its ring, with what stands in it."""
        level, j, _, x, y = spot
        title, marks = f"neuron {j + 1} of layer {level}", list[Mark]()
        if level == 1:
            title = f"{typeset(f'x_{j + 1}')}, input {j + 1} of {self.sizes[0]:,}"
        kind, r = "input" if level == 1 else "neuron", self.radius
        marks.append(Rect(kind, x - r, y - r, 2 * r, 2 * r, r))
        if level > 1 and (bias := self.layers[level - 2][j].bias):
            title += f"\n{_title(bias)}"
            look = self._look(bias, self.by_bias)
            marks.append(circle(look.kind, x, y, r, look.width))
        if self.activations:
            title += f"\nactivation {full(self.activations[level - 1][j])}"
        lines = self._inside(level, j)
        for i, (kind, text) in enumerate(lines):
            marks.append(Text(kind, x, y + 4 + ROW * (i - (len(lines) - 1) / 2), text, MIDDLE))
        return Group(tuple(marks), title, f"n{level}-{j}")

    def _headings(self) -> Iterator[Text]:
        hidden = ["hidden"] * (len(self.columns) - 2)
        for level, name in enumerate(("inputs", *hidden, "outputs"), 1):
            x = self.columns[level - 1][0].x
            yield from (Text("heading", x, 10, name, MIDDLE), Text("pale", x, 26, f"l = {level}", MIDDLE))

    def _signs(self) -> Iterator[Mark]:
        """Which lines are positive and which negative, below the picture."""
        y = self.height + LEGEND - 4
        for kind, sign, x in ("plus", "+", 0), ("minus", "−", 54):
            yield straight(kind, (x, y - 4), (x + 26, y - 4), width=2.5)
            yield Text("note", x + 32, y, sign)


def draw_network(model: Any, x: Sequence[Any] | None = None, **options: Any) -> NetworkPicture:
    """The picture of a network of fully connected layers.

    model        an object with `.layers`, each with `.neurons`, each with `.w` (a sequence of Values or
                 numbers) and `.b` (one more, or None), such as micrograd's MLP; or nested lists
                 [[(weights, bias), …], …], a list of neurons for each layer
    x            an input: each neuron then shows its activation, as the layers, called one after the
                 other, give it
    numbers      write every weight before its neuron, from the top in the order of the neurons that it
                 comes from, and every bias into its circle: `b=−0.5`
    digits       significant digits of the numbers; None: all of them
    show         "weights", or the "gradients" that the model's Values hold: the same picture of those
    theme        "light", "dark", or "auto": as the reader's system is set
    width        the most pixels that the picture may take across, with its margins
    max_neurons  show at most so many neurons of a layer; "⋮ 784" stands for the others
    inputs, outputs   names to write beside the first and the last column, one for each neuron

    TypeError for what is no model, or has no layers to call with x; ValueError for layers that do not fit
    together, and for a choice that does not exist.

    >>> draw_network([[([0.5, -1.0], 0.1), ([2.0, 0.0], -0.3)], [([1.0, 1.0], 0.0)]])
    NetworkPicture(2 → 2 → 1, theme='auto')
    """
    layers = read(model)
    return NetworkPicture(layers, () if x is None else _activations(model, x, layers), **options)


def _activations(model: Any, x: Sequence[Any], layers: Layers) -> list[list[Any]]:
    """The input, and what every layer makes of it."""
    called = getattr(model, "layers", model)
    if not all(map(callable, called)):
        raise TypeError("draw_network: x needs a model whose layers can be called, not lists of numbers")
    width = len(layers[0][0].weights)
    if not hasattr(x, "__len__") or len(x) != width:
        raise ValueError(f"draw_network: x must be a sequence of {width} numbers, not {x!r:.60}")
    columns = [list(x)]
    with no_grad():
        for layer in called:
            given = layer(columns[-1])
            columns.append(list(given) if hasattr(given, "__len__") else [given])
    return [[getattr(value, "data", value) for value in column] for column in columns]


def _slots(size: int, most: int) -> list[int | None]:
    """The indices of the neurons that stand, from the top; None for "⋮", where the others are left out."""
    if size <= most:
        return list(range(size))
    first = (most + 1) // 2
    return [*range(first), None, *range(size - most + first, size)]


def _radius(lines: list[tuple[str, str]]) -> float:
    """The radius of a circle around lines of text."""
    half = max((measure(*line) for line in lines), default=0) / 2
    return hypot(half + 3, 0.8 * ROW * (len(lines) - 1)) + 6 * (len(lines) == 1)


def _way(look: Stroke, start: Pair, end: Pair, leave: float, arrive: float) -> Path:
    """The straight line between two points, without its first and last so many pixels."""
    (x1, y1), (x2, y2) = start, end
    length = hypot(x2 - x1, y2 - y1)
    ux, uy = (x2 - x1) / length, (y2 - y1) / length
    ends = (x1 + leave * ux, y1 + leave * uy), (x2 - arrive * ux, y2 - arrive * uy)
    return replace(straight(look.kind, *ends, width=look.width), opacity=look.opacity)


def _side(names: list[str]) -> float:
    """The width of the names beside a column, or of half of its heading."""
    return max([30, *(measure("figure", name) + 8 for name in names)])


def _title(parameter: Parameter) -> str:
    """A parameter in full."""
    lines = [f"{parameter.name} = {full(parameter.data)}"]
    if parameter.gradient is not None:
        lines.append(f"gradient {full(parameter.gradient)}")
    return "\n".join([*lines, parameter.label] if parameter.label else lines)
