"""All that this package changes in Larq: what, and why. Nothing is changed in Keras or TensorFlow."""

from larq_focal.nn.keras2.larq_patches.constraint_warning import needs_no_constraint
from larq_focal.nn.keras2.larq_patches.patches import PATCHES, Patch, apply_patches

__all__ = ["PATCHES", "Patch", "apply_patches", "needs_no_constraint"]
