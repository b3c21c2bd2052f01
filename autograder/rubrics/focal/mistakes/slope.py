"""Known mistakes in ``focal_loss_grad``."""

from autograder.checks.bank import Mistake, Recipe
from autograder.rubrics.focal.mistakes.links import CODE, DEFINITION, DERIVATION
from autograder.rubrics.focal.mistakes.rounding import BINARY_WAYS, rounded

RECIPE = Recipe(
    "focal_loss_grad",
    "logits, targets, gamma, alpha",
    {
        "sign": "sign = 2 * targets - 1",
        "truth": "log_p_t = F.logsigmoid((2 * targets - 1) * logits)",
        "rest": "log_rest = F.logsigmoid((1 - 2 * targets) * logits)",
        "logarithm": "through_logarithm = -torch.exp((gamma + 1) * log_rest)",
        "factor": "through_factor = gamma * torch.exp(log_p_t + gamma * log_rest) * log_p_t",
        "none": "if alpha is None:\n    balance = torch.ones_like(targets)",
        "balance": "else:\n    balance = alpha * targets + (1 - alpha) * (1 - targets)",
        "slope": "slope = sign * balance * (through_logarithm + through_factor)",
        "result": "return slope",
    },
)


def _mistake(name: str, says: str, steps: dict[str, str], link: str = DERIVATION) -> Mistake:
    return Mistake(f"grad-{name}", RECIPE.function, says, link, steps)


MISTAKES = (
    _mistake(
        "mean",
        "focal_loss_grad divides by the number of examples. The task asks for the derivative of "
        "each example's own loss.",
        {"result": "return slope / max(slope.numel(), 1)"},
    ),
    _mistake(
        "opposite",
        "focal_loss_grad has the opposite sign everywhere: this is the step downhill. The "
        "gradient points uphill.",
        {"slope": "slope = -sign * balance * (through_logarithm + through_factor)"},
    ),
    _mistake(
        "same-sign-for-negatives",
        "focal_loss_grad gives negatives the sign of positives. For a target of 0 the logit "
        "works the other way, so the sign changes.",
        {"sign": "sign = torch.ones_like(targets)"},
    ),
    _mistake(
        "lost-factor",
        "focal_loss_grad forgets that the factor (1 - p_t) ** gamma depends on the logit too. "
        "The product rule gives a second term.",
        {"factor": "through_factor = 0.0"},
    ),
    _mistake(
        "lost-logarithm",
        "focal_loss_grad differentiates the factor only. The product rule gives a second term, "
        "from the logarithm.",
        {"logarithm": "through_logarithm = 0.0"},
    ),
    _mistake(
        "cross-entropy",
        "focal_loss_grad is the gradient of cross-entropy: the factor is missing in both terms.",
        {"logarithm": "through_logarithm = -torch.exp(log_rest)", "factor": "through_factor = 0.0"},
    ),
    _mistake(
        "by-probability",
        "focal_loss_grad is the derivative by p_t. By the chain rule, multiply by the slope of "
        "the sigmoid, p (1 - p), to get the derivative by the logit.",
        {
            "slope": "slope = sign * balance * (through_logarithm + through_factor) / "
            "torch.exp(log_p_t + log_rest)"
        },
    ),
    _mistake(
        "no-gamma",
        "focal_loss_grad lacks a gamma: the derivative of u ** gamma is gamma * u ** (gamma - 1) "
        "times that of u.",
        {"factor": "through_factor = torch.exp(log_p_t + gamma * log_rest) * log_p_t"},
    ),
    _mistake(
        "no-p-t",
        "focal_loss_grad lacks p_t in the term with the logarithm: the derivative of p_t by the "
        "logit is p_t (1 - p_t), and only 1 - p_t went into the power.",
        {"factor": "through_factor = gamma * torch.exp(gamma * log_rest) * log_p_t"},
    ),
    _mistake(
        "power-not-raised",
        "focal_loss_grad has (1 - p_t) ** (gamma - 1) in the term with the logarithm. The slope "
        "of the sigmoid brings another 1 - p_t, so the power is gamma.",
        {
            "factor": "raised = log_p_t + (gamma - 1) * log_rest\n"
            "through_factor = gamma * torch.exp(raised) * log_p_t"
        },
    ),
    _mistake(
        "inner-sign",
        "focal_loss_grad adds the term with the logarithm with the wrong sign: 1 - p_t falls as "
        "p_t rises.",
        {"factor": "through_factor = -gamma * torch.exp(log_p_t + gamma * log_rest) * log_p_t"},
    ),
    _mistake(
        "alpha-ignored",
        "focal_loss_grad ignores alpha. The weight of the loss is a weight of its gradient.",
        {"balance": "else:\n    balance = torch.ones_like(targets)"},
        DEFINITION,
    ),
    _mistake(
        "alpha-for-all",
        "focal_loss_grad weights all examples by alpha. Negatives are weighted by 1 - alpha.",
        {"balance": "else:\n    balance = alpha * torch.ones_like(targets)"},
        DEFINITION,
    ),
    _mistake(
        "alpha-swapped",
        "focal_loss_grad weights negatives by alpha and positives by 1 - alpha. It is the other "
        "way round.",
        {"balance": "else:\n    balance = alpha * (1 - targets) + (1 - alpha) * targets"},
        DEFINITION,
    ),
    # A floor under the probability bends nothing here: the logarithm is multiplied by p_t.
    rounded("grad", RECIPE.function, BINARY_WAYS),
    Mistake(
        "grad-power-of-rounded",
        RECIPE.function,
        "focal_loss_grad has a power of gamma - 1, which is infinite where 1 - p_t is rounded to "
        "0. The slope of the sigmoid cancels one factor; simplify on paper first.",
        CODE,
        {
            "factor": "rest = 1 - log_p_t.exp()\n"
            "through_factor = gamma * rest ** (gamma - 1) * log_p_t.exp() * rest * log_p_t"
        },
        only_at_extremes=True,
    ),
)
