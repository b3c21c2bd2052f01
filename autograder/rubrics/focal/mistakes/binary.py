"""Known mistakes in ``binary_cross_entropy``."""

from autograder.checks.bank import Mistake, Recipe
from autograder.rubrics.focal.mistakes.links import CE_CODE, CE_DEFINITION
from autograder.rubrics.focal.mistakes.rounding import BINARY_WAYS, floored, rounded

RECIPE = Recipe(
    "binary_cross_entropy",
    "logits, targets",
    {
        "inputs": "",
        "truth": "log_p_t = F.logsigmoid((2 * targets - 1) * logits)",
        "surprise": "values = -log_p_t",
        "result": "return values",
    },
)


def _mistake(name: str, says: str, steps: dict[str, str], link: str = CE_DEFINITION) -> Mistake:
    return Mistake(f"bce-{name}", RECIPE.function, says, link, steps)


MISTAKES = (
    _mistake(
        "mean",
        "binary_cross_entropy returns the mean over the examples. "
        "The task asks for one value an example, in the shape of logits.",
        {"result": "return values.mean()"},
    ),
    _mistake(
        "sum",
        "binary_cross_entropy returns the sum over the examples. "
        "The task asks for one value an example, in the shape of logits.",
        {"result": "return values.sum()"},
    ),
    _mistake(
        "sign",
        "binary_cross_entropy has the wrong sign: a logarithm of a probability is negative, "
        "a cost is not.",
        {"surprise": "values = log_p_t"},
    ),
    _mistake(
        "positives-only",
        "binary_cross_entropy charges positives only. A negative costs -log(1 - p).",
        {"surprise": "values = -targets * log_p_t"},
    ),
    _mistake(
        "negatives-only",
        "binary_cross_entropy charges negatives only. A positive costs -log p.",
        {"surprise": "values = -(1 - targets) * log_p_t"},
    ),
    _mistake(
        "p-for-p-t",
        "binary_cross_entropy takes the logarithm of p for negatives too. "
        "What happened there has probability 1 - p.",
        {"truth": "log_p_t = F.logsigmoid(logits)"},
    ),
    _mistake(
        "flipped",
        "binary_cross_entropy takes positives for negatives and negatives for positives. "
        "p is the probability of a 1.",
        {"truth": "log_p_t = F.logsigmoid((1 - 2 * targets) * logits)"},
    ),
    _mistake(
        "base-two",
        "binary_cross_entropy takes the logarithm to base 2. Losses in this course are in nats: "
        "natural logarithms.",
        {"truth": "log_p_t = F.logsigmoid((2 * targets - 1) * logits) / 0.6931471805599453"},
    ),
    _mistake(
        "sigmoid-twice",
        "binary_cross_entropy applies the sigmoid twice: something inside expects logits, "
        "and is given probabilities.",
        {"inputs": "logits = torch.sigmoid(logits)"},
        CE_CODE,
    ),
    _mistake(
        "no-sigmoid",
        "binary_cross_entropy takes logits for probabilities. Turn them into log-probabilities "
        "first.",
        {"truth": "log_p_t = torch.log(torch.where(targets == 1, logits, 1 - logits))"},
        CE_CODE,
    ),
    _mistake(
        "squared",
        "binary_cross_entropy returns the squared error of the probability, which is the Brier "
        "score. Cross-entropy is the negative logarithm of the probability of the truth.",
        {"surprise": "values = (1 - log_p_t.exp()) ** 2"},
    ),
    _mistake(
        "no-log",
        "binary_cross_entropy returns 1 minus the probability of the truth; the logarithm is "
        "missing.",
        {"surprise": "values = 1 - log_p_t.exp()"},
    ),
    rounded(
        "bce",
        RECIPE.function,
        BINARY_WAYS,
        # An exponential overflows where a probability is rounded to 0: in numbers, the same.
        ("log_p_t = -torch.log(1 + torch.exp((1 - 2 * targets) * logits))",),
    ),
    floored("bce", RECIPE.function, BINARY_WAYS),
)
