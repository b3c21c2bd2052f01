"""Known mistakes in losses that look at whole lists: one order, and a padded batch."""

from autograder.checks.bank import Mistake, Recipe

_LISTMLE = "reference/loss-atlas.html#listmle-loss"
_MASK = "reference/glossary.html#term-mask"

_ONE_LIST = Recipe(
    "listmle",
    "scores, relevance",
    {
        "order": "order = torch.argsort(relevance, descending=True, stable=True)",
        "ordered": "ordered = scores[order]",
        "left": "left = torch.logcumsumexp(ordered.flip(0), dim=0).flip(0)",
        "charge": "charge = left - ordered",
        "result": "return charge.sum()",
    },
)

_BATCH = Recipe(
    "batched_ranknet",
    "scores, relevance, mask",
    {
        "clean": "scores = torch.where(mask, scores, 0.0)",
        "real": "real = mask.unsqueeze(2) & mask.unsqueeze(1)",
        "better": "better = relevance.unsqueeze(2) > relevance.unsqueeze(1)",
        "both": "better = better & real",
        "lead": "lead = scores.unsqueeze(2) - scores.unsqueeze(1)",
        "charge": "charge = F.softplus(-lead)",
        "totals": "totals = torch.where(better, charge, 0.0).sum(dim=(1, 2))",
        "pairs": "pairs = better.sum(dim=(1, 2))",
        "means": "means = totals / pairs.clamp(min=1)",
        "lists": "lists = (pairs > 0).sum().clamp(min=1)",
        "result": "return means.sum() / lists",
    },
)

LIST_RECIPES = (_ONE_LIST, _BATCH)


def _listmle(name: str, says: str, *, only_at_extremes: bool = False, **steps: str) -> Mistake:
    return Mistake(f"listmle-{name}", "listmle", says, _LISTMLE, steps, only_at_extremes)


def _batched(name: str, says: str, **steps: str) -> Mistake:
    return Mistake(f"batched-{name}", "batched_ranknet", says, _MASK, steps)


_OF_LISTMLE = (
    _listmle(
        "ascending",
        "You sort by rising relevance, so the worst item is drawn first.",
        order="order = torch.argsort(relevance, stable=True)",
    ),
    _listmle(
        "mean",
        "This is the mean over positions; the task asks for the sum.",
        result="return charge.mean()",
    ),
    _listmle(
        "by-score",
        "You sort by score. The order whose probability counts is that by relevance.",
        order="order = torch.argsort(scores, descending=True, stable=True)",
    ),
    _listmle(
        "unsorted",
        "You take the items in the order in which they came. Sort them by relevance first.",
        order="order = torch.arange(len(scores))",
    ),
    _listmle(
        "ranks-as-order",
        "You use ranks to reorder the scores. What reorders them is the argsort of the relevance.",
        order="order = torch.argsort(torch.argsort(relevance, descending=True, stable=True))",
    ),
    _listmle(
        "ties-reversed",
        "Items of equal relevance come out in reverse: a flipped ascending sort does that. Sort "
        "descending and stable instead.",
        order="order = torch.argsort(relevance, stable=True).flip(0)",
    ),
    _listmle(
        "from-the-front",
        "Your sums run over the items already drawn. Each draw is among those that are left.",
        left="left = torch.logcumsumexp(ordered, dim=0)",
    ),
    _listmle(
        "whole-list",
        "Every position is normalised over the whole list. Each draw is among those that are left.",
        left="left = torch.logsumexp(ordered, dim=0).expand(len(ordered))",
    ),
    _listmle(
        "without-itself",
        "The item that is drawn is missing in your sum: it is among those that are left.",
        charge="charge = left[1:] - ordered[:-1]",
    ),
    _listmle(
        "first-only",
        "You charge the first draw alone. Every position has one.",
        result="return charge[:1].sum()",
    ),
    _listmle(
        "first-missing",
        "The first draw is missing in your sum, and it is the one that matters most.",
        result="return charge[1:].sum()",
    ),
    _listmle(
        "negative",
        "This is the log-probability itself; the loss is its negative.",
        charge="charge = ordered - left",
    ),
    _listmle(
        "detached-sum",
        "Your values are right, but the sum over what is left gets no gradient. Is it detached?",
        left="left = torch.logcumsumexp(ordered.flip(0), dim=0).flip(0).detach()",
    ),
    _listmle(
        "naive-exp",
        "exp overflows for large scores, or its sum is 0 and has no logarithm. Look for a "
        "logarithm of sums of exponentials.",
        only_at_extremes=True,
        left="left = ordered.exp().flip(0).cumsum(0).flip(0).log()",
    ),
    _listmle(
        "log-of-ratio",
        "You take the logarithm of a ratio of exponentials: infinity over infinity is NaN, and 0 "
        "has no logarithm. Subtract logarithms instead.",
        only_at_extremes=True,
        left="part = ordered.exp()\nleft = part.flip(0).cumsum(0).flip(0)",
        charge="charge = -torch.log(part / left)",
    ),
    _listmle(
        "shifted-once",
        "You subtract the largest score of the list once. Further down, where it is gone, all that "
        "is left rounds to 0: each position needs its own shift.",
        only_at_extremes=True,
        left="top = ordered.max()\n"
        "left = (ordered - top).exp().flip(0).cumsum(0).flip(0).log() + top",
    ),
)

_OF_BATCHED = (
    _batched(
        "padding-counted",
        "Padding is counted as items. Both ends of a pair must be real.",
        both="",
    ),
    _batched(
        "one-end-masked",
        "You check only one end of a pair: padding still appears at the other.",
        real="real = mask.unsqueeze(2)",
    ),
    _batched(
        "other-end-masked",
        "You check only the worse item of a pair: padding still appears as the better one.",
        real="real = mask.unsqueeze(1)",
    ),
    _batched(
        "pooled",
        "You average over all pairs of the batch, so long lists count more. Take the mean of each "
        "list first.",
        result="return totals.sum() / pairs.sum().clamp(min=1)",
    ),
    _batched(
        "all-lists",
        "Lists without a pair pull your mean down. Average over those that have one.",
        lists="lists = len(scores)",
    ),
    _batched(
        "sum-over-lists",
        "This is the sum over the lists; the task asks for their mean.",
        lists="lists = 1",
    ),
    _batched(
        "padded-length",
        "You divide by the square of the padded length. The mean is over the pairs of a list.",
        means="means = totals / scores.shape[1] ** 2",
    ),
    _batched(
        "ties-count",
        "You count items of equal relevance as pairs. A pair needs one that is better.",
        better="better = relevance.unsqueeze(2) >= relevance.unsqueeze(1)",
    ),
    _batched(
        "worse-leads",
        "Your loss asks the worse item to lead: it falls when the worse of two scores rises.",
        lead="lead = scores.unsqueeze(1) - scores.unsqueeze(2)",
    ),
    _batched(
        "nan-without-pairs",
        "A list without a pair divides 0 by 0, which spoils the whole batch.",
        means="means = totals / pairs",
    ),
    _batched(
        "nan-times-zero",
        "You multiply padding by 0, but NaN times 0 is NaN. Replace it before you compute.",
        clean="",
        totals="totals = (charge * better).sum(dim=(1, 2))",
    ),
    _batched(
        "nan-in-gradient",
        "NaN from the padding reaches the gradient: selecting afterwards does not stop it. Replace "
        "padding before you compute.",
        clean="",
    ),
)

LIST_MISTAKES = (*_OF_LISTMLE, *_OF_BATCHED)
