"""Models that compute their own loss, take several inputs or give back a cache, and their data."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lossedu.training.random_states import scoped

IGNORED = -100
WORDS = 7


class Cache:
    """What a generator goes on from: nothing that can be put together from several batches."""

    def __init__(self, states: Tensor) -> None:
        self.states = states


@dataclass
class ModelOutput:
    """What a model gives back, as many of them do."""

    loss: Tensor
    logits: Tensor
    past_key_values: Cache


class LanguageModel(nn.Module):
    """Says which word comes next, and how wrong that is: on average over the words that count."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, 6)
        self.head = nn.Linear(6, WORDS)

    def forward(self, tokens: Tensor, labels: Tensor) -> ModelOutput:
        """The loss and the logits of a batch."""
        states = torch.tanh(self.words(tokens)).cumsum(1)
        logits = self.head(states)
        loss = nn.functional.cross_entropy(
            logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED
        )
        return ModelOutput(loss, logits, Cache(states))


def language_model() -> LanguageModel:
    with scoped(0):
        return LanguageModel()


def sentences() -> dict[str, Tensor]:
    """Twelve of very different length, padded to nine words."""
    generator = torch.Generator().manual_seed(3)
    tokens = torch.randint(WORDS, (12, 9), generator=generator)
    labels = torch.randint(WORDS, (12, 9), generator=generator)
    lengths = torch.tensor([9, 1, 1, 2, 8, 1, 3, 9, 1, 1, 7, 2])
    labels[torch.arange(9) >= lengths[:, None]] = IGNORED
    return {"tokens": tokens, "labels": labels}


def split(data: dict[str, Tensor], size: int) -> list[dict[str, Tensor]]:
    """The same data in batches."""
    rows = len(data["tokens"])
    return [{k: v[start : start + size] for k, v in data.items()} for start in range(0, rows, size)]


def own_loss(model, batch):
    """The loss that the model computes, as if every batch were alike."""
    return model(**batch).loss


def by_tokens(model, batch):
    """The same with how many words it is the mean of, and without the cache."""
    found = model(**batch)
    return found.loss, (batch["labels"] != IGNORED).sum(), found.logits


class TwoTowers(nn.Module):
    """Two inputs, one score."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(3, 4), nn.Linear(2, 4)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        """The score of each pair."""
        return (self.left(left) * self.right(right)).sum(-1)


def two_towers() -> TwoTowers:
    with scoped(0):
        return TwoTowers()


def pairs(n: int = 20) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    left, right = torch.randn(n, 3, generator=generator), torch.randn(n, 2, generator=generator)
    return left, right, (left[:, 0] * right[:, 0] > 0).float()


def of_pairs(model, batch):
    """Cross-entropy of a pair's score."""
    left, right, same = batch
    scores = model(left, right)
    return nn.functional.binary_cross_entropy_with_logits(scores, same), None, scores
