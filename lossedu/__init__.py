"""Reference losses, loss landscapes, and the course that explains them.

Importing this package is free: each part loads what it needs when it is used.
``lossedu.losses`` needs torch alone, and ``lossedu.symbolic`` and ``lossedu.proofs`` SymPy, which
torch brings.  ``lossedu.training`` needs the extra ``train``, ``lossedu.landscape`` and
``lossedu.figures`` the extra ``landscape``.
"""

__version__ = "0.1.0"
