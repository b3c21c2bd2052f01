"""Labels that come late: joined by when the prediction was made, and weighted by what is missing.

Counted by arrival, a loss is that of whatever happens to arrive: after a real regression it may
fall.
"""
