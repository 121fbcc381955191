"""Which values of a graph a picture shows, and which of them one card stands for.

    order   every value of the graph, in topological order; a value goes by its index there
    owner   of every value the card that stands for it; HIDDEN where there is none. Until all is merged, a
            card goes by the index of one of its members
    key     what a step gives to cards: those of one key are merged (`View.merge`)
    group   the values made in one scope; fold: a chain of one operation; repeat: values that are made and
            used alike; row: blocks that are alike, each fed by the one before; rest: what is only summed up

The steps go from what a reader wants most to what fits in any case: group by scope, put constants inside
operations, show what repeats once, if that is asked for; and, as far as there are too many cards, fold
chains, bundle leaves that go the same way, and at last put all that is far from the roots into one card.
Cards form a graph too, and none of the steps closes a cycle in it:

- groups that depend on each other in a circle are split by level, and every edge between two of them
  then leads to a higher level (`_split`);
- a folded chain is left by its last value alone, and what is bundled with it leads nowhere else: a
  circle through cards would be one through their last values;
- what repeats is made alike down to the leaves, so that all of it is equally high above them, and an edge
  leads to what is higher;
- nothing stands between blocks in a row, and rows that are made one card at once stand one before another;
- leaves depend on nothing; and nothing in the rest depends on what is not (`_cut`).
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from itertools import accumulate, chain
from typing import NamedTuple, TypeVar, cast

from autograd import Value, node_names, ops, topological_order
from autograd.naming import typeset
from autograd.op import Op, printable
from viz.blocks import Cell, find_rows
from viz.options import Options
from viz.text import distinct

VALUE, GROUP, FOLD, REPEAT, ROW, REST = "value", "group", "fold", "repeat", "row", "rest"
HIDDEN = -1
BY_FULL_SCOPE = 2000  # values, up to which a graph is grouped by neuron, and above by layer
CHAIN, ALIKE = 5, 4  # the fewest operations to fold, and the fewest cards to bundle or that repeat
LETTERS = 28  # of a name, which is cut in the middle, a symbol or a formula; titles have them whole
NAMED = 10_000  # values, up to which all are named, as in the table
WHOLE = Options(group=0, max_nodes=None)  # every value has a card

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Card:
    """What one card of a picture stands for.

    kind     VALUE, GROUP, FOLD, REPEAT, ROW, REST   name   of the group or the rest, else ""
    members  the values, by index; of VALUE          frame  the opened group that it stands in, or ""
             one, after constants inside it          times  how many values, chains, groups or blocks repeat
    """

    kind: str
    name: str
    members: list[int]
    frame: str = ""
    times: int = 1


@dataclass(slots=True)
class View:
    """The values of a graph and their cards, both in topological order at the end; `roots` are values.

    args    the arguments of every value             uses    how often it is one
    names   of the values that have been named already
    merged  of every card that may stand for several values its kind, its name, and how many it repeats
    frames  of values in opened groups               cards   in the end, numbered as `owner` then says
    called  what values without a label are called by who draws them
    begun   the 0 + x and the 0 with which Python's sum begins, which are not shown, and x
    carried values that in a row of blocks one takes from one before
    """

    order: list[Value]
    args: list[tuple[int, ...]]
    uses: Mapping[int, int]
    owner: list[int]
    roots: tuple[int, ...]
    names: dict[Value, str]
    merged: dict[int, tuple[str, str, int]] = field(default_factory=dict)
    frames: dict[int, str] = field(default_factory=dict)
    cards: list[Card] = field(default_factory=list)
    called: Mapping[Value, str] = field(default_factory=dict)
    begun: Mapping[Value, Value] = field(default_factory=dict)
    carried: set[int] = field(default_factory=set)

    def outputs(self) -> set[int]:
        """The values that another card takes, or another block of a row, and the roots."""
        owner = self.owner
        taken = {arg for node, args in enumerate(self.args) for arg in args if owner[arg] != owner[node]}
        return taken.union(self.roots, self.carried)

    def number(self) -> int:
        """How many cards there are."""
        return len(set(self.owner) - {HIDDEN})

    def free(self, node: int) -> bool:
        """Whether a value stands for itself."""
        return self.owner[node] == node and node not in self.merged

    def kind(self, card: int) -> str:
        """What a card is so far; what repeats is REPEAT, whatever it is, but for a row."""
        kind, _, times = self.merged.get(card, (VALUE, "", 1))
        return kind if times == 1 or kind == ROW else REPEAT

    def takes(self) -> Iterator[tuple[int, int]]:
        """Every argument with the card that takes it, as often as it does."""
        for target, args in zip(self.owner, self.args, strict=True):
            if target != HIDDEN:
                yield from ((arg, target) for arg in args)

    def links(self) -> Iterator[tuple[int, int]]:
        """Source and target of every edge between two cards, as often as there are edges."""
        ends = ((self.owner[arg], target) for arg, target in self.takes())
        return ((source, target) for source, target in ends if source not in (target, HIDDEN))

    def merge(self, keys: Mapping[int, Hashable], kind: str, least: int = 1) -> None:
        """One card for the cards of every key, if they are so many at least; a tuple begins with its name."""
        into: dict[int, int] = {}
        for key, cards in _alike(keys).items():
            if len(cards) >= least:
                into |= dict.fromkeys(cards, cards[0])
                name = key[0] if isinstance(key, tuple) else ""
                if kind == REPEAT:  # a group stays a group
                    inner, name, times = self.merged.get(cards[0], (REPEAT, "", 1))
                    self.merged[cards[0]] = inner, name, times * len(cards)
                elif kind != VALUE:
                    self.merged[cards[0]] = kind, name, 1
        self.owner = [into.get(card, card) for card in self.owner]

    def members(self) -> dict[int, list[int]]:
        """The values of every card."""
        return _alike({node: card for node, card in enumerate(self.owner) if card != HIDDEN})

    def numbered(self) -> "View":
        """The view with its cards made and numbered in topological order."""
        members = self.members()
        sequence = self.sequence(members)
        for card in sequence:
            nodes = members[card]
            kind, name, times = self.merged.get(card, (VALUE, "", 1)) if len(nodes) > 1 else (VALUE, "", 1)
            name = f"{times:,} × {name}" if name and times > 1 else name
            frames = {self.frames.get(node, "") for node in nodes}
            self.cards.append(Card(kind, name, nodes, frames.pop() if len(frames) == 1 else "", times))
        number = {HIDDEN: HIDDEN, **{card: i for i, card in enumerate(sequence)}}
        self.owner = [number[card] for card in self.owner]
        return self

    def sequence(self, members: dict[int, list[int]]) -> list[int]:
        """The cards in topological order: of those that may come next, the one that ends first."""
        sorter = TopologicalSorter[int](dict.fromkeys(members, ()))
        for source, target in dict.fromkeys(self.links()):
            sorter.add(target, source)
        sorter.prepare()
        ready: list[tuple[int, int]] = []
        sequence = []
        while sorter.is_active():
            for card in sorter.get_ready():
                heappush(ready, (members[card][-1], card))
            _, card = heappop(ready)
            sequence.append(card)
            sorter.done(card)
        return sequence


def _alike(keys: Mapping[int, Key]) -> dict[Key, list[int]]:
    """The values of every key, in their order."""
    alike: dict[Key, list[int]] = {}
    for node, key in keys.items():
        alike.setdefault(key, []).append(node)
    return alike


# ── What is wanted ──────────────────────────────────────────────────────────────────────────────────


def select(
    roots: Sequence[Value], options: Options = WHOLE, called: Mapping[Value, str] | None = None
) -> View:
    """The view that the options and the size of the graph ask for; else one card for every value.

    called  names of values that have no label
    ValueError: `focus` or `open` names nothing in the graph.
    """
    whole = topological_order(*roots)
    begun = _begun(whole, {*roots, *(called or {})})
    order = [node for node in whole if node not in begun]
    index = {node: i for i, node in enumerate(order)}
    index |= {node: index[first] for node, first in begun.items() if first in index}
    args = [tuple(map(index.__getitem__, node.args)) for node in order]
    uses = Counter(arg for operands in args for arg in operands)
    starts = tuple(index[root] for root in roots)
    called = {node: called[node] for node in order if node in called} if called else {}
    opened = _opened(order, options.open)
    names: dict[Value, str] = {}
    owner = list(range(len(order)))
    most = len(order) if options.max_nodes is None else options.max_nodes
    if options.focus:
        names = value_names(order, called)
        near = _near(order, args, _find(options.focus, order, names), options.depth, most)
        owner = [HIDDEN] * len(order)
        for node in near:
            owner[node] = node
    shown = len(owner) - owner.count(HIDDEN)

    def summed_up(level: int, opened: _Opened) -> View:
        cards = View(order, args, uses, owner, starts, names, called=called, begun=begun)
        _group(cards, level, opened)
        if options.inside:
            _place_inside(cards)
        if options.fold:
            cards.merge(_chains(cards, ALIKE), FOLD)
            _repeat(cards)
            while _rows(cards):
                _repeat(cards)
        for step in _fold, _bundle:
            if cards.number() > most:
                step(cards)
        return cards

    for level in _levels(order, shown, most, options):
        cards = summed_up(level, opened)
        if cards.number() <= most:
            break
    else:
        if opened.around - opened.names:  # room for what is open: its siblings as one card
            cards = summed_up(level, opened._replace(together=True))
        if cards.number() > most:
            _cut(cards, most)
    return cards.numbered()


def _begun(order: Sequence[Value], kept: Collection[Value]) -> dict[Value, Value]:
    """The 0 + x with which Python's sum begins, and that 0, with the x; as far as nothing else takes x.

    Number and gradient are those of x then, and so a picture goes without.
    """
    uses = Counter(arg for node in order for arg in node.args)
    begun: dict[Value, Value] = {}
    for node in order:
        if node.op is ops.add and not node.label and node not in kept:
            zero, x = node.args
            is_zero = zero.op is ops.constant and not zero.label and type(zero.data) is int and zero.data == 0
            if is_zero and x.op is not ops.constant and uses[zero] == uses[x] == 1:
                begun[node] = begun[zero] = begun.get(x, x)
    return begun


def value_names(nodes: Iterable[Value], called: Mapping[Value, str] | None = None) -> dict[Value, str]:
    """The names that `autograd.node_names` gives, cut where they are long."""
    names = node_names(nodes, called)
    cuts = distinct(names.values(), LETTERS)
    return {node: cuts[name] for node, name in names.items()}


def _near_names(name: str, names: Iterable[str]) -> str:
    """The names that the user may have meant, for an error."""
    names = dict.fromkeys(names)
    close = get_close_matches(name, names) or [*names][:3]
    return f"near it there is {', '.join(map(repr, close))}" if close else "there is none"


def _find(name: str, order: Sequence[Value], names: dict[Value, str]) -> int:
    """The value of that name, or of that label; `y_hat` is ŷ."""
    shown = [names.get(node, "") for node in order]
    for called in shown, [node.label for node in order]:
        if name in called:
            return called.index(name)
    if typeset(name) in shown:
        return shown.index(typeset(name))
    near = _near_names(name, filter(None, names.values()))
    raise ValueError(f"focus={name!r}: no node has that name; {near}")


def _near(
    order: Sequence[Value], args: Sequence[tuple[int, ...]], centre: int, depth: int, most: int
) -> list[int]:
    """The values at most `depth` edges from the centre, the nearest first, with their constants."""
    users: list[list[int]] = [[] for _ in args]
    for node, operands in enumerate(args):
        for arg in operands:
            users[arg].append(node)
    distance = {centre: 0}
    queue = [centre]
    for node in queue:  # grows while it is read
        within = distance[node] < depth
        for other in (*args[node], *users[node]):
            wanted = within or (order[other].op is ops.constant and other in args[node])
            if wanted and other not in distance and len(queue) < most:
                distance[other] = distance[node] + 1
                queue.append(other)
    return queue


def _levels(order: Sequence[Value], shown: int, most: int, options: Options) -> Iterable[int]:
    """How many parts of a scope make a group: the choices, the best first. 0: no groups."""
    if options.group is not None:
        return (options.group,)
    if shown <= most and not options.open:
        return (0,)
    deepest = max(len([*_prefixes(scope)]) for scope in {node.scope for node in order})
    return range(deepest, 0, -1) if shown <= BY_FULL_SCOPE and deepest else (min(deepest, 1),)


class _Opened(NamedTuple):
    """The groups to open, and those that must be opened for it, as they contain them."""

    names: frozenset[str]
    around: frozenset[str]
    together: bool = False  # the groups beside those to open are one card

    def group(self, scope: str, level: int) -> tuple[str, str]:
        """The group of a value of that scope, or "", and the opened group around it, or ""."""
        parts, frame = scope.split("."), ""
        for end in range(min(level, len(parts)), len(parts) + 1):
            name = ".".join(parts[:end])
            if not (name in self.names or (name in self.around and end < len(parts))):
                outer = ".".join(parts[: end - 1])
                beside = self.together and outer in self.around - self.names
                return f"{outer}.…" if beside else name, frame
            frame = name if name in self.names else frame
        return "", frame


def _opened(order: Sequence[Value], names: Collection[str]) -> _Opened:
    if isinstance(names, str):
        names = (names,)
    known = {name: None for scope in {n.scope: None for n in order if names} for name in _prefixes(scope)}
    for name in sorted(names):
        if name not in known:
            raise ValueError(f"open={name!r}: no group has that name; {_near_names(name, known)}")
    around = frozenset(outer for name in names for outer in _prefixes(name))
    return _Opened(frozenset(names), around)


def _prefixes(scope: str) -> Iterator[str]:
    """`layer1`, `layer1.neuron3`: the scope and those around it."""
    return accumulate(scope.split("."), "{}.{}".format) if scope else iter(())


# ── Groups ──────────────────────────────────────────────────────────────────────────────────────────


def _group(cards: View, level: int, opened: _Opened) -> None:
    """One card for the values of every scope, cut to `level` parts, but for opened ones."""
    if not level:
        return
    group = cache(lambda scope: opened.group(scope, level))
    placed = {
        i: group(node.scope) for i, node in enumerate(cards.order) if node.scope and cards.owner[i] != HIDDEN
    }
    users: dict[int, set[tuple[str, str]]] = {}
    for arg, target in cards.takes():
        if cards.order[arg].op is ops.constant and cards.owner[arg] != HIDDEN:
            users.setdefault(arg, set()).add(placed.get(target, ("", "")))
    for node, places in users.items():  # a constant stands where alone it is used
        if len(places) == 1 and places != {("", "")}:
            (placed[node],) = places
    cards.frames = {i: printable(frame) for i, (_, frame) in placed.items() if frame}
    cards.merge({i: (printable(name), name) for i, (name, _) in placed.items() if name}, GROUP, 2)
    _split(cards)


def _split(cards: View) -> None:
    """Split the groups that depend on each other in a circle into parts that do not.

    The level of a value counts the edges from card to card on the longest path to it, within the
    circle. So an edge between two cards leads to a higher level, and parts of one level form no circle.
    """
    within = {card for link in _peel(_peel(dict.fromkeys(cards.links()))) for card in link}
    level: dict[int, int] = {}
    latest: dict[int, int] = {}  # of leaves, which may stand with their first users
    for node, args in enumerate(cards.args):
        card = cards.owner[node]
        if card not in within:
            continue
        inner = [arg for arg in args if cards.owner[arg] in within]
        level[node] = max((level[arg] + (cards.owner[arg] != card) for arg in inner), default=0)
        for arg in inner:
            if not cards.args[arg]:
                before = level[node] - (cards.owner[arg] != card)
                latest[arg] = min(latest.get(arg, before), before)
    level |= latest
    keys: dict[int, tuple[str, int]] = {}
    for card, nodes in _alike({node: cards.owner[node] for node in sorted(level)}).items():
        _, name, _ = cards.merged.pop(card, (VALUE, "", 1))
        parts = {height: number for number, height in enumerate(sorted({level[node] for node in nodes}), 1)}
        for node in nodes:
            ending = f" {parts[level[node]]}/{len(parts)}" if len(parts) > 1 else ""
            keys[node], cards.owner[node] = (name + ending, card), node
    cards.merge(keys, GROUP, 2)


def _peel(links: Collection[tuple[int, int]]) -> list[tuple[int, int]]:
    """The links, turned round, but for those at cards to which no circle leads.

    Peeled twice, from both ends, what is left is circles, and what lies between circles.
    """
    sorter = TopologicalSorter[int]()
    for source, target in links:
        sorter.add(target, source)
    with suppress(CycleError):
        sorter.prepare()
    gone: set[int] = set()
    while ready := sorter.get_ready():
        gone.update(ready)
        sorter.done(*ready)
    return [(target, source) for source, target in links if gone.isdisjoint((source, target))]


# ── Constants inside, folds, bundles, repeats, and the rest ─────────────────────────────────────────


def _place_inside(cards: View) -> None:
    """A constant without a label stands inside the value that alone uses it, beside one other operand."""
    order, keys = cards.order, dict[int, int]()
    for node, args in enumerate(cards.args):
        plain = [arg for arg in args if order[arg].op is ops.constant and not order[arg].label]
        if len(plain) == len(args) - 1 and cards.free(node):
            alone = (arg for arg in plain if cards.uses[arg] == args.count(arg) and arg not in cards.roots)
            keys |= dict.fromkeys((node, *filter(cards.free, alone)), node)
    cards.merge(keys, VALUE)


def _fold(cards: View) -> None:
    """One card for every long chain of one operation, and one for what leads to it alone, if it is much."""
    cards.merge(_chains(cards, CHAIN), FOLD)
    end: dict[int, int] = {}
    for node in reversed(range(len(cards.order))):
        card = cards.owner[node]
        last = end.get(card, card)
        if cards.kind(last) == FOLD:
            for arg in cards.args[node]:
                alone = cards.uses[arg] == 1 and arg not in cards.roots and arg == cards.owner[arg] != card
                if alone and cards.kind(arg) in (VALUE, FOLD):
                    end[arg] = last
    cards.merge(end, REST, ALIKE)


def _bundle(cards: View) -> None:
    """One card for all leaves that the same cards take, if they are many."""
    users: defaultdict[int, set[int]] = defaultdict(set)
    for arg, target in cards.takes():
        if not cards.args[arg] and arg not in cards.roots and cards.free(arg):
            users[arg].add(target)
    cards.merge({leaf: frozenset(users[leaf]) for leaf in users}, REST, ALIKE)


def _chains(cards: View, least: int) -> dict[int, int]:
    """The last value of its chain, for every value of a long chain of an operation, each used by the next."""
    order, owner, merged = cards.order, cards.owner, cards.merged
    length = [1] * len(order)
    before = [HIDDEN] * len(order)
    for node, args in enumerate(cards.args):
        if not args or owner[node] != node or node in merged:
            continue
        op = order[node].op
        for arg in args:
            same = order[arg].op is op and cards.uses[arg] == 1 and owner[arg] == arg
            if same and length[node] <= length[arg] and arg not in merged and arg not in cards.roots:
                length[node], before[node] = length[arg] + 1, arg
    chain: dict[int, int] = {}
    for last in reversed(range(len(order))):
        if length[last] >= least and last not in chain:
            node = last
            while node != HIDDEN:
                chain[node] = last
                node = before[node]
    return chain


def _repeat(cards: View) -> None:
    """One card for cards that repeat: made alike, from any leaves, and used alike."""
    cells = _cells(cards)
    taken: dict[int, list[tuple[int, int]]] = {card: [] for card in cells}  # of a card: source and place
    for node, args in enumerate(cards.args):
        card = cards.owner[node]
        places = _places(cards.order[node], cards.kind(card)) if args and card != HIDDEN else ()
        sources = zip(map(cards.owner.__getitem__, args), places, strict=False)
        taken.get(card, []).extend(each for each in sources if each[0] not in (card, HIDDEN))
    numbers: dict[Hashable, int] = {}
    number: dict[int, int] = {}  # the same for cards that are alike
    used: dict[int, list[tuple[int, int]]] = {card: [] for card in cells}
    for card, (made, _) in cells.items():
        operands = tuple(sorted((number[source], place) for source, place in taken[card]))
        number[card] = numbers.setdefault((made, operands), len(numbers))
    for card in reversed(cells):
        number[card] = numbers.setdefault((number[card], tuple(sorted(used[card]))), len(numbers))
        for source, place in taken[card]:
            used[source].append((number[card], place))
    apart = {HIDDEN, *(cards.owner[root] for root in cards.roots)}
    single = (card for card in cells if card not in apart and cards.kind(card) != ROW)
    cards.merge({card: number[card] for card in single}, REPEAT, ALIKE)


def _rows(cards: View) -> bool:
    """One card for blocks in a row, one for leaves of which each has its own; whether there are any rows."""
    cells = _cells(cards)
    for root in map(cards.owner.__getitem__, cards.roots):
        cells[root] = cells[root]._replace(made=HIDDEN - 1 - root)  # unlike all others
    rows = find_rows(cells, ALIKE)
    place: dict[int, tuple[int, int]] = {}  # of a card: its row and its block
    for r, row in enumerate(rows):
        place |= {card: (r, i) for i, block in enumerate(row.blocks) for card in block}
    places = [place.get(card, (HIDDEN, HIDDEN)) for card in cards.owner]
    takers: defaultdict[int, set[int]] = defaultdict(set)  # of every card the rows that take it
    cards.carried = {node for node in cards.carried if places[node][0] == HIDDEN}
    for node, args in enumerate(cards.args):
        for arg in args:
            (r, block), (source, before) = places[node], places[arg]
            takers[cards.owner[arg]].add(r)
            if r == source != HIDDEN and block != before:
                cards.carried.add(arg)
    for r, (blocks, leaves) in enumerate(rows):
        scopes = [cards.order[node].scope for node, each in enumerate(places) if each == (r, 0)]
        name = ".".join(_common(scope.split(".") for scope in scopes if scope))
        cards.merge(dict.fromkeys(chain(*blocks), r), ROW)
        cards.merged[blocks[0][0]] = ROW, printable(name), len(blocks)
        own = {leaf: each[0] for each in leaves for leaf in each if takers[leaf] == {r}}
        cards.merge(own, REPEAT, ALIKE)
    return bool(rows)


def _common(paths: Iterable[list[str]]) -> Iterator[str]:
    """The parts with which all of them begin."""
    for part, *others in zip(*paths, strict=False):
        if {part} != {part, *others}:
            return
        yield part


def _cells(cards: View) -> dict[int, Cell]:
    """The cards as cells, in topological order: alike are those of equal operations, wired alike within."""
    owner, members = cards.owner, cards.members()
    part = {node: i for nodes in members.values() for i, node in enumerate(nodes)}
    cells, numbers = {HIDDEN: Cell(HIDDEN, ())}, dict[Hashable, int]()
    for card in cards.sequence(members):
        made: list[Hashable] = [cards.kind(card), cards.frames.get(card)]
        takes: list[tuple[int, int]] = []
        for node in members[card]:
            args = cards.args[node]
            made.append((cards.order[node].op, *(part[arg] if owner[arg] == card else None for arg in args)))
            takes += ((owner[arg], part.get(arg, 0)) for arg in args if owner[arg] != card)
        cells[card] = Cell(numbers.setdefault(tuple(made), len(numbers)), tuple(takes))
    return cells


def _places(node: Value, kind: str) -> Iterable[int]:
    """Where each argument stands, as far as it matters: by its sequence, and nowhere in a sum of many."""
    op, length = cast(Op, node.op), len(node.args)
    if kind == GROUP or (kind == FOLD and op.commutative):
        return [0] * length
    return [i * op.sequences // length for i in range(length)] if op.sequences else range(length)


def _cut(cards: View, most: int) -> None:
    """Keep the cards nearest to the roots; one card for all before them, so that there are `most`.

    Near is what has the shortest longest path to a result: then a card's users are nearer than the
    card, and nothing in the rest depends on what is kept.
    """
    members = cards.members()
    sequence = cards.sequence(members)
    users: defaultdict[int, set[int]] = defaultdict(set)
    for source, target in cards.links():
        users[source].add(target)
    distance: dict[int, int] = {}
    for card in reversed(sequence):
        distance[card] = max((distance[user] + 1 for user in users[card]), default=0)
    nearest = sorted(distance, key=distance.__getitem__)
    cards.merge(dict.fromkeys(nearest[most - 1 :], ("earlier values",)), REST)
