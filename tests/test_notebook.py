"""In notebooks: pictures stand in the page and follow it, and Values, models and curves show themselves."""

import re
import sys
import time
import xml.etree.ElementTree as ET
from urllib.parse import unquote

import pytest

import autograd
import nn
import viz
from autograd import Value, tanh
from viz import notebook
from viz.matrix import draw_affine
from viz.network import draw_network
from viz.scene import DARK, LIGHT


def neuron():
    w, x = Value(-3.0, "w"), Value(2.0, "x")
    y = tanh(w * x)
    y.label = "y"
    y.backward()
    return y


PICTURES = [viz.draw(neuron()), draw_affine(), draw_network([[([1.0, -2.0], 0.5)]])]


def image(html):
    """The SVG of the image that a picture is where no script runs."""
    return unquote(re.search('src="data:image/svg\\+xml,(.*?)"', html)[1])


@pytest.mark.parametrize("picture", PICTURES, ids=repr)
def test_a_picture_stands_in_the_page_and_is_the_same_as_its_file(picture):
    html = picture._repr_html_()
    assert html.startswith('<div style="overflow-x:auto"><img ')
    inline, file = ET.fromstring(image(html)), ET.fromstring(picture.svg())
    marks = [[(mark.tag, mark.text, mark.get("x")) for mark in each.iter()][2:] for each in (inline, file)]
    assert marks[0] == marks[1] and inline.get("width") == file.get("width")
    assert not hasattr(picture, "_repr_svg_")  # shown as an image it would have no titles


def test_equal_pictures_share_their_rules_and_others_do_not():
    ids = [
        re.search(r'id="(.*?)"', image(viz.draw(neuron(), theme=theme)._repr_html_()))[1]
        for theme in ("auto", "auto", "dark")
    ]
    assert ids[0] == ids[1] != ids[2]
    svg = image(viz.draw(neuron())._repr_html_())
    style = re.search("<style>(.*?)</style>", svg, re.S)[1]
    assert all(f"#{ids[0]}" in rule for rule in style.strip().split("\n"))


def test_a_theme_that_was_chosen_stays(page):
    light = viz.draw(neuron(), theme="light")._repr_html_()
    assert ground(page, light, "dark", body="data-jp-theme-light=false") == LIGHT["ground"]


def ground(page, html, system, root="", body=""):
    """The colour behind a picture, in a page that has attributes, on a system of a theme."""
    page.emulate_media(color_scheme=system)
    page.set_content(f"<!doctype html><html {root}><body {body}>{html}</body></html>")
    colour = page.locator("svg .ground").evaluate("e => getComputedStyle(e).fill")
    return "#" + "".join(f"{int(x):02x}" for x in re.findall(r"\d+", colour))


@pytest.fixture(scope="module")
def page(browser):
    yield (page := browser.new_page())
    page.close()


@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize(
    ("theme", "root", "body"),
    [
        ("dark", "", 'data-jp-theme-light="false"'),  # JupyterLab
        ("light", "", 'data-jp-theme-light="true"'),
        ("dark", "", 'class="vscode-dark"'),
        ("light", "", 'class="vscode-light"'),
        ("dark", "", 'class="vscode-high-contrast"'),
        ("light", "", 'class="vscode-high-contrast-light vscode-high-contrast"'),
        ("dark", "theme=dark", ""),  # Colab
        ("light", "theme=light", ""),
        ("dark", "", 'data-md-color-scheme="slate"'),  # MkDocs Material
        ("light", "", 'data-md-color-scheme="default"'),
        ("dark", 'data-theme="dark"', ""),  # Sphinx
        ("light", 'data-theme="light"', ""),
        ("", "", ""),
    ],
)
def test_a_picture_follows_its_page_and_else_the_system(page, system, theme, root, body):
    palette = DARK if (theme or system) == "dark" else LIGHT
    assert ground(page, viz.draw(neuron())._repr_html_(), system, root, body) == palette["ground"]


def test_where_scripts_run_titles_show_and_elsewhere_there_is_an_image(page, browser):
    x = Value(2.0, "</svg><b>%22'#&amp;苹")
    picture = viz.draw(x * x)
    page.set_content(picture._repr_html_())
    assert page.locator("svg g > title").first.text_content().startswith("</svg><b>%22'#&amp;苹")
    assert page.locator("img").count() == 0
    still = browser.new_page(java_script_enabled=False)
    still.set_content(picture._repr_html_())
    assert still.locator("img").bounding_box()["width"] > 200 and still.locator("svg, b").count() == 0
    still.close()


def test_a_wide_picture_scrolls_in_its_own_size(page):
    picture = viz.draw(neuron())
    page.set_content(
        f"<style>svg{{max-width:100%}}</style><div style='width:200px'>{picture._repr_html_()}</div>"
    )
    assert page.locator("svg").bounding_box()["width"] > 300
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# ── What nbconvert takes ────────────────────────────────────────────────────────────────────────────


