"""Which models can be aligned, and why others are refused."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import prune

from lossedu.landscape import Objective
from lossedu.landscape.connectivity.alignment import align, aligned_barrier
from lossedu.training.random_states import scoped
from tests.landscape.connectivity.chains import built, images, shuffled


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


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 3), nn.Linear(3, 3)


class Branching(Two):
    def forward(self, x):
        return self.b(x) if x.sum() > 0 else self.a(x)


class Parallel(Two):
    def forward(self, x):
        return self.b(x) + self.a(x)


class Sorting(Two):
    def forward(self, x):
        return self.b(self.a(x).sort().values)


class Weighing(Two):
    """Its attention weights are read, which differ from head to head."""

    def __init__(self):
        super().__init__()
        self.mix = nn.MultiheadAttention(3, 1)

    def forward(self, x):
        mixed, weights = self.mix(*[self.a(x)] * 3)
        return self.b(mixed) * weights.sum()


class FirstTwoAxes(Two):
    def forward(self, x):
        return self.b(torch.flatten(self.a(x), end_dim=1))


class OtherAxes(Two):
    """Units of rows that meet those of channels."""

    def __init__(self):
        super().__init__()
        self.c, self.d = nn.Conv2d(1, 3, 1), nn.Linear(3, 3)

    def forward(self, x):
        return self.d(self.c(x[:, None, None]) + self.a(x))


class Uneven(Two):
    def __init__(self):
        super().__init__()
        self.c, self.d = nn.Linear(3, 6), nn.Linear(6, 2)

    def forward(self, x):
        return self.d(torch.cat([self.a(x), self.b(x)], dim=-1) + self.c(x))


class Ambiguous(Two):
    def forward(self, x):
        return self.b(torch.cat([self.a(x), self.a(x)], dim=1))


def rows(*steps, last=8):
    return nn.Sequential(nn.Linear(4, 8), *steps, nn.Linear(last, 3))


def places(*steps, last=256):
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), *steps, nn.Linear(last, 3))


def pruned():
    model = rows()
    prune.l1_unstructured(model[0], "bias", 0.5)
    return model


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (rows(nn.Flatten(), last=40), "the inputs of '2' are not the 8 units of '0'"),
        (rows(nn.AvgPool1d(2), last=4), "'1' pools over the units of '0'"),
        (places(nn.Flatten(), nn.MaxPool1d(2), last=128), "'2' pools over the units of '0'"),
        (places(last=8), "the inputs of '1' are not the 4 units of '0'"),
        (places(nn.Flatten(2), last=64), "the inputs of '2' are not the 4 units of '0'"),
        (places(nn.Flatten(1, 2), last=8), "'1' flattens from axis 1 to 2"),
        (places(nn.Flatten(), nn.BatchNorm1d(250)), "'2' has 250 features for the 4 units"),
        (places(nn.GroupNorm(2, 4), nn.Flatten()), "'1' normalises in 2 groups of units"),
        (rows(nn.LayerNorm(4)), "'1' normalises (4,), which are not the 8 units of '0'"),
        (rows(nn.LSTM(8, 8)), "'1' is a LSTM"),
        (FirstTwoAxes(), "'flatten' flattens from axis 0 to 1"),
        (OtherAxes(), "'add' joins units of 'c' and 'a' that lie on other axes"),
        (Uneven(), "'add' joins the units of 'a' and 'b' with those of 'c', which lie otherwise"),
        (Ambiguous(), "'cat' joins along an axis that may be that of units or another"),
        (Weighing(), "it uses the attention weights of 'mix'"),
        (pruned(), "'0' computes its weights from others"),
        (Parallel(), "it has no hidden units whose order is free"),
        (Branching(), "cannot be followed"),
        (Sorting(), "calls 'sort'"),
        (nn.Sequential(nn.Linear(3, 3)), "no hidden units whose order is free"),
        (rows(nn.PReLU(3)), "'1' has slopes of other units than those of '0'"),
        (nn.Sequential(nn.Conv2d(2, 2, 1), nn.Conv2d(2, 4, 1, groups=2)), "'1' has 2 groups"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_followed_is_refused_in_words(model, said):
    with pytest.raises(ValueError, match="model must be of layers whose hidden units") as refused:
        align(model, model)
    assert said in str(refused.value)


class Looping(Two):
    """One layer twice, so that its columns and rows are in one order."""

    def __init__(self):
        super().__init__()
        self.into = nn.Linear(4, 3)

    def forward(self, x):
        return self.b(self.a(torch.tanh(self.a(self.into(x)))))


def tied():
    model = rows(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 8))
    model[3].weight = model[1].weight
    return model


def one_norm_twice():
    norm = nn.BatchNorm1d(8)
    nn.init.normal_(norm.weight)
    return rows(norm, nn.Linear(8, 8), norm)


@pytest.mark.parametrize("make", [Looping, tied, one_norm_twice, lambda: rows(nn.PReLU(8))])
def test_what_is_used_twice_is_in_one_order(make):
    with scoped(0):
        reference, model = make().double().eval(), make().double().eval()
    x = torch.randn(6, 4, dtype=torch.float64)
    before = model(x)

    alignment = align(reference, model)
    model.load_state_dict(alignment.state_dict)

    assert any((p != torch.arange(len(p))).any() for p in alignment.permutations.values())
    torch.testing.assert_close(model(x), before, rtol=1e-10, atol=1e-10)


def test_a_norm_of_flattened_channels_follows_them():
    make = nn.Conv2d(1, 4, 3), nn.Flatten(), nn.BatchNorm1d(16), nn.Linear(16, 3)
    reference, model = (copy.deepcopy(nn.Sequential(*make)).double() for _ in range(2))
    x = torch.randn(9, 1, 4, 4, dtype=torch.float64)
    with torch.no_grad():
        for module in (model[0], model[2]):
            module.weight.copy_(torch.randn_like(module.weight))
    model(x)
    model.eval()
    before = model(x)

    alignment = align(reference, model)
    model.load_state_dict(alignment.state_dict)

    assert (alignment.permutations["0"] != torch.arange(4)).any()
    torch.testing.assert_close(model(x), before, rtol=1e-10, atol=1e-10)


def test_models_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match="they differ in"):
        align(built("mlp", 0), built("cnn", 0))


class Powers(Two):
    """Exponents and bounds that are units as well."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(3, 7), nn.Linear(3, 7), nn.Linear(7, 2)

    def forward(self, x):
        inside = torch.pow(self.a(x).abs() + 1, self.b(x))
        return self.c(torch.pow(0.5, inside.clamp(max=3)))


