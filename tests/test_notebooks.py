"""The notebooks: they run from top to bottom, and are stored without output."""

import json
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted(ROOT.glob("demos/notebooks/*.ipynb"))
SECONDS = 120  # for one cell, on a slow machine


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


def test_both_are_there():
    assert [path.stem for path in NOTEBOOKS] == ["scalar_to_compiled", "textbook_node_by_node"]


def test_a_notebook_is_stored_without_output(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None, cell["id"]
        assert cell["metadata"] == {}, cell["id"]


def test_prose_comes_before_code(path):
    """A notebook begins with prose, and never has more than two cells of code in a row."""
    kinds = [cell["cell_type"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    assert kinds[0] == kinds[-1] == "markdown"
    assert ["code"] * 3 not in [kinds[i : i + 3] for i in range(len(kinds))]


def test_a_notebook_runs_from_top_to_bottom(path, tmp_path, monkeypatch):
    reason = "needs nbclient and ipykernel: pip install '.[test]'"
    nbformat = pytest.importorskip("nbformat", reason=reason)
    nbclient = pytest.importorskip("nbclient", reason=reason)
    pytest.importorskip("ipykernel", reason=reason)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))  # no profile of this user, and no history
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    nbclient.NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": tmp_path}}).execute()
    pictures = [
        out
        for cell in notebook.cells
        for out in cell.get("outputs", [])
        if "<svg" in out.get("data", {}).get("text/html", "")
    ]
    assert len(pictures) >= 2


def test_a_kernel_shows_a_value(tmp_path, monkeypatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    cell = nbformat.v4.new_code_cell("import autograd, viz\nautograd.Value(2.0, 'x') * 3")
    nbclient.NotebookClient(nbformat.v4.new_notebook(cells=[cell]), timeout=SECONDS).execute()
    (out,) = cell.outputs
    assert "<svg" in out.data["text/html"] and out.data["text/plain"].startswith("Value(6.0")
