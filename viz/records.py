"""A graph as plain records: what every picture, table and exporter reads.

Nothing here knows SVG, and downstream only `products` looks into formulas, which are graphs: nodes are
numbered in topological order, so that the same graph gives the same records in every process, and every
node has a name of its own. Names and formulas are made for what a view shows, and a formula is written when
it is asked for, so that a large graph costs a few passes.
"""

from collections import ChainMap, Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from math import inf
from typing import Any, NamedTuple, cast

from autograd import (
    Step,
    Value,
    backward_steps,
    constant,
    expression,
    local_derivatives,
    ops,
    topological_order,
)
from autograd.foreign import Copy, Unknown
from autograd.formula import Local, local_graphs
from autograd.op import printable
from viz.text import distinct, filled, full, short
from viz.view import FOLD, HIDDEN, LETTERS, NAMED, REPEAT, ROW, VALUE, Card, View, select, value_names

LEAF, CONSTANT, OPERATION, GROUP = "leaf", "constant", "operation", "group"
FEW = 2  # names at the head of a list that is cut
PARTS = 200  # of a formula; a longer one is not written
CROWD = 4  # operands from one card, from which on they share an edge
UNKNOWN = "?"  # in place of a local derivative of another engine's operation


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """A formula, which is written when it is asked for: as text by str(). Equal is what is written alike.

    graph  a Value whose operation it is, or an `autograd.formula.Local`
    """

    graph: Any
    write: Callable[..., str]

    def __str__(self) -> str:
        return self.write()

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def latex(self) -> str:
        """The same in LaTeX."""
        return self.write(latex=True)


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the graph, or several that one card stands for.

    key         its index in topological order       kind        LEAF, CONSTANT, OPERATION or GROUP
    name        unique, x1 or t1 without a label     label       as the user gave it, or ""; of a group whole
    symbol      of the operation, "" where none      expression  `apples × tax`; "" where no operation
    data        the number that was used             gradient    ∂root/∂node; None: none has arrived
    now         the number that it holds, where `.data` has been set since; None where it has not
    uses        the different numbers with which operations used it, where there are several
    alarm       whether a nan or an infinity arises in it: no operand is one
    computed, arriving   of another engine's graph: what the operands, and what the lines that leave, give by
                the rules of the table, where data, and the gradient, are other numbers
    size        how many values it stands for        frame       the opened group around it, or ""
    inside      how many constants stand in its symbol besides: `× 2`, `1 −`, `max 0`

    A folded chain is an OPERATION of a size above 1: symbol `5,000 × +`, and name and numbers of its last
    value. What repeats has the kind of one of them, the symbol `60 × −`, and as numbers the least and the
    greatest, where they differ: `−0.5 … 2`. A GROUP bears the name of a scope, or of what it sums up, and
    the symbol `▸14`; it has the numbers of its one output, and None if it has several. Blocks in a row are a
    GROUP `▸168 in a row`; they have the least and the greatest of what a block passes on. What `focus` leaves
    out is a GROUP of size 0 with the name and the symbol `…`.
    """

    key: int
    kind: str
    name: str
    label: str
    symbol: str
    expression: Any
    data: Any
    gradient: Any
    size: int = 1
    frame: str = ""
    inside: int = 0
    now: Any = None
    uses: tuple[Any, ...] = ()
    alarm: bool = False
    computed: Any = None
    arriving: Any = None


@dataclass(frozen=True, slots=True)
class Edge:
    """One operand of an operation; x * x has two edges. Or all edges between two cards, as one.

    source, target  keys of the argument and of the operation's result
    position        of the argument among the operands
    formula         the local derivative as the table states it: `∂price/∂tax = apples`, a Formula; "" to a
                    constant; or words
    local           its number; None to a constant, where the rule says "no contribution", and where
                    the derivative does not exist, or is not known
    rule            the right side of the formula: `apples`; UNKNOWN where it is not known
    count           how many edges it stands for
    flow            Σ |upstream × local| over them, where one of its ends stands for several values
    contribution    Σ upstream × local over them: what they add to the gradient; None: nothing has arrived
    alarm           whether a nan or an infinity arises in it: upstream is none
    """

    source: int
    target: int
    position: int
    formula: Any
    local: Any
    rule: Any = ""
    count: int = 1
    flow: float | None = None
    contribution: Any = None
    alarm: bool = False


@dataclass(frozen=True)
class Graph:
    """The nodes by key, the edges by target and position, and the keys of the roots.

    total  the number of values in the whole graph, shown or not
    whole  of what gradients are derivatives: the root's name, or `(a + b)`, as passes from several add up
    names  of the Values in formulas
    view   that they were made from
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    roots: tuple[int, ...]
    total: int = 0
    whole: str = ""
    names: Mapping[Value, str] = field(default_factory=dict)
    view: View | None = field(default=None, compare=False, repr=False)

    @cached_property
    def incoming(self) -> list[list[Edge]]:
        """Of every node the edges from its operands."""
        incoming: list[list[Edge]] = [[] for _ in self.nodes]
        for edge in self.edges:
            incoming[edge.target].append(edge)
        return incoming

    @property
    def foreign(self) -> bool:
        """Whether it is of another engine."""
        return self.view is not None and any(isinstance(node, Copy) for node in self.view.order)

    @property
    def note(self) -> str:
        """How much of the graph is shown; "" where all of it is."""
        single = sum(1 + node.inside for node in self.nodes if node.size == 1)
        sizes = [node.size + node.inside for node in self.nodes if node.size > 1]
        if single >= self.total:
            return ""
        parts = [f"showing {single:,} of {self.total:,} values"]
        if sizes:
            parts.append(f"{sum(sizes):,} summed up in {len(sizes):,} card{'s' * (len(sizes) > 1)}")
        if left := self.total - single - sum(sizes):
            parts.append(f"{left:,} left out")
        return "; ".join(parts)


