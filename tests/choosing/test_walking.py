"""Answers lead through the tree: by word or by number, and never too far."""

import pytest

from lossedu.choosing import tree, walk

PATHS = list(tree().paths())


@pytest.mark.parametrize(("path", "leaf"), PATHS, ids=[leaf.name for _, leaf in PATHS])
def test_words_and_numbers_lead_to_every_leaf(path, leaf):
    words = [answer.slug for _, answer in path]
    numbers = [str(question.answers.index(answer) + 1) for question, answer in path]

    for answers in (words, numbers):
        walked = walk(answers)
        assert walked.reached == leaf
        assert walked.answers == tuple(words)


def test_no_answer_is_where_everybody_begins():
    assert walk().reached == tree().first


@pytest.mark.parametrize("typed", [" Number ", "1)", "NUMBER", "1."])
def test_an_answer_is_read_as_people_type_it(typed):
    assert walk([typed]).answers == ("number",)


@pytest.mark.parametrize("typed", ["0", "9", "-1", "", "mean", "१"])
def test_an_unknown_answer_is_refused_with_those_that_there_are(typed):
    with pytest.raises(
        ValueError, match=r"^answer must be a number from 1 to 8 or one of 'number'"
    ):
        walk([typed])


def test_what_is_near_is_suggested():
    with pytest.raises(ValueError, match="did you mean 'embedding'"):
        walk(["embeding"])


def test_answers_beyond_a_loss_are_refused():
    with pytest.raises(ValueError, match=r"^answers must end where .*\(mse_loss\), but go on with"):
        walk(["number", "mean", "more"])
