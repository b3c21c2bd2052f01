"""``lossedu drill mock``: an interview, with neither hints nor verdicts before its end."""

from lossedu.practice.progress import Store
from lossedu.practice.sessions.mock import mock_from
from tests.commands.drilling.typing_in import kept, typed_answer
from tests.practice.bank import BANK


def answered_to_the_end(drill, data):
    """What a mock interview prints that is left after each right answer, command by command."""
    outputs = [drill("mock", typed=["quit"]).output]
    for _ in BANK:
        with Store(data) as store:
            (plan,) = store.open_mocks()
            part = mock_from(plan, BANK).next(store.progress().reviews)
        outputs.append(drill("mock", typed=[*typed_answer(part.family), "quit"]).output)
        if "The interviewer's sheet" in outputs[-1]:
            return outputs
    raise AssertionError(outputs[-1])


def test_a_mock_interview_goes_on_where_it_was_interrupted_and_ends_with_the_sheet(drill, data):
    outputs = answered_to_the_end(drill, data)

    assert [said.count("Going on after") for said in outputs] == [0, *[1] * (len(outputs) - 1)]
    reviews = kept(data).reviews
    assert {review.source for review in reviews} == {"mock"}
    assert len({review.family for review in reviews}) == len(reviews) == len(outputs) - 1
    assert f"{len(reviews)} strong, 0 lean, 0 no" in outputs[-1]
    with Store(data) as store:
        assert store.open_mocks() == []


def test_a_mock_interview_gives_neither_hints_nor_verdicts(drill):
    said = drill("mock", "--minutes", "5", typed=["?", "p^gamma", "", "quit"]).output

    assert "No hints here." in said
    assert "Noted." in said
    assert "That keeps what is easy." not in said


def test_a_skipped_question_of_a_mock_interview_counts_as_no(drill, data):
    drill("mock", "--minutes", "5", typed=["skip", "", "quit"])

    assert kept(data).reviews[0].rating == 1
