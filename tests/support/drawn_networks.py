"""Networks drawn by Hypothesis, of all operations, in numbers with which float arithmetic makes no errors.

Weights, scales and inputs are small multiples of powers of two, and sums stay so small that float32 holds them: the
order in which something is added does not matter, ties are ties everywhere, and results must be equal to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from larq_focal.network import Kernel, QuantGraph, ops
from larq_focal.network.computation import compute
from larq_focal.network.conv_arithmetic import dilated

_MANTISSA_BITS = 22
_EXACT_ACTIVATIONS = ("relu", "relu6", "relu_n1_to_1", "clip", "prelu", "leaky_relu", "abs", "floor")
_ROUNDED_ACTIVATIONS = ("sigmoid", "tanh", "softmax", "hard_sigmoid", "sqrt", "square")
_CHANNELS = (1, 3, 8, 32, 33, 64)


@dataclass(frozen=True)
class _Value:
    """A value that was drawn: numbers up to ``largest``, multiples of ``2 ** -fraction``."""

    op: ops.Op
    largest: float
    fraction: int

    @property
    def shape(self):
        return self.op.shape


class _Drawing:
    """A network that grows. Arrays come from a seeded generator, so that Hypothesis shrinks structure only."""

    def __init__(self, draw):
        self.draw = draw
        self.random = np.random.default_rng(draw(st.integers(0, 2**16)))
        self.values: list[_Value] = []

    def one_of(self, *choices):
        return self.draw(st.sampled_from(choices))

    def flip_coin(self) -> bool:
        return self.draw(st.booleans())

    def numbers(self, shape, largest=2.0, fraction=2) -> np.ndarray:
        steps = int(largest * 2**fraction)
        return (self.random.integers(-steps, steps + 1, shape) / 2**fraction).astype(np.float32)

    def powers(self, shape, signed=True) -> np.ndarray:
        magnitude = 2.0 ** self.random.integers(-1, 2, shape)
        return (magnitude * (self.random.choice([-1, 1], shape) if signed else 1)).astype(np.float32)

    def add(self, cls, *inputs: _Value, largest: float, fraction: int, shape=None, **fields) -> _Value:
        """Appends an operation; its shape is what it computes if not given."""
        place = {"name": f"v{len(self.values)}", "inputs": tuple(value.op.name for value in inputs)}
        op = cls(**place, shape=(), **fields)
        if shape is None:
            empty = [np.zeros((0, *value.shape), np.float32) for value in inputs]
            shape = compute(op, *empty).shape[1:]
        value = _Value(replace(op, shape=tuple(map(int, shape))), largest, fraction)
        if fraction + np.log2(max(largest, 1)) > _MANTISSA_BITS:
            return self.binarize(inputs[0])
        self.values.append(value)
        return value

    def input(self, shape) -> _Value:
        bits = self.one_of(32, 32, 8)
        value = _Value(ops.Input(name=f"v{len(self.values)}", shape=shape, bits=bits), 4.0 if bits == 32 else 255.0, 2)
        self.values.append(value)
        return value

    def pick(self, rank=None) -> _Value:
        fitting = [value for value in self.values if rank is None or len(value.shape) == rank]
        recent = fitting[-3:]
        return self.draw(st.sampled_from(recent[::-1])) if fitting else self.as_image(self.values[-1])

    def as_image(self, value: _Value) -> _Value:
        count = int(np.prod(value.shape))
        height = self.one_of(*[h for h in (1, 2, 3) if count % h == 0])
        return self.add(
            ops.Reshape, value, largest=value.largest, fraction=value.fraction, shape=(height, 1, count // height)
        )

    def binarize(self, value: _Value) -> _Value:
        channels = value.shape[-1]
        shape = self.one_of((), (channels,), (channels,), value.shape)
        threshold = self.numbers(shape, largest=min(value.largest, 64))
        if self.one_of(False, False, True) and not self.is_of_float_sums(value):
            threshold = np.nextafter(threshold, np.float32(np.inf))  # what is on the number itself is not reached
        if self.flip_coin():
            threshold = np.where(self.random.random(shape) < 0.1, self.random.choice([-np.inf, np.inf]), threshold)
        flip = self.one_of(None, None, "some", "all")
        flip = None if flip is None else (self.random.random(channels) < (0.5 if flip == "some" else 2))
        return self.add(
            ops.Binarize, value, largest=1, fraction=0, threshold=np.asarray(threshold, np.float32), flip=flip
        )

    def is_of_float_sums(self, value: _Value) -> bool:
        """Whether a last bit of a threshold may be lost: a layer of float inputs takes it into its bias."""
        op, by_name = value.op, {value.op.name: value.op for value in self.values}
        while isinstance(op, ops.Affine | ops.Activation | ops.Pool2D | ops.Reshape | ops.Add | ops.Pad):
            op = by_name[op.inputs[0]]
        return isinstance(op, ops.Linear) and not isinstance(by_name[op.inputs[0]], ops.Binarize | ops.Quantize)

    def quantize(self, value: _Value) -> _Value:
        count = self.one_of(2, 3, 3, 4, 4, 5)
        boundaries = np.sort(self.random.choice(np.arange(-8, 9), count - 1, replace=False) / 4).astype(np.float32)
        step = float(self.powers((), signed=False))
        levels = (step * (np.arange(count) - self.one_of(0, 1, count - 1))).astype(np.float32)
        if count > 2 and self.flip_coin():
            boundaries = (np.arange(count - 1) * step / 2).astype(np.float32)
        if self.one_of(False, False, True) and not self.is_of_float_sums(value):
            boundaries = np.nextafter(boundaries, np.float32(np.inf))
        if self.one_of(False, False, False, True):
            levels = np.sort(self.random.choice(np.arange(-9, 9), count, replace=False) / 4).astype(np.float32)
        largest = float(np.abs(levels).max())
        return self.add(ops.Quantize, value, largest=largest, fraction=2, levels=levels, boundaries=boundaries)

    def few_bits(self, value: _Value) -> _Value:
        is_ready = isinstance(value.op, ops.Binarize | ops.Quantize) and self.one_of(True, True, False)
        return value if is_ready else self.one_of(self.binarize, self.binarize, self.binarize, self.quantize)(value)

    def kernel(self, shape, kind: str) -> Kernel:
        out = shape[-1]
        match kind:
            case "float":
                return Kernel(self.numbers(shape, 1, 1), None, 32)
            case "ternary":
                return Kernel(self.random.integers(-1, 2, shape).astype(np.int8), self.powers(out), 2)
            case "odd":
                return Kernel(self.random.choice([-3, -1, 1, 3], shape).astype(np.int16), self.powers(out), 2)
        scale = self.one_of(self.powers(out), np.ones(out, np.float32))
        return Kernel(self.random.choice([-1, 1], shape).astype(np.int8), scale, 1)

    def linear(self, cls, value: _Value, kernel: Kernel, pad=0.0, **fields) -> _Value:
        bias = self.numbers(kernel.shape[-1]) if self.one_of(False, False, True) else None
        weights = np.abs(kernel.values()).reshape(-1, kernel.shape[-1]).sum(0).max()
        largest = float(weights) * max(value.largest, abs(pad)) + 2
        return self.add(cls, value, largest=largest, fraction=value.fraction + 2, kernel=kernel, bias=bias, **fields)

    def stack(self) -> _Value:
        """A binary convolution behind another one, whose signs it reads."""
        value = self.convolution(kind="bits")
        value = value if isinstance(value.op, ops.Binarize) else self.binarize(value)
        return self.convolution(value if len(value.shape) == 3 else None, kind="bits")

    def convolution(self, value: _Value | None = None, kind: str = "") -> _Value:
        value = value or self.pick(3)
        kind = kind or self.one_of("bits", "bits", "bits", "bits", "ternary", "odd", "float")
        value = value if kind == "float" and self.flip_coin() else self.few_bits(value)
        height, width, channels = value.shape
        groups = self.one_of(*[g for g in (1, 1, 1, 2, channels) if channels % g == 0])
        size = self.one_of((1, 1), (3, 3), (2, 3), (1, 2))
        dilation = self.one_of((1, 1), (1, 1), (2, 1), (2, 2))
        padding = self.one_of("same", "valid")
        window = dilated(size, dilation)
        if padding == "valid" and (window[0] > height or window[1] > width):
            padding = "same"
        strides = (1, 1) if dilation != (1, 1) else self.one_of((1, 1), (2, 2), (1, 2))
        pad = self.one_of(0.0, 1.0, 1.0, -1.0, 0.5) if padding == "same" else 0.0
        out = groups * self.one_of(1, 2, 4, 33) if groups < channels or channels < 8 else channels
        kernel = self.kernel((*size, channels // groups, out), kind)
        fields = {"strides": strides, "dilation": dilation, "padding": padding, "pad_value": pad, "groups": groups}
        return self.behind_layer(self.linear(ops.Conv2D, value, kernel, pad, **fields))

    def dense(self) -> _Value:
        value = self.pick()
        if len(value.shape) > 1 and self.flip_coin():
            flat = {"shape": (int(np.prod(value.shape)),), "largest": value.largest, "fraction": value.fraction}
            value = self.add(ops.Reshape, value, **flat)
        kind = self.one_of("bits", "bits", "ternary", "odd", "float")
        value = value if kind == "float" else self.few_bits(value)
        kernel = self.kernel((value.shape[-1], self.one_of(1, 5, 32, 40)), kind)
        return self.behind_layer(self.linear(ops.Dense, value, kernel))

    def behind_layer(self, value: _Value) -> _Value:
        """What stands behind a layer as a rule, each of it sometimes."""
        for step in (self.activation, self.affine, self.pool, self.binarize):
            if self.one_of(False, True) and (step != self.pool or len(value.shape) == 3):
                value = step(value)
        return value

    def affine(self, value: _Value | None = None) -> _Value:
        value = value or self.pick()
        shape = self.one_of(value.shape[-1:], value.shape[-1:], value.shape)
        constants = {"mean": self.numbers(shape), "scale": self.powers(shape), "bias": self.numbers(shape)}
        if self.flip_coin():
            constants["mean"] = np.zeros(shape, np.float32)
        if self.one_of(False, False, True):
            constants["scale"] = np.ones(shape, np.float32)
        largest, fraction = 2 * (value.largest + 2) + 2, value.fraction + 2
        return self.add(ops.Affine, value, largest=largest, fraction=fraction, **constants)

    def activation(self, value: _Value | None = None) -> _Value:
        value = value or self.pick()
        kind, alpha, fraction, largest = self.one_of(*_EXACT_ACTIVATIONS), None, value.fraction, value.largest
        if kind == "clip":
            alpha = np.sort(self.numbers(2))
            alpha = self.one_of(alpha, np.float32([alpha[0], np.inf]), np.float32([-np.inf, alpha[1]]))
        elif kind == "prelu":
            alpha, fraction = self.numbers(value.shape[-1:]), fraction + 2
        elif kind == "leaky_relu":
            alpha, fraction = self.one_of(np.float32(0.25), np.float32(-0.5)), fraction + 2
        return self.add(ops.Activation, value, largest=2 * largest + 2, fraction=fraction, kind=kind, alpha=alpha)

    def pool(self, value: _Value | None = None) -> _Value:
        value = value or self.pick(3)
        height, width, _ = value.shape
        size = (min(2, height), min(2, width))
        fields = {"size": size, "strides": self.one_of((1, 1), (2, 2)), "largest": value.largest}
        if self.flip_coin():
            padding = self.one_of("same", "valid")
            return self.add(ops.Pool2D, value, fraction=value.fraction, kind="max", padding=padding, **fields)
        return self.add(ops.Pool2D, value, fraction=value.fraction + 2, kind="average", padding="valid", **fields)

    def global_pool(self) -> _Value:
        value = self.pick(3)
        pixels = value.shape[0] * value.shape[1]
        kind = "average" if pixels & (pixels - 1) == 0 and self.flip_coin() else "max"
        fields = {"largest": value.largest, "fraction": value.fraction + 6, "keep_dims": self.flip_coin()}
        return self.add(ops.GlobalPool, value, kind=kind, **fields)

    def join(self) -> _Value:
        """A sum, a product or a concatenation with another value of the same shape, or with itself."""
        first = self.pick()
        others = [value for value in self.values if value.shape == first.shape][-3:]
        inputs = [first, *(self.draw(st.sampled_from(others)) for _ in range(self.one_of(1, 1, 2)))]
        largest, fraction = sum(v.largest for v in inputs), max(v.fraction for v in inputs)
        match self.one_of("add", "add", "multiply", "concat"):
            case "add":
                return self.add(ops.Add, *inputs, largest=largest, fraction=fraction)
            case "multiply":
                largest, fraction = np.prod([v.largest for v in inputs]), sum(v.fraction for v in inputs)
                return self.add(ops.Multiply, *inputs, largest=float(largest), fraction=fraction)
        axis = self.one_of(-1, *range(len(first.shape)))
        return self.add(ops.Concat, *inputs, largest=largest, fraction=fraction, axis=axis)

    def pad(self) -> _Value:
        value = self.pick()
        pads = tuple((self.one_of(0, 1), self.one_of(0, 0, 2)) for _ in value.shape)
        number = self.one_of(0.0, 1.0, -1.0, 0.5)
        largest, fraction = max(value.largest, 1), max(value.fraction, 1)
        return self.add(ops.Pad, value, largest=largest, fraction=fraction, pads=pads, value=number)

    def slice(self) -> _Value:
        value = self.pick()
        begins, strides, shape = [], [], []
        for size in value.shape:
            stride = self.one_of(1, 1, 2, -1)
            begin = self.draw(st.integers(0, size - 1))
            most = (size - 1 - begin) // stride + 1 if stride > 0 else begin + 1
            begins, strides, shape = [*begins, begin], [*strides, stride], [*shape, self.draw(st.integers(1, most))]
        fields = {"begin": tuple(begins), "strides": tuple(strides), "shape": tuple(shape)}
        return self.add(ops.Slice, value, largest=value.largest, fraction=value.fraction, **fields)

    def uniform(self) -> _Value:
        bits, signed = self.one_of(2, 4, 8), self.flip_coin()
        fields = {"scale": float(self.powers((), signed=False)), "zero_point": self.one_of(0, 1, -3), "bits": bits}
        largest = (2.0**bits + 3) * fields["scale"]
        return self.add(ops.UniformQuantize, self.pick(), largest=largest, fraction=2, signed=signed, **fields)

    def rounded(self, value: _Value) -> _Value:
        """An activation whose results are rounded, so that nothing may follow it that makes steps."""
        kind = self.one_of(*_ROUNDED_ACTIVATIONS)
        if kind == "sqrt":
            value = self.add(ops.Activation, value, largest=value.largest, fraction=value.fraction, kind="abs")
        return self.add(ops.Activation, value, largest=value.largest**2, fraction=2, kind=kind)


@st.composite
def networks(draw, most_steps: int = 6) -> QuantGraph:
    """Networks of one or two inputs and one to three outputs."""
    drawing = _Drawing(draw)
    channels, side = drawing.one_of(*_CHANNELS), drawing.one_of(1, 2, 3, 4, 6)
    drawing.input((side, drawing.one_of(side, 5), channels))
    if drawing.one_of(False, False, True):
        drawing.input(drawing.one_of(drawing.values[0].shape, (channels,)))
    steps = (
        *(drawing.stack,) * 3,
        *(drawing.convolution,) * 5,
        *(drawing.dense, drawing.dense, drawing.affine, drawing.activation, drawing.pool, drawing.global_pool),
        *(drawing.join, drawing.join, drawing.pad, drawing.slice, drawing.uniform),
        *(lambda: drawing.quantize(drawing.pick()), lambda: drawing.as_image(drawing.pick())),
    )
    for _ in range(draw(st.integers(1, most_steps))):
        drawing.one_of(*steps)()
    if drawing.one_of(False, False, True):
        drawing.rounded(drawing.values[-1])
    outputs = [drawing.values[-1].op.name]
    if drawing.flip_coin():
        outputs += [drawing.draw(st.sampled_from(drawing.values)).op.name for _ in range(2)]
    return QuantGraph("drawn", [value.op for value in drawing.values], outputs)


def drawn_inputs(graph: QuantGraph, count: int = 2, seed: int = 0) -> dict[str, np.ndarray]:
    """A batch of multiples of 1/4, or of whole numbers where the input has 8 bits."""
    random = np.random.default_rng(seed)
    return {
        op.name: random.integers(0, 255, (count, *op.shape)).astype(np.uint8)
        if op.bits == 8
        else (random.integers(-16, 17, (count, *op.shape)) / 4).astype(np.float32)
        for op in graph.inputs
    }
