"""Objectives with nothing wrong about them, of as many kinds as can be: name -> how it is made."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from lossedu.landscape import Objective
from lossedu.losses import info_nce_loss, listnet_loss, pairwise_logistic_loss
from lossedu.training.random_states import scoped
from tests.landscape.objective.models import MODELS, examples, inputs_for, mlp, with_batch_norm
from tests.training.own_models import (
    by_tokens,
    language_model,
    of_pairs,
    pairs,
    sentences,
    split,
    two_towers,
)

N = 16


def inputs(*shape: int, scale: float = 1.0) -> Tensor:
    return scale * torch.randn(N, *shape, generator=torch.Generator().manual_seed(1))


def labels(classes: int = 3) -> Tensor:
    return torch.randint(classes, (N,), generator=torch.Generator().manual_seed(2))


def relu_net(wide: int = 512, *, zero_bias: bool = False, scale: float = 1.0) -> nn.Sequential:
    net = nn.Sequential(
        nn.Linear(5, wide), nn.ReLU(), nn.Linear(wide, wide), nn.ReLU(), nn.Linear(wide, 3)
    )
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            parameter.mul_(0.0 if zero_bias and name.endswith("bias") else scale)
    return net


def blank_images() -> tuple[Tensor, Tensor]:
    """Mostly black: with biases of 0 most units lie exactly on their kink."""
    images = torch.zeros(N, 1, 8, 8)
    images[:, :, 3:5, 3:5] = inputs(1, 2, 2)
    return images, labels()


def conv_net() -> nn.Sequential:
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, bias=True),
        nn.LeakyReLU(),
        nn.Flatten(),
        nn.Linear(8, 3),
    )
    nn.init.zeros_(net[4].bias)
    return net


def trained_to_nothing() -> Objective:
    """A loss of about 1e-12: rounding is all that is left of it."""
    x = inputs(4)
    model = nn.Linear(4, 2, bias=False)
    return Objective(model, nn.MSELoss(), (x, model(x).detach() + 1e-6))


def separable() -> Objective:
    """Cross-entropy that is 0 but for rounding."""
    x, y = inputs(3), labels()
    x = 50 * nn.functional.one_hot(y, 3).float() + 0.01 * x
    model = nn.Linear(3, 3, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.eye(3))
    return Objective(model, nn.CrossEntropyLoss(), (x, y))


class Siamese(nn.Module):
    """One batch, two views."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(5, 4)

    def forward(self, x: Tensor) -> Tensor:
        """A row for each view."""
        return torch.stack([self.body(x), self.body(x + 0.1)], 1)


class Recurrent(nn.Module):
    """The last state of a GRU."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.GRU(5, 6, batch_first=True), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores."""
        return self.head(self.body(x)[0][:, -1])


class Casting(nn.Module):
    """Computes in a coarser dtype inside."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.body, self.dtype = relu_net(32), dtype

    def forward(self, x: Tensor) -> Tensor:
        """Class scores."""
        for layer in self.body:
            if isinstance(layer, nn.Linear):
                x = (
                    nn.functional.linear(x.to(self.dtype), layer.weight.to(self.dtype)).to(x)
                    + layer.bias
                )
            else:
                x = layer(x)
        return x


class Checkpointed(nn.Module):
    """Forgets its activations."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(5, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores."""
        return self.head(checkpoint(lambda z: self.body(z).tanh(), x, use_reentrant=False))


class Seeded(nn.Module):
    """Noise that is meant, and the same every time."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores of disturbed inputs."""
        with torch.random.fork_rng():
            torch.random.manual_seed(0)
            return self.body(x + torch.randn_like(x))


class Nested(nn.Module):
    """Square roots, logarithms and normalisation: steep in places."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(5, 6)
        self.norm, self.head = nn.LayerNorm(6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores."""
        z = nn.functional.normalize(nn.functional.softplus(self.body(x)).sqrt(), dim=-1)
        return self.head(self.norm(z).abs().log1p())


def classifier(model: nn.Module, *shape: int, **settings: object) -> Objective:
    return Objective(model, nn.functional.cross_entropy, (inputs(*shape), labels()), **settings)


def of_kind(name: str) -> Objective:
    model = MODELS[name]()
    return Objective(model, nn.functional.cross_entropy, inputs_for(model))


def regression(scale: float, dtype: torch.dtype, loss: Callable[..., Tensor]) -> Objective:
    x = inputs(5).to(dtype)
    net = relu_net(32).to(dtype)
    return Objective(net, loss, (x, scale * x[:, :3]))


