"""How the ranking assignment is marked: 24 points by the machine, 4 by hand."""

from collections.abc import Callable

import torch
from torch import Tensor

from autograder.checks import Aspect, Extremes, Gradients, Values
from autograder.checks.sources import Ruled, SourceRule
from autograder.checks.training import Metric, Training
from autograder.rubrics import Rubric, known_mistakes
from autograder.rubrics.ranking import list_inputs as given
from autograder.rubrics.ranking.ranked_lists import (
    counterexample_fault,
    leads,
    reached,
    searches,
    swap_weights,
)
from autograder.rubrics.ranking.shown_example import ShownExample
from lossedu.losses import listmle_loss, pairwise_hinge_loss, pairwise_logistic_loss
from lossedu.ranking_metrics import ndcg

Reference = Callable[..., Tensor]

BANK = known_mistakes("ranking")
# A ready-made metric or loss is not what these tasks ask for.
_BY_HAND = SourceRule(
    names=("ndcg_score", "dcg_score", "_*dcg_sample_scores"), modules=("lossedu", "torchmetrics")
)


def _ndcg(scores: Tensor, relevance: Tensor, k: int) -> Tensor:
    return ndcg(scores, relevance, k=k)


def _batched_ranknet(scores: Tensor, relevance: Tensor, mask: Tensor) -> Tensor:
    return pairwise_logistic_loss(scores, relevance, mask=mask)


_NDCG = (
    Values(
        "ranking.ndcg",
        "ranking-ndcg-check",
        3,
        "ndcg",
        _ndcg,
        (
            Aspect(
                "a gain of 2^relevance - 1 is divided by log2(1 + rank), and the best order has 1",
                ((torch.tensor([0.2, 0.9]), torch.tensor([1, 0]), 2), (*given.PLAIN, 4)),
                lambda generator: [(*one, 12) for one in given.lists()(generator)],
                weight=2,
            ),
            Aspect(
                "the first k ranks count, in the order of the scores and in the best one",
                ((*given.PLAIN, 1), (*given.PLAIN, 2), (*given.PLAIN, 3)),
                given.lists_with_k,
            ),
        ),
        BANK,
        given.small_list_with_k(),
    ),
    Values(
        "ranking.ndcg-edges",
        "ranking-ndcg-edges-check",
        1,
        "ndcg",
        _ndcg,
        (
            Aspect("it is 0 where nothing is relevant", ((given.PLAIN[0], torch.zeros(4), 2),)),
            Aspect(
                "equal scores keep the order in which the items came",
                ((torch.zeros(3), torch.tensor([0, 2, 1]), 3), (torch.ones(3), given.WORKED[1], 1)),
                given.tied_scores_with_k,
            ),
            Aspect("all ranks count where k is larger than the list", ((*given.PLAIN, 10),)),
        ),
        BANK,
    ),
)

_PAIR = "each pair is charged for the lead of its better item, and the mean over pairs is taken"
_PAIRS = (
    Aspect(_PAIR, (given.WORKED, given.PLAIN), given.lists(), weight=2),
    Aspect("items of equal relevance are no pair", (given.TIED,), given.lists(most=1)),
    Aspect("the loss of a list without a pair is 0", (given.NO_PAIR,)),
)
_SLOPES = (
    Aspect(
        "each pair pulls its two items apart", (given.PLAIN, given.TIED), given.lists(), weight=2
    ),
    Aspect("a list without a pair has gradient 0, or none", (given.NO_PAIR,)),
)


def _pair_checks(
    name: str, function: str, reference: Reference, points: float
) -> list[Values | Gradients]:
    """Values and gradient of a pairwise loss."""
    return [
        Values(
            f"ranking.{name}",
            f"ranking-{name}-check",
            points,
            function,
            reference,
            _PAIRS,
            BANK,
            given.small_list(),
        ),
        Gradients(
            f"ranking.{name}-gradient",
            f"ranking-{name}-gradient-check",
            1,
            function,
            reference,
            _SLOPES,
            BANK,
        ),
    ]


