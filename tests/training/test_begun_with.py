"""What a caller changes of optimizer and schedule before a run goes on holds, or is refused."""

from functools import partial

import pytest
import torch
from torch.optim import lr_scheduler

from lossedu.training import CheckpointError

SGD = partial(torch.optim.SGD, lr=0.1, momentum=0.9)
COSINE = partial(lr_scheduler.CosineAnnealingLR, T_max=12)


def test_a_learning_rate_changed_on_resume_holds_and_is_an_event(quick_fit, tmp_path):
    quick_fit(epochs=1, optimizer=SGD, checkpoints=tmp_path)

    history, _ = quick_fit(epochs=2, optimizer=partial(SGD, lr=0.01), checkpoints=tmp_path)
    again, _ = quick_fit(epochs=3, optimizer=partial(SGD, lr=0.01), checkpoints=tmp_path)

    assert again.steps["learning_rate"] == [0.1] * 3 + [0.01] * 6
    event = {"step": 3, "kind": "changed", "group": 0, "lr": "0.01", "before": "0.1"}
    assert history.events == again.events == [event]


@pytest.mark.parametrize(
    ("changes", "schedule"),
    [({"momentum": 0.5}, None), ({"weight_decay": 0.1}, COSINE), ({"nesterov": True}, COSINE)],
)
def test_every_other_setting_holds_too_under_a_schedule_as_well(
    quick_fit, tmp_path, changes, schedule
):
    quick_fit(epochs=1, optimizer=SGD, schedule=schedule, checkpoints=tmp_path)
    groups = []

    class Look:
        def after_step(self, run):
            groups.append(dict(run.optimizer.param_groups[0]))

    history, _ = quick_fit(
        epochs=2,
        optimizer=partial(SGD, **changes),
        schedule=schedule,
        checkpoints=tmp_path,
        callbacks=[Look()],
    )

    assert len(groups) == 3
    assert all(changes.items() <= group.items() for group in groups)
    assert [event["kind"] for event in history.events] == ["changed"]


@pytest.mark.parametrize(
    ("optimizer", "schedule", "what"),
    [
        (partial(SGD, lr=0.01), COSINE, "learning rate was .0.1. there and is .0.01. here"),
        (SGD, partial(COSINE, T_max=24), "T_max was 12 there and is 24 here"),
        (SGD, None, "schedule was CosineAnnealingLR there and is not there here"),
        (SGD, partial(lr_scheduler.StepLR, step_size=2), "schedule was CosineAnnealingLR there"),
    ],
)
def test_another_schedule_is_refused(quick_fit, tmp_path, optimizer, schedule, what):
    quick_fit(epochs=1, optimizer=SGD, schedule=COSINE, checkpoints=tmp_path)

    with pytest.raises(CheckpointError, match=what):
        quick_fit(epochs=2, optimizer=optimizer, schedule=schedule, checkpoints=tmp_path)


@pytest.mark.parametrize(
    "schedule",
    [
        COSINE,
        partial(lr_scheduler.OneCycleLR, max_lr=0.5, total_steps=12),
        partial(lr_scheduler.LambdaLR, lr_lambda=lambda step: 1 / (1 + step)),
        partial(lr_scheduler.MultiStepLR, milestones=[2, 4]),
        lr_scheduler.ReduceLROnPlateau,
        lambda o: lr_scheduler.SequentialLR(
            o, [lr_scheduler.ConstantLR(o), lr_scheduler.ExponentialLR(o, 0.9)], [2]
        ),
    ],
)
def test_the_same_settings_are_no_change(quick_fit, tmp_path, schedule):
    whole, _ = quick_fit(epochs=2, optimizer=SGD, schedule=schedule)
    quick_fit(epochs=1, optimizer=SGD, schedule=schedule, checkpoints=tmp_path)

    history, _ = quick_fit(epochs=2, optimizer=SGD, schedule=schedule, checkpoints=tmp_path)

    assert history.events == []
    assert history.steps["loss"] == whole.steps["loss"]
    assert history.steps["learning_rate"] == whole.steps["learning_rate"]
