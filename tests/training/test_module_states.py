"""What a run does to a model besides training it: modes, buffers, and names in checkpoints."""

from functools import partial

import pytest
import torch
from torch import nn

from lossedu.landscape import SAM
from lossedu.training import WeightAverage, restore_model
from lossedu.training.module_states import load_by_name
from tests.training.conftest import small_data, small_model


def uphill(parameters):
    return SAM(torch.optim.SGD(parameters, lr=0.1), rho=0.1)


def with_norm(norm):
    with torch.random.fork_rng():
        torch.random.manual_seed(0)
        return nn.Sequential(nn.Linear(3, 8), norm, nn.ReLU(), nn.Linear(8, 2))


class Counted(nn.Module):
    """A loss that counts its calls in training."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, outputs, targets):
        self.calls += torch.is_grad_enabled()
        return nn.functional.cross_entropy(outputs, targets)


def test_two_passes_a_step_move_running_statistics_once(quick_fit):
    still = partial(torch.optim.SGD, lr=0.0)
    settings = {"train": small_data(24), "epochs": 2}
    _, twice = quick_fit(
        with_norm(nn.BatchNorm1d(8)), optimizer=lambda p: SAM(still(p), rho=0.1), **settings
    )
    _, once = quick_fit(with_norm(nn.BatchNorm1d(8)), optimizer=still, **settings)

    assert int(twice[1].num_batches_tracked) == 6
    assert torch.equal(twice[1].running_mean, once[1].running_mean)


def test_two_passes_a_step_move_every_other_buffer_once(quick_fit):
    spectral = nn.utils.parametrizations.spectral_norm(nn.Linear(8, 8))
    loss = Counted()
    still = partial(torch.optim.SGD, lr=0.0)
    twice = with_norm(spectral)
    once = with_norm(nn.utils.parametrizations.spectral_norm(nn.Linear(8, 8)))
    once.load_state_dict(twice.state_dict())

    quick_fit(twice, loss=loss, optimizer=lambda p: SAM(still(p), rho=0.1))
    quick_fit(once, optimizer=still)

    assert int(loss.calls) == 6
    assert all(map(torch.equal, twice.buffers(), once.buffers()))


@pytest.mark.parametrize("valid", [None, small_data(9)])
def test_a_part_in_evaluation_mode_keeps_its_statistics(quick_fit, valid):
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.5), with_norm(nn.BatchNorm1d(8)))
    model[0].eval()
    model[1].eval()

    quick_fit(model, valid=valid, epochs=3)

    assert int(model[0].num_batches_tracked) == 0
    assert int(model[2][1].num_batches_tracked) == 9
    assert [part.training for part in model] == [False, False, True]


def test_a_model_that_was_evaluated_as_a_whole_is_trained_as_a_whole(quick_fit):
    model = with_norm(nn.BatchNorm1d(8)).eval()

    quick_fit(model, valid=small_data(9))

    assert int(model[1].num_batches_tracked) == 6
    assert not any(part.training for part in model.modules())


def test_a_callback_may_freeze_and_free_parts(quick_fit):
    model = with_norm(nn.BatchNorm1d(8))

    class SecondEpochAlone:
        def on_start(self, run):
            run.model[1].eval()

        def after_epoch(self, run):
            run.model[1].train(run.epoch == 0)
            run.model.training = run.epoch > 0  # False as after an evaluation that nobody has ended

    quick_fit(model, valid=small_data(9), epochs=3, callbacks=[SecondEpochAlone()])

    assert int(model[1].num_batches_tracked) == 3


WRAPPERS = {
    "compiled": partial(torch.compile, backend="eager"),
    "data parallel": nn.DataParallel,
    "compiled data parallel": lambda m: torch.compile(nn.DataParallel(m), backend="eager"),
    "plain": lambda m: m,
}


@pytest.mark.parametrize("reader", WRAPPERS)
@pytest.mark.parametrize("writer", WRAPPERS)
def test_a_state_of_one_wrapper_is_loaded_into_another(writer, reader):
    state = WRAPPERS[writer](small_model(seed=1)).state_dict()
    model = small_model(seed=2)

    load_by_name(WRAPPERS[reader](model), state)

    assert torch.equal(model[0].weight, small_model(seed=1)[0].weight)


def test_a_state_of_a_model_with_a_compiled_part_is_loaded():
    part = torch.compile(nn.Linear(2, 2), backend="eager")
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))

    load_by_name(model, nn.Sequential(nn.Linear(2, 2), part).state_dict())

    assert torch.equal(model[1].weight, part.weight)


def test_a_model_whose_own_part_is_called_module_is_loaded():
    model, other = (nn.ModuleDict({"module": nn.Linear(2, 2)}) for _ in range(2))

    load_by_name(model, other.state_dict())

    assert torch.equal(model["module"].weight, other["module"].weight)


def test_another_architecture_is_refused():
    with pytest.raises(RuntimeError, match="Missing key"):
        load_by_name(small_model(), nn.Linear(2, 2).state_dict())


@pytest.mark.parametrize("wrapper", ["compiled", "data parallel"])
def test_a_wrapped_run_is_restored_into_the_plain_model_and_resumed_by_it(
    quick_fit, tmp_path, wrapper
):
    average = WeightAverage(0.5)
    history, wrapped = quick_fit(
        WRAPPERS[wrapper](small_model()), checkpoints=tmp_path, callbacks=[average]
    )
    plain = small_model(seed=1)

    assert restore_model(plain, tmp_path, "last") == 6
    longer, resumed = quick_fit(
        small_model(seed=2), checkpoints=tmp_path, callbacks=[WeightAverage(0.5)], epochs=3
    )

    assert torch.equal(plain[0].weight, next(iter(wrapped.parameters())))
    assert longer.steps["loss"][:6] == history.steps["loss"]
    assert history.settings["model"] == "Sequential"
    assert len(longer.steps["loss"]) == 9
    assert torch.isfinite(resumed[0].weight).all()


def test_a_layer_of_a_compiled_model_is_named_as_in_the_plain_one(quick_fit):
    model = small_model()
    with torch.no_grad():
        model[3].weight[0, 0] = torch.nan

    history, _ = quick_fit(torch.compile(model, backend="eager"))

    assert history.events[0]["where"] == "3"
