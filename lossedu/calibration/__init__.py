"""Whether probabilities mean what they say, and how to make them."""

from typing import TYPE_CHECKING

from lossedu._lazy import load_on_use

if TYPE_CHECKING:
    from lossedu.calibration.errors import (
        ReliabilityDiagram,
        brier_score,
        expected_calibration_error,
        reliability_diagram,
    )
    from lossedu.calibration.scaling import IsotonicScaling, PlattScaling, TemperatureScaling

__all__ = [
    "IsotonicScaling",
    "PlattScaling",
    "ReliabilityDiagram",
    "TemperatureScaling",
    "brier_score",
    "expected_calibration_error",
    "reliability_diagram",
]

load_on_use(__name__)
