"""Programs that try to reach something reach nothing."""

import os
from pathlib import Path

import psutil
import pytest

from autograder.sandbox.client import Server
from autograder.sandbox.session import Call, Cell
from tests.autograder.sandbox.quiet_attacks import QUIET, TRY

REPOSITORY = Path(__file__).parents[3]


def prepared(source: str, canary: Path, server: Server) -> str:
    words = {
        "CANARY": str(canary),
        "REPOSITORY": str(REPOSITORY),
        "SERVER": str(psutil.Process(server.process_id).children()[0].pid),
        "GRADER": str(os.getpid()),
    }
    for word, meaning in words.items():
        source = source.replace(word, meaning)
    return source


@pytest.mark.parametrize("name", QUIET)
@pytest.mark.usefixtures("unharmed")
def test_a_program_reaches_nothing(name: str, server: Server, canary: Path) -> None:
    with server.open() as session:
        runs = session.run([Cell("a", TRY), Cell("b", prepared(QUIET[name], canary, server))])
        (reply,) = session.call([Call("attack")])

    assert [run.status for run in runs] == ["ok", "ok"], runs
    assert reply.status == "ok", reply
    assert reply.value == []


def test_a_submission_finds_nothing_of_the_one_before_in_memory(server: Server) -> None:
    scan = '''
def found(first, second):
    """How often the two halves of a word lie side by side in this process's memory."""
    first, second, count = first.encode(), second.encode(), 0
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            low, high = (int(x, 16) for x in span.split("-"))
            if not rights.startswith("rw") or high - low > 2**28:
                continue
            for start in range(low, high, 2**22):
                try:
                    memory.seek(start)
                    data = memory.read(min(2**22, high - start))
                except (OSError, ValueError):
                    continue
                at = data.find(first)
                while at >= 0:
                    count += data[at + len(first) : at + len(first) + len(second)] == second
                    at = data.find(first, at + 1)
    return count
'''
    halves = Call("found", ("quagga-", "okapi-77"))

    with server.open() as session:
        session.run([Cell("a", "mine = 'quagga-okapi-77'"), Cell("b", scan)])
        (own,) = session.call([halves])
    with server.open() as session:
        session.run([Cell("b", scan)])
        (next_one,) = session.call([halves])

    assert own.value > 0, "the search finds what is there"
    assert next_one.value == 0
