"""Second derivatives at a point: products, eigenvalues, traces, densities, sharpness."""
