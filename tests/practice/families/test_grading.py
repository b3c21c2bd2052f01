"""Answers of every kind are graded, and what is wrong is said."""

import pytest

from lossedu.practice.families import draw, family, family_of, grade, own_answer


def question(**changes):
    """A question of one variant, from the least that a family needs."""
    document = {
        "id": "one",
        "title": "One",
        "skills": ["design"],
        "level": 3,
        "kind": "number",
        "seconds": 60,
        "chapter": "start/roadmap",
        "topics": ["one"],
        "prompt": "How much?",
        "answer": {"value": "1/7", "digits": 3},
    }
    return draw(family_of(document | changes, "one.yaml"), 0)


@pytest.mark.parametrize(
    ("typed", "verdict"),
    [
        ("1/7", "right"),
        ("0.143", "right"),
        ("14.3%", "right"),
        ("1.43e-1", "right"),
        ("0.1428571", "right"),
        ("0.14", "rounded"),
        ("0.1", "partly"),
        ("0.144", "wrong"),
        ("-0.143", "wrong"),
        ("1/0", "undefined"),
        ("0,143", "unreadable"),
        ("x", "unreadable"),
        ("", "unreadable"),
        ("9" * 5000, "unreadable"),
    ],
)
def test_a_number_is_compared_as_precisely_as_it_is_asked_for(typed, verdict):
    assert grade(question(), typed).verdict == verdict


@pytest.mark.parametrize(
    ("typed", "said"),
    [("-1/7", "sign"), ("14.2857", "percent"), ("7", "one over")],
)
def test_a_slip_that_everybody_makes_is_named(typed, said):
    graded = grade(question(), typed)

    assert graded.verdict == "wrong"
    assert said in graded.says


def test_a_misconception_has_its_own_feedback_before_rounding_is_thought_of():
    asked = question(misconceptions=[{"value": "0.14", "says": "Two digits of something else."}])

    graded = grade(asked, "0.14")

    assert (graded.verdict, graded.says) == ("known", "Two digits of something else.")


@pytest.mark.parametrize("typed", ["3 nats", "3.01", "2.99 nats"])
def test_a_tolerance_and_a_unit(typed):
    asked = question(answer={"value": "3", "tolerance": 0.02, "unit": "nats"})

    assert grade(asked, typed).verdict == "right"
    assert grade(asked, "3.03").verdict == "wrong"


def test_a_formula_is_compared_at_points_and_shows_one_where_it_differs():
    answer = {"formula": "p(1 - p)", "symbols": {"p": {"range": [0, 1]}}}
    asked = question(kind="formula", answer=answer)

    assert grade(asked, "p - p^2").verdict == "right"
    wrong = grade(asked, "p(1 + p)")
    assert wrong.verdict == "wrong"
    assert set(wrong.witness) == {"point", "yours", "ours"}
    assert grade(asked, "p(1 - ").position is not None


def test_parameters_stand_in_the_formula_that_is_asked_for():
    answer = {"formula": "{k}*x^{k}", "symbols": {"x": {"range": [1, 2]}}}
    asked = question(kind="formula", params={"k": {"choice": [3]}}, answer=answer)

    assert grade(asked, "3x^3").verdict == "right"


def test_a_derivative_of_a_loss_is_asked_for_by_name():
    answer = {"gradient_of": "mse_loss", "with_respect_to": "x"}
    asked = question(kind="formula", answer=answer)

    assert grade(asked, "2(x - y)").verdict == "right"


def choice(**changes):
    options = [
        {"text": "mean", "right": True, "says": "It balances residuals."},
        {"text": "median", "says": "That is absolute error."},
        {"text": "mode", "says": "That is the 0-1 loss."},
    ]
    return question(kind="choice", answer={"options": options, "keep_order": True} | changes)


def test_a_choice_says_why_an_option_is_wrong():
    assert grade(choice(), 0).says == "Right. It balances residuals."
    assert grade(choice(), 1) == grade(choice(), [1])
    assert grade(choice(), 1).says == "That is absolute error."
    assert grade(choice(), 3).verdict == "unreadable"


def test_of_several_right_options_all_are_wanted():
    options = [{"text": "a", "right": True}, {"text": "b", "right": "1 < 2"}, {"text": "c"}]
    asked = choice(options=options)

    assert grade(asked, [1, 0]).verdict == "right"
    assert grade(asked, [0]).verdict == "partly"
    assert grade(asked, [0]).says == "One that applies is missing."
    assert grade(asked, [2]).verdict == "wrong"
    assert grade(asked, [0, 0, 1]).verdict == "unreadable"


