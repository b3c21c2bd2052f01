"""SAM steps by the gradient uphill, and is its base optimizer in everything else."""

import copy
import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape.optimisers.sam import SAM
from lossedu.training.random_states import scoped
from tests.landscape.optimisers.networks import assert_equal, closure_for, examples, network, plain

BASES = {
    "sgd": lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.9, weight_decay=1e-2),
    "adamw": lambda groups: torch.optim.AdamW(groups, lr=1e-2),
    "rmsprop": lambda groups: torch.optim.RMSprop(groups, lr=1e-2),
}


@pytest.mark.parametrize("base", BASES)
def test_at_rho_zero_it_is_the_base_optimizer_bit_for_bit_dropout_and_statistics_included(base):
    mine, theirs = network(), network()
    sam = SAM(BASES[base](mine.parameters()), rho=0.0, model=mine)
    other = BASES[base](theirs.parameters())

    with scoped(3):
        for _ in range(5):
            sam.step(closure_for(mine, sam))
    with scoped(3):
        for _ in range(5):
            other.step(closure_for(theirs, other))

    assert_equal(mine, theirs)


@pytest.mark.parametrize("adaptive", [False, True])
def test_a_step_is_the_papers_written_by_hand(adaptive):
    model, rho, eta, rate = plain(), 0.3, 0.02, 0.1
    loss_at = closure_for(copied := copy.deepcopy(model), torch.optim.SGD(copied.parameters(), 1))
    loss_at()
    start = [p.detach().clone() for p in copied.parameters()]
    gradients = [p.grad.clone() for p in copied.parameters()]
    metrics = [p.abs() + eta if adaptive else torch.ones_like(p) for p in start]
    norm = sum(((t * g) ** 2).sum() for t, g in zip(metrics, gradients, strict=True)).sqrt()
    with torch.no_grad():
        for p, t, g in zip(copied.parameters(), metrics, gradients, strict=True):
            p += rho * t**2 * g / norm
    loss_at()
    expected = [s - rate * p.grad for s, p in zip(start, copied.parameters(), strict=True)]
    sam = SAM(torch.optim.SGD(model.parameters(), rate), rho=rho, adaptive=adaptive, eta=eta)

    sam.step(closure_for(model, sam))

    torch.testing.assert_close(list(model.parameters()), expected, rtol=1e-12, atol=1e-14)


def test_it_returns_the_loss_at_the_weights_themselves():
    model = plain()
    inputs, targets = examples()
    own = cross_entropy(model(inputs.double()), targets).item()
    sam = SAM(torch.optim.SGD(model.parameters(), 0.1), rho=1.0)

    loss = sam.step(closure_for(model, sam))

    assert loss.item() == own


@given(factor=st.floats(0.05, 20.0))
def test_adaptive_steps_do_not_depend_on_how_layers_are_scaled_and_plain_ones_do(factor):
    def uphill(adaptive, scale):
        with scoped(2):
            model = nn.Sequential(nn.Linear(5, 8, bias=False), nn.ReLU(), nn.Linear(8, 3)).double()
        with torch.no_grad():
            model[0].weight.mul_(scale)
            model[2].weight.div_(scale)
        sam = SAM(torch.optim.SGD(model.parameters(), 0.1), rho=0.5, adaptive=adaptive, eta=0.0)
        closure_for(model, sam)()
        sam.first_step()
        inputs, targets = examples()
        return cross_entropy(model(inputs.double()), targets).item()

    assert uphill(True, factor) == pytest.approx(uphill(True, 1.0), rel=1e-9)
    assert uphill(False, 20.0) != pytest.approx(uphill(False, 1.0), rel=1e-2)


def test_two_calls_are_one_step_with_a_closure():
    one, other = plain(), plain()
    whole = SAM(torch.optim.Adam(one.parameters(), 0.1))
    parts = SAM(torch.optim.Adam(other.parameters(), 0.1))

    for _ in range(3):
        whole.step(closure_for(one, whole))
        closure = closure_for(other, parts)
        closure()
        parts.first_step()
        closure()
        parts.second_step(zero_grad=True)

    assert_equal(one, other)
    assert all(p.grad is None for p in other.parameters())


