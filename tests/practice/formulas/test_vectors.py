"""The shared file of vectors is current, complete and right by an oracle of its own."""

import json
from collections import Counter

import pytest

from lossedu.practice.formulas.comparison import SAYS
from lossedu.practice.formulas.faults import READING, UNDEFINED
from tests.practice.formulas import vectors

KEPT = json.loads(vectors.FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def renewed():
    return vectors.written()


def test_the_file_is_what_the_package_says_today(renewed):
    assert renewed == vectors.FILE.read_text(encoding="utf-8"), (
        "renew it with python -m tests.practice.formulas.vectors, and look at what changed"
    )


def test_every_rewritten_truth_is_right():
    made = [one for one in KEPT["compare"] if one["made"] == "right"]

    assert len({(one["question"], one["answer"]) for one in made}) >= 300
    assert [one for one in made if one["verdict"] != "right"] == []


def test_no_mutation_is_accepted_and_each_is_read():
    made = [one for one in KEPT["compare"] if one["made"] == "wrong"]

    assert len({(one["question"], one["answer"]) for one in made}) >= 300
    assert [one for one in made if one["verdict"] not in ("wrong", "known", "undefined")] == []


def test_a_wrong_answer_comes_with_a_point_where_it_differs():
    wrong = [one for one in KEPT["compare"] if one["verdict"] == "wrong"]

    for one in wrong:
        witness = one["witness"]
        assert list(witness["point"]) == list(KEPT["questions"][one["question"]]["regions"][0])
        assert abs(witness["yours"] - witness["ours"]) > 1e-6 * abs(witness["ours"])


@pytest.mark.parametrize("fault", READING)
def test_every_reason_not_to_read_occurs(fault):
    says = [one.get("says", "") for group in ("compare", "parse", "numbers") for one in KEPT[group]]
    opening, _, rest = READING[fault].partition("{")

    assert any(one.startswith(opening) and one.endswith(rest.rpartition("}")[2]) for one in says)


@pytest.mark.parametrize("fault", UNDEFINED)
def test_every_reason_to_have_no_value_occurs(fault):
    says = [one.get("says", "") for group in ("compare", "value") for one in KEPT[group]]

    assert any(f"{UNDEFINED[fault]}." in one for one in says)


@pytest.mark.parametrize("kind", SAYS)
def test_every_kind_of_verdict_occurs(kind):
    opening = SAYS[kind].partition("{")[0]

    assert any(opening in one["says"] for one in KEPT["compare"])


def test_all_verdicts_occur():
    assert Counter(one["verdict"] for one in KEPT["compare"]).keys() == {
        *("right", "rounded", "known", "wrong", "undefined", "unreadable")
    }
