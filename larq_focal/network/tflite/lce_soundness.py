"""What the operators of Larq Compute Engine take for granted: operands, options and shapes that fit each other.

Source: larq/compute-engine, ``tflite/kernels/{bconv2d,bmaxpool,quantization}.cc``, of which the first divides by
options that it finds missing, and none looks at an image of no pixels.
"""

from __future__ import annotations

from larq_focal.network.tflite.flat_model import FlatbufferError, Operator

_STEPS = {
    "LceBconv2d": ("stride_height", "stride_width", "dilation_height_factor", "dilation_width_factor", "channels_in"),
    "LceBMaxPool2d": ("stride_height", "stride_width", "filter_height", "filter_width"),
}
"""Options that must be at least 1."""
_SAME, _VALID = 0, 1


def check_binary(operator: Operator) -> None:
    """Raises FlatbufferError, with what the operator does wrong, where one of these operators would fail on it."""
    if not (operator.is_custom and operator.kind.startswith("Lce")):
        return
    for name in _STEPS.get(operator.kind, ()):
        value = operator.options.get(name, "missing")
        if not isinstance(value, int) or value < 1:
            raise FlatbufferError(f"has the option {name} {value}")
    before, after = operator.inputs[0].shape, operator.outputs[0].shape
    if operator.kind in ("LceQuantize", "LceDequantize"):
        if before[:-1] != after[:-1]:
            raise FlatbufferError(f"makes {list(after)} of {list(before)}")
    elif operator.kind in _STEPS:
        _check_window(operator, before, after)
    if operator.kind == "LceBconv2d":
        for place in (4,) if operator.outputs[0].dtype == "int32" else (2, 3):
            if operator.inputs[place] is None:
                raise FlatbufferError(f"lacks its operand {place}")


def _check_window(operator: Operator, before: tuple[int, ...], after: tuple[int, ...]) -> None:
    """The size of an image after a filter was moved over it."""
    options = operator.options
    if len(before) != 4 or len(after) != 4 or before[0] != after[0]:
        raise FlatbufferError(f"makes {list(after)} of {list(before)}")
    if operator.kind == "LceBconv2d":
        kernel = operator.inputs[1].shape
        if len(kernel) != 4 or 0 in kernel:
            raise FlatbufferError(f"has a kernel of the shape {list(kernel)}")
        sizes = kernel[1:3]
    else:
        sizes = options["filter_height"], options["filter_width"]
    for axis, direction, size in zip((1, 2), ("height", "width"), sizes, strict=True):
        stride = options[f"stride_{direction}"]
        span = (size - 1) * options.get(f"dilation_{direction}_factor", 1) + 1
        padding = options.get("padding")
        if padding not in (_SAME, _VALID):
            raise FlatbufferError(f"has the option padding {padding}")
        expected = -(-before[axis] // stride) if padding == _SAME else (before[axis] - span) // stride + 1
        if expected < 1 or after[axis] != expected:
            raise FlatbufferError(f"makes {list(after)} of {list(before)}, which has {direction} {expected} after it")
