"""What is changed in Larq, for the whole process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from larq_focal.keras import larq
from larq_focal.nn.keras2.larq_patches.constraint_warning import wants_a_constraint
from larq_focal.nn.keras2.larq_patches.scopes import patch_object, quantized_scope


@dataclass(frozen=True)
class Patch:
    """A function of Larq that another takes the place of.

    Args:
        module: where Larq looks it up at each use.
        name: its name there.
        replacement: what takes its place.
        reason: the fault of Larq's own.
    """

    module: ModuleType
    name: str
    replacement: Callable[..., Any]
    reason: str

    def apply(self) -> None:
        """Puts the replacement in its place; a second time changes nothing."""
        setattr(self.module, self.name, self.replacement)

    def __str__(self) -> str:
        return f"{self.module.__name__}.{self.name}: {self.reason}"


PATCHES = (
    Patch(
        larq.context,
        "quantized_scope",
        quantized_scope,
        "an exception in a layer's call left it entered, and model.save then stored binarized weights for latent ones",
    ),
    Patch(
        larq.utils,
        "patch_object",
        patch_object,
        "an exception in a layer's call left the layer without its padding, and replicas of tf.distribute took each "
        "other's temporary padding for the layer's own",
    ),
    Patch(
        larq.layers_base,
        "_is_binary",
        wants_a_constraint,
        "it alone decides on the warning of a missing kernel_constraint, which came for quantizers too that lose no "
        "weights without one",
    ),
)


def apply_patches() -> None:
    """Changes Larq as ``PATCHES`` says; importing ``larq_focal.quantizers`` or ``larq_focal.layers`` does it."""
    for patch in PATCHES:
        patch.apply()
