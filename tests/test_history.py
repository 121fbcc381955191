"""History: rows come back from files with every digit, and its curves are those that viz draws."""

import csv
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

import viz
from nn.history import History

names = st.lists(st.sampled_from(["accuracy", "val_loss", "hinge", 'a "b", c']), unique=True)


finite_or_not = st.floats(allow_nan=False)


@st.composite
def histories(draw, floats=finite_or_not, least=0):
    columns = ["loss", *draw(names), "lr"]
    count = draw(st.integers(least, 15))
    return History([{"epoch": i + 1, **{name: draw(floats) for name in columns}} for i in range(count)])


@given(history=histories())
def test_json_and_csv_keep_every_digit(history, tmp_path_factory):
    folder = tmp_path_factory.mktemp("history")
    history.to_json(folder / "h.json")
    assert History.from_json(folder / "h.json") == history
    history.to_csv(folder / "h.csv")
    with open(folder / "h.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [{name: float(text) for name, text in row.items()} for row in rows] == history.rows


@settings(max_examples=10)
@given(histories(st.floats(-100, 100), least=1))
def test_its_curves_are_drawn_by_viz_without_epoch_and_rate(history):
    curves = history.history
    assert list(curves) == [name for name in history.columns if name not in ("epoch", "lr")]
    assert all(curve == [row[name] for row in history.rows] for name, curve in curves.items())
    assert len(viz.plot_history(history, Figure().subplots()).lines) == len(curves)


@given(histories(least=1))
def test_the_best_row_is_the_first_of_the_least_loss_on_data_that_was_not_trained_on(history):
    measure = "val_loss" if "val_loss" in history.columns else "loss"
    best, least = history.best, min(row[measure] for row in history.rows)
    assert best[measure] == least
    assert all(row[measure] > least for row in history.rows[: best["epoch"] - 1])


@given(histories())
def test_it_is_the_sequence_of_its_rows(history):
    assert [*history] == history.rows and len(history) == len(history.rows)
    assert history[1:4] == History(history.rows[1:4])
    assert not history.rows or history[-1] is history.rows[-1]


@given(histories(least=1), st.floats(0, 9))
def test_the_time_is_in_its_rows_and_no_part_of_what_it_says_or_is_compared_by(history, seconds):
    timed = History([{**row, "seconds": seconds} for row in history])
    assert timed == history and repr(timed) == repr(history) and timed.history == history.history
    assert timed.columns == [*history.columns, "seconds"]
    assert timed != History([{**row, "loss": 0.5} for row in history]) or history.history["loss"][0] == 0.5
    assert history != history.rows


def test_nan_comes_back(tmp_path):
    History([{"epoch": 1, "loss": math.nan}]).to_json(tmp_path / "h.json")
    assert math.isnan(History.from_json(tmp_path / "h.json").rows[0]["loss"])


@given(histories(least=1))
def test_its_repr_is_a_small_table(history):
    lines = repr(history).split("\n")
    assert lines[0].split()[0] == "epoch" and len(lines) <= 12
    assert lines[1].split()[0] == "1" and lines[-1].split()[0] == str(len(history))
    assert len({len(line) for line in lines if "…" not in line}) == 1


def test_its_repr_rounds_floats_alone():
    assert repr(History([{"epoch": 12345, "loss": 12345.678}])).split() == [
        *("epoch", "loss"),
        *("12345", "1.235e+04"),
    ]


def test_its_repr_rounds_and_equality_does_not():
    third = [{"epoch": 1, "loss": 1 / 3}]
    assert "0.3333" in repr(History(third)) and "0.33333" not in repr(History(third))
    assert History(third) == History(third, interrupted=True) != History([{"epoch": 1, "loss": 0.3333}])


def test_an_empty_history(tmp_path):
    assert repr(History()) == "History of no epochs" and History().history == {} and len(History()) == 0
    History().to_json(tmp_path / "h.json")
    assert History.from_json(tmp_path / "h.json") == History()
    with pytest.raises(ValueError, match="there is no epoch yet"):
        History().best  # noqa: B018


BAD = {
    "no JSON": "[{",
    "endless JSON": "[" * 100_000,
    "no list": '{"epoch": 1}',
    "no rows": "[1, 2]",
    "other columns": json.dumps([{"epoch": 1, "loss": 2.0}, {"epoch": 2}]),
}


@pytest.mark.parametrize("case", BAD)
def test_other_files_are_refused_by_name(case, tmp_path):
    path = tmp_path / "h.json"
    path.write_text(BAD[case], encoding="utf-8")
    with pytest.raises(ValueError, match=r"History.from_json: .*h\.json is no") as caught:
        History.from_json(path)
    assert "\n" not in str(caught.value)