def test_an_order_says_the_first_pair_that_is_out_of_order():
    asked = question(kind="order", answer={"items": ["one", "two", "three", "four"]})
    right = own_answer(asked)

    swapped = [right[0], right[2], right[1], right[3]]

    assert grade(asked, right).verdict == "right"
    assert grade(asked, swapped).says == "“two” comes before “three”."
    assert grade(asked, swapped).verdict == "partly"
    assert grade(asked, right[::-1]).verdict == "wrong"
    assert grade(asked, [0, 0, 1, 2]).verdict == "unreadable"


def test_items_are_put_into_the_order_of_their_values():
    items = [{"text": "big", "by": "2^3"}, {"text": "small", "by": "1"}, {"text": "mid", "by": "4"}]
    asked = question(kind="order", answer={"items": items})

    shown = [asked.answer["items"][position] for position in own_answer(asked)]

    assert shown == ["small", "mid", "big"]


def test_a_match_counts_the_pairs_and_names_two_that_are_wrong():
    pairs = [["square", "mean"], ["absolute", "median"], ["pinball", "quantile"]]
    asked = question(kind="match", answer={"pairs": pairs, "spare": ["mode"]})
    right = own_answer(asked)

    wrong = [right[1], right[0], right[2]]

    assert grade(asked, right).verdict == "right"
    assert grade(asked, wrong).says == (
        "1 of 3 pairs are right. “square” is not “median”. “absolute” is not “mean”."
    )
    assert grade(asked, right[:2]).verdict == "unreadable"


def spoken():
    answer = {"seconds": 60, "model_answer": "Gaussian noise and the mean."}
    rubric = {"no": "nothing", "lean": "half", "strong": "all"}
    says = {"must_say": ["Gaussian noise", "the mean"], "red_flags": ["default"]}
    return question(kind="spoken", answer=answer, rubric=rubric, **says)


@pytest.mark.parametrize(
    ("ticks", "verdict", "begins"),
    [
        ({"said": [0, 1]}, "right", "Strong: all"),
        ({"said": [0]}, "partly", "Lean: half"),
        ({"said": []}, "wrong", "No: nothing"),
        ({"said": [0, 1], "flags": [0]}, "wrong", "No: nothing"),
        ({"said": [2]}, "unreadable", "Tick"),
    ],
)
def test_ticks_suggest_a_mark_of_the_rubric(ticks, verdict, begins):
    graded = grade(spoken(), ticks)

    assert graded.verdict == verdict
    assert graded.says.startswith(begins)


def test_what_was_not_mentioned_is_listed():
    assert "Not mentioned: the mean" in grade(spoken(), {"said": [0]}).says


def test_of_an_answer_key_the_line_counts_first_and_then_the_correction():
    answer = {"key": ["1 + 1 = 2", "2 + 2 = 5"], "wrong": [2], "right": {"value": "4", "digits": 1}}
    asked = question(kind="errata", answer=answer)

    assert grade(asked, {"line": 2, "right": "4"}).verdict == "right"
    assert grade(asked, 2).verdict == "partly"
    assert grade(asked, {"line": 2, "right": "6"}).verdict == "partly"
    assert grade(asked, 1).says == "Line 1 is right."
    assert grade(asked, 3).verdict == "unreadable"


def code():
    parts = {"setup": "a = 6", "task": "b = ...", "solution": "b = 7"}
    return question(kind="code", answer={**parts, "check": "assert a * b == 42, f'b is {b}'"})


@pytest.mark.parametrize(
    ("typed", "verdict", "said"),
    [
        ("b = 7", "right", "Right."),
        ("b = 8", "wrong", "AssertionError: b is 8"),
        ("b = c", "wrong", "NameError"),
        ("b =", "unreadable", "Line 1 is not Python"),
        ("import sys; sys.exit(0)", "wrong", "does not reach"),
    ],
)
def test_code_is_run_with_its_check(typed, verdict, said):
    graded = grade(code(), typed)

    assert graded.verdict == verdict
    assert said in graded.says


def test_code_that_does_not_end_is_stopped():
    from lossedu.practice.families.answers.code import grade as run

    graded = run(code().answer, "while True: pass", limit_s=0.5)

    assert graded.verdict == "wrong"
    assert "0.5 seconds" in graded.says


def test_of_a_bug_the_cause_and_the_repair_are_graded():
    asked = draw(family("kinds-debug-softmax-twice"), 0)
    right = own_answer(asked)
    wrong = (right["cause"] + 1) % len(asked.answer["causes"]["options"])

    assert grade(asked, right["cause"]).verdict == "right"
    assert grade(asked, wrong).verdict == "known"
    assert grade(asked, {}).verdict == "unreadable"


@pytest.mark.parametrize("answer", [None, 1.5, True, object(), ["a"], [1.5], {"line": "x"}])
@pytest.mark.parametrize("identity", ["kinds-errata-sigmoid-slope", "noise-models-of-losses"])
def test_what_is_no_answer_at_all_is_unreadable(identity, answer):
    assert grade(draw(family(identity), 0), answer).verdict == "unreadable"
