"""Emit: the array program as Python source against NumPy.

    bind(n, dtype)                      makes the buffers for a batch of n, and returns
    step(theta, *inputs, gradient)      which fills `gradient` and returns the value

Every array that is not a view gets a buffer. A buffer is used again once nothing needs what it holds, and in
place where a row allows it, so a step allocates nothing that NumPy does not allocate itself. What assembles
an array from parts (the gradient of theta, above all) lets the parts be written where they belong.
"""

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from keyword import iskeyword
from math import prod
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograd import ops
from autograd.ops import Op
from autograd.program import kernels
from autograd.program.arrays import VIEWS, N, Array, Assembly, Places, whole
from autograd.program.patterns import View, slicing

RESERVED = {"n", "dtype", "np", "theta", "gradient", "step", "bind", "kernels"}  # names in every source
LEAVES = {"theta", "input", "constant", "seed", "count"}
STEADY = {"constant", "seed", "count"}
IN_PLACE = {ops.sigmoid, ops.relu, ops.step, ops.softplus, ops.log_sigmoid, *kernels.UFUNCS}


class Source:
    """The text of a program and the names that it uses."""

    def __init__(
        self, outputs: Sequence[Array], gradient: Array | None, reduction: str, inputs: Sequence[str]
    ) -> None:
        self.outputs = outputs
        self.gradient = gradient
        self.names: dict[Array, str] = {}
        self.taken = set(RESERVED)
        self.namespace: dict[str, Any] = {"np": np, "kernels": SimpleNamespace()}
        self.line_of: dict[Array, list[str]] = {}
        self.known: dict[Places, str] = {}
        self.setup: list[str] = []  # lines of bind
        self.lines: list[tuple[str, str]] = []  # (line, comment) of step
        self.order = needed([*outputs, *([gradient] if gradient else [])])
        self.inputs = list(inputs)
        self.taken.update(inputs)
        self.reduction = reduction
        self.write()

    # ── The whole ───────────────────────────────────────────────────────────────────────────────────

    def write(self) -> None:
        """Name every array, and write its lines in order."""
        self.plan()
        for at, array in enumerate(self.order):
            self.at, before = at, len(self.lines)
            self.name(array)
            if array.op in LEAVES:
                self.leaf(array)
            elif array.op in ("view", "axes"):
                self.alias(array)
            else:
                self.buffer(array)
                getattr(self, array.op)(array) if isinstance(array.op, str) else self.row(array)
            self.free(at)
            self.line_of[array] = [line for line, _ in self.lines[before:]]

    def text(self) -> str:
        """The source, to print and to run."""
        width = max([len(line) for line, _ in self.lines if len(line) < 76], default=0)
        body = [f"{line:{width}}  # {comment}" if comment else line for line, comment in self.lines]
        arguments = ["theta", *self.inputs]
        if self.gradient:
            arguments.append("gradient")
        (value,) = self.outputs
        return "\n".join(
            [
                "def bind(n, dtype):",
                *["    " + line for line in self.setup],
                "",
                f"    def step({', '.join(arguments)}):",
                *["        " + line for line in body],
                f"        return {self.names[value]}",
                "",
                "    return step",
                "",
            ]
        )

    # ── Which buffer, and until when ────────────────────────────────────────────────────────────────

    def plan(self) -> None:
        """The last use of every array with a buffer, and the parts that are written in place."""
        self.last: dict[Array, int] = {}
        uses: dict[Array, int] = defaultdict(int)
        for at, array in enumerate(self.order):
            for arg in array.args:
                if isinstance(arg, Array):
                    self.last[base(arg)] = at
                    uses[arg] += 1
        for output in [*self.outputs, *([self.gradient] if self.gradient else [])]:
            self.last[base(output)] = len(self.order)
        self.steady: set[Array] = set()  # the same in every step: computed in bind
        for array in self.order:
            steady = [arg in self.steady or not isinstance(arg, Array) for arg in array.args]
            if array.op in STEADY or (
                all(steady) and array.args and (isinstance(array.op, Op) or array.op == "axes")
            ):
                self.steady.add(array)
                self.last[array] = len(self.order)
        self.target: dict[Array, tuple[Array, View]] = {}  # part → (assembled array, its place there)
        for array in self.order:
            if array.op == "assemble" and array.how.disjoint:
                for part, places in zip(array.args, array.how.places, strict=True):
                    if uses[part] == 1 and part not in self.steady and self.fits(part, array, places):
                        self.target[part] = array, places
        self.dying: dict[int, list[Array]] = defaultdict(list)
        for array, at in self.last.items():
            self.dying[at].append(array)
        self.spare: dict[Any, list[str]] = defaultdict(list)  # free buffers by what they can hold
        self.placed: set[Array] = set()
        self.store: dict[Array, Any] = {}

    def fits(self, part: Array, whole_: Array, places: Any) -> bool:
        """Whether a part can be computed in the place where it belongs."""
        if not isinstance(places, View) or part.shape != places.shape or part.batched != whole_.batched:
            return False
        if part.op in VIEWS or part.op in LEAVES or slicing(places, whole_.size) is None:
            return False
        if part.op == "einsum":
            plan = matmul(*part.how)
            return plan is not None and len(plan.m) == len(plan.n) == 1
        return part.op == "sum" or isinstance(part.op, Op)

    def kind(self, array: Array) -> tuple[bool, int, str]:
        """What a buffer must be like to hold an array."""
        return array.batched, array.size, "bool" if array.op in kernels.BOOLEAN else "dtype"

    def buffer(self, array: Array) -> None:
        """Give an array its place: a part of another, an argument's that ends here, a spare one, a new one."""
        if array in self.placed:
            return
        self.placed.add(array)
        name = self.names[array]
        if array in self.target:
            target, places = self.target[array]
            self.name(target)
            self.buffer(target)
            line = f"{name} = {self.slice(self.names[target], target, places)}"
            if target is self.gradient:
                self.lines.append((line, shown(array)))
            else:
                self.setup.append(line)
        elif array is not self.gradient:
            self.allocate(array)
        if array.op == "assemble" and not (array.how.disjoint and array.how.complete):
            self.lines.append((f"{name}[...] = 0", shown(array)))

    def allocate(self, array: Array) -> None:
        name, kind = self.names[array], self.kind(array)
        if array.op in IN_PLACE and array not in self.steady:
            for arg in array.args:
                if (
                    isinstance(arg, Array)
                    and arg in self.store
                    and self.last[arg] == self.at
                    and ((arg.shape, self.kind(arg)) == (array.shape, kind))
                ):
                    self.store[array] = self.store.pop(arg)
                    self.setup.append(f"{name} = {self.names[arg]}")
                    return
        shape = ", ".join(["n"] * array.batched + [str(size) for size in array.shape])
        shape = f"({shape},)" if shape and "," not in shape else f"({shape})"
        if self.spare[kind] and array not in self.steady:
            self.store[array] = self.spare[kind].pop()
            self.setup.append(f"{name} = {self.store[array]}.reshape({shape})")
        else:
            self.store[array] = name
            self.setup.append(f"{name} = np.empty({shape}, {kind[2]})")

    def free(self, at: int) -> None:
        """Note the buffers that nothing needs any more."""
        for array in self.dying[at]:
            if array in self.store:
                self.spare[self.kind(array)].append(self.store.pop(array))

    # ── Names ───────────────────────────────────────────────────────────────────────────────────────

    def name(self, array: Array) -> None:
        if array in self.names:
            return
        if array is self.gradient:
            self.names[array] = "gradient"
            return
        if array.op in ("theta", "input"):
            self.names[array] = "theta" if array.op == "theta" else self.inputs[array.how]
            return
        stem = array.op if isinstance(array.op, str) else array.op.name
        if array.gradient_of is not None:
            self.name(array.gradient_of)
            stem = f"d{self.names[array.gradient_of]}"
        if match := re.match(r"([^\W\d]\w*?)(?:\^(\d+))?(?:_.*)?$", array.label):
            stem = match[1] + (match[2] or "")
        if not stem.isidentifier() or iskeyword(stem):
            stem = "v"
        name, i = stem, 1
        while name in self.taken:
            i += 1
            name = f"{stem}_{i}"
        self.taken.add(name)
        self.names[array] = name

    def leaf(self, array: Array) -> None:
        name = self.names[array]
        if array.op == "constant":
            self.namespace[name] = np.array(array.how)
            self.setup.append(f"{name} = {name}_.astype(dtype)")
            self.namespace[f"{name}_"] = self.namespace.pop(name)
        elif array.op == "seed":
            self.setup.append(f"{name} = np.array({'1 / n' if self.reduction == 'mean' else '1'}, dtype)")
        elif array.op == "count":
            self.setup.append(f"{name} = np.array(n, dtype)")

    def alias(self, array: Array) -> None:
        """A view: made once, in bind, where what it views is a buffer."""
        (source,) = array.args
        name = self.names[source]
        text = (
            self.slice(name, source, array.how) if array.op == "view" else self.turn(name, source, array.how)
        )
        line = f"{self.names[array]} = {text}"
        if base(array).op in ("theta", "input"):
            self.lines.append((line, shown(array)))
        else:
            self.setup.append(line)

    def slice(self, name: str, source: Array, view: View) -> str:
        """A view of a flat array as slices and reshapes."""
        colon = ":, " * source.batched
        if view == whole(view.shape) and prod(view.shape) == source.size:
            return reshaped(name, source.batched, view.shape)
        found = slicing(view, source.size)
        assert found is not None
        cuts, order = found
        text = flat(name, source)
        size, axes = source.size, 0
        for cut in cuts:
            if (cut.start, cut.stop, cut.step) != (0, size, 1):
                step = f":{cut.step}" if cut.step > 1 else ""
                text += f"[{colon}{':, ' * axes}{cut.start}:{cut.stop}{step}]"
            if cut.rows:
                size = (cut.stop - cut.start) // cut.rows
                done = [view.shape[axis] for axis in order[:axes]]
                text = reshaped(text, source.batched, [*done, cut.rows, size])
                axes += 1
        if not order:
            return reshaped(text, source.batched, view.shape)
        kept = [axis for axis, size in enumerate(view.shape) if size > 1]
        how = [order.index(axis) if axis in kept else None for axis in range(len(view.shape))]
        shape = tuple(view.shape[axis] for axis in order)
        return self.turn(text, Array(-1, "view", (), shape, source.batched, None), how)

    def turn(self, name: str, source: Array, how: Sequence[int | None]) -> str:
        """The axes of an array in another order."""
        b = int(source.batched)
        kept = [axis for axis in how if axis is not None]
        dropped = [axis for axis in range(len(source.shape)) if axis not in kept]
        if dropped:
            name += (
                "["
                + ", ".join(
                    [":"] * b + ["0" if axis in dropped else ":" for axis in range(len(source.shape))]
                )
                + "]"
            )
        ranks = [sorted(kept).index(axis) for axis in kept]
        if ranks != sorted(ranks):
            order = [*range(b), *[rank + b for rank in ranks]]
            name += ".T" if order == [1, 0] else f".transpose({', '.join(map(str, order))})"
        if None in how:
            name += "[" + ", ".join([":"] * b + ["None" if axis is None else ":" for axis in how]) + "]"
        return name

    # ── Lines ───────────────────────────────────────────────────────────────────────────────────────

    def arg(self, arg: Any) -> str:
        return self.names[arg] if isinstance(arg, Array) else literal(arg)

    def call(self, array: Array, function: str, *args: str) -> None:
        line = f"{function}({', '.join(args)}, out={self.names[array]})"
        if array in self.steady:
            self.setup.append(line)
        else:
            self.lines.append((line, shown(array)))

    def use(self, name: str, function: Any) -> str:
        """The name by which the source calls a kernel."""
        if not name.isidentifier() or iskeyword(name):
            name = f"row{len(vars(self.namespace['kernels']))}"
        setattr(self.namespace["kernels"], name, function)
        return f"kernels.{name}"

    def row(self, array: Array) -> None:
        op: Op = array.op  # type: ignore[assignment]
        args = [self.arg(arg) for arg in array.args]
        if op in kernels.UFUNCS:
            self.call(array, f"np.{kernels.UFUNCS[op]}", *args)
        else:
            self.call(array, self.use(op.name, kernels.kernel(op)), *args)

    def places(self, places: Places) -> str:
        """The name of an array of places."""
        if places in self.known:
            return self.known[places]
        name = self.known[places] = f"places{len(self.known) + 1}"
        self.namespace[name] = places.numbers
        return name

    def gather(self, array: Array) -> None:
        (source,) = array.args
        name = self.names[source]
        self.call(
            array,
            "np.take",
            flat(name, source),
            self.places(array.how),
            f"axis={int(source.batched)}",
            "mode='clip'",
        )

    def copy(self, array: Array) -> None:
        self.lines.append((f"{self.names[array]}[...] = {self.arg(array.args[0])}", shown(array)))

    def join(self, array: Array) -> None:
        start = 0
        for arg in array.args:
            place = f"{self.names[array]}[{':, ' * array.batched}{start}:{start + arg.size}]"
            self.lines.append((f"{place} = {self.arg(arg)}", shown(arg)))
            start += arg.size

    def assemble(self, array: Array) -> None:
        name, how = self.names[array], array.how
        for part, places in zip(array.args, how.places, strict=True):
            if part in self.target:
                continue
            if isinstance(places, View) and slicing(places, array.size) is not None:
                place = self.slice(name, array, places)
                sign = "=" if how.disjoint else "+="
                index = "[...]" if not place.endswith("]") else ""
                self.lines.append((f"{place}{index} {sign} {self.arg(part)}", shown(part)))
            else:
                at, whole_ = self.places(Places(places.places())), flat(name, array)
                sign = "=" if how.disjoint else "+="  # a part has every place once
                self.lines.append(
                    (f"{whole_}[{':, ' * array.batched}{at}] {sign} {self.arg(part)}", shown(part))
                )

    def sum(self, array: Array) -> None:
        (x,) = array.args
        b = int(x.batched)
        axes = [0] * array.how.batch + [axis + b for axis in array.how.axes]
        axis = str(axes[0]) if len(axes) == 1 else str(tuple(axes))
        self.call(array, "np.add.reduce", self.arg(x), f"axis={axis}")

    def max(self, array: Array) -> None:
        (x,) = array.args
        axes = tuple(axis + x.batched for axis in array.how.axes)
        self.call(array, self.use("max_of", kernels.max_of), self.arg(x), f"axis={axes}")

    def segment_sum(self, array: Array) -> None:
        (x,) = array.args
        self.call(array, "np.add.reduceat", self.arg(x), self.places(array.how), "axis=-1")

    def segment_max(self, array: Array) -> None:
        (x,) = array.args
        self.call(array, self.use("segment_max", kernels.segment_max), self.arg(x), self.places(array.how))

    def take(self, array: Array) -> None:
        self.call(array, self.use("take", kernels.take), *map(self.arg, array.args))

    def untake(self, array: Array) -> None:
        self.call(array, self.use("untake", kernels.untake), *map(self.arg, array.args))

    def sequence(self, array: Array) -> None:
        self.call(
            array, self.use(array.how.name, partial(kernels.sequence, array.how)), self.arg(array.args[0])
        )

    def einsum(self, array: Array) -> None:
        a, b = array.args
        plan = matmul(*array.how)
        if plan is None:
            labels = "{},{}->{}".format(*array.how)
            self.call(array, "np.einsum", repr(labels), self.arg(a), self.arg(b))
            return
        (x, own), (y, theirs) = ((a, array.how[0]), (b, array.how[1]))[:: -1 if plan.swapped else 1]
        sizes = {
            N: "n",
            **{
                i: str(s)
                for x_, o in ((x, own), (y, theirs))
                for i, s in zip(o.replace(N, ""), x_.shape, strict=True)
            },
        }
        left = self.factor(x, own, plan.prefix, plan.m, plan.k, sizes)
        right = self.factor(y, theirs, plan.prefix, plan.k, plan.n, sizes)
        out = self.names[array]
        if len(plan.m) != 1 or len(plan.n) != 1:
            shape = [sizes[i] for i in plan.prefix] + [times(plan.m, sizes), times(plan.n, sizes)]
            out += f".reshape({', '.join(shape)})"
        self.lines.append((f"np.matmul({left}, {right}, out={out})", shown(array)))

    def factor(self, x: Array, own: str, prefix: str, rows: str, columns: str, sizes: dict[str, str]) -> str:
        """An operand of matmul: its labels in the order prefix, rows, columns, each of the last two one axis."""
        wanted = [*prefix, *rows, *columns]
        text = self.names[x]
        order = [own.index(i) for i in wanted if i in own]
        if order != sorted(order):
            text += ".T" if order == [1, 0] else f".transpose({', '.join(map(str, order))})"
        if len(rows) != 1 or len(columns) != 1:
            shape = [sizes[i] if i in own else "1" for i in prefix] + [
                times(rows, sizes),
                times(columns, sizes),
            ]
            return f"{text}.reshape({', '.join(shape)})"
        if any(i not in own for i in wanted):
            text += "[" + ", ".join(":" if i in own else "None" for i in wanted) + "]"
        return text


