"""Choosing a loss: a tree of questions, what to say of each loss in a line, one sheet of paper."""

from typing import TYPE_CHECKING

from lossedu._lazy import load_on_use

if TYPE_CHECKING:
    from lossedu.choosing.advice import Advice, advice
    from lossedu.choosing.sheet import Sheet, SheetRow, sheet, sheet_row
    from lossedu.choosing.tree import Answer, Leaf, Question, Tree, tree
    from lossedu.choosing.walking import Walk, walk

__all__ = [
    "Advice",
    "Answer",
    "Leaf",
    "Question",
    "Sheet",
    "SheetRow",
    "Tree",
    "Walk",
    "advice",
    "sheet",
    "sheet_row",
    "tree",
    "walk",
]

load_on_use(__name__)
