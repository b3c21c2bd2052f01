"""What the caller gave an optimizer and a schedule, apart from where a run has brought them since.

A checkpoint holds the rates and counts of its moment, and loading it replaces those of the caller.
It also holds what the caller began with: if that has changed since, the caller means something.
"""

from typing import Any

from torch.optim import Optimizer

from lossedu.training.checkpoints import CheckpointError

Settings = dict[str, str]

_INTERNAL = ("params", "initial_lr", "fused", "foreach", "capturable", "differentiable")


def settings_of_groups(optimizer: Optimizer) -> list[Settings]:
    """What each group of parameters was given, as text."""
    groups = ({**g, "lr": g.get("initial_lr", g["lr"])} for g in optimizer.param_groups)
    return [_texts({k: v for k, v in g.items() if k not in _INTERNAL}) for g in groups]


def settings_of_schedule(schedule: Any) -> Settings:
    """What a schedule that has not moved yet was given, as text."""
    if not hasattr(schedule, "state_dict"):
        return {}
    return {"schedule": type(schedule).__name__, **_texts(schedule.state_dict())}


def _texts(values: dict[str, Any]) -> Settings:
    texts = {name: _text(value) for name, value in values.items()}
    return {name: text for name, text in texts.items() if " at 0x" not in text}


def _text(value: Any) -> str:
    return repr(value.tolist() if hasattr(value, "tolist") else value)


def check_schedule(before: Settings, now: Settings) -> None:
    """Refuse another schedule: where a run is on its old one says nothing of the new one.

    Raises:
        CheckpointError: If they differ.
    """
    for name in [*before, *(name for name in now if name not in before)]:
        if before.get(name) != now.get(name):
            there, here = (of.get(name, "not there") for of in (before, now))
            what = "learning rate" if name in ("base_lrs", "_last_lr") else name
            raise CheckpointError(
                f"schedule must be the one of the checkpoint, but its {what} was {there} there and "
                f"is {here} here. Hint: begin in another folder, from restore_model(model, folder)."
            )


def honoured(
    optimizer: Optimizer,
    given: list[dict[str, Any]],
    before: list[Settings],
    now: list[Settings],
    *,
    scheduled: bool,
) -> list[dict[str, Any]]:
    """Give an optimizer that a checkpoint was loaded into what the caller has changed since.

    Args:
        optimizer: Is changed.
        given: Its groups as they were before loading.
        before: `settings_of_groups` that the checkpoint began with.
        now: The same of this run.
        scheduled: Whether a schedule decides about learning rates.

    Returns:
        An event for each change.
    """
    events = []
    for number, (group, own) in enumerate(zip(optimizer.param_groups, given, strict=True)):
        for name in now[number]:
            old, new = before[number].get(name), now[number][name]
            if old == new or (scheduled and name == "lr"):
                continue
            group[name] = own[name]
            events.append({"kind": "changed", "group": number, name: new, "before": old or ""})
    return events
