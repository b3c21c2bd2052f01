"""Figures of an epoch from one batch after another, without its outputs."""

import weakref

import pytest
import torch
from torch import nn

from lossedu.training import epoch_summary
from lossedu.training.epoch_summary import Summary, summarise


def classes(n=57):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, 4, generator=generator), torch.randint(4, (n,), generator=generator)


def events(n=57):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(n, 3, generator=generator)
    return logits, (torch.rand(n, 3, generator=generator) < 0.3).float()


@pytest.mark.parametrize(
    ("loss", "data"),
    [
        (nn.CrossEntropyLoss(), classes()),
        (nn.BCEWithLogitsLoss(), events()),
        (nn.SoftMarginLoss(), (events()[0], 2 * events()[1] - 1)),
        (nn.MSELoss(), (classes()[0], torch.randn(57, 4))),
    ],
)
@pytest.mark.parametrize("size", [1, 8, 50])
def test_batches_have_the_figures_of_all_examples_at_once(loss, data, size):
    outputs, targets = data
    summary = Summary(loss)

    for start in range(0, len(outputs), size):
        summary.add(outputs[start : start + size], (targets[start : start + size],))

    whole = summarise(loss, outputs, (targets,))
    assert list(summary.figures()) == list(whole)
    assert summary.figures() == pytest.approx(whole, rel=1e-6)


def test_targets_that_look_like_events_in_some_batches_only_are_none():
    outputs, summary = torch.randn(4), Summary(nn.MSELoss())

    for targets in (torch.tensor([0.0, 1.0, 1.0, 0.0]), torch.tensor([1.0, 2.0, 0.5, 0.0])):
        summary.add(outputs, (targets,))

    assert not [name for name in summary.figures() if name.startswith("class_")]


def test_quantiles_of_more_losses_than_there_is_room_for_are_those_of_a_part(monkeypatch):
    monkeypatch.setattr(epoch_summary, "MOST_VALUES", 1000)
    values = torch.rand(20_000, generator=torch.Generator().manual_seed(0))
    summary = Summary(nn.L1Loss())

    for part in values.split(64):
        summary.add(part, (torch.zeros_like(part),))

    # The standard error of a quantile of at least 500 uniform numbers.
    for name, share in (("loss_p50", 0.5), ("loss_p90", 0.9)):
        error = (share * (1 - share) / 500) ** 0.5
        assert summary.figures()[name] == pytest.approx(share, abs=4 * error)
    assert sum(map(len, summary._seen.losses)) <= 1000


@pytest.mark.parametrize("classes", [3, 20_000])
def test_of_a_batch_nothing_is_kept_but_sums_and_a_loss_an_example(classes):
    summary = Summary(nn.CrossEntropyLoss())

    for _ in range(3):
        outputs = torch.randn(16, classes)
        seen = weakref.ref(outputs)
        summary.add(outputs, (torch.zeros(16, dtype=torch.long),))
        del outputs
        assert seen() is None

    kept = [*summary._seen.losses, *(v for s in summary._seen.sums.values() for v in s.values())]
    assert (
        sum(part.untyped_storage().nbytes() for part in kept) < 3 * 16 * 4 + 8 * 5 * classes + 999
    )
