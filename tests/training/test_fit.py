"""The loop does what a plain loop does, and says what it was asked."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lossedu.losses import as_module, cross_entropy
from tests.training.conftest import small_data, small_model

ADAMW = partial(torch.optim.AdamW, lr=1e-2)


def normed():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def by_hand(model, loader, epochs, *, make=ADAMW, clip=None, accumulate=1):
    """The loop that everybody writes, for loaders whose batches are of one size."""
    optimizer = make(model.parameters())
    losses = []
    for _ in range(epochs):
        batches = list(loader)
        for k in range(0, len(batches), accumulate):
            group = batches[k : k + accumulate]
            optimizer.zero_grad()
            parts = [nn.functional.cross_entropy(model(x), y) / len(group) for x, y in group]
            sum(parts).backward()
            if clip:
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            losses.append(sum(parts).item())
    return losses


@pytest.mark.parametrize(
    ("make", "same"),
    [
        # Made fused by `fit`: an update in one kernel rounds elsewhere than one of several.
        (ADAMW, partial(ADAMW, fused=True)),
        (partial(ADAMW, fused=False), ADAMW),
        (partial(ADAMW, foreach=True), partial(ADAMW, foreach=True)),
        (partial(torch.optim.SGD, lr=0.1), partial(torch.optim.SGD, lr=0.1, fused=True)),
        (partial(torch.optim.RMSprop, lr=1e-2), partial(torch.optim.RMSprop, lr=1e-2)),
    ],
)
def test_without_options_every_bit_is_that_of_a_plain_loop_with_that_optimizer(
    quick_fit, make, same
):
    loader = DataLoader(TensorDataset(*small_data()), batch_size=8)
    expected = small_model()
    losses = by_hand(expected, loader, 3, make=same)

    history, model = quick_fit(train=loader, epochs=3, optimizer=make)

    assert history.steps["loss"] == losses
    for ours, theirs in zip(model.parameters(), expected.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_clipping_and_accumulation_are_those_of_a_plain_loop(quick_fit):
    loader = DataLoader(TensorDataset(*small_data(24)), batch_size=4)
    expected = small_model()
    losses = by_hand(expected, loader, 2, clip=0.1, accumulate=3)

    history, model = quick_fit(train=loader, accumulate=3, clip=0.1)

    assert history.steps["loss"] == pytest.approx(losses, rel=1e-6)
    for ours, theirs in zip(model.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)
    assert max(history.steps["gradient_norm_clipped"]) == pytest.approx(0.1, rel=1e-4)
    assert min(history.steps["gradient_norm"]) > 0.1


@pytest.mark.parametrize("n", [17, 20, 23])
def test_accumulated_batches_of_uneven_size_equal_one_large_batch(quick_fit, n):
    data = TensorDataset(*small_data(n))
    parts, whole = (DataLoader(data, batch_size=size) for size in (5, 25))
    sgd = partial(torch.optim.SGD, lr=0.1)

    several, one = (
        quick_fit(train=loader, accumulate=k, optimizer=sgd, epochs=3)
        for loader, k in ((parts, 5), (whole, 1))
    )

    assert several[0].steps["loss"] == pytest.approx(one[0].steps["loss"], rel=1e-5)
    for ours, theirs in zip(several[1].parameters(), one[1].parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_a_loss_may_say_what_its_mean_weighs(quick_fit):
    weight = torch.tensor([1.0, 9.0])
    data = TensorDataset(*small_data())
    sgd = partial(torch.optim.SGD, lr=0.1)

    def weighted(outputs, targets):
        return cross_entropy(outputs, targets, weight=weight[targets]), weight[targets].sum()

    plain = nn.CrossEntropyLoss(weight)
    several, one = (
        quick_fit(train=DataLoader(data, batch_size=b), accumulate=k, optimizer=sgd, loss=loss)
        for b, k, loss in ((5, 5, weighted), (23, 1, plain))
    )

    assert several[0].steps["loss"] == pytest.approx(one[0].steps["loss"], rel=1e-5)
    for ours, theirs in zip(several[1].parameters(), one[1].parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_the_training_loss_weighs_batches_by_their_size(quick_fit):
    still = partial(torch.optim.SGD, lr=0.0)

    history, model = quick_fit(epochs=1, optimizer=still)

    x, y = small_data()
    whole = nn.functional.cross_entropy(model(x), y).item()
    assert history.last("train_loss") == pytest.approx(whole, rel=1e-6)
    assert sum(history.steps["loss"]) / 3 != pytest.approx(whole, rel=1e-4)


def test_the_model_is_left_in_the_mode_it_was_in(quick_fit):
    for training in (True, False):
        model = small_model().train(training)
        quick_fit(model, valid=small_data(9, seed=1))
        assert model.training is training


def test_the_schedule_moves_after_every_step_and_plateaus_after_epochs(quick_fit):
    linear = partial(torch.optim.lr_scheduler.LambdaLR, lr_lambda=lambda k: 1 / (k + 1))
    history, _ = quick_fit(schedule=linear)
    assert history.steps["learning_rate"] == pytest.approx([1e-2 / k for k in range(1, 7)])

    plateau = partial(
        torch.optim.lr_scheduler.ReduceLROnPlateau, patience=0, threshold=9, threshold_mode="abs"
    )
    history, _ = quick_fit(schedule=plateau, epochs=3)
    assert history.steps["learning_rate"] == pytest.approx([1e-2] * 6 + [1e-3] * 3)


def test_an_optimizer_that_a_schedule_has_wrapped_already_is_taken(quick_fit):
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 3)

    history, _ = quick_fit(model, optimizer=optimizer, schedule=schedule)

    assert history.steps["learning_rate"] == pytest.approx([0.1] * 3 + [0.01] * 3)


def test_validation_sees_every_example_once_and_trains_nothing(quick_fit):
    valid = small_data(19, seed=5)
    model = nn.Sequential(nn.BatchNorm1d(3), small_model())

    history, _ = quick_fit(
        model,
        valid=valid,
        metrics={
            "accuracy": lambda z, y: (z.argmax(-1) == y).float().mean(),
            "n": lambda z, y: len(z),
        },
    )

    model.eval()
    outputs = model(valid[0])
    assert history.last("n") == 19
    expected = nn.functional.cross_entropy(outputs, valid[1]).item()
    assert history.last("valid_loss") == pytest.approx(expected, rel=1e-6)
    assert history.last("accuracy") == pytest.approx(
        (outputs.argmax(-1) == valid[1]).float().mean()
    )
    assert history.last("gap") == pytest.approx(expected - history.last("train_loss"), rel=1e-5)


def test_losses_of_the_package_are_named_in_the_settings(quick_fit):
    history, _ = quick_fit(loss=as_module(cross_entropy, label_smoothing=0.1))

    assert history.settings["loss"] == "cross_entropy(label_smoothing=0.1)"
    assert history.settings["examples"] == 23
    assert math.isfinite(history.last("class_loss_1"))


def test_bfloat16_trains_and_leaves_the_model_in_float32(quick_fit):
    model = small_model()
    forward = model.forward

    history, _ = quick_fit(model, precision="bf16", epochs=20)

    assert history.last("train_loss") < 0.5 * history.steps["loss"][0]
    assert history.settings["mixed_precision"] == "bf16"
    assert model.forward == forward
    assert model(small_data()[0]).dtype == torch.float32


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": None, "steps": None}, "epochs or steps must be given, and not both"),
        ({"epochs": 1, "steps": 1}, "epochs or steps must be given, and not both"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1, but is 0"),
        ({"accumulate": 0}, "accumulate must be a whole number of at least 1"),
        ({"clip": 0.0}, "clip must be above 0"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1"),
        ({"precision": "fp8"}, "precision must be one of 'auto', 'fp32', 'bf16', 'fp16'"),
        ({"train": (torch.zeros(3, 3), torch.zeros(2))}, "train must have one row an example"),
        ({"train": torch.zeros(0, 3)}, "train must have one row an example"),
        ({"train": []}, "train must yield at least one batch an epoch"),
        ({"valid": []}, "valid must yield at least one batch"),
        ({"train": 7}, "train must be a DataLoader"),
        ({"train": [{"x": torch.zeros(3, 3)}]}, "must yield tensors or tuples"),
        ({"optimizer": lambda p: None}, "optimizer must be an optimizer of torch"),
        ({"loss": nn.CrossEntropyLoss(reduction="none")}, "loss must return one number"),
        ({"model": nn.ReLU()}, "model must have parameters that require a gradient"),
        ({"optimizer": torch.optim.LBFGS}, "gradients alone, but LBFGS needs a closure"),
        ({"metrics": {"mine": None}}, r"metrics\['mine'\] must be a function .* but is NoneType"),
        ({"metrics": [len]}, "metrics must map names to functions, but is list"),
        ({"metrics": {"mine": lambda o, t: None}}, "must return one number, but returns NoneType"),
        ({"metrics": {"mine": lambda o, t: o}}, r"one number, but returns shape \(23, 2\)"),
        ({"train": np.zeros((3, 3))}, "train must be tensors, but has numpy's ndarray"),
        ({"train": (torch.zeros(3, 3), np.zeros(3))}, "train must be tensors, but has numpy's"),
        ({"train": [(np.zeros((3, 3)), np.zeros(3))]}, "train must yield tensors, but has numpy's"),
        ({"valid": (np.zeros((3, 3)), np.zeros(3))}, "valid must be tensors, but has numpy's"),
        ({"train": [[["one", "two"], 1]]}, "batches of tensors, but one begins with"),
        ({"train": (torch.zeros(3, 3).double(), torch.zeros(3).long())}, "yields torch.float64"),
        ({"model": normed(), "batch_size": 22}, "two examples or more .* batch norm, but yields"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(quick_fit, changes, message):
    with pytest.raises((ValueError, TypeError), match=message):
        quick_fit(**changes)
