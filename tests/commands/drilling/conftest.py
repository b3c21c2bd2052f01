"""``lossedu drill`` in a pipe over a small bank, on a clock that moves when it is told to."""

from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from lossedu.commands.app import app
from lossedu.commands.drilling import terminal as terminal_module
from lossedu.commands.drilling.terminal import Clock
from tests.practice.bank import BANK

MORNING = datetime(2027, 1, 4, 9, tzinfo=UTC)


class Time:
    """A clock that moves when it is told to, and a second with each look at it."""

    def __init__(self):
        self.moment = MORNING

    def seconds(self):
        self.moment += timedelta(seconds=1)
        return self.moment.timestamp()

    def now(self):
        return self.moment


@pytest.fixture
def time(monkeypatch):
    own = Time()
    monkeypatch.setattr(terminal_module, "Clock", lambda: Clock(own.now, own.seconds))
    return own


@pytest.fixture
def data(tmp_path):
    return tmp_path / "practice.sqlite"


@pytest.fixture
def drill(monkeypatch, data, time):
    """Runs a drill over the small bank, with lines to type."""
    monkeypatch.setattr("lossedu.practice.families.families", lambda: BANK)
    monkeypatch.setenv("LOSSEDU_PRACTICE", str(data))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments, typed=()):
        text = "".join(f"{line}\n" for line in typed)
        return CliRunner().invoke(app, ["drill", *map(str, arguments)], input=text)

    return run
