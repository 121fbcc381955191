"""The gallery: its code runs, and makes the pictures that docs/pictures holds and the texts that it shows.

After a change of style, `python tests/test_gallery.py` makes them anew: look at them before they are kept.
"""

import os
import re
import sys
from pathlib import Path

import pytest
from test_page import unpacked

ROOT = Path(__file__).parent.parent
GALLERY, PICTURES = ROOT / "docs/diagrams.md", ROOT / "docs/pictures"
TEXT = GALLERY.read_text(encoding="utf-8")
CODE = list(re.finditer(r"```python\n(.*?)```", TEXT, re.S))
MADE = [name for block in CODE for name in re.findall(r'\.(?:save|savefig)\("([^"]+)"\)', block[1])]
FENCES = {".txt": "text", ".mmd": "mermaid"}  # what is shown as text below the code that makes it
TEXTS = [name for name in MADE if Path(name).suffix in FENCES]


def make(folder):
    """Run the gallery's code from top to bottom, in a folder that receives what it saves."""
    import matplotlib

    matplotlib.use("Agg")
    names, before = {"__name__": "gallery"}, Path.cwd()
    os.chdir(folder)
    try:
        for block in CODE:
            line = TEXT[: block.start(1)].count("\n")
            exec(compile("\n" * line + block[1], GALLERY, "exec"), names)
    finally:
        os.chdir(before)
        matplotlib.pyplot.close("all")


def fence(name):
    """Where the document shows the text of a file that it makes."""
    below = TEXT.index(f'"{name}"')
    return re.compile(rf"```{FENCES[Path(name).suffix]}\n(.*?)```", re.S).search(TEXT, below)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gallery")
    make(folder)
    return folder


@pytest.mark.parametrize("name", [name for name in MADE if name not in TEXTS])
def test_the_stored_picture_is_what_the_code_makes(folder, name):
    made, stored = (folder / name).read_bytes(), (PICTURES / name).read_bytes()
    if name.endswith(".png"):  # matplotlib's, whose bytes differ from version to version
        assert made[:8] == stored[:8] == b"\x89PNG\r\n\x1a\n"
    elif name.endswith(".html"):  # whose script is packed, by one version of zlib or another
        assert unpacked(made.decode()) == unpacked(stored.decode()), (
            "to keep the new one: python tests/test_gallery.py"
        )
    else:
        assert made == stored, "look at the new one; to keep it: python tests/test_gallery.py"


@pytest.mark.parametrize("name", TEXTS)
def test_the_text_shown_is_what_the_code_makes(folder, name):
    assert fence(name)[1] == (folder / name).read_text(encoding="utf-8")


def test_every_picture_is_shown_below_the_code_that_makes_it(folder):
    assert sorted(MADE) == sorted(path.name for path in folder.iterdir())
    for name in MADE:
        assert name in TEXTS or f"](pictures/{name})" in TEXT[TEXT.index(f'"{name}"') :], name


def main():
    """Make the pictures and the texts of the document anew."""
    make(PICTURES)
    text = TEXT
    for name in reversed(TEXTS):
        start, end = fence(name).span(1)
        text = text[:start] + (PICTURES / name).read_text(encoding="utf-8") + text[end:]
        (PICTURES / name).unlink()
    GALLERY.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
