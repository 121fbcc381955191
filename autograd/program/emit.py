"""Emit: the array program as Python source against NumPy, to be read and to be run.

One function of the inputs. An array that has a name (by the user's label, or as the gradient of one that has)
or is used more than once has a line of its own; every other stands in the line of the array that uses it.

    text     the code of an array's value, and how strongly it binds
    level    of a text, as Python's grammar has it: ATOM binds most strongly
    line     code and its comment, the shape of the result; n is the size of the batch
"""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from keyword import iskeyword
from typing import Any, NamedTuple

import numpy as np

from autograd import ops
from autograd.op import Op
from autograd.program import kernels
from autograd.program.arrays import Array, Input, Places, whole
from autograd.program.contract import factors, matmul, product
from autograd.program.patterns import View, slicing
from autograd.program.symbol import AND, BOOLEAN, OR
from autograd.program.views import flat, sized, sliced, turned
from autograd.protocol import COMPARISONS

COMPARE, PLUS, TIMES, SIGN, POWER, ATOM = range(6)
INFIX: dict[Op, tuple[str, int]] = {
    ops.add: ("+", PLUS),
    ops.sub: ("-", PLUS),
    ops.mul: ("*", TIMES),
    ops.div: ("/", TIMES),
    ops.floordiv: ("//", TIMES),
    ops.power: ("**", POWER),
    **{
        COMPARISONS[name]: (sign, COMPARE)
        for name, sign in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="), ("eq", "=="), ("ne", "!="))
    },
}
LOGICAL = {AND, OR}
WIDTH = 76  # of what may stand in another line
RESERVED = {"n", "np", "dtype", "out", "len", "ValueError", "IndexError"}  # names in every source or file
NOUNS = {  # what an array is called that has no name
    "add": "total",
    "sub": "difference",
    "mul": "product",
    "div": "quotient",
    "power": "power",
    "sum": "total",
    "segment_sum": "totals",
    "einsum": "products",
    "max": "greatest",
    "segment_max": "greatest",
    "finite": "shift",
    "others": "rest",
    "segment_others": "rest",
    "gather": "picked",
    "take": "taken",
    "untake": "given",
    "join": "joined",
    "assemble": "parts",
    "view": "part",
    "axes": "part",
    "copy": "spread",
    "masked": "known",
    "mended": "sums",
    "constant": "numbers",
    "value": "value",
    "seed": "share",
}


class Text(NamedTuple):
    """Code, and how strongly it binds."""

    code: str
    level: int = ATOM

    def within(self, level: int) -> str:
        """The code as an operand of what binds so strongly."""
        return self.code if self.level >= level else f"({self.code})"


