"""What the commands of TeX look like in Unicode, and how each is spaced."""

from collections.abc import Mapping

LETTERS: Mapping[str, str] = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "varepsilon": "ε",
    "zeta": "ζ",
    "eta": "η",
    "theta": "θ",
    "vartheta": "ϑ",
    "iota": "ι",
    "kappa": "κ",
    "lambda": "λ",
    "mu": "μ",
    "nu": "ν",
    "xi": "ξ",
    "pi": "π",
    "rho": "ρ",
    "sigma": "σ",
    "varsigma": "ς",
    "tau": "τ",
    "upsilon": "υ",
    "phi": "φ",
    "varphi": "φ",
    "chi": "χ",
    "psi": "ψ",
    "omega": "ω",
    "Gamma": "Γ",
    "Delta": "Δ",
    "Theta": "Θ",
    "Lambda": "Λ",
    "Xi": "Ξ",
    "Pi": "Π",
    "Sigma": "Σ",
    "Phi": "Φ",
    "Psi": "Ψ",
    "Omega": "Ω",
    "ell": "ℓ",
    "partial": "∂",
    "nabla": "∇",
    "infty": "∞",
    "ldots": "…",
    "dots": "…",
    "cdots": "⋯",
    "vdots": "⋮",
    "emptyset": "∅",
    "prime": "′",
    "top": "⊤",
    "star": "*",
    "ast": "*",
    "dagger": "†",
    "circ": "°",
    "Re": "Re",
    "%": "%",
    "$": "$",
    "#": "#",
    "_": "_",
}
_FUNCTION_NAMES = (
    "log ln exp max min sup inf lim sin cos tan sinh cosh tanh arcsin arccos arctan det tr rank "
    "diag Pr arg sign deg dim ker softmax softplus sigmoid relu argmin argmax"
)
FUNCTIONS = frozenset(_FUNCTION_NAMES.split())
LARGE: Mapping[str, str] = {"sum": "Σ", "prod": "∏", "int": "∫", "bigcup": "⋃", "bigcap": "⋂"}
OPERATORS: Mapping[str, str] = {
    "cdot": "·",
    "times": "×",
    "div": "÷",
    "pm": "±",
    "mp": "∓",
    "odot": "⊙",
    "oplus": "⊕",
    "otimes": "⊗",
    "setminus": "∖",
    "cup": "∪",
    "cap": "∩",
    "wedge": "∧",
    "vee": "∨",
    "land": "∧",
    "lor": "∨",
}
RELATIONS: Mapping[str, str] = {
    "le": "≤",
    "leq": "≤",
    "ge": "≥",
    "geq": "≥",
    "ne": "≠",
    "neq": "≠",
    "ll": "≪",
    "gg": "≫",
    "approx": "≈",
    "sim": "~",
    "simeq": "≃",
    "equiv": "≡",
    "propto": "∝",
    "in": "∈",
    "notin": "∉",
    "subset": "⊂",
    "subseteq": "⊆",
    "succ": "≻",
    "prec": "≺",
    "succeq": "⪰",
    "preceq": "⪯",
    "to": "→",
    "rightarrow": "→",
    "leftarrow": "←",
    "Rightarrow": "⇒",
    "implies": "⇒",
    "iff": "⇔",
    "Leftrightarrow": "⇔",
    "leftrightarrow": "↔",
    "mapsto": "↦",
    "longrightarrow": "→",
    "mid": "|",
    "parallel": "∥",
    "perp": "⊥",
    "coloneqq": ":=",
    "lt": "<",
    "gt": ">",
}
OPENING: Mapping[str, str] = {
    "{": "{",
    "lbrace": "{",
    "langle": "⟨",
    "lfloor": "⌊",
    "lceil": "⌈",
    "lvert": "|",
    "lVert": "‖",
    "lbrack": "[",
}
CLOSING: Mapping[str, str] = {
    "}": "}",
    "rbrace": "}",
    "rangle": "⟩",
    "rfloor": "⌋",
    "rceil": "⌉",
    "rvert": "|",
    "rVert": "‖",
    "rbrack": "]",
}
SPACES: Mapping[str, str] = {
    ",": "",
    ";": " ",
    ":": " ",
    "!": "",
    " ": " ",
    "quad": "  ",
    "qquad": "   ",
    "enspace": " ",
    "\n": " ",
}
_SILENT_NAMES = (
    "displaystyle textstyle limits nolimits big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr "
    "Biggl Biggr bigm middle left right mathstrut strut smash nonumber notag mathrel mathbin "
    "mathord mathopen mathclose rm bf it"
)
SILENT = frozenset(_SILENT_NAMES.split())
ACCENTS: Mapping[str, str] = {
    "hat": "\u0302",
    "widehat": "\u0302",
    "bar": "\u0304",
    "overline": "\u0304",
    "tilde": "\u0303",
    "widetilde": "\u0303",
    "dot": "\u0307",
    "vec": "\u20d7",
}
BLACKBOARD: Mapping[str, str] = {"R": "ℝ", "N": "ℕ", "Z": "ℤ", "Q": "ℚ", "C": "ℂ", "P": "P"}
RAISED = str.maketrans("0123456789+−=()ni⊤", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵀ")
LOWERED = str.maketrans(
    "0123456789+−=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ"
)
