"""What follows from a spec, derived by SymPy: formulas, LaTeX, derivatives, a 50-digit oracle."""

from typing import TYPE_CHECKING

from lossedu._lazy import load_on_use

if TYPE_CHECKING:
    from lossedu.symbolic.display import Shown, show
    from lossedu.symbolic.expressions import curvature, formula, gradient, in_inputs
    from lossedu.symbolic.functions import sigmoid
    from lossedu.symbolic.oracle import Oracle, oracle

__all__ = [
    "Oracle",
    "Shown",
    "curvature",
    "formula",
    "gradient",
    "in_inputs",
    "oracle",
    "show",
    "sigmoid",
]

load_on_use(__name__)
