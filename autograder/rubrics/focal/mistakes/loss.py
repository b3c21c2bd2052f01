"""Known mistakes in ``focal_loss``."""

from autograder.checks.bank import Mistake, Recipe
from autograder.rubrics.focal.mistakes.links import CODE, DEFINITION, DERIVATION
from autograder.rubrics.focal.mistakes.rounding import BINARY_WAYS, floored, rounded

RECIPE = Recipe(
    "focal_loss",
    "logits, targets, gamma, alpha",
    {
        "inputs": "",
        "truth": "log_p_t = F.logsigmoid((2 * targets - 1) * logits)",
        "rest": "log_rest = F.logsigmoid((1 - 2 * targets) * logits)",
        "factor": "factor = torch.exp(gamma * log_rest)",
        "graph": "",
        "none": "if alpha is None:\n    balance = torch.ones_like(targets)",
        "balance": "else:\n    balance = alpha * targets + (1 - alpha) * (1 - targets)",
        "surprise": "values = -balance * factor * log_p_t",
        "result": "return values",
    },
)


def _mistake(
    name: str,
    says: str,
    steps: dict[str, str],
    link: str = DEFINITION,
    also: tuple[dict[str, str], ...] = (),
) -> Mistake:
    return Mistake(f"focal-{name}", RECIPE.function, says, link, steps, also=also)


