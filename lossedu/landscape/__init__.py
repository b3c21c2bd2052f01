"""The geometry of a loss over the parameters of a model."""

from typing import TYPE_CHECKING

from lossedu._lazy import load_on_use

if TYPE_CHECKING:
    from lossedu.landscape.connectivity.alignment import (
        AlignedBarrier,
        Alignment,
        align,
        aligned_barrier,
    )
    from lossedu.landscape.connectivity.barrier import Barrier, linear_barrier
    from lossedu.landscape.connectivity.ensembles import Ensemble, checkpoint_ensemble
    from lossedu.landscape.connectivity.paths import LowLossPath, low_loss_path
    from lossedu.landscape.curvature.density import SpectralDensity, spectral_density
    from lossedu.landscape.curvature.diagonal import DiagonalEstimate, diagonal, exact_diagonal
    from lossedu.landscape.curvature.eigenpairs import Eigenpairs
    from lossedu.landscape.curvature.eigenvalues import most_negative_eigenvalue, top_eigenvalues
    from lossedu.landscape.curvature.natural_gradient import NaturalGradient, natural_gradient
    from lossedu.landscape.curvature.noise_scale import NoiseScale, gradient_noise_scale
    from lossedu.landscape.curvature.power_iteration import power_iteration
    from lossedu.landscape.curvature.products import empirical_fisher, fisher, gauss_newton, hessian
    from lossedu.landscape.curvature.sharpness import (
        expected_sharpness,
        fisher_rao_norm,
        worst_case_sharpness,
    )
    from lossedu.landscape.curvature.trace import TraceEstimate, trace
    from lossedu.landscape.objective.objective import Objective
    from lossedu.landscape.objective.objective_error import ObjectiveError
    from lossedu.landscape.optimisers.averaging import (
        EqualAverage,
        average_weights,
        update_batch_norm,
    )
    from lossedu.landscape.optimisers.restarts import Snapshots, WarmRestarts, warm_restarts
    from lossedu.landscape.optimisers.sam import SAM
    from lossedu.landscape.reports.comparison import (
        Comparison,
        compare_checkpoints,
        compare_objectives,
    )
    from lossedu.landscape.reports.compression import CompressionPath, compression_path
    from lossedu.landscape.reports.forgetting import Forgetting, OldTask
    from lossedu.landscape.reports.gate import (
        GateResult,
        Limit,
        gate_objective,
        landscape_gate,
        read_limits,
    )
    from lossedu.landscape.reports.run_variance import RunResult, RunVariance, run_variance
    from lossedu.landscape.results.result import Result
    from lossedu.landscape.slices.directions import coordinates, distances, random_directions
    from lossedu.landscape.slices.line import Line, interpolation, line
    from lossedu.landscape.slices.plane import Plane, plane
    from lossedu.landscape.slices.trajectory import PrincipalPlane, Trajectory, principal_plane

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
    "ObjectiveError",
    "OldTask",
    "Plane",
    "PrincipalPlane",
    "Result",
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
    "distances",
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
