"""What the documents show is true: code runs, links lead somewhere, pictures are current."""

import re
from fractions import Fraction
from pathlib import Path

import pytest

import viz
from demos import runner

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def test_the_code_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names, readme = {}, (ROOT / "README.md").read_text(encoding="utf-8")
    for block in re.findall(r"```python\n(.*?)```", readme, re.S):
        exec(block, names)
    shown = capsys.readouterr().out
    (first,) = re.findall(r"```text\n(.*?)```", readme, re.S)
    assert shown.startswith(first)
    assert (tmp_path / "apples.svg").read_bytes() == (ROOT / "docs/pictures/apples.svg").read_bytes()
    assert "0.7109" in shown and "0.4110" in shown and "-0.6165" in shown
    assert "sigmoid(w × x + b)" in shown and (tmp_path / "neuron.svg").exists()
    assert (tmp_path / "neuron.html").exists()
    assert names["cube"](2) == 8
    exact, series = names["hessian"], names["taylor"]
    assert exact(lambda x, y: x**3 / y)(Fraction(2), Fraction(3)) == [
        [4, Fraction(-4, 3)],
        [Fraction(-4, 3), Fraction(16, 27)],
    ]
    assert series(lambda x: 1 / (1 - x), Fraction(1, 2), 3) == [2, 4, 8, 16]


@pytest.mark.parametrize("document", ["compile.md"])
def test_the_code_of_a_document_runs(document, capsys):
    names = {}
    for block in re.findall(
        r"```python\n(.*?)```", (ROOT / "docs" / document).read_text(encoding="utf-8"), re.S
    ):
        exec(block, names)
    shown = capsys.readouterr().out
    assert "dw2 = np.matmul(dz2.T, x, out=" in shown and "would freeze" in shown


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (document.parent / target).exists(), target


def test_the_sizes_that_the_architecture_tells_are_honest():
    """Every module of autograd is there, with its lines to within a tenth."""
    told = dict(
        re.findall(r"^  (\w+\.py) +(\d+)  ", (ROOT / "docs/architecture.md").read_text("utf-8"), re.M)
    )
    sizes = {path.name: len(path.read_text("utf-8").splitlines()) for path in ROOT.glob("autograd/*.py")}
    assert told.keys() == {name for name in sizes if not name.startswith("_")}
    for name, size in told.items():
        assert abs(int(size) - sizes[name]) <= sizes[name] / 10, name


def test_the_picture_of_the_readme_is_current():
    """Made by: viz.draw(price).save("docs/pictures/apples.svg"), as in the demo of the apples."""
    price = runner.load("apples").build(runner.as_written)
    price.backward()
    assert (ROOT / "docs/pictures/apples.svg").read_text(encoding="utf-8") == viz.draw(price).svg()


def test_the_readme_lists_every_demo():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", readme, re.M) == runner.DEMOS
