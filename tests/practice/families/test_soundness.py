"""The bank's own test sees each fault that it is there for, and none in a family that is sound."""

import pytest

from lossedu.practice.families import TASKS, check_bank, families
from lossedu.practice.families.soundness import faults_of
from tests.practice.families.test_drawing import one

NUMBER = {"params": {"n": {"integer": [2, 9]}}, "answer": {"value": "n^2", "digits": 2}}
OPTIONS = [{"text": "mean", "right": True}, {"text": "median", "says": "No."}]
MODEL = {"seconds": 60, "model_answer": "Gaussian noise and the mean."}
ERRATUM = {"kind": "errata", "answer": {"key": ["One is 1.", "Two is 3."], "wrong": [2]}}
CODE = {"task": "x = ...", "check": "assert x == 1", "solution": "x = 1", "mistakes": ["x = 2"]}
DEBUG = {"script": "x = 1", "symptom": "assert x == 1", "fix": CODE}
CAUSES = [{"text": "a", "right": True}, {"text": "b", "says": "No."}]


def mistake(value):
    return {"misconceptions": [{"value": value, "says": "A mistake."}]}


@pytest.mark.parametrize(
    "changes",
    [
        NUMBER,
        NUMBER | mistake("2n + 0.5"),
        NUMBER | {"explanation": "It is {n} times {n}, $ {square:.2g}$.", "let": {"square": "n^2"}},
        {"answer": {"value": "4e3", "digits": 1}, "explanation": "It is 4 × 10³."},
        NUMBER | {"hints": ["Multiply {n} by itself.", "It is a square.", "{n} times {n}."]},
        {"kind": "choice", "answer": {"options": OPTIONS}},
        {"kind": "spoken", "answer": MODEL, "must_say": ["Gaussian noise", "the mean"]},
        ERRATUM | {"hints": ["Count.", "Count on.", "Line 2 must be 2."]},
        {"kind": "code", "answer": CODE},
        {"kind": "debug", "answer": DEBUG | {"causes": CAUSES}},
    ],
)
def test_a_sound_family_has_no_faults(changes):
    assert faults_of(one(**changes), seeds=8) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (NUMBER | mistake("n^2"), "a misconception must be refused with its own feedback"),
        (NUMBER | mistake("2n"), "a misconception must be refused with its own feedback"),
        (NUMBER | {"let": {"t": "1/(n - 5)"}}, "let.t: a formula must be finite"),
        (NUMBER | {"prompt": "Is it {m}?"}, "must fill in known names"),
        (NUMBER | {"prompt": "Is it $n?"}, "a $ is alone"),
        (NUMBER | {"explanation": "It is {n} squared."}, "the explanation must give the answer"),
        (NUMBER | {"explanation": "0.333333333"}, "numbers must be written as people write them"),
        ({"answer": {"value": "10^12", "digits": 2}}, "a number that people type"),
        (
            {"answer": {"value": "1/7", "digits": 2}, "hints": ["About 0.14.", "b", "c"]},
            "hints 1 and 2 must not contain the answer",
        ),
        (
            {"kind": "choice", "answer": {"options": [*OPTIONS, OPTIONS[1]]}},
            "no two options may be equal",
        ),
        ({"kind": "choice", "answer": {"options": OPTIONS[1:] * 2}}, "one option must be right"),
        ({"kind": "choice", "answer": {"options": OPTIONS[:1]}}, "one option must be wrong"),
        (
            {"kind": "choice", "answer": {"options": [OPTIONS[0], {"text": "mode"}]}},
            "each wrong option must say why",
        ),
        (
            {"kind": "spoken", "answer": MODEL, "must_say": ["heavy tails", "the mean"]},
            "the model answer must say all that must be said, but not 'heavy tails'",
        ),
        (ERRATUM | {"hints": ["a", "b", "Line 1 is wrong."]}, "hint 3 must name the line"),
        (ERRATUM | {"hints": ["a", "b", "Two is 2."]}, "hint 3 must name the line"),
        ({"kind": "code", "answer": CODE | {"mistakes": ["x = 1"]}}, "must refuse the mistake"),
        ({"kind": "code", "answer": CODE | {"setup": "y"}}, "its code must run, but raises NameE"),
        (
            {"kind": "debug", "answer": DEBUG | {"causes": CAUSES, "symptom": "assert x == 2"}},
            "its code must run, but raises AssertionError",
        ),
    ],
)
def test_a_fault_is_seen_and_said(changes, said):
    faults = faults_of(one(**changes), seeds=8)

    assert any(said in fault for fault in faults), faults
    assert all(fault.startswith("one: ") for fault in faults)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"follow_up": {"right": "nowhere"}}, "follow_up must be a question or an id"),
        ({"task": "noise-models", "milestone": 7}, "milestone must be the day of its task"),
        ({"sources": ["nobody1900"]}, "sources must be in the bibliography"),
        ({"chapter": "foundations/what-a-loss-asks#nothing"}, "has no #nothing"),
    ],
)
def test_what_a_family_refers_to_is_looked_up(changes, said, tmp_path):
    (tmp_path / "references.bib").write_text("@book{gauss1809, year = {1809}}", encoding="utf-8")
    (tmp_path / "foundations").mkdir()
    page = tmp_path / "foundations" / "what-a-loss-asks.md"
    page.write_text("# What a loss asks\n", encoding="utf-8")

    report = check_bank({"one": one(**changes)}, seeds=1, book=tmp_path)

    (fault,) = report.faults
    assert said in fault


def test_the_report_counts_skills_kinds_and_tasks_and_lists_what_is_missing():
    report = check_bank({"one": one(task="noise-models", milestone=3)}, seeds=1)

    assert report.faults == ()
    assert report.skills.text()[7] == ("design", "0", "0", "1", "0", "0")
    assert sum(int(row[1]) for row in report.kinds.text()[1:]) == 1
    assert "design at level 4 has no family" in report.gaps
    assert "design at level 3 has no family" not in report.gaps
    assert sum(gap.startswith("task ") for gap in report.gaps) == len(TASKS) - 1


def test_every_kind_has_a_family():
    kinds = {one_family.kind for one_family in families().values()}

    assert [gap for gap in check_bank({}).gaps if gap.startswith("kind ")] != []
    assert len(kinds) == 12
