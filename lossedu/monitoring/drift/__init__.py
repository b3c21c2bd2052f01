"""Whether a feature or a score still has its distribution: measured, tested, and with its power."""
