"""Families of questions that follow from the specs of losses: a new loss brings its drills."""

from typing import TYPE_CHECKING

from lossedu._lazy import load_on_use

if TYPE_CHECKING:
    from lossedu.practice.generated.made import families_of, kept_folder, made_families

__all__ = ["families_of", "kept_folder", "made_families"]

load_on_use(__name__)