def literal(number: float) -> str:
    """A constant as the source shows it: 2 for 2.0."""
    if math.isinf(number) or math.isnan(number):
        return f"np.{number}".replace("np.-", "-np.")
    return repr(int(number) if number.is_integer() else number)


def reshaped(text: str, batched: bool, shape: Sequence[int]) -> str:
    """An array in another shape."""
    sizes = ", ".join(["n"] * batched + [str(size) for size in shape])
    return f"{text}.reshape({sizes or '()'})"


def flat(name: str, array: Array) -> str:
    """An array as flat as it is counted."""
    return name if len(array.shape) == 1 else reshaped(name, array.batched, (array.size,))


def times(labels: str, sizes: dict[str, str]) -> str:
    """The product of the sizes of some labels, as text."""
    return " * ".join(sizes[i] for i in labels) or "1"


class MatMul:
    """How matmul does an einsum: the result is prefix + m + n, k is summed; `swapped`: b is on the left."""

    def __init__(self, prefix: str, m: str, n: str, k: str, swapped: bool) -> None:
        self.prefix, self.m, self.n, self.k, self.swapped = prefix, m, n, k, swapped


def matmul(a: str, b: str, out: str) -> MatMul | None:
    """The plan with the shortest prefix; None where nothing is a matrix product."""
    k = "".join(i for i in a if i in b and i not in out)
    if not k or any(i not in out for i in a + b if i not in k):
        return None
    for length in range(len(out)):
        for swapped, left, right in ((False, a, b), (True, b, a)):
            rest = out[length:]
            m = "".join(i for i in rest if i not in right)
            n = "".join(i for i in rest if i not in left)
            if rest == m + n and all(i in left or i in right for i in out[:length]):
                return MatMul(out[:length], m, n, k, swapped)
    return None


def base(array: Array) -> Array:
    """The array whose elements an array shows."""
    while array.op in ("view", "axes"):
        array = array.args[0]
    return array


def shown(array: Array) -> str:
    """The shape as a comment shows it."""
    return "(" + ", ".join(["n"] * array.batched + [str(size) for size in array.shape]) + ")"


def needed(outputs: Sequence[Array]) -> list[Array]:
    """The arrays that the outputs depend on, in topological order."""
    live, stack = set(), [*outputs]
    while stack:
        array = stack.pop()
        if array not in live:
            live.add(array)
            stack.extend(arg for arg in array.args if isinstance(arg, Array))
    return sorted(live, key=lambda array: array.number)
