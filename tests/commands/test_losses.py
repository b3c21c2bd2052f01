"""The command ``lossedu`` lists every loss, says all of one, and explains a wrong name."""

import json

import pytest
from typer.testing import CliRunner

from lossedu import catalog
from lossedu.commands.app import app


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


@pytest.mark.slow
def test_the_list_has_one_line_for_each_loss_with_its_computed_properties(run):
    head, *lines = run("losses").stdout.splitlines()

    assert head.split() == ["loss", "infimum", "slope", "≤", "curvature", "≤", "convex"]
    assert len(lines) == len(catalog.specs())
    words = [" ".join(line.split()) for line in lines]
    assert "binary_cross_entropy_with_logits 0 1 0.25 yes" in words
    assert "kl_divergence 0 0.75 0.25 yes" in words
    assert max(map(len, lines)) <= 100


def test_a_module_name_says_all_of_its_losses(run):
    said = run("losses", "focal").stdout

    assert "from lossedu.losses import sigmoid_focal_loss" in said
    assert "from lossedu.losses import softmax_focal_loss" in said
    assert "with p = sigmoid(z)" in said
    assert "equals 0.5 times binary_cross_entropy_with_logits" in said
    assert "gamma = 5" in said
    assert "1.129" in said


@pytest.mark.parametrize("name", ["mse_loss", "mse", "Squared error"])
def test_a_loss_goes_by_function_module_and_title(run, name):
    assert "the conditional mean" in run("losses", name).stdout


def test_a_formula_too_large_to_draw_is_said_in_latex(run):
    assert r"\Delta \mathrm{NDCG@}k_{ij}" in run("losses", "lambdarank").stdout


def test_json_is_valid_and_infinity_is_a_word(run):
    (record,) = json.loads(run("losses", "mse", "--json").stdout)

    assert record["name"] == "mse_loss"
    assert record["properties"]["lipschitz"] == "Infinity"
    assert record["properties"]["smoothness"] == 2


def test_a_wrong_name_ends_with_2_and_what_is_close(run):
    done = run("losses", "fokal")

    known = {spec.slug for spec in catalog.specs().values()}
    assert done.exit_code == 2
    assert done.stderr == (
        f"name must be one of the {len(known)} names that `lossedu losses` lists, but is 'fokal'. "
        "Hint: did you mean 'focal'?\n"
    )
