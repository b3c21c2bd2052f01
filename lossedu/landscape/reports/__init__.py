"""Reports on saved models: comparison, gate, compression, forgetting, variance of runs."""
