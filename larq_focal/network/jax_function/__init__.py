"""A QuantGraph as a function of JAX: the one part of larq_focal.network that imports JAX."""
