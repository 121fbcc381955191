"""A neural network as Nielsen draws it: neurons as circles in columns, weights as lines, inputs at the left.

    l   layer, `level` in the code, counted as Nielsen counts: the inputs are layer 1, the first weights w^2
    j   neuron of layer l        w^l_{j,k}   weight of the line from neuron k of layer l − 1 to neuron j
    k   neuron of layer l − 1    b^l_j       bias of neuron j, drawn as its ring

Sign is shown twice, by colour (blue +, orange −) and by dashes (−), so that the picture can be read in
grey; size by width. Of a wide layer the first and the last neurons stand, and "⋮ 784" between them.

No library of networks is known here: a model is what has `.layers` with `.neurons` with `.w` and `.b`.

Source: Nielsen, Neural Networks and Deep Learning (2015), chapters 1 and 2.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, starmap
from math import hypot, isfinite
from typing import Any, NamedTuple

from autograd.op import printable
from viz.drawing import Drawing
from viz.frame import group, page, text
from viz.options import THEMES, check, check_whole
from viz.text import clip, full, mono_width, short

RADIUS, SPACE = 15, 12  # of a circle; between two neurons of a column
NAME, NUMBER = 12.5, 11  # font sizes
ROW = 15  # height of a number in the column of numbers before a neuron
STUB, FAN = 4, 22  # beside a number; between the numbers and their neuron
GAP = 120  # the least distance between two columns of circles
HEAD, FOOT = 36, 42  # the headings above the columns, the legend below
THIN, THICK = 0.7, 4.5  # widths of the lines
FAINT = 0.5  # opacity of the thinnest line
LETTERS = 20  # of a name; the title has it whole
PLAIN = ' stroke-width="1"'  # a zero
SHOWN = ("weights", "gradients")

RULES = f"""
text{{font:{NUMBER}px ui-monospace,Menlo,"DejaVu Sans Mono",Consolas,monospace}}
.name{{font:700 {NAME}px Arial,Helvetica,"DejaVu Sans",sans-serif}}
.name,.middle,.inside,.bias,.dots{{text-anchor:middle}}
.inside{{font-weight:700}}
.dots{{font-size:20px}}
.number,.left{{text-anchor:end}}
.plus,.minus,.zero{{fill:none}}
.minus{{stroke-dasharray:6 4}}
"""

COLOURS = """
.plus{{stroke:{data}}}
.minus{{stroke:{gradient}}}
.zero{{stroke:{border}}}
.input{{fill:{leaf}}}
.neuron{{fill:{card}}}
.name,.inside,.left,.right,.number,.bias{{fill:{name}}}
.middle,.dots,.legend{{fill:{pale}}}
"""


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


class Circle(NamedTuple):
    """Where a neuron stands."""

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
            row = tuple(_parameter(w, f"w^{level}_{{{j},{k}}}") for k, w in enumerate(weights, 1))
            yield Neuron(row, None if bias is None else _parameter(bias, f"b^{level}_{j}"))
        except (TypeError, ValueError) as error:
            remedy = "it needs .w and .b, or (weights, bias), of real numbers"
            raise TypeError(f"neuron {j} of layer {level} is {neuron!r:.60}; {remedy}") from error


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
    return [printable(name) for name in names]


# ── Drawing ─────────────────────────────────────────────────────────────────────────────────────────


class NetworkPicture(Drawing):
    """What `viz.draw_network` gives. In a notebook it shows itself; `save` writes a file, .svg or .png."""

    def __init__(
        self,
        layers: Layers,
        *,
        numbers: bool = False,
        digits: int | None = 3,
        show: str = "weights",
        theme: str = "auto",
        max_neurons: int = 10,
        inputs: Sequence[str] = (),
        outputs: Sequence[str] = (),
    ) -> None:
        check("theme", theme, THEMES)
        check("show", show, SHOWN)
        check_whole("max_neurons", max_neurons)
        check_whole("digits", 1 if digits is None else digits)
        parameters = (p for neurons in layers for n in neurons for p in (*n.weights, n.bias) if p)
        if show == "gradients" and any(p.gradient is None for p in parameters):
            raise ValueError("show='gradients' needs a model of Values; this one holds plain numbers")
        self.sizes = [len(layers[0][0].weights), *map(len, layers)]
        self.layers, self.numbers, self.digits, self.show, self.theme = layers, numbers, digits, show, theme
        self.inputs = _names("inputs", inputs, self.sizes[0])
        self.outputs = _names("outputs", outputs, self.sizes[-1])
        self.slots = [_slots(size, max_neurons) for size in self.sizes]
        self._measure()

    def _measure(self) -> None:
        """What is shown, what it is measured by, and where it stands."""
        shown = [[j for j in slots if j is not None] for slots in self.slots]
        layers = list(zip(self.layers, pairwise(shown), strict=True))
        self.weights = [[[layer[j].weights[k] for k in ks] for j in js] for layer, (ks, js) in layers]
        self.biases = [[bias for j in js if (bias := layer[j].bias)] for layer, (_, js) in layers]
        self.largest_weight = self._largest(w for rows in self.weights for row in rows for w in row)
        self.largest_bias = self._largest(bias for row in self.biases for bias in row)
        inside = [mono_width(self._text(b), NUMBER) + 14 for row in self.biases for b in row]
        name = mono_width(f"x{self.sizes[0]}", NUMBER) + 4
        self.radius: float = max([2 * RADIUS, name, *(inside if self.numbers else ())]) / 2
        self.columns = self._place()

    def _number(self, parameter: Parameter) -> Any:
        """What the picture shows of a parameter."""
        return parameter.data if self.show == "weights" else parameter.gradient

    def _text(self, parameter: Parameter) -> str:
        return short(self._number(parameter), digits=self.digits)

    def _largest(self, parameters: Iterable[Parameter]) -> float:
        """The largest magnitude among the numbers shown; infinities and nan count as no measure."""
        sizes = (abs(_real(self._number(parameter))) for parameter in parameters)
        return max((size for size in sizes if isfinite(size)), default=0.0)

    def _share(self, parameter: Parameter, largest: float) -> float:
        """The magnitude as a part of the largest; 1 for infinities and nan."""
        return min(1.0, abs(_real(self._number(parameter))) / largest) if largest else 0.0

    # Measures

    def _place(self) -> list[list[Circle]]:
        """The columns from left to right, each in the middle of the height; sets the picture's size."""
        before = [0, *(len(slots) if self.numbers else 0 for slots in self.slots)]  # numbers, by column
        pitches = [max(2 * self.radius + SPACE, ROW * rows + SPACE) for rows in before[:-1]]
        height = max(len(slots) * pitch for slots, pitch in zip(self.slots, pitches, strict=True))
        gap = 2 * self.radius + max(GAP, min(0.4 * height, 2 * GAP))
        columns, x = [], self.radius + _side(self.inputs)
        self.cuts: list[tuple[float, float, int]] = []  # where "⋮" stands, and the size of its layer
        for i, (slots, pitch) in enumerate(zip(self.slots, pitches, strict=True)):
            if i:
                rooms = (self._room(weight) for row in self.weights[i - 1] for weight in row)
                x += gap + (FAN + max(rooms) if self.numbers else 0)
            middle = (len(slots) - 1) / 2
            ys = [HEAD + (height - (len(slots) - 1) * pitch) / 2 + n * pitch for n in range(len(slots))]
            places = zip(slots, ys, strict=True)
            columns.append([Circle(j, n - middle, x, y) for n, (j, y) in enumerate(places) if j is not None])
            if None in slots:
                self.cuts.append((x, ys[slots.index(None)], self.sizes[i]))
        self.width = x + self.radius + _side(self.outputs)
        self.height = HEAD + height + FOOT
        return columns

    def _room(self, weight: Parameter) -> float:
        """The width that a number takes on its line."""
        return mono_width(self._text(weight), NUMBER) + 2 * STUB

    # Shapes

    def render(self, theme: str) -> str:
        """The picture as SVG in a theme."""
        body = [*self._lines(), *self._neurons(), *self._headings(), *self._legend()]
        return page("\n".join(body), self.width, self.height, self.summary(), RULES, COLOURS, theme)

    def summary(self) -> str:
        """What the picture shows, for who cannot see it."""
        return f"Network of {self._arrows()} neurons, from the inputs to the outputs; {self._counted()}"

    def _arrows(self) -> str:
        return " → ".join(map(str, self.sizes))

    def __repr__(self) -> str:
        return f"NetworkPicture({self._arrows()}, theme={self.theme!r})"

    def _counted(self) -> str:
        shown = sum(len(row) for rows in self.weights for row in rows)
        total = sum(m * n for m, n in pairwise(self.sizes))
        count = f"showing {shown:,} of {total:,}" if shown < total else f"{total:,}"
        return f"{count} {self.show}"

    def _lines(self) -> Iterator[str]:
        """Every weight, the widest last so that it lies above the others."""
        lines = [
            (weight, source, neuron)
            for (before, after), rows in zip(pairwise(self.columns), self.weights, strict=True)
            for neuron, row in zip(after, rows, strict=True)
            for source, weight in zip(before, row, strict=True)
        ]
        lines.sort(key=lambda line: self._share(line[0], self.largest_weight))
        return starmap(self._line, lines)

    def _line(self, weight: Parameter, source: Circle, neuron: Circle) -> str:
        """A straight line, or with numbers two lines and the weight between them."""
        kind, size = self._look(weight, self.largest_weight)
        start, end = (source.x, source.y), (neuron.x, neuron.y)
        parts: list[str] = []
        if self.numbers:
            y = neuron.y + ROW * source.place
            right = neuron.x - self.radius - FAN
            way = _way(start, (right - self._room(weight), y), self.radius, 0)
            way += _way((right, y), end, 0, self.radius)
            parts.append(text("number", right - STUB, y + 4, self._text(weight)))
        else:
            way = _way(start, end, self.radius, self.radius)
        return group(_title(weight), f'<path class="{kind}" d="{way}"{size}/>', *parts)

    def _look(self, parameter: Parameter, largest: float) -> tuple[str, str]:
        """The class that gives the colour and the dashes, and the attributes that give the width."""
        number, share = _real(self._number(parameter)), self._share(parameter, largest)
        if number == 0:
            return "zero", PLAIN
        width, opacity = THIN + (THICK - THIN) * share, FAINT + (1 - FAINT) * share
        look = f' stroke-width="{width:.2f}" stroke-opacity="{opacity:.2f}"'
        return "minus" if number < 0 else "plus", look

    def _neurons(self) -> Iterator[str]:
        for level, column in enumerate(self.columns, 1):
            yield from (self._neuron(level, circle) for circle in column)
        for x, y, size in self.cuts:
            yield from (text("dots", x, y + 1, "⋮"), text("middle", x, y + 17, f"{size:,}"))
        yield from self._names(self.inputs, self.columns[0], "left", -1)
        yield from self._names(self.outputs, self.columns[-1], "right", 1)

    def _names(self, names: list[str], column: list[Circle], kind: str, way: int) -> Iterator[str]:
        """The names beside a column."""
        for circle in column if names else ():
            name, x = names[circle.j], circle.x + way * (self.radius + 8)
            yield group(name, text(kind, x, circle.y + 4, clip(name, LETTERS)))

    def _neuron(self, level: int, circle: Circle) -> str:
        """A neuron, its bias as its ring; of an input the name."""
        j, _, x, y = circle
        kind, size, inside = "zero", PLAIN, ""
        if level == 1:
            name = f"x{j + 1}"
            title, inside = f"{name}, input {j + 1} of {self.sizes[0]:,}", text("inside", x, y + 4, name)
        else:
            title = f"neuron {j + 1} of layer {level}"
            if bias := self.layers[level - 2][j].bias:
                title += f"\n{_title(bias)}"
                kind, size = self._look(bias, self.largest_bias)
                inside = text("bias", x, y + 4, self._text(bias)) if self.numbers else ""
        kind = f"{'input' if level == 1 else 'neuron'} {kind}"
        ring = f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{self.radius:.1f}"{size}/>'
        return group(title, ring, inside)

    def _headings(self) -> Iterator[str]:
        hidden = ["hidden"] * (len(self.columns) - 2)
        for level, name in enumerate(("inputs", *hidden, "outputs"), 1):
            x = self.columns[level - 1][0].x
            yield from (text("name", x, 10, name), text("middle", x, 26, f"l = {level}"))

    def _legend(self) -> Iterator[str]:
        """What the lines mean, below the picture."""
        y = self.height - 16
        for kind, sign, x in ("plus", "+", 0), ("minus", "−", 54):
            yield f'<path class="{kind}" d="M{x} {y - 4:.1f}h26" stroke-width="2.5"/>'
            yield text("legend", x + 32, y, sign)
        if any(self.biases):
            yield text("legend", 110, y, "ring: bias" if self.show == "weights" else "ring: bias gradient")
        yield text("legend", 0, y + 16, self._counted())