_LARGE = "value and gradient are finite and right for scores of ±10 000"
_WEIGHTS = (
    Values(
        "ranking.weights",
        "ranking-weights-check",
        2,
        "lambdarank_weights",
        swap_weights,
        (
            Aspect(
                "an entry is the absolute change of NDCG when two items swap their ranks",
                ((torch.tensor([0.2, 0.9]), torch.tensor([1, 0])), given.PLAIN),
                given.lists(),
            ),
        ),
        BANK,
        given.small_list(),
    ),
    Values(
        "ranking.weights-edges",
        "ranking-weights-edges-check",
        1,
        "lambdarank_weights",
        swap_weights,
        (
            Aspect(
                "equal relevance has weight 0, and equal scores keep their order", (given.TIED,)
            ),
            Aspect(
                "equal scores keep the order in which the items came",
                ((torch.zeros(3), torch.tensor([0, 2, 1])),),
                given.tied_scores,
            ),
            Aspect(
                "all weights are 0 where nothing is relevant", ((given.PLAIN[0], torch.zeros(4)),)
            ),
        ),
        BANK,
    ),
)
_LISTMLE = (
    Values(
        "ranking.listmle",
        "ranking-listmle-check",
        2,
        "listmle",
        listmle_loss,
        (
            Aspect(
                "each item is drawn among those that are left, and the charges are summed",
                ((torch.zeros(3), given.WORKED[1]), given.WORKED, given.PLAIN),
                given.lists(),
                weight=2,
            ),
            Aspect("equal relevance keeps the order of the input", (given.TIED,), given.lists(1)),
        ),
        BANK,
        given.small_list(),
    ),
    Gradients(
        "ranking.listmle-gradient",
        "ranking-listmle-gradient-check",
        1,
        "listmle",
        listmle_loss,
        (
            Aspect(
                "each draw pulls its item up and all that are left down",
                (given.PLAIN, given.TIED),
                given.lists(),
            ),
        ),
        BANK,
    ),
    Extremes(
        "ranking.listmle-extremes",
        "ranking-listmle-extremes-check",
        1,
        "listmle",
        listmle_loss,
        (Aspect(_LARGE, given.FAR, given.far_scores),),
        BANK,
    ),
)
_BATCHED = (
    Values(
        "ranking.batched",
        "ranking-batched-check",
        2,
        "batched_ranknet",
        _batched_ranknet,
        (
            Aspect(
                "each list has the mean of its own pairs, and lists with a pair are averaged",
                (given.unpadded(given.TWO_LISTS), given.unpadded(given.MORE_LISTS)),
                given.batches,
                weight=2,
            ),
            Aspect("it is 0 where no list has a pair", (given.unpadded(given.NO_PAIRS),)),
        ),
        BANK,
    ),
    Gradients(
        "ranking.padding",
        "ranking-padding-check",
        1,
        "batched_ranknet",
        _batched_ranknet,
        (
            Aspect(
                "what stands in the padding changes neither value nor gradient, even if it is NaN",
                (given.TWO_LISTS, given.MORE_LISTS),
                given.hidden_batches,
            ),
        ),
        BANK,
    ),
)
_BEYOND = (
    ShownExample(
        "ranking.counterexample",
        "ranking-counterexample-check",
        1,
        "counterexample",
        ("relevance", "close", "far"),
        counterexample_fault,
    ),
    Training(
        "ranking.scorer",
        "ranking-scorer-check",
        3,
        "ranked_scores",
        searches,
        (
            Metric(
                "mean NDCG@10 less that of squared error",
                lambda answers, exams: leads(answers, exams).mean().item(),
                least=0.15,
                hint="Train on pairs within a list: what all items of a list share must cancel.",
                weight=2,
            ),
            Metric(
                "NDCG@10 less that of squared error on the worst of five seeds",
                lambda answers, exams: leads(answers, exams).min().item(),
                least=0.0,
                weight=0.5,
            ),
            Metric(
                "mean NDCG@10",
                lambda answers, exams: reached(answers, exams).mean().item(),
                least=0.88,
                hint="Train for longer, or with a higher learning rate.",
                weight=0.5,
            ),
        ),
    ),
)

_FUNCTIONS = (
    *_NDCG,
    *_pair_checks("hinge", "pairwise_hinge", pairwise_hinge_loss, points=1),
    *_pair_checks("ranknet", "ranknet", pairwise_logistic_loss, points=2),
    Extremes(
        "ranking.ranknet-extremes",
        "ranking-ranknet-extremes-check",
        1,
        "ranknet",
        pairwise_logistic_loss,
        (Aspect(_LARGE, given.FAR, given.far_scores),),
        BANK,
    ),
    *_WEIGHTS,
    *_LISTMLE,
    *_BATCHED,
)

RUBRIC = Rubric("ranking", (*(Ruled(check, _BY_HAND) for check in _FUNCTIONS), *_BEYOND))
