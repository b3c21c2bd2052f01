"""Families of questions: read, drawn into questions, answered, graded, and proved sound."""

from typing import TYPE_CHECKING

from lossedu._lazy import load_on_use

if TYPE_CHECKING:
    from lossedu.practice.families.bank import bank_folder, families, family
    from lossedu.practice.families.drawing import draw
    from lossedu.practice.families.faults import FamilyError
    from lossedu.practice.families.grading import grade, own_answer
    from lossedu.practice.families.pictures import plot_html, plot_text
    from lossedu.practice.families.question import Family, Grade, Question
    from lossedu.practice.families.reading import family_of, read_family, schema, schema_faults
    from lossedu.practice.families.self_test import BankReport, check_bank
    from lossedu.practice.families.skills import (
        KINDS,
        LEVELS,
        MILESTONE_DAYS,
        SKILLS,
        TASKS,
        VARIANTS,
        Task,
    )

__all__ = [
    "KINDS",
    "LEVELS",
    "MILESTONE_DAYS",
    "SKILLS",
    "TASKS",
    "VARIANTS",
    "BankReport",
    "Family",
    "FamilyError",
    "Grade",
    "Question",
    "Task",
    "bank_folder",
    "check_bank",
    "draw",
    "families",
    "family",
    "family_of",
    "grade",
    "own_answer",
    "plot_html",
    "plot_text",
    "read_family",
    "schema",
    "schema_faults",
]

load_on_use(__name__)
