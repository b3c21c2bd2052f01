"""Known mistakes of the second briefs: ratings in order, stock, and labels nobody looked at."""

from autograder.checks.bank import Mistake, Recipe

_ORDINAL = "reference/loss-atlas.html#cumulative-link-loss"
_QUANTILE = "reference/loss-atlas.html#quantile-loss"
_MASK = "reference/glossary.html#term-mask"
_WIDTH = "torch.where(inside, -torch.expm1(torch.where(inside, lower - upper, -1.0)), 1.0)"

BRIEF_RECIPES = (
    Recipe(
        "rating_loss",
        "scores, thresholds, ratings",
        {
            "last": "last = len(thresholds)",
            "above": "upper = thresholds[ratings.clamp(max=last - 1)]",
            "below": "lower = thresholds[(ratings - 1).clamp(min=0)]",
            "inside": "inside = (ratings > 0) & (ratings < last)",
            "distance": "s = scores",
            "under": "under = torch.where(ratings < last, F.softplus(s - upper), 0.0)",
            "over": "over = torch.where(ratings > 0, F.softplus(lower - s), 0.0)",
            "width": f"width = {_WIDTH}",
            "charge": "charge = under + over - torch.log(width)",
            "result": "return charge",
        },
    ),
    Recipe(
        "rating_probabilities",
        "scores, thresholds",
        {
            "at most": "at_most = torch.sigmoid(thresholds - scores.unsqueeze(-1))",
            "ends": "one = torch.ones_like(scores).unsqueeze(-1)",
            "result": "return torch.diff(torch.cat([0 * one, at_most, one], -1), dim=-1)",
        },
    ),
    Recipe(
        "stock_loss",
        "orders, demand, short_cost, left_cost",
        {
            "missing": "missing = demand - orders",
            "short": "short = short_cost * missing.clamp(min=0)",
            "left": "left = left_cost * (-missing).clamp(min=0)",
            "charge": "charge = short + left",
            "result": "return charge",
        },
    ),
    Recipe(
        "best_order",
        "demand, short_cost, left_cost",
        {
            "level": "level = short_cost / (short_cost + left_cost)",
            "result": "return torch.quantile(demand, level)",
        },
    ),
    Recipe(
        "observed_loss",
        "logits, labels, observed",
        {
            "known": "known = torch.where(observed, labels, 0.0)",
            "charge": "charge = F.softplus(logits) - known * logits",
            "kept": "kept = torch.where(observed, charge, 0.0)",
            "count": "count = observed.sum().clamp(min=1)",
            "result": "return kept.sum() / count",
        },
    ),
    Recipe(
        "unbiased_loss",
        "logits, labels, observed, propensity",
        {
            "known": "known = torch.where(observed, labels, 0.0)",
            "charge": "charge = F.softplus(logits) - known * logits",
            "kept": "kept = torch.where(observed, charge, 0.0)",
            "weighed": "kept = kept / propensity",
            "count": "count = kept.numel()",
            "result": "return kept.sum() / count",
        },
    ),
)


def _one(name: str, function: str, link: str, says: str, **steps: str) -> Mistake:
    return Mistake(name, function, says, link, steps)


