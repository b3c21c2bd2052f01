"""Known mistakes of the design assignment: the clinic's charge and its correction.

Those of the second briefs are in `design_briefs`; how mistakes in the charge show, whatever its
growth with severity, is in `design_signs`.
"""

from autograder.checks.bank import Bank, Mistake, Recipe
from autograder.rubrics.design.brief_mistakes import BRIEF_MISTAKES, BRIEF_RECIPES

_BCE = "reference/loss-atlas.html#binary-cross-entropy"
_COSTS = "reference/glossary.html#term-class-weight"
_LOG_ODDS = "reference/glossary.html#term-log-odds"
_PROPER = "reference/glossary.html#term-proper-score"

_CHARGE = Recipe(
    "severity_loss",
    "logits, targets, severity",
    {
        "leaf": "z = logits",
        "wrongness": "z = torch.where(targets == 1, -z, z)",
        "surprise": "charge = F.softplus(z)",
        "cost": "cost = torch.where(targets == 1, 20.0, 1.0)",
        "growth": "growth = severity / 5",
        "weighed": "charge = cost * growth * charge",
        "result": "return charge",
    },
)

_CORRECTION = Recipe(
    "corrected_probability",
    "logits",
    {
        "shift": "shift = -2.995732273553991",
        "moved": "moved = logits + shift",
        "result": "return torch.sigmoid(moved)",
    },
)


def _charge(
    name: str, says: str, link: str = _COSTS, *, only_at_extremes: bool = False, **steps: str
) -> Mistake:
    return Mistake(f"charge-{name}", "severity_loss", says, link, steps, only_at_extremes)


def _correction(name: str, says: str, **steps: str) -> Mistake:
    return Mistake(f"correction-{name}", "corrected_probability", says, _LOG_ODDS, steps)


_OF_COST = (
    _charge(
        "cost-on-normal",
        "You charge false alarms 20 times as much as misses. The brief has it the other way round.",
        cost="cost = torch.where(targets == 1, 1.0, 20.0)",
    ),
    _charge(
        "no-cost",
        "You charge a miss and a false alarm alike. A miss costs 20 times as much.",
        cost="cost = torch.ones_like(targets)",
    ),
    _charge(
        "cost-twice",
        "The factor of 20 acts twice: a miss costs 400 times a false alarm.",
        cost="cost = torch.where(targets == 1, 400.0, 1.0)",
    ),
    _charge(
        "cost-as-logarithm",
        "You weigh a miss by log 20. The logarithm is what the weight does to the best logit; the "
        "weight itself is 20.",
        cost="cost = torch.where(targets == 1, 2.995732273553991, 1.0)",
    ),
    _charge(
        "cost-as-shift",
        "You move the logits by log 20 instead of weighing the charges. That has the best answer "
        "in the right place, but a bad miss then costs hardly more than a bad false alarm.",
        leaf="z = logits - 2.995732273553991",
        cost="cost = torch.ones_like(targets)",
    ),
    _charge(
        "cost-added",
        "You add something to the charge of a miss. A constant has no slope, so no model learns "
        "from it: multiply.",
        weighed="charge = growth * charge + cost - 1",
    ),
)
_OF_SEVERITY = (
    _charge(
        "severity-ignored",
        "Severity has no effect on your charge.",
        growth="growth = 1.0",
    ),
    _charge(
        "severity-on-abnormal-alone",
        "Your severity weighs abnormal cases alone. Then the ratio of 20, and with it the best "
        "logit, moves with severity, and no single correction gives probabilities back.",
        growth="growth = torch.where(targets == 1, severity / 5, torch.ones_like(severity))",
    ),
    _charge(
        "severity-on-normal-alone",
        "Your severity weighs normal cases alone. It belongs to both targets.",
        growth="growth = torch.where(targets == 1, torch.ones_like(severity), severity / 5)",
    ),
    _charge(
        "severity-falls",
        "A severe case costs less than a mild one in your loss. It should be the other way round.",
        growth="growth = (11 - severity) / 5",
    ),
    _charge(
        "severity-from-zero",
        "At severity 1 your charge is 0: a weight that starts at 0 switches mild cases off.",
        growth="growth = (severity - 1) / 9",
    ),
    _charge(
        "severity-exponential",
        "Your charge grows too fast with severity: the few most severe cases would be all that "
        "counts. At most 20 times from 1 to 10 is asked for.",
        growth="growth = torch.exp(severity / 2)",
    ),
    _charge(
        "severity-hardly",
        "Severity hardly matters in your loss: severity 10 should cost at least 1.5 times "
        "severity 1.",
        growth="growth = 1 + severity / 100",
    ),
)
_OF_BATCH = (
    _charge(
        "sum",
        "You return the sum, which grows with the batch. Return a charge for each case, or their "
        "mean.",
        "reference/glossary.html#term-mean-reduction",
        result="return charge.sum()",
    ),
    _charge(
        "divided-by-weights",
        "You divide by the weights of the batch, so a case costs more or less depending on its "
        "neighbours. Take the plain mean.",
        "reference/glossary.html#term-mean-reduction",
        result="return charge.sum() / (cost * growth).sum()",
    ),
    _charge(
        "severity-within-batch",
        "You scale severity by the largest of the batch, so a case costs more or less depending on "
        "its neighbours. The scale from 1 to 10 is fixed.",
        growth="growth = severity / severity.max()",
    ),
)
_OF_SHAPE = (
    _charge(
        "squared-error",
        "You charge the squared error of the probability. Its best answer is right, but its slope "
        "fades where the model is badly wrong.",
        _BCE,
        surprise="charge = torch.sigmoid(z) ** 2",
    ),
    _charge(
        "absolute-error",
        "You charge the probability of the wrong answer. Its best answer is always 0 or 1, and its "
        "slope fades where the model is badly wrong.",
        _PROPER,
        surprise="charge = torch.sigmoid(z)",
    ),
    _charge(
        "hinge",
        "You charge a hinge. It finds a side, but its best logit is no log-odds, so no correction "
        "makes it a probability.",
        "reference/loss-atlas.html#hinge-loss",
        surprise="charge = (1 + z).clamp(min=0)",
    ),
    _charge(
        "focal",
        "A focal factor moves the best answer away from the log-odds: your logits are no longer "
        "off by log 20 alone.",
        "classification/focal.html#where-it-fails",
        surprise="charge = torch.sigmoid(z) ** 2 * F.softplus(z)",
    ),
    _charge(
        "exponential",
        "You charge exp of the wrong-sided logit. It overflows, and its best logit is half the "
        "log-odds.",
        "reference/glossary.html#term-exponential-loss",
        surprise="charge = torch.exp(z)",
    ),
    _charge(
        "negative",
        "Your charges are negative: the minus before the log-probability is missing.",
        _BCE,
        surprise="charge = F.logsigmoid(-z)",
    ),
    _charge(
        "detached",
        "No gradient reaches the logits: the charge is detached, or turned into numbers, on the "
        "way.",
        leaf="z = logits.detach()",
    ),
    _charge(
        "naive-exp",
        "exp overflows for large logits, or the probability rounds to 0 before its logarithm is "
        "taken. Look for a function in torch.nn.functional that does both in one step.",
        _BCE,
        only_at_extremes=True,
        surprise="charge = torch.log(1 + torch.exp(z))",
    ),
    _charge(
        "clamped",
        "A clamp keeps your logarithm finite, but its slope is 0 beyond: a badly wrong case stops "
        "learning.",
        "reference/glossary.html#term-clipping",
        only_at_extremes=True,
        surprise="charge = -torch.log(torch.sigmoid(-z).clamp(min=1e-12))",
    ),
)

