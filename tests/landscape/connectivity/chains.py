"""Models whose layers form a chain, and their shuffled copies."""

import copy
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional

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


def links(model):
    """The layers with weights, in a row, each with the norm behind it."""
    found = []
    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            found.append((module, []))
        elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            found[-1][1].append(module)
    return found


def shuffled(model, seed):
    """A copy with hidden units in another order, permuted by loops over layers written here."""
    draw, other = np.random.default_rng(seed), copy.deepcopy(model)
    with torch.no_grad():
        for (layer, norms), (after, _) in pairwise(links(other)):
            order = torch.from_numpy(draw.permutation(len(layer.weight)))
            owners = [layer, *norms]
            for tensor in (t for o in owners for t in (*o.parameters(), *o.buffers()) if t.ndim):
                tensor.copy_(tensor[order].clone())
            each = after.weight[0].numel() // len(order)
            columns = (order[:, None] * each + torch.arange(each)).flatten()
            flat = after.weight.reshape(len(after.weight), -1)
            after.weight.copy_(flat[:, columns].reshape(after.weight.shape))
    return other
