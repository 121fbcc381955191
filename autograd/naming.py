r"""Names as a textbook sets them: `w^2_{13}` is w²₁₃, `y_hat` is ŷ, `alpha_1` is α₁.

    base         a letter `w`, a Greek letter or its name `alpha`, or a word `net`
    accent       `_hat`, `_bar`, `_tilde` or `_dot` after one letter: y_hat, theta_bar; or ŷ
    superscript  `^2`, `^l`, `^{l-1}`, `^{(i)}`, or ²
    subscript    `_2`, `_j`, `_h1`, `_{jk}`, `_{1,13}`, or ₂; after one letter also a word: `w_ij`, `x_train`

All else stays as it is: `learning_rate`, `soft_plus`, `__x__`, `layer1.weight`, `a_b_c`, `x.txt`, `x + y`. A
number right after a word, `x1`, stays beside it.

As text, a super- or subscript is written in Unicode where that has every letter of it: wᵢⱼ, aˡ⁻¹ₖ. Otherwise
it stays in markup, and so does a word of three letters or more: w_bq, w^{q}, x_train. Painters raise and
lower both, as `runs` says; so a name is the same in every format.

    written  w^2_{13}  w^2_{1,3}  w_ij  x_12  y_hat  alpha  δ^l_j  W_hy  h_prev  x1  learning_rate
    text     w²₁₃      w²₁,₃      wᵢⱼ   x₁₂   ŷ      α      δˡⱼ    W_hy  h_prev  x1  learning_rate
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

SPELLED = """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon
phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"""
GREEK = dict(zip(SPELLED.split(), "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ", strict=True))
ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307"}
RAISED = dict(zip(
    "0123456789+−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡ", strict=True,
))  # fmt: skip
LOWERED = dict(zip(
    "0123456789+−=()aehijklmnoprstuvxβγρφχ",
    "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True,
))  # fmt: skip
HIGH, LOW = "".join(RAISED.values()), "".join(LOWERED.values())
PLAIN = {ord(sign): letter for table in (RAISED, LOWERED) for letter, sign in table.items()} | {ord("-"): "−"}

LETTER = rf"[^\W\d_{HIGH}{LOW}]"
INNER = rf"[^\W_{HIGH}{LOW}]"  # a letter or a digit
BRACED = rf"\{{(?:{INNER}|[-−+=,()\[\]*])+\}}"
SUPERSCRIPT = rf"\^(?:\d+|{LETTER}|{BRACED})"
SUBSCRIPT = rf"_(?:{INNER}+|{BRACED})"
NAME = re.compile(
    rf"(?:(?P<letter>{LETTER}[{''.join(ACCENTS.values())}]?)(?:_(?P<accent>{'|'.join(ACCENTS)})(?!{INNER}))?"
    rf"|(?P<word>{LETTER}+))"
    rf"(?:(?P<raised>{SUPERSCRIPT}|[{HIGH}]+)?(?P<lowered>{SUBSCRIPT}|[{LOW}]+(?:,[{LOW}]+)*)?"
    rf"|(?P<first>{SUBSCRIPT})(?P<second>{SUPERSCRIPT}))"
)
MARKUP = re.compile(  # in a text with typeset names, where one may have a script in markup
    rf"(?<![\w.…])(?:{LETTER}[{''.join(ACCENTS.values())}]?|{LETTER}+)[{HIGH}]*"
    rf"(?P<raised>\^{BRACED})?(?P<lowered>{SUBSCRIPT})?(?!{INNER}|[_.]\w)"
)
SIGNS = re.compile(rf"(?P<raised>[{HIGH}]+)|(?P<lowered>[{LOW}]+(?:,[{LOW}]+)*)")
NUMBERED = re.compile(rf"({LETTER}+)(\d+)")
SPELT = re.compile(rf"(?:{'|'.join(GREEK)})(?!{LETTER})")
INDEX = rf"{LETTER}?\d*"  # after a word: j, 13, h1
WORD = re.compile(rf"(?![ijkl]+(?!{LETTER})){LETTER}{{3,}}")  # in a script; ijk is an index


class Name(NamedTuple):
    """A name in its parts, without markup: of `w^2_{13}` "w", "", "2" and "13"."""

    base: str
    accent: str = ""
    superscript: str = ""
    subscript: str = ""

    def text(self) -> str:
        """The name as text: w²₁₃."""
        letter = normalize("NFC", self.base + ACCENTS.get(self.accent, ""))
        raised = _signs(self.superscript, RAISED) or f"^{{{self.superscript}}}"
        lowered = _signs(self.subscript, LOWERED | {",": ","}) or self._subscript()
        return letter + raised * bool(self.superscript) + lowered * bool(self.subscript)

    def _subscript(self) -> str:
        """The subscript in markup, without braces where it is read without them."""
        plain = re.fullmatch(rf"{INNER}+" if len(self.base) == 1 else INDEX, self.subscript)
        return f"_{self.subscript}" if plain else f"_{{{self.subscript}}}"

    def latex(self) -> str:
        r"""The name in LaTeX, for math mode: `w^{2}_{13}`, `\hat{y}`, `\alpha_{1}`, `\mathit{apple}`."""
        match = NUMBERED.fullmatch(self.base)
        base, number = match.groups() if match and len(match[1]) == 1 else (self.base, "")
        letter = _tex_word(base)
        scripts = ("^", self.superscript), ("_", self.subscript or number)
        return "".join((
            rf"\{self.accent}{{{letter}}}" if self.accent else letter,
            *(f"{sign}{{{_tex_script(script)}}}" for sign, script in scripts if script),
        ))  # fmt: skip


@lru_cache(4096)
def parse(name: str) -> Name | None:
    """The parts of a name, from markup or from text; None where it is no such name.

    >>> parse("w^2_{13}")
    Name(base='w', accent='', superscript='2', subscript='13')
    >>> parse("ŷ₁") == parse("y_hat_1") == Name("y", "hat", "", "1")
    True
    >>> parse("learning_rate")
    """
    name = normalize("NFC", name)
    if spelt := SPELT.match(name):
        name = GREEK[spelt[0]] + name[spelt.end() :]
    if NUMBERED.fullmatch(name):
        return Name(name)
    if not (match := NAME.fullmatch(name)):
        return None
    base, accent = match["word"], ""
    scripts = match["raised"] or match["second"] or "", match["lowered"] or match["first"] or ""
    if base and scripts[1][:1] == "_" and not re.fullmatch(rf"_(?:{INDEX}|{BRACED})", scripts[1]):
        return None
    if not base:
        base, accent = _accented(match["letter"])
        if match["accent"] and len(normalize("NFD", match["letter"])) > 1:  # ñ_hat
            return None
    return Name(base, accent or match["accent"] or "", *map(_bare, scripts))


@lru_cache(4096)
def typeset(name: str) -> str:
    """The name as text, as it is where it is no such name: w²₁₃ for `w^2_{13}`, ŷ for `y_hat`."""
    parts = parse(name)
    return parts.text() if parts else name


def numbered(name: str, number: int) -> str:
    """Another name as text, for one of several that would be the same: w₂, or w⁽²⁾₁ for w₁."""
    parts = parse(name)
    if parts and parts.subscript:
        return parts._replace(superscript=f"{parts.superscript}({number})").text()
    return typeset(f"{name}_{number}")


class Run(NamedTuple):
    """A piece of a text: level 0 on the line, 1 a superscript, −1 a subscript."""

    text: str
    level: int = 0


@lru_cache(4096)
def runs(text: str) -> tuple[Run, ...]:
    """The pieces of a text with typeset names, for painters that raise and lower; none is empty.

    A subscript right behind a superscript stands below it: they begin at one place.

    >>> [*map(tuple, runs("∂L/∂w²₁₃ · h_prev"))]
    [('∂L/∂w', 0), ('2', 1), ('13', -1), (' · h', 0), ('prev', -1)]
    """
    marked = (x for x in MARKUP.finditer(text) if (name := parse(x[0])) and name.text() == x[0])
    scripts = sorted(
        (*match.span(kind), level)
        for match in (*marked, *SIGNS.finditer(text))
        for kind, level in (("raised", 1), ("lowered", -1))
        if match[kind]
    )
    pieces, end = [], 0
    for start, stop, level in scripts:
        pieces += [Run(text[end:start]), Run(_bare(text[start:stop]), level)]
        end = stop
    return tuple(run for run in (*pieces, Run(text[end:])) if run.text)


def _bare(script: str) -> str:
    """A super- or subscript without its markup."""
    return script.strip("^_{}").translate(PLAIN)


def _accented(letter: str) -> tuple[str, str]:
    """A letter and its accent; é is a letter without one of ours."""
    for accent, mark in ACCENTS.items():
        base = normalize("NFD", letter).removesuffix(mark)
        if len(base) == 1 and normalize("NFC", base + mark) == letter:
            return base, accent
    return letter, ""


def _signs(script: str, table: Mapping[str, str]) -> str:
    """A super- or subscript in the signs of Unicode; "" where it stays in markup."""
    signs = [table.get(letter, "") for letter in script]
    return "".join(signs) if all(signs) and not WORD.search(script) else ""


# ── LaTeX ───────────────────────────────────────────────────────────────────────────────────────────

TEX_SYMBOLS = {letter: f"\\{word}" for word, letter in GREEK.items()} | {
    "×": r"\times", "·": r"\cdot", "−": "-", "–": r"\text{--}", "∂": r"\partial", "√": r"\surd",
    "…": r"\dots", "∞": r"\infty", "→": r"\to", "↑": r"\uparrow", "^": r"\wedge", "▸": r"\triangleright",
    "≈": r"\approx", "∛": r"\sqrt[3]{}", "ln 2": r"\ln 2", "ln 10": r"\ln 10",
}  # fmt: skip
LIGATURE = re.compile(r"(?<=[-<>,'`?!])(?=[-<>,'`])")  # TeX makes one sign of -- and of <<


def latex_name(name: str) -> str:
    r"""A name in LaTeX, for math mode: in its parts, or else as words in \mathit or \text."""
    if name in TEX_SYMBOLS or not name:
        return TEX_SYMBOLS.get(name, "")
    parts = parse(name)
    return parts.latex() if parts else _tex_word(name)


def latex_symbol(text: str) -> str:
    r"""The symbol of an operation: `×` as \times, `tanh` as \operatorname{tanh}."""
    if len(text) > 1 and text.isidentifier() and text.isascii():
        return r"\operatorname{{{}}}".format(text.replace("_", r"\_"))
    return text if text in ("+", "/", "=") else latex_name(text)


def latex_text(text: str) -> str:
    r"""Words for text mode: `upstream × local` as upstream $\times$ local."""
    return "".join(map(_tex_letter, text))


def _tex_letter(letter: str) -> str:
    """A letter in text mode."""
    if letter in HIGH + LOW:
        return f"${'^' if letter in HIGH else '_'}{{{_tex_script(letter.translate(PLAIN))}}}$"
    return f"${TEX_SYMBOLS[letter]}$" if letter in TEX_SYMBOLS and letter != "^" else letter


def _tex_word(word: str) -> str:
    """A word without scripts in math mode."""
    if word in TEX_SYMBOLS or (len(word) == 1 and word.isalnum() and word.isascii()):
        return TEX_SYMBOLS.get(word, word)
    if word.isascii() and word.isidentifier():
        return rf"\mathit{{{_escape(word)}}}"
    return rf"\text{{{latex_text(LIGATURE.sub('{}', _escape(word)))}}}"


def _tex_script(script: str) -> str:
    """A super- or subscript in math mode, its words upright."""
    return re.sub(rf"{WORD.pattern}|[^\x00-\x7f]", _tex_part, script).strip()


def _tex_part(match: re.Match[str]) -> str:
    """A word or a letter of a super- or subscript; a command ends where a space stands."""
    part = match[0]
    if part in TEX_SYMBOLS:
        return TEX_SYMBOLS[part] + " " * part.isalpha()
    return rf"\{'mathrm' if part.isascii() else 'text'}{{{part}}}"


def _escape(text: str) -> str:
    """The text with LaTeX's special characters made plain."""
    words = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    return re.sub(r"[\\~^#$%&_{}]", lambda m: words.get(m[0], "\\" + m[0]), text)
