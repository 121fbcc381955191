"""A picture of a graph, to show in a notebook, to save, or to take as text."""

from collections.abc import Callable
from os import PathLike
from pathlib import Path

from viz import record
from viz.options import Options, check
from viz.records import Graph

RENDERERS: dict[str, Callable[[Graph, Options], str]] = {"record": record.render}


class Diagram:
    """What `viz.draw` gives. In a notebook it shows itself; `save` writes it to a file."""

    def __init__(self, graph: Graph, options: Options) -> None:
        self.graph = graph
        self.options = options

    def svg(self) -> str:
        """The picture as the text of an SVG file."""
        return RENDERERS[self.options.style](self.graph, self.options)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the picture, in the format that the file's ending names (.svg); returns the path.

        The folder is made if there is none. ValueError for another ending.
        """
        path = Path(path)
        check("file ending", path.suffix.lower(), FORMATS)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FORMATS[path.suffix.lower()](self), encoding="utf-8", newline="\n")
        return path

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        options = self.options
        return f"Diagram({len(self.graph.nodes)} values, style={options.style!r}, theme={options.theme!r})"


FORMATS: dict[str, Callable[[Diagram], str]] = {".svg": Diagram.svg}
