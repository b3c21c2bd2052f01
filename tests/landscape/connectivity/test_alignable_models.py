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