def test_for_paper_there_is_a_pdf_or_else_a_png_if_it_is_small(monkeypatch):
    pytest.importorskip("resvg_py"), pytest.importorskip("vl_convert")
    picture = viz.draw(neuron())
    assert picture._repr_pdf_().startswith(b"%PDF") and picture._repr_png_() is None
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    assert picture._repr_pdf_() is None and picture._repr_png_() == picture.png()
    y = neuron()
    for _ in range(200):
        y = y * y + Value(1.0)
    assert viz.draw(y, max_nodes=None)._repr_png_() is None
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    assert picture._repr_png_() is None


# ── What shows itself ───────────────────────────────────────────────────────────────────────────────


class Formatter(dict):
    """IPython's, as far as it is used."""

    def for_type_by_name(self, module, name, show):
        self[module, name] = show


@pytest.fixture
def shown(monkeypatch):
    """From a thing to what a notebook shows of it."""
    formatter = Formatter()
    display = type("Display", (), {"mimebundle_formatter": formatter})
    shell = type("Shell", (), {"kernel": None, "display_formatter": display})
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "IPython", type("IPython", (), {"get_ipython": lambda: shell}))
        notebook.register(viz.draw)

    def show(thing):
        (show,) = (
            formatter[key]
            for kind in type(thing).__mro__
            if (key := (kind.__module__, kind.__name__)) in formatter
        )
        return show(thing)

    return show


def test_a_value_shows_its_graph(shown):
    y = neuron()
    found = shown(y)
    assert found["text/html"] == viz.draw(y, width=1000, max_nodes=60)._repr_html_()
    assert found.keys() <= {"text/html", "application/pdf", "image/png"}
    assert shown(y.args[0].args[0]) == {}  # a leaf has none


def test_a_large_graph_is_not_drawn_and_not_counted(shown):
    small = y = Value(1.0, "x")
    for _ in range(notebook.VALUES - 1):
        small = tanh(small)
    assert "text/html" in shown(small)
    for _ in range(200_000):
        y = tanh(y)
    start = time.process_time()
    assert shown(y) == shown(tanh(small)) == {}
    assert time.process_time() - start < 0.5  # about 0.001


def test_a_value_that_is_used_again_and_again_is_one(shown):
    y = Value(1.0, "x")
    for _ in range(60):
        y = y + y  # 2⁶⁰ ways down
    assert "text/html" in shown(y)


def test_a_network_shows_its_neurons(shown):
    model = nn.MLP(2, [3, 1], seed=0)
    assert shown(model)["text/html"] == draw_network(model, width=1000)._repr_html_()


def test_another_module_shows_its_parts(shown):
    class Both(nn.Module):
        def __init__(self):
            self.first, self.rest = (
                nn.Embedding(5, 3, seed=0),
                [nn.MLP(2, [2], seed=1), nn.MLP(2, [1], seed=1)],
            )

    table = ET.fromstring(shown(Both())["text/html"])
    rows = [[cell.text or cell[0].text for cell in row] for row in table]
    assert rows == [["part", "parameters"], ["first", "15"], ["rest.0", "6"], ["rest.1", "3"], ["Both", "24"]]


def test_many_parts_are_cut(shown):
    class Many(nn.Module):
        def __init__(self):
            self.parts = [Value(float(i)) for i in range(notebook.PARTS + 5)]

    html = shown(Many())["text/html"]
    assert "…" in html and html.count("<tr>") == notebook.PARTS + 3 and "<b>25</b>" in html


def test_a_program_shows_its_operations_once_it_has_run(shown):
    np = pytest.importorskip("numpy")
    w = Value(2.0, "w")
    program = autograd.compile(lambda x: (w * x) ** 2, [w])
    assert shown(program) == {}
    program(program.parameters(), np.ones(3))
    assert shown(program)["text/html"] == viz.draw(program)._repr_html_()


def test_a_history_shows_its_curves(shown, monkeypatch):
    pytest.importorskip("matplotlib")
    history = nn.History([{"epoch": 1, "loss": 0.75, "lr": 0.1}, {"epoch": 2, "loss": 0.5, "lr": 0.1}])
    assert shown(history)["image/png"].startswith(b"\x89PNG")
    assert shown(nn.History()) == {}
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert shown(history) == {}


def test_looking_raises_no_error(shown, monkeypatch):
    monkeypatch.setattr(viz.Diagram, "_repr_html_", lambda _: 1 / 0)
    assert shown(neuron()) == {}


def test_only_kernels_are_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", type("IPython", (), {"get_ipython": lambda: None}))
    notebook.register(viz.draw)  # a script that imports IPython, and a terminal, which shows no pictures