MISTAKES = (
    _mistake(
        "mean",
        "focal_loss returns the mean over the examples. "
        "The task asks for one value an example, in the shape of logits.",
        {"result": "return values.mean()"},
    ),
    _mistake(
        "sum",
        "focal_loss returns the sum over the examples. "
        "The task asks for one value an example, in the shape of logits.",
        {"result": "return values.sum()"},
    ),
    _mistake(
        "divided-by-positives",
        "focal_loss divides by the number of positives, as detectors do after summing. "
        "The task asks for each example's own loss.",
        {"result": "return values / targets.sum().clamp(min=1)"},
    ),
    _mistake(
        "sign",
        "focal_loss has the wrong sign: a logarithm of a probability is negative, a cost is not.",
        {"surprise": "values = balance * factor * log_p_t"},
    ),
    _mistake(
        "no-factor",
        "focal_loss leaves gamma out: this is cross-entropy. Multiply by (1 - p_t) ** gamma.",
        {"factor": "factor = torch.ones_like(log_rest)"},
    ),
    _mistake(
        "gamma-fixed",
        "focal_loss always uses gamma = 2. Use the argument gamma.",
        {"factor": "factor = torch.exp(2 * log_rest)"},
    ),
    _mistake(
        "p-for-p-t",
        "focal_loss has the factor (1 - p) ** gamma for negatives too. Use p_t, the probability "
        "of what happened: a negative's factor is p ** gamma.",
        {"factor": "factor = torch.exp(gamma * F.logsigmoid(-logits))"},
        also=({"factor": "factor = (1 - torch.sigmoid(logits)) ** gamma"},),
    ),
    _mistake(
        "factor-of-truth",
        "focal_loss multiplies by p_t ** gamma, which keeps easy examples and quiets hard ones. "
        "The factor is (1 - p_t) ** gamma.",
        {"factor": "factor = torch.exp(gamma * log_p_t)"},
        also=({"factor": "factor = log_p_t.exp() ** gamma"},),
    ),
    _mistake(
        "gamma-multiplied",
        "focal_loss multiplies 1 - p_t by gamma. Gamma is an exponent.",
        {"factor": "factor = gamma * torch.exp(log_rest)"},
    ),
    _mistake(
        "one-minus-power",
        "focal_loss has the factor 1 - p_t ** gamma. The power goes outside: (1 - p_t) ** gamma.",
        {"factor": "factor = 1 - torch.exp(gamma * log_p_t)"},
        also=({"factor": "factor = 1 - log_p_t.exp() ** gamma"},),
    ),
    _mistake(
        "detached",
        "focal_loss treats the factor (1 - p_t) ** gamma as a constant: values are right, but "
        "its gradient is lost. Remove detach, no_grad, data, item or numpy from its way.",
        {"graph": "factor = factor.detach()"},
        DERIVATION,
    ),
    _mistake(
        "factor-of-mean",
        "focal_loss takes one p_t for the whole batch, from the mean loss. Every example has its "
        "own p_t; average nothing before the factor.",
        {"factor": "factor = (1 - log_p_t.mean().exp()) ** gamma"},
    ),
    _mistake(
        "log-p-for-p-t",
        "focal_loss takes the logarithm of p for negatives too. What happened there has "
        "probability 1 - p.",
        {"truth": "log_p_t = F.logsigmoid(logits)"},
    ),
    _mistake(
        "base-two",
        "focal_loss takes the logarithm to base 2. Losses in this course are in nats: natural "
        "logarithms.",
        {"surprise": "values = -balance * factor * log_p_t / 0.6931471805599453"},
    ),
    _mistake(
        "positives-only",
        "focal_loss charges positives only. A negative costs p ** gamma times -log(1 - p).",
        {"surprise": "values = -targets * balance * factor * log_p_t"},
    ),
    _mistake(
        "no-log",
        "focal_loss lacks the logarithm: it is (1 - p_t) ** gamma alone, without cross-entropy.",
        {"surprise": "values = balance * factor"},
    ),
    _mistake(
        "flipped",
        "focal_loss takes positives for negatives and negatives for positives. "
        "p is the probability of a 1.",
        {"inputs": "targets = 1 - targets"},
    ),
    _mistake(
        "sigmoid-twice",
        "focal_loss applies the sigmoid twice: something inside expects logits, and is given "
        "probabilities.",
        {"inputs": "logits = torch.sigmoid(logits)"},
        CODE,
    ),
    _mistake(
        "alpha-ignored",
        "focal_loss ignores alpha. Positives are weighted by alpha, negatives by 1 - alpha.",
        {"balance": "else:\n    balance = torch.ones_like(targets)"},
    ),
    _mistake(
        "alpha-for-all",
        "focal_loss weights all examples by alpha. Positives are weighted by alpha, negatives "
        "by 1 - alpha.",
        {"balance": "else:\n    balance = alpha * torch.ones_like(targets)"},
    ),
    _mistake(
        "alpha-swapped",
        "focal_loss weights negatives by alpha and positives by 1 - alpha. It is the other way "
        "round, whichever class is rare.",
        {"balance": "else:\n    balance = alpha * (1 - targets) + (1 - alpha) * targets"},
    ),
    _mistake(
        "alpha-for-positives-only",
        "focal_loss weights positives by alpha, but leaves negatives at 1. They are weighted by "
        "1 - alpha.",
        {"balance": "else:\n    balance = alpha * targets + (1 - targets)"},
    ),
    _mistake(
        "alpha-silences-negatives",
        "focal_loss gives negatives no weight when alpha is given. They are weighted by 1 - alpha.",
        {"balance": "else:\n    balance = alpha * targets"},
    ),
    _mistake(
        "none-is-a-quarter",
        "focal_loss takes alpha = None for 0.25. None means: no balance, every example has "
        "weight 1.",
        {"none": "if alpha is None:\n    balance = 0.25 * targets + 0.75 * (1 - targets)"},
    ),
    _mistake(
        "none-is-a-half",
        "focal_loss takes alpha = None for 0.5, which halves everything. None means: no balance, "
        "every example has weight 1.",
        {"none": "if alpha is None:\n    balance = torch.full_like(targets, 0.5)"},
    ),
    rounded("focal", RECIPE.function, BINARY_WAYS),
    floored("focal", RECIPE.function, BINARY_WAYS),
    Mistake(
        "focal-power-of-rounded",
        RECIPE.function,
        "focal_loss raises a rounded 1 - p_t to a power. For gamma below 1 that power has an "
        "infinite slope at 0, and the gradient becomes NaN; take exp(gamma * log(1 - p_t)).",
        CODE,
        {"factor": "factor = (1 - log_p_t.exp()) ** gamma"},
        only_at_extremes=True,
        also=(
            {
                "factor": "p = torch.sigmoid(logits)\n"
                "factor = (1 - torch.where(targets == 1, p, 1 - p)) ** gamma"
            },
            {
                "factor": "p = torch.sigmoid(logits)\n"
                "factor = (1 - p * targets - (1 - p) * (1 - targets)) ** gamma"
            },
        ),
    ),
)
