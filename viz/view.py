"""Which values of a graph a picture shows, and which of them one card stands for.

    order   every value of the graph, in topological order; a value goes by its index there
    owner   of every value the card that stands for it; HIDDEN where there is none. While cards are
            merged, a card goes by the index of one of its members
    group   the values made in one scope; fold: a chain of one operation; rest: what is only summed up

The steps go from what a reader wants most to what fits in any case: group by scope, fold chains, bundle
leaves that go the same way, and at last put all that is far from the roots into one card. Cards form a
graph too, and none of the steps closes a cycle in it:

- groups that depend on each other in a circle are split by level, and every edge between two of them
  then leads to a higher level (`_split`);
- a folded chain is left by its last value alone, and what is bundled with it leads nowhere else: a
  circle through cards would be one through their last values;
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
from itertools import accumulate
from typing import NamedTuple, TypeVar

from autograd import Value, node_names, ops, topological_order
from autograd.naming import typeset
from autograd.op import printable
from viz.options import Options
from viz.text import distinct

VALUE, GROUP, FOLD, REST = "value", "group", "fold", "rest"
HIDDEN, SEVERAL = -1, -2
BY_FULL_SCOPE = 2000  # values, up to which a graph is grouped by neuron, and above by layer
CHAIN, BUNDLE = 5, 4  # the fewest operations to fold, and the fewest values to bundle
LETTERS = 28  # of a name; a longer one is cut in the middle
NAMED = 10_000  # values, up to which all are named, as in the table
WHOLE = Options(group=0, max_nodes=None)  # every value has a card

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Card:
    """What one card of a picture stands for.

    kind     VALUE, GROUP, FOLD or REST       name   of the group or the rest, else ""
    members  the values, by index             frame  the opened group that it stands in, or ""
    """

    kind: str
    name: str
    members: list[int]
    frame: str = ""


@dataclass(slots=True)
class View:
    """The values of a graph and their cards, both in topological order at the end; `roots` are values.

    args    the arguments of every value             names   of the values that have been named already
    kept    the roots again, which stand for themselves
    merged  kind and name of every card that may stand for several values; all others are values
    frames  of values in opened groups               cards   in the end, numbered as `owner` then says
    called  what values without a label are called by who draws them
    """

    order: list[Value]
    args: list[tuple[int, ...]]
    owner: list[int]
    roots: tuple[int, ...]
    kept: frozenset[int]
    names: dict[Value, str]
    merged: dict[int, tuple[str, str]] = field(default_factory=dict)
    frames: dict[int, str] = field(default_factory=dict)
    cards: list[Card] = field(default_factory=list)
    called: Mapping[Value, str] = field(default_factory=dict)

    def outputs(self) -> set[int]:
        """The values that another card takes, and the roots."""
        owner = self.owner
        taken = {arg for node, args in enumerate(self.args) for arg in args if owner[arg] != owner[node]}
        return taken.union(self.roots)

    def number(self) -> int:
        """How many cards there are."""
        return len(set(self.owner) - {HIDDEN})

    def free(self, node: int) -> bool:
        """Whether a value stands for itself."""
        return self.owner[node] == node and node not in self.merged

    def takes(self) -> Iterator[tuple[int, int]]:
        """Every argument with the card that takes it, as often as it does."""
        for target, args in zip(self.owner, self.args, strict=True):
            if target != HIDDEN:
                yield from ((arg, target) for arg in args)

    def links(self) -> Iterator[tuple[int, int]]:
        """Source and target of every edge between two cards, as often as there are edges."""
        ends = ((self.owner[arg], target) for arg, target in self.takes())
        return ((source, target) for source, target in ends if source not in (target, HIDDEN))

    def merge(self, members: Sequence[int], kind: str, name: str = "") -> None:
        """One card for several values."""
        for node in members:
            self.owner[node] = members[0]
        self.merged[members[0]] = kind, name

    def merge_by(self, keys: Mapping[int, Hashable], kind: str, least: int = 1) -> None:
        """One card for the values of every key, if they are so many at least."""
        for nodes in _alike(keys).values():
            if len(nodes) >= least:
                self.merge(nodes, kind)

    def members(self) -> dict[int, list[int]]:
        """The values of every card."""
        return _alike({node: card for node, card in enumerate(self.owner) if card != HIDDEN})

    def numbered(self) -> "View":
        """The view with its cards made and numbered in topological order."""
        members = self.members()
        sequence = self.sequence(members)
        for card in sequence:
            kind, name = self.merged.get(card, (VALUE, "")) if len(members[card]) > 1 else (VALUE, "")
            frames = {self.frames.get(node, "") for node in members[card]}
            self.cards.append(Card(kind, name, members[card], frames.pop() if len(frames) == 1 else ""))
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
    order = topological_order(*roots)
    index = {node: i for i, node in enumerate(order)}
    args = [tuple(map(index.__getitem__, node.args)) for node in order]
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
        cards = View(order, args, owner[:], starts, frozenset(starts), names, called=called)
        _group(cards, level, opened)
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
    shown = [i for i, node in enumerate(cards.order) if node.scope and cards.owner[i] != HIDDEN]
    placed = {i: group(cards.order[i].scope) for i in shown}
    cards.frames = {i: printable(frame) for i, (_, frame) in placed.items() if frame}
    for name, nodes in _alike({i: name for i, (name, _) in placed.items()}).items():
        if name and len(nodes) > 1:
            cards.merge(nodes, GROUP, printable(name))
    _adopt_constants(cards)
    _split(cards)


def _adopt_constants(cards: View) -> None:
    """A constant belongs to the group, or to the opened group, that alone uses it."""
    user: dict[int, int] = {}
    for arg, target in cards.takes():
        if cards.order[arg].op is ops.constant:
            user[arg] = target if user.get(arg, target) == target else SEVERAL
    for node, target in user.items():
        if target in cards.merged:
            cards.owner[node] = target
        elif target in cards.frames:
            cards.frames[node] = cards.frames[target]


def _split(cards: View) -> None:
    """Split the groups that depend on each other in a circle into parts that do not.

    The level of a value counts the edges from card to card on the longest path to it, within the
    circle. So an edge between two cards leads to a higher level, and parts of one level form no circle.
    """
    circle = _peel(_peel(dict.fromkeys(cards.links())))
    if not circle:
        return
    within = {card for link in circle for card in link}
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
    for card, nodes in _alike({node: cards.owner[node] for node in sorted(level)}).items():
        kind, name = cards.merged.get(card, (VALUE, ""))
        parts = _alike({node: level[node] for node in nodes})
        for number, part in enumerate(sorted(parts), 1):
            if kind == GROUP:
                ending = f" {number}/{len(parts)}" if len(parts) > 1 else ""
                cards.merge(parts[part], GROUP, f"{name}{ending}")


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


# ── Folds, bundles, and the rest ────────────────────────────────────────────────────────────────────


def _fold(cards: View) -> None:
    """One card for every long chain of one operation, and one for what only the chain takes."""
    uses = Counter(arg for args in cards.args for arg in args)
    chain = _chains(cards, uses)
    _bundle_operands(cards, chain, uses)
    cards.merge_by(dict(sorted(chain.items())), FOLD)


def _chains(cards: View, uses: Counter[int]) -> dict[int, int]:
    """The last value of its chain, for every value of a chain of one operation, each used by the next."""
    order = cards.order
    length = [1] * len(order)
    before = [HIDDEN] * len(order)
    for node, args in enumerate(cards.args):
        if not args or not cards.free(node):
            continue
        op = order[node].op
        for arg in args:
            inner = order[arg].op is op and uses[arg] == 1 and arg not in cards.kept and cards.free(arg)
            if inner and length[node] <= length[arg]:
                length[node], before[node] = length[arg] + 1, arg
    chain: dict[int, int] = {}
    for last in reversed(range(len(order))):
        if length[last] >= CHAIN and last not in chain:
            node = last
            while node != HIDDEN:
                chain[node] = last
                node = before[node]
    return chain


def _bundle_operands(cards: View, chain: dict[int, int], uses: Counter[int]) -> None:
    """One card for the single-use leaves, and the trees of them, that a chain takes, if they are many."""
    towards = [HIDDEN] * len(cards.order)  # the last value of the chain that alone the value leads to
    bundled: dict[int, int] = {}
    for node in reversed(range(len(cards.order))):
        last = chain.get(node, HIDDEN)
        if towards[node] not in (HIDDEN, last) and cards.free(node) and node not in cards.kept:
            last = towards[node]
            chain.pop(node, None)  # a chain that leads to another is bundled too
            bundled[node] = last
        for arg in cards.args[node]:
            if uses[arg] == 1:
                towards[arg] = last
    cards.merge_by(dict(sorted(bundled.items())), REST, BUNDLE)


def _bundle(cards: View) -> None:
    """One card for all leaves that the same cards take."""
    users: defaultdict[int, set[int]] = defaultdict(set)
    for arg, target in cards.takes():
        if not cards.args[arg] and arg not in cards.kept and cards.free(arg):
            users[arg].add(target)
    cards.merge_by({leaf: frozenset(users[leaf]) for leaf in sorted(users)}, REST, BUNDLE)


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
    rest = sorted(node for card in nearest[most - 1 :] for node in members[card])
    cards.merge(rest, REST, "earlier values")
