"""Randomly drawn blocks of real networks, which the delegate joins to few operations: what DenseNet, MeliusNet and
Real-to-Binary Net put between their binary convolutions. All values are float32 but the packed ones.
"""

from __future__ import annotations

import numpy as np

from larq_focal.network.few_bits import pack_weights
from larq_focal.network.packing import pack_bits
from tests.delegate import few_bit_cases
from tests.delegate.cases import ACTIVATIONS, Case, channels, convolution_options, quantized, signs
from tests.support.lce_file import LceFile


class _Block:
    """A file in the making, with what is drawn for it."""

    def __init__(self, rng: np.random.Generator):
        self.rng, self.file = rng, LceFile()
        self.pixels = (1, *(int(size) for size in rng.integers(3, 9, 2)))  # LCE pads smaller images wrongly
        self.inputs: list[np.ndarray] = []
        self.outputs: list[int] = []

    def input(self, *shape: int) -> int:
        self.inputs.append(self.rng.normal(size=shape).astype(np.float32))
        return self.file.input(shape, np.float32)

    def row(self, count: int) -> int:
        """A constant for each channel, at times one for all."""
        shape = (count,) if self.rng.integers(5) else ()
        return self.file.constant(self.rng.normal(size=shape).astype(np.float32))

    def normalised(self, value: int, depth: int) -> int:
        """A batch normalisation: MUL, mostly ADD too."""
        value = self.file.multiply(value, self.row(depth))
        return self.file.add(value, self.row(depth)) if self.rng.integers(3) else value

    def convolution(self, words: int, depth_in: int, depth_out: int, pad_values: int | None = None) -> int:
        filters = signs(self.rng, (depth_out, 3, 3, depth_in))
        multiplier = self.rng.normal(0, 1, depth_out) / np.sqrt(9 * depth_in)
        constants = [
            self.file.constant(values.astype(np.float32)) for values in (multiplier, self.rng.normal(size=depth_out))
        ]
        pad_values = int(self.rng.integers(2)) if pad_values is None else pad_values
        options = convolution_options(depth_in, pad_values=pad_values)
        inputs = [words, self.file.constant(pack_bits(filters)), *constants, -1]
        return self.file.custom("LceBconv2d", inputs, (*self.pixels, depth_out), np.float32, options)

    def binarised(self, value: int, depth: int) -> int:
        return quantized(self.file, self.normalised(value, depth), (*self.pixels, depth))

    def sometimes_give(self, value: int) -> None:
        if self.rng.integers(6) == 0:
            self.outputs.append(value)

    def case(self, value: int, text: str) -> Case:
        outputs = list(dict.fromkeys([*self.outputs, value]))
        return Case(f"{text}: {self.pixels}, {len(outputs)} outputs", self.file.finished(*outputs), tuple(self.inputs))


def draw_dense_block(rng: np.random.Generator) -> Case:
    """Each convolution sees what went in and what all before it gave; some add to the last channels, as MeliusNet's."""
    block = _Block(rng)
    depth = channels(rng)
    value = block.input(*block.pixels, depth)
    for _ in range(int(rng.integers(1, 5))):
        growth = int(rng.choice([32, 64, rng.integers(1, 70)]))
        made = block.convolution(block.binarised(value, depth), depth, growth)
        block.sometimes_give(made)
        pieces = [value, made] if rng.integers(5) else [made, value]
        if rng.integers(8) == 0:
            pieces.append(made)
        value = block.file.concatenate(*pieces)
        depth += growth * (len(pieces) - 1)
        block.sometimes_give(value)
        if rng.integers(2):
            width = int(rng.integers(1, depth + 1))
            made = block.convolution(block.binarised(value, depth), depth, width)
            behind = int(rng.integers(0, depth - width + 1)) if rng.integers(2) else 0
            padded = block.file.pad_channels(made, depth - width - behind, behind)
            older = value
            value = block.file.add(*((value, padded) if rng.integers(2) else (padded, value)))
            block.sometimes_give(made)
            if rng.integers(8) == 0:  # read again after the sum is there
                value = block.file.concatenate(value, older)
                depth *= 2
    return block.case(block.binarised(value, depth) if rng.integers(2) else value, "dense block")


