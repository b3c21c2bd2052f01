"""The record of an answer: rated, with its ticks in words, and never too long to be exchanged."""

import json

import pytest

from lossedu.practice.families import draw
from lossedu.practice.progress import Progress
from lossedu.practice.progress.exchange import as_json, from_json
from lossedu.practice.sessions import review_of
from tests.practice.bank import BANK
from tests.practice.reviews import START


def recorded(name, **changes):
    """The review of an answer to the first variant."""
    values = {"repetition": 0, "when": START, "verdict": "right", "answer": "1/2"} | changes
    return review_of(BANK[name], draw(BANK[name], 0), **values)


def test_an_answer_is_rated_by_its_hints_and_its_time():
    assert recorded("a-number", seconds=10).rating == 4
    assert recorded("a-number", seconds=20).rating == 3
    assert recorded("a-number", seconds=31).rating == 2
    assert recorded("a-number", seconds=10, hints=1).rating == 2


def test_a_mark_of_the_rubric_outweighs_the_time():
    assert recorded("aloud-60", seconds=500, mark="strong", answer={}).rating == 3


def test_what_was_ticked_is_kept_in_words():
    one = recorded("aloud-60", mark="lean", answer={"said": [0, 2], "flags": [0]})

    assert one.ticks == ("the likelihood", "calibration", "the loss does not matter")


@pytest.mark.parametrize(
    "answer", ["x = 1\n" * 5000, {"cause": 1, "fix": "\0" * 9000}, "\ud7ff" * 5000, [1] * 9000]
)
def test_a_long_answer_is_kept_in_part_and_can_be_exchanged(answer):
    one = recorded("some-code", answer=answer)

    content = json.loads(json.dumps(as_json(Progress((one,)))))

    assert from_json(content).reviews == (one,)


def test_each_review_has_an_id_of_its_own():
    assert recorded("a-number").id != recorded("a-number").id
