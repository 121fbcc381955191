"""Notebooks: how a Value, a compiled program, a network and its training show themselves at a cell's end.

A Value shows its graph, a program its operations, a Module its network or else its parts with their numbers
of parameters, a History its curves. `import viz` tells IPython so, by the names of the types: the engine and
the models know nothing of pictures. What takes long to draw, or cannot be, stays the text that it is.
"""

import sys
from collections import Counter
from collections.abc import Callable
from html import escape
from io import BytesIO
from itertools import islice
from typing import Any

from autograd import Value
from viz.network import draw_network
from viz.plots import plot_history
from viz.program import ProgramPicture
from viz.records import is_larger

WIDTH, CARDS = 1000, 60  # of a graph at the end of a cell; `viz.draw` has no such bounds
VALUES, PARAMETERS, OPERATIONS, PARTS = 1000, 30_000, 200, 20  # what more of is not drawn unasked
CURVES = 5.6, 2.4  # inches
REPRS = {"text/html": "_repr_html_", "application/pdf": "_repr_pdf_", "image/png": "_repr_png_"}

Bundle = dict[str, Any]  # by kinds of contents, as notebooks keep them


def register(draw: Callable[..., Any]) -> None:
    """Tell IPython, where this is one of its kernels, what to show; `draw` makes pictures of graphs."""
    shell: Any = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if not hasattr(shell, "kernel"):
        return
    for path, name, show in (
        ("autograd.value", "Value", lambda root: graph(root, draw)),
        ("autograd.program.saving", "Readable", program),
        ("nn.modules", "Module", module),
        ("nn.history", "History", history),
    ):
        shell.display_formatter.mimebundle_formatter.for_type_by_name(path, name, quiet(show))


def quiet(show: Callable[[Any], Bundle]) -> Callable[[Any], Bundle]:
    """The same, giving nothing where it fails: looking at a thing raises no error."""

    def tried(thing: Any) -> Bundle:
        try:
            return show(thing)
        except Exception:
            return {}

    return tried


def graph(root: Value, draw: Callable[..., Any]) -> Bundle:
    """The graph of a Value."""
    small = root.args and not is_larger(root, VALUES)
    return bundle(draw(root, width=WIDTH, max_nodes=CARDS)) if small else {}


def program(compiled: Any) -> Bundle:
    """The operations of what was compiled."""
    return bundle(ProgramPicture(compiled)) if len(compiled.operations) <= OPERATIONS else {}


def module(model: Any) -> Bundle:
    """The network as neurons and weights where it is made of those; else its parts."""
    names = [name for name, _ in model.named_parameters()]
    try:
        return bundle(draw_network(model, width=WIDTH)) if len(names) <= PARAMETERS else parts(model, names)
    except (TypeError, ValueError):  # it has no such layers
        return parts(model, names)


def parts(model: Any, names: list[str]) -> Bundle:
    """A table: how many parameters each part of a module has."""
    counts = Counter(_part(name) for name in names)
    rows = [(f"<code>{escape(name)}</code>", f"{n:,}") for name, n in islice(counts.items(), PARTS)]
    rows += [("…", "")] if len(counts) > PARTS else []
    rows.append((f"<b>{escape(type(model).__name__)}</b>", f"<b>{len(names):,}</b>"))
    body = "".join(f"<tr><td>{name}</td><td>{number}</td></tr>" for name, number in rows)
    return {"text/html": f"<table><tr><th>part</th><th>parameters</th></tr>{body}</table>"}


def history(measured: Any) -> Bundle:
    """The training curves, where matplotlib is installed."""
    from matplotlib.figure import Figure

    figure, file = Figure(figsize=CURVES, layout="tight"), BytesIO()
    plot_history(measured, figure.subplots())
    figure.savefig(file, format="png", dpi=110)
    return {"image/png": file.getvalue()}


def bundle(picture: Any) -> Bundle:
    """All that a picture has for a notebook."""
    found = ((kind, getattr(picture, method)()) for kind, method in REPRS.items())
    return {kind: data for kind, data in found if data is not None}


def _part(name: str) -> str:
    """The part of a module that a parameter belongs to: `layers.0` of `layers.0.neurons.2.b`."""
    first, _, rest = name.partition(".")
    index = rest.partition(".")[0]
    return f"{first}.{index}" if index.isdigit() else first
