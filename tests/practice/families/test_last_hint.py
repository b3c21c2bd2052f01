"""The last hint says the answer again: two entries of a key that change places stop the check."""

from dataclasses import replace
from itertools import combinations, pairwise

import pytest

from lossedu.practice.families import FamilyError, draw, families, family
from lossedu.practice.families.last_hint import last_hint_faults
from tests.practice.families.test_drawing import one

HELD = sorted(
    name
    for name, asked in families().items()
    if asked.kind in ("choice", "match", "order") or "choice" in asked.answer
)
VARIANTS = 6
LOSSES = [["squared error", "mean"], ["absolute error", "median"]]
PAIRS = {"kind": "match", "answer": {"pairs": LOSSES, "spare": ["mode"]}}
ITEMS = {"kind": "order", "answer": {"items": ["name the costs", "choose a loss", "check it"]}}
OPTIONS = [
    {"text": "Convex", "right": True},
    {"text": "Not convex", "says": "No."},
    {"text": "$-x$, or −1", "says": "No."},
]
CHOICE = {"kind": "choice", "answer": {"options": OPTIONS}}


def exchanged(entries, first, second, key):
    """Entries of which two have changed one part."""
    other = [dict(entry) for entry in entries]
    parts = [entries[place].get(key, False) for place in (second, first)]
    other[first][key], other[second][key] = parts
    return other


def swaps_of(question):
    """The drawn key with two of its entries exchanged, each two that differ."""
    answer = question.answer
    if question.kind == "order":
        for first, second in pairwise(range(len(answer["right"]))):
            right = list(answer["right"])
            right[first], right[second] = right[second], right[first]
            yield {**answer, "right": right}
    elif question.kind == "match":
        for first, second in combinations(range(len(answer["pairs"])), 2):
            pairs = list(answer["pairs"])
            pairs[first], pairs[second] = pairs[second], pairs[first]
            if pairs != answer["pairs"]:
                yield {**answer, "pairs": pairs}
    else:
        options = answer["options"]
        for first, second in combinations(range(len(options)), 2):
            if options[first]["right"] != options[second]["right"]:
                yield {**answer, "options": exchanged(options, first, second, "right")}


@pytest.mark.parametrize("identity", HELD)
def test_two_entries_of_a_key_that_change_places_are_refused(identity):
    asked = family(identity)
    for variant in range(min(VARIANTS, asked.variants)):
        question = draw(asked, variant)
        swaps = list(swaps_of(question))

        assert list(last_hint_faults(question)) == []
        assert swaps
        assert all(any(last_hint_faults(replace(question, answer=swap))) for swap in swaps)


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        (PAIRS, "Squared: the means; absolute: the medians."),
        (ITEMS, "First to last: the costs; a loss; checks."),
        (CHOICE, "It is convex."),
        (CHOICE, "Its curvature is negative nowhere, so convex is right."),
    ],
)
def test_a_last_hint_that_gives_the_answer_is_no_fault(changes, hint):
    question = draw(one(**changes, hints=["a", "b", hint]), 0)

    assert list(last_hint_faults(question)) == []


@pytest.mark.parametrize(
    ("changes", "hint", "said"),
    [
        (PAIRS, "Squared: the median; absolute: the mean.", "must point to 'mean', but with 'the"),
        (PAIRS, "Absolute: the median; squared: the mean.", "must point to 'squared error'"),
        (PAIRS, "Mean, median.", "must give a pair between semicolons for each of the 2"),
        (ITEMS, "A loss; the costs; checks.", "must point to 'name the costs', but with 'A loss'"),
        (ITEMS, "From the first to the last.", "must give an item between semicolons for each"),
        (CHOICE, "It is not convex.", "must point to 'Convex', but"),
        (CHOICE, "At −1 look again.", "points no less to '$-x$, or −1'"),
    ],
)
def test_a_last_hint_that_points_elsewhere_is_a_fault(changes, hint, said):
    question = draw(one(**changes, hints=["a", "b", hint]), 0)

    faults = list(last_hint_faults(question))
    assert any(said in fault for fault in faults), faults
    assert all(fault.startswith("hint 3 must ") for fault in faults)


def test_a_word_is_taken_by_its_number():
    words = {"words": ["few", "many"], "take": "step(n - 3)"}
    asked = one(params={"n": {"choice": [2, 5]}}, let={"word": words}, prompt="{n} is {word}.")

    assert {draw(asked, variant).prompt for variant in range(2)} == {"2 is few.", "5 is many."}


def test_a_word_that_is_not_there_is_refused():
    asked = one(let={"word": {"words": ["few", "many"], "take": 2}})

    with pytest.raises(FamilyError, match=r"take must be from 0 to 1, but is 2\."):
        draw(asked, 0)
