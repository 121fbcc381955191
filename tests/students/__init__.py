"""Engines as students write them: right ones in several styles, and wrong ones with one misconception each.

    RIGHT["closures"]                  the source of a student's file
    WORDS["closures"]                  what it calls its class, number, gradient and backward pass
    for wrong in WRONG: wrong.source   a right one's source with patches

They know nothing of what grades them. The mistakes are taken from public issues and code, not their text.
"""

from students.engine import RIGHT, WORDS, Words, Wrong, load, run
from students.wrong import WRONG

# True of engines that are right: a matter of taste, or of limits.
CONVENTIONS = {"intermediates-not-reset", "recursion-depth", "relu-at-zero", "resets-leaves"}

__all__ = ["CONVENTIONS", "RIGHT", "WORDS", "WRONG", "Words", "Wrong", "load", "run"]
