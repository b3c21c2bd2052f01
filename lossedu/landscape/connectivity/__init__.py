"""What lies between two trained models: barriers, permutations, curves, ensembles."""
