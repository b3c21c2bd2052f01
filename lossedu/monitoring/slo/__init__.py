"""Objectives: an error budget, how fast it burns, and alerts that can fire and that mean it."""
