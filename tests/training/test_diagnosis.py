"""Runs that fail get their diagnosis and no other; runs that do not fail get none."""

import math
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lossedu.training.diagnosis import NAMES, diagnose, diagnosis_table
from lossedu.training.diagnosis.failures import failures
from lossedu.training.diagnosis.robust import noise, trend
from lossedu.training.history import EPOCH_COLUMNS, STEP_COLUMNS, History
from lossedu.training.recipes import recipes
from tests.training.trained import failed_run, recipe_run

RECIPES = recipes()
every_failure = pytest.mark.parametrize("name", failures())
every_seed = pytest.mark.parametrize("seed", range(3))
two_seeds = pytest.mark.parametrize("seed", range(2))

WORKER = """
import sys
from functools import partial
import torch
from torch import nn
from lossedu.training import fit

class Drift:
    '''Moves one process's parameters without the other's knowledge.'''

    def after_step(self, run):
        rank = torch.distributed.get_rank()
        if run.step == 6 and rank == 1:
            with torch.no_grad():
                run.model.weight.add_(0.1)

x = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
with torch.random.fork_rng():
    torch.random.manual_seed(0)
    model = nn.Linear(3, 1)
history = fit(
    model, nn.MSELoss(), (x, x.sum(-1, keepdim=True) + x[:, :1].sin()),
    optimizer=partial(torch.optim.SGD, lr=0.05), epochs=5, batch_size=16, callbacks=[Drift()],
    progress=False,
)
if torch.distributed.get_rank() == 0:
    history.write(sys.argv[1])
"""


def names(history):
    return [found.name for found in diagnose(history)]


@every_failure
@every_seed
def test_a_run_that_fails_gets_its_diagnosis_and_no_other(name, seed):
    assert names(failed_run(name, seed)) == [name]


@every_failure
def test_a_diagnosis_says_with_numbers_how_it_knows_what_helps_and_where_to_read(name):
    (found,) = diagnose(failed_run(name))

    assert any(character.isdigit() for character in found.evidence)
    assert found.evidence.endswith(".")
    assert found.remedy.endswith(".")
    part, _, chapter = found.chapter.partition("/")
    assert part.isidentifier()
    assert chapter.replace("-", "").isalpha()
    assert found.first_step in failed_run(name).steps["step"]
    assert found.chapter in str(found)


@every_seed
def test_nan_is_traced_to_the_step_and_the_layer_where_it_arose(seed):
    history = failed_run("NaN or overflow", seed)

    (found,) = diagnose(history)

    finite = [math.isfinite(norm) for norm in history.steps["gradient_norm"]]
    assert found.first_step == finite.index(False)
    assert "layer logarithm" in found.evidence
    assert "single operation" in found.evidence


def test_nan_behind_a_growing_gradient_is_blamed_on_the_growth():
    history = History()
    for step in range(30):
        norm = 1.5**step if step < 29 else math.inf
        history.add("steps", {"step": step, "loss": 1.0, "gradient_norm": norm})
    history.events.append({"kind": "nonfinite", "step": 29, "where": "0", "what": "gradient"})

    (found,) = diagnose(history)

    assert found.severity == "critical"
    assert "had grown from 1 to 8.52e+04" in found.evidence
    assert "learning rate" in found.remedy


def test_a_step_that_loss_scaling_leaves_out_is_a_warning():
    history = History()
    for step in range(40):
        norm = math.inf if step == 3 else 1.0
        history.add("steps", {"step": step, "loss": 1 / (1 + step), "gradient_norm": norm})
    history.events.append({"kind": "nonfinite", "step": 3, "what": "gradient"})

    assert [found.severity for found in diagnose(history)] == ["warning"]


@pytest.mark.parametrize("name", RECIPES)
@two_seeds
def test_a_healthy_run_raises_no_alarm(name, seed):
    assert names(recipe_run(name, seed)) == []


@pytest.mark.parametrize("name", ["mean", "upper bound", "digits", "ranked lists"])
@two_seeds
def test_a_small_learning_rate_raises_no_alarm(name, seed):
    history = RECIPES[name].run(
        seed=seed, optimizer=partial(torch.optim.SGD, lr=1e-3), schedule=None, epochs=8
    )

    assert names(history) == []


