"""Emit: the array program as Python source against NumPy, to be read and to be run.

The source is a script that runs once for every batch size, with the globals n, dtype, np and kernels. It
makes the buffers, and defines bind(), which makes the views of the globals theta and gradient, and
step(*inputs), which fills the gradient and returns the value. (Globals, because a closure over as many
variables takes Python a time that grows with their square.)

    setup    lines of the script, for the buffers         views    lines of bind
    lines    lines of step; each is a pair of a line and its comment, the shape of the result
"""

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain, count
from keyword import iskeyword
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograd.op import Op
from autograd.program import kernels
from autograd.program.arrays import Array, Axes, Places, base
from autograd.program.contract import matmul, product
from autograd.program.memory import GIVEN, Memory
from autograd.program.patterns import View, slicing
from autograd.program.views import flat, reshaped, sliced, turned

NUMBERS = {0.0: "zero", 0.5: "half", 1.0: "one", 2.0: "two"}
RESERVED = {"n", "dtype", "np", "theta", "gradient", "bind", "step", "kernels"}  # names in every source


class Source:
    """The text of a program, and the namespace that it needs.

    output     what step returns                         gradient   what step fills; None: nothing
    inputs     the names of step's inputs                reduction  "mean" or "sum"
    """

    def __init__(self, output: Array, gradient: Array | None, reduction: str, inputs: Sequence[str]) -> None:
        self.output, self.gradient = output, gradient
        self.reduction = reduction
        self.inputs = inputs
        self.order = needed([output, gradient] if gradient else [output])
        self.memory = Memory(self.order, output, gradient)
        self.namespace: dict[str, Any] = {"np": np, "kernels": SimpleNamespace()}
        self.setup: list[str] = []
        self.views: list[tuple[str, str]] = []
        self.lines: list[tuple[str, str]] = []
        self.line_of: dict[Array, list[str]] = {}
        self._names: dict[Array, str] = {}
        self._taken = {*RESERVED, *inputs}
        self._count: dict[str, int] = defaultdict(lambda: 1)
        self._places: dict[Places, str] = {}
        self._kernels: dict[Any, str] = {}  # of rows, and of functions that belong to none
        self._numbers: dict[float, str] = {}
        self._of_batch: dict[str, str] = {}
        for array in self.order:
            bound, done = len(self.views), len(self.lines)
            self.write(array)
            self.line_of[array] = [line for line, _ in self.views[bound:] + self.lines[done:]]

    @property
    def text(self) -> str:
        """The whole source."""
        names = ", ".join(line.partition(" = ")[0] for line, _ in self.views)
        blocks = [
            self.setup,
            [
                "def bind():",
                *_block([(f"global {names}", "views")] * bool(names) + self.views or [("pass", "")]),
            ],
            [
                f"def step({', '.join(self.inputs)}):",
                *_block(self.lines),
                f"    return {self.name(self.output)}",
            ],
        ]
        return "\n\n\n".join("\n".join(block) for block in blocks if block) + "\n"

    def write(self, array: Array) -> None:
        """The lines that make an array."""
        for begun in self.memory.begins[array]:
            self.begin(begun)
        if array.op in GIVEN or isinstance(array.op, str):
            getattr(self, array.op)(array)
        else:
            self.row(array)

    def begin(self, array: Array) -> None:
        """The line that makes the place of an array."""
        name, (of, view) = self.name(array), self.memory.places[array]
        if view is not None:
            line = f"{name} = {sliced(self.name(of), of, view)}"  # type: ignore[arg-type]
            if base(of) is self.gradient:  # type: ignore[arg-type]
                self.views.append((line, shown(array)))
            else:
                self.setup.append(line)
        elif of is not None:
            other = self.name(of)
            again = other if of.shape == array.shape else reshaped(other, array.batched, array.shape)
            self.setup.append(f"{name} = {again}")
        elif array is not self.gradient:
            sizes = ["n"] * array.batched + [str(size) for size in array.shape]
            shape = f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"
            self.setup.append(f"{name} = np.empty({shape}, {array.type})")
        if array.op == "assemble" and not (array.how.disjoint and array.how.complete):
            self.lines.append((f"{name}[...] = 0", shown(array)))

    # ── Names ───────────────────────────────────────────────────────────────────────────────────────

    def name(self, array: Array) -> str:
        """The variable of an array: by the user's label, the gradient's array, or the operation."""
        if array not in self._names:
            if array is self.gradient:
                self._names[array] = "gradient"
            elif array.op == "input":
                self._names[array] = ["theta", *self.inputs][array.how]
            else:
                self._names[array] = self.free(self.stem(array))
        return self._names[array]

    def stem(self, array: Array) -> str:
        """What a name begins with: `z2` for the label z^2_{13}."""
        if array.gradient_of is not None:
            return f"d{self.name(array.gradient_of)}"
        if match := re.match(r"([^\W\d]\w*?)(?:\^(\d+))?(?:_.*)?$", array.label):
            return match[1] + (match[2] or "")
        return array.op if isinstance(array.op, str) else array.op.name

    def free(self, stem: str) -> str:
        """A name that nothing has yet; to Python the two letters µ (micro and mu) are one."""
        stem = unicodedata.normalize("NFKC", stem)
        if not stem.isidentifier() or iskeyword(stem):
            stem = "v"
        name = stem
        while name in self._taken:
            self._count[stem] += 1
            name = f"{stem}_{self._count[stem]}"
        self._taken.add(name)
        return name

    def arg(self, arg: Any) -> str:
        """An argument: a variable, or a number."""
        return self.name(arg) if isinstance(arg, Array) else literal(arg)

    def scalar(self, arg: Any) -> str:
        """An argument of a ufunc; for one number an array without axes, which takes half of the time."""
        if isinstance(arg, Array):
            alone = arg.op == "axes" and not arg.batched and arg.args[0].shape == ()
            return self.name(arg.args[0] if alone else arg)
        if arg not in self._numbers:
            self._numbers[arg] = self.free(NUMBERS.get(arg, "number"))
            self.setup.append(f"{self._numbers[arg]} = np.array({literal(arg)}, dtype)")
        return self._numbers[arg]

    def kernel(self, name: str, function: Callable[..., None], row: Op | None = None) -> str:
        """The name by which the source calls a kernel; two rows of one name are two kernels."""
        known, of = vars(self.namespace["kernels"]), row or function
        if of not in self._kernels:
            fit = name.isidentifier() and name.isascii() and not (iskeyword(name) or name.startswith("__"))
            names = chain([name] * fit, map("row{}".format, count()))
            self._kernels[of] = next(name for name in names if name not in known)
            known[self._kernels[of]] = function
        return f"kernels.{self._kernels[of]}"

    def places(self, places: Places) -> str:
        """The name of an array of places."""
        if places not in self._places:
            name = self._places[places] = self.free(f"places{len(self._places) + 1}")
            self.namespace[name] = places.numbers
        return self._places[places]

    # ── Lines, by operation ─────────────────────────────────────────────────────────────────────────

    def line(self, array: Array, text: str) -> None:
        """A line of step, or of the script if it does the same in every step."""
        if array in self.memory.steady:
            self.setup.append(text)
        else:
            self.lines.append((text, shown(array)))

    def call(self, array: Array, function: str, *args: str) -> None:
        """A call that writes its result into the array's buffer."""
        self.line(array, f"{function}({', '.join([*args, f'out={self.name(array)}'])})")

    def input(self, array: Array) -> None:
        """Given to step."""

    def constant(self, array: Array) -> None:
        """Numbers in the namespace, in the type of the step."""
        given = self.free("numbers")
        self.namespace[given] = np.array(array.how)
        self.setup.append(f"{self.name(array)} = {given}.astype(dtype)")

    def seed(self, array: Array) -> None:
        """1/n or 1: the gradient of the result with respect to each example's."""
        self.setup.append(
            f"{self.name(array)} = np.array({'1 / n' if self.reduction == 'mean' else 1}, dtype)"
        )

    def count(self, array: Array) -> None:
        """The batch's n."""
        self.setup.append(f"{self.name(array)} = np.array(n, dtype)")

    def value(self, array: Array) -> None:
        """The mean or the sum of what the examples gave."""
        (x,) = array.args
        shares = "np.full(n, 1 / n, dtype)" if self.reduction == "mean" else "np.ones(n, dtype)"
        line = f"{self.name(array)} = np.dot({self.arg(x)}, {self.of_batch('shares', shares)})"
        self.lines.append((line, "one number"))

    def of_batch(self, stem: str, text: str) -> str:
        """The name of an array that depends on the batch's n alone."""
        if stem not in self._of_batch:
            self._of_batch[stem] = self.free(stem)
            self.setup.append(f"{self._of_batch[stem]} = {text}")
        return self._of_batch[stem]

    def view(self, array: Array) -> None:
        """A view, made once if what it shows is a buffer."""
        (source,) = array.args
        self.alias(array, sliced(self.name(source), source, array.how))

    def axes(self, array: Array) -> None:
        """The axes in another order."""
        (source,) = array.args
        self.alias(array, turned(self.name(source), source.batched, len(source.shape), array.how))

    def alias(self, array: Array, text: str) -> None:
        """Another name for what a text shows."""
        line, shows = f"{self.name(array)} = {text}", base(array)
        if shows.op == "input" and shows.batched:
            self.lines.append((line, shown(array)))
        elif shows.op == "input" or shows is self.gradient:
            self.views.append((line, shown(array)))
        else:
            self.setup.append(line)

    def row(self, array: Array) -> None:
        """A row of the table: a ufunc of NumPy, or a kernel."""
        op: Op = array.op  # type: ignore[assignment]
        ufunc = kernels.UFUNCS.get(op)
        if ufunc:
            self.call(array, f"np.{ufunc}", *map(self.scalar, array.args))
        else:
            self.call(array, self.kernel(op.name, kernels.kernel(op), op), *map(self.arg, array.args))

    def gather(self, array: Array) -> None:
        """Elements at places; "clip" spares the check of places that are right by construction."""
        (source,) = array.args
        whole_ = flat(self.name(source), source)
        self.call(
            array, "np.take", whole_, self.places(array.how), f"axis={int(source.batched)}", "mode='clip'"
        )

    def copy(self, array: Array) -> None:
        """A broadcast array in full."""
        self.line(array, f"{self.name(array)}[...] = {self.arg(array.args[0])}")

    def masked(self, array: Array) -> None:
        """A number in the gaps."""
        kernel = self.kernel("masked", kernels.masked)
        self.call(
            array, kernel, self.arg(array.args[0]), self.places(array.how.seen), literal(array.how.fill)
        )

    def mended(self, array: Array) -> None:
        """A sum of products, of those that count."""
        labels, own, seen, arriving = array.how
        how = [repr(labels), repr(own), self.places(seen) if seen else "None", repr(arriving)]
        self.call(array, self.kernel("mended", kernels.mended), *how, *map(self.arg, array.args))

    def join(self, array: Array) -> None:
        """Arrays side by side."""
        start = 0
        for arg in array.args:
            place = sliced(self.name(array), array, View(start, arg.shape, (1,) * (arg.size > 1) or (0,)))
            self.line(array, f"{place}[...] = {self.arg(arg)}")
            start += arg.size

    def assemble(self, array: Array) -> None:
        """What has not been computed where it belongs goes there."""
        sign = "=" if array.how.disjoint else "+="
        for part, places in zip(array.args, array.how.places, strict=True):
            if part in self.memory.parts:
                continue
            if isinstance(places, View) and slicing(places, array.size) is not None:
                place = sliced(self.name(array), array, places)
                self.lines.append((f"{place}[...] {sign} {self.arg(part)}", shown(part)))
            else:  # every place stands there once
                index = f"[{':, ' * array.batched}{self.places(Places(places.places()))}]"
                place = flat(self.name(array), array) + index
                self.lines.append((f"{place} {sign} {self.arg(part)}", shown(part)))

    def sum(self, array: Array) -> None:
        """The sum over axes."""
        (x,) = array.args
        if array.how == Axes((), True) and len(x.shape) == 1:  # by BLAS: a third of the time at n = 1,000
            self.call(array, "np.matmul", self.of_batch("ones", "np.ones(n, dtype)"), self.arg(x))
            return
        axes = [0] * array.how.batch + [axis + x.batched for axis in array.how.axes]
        self.call(array, "np.add.reduce", self.arg(x), f"axis={axes[0] if len(axes) == 1 else tuple(axes)}")

    def max(self, array: Array) -> None:
        """The greatest element over axes."""
        self.call(array, "np.maximum.reduce", self.arg(array.args[0]), f"axis={self.axes_of(array)}")

    def others(self, array: Array) -> None:
        """The sum over axes, but for a greatest element of 1."""
        kernel = self.kernel("others", kernels.others)
        self.call(array, kernel, self.arg(array.args[0]), f"axis={self.axes_of(array)}")

    def axes_of(self, array: Array) -> tuple[int, ...]:
        """The axes that an array was reduced over."""
        return tuple(axis + array.args[0].batched for axis in array.how.axes)

    def finite(self, array: Array) -> None:
        """What to shift by."""
        self.call(array, self.kernel("finite", kernels.finite), self.arg(array.args[0]))

    def segment_sum(self, array: Array) -> None:
        """The sums of segments."""
        (x,) = array.args
        self.call(array, "np.add.reduceat", self.arg(x), self.places(array.how), "axis=-1")

    def segment_max(self, array: Array) -> None:
        """The greatest elements of segments."""
        (x,) = array.args
        self.call(array, "np.maximum.reduceat", self.arg(x), self.places(array.how), "axis=-1")

    def segment_others(self, array: Array) -> None:
        """The sums of segments, but for a greatest element of 1."""
        kernel = self.kernel("segment_others", kernels.segment_others)
        self.call(array, kernel, self.arg(array.args[0]), self.places(array.how))

    def take(self, array: Array) -> None:
        """A choice by index."""
        self.call(array, self.kernel("take", kernels.take), *map(self.arg, array.args))

    def untake(self, array: Array) -> None:
        """The gradient of the choices."""
        self.call(array, self.kernel("untake", kernels.untake), *map(self.arg, array.args))

    def sequence(self, array: Array) -> None:
        """A row on sequences."""
        row = partial(kernels.sequence, array.how)
        self.call(array, self.kernel(array.how.name, row, array.how), self.arg(array.args[0]))

    def einsum(self, array: Array) -> None:
        """A matrix product, or any other sum of products."""
        names, form = [self.arg(arg) for arg in array.args], product(*array.how)
        left, right, out = array.how
        if form is not None:
            self.line(array, matmul(array, form, names, self.name(array)))
        elif left == right == out + left[-1]:
            self.call(array, self.kernel("vecdot", kernels.vecdot), *names)
        else:
            self.call(array, "np.einsum", repr("{},{}->{}".format(*array.how)), *names)


def _block(lines: Sequence[tuple[str, str]]) -> list[str]:
    """Lines of a function, with their comments one below the other."""
    width = max([len(line) for line, _ in lines if len(line) <= 80], default=0)
    return [f"    {line:{width}}  # {comment}".rstrip(" #") for line, comment in lines]


def literal(number: float) -> str:
    """A constant as the source shows it: 2 for 2.0."""
    if math.isfinite(number):
        return repr(int(number) if number.is_integer() else number)
    return "np.nan" if math.isnan(number) else "np.inf" if number > 0 else "-np.inf"


def shown(array: Array) -> str:
    """The shape as a comment shows it."""
    return f"({', '.join(['n'] * array.batched + [str(size) for size in array.shape])})"


def needed(outputs: Sequence[Array]) -> list[Array]:
    """The arrays that the outputs depend on, in topological order."""
    live, stack = set(), [*outputs]
    while stack:
        array = stack.pop()
        if array not in live:
            live.add(array)
            stack.extend(arg for arg in array.args if isinstance(arg, Array))
    return sorted(live, key=lambda array: array.number)
