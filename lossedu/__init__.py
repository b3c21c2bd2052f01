"""Reference losses, loss landscapes, and the course that explains them.

Importing this package is free: each part loads what it needs when it is used.
``lossedu.losses`` needs torch alone; ``lossedu.symbolic``, ``lossedu.proofs`` and
``lossedu.figures`` need the extra ``lossedu[book]``.
"""

__version__ = "0.1.0"
