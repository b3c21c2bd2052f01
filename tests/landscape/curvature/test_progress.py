"""What takes long shows how far it is, in a terminal alone."""

from contextlib import contextmanager

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from lossedu.landscape import Objective, linear_barrier, low_loss_path
from lossedu.landscape.curvature import watched
from lossedu.landscape.curvature.density import spectral_density
from lossedu.landscape.curvature.eigenvalues import most_negative_eigenvalue, top_eigenvalues
from lossedu.landscape.curvature.trace import trace

MATRIX = torch.diag(torch.linspace(0, 1, 70))


class Terminal:
    def __init__(self):
        self.text = ""

    def isatty(self):
        return True

    def write(self, text):
        self.text += text
        return len(text)

    def flush(self):
        pass


@pytest.fixture
def every_product(monkeypatch):
    monkeypatch.setattr(watched, "_EVERY_S", -1.0)


CALLS = {
    "eigenvalues": lambda shown: top_eigenvalues(MATRIX, 2, progress=shown).products,
    "smallest": lambda shown: most_negative_eigenvalue(MATRIX, progress=shown).products,
    "trace": lambda shown: trace(MATRIX, progress=shown).products,
    "density": lambda shown: spectral_density(MATRIX, steps=20, progress=shown).products,
}


@pytest.mark.parametrize("name", CALLS)
def test_products_are_shown_in_a_terminal(name, every_product, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)

    products = CALLS[name](True)

    assert f"{products}/" in terminal.text.replace(" ", "")


@pytest.mark.parametrize("name", CALLS)
def test_nothing_is_shown_where_there_is_no_terminal_or_nobody_asks(
    name, every_product, capsys, monkeypatch
):
    CALLS[name](True)
    assert capsys.readouterr() == ("", "")

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    CALLS[name](False)
    assert terminal.text == ""


def test_all_products_are_told(monkeypatch):
    heard = []

    @contextmanager
    def bar(total, *, shown):
        yield lambda step, figures: heard.append((step, total, shown))

    monkeypatch.setattr(watched.bars, "progress_bar", bar)
    monkeypatch.setattr(watched, "_EVERY_S", -1.0)

    products = trace(MATRIX, max_products=40, progress=True).products

    assert heard == [(k, 40, True) for k in range(1, products + 1)]


def test_barriers_and_paths_are_shown_too(monkeypatch):
    terminal = Terminal()
    x = torch.ones(4, 1)
    objective = Objective(nn.Linear(1, 1, bias=False), mse_loss, (x, x))
    ends = torch.zeros(1), torch.ones(1)
    monkeypatch.setattr("sys.stderr", terminal)

    linear_barrier(objective, *ends, progress=True)
    barrier, terminal.text = terminal.text.replace(" ", ""), ""
    low_loss_path(objective, *ends, steps=20, progress=True)

    assert "11/65" in barrier
    assert "20/20" in terminal.text.replace(" ", "")
