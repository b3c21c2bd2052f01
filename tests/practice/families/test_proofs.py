"""Proofs of answers: a key that is changed in any one place is refused by the check of the bank."""

from dataclasses import replace
from functools import cache

import pytest

from lossedu.practice.families import FamilyError, bank_folder, draw, family
from lossedu.practice.families.drawing import period_of
from lossedu.practice.families.proofs import proof_faults
from lossedu.practice.families.soundness import faults_of
from lossedu.practice.families.wording import names_in
from lossedu.practice.formulas import FormulaError, Tree, parse_formula, points_in, value_of
from tests.practice.families.test_drawing import one

PROVED = sorted(path.stem for path in bank_folder().glob("*.yaml") if family(path.stem).proof)
SWAPPED = {"+": "-", "-": "+", "*": "/", "/": "*", "^": "*"}
CALLED = {"max": "min", "min": "max"}
VARIANTS = 24
NUMBER = {
    "params": {"n": {"integer": [2, 9]}},
    "let": {"square": "n*n"},
    "answer": {"value": "square", "digits": 2},
}
FORMULA = {
    "kind": "formula",
    "answer": {"formula": "2*x", "symbols": {"x": {"range": [1, 2]}}},
}
ERRATUM = {
    "kind": "errata",
    "answer": {"key": ["One.", "Two."], "wrong": [2], "right": {"value": "3", "digits": 1}},
}


def changed(tree):
    """Every tree that differs in one place: an operator, a sign, a number, the greater or less."""
    yield Tree("negative", parts=(tree,))
    if tree.kind == "negative":
        yield tree.parts[0]
    if tree.kind in SWAPPED:
        yield replace(tree, kind=SWAPPED[tree.kind])
    if tree.kind == "call" and tree.text in CALLED:
        yield replace(tree, text=CALLED[tree.text])
    if tree.kind == "number":
        yield replace(tree, text=f"({tree.text} + 1)")
    for place, part in enumerate(tree.parts):
        for other in changed(part):
            yield replace(tree, parts=(*tree.parts[:place], other, *tree.parts[place + 1 :]))


def key_of(asked):
    """The part of an answer that holds its key, and what stands there."""
    answer = asked.answer.get("right") or asked.answer.get("number") or asked.answer
    name = "formula" if "formula" in answer else "value"
    return answer, name


def with_key(asked, text):
    """A family with another key."""
    answer, name = key_of(asked)
    other = {**answer, name: text}
    for part in ("right", "number"):
        if part in asked.answer:
            other = {**asked.answer, part: other}
    return replace(asked, answer=other)


def names_of(asked):
    arrays = {f"{name}_{i}" for name in {*asked.params, *asked.let} for i in range(1, 9)}
    return {*asked.params, *asked.let, *arrays, *key_of(asked)[0].get("symbols", ())}


def steps_of(asked):
    """The names of ``let`` on which the key rests, and which the prompt does not show."""
    wanted, steps = [str(key_of(asked)[0][key_of(asked)[1]])], []
    while wanted:
        tree = parse_formula(wanted.pop(), names_of(asked))
        for name in {part.text for part in tree.walk() if part.kind == "name"}:
            step = asked.let.get(name)
            if name not in steps and isinstance(step, str) and name not in names_in(asked.prompt):
                steps.append(name)
                wanted.append(step)
    return steps


def mutants_of(asked):
    """The family with its key changed in one place, or a step that leads to it."""
    names = names_of(asked)
    answer, name = key_of(asked)
    for tree in changed(parse_formula(str(answer[name]), names)):
        yield f"{name}: {tree}", with_key(asked, str(tree))
    for step in steps_of(asked):
        for tree in changed(parse_formula(asked.let[step], names)):
            yield f"let.{step}: {tree}", replace(asked, let={**asked.let, step: str(tree)})


