"""A drill's check must tell the solution from the cell as it is given, and says so to students."""

import linecache
import textwrap

import pytest

from lossedu.practice import DrillError, drill_check, verify_drill

DOUBLE = {
    "task": "def double(x):\n    ...",
    "check": "assert double(start) == 8, 'double(4) must be 8'",
    "solution": "def double(x):\n    return 2 * x",
    "mistakes": ["def double(x):\n    return x**2"],
    "names": {"start": 4},
}
FAULTS = {
    "the check must refuse the task": {"check": "double(start)"},
    "must have `...` where the answer goes": {"task": "def double(x):\n    return x"},
    "the check must refuse the mistake 1": {"mistakes": ["def double(x):\n    return x + 4"]},
    "the task must run to its end": {"task": "double = ...\ndouble(start)"},
    "the solution must pass the check": {"solution": "def double(x):\n    return x + 2"},
    "`return 2 * y` in the solution raises NameError": {
        "solution": "def double(x):\n    return 2 * y"
    },
    "the solution must be Python, but line 2": {"solution": "def double(x):\nreturn 2 * x"},
    "the check must be Python": {"check": "assert double(4) = 8"},
}


def test_a_sound_drill_passes_and_binds_nothing_in_the_chapter():
    names = {"start": 4}

    verify_drill("page, drill double", **(DOUBLE | {"names": names}))

    assert names == {"start": 4}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_drill_is_refused_with_its_place(fault):
    with pytest.raises(DrillError) as refused:
        verify_drill("page, drill double", **(DOUBLE | FAULTS[fault]))

    assert str(refused.value).startswith("page, drill double: ")
    assert fault in str(refused.value)


def test_a_check_that_stumbles_over_the_blank_refuses_it_as_well_as_one_that_asserts():
    drill = {"task": "half = ...", "check": "assert half * 2 == 1", "solution": "half = 0.5"}

    verify_drill("page, drill half", **drill, names={})


@pytest.fixture
def verdict(capsys, monkeypatch):
    """What two cells of a notebook print: an answer, and a check below ``with drill_check``."""

    def run(answer, check, *names):
        indented = textwrap.indent(check, "    ")
        names_of_cells = {"drill_check": drill_check}
        for number, code in enumerate([answer, f"with drill_check(*{names}):\n{indented}"]):
            cell = f"<cell {number}>"
            lines = code.splitlines(keepends=True)
            monkeypatch.setitem(linecache.cache, cell, (len(code), None, lines, cell))
            exec(compile(code, cell, "exec"), names_of_cells)
        return capsys.readouterr().out

    return run


def test_a_right_answer_is_called_right(verdict):
    assert verdict("answer = 42", "assert answer == 6 * 7", "answer") == "Right.\n"


@pytest.mark.parametrize(
    "answer",
    [
        "double = ...",
        "def double(x):\n    ...",
        "def double(x):\n    return ... * x",
        "class double:\n    def __init__(self, x):\n        ...",
    ],
)
def test_an_answer_that_still_holds_the_blank_is_not_answered_yet(verdict, answer):
    said = verdict(answer, "assert double(4) == 8", "double")

    assert said == "Not answered yet: double is still `...`.\n"


def test_a_wrong_answer_that_indexes_with_an_ellipsis_is_answered(verdict):
    first = "def first(rows):\n    return rows[..., 0]"

    said = verdict(first, "assert first({(..., 0): 3}) == 4, 'the first is 4'", "first")

    assert said == "Not yet: the first is 4\n"


def test_an_assertion_without_words_shows_its_own_line(verdict):
    said = verdict("answer = 41", "assert answer == 6 * 7", "answer")

    assert said == "Not yet; this does not hold: assert answer == 6 * 7\n"


def test_an_error_in_the_students_own_code_keeps_its_traceback(verdict):
    said = verdict("def double(x):\n    return x.two", "assert double(4) == 8", "double")

    assert said.startswith("Not yet.\nTraceback")
    assert "return x.two" in said
    assert "AttributeError" in said


def test_an_interrupt_is_not_swallowed():
    with pytest.raises(KeyboardInterrupt), drill_check("answer"):
        raise KeyboardInterrupt