class OwnBuffer(Two):
    """A tensor that is in no ``state_dict``, so that nothing can follow it."""

    def __init__(self):
        super().__init__()
        self.register_buffer("shift", torch.arange(3.0), persistent=False)
        self.first, self.a = nn.Linear(3, 7), nn.Linear(7, 3)

    def forward(self, x):
        return self.b(torch.tanh(self.a(torch.tanh(self.first(x))) + self.shift))


@pytest.mark.parametrize("kind", [Powers, OwnBuffer])
def test_what_meets_entry_by_entry_is_in_one_order_or_stays(kind):
    with scoped(2):
        reference, model = kind().double(), kind().double()
    x = torch.randn(6, 3, dtype=torch.float64)
    before = model(x)

    alignment = align(reference, model)
    model.load_state_dict(alignment.state_dict)

    assert any((p != torch.arange(len(p))).any() for p in alignment.permutations.values())
    assert ("a" in alignment.permutations) == (kind is Powers)
    torch.testing.assert_close(model(x), before, rtol=1e-10, atol=1e-10)


class NormedHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.into, self.norm, self.out = nn.Linear(4, 6), nn.LayerNorm(3), nn.Linear(6, 2)

    def forward(self, x):
        heads = self.norm(self.into(x).unflatten(-1, (2, 3)))
        return self.out(heads.flatten(-2))


class FirstUnit(Two):
    def forward(self, x):
        inside = self.a(x)
        return self.b(inside * inside[:, :1])


@pytest.mark.parametrize(
    ("model", "said"),
    [(NormedHeads(), "'norm' acts on attention heads"), (FirstUnit(), "it calls 'getitem'")],
)
def test_units_that_are_told_apart_are_not_given_another_order(model, said):
    with pytest.raises(ValueError, match=said):
        align(model, model)