_OF_CORRECTION = (
    _correction(
        "none",
        "These are the probabilities of the weighted model. Undo the shift by log 20 first.",
        shift="shift = 0.0",
    ),
    _correction(
        "wrong-way",
        "You move the logits further up. The weight of 20 lifted them by log 20; take it back.",
        shift="shift = 2.995732273553991",
    ),
    _correction(
        "twenty-itself",
        "You subtract 20. A weight of 20 moves the logit by its logarithm.",
        shift="shift = -20.0",
    ),
    _correction(
        "logarithm-of-base-ten",
        "You subtract the logarithm of base 10. Logits are natural logarithms.",
        shift="shift = -1.3010299956639813",
    ),
    _correction(
        "logarithm-of-base-two",
        "You subtract the logarithm of base 2. Logits are natural logarithms.",
        shift="shift = -4.321928094887363",
    ),
    _correction(
        "threshold-as-shift",
        "You subtract log 21. The threshold is at the probability 1/21, but its odds are 1 to 20.",
        shift="shift = -3.044522437723423",
    ),
    _correction(
        "with-severity",
        "You subtract the logarithm of 20 times a mean severity. Severity weighs both targets, so "
        "it cancels from the odds.",
        shift="shift = -4.700480365792417",
    ),
    _correction(
        "temperature",
        "You divide the logits. The shift is the same for each of them, so subtract it.",
        moved="moved = logits / 20",
    ),
    _correction(
        "temperature-of-log",
        "You divide the logits by log 20. The shift is the same for each of them: subtract it.",
        moved="moved = logits / 2.995732273553991",
    ),
    _correction(
        "probability-divided",
        "You divide the probability by 20. It is the odds that the weight multiplies by 20.",
        shift="",
        moved="moved = logits",
        result="return torch.sigmoid(moved) / 20",
    ),
    _correction(
        "odds-returned",
        "You return odds, p / (1 - p). The task asks for the probability p.",
        result="return torch.exp(moved)",
    ),
    _correction(
        "naive-exp",
        "exp overflows for large logits, and infinity over infinity is NaN. torch has a sigmoid.",
        result="return torch.exp(moved) / (1 + torch.exp(moved))",
    ),
)

BANK = Bank(
    (_CHARGE, _CORRECTION, *BRIEF_RECIPES),
    (*_OF_COST, *_OF_SEVERITY, *_OF_BATCH, *_OF_SHAPE, *_OF_CORRECTION, *BRIEF_MISTAKES),
)
