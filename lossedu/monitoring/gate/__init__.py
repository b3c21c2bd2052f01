"""Whether a candidate may replace the model in service, from their losses on the same examples."""
