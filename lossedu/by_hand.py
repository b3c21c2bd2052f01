"""The numbers that chapters work out by hand: one set a part, so that its losses can be compared.

Five scores for the classification part: positives that are missed by far, right and safely right;
negatives that are right and undecided.  As one row of logits they serve the losses of a softmax.
Five delivery times for the foundations part, five residuals for the regression part, a list of five
results for the ranking part.
"""

SCORES = (-3.0, -1.0, 0.0, 2.0, 4.0)
"""Logits, or scores of a margin."""

LABELS = (1, 0, 0, 1, 1)
"""What happened, 0 or 1."""

MINUTES = (1.0, 1.0, 3.0, 5.0, 90.0)
"""Delivery times, one of them very late: the foundations part asks each loss for one forecast."""

RESIDUALS = (-1.5, -0.5, 0.0, 1.0, 11.0)
"""Outcomes less forecasts, one of them far away, for the regression part: mean 2, median 0."""

LIST_SCORES = (1.2, 0.9, 0.4, 0.1, -0.6)
"""Scores of five results of one query, best first: the ranking part carries them through."""

GRADES = (1, 0, 3, 0, 2)
"""How relevant each of them is."""
