"""SAM under gradient scaling, autocast and half precision steps as it does in float32."""

import copy
from contextlib import nullcontext

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape.optimisers.sam import SAM
from tests.landscape.optimisers.networks import assert_equal, closure_for, examples, plain


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
