"""What the operators of few bits take for granted: options, operands and shapes that fit each other."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from larq_focal.network.few_bits import DENSE, DEPTHWISE, FEW_BIT_KINDS, QUANTIZER, coding_of, packed_channels
from larq_focal.network.packing import words_for
from larq_focal.network.tflite.flat_model import FlatbufferError, Operator
from larq_focal.network.tflite.windows import check_steps, check_window

_STEPS = ("stride_height", "stride_width", "dilation_height_factor", "dilation_width_factor")
_RANGES = {
    "channels_in": (1, 1 << 30),
    "fused_activation_function": (0, 3),
    "image_bits": (1, 8),
    "image_lowest": (-128, 127),
    "weight_bits": (1, 4),
    "weight_offset": (-16, 16),
    "weight_step": (-16, 16),
}


def check_few_bits(operator: Operator) -> None:
    """Raises FlatbufferError, with what the operator does wrong, where one of these operators would fail on it."""
    if operator.kind == QUANTIZER:
        _check_quantizer(operator)
    if operator.kind not in FEW_BIT_KINDS:
        return
    options = operator.options
    is_depthwise = operator.kind == DEPTHWISE
    _check_options(operator, _RANGES | ({"depth_multiplier": (1, 1 << 30)} if is_depthwise else {}))
    coding = coding_of(options)
    if coding.fault:
        raise FlatbufferError(f"has {coding.fault}")
    image, filter, scale, bias = operator.inputs
    packed, result = packed_channels(options), operator.outputs[0]
    channels = packed if is_depthwise else filter.shape[0] if filter.shape else 0
    if image.dtype != "int8" or image.quantization is None or len(image.quantization.scale) != 1:
        raise FlatbufferError(f"reads '{image.name}', which is not int8 with one scale")
    words, rank = coding.bits * words_for(packed), 2 if operator.kind == DENSE else 4
    is_packed = filter.dtype == "int32" and len(filter.shape) == rank and filter.shape[-1] == words
    if not is_packed or (is_depthwise and filter.shape[0] != 1):
        raise FlatbufferError(f"has {filter.dtype} weights of the shape {list(filter.shape)} for {packed} channels")
    for constants in (scale, bias):
        if constants is not None and (constants.dtype != "float32" or constants.shape != (channels,)):
            raise FlatbufferError(f"has '{constants.name}', which is not a float for each of {channels} channels")
    if result.dtype not in ("float32", "int8") or (result.dtype == "int8" and result.quantization is None):
        raise FlatbufferError(f"gives '{result.name}', which is neither float32 nor int8 with a scale")
    if operator.kind != DENSE:
        check_steps(operator, _STEPS)
        check_window(operator, image.shape, result.shape, filter.shape[1:3])
        is_fine = image.shape[-1] == options["channels_in"] and result.shape[-1] == channels
    else:
        rows, rest = divmod(math.prod(image.shape), packed)
        is_fine = rest == 0 and math.prod(result.shape) == rows * channels
    if not is_fine:
        raise FlatbufferError(f"makes {list(result.shape)} of {list(image.shape)} by {list(filter.shape)}")


def _check_options(operator: Operator, ranges: Mapping[str, tuple[int, int]]) -> None:
    for name, (low, high) in ranges.items():
        value = operator.options.get(name, "missing")
        if not isinstance(value, int) or not low <= value <= high:
            raise FlatbufferError(f"has the option {name} {value}")


def _check_quantizer(operator: Operator) -> None:
    _check_options(operator, {"lowest": (-128, 127)})
    (image, thresholds), result = operator.inputs, operator.outputs[0]
    if image.dtype != "float32" or result.shape != image.shape:
        raise FlatbufferError(f"makes {list(result.shape)} of {image.dtype} {list(image.shape)}")
    if result.dtype != "int8" or result.quantization is None or len(result.quantization.scale) != 1:
        raise FlatbufferError(f"gives '{result.name}', which is not int8 with one scale")
    is_row = thresholds.dtype == "float32" and thresholds.is_constant and len(thresholds.shape) == 1
    if not is_row or not 1 <= thresholds.shape[0] <= 127 - operator.options["lowest"]:
        raise FlatbufferError(f"has thresholds of the type {thresholds.dtype} and the shape {list(thresholds.shape)}")
    if not np.all(np.diff(thresholds.data) >= 0) or np.isnan(thresholds.data[0]):
        raise FlatbufferError("has thresholds that do not ascend")
