"""The loss on an old task is watched while a new one is learnt."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from lossedu.landscape.reports.forgetting import OldTask
from lossedu.training import Checkpoints, fit
from lossedu.training.random_states import scoped


def tasks():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(40, 4, generator=generator).double()
    return (x, (x[:, 0] > 0).long()), (x, (x[:, 0] < 0).long())


def network(seed=3):
    with scoped(seed):
        return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2)).double()


def learnt(model, data, steps, callbacks=(), **options):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    settings = {"batch_size": 40, "progress": False, "callbacks": callbacks}
    fit(model, cross_entropy, data, optimizer=optimizer, steps=steps, **settings, **options)


def test_a_contrary_task_is_forgetting_and_the_figures_are_those_of_the_model():
    old, new = tasks()
    model = network()
    learnt(model, old, 60)
    before = cross_entropy(model(old[0]), old[1]).item()
    watch = OldTask(cross_entropy, old, every=5)

    learnt(model, new, 20, [watch])

    found = watch.result()
    after = cross_entropy(model(old[0]), old[1]).item()
    assert found.steps.tolist() == [0, 5, 10, 15, 20]
    assert found.losses[[0, -1]].tolist() == pytest.approx([before, after], rel=1e-12)
    assert found.forgotten == pytest.approx(after - before)
    assert found.forgotten > 0.5
    assert found.worst >= found.forgotten
    assert found.distances[0] == 0
    assert np.isnan(found.predicted).all()
    assert found.table().rows[-1][0] == "20"


def test_on_a_quadratic_the_prediction_is_the_loss():
    x = torch.randn(20, 3, generator=torch.Generator().manual_seed(0)).double()
    watch = OldTask(mse_loss, (x, x[:, :1]), predict=True)
    model = nn.Linear(3, 1).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    fit(
        model,
        nn.MSELoss(),
        (x, x[:, 1:2]),
        optimizer=optimizer,
        steps=5,
        progress=False,
        callbacks=[watch],
    )

    found = watch.result()
    np.testing.assert_allclose(found.predicted, found.losses, rtol=1e-10)


def test_a_run_that_was_stopped_is_watched_as_one(tmp_path):
    old, new = tasks()
    whole, first, second = (OldTask(cross_entropy, old, predict=True) for _ in range(3))
    learnt(network(), new, 8, [whole])

    learnt(network(), new, 5, [first], checkpoints=Checkpoints(tmp_path))
    learnt(network(seed=4), new, 8, [second], checkpoints=Checkpoints(tmp_path))

    np.testing.assert_allclose(second.result().losses, whole.result().losses, rtol=1e-12)
    np.testing.assert_allclose(second.result().distances, whole.result().distances, rtol=1e-12)
    np.testing.assert_allclose(second.result().predicted, whole.result().predicted, rtol=1e-12)


def test_a_result_before_training_is_refused():
    with pytest.raises(RuntimeError, match="result must be asked after training"):
        OldTask(mse_loss, tasks()[0]).result()


def test_a_second_run_is_watched_as_if_it_were_the_first():
    old, new = tasks()
    fresh, used = (OldTask(cross_entropy, old, predict=True) for _ in range(2))
    learnt(network(), new, 9, [used])

    learnt(network(seed=5), new, 4, [used])
    learnt(network(seed=5), new, 4, [fresh])

    assert used.result().steps.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(used.result().losses, fresh.result().losses)
    np.testing.assert_array_equal(used.result().predicted, fresh.result().predicted)


def test_layers_that_are_released_on_the_way_do_not_change_what_is_compared():
    class Release:
        def after_step(self, run):
            run.model[0].requires_grad_(run.step >= 2)

    old, new = tasks()
    model = network()
    model[0].requires_grad_(False)
    before = nn.utils.parameters_to_vector(model[2].parameters()).detach().clone()
    watch = OldTask(cross_entropy, old, predict=True)

    learnt(model, new, 4, [Release(), watch])

    after = nn.utils.parameters_to_vector(model[2].parameters()).detach()
    found = watch.result()
    assert found.distances[-1] == pytest.approx((after - before).norm().item(), rel=1e-12)
    expected = cross_entropy(model(old[0]), old[1]).item()
    assert found.losses[-1] == pytest.approx(expected, rel=1e-12)


def test_a_model_that_keeps_its_last_activations_is_watched():
    class Keeping(nn.Linear):
        def forward(self, x):
            self.last = super().forward(x)
            return self.last

    old, new = tasks()
    model = Keeping(4, 2).double()
    model(old[0])
    watch = OldTask(cross_entropy, old, predict=True)

    learnt(model, new, 2, [watch])

    assert watch.result().steps.tolist() == [0, 1, 2]
    assert model.last.grad_fn is not None
