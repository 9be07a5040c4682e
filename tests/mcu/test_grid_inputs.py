"""Inputs of bytes on a grid, as files with int8 inputs have them, stand for numbers, not for pixels."""

from __future__ import annotations

import numpy as np
import pytest

import larq_focal as lqf
from larq_focal.network import Kernel, QuantGraph, ops
from tests.support.microcontroller import host_compiler


def network(scale: float, zero_point: int, signed: bool) -> QuantGraph:
    image = ops.Input(name="image", shape=(5, 5, 1), bits=8, has_grid=True)
    grid = ops.UniformQuantize(
        name="grid", inputs=("image",), shape=image.shape, scale=scale, zero_point=zero_point, bits=8, signed=signed
    )
    codes = np.random.default_rng(0).integers(-127, 128, (3, 3, 1, 4)).astype(np.int8)
    kernel = Kernel(codes, np.full(4, 0.01, np.float32), 8)
    conv = ops.Conv2D(name="conv", inputs=("grid",), shape=(3, 3, 4), kernel=kernel, padding="valid")
    return QuantGraph("grid", [image, grid, conv], ["conv"])


@pytest.mark.parametrize(
    ("scale", "zero_point", "signed"), [(0.0039041279815137386, 0, True), (0.02, -3, True), (1 / 64, 128, False)]
)
def test_a_program_takes_their_numbers_or_pixels(scale, zero_point, signed, tmp_path):
    """It is not written unless its outputs are the interpreter's."""
    host_compiler()
    graph = network(scale, zero_point, signed)
    numbers = lqf.export_c(graph, tmp_path / "numbers")
    assert numbers.audit.samples and any("is of floats" in note for note in numbers.notes)
    pixels = lqf.export_c(graph, tmp_path / "pixels", pixels="centred")
    assert pixels.audit.samples and not pixels.notes
    assert "uint8_t" in (tmp_path / "pixels/network.h").read_text()
