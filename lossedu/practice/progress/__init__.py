"""What one person has practised: a file of reviews, its exchange with the page, and what is due."""

from typing import TYPE_CHECKING

from lossedu._lazy import load_on_use

if TYPE_CHECKING:
    from lossedu.practice.progress.exam import ExamPlan, plan_for
    from lossedu.practice.progress.exchange import read_progress, write_progress
    from lossedu.practice.progress.milestones import Milestone, milestones
    from lossedu.practice.progress.records import (
        Progress,
        ProgressError,
        Review,
        SelfRating,
        next_repetition,
        rating_of,
    )
    from lossedu.practice.progress.schedule import Card, Schedule, cards_of
    from lossedu.practice.progress.store import Store, default_file

__all__ = [
    "Card",
    "ExamPlan",
    "Milestone",
    "Progress",
    "ProgressError",
    "Review",
    "Schedule",
    "SelfRating",
    "Store",
    "cards_of",
    "default_file",
    "milestones",
    "next_repetition",
    "plan_for",
    "rating_of",
    "read_progress",
    "write_progress",
]

load_on_use(__name__)
