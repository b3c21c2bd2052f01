"""How long the longest tests take, kept in a file, so that they start first.

Otherwise one process would run the last long test while the others wait.  ``make durations`` writes
the file anew; a test that is not in it counts as short, or as `SLOW_S` if it is marked ``slow``.
"""

import json
from collections import defaultdict
from pathlib import Path

import pytest

from lossedu.whole_files import write_whole

STORED = Path(__file__).parent / "durations.json"
SHORTEST_S = 1.0
SLOW_S = 2.0


def seconds_of(item: pytest.Item, stored: dict[str, float]) -> float:
    """How long a test took when durations were stored."""
    is_slow = item.get_closest_marker("slow") is not None
    return stored.get(item.nodeid, SLOW_S if is_slow else 0.0)


def sort(items: list[pytest.Item], stored: dict[str, float]) -> None:
    """Files with the longest tests first, and in each its longest tests.

    The tests of a file stay together, for they share fixtures; others keep their order.
    """
    longest: dict[Path, float] = defaultdict(float)
    place: dict[Path, int] = {}
    for number, item in enumerate(items):
        place.setdefault(item.path, number)
        longest[item.path] = max(longest[item.path], seconds_of(item, stored))
    items.sort(key=lambda i: (-longest[i.path], place[i.path], -seconds_of(i, stored)))


def read(path: Path = STORED) -> dict[str, float]:
    """What is stored; nothing if there is no such file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


class Recorder:
    """Adds up what tests take, and stores those that take long.

    Args:
        path: The file to write.
    """

    def __init__(self, path: Path = STORED) -> None:
        self._path = path
        self._seconds: dict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a part of a test: its preparation, itself, or what comes after."""
        self._seconds[report.nodeid] += report.duration

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the file, unless this is one process among several that test."""
        if hasattr(session.config, "workerinput"):
            return
        long = {name: round(s) for name, s in self._seconds.items() if s >= SHORTEST_S}
        write_whole(self._path, (json.dumps(dict(sorted(long.items())), indent=1) + "\n").encode())


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that stores durations: ``-p tests.longest_first --store-durations``."""
    parser.addoption("--store-durations", action="store_true", help="write tests/durations.json")


def pytest_configure(config: pytest.Config) -> None:
    """Record if the option says so."""
    if config.getoption("store_durations"):
        config.pluginmanager.register(Recorder(), "recorder of durations")
