"""Compressed weights are representable, and the landscape's prediction is Taylor's."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from lossedu.landscape import Objective
from lossedu.landscape.reports.compression import as_float16, as_int8, compression_path, prune
from lossedu.training.random_states import scoped


def objective(dtype=torch.float64):
    with scoped(0):
        model = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3)).to(dtype)
        x, y = torch.randn(20, 5, dtype=dtype), torch.randint(3, (20,))
    return Objective(model, cross_entropy, (x, y))


def tensors(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        "a": torch.randn(6, 5, generator=generator),
        "k": torch.randn(4, 2, 3, 3, generator=generator),
        "bias": torch.randn(4, generator=generator),
    }


@given(share=st.floats(0, 1), seed=st.integers(0, 50))
def test_pruning_takes_the_smallest_weights_of_all_and_no_more(share, seed):
    given = tensors(seed)
    result = prune(given, share)

    before = torch.cat([given["a"].flatten(), given["k"].flatten()])
    after = torch.cat([result["a"].flatten(), result["k"].flatten()])
    kept = after != 0
    assert int((~kept).sum()) == round(share * len(before))
    assert torch.equal(after[kept], before[kept])
    if kept.any() and not kept.all():
        assert before[kept].abs().min() >= before[~kept].abs().max()
    assert torch.equal(result["bias"], given["bias"])


@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 50))
def test_int8_weights_are_whole_multiples_of_a_step_and_within_half_of_one(scale, seed):
    given = {name: scale * tensor for name, tensor in tensors(seed).items()}
    result = as_int8(given)

    for name in ("a", "k"):
        before, after = given[name].flatten(1).double(), result[name].flatten(1).double()
        step = before.abs().amax(1, keepdim=True) / 127
        whole = after / step
        torch.testing.assert_close(whole, whole.round(), rtol=0, atol=1e-4)
        assert float(whole.abs().max()) <= 127.001
        assert float(((after - before) / step).abs().max()) <= 0.5001
    assert torch.equal(result["bias"], given["bias"])


def test_a_unit_of_zeros_stays_zero():
    assert not as_int8({"a": torch.zeros(3, 4)})["a"].any()


def test_float16_weights_are_float16_numbers():
    result = as_float16(tensors())

    for name in ("a", "k"):
        assert torch.equal(result[name].half().float(), result[name])
        torch.testing.assert_close(result[name], tensors()[name], rtol=2**-11, atol=1e-7)


def test_the_prediction_is_the_dense_taylor_expansion():
    loss = objective()
    path = compression_path(loss, pruned=[0.5])

    batch = next(loss.batches())
    matrix = torch.func.hessian(lambda t: loss.differentiable(t, batch))(loss.point)
    gradient = loss.gradient(loss.point)
    assert [p.name for p in path.points] == ["50 % pruned", "float16", "int8"]
    for point in path.points:
        moved = point.theta - loss.point
        first = path.loss + float(gradient @ moved)
        assert point.loss == loss.value(point.theta)
        assert point.first_order == pytest.approx(first, rel=1e-12)
        second = first + 0.5 * float(moved @ matrix @ moved)
        assert point.second_order == pytest.approx(second, rel=1e-10)
        assert point.distance == pytest.approx(float(moved.norm() / loss.point.norm()))


def test_on_a_quadratic_the_second_order_is_exact():
    x = torch.randn(20, 4, generator=torch.Generator().manual_seed(0)).double()
    path = compression_path(Objective(nn.Linear(4, 2).double(), mse_loss, (x, x[:, :2])))

    losses = [point.loss for point in path.points]
    np.testing.assert_allclose([p.second_order for p in path.points], losses, rtol=1e-10)
    assert len(path.table().rows) == 1 + len(path.points)


def test_nothing_pruned_is_no_movement_and_a_wrong_share_is_refused():
    path = compression_path(objective(), pruned=[0.0])

    assert path.points[0].distance == 0
    assert path.points[0].loss == path.loss
    with pytest.raises(ValueError, match="pruned must"):
        compression_path(objective(), pruned=[1.5])


def test_shares_that_look_alike_are_all_kept_and_named_exactly():
    path = compression_path(objective(), pruned=[0.991, 0.994, 0.9999, 0.29])

    names = [point.name for point in path.points[:4]]
    assert names == ["99.1 % pruned", "99.4 % pruned", "99.99 % pruned", "29 % pruned"]


def test_tensors_without_entries_stay_and_a_wrong_share_is_refused():
    empty = {"a": torch.zeros(0, 5), "b": torch.zeros(3, 0)}

    for result in (as_int8(empty), as_float16(empty), prune(empty, 0.5)):
        assert [tuple(tensor.shape) for tensor in result.values()] == [(0, 5), (3, 0)]
    for share in (-0.5, 1.5, float("nan")):
        with pytest.raises(ValueError, match="share must"):
            prune(tensors(), share)


def test_a_weight_beyond_float16_is_infinite_and_has_no_expansion():
    loss = objective()
    theta = loss.point.clone()
    theta[0] = 1e5

    point = next(p for p in compression_path(loss, theta=theta).points if p.name == "float16")

    assert point.distance == np.inf
    assert np.isnan(point.second_order)
