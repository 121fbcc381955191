"""tikz: scenes of every kind compile, words are words, and what stands in columns does so in LaTeX too."""

import re
import shutil
import subprocess

import numpy
import pytest

import autograd
import nn
import viz
from autograd import Value, tanh
from viz import tikz
from viz.scene import Scene, Text, measure

NODE = re.compile(
    r"\\node\[graph (\w+), anchor=(base|base east|base west)\] at \(([-.\d]+),([-.\d]+)\) \{(.*)\};"
)
COLUMN = measure("data", " ")
NETWORK = [[([1, 1], -0.5), ([1, 1], -1.5)], [([1, -2], -0.5)]]


def neuron():
    x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(6.9, "b")
    y = tanh(2 * (w * x) + b)
    y.label = "y"
    y.backward()
    return y


def program():
    model = nn.MLP(2, [3, 1], "sigmoid", "sigmoid", seed=0)
    made = autograd.compile(lambda x, t: (model(x) - t) ** 2, model.parameters())
    made(made.parameters(), numpy.zeros((4, 2)), numpy.zeros(4))
    return made


def pictures():
    """One of each kind; of a sheet the pages."""
    y = neuron()
    sheet = viz.sheet([("What is the gradient of w, w²₁₃ & α?", y), y], "The chain rule", solution=True)
    return [
        *(viz.draw_affine(batch=batch, blank=blank) for batch in (None, "N") for blank in ("", "all")),
        viz.draw_softmax_with_loss(),
        viz.draw_network(NETWORK, numbers=True, inputs="ab", outputs=["a xor b"]),
        viz.draw_network(NETWORK, theme="dark"),
        viz.draw(program()),
        *(
            viz.draw(y, style=style, legend=True, blank=blank, constants="inside")
            for style in ("record", "textbook")
            for blank in ("", "gradients")
        ),
        *sheet.pages,
    ]


def nodes(picture):
    """The texts of a picture: kind, anchor, x, y, what is written."""
    return [
        (kind, anchor, float(x), float(y), text) for kind, anchor, x, y, text in NODE.findall(picture.tikz())
    ]


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no TeX is installed")
def test_scenes_of_every_kind_compile_with_no_letter_missing(tmp_path):
    scenes = [picture.scene for picture in pictures()]
    (tmp_path / "all.tex").write_text(tikz.document("light", *scenes), encoding="utf-8")
    run = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-600:]
    assert f"({len(scenes)} pages".encode() in done.stdout
    assert "Missing character" not in (tmp_path / "all.log").read_text(errors="replace")


@pytest.mark.parametrize("batch", [None, 1, "N"])
def test_a_shape_stands_in_the_middle_below_its_part(batch):
    texts = nodes(viz.draw_affine(2, 3, batch=batch))
    parts = {"W^{T}": "(3, 2)", r"\partial L/\partial W": "(2, 3)"}
    for part, shape in parts.items():
        [(kind, anchor, x, y, _)] = [text for text in texts if text[-1] == f"${part}$"]
        below = (other for other in texts if other[0] == kind and other[-1] == f"${shape}$")
        assert anchor == "base"
        assert any(abs(other[2] - x) < COLUMN and 0 < other[3] - y < 20 for other in below)


@pytest.mark.parametrize(("anchor", "place"), [("start", 0.0), ("middle", 0.5), ("end", 1.0)])
def test_cells_stand_where_the_svg_has_them(anchor, place):
    text = "a\xa0\xa0bc\xa0d, e\xa0"
    scene = Scene(200, 20, (Text("data", 100, 10, text, anchor),), "cells")
    found = [(x, written) for _, _, x, _, written in nodes(viz.Picture(scene))]
    left = 100 - place * COLUMN * len(text)
    expected = [left + COLUMN * middle for middle in (0.5, 4, 8)]
    assert [written for _, written in found] == ["$a$", r"$\mathit{bc}$", "$d, e$"]
    assert [x for x, _ in found] == pytest.approx(expected, abs=0.06)


def test_headings_are_words_and_operations_are_upright():
    written = [text for *_, text in nodes(viz.draw_network(NETWORK))]
    assert {"inputs", "hidden", "outputs", "$l = 1$"} <= set(written)
    written = [text for *_, text in nodes(viz.draw_softmax_with_loss())]
    assert r"${}\operatorname{softmax}{}$" in written and r"${}\text{cross entropy}{}$" in written
    heading = next(line for line in viz.draw_network(NETWORK).tikz().splitlines() if "graph heading/" in line)
    assert r"\bfseries" in heading
