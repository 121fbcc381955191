"""Worksheets on paper: laws of every sheet, then a sheet by hand, errors."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import viz
from autograd import Value, tanh
from viz.scene import MARGIN, Rect, Text, leaves, measure
from viz.sheet import EDGE, LINE, PAPERS

MILLIMETRE = 96 / 25.4


def chain(length):
    """A root of so many products."""
    root = Value(1.5, "x")
    for i in range(length):
        root = root * Value(0.5 + i, f"w_{i}")
    root.label = "y"
    root.backward()
    return root


words = st.lists(
    st.sampled_from(["Why", "gradient", "of", "w_1?", "苹果", "incomprehensibilities"]), max_size=40
)
exercises = st.lists(st.tuples(words.map(" ".join), st.integers(1, 3)), min_size=1, max_size=5)
papers = st.sampled_from(sorted(PAPERS))


def made(asked, **options):
    return viz.sheet([(question, chain(length)) for question, length in asked], "Sheet 1", **options)


def box(mark):
    """The left, top, right and foot of a mark."""
    if isinstance(mark, Text):
        width = measure(mark.kind, mark.text)
        left = mark.x - width * {"start": 0, "middle": 0.5, "end": 1}[mark.anchor]
        return left, mark.y - 10, left + width, mark.y + 3
    if isinstance(mark, Rect):
        return mark.x, mark.y, mark.x + mark.width, mark.y + mark.height
    points = [point for step in mark.steps for point in step.points]
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def texts(page, *kinds):
    return [m for m in leaves(page.scene.marks) if isinstance(m, Text) and (not kinds or m.kind in kinds)]


def numbers(pages):
    """The exercises' numbers on pages, in the order of painting."""
    found = [text.text for page in pages for text in texts(page, "heading")]
    return [int(text[:-1]) for text in found if re.fullmatch(r"\d+\.", text)]


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(exercises, papers, st.integers(0, 9), st.booleans(), st.sampled_from(["record", "textbook"]))
@settings(max_examples=40, deadline=None)
def test_every_page_is_of_the_papers_size_and_all_is_within_its_margins(asked, paper, lines, solution, style):
    sheet = made(asked, paper=paper, lines=lines, solution=solution, style=style)
    width, height = PAPERS[paper]
    edge = EDGE - MARGIN
    for page in sheet.pages:
        scene = page.scene
        assert (scene.width + 2 * MARGIN, scene.height + 2 * MARGIN) == (width, height)
        for mark in leaves(scene.marks):
            left, top, right, foot = box(mark)
            assert edge - 1 <= left and right <= scene.width - edge + 1, mark
            assert edge - 1 <= top and foot <= scene.height - edge + 1, mark


@given(exercises, papers, st.integers(0, 9), st.booleans())
@settings(max_examples=40, deadline=None)
def test_every_exercise_stands_once_in_order_with_its_whole_question(asked, paper, lines, solution):
    sheet = made(asked, paper=paper, lines=lines, solution=solution)
    assert numbers(sheet.pages) == [*range(1, len(asked) + 1)] * (1 + solution)
    questions = " ".join(text.text for page in sheet.pages for text in texts(page, "question"))
    assert questions.split() == " ".join(question for question, _ in asked).split() * (1 + solution)
    rules = [m for page in sheet.pages for m in leaves(page.scene.marks) if m.kind == "rule"]
    assert len(rules) - 2 <= lines * len(asked)  # without those for name and date


