"""Canvas and Moodle get what their import pages ask for."""

import csv
import io

import pytest

from autograder.course.export import FORMATS, StudentMark

ADA = StudentMark("ada", "Lovelace", "Ada", "ada@example.org", "1815", 20.125, 24, complete=True)
BOB = StudentMark("bob", "", "", "", "", 0, 24, complete=False)


def rows(name, *marks):
    return list(csv.reader(io.StringIO(FORMATS[name]("focal", marks))))


def test_canvas_gets_points_possible_and_a_row_a_student():
    head, possible, ada, bob = rows("canvas", ADA, BOB)

    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "focal"]
    assert possible == ["    Points Possible", "", "", "", "", "24"]
    assert ada == ["Lovelace, Ada", "1815", "", "ada", "", "20.12"]
    assert bob == ["bob", "", "", "bob", "", "0"]


def test_moodle_gets_users_by_name():
    head, ada, bob = rows("moodle", ADA, BOB)

    assert head == ["username", "email", "firstname", "lastname", "focal"]
    assert ada == ["ada", "ada@example.org", "Ada", "Lovelace", "20.12"]
    assert bob == ["bob", "", "", "", "0"]


ASKED = StudentMark(
    "ada", "", "", "", "", 3, 6, complete=True,
    questions={"focal-values": (2.0, 2.0), "essay": (1.0, 4.0)},
)  # fmt: skip


def test_each_question_gets_a_column_before_the_total():
    marks = [ASKED, BOB]
    table = csv.reader(io.StringIO(FORMATS["moodle"]("focal", marks, questions=True)))
    head, ada, bob = [row[4:] for row in table]
    table = csv.reader(io.StringIO(FORMATS["canvas"]("focal", marks, questions=True)))
    titles, possible, *_ = [row[5:] for row in table]

    assert head == titles == ["focal-values", "focal essay", "focal"]
    assert (ada, bob) == (["2", "1", "3"], ["0", "0", "0"])
    assert possible == ["2", "4", "24"]


def test_a_class_without_students_is_a_file_with_a_head():
    assert len(rows("moodle")) == 1
    assert rows("canvas")[1][-1] == "0"


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1+2", "@SUM(1)", "\t=1", "\n=1", " =1"])
def test_no_name_is_a_formula_in_a_spreadsheet(name):
    evil = StudentMark(name, name, name, name, name, 1, 2, complete=True)

    for platform in FORMATS:
        fields = [field for row in rows(platform, evil) for field in row]
        assert not [
            field for field in fields if field.strip()[:1] in tuple("=+-@") and field.strip()
        ]
        assert "1" in fields, "numbers stay numbers"
