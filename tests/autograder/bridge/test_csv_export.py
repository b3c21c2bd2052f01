"""`nbgrader export` writes a table in which a name is a name."""

import csv

import pytest
from nbgrader.plugins import CsvExportPlugin

from autograder.bridge.configuration import course_config, open_gradebook
from autograder.bridge.csv_export import DisarmedCsv
from tests.autograder import tiny_class as tiny

NAMES = [
    '=HYPERLINK("https://example.org","marks")',
    "+1",
    "Doe, Ann",
    'the "A"',
    "two\nlines",
    "b",
]


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """Of a course with students of odd names, who all got 5 points."""
    folders = tiny.make_course(tmp_path_factory.mktemp("course"))
    for name in NAMES:
        tiny.hand_in(folders, name.replace("/", "-"), tiny.notebook(folders, "answer = 2"))
    tiny.grade(folders, tiny.TinyGrader())
    config = course_config(folders.root)
    with open_gradebook(config) as gradebook:
        for name in NAMES:
            gradebook.update_or_create_student(name.replace("/", "-"), last_name=name)
    return config


def written(plugin, config, path):
    with open_gradebook(config) as gradebook:
        plugin(to=str(path)).export(gradebook)
    with path.open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def test_every_student_has_a_row_and_no_field_is_a_formula(config, tmp_path):
    rows = written(DisarmedCsv, config, tmp_path / "marks.csv")

    assert [row["raw_score"] for row in rows] == ["5.0"] * len(NAMES)
    fields = [field for row in rows for field in row.values()]
    assert [field for field in fields if field.startswith(("=", "+", "-", "@"))] == []
    assert {"Doe, Ann", 'the "A"'} <= {row["last_name"] for row in rows}


def test_nbgraders_own_table_has_the_formula(config, tmp_path):
    path = tmp_path / "marks.csv"

    written(CsvExportPlugin, config, path)

    assert ",=HYPERLINK(" in path.read_text(encoding="utf-8")


def test_one_student_can_be_asked_for_by_her_name(config, tmp_path):
    path = tmp_path / "marks.csv"

    with open_gradebook(config) as gradebook:
        DisarmedCsv(to=str(path), student=["Doe, Ann"]).export(gradebook)

    assert len(path.read_text(encoding="utf-8").splitlines()) == 2


def test_a_course_exports_with_it(config):
    assert config.ExportApp.plugin_class == "autograder.bridge.csv_export.DisarmedCsv"
