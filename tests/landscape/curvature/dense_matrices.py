"""Models so small that their curvature matrices can be written out whole."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from lossedu.training.random_states import scoped

CLASSES = 3


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Linear(4, 4)
        self.decode = nn.Linear(4, 4)
        self.decode.weight = self.encode.weight

    def forward(self, x):
        return self.decode(torch.tanh(self.encode(x)))[:, :CLASSES]


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix = nn.TransformerEncoderLayer(4, 2, 6, dropout=0.2, batch_first=True)
        self.head = nn.Linear(4, CLASSES)

    def forward(self, x):
        return self.head(self.mix(x[:, None] * torch.ones(1, 3, 1, dtype=x.dtype)).mean(1))


def partly_frozen():
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, CLASSES))
    model[0].weight.requires_grad_(False)
    return model


MODELS = {
    "mlp": lambda: nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, CLASSES)),
    "batch norm": lambda: nn.Sequential(
        nn.Linear(4, 5), nn.BatchNorm1d(5), nn.SiLU(), nn.Linear(5, CLASSES)
    ),
    "cnn": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 2, 2), nn.Softplus(), nn.Flatten(), nn.Linear(2, 3)
    ),
    "tied": Tied,
    "attention": Attention,
    "frozen": partly_frozen,
}


def examples(n=11):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, 4, generator=generator, dtype=torch.float64)
    return x, torch.randint(CLASSES, (n,), generator=generator)


def objective_of(name="mlp", *, loss=cross_entropy, targets=None, **settings):
    with scoped(3):
        model = MODELS[name]().double()
    x, y = examples()
    return Objective(model, loss, (x, y if targets is None else targets), **settings)


def dense(operator):
    unit = torch.eye(operator.size, dtype=operator.dtype)
    return torch.stack([operator @ row for row in unit])


def jacobian_and_outputs(objective):
    (batch,) = objective.batches()

    def outputs(theta):
        return objective.outputs(theta, batch)

    return torch.func.jacrev(outputs)(objective.point), outputs(objective.point)
