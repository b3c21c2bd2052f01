"""The geometry of a loss over the parameters of a model."""

from lossedu.landscape.objective import Objective

__all__ = ["Objective"]