@given(exercises, st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_exercises_stand_below_one_another_with_room_to_write(asked, lines):
    for page in made(asked, lines=lines).pages:
        starts = [text.y for text in texts(page, "heading") if re.fullmatch(r"\d+\.", text.text)]
        assert starts == sorted(starts)
        rules = [m.steps[0].points[0].y for m in leaves(page.scene.marks) if m.kind == "rule"]
        rules = [y for y in sorted(rules) if not starts or y > starts[0]]
        assert all(below - above >= LINE - 1e-6 for above, below in pairwise(rules))
        for y in rules:
            assert not [
                m for m in leaves(page.scene.marks) if isinstance(m, Rect) and m.y < y < m.y + m.height
            ]


@given(st.integers(0, 4))
@settings(max_examples=10, deadline=None)
def test_fields_are_large_enough_for_a_pencil(length):
    fields = [m for page in made([("", length)]).pages for m in leaves(page.scene.marks) if m.kind == "blank"]
    assert fields and all(f.width >= 22 * MILLIMETRE and f.height >= 9 * MILLIMETRE - 0.1 for f in fields)


def test_the_answers_stand_on_the_solution_alone():
    root = chain(3)
    wanted = viz.draw(root)
    answers = {m.text for m in leaves(wanted.scene.marks) if m.kind == "gradient"} - {"+1"}
    sheet = viz.sheet([root], solution=True)
    asked, solved = sheet.pages
    assert not answers & {text.text for text in texts(asked)}
    assert answers <= {text.text for text in texts(solved)}
    assert not [m for m in leaves(solved.scene.marks) if m.kind == "blank"]
    assert "gradient" not in " ".join(re.findall("<title>.*?</title>", asked.svg(), re.S))


# ── A sheet by hand ─────────────────────────────────────────────────────────────────────────────────


def test_a_sheet_of_pictures_of_every_kind(tmp_path):
    o = tanh(Value(0.5, "x") * Value(2.0, "w"))
    o.backward()
    sheet = viz.sheet(
        [
            ("Fill in.", o),
            [o, o * 2],
            viz.draw(o, style="textbook", blank="all"),
            ("Which shapes?", viz.draw_affine(blank="all", width=721)),
            viz.draw_network(WIDE, width=721),
        ],
        "Chain rule",
        solution=True,
    )
    assert repr(sheet) == f"Sheet('Chain rule', A4, pages={len(sheet.pages)})"
    first = [text.text for text in texts(sheet.pages[0])]
    assert {"Chain rule", "Name", "Date", "Fill in."} <= set(first)
    assert [t.text for page in sheet.pages for t in texts(page, "title")] == [
        "Chain rule",
        "Chain rule: solution",
    ]
    html = sheet.save(tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert html.count("<svg") == len(sheet.pages) and "size: A4; margin: 0" in html and "<script" not in html
    ids = re.findall(r'<svg[^>]* id="([^"]+)"', html)
    assert len(set(ids)) == len(sheet.pages)
    tex = sheet.save(tmp_path / "sheet.tex").read_text(encoding="utf-8")
    assert tex.count(r"\shipout") == len(sheet.pages) == tex.count(r"\begin{tikzpicture}")
    assert sheet.pages[0].save(tmp_path / "page.svg").exists()


def test_a_wide_graph_is_wrapped_to_the_paper():
    root = chain(4)
    assert viz.draw(root, blank="gradients").scene.width > PAPERS["A4"][0]
    assert len(viz.sheet([root]).pages) >= 1
    assert len(viz.sheet([viz.draw(root, blank="gradients")]).pages) >= 1


def test_a_single_page_is_saved_as_any_picture(tmp_path):
    sheet = viz.sheet([Value(2.0, "x") * 3])
    assert sheet.save(tmp_path / "sheet.svg").read_text(encoding="utf-8") == sheet.pages[0].svg()
    assert "Worksheet" in sheet.html()


def test_a_title_cannot_leave_its_place():
    sheet = viz.sheet([Value(2.0, "x") * 3], "</title><script>alert(1)</script>")
    assert "<script" not in sheet.html()


# ── Errors ──────────────────────────────────────────────────────────────────────────────────────────

X = Value(2.0, "x") * 3
LONG = chain(40)
WIDE = [[([1.0] * 2, 0.0)] * 2] * 7

BAD = [
    (lambda: viz.sheet([]), ValueError, "sheet needs at least one exercise"),
    (lambda: viz.sheet([X], paper="A5"), ValueError, "paper 'A5' does not exist; there is 'A4', 'Letter'"),
    (lambda: viz.sheet([X], lines=-1), ValueError, "lines must be a whole number of at least 0, not -1"),
    (lambda: viz.sheet([3]), TypeError, "needs a Value, not the int 3"),
    (lambda: viz.sheet([X], colour=1), TypeError, "has no option 'colour'"),
    (lambda: viz.sheet([X, viz.draw_network(WIDE)]), ValueError, "sheet: exercise 2 is 1,"),
    (
        lambda: viz.sheet([viz.draw(chain(9), direction="down", blank="all")]),
        ValueError,
        "pixels high, and A4 has",
    ),
    (lambda: viz.sheet([X] * 9).save("sheet.gif"), ValueError, "there is '.html', '.pdf', '.tex'"),
]


@pytest.mark.parametrize(("bad", "error", "said"), BAD, ids=[row[2] for row in BAD])
def test_bad_input(bad, error, said):
    with pytest.raises(error, match=re.escape(said)) as caught:
        bad()
    assert "\n" not in str(caught.value)
