"""Text in pictures and tables: how wide it is, and numbers in few digits.

Widths are computed without fonts. A monospaced font advances 0.602 em per column; for bold sans there are
four classes of letters, read off DejaVu Sans Bold, which is wider than Helvetica, Arial or Segoe.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import count, takewhile
from math import fsum
from typing import Any
from unicodedata import category, east_asian_width

from autograd.formula import SUPERSCRIPT
from autograd.naming import Run as Run
from autograd.naming import runs as runs

MONO = 0.602  # em, the advance of Menlo and DejaVu Sans Mono; other monospaced fonts are narrower
BOLD = {
    **dict.fromkeys(" !'(),-./:;IJ[\\]fijlrt|", 0.495),
    **dict.fromkeys('"$*?`{}0123456789EFLPSTZ_abcdeghknopqsuvxyz', 0.735),
    **dict.fromkeys("%&@MWmw…", 1.11),
}  # em; any other letter 0.87
CELLS = "\N{NO-BREAK SPACE}"  # around what stands in columns: SVG would make one of several plain spaces
SCRIPT = 0.7  # the size of a superscript or a subscript, by that of its line


@lru_cache(4096)
def _columns(letter: str) -> int:
    kind = category(letter)
    return 0 if kind in ("Mn", "Me", "Cf") else 2 if east_asian_width(letter) in "WF" else 1


@lru_cache(4096)
def _bold(letter: str) -> float:
    columns = _columns(letter)
    emoji = 0.3 if category(letter) == "So" else 0.05
    return BOLD.get(letter, 0.87) if columns == 1 else columns * (0.5 + emoji)


def columns(text: str) -> int:
    """The columns that a text takes in a monospaced font: two for CJK and emoji, none for marks."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def mono_width(text: str, size: float) -> float:
    """The width of a text in a monospaced font, its `runs` raised and lowered."""
    return _width(text, lambda run: MONO * columns(run)) * size


def bold_width(text: str, size: float) -> float:
    """A width that a text in bold sans does not exceed, its `runs` raised and lowered, and monospaced."""
    # fsum, in the layout too: it rounds alike in every Python, where `sum` of floats changed with 3.12.
    return _width(text, lambda run: fsum(map(_bold, run))) * size


def _width(text: str, advance: Callable[[str], float]) -> float:
    """The width of a text in em; a subscript stands below the superscript right before it."""
    width, above = 0.0, 0.0  # of that superscript
    for run in runs(text):
        wide = SCRIPT * MONO * columns(run.text) if run.level else advance(run.text)
        width += max(0.0, wide - above) if run.level < 0 else wide
        above = wide if run.level > 0 else 0.0
    return width


# The letters of Hebrew, Arabic and their like.
RIGHT_TO_LEFT = "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]+"
NAMES = re.compile(f"{RIGHT_TO_LEFT}(?:[ _]+{RIGHT_TO_LEFT})*")


def isolated(text: str) -> str:
    """The text with right-to-left names set apart, so that what stands beside them keeps its order."""
    if text.isascii():
        return text
    return NAMES.sub("\u2068\\g<0>\u2069", text)


def shape_text(shape: Sequence[int | str]) -> str:
    """A shape as NumPy prints it: (n, 3), and (n,)."""
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"


def padded(text: str, width: int) -> str:
    """The text with so many spaces behind it that it is so many columns wide."""
    return text + " " * (width - columns(text))


def clip(text: object, length: int) -> str:
    """An expression or a sentence, its end cut with an ellipsis: its beginning says what it is."""
    text = str(text)
    return text if len(text) <= length else text[: length - 1] + "…"


def cut(name: str, length: int) -> str:
    """A name, cut in the middle: its end, as of `block.query.weight_1`, tells it from others."""
    head = 2 * length // 5
    return name if len(name) <= length else f"{name[:head]}…{name[head + 1 - length :]}"


def distinct(names: Iterable[str], length: int) -> dict[str, str]:
    """All names cut to a length, so that different ones stay different.

    Where the cut would make two of them equal, the place where they differ stays too; failing that, a number
    tells them apart.

    >>> [*distinct(["encoder.block1.attention.w", "encoder.block2.attention.w"], 18).values()]
    ['enco…1.attent…on.w', 'enco…2.attent…on.w']
    """
    cuts = {name: cut(name, length) for name in names}
    alike: dict[str, list[str]] = {}
    for name, short in cuts.items():
        alike.setdefault(short, []).append(name)
    taken = {short for short, several in alike.items() if len(several) == 1}
    end = length // 4
    for several in alike.values():
        differ = len([*takewhile(lambda letters: len({*letters}) == 1, zip(*several, strict=False))])
        numbers = (f"…{i}" for i in count(2))
        for name in several if len(several) > 1 else ():
            short = f"{name[:end]}…{name[differ : differ + length - 2 * end - 2]}…{name[-end:]}"
            while len(name) > length and (len(short) > length or short in taken):
                number = next(numbers)
                short = name[: length - len(number)] + number
            cuts[name] = short if len(name) > length else name
            taken.add(cuts[name])
    return cuts


