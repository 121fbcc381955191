"""A picture of a graph, to show in a notebook, to save, or to take as text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from autograd import Value
from viz import dot, mermaid, page, raster, record, textbook, tikz, tree
from viz.options import Options, check
from viz.records import Graph

if TYPE_CHECKING:
    import graphviz  # type: ignore[import-untyped]

Picture = TypeVar("Picture")

RENDERERS: dict[str, Callable[[Graph, Options], str]] = {"record": record.render, "textbook": textbook.render}


class Diagram:
    """What `viz.draw` gives. In a notebook it shows itself; `save` writes it to a file."""

    def __init__(self, graph: Graph, options: Options, roots: Sequence[Value] = ()) -> None:
        self.graph = graph
        self.options = options
        self.roots = roots

    def svg(self) -> str:
        """The picture as the text of an SVG file."""
        return RENDERERS[self.options.style](self.graph, self.options)

    def html(self) -> str:
        """The page that leads through the graph step by step, forward and back, as one HTML file.

        It loads nothing, and its picture is in the style "record".
        """
        return page.render(self.graph, self.options, self.roots)

    def iframe(self, height: int = 480) -> page.Frame:
        """The step-through page for a notebook, so many pixels high."""
        return page.Frame(self.html(), height)

    def dot(self) -> "graphviz.Digraph":
        """The graph for Graphviz: `.source` is its text; `.render(…)` and `.pipe(…)` run `dot`."""
        return dot.render(self.graph, self.options)

    def mermaid(self) -> str:
        """The graph as a Mermaid flowchart; ValueError where it is larger than Mermaid draws."""
        return mermaid.render(self.graph, self.options)

    def tikz(self) -> str:
        r"""The picture as a tikzpicture, for a document with \usepackage{tikz,amsmath}."""
        return tikz.render(self.graph, self.options)

    def text(self) -> str:
        """The graph as a tree of text, from its roots down to its leaves."""
        return tree.render(self.graph, self.options)

    def png(self) -> bytes:
        """The picture as PNG, drawn by the package resvg_py, or without it by Graphviz's program `dot`."""
        if raster.has_resvg():
            theme = "dark" if self.options.theme == "dark" else "light"
            return raster.png(Diagram(self.graph, replace(self.options, theme=theme), self.roots).svg())
        if raster.has_dot():
            return raster.run_dot(self.dot().source, "png", len(self.graph.nodes))
        raise RuntimeError(f"PNG needs the package resvg_py: {raster.GET_RESVG}; or save as .svg")

    def pdf(self) -> bytes:
        """The graph as PDF, drawn by Graphviz's program `dot`."""
        return raster.run_dot(self.dot().source, "pdf", len(self.graph.nodes))

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the picture, in the format that the file's ending names; returns the path.

        .svg .html .png .pdf .dot .mmd (Mermaid) .tex (a whole LaTeX document) .txt (the tree of text).
        The folder is made if there is none. ValueError for another ending; RuntimeError, in one line, where
        a format needs a package or a program that is missing.
        """
        return write(path, self, FORMATS)

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        options = self.options
        return f"Diagram({len(self.graph.nodes)} values, style={options.style!r}, theme={options.theme!r})"


def write(
    path: str | PathLike[str], picture: Picture, formats: Mapping[str, Callable[[Picture], str | bytes]]
) -> Path:
    """Write a picture in the format that the file's ending names; ValueError for another ending."""
    path = Path(path)
    check("file ending", path.suffix.lower(), formats)
    written = formats[path.suffix.lower()](picture)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written if isinstance(written, bytes) else written.encode())
    return path


FORMATS: dict[str, Callable[[Diagram], str | bytes]] = {
    ".svg": Diagram.svg,
    ".html": Diagram.html,
    ".png": Diagram.png,
    ".pdf": Diagram.pdf,
    ".dot": lambda diagram: diagram.dot().source,
    ".mmd": Diagram.mermaid,
    ".tex": lambda diagram: tikz.document(diagram.graph, diagram.options),
    ".txt": Diagram.text,
}
