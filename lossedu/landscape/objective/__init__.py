"""The loss of a model as a function of its parameters alone."""
