"""A session answers, and leaves nothing to the next."""

import pytest
import torch

from autograder.sandbox.client import Server
from autograder.sandbox.session import Call, Cell
from autograder.sandbox.wire import WireError
from tests.autograder.sandbox.programs import ADD


def test_a_function_is_called_with_its_arguments_and_differentiated(server: Server) -> None:
    x = torch.tensor([1.0, 2.0])
    with server.open() as session:
        session.run([Cell("a", "def f(x, power=2):\n    return x ** power")])

        plain, named, weighted, absent = session.call(
            [
                Call("f", (x,)),
                Call("f", (x,), {"power": 3}, gradient_of=0),
                Call("f", (x,), gradient_of=0, gradient_weights=torch.tensor([0.0, 10.0])),
                Call("g", (x,)),
            ]
        )

    assert plain.value.tolist() == [1.0, 4.0]
    assert plain.kind == "Tensor"
    assert named.gradient.tolist() == [3.0, 12.0]
    assert weighted.gradient.tolist() == [0.0, 40.0]
    assert absent.status == "missing"


def test_sources_are_what_was_given(server: Server) -> None:
    with server.open() as session:
        session.run([Cell("a", "x = 1"), Cell("b", "1 / 0")])

        assert session.sources == {"a": "x = 1", "b": "1 / 0"}


def test_a_cell_of_megabytes_costs_only_itself(server: Server) -> None:
    with server.open() as session:
        runs = session.run([Cell("a", "x = '" + "x" * 2_000_000 + "'"), Cell("b", ADD)])

    assert [run.status for run in runs] == ["error", "ok"]
    assert "at most" in runs[0].error


def test_what_cannot_be_asked_is_the_askers_error(server: Server) -> None:
    with server.open() as session:
        session.run([Cell("a", ADD)])
        with pytest.raises(WireError, match="a value must be"):
            session.call([Call("add", (object(),))])

        assert session.call([Call("add", (1,))])[0].value == 2


def test_sessions_may_be_open_side_by_side(server: Server) -> None:
    with server.open() as one, server.open() as other:
        one.run([Cell("a", "x = 1\nopen('/tmp/x', 'w').write('one')\ndef f(): return x")])
        other.run([Cell("a", "import os\nfound = os.listdir('/tmp')\ndef f(): return found")])

        assert one.call([Call("f")])[0].value == 1
        assert "x" not in other.call([Call("f")])[0].value


def test_unseeded_draws_are_the_same_in_every_session(server: Server) -> None:
    program = """
import random, numpy, torch
def f():
    return [random.random(), float(numpy.random.rand()), float(torch.rand(()))]
"""

    values = []
    for _ in range(2):
        with server.open() as session:
            session.run([Cell("a", program)])
            values.append(session.call([Call("f")])[0].value)

    assert values[0] == values[1]


def test_usage_counts_memory_beyond_the_servers(server: Server) -> None:
    with server.open() as session:
        session.run([Cell("a", "x = 1")])
        small = session.close()
    with server.open() as session:
        session.run([Cell("a", "n = 100_000_000\nx = b'x' * n\ndel x")])
        large = session.close()

    assert small.peak_mb < 60
    assert 90 < large.peak_mb < 160