@pytest.mark.parametrize("name", ["upper bound", "digits", "rare events"])
@two_seeds
def test_warm_restarts_raise_no_alarm(name, seed):
    recipe = RECIPES[name]
    cycle = 3 * -(-len(recipe.task(seed).train[0]) // recipe.batch_size)

    history = recipe.run(
        seed=seed,
        optimizer=partial(torch.optim.AdamW, lr=recipe.learning_rate),
        schedule=partial(torch.optim.lr_scheduler.CosineAnnealingWarmRestarts, T_0=cycle),
        epochs=12,
    )

    assert names(history) == []


def test_the_table_has_every_failure_on_its_diagonal():
    table = diagnosis_table({name: failed_run(name) for name in failures()})

    width = max(map(len, NAMES))
    for row in table.text():
        print(" | ".join(cell.ljust(width) for cell in row))  # noqa: T201
    for name, *cells in table.rows:
        hit = [column for column, cell in zip(NAMES, cells, strict=True) if cell != "–"]
        assert hit == [name]
    assert [*failures(), "worker divergence"] == list(NAMES)


@pytest.mark.server
def test_processes_that_come_apart_are_found(tmp_path, in_two_processes):
    path = tmp_path / "history.jsonl"
    in_two_processes(WORKER, path)

    (found,) = diagnose(History.read(path))

    assert found.name == "worker divergence"
    # Four steps an epoch: what happens in step 6 is seen at the end of the second epoch.
    assert found.first_step == 8


@every_failure
@pytest.mark.parametrize("unit", [1e-6, 1e3])
def test_the_unit_of_the_loss_does_not_matter(name, unit):
    history = failed_run(name)
    scaled = History(
        {c: _times(unit, v) if _is_loss(c) else v for c, v in history.steps.items()},
        {c: _times(unit, v) if _is_loss(c) else v for c, v in history.epochs.items()},
        history.events,
        history.settings,
    )

    assert names(scaled) == [name]


def _is_loss(column):
    return "loss" in column or "gradient" in column or column == "gap"


def _times(unit, column):
    return [unit * value for value in column]


@every_failure
def test_a_history_read_from_a_file_gets_the_same_diagnosis(name, tmp_path):
    failed_run(name).write(tmp_path / "history.jsonl")

    assert diagnose(History.read(tmp_path / "history.jsonl")) == diagnose(failed_run(name))


def swings(*, rate):
    """Twelve epochs that go up and down together, with the learning rate of each."""
    history = History()
    for epoch in range(12):
        loss = 1.0 if epoch % 2 else 0.5
        row = {"step": epoch, "epoch": epoch, "loss": loss, "learning_rate": rate(epoch)}
        history.add("steps", row)
        history.add("epochs", {"epoch": epoch, "train_loss": loss, "valid_loss": loss})
    return history


def test_swings_at_restarts_of_the_learning_rate_are_no_oscillation():
    assert names(swings(rate=lambda epoch: 0.1)) == ["oscillation"]
    assert names(swings(rate=lambda epoch: 0.1 if epoch % 2 else 0.01)) == []


def test_every_other_step_up_and_down_is_an_oscillation_and_random_batches_are_not():
    drawn = torch.rand(200, generator=torch.Generator().manual_seed(0)).tolist()
    alternating, random = History(), History()
    for step in range(200):
        alternating.add("steps", {"step": step, "loss": 1 + 0.5 * (-1) ** step})
        random.add("steps", {"step": step, "loss": (1 + drawn[step]) / (1 + step / 20)})

    assert names(alternating) == ["oscillation"]
    assert names(random) == []


def curve(train, valid):
    history = History()
    for epoch, (a, b) in enumerate(zip(train, valid, strict=True)):
        history.add("steps", {"step": epoch, "epoch": epoch, "loss": a})
        history.add("epochs", {"epoch": epoch, "train_loss": a, "valid_loss": b})
    return history


def noisy_steps(level, gradient_norm, steps=100):
    """Losses of batches around a level; the first five are all above it."""
    generator = torch.Generator().manual_seed(1)
    loss = level * (1 + 0.1 * torch.randn(steps, generator=generator))
    loss[:5] = level * 1.05
    history = History()
    for step, value in enumerate(loss.tolist()):
        row = {"step": step, "epoch": step // 10, "loss": value, "gradient_norm": gradient_norm}
        history.add("steps", row)
    return history


@pytest.mark.parametrize(("fall", "expected"), [(0.0, ["plateau"]), (0.002, [])])
def test_a_held_out_loss_that_falls_slowly_but_surely_is_no_plateau(fall, expected):
    history = noisy_steps(0.7, 0.1)
    for epoch in range(10):
        history.add("epochs", {"epoch": epoch, "valid_loss": 0.7 - fall * epoch})

    assert names(history) == expected


def test_a_fall_within_the_noise_of_batches_does_not_hide_a_vanished_gradient():
    assert names(noisy_steps(0.5, 1e-8)) == ["vanishing gradient"]


def test_only_a_lasting_rise_of_the_validation_loss_while_training_improves_is_overfitting():
    falling = [1.0 / (1 + epoch) for epoch in range(20)]
    rising = [0.5 + 0.02 * abs(epoch - 8) for epoch in range(20)]
    slightly = [0.5 + 0.001 * abs(epoch - 8) for epoch in range(20)]

    assert names(curve(falling, rising)) == ["overfitting"]
    assert names(curve(falling, slightly)) == []
    assert names(curve([*falling[:9], *falling[8::-1], 1.0, 1.0], rising)) == []


def test_a_margin_that_everything_keeps_is_no_leakage():
    history = curve([1.0, 0.1, 0.0], [0.9, 0.1, 0.0])
    real = curve([1.0, 0.1, 1e-5], [0.9, 0.1, 1e-5])

    assert names(history) == []
    assert names(real) == ["label leakage"]


def test_class_scores_of_one_direction_are_no_collapsed_embeddings():
    row = {"embedding_spread": 0.01, "train_loss": 0.3}
    embeddings, scores = History(), History()
    embeddings.add("epochs", {"epoch": 0, **row})
    scores.add("epochs", {"epoch": 0, **row, "class_recall_0": 0.9, "class_recall_1": 0.8})

    assert names(embeddings) == ["embedding collapse"]
    assert names(scores) == []


def test_nothing_is_said_of_a_run_that_did_not_take_place():
    assert diagnose(History()) == []


numbers = st.floats() | st.just(math.nan) | st.floats(0, 1)
tables = st.integers(0, 70).flatmap(lambda n: st.lists(numbers, min_size=n, max_size=n))


@settings(max_examples=60)
@given(
    loss=tables,
    epochs=st.lists(st.tuples(numbers, numbers, numbers, numbers), max_size=9),
    event=st.none() | st.sampled_from(["nonfinite", "divergence"]),
)
@pytest.mark.filterwarnings("error")
def test_whatever_the_history_holds_diagnosing_does_not_fail(loss, epochs, event):
    history = History()
    for step, value in enumerate(loss):
        row = dict.fromkeys(STEP_COLUMNS, value) | {"step": step, "epoch": step // 10}
        history.add("steps", row)
    for epoch, (a, b, c, d) in enumerate(epochs):
        row = dict.fromkeys(EPOCH_COLUMNS, c) | {"epoch": epoch, "train_loss": a, "valid_loss": b}
        history.add("epochs", row | {"class_recall_0": c, "class_recall_1": d})
    if event:
        history.events.append({"kind": event, "step": 3, "what": "loss"})

    found = diagnose(history)

    assert all(str(diagnosis) for diagnosis in found)
    assert {diagnosis.name for diagnosis in found} <= set(NAMES)


@given(st.lists(st.integers(0, 1000), min_size=3, max_size=40, unique=True))
def test_the_trend_is_that_of_kendall(values):
    n = len(values)

    found = trend(torch.tensor(values).double().numpy())

    tau = stats.kendalltau(range(n), values).statistic
    variance = n * (n - 1) * (2 * n + 5) / 18
    assert found == pytest.approx(tau * n * (n - 1) / 2 / math.sqrt(variance), abs=1e-9)


def test_the_noise_around_a_slope_is_found_whatever_the_slope_and_a_few_outliers():
    generator = torch.Generator().manual_seed(0)
    values = 3 * torch.arange(5000.0) + 0.2 * torch.randn(5000, generator=generator)
    values[::500] += 1000

    # The median of 5000 absolute differences is known to 2 %.
    assert noise(values.double().numpy()) == pytest.approx(0.2, rel=0.06)
