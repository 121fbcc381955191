r"""Names, numbers and formulas in LaTeX, for pictures and tables.

A formula comes as the text that autograd writes, `1 − z²`, with the names that occur in it. It is read from
left to right as tokens: a name, a function, a number, an exponent, a sign. Everything is for math mode.
"""

import re
from collections.abc import Collection, Iterator

import autograd

SIGNS = {
    "×": r"\times ", "·": r"\cdot ", "−": "-", "–": r"\text{--}", "∂": r"\partial ", "√": r"\surd ",
    "…": r"\dots ", "∞": r"\infty ", "Π": r"\Pi ", "→": r"\to ", "↑": r"\uparrow ",
    "^": r"\wedge ", "▸": r"\triangleright ",
}  # fmt: skip
WORDS = {"mod": r"\bmod ", "ln": r"\ln "}
RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"
LOWER = str.maketrans(RAISED, "0123456789-")
WORD = rf"[^\W{RAISED}]"  # Python counts ² among the letters of words
LIGATURE = re.compile(r"(?<=[-<>,'`?!])(?=[-<>,'`])")  # TeX makes one sign of -- and of <<


def math(name: str) -> str:
    r"""A name: `x1` as x_{1}, `apple` as \mathit{apple}, other text as \text{…}, its specials plain."""
    written = autograd.formula(autograd.Value(0, name), latex=True) if name else ""
    if not written.startswith(r"\text{"):
        return written
    return "".join(map(_in_text, LIGATURE.sub("{}", written)))


def symbol(text: str) -> str:
    r"""The symbol of an operation: `×` as \times, `tanh` as \operatorname{tanh}."""
    if text in SIGNS:
        return SIGNS[text].strip()
    if len(text) > 1 and text.isidentifier() and text.isascii():
        return rf"\operatorname{{{_plain(text)}}}"
    return text if text in ("+", "/", "=") else math(text)


def expression(text: str, names: Collection[str]) -> str:
    r"""An expression or a formula in which these names occur: `1 − z²` as 1 - z^{2}."""
    if text.startswith("no "):
        return rf"\text{{{text}}}"
    return re.sub(" +", " ", "".join(_parts(text, names))).strip()


def _parts(text: str, names: Collection[str]) -> Iterator[str]:
    """The tokens in LaTeX. What `^` raises ends with its token, or at the parenthesis that closes it."""
    depth, raised = 0, []
    for match in _tokens(names).finditer(text):
        kind, token = match.lastgroup, match[0]
        depth += {"(": 1, ")": -1}.get(token, 0) if kind == "sign" else 0
        if kind == "power":
            raised.append(depth)
            yield "^{"
            continue
        yield _token(kind, token)
        while raised and raised[-1] == depth and kind != "function":
            raised.pop()
            yield "}"


def _tokens(names: Collection[str]) -> re.Pattern[str]:
    known = "|".join(map(_whole, sorted(names, key=lambda name: (-len(name), name)))) or "(?!)"
    kinds = {
        "name": known,
        "function": rf"(?!\d){WORD}+(?=\()",
        "number": r"\d[\d.]*(?:e[-−+]?\d+)?",
        "word": rf"(?!\d){WORD}{{2,}}",
        "raised": f"[{RAISED}]+",
        "power": r"\^",
        "sign": ".",
    }
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in kinds.items()), re.DOTALL)


def _whole(name: str) -> str:
    """A pattern of the name, where it is no part of a longer word and no function."""
    before = rf"(?<!{WORD})" if re.match(WORD, name) else ""
    after = rf"(?!{WORD}|\()" if re.match(WORD, name[-1:]) else ""
    return f"{before}{re.escape(name)}{after}" if name else "(?!)"


def _token(kind: str | None, token: str) -> str:
    if kind == "name":
        return math(token)
    if kind == "function":
        return symbol(token)
    if kind == "word":  # or the name of a node that the picture does not show
        return WORDS.get(token) or math(token)
    if kind == "number":
        return token.replace("−", "-")
    if kind == "raised":
        return f"^{{{token.translate(LOWER)}}}"
    return SIGNS.get(token) or (token if token in "+-/()[],.| =<>" else math(token))


def _plain(identifier: str) -> str:
    """An ASCII identifier; of its letters only _ is special."""
    return identifier.replace("_", r"\_")


def _in_text(letter: str) -> str:
    r"""A letter of a \text; Greek and signs, which text fonts may lack, as mathematics."""
    if letter.isascii():
        return letter
    sign = SIGNS.get(letter) or autograd.formula(autograd.Value(0, letter), latex=True)
    return letter if sign.startswith(r"\text") else f"${sign.strip()}$"


def number(text: str) -> str:
    """A number as `short` and `full` write it: −0.5, 1e−5, 1/3, (1+2j)."""
    text = text.replace("−", "-")
    return (
        re.sub(r"e\+?(-?\d+)", r"\\cdot 10^{\1}", text)
        if re.fullmatch(r"[-+\d.e/]+", text)
        else expression(text, ())
    )


def prose(text: str) -> str:
    r"""Words without specials, for text mode: `upstream × local` as upstream $\times$ local."""
    return "".join(map(_in_text, text))


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
