"""viz.legend: what it explains and what not, where it stands."""

import pytest

import viz
from autograd import Value
from viz.legend import ENTRIES
from viz.scene import LOOKS, MARGIN, Text, leaves


def price(rate=1.1):
    apple, count, tax = Value(100, "apple"), Value(2, "count"), Value(rate, "tax")
    price = apple * count * tax
    price.label = "price"
    price.backward()
    return price


def explained(root, **options):
    """The kinds that the legend of a picture explains."""
    plain, legend = (viz.draw(root, legend=on, **options).scene for on in (False, True))
    words = {mark.text for mark in legend.marks[len(plain.marks) :] if isinstance(mark, Text)}
    return {kind for kind, (_, word) in ENTRIES.items() if word in words}


@pytest.mark.parametrize(
    ("options", "kinds"),
    [
        ({}, {"leaf", "badge", "data", "gradient", "local"}),
        ({"local": "none", "gradients": False}, {"leaf", "badge", "data"}),
        ({"blank": "gradients"}, {"leaf", "badge", "data", "blank"}),
        ({"style": "textbook"}, {"circle", "data", "gradient", "back"}),
        ({"style": "textbook", "blank": "all"}, {"circle", "data", "back", "blank"}),
    ],
    ids=["cards", "values", "worksheet", "book", "book worksheet"],
)
def test_what_occurs_is_explained_and_nothing_else(options, kinds):
    assert explained(price(), **options) == kinds


def test_constants_groups_and_the_first_infinity_are_explained_where_they_are():
    assert "constant" in explained(price() * 2)
    assert "alarm" in explained(price(float("inf")))
    assert "alarm" not in explained(price())
    total = Value(1.0, "x")
    for _ in range(400):
        total = total + Value(1.0)
    total.backward()
    assert "flow" in explained(total)


@pytest.mark.parametrize("style", ["record", "textbook"])
def test_the_picture_above_stays_as_it_was_and_a_width_is_kept(style):
    plain, legend = (viz.draw(price(), style=style, legend=on).scene for on in (False, True))
    assert legend.marks[: len(plain.marks)] == plain.marks
    assert all(mark.y > plain.height for mark in legend.marks[len(plain.marks) :] if isinstance(mark, Text))
    narrow = viz.draw(price(), style=style, legend=True, width=420).scene
    assert narrow.width + 2 * MARGIN <= 420


def test_every_kind_of_the_table_has_a_look_and_a_sample_as_wide_as_its_place():
    for kind, (sample, word) in ENTRIES.items():
        assert kind in LOOKS and word
        assert any(mark.kind == kind for mark in leaves(sample(kind, 0.0)))