class Source:
    """The text of a program, and the namespace that it needs.

    results  what the function returns       inputs   what it is given       name   its own
    out      the result, if any, for which an array can be given: a gradient that is put together
    """

    def __init__(self, results: Sequence[Array], inputs: Sequence[Input], name: str = "step") -> None:
        self._taken = {*RESERVED}
        self._count: dict[str, int] = defaultdict(lambda: 1)
        self.function = self.free(name if name.isidentifier() else "step")
        self.results, self.inputs = results, [self.free(x.name) for x in inputs]
        batched = (name for name, x in zip(self.inputs, inputs, strict=True) if x.batched)
        self.examples = next(batched, "")  # of which n counts the first axis
        self.order = needed(results)
        self.namespace: dict[str, Any] = {}  # kernels, and arrays of numbers and of places
        self.lines: list[tuple[str, str]] = []
        self.line_of: dict[Array, str] = {}
        self._uses = Counter(arg for array in self.order for arg in array.args if isinstance(arg, Array))
        self._uses.update(results)
        self._shown = Counter(map(shows, results))
        self.out = next((x for x in results if x.op == "assemble" and not x.batched and shows(x) is x), None)
        self._texts: dict[Array, Text] = {}
        self._names: dict[Array, str] = {}
        self._given: dict[Any, str] = {}  # names in the namespace: of rows, functions and places
        self._waiting: list[Array] = []  # without a line yet
        # Products that are written where they belong: a copy of the greatest gradients would be felt.
        self._later: dict[Array, Sequence[str]] = dict.fromkeys(self.parts(), ())
        rows = (array.op if isinstance(array.op, Op) else array.how for array in self.order)
        for row in rows:
            if isinstance(row, Op) and row not in kernels.UFUNCS and row is not ops.where:
                self.kernel(row.name, kernels.kernel(row), row)
        for array in self.order:
            self.write(array)

    @property
    def rows(self) -> dict[str, Op]:
        """The rows that have a name in the namespace."""
        return {name: row for row, name in self._given.items() if isinstance(row, Op)}

    @property
    def text(self) -> str:
        """The whole source."""
        lines = [(f"n = len({self.examples})", "")] if self.examples else []
        lines += self.lines
        width = max([len(line) for line, _ in lines if len(line) <= 80], default=0)
        body = [f"    {line:{width}}  # {comment}".rstrip(" #") for line, comment in lines]
        returned = ", ".join(map(self.returned, self.results))
        given = ", ".join([*self.inputs, *["out=None"] * bool(self.out)])
        return "\n".join([f"def {self.function}({given}):", *body, f"    return {returned}", ""])

    def write(self, array: Array) -> None:
        """The text of an array, and its line if it has one."""
        if array in self._later:
            form, names = product(*array.how), [self.arg(arg).within(ATOM) for arg in array.args]
            self._later[array] = factors(array, form, names)[:2]  # type: ignore[arg-type]
            return
        text: Text = getattr(self, array.op)(array) if isinstance(array.op, str) else self.row(array)
        shapes = [arg.shape for arg in array.args if isinstance(arg, Array)]
        if isinstance(array.op, Op) and np.broadcast_shapes(*shapes) != array.shape:  # of equal elements
            text = self.call("np.broadcast_to", text.code, sized(array.batched, array.shape))
        if array not in self.line_of:
            self._waiting.append(array)
        if array.op == "input" or self.is_inlined(array, text):
            self._texts[array] = text
            return
        name = self.name(array)
        self._texts[array] = Text(name)
        if text.code != name:
            self.line(f"{name} = {text.code}", array)

    def parts(self) -> Iterator[Array]:
        """The matrix products that are nothing but a part of what is assembled."""
        for array in self.order:
            if array.op == "assemble" and array.how.disjoint and shows(array) is array:
                for part, places in zip(array.args, array.how.places, strict=True):
                    form = product(*part.how) if part.op == "einsum" and self._uses[part] == 1 else None
                    fits = isinstance(places, View) and slicing(places, array.size) is not None
                    is_matrix = form and form.is_plain and form.rows and form.columns
                    if is_matrix and fits and (part.shape, part.batched) == (places.shape, array.batched):
                        yield part

    def line(self, code: str, array: Array) -> None:
        """A line, in which stands what has waited for one."""
        self.lines.append((code, shown(array)))
        for done in self._waiting:
            self.line_of[done] = "" if done.op == "input" else code
        self._waiting.clear()

    def returned(self, result: Array) -> str:
        """The code of a result, which is a copy where it would share memory."""
        text = self._texts[result]
        apart = self.is_new(result) and not result.is_share
        return text.code if apart else self.call("np.array", text.code, "dtype").code

    def is_new(self, array: Array) -> bool:
        """Whether no other result and nothing that was given shares its memory."""
        of = shows(array)
        return self._shown[of] == 1 and of.op not in ("input", "constant") and array.op != "copy"

    def is_inlined(self, array: Array, text: Text) -> bool:
        """Whether an array stands in the line of its only user."""
        free = self._uses[array] == 1 or array.op in ("seed", "count", "constant")
        named = array in self.results or array.op == "assemble" or self.own_name(array)
        return free and not named and len(text.code) <= WIDTH

    # ── Names ───────────────────────────────────────────────────────────────────────────────────────

    def name(self, array: Array) -> str:
        """The variable of an array: by the user's label, as a gradient, or by what it holds."""
        if array not in self._names:
            if array.op == "input":
                self._names[array] = self.inputs[array.how]
            else:
                kind = array.op if isinstance(array.op, str) else array.op.name
                self._names[array] = self.free(self.own_name(array) or NOUNS.get(kind, kind))
        return self._names[array]

    def own_name(self, array: Array) -> str:
        """The name that the user gave, `z2` for the label z^2_{13}, or that of a gradient; "" for neither."""
        if array.gradient_of is not None:
            of = array.gradient_of
            inner = self.inputs[of.how] if of.op == "input" else self.own_name(of)
            return f"d{inner}" if inner else ""
        match = re.match(r"([^\W\d]\w*?)(?:\^(\d+))?(?:_.*)?$", array.label)
        return match[1] + (match[2] or "") if match else ""

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

    def given(self, key: Any, stem: str, what: Any) -> str:
        """The name of something in the namespace."""
        if key not in self._given:
            name = self._given[key] = self.free(stem)
            self.namespace[name] = what
        return self._given[key]

    def kernel(self, name: str, function: Callable[..., Any], row: Op | None = None) -> str:
        """The name by which the source calls a kernel; two rows of one name are two kernels."""
        fit = name.isidentifier() and name.isascii() and not (iskeyword(name) or name.startswith("__"))
        return self.given(row or function, name if fit else "row", function)

    def places(self, places: Places) -> str:
        """The name of an array of places."""
        return self.given(places, "places", places.numbers)

    # ── Texts of operands ───────────────────────────────────────────────────────────────────────────

    def arg(self, arg: Any) -> Text:
        """An operand of arithmetic: a condition as the numbers 0 and 1."""
        if not isinstance(arg, Array):
            code = literal(arg)
            return Text(code, SIGN if code.startswith("-") else ATOM)
        text = self._texts[arg]
        return Text(f"{text.within(ATOM)}.astype(dtype)") if arg.op in BOOLEAN else text

    def atom(self, arg: Any) -> str:
        """An operand that is sliced, or that a method is called on: an array even if it is 1/n."""
        if isinstance(arg, Array) and arg.is_share:
            return f"np.array({self._texts[arg].code}, dtype)"
        return self.arg(arg).within(ATOM)

    def code(self, arg: Any) -> str:
        """An argument of a call."""
        return self.arg(arg).code

    def call(self, function: str, *args: str) -> Text:
        """A call."""
        return Text(f"{function}({', '.join(args)})")

    # ── Texts, by operation ─────────────────────────────────────────────────────────────────────────

    def input(self, array: Array) -> Text:
        """Given to the function."""
        return Text(self.name(array))

    def constant(self, array: Array) -> Text:
        """Numbers in the namespace, which are of the type of the step."""
        return Text(self.given((repr(array.how), array.shape), "numbers", np.array(array.how)))

    def seed(self, array: Array) -> Text:
        """1/n or 1: the gradient of the result with respect to each example's."""
        return Text("1 / n", TIMES) if array.how == "mean" else Text("1")

    def count(self, array: Array) -> Text:
        """The batch's n."""
        return Text("n")

    def value(self, array: Array) -> Text:
        """The mean or the sum of what the examples gave."""
        total = f"{self.atom(array.args[0])}.sum()"
        return Text(f"{total} / n", TIMES) if array.how == "mean" else Text(total)

    def view(self, array: Array) -> Text:
        """Slices and reshapes."""
        (source,) = array.args
        return Text(sliced(self.atom(source), source, array.how))

    def axes(self, array: Array) -> Text:
        """The axes in another order."""
        (source,) = array.args
        return Text(turned(self.atom(source), source.batched, len(source.shape), array.how))

    def row(self, array: Array) -> Text:
        """A row of the table: an operator, a function of NumPy, or a kernel."""
        row: Op = array.op  # type: ignore[assignment]
        if row is ops.neg:
            return Text(f"-{self.arg(array.args[0]).within(SIGN)}", SIGN)
        if row in INFIX:
            sign, level = INFIX[row]
            x, y = map(self.arg, array.args)
            if row is ops.add and x.level == ATOM and TIMES <= y.level < ATOM:
                x, y = y, x  # x @ w + b
            left, right = (POWER + 1, POWER + 1) if row is ops.power else (level, level + 1)
            return Text(f"{x.within(left)} {sign} {y.within(right)}", level)
        raw = len(array.args) if row in LOGICAL else 1 if row is ops.where else 0  # conditions as they are
        args = [self._texts[arg].code if isinstance(arg, Array) else literal(arg) for arg in array.args[:raw]]
        args += map(self.code, array.args[raw:])
        if row is ops.where and not any(isinstance(arg, Array) for arg in array.args[1:]):
            return Text(f"np.where({', '.join(args)}).astype(dtype)")
        ufunc = "where" if row is ops.where else kernels.UFUNCS.get(row)
        return self.call(f"np.{ufunc}" if ufunc else self._given[row], *args)

    def gather(self, array: Array) -> Text:
        """Elements at places."""
        (source,) = array.args
        return self.call("np.take", flat(self.atom(source), source), self.places(array.how), "axis=-1")

    def copy(self, array: Array) -> Text:
        """A broadcast array in full, without copying."""
        (source,) = array.args
        if (source.shape, source.batched) == (array.shape, array.batched):
            return self.arg(source)
        return self.call("np.broadcast_to", self.atom(source), sized(array.batched, array.shape))

    def join(self, array: Array) -> Text:
        """Arrays side by side."""
        parts = []
        for arg in array.args:
            part = self.atom(arg)
            if array.batched and not arg.batched:
                part = f"np.broadcast_to({part}, {sized(True, arg.shape)})"
            parts.append(part)
        return self.call("np.concatenate", f"[{', '.join(parts)}]", "axis=-1")

    def masked(self, array: Array) -> Text:
        """A number in the gaps."""
        seen = self.given(array.how.seen, "seen", array.how.seen.numbers)
        return self.call("np.where", seen, self.code(array.args[0]), literal(array.how.fill))

    def mended(self, array: Array) -> Text:
        """A sum of products, of those that count."""
        labels, own, seen, arriving = array.how
        name = self.given(seen, "seen", seen.numbers) if seen else "None"
        total, *factors = map(self.code, array.args)
        kernel = self.kernel("mended", kernels.mended)
        return self.call(kernel, total, repr(labels), repr(own), name, repr(arriving), *factors)

    def assemble(self, array: Array) -> Text:
        """Zeros, and what goes to each place."""
        how, name = array.how, self.name(array)
        if how.places == (whole(array.shape),) and array.args[0].shape == array.shape:
            return self.arg(array.args[0])
        full, shape = how.disjoint and how.complete, sized(array.batched, array.shape)
        self._waiting.append(array)
        if array is self.out:
            self.line(f"{name} = np.empty({shape}, dtype) if out is None else out", array)
            if not full:
                self.line(f"{name}[...] = 0", array)
        else:
            self.line(f"{name} = np.{'empty' if full else 'zeros'}({shape}, dtype)", array)
        sign = "=" if how.disjoint else "+="
        for part, places in zip(array.args, how.places, strict=True):
            if part in self._later:
                (left, right), place = self._later[part], sliced(name, array, places)
                self._waiting.append(part)
                self.line(f"{self.name(part)} = np.matmul({left}, {right}, out={place})", part)
                continue
            if isinstance(places, View) and slicing(places, array.size) is not None:
                place = sliced(name, array, places)
            else:  # every place stands there once
                index = f"[{':, ' * array.batched}{self.places(Places(places.places()))}]"
                place = flat(name, array) + index
            if not place.endswith("]"):
                place += "[...]"
            self.line(f"{place} {sign} {self.code(part)}", part)
        return Text(name)

    def reduced(self, array: Array, function: str) -> Text:
        """A method that reduces axes."""
        (x,) = array.args
        axes = tuple([0] * array.how.batch + [axis + x.batched for axis in array.how.axes])
        if len(axes) == len(x.shape) + x.batched:
            return Text(f"{self.atom(x)}.{function}()")
        return Text(f"{self.atom(x)}.{function}(axis={axes[0] if len(axes) == 1 else axes})")

    def sum(self, array: Array) -> Text:
        """The sum over axes."""
        return self.reduced(array, "sum")

    def max(self, array: Array) -> Text:
        """The greatest element over axes."""
        return self.reduced(array, "max")

    def others(self, array: Array) -> Text:
        """The sum over axes, but for a greatest element of 1."""
        axes = tuple(axis + array.args[0].batched for axis in array.how.axes)
        return self.call(self.kernel("others", kernels.others), self.code(array.args[0]), repr(axes))

    def finite(self, array: Array) -> Text:
        """What to shift by."""
        return self.call(self.kernel("finite", kernels.finite), self.code(array.args[0]))

    def segment_sum(self, array: Array) -> Text:
        """The sums of segments."""
        return self.call("np.add.reduceat", self.code(array.args[0]), self.places(array.how), "axis=-1")

    def segment_max(self, array: Array) -> Text:
        """The greatest elements of segments."""
        return self.call("np.maximum.reduceat", self.code(array.args[0]), self.places(array.how), "axis=-1")

    def segment_others(self, array: Array) -> Text:
        """The sums of segments, but for a greatest element of 1."""
        kernel = self.kernel("segment_others", kernels.segment_others)
        return self.call(kernel, self.code(array.args[0]), self.places(array.how))

    def take(self, array: Array) -> Text:
        """A choice by index."""
        return self.call(self.kernel("take", kernels.take), *map(self.code, array.args))

    def untake(self, array: Array) -> Text:
        """The gradient of the choices."""
        shape = sized(array.batched, array.shape)
        return self.call(self.kernel("untake", kernels.untake), *map(self.code, array.args), shape)

    def sequence(self, array: Array) -> Text:
        """A row on sequences."""
        return self.call(self._given[array.how], self.code(array.args[0]))

    def einsum(self, array: Array) -> Text:
        """A matrix product, or any other sum of products."""
        texts, form = [self.arg(arg) for arg in array.args], product(*array.how)
        left, right, out = array.how
        if form is not None:
            code, reshaped = matmul(array, form, [text.within(ATOM) for text in texts])
            return Text(code, ATOM if reshaped else TIMES)
        if left == right == out + left[-1]:
            return self.call(self.kernel("vecdot", kernels.vecdot), *[text.code for text in texts])
        return self.call("np.einsum", repr("{},{}->{}".format(*array.how)), *[text.code for text in texts])


def shows(array: Array) -> Array:
    """The array whose memory an array is, or is a view of."""
    while array.op in ("view", "axes", "copy") or (
        array.op == "assemble" and array.how.places == (whole(array.shape),)
    ):
        array = array.args[0]
    return array


def literal(number: float) -> str:
    """A constant as the source shows it: 2 for 2.0, but -0.0."""
    if math.isfinite(number):
        whole = float(number).is_integer() and (number or math.copysign(1, number) > 0)
        return repr(int(number)) if whole and abs(number) < 1e16 else repr(float(number))
    return "np.nan" if math.isnan(number) else "np.inf" if number > 0 else "-np.inf"


def shown(array: Array) -> str:
    """The shape as a comment shows it."""
    if array.op == "value":
        return "one number"
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
