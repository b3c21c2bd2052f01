"""Data with known answers, so that an experiment can say how far off it is; and some real data."""

from typing import TYPE_CHECKING

from lossedu._lazy import load_on_use

if TYPE_CHECKING:
    from lossedu.training.data.bundled import Bundled, Split, bundled
    from lossedu.training.data.graded_lists import GradedLists, graded_lists
    from lossedu.training.data.heavy_tails import HeavyTails, heavy_tails
    from lossedu.training.data.imbalance import RareEvents, rare_events
    from lossedu.training.data.noisy_classes import NoisyClasses, noisy_classes
    from lossedu.training.data.two_views import TwoViews, two_views

__all__ = [
    "Bundled",
    "GradedLists",
    "HeavyTails",
    "NoisyClasses",
    "RareEvents",
    "Split",
    "TwoViews",
    "bundled",
    "graded_lists",
    "heavy_tails",
    "noisy_classes",
    "rare_events",
    "two_views",
]

load_on_use(__name__)
