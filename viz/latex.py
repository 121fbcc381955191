r"""Names, numbers and formulas in LaTeX, for pictures and tables. For math mode."""

import re
from collections.abc import Iterable
from typing import Any

from autograd import ops
from autograd.formula import TEX_FUNCTIONS
from autograd.naming import HIGH, LOW, latex_name, latex_symbol, parse, runs
from viz.text import clip

WORD = (  # a name as text, its scripts in markup or not; or words with dots, as of a scope or a file
    rf"[^\W\d{HIGH}{LOW}](?:(?!_\{{)[\w\u0300-\u036f…]|\.(?=[\w…])|(?<=[{LOW}]),(?=[{LOW}]))*"
    rf"(?:[\^_]\{{[^{{}}]*\}})*[{HIGH}{LOW}]*"
)
NUMBER = rf"\d+(?:,\d{{3}})*(?:\.\d+)?(?:e[-−+]?\d+)?(?![^\W\d{HIGH}{LOW}])"
PIECE = re.compile(
    rf"(?P<constant>ln (?:2|10)\b)|(?P<infix>(?<= )mod(?= ))|(?P<words>{WORD}(?: (?!mod ){WORD})+)"
    rf"|(?P<word>{WORD})|(?P<number>{NUMBER})|(?P<raised>[{HIGH}]+)"
    rf"|\^(?:\((?P<exponent>[^()]*)\)|(?P<power>{WORD}|{NUMBER}))|(?P<space>\s+)|(?P<sign>.)"
)


def mathematics(text: str) -> str:
    r"""What a picture says — a name, a number, a formula in text — for math mode.

    >>> print(mathematics("∂L/∂w²₁₃ · y(1 − y)"))
    \partial L/\partial w^{2}_{13} \cdot y(1 - y)
    >>> print(mathematics("exp(−x) = 6.022×10²³"))
    \exp (-x) = 6.022\times 10^{23}
    """
    return _joined(map(_piece, PIECE.finditer(text.strip())))


def operation(text: str) -> str:
    r"""The symbol of an operation, for math mode: its words upright, its sign as between two operands.

    >>> print(operation("softmax"), operation("1 −"))
    {}\operatorname{softmax}{} {}1 -{}
    """
    found = PIECE.finditer(text)
    written = _joined(latex_symbol(x[0]) if x.lastgroup == "word" else _piece(x) for x in found)
    return f"{{}}{written}{{}}"


def _joined(pieces: Iterable[str]) -> str:
    return re.sub(r"(?<!\\) +", " ", "".join(pieces)).strip()


def _piece(match: re.Match[str]) -> str:
    """A piece of a formula; a command of letters ends with a space, lest the next letter is read with it."""
    kind, piece = str(match.lastgroup), match[0]
    match kind:
        case "word":
            written = _word(piece)
        case "number":
            written = re.sub(r"e\+?([-−]?)0*(\d+)", r" \\times 10^{\1\2}", piece.replace(",", "{,}"))
        case "raised":
            written = f"^{{{runs(piece)[0].text}}}"
        case "exponent" | "power":
            written = f"^{{{mathematics(match[kind])}}}"
        case "infix":
            written = r"\bmod"
        case "space":  # mathematics spaces its signs, but neither words nor columns
            around = match.string[: match.start()][-1:] + match.string[match.end() :][:1]
            apart = re.fullmatch(r"[^\W\d]\d|\)\(", around)  # now 100; (2,) (3,)
            return r"\ " * len(piece) if len(piece) > 1 or apart else " "
        case _:
            written = piece if piece in "+-/=()[]|<>,.:;!?'" or piece.isdecimal() else latex_name(piece)
    return re.sub(r"(\\[A-Za-z]+)$", r"\1 ", written.replace("−", "-"))


def _word(word: str) -> str:
    """A word of a formula: an operation, a name, or a name and its exponent."""
    if word in ops.TABLE:
        return rf"\{word}" if word in TEX_FUNCTIONS else latex_symbol(word)
    stem = word.rstrip(HIGH)
    if not parse(word) and parse(stem) and stem != word:  # w₁²
        return f"{latex_name(stem)}^{{{runs(word[len(stem) :])[0].text}}}"
    return r"\mathrm{nan}" if word == "nan" else latex_name(word)


def formula(written: Any, length: int) -> str:
    r"""A formula of a record; from its text where it is longer than this, or no graph."""
    text = str(written)
    if isinstance(written, str) or len(text) > length:
        return mathematics(clip(text, length))
    return str(written.latex())


def words(text: str) -> str:
    """A sentence, for text mode, so that its lines can be broken."""
    plain = re.compile(r"[A-Za-z0-9.,;:!?()'-]+")
    return " ".join(x if plain.fullmatch(x) else f"${mathematics(x)}$" for x in text.split())


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