def read(roots: Sequence[Value], view: View | None = None, digits: int | None = 4) -> Graph:
    """The records of everything the roots were made from, or of what a view shows of it.

    Constants that stand in a symbol have so many digits.
    Gradients are those that the nodes hold; as long as a root holds 0, none has arrived from it.
    """
    return _Reader(view or select(roots), digits).graph()


class Pass(NamedTuple):
    """A backward pass: its edges with their steps; and where it stops short of the leaves, if it does.

    stop  the node whose local derivative does not exist        error  what its rule raises there, or ""
    """

    steps: Sequence[tuple[Edge, Step]] = ()
    stop: int | None = None
    error: str = ""

    def __bool__(self) -> bool:
        """Whether there is one."""
        return bool(self.steps) or self.stop is not None

    @property
    def upstream(self) -> Any:
        """∂root/∂node where it stops."""
        return next((step.total for edge, step in reversed(self.steps) if edge.source == self.stop), 1)

    def left(self, graph: Graph) -> list[Edge]:
        """The edges of the node at which it stops."""
        taken = {id(edge) for edge, _ in self.steps}
        edges = graph.incoming[self.stop] if self.stop is not None else []
        return [edge for edge in edges if id(edge) not in taken and edge.formula]

    def says(self, graph: Graph) -> str:
        """Where it stops, and why; "" where it does not."""
        if self.stop is None:
            return ""
        return f"The backward pass stops at {graph.nodes[self.stop].name}: {self.error}"


def read_backward(root: Value, graph: Graph | None = None) -> tuple[Graph, Pass]:
    """The records of all of a root, or those given, and of its backward pass from seed 1, run or not."""
    graph = graph or read([root])
    if not any(node.kind == LEAF for node in graph.nodes):
        return graph, Pass()
    keys = {node.expression.graph: node.key for node in graph.nodes if node.kind == OPERATION}
    edges: dict[tuple[Value, int], Edge] = {}
    for value, key in keys.items():
        ways = iter([edge for edge in graph.incoming[key] if edge.formula])
        edges |= {(value, i): next(ways) for i, arg in enumerate(value.args) if arg.op is not ops.constant}
    stop, why = None, ""
    try:
        steps = backward_steps(root)
    except Exception as error:  # of a rule, such as 1 / (2√x) at 0
        if not hasattr(error, "steps"):
            raise
        steps, stop, why = error.steps, keys[error.node], printable(error)  # type: ignore[attr-defined]
    shown = [(edges[step.node, step.position], step) for step in steps if step.node in keys]
    return graph, Pass(shown, stop, why)


