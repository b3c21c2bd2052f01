"""The option ``--changed-since``: run what changed files can touch, and say what and why.

``make quick`` uses it.  A file in which no test can be touched is not even imported; of a test with
cases, only those that a change can touch are run.  What takes long (tests marked ``slow``, ``book``
or ``browser``, and those that took more than `LONG_S` when durations were stored) is counted and
left to ``make test``.
"""

from pathlib import Path
from typing import Any

import pytest

from tests import longest_first
from tests.selection.cases import files_of_case, is_of_a_family, is_of_a_loss, uses_of_case
from tests.selection.changes import EVERYTHING, changed_files
from tests.selection.definitions import Definitions
from tests.selection.evidence import Changes, Ways
from tests.selection.report import Report

ROOT = Path(__file__).parents[2]
LONG = ("slow", "book", "browser")
LONG_S = 2.0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption(
        "--changed-since",
        metavar="COMMIT",
        help="run only what can be touched by files that changed since COMMIT or are new",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Select if the option says so."""
    since = config.getoption("changed_since")
    if since is None:
        return
    try:
        paths = changed_files(ROOT, since)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    config.pluginmanager.register(Selection(ROOT, paths, since), "selection")


class Selection:
    """Leaves out what changed files cannot touch.

    Args:
        root: The folder of the repository.
        paths: The changed files, seen from there.
        since: What they have changed since.
    """

    def __init__(self, root: Path, paths: list[str], since: str) -> None:
        self._root = root
        self._whole = [path for path in paths if path in EVERYTHING]
        self._changes = Changes(root, paths)
        self._definitions = Definitions(root)
        self._known: dict[tuple[Path, str, bool], Ways] = {}
        self.report = Report(since, paths, self._whole)

    # --- choosing --------------------------------------------------------------------------------

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave out files in which no test can be touched."""
        if self._whole or collection_path.suffix != ".py":
            return None
        if collection_path.is_relative_to(self._root / "tests"):
            is_test = collection_path.name.startswith("test_")
            return True if is_test and not self._ways_to_file(collection_path) else None
        module = ".".join(collection_path.relative_to(self._root).with_suffix("").parts)
        text = collection_path.read_text(encoding="utf-8")
        return None if ">>>" in text and self._ways_to_doctests(module, text) else True

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[Any]) -> None:
        """Leave out tests and cases that cannot be touched, and those that take long."""
        if self._whole:
            return
        ways = {item: self.ways(item) for item in items}
        touched = [item for item in items if ways[item]]
        stored = longest_first.read()
        long = [item for item in touched if _takes_long(item, stored)]
        chosen = [item for item in touched if item not in set(long)]
        for item in items:
            place = item.nodeid.partition("::")[0]
            self.report.count(place, ways[item], item in set(chosen), item in set(long))
        config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
        items[:] = chosen

    def ways(self, item: Any) -> Ways:
        """The changed files that can touch a test or a case, and how."""
        if isinstance(item, pytest.DoctestItem):
            examples = "".join(example.source for example in item.dtest.examples)
            return self._changes.of_doctest(item.dtest.globs["__name__"], examples)
        values = item.callspec.params if hasattr(item, "callspec") else {}
        case = uses_of_case(values)
        found = self._ways_to_function(item, named_losses=is_of_a_loss(case))
        if is_of_a_family(values):  # what draws a question imports all losses, and asks for none
            found = {p: how for p, how in found.items() if not (_is_loss(p) and how == "imports")}
        found |= self._changes.of_case(case)
        files = files_of_case(values)
        if files:  # a case that is about one file does not read the others
            named = {p for p in found if any((self._root / p).is_relative_to(f) for f in files)}
            found = {p: how for p, how in found.items() if how != "reads" or p in named}
        return found

    def _ways_to_function(self, item: pytest.Function, *, named_losses: bool) -> Ways:
        name = item.nodeid.split("::")[1].partition("[")[0]
        key = (item.path, name, named_losses)
        if key not in self._known:
            parts = self._definitions.source(item.path).part(name)
            reach = self._definitions.reach(item.path, parts, cases=not named_losses)
            self._known[key] = self._changes.of_test(reach, named_losses=named_losses)
        return dict(self._known[key])

    def _ways_to_file(self, path: Path) -> Ways:
        source = self._definitions.source(path)
        reach = self._definitions.reach(path, source.tests())
        for conftest in self._definitions.conftests(path):
            reach.add(self._definitions.reach(conftest.path, conftest.hooks()))
        return self._changes.of_test(reach)

    def _ways_to_doctests(self, module: str, text: str) -> Ways:
        return self._changes.of_doctest(module, examples_in(text))

    # --- saying ----------------------------------------------------------------------------------

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """A process among several hands its report to the one that speaks; none to run is fine."""
        if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            session.exitstatus = pytest.ExitCode.OK
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["selection"] = self.report.rows

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take the report of one process: all have chosen the same."""
        self.report.rows = getattr(node, "workeroutput", {}).get("selection", self.report.rows)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was run, and why."""
        for line in self.report.lines():
            terminalreporter.write_line(line)


def _is_loss(path: str) -> bool:
    return path.startswith("lossedu/losses/")


def _takes_long(item: pytest.Item, stored: dict[str, float]) -> bool:
    is_marked = any(map(item.get_closest_marker, LONG))
    return is_marked or longest_first.seconds_of(item, stored) > LONG_S


def examples_in(text: str) -> str:
    """The code of all examples in the text of a module."""
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join(line[4:] for line in lines if line.startswith((">>> ", "... ")))
