"""Which Keras trains: for checkpoints and records, as others give other bits."""

from __future__ import annotations

from larq_focal.nn import backend_name, keras_version

KERAS_2 = "Keras 2 on tensorflow"
"""The name of Larq's stack."""


def keras_in_use() -> dict[str, str]:
    """Its name with the backend, as "Keras 3 on jax", its version, and the backend."""
    backend, version = backend_name(), keras_version()
    return {"name": f"Keras {version.partition('.')[0]} on {backend}", "version": version, "backend": backend}
