"""Layers of a network as pictures of matrices: names and shapes forward, formulas and shapes backward.

    X (2,) ──╮                                ∂L/∂X = ∂L/∂Y · Wᵀ      dot swaps its inputs, as × does, and
             ├─ dot ── X · W (3,) ─╮           (2,)    (3,)  (3, 2)    turns them so that the shapes fit
    W (2, 3)─╯                     ├─ + ── Y
    B (3,) ────────────────────────╯          ∂L/∂B = ∂L/∂Y           + passes the gradient on

They are made of the shapes and wires of the textbook style, and drawn by it.

Source: Saitō, Deep Learning from Scratch, chapter 5: the Affine layer, also for batches, and the
Softmax-with-Loss layer.
"""

from dataclasses import replace

from autograd.formula import SUBSCRIPT
from viz.options import Options, check_whole
from viz.picture import Picture
from viz.scene import within
from viz.text import CELLS, columns, shape_text
from viz.wires import BLOCK, CIRCLE, END, VARIABLE, Shape, Wire, compose
from viz.words import Field


def _picture(shapes: list[Shape], wires: list[Wire], summary: str, options: Options) -> Picture:
    """The picture of shapes and wires."""
    wires = [_blanked(wire, options.blank, shapes[wire.source].kind == VARIABLE) for wire in wires]
    return Picture(compose(shapes, wires, summary, width=within(options.width)), options.theme)


def _blanked(wire: Wire, blank: str, given: bool) -> Wire:
    """The wire with what is to be filled in left blank; what a variable is given stays."""
    above, below = wire.above.blanked(blank == "all" and not given), wire.below.blanked(blank)
    return replace(wire, above=above, below=below, title="" if blank else wire.title)


def draw_affine(
    inputs: int = 2,
    outputs: int = 3,
    batch: int | str | None = None,
    *,
    theme: str = "auto",
    blank: str = "",
    width: int | None = None,
) -> Picture:
    """The layer Y = X · W + B as a picture of matrices, with every shape forward and backward.

    X has the shape (inputs,), or (batch, inputs) with a batch: its size, or a letter for it, "N".
    W has (inputs, outputs), B (outputs,). With a batch B is added to every row, and so its gradient is
    the sum over the rows. `theme`, `blank` and `width` are those of `viz.Options`. ValueError for a size
    below 1.

    >>> draw_affine(2, 3, batch="N")
    Picture('Affine layer Y = X · W + B: X (N, 2), W (2, 3), B (3,), Y (N, 3)')
    """
    options = Options(theme=theme, blank=blank, width=width)
    check_whole("inputs", inputs)
    check_whole("outputs", outputs)
    check_whole("batch", 1 if batch is None or isinstance(batch, str) else batch)
    rows = () if batch is None else (batch,)
    x, w, b, y = (*rows, inputs), (inputs, outputs), (outputs,), (*rows, outputs)
    turned_x, turned_w = (inputs, *(rows or (1,))), (outputs, inputs)
    row = y if rows else (1, outputs)  # of a single X, Xᵀ · ∂L/∂Y is a column by a row
    sums = [("Σₙ", None)] if rows else []
    shapes = [
        Shape(VARIABLE, "X", f"X {shape_text(x)}\ninput"),
        Shape(VARIABLE, "W", f"W {shape_text(w)}\nweights"),
        Shape(VARIABLE, "B", f"B {shape_text(b)}\nbias"),
        Shape(CIRCLE, "dot", f"X · W {shape_text(y)}"),
        Shape(CIRCLE, "+", f"Y = X · W + B {shape_text(y)}"),
        Shape(END, "Y", f"Y {shape_text(y)}\noutput"),
    ]
    dy = ("∂L/∂Y", y)
    by_x = _aligned([("∂L/∂X", x), ("=", None), dy, ("·", None), ("Wᵀ", turned_w)])
    by_w = _aligned([("∂L/∂W", w), ("=", None), ("Xᵀ", turned_x), ("·", None), ("∂L/∂Y", row)])
    by_b = _aligned([("∂L/∂B", b), ("=", None), *sums, dy])
    wires = [
        Wire(0, 3, 0, Field(shape_text(x)), by_x, "X → dot"),
        Wire(1, 3, 1, Field(shape_text(w)), by_w, "W → dot"),
        Wire(3, 4, 0, _aligned([("X · W", y)]), _aligned([dy]), "dot → +"),
        Wire(2, 4, 1, Field(shape_text(b)), by_b, "B → +"),
        Wire(4, 5, 0, Field(shape_text(y)), _aligned([dy]), "+ → Y"),
    ]
    names = ", ".join(f"{name} {shape_text(shape)}" for name, shape in zip("XWBY", (x, w, b, y), strict=True))
    return _picture(shapes, wires, f"Affine layer Y = X · W + B: {names}", options)


def draw_softmax_with_loss(
    classes: int = 3, *, theme: str = "auto", blank: str = "", width: int | None = None
) -> Picture:
    """The layer from scores a over y = softmax(a) to the cross entropy L = −Σ tᵢ log yᵢ with labels t.

    Backward the cross entropy gives −tᵢ / yᵢ, and the softmax makes yᵢ − tᵢ of it, given that the labels
    add up to 1. `theme`, `blank` and `width` are those of `viz.Options`. ValueError for fewer classes than 1.

    >>> draw_softmax_with_loss()
    Picture('Softmax with loss: scores a₁ to a₃, probabilities y, labels t, loss L')
    """
    options = Options(theme=theme, blank=blank, width=width)
    check_whole("classes", classes)
    indices = [str(i).translate(SUBSCRIPT) for i in range(1, classes + 1)]
    softmax, entropy, end = 2 * classes, 2 * classes + 1, 2 * classes + 2
    shapes = [Shape(VARIABLE, f"a{i}", f"a{i}: score") for i in indices]
    shapes += [Shape(VARIABLE, f"t{i}", f"t{i}: label, 0 or 1") for i in indices]
    shapes += [
        Shape(BLOCK, "softmax", "yᵢ = exp(aᵢ) / Σⱼ exp(aⱼ)"),
        Shape(BLOCK, "cross entropy", "L = −Σᵢ tᵢ log yᵢ"),
        Shape(END, "L", "L: loss"),
    ]
    wires = []
    for n, i in enumerate(indices):
        by_a, by_y = Field(f"y{i} − t{i}"), Field(f"−t{i} / y{i}")
        wires.append(Wire(n, softmax, n, Field(), by_a, f"∂L/∂a{i} = y{i} − t{i}"))
        wires.append(Wire(softmax, entropy, n, Field(f"y{i}"), by_y, f"∂L/∂y{i} = −t{i} / y{i}", n))
        wires.append(Wire(classes + n, entropy, classes + n))
    wires.append(Wire(entropy, end, 0, Field(), Field("1"), "∂L/∂L = 1"))
    words = f"scores a₁ to a{indices[-1]}, probabilities y, labels t, loss L"
    return _picture(shapes, wires, f"Softmax with loss: {words}", options)


def _aligned(cells: list[tuple[str, tuple[int | str, ...] | None]]) -> Field:
    """A formula in cells, and the shape of each of its parts in the middle below it."""
    above, below = [], []
    for name, shape in cells:
        under = shape_text(shape) if shape else ""
        width = max(columns(name), columns(under))
        above.append(name.center(width, CELLS))
        below.append(under.center(width, CELLS))
    return Field("\n".join((CELLS.join(above), CELLS.join(below))))
