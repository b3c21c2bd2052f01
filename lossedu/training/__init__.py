"""What experiments share: data whose right answer is known."""

from lossedu.training.data import RareEvents, rare_events

__all__ = ["RareEvents", "rare_events"]
