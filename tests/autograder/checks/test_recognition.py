"""Which replies are the same, and which known mistake explains them."""

import pytest
import torch
from hypothesis import strategies as st

from autograder.checks import Aspect, Values
from autograder.checks.bank import Bank, Mistake, Recipe
from autograder.checks.comparison import same, truth
from autograder.checks.recognition import Exchange, recognise
from autograder.sandbox.answers import answer
from autograder.sandbox.session import Call, Reply

RECIPE = Recipe("f", "x", {"inside": "y = 2 * x", "result": "return y"})
FORGOTTEN = Mistake("forgotten", "f", "The 2 is missing.", "p#a", {"inside": "y = x"})
CLAMPED = Mistake(
    "clamped", "f", "Clamped.", "p#b", {"result": "return y.clamp(max=100)"}, only_at_extremes=True
)
BANK = Bank((RECIPE,), (FORGOTTEN, CLAMPED))


def exchange(x, body):
    call = Call("f", (torch.tensor(x),))
    namespace = {}
    exec(f"def f(x):\n    return {body}\n", namespace)
    return Exchange(call, answer(call, namespace), truth(call, lambda x: 2 * x), public=True)


def test_a_variant_that_is_right_on_these_inputs_explains_nothing():
    assert recognise(BANK, [exchange([0.0], "0 * x")]) is None
    assert recognise(BANK, [exchange([0.0], "0 * x"), exchange([1.0], "x")]).name == "forgotten"


def test_all_answers_must_agree():
    assert recognise(BANK, [exchange([1.0], "x"), exchange([3.0], "x + 1")]) is None


def test_what_moderate_inputs_do_not_show_is_looked_for_at_extremes_only():
    exchanges = [exchange([1e4], "(2 * x).clamp(max=100)")]

    assert recognise(BANK, exchanges) is None
    assert recognise(BANK, exchanges, extremes=True).name == "clamped"
    assert recognise(BANK, [exchange([60.0, 1e4], "x.clamp(max=100)")], extremes=True).name == (
        "forgotten + clamped"
    )


def test_nothing_is_named_without_a_bank_or_an_answer():
    silent = Exchange(Call("f", (torch.ones(1),)), Reply("timeout"), Reply("ok"), public=True)

    assert recognise(None, [exchange([1.0], "x")]) is None
    assert recognise(BANK, [silent]) is None
    assert recognise(BANK, []) is None


@pytest.mark.parametrize(
    ("dtype", "near", "far"),
    [
        (torch.float64, 1 + 1e-6, 1 + 1e-4),
        (torch.float32, 1 + 1e-4, 1.01),
        (torch.float16, 1.005, 1.1),
        (torch.bfloat16, 1.02, 1.2),
    ],
)
def test_tolerance_follows_the_precision_of_the_input(dtype, near, far):
    call = Call("f", (torch.ones(1, dtype=dtype),))

    assert same(call, Reply("ok", near), Reply("ok", 1.0))
    assert not same(call, Reply("ok", far), Reply("ok", 1.0))


def test_shapes_that_would_broadcast_are_not_the_same():
    call = Call("f", (torch.ones(3),))

    assert not same(call, Reply("ok", torch.ones(())), Reply("ok", torch.ones(3)))
    assert not same(call, Reply("ok", torch.ones(3, 1)), Reply("ok", torch.ones(3)))


def test_an_aspect_without_weight_tells_mistakes_apart_and_costs_nothing(work):
    aspects = (
        Aspect("f of 0 is 0", ((torch.zeros(1),),)),
        Aspect("moderate", ((torch.ones(1),),), weight=0),
    )
    asked = Values("d.v", "d-v", 1, "f", lambda x: 2 * x, aspects, BANK)

    assert asked.judge(work("def f(x):\n    return x\n"), None).status == "passed"
    assert asked.judge(work("def f(x):\n    return x + 1\n"), None).share == 0.0


def test_the_search_for_an_example_stops_when_the_process_ends(work):
    submission = work("def f(x):\n    return x + 7\n")
    answered = submission.call
    asked = 0

    def call(calls):
        nonlocal asked
        asked += 1
        return answered(calls) if asked == 1 else [Reply("crashed") for _ in calls]

    submission.call = call
    numbers = st.floats(-5, 5).map(lambda x: (torch.tensor([x]),))
    aspects = (Aspect("it doubles", ((torch.ones(1),),)),)
    check = Values("d.v", "d-v", 1, "f", lambda x: 2 * x, aspects, simplest=numbers)

    finding = check.judge(submission, None)

    assert finding.message == "f is not right yet: it doubles."
    assert asked == 2


@pytest.mark.parametrize(
    ("mistakes", "words"),
    [
        ((FORGOTTEN, FORGOTTEN), "names must be unique"),
        ((Mistake("m", "f", "s", "l", {"nothing": ""}),), r"m replaces \['nothing'\]"),
        ((Mistake("m", "g", "s", "l", {"inside": ""}),), r"m replaces \['inside'\]"),
    ],
)
def test_a_bank_that_contradicts_itself_is_refused(mistakes, words):
    with pytest.raises(ValueError, match=words):
        Bank((RECIPE,), mistakes)


def test_a_reference_that_fails_is_the_graders_fault():
    with pytest.raises(ValueError, match="reference must answer f, but says ZeroDivisionError"):
        truth(Call("f", (1,)), lambda x: x / 0)
