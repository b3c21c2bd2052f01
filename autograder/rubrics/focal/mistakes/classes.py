"""Known mistakes in ``multiclass_focal_loss``."""

from autograder.checks.bank import Mistake, Recipe
from autograder.rubrics.focal.mistakes.links import CE_CODE, CODE, DEFINITION, DERIVATION
from autograder.rubrics.focal.mistakes.rounding import floored, rounded

RECIPE = Recipe(
    "multiclass_focal_loss",
    "logits, targets, gamma, alpha",
    {
        "classes": "log_p = F.log_softmax(logits, dim=-1)",
        "truth": "log_p_t = log_p.gather(-1, targets.unsqueeze(-1)).squeeze(-1)",
        "factor": "factor = (1 - log_p_t.exp()) ** gamma",
        "graph": "",
        "balance": "balance = 1.0 if alpha is None else alpha[targets]",
        "surprise": "values = -balance * factor * log_p_t",
        "result": "return values",
    },
)

_WAYS = (
    "log_p_t = torch.log(logits.softmax(-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1){small})",
    "p = logits.softmax(-1){small}\n"
    "log_p_t = torch.log(p).gather(-1, targets.unsqueeze(-1)).squeeze(-1)",
)


def _mistake(name: str, says: str, steps: dict[str, str], link: str = DEFINITION) -> Mistake:
    return Mistake(f"multiclass-{name}", RECIPE.function, says, link, steps)


MISTAKES = (
    _mistake(
        "mean",
        "multiclass_focal_loss returns the mean over the examples. The task asks for one value "
        "an example.",
        {"result": "return values.mean()"},
    ),
    _mistake(
        "sum",
        "multiclass_focal_loss returns the sum over the examples. The task asks for one value "
        "an example.",
        {"result": "return values.sum()"},
    ),
    _mistake(
        "sign",
        "multiclass_focal_loss has the wrong sign: a logarithm of a probability is negative, a "
        "cost is not.",
        {"surprise": "values = balance * factor * log_p_t"},
    ),
    _mistake(
        "softmax-over-examples",
        "multiclass_focal_loss takes the softmax over the examples. It runs over the classes, "
        "the last dimension.",
        {"classes": "log_p = F.log_softmax(logits, dim=0)"},
    ),
    _mistake(
        "sigmoid",
        "multiclass_focal_loss takes a sigmoid of each class by itself. The classes compete: "
        "take a softmax.",
        {"classes": "log_p = F.logsigmoid(logits)"},
    ),
    _mistake(
        "softmax-twice",
        "multiclass_focal_loss applies the softmax twice: something inside expects logits, and "
        "is given probabilities.",
        {"classes": "log_p = F.log_softmax(F.softmax(logits, dim=-1), dim=-1)"},
        CODE,
    ),
    _mistake(
        "winner",
        "multiclass_focal_loss looks at the most probable class. p_t is the probability of the "
        "true class.",
        {"truth": "log_p_t = log_p.max(-1).values"},
    ),
    _mistake(
        "no-factor",
        "multiclass_focal_loss leaves gamma out: this is cross-entropy. Multiply by "
        "(1 - p_t) ** gamma.",
        {"factor": "factor = torch.ones_like(log_p_t)"},
    ),
    _mistake(
        "factor-of-truth",
        "multiclass_focal_loss multiplies by p_t ** gamma, which keeps easy examples. The factor "
        "is (1 - p_t) ** gamma.",
        {"factor": "factor = log_p_t.exp() ** gamma"},
    ),
    _mistake(
        "gamma-multiplied",
        "multiclass_focal_loss multiplies 1 - p_t by gamma. Gamma is an exponent.",
        {"factor": "factor = gamma * (1 - log_p_t.exp())"},
    ),
    _mistake(
        "detached",
        "multiclass_focal_loss treats the factor as a constant: values are right, but its "
        "gradient is lost. Remove detach, no_grad, data, item or numpy from its way.",
        {"graph": "factor = factor.detach()"},
        DERIVATION,
    ),
    _mistake(
        "alpha-ignored",
        "multiclass_focal_loss ignores alpha. Each example is weighted by alpha of its own class.",
        {"balance": "balance = 1.0"},
    ),
    _mistake(
        "alpha-normalised",
        "multiclass_focal_loss divides alpha by its sum. Use the weights as they are given.",
        {"balance": "balance = 1.0 if alpha is None else (alpha / alpha.sum())[targets]"},
    ),
    _mistake(
        "alpha-mean",
        "multiclass_focal_loss weights every example by the mean of alpha. Each example is "
        "weighted by alpha of its own class.",
        {"balance": "balance = 1.0 if alpha is None else alpha.mean()"},
    ),
    rounded("multiclass", RECIPE.function, _WAYS),
    floored("multiclass", RECIPE.function, _WAYS),
    Mistake(
        "multiclass-exponential-overflows",
        RECIPE.function,
        "multiclass_focal_loss takes exponentials of large logits, which overflow. log_softmax "
        "subtracts the largest logit first.",
        CE_CODE,
        {"classes": "log_p = torch.log(logits.exp() / logits.exp().sum(-1, keepdim=True))"},
        only_at_extremes=True,
    ),
)
