"""Reference losses: exact, stable, composable.

Every loss takes unbounded inputs (logits, never probabilities), ``weight``, ``mask`` and
``reduction``, refuses shapes that would only fit by broadcasting, and computes in float32 or
better.
"""

from typing import TYPE_CHECKING

from lossedu._lazy import load_on_use

if TYPE_CHECKING:
    from lossedu.losses._module import LossModule, as_module
    from lossedu.losses._spec import Family, LossSpec, Parameter, SpecialCase
    from lossedu.losses.adversarial import AdversarialLosses, adversarial_losses
    from lossedu.losses.aggregation import aggregate_losses
    from lossedu.losses.approx_ndcg import approx_ndcg_loss
    from lossedu.losses.class_weights import (
        adaptive_gamma,
        class_balanced_weights,
        hard_example_mask,
        severity_weights,
    )
    from lossedu.losses.collapse import collapse_score
    from lossedu.losses.composite import UncertaintyWeighting, parameter_penalty, weighted_sum
    from lossedu.losses.contrastive import info_nce_loss, nt_xent_loss
    from lossedu.losses.cost_sensitive import cost_sensitive_loss
    from lossedu.losses.cross_entropy import binary_cross_entropy_with_logits, cross_entropy
    from lossedu.losses.ctc import ctc_loss
    from lossedu.losses.deviance import (
        gamma_deviance_loss,
        poisson_deviance_loss,
        tweedie_deviance_loss,
    )
    from lossedu.losses.divergence import kl_divergence, prediction_entropy
    from lossedu.losses.focal import sigmoid_focal_loss, softmax_focal_loss
    from lossedu.losses.gather import gather_batch
    from lossedu.losses.hinge import hinge_loss, smooth_hinge_loss, squared_hinge_loss
    from lossedu.losses.huber import huber_loss, log_cosh_loss, pseudo_huber_loss
    from lossedu.losses.l1 import l1_loss
    from lossedu.losses.lambdarank import lambdarank_loss
    from lossedu.losses.listwise import listmle_loss, listnet_loss
    from lossedu.losses.metric_learning import contrastive_loss, triplet_loss
    from lossedu.losses.mse import mse_loss
    from lossedu.losses.multiclass_dice import generalized_dice_loss, softmax_dice_loss
    from lossedu.losses.multiclass_hinge import multiclass_hinge_loss
    from lossedu.losses.ordinal import cumulative_link_loss
    from lossedu.losses.overlap import dice_loss, jaccard_loss, soft_f1_loss
    from lossedu.losses.pairwise import pairwise_hinge_loss, pairwise_logistic_loss
    from lossedu.losses.perplexity import perplexity
    from lossedu.losses.poly1 import sigmoid_poly1_loss, softmax_poly1_loss
    from lossedu.losses.power import power_loss
    from lossedu.losses.quantile import quantile_crossing_rate, quantile_loss
    from lossedu.losses.reinforcement import policy_gradient_loss, td_loss
    from lossedu.losses.supervised_contrastive import supervised_contrastive_loss
    from lossedu.losses.svm import SVMObjective, random_fourier_features
    from lossedu.losses.triplet_mining import batch_triplet_loss, mine_triplets
    from lossedu.losses.tversky import tversky_loss
    from lossedu.losses.zero_one import perceptron_loss, zero_one_loss

__all__ = [
    "AdversarialLosses",
    "Family",
    "LossModule",
    "LossSpec",
    "Parameter",
    "SVMObjective",
    "SpecialCase",
    "UncertaintyWeighting",
    "adaptive_gamma",
    "adversarial_losses",
    "aggregate_losses",
    "approx_ndcg_loss",
    "as_module",
    "batch_triplet_loss",
    "binary_cross_entropy_with_logits",
    "class_balanced_weights",
    "collapse_score",
    "contrastive_loss",
    "cost_sensitive_loss",
    "cross_entropy",
    "ctc_loss",
    "cumulative_link_loss",
    "dice_loss",
    "gamma_deviance_loss",
    "gather_batch",
    "generalized_dice_loss",
    "hard_example_mask",
    "hinge_loss",
    "huber_loss",
    "info_nce_loss",
    "jaccard_loss",
    "kl_divergence",
    "l1_loss",
    "lambdarank_loss",
    "listmle_loss",
    "listnet_loss",
    "log_cosh_loss",
    "mine_triplets",
    "mse_loss",
    "multiclass_hinge_loss",
    "nt_xent_loss",
    "pairwise_hinge_loss",
    "pairwise_logistic_loss",
    "parameter_penalty",
    "perceptron_loss",
    "perplexity",
    "poisson_deviance_loss",
    "policy_gradient_loss",
    "power_loss",
    "prediction_entropy",
    "pseudo_huber_loss",
    "quantile_crossing_rate",
    "quantile_loss",
    "random_fourier_features",
    "severity_weights",
    "sigmoid_focal_loss",
    "sigmoid_poly1_loss",
    "smooth_hinge_loss",
    "soft_f1_loss",
    "softmax_dice_loss",
    "softmax_focal_loss",
    "softmax_poly1_loss",
    "squared_hinge_loss",
    "supervised_contrastive_loss",
    "td_loss",
    "triplet_loss",
    "tversky_loss",
    "tweedie_deviance_loss",
    "weighted_sum",
    "zero_one_loss",
]

load_on_use(__name__)
