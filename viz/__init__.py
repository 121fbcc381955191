"""Pictures and tables of recorded graphs, with every local derivative visible.

>>> from autograd import Value
>>> import viz
>>> x, y = Value(3, "x"), Value(4, "y")
>>> z = x * y
>>> z.label = "z"
>>> viz.draw(z)
Diagram(3 values, style='record', theme='auto')
>>> print(viz.table(z))
Forward: each node from its operands
<BLANKLINE>
node           value
────────────────────
x                3
y                4
z     = x × y   12
<BLANKLINE>
Backward: each operand's gradient grows by upstream × local derivative
<BLANKLINE>
node  → operand  local derivative  upstream  ×  local  =  adds  gradient so far
───────────────────────────────────────────────────────────────────────────────
z     → x        ∂z/∂x = y            1      ×    4    =   4           4
z     → y        ∂z/∂y = x            1      ×    3    =   3           3
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, overload

from autograd import Value
from autograd.foreign import Reader, copied, is_node
from viz import notebook
from viz.diagram import Diagram
from viz.matrix import draw_affine, draw_softmax_with_loss
from viz.network import NetworkPicture, draw_network
from viz.options import Options, check_whole
from viz.picture import Picture
from viz.plots import plot_decision_boundary, plot_derivatives, plot_history
from viz.program import Program, ProgramPicture
from viz.records import read, read_backward
from viz.sheet import Exercise, Sheet, compose, room
from viz.table import Table
from viz.variables import variables
from viz.view import select

__all__ = [
    "Diagram",
    "NetworkPicture",
    "Options",
    "Picture",
    "ProgramPicture",
    "Sheet",
    "Table",
    "draw",
    "draw_affine",
    "draw_network",
    "draw_softmax_with_loss",
    "plot_decision_boundary",
    "plot_derivatives",
    "plot_history",
    "sheet",
    "table",
]


@overload
def draw(
    root: Value | Iterable[Value],
    names: Mapping[str, Any] | None = None,
    engine: Reader | None = None,
    **options: Any,
) -> Diagram: ...
@overload
def draw(root: Program, **options: Any) -> ProgramPicture: ...
def draw(
    root: Any, names: Mapping[str, Any] | None = None, engine: Reader | None = None, **options: Any
) -> Diagram | ProgramPicture:
    """The picture of everything that a root, or several, were made from; or of a compiled program.

    `root` is a Value, or a sequence of them for several roots in one picture. The options are those of
    `viz.Options`: style, theme, direction, digits, local, blank, group, focus, …

    `names` are those of values without a label: with `names=locals()` they are called as the variables that
    hold them, and w_0, w_1, … in a list w.

    A graph of more than `max_nodes` values is summed up, by scopes (`with autograd.scope(name)`) and by
    folding chains of one operation; the picture then says how many of its values it shows.

    The gradients are those of the last `backward()`; before it, every card shows "·".

    A node of another engine is drawn with the numbers that it has there, if its class is made as micrograd's
    is, with `_prev`, `_op`, `data` and `grad`, or an `engine` says how it is read: `Engine(Scalar,
    children="inputs", operation="function")`. Local derivatives are those of the table, where it knows the
    operation. What does not follow from them is marked: "lines give 2", "operands give 6".

    A program, as `autograd.compile` makes it and once it has run, is drawn by its array operations. Its
    options: `stage`, "forward", "backward" or "both" (None: both, or of more than 60 operations the forward
    ones); `rows`, how many of them a column holds, 18 at most unless said; and `theme`.
    """
    if hasattr(root, "operations"):
        if names is not None:
            raise TypeError("draw: names are for Values; a program has names of its own")
        if engine is not None:
            raise TypeError("draw: a program is of this engine; leave engine=… out")
        return ProgramPicture(root, **options)
    known = [field.name for field in fields(Options)]
    if unknown := options.keys() - set(known):
        raise TypeError(f"draw has no option {min(unknown)!r}; there is {', '.join(known)}")
    (roots, copies), chosen = _roots("draw", root, engine), Options(**options)
    view = select(roots, chosen, variables("draw", names, copies))
    return Diagram(read(roots, view, chosen.digits), chosen, roots)


def sheet(
    exercises: Iterable[Any],
    title: str = "",
    *,
    paper: str = "A4",
    lines: int = 3,
    solution: bool = False,
    **options: Any,
) -> Sheet:
    """A worksheet to print: numbered exercises below a title and lines for name and date.

    exercises  each a root, or several, drawn with `blank="gradients"` unless the options say otherwise; or a
               picture that is made already; or a pair of a question and one of these
    paper      "A4" or "Letter": wide graphs are wrapped to it
    lines      so many lines to write on follow every exercise
    solution   the same with all numbers on pages behind; `backward()` must have been called

    The other options are those of `viz.draw`. ValueError where an exercise is larger than a page.
    """
    blank: dict[str, Any] = {"blank": "gradients", "theme": "light", "width": room(paper)}

    def drawn(each: Any) -> Exercise:
        asked = isinstance(each, tuple) and len(each) == 2 and isinstance(each[0], str)
        question, what = each if asked else ("", each)
        return Exercise(question, what if isinstance(what, Picture) else draw(what, **blank | options))

    return compose([drawn(each) for each in exercises], title, paper, lines, solution)


def table(
    root: Any,
    digits: int | None = None,
    names: Mapping[str, Any] | None = None,
    engine: Reader | None = None,
) -> Table:
    """The graph of a root node by node: the values forward, then every step of the backward pass.

    Numbers are as Python prints them, or in so many significant digits; `names` and `engine` are as `draw`
    takes them. Of another engine's graph the first part has the gradients too, and what they should be.

    It takes no notice of gradients, and changes none: `backward()` need not have been called. Where a local
    derivative does not exist it shows the steps before, and says where and why the pass stops.
    """
    (only,), copies = _roots("table", [root], engine)
    if digits is not None:
        check_whole("digits", digits)
    view = select([only], called=variables("table", names, copies))
    return Table(*read_backward(only, read([only], view)), digits)


def _roots(caller: str, root: Any, engine: Reader | None) -> tuple[list[Value], Mapping[int, Value]]:
    """The root or roots as a list of Values, and by their ids the nodes that were copied for it.

    TypeError for what has no graph.
    """
    several = hasattr(root, "__iter__") and not isinstance(root, str | bytes | Value)
    several = several and not is_node(root, engine)
    roots = list(getattr(root, "flat", root)) if several else [root]
    foreign = [item for item in roots if is_node(item, engine)]
    for item in roots:
        kind = type(item)
        if isinstance(item, Value) or is_node(item, engine):
            continue
        if hasattr(kind, "backward"):
            raise TypeError(
                f"{caller} cannot see what the {kind.__name__} of {kind.__module__} was made from: it has no "
                "_prev, or no data; give engine=Engine(…, children=…, operation=…), which reads them"
            )
        raise TypeError(
            f"{caller} needs a Value, not the {kind.__name__} {item!r:.60}, which has no graph; "
            "give the result of an expression in Value(…)"
        )
    if not roots:
        raise ValueError(f"{caller} needs at least one root, and got an empty {type(root).__name__}")
    copies = copied(foreign, engine) if foreign else {}
    return [copies.get(id(item), item) for item in roots], copies


notebook.register(draw)
