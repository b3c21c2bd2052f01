"""The longest tests start first, and tests of one file stay together."""

import ast
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import longest_first
from tests.longest_first import Recorder

ROOT = Path(__file__).parents[1]


def item(name, *marks):
    path = name.partition("::")[0]
    return SimpleNamespace(
        nodeid=name, path=Path(path), get_closest_marker=lambda m: m if m in marks else None
    )


def test_files_with_long_tests_come_first_and_others_keep_their_order():
    items = [
        item("c::1"), item("a::1"), item("a::2"), item("b::1", "slow"), item("b::2"), item("d::1"),
    ]  # fmt: skip

    longest_first.sort(items, {"a::2": 30.0})

    assert [i.nodeid for i in items] == ["a::2", "a::1", "b::1", "b::2", "c::1", "d::1"]


def test_what_takes_long_is_stored_rounded_and_in_order(tmp_path):
    path = tmp_path / "durations.json"
    recorder = Recorder(path)
    for name, seconds in (("b", 3.2), ("b", 1.4), ("a", 1.2), ("short", 0.2)):
        recorder.pytest_runtest_logreport(SimpleNamespace(nodeid=name, duration=seconds))

    recorder.pytest_sessionfinish(SimpleNamespace(config=SimpleNamespace()))

    assert list(json.loads(path.read_text(encoding="utf-8")).items()) == [("a", 1), ("b", 5)]
    assert longest_first.read(path) == {"a": 1, "b": 5}
    assert longest_first.read(tmp_path / "nowhere") == {}


def test_one_process_among_several_stores_nothing(tmp_path):
    path = tmp_path / "durations.json"

    Recorder(path).pytest_sessionfinish(SimpleNamespace(config=SimpleNamespace(workerinput={})))

    assert not path.exists()


def test_the_tests_with_stored_durations_exist():
    names = {name.partition("[")[0] for name in longest_first.read() if name.startswith("tests/")}

    assert names
    missing = [name for name in sorted(names) if not defines(*name.split("::")[:2])]
    assert missing == [], "make durations"


def defines(place, name):
    path = ROOT / place
    body = ast.parse(path.read_bytes()).body if path.exists() else []
    return name in {getattr(statement, "name", "") for statement in body}


def test_a_test_without_cases_is_an_error_and_not_skipped(request: pytest.FixtureRequest):
    assert request.config.getini("empty_parameter_set_mark") == "fail_at_collect"
