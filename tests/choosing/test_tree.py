"""The decision tree: complete, without repetition, and every piece of code in it runs."""

import ast
import re

import pytest
import torch

import lossedu.losses
from lossedu import catalog
from lossedu.choosing import tree

TREE = tree()
PATHS = list(TREE.paths())
LEAVES = list(TREE.leaves.values())
SENTENCE_END = re.compile(r"[.!?](?:\s|$)")
COLUMNS = 72


def by_name(value):
    return value.name


def sentences(text):
    return len(SENTENCE_END.findall(text))


def test_every_question_and_every_leaf_is_led_to_exactly_once():
    led_to = [answer.leads_to for q in TREE.questions.values() for answer in q.answers]

    assert sorted([TREE.first.name, *led_to]) == sorted([*TREE.questions, *TREE.leaves])


def test_every_leaf_is_reached():
    assert [leaf.name for _, leaf in PATHS] == list(dict.fromkeys(leaf.name for _, leaf in PATHS))
    assert {leaf.name for _, leaf in PATHS} == set(TREE.leaves)


@pytest.mark.parametrize("path", [path for path, _ in PATHS], ids=[leaf.name for _, leaf in PATHS])
def test_no_path_asks_the_same_thing_twice(path):
    for part in ("about", "text"):
        asked = [getattr(question, part) for question, _ in path]
        assert len(set(asked)) == len(asked)


@pytest.mark.parametrize("question", TREE.questions.values(), ids=by_name)
def test_a_question_has_answers_that_differ_and_are_typed_easily(question):
    slugs = [answer.slug for answer in question.answers]

    assert len(slugs) > 1
    assert len(set(slugs)) == len({answer.text for answer in question.answers}) == len(slugs)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", slug) for slug in slugs)
    assert not {"back", "quit"} & set(slugs)
    assert question.text.endswith("?")


def test_every_loss_of_the_catalog_is_reached_or_left_out_for_a_reason():
    reached = {name for leaf in LEAVES for name in leaf.losses}

    assert reached.isdisjoint(TREE.left_out)
    assert reached | set(TREE.left_out) == set(catalog.specs())
    assert all(sentences(reason) == 1 for reason in TREE.left_out.values())


@pytest.mark.parametrize("leaf", LEAVES, ids=by_name)
def test_a_leaf_says_why_in_two_sentences_and_when_not(leaf):
    assert sentences(leaf.why) == 2
    assert sentences(leaf.unless) >= 1


@pytest.mark.parametrize("leaf", LEAVES, ids=by_name)
def test_the_code_of_a_leaf_uses_public_names_and_the_loss_that_the_leaf_names(leaf):
    imports = [n for n in ast.walk(ast.parse(leaf.code)) if isinstance(n, ast.ImportFrom)]
    names = {alias.name for n in imports if n.module == "lossedu.losses" for alias in n.names}
    modules = {getattr(lossedu.losses, name).__module__ for name in names}

    assert names
    assert names <= set(lossedu.losses.__all__)
    assert modules & {catalog.spec(name).function.__module__ for name in leaf.losses}
    assert all(len(line) <= COLUMNS for line in leaf.code.splitlines())


@pytest.mark.parametrize("leaf", LEAVES, ids=by_name)
def test_the_code_of_a_leaf_runs_and_its_loss_has_a_gradient(leaf):
    names: dict[str, object] = {}

    exec(compile(leaf.code, leaf.name, "exec"), names)

    loss = names["loss"]
    gradients = [
        v.grad
        for v in names.values()
        if isinstance(v, torch.Tensor) and v.is_leaf and v.requires_grad
    ]
    assert loss.ndim == 0
    assert torch.isfinite(loss)
    assert gradients
    assert all(g is not None and torch.isfinite(g).all() for g in gradients)
    assert any(g.abs().max() > 0 for g in gradients)


def test_asking_whether_the_loss_must_change_comes_before_any_loss_for_imbalance():
    remedies = {"weighted-event", "severity", "focal", "threshold"}

    for path, leaf in PATHS:
        asked = [question.name for question, _ in path]
        assert (leaf.name in remedies) == ("change-at-all" in asked)