def draw_gated_block(rng: np.random.Generator, *, takes_gates: bool = True, depth: int | None = None) -> Case:
    """Real-to-Binary Net's: a gate for each channel, PRELU and a residual, then the signs and the mean of the scaled
    sum. Gates come from outside, if the block ``takes_gates``, or from the mean, so that it must wait for them."""
    block = _Block(rng)
    depth = channels(rng) if depth is None else depth
    shape = (*block.pixels, depth)
    value, file = block.input(*shape), block.file
    scaled = block.normalised(value, depth)
    for _ in range(int(rng.integers(1, 4))):
        is_given = rng.integers(2) and takes_gates
        gate = block.input(1, depth) if is_given else file.image_mean(scaled)
        product = block.convolution(quantized(file, scaled, shape), depth, depth)
        block.sometimes_give(product)
        steps = {
            "gate": lambda x, gate=gate: file.multiply(x, gate),
            "prelu": lambda x: file.prelu(x, file.constant(rng.normal(size=(1, 1, depth)).astype(np.float32))),
            "residual": lambda x, value=value: file.add(x, value, activation=int(rng.integers(ACTIVATIONS))),
            "scale": lambda x: file.multiply(x, block.row(depth), activation=int(rng.integers(ACTIVATIONS))),
        }
        for name in rng.permutation(list(steps))[: rng.integers(1, 5)]:
            product = steps[name](product)
            block.sometimes_give(product)
        value = product
        scaled = block.normalised(value, depth)
        block.sometimes_give(scaled)
    ends = [quantized(file, scaled, shape), file.image_mean(scaled), scaled, value]
    return block.case(ends[rng.integers(len(ends))], "gated block")


def draw_few_bit_block(rng: np.random.Generator, depth: int | None = None) -> Case:
    """Convolutions of few bits on quantized maps, some binary ones between them, with what they take in."""
    block = _Block(rng)
    depth = channels(rng) if depth is None else depth
    shape = (*block.pixels, depth)
    value, file = block.input(*shape), block.file
    for _ in range(int(rng.integers(1, 4))):
        scaled = block.normalised(value, depth) if rng.integers(2) else value
        if rng.integers(4):
            product = _few_bit_convolution(block, scaled, depth)
        else:
            product = block.convolution(quantized(file, scaled, shape), depth, depth)
        block.sometimes_give(product)
        steps = {
            "prelu": lambda x: file.prelu(x, file.constant(rng.normal(size=(1, 1, depth)).astype(np.float32))),
            "residual": lambda x, value=value: file.add(x, value, activation=int(rng.integers(ACTIVATIONS))),
            "scale": lambda x: file.multiply(x, block.row(depth), activation=int(rng.integers(ACTIVATIONS))),
        }
        for name in rng.permutation(list(steps))[: rng.integers(0, 4)]:
            product = steps[name](product)
            block.sometimes_give(product)
        value = product
    scaled = block.normalised(value, depth)
    ends = [quantized(file, scaled, shape), scaled, value, few_bit_cases.draw_levels(rng).add(file, scaled, shape)]
    return block.case(ends[rng.integers(len(ends))], "few-bit block")


def _few_bit_convolution(block: _Block, value: int, depth: int) -> int:
    rng, file, levels = block.rng, block.file, few_bit_cases.draw_levels(block.rng)
    coding = few_bit_cases.CODINGS[rng.integers(len(few_bit_cases.CODINGS))]
    is_depthwise = rng.integers(3) == 0
    weights = few_bit_cases.draw_weights(rng, coding, (1 if is_depthwise else depth, 3, 3, depth))
    size = (
        levels.scale * np.sqrt(9 if is_depthwise else 9 * depth) * np.abs(coding.levels).max() * 2 ** (levels.bits - 1)
    )
    factors = (rng.uniform(0.5, 1.5, depth) / size).astype(np.float32)
    steps = dict.fromkeys(("dilation_height_factor", "dilation_width_factor", "stride_height", "stride_width"), 1)
    given = few_bit_cases.options(depth, coding, levels.bits, levels.lowest, int(rng.integers(ACTIVATIONS)))
    codes = levels.add(file, value, (*block.pixels, depth))
    constants = [file.constant(pack_weights(weights, coding)), file.constant(factors)]
    bias = file.constant(rng.normal(size=depth).astype(np.float32)) if rng.integers(3) else -1
    given |= steps | {"padding": 0} | ({"depth_multiplier": 1} if is_depthwise else {})
    kind = "LqfDepthwiseConv2d" if is_depthwise else "LqfConv2d"
    return file.custom(kind, [codes, *constants, bias], (*block.pixels, depth), np.float32, given)
