"""SAM steps by the gradient uphill, and is its base optimizer in everything else."""

import copy
import pickle
import random
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape.optimisers.sam import SAM
from lossedu.training.random_states import scoped

BASES = {
    "sgd": lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.9, weight_decay=1e-2),
    "adamw": lambda groups: torch.optim.AdamW(groups, lr=1e-2),
    "rmsprop": lambda groups: torch.optim.RMSprop(groups, lr=1e-2),
}


def examples():
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(16, 5, generator=generator)
    return inputs, torch.randint(3, (16,), generator=generator)


def network():
    with scoped(1):
        return nn.Sequential(
            nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3)
        )


def plain():
    with scoped(2):
        return nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3)).double()


def closure_for(model, optimizer, data=None, scaler=None):
    inputs, targets = data or examples()
    inputs = inputs.to(next(model.parameters()).dtype)

    def closure():
        optimizer.zero_grad()
        loss = cross_entropy(model(inputs), targets)
        (loss if scaler is None else scaler.scale(loss)).backward()
        return loss

    return closure


def assert_equal(one, other):
    torch.testing.assert_close(one.state_dict(), other.state_dict(), rtol=0, atol=0)


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


def test_a_scaler_changes_nothing_but_skips_what_is_not_finite():
    mine, theirs = plain().float(), plain().float()
    sam, scaled = (SAM(torch.optim.SGD(m.parameters(), 0.1), rho=0.5) for m in (mine, theirs))
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)

    for _ in range(3):
        sam.step(closure_for(mine, sam))
        scaled.step(closure_for(theirs, scaled, scaler=scaler), scaler=scaler)
        scaler.update()

    torch.testing.assert_close(mine.state_dict(), theirs.state_dict(), rtol=1e-5, atol=1e-6)
    before = copy.deepcopy(theirs)
    bad = (torch.full((16, 5), torch.inf), examples()[1])
    scaled.step(closure_for(theirs, scaled, bad, scaler), scaler=scaler)
    scaler.update()
    assert_equal(theirs, before)
    assert scaler.get_scale() < 1024.0


def test_a_scaler_steps_after_going_back_by_hand():
    one, other = plain().float(), plain().float()
    sam, parts = (SAM(torch.optim.SGD(m.parameters(), 0.1), rho=0.5) for m in (one, other))
    scaler = torch.amp.GradScaler("cpu", init_scale=64.0)

    sam.step(closure_for(one, sam))
    closure = closure_for(other, parts, scaler=scaler)
    closure()
    parts.first_step()
    closure()
    parts.go_back()
    scaler.step(parts)
    scaler.update()

    torch.testing.assert_close(one.state_dict(), other.state_dict(), rtol=1e-5, atol=1e-6)


def test_autocast_around_both_passes_is_autocast_within_each():
    inside, around, base = (plain().float() for _ in "abc")
    inputs, targets = examples()

    def closure_of(model, optimizer, enabled):
        def closure():
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16) if enabled else nullcontext():
                loss = cross_entropy(model(inputs), targets)
            loss.backward()
            return loss

        return closure

    sams = [
        SAM(torch.optim.SGD(model.parameters(), 0.1), rho=rho)
        for model, rho in ((inside, 2.0), (around, 2.0), (base, 0.0))
    ]
    for _ in range(2):
        sams[0].step(closure_of(inside, sams[0], enabled=True))
        sams[2].step(closure_of(base, sams[2], enabled=True))
        with torch.autocast("cpu", torch.bfloat16):
            sams[1].step(closure_of(around, sams[1], enabled=False))

    assert_equal(around, inside)
    assert not torch.equal(inside[0].weight, base[0].weight)


@pytest.mark.parametrize(("weight", "slope"), [(300.0, 300.0), (0.01, 1e-4)])
def test_half_precision_goes_as_far_uphill_as_float64(weight, slope):
    ends = []
    for dtype in (torch.float16, torch.float64):
        parameter = nn.Parameter(torch.tensor([weight, -weight]).to(dtype))
        sam = SAM(torch.optim.SGD([parameter], 0.1), rho=0.1, adaptive=True, eta=0.0)
        parameter.grad = torch.tensor([slope, slope]).to(dtype)
        sam.first_step()
        ends.append(parameter.detach().double())

    torch.testing.assert_close(ends[0], ends[1], rtol=1e-3, atol=0.0)
    assert (ends[1].abs() - weight).abs().min() > 0.05 * weight


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


