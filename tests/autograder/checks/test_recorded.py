"""A record of a bank names mistakes on open questions as the bank does, and holds no answer."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from autograder import rubrics
from autograder.checks.bank import Bank, Mistake, Recipe
from autograder.checks.comparison import same, truth
from autograder.checks.recognition import Exchange, recognise
from autograder.checks.recorded import question, read, record
from autograder.rubrics import RECORDED, bank_of, names, rubric
from autograder.rubrics.recording import against_reference, recorded
from autograder.sandbox.answers import answer
from autograder.sandbox.session import Call
from autograder.student.notebook_check import NotebookWork

FILES = Path(rubrics.__file__).parent
RECIPE = Recipe("f", "x", {"inside": "y = 2 * x", "end": "y = y + 0", "result": "return y"})
BANK = Bank(
    (RECIPE,),
    (
        Mistake("forgotten", "f", "The 2 is missing.", "p#a", {"inside": "y = x"}),
        Mistake("raises", "f", "It raises.", "p#b", {"result": "raise KeyError(x)"}),
        Mistake("detached", "f", "No gradient.", "p#c", {"end": "y = y.detach()"}),
        Mistake("clamped", "f", "Clamped.", "p#d", {"end": "y = y.clamp(max=100)"}, True),
        Mistake("again", "f", "The 2 is missing again.", "p#e", {"inside": "y = 1.0 * x"}),
    ),
)
INPUTS = ([0.0, 1.5], [[3.0], [float("nan")]], [1e4, -1e4], [])
QUESTIONS = [
    (call, truth(call, lambda x: 2 * x))
    for values in INPUTS
    for call in (Call("f", (torch.tensor(values),)), Call("f", (torch.tensor(values),), {}, 0))
]


def exchanges(variant, asked):
    return [Exchange(call, answer(call, variant.namespace), right, True) for call, right in asked]


@pytest.fixture(scope="module")
def small():
    return read(record(BANK, QUESTIONS))


@pytest.mark.parametrize("extremes", [False, True])
def test_it_names_what_the_bank_names(small, extremes):
    for variant in BANK.variants("f"):
        shown = exchanges(variant, QUESTIONS)
        due = recognise(BANK, shown, extremes=extremes)
        named = recognise(small, shown, extremes=extremes)
        told = [(one.name, one.says, one.link) if one else None for one in (due, named)]
        assert told[0] == told[1]


def test_on_a_question_that_was_not_put_it_names_nothing(small):
    (forgotten,) = (v for v in BANK.variants("f") if v.name == "forgotten")
    call = Call("f", (torch.tensor([7.0]),))
    shown = exchanges(forgotten, [(call, truth(call, lambda x: 2 * x))])

    assert recognise(BANK, shown).name == "forgotten"
    assert recognise(small, shown) is None


def test_a_right_function_and_a_second_way_to_the_same_mistake_are_left_out(small):
    known = [variant.name for variant in small.variants("f")]

    assert len(set(known)) == len(known)
    assert "forgotten" in known
    assert "again" not in known
    assert small.variants("g") == ()


def test_a_question_does_not_hang_on_the_last_digits_of_its_numbers():
    one, other = (Call("f", (torch.tensor([value]),)) for value in (0.1, 0.10000001))

    assert not torch.equal(one.arguments[0], other.arguments[0])
    assert question(one) == question(other)
    assert question(one) != question(Call("f", (torch.tensor([0.1001]),)))


# --- the records of the assignments ---------------------------------------------------------------


@pytest.fixture(scope="module", params=names())
def assignment(request):
    return request.param


@pytest.fixture(scope="module")
def shipped(assignment):
    return (FILES / assignment / RECORDED).read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_record_is_that_of_the_bank_as_it_is(assignment, shipped):
    known, due = read(shipped), read(recorded(assignment))
    calls = {
        question(call): call
        for check in against_reference(rubric(assignment).checks)
        for call, _ in check.open_questions()
    }

    again = "Hint: python -m autograder.rubrics.recording"
    assert known.mistakes == due.mistakes, again
    assert known.by_function.keys() == due.by_function.keys(), again
    for function in due.by_function:
        pairs = list(zip(known.variants(function), due.variants(function), strict=True))
        assert all(one.name == other.name for one, other in pairs), again
        for one, other in pairs:
            assert one.replies.keys() == other.replies.keys(), again
            for asked, reply in one.replies.items():
                assert same(calls[asked], reply, other.replies[asked]), f"{one.name}. {again}"


@pytest.mark.slow
def test_a_notebook_names_each_mistake_with_the_record_as_with_the_bank(assignment, shipped):
    bank, known = bank_of(assignment), read(shipped)
    named = 0
    for check in against_reference(rubric(assignment).checks):
        for variant in bank.singles():
            if variant.function == check.function:
                work = NotebookWork(variant.namespace, {})
                with_bank, with_record = (
                    replace(check, bank=one, simplest=None, plot=None).judge(work, None)
                    for one in (bank, known)
                )
                assert with_record == with_bank
                named += with_bank.misconception is not None

    assert named >= len(bank.mistakes) / 2


def test_a_record_holds_no_line_of_a_recipe_and_no_way_of_a_mistake(assignment, shipped):
    bank = bank_of(assignment)
    steps = [step for recipe in bank.recipes for step in recipe.steps.values()]
    steps += [step for mistake in bank.mistakes for step in mistake.steps.values()]
    lines = {line.strip() for step in steps for line in step.splitlines() if len(line) >= 12}

    assert len(lines) >= 40
    assert [line for line in lines if line in shipped] == []
