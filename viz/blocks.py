"""Blocks in a row: parts of a graph without circles that are alike, each fed by the one before.

    x ─▶ × ─▶ + ─▶ tanh ─▶ × ─▶ + ─▶ tanh ─▶ …     cell    what is not taken apart: a value, or several
         ▲    ▲            ▲    ▲                  out     the cell by which a block is found
         w    b1           w    b2                 block   what its out is made from and the out before is
         ╰── block 0 ──╯   ╰── block 1 ──╯                 not, but for leaves: cells that take nothing

Two blocks are alike if their cells are, one by one, and take what is alike at the same places: from the
same block, or from one as far before; the same cell outside; or each a leaf of its own. In place of what the
second block takes from the first, the first takes whatever comes before it.

Nothing stands between the blocks of a row: what is made from one of them, and another from it, is in one.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

LARGEST = 100  # cells before an out, among which the out of the block before is looked for
DEPTH = 2  # so many steps back outs of the last blocks must be alike before their blocks are looked at

Block = list[int]  # cells; alike are those at the same place in the blocks of a row
Taken = tuple[int, int]  # a cell, and which of its parts


class Cell(NamedTuple):
    """What a cell is, the same for all that are alike; and the cells that it takes, each with which part."""

    made: int
    takes: tuple[Taken, ...]


class Row(NamedTuple):
    """The blocks from the first to the last; and leaves that are alike, each taken by its own block."""

    blocks: list[Block]
    leaves: list[list[int]]


def find_rows(cells: Mapping[int, Cell], least: int) -> list[Row]:
    """Rows of so many blocks at least, from the end of the graph on, each wholly before the one found last.

    cells  in topological order

    So no circle closes if one card stands for each row. A row can be cut into blocks at several places: so
    that there are the most of them, and else so that the first one begins with the row.
    """
    rows: list[Row] = []
    deep = _deep(cells)
    number = Counter(deep.values())
    place = {cell: i for i, cell in enumerate(cells)}
    end = len(cells)
    for last in reversed(deep):
        often = number[deep[last]] >= least - DEPTH
        if often and place[last] < end and (row := _row(cells, deep, last, least)):
            outs = sorted(row.blocks[-1], key=place.__getitem__)
            cuts = [cut for cut in (_row(cells, deep, out, least) for out in outs) if cut]
            rows.append(max(cuts, key=lambda cut: len(cut.blocks)))
            end = min(place[cell] for block in rows[-1].blocks for cell in block)
    return rows


def _deep(cells: Mapping[int, Cell]) -> dict[int, int]:
    """Of every cell but leaves what it is, and what that is which it takes: a number for all of this."""
    deep = {cell: made for cell, (made, _) in cells.items()}
    for _ in range(DEPTH):
        numbers: dict[tuple[int, ...], int] = {}
        deep = {
            cell: numbers.setdefault((made, *(deep[source] for source, _ in takes)), len(numbers))
            for cell, (made, takes) in cells.items()
        }
    return {cell: number for cell, number in deep.items() if cells[cell].takes}


def _row(cells: Mapping[int, Cell], deep: Mapping[int, int], last: int, least: int) -> Row | None:
    """The row whose last block has that out."""
    ways: dict[int, tuple[int, ...]] = {last: ()}  # from the out to a cell: the places of what is taken
    queue = [last]
    for cell in queue:  # grows while it is read
        if deep[cell] == deep[last] and cell != last:
            blocks = _blocks(cells, _outs(cells, last, ways[cell]), least)
            while len(blocks) >= least:
                unlike, leaves = _fed(cells, blocks)
                if not unlike:
                    return Row(blocks, leaves)
                blocks = blocks[unlike:]
        if len(queue) < LARGEST:
            for place, (source, _) in enumerate(cells[cell].takes):
                if source in deep and source not in ways:
                    ways[source] = (*ways[cell], place)
                    queue.append(source)
    return None


def _outs(cells: Mapping[int, Cell], last: int, way: Sequence[int]) -> list[int]:
    """Cells that are like the last, the same way from one to the one before; from the last to the first."""
    outs, cell = [], last
    while cells[cell].made == cells[last].made:
        outs.append(cell)
        for place in way:
            takes = cells[cell].takes
            if place >= len(takes):
                return outs
            cell = takes[place][0]
    return outs


def _blocks(cells: Mapping[int, Cell], outs: Sequence[int], least: int) -> list[Block]:
    """The blocks of outs, from the first to the last, as far before the last as each is alike within."""
    if len(outs) < least:
        return []
    seen: set[int] = set()
    new = [_made_from(cells, out, seen) for out in reversed(outs)]
    blocks = [new.pop()]
    for out, before in pairwise(outs):
        image = _image(cells, out, before, {*blocks[-1]})
        block, whole = {*image.values()}, {*new.pop()}
        if len(block) < len(blocks[-1]) or (new and block != whole):
            break
        if any(source in block for cell in whole - block for source, _ in cells[cell].takes):
            break  # this one is the first, and something would lead out of the row and into it again
        blocks.append([image[cell] for cell in blocks[-1]])
    return blocks[::-1]


def _made_from(cells: Mapping[int, Cell], out: int, seen: set[int]) -> Block:
    """A cell and all that it is made from, but for leaves and for what has been seen."""
    block, stack = [], [out]
    while stack:
        cell = stack.pop()
        if cell not in seen and cells[cell].takes:
            seen.add(cell)
            block.append(cell)
            stack += (source for source, _ in cells[cell].takes)
    return block


def _image(cells: Mapping[int, Cell], out: int, before: int, block: Collection[int]) -> dict[int, int]:
    """For the cells of a block those of the block before at their places; {} where they are not alike."""
    image = {out: before}
    queue = [out]
    for cell in queue:  # grows while it is read
        one, other = cells[cell], cells[image[cell]]
        if one.made != other.made:
            return {}
        for (source, _), (twin, _) in zip(one.takes, other.takes, strict=True):
            if source in block:
                if source not in image:
                    queue.append(source)
                if image.setdefault(source, twin) != twin:
                    return {}
    return image


def _fed(cells: Mapping[int, Cell], blocks: Sequence[Block]) -> tuple[int, list[list[int]]]:
    """Where a row would have to begin later, as a block takes other things than the one before; 0 if nowhere.

    And the leaves of which each block has its own.
    """
    before = {cell: twin for one, other in pairwise(blocks) for twin, cell in zip(one, other, strict=True)}
    first = {*blocks[0]}
    begun: dict[Taken, Taken] = {}  # what the first block takes, for what the second one takes of it
    twins: dict[int, int] = {}  # of leaves: what the block before takes in place of it
    owners: dict[int, int] = {}  # the other way round
    for number in range(len(blocks) - 1, 0, -1):
        for cell in blocks[number]:
            for taken, other in zip(cells[cell].takes, cells[before[cell]].takes, strict=True):
                (source, part), (twin, _) = taken, other
                if source in before:
                    alike = (before[source], part) == other
                elif source in first:
                    alike = not (twin in first or twin in before) and begun.setdefault(taken, other) == other
                elif cells[source].takes:
                    alike = taken == other
                else:
                    pair = twins.setdefault(source, twin), owners.setdefault(twin, source)
                    alike = cells[source] == cells[twin] and other == (twin, part) and pair == (twin, source)
                if not alike:
                    return (1 if source in first else number), []
    moving = {leaf: twin for leaf, twin in twins.items() if leaf != twin}
    leaves = [_to_the_first(leaf, moving) for leaf in moving if leaf not in owners]
    in_turn = sum(map(len, leaves)) < len(moving.keys() | moving.values())
    return (len(blocks) if in_turn else 0), leaves


def _to_the_first(leaf: int, before: Mapping[int, int]) -> list[int]:
    """The leaves from that of the first block to this one."""
    leaves = [leaf]
    while leaves[-1] in before:
        leaves.append(before[leaves[-1]])
    return leaves[::-1]
