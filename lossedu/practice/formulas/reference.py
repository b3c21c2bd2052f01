"""What can be typed as a formula, for a terminal and a page to show."""

from collections.abc import Sequence

LANGUAGE: Sequence[tuple[str, str, str]] = (
    (
        "Sums and products",
        "2p(1-p), 2*p*(1-p)",
        "A product needs no *. One-letter names may touch: pq is p*q.",
    ),
    (
        "Fractions",
        "p/(1-p), p/(2q)",
        "Bracket the denominator: 1/2p is refused, for it can be read in two ways.",
    ),
    (
        "Powers",
        "p^2, p**2, p², (1-p)^gamma",
        "An exponent of more than one part needs brackets, ( ) or { }: e^(-2x). -x^2 is -(x^2).",
    ),
    (
        "Numbers",
        "0.25, .25, 1e-3, 1/4",
        "A decimal point, no comma. Leave constants exact: log(2), not 0.693.",
    ),
    (
        "Logarithms",
        "log(p), ln(p), log p",
        "log and ln are natural, log2 and log10 have their base. "
        "One name or number needs no brackets.",
    ),
    (
        "Exponentials",
        "exp(-z), e^(-z)",
        "e is Euler's number, unless the question has a name e.",
    ),
    (
        "Greek letters",
        "gamma or γ, lambda or λ",
        "By name or as letters. sigma(z) and σ(z) are the sigmoid.",
    ),
    (
        "Subscripts",
        "p_t, y_hat or ŷ, x1 or x₁",
        "Names as the question writes them; the _ may be left out.",
    ),
    (
        "Functions",
        "sqrt(x), |x|, sigmoid(z), softplus(z), max(0, 1-m)",
        "Also abs, min, sign, step (1 above 0, 0 below), relu, tanh, logit, log1p, expm1, "
        "sin, cos, tan, sinh, cosh, asin, acos, atan.",
    ),
)
"""What, how it is typed, what to know."""


def language_text() -> str:
    """The reference as lines of text.

    Example:
        >>> print(language_text().splitlines()[0])
        Sums and products: 2p(1-p), 2*p*(1-p)
    """
    return "\n".join(f"{what}: {typed}\n    {rule}" for what, typed, rule in LANGUAGE)