class _Reader:
    """Makes the records of one view.

    outputs  of every card, the values that other cards take        names  of the values that are named
    groups   by the name of a scope, what is shown of it
    uses     of the values whose `.data` has been set since, the numbers that were recorded
    reached  the values that a gradient can have reached; None: all
    """

    def __init__(self, view: View, digits: int | None) -> None:
        self.view, self.digits = view, digits
        self.uses = uses(view)
        outputs = view.outputs()
        self.outputs = [[value for value in card.members if value in outputs] for card in view.cards]
        roots = [view.order[root] for root in view.roots]
        arrived = [root for root in roots if root.grad or root.grad is None]  # other engines keep none
        self.reached = set(topological_order(*arrived)) if len(arrived) < len(view.roots) else None
        self.groups = distinct({card.name: None for card in view.cards}, LETTERS)
        self.names = view.names or value_names(
            view.order if len(view.order) <= NAMED else self._spoken(), view.called
        )
        self.names |= {node: self.names[x] for node, x in view.begun.items() if x in self.names}

    def graph(self) -> Graph:
        """The records, and stubs where something next to a shown card is left out."""
        view, owner = self.view, self.view.owner
        before = {target for arg, target in view.takes() if owner[arg] == HIDDEN}
        hidden = (args for card, args in zip(owner, view.args, strict=True) if card == HIDDEN)
        after = {owner[arg] for args in hidden for arg in args}
        nodes: list[Node] = []
        edges: list[Edge] = []
        keys: dict[int, int] = {}  # of the cards, and of the last stub: HIDDEN
        for number, card in enumerate(view.cards):
            if number in before:
                keys[HIDDEN] = len(nodes)
                nodes.append(_stub(len(nodes)))
            key = keys[number] = len(nodes)
            nodes.append(self._node(key, card, self.outputs[number]))
            make = self._operands if card.kind == VALUE else self._merged
            edges += make(number, keys)
            if number in after:
                nodes.append(_stub(key + 1))
                edges.append(Edge(key, key + 1, 0, "", None))
        roots = tuple(keys[owner[root]] for root in view.roots if owner[root] != HIDDEN)
        names = [self._name(root) or "a constant" for root in dict.fromkeys(view.roots)]
        whole = names[0] if len(names) == 1 else f"({_listed(names[:FEW], ' + ', len(names))})"
        return Graph(tuple(nodes), tuple(edges), roots, len(view.order), whole, self.names, view)

    # Names

    def _spoken(self) -> Iterator[Value]:
        """The values that the picture names: some outputs, and the operands of what is shown."""
        order, args = self.view.order, self.view.args
        spoken = set(self.view.roots)
        for card, outputs in zip(self.view.cards, self.outputs, strict=True):
            spoken.update(outputs[:FEW])
            spoken.update(card.members[-1:])
            spoken.update(*(args[value] for value in card.members if card.kind == VALUE))
            spoken.update(*(args[value] for value in outputs[:1] if card.kind == REPEAT))
            spoken.update(self._chained(card)[:FEW] if card.kind == FOLD else ())
        return (order[value] for value in sorted(spoken))

    def _name(self, value: int) -> str:
        return self.names.get(self.view.order[value], "")

    # Nodes

    def _node(self, key: int, card: Card, outputs: list[int]) -> Node:
        if card.kind in (VALUE, FOLD, REPEAT):
            return self._value(key, card, outputs if card.times > 1 else card.members[-1:])
        size, times = len(card.members), card.times
        says, symbol = f"{size:,} values", f"▸{size:,}"
        if card.kind == ROW:
            says += f" in {times:,} blocks, each fed by the one before"
            symbol = f"{symbol if card.name else f'{times:,} × ▸{size // times:,}'} in a row"
        named = [self._name(value) or "a constant" for value in outputs[:FEW]]
        label = card.name or _listed(named, ", ", len(outputs))
        name = self.groups.get(label, label)
        data, gradient, state = None, None, dict[str, Any]()
        if card.kind == ROW or len(outputs) == times:
            (data, gradient), state = self._range(outputs), self._state(outputs, card.members)
        return Node(key, GROUP, name, label, symbol, says, data, gradient, size, card.frame, **state)

    def _value(self, key: int, card: Card, values: list[int]) -> Node:
        """A value, or the last of a folded chain; or several that repeat."""
        order, members, times = self.view.order, card.members, len(values)
        node, (data, gradient) = order[values[0]], self._range(values)
        name, label = self._name(values[0]), printable(node.label or self.view.called.get(node, ""))
        if times > 1:
            name = f"{name} … {self._name(values[-1])}" if name else "constants"
            name += "" if node.args else f" ({times:,})"
        state = self._state(values, members)
        if node.op is None or node.op is ops.constant:
            kind = CONSTANT if node.op else LEAF
            return Node(key, kind, name, label, "", "", data, gradient, len(members), card.frame, **state)
        inside = sum(order[value].op is ops.constant for value in members)
        size = len(members) - inside
        made: Any
        symbol, made = self._symbol(values), Formula(node, partial(expression, node, names=self.names))
        if card.kind == FOLD:
            symbol = f"{size // times:,} × {node.op.symbol}"
            made = self._folded(card) if times == 1 else symbol
        if times > 1:
            symbol = f"{times:,} × {f'({symbol})' if card.kind == FOLD else symbol}"
            made = f"{made} and {times - 1:,} alike"
        numbers = data, gradient, size
        return Node(key, OPERATION, name, label, symbol, made, *numbers, card.frame, inside, **state)

    def _symbol(self, values: list[int]) -> str:
        """The symbol of values with the constants inside: `× 2`, `max(·, 0)`; without, if they differ."""
        symbols = {self._sign(value) for value in values}
        return symbols.pop() if len(symbols) == 1 else str(cast(Any, self.view.order[values[0]].op).symbol)

    def _sign(self, value: int) -> str:
        owner, node = self.view.owner, self.view.order[value]
        operands = zip(self.view.args[value], node.args, node.operands, strict=True)
        texts = [
            short(x, digits=self.digits) if arg.op is ops.constant and owner[i] == owner[value] else ""
            for i, arg, x in operands
        ]
        op = cast(Any, node.op)
        symbol = op.name if any(texts) and " " in op.symbol else str(op.symbol)  # xlogy(·, 2), not x log y
        return filled(symbol, texts, bool(op.infix), op.sequences)

    def _range(self, values: list[int]) -> tuple[Any, Any]:
        """The number and the gradient of values; the least and the greatest where they differ."""
        data, gradients = zip(*map(self._numbers, values), strict=True)
        return _between(data, False, self.digits), _between(gradients, True, self.digits)

    def _numbers(self, value: int) -> tuple[Any, Any]:
        node = self.view.order[value]
        reached = self.reached is None or node in self.reached
        return self._used(node)[0], node.grad if reached else None

    def _state(self, values: list[int], members: Sequence[int]) -> dict[str, Any]:
        """What values hold now, if that is not what was used; and whether a nan arises in a card."""
        order = self.view.order
        nodes = [order[value] for value in values]
        changed = [node for node in nodes if not _same(self._used(node)[0], node.data)]
        now = _between([node.data for node in nodes], False, self.digits) if changed else None
        uses = self._used(nodes[0]) if len(nodes) == 1 else []
        alarm = any(self._alarms(order[value]) for value in members)
        state = {"now": now, "uses": tuple(uses) if len(uses) > 1 else (), "alarm": alarm}
        if len(nodes) == 1 and isinstance(nodes[0], Copy):
            state |= {"computed": nodes[0].computed, "arriving": nodes[0].arriving}
        return state

    def _used(self, node: Value) -> list[Any]:
        return self.uses.get(node, [node.data])

    def _alarms(self, node: Value) -> bool:
        made = node.op is not ops.constant and not _finite(self._used(node)[0])
        return made and all(map(_finite, node.operands))

    def _chained(self, card: Card) -> list[int]:
        """The values that a chain takes, in its order, each once."""
        order, owner, args = self.view.order, self.view.owner, self.view.args
        own = owner[card.members[0]]
        taken = (arg for value in card.members for arg in args[value])
        return list(dict.fromkeys(x for x in taken if owner[x] != own or order[x].op is ops.constant))

    def _folded(self, card: Card) -> str:
        """How a chain is computed from what it takes: `x + b1, … and 4,998 more`."""
        op = cast(Any, self.view.order[card.members[-1]].op)
        taken = self._chained(card)
        names = [self._name(value) or full(self.view.order[value].data) for value in taken[:FEW]]
        if op.infix and op.arity == 2:
            return _listed(names, f" {op.symbol} ", len(taken))
        return f"{op.name}(… {op.name}({_listed(names, ', ', len(taken))}) …)"

    # Edges

    def _operands(self, number: int, keys: dict[int, int]) -> Iterator[Edge]:
        """An edge for every operand of a value; but one for all of many that come from one card."""
        view, value = self.view, self.view.cards[number].members[-1]
        owners = [view.owner[arg] for arg in view.args[value]]
        several = {source for source in owners if source == HIDDEN or view.cards[source].kind != VALUE}
        crowds = {source for source, n in Counter(owners).items() if n >= CROWD and source in several}
        if crowds:
            yield from self._merged(number, keys, crowds)
        locals_, place = self._locals(value), len(crowds)
        derivatives = self._derivatives(value, [
            i for i, arg in enumerate(view.args[value])
            if owners[i] not in crowds and view.order[arg].op is not ops.constant
        ])  # fmt: skip
        for position, (arg, source) in enumerate(zip(view.args[value], owners, strict=True)):
            if source in crowds or source == number:
                continue
            formula: Any = ""
            rule: Any = ""
            if graph := derivatives.get(position):
                is_long = isinstance(graph.graph, Value) and is_larger(graph.graph, PARTS)
                write = (_cut(graph), _dots) if is_long else (graph.formula, graph.right)
                formula, rule = (Formula(graph, each) for each in write)
            elif view.order[arg].op is not ops.constant:
                unknown = isinstance(view.order[value].op, Unknown)
                formula = f"∂{self._name(value)}/∂{self._name(arg)} "
                formula += "is not known" if unknown else "does not exist here"
                rule = UNKNOWN * unknown
            local = locals_.get(position)
            passed = self._passed(value, local)
            alarm = passed is not None and not _finite(passed) and _finite(self._numbers(value)[1])
            flow = None if passed is None or source not in several - {HIDDEN} else _size(passed)
            ends = keys[source], keys[number], place
            yield Edge(*ends, formula, local, rule, flow=flow, contribution=passed, alarm=alarm)
            place += 1

    def _merged(self, number: int, keys: dict[int, int], sources: Collection[int] = ()) -> Iterator[Edge]:
        """An edge for every card, or stub, that the values of a card take; or for these alone."""
        view, owner = self.view, self.view.owner
        count: defaultdict[int, int] = defaultdict(int)
        flow: defaultdict[int, float] = defaultdict(float)
        contribution: defaultdict[int, Any] = defaultdict(int)
        for value in view.cards[number].members:
            taken = {i: owner[arg] for i, arg in enumerate(view.args[value]) if owner[arg] != number}
            locals_ = self._locals(value) if taken else {}
            for position, source in taken.items():
                count[source] += 1
                passed = self._passed(value, locals_.get(position))
                if passed is not None:
                    flow[source] += _size(passed)
                    contribution[source] += passed
        seen = any(self._numbers(value)[1] is not None for value in view.cards[number].members)
        chosen = [source for source in count if source in sources or not sources]
        for position, source in enumerate(sorted(chosen, key=keys.__getitem__)):
            totals = (flow[source], contribution.get(source)) if seen and source != HIDDEN else ()
            yield Edge(keys[source], keys[number], position, "", None, "", count[source], *totals)

    def _locals(self, value: int) -> dict[int, Any]:
        """The local derivatives of a value by position, as far as they exist."""
        node = self.view.order[value]
        try:
            return {position: _number(local) for position, _, local in local_derivatives(node)}
        except Exception:  # whatever a rule of one's own raises: a picture helps to find it
            return {}

    def _passed(self, value: int, local: Any) -> Any:
        """The gradient that passes, upstream × local; None where none has arrived."""
        upstream = self._numbers(value)[1]
        if local is None or upstream is None:
            return None
        try:
            return upstream * local
        except OverflowError:  # an int beyond all floats
            return inf

    def _derivatives(self, value: int, positions: list[int]) -> dict[int, Local]:
        """The local derivatives as graphs, by position, as far as they exist."""
        try:
            graphs = local_graphs(self.view.order[value], positions, self.names)
            for made in graphs:
                made.graph is None or isinstance(made.graph, Value) or _number(made.graph)
            return dict(zip(positions, graphs, strict=True))
        except Exception:
            alone = [[position] for position in positions] if len(positions) > 1 else []
            return dict(ChainMap(*(self._derivatives(value, one) for one in alone)))