def test_weights_are_where_they_were_when_going_uphill_fails(monkeypatch):
    model = plain()
    sam = SAM(torch.optim.SGD(model.parameters(), 0.1), rho=3.0)
    closure_for(model, sam)()
    before = copy.deepcopy(model)
    add, left = torch.Tensor.add_, [2]

    def failing(*args, **kwargs):
        left[0] -= 1
        if left[0] < 0:
            raise MemoryError
        return add(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(torch.Tensor, "add_", failing)
        with pytest.raises(MemoryError):
            sam.first_step()

    assert_equal(model, before)
    sam.first_step()  # as if nothing had been


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_a_copy_steps_as_the_first_does(copied):
    model = plain()
    sam = SAM(torch.optim.AdamW(model.parameters(), 0.05), rho=0.2)
    sam.step(closure_for(model, sam))
    twin, other = copied((model, sam))

    sam.step(closure_for(model, sam))
    other.step(closure_for(twin, other))

    assert_equal(model, twin)
    assert other.param_groups is other.base.param_groups


def test_a_state_of_the_base_alone_may_be_loaded_on_either_side():
    trained = plain()
    state = torch.optim.SGD(trained.parameters(), 0.3, momentum=0.9).state_dict()
    sams = []
    for load in (
        lambda sam: sam.load_state_dict(state),
        lambda sam: sam.base.load_state_dict(state),
    ):
        model = plain()
        sams.append(SAM(torch.optim.SGD(model.parameters(), 0.1, momentum=0.9), rho=0.5))
        load(sams[-1])
        sams[-1].step(closure_for(model, sams[-1]))

    for sam in sams:
        assert sam.param_groups is sam.base.param_groups
        assert sam.state is sam.base.state
        assert (sam.param_groups[0]["lr"], sam.param_groups[0]["rho"]) == (0.3, 0.5)


def test_weights_are_back_exactly_when_the_second_pass_fails():
    model = network()
    sam = SAM(torch.optim.SGD(model.parameters(), 0.1), rho=3.0, model=model)
    inner, calls = closure_for(model, sam), []
    before = [p.detach().clone() for p in model.parameters()]

    def failing():
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return inner()

    with pytest.raises(KeyboardInterrupt):
        sam.step(failing)
    torch.testing.assert_close([p.detach() for p in model.parameters()], before, rtol=0, atol=0)


def test_a_saved_run_goes_on_as_if_it_had_not_stopped():
    whole, stopped = plain(), plain()
    first = SAM(torch.optim.AdamW(whole.parameters(), 0.05), rho=0.2, adaptive=True)
    second = SAM(torch.optim.AdamW(stopped.parameters(), 0.05), rho=0.2, adaptive=True)
    for _ in range(2):
        first.step(closure_for(whole, first))
        second.step(closure_for(stopped, second))
    resumed = copy.deepcopy(stopped)
    third = SAM(torch.optim.AdamW(resumed.parameters(), 0.9), rho=0.9)
    third.load_state_dict(second.state_dict())

    for _ in range(2):
        first.step(closure_for(whole, first))
        third.step(closure_for(resumed, third))

    assert third.param_groups[0]["rho"] == 0.2
    assert_equal(whole, resumed)


def test_a_schedule_moves_the_base_and_groups_may_differ():
    model = plain()
    groups = [{"params": model[0].parameters(), "rho": 0.0}, {"params": model[2].parameters()}]
    sam = SAM(torch.optim.SGD(groups, lr=0.1), rho=0.5)
    schedule = torch.optim.lr_scheduler.StepLR(sam, 1, gamma=0.5)
    still, moved = model[0].weight.clone(), model[2].weight.clone()

    closure_for(model, sam)()
    sam.first_step()
    assert torch.equal(model[0].weight, still)
    assert not torch.equal(model[2].weight, moved)
    sam.second_step()
    schedule.step()

    assert [group["lr"] for group in sam.base.param_groups] == [0.05, 0.05]


def test_a_group_added_later_is_stepped_by_the_base():
    model = plain()
    sam = SAM(torch.optim.SGD(model[0].parameters(), lr=0.1), rho=0.5)
    sam.add_param_group({"params": model[2].parameters(), "lr": 0.2})
    before = model[2].weight.clone()

    sam.step(closure_for(model, sam))

    assert sam.base.param_groups is sam.param_groups
    assert not torch.equal(model[2].weight, before)


def test_a_group_added_to_the_base_goes_uphill_like_the_others():
    model = plain()
    sam = SAM(torch.optim.SGD(model[0].parameters(), lr=0.1), rho=0.5)
    sam.base.add_param_group({"params": model[2].parameters()})
    before = model[2].weight.clone()
    closure_for(model, sam)()

    sam.first_step()

    assert not torch.equal(model[2].weight, before)


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
