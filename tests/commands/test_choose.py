"""``lossedu choose`` asks until a loss is reached, for people, pipes and scripts."""

import json

import pytest
from typer.testing import CliRunner

from lossedu import catalog
from lossedu.choosing import tree
from lossedu.commands.app import app


@pytest.fixture
def choose(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments, typed=()):
        text = "".join(f"{line}\n" for line in typed)
        return CliRunner().invoke(app, ["choose", *arguments], input=text)

    return run


def test_lines_that_are_typed_lead_to_a_loss_with_its_reason_and_its_code(choose):
    done = choose(typed=["number", "2"])

    leaf = tree().leaves["median"]
    assert done.exit_code == 0
    assert "What do you want the model to say?" in done.stdout
    assert "  2) How probable something is" in done.stdout
    assert leaf.why in " ".join(done.stdout.split())
    assert "estimates: the conditional median" in done.stdout
    assert "    loss = l1_loss(predictions, targets)" in done.stdout


def test_arguments_say_the_same_as_lines(choose):
    typed = choose(typed=["class", "same", "two", "smooth"]).stdout
    given = choose("class", "same", "two", "smooth").stdout

    ending = given[given.index("\nSquared or smooth hinge loss") :]
    assert typed.endswith(ending)
    assert "squared_hinge_loss" in ending
    assert "smooth_hinge_loss" in ending


def test_what_arguments_leave_open_is_asked(choose):
    assert "InfoNCE" in choose("embedding", typed=["partners"]).stdout


def test_an_unknown_line_is_explained_and_asked_again(choose):
    done = choose(typed=["number", "medain", "median"])

    assert done.exit_code == 0
    assert "but is 'medain'. Hint: did you mean 'median' or 'mean'?" in done.stdout
    assert "l1_loss" in done.stdout


def test_back_takes_an_answer_back(choose):
    done = choose(typed=["number", "back", "back", "", "level", "unknown"])

    assert done.exit_code == 0
    assert "cumulative_link_loss" in done.stdout


def test_quit_ends_without_a_loss(choose):
    done = choose(typed=["number", "quit"])

    assert done.exit_code == 0
    assert "estimates" not in done.stdout


def test_an_end_of_input_before_a_loss_is_wrong_use(choose):
    done = choose("number")

    assert done.exit_code == 2
    assert done.stderr == (
        "answers must lead to a loss, but end at: Which number of all that could happen?\n"
    )


@pytest.mark.parametrize("arguments", [["nubmer"], ["number", "mean", "mean"], ["9"]])
def test_wrong_arguments_end_with_2_and_one_line(choose, arguments):
    done = choose(*arguments)

    assert done.exit_code == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_json_is_the_next_question_or_the_loss(choose):
    asked = json.loads(choose("probability", "--json").stdout)
    reached = json.loads(choose("probability", "classes", "shares", "--json").stdout)

    assert asked["answers"] == ["probability"]
    assert [a["slug"] for a in asked["question"]["answers"]] == [
        "event",
        "classes",
        "labels",
        "tokens",
    ]
    assert reached["leaf"]["losses"][0]["estimand"] == catalog.spec("kl_divergence").estimand


def test_a_script_walks_from_question_to_question_by_json_alone(choose):
    answers = []
    while "leaf" not in (record := json.loads(choose(*answers, "--json").stdout)):
        answers.append(record["question"]["answers"][-1]["slug"])

    assert record["leaf"]["losses"][0]["name"] == "policy_gradient_loss"


def test_the_outline_shows_every_question_once_and_every_leaf(choose):
    shown = " ".join(choose("--outline").stdout.split())

    for question in tree().questions.values():
        assert shown.count(question.text) == 1
    assert shown.count("→") == sum(len(leaf.losses) for leaf in tree().leaves.values())


def test_the_outline_as_json_is_the_whole_tree(choose):
    record = json.loads(choose("--outline", "--json").stdout)

    assert [leaf["name"] for leaf in record["leaves"]] == [leaf.name for _, leaf in tree().paths()]
    assert len(record["questions"]) == len(tree().questions)
    assert record["left_out"] == dict(tree().left_out)
