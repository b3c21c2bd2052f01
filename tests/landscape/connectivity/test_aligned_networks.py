"""Residual streams, norms and attention: the same function in another order, and back again."""

import copy
from itertools import permutations, product

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from lossedu.landscape import Objective
from lossedu.landscape.connectivity.alignment import _permuted, align, aligned_barrier
from lossedu.landscape.connectivity.following import units_of
from lossedu.training.random_states import scoped
from tests.landscape.connectivity.chains import images
from tests.landscape.connectivity.networks import HEADS, NETWORKS, WIDTH, network


def outputs(model):
    with torch.no_grad():
        return model(images())


def in_random_order(model, seed):
    """A copy with units, heads and what is inside of them in an order that is drawn."""
    draw, units, orders = np.random.default_rng(seed), units_of(model), {}
    for group in units.groups():
        heads = units.space(group[0]).heads
        places = draw.permutation(heads)
        for space in group:
            size = units.space(space).size // heads
            inner = [draw.permutation(size) for _ in places]
            orders[space] = np.concatenate(
                [place * size + order for place, order in zip(places, inner, strict=True)]
            )
    other = copy.deepcopy(model)
    other.load_state_dict(_permuted(units, model.state_dict(), orders))
    return other


@pytest.mark.parametrize("name", NETWORKS)
def test_the_permuted_model_is_the_same_function(name):
    reference, model = network(name, 1), network(name, 2)

    alignment = align(reference, model)
    aligned = copy.deepcopy(model)
    aligned.load_state_dict(alignment.state_dict)

    assert alignment.similarity[1] > alignment.similarity[0]
    assert all((p != torch.arange(len(p))).any() for p in alignment.permutations.values())
    torch.testing.assert_close(outputs(aligned), outputs(model), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_planted_order_is_undone(name):
    model = network(name, 5)
    other = in_random_order(model, 6)
    moved = [
        key
        for key, tensor in model.state_dict().items()
        if not torch.equal(tensor, other.state_dict()[key])
    ]

    alignment = align(model, other)

    assert len(moved) > len(list(model.parameters())) // 2
    torch.testing.assert_close(outputs(other), outputs(model), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(alignment.state_dict, model.state_dict(), rtol=0, atol=0)


def turned(tensor, dim, order):
    with torch.no_grad():
        tensor.copy_(tensor.index_select(dim, torch.as_tensor(order)))


def test_every_order_of_a_residual_network_that_one_can_write_down_is_undone():
    model = network("resnet", 3)
    other, draw = copy.deepcopy(model), np.random.default_rng(0)
    stream, wide, inside = (draw.permutation(size) for size in (6, 8, 8))
    for convolution, norm in (
        (other.stem[0], other.stem[1]),
        *((block.conv2, block.bn2) for block in other.layer1),
    ):
        for tensor in (convolution.weight, *norm.parameters(), *list(norm.buffers())[:2]):
            turned(tensor, 0, stream)
    second = other.layer2[0]
    for convolution in (
        *(block.conv1 for block in other.layer1),
        second.conv1,
        second.downsample[0],
    ):
        turned(convolution.weight, 1, stream)
    for convolution, norm in (
        (second.conv2, second.bn2),
        (second.downsample[0], second.downsample[1]),
        (other.layer2[1].conv2, other.layer2[1].bn2),
    ):
        for tensor in (convolution.weight, *norm.parameters(), *list(norm.buffers())[:2]):
            turned(tensor, 0, wide)
    for tensor in (other.layer2[1].conv1.weight, other.fc.weight):
        turned(tensor, 1, wide)
    for tensor in (
        second.conv1.weight,
        *second.bn1.parameters(),
        *list(second.bn1.buffers())[:2],
    ):
        turned(tensor, 0, inside)
    turned(second.conv2.weight, 1, inside)

    torch.testing.assert_close(outputs(other), outputs(model), rtol=1e-12, atol=1e-12)
    aligned = align(model, other).state_dict
    torch.testing.assert_close(aligned, model.state_dict(), rtol=0, atol=0)


def test_every_order_of_heads_that_one_can_write_down_is_undone():
    model = network("encoder", 3)
    other, draw, size = copy.deepcopy(model), np.random.default_rng(0), WIDTH // HEADS
    for layer in other.encoder.layers:
        heads = draw.permutation(HEADS)
        keys, values = (
            np.concatenate([head * size + draw.permutation(size) for head in heads])
            for _ in range(2)
        )
        three = np.concatenate([keys, WIDTH + keys, 2 * WIDTH + values])
        turned(layer.self_attn.in_proj_weight, 0, three)
        turned(layer.self_attn.in_proj_bias, 0, three)
        turned(layer.self_attn.out_proj.weight, 1, values)

    torch.testing.assert_close(outputs(other), outputs(model), rtol=1e-12, atol=1e-12)
    aligned = align(model, other).state_dict
    torch.testing.assert_close(aligned, model.state_dict(), rtol=0, atol=0)


class Alone(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix = nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x):
        return self.mix(x, x, x)[0]


def orders_of_heads(heads):
    for inner in product(list(permutations(range(2))), repeat=2):
        yield [head * 2 + k for head, order in zip(heads, inner, strict=True) for k in order]


@torch.no_grad()
def test_heads_are_assigned_by_their_best_inner_orders():
    with scoped(0):
        one, other = (Alone().double().eval() for _ in range(2))

    def similarity(keys, values):
        three = [*keys, *(4 + k for k in keys), *(8 + v for v in values)]
        mine, theirs = one.mix, other.mix
        pairs = (
            (mine.in_proj_weight, theirs.in_proj_weight[three]),
            (mine.in_proj_bias, theirs.in_proj_bias[three]),
            (mine.out_proj.weight, theirs.out_proj.weight[:, values]),
            (mine.out_proj.bias, theirs.out_proj.bias),
        )
        return sum(float((a * b).sum()) for a, b in pairs)

    best = max(
        similarity(keys, values)
        for heads in permutations(range(2))
        for keys in orders_of_heads(heads)
        for values in orders_of_heads(heads)
    )

    assert align(one, other).similarity[1] == pytest.approx(best, rel=1e-12)


def test_a_barrier_between_orders_of_one_transformer_is_gone():
    model = network("language", 4)
    other = in_random_order(model, 7)
    targets = torch.arange(20) % 4
    objective = Objective(model, functional.cross_entropy, (images(), targets))

    result = aligned_barrier(objective, model, other)

    assert result.before.height > 1e-3
    assert result.after.height < 1e-9


class HeadsApart(nn.Module):
    """A model that tells its heads apart by a mask that no step shows."""

    def __init__(self):
        super().__init__()
        self.embed, self.head = nn.Linear(8, WIDTH), nn.Linear(WIDTH, 4)
        self.mix = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        mask = torch.zeros(HEADS, 8, 8)
        mask[0, :, 3:] = -9.0
        self.register_buffer("mask", mask.double())

    def forward(self, x):
        x = self.embed(x)
        mask = self.mask.repeat(x.shape[0], 1, 1)
        return self.head(self.mix(x, x, x, attn_mask=mask, need_weights=False)[0].mean(1))


def test_a_model_that_becomes_another_function_is_not_called_aligned():
    with scoped(1):
        model = HeadsApart().double().eval()
    other = in_random_order(model, 1)
    data = (images(), torch.arange(20) % 4)
    objective = Objective(model, functional.cross_entropy, data)

    with pytest.raises(ValueError, match="model must have the same loss in another order"):
        aligned_barrier(objective, model, other)
