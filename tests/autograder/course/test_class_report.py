"""The report counts right, and shows text of students as text."""

import html.parser
import math

import pytest

from autograder.course.class_report import page, summary
from autograder.grading.outcomes import CheckResult, Outcome


def result(identity, points, most, status="passed", mistake=None, message=""):
    return CheckResult(identity, points, most, status, message, mistake)


def outcome(name, *results, status="graded", integrity=()):
    score, most = sum(r.points for r in results), sum(r.max_points for r in results)
    return Outcome(name, "focal", score, most, 0.1, 20.0, status, list(results), list(integrity))


@pytest.fixture
def outcomes():
    return [
        outcome("ada", result("focal.bce", 2, 2), result("focal.loss", 4, 4)),
        outcome(
            "bob", result("focal.bce", 2, 2), result("focal.loss", 0, 4, "failed", "p-for-p_t")
        ),
        outcome("eve", result("focal.bce", 1, 2, "failed"), result("focal.loss", 2, 4, "failed")),
        outcome(
            "mal",
            result("focal.bce", 0, 2, "missing"),
            result("focal.loss", 0, 4, "missing"),
            status="unreadable",
            integrity=["the file must be a Jupyter notebook, but: <b>no</b>"],
        ),
    ]


def test_scores_are_of_those_that_could_be_read(outcomes):
    found = summary(outcomes)

    assert (found.graded, found.unreadable) == (3, ["mal"])
    assert found.mean == pytest.approx((6 + 2 + 3) / 3)
    assert found.median == 3
    assert found.bins[9] == 1
    assert sum(found.bins) == 3


def test_each_check_has_its_histogram_and_its_ends(outcomes):
    first, second = summary(outcomes).checks

    assert (first.id, first.mean) == ("focal.bce", pytest.approx(2.5 / 3))
    assert second.statuses == {"failed": 2, "passed": 1}
    assert [second.bins[0], second.bins[5], second.bins[9]] == [1, 1, 1]


def test_a_mistake_counts_once_for_each_who_makes_it():
    twice = [result(f"focal.{n}", 0, 1, "failed", "p-for-p_t") for n in range(2)]

    assert summary([outcome("ada", *twice), outcome("bob", *twice)]).misconceptions == {
        "p-for-p_t": 2
    }


def test_a_median_of_an_even_class_lies_between():
    class_of_two = [outcome("ada", result("a.b", 1, 4)), outcome("bob", result("a.b", 4, 4))]

    assert summary(class_of_two).median == 2.5


def test_a_class_that_cannot_be_read_still_has_a_report(outcomes):
    found = summary(outcomes[3:])

    assert found.graded == 0
    assert math.isfinite(found.mean)
    assert "not readable" in page(outcomes[3:])


@pytest.mark.parametrize("wrong", [[], ["focal", "ranking"]])
def test_outcomes_of_none_or_several_assignments_are_refused(wrong):
    mixed = [Outcome("ada", name, 0, 1, 0.1, 0, "graded") for name in wrong]

    with pytest.raises(ValueError, match="outcomes must be of one assignment"):
        summary(mixed)


def test_the_page_escapes_what_students_wrote_and_needs_nothing_else(outcomes):
    text = page(outcomes)

    assert "&lt;b&gt;no&lt;/b&gt;" in text
    assert "src=" not in text
    assert "href=" not in text
    html.parser.HTMLParser().feed(text)
    assert text.count("<tr>") == 1 + 1 + 1 + 2 + 1 + 4
