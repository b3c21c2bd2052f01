"""Every recipe runs, gets close to what the truth reaches, and says what it is."""

import math
from typing import get_args

import pytest
import torch

from lossedu.losses import Family
from lossedu.training import recipe_tasks as tasks
from lossedu.training.recipes import perceptron, recipe_table, recipes
from tests.training.trained import recipe_run

RECIPES = recipes()
every_recipe = pytest.mark.parametrize("name", RECIPES)

# Column -> how far the recipe may end from what the truth itself reaches, or the least that it must
# reach where no truth is known.  Each is about twice what ten seeds need.
NEAR = {
    "robust centre": {"valid_loss": 0.12},
    "upper bound": {"valid_loss": 0.03, "coverage": 0.03},
    "wrong labels": {"valid_loss": 0.04, "accuracy": 0.03},
    "rare events": {"average_precision": 0.2},
    "ranked lists": {"ndcg": 0.025},
    "values": {"distance_to_truth": 0.03},
}
LEAST = {
    "mean": {"valid_loss": -0.75},
    "digits": {"accuracy": 0.93},
    "margin": {"accuracy": 0.92},
    "neighbours": {"nearest_is_same": 0.9, "embedding_spread": 0.8},
    "two views": {"found": 0.75},
}


def test_every_family_of_losses_has_a_recipe():
    assert {recipe.spec.family for recipe in RECIPES.values()} == set(get_args(Family))


@every_recipe
def test_a_recipe_trains_to_what_can_be_had(name):
    history = recipe_run(name, 0)

    best = history.settings["best"]
    assert set(best) == set(NEAR.get(name, {}))
    for column, distance in NEAR.get(name, {}).items():
        assert abs(history.last(column) - best[column]) < distance
    for column, least in LEAST.get(name, {}).items():
        sign = math.copysign(1, least)
        assert sign * history.last(column) > least
    assert len(history.epochs["epoch"]) == RECIPES[name].epochs


def test_every_recipe_has_its_yardstick():
    assert NEAR.keys() | LEAST.keys() == RECIPES.keys()


@every_recipe
def test_what_to_watch_is_a_column_of_the_history(name):
    recipe = RECIPES[name]

    history = recipe.run(epochs=1)

    columns = [word.strip(",;:") for word in recipe.watch.split()]
    assert any(column in history.epochs for column in columns)


@every_recipe
def test_training_uses_the_loss_that_the_recipe_names(name):
    recipe = RECIPES[name]
    task, model = recipe.task(0), recipe.model()
    inputs, *rest = (part[:32] for part in task.train)
    outputs = model(inputs)

    value = task.loss(outputs, *rest)

    if name == "neighbours":  # the triplets are found in the batch
        expected = value
    elif name == "two views":
        expected = recipe.spec.function(outputs[:, 0], outputs[:, 1])
    elif name == "values":
        rewards, done, _ = rest
        expected = recipe.spec.function(
            outputs[:, 0], rewards, outputs[:, 1], discount=1.0, done=done
        )
    elif name == "upper bound":
        expected = recipe.spec.function(outputs, *rest, quantile=0.9)
    else:
        expected = recipe.spec.function(outputs, *rest)
    torch.testing.assert_close(value, expected)


def test_the_seed_decides_everything():
    first, again, other = (RECIPES["digits"].run(seed=seed, epochs=1) for seed in (1, 1, 2))

    assert first.steps["loss"] == again.steps["loss"] != other.steps["loss"]


def test_the_seed_decides_the_first_weights():
    first, again, other = (RECIPES["two views"].model(seed) for seed in (1, 1, 2))

    def weights(model):
        return torch.nn.utils.parameters_to_vector(model.parameters())

    assert torch.equal(weights(first), weights(again))
    assert not torch.equal(weights(first), weights(other))


def test_training_and_validation_data_of_generators_are_drawn_apart():
    task = RECIPES["rare events"].task(0)

    assert not torch.equal(task.train[0][:100], task.valid[0][:100])


def test_the_value_of_a_state_of_the_walk_is_its_chance_to_leave_on_the_right():
    seen, rewards, done, truth = tasks.walks(0).train
    here, after = seen[:, 0].argmax(-1), seen[:, 1].argmax(-1)

    # Solving the equations of one step each gives the values of the formula.
    states = torch.arange(1, 8)
    system = torch.eye(9)
    for state in states:
        system[state, state - 1] = system[state, state + 1] = -0.5
    ends = torch.zeros(9)
    ends[8] = 1
    values = torch.linalg.solve(system, ends)
    torch.testing.assert_close(truth, values[here])
    assert torch.equal(done, (after == 0) | (after == 8))
    assert torch.equal(rewards.bool(), after == 8)
    assert ((after - here).abs() == 1).all()


def test_nothing_is_found_among_embeddings_that_have_collapsed():
    generator = torch.Generator().manual_seed(0)
    point = torch.rand(3, generator=generator)
    jitter = 1 + 1e-7 * torch.randint(-1, 2, (200, 2, 3), generator=generator)
    labels = torch.arange(200) % 4
    found, nearest = tasks.views(0).metrics["found"], tasks.neighbours(0).metrics["nearest_is_same"]

    assert found(point * jitter) == 0
    assert nearest((point + 0 * jitter)[:, 0], labels) == 0
    apart = torch.nn.functional.one_hot(torch.arange(200), 200).float() + 0.1
    assert found(torch.stack([apart, apart], 1)) == 1
    # Two classes of points on a line, and one point between them that is of neither.
    line = torch.tensor([0.0, 1.0, 10.0, 11.0, 5.5])[:, None]
    assert nearest(line, torch.tensor([0, 0, 1, 1, 2])) == pytest.approx(4 / 5)


def test_changes_take_the_place_of_the_recipe():
    history = RECIPES["margin"].run(epochs=2, batch_size=32)

    assert history.settings["batch_size"] == 32
    assert len(history.epochs["epoch"]) == 2


def test_the_table_has_a_row_a_recipe_and_names_families():
    table = recipe_table()

    assert [row[0] for row in table.rows] == list(RECIPES)
    assert {row[1] for row in table.rows} == set(get_args(Family))


@pytest.mark.parametrize(
    ("widths", "parameters"), [((3, 1), 4), ((3, 5), 20), ((2, 4, 4, 1), 12 + 20 + 5)]
)
def test_a_perceptron_has_the_widths_asked_for(widths, parameters):
    model = perceptron(*widths)

    assert sum(p.numel() for p in model.parameters()) == parameters
    assert model(torch.zeros(7, widths[0])).shape == ((7,) if widths[-1] == 1 else (7, widths[-1]))