def draw_network(model: Any, **options: Any) -> NetworkPicture:
    """The picture of a network of fully connected layers.

    model        an object with `.layers`, each with `.neurons`, each with `.w` (a sequence of Values or
                 numbers) and `.b` (one more, or None), such as micrograd's MLP; or nested lists
                 [[(weights, bias), …], …], a list of neurons for each layer
    numbers      write every weight before its neuron, from the top in the order of the neurons that it
                 comes from, and every bias into its circle
    digits       significant digits of the numbers; None: all of them
    show         "weights", or the "gradients" that the model's Values hold: the same picture of those
    theme        "light", "dark", or "auto": as the reader's system is set
    max_neurons  show at most so many neurons of a layer; "⋮ 784" stands for the others
    inputs, outputs   names to write beside the first and the last column, one for each neuron

    TypeError for what is no model; ValueError for layers that do not fit together, and for a choice that
    does not exist.

    >>> draw_network([[([0.5, -1.0], 0.1), ([2.0, 0.0], -0.3)], [([1.0, 1.0], 0.0)]])
    NetworkPicture(2 → 2 → 1, theme='auto')
    """
    return NetworkPicture(read(model), **options)


def _slots(size: int, most: int) -> list[int | None]:
    """The indices of the neurons that stand, from the top; None for "⋮", where the others are left out."""
    if size <= most:
        return list(range(size))
    first = (most + 1) // 2
    return [*range(first), None, *range(size - most + first, size)]


def _way(start: tuple[float, float], end: tuple[float, float], leave: float, arrive: float) -> str:
    """The straight path between two points, without its first and last so many pixels."""
    (x1, y1), (x2, y2) = start, end
    length = hypot(x2 - x1, y2 - y1)
    ux, uy = (x2 - x1) / length, (y2 - y1) / length
    x1, y1, x2, y2 = x1 + leave * ux, y1 + leave * uy, x2 - arrive * ux, y2 - arrive * uy
    return f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"


def _side(names: list[str]) -> float:
    """The width of the names beside a column, or of half of its heading."""
    return max([30, *(mono_width(clip(name, LETTERS), NUMBER) + 8 for name in names)])


def _title(parameter: Parameter) -> str:
    """A parameter in full."""
    lines = [f"{parameter.name} = {full(parameter.data)}"]
    if parameter.gradient is not None:
        lines.append(f"gradient {full(parameter.gradient)}")
    return "\n".join([*lines, parameter.label] if parameter.label else lines)
