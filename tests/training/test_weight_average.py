"""An average of weights is the mean of what training passed through, in its own precision."""

import torch

from lossedu.training import WeightAverage
from tests.training.conftest import small_data, small_model


def test_weights_are_averaged_after_every_step(quick_fit):
    seen = []

    class Recorder:
        def after_step(self, run):
            seen.append([p.detach().clone() for p in run.model.parameters()])

    average, model = WeightAverage(0.5), small_model()
    expected = [p.detach().clone() for p in model.parameters()]
    quick_fit(model, callbacks=[average, Recorder()])

    for values in seen:
        expected = [0.5 * mean + 0.5 * value for mean, value in zip(expected, values, strict=True)]
    for ours, theirs in zip(average.model.parameters(), expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_an_average_of_weights_in_half_precision_is_off_by_its_rounding_alone(quick_fit):
    seen = []

    class Recorder:
        def after_step(self, run):
            seen.append(next(run.model.parameters()).detach().double())

    model = small_model().bfloat16()
    x, y = small_data()
    expected, average = next(model.parameters()).detach().double(), WeightAverage(0.99)
    quick_fit(model, train=(x.bfloat16(), y), epochs=60, callbacks=[average, Recorder()])

    for value in seen:
        expected = 0.99 * expected + 0.01 * value
    ours = next(average.model.parameters()).double()
    torch.testing.assert_close(ours, expected, rtol=2**-8, atol=1e-6)


def test_an_averaged_model_computes_in_its_own_precision(quick_fit):
    average, model = WeightAverage(0.5), small_model()
    x, _ = small_data()
    quick_fit(model, precision="bf16", callbacks=[average])

    plain = small_model()
    plain.load_state_dict(average.model.state_dict())

    assert torch.equal(average.model(x), plain(x))
