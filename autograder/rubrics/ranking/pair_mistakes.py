"""Known mistakes in losses that look at one pair of items at a time."""

from autograder.checks.bank import Mistake, Recipe

_HINGE = "reference/loss-atlas.html#pairwise-hinge-loss"
_LOGISTIC = "reference/loss-atlas.html#pairwise-logistic-loss"


def _pairwise(function: str, charge: str) -> Recipe:
    """Both pairwise losses differ in the charge of a lead alone."""
    steps = {
        "better": "better = relevance.unsqueeze(1) > relevance.unsqueeze(0)",
        "leads": "lead = scores.unsqueeze(1) - scores.unsqueeze(0)",
        "lead": "lead = lead[better]",
        "charge": f"charge = {charge}",
        "total": "total = charge.sum()",
        "count": "count = better.sum().clamp(min=1)",
        "result": "return total / count",
    }
    return Recipe(function, "scores, relevance", steps)


PAIR_RECIPES = (
    _pairwise("pairwise_hinge", "(1 - lead).clamp(min=0)"),
    _pairwise("ranknet", "F.softplus(-lead)"),
)


# What both pairwise losses invite: a name, what to say, and the step that goes wrong.
_SHARED: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "sum",
        "This is the sum over the pairs; the task asks for their mean.",
        {"result": "return total"},
    ),
    (
        "mean-over-all",
        "You divide by n squared. The mean is over those pairs of which one item is better.",
        {"count": "count = len(scores) ** 2"},
    ),
    (
        "mean-over-items",
        "You divide by the number of items. The mean is over pairs.",
        {"count": "count = len(scores)"},
    ),
    (
        "ties-count",
        "You count items of equal relevance, an item and itself among them, as pairs. A pair "
        "needs one that is better: > instead of >=.",
        {"better": "better = relevance.unsqueeze(1) >= relevance.unsqueeze(0)"},
    ),
    (
        "both-directions",
        "You count each pair in both directions, so the worse item is asked to lead, too. Take "
        "those where the first is better.",
        {"better": "better = relevance.unsqueeze(1) != relevance.unsqueeze(0)"},
    ),
    (
        "input-order",
        "You take only pairs whose better item comes first in the input. The order of the "
        "input says nothing: look at all i and j.",
        {"better": "better = (relevance.unsqueeze(1) > relevance.unsqueeze(0)).triu()"},
    ),
    (
        "worse-leads",
        "Your loss asks the worse item to lead: it falls when the worse of two scores rises.",
        {"leads": "lead = scores.unsqueeze(0) - scores.unsqueeze(1)"},
    ),
    (
        "weighed-by-grades",
        "You weigh each pair by how far its grades are apart. Here every pair counts alike.",
        {
            "total": "gap = relevance.unsqueeze(1) - relevance.unsqueeze(0)\n"
            "total = (charge * gap[better]).sum()"
        },
    ),
    (
        "nan-without-pairs",
        "A list without a pair divides 0 by 0. Its loss is 0.",
        {"count": "count = better.sum()"},
    ),
    (
        "half-detached",
        "Your values are right, but only one of a pair's two scores gets a gradient. Is the "
        "other detached, or turned into a number?",
        {"leads": "lead = scores.unsqueeze(1) - scores.detach().unsqueeze(0)"},
    ),
)


def _of_pairs(function: str, prefix: str, link: str) -> tuple[Mistake, ...]:
    """The mistakes that both pairwise losses invite, in one of them."""
    return tuple(
        Mistake(f"{prefix}-{name}", function, says, link, steps) for name, says, steps in _SHARED
    )


def _charge(prefix: str, function: str, name: str, says: str, charge: str, link: str) -> Mistake:
    return Mistake(f"{prefix}-{name}", function, says, link, {"charge": f"charge = {charge}"})


def _hinge(name: str, says: str, charge: str) -> Mistake:
    return _charge("hinge", "pairwise_hinge", name, says, charge, _HINGE)


def _ranknet(name: str, says: str, charge: str) -> Mistake:
    return _charge("ranknet", "ranknet", name, says, charge, _LOGISTIC)


_HINGE_CHARGES = (
    _hinge(
        "no-margin",
        "The margin is missing: a pair costs nothing only once the better item leads by 1.",
        "(-lead).clamp(min=0)",
    ),
    _hinge(
        "squared",
        "You square what is missing to the margin; the task charges it as it is.",
        "(1 - lead).clamp(min=0) ** 2",
    ),
    _hinge(
        "not-clipped",
        "Pairs with a lead beyond the margin earn something in your loss. The charge stops at 0.",
        "1 - lead",
    ),
    _hinge(
        "clipped-at-one",
        "You cut the charge off at 1. It goes on growing as long as the lead falls.",
        "(1 - lead).clamp(min=0, max=1)",
    ),
    _hinge(
        "margin-of-grades",
        "Your margin is the difference of the two grades. Here it is 1 for every pair.",
        "((relevance.unsqueeze(1) - relevance.unsqueeze(0))[better] - lead).clamp(min=0)",
    ),
)
_RANKNET_CHARGES = (
    _ranknet(
        "negative",
        "Your loss is negative: the minus before the log-probability is missing.",
        "F.logsigmoid(lead)",
    ),
    _ranknet(
        "probability",
        "You charge the probability of the wrong order. RankNet charges the negative logarithm of "
        "the probability of the right one.",
        "torch.sigmoid(-lead)",
    ),
    _ranknet(
        "base-two",
        "Your logarithm has base 2. Use the natural one.",
        "F.softplus(-lead) / 0.6931471805599453",
    ),
    _ranknet(
        "hinge",
        "This is a hinge of the lead. RankNet charges log(1 + exp(-lead)).",
        "(1 - lead).clamp(min=0)",
    ),
)
_OVERFLOW = (
    "exp overflows for a large lead in the wrong direction, or the probability rounds to 0 before "
    "its logarithm is taken. Look for a function in torch.nn.functional that computes "
    "log(1 + exp(x)) in one step."
)
_AT_EXTREMES = (
    Mistake(
        "ranknet-naive-exp",
        "ranknet",
        _OVERFLOW,
        _LOGISTIC,
        {"charge": "charge = torch.log(1 + torch.exp(-lead))"},
        only_at_extremes=True,
    ),
    Mistake(
        "ranknet-naive-exp-everywhere",
        "ranknet",
        f"{_OVERFLOW} You do so for all items, pairs or not, and select afterwards: then NaN "
        "spreads in the gradient.",
        _LOGISTIC,
        {"lead": "", "charge": "charge = torch.log(1 + torch.exp(-lead))[better]"},
        only_at_extremes=True,
    ),
    Mistake(
        "ranknet-clamped",
        "ranknet",
        "A small number within your logarithm keeps it finite, and wrong: a badly wrong pair stops "
        "learning. Compute log(1 + exp(x)) in one step instead.",
        _LOGISTIC,
        {"charge": "charge = -torch.log(torch.sigmoid(lead).clamp(min=1e-12))"},
        only_at_extremes=True,
    ),
)

PAIR_MISTAKES = (
    *_of_pairs("pairwise_hinge", "hinge", _HINGE),
    *_HINGE_CHARGES,
    *_of_pairs("ranknet", "ranknet", _LOGISTIC),
    *_RANKNET_CHARGES,
    *_AT_EXTREMES,
)
