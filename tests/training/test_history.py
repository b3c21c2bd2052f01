"""A history is a table that can be kept, read and looked at."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossedu.training import History
from lossedu.training.history import EPOCH_COLUMNS, STEP_COLUMNS
from tests.training.conftest import small_data

floats = st.floats(width=64)


def as_text(history):
    """NaN is not equal to itself; its text is."""
    return json.dumps([history.steps, history.epochs, history.events, history.settings])


@pytest.fixture
def history(quick_fit):
    return quick_fit(epochs=3)[0]


def test_every_step_and_epoch_has_every_column(history):
    assert tuple(history.steps) == STEP_COLUMNS
    assert tuple(history.epochs)[: len(EPOCH_COLUMNS)] == EPOCH_COLUMNS
    assert {len(column) for column in history.steps.values()} == {9}
    assert {len(column) for column in history.epochs.values()} == {3}


@given(st.lists(st.tuples(floats, floats), max_size=5), st.dictionaries(st.text(), st.integers()))
def test_what_is_written_is_read_to_the_last_bit(tmp_path_factory, rows, settings):
    settings.pop("record", None)
    history = History(settings=settings)
    for k, (loss, extra) in enumerate(rows):
        history.add("steps", {"step": k, "loss": loss})
        history.add("epochs", {"epoch": k, "extra": extra})
    path = tmp_path_factory.mktemp("history") / "run.jsonl"

    history.write(path)

    assert as_text(History.read(path)) == as_text(history)
    assert [p.name for p in path.parent.iterdir()] == ["run.jsonl"]


def test_the_lines_are_json_as_others_read_it(history, tmp_path):
    history.write(tmp_path / "run.jsonl")

    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    lines = (tmp_path / "run.jsonl").read_text().splitlines()
    records = [json.loads(line, parse_constant=refuse)["record"] for line in lines]
    assert records == ["settings"] + ["step"] * 9 + ["epoch"] * 3


def test_a_line_cut_by_a_kill_is_dropped_and_any_other_is_refused(history, tmp_path):
    path = tmp_path / "run.jsonl"
    history.write(path)
    text = path.read_text()

    path.write_text(text[:-20])
    assert len(History.read(path).epochs["epoch"]) == 2

    path.write_text(text[:-20] + "\n")
    with pytest.raises(ValueError, match=r"line 13 of .*run.jsonl"):
        History.read(path)


def test_a_live_log_is_the_history(quick_fit, tmp_path):
    path = tmp_path / "deep" / "run.jsonl"

    history, _ = quick_fit(epochs=2, trackers=[path])

    assert as_text(History.read(path)) == as_text(history)


def test_a_column_that_comes_late_was_nan_before():
    history = History()
    history.add("epochs", {"epoch": 0})
    history.add("epochs", {"epoch": 1, "accuracy": 0.5})

    assert math.isnan(history.epochs["accuracy"][0])
    assert history.last("accuracy") == 0.5
    assert math.isnan(history.last("unheard of"))


def test_new_columns_come_in_the_order_of_their_row():
    names = [f"class_recall_{c}" for c in range(40)]
    history = History()
    history.add("epochs", {"epoch": 0} | dict.fromkeys(names, 0.5))

    assert list(history.epochs)[-40:] == names


def test_a_table_that_does_not_exist_is_refused(history):
    with pytest.raises(ValueError, match="table must be one of 'steps', 'epochs', but is 'days'"):
        history.rows("days")


def test_a_notebook_shows_what_is_known_and_no_column_of_nothing(history):
    history.events.append({"kind": "nonfinite", "step": 3, "where": "<b>", "what": "gradient"})

    page = history._repr_html_()

    assert "train loss" in page
    assert "valid loss" not in page
    assert "nonfinite at step 3: where &lt;b&gt;, what gradient" in page


def test_a_plot_shows_both_losses_and_the_gradient_before_and_after_clipping(quick_fit):
    history, _ = quick_fit(valid=small_data(9, seed=1), clip=0.1)

    figure = history.plot()

    losses, gradients, *_ = figure.axes
    assert {text.get_text() for text in losses.get_legend().get_texts()} == {
        "training",
        "validation",
    }
    assert [list(line.get_ydata()) for line in gradients.lines] == [
        history.steps["gradient_norm"],
        history.steps["gradient_norm_clipped"],
    ]