def is_larger(root: Value, most: int) -> bool:
    """Whether a graph has more values than that; it looks at no more of them."""
    seen, waiting = {root}, [root]
    while waiting and len(seen) <= most:
        new = [arg for arg in dict.fromkeys(waiting.pop().args) if arg not in seen]
        seen.update(new)
        waiting += new
    return len(seen) > most


def _dots(latex: bool = False) -> str:
    return r"\dots" if latex else "…"


def _cut(local: Local) -> Callable[..., str]:
    """The formula of a local derivative without its right side: `∂z/∂x = …`."""
    return lambda latex=False: f"{local.left(latex)} = {_dots(latex)}"


def _number(local: Any) -> Any:
    """A local derivative, if it is a number; TypeError for what else a rule may give."""
    constant(local)
    return local


def uses(view: View) -> dict[Value, list[Any]]:
    """Of the values whose `.data` has been set since, the different numbers that were made and used."""
    nodes = [*view.order, *view.begun]  # the 0 + x of Python's sum has used x
    used: dict[Value, list[Any]] = {node: [node.result] for node in nodes if node.result is not node.data}
    taken = [pair for node in nodes for pair in zip(node.args, node.operands, strict=True)]
    used |= {arg: [] for arg, number in taken if number is not arg.data and arg not in used}
    for arg, number in taken:
        if arg in used and not any(_same(number, other) for other in used[arg]):
            used[arg].append(number)
    return used


