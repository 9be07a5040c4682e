"""What the operators of Larq Compute Engine take for granted: operands, options and shapes that fit each other.

Source: larq/compute-engine, ``tflite/kernels/{bconv2d,bmaxpool,quantization}.cc``, of which the first divides by
options that it finds missing, and none looks at an image of no pixels.
"""

from __future__ import annotations

from larq_focal.network.tflite.flat_model import FlatbufferError, Operator
from larq_focal.network.tflite.windows import check_steps, check_window

_STEPS = {
    "LceBconv2d": ("stride_height", "stride_width", "dilation_height_factor", "dilation_width_factor", "channels_in"),
    "LceBMaxPool2d": ("stride_height", "stride_width", "filter_height", "filter_width"),
}
"""Options that must be at least 1."""


def check_binary(operator: Operator) -> None:
    """Raises FlatbufferError, with what the operator does wrong, where one of these operators would fail on it."""
    if not (operator.is_custom and operator.kind.startswith("Lce")):
        return
    check_steps(operator, _STEPS.get(operator.kind, ()))
    before, after = operator.inputs[0].shape, operator.outputs[0].shape
    if operator.kind in ("LceQuantize", "LceDequantize"):
        if before[:-1] != after[:-1]:
            raise FlatbufferError(f"makes {list(after)} of {list(before)}")
    elif operator.kind in _STEPS:
        check_window(operator, before, after, _sizes(operator))
    if operator.kind == "LceBconv2d":
        for place in (4,) if operator.outputs[0].dtype == "int32" else (2, 3):
            if operator.inputs[place] is None:
                raise FlatbufferError(f"lacks its operand {place}")


def _sizes(operator: Operator) -> tuple[int, int]:
    """Height and width of the filter."""
    if operator.kind == "LceBMaxPool2d":
        return operator.options["filter_height"], operator.options["filter_width"]
    kernel = operator.inputs[1].shape
    if len(kernel) != 4 or 0 in kernel:
        raise FlatbufferError(f"has a kernel of the shape {list(kernel)}")
    return kernel[1:3]
