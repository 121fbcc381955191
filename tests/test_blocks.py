"""viz.blocks: what is found is alike, and in a row; what is made in a row is found; and nothing else."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from viz.blocks import Cell, find_rows

LEAF = 0


class Graph(dict):
    """Cells by number, in the order in which they are made."""

    def add(self, made=LEAF, *takes):
        self[len(self)] = Cell(made, tuple((cell, 0) for cell in takes))
        return len(self) - 1


def rows(graph, least=4):
    return find_rows(graph, least)


templates = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=6
)


def block(graph, template, carried, shared, depth=0):
    """A block: each cell takes two earlier ones, the first carried; what no cell takes goes into the out."""
    cells = [carried, shared, graph.add()]
    for made, one, other in template:
        cells.append(graph.add(made, cells[one % len(cells)], cells[other % len(cells)]))
    taken = {source for cell in cells[3:] for source, _ in graph[cell].takes}
    return graph.add(9, carried, *(cell for cell in cells[2:] if cell not in taken))


def check(graph, row):
    """What the module's docstring says of a row."""
    before = {
        cell: twin for one, other in pairwise(row.blocks) for twin, cell in zip(one, other, strict=True)
    }
    inside = {cell for each in row.blocks for cell in each}
    assert len(inside) == sum(map(len, row.blocks)) and len({*map(len, row.blocks)}) == 1
    begun, twins = {}, {}
    for cell, twin in before.items():
        assert graph[cell].made == graph[twin].made
        for (source, _), (other, _) in zip(graph[cell].takes, graph[twin].takes, strict=True):
            if source in before:
                assert before[source] == other
            elif source in inside:
                assert other not in inside and begun.setdefault(source, other) == other
            elif source != other:
                assert graph[source] == graph[other] == Cell(LEAF, ())
                assert twins.setdefault(source, other) == other
    after = set()  # the cells outside that are made from some inside
    for cell, (_, takes) in graph.items():
        if any(source in after or source in inside for source, _ in takes):
            if cell in inside:
                assert not any(source in after for source, _ in takes)
            else:
                after.add(cell)
    own = [leaf for leaves in row.leaves for leaf in leaves]
    assert len({*own}) == len(own) and {*twins} - {*own} == set()


@given(templates, st.integers(4, 8), st.booleans())
def test_what_is_made_in_a_row_is_found_whole(template, number, begun):
    graph = Graph()
    shared, carried = graph.add(), graph.add()
    if begun:  # what comes before is no block
        carried = graph.add(7, carried)
    start = len(graph)
    for _ in range(number):
        carried = block(graph, template, carried, shared)
    end = len(graph)
    graph.add(8, carried)
    (row,) = rows(graph)
    check(graph, row)
    made = {cell for cell in range(start, end) if graph[cell].takes}
    assert {cell for each in row.blocks for cell in each} == made
    assert len(row.blocks) % number == 0  # a block may itself be several in a row


@given(templates, st.integers(4, 9), st.data())
def test_a_block_that_is_unlike_belongs_to_no_row_with_others(template, number, data):
    graph = Graph()
    shared, carried = graph.add(), graph.add()
    odd = data.draw(st.integers(0, number - 1))
    for i in range(number):
        start = len(graph)
        carried = block(graph, template, carried, shared)
        if i == odd:
            graph[carried] = graph[carried]._replace(made=10)
            unlike = range(start, len(graph))
    for row in rows(graph):
        check(graph, row)
        sides = {(cell > unlike[-1]) - (cell < unlike[0]) for each in row.blocks for cell in each}
        assert sides in ({-1}, {0}, {1}, {-1, 0}, {0, 1})
        assert not any(unlike[-1] in each for each in row.blocks)


@given(st.lists(st.tuples(st.integers(1, 2), st.integers(1, 5), st.integers(1, 5)), max_size=60))
def test_whatever_is_found_is_a_row_and_rows_stand_one_before_the_other(cells):
    graph = Graph()
    for _ in range(5):
        graph.add()
    for made, one, other in cells:
        graph.add(made, len(graph) - one, len(graph) - other)
    found = rows(graph)
    for row in found:
        check(graph, row)
        assert len(row.blocks) >= 4
    spans = [{cell for each in row.blocks for cell in each} for row in found]
    assert all(max(later) < min(one) for one, later in pairwise(spans))


def chain(number, takes):
    """A graph of cells in a row, each of which takes the one before and what `takes` says, by its number."""
    graph = Graph()
    leaves = [graph.add() for _ in range(number + 2)]
    cell = leaves[-1]
    for i in range(number):
        cell = graph.add(1, cell, *takes(leaves, i))
    return graph


def test_leaves_are_shared_or_own_or_move_on_and_two_in_turn_make_a_block():
    for takes, own in [
        (lambda leaves, i: [leaves[0]], []),
        (lambda leaves, i: [leaves[i]], [[*range(8)]]),
        (lambda leaves, i: [leaves[i], leaves[i + 1]], [[*range(9)]]),
        (lambda leaves, i: [leaves[0], leaves[i + 1]], [[*range(1, 9)]]),
    ]:
        (row,) = rows(chain(8, takes))
        assert (len(row.blocks), row.leaves) == (8, own)
    (row,) = rows(chain(8, lambda leaves, i: [leaves[i % 2]]))
    assert ([len(each) for each in row.blocks], row.leaves) == ([2] * 4, [])
    assert rows(chain(8, lambda leaves, i: [leaves[i * i % 5]])) == []


def test_what_the_first_block_begins_with_is_no_part_of_the_row():
    graph = Graph()
    x = graph.add()
    h = first = graph.add(1, graph.add(2, x), x)
    for _ in range(5):  # all take the first one's: it is no block among them, but what they share
        h = graph.add(1, h, first)
    (row,) = rows(graph)
    check(graph, row)
    assert [first] not in row.blocks and len(row.blocks) == 5


def test_a_first_block_that_feeds_itself_where_others_are_fed_by_it_is_none():
    graph = Graph()
    h = graph.add()
    first = graph.add(1, h)
    h = graph.add(2, first, first)
    for _ in range(5):
        h = graph.add(2, graph.add(1, h), first)
    (row,) = rows(graph)
    check(graph, row)
    assert len(row.blocks) == 5


def test_a_way_out_of_the_first_block_and_in_again_leaves_it_out():
    graph = Graph()
    x = graph.add()
    inner = graph.add(1, x)
    out = graph.add(2, inner, graph.add(3, inner))  # elsewhere the second is the inner cell before
    for _ in range(5):
        before, inner = inner, graph.add(1, out)
        out = graph.add(2, inner, before)
    (row,) = rows(graph)
    check(graph, row)
    assert len(row.blocks) == 5


def test_a_cell_belongs_to_one_block():
    graph = Graph()
    w = graph.add()
    out = graph.add(9, w)
    for i in range(9):
        if i != 3:  # else it is the one of the block before
            inner = graph.add(1, w)
        out = graph.add(2, inner, out)
    (row,) = rows(graph)
    check(graph, row)
    assert len(row.blocks) == 5
