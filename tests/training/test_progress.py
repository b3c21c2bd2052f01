"""What a run shows: a bar in a terminal, lines in a log, nothing in a notebook."""

import sys

from lossedu.training import progress
from tests.training.conftest import small_data


def test_a_log_gets_a_line_at_the_end_of_each_epoch(quick_fit, capsys):
    history, _ = quick_fit(epochs=3, valid=small_data(5), progress=True)

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    for line, step, epoch in zip(lines, (3, 6, 9), history.rows("epochs"), strict=True):
        assert line.startswith(f"step {step}  epoch {epoch['epoch']:g}")
        assert f"train loss {epoch['train_loss']:.4g}" in line
        assert f"valid loss {epoch['valid_loss']:.4g}" in line


def test_nobody_who_does_not_ask_gets_lines(quick_fit, capsys):
    quick_fit(progress=False)

    assert capsys.readouterr().err == ""


def test_a_thousand_short_epochs_are_not_a_thousand_lines(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    show = progress.Lines()
    for epoch in range(1000):
        now[0] += 0.01
        show(epoch, {"epoch": epoch, "train_loss": 0.5})
        show(epoch, {"epoch": epoch, "loss": 0.5})

    lines = capsys.readouterr().err.splitlines()
    assert 100 < len(lines) < 115


def test_a_notebook_gets_none(quick_fit, monkeypatch):
    class OutStream:
        __module__ = "ipykernel.iostream"
        write = None

    monkeypatch.setattr(sys, "stderr", OutStream())
    with progress.progress_bar(3, shown=True) as show:
        show(1, {"epoch": 0, "train_loss": 0.5})
