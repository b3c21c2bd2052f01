"""An optimizer updates in one kernel where torch has one and nobody chose otherwise."""

from functools import partial

import pytest
import torch
from torch import nn


@pytest.mark.parametrize(
    ("make", "fused"),
    [
        (torch.optim.AdamW, True),
        (partial(torch.optim.SGD, lr=0.1), True),
        (partial(torch.optim.SGD, lr=0.1, fused=False), False),
        (partial(torch.optim.AdamW, foreach=True), None),
        (partial(torch.optim.RMSprop, lr=0.1), None),
        (lambda parameters: torch.optim.AdamW(parameters), None),
    ],
)
def test_an_optimizer_of_torch_updates_in_one_kernel_unless_one_chooses(quick_fit, make, fused):
    made = []

    class Look:
        def on_start(self, run):
            made.append(run.optimizer)

    quick_fit(optimizer=make, epochs=1, callbacks=[Look()])

    assert made[0].defaults.get("fused") == fused


def test_a_parameter_that_no_fused_kernel_takes_is_updated_as_ever(quick_fit):
    class Complex(nn.Module):
        def __init__(self):
            super().__init__()
            self.turn = nn.Parameter(torch.ones(3, 2, dtype=torch.complex64))

        def forward(self, x):
            return (x.to(torch.complex64) @ self.turn).real

    history, _ = quick_fit(Complex(), epochs=1)

    assert len(history.steps["loss"]) == 3
