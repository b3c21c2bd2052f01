"""Small models of every kind that an objective must read, and examples for them."""

import pytest
import torch
from torch import nn

from lossedu.training.random_states import scoped

CLASSES = 3


def examples(n=12, shape=(5,)):
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(n, *shape, generator=generator)
    return inputs, torch.randint(CLASSES, (n,), generator=generator)


def seeded(build):
    with scoped(1):
        return build()


def mlp():
    return nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Dropout(0.5), nn.Linear(7, CLASSES))


def with_batch_norm():
    return nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), nn.ReLU(), nn.Linear(7, CLASSES))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Linear(5, 5)
        self.decode = nn.Linear(5, 5)
        self.decode.weight = self.encode.weight

    def forward(self, x):
        return self.decode(torch.tanh(self.encode(x)))[:, :CLASSES]


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(5, CLASSES)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        return self.head(x)


def transformer(activation="relu"):
    layer = nn.TransformerEncoderLayer(
        8, 2, 16, dropout=0.1, activation=activation, batch_first=True
    )
    encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
    return nn.Sequential(nn.Linear(5, 8), encoder, nn.Flatten(), nn.Linear(4 * 8, CLASSES))


def hooked():
    with pytest.warns(FutureWarning):
        layer = nn.utils.weight_norm(nn.Linear(5, CLASSES))
    layer(torch.zeros(1, 5))
    return nn.Sequential(layer)


MODELS = {
    "mlp": mlp,
    "batch norm": with_batch_norm,
    "tied": Tied,
    "counting": Counting,
    "hooked": hooked,
    "transformer": transformer,
}


def inputs_for(model):
    first = next(module for module in model.modules() if isinstance(module, nn.Linear))
    shape = (4, 5) if any(isinstance(m, nn.TransformerEncoder) for m in model.modules()) else (5,)
    assert first.in_features == 5
    return examples(shape=shape)


def seen(model):
    """Everything of a model that an evaluation might change."""
    grads = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
    return (
        {name: tensor.clone() for name, tensor in model.state_dict().items()},
        grads,
        [p.requires_grad for p in model.parameters()],
        [module.training for module in model.modules()],
        [sorted(vars(module)) for module in model.modules()],
    )


def assert_same(before, after):
    torch.testing.assert_close(after[0], before[0], rtol=0, atol=0)
    torch.testing.assert_close(after[1], before[1], rtol=0, atol=0)
    assert after[2:] == before[2:]
