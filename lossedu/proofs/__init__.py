"""Equations and inequalities that prove themselves: a step is stated once, checked, displayed."""

from lossedu.proofs.steps import ProofError, Proved, prove

__all__ = ["ProofError", "Proved", "prove"]
