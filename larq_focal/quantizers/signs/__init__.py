"""Signs for kernels and inputs alike: they differ in their pseudo-gradient."""
