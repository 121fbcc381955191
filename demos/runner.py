"""Runs a demo, and says whether everything that it claims holds.

A demo is a module or a package with a docstring to read. Those in GRAPHS have `build(number)`, which records
a graph to show node by node, and `FIGURES`: what the source prints, and the exact value where the graph is
rational; `number` turns "1.1" into the number type of the run. Others have `run(out)`, which shows what it
will, writes its pictures into the folder `out` and returns whether its claims hold; a demo that has both is
run by it.
"""

import argparse
import importlib
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import viz
from autograd import Value, topological_order
from autograd.writing import replace

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GRAPHS = ["apples", "apples_oranges", "chain_rule", "sigmoid_nodes", "olah", "micrograd_readme", "mazur"]
SYSTEMS = ["saito", "nielsen", "from_zero", "with_style", "build"]  # packages
DEMOS = [*GRAPHS, "nielsen_equations", "xor", "moons", "symmetry", "spirals", "gpt", *SYSTEMS]

Number = Callable[[str], Any]
"""Reads a literal as a number: `as_written` or `Fraction`."""
Figures = Mapping[str, str | tuple[str, str]]
"""By name, such as `price` or `∂price/∂tax`: what the source prints, or that and the exact fraction."""


def as_written(text: str) -> int | float:
    """The literal as Python reads it: "2" is an int and "1.1" a float."""
    return int(text) if text.lstrip("-").isdigit() else float(text)


def main(arguments: list[str] | None = None) -> int:
    """List the demos, or run the one that is named; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m demos", description="Textbook examples, node by node.")
    parser.add_argument("name", nargs="?", choices=[*DEMOS, "all"], metavar="NAME", help="a demo, or all")
    parser.add_argument("--out", type=Path, default=Path("build/demos"), help="folder for the pictures")
    options = parser.parse_args(arguments)
    if options.name is None:
        width = max(map(len, DEMOS))
        for name in DEMOS:
            print(f"{name:{width}}  {summary(load(name))}")
        print("\nRun one with: python -m demos NAME, or all of them with: python -m demos all")
        return 0
    names = DEMOS if options.name == "all" else [options.name]
    held = [run(name, options.out) for name in names]
    return 0 if all(held) else 1


def run_alone(file: str) -> None:
    """Run the demo in a file as a program: what `python -m demos.apples` does."""
    sys.exit(main([Path(file).stem, *sys.argv[1:]]))


def load(name: str) -> ModuleType:
    """The module of a demo."""
    return importlib.import_module(f"demos.{name}")


def summary(demo: ModuleType) -> str:
    """The first line of a demo's docstring."""
    return (demo.__doc__ or "").partition("\n")[0]


def run(name: str, out: Path) -> bool:
    """Print a demo's docstring and run it; returns whether all that it claims holds."""
    demo = load(name)
    print(f"\n{inspect.cleandoc(demo.__doc__ or '')}\n")
    out.mkdir(parents=True, exist_ok=True)
    if hasattr(demo, "run"):
        held: bool = demo.run(out)
    else:
        held = show_graph(demo.build, demo.FIGURES, out, name)
    print("All claims hold." if held else "NOT ALL CLAIMS HOLD.")
    return held


def confirm(claims: Iterable[tuple[str, bool]]) -> bool:
    """Print each claim with ✓ or ✗; returns whether all hold."""
    held = True
    for claim, holds in claims:
        print(f"  {'✓' if holds else '✗'} {claim}")
        held &= holds
    return held


class Pair(NamedTuple):
    """A derivative by a text's own backpropagation, and on Values."""

    name: str
    by_hand: Any
    on_values: Any


def agreement(
    kinds: Iterable[str], in_floats: Iterable[Pair], in_fractions: Iterable[Pair], how: str
) -> Iterator[tuple[str, bool]]:
    """The claims that all pairs agree, by what their names begin with; `how` fractions were possible."""
    in_floats, in_fractions = list(in_floats), list(in_fractions)
    for kind in kinds:
        far = [abs(by_hand - on_values) for name, by_hand, on_values in in_floats if name.startswith(kind)]
        exact = [by_hand == on_values for name, by_hand, on_values in in_fractions if name.startswith(kind)]
        text = f"{kind} at {len(far)} places: in floats to {max(far):.0e}, with {how} in fractions exactly"
        yield text, max(far) < 1e-12 and all(exact)


def plot(path: Path, *drawings: Callable[["Axes"], Any]) -> None:
    """Save one picture of several drawings, side by side; without matplotlib, say how to get it."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("No picture: it needs matplotlib, pip install 'scalar-autograd[plots]'")
        return
    figure = Figure(figsize=(5.5 * len(drawings), 4.5), dpi=150, layout="constrained")
    for ax, drawing in zip(figure.subplots(1, len(drawings), squeeze=False)[0], drawings, strict=True):
        drawing(ax)
    written = BytesIO()
    figure.savefig(written, format=path.suffix[1:])
    replace(path, written.getvalue(), "the demo")
    print(f"Picture: {path}")


# ── Demos of a graph ────────────────────────────────────────────────────────────────────────────────


def show_graph(build: Callable[[Number], Value], figures: Figures, out: Path, name: str) -> bool:
    """Show a graph node by node and draw it; returns whether it meets the figures of its source."""
    root, exact = build(as_written), build(Fraction)
    root.backward()
    exact.backward()
    print(viz.table(root))
    print("\nThe figures of the source, and exactly in fractions where they are rational:")
    met = confirm(check(figures, root, exact))
    draw(root, out, name)
    return met


def draw(root: Value, out: Path, name: str) -> None:
    """Draw a graph in every style."""
    diagram, book = viz.draw(root, legend=True), viz.draw(root, style="textbook", legend=True)
    print(f"\nDiagram:             {diagram.save(out / f'{name}.svg')}")
    print(f"In the book's style: {book.save(out / f'{name}-textbook.svg')}")
    for blank in "gradients", "all":
        sheet = viz.draw(root, style="textbook", blank=blank)
        print(f"Worksheet:           {sheet.save(out / f'{name}-worksheet-{blank}.svg')}")
    print(f"Step by step:        {diagram.save(out / f'{name}.html')}")


def check(figures: Figures, root: Value, exact: Value) -> Iterator[tuple[str, bool]]:
    """(line to print, whether met) for every figure."""
    for figure, printed in figures.items():
        found = number(root, figure)
        if isinstance(printed, str):
            yield f"{figure} = {found} (source: {printed})", matches(printed, found)
            continue
        printed, fraction = printed
        found_exactly = number(exact, figure)
        good = matches(printed, found) and found_exactly == Fraction(fraction)
        good &= isinstance(found_exactly, int | Fraction)
        line = f"{figure} = {found} (source: {printed}), exactly {found_exactly}"
        yield line if good else f"{line}, expected {fraction}", good


def number(root: Value, figure: str) -> Any:
    """The number that a figure names: the value of a label, or the gradient `∂root/∂label`."""
    label = figure.rpartition("/∂")[2]
    node = next(node for node in topological_order(root) if node.label == label)
    return node.grad if figure.startswith("∂") else node.data


def matches(printed: str, number: Any) -> bool:
    """Whether a number rounds to what the source prints, digit for digit."""
    digits = len(printed.partition(".")[2])
    return str(number) == printed or (digits > 0 and f"{number:.{digits}f}" == printed)
