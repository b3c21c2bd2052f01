"""Recipes: a loss, data that show what it is for, a model, an optimizer, and what to watch.

Each runs in seconds on a laptop.  Most have a known best: what the truth itself reaches.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import torch
from torch import Tensor, nn

from lossedu import catalog
from lossedu.arguments.checks import check_choice, check_count, check_number, check_positive
from lossedu.losses import LossSpec
from lossedu.tables import Table
from lossedu.training import recipe_tasks as tasks
from lossedu.training.fit import fit
from lossedu.training.history import History
from lossedu.training.random_states import check_seed, scoped


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to train one kind of model.

    Attributes:
        name: What it is called.
        loss: Its loss, by the name in `lossedu.catalog`.
        data: What it learns from, in words.
        task: Training and validation data, loss and metrics from a seed.
        layers: Widths of the model's layers, the first that of the features.
        towers: How many models of these widths; several take one slice each of axis 1.
        optimizer: Which.
        learning_rate: Its step size at the start.
        schedule: Whether the step size stays, or falls to 0 along half a cosine.
        weight_decay: How strongly weights shrink.
        epochs: How many.
        batch_size: How many examples a step.
        watch: Which column tells whether it works, and what is good.
    """

    name: str
    loss: str
    data: str
    task: Callable[[int], tasks.Task]
    layers: tuple[int, ...]
    towers: int = 1
    optimizer: Literal["AdamW", "SGD"] = "AdamW"
    learning_rate: float = 3e-3
    schedule: Literal["constant", "cosine"] = "cosine"
    weight_decay: float = 1e-2
    epochs: int = 10
    batch_size: int = 64
    watch: str

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        check_choice("optimizer", self.optimizer, ("AdamW", "SGD"))
        check_choice("schedule", self.schedule, ("constant", "cosine"))
        check_positive("learning_rate", self.learning_rate)
        check_number("weight_decay", self.weight_decay, low=0.0)
        check_count("epochs", self.epochs)
        check_count("batch_size", self.batch_size)
        for width in self.layers:
            check_count("layers' widths", width)

    @property
    def spec(self) -> LossSpec:
        """What is true of the loss: its family, chapter, estimand."""
        return catalog.spec(self.loss)

    def model(self, seed: int = 0) -> nn.Module:
        """A fresh model; the seed decides its first weights."""
        with scoped(seed):
            towers = [perceptron(*self.layers) for _ in range(self.towers)]
        return towers[0] if self.towers == 1 else Towers(towers)

    def run(self, *, seed: int = 0, **changes: Any) -> History:
        """Train.

        Args:
            seed: What data, first weights and order of batches depend on.
            changes: Arguments of `fit` instead of the recipe's.

        Returns:
            The run's history; ``settings["best"]`` holds what the truth itself reaches.
        """
        check_seed("seed", seed)
        task, model = self.task(seed), self.model(seed)
        history = fit(
            model, task.loss, task.train, task.valid, **self._settings(task, model, seed) | changes
        )
        history.settings["best"] = dict(task.best)
        return history

    def _settings(self, task: tasks.Task, model: nn.Module, seed: int) -> dict[str, Any]:
        parameters, rate, decay = model.parameters(), self.learning_rate, self.weight_decay
        optimizer: torch.optim.Optimizer
        if self.optimizer == "AdamW":
            optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=decay)
        else:
            optimizer = torch.optim.SGD(parameters, lr=rate, momentum=0.9, weight_decay=decay)
        schedule = None
        if self.schedule == "cosine":
            steps = self.epochs * -(-len(task.train[0]) // self.batch_size)
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        return {
            "optimizer": optimizer,
            "schedule": schedule,
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "metrics": task.metrics,
            "seed": seed,
            "progress": False,
        }


class Squeeze(nn.Module):
    """Drop the last axis, of one entry: a score an example, not a column of them."""

    def forward(self, values: Tensor) -> Tensor:
        """``(..., 1)`` to ``(...)``."""
        return values.squeeze(-1)


class Towers(nn.Module):
    """One model for each slice of axis 1, such as an encoder for each view."""

    def __init__(self, towers: list[nn.Module]) -> None:
        super().__init__()
        self.towers = nn.ModuleList(towers)

    def forward(self, views: Tensor) -> Tensor:
        """``(n, towers, d)`` to ``(n, towers, k)``."""
        slices = zip(self.towers, views.unbind(1), strict=True)
        return torch.stack([tower(view) for tower, view in slices], 1)


def perceptron(*widths: int) -> nn.Module:
    """A multilayer perceptron: linear with two widths, and without a last axis of one score.

    Example:
        >>> perceptron(3, 8, 1)(torch.zeros(5, 3)).shape
        torch.Size([5])
    """
    layers: list[nn.Module] = []
    for before, after in pairwise(widths[:-1]):
        layers += [nn.Linear(before, after), nn.ReLU()]
    layers.append(nn.Linear(widths[-2], widths[-1]))
    return nn.Sequential(*layers, *([Squeeze()] if widths[-1] == 1 else []))


_RECIPES = (
    Recipe(
        name="mean",
        loss="mse_loss",
        data="diabetes, 442 patients",
        task=tasks.progression,
        layers=(10, 1),
        optimizer="SGD",
        learning_rate=1e-2,
        epochs=20,
        watch="valid_loss: below 1, the variance of the targets; near 0.5 is all there is",
    ),
    Recipe(
        name="robust centre",
        loss="huber_loss",
        data="heavy symmetric tails without a variance",
        task=tasks.centres,
        layers=(4, 64, 64, 1),
        epochs=30,
        watch="valid_loss: that of the true median",
    ),
    Recipe(
        name="upper bound",
        loss="quantile_loss",
        data="heavy tails, mostly upwards",
        task=tasks.high_quantiles,
        layers=(4, 64, 64, 1),
        epochs=20,
        watch="coverage: 0.9, on new data",
    ),
    Recipe(
        name="digits",
        loss="cross_entropy",
        data="digits, 1797 images",
        task=tasks.classes_of("digits"),
        layers=(64, 128, 10),
        epochs=15,
        watch="accuracy, and calibration_error beside it",
    ),
    Recipe(
        name="wrong labels",
        loss="cross_entropy",
        data="three classes, 30 % of labels wrong",
        task=tasks.wrong_labels,
        layers=(3, 32, 3),
        epochs=10,
        watch="valid_loss: the entropy of the labels; lower on training data is memory",
    ),
    Recipe(
        name="rare events",
        loss="sigmoid_focal_loss",
        data="one positive in fifty",
        task=tasks.rare,
        layers=(8, 32, 1),
        epochs=10,
        watch="average_precision and class_recall_1; not accuracy",
    ),
    Recipe(
        name="margin",
        loss="hinge_loss",
        data="breast cancer, 569 tumours",
        task=tasks.tumours,
        layers=(30, 1),
        optimizer="SGD",
        learning_rate=1e-2,
        epochs=20,
        watch="margin_violation_rate on held-out data",
    ),
    Recipe(
        name="neighbours",
        loss="triplet_loss",
        data="six overlapping classes",
        task=tasks.neighbours,
        layers=(6, 64, 8),
        epochs=10,
        watch="embedding_spread: far from 0; nearest_is_same",
    ),
    Recipe(
        name="two views",
        loss="info_nce_loss",
        data="pairs of turned views whose shared information is known",
        task=tasks.views,
        layers=(8, 64, 16),
        towers=2,
        epochs=10,
        batch_size=100,
        watch="found: far above 0.01, that of guessing among 100",
    ),
    Recipe(
        name="ranked lists",
        loss="lambdarank_loss",
        data="lists of twelve items in five grades",
        task=tasks.lists,
        layers=(6, 64, 1),
        epochs=20,
        batch_size=30,
        watch="ndcg: that of the true utility; the loss itself means little",
    ),
    Recipe(
        name="values",
        loss="td_loss",
        data="steps of a random walk over seven states",
        task=tasks.walks,
        layers=(9, 1),
        learning_rate=3e-2,
        weight_decay=0.0,
        epochs=20,
        watch="distance_to_truth: 0; the loss does not go there, since steps are random",
    ),
)


def recipes() -> dict[str, Recipe]:
    """All recipes by name, ordered by family.

    Example:
        >>> recipes()["digits"].loss
        'cross_entropy'
    """
    return {recipe.name: recipe for recipe in _RECIPES}


def recipe_table() -> Table:
    """All recipes beside each other."""
    rows = [
        [
            recipe.name,
            recipe.spec.family,
            recipe.loss,
            recipe.data,
            "-".join(map(str, recipe.layers)) + (f" times {recipe.towers}" * (recipe.towers > 1)),
            f"{recipe.optimizer}, {recipe.learning_rate:g}, {recipe.schedule}",
            f"{recipe.epochs} x {recipe.batch_size}",
            recipe.watch,
        ]
        for recipe in _RECIPES
    ]
    headings = ["recipe", "family", "loss", "data", "layers", "optimizer", "epochs x batch"]
    return Table([*headings, "watch"], rows, label="a recipe for each family of losses")