def test_gradients_accumulated_over_parts_are_those_of_the_whole():
    one, other = plain(), plain()
    inputs, targets = examples()
    whole = SAM(torch.optim.SGD(one.parameters(), 0.1), rho=0.5)
    parts = SAM(torch.optim.SGD(other.parameters(), 0.1), rho=0.5)

    def accumulated():
        parts.zero_grad()
        for rows in torch.arange(16).split(4):
            loss = cross_entropy(other(inputs[rows].double()), targets[rows]) / 4
            loss.backward()
        return loss

    whole.step(closure_for(one, whole))
    parts.step(accumulated)

    torch.testing.assert_close(one.state_dict(), other.state_dict(), rtol=1e-10, atol=1e-12)


def test_statistics_of_batch_norm_see_each_batch_once():
    model, seen = network().eval(), network()
    model.train()
    inputs, _ = examples()
    with torch.no_grad():
        seen(inputs)
    sam = SAM(torch.optim.SGD(model.parameters(), 0.1), rho=5.0, model=model)

    sam.step(closure_for(model, sam))

    assert int(model[1].num_batches_tracked) == 1
    torch.testing.assert_close(model[1].running_mean, seen[1].running_mean, rtol=0, atol=0)


class Calls(nn.Module):
    """Counts its calls in a buffer, as spectral norm and others keep a state of theirs."""

    def __init__(self):
        super().__init__()
        self.register_buffer("number", torch.zeros(()))

    def forward(self, x):
        self.number += 1
        return x


def test_every_other_buffer_sees_each_batch_once():
    calls = Calls()
    model = nn.Sequential(network(), calls)
    sam = SAM(torch.optim.SGD(model.parameters(), 0.1), rho=5.0, model=model)

    sam.step(closure_for(model, sam))

    assert int(calls.number) == 1


def test_both_passes_of_a_closure_draw_the_same_numbers_from_every_source():
    model, drawn = plain(), []
    sam = SAM(torch.optim.SGD(model.parameters(), 0.1))
    inner = closure_for(model, sam)

    def closure():
        drawn.append((torch.rand(()).item(), np.random.rand(), random.random()))
        return inner()

    with scoped(4):
        sam.step(closure)

    assert drawn[0] == drawn[1]


def test_what_is_no_base_and_gradients_that_are_not_dense_are_refused():
    model, embedding = plain(), nn.Embedding(4, 2, sparse=True)
    with pytest.raises(TypeError, match="base must be an optimizer, but is SGD"):
        SAM(torch.optim.SGD)
    with pytest.raises(TypeError, match="LBFGS needs a closure"):
        SAM(torch.optim.LBFGS(model.parameters()))
    sam = SAM(torch.optim.SGD(embedding.parameters(), 0.1))
    embedding(torch.tensor([1])).sum().backward()

    with pytest.raises(ValueError, match="gradients must be dense"):
        sam.first_step()


@pytest.mark.parametrize("slope", [0.0, float("inf"), float("nan")])
def test_a_gradient_that_has_no_direction_moves_nothing_uphill(slope):
    weight = nn.Parameter(torch.tensor([1.0, -2.0]))
    sam = SAM(torch.optim.SGD([weight], 0.1), rho=0.5)
    weight.grad = torch.tensor([slope, 0.0])

    sam.first_step()

    assert weight.tolist() == [1.0, -2.0]


def test_steps_out_of_order_and_bad_radii_are_refused():
    model = plain()
    sam = SAM(torch.optim.SGD(model.parameters(), 0.1))
    closure_for(model, sam)()

    with pytest.raises(RuntimeError, match="follow first_step"):
        sam.second_step()
    with pytest.raises(RuntimeError, match="must get a closure"):
        sam.step()
    sam.first_step()
    with pytest.raises(RuntimeError, match="called twice"):
        sam.first_step()
    with pytest.raises(ValueError, match="rho must"):
        SAM(torch.optim.SGD(model.parameters(), 0.1), rho=-1.0)