def values_of(question):
    """The answer as numbers: its value, or the values of its formula at the points."""
    right = question.answer["right"] if question.kind == "errata" else question.answer
    if "value" in right:
        return [right["value"]]
    tree = parse_formula(right["formula"], list(right["symbols"]))
    return [value_of(tree, point) for box in points_in(right["regions"]) for point in box]


@cache
def answer_of(identity, variant):
    """The answer of the bank, as numbers."""
    return values_of(draw(family(identity), variant))


def refused(identity, mutant):
    """Whether a changed key is refused in the variants; None if it is the same answer in all."""
    for variant in range(min(VARIANTS, period_of(family(identity)))):
        try:
            theirs = draw(mutant, variant)
            if values_of(theirs) == pytest.approx(answer_of(identity, variant), rel=1e-9):
                continue
            return any(proof_faults(mutant, theirs))
        except (FamilyError, FormulaError, ArithmeticError):
            return True
    return None


@pytest.mark.parametrize("identity", PROVED)
def test_a_key_that_is_changed_in_one_place_is_refused(identity):
    verdicts = {says: refused(identity, mutant) for says, mutant in mutants_of(family(identity))}

    assert True in verdicts.values()
    assert [says for says, verdict in verdicts.items() if verdict is False] == []


@pytest.mark.parametrize(
    ("changes", "proof"),
    [
        (NUMBER, "answer/n == n"),
        (NUMBER, ["answer > 0", "sqrt(answer) == n"]),
        (NUMBER, {"minimises": "(x - n^2)^2", "with_respect_to": "x"}),
        (NUMBER, {"derivative_of": "n*n^2/3", "with_respect_to": "n"}),
        (NUMBER, {"derivative_of": "n*x^2/2", "with_respect_to": "x", "at": "n"}),
        (
            NUMBER,
            {"derivative_of": "answer*x - x*n^2", "with_respect_to": "x", "at": 0, "gives": 0},
        ),
        (NUMBER, {"call": "sum", "with": {"values": ["n^2", "2"]}, "gives": "answer + 2"}),
        (FORMULA, "answer - x == x"),
        (FORMULA, {"derivative_of": "x^2", "with_respect_to": "x"}),
        (ERRATUM, "answer == 1 + 2"),
    ],
)
def test_a_proof_that_holds_is_no_fault(changes, proof):
    assert faults_of(one(**changes, proof=proof), seeds=4) == []


@pytest.mark.parametrize(
    ("changes", "proof", "said"),
    [
        (NUMBER, "answer == 2*n", "the proof must hold of the answer, but with"),
        (FORMULA, "answer == x", "at x = 1."),
        (ERRATUM, "answer == 4", "with 3 this does not: answer == 4"),
        (NUMBER, {"minimises": "abs(x - n)", "with_respect_to": "x"}, "minimises: abs(x - n)"),
        (NUMBER, "n > 0", "must refuse a wrong answer, but holds of the answer plus 1"),
        (NUMBER, "answer^2 == n^4", "must refuse a wrong answer, but holds of the answer times -1"),
        (NUMBER, "answer == square", "proof: a formula must be readable"),
        (NUMBER, {"minimises": "n^2", "with_respect_to": "n"}, "must be a new name, but 'n'"),
        (NUMBER, {"call": "sorted", "with": {"values": ["n", 1]}}, "must give one number"),
    ],
)
def test_a_proof_that_does_not_hold_or_proves_nothing_is_a_fault(changes, proof, said):
    faults = faults_of(one(**changes, proof=proof), seeds=4)

    assert any(said in fault for fault in faults), faults
    assert all(fault.startswith("one: ") for fault in faults)


def test_a_misconception_that_a_proof_takes_for_right_is_a_fault():
    mistake = {"value": "n^2 + 0.5", "says": "A mistake."}
    loose = one(**NUMBER, proof="n^2 - 0.9 < answer < n^2 + 0.9", misconceptions=[mistake])

    assert any("holds of the misconception" in fault for fault in faults_of(loose, seeds=1))
