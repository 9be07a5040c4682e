"""Randomly drawn models of a single operation with weights of few bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from larq_focal.network.few_bits import WeightCoding, pack_weights
from tests.delegate.cases import SAME, Case, channels, windowed
from tests.support.lce_file import LceFile

CODINGS = (
    WeightCoding(1, -2, 1),
    WeightCoding(1, 1, 0),
    WeightCoding(2, 1, -1),
    WeightCoding(2, 1, -2),
    WeightCoding(2, 2, -3),
    WeightCoding(3, 1, -4),
    WeightCoding(4, 1, -8),
    WeightCoding(4, 2, -15),
)


@dataclass(frozen=True)
class DrawnLevels:
    """A quantizer to int8: ``bits`` of its codes, the lowest of them, and what they stand for."""

    thresholds: np.ndarray
    bits: int
    lowest: int
    zero_point: int
    scale: float

    def codes(self, values: np.ndarray) -> np.ndarray:
        return (self.lowest + np.searchsorted(self.thresholds, values, side="right")).astype(np.int8)

    def add(self, file: LceFile, values: int, shape) -> int:
        inputs = [values, file.constant(self.thresholds)]
        given = {"lowest": self.lowest}
        return file.custom("LqfQuantize", inputs, tuple(shape), np.int8, given, self.scale, self.zero_point)


def draw_levels(rng: np.random.Generator) -> DrawnLevels:
    """Quantizers that round as PACT, DoReFa and HardTanh do, and others."""
    bits = int(rng.choice([1, 2, 2, 3, 4, 8]))
    lowest = -128 if bits == 8 else int(rng.choice([0, -(2 ** (bits - 1)), -128]))
    zero_point = lowest + int(rng.integers(2**bits))
    step = np.float32(rng.uniform(1, 4) / 2**bits)
    numbers = np.arange(lowest - zero_point, lowest - zero_point + 2**bits - 1) + 0.5
    kind = rng.integers(4)
    if kind == 3:  # any, some of which stand twice
        thresholds = np.sort(rng.choice(rng.normal(size=2**bits).astype(np.float32), len(numbers)))
    else:
        rounds = [np.rint, np.rint, lambda x: np.floor(x + np.float32(0.5))][kind]
        scaled = (lambda x: x / step) if kind == 1 else (lambda x: x * (np.float32(1) / step))
        thresholds = np.float32([_first(lambda x, n=n: rounds(scaled(x)) > n, n * step) for n in numbers])
    return DrawnLevels(thresholds.astype(np.float32), bits, lowest, zero_point, float(step))


def _first(holds, near: float) -> np.float32:
    """The first float for which a rising condition holds."""
    value = np.float32(near)
    while holds(value):
        value = np.nextafter(value, np.float32(-np.inf))
    while not holds(value):
        value = np.nextafter(value, np.float32(np.inf))
    return value


@dataclass(frozen=True)
class FewBitCase:
    """A model, and the exact sums of products that it computes before scale and bias, ``[..., out]``."""

    case: Case
    sums: np.ndarray
    factors: np.ndarray
    bias: np.ndarray


def options(channels_in: int, coding: WeightCoding, image_bits: int = 8, lowest: int = -128, activation: int = 0):
    return {
        "channels_in": channels_in,
        "fused_activation_function": activation,
        "image_bits": image_bits,
        "image_lowest": lowest,
        "weight_bits": coding.bits,
        "weight_offset": coding.offset,
        "weight_step": coding.step,
    }


def draw_weights(rng: np.random.Generator, coding: WeightCoding, shape) -> np.ndarray:
    return rng.choice(coding.levels, tuple(shape)).astype(np.int8)


def draw_image(rng: np.random.Generator) -> tuple[int, int, int]:
    """Bits of its bytes, the lowest of them, and its zero point."""
    bits = int(rng.choice([8, 8, 4, 3, 2, 1]))
    lowest = -128 if bits == 8 else int(rng.choice([0, -(2 ** (bits - 1)), -128]))
    return bits, lowest, lowest + int(rng.integers(2**bits))


def draw_convolution(rng: np.random.Generator) -> FewBitCase:
    """LqfConv2d to float32 or int8."""
    return _draw_windows(rng, None, rng.integers(1, 5, 2))


def draw_depthwise(rng: np.random.Generator) -> FewBitCase:
    """LqfDepthwiseConv2d to float32 or int8; one in eight has more taps than loops keep the weights of."""
    window = rng.integers(7, 12, 2) if rng.integers(8) == 0 else rng.integers(1, 5, 2)
    return _draw_windows(rng, int(rng.choice([1, 1, 2, 3])), window)


def _draw_windows(rng: np.random.Generator, multiplier: int | None, window: np.ndarray) -> FewBitCase:
    """A convolution, or a depthwise one with ``multiplier`` outputs for each input channel."""
    is_depthwise = multiplier is not None
    coding = CODINGS[rng.integers(len(CODINGS))]
    bits, lowest, zero_point = draw_image(rng)
    stride, dilation = rng.integers(1, 4, 2), rng.integers(1, 4, 2)
    padding = int(rng.integers(2))
    extent = (window - 1) * dilation + 1
    height, width = extent + rng.integers(0, 9, 2)
    channels_in = channels(rng)
    channels_out = channels_in * multiplier if is_depthwise else channels(rng)
    shape = (int(rng.integers(1, 4)), height, width, channels_in)
    outputs = [windowed(*axis, padding) for axis in zip((height, width), extent, stride, strict=True)]
    weights = draw_weights(
        rng, coding, (1, *window, channels_out) if is_depthwise else (channels_out, *window, channels_in)
    )
    image = rng.integers(lowest, lowest + 2**bits, shape).astype(np.int8)
    steps = {
        "dilation_height_factor": int(dilation[0]),
        "dilation_width_factor": int(dilation[1]),
        "padding": padding,
        "stride_height": int(stride[0]),
        "stride_width": int(stride[1]),
    }
    sums = _sums(image.astype(np.int64) - zero_point, weights, stride, dilation, padding, outputs, is_depthwise)
    given = options(channels_in, coding, bits, lowest, int(rng.integers(4))) | steps
    given |= {"depth_multiplier": multiplier} if is_depthwise else {}
    kind = "LqfDepthwiseConv2d" if is_depthwise else "LqfConv2d"
    return _case(rng, kind, image, zero_point, weights, coding, given, sums)


def draw_dense(rng: np.random.Generator) -> FewBitCase:
    coding = CODINGS[rng.integers(len(CODINGS))]
    bits, lowest, zero_point = draw_image(rng)
    channels_in, channels_out = int(rng.integers(1, 700)), int(rng.integers(1, 300))
    weights = draw_weights(rng, coding, (channels_out, channels_in))
    image = rng.integers(lowest, lowest + 2**bits, (int(rng.integers(1, 6)), channels_in)).astype(np.int8)
    sums = (image.astype(np.int64) - zero_point) @ weights.T.astype(np.int64)
    given = options(channels_in, coding, bits, lowest, int(rng.integers(4)))
    return _case(rng, "LqfFullyConnected", image, zero_point, weights, coding, given, sums)


def _case(rng, kind: str, image, zero_point: int, weights, coding: WeightCoding, given, sums) -> FewBitCase:
    file = LceFile()
    out, spread = sums.shape[-1], max(1.0, float(sums.std()))
    factors = rng.uniform(0.5, 1.5, out).astype(np.float32)
    bias = rng.normal(size=out).astype(np.float32)
    has_bias, is_int8 = rng.integers(4) > 0, rng.integers(3) > 0
    scale = np.float32(1 / spread)
    operands = [
        file.input(image.shape, np.int8, float(scale), zero_point),
        file.constant(pack_weights(weights, coding)),
        file.constant(factors),
        file.constant(bias) if has_bias else -1,
    ]
    grid = (float(rng.uniform(0.01, 0.05)), int(rng.integers(-20, 20))) if is_int8 else (None, 0)
    output = file.custom(kind, operands, sums.shape, np.int8 if is_int8 else np.float32, given, *grid)
    text = f"{kind} {image.shape} by {weights.shape}, int8 {is_int8}, {given}"
    return FewBitCase(
        Case(text, file.finished(output), (image,)), sums, factors * scale, bias if has_bias else np.zeros_like(bias)
    )


def exact_file(image: np.ndarray, zero_point: int, weights: np.ndarray, coding: WeightCoding, **changes: int) -> bytes:
    """A convolution of stride 1 that gives the sums of products as floats; depthwise with a ``depth_multiplier``."""
    file = LceFile()
    is_depthwise = "depth_multiplier" in changes
    out = weights.shape[-1 if is_depthwise else 0]
    ones = file.constant(np.ones(out, np.float32))
    operands = [file.input(image.shape, np.int8, 1.0, zero_point), file.constant(pack_weights(weights, coding)), ones]
    steps = dict.fromkeys(("dilation_height_factor", "dilation_width_factor", "stride_height", "stride_width"), 1) | {
        "padding": SAME
    }
    given = options(image.shape[-1], coding) | steps | changes
    kind = "LqfDepthwiseConv2d" if is_depthwise else "LqfConv2d"
    output = file.custom(kind, [*operands, -1], (*image.shape[:3], out), np.float32, given)
    return file.finished(output)


def _sums(values, weights, stride, dilation, padding: int, outputs, is_depthwise: bool = False) -> np.ndarray:
    """Of whole numbers, one tap after another; 0 outside of the image."""
    images, height, width, _ = values.shape
    before = [0, 0]
    if padding == SAME:
        extent = (np.array(weights.shape[1:3]) - 1) * dilation + 1
        needed = np.maximum((np.array(outputs) - 1) * stride + extent - (height, width), 0)
        before = needed // 2
        values = np.pad(values, ((0, 0), *[(int(a), int(n - a)) for a, n in zip(before, needed, strict=True)], (0, 0)))
    sums = np.zeros((images, *outputs, weights.shape[-1 if is_depthwise else 0]), np.int64)
    if is_depthwise:
        values = np.repeat(values, weights.shape[-1] // values.shape[-1], axis=-1)
    for y in range(weights.shape[1]):
        for x in range(weights.shape[2]):
            rows = values[:, y * dilation[0] :: stride[0]][:, : outputs[0]]
            pixels = rows[:, :, x * dilation[1] :: stride[1]][:, :, : outputs[1]]
            taps = weights[:, y, x].astype(np.int64)
            sums += pixels * taps[0] if is_depthwise else pixels @ taps.T
    return sums


def whole_sums(image: np.ndarray, zero_point: int, weights: np.ndarray, *, is_depthwise: bool = False) -> np.ndarray:
    """What ``exact_file`` gives."""
    one, values = np.array([1, 1]), image.astype(np.int64) - zero_point
    return _sums(values, weights, one, one, SAME, image.shape[1:3], is_depthwise)