_RATINGS = (
    _one(
        "ratings-cumulative",
        "rating_loss",
        _ORDINAL,
        "You charge the probability of at most this rating. A rating lies between two thresholds: "
        "the lower one is missing.",
        over="over = 0.0",
        width="width = torch.ones_like(s)",
    ),
    _one(
        "ratings-upside-down",
        "rating_loss",
        _ORDINAL,
        "A higher score makes a higher rating less probable in your loss: P(rating <= k) is "
        "sigmoid(threshold - score).",
        distance="s = -scores",
    ),
    _one(
        "ratings-squared-error",
        "rating_loss",
        "reference/loss-atlas.html#squared-error",
        "You charge the squared distance of score and rating, which takes the steps between "
        "ratings as equal. Charge the negative log-probability.",
        charge="charge = (s - ratings) ** 2",
    ),
    _one(
        "ratings-two-sides-only",
        "rating_loss",
        _ORDINAL,
        "You multiply the probabilities of the two sides of a rating. Their events are not "
        "independent: the probability is a difference.",
        width="width = torch.ones_like(s)",
    ),
    Mistake(
        "ratings-difference-of-rounded",
        "rating_loss",
        "Far out, the difference of two sigmoids rounds to 0, and its logarithm is infinite. "
        "Factor the difference before you take the logarithm.",
        _ORDINAL,
        {
            "width": "top = torch.where(ratings < last, torch.sigmoid(upper - s), 1.0)\n"
            "bottom = torch.where(ratings > 0, torch.sigmoid(lower - s), 0.0)",
            "charge": "charge = -torch.log(top - bottom)",
        },
        only_at_extremes=True,
    ),
    _one(
        "ratings-probabilities-cumulative",
        "rating_probabilities",
        _ORDINAL,
        "These are the probabilities of at most each rating. Take differences of neighbours.",
        result="return torch.cat([at_most, one], -1)",
    ),
    _one(
        "ratings-probabilities-upside-down",
        "rating_probabilities",
        _ORDINAL,
        "A higher score makes high ratings less probable in your answer: P(rating <= k) is "
        "sigmoid(threshold - score).",
        **{"at most": "at_most = torch.sigmoid(thresholds + scores.unsqueeze(-1))"},
    ),
)
_STOCK = (
    _one(
        "stock-costs-swapped",
        "stock_loss",
        _QUANTILE,
        "You charge short_cost for what is left over, and left_cost for what is missing.",
        short="short = left_cost * missing.clamp(min=0)",
        left="left = short_cost * (-missing).clamp(min=0)",
    ),
    _one(
        "stock-squared",
        "stock_loss",
        _QUANTILE,
        "You square the number of units. Each unit costs the same.",
        charge="charge = (short + left) * missing.abs()",
    ),
    _one(
        "stock-one-side-earns",
        "stock_loss",
        _QUANTILE,
        "Units of the other side earn something in your loss: cut both off at 0.",
        short="short = short_cost * missing",
        left="left = left_cost * -missing",
    ),
    _one(
        "stock-left-is-free",
        "stock_loss",
        _QUANTILE,
        "What is left over costs nothing in your loss.",
        left="left = 0.0",
    ),
    _one(
        "stock-detached",
        "stock_loss",
        _QUANTILE,
        "Your values are right, but no gradient reaches the orders. Are they detached?",
        missing="missing = demand - orders.detach()",
    ),
    _one(
        "stock-order-of-mean",
        "best_order",
        _QUANTILE,
        "You order the mean demand. It is best for squared errors, not for two costs a unit.",
        result="return demand.mean()",
    ),
    _one(
        "stock-order-of-median",
        "best_order",
        _QUANTILE,
        "You order the median demand. It is best only if both costs are equal.",
        level="level = 0.5",
    ),
    _one(
        "stock-level-swapped",
        "best_order",
        _QUANTILE,
        "You cover demand on too few days if units short are dear: the level is the share of "
        "short_cost in both costs.",
        level="level = left_cost / (short_cost + left_cost)",
    ),
    _one(
        "stock-level-as-odds",
        "best_order",
        _QUANTILE,
        "You divide one cost by the other. The level is the share of short_cost in both costs.",
        level="level = min(1.0, short_cost / left_cost)",
    ),
)


def _of_labels(function: str, prefix: str) -> tuple[Mistake, ...]:
    """The mistakes that both losses of labels invite."""
    return (
        _one(
            f"{prefix}-unseen-is-negative",
            function,
            _MASK,
            "You count entries that nobody looked at as negatives. They are unknown: leave them "
            "out.",
            kept="kept = charge",
        ),
        _one(
            f"{prefix}-nan-times-zero",
            function,
            _MASK,
            "You multiply unseen labels by 0, but NaN times 0 is NaN. Replace them before you "
            "compute.",
            known="known = labels",
            kept="kept = charge * observed",
        ),
        _one(
            f"{prefix}-sum",
            function,
            "reference/glossary.html#term-mean-reduction",
            "This is the sum; the task asks for a mean.",
            result="return kept.sum()",
        ),
    )


_LABELS = (
    *_of_labels("observed_loss", "labels"),
    _one(
        "labels-mean-over-all",
        "observed_loss",
        _MASK,
        "You divide by the number of all entries. The mean is over those that were observed.",
        count="count = kept.numel()",
    ),
    _one(
        "labels-nan-for-none",
        "observed_loss",
        _MASK,
        "Where nothing was observed you divide 0 by 0. The loss is 0 there.",
        count="count = observed.sum()",
    ),
    Mistake(
        "labels-naive-exp",
        "observed_loss",
        "exp overflows for large logits. Look for a function in torch.nn.functional that computes "
        "log(1 + exp(x)) without it.",
        "reference/loss-atlas.html#binary-cross-entropy",
        {"charge": "charge = torch.log(1 + torch.exp(logits)) - known * logits"},
        only_at_extremes=True,
    ),
    *_of_labels("unbiased_loss", "unbiased"),
    _one(
        "unbiased-times-propensity",
        "unbiased_loss",
        _MASK,
        "You multiply by the propensity. An entry that is seldom seen stands for many: divide.",
        weighed="kept = kept * propensity",
    ),
    _one(
        "unbiased-without-propensity",
        "unbiased_loss",
        _MASK,
        "The propensity has no effect on your loss.",
        weighed="",
    ),
    _one(
        "unbiased-over-observed",
        "unbiased_loss",
        _MASK,
        "You divide by the number of observed entries. With weights of one over the propensity, "
        "the number of all entries is right.",
        count="count = observed.sum().clamp(min=1)",
    ),
)

BRIEF_MISTAKES = (*_RATINGS, *_STOCK, *_LABELS)