def filled(symbol: str, operands: Sequence[str], infix: bool, lists: int = 1) -> str:
    """The symbol with the numbers among its operands, "" for the others; those of `dot` are two lists.

    >>> filled("−", ["1", ""], infix=True), filled("max", ["", "0"], infix=False)
    ('1 −', 'max(·, 0)')
    >>> filled("dot", ["", "2", "3", "4"], infix=False, lists=2)
    'dot([·, 2], [3, 4])'
    """
    if not any(operands):
        return symbol
    if infix:
        return f"{operands[0]} {symbol} {operands[1]}".strip()
    written = [operand or "·" for operand in operands]
    if lists > 1:
        size = len(written) // lists
        written = [f"[{', '.join(written[i : i + size])}]" for i in range(0, len(written), size)]
    return f"{symbol}({', '.join(written)})"


def full(number: Any) -> str:
    """The number in all its digits, as Python prints it: 220.00000000000003, and 11/5 for a Fraction."""
    try:
        return str(number)
    except ValueError:  # an int of more than 4,300 digits
        return _rounded(number, 4)


def short(number: Any, signed: bool = False, digits: int | None = 4) -> str:
    """The number in so many significant digits, None: all; whole numbers and fractions of few digits exactly.

    None instead of a number is "": a group of values has none. A text, the shape of an array, stays as it is.

    >>> short(220.00000000000003), short(-1 / 3), short(1e-5), short(12345.6), short(0.5, signed=True)
    ('220', '−0.3333', '10⁻⁵', '12346', '+0.5')
    >>> short(-1 / 3, digits=2), short(123.4, digits=2), short(-1 / 3, digits=None)
    ('−0.33', '123', '−0.3333333333333333')
    >>> short(6.02214e23), short(float("-inf")), short(float("nan"))
    ('6.022×10²³', '−∞', 'nan')
    """
    if number is None or isinstance(number, str):
        return number or ""
    if isinstance(number, Decimal) and number.is_nan():  # which raises in a comparison
        return "nan"
    if number == 0:
        return "0"
    text = full(number)
    if digits is not None and (not isinstance(number, int | Fraction) or len(text) > 11):
        text = _rounded(number, digits)
    plus = "+" if signed and not isinstance(number, complex) and number > 0 else ""
    return plus + INFINITY.sub("∞", POWER.sub(_power, text.removeprefix("+"))).replace("-", "−")


def relation(operation: Callable[..., Any], operands: Iterable[Any], result: Any, digits: int | None) -> str:
    """`=`, or `≈` where the operands as they are shown do not give the result as it is shown.

    >>> from operator import mul
    >>> relation(mul, (1 / 3, 3), 1.0, 4), relation(mul, (0.5, 3), 1.5, 4)
    ('≈', '=')
    """
    if digits is None:
        return "="
    try:
        made = operation(*(_shown(operand, digits) for operand in operands))
    except (ArithmeticError, ValueError, TypeError):  # the rounded operands may be outside its domain
        return "≈"
    return "=" if short(made, digits=digits) == short(result, digits=digits) else "≈"


def _shown(number: Any, digits: int) -> Any:
    """The number that `short` writes, in its own type."""
    exact = isinstance(number, int | Fraction) and len(full(number)) <= 11
    return number if exact else type(number)(_rounded(number, digits))


POWER = re.compile(r"(?:(?<![\d.])1|(?<=\d)(?P<times>))[eE]\+?(?P<power>-?\d+)")
INFINITY = re.compile("inf(inity)?", re.IGNORECASE)


def _power(match: re.Match[str]) -> str:
    """×10²³ for e+23; just 10⁻⁵ where the number is 1e-05."""
    sign = "10" if match["times"] is None else "×10"
    return sign + str(int(match["power"])).replace("-", "−").translate(SUPERSCRIPT)


def _rounded(number: Any, digits: int) -> str:
    if isinstance(number, int | Fraction):
        top, bottom = number.numerator, number.denominator
        size = top.bit_length() - bottom.bit_length()
        number = float(number) if abs(size) < 1000 else Decimal(top) / Decimal(bottom)
    try:
        text = f"{number:.0f}" if 10**digits <= abs(number) < 1e7 else f"{number:.{digits}g}"
        return re.sub(r"\.?0+(?=e)", "", text)  # of a Decimal: 1.000e+5000
    except TypeError:  # a type of numbers without formats
        return str(number)
