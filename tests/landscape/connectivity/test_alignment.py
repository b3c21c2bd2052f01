"""Alignment changes the order of hidden units and nothing else."""

import copy
from itertools import pairwise, permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional
from torch.nn.utils import prune

from lossedu.landscape import Objective
from lossedu.landscape.connectivity.alignment import align, aligned_barrier
from lossedu.landscape.connectivity.chain import chain_of
from lossedu.training.random_states import scoped


class ByHand(nn.Module):
    """A chain whose forward is written out, with steps before and behind it that are no layers."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 3)
        self.body = nn.Sequential(nn.Conv2d(6, 5, 3, bias=False), nn.BatchNorm2d(5))
        self.head = nn.Linear(5 * 2 * 2, 4)

    def forward(self, x):
        x = functional.relu(self.conv((x - 0.5).reshape(-1, 1, 8, 8)))
        x = functional.max_pool2d(torch.tanh(self.body(x)), 2)
        return self.head(x.flatten(1)).squeeze(-1) * 2


def mlp():
    first = nn.Linear(64, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Dropout(0.2)
    return nn.Sequential(
        nn.Flatten(), *first, nn.Linear(9, 7, bias=False), nn.GELU(), nn.Linear(7, 4)
    )


def cnn():
    first = nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2)
    second = nn.Conv2d(6, 8, 3), nn.BatchNorm2d(8), nn.PReLU(), nn.Flatten()
    return nn.Sequential(
        nn.Unflatten(1, (1, 8)), *first, *second, nn.Linear(8, 5), nn.Tanh(), nn.Linear(5, 4)
    )


MODELS = {"mlp": mlp, "cnn": cnn, "by hand": ByHand}


def built(name, seed):
    with scoped(seed):
        model = MODELS[name]().double()
        model.train()
        model(torch.randn(32, 8, 8).double())  # gives batch norm statistics of its own
    return model.eval()


def images(n=20, seed=3):
    return torch.randn(n, 8, 8, generator=torch.Generator().manual_seed(seed)).double()


def shuffled(model, seed):
    """A copy with hidden units in another order, permuted by loops over layers written here."""
    draw = np.random.default_rng(seed)
    other, links = copy.deepcopy(model), chain_of(model)
    modules = dict(other.named_modules())
    with torch.no_grad():
        for link, following in pairwise(links):
            layer, after = modules[link.name], modules[following.name]
            order = torch.from_numpy(draw.permutation(len(layer.weight)))
            owners = [layer, *(modules[name] for name in link.norms)]
            for tensor in (t for o in owners for t in (*o.parameters(), *o.buffers()) if t.ndim):
                tensor.copy_(tensor[order].clone())
            each = after.weight[0].numel() // len(order)
            columns = (order[:, None] * each + torch.arange(each)).flatten()
            flat = after.weight.reshape(len(after.weight), -1)
            after.weight.copy_(flat[:, columns].reshape(after.weight.shape))
    return other


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


class Aliased(nn.Module):
    """The same layers by two names each."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 6), nn.Linear(6, 2)
        self.body = nn.Sequential(self.a, nn.Tanh(), self.b)

    def forward(self, x):
        return self.body(x)


def test_layers_with_two_names_are_permuted_under_both():
    with scoped(0):
        reference, model, x = Aliased().double(), Aliased().double(), torch.randn(5, 3).double()
    before = model(x)

    alignment = align(reference, model)
    model.load_state_dict(alignment.state_dict)

    assert (alignment.permutations["a"] != torch.arange(6)).any()
    permuted = alignment.state_dict
    assert torch.equal(permuted["body.0.weight"], permuted["a.weight"])
    torch.testing.assert_close(model(x), before)


def test_wrapped_models_are_aligned_inside():
    reference, model = built("mlp", 1), built("mlp", 2)

    plain, wrapped = align(reference, model), align(reference, torch.compile(model))

    torch.testing.assert_close(wrapped.state_dict, plain.state_dict, rtol=0, atol=0)


