"""The words and signs that a formula may have, and how much of them.

The same tables are in ``book/_static/practice/formulas.js``.
"""

from collections.abc import Mapping

MOST_CHARACTERS = 400
MOST_PARTS = 200
MOST_DEEP = 30
MOST_DIGITS = 17
"""As many as Python prints of a number."""
MOST_MAGNITUDE = 30
"""Of a typed number: the power of ten."""
MOST_EXPONENT = 12

FUNCTIONS: Mapping[str, tuple[int, int]] = {
    "abs": (1, 1),
    "acos": (1, 1),
    "asin": (1, 1),
    "atan": (1, 1),
    "cos": (1, 1),
    "cosh": (1, 1),
    "exp": (1, 1),
    "expm1": (1, 1),
    "log": (1, 1),
    "log10": (1, 1),
    "log1p": (1, 1),
    "log2": (1, 1),
    "logit": (1, 1),
    "max": (2, 8),
    "min": (2, 8),
    "relu": (1, 1),
    "sigmoid": (1, 1),
    "sign": (1, 1),
    "sin": (1, 1),
    "sinh": (1, 1),
    "softplus": (1, 1),
    "sqrt": (1, 1),
    "step": (1, 1),
    "tan": (1, 1),
    "tanh": (1, 1),
}
"""Name of a function -> the least and the greatest number of its arguments."""

ALIASES: Mapping[str, str] = {
    "arccos": "acos",
    "arcsin": "asin",
    "arctan": "atan",
    "expit": "sigmoid",
    "ln": "log",
    "log_10": "log10",
    "log_2": "log2",
    "log_e": "log",
    "sgn": "sign",
}
"""Other spellings of functions."""

CONSTANTS = ("e", "pi")

GREEK: Mapping[str, str] = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "epsilon",
    "ϵ": "epsilon",
    "ζ": "zeta",
    "η": "eta",
    "θ": "theta",
    "ϑ": "theta",
    "ι": "iota",
    "κ": "kappa",
    "λ": "lambda",
    "μ": "mu",
    "µ": "mu",
    "ν": "nu",
    "ξ": "xi",
    "π": "pi",
    "ρ": "rho",
    "ϱ": "rho",
    "σ": "sigma",
    "ς": "sigma",
    "τ": "tau",
    "υ": "upsilon",
    "φ": "phi",
    "ϕ": "phi",
    "χ": "chi",
    "ψ": "psi",
    "ω": "omega",
    "Γ": "Gamma",
    "Δ": "Delta",
    "Θ": "Theta",
    "Λ": "Lambda",
    "Ξ": "Xi",
    "Π": "Pi",
    "Σ": "Sigma",
    "Φ": "Phi",
    "Ψ": "Psi",
    "Ω": "Omega",
}

SIGNS: Mapping[str, str] = {
    "−": "-",
    "–": "-",
    "—": "-",
    "‐": "-",
    "‑": "-",
    "‒": "-",
    "\ufe63": "-",
    "\uff0d": "-",
    "\uff0b": "+",
    "·": "*",
    "⋅": "*",
    "∙": "*",
    "•": "*",
    "×": "*",
    "∗": "*",
    "÷": "/",
    "∕": "/",
    "⁄": "/",
    "ˆ": "^",
    "∣": "|",
    "ǀ": "|",
    "\uff08": "(",
    "\uff09": ")",
}
"""Signs that mean one of + - * / ^ | ( )."""

OPERATORS = "+-*/^()[]{}|,"

SPACES = " \t\n\r\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b"
SPACES += "\u202f\u205f\u2060\u2061\u2062\u2063\u3000\ufeff"
SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
SUPERSCRIPT_MINUS = "⁻"
SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"
MARKS: Mapping[str, str] = {"\u0302": "_hat", "\u0304": "_bar", "\u0303": "_tilde"}
"""Marks above a letter, as combining characters."""
MARKED: Mapping[str, str] = {
    "â": "a_hat",
    "ĉ": "c_hat",
    "ê": "e_hat",
    "ĝ": "g_hat",
    "ĥ": "h_hat",
    "ĵ": "j_hat",
    "ô": "o_hat",
    "ŝ": "s_hat",
    "û": "u_hat",
    "ŵ": "w_hat",
    "ŷ": "y_hat",
    "ẑ": "z_hat",
    "ȳ": "y_bar",
    "ū": "u_bar",
    "ā": "a_bar",
    "ñ": "n_tilde",
    "ỹ": "y_tilde",
}
"""Letters that carry such a mark in one character."""

REFUSED: Mapping[str, str] = {
    "=": "equals",
    "≈": "equals",
    "≡": "equals",
    "\\": "latex",
    "$": "latex",
    "<": "compares",
    ">": "compares",
    "≤": "compares",
    "≥": "compares",
    "≠": "compares",
    "∂": "derivative",
    "∇": "derivative",
    "∑": "derivative",
    "∏": "derivative",
    "∫": "derivative",
    "'": "derivative",
    "’": "derivative",
    "′": "derivative",
    "%": "percent",
}
"""Signs of other notations -> what is said of them."""

DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
