"""Drills that check their answers."""

from lossedu.practice.code_drill import DrillError, drill_check, has_blank, verify_drill

__all__ = ["DrillError", "drill_check", "has_blank", "verify_drill"]