def _same(one: Any, other: Any) -> bool:
    """Whether they are the same number: nan is, and −0.0 is 0."""
    try:
        return one is other or bool(one == other) or bool(one != one and other != other)
    except ArithmeticError:  # a signalling nan
        return full(one) == full(other)


def _finite(number: Any) -> bool:
    """Whether it is no nan and no infinity."""
    try:
        return bool(abs(number) < inf)
    except ArithmeticError:  # a Decimal that is nan; |z| of a complex number beyond all floats
        return False


def _between(numbers: Sequence[Any], signed: bool, digits: int | None) -> Any:
    """The number that all are; else the least and the greatest, `−0.5 … 2`; None if one is missing."""
    first = numbers[0]
    if all(number is first or number == first for number in numbers):
        return first
    if None in numbers:
        return None
    try:
        ends = min(numbers), max(numbers)
    except TypeError:  # complex numbers
        return "…"
    return " … ".join(dict.fromkeys(short(end, signed, digits) for end in ends))


def _size(number: Any) -> float:
    """|number|."""
    try:
        return float(abs(number))
    except OverflowError:  # an int or a fraction beyond all floats
        return inf


def _stub(key: int) -> Node:
    """Where something is left out."""
    return Node(key, GROUP, "…", "…", "…", "left out", None, None, 0)


def _listed(names: list[str], comma: str, number: int) -> str:
    """`x1 + x2 + … and 4,998 more`: the first names of a number of them."""
    more = [f"… and {number - len(names):,} more"] if number > len(names) else []
    return comma.join(names + more)
