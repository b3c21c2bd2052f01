"""Optimisers and averages that look for flatter minima."""
