r"""Names, numbers and formulas in LaTeX, for pictures and tables. For math mode."""

import re
from typing import Any

from autograd.naming import latex_name
from viz.text import clip


def formula(written: Any, length: int) -> str:
    r"""A formula of a record; as words where it is longer than this, or no graph."""
    text = str(written)
    if isinstance(written, str) or len(text) > length:
        return latex_name(clip(text, length))
    return str(written.latex())


def words(text: str) -> str:
    """A sentence, for text mode, so that its lines can be broken."""
    return " ".join(x if x.isascii() and x.isalnum() else f"${latex_name(x)}$" for x in text.split())


def number(text: str) -> str:
    """A number as `short` and `full` write it: −0.5, 1e−5, 1/3, (1+2j); other words as they are."""
    text = text.replace("−", "-")
    if not re.fullmatch(r"[-+\d.e/()j]+", text):
        return latex_name(text)
    return re.sub(r"e\+?(-?\d+)", r"\\cdot 10^{\1}", text)


def preamble(body: str) -> str:
    r"""The packages that names and formulas need, for all engines.

    pdfLaTeX has no fonts for some letters (苹, emoji): it shows their code points in frames. With XeLaTeX or
    LuaLaTeX choose a font that has them: \setmainfont{…}.
    """
    declared = [
        rf"\missing{{{letter}}}{{{ord(letter):04X}}}" for letter in sorted(set(body)) if letter > "\x7f"
    ]
    frames = "\n".join((MISSING, *declared)) if declared else ""
    return "\n".join(filter(None, (r"\usepackage{amsmath,iftex}", r"\ifPDFTeX", r"\usepackage[T1]{fontenc}",
                                   frames, r"\else", r"\usepackage{fontspec}", r"\fi")))  # fmt: skip


MISSING = (
    r"\newcommand\missing[2]{\ifcsname u8:\detokenize{#1}\endcsname\else"
    r"\DeclareUnicodeCharacter{#2}{\resizebox{1em}{!}{\fbox{#2}}}\fi}"
)
