"""The geometry of a loss over the parameters of a model."""

from typing import TYPE_CHECKING

from lossedu._lazy import load_on_use

if TYPE_CHECKING:
    from lossedu.landscape.alignment import AlignedBarrier, Alignment, align, aligned_barrier
    from lossedu.landscape.averaging import EqualAverage, average_weights, update_batch_norm
    from lossedu.landscape.barrier import Barrier, linear_barrier
    from lossedu.landscape.comparison import Comparison, compare_checkpoints, compare_objectives
    from lossedu.landscape.compression import CompressionPath, compression_path
    from lossedu.landscape.density import SpectralDensity, spectral_density
    from lossedu.landscape.diagonal import DiagonalEstimate, diagonal, exact_diagonal
    from lossedu.landscape.directions import coordinates, random_directions
    from lossedu.landscape.eigenvalues import Eigenpairs, most_negative_eigenvalue, top_eigenvalues
    from lossedu.landscape.ensembles import Ensemble, checkpoint_ensemble
    from lossedu.landscape.forgetting import Forgetting, OldTask
    from lossedu.landscape.gate import (
        GateResult,
        Limit,
        gate_objective,
        landscape_gate,
        read_limits,
    )
    from lossedu.landscape.line import Line, interpolation, line
    from lossedu.landscape.natural_gradient import NaturalGradient, natural_gradient
    from lossedu.landscape.noise_scale import NoiseScale, gradient_noise_scale
    from lossedu.landscape.objective import Objective
    from lossedu.landscape.paths import LowLossPath, low_loss_path
    from lossedu.landscape.plane import Plane, plane
    from lossedu.landscape.power_iteration import power_iteration
    from lossedu.landscape.products import empirical_fisher, fisher, gauss_newton, hessian
    from lossedu.landscape.restarts import Snapshots, WarmRestarts, warm_restarts
    from lossedu.landscape.run_variance import RunResult, RunVariance, run_variance
    from lossedu.landscape.sam import SAM
    from lossedu.landscape.sharpness import (
        expected_sharpness,
        fisher_rao_norm,
        worst_case_sharpness,
    )
    from lossedu.landscape.trace import TraceEstimate, trace
    from lossedu.landscape.trajectory import PrincipalPlane, Trajectory, principal_plane

__all__ = [
    "SAM",
    "AlignedBarrier",
    "Alignment",
    "Barrier",
    "Comparison",
    "CompressionPath",
    "DiagonalEstimate",
    "Eigenpairs",
    "Ensemble",
    "EqualAverage",
    "Forgetting",
    "GateResult",
    "Limit",
    "Line",
    "LowLossPath",
    "NaturalGradient",
    "NoiseScale",
    "Objective",
    "OldTask",
    "Plane",
    "PrincipalPlane",
    "RunResult",
    "RunVariance",
    "Snapshots",
    "SpectralDensity",
    "TraceEstimate",
    "Trajectory",
    "WarmRestarts",
    "align",
    "aligned_barrier",
    "average_weights",
    "checkpoint_ensemble",
    "compare_checkpoints",
    "compare_objectives",
    "compression_path",
    "coordinates",
    "diagonal",
    "empirical_fisher",
    "exact_diagonal",
    "expected_sharpness",
    "fisher",
    "fisher_rao_norm",
    "gate_objective",
    "gauss_newton",
    "gradient_noise_scale",
    "hessian",
    "interpolation",
    "landscape_gate",
    "line",
    "linear_barrier",
    "low_loss_path",
    "most_negative_eigenvalue",
    "natural_gradient",
    "plane",
    "power_iteration",
    "principal_plane",
    "random_directions",
    "read_limits",
    "run_variance",
    "spectral_density",
    "top_eigenvalues",
    "trace",
    "update_batch_norm",
    "warm_restarts",
    "worst_case_sharpness",
]

load_on_use(__name__)