def test_a_layer_that_the_objective_keeps_fixed_cannot_move_with_the_rest():
    model = built("mlp", 0)
    model[1].requires_grad_(False)
    data = (images(), torch.arange(20) % 4)
    objective = Objective(model, functional.cross_entropy, data, batch_norm="batch")

    with pytest.raises(ValueError, match=r"objective must vary .* keeps '1\.weight'"):
        aligned_barrier(objective, model, shuffled(model, 3))
    assert aligned_barrier(objective, model, copy.deepcopy(model)).after.height < 1e-12


def test_weights_that_are_not_finite_are_refused():
    model, broken = built("mlp", 0), built("mlp", 1)
    with torch.no_grad():
        broken[5].weight[0, 0] = torch.nan

    with pytest.raises(ValueError, match=r"model must have finite weights, but '5\.weight'"):
        align(model, broken)
    with pytest.raises(ValueError, match="reference must have finite weights"):
        align(broken, model)


def test_float32_models_are_aligned_in_their_own_dtype():
    reference, model = built("cnn", 1).float(), built("cnn", 2).float()

    state = align(reference, model).state_dict

    assert {t.dtype for t in state.values() if t.is_floating_point()} == {torch.float32}


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x):
        x = self.a(x)
        return self.c(x + self.b(x))


class Looping(Residual):
    def forward(self, x):
        return self.b(self.a(self.a(x)))


class Branching(Residual):
    def forward(self, x):
        return self.b(x) if x.sum() > 0 else self.a(x)


class Parallel(Residual):
    def forward(self, x):
        return self.b(x) + self.a(x)


class Sorting(Residual):
    def forward(self, x):
        return self.b(self.a(x).sort().values)


def rows(*steps, last=8):
    return nn.Sequential(nn.Linear(4, 8), *steps, nn.Linear(last, 3))


def places(*steps, last=256):
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), *steps, nn.Linear(last, 3))


def tied():
    model = rows(nn.Linear(8, 8), nn.Linear(8, 8))
    model[2].weight = model[1].weight
    return model


def one_norm_twice():
    norm = nn.BatchNorm1d(8)
    return rows(norm, nn.Linear(8, 8), norm)


def pruned():
    model = rows()
    prune.l1_unstructured(model[0], "bias", 0.5)
    return model


class FirstTwoAxes(Residual):
    def forward(self, x):
        return self.b(torch.flatten(self.a(x), end_dim=1))


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (rows(nn.Flatten(), last=40), "the inputs of '2' are not the 8 units of '0'"),
        (rows(nn.AvgPool1d(2), last=4), "'1' pools over the units of '0'"),
        (places(nn.Flatten(), nn.MaxPool1d(2), last=128), "'2' pools over the units of '0'"),
        (places(last=8), "the inputs of '1' are not the 4 units of '0'"),
        (places(nn.Flatten(1, 2), last=8), "'1' flattens from axis 1 to 2"),
        (places(nn.Flatten(), nn.BatchNorm1d(256)), "'2' has 256 features for the 4 units"),
        (FirstTwoAxes(), "'flatten' flattens from axis 0 to 1"),
        (tied(), "'1.weight' and '2.weight' are one tensor"),
        (one_norm_twice(), "'1' is used twice"),
        (pruned(), "'0' computes its weights from others"),
        (Residual(), "the output of 'a' is used 2 times"),
        (Looping(), "'a' is used twice"),
        (Parallel(), "'a' does not follow 'b' alone"),
        (Branching(), "cannot be followed"),
        (Sorting(), "calls 'sort'"),
        (nn.Sequential(nn.Linear(3, 3)), "1 layers with weights"),
        (nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3), nn.Linear(3, 3)), "'1' is a LayerNorm"),
        (nn.Sequential(nn.Linear(3, 3), nn.PReLU(3), nn.Linear(3, 3)), "'1' is a PReLU"),
        (nn.Sequential(nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, 1, groups=2)), "'1' has 2 groups"),
        (nn.Sequential(nn.Conv2d(2, 2, 1), nn.Flatten(2), nn.Linear(4, 2)), "from axis 2"),
    ],
)
def test_what_is_no_chain_is_refused_in_words(model, said):
    with pytest.raises(ValueError, match="model must be a chain") as refused:
        align(model, model)
    assert said in str(refused.value)


def test_models_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match="they differ in"):
        align(built("mlp", 0), built("cnn", 0))
