"""What experiments share: one training loop that watches itself, and data with known answers."""

from typing import TYPE_CHECKING

from lossedu._lazy import load_on_use

if TYPE_CHECKING:
    from lossedu.training.averaging import WeightAverage
    from lossedu.training.checkpoints import CheckpointError, Checkpoints, restore_model
    from lossedu.training.data import (
        GradedLists,
        HeavyTails,
        NoisyClasses,
        RareEvents,
        Split,
        TwoViews,
        bundled,
        graded_lists,
        heavy_tails,
        noisy_classes,
        rare_events,
        two_views,
    )
    from lossedu.training.diagnosis import Diagnosis, diagnose, diagnosis_table
    from lossedu.training.early_stopping import EarlyStopping
    from lossedu.training.fit import fit
    from lossedu.training.history import History
    from lossedu.training.mining import AcrossProcesses, AdaptiveFocus, HardExamples
    from lossedu.training.recipes import Recipe, recipe_table, recipes
    from lossedu.training.run import Run
    from lossedu.training.sampling import (
        CurriculumSampler,
        class_balanced_sampler,
        weighted_sampler,
    )

__all__ = [
    "AcrossProcesses",
    "AdaptiveFocus",
    "CheckpointError",
    "Checkpoints",
    "CurriculumSampler",
    "Diagnosis",
    "EarlyStopping",
    "GradedLists",
    "HardExamples",
    "HeavyTails",
    "History",
    "NoisyClasses",
    "RareEvents",
    "Recipe",
    "Run",
    "Split",
    "TwoViews",
    "WeightAverage",
    "bundled",
    "class_balanced_sampler",
    "diagnose",
    "diagnosis_table",
    "fit",
    "graded_lists",
    "heavy_tails",
    "noisy_classes",
    "rare_events",
    "recipe_table",
    "recipes",
    "restore_model",
    "two_views",
    "weighted_sampler",
]

load_on_use(__name__)