HEALTHY: dict[str, Callable[[], Objective]] = {
    **{name: partial(of_kind, name) for name in MODELS},
    "wide relu": lambda: classifier(relu_net(), 5),
    "relu, float64": lambda: classifier(relu_net().double(), 5, dtype=torch.float64),
    "relu, bfloat16": lambda: classifier(relu_net(64), 5, dtype=torch.bfloat16),
    "relu, float16": lambda: classifier(relu_net(64), 5, dtype=torch.float16),
    "biases of 0": lambda: classifier(relu_net(64, zero_bias=True), 5),
    "all weights 0": lambda: classifier(relu_net(16, scale=0.0), 5),
    "tiny weights": lambda: classifier(relu_net(64, scale=1e-6), 5),
    "huge weights": lambda: classifier(relu_net(64, scale=1e3), 5),
    "huge inputs": lambda: Objective(
        relu_net(64), nn.functional.cross_entropy, (inputs(5, scale=1e6), labels())
    ),
    "tiny inputs": lambda: Objective(
        relu_net(64), nn.functional.cross_entropy, (inputs(5, scale=1e-8), labels())
    ),
    "blank images": lambda: Objective(
        conv_net().eval(), nn.functional.cross_entropy, blank_images()
    ),
    "batch norm of each batch": lambda: Objective(
        with_batch_norm(), nn.functional.cross_entropy, examples(16), batch_norm="batch"
    ),
    "recomputed batch norm": lambda: Objective(
        with_batch_norm(),
        nn.functional.cross_entropy,
        examples(16),
        batch_norm="frozen",
        batch_size=5,
    ),
    "loss of 1e-12": trained_to_nothing,
    "loss of 0": separable,
    "huge targets": lambda: regression(1e8, torch.float32, nn.MSELoss()),
    "tiny targets": lambda: regression(1e-8, torch.float32, nn.MSELoss()),
    "absolute error": lambda: regression(1.0, torch.float32, nn.L1Loss()),
    "Huber": lambda: regression(1.0, torch.float64, nn.HuberLoss(delta=0.1)),
    "hinge": lambda: classifier(relu_net(64), 5),
    "weights of classes": lambda: Objective(
        mlp(), nn.CrossEntropyLoss(torch.tensor([1.0, 5.0, 9.0])), examples(16)
    ),
    "weights of classes, a function": lambda: Objective(
        mlp(),
        partial(nn.functional.cross_entropy, weight=torch.tensor([1.0, 5.0, 9.0])),
        examples(16),
    ),
    "contrastive": lambda: Objective(
        nn.Linear(5, 4),
        lambda z, other: info_nce_loss(z, other, temperature=0.5),
        (inputs(5), inputs(4)),
    ),
    "contrastive, all alike": lambda: Objective(
        nn.Linear(5, 4),
        lambda z, other: info_nce_loss(0 * z + 1, 0 * other + 1),
        (inputs(5), inputs(4)),
    ),
    "siamese": lambda: Objective(
        Siamese(), lambda z, *_: info_nce_loss(z[:, 0], z[:, 1]), (inputs(5), labels())
    ),
    "lists": lambda: Objective(
        nn.Sequential(nn.Linear(5, 1), nn.Flatten(1)),
        listnet_loss,
        (inputs(6, 5), inputs(6).relu()),
    ),
    "pairs of a list": lambda: Objective(
        nn.Sequential(nn.Linear(5, 1), nn.Flatten(0)),
        pairwise_logistic_loss,
        (inputs(5), inputs().relu()),
    ),
    "two towers": lambda: Objective(two_towers(), None, pairs(), forward=of_pairs),
    "tokens": lambda: Objective(language_model(), None, split(sentences(), 5), forward=by_tokens),
    "recurrent": lambda: classifier(Recurrent(), 4, 5),
    "casting to float32": lambda: classifier(Casting(torch.float32), 5),
    "casting to float32, wide": lambda: classifier(Casting(torch.float32), 5, dtype=torch.float64),
    "casting to bfloat16": lambda: classifier(Casting(torch.bfloat16), 5),
    "checkpointed": lambda: classifier(Checkpointed(), 5),
    "noise that is seeded": lambda: classifier(Seeded(), 5),
    "steep": lambda: classifier(Nested(), 5),
    "one example": lambda: Objective(mlp(), nn.functional.cross_entropy, examples(1)),
    "one example a batch": lambda: Objective(
        mlp(), nn.functional.cross_entropy, examples(6), batch_size=1
    ),
    "no data in the loss": lambda: Objective(
        nn.Linear(2, 1), lambda out, *_: (out * 0).mean() + 3, (inputs(2), labels())
    ),
    "one of several layers": lambda: Objective(
        relu_net(32), nn.functional.cross_entropy, (inputs(5), labels()), parameters=["2.weight"]
    ),
    "half of it frozen": lambda: Objective(
        relu_net(32).requires_grad_(False),
        nn.functional.cross_entropy,
        (inputs(5), labels()),
        parameters=lambda name: name.startswith("4"),
    ),
    "dropout modules": lambda: classifier(
        nn.Sequential(nn.Linear(5, 8), nn.Dropout(), nn.Linear(8, 3)), 5
    ),
    "gelu": lambda: classifier(nn.Sequential(nn.Linear(5, 8), nn.GELU(), nn.Linear(8, 3)), 5),
    "negative loss": lambda: Objective(
        mlp(), lambda z, y: nn.functional.cross_entropy(z, y) - 40.0, examples(16)
    ),
}


def healthy(name: str) -> Objective:
    with scoped(4):
        return HEALTHY[name]()


def of_every_kind(loss: Callable[..., Tensor]) -> list[Objective]:
    """A loss on a small linear model, for all targets that it takes."""
    generator = torch.Generator().manual_seed(0)
    x, lists = inputs(5), inputs(6, 5)
    score = nn.Sequential(nn.Linear(5, 1), nn.Flatten(0))
    ranker = nn.Sequential(nn.Linear(5, 1), nn.Flatten(1))
    with scoped(0):
        kinds = [
            (score, x, x[:, 0].exp()),
            (score, x, (x[:, 0] > 0).float()),
            (score, x, (x[:, 0] > 0).float() * 2 - 1),
            (score, x, torch.randint(4, (N,), generator=generator)),
            (nn.Linear(5, 3), x, torch.randint(3, (N,), generator=generator)),
            (nn.Linear(5, 4), x, inputs(4)),
            (ranker, lists, torch.randint(4, (N, 6), generator=generator)),
        ]
    found = []
    for model, values, targets in kinds:
        objective = Objective(model, loss, (values, targets))
        try:
            objective.functional().outcome(
                objective.unflatten(objective.point), next(objective.batches())
            )
        except (TypeError, ValueError, RuntimeError):  # a loss of other targets
            continue
        found.append(objective)
    return found
