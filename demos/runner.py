"""Runs a demo: the graph node by node, every figure of its source checked, and the diagram.

A demo is a module with a docstring to read, `build(number)` that records the graph, and `FIGURES`: what
the source prints, and the exact value of it. `number` turns "1.1" into the number type of the run.
"""

import argparse
import importlib
import inspect
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import viz
from autograd import Value, topological_order

DEMOS = ["apples", "apples_oranges", "chain_rule", "sigmoid_nodes", "olah", "micrograd_readme"]

Number = Callable[[str], Any]
"""Reads a literal as a number: `as_written` or `Fraction`."""


def as_written(text: str) -> int | float:
    """The literal as Python reads it: "2" is an int and "1.1" a float."""
    return int(text) if text.lstrip("-").isdigit() else float(text)


def main(arguments: list[str] | None = None) -> int:
    """List the demos, or run the one that is named; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m demos", description="Textbook examples, node by node.")
    parser.add_argument("name", nargs="?", choices=[*DEMOS, "all"], metavar="NAME", help="a demo, or all")
    parser.add_argument("--out", type=Path, default=Path("build/demos"), help="folder for the diagrams")
    options = parser.parse_args(arguments)
    if options.name is None:
        width = max(map(len, DEMOS))
        for name in DEMOS:
            print(f"{name:{width}}  {summary(load(name))}")
        print("\nRun one with: python -m demos NAME, or all of them with: python -m demos all")
        return 0
    names = DEMOS if options.name == "all" else [options.name]
    met = [run(load(name), options.out) for name in names]
    return 0 if all(met) else 1


def load(name: str) -> ModuleType:
    """The module of a demo."""
    return importlib.import_module(f"demos.{name}")


def summary(demo: ModuleType) -> str:
    """The first line of a demo's docstring."""
    return (demo.__doc__ or "").partition("\n")[0]


def run(demo: ModuleType, out: Path) -> bool:
    """Show a demo and check its figures; returns whether all of them are met."""
    name = demo.__name__.rpartition(".")[2]
    print(f"\n{inspect.cleandoc(demo.__doc__ or '')}\n")
    root = demo.build(as_written)
    root.backward()
    print(viz.table(root))
    exact = demo.build(Fraction)
    exact.backward()
    print("\nThe figures of the source, and exactly in fractions:")
    met = True
    for line, good in check(demo.FIGURES, root, exact):
        print(f"  {'✓' if good else '✗'} {line}")
        met &= good
    diagram, book = viz.draw(root), viz.draw(root, style="textbook")
    print(f"\nAll {len(demo.FIGURES)} figures met." if met else "\nNOT ALL FIGURES ARE MET.")
    print(f"Diagram:             {diagram.save(out / f'{name}.svg')}")
    print(f"In the book's style: {book.save(out / f'{name}-textbook.svg')}")
    for blank in "gradients", "all":
        sheet = viz.draw(root, style="textbook", blank=blank)
        print(f"Worksheet:           {sheet.save(out / f'{name}-worksheet-{blank}.svg')}")
    print(f"Step by step:        {diagram.save(out / f'{name}.html')}")
    return met


def check(figures: dict[str, tuple[str, str]], root: Value, exact: Value) -> Iterator[tuple[str, bool]]:
    """(line to print, whether met) for every figure: `price`, or `∂price/∂tax`."""
    for figure, (printed, fraction) in figures.items():
        found, found_exactly = number(root, figure), number(exact, figure)
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
