"""One row for each quantizer that a Larq layer knows by an alias: what it computes, and what a converter makes of it.

To add a quantizer, write its class and add a row to its family. The row registers the alias with Keras, and the tests
check what it states.
"""

from larq_focal.keras import keras
from larq_focal.larq_patches import needs_no_constraint
from larq_focal.quantizers.registry import binary_activations, binary_kernels, few_bits, signs
from larq_focal.quantizers.registry.row import Lowering, QuantizerRow, Scales

QUANTIZERS: tuple[QuantizerRow, ...] = (
    *signs.ROWS,
    *binary_kernels.ROWS,
    *binary_activations.ROWS,
    *few_bits.ROWS,
)

for _row in QUANTIZERS:
    keras.utils.get_custom_objects()[_row.alias] = _row.quantizer
    if not _row.needs_clip:
        needs_no_constraint(_row.quantizer)

__all__ = ["QUANTIZERS", "Lowering", "QuantizerRow", "Scales"]
