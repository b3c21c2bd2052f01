"""Alignment changes the order of hidden units and nothing else."""

import copy
from itertools import permutations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from lossedu.landscape import Objective
from lossedu.landscape.connectivity.alignment import align, aligned_barrier
from lossedu.training.random_states import scoped
from tests.landscape.connectivity.chains import MODELS, built, images, shuffled


def test_of_orders_that_are_equally_good_no_rounding_chooses():
    generator = torch.Generator().manual_seed(0)
    reference, model = (
        nn.Sequential(nn.Linear(20, 12), nn.Tanh(), nn.Linear(12, 5)).double() for _ in range(2)
    )
    with torch.no_grad():
        for parameter in (*reference.parameters(), *model.parameters()):
            parameter.copy_(torch.randn(parameter.shape, generator=generator).double())
        thrice = torch.arange(12) // 3  # units of the reference that nothing tells apart
        reference[0].weight.copy_(reference[0].weight[thrice])
        reference[0].bias.copy_(reference[0].bias[thrice])
        reference[2].weight.copy_(reference[2].weight[:, thrice])
    expected = align(reference, model).permutations

    for _ in range(10):  # the same sums in another order
        inputs = torch.randperm(20, generator=generator)
        with torch.no_grad():
            for each in (reference, model):
                each[0].weight.copy_(each[0].weight[:, inputs])
        assert align(reference, model).permutations["0"].tolist() == expected["0"].tolist()


@pytest.mark.parametrize("name", MODELS)
def test_the_permuted_model_is_the_same_function(name):
    reference, model = built(name, 1), built(name, 2)
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    aligned = copy.deepcopy(model)

    alignment = align(reference, model)
    aligned.load_state_dict(alignment.state_dict)

    assert alignment.similarity[1] > alignment.similarity[0]
    assert any((p != torch.arange(len(p))).any() for p in alignment.permutations.values())
    with torch.no_grad():
        difference = (aligned(images()) - model(images())).abs().max().item()
    assert difference < 1e-10
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)


@settings(max_examples=15)
@given(name=st.sampled_from(sorted(MODELS)), seed=st.integers(0, 10_000))
def test_a_shuffled_copy_is_recognised_and_has_no_barrier_afterwards(name, seed):
    model = built(name, seed)
    other = shuffled(model, seed)
    with torch.no_grad():
        assert torch.allclose(other(images()), model(images()), atol=1e-10)
    targets = torch.arange(20) % 4
    objective = Objective(model, functional.cross_entropy, (images(), targets), batch_norm="batch")

    result = aligned_barrier(objective, model, other)

    torch.testing.assert_close(result.alignment.state_dict, model.state_dict(), rtol=0, atol=1e-12)
    assert result.after.height < 1e-6


def test_the_shuffled_copy_of_a_trained_model_has_a_barrier_before():
    model = built("mlp", 0).train()
    x, y = images(60), torch.arange(60) % 4
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(150):
        optimizer.zero_grad()
        functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    objective = Objective(model, functional.cross_entropy, (x, y), batch_norm="recomputed")

    result = aligned_barrier(objective, model, shuffled(model, 5))

    assert result.before.height > 0.05
    assert result.after.height < 1e-6
    assert [row[1] for row in result.table().rows] == [result.before.height, result.after.height]


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_a_deep_copy_is_recognised_though_both_ends_say_little(seed):
    with scoped(seed):
        layers = [nn.Linear(32, 32, bias=False) for _ in range(8)]
    model = nn.Sequential(*(part for layer in layers for part in (layer, nn.Tanh()))).double()
    with torch.no_grad():
        for layer in (layers[0], layers[-1]):
            layer.weight.mul_(1e-3)

    aligned = align(model, shuffled(model, seed)).state_dict

    torch.testing.assert_close(aligned, model.state_dict(), rtol=0, atol=1e-12)


def test_the_best_order_of_one_hidden_layer_is_found():
    with scoped(0):
        pair = [nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2)).double() for _ in "ab"]
    one, other = (model.state_dict() for model in pair)

    def similarity(order):
        order = list(order)
        sums = [one[k] * other[k][order] for k in ("0.weight", "0.bias")]
        sums += [one["2.weight"] * other["2.weight"][:, order], one["2.bias"] * other["2.bias"]]
        return sum(float(s.sum()) for s in sums)

    best = max(map(similarity, permutations(range(5))))

    assert align(*pair).similarity[1] == pytest.approx(best, rel=1e-12)


def test_float32_models_are_aligned_in_their_own_dtype():
    reference, model = built("cnn", 1).float(), built("cnn", 2).float()

    state = align(reference, model).state_dict

    assert {t.dtype for t in state.values() if t.is_floating_point()} == {torch.float32}
