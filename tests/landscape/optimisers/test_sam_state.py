"""SAM's weights come back after a failure; copies, saved runs and groups go on as the first."""

import copy
import pickle

import pytest
import torch

from lossedu.landscape.optimisers.sam import SAM
from tests.landscape.optimisers.networks import assert_equal, closure_for, network, plain


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
