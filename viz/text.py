"""Text in pictures and tables: how wide it is, and numbers in few digits.

Widths are computed without fonts. A monospaced font advances 0.602 em per column; for bold sans there are
four classes of letters, read off DejaVu Sans Bold, which is wider than Helvetica, Arial or Segoe.
"""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any
from unicodedata import category, east_asian_width

from autograd.naming import Run as Run
from autograd.naming import runs as runs

MONO = 0.602  # em, the advance of Menlo and DejaVu Sans Mono; other monospaced fonts are narrower
BOLD = {
    **dict.fromkeys(" !'(),-./:;IJ[\\]`fijlrt{|}", 0.49),
    **dict.fromkeys('"#$*?0123456789EFLPSTZ_abcdeghknopqsuvxyz', 0.73),
    **dict.fromkeys("%@MWmw", 1.11),
}  # em; any other letter 0.87
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
    return _width(text, columns) * MONO * size


def bold_width(text: str, size: float) -> float:
    """A width that a text in bold sans does not exceed, its `runs` raised and lowered."""
    return _width(text, lambda run: sum(map(_bold, run))) * size


def _width(text: str, advance: Callable[[str], float]) -> float:
    """The width of a text: a subscript stands below the superscript right before it."""
    width, above = 0.0, 0.0  # of that superscript
    for run in runs(text):
        wide = advance(run.text) * (SCRIPT if run.level else 1)
        width += max(0.0, wide - above) if run.level < 0 else wide
        above = wide if run.level > 0 else 0.0
    return width


# The letters of Hebrew, Arabic and their like.
RIGHT_TO_LEFT = "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]+"


def isolated(text: str) -> str:
    """The text with right-to-left names set apart, so that what stands beside them keeps its order."""
    if text.isascii():
        return text
    return re.sub(f"{RIGHT_TO_LEFT}(?:[ _]+{RIGHT_TO_LEFT})*", "\u2068\\g<0>\u2069", text)


def shape_text(shape: Sequence[int | str]) -> str:
    """A shape as NumPy prints it: (n, 3), and (n,)."""
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"


def padded(text: str, width: int) -> str:
    """The text with so many spaces behind it that it is so many columns wide."""
    return text + " " * (width - columns(text))


def clip(text: object, length: int) -> str:
    """The text, cut to a length with an ellipsis."""
    text = str(text)
    return text if len(text) <= length else text[: length - 1] + "…"


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
    ('220', '−0.3333', '1e−5', '12346', '+0.5')
    >>> short(-1 / 3, digits=2), short(123.4, digits=2), short(-1 / 3, digits=None)
    ('−0.33', '123', '−0.3333333333333333')
    """
    if number is None or isinstance(number, str):
        return number or ""
    if isinstance(number, Decimal) and number.is_nan():  # which raises in a comparison
        return str(number)
    if number == 0:
        return "0"
    text = full(number)
    if digits is not None and (not isinstance(number, int | Fraction) or len(text) > 11):
        text = _rounded(number, digits)
    plus = "+" if signed and not isinstance(number, complex) and number > 0 else ""
    return plus + text.replace("-", "−")


def _rounded(number: Any, digits: int) -> str:
    if isinstance(number, int | Fraction):
        top, bottom = number.numerator, number.denominator
        size = top.bit_length() - bottom.bit_length()
        number = float(number) if abs(size) < 1000 else Decimal(top) / Decimal(bottom)
    try:
        text = f"{number:.0f}" if 10**digits <= abs(number) < 1e7 else f"{number:.{digits}g}"
    except TypeError:  # a type of numbers without formats
        return str(number)
    return re.sub(r"e\+?(-?)0*(?=\d)", r"e\1", text)
