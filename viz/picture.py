"""What every picture can do: show itself in a notebook, be taken as text or as dots, be saved."""

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

from autograd.writing import replace
from viz import raster, svg, tikz
from viz.options import THEMES, check
from viz.scene import Scene

Format = Callable[[Any], str | bytes]


class Saved:
    """What can be saved.

    formats  by the ending of a file, what stands in it
    """

    formats: ClassVar[Mapping[str, Format]] = {}

    def save(self, path: str | PathLike[str]) -> Path:
        """Write it, in the format that the file's ending names; returns the path.

        The folder is made if there is none. A file that is there stays whole until the new one is, and keeps
        its mode; of a link the file that it names is written. ValueError for another ending; RuntimeError,
        in one line, where a format needs a package or a program that is missing.
        """
        path = Path(path)
        check("file ending", path.suffix.lower(), self.formats)
        written = self.formats[path.suffix.lower()](self)
        path.parent.mkdir(parents=True, exist_ok=True)
        data = written if isinstance(written, bytes) else written.encode()
        if path.exists() and not path.is_file():  # a pipe; a folder, which says so
            path.write_bytes(data)
        else:
            replace(path, data, "save")
        return path


class Picture(Saved):
    """A scene, painted. In a notebook it shows itself; `save` writes it to a file.

    theme    "light", "dark", or "auto": as the reader's system is set
    formats  .tex is a whole LaTeX document
    """

    formats: ClassVar[Mapping[str, Format]] = {
        ".svg": lambda picture: picture.svg(),
        ".png": lambda picture: picture.png(),
        ".tex": lambda picture: tikz.document(picture.theme, picture.scene),
    }

    def __init__(self, scene: Scene, theme: str = "auto") -> None:
        check("theme", theme, THEMES)
        self.scene, self.theme = scene, theme

    def svg(self) -> str:
        """The picture as the text of an SVG file. What is the same gives the same bytes."""
        return svg.paint(self.scene, self.theme)

    def tikz(self) -> str:
        r"""The picture as a tikzpicture, for a document with \usepackage{tikz,amsmath}."""
        return tikz.paint(self.scene, self.theme)

    def png(self) -> bytes:
        """The picture as PNG, light unless the theme is dark; RuntimeError without the package resvg_py."""
        return raster.png(svg.paint(self.scene, self._plain))

    @property
    def _plain(self) -> str:
        """The theme of a format that has one only."""
        return "dark" if self.theme == "dark" else "light"

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.scene.summary!r})"
