"""What the caller of `viz.draw` may choose, checked once, in one place."""

from collections.abc import Collection
from dataclasses import dataclass

STYLES = ("record", "textbook")
THEMES = ("auto", "light", "dark")
DIRECTIONS = ("right", "down")
LOCALS = ("number", "formula", "both", "none")
BLANKS = ("", "gradients", "all")
CONSTANTS = (None, "inside", "node")
CHOICES = {
    "style": STYLES, "theme": THEMES, "direction": DIRECTIONS, "local": LOCALS, "blank": BLANKS,
    "constants": CONSTANTS,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a graph is shown. ValueError where a choice does not exist, naming those that do.

    style      "record": a card for every value; "textbook": operations as circles, numbers on the edges
    theme      "light", "dark", or "auto": as the reader's system is set
    direction  where the values flow: "right", or "down"
    width      the most pixels that the picture may take across, with its margins: what is longer goes on in
               rows below, and down, layers that are broader are spread over several; None: as it comes
    digits     significant digits of numbers; None: all of them (fractions stay fractions)
    legend     whether the picture says below what its colours and signs mean
    values, gradients, labels   whether the forward numbers, the backward numbers, the names are shown
    local      local derivatives as "number", "formula" (`y`, `1 − z²`), "both" or "none"; the style
               "textbook" then writes the gradients as formulas (`∂L/∂y · y²`, of a root L)
    blank      a worksheet: "gradients" or "all" numbers are left blank, to be filled in
    constants  "inside" the operation (`× 2`) where it alone uses them, they have no label and it has
               exactly one other operand; or each as a "node". None: inside in style "textbook" alone
    group      how many parts of a scope make a group: 0 none, 1 `layer1`, 2 `layer1.neuron3`;
               None: as the size of the graph asks for
    open       names of groups to show with what is inside
    fold       show what repeats as one card: chains of one operation (`5,000 × +`), what is made and used
               alike (`60 × −`, with the least and the greatest of its numbers), and blocks in a row, each fed
               by the one before (`12 × block0`)
    focus, depth   show only a node (by its name) and what is at most `depth` edges from it
    max_nodes  show at most so many cards, grouping, folding and cutting as far as it takes; None: all
    """

    style: str = "record"
    theme: str = "auto"
    direction: str = "right"
    width: int | None = None
    digits: int | None = 4
    legend: bool = False
    values: bool = True
    gradients: bool = True
    labels: bool = True
    local: str = "number"
    blank: str = ""
    constants: str | None = None
    group: int | None = None
    open: frozenset[str] = frozenset()
    fold: bool = False
    focus: str = ""
    depth: int = 2
    max_nodes: int | None = 150

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            check(name, getattr(self, name), choices)
        if not isinstance(self.focus, str):
            raise TypeError(f"focus must be the name of a node, not {self.focus!r:.60}")
        for name, least in ("width", 1), ("digits", 1), ("depth", 0), ("max_nodes", 1), ("group", 0):
            if (number := getattr(self, name)) is not None:
                check_whole(name, number, least)

    @property
    def inside(self) -> bool:
        """Whether constants stand inside operations."""
        return self.constants == "inside" or (self.constants is None and self.style == "textbook")


def check(what: str, name: str | None, names: Collection[str | None]) -> None:
    """ValueError unless the name is one of those that exist."""
    if name not in names:
        raise ValueError(f"{what} {name!r} does not exist; there is {', '.join(map(repr, names))}")


def check_whole(name: str, number: object, least: int = 1) -> None:
    """ValueError unless it is a whole number of at least so much."""
    if type(number) is not int or number < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, not {number!r}")
