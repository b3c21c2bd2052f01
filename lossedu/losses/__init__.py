"""Reference losses: exact, stable, composable.

Every loss takes unbounded inputs (logits, never probabilities), ``weight``, ``mask`` and
``reduction``, refuses shapes that would only fit by broadcasting, and computes in float32 or
better.
"""

from lossedu.losses._module import as_module
from lossedu.losses._spec import LossSpec, Parameter, SpecialCase
from lossedu.losses.cross_entropy import binary_cross_entropy_with_logits, cross_entropy
from lossedu.losses.focal import sigmoid_focal_loss, softmax_focal_loss
from lossedu.losses.mse import mse_loss

__all__ = [
    "LossSpec",
    "Parameter",
    "SpecialCase",
    "as_module",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "mse_loss",
    "sigmoid_focal_loss",
    "softmax_focal_loss",
]
