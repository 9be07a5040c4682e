"""Where weights of few bits are packed: where that makes the file smaller by what is worth it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from larq_focal.network import Kernel, QuantGraph, ops
from larq_focal.network.few_bits import FEW_BIT_KINDS, has_few_bits, saved_bytes, takes_few_bits
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from larq_focal.network.tflite.write import plan
from larq_focal.network.tflite.write.writer import write_lowered

LEVELS = {1: [-1, 1], 2: [-1, 0, 1], 4: range(-8, 8)}
CONVOLUTIONS = [
    (channels, out, window, 1) for channels in (1, 2, 3, 5, 8, 16, 33, 64) for out in (16, 96) for window in (1, 3, 5)
]
DEPTHWISE = [(channels, channels, 3, channels) for channels in (8, 16, 32, 48, 64, 160)]


def network(
    bits: int, channels: int, out: int, window: int, groups: int, *, layers: int = 1, levels: int = 0
) -> QuantGraph:
    """Layers beside each other on one map, from int8 to int8, or of floats on a map of some ``levels``."""
    rng = np.random.default_rng(channels)
    shape, result = (6, 6, channels), (6, 6, out)
    made: list[ops.Op] = [ops.Input(name="image", shape=shape)]
    if levels:
        steps = np.arange(levels, dtype=np.float32) / 8
        made.append(ops.Quantize(name="map", inputs=("image",), shape=shape, levels=steps, boundaries=steps[1:]))
    else:
        made.append(ops.UniformQuantize(name="map", inputs=("image",), shape=shape, scale=0.02))
    for number in range(layers):
        codes = rng.choice(list(LEVELS[bits]), (window, window, channels // groups, out)).astype(np.int8)
        kernel = Kernel(codes, rng.uniform(0.01, 0.02, out).astype(np.float32), bits, out)
        name = f"layer_{number}"
        place = {"inputs": ("map",), "shape": result, "padding": "same", "groups": groups}
        made.append(ops.Conv2D(name=name, kernel=kernel, bias=rng.normal(size=out).astype(np.float32), **place))
        if not levels:
            made.append(ops.UniformQuantize(name=f"{name}/8", inputs=(name,), shape=result, scale=0.02))
    return QuantGraph(
        "layers", made, [op.name for op in made if op.name.startswith("layer") and (levels or "/" in op.name)]
    )


def kinds(content: bytes) -> set[str]:
    return {kind for kind in read_flatbuffer(content).operations if "onv" in kind.lower()}


@pytest.mark.parametrize("bits", list(LEVELS))
@pytest.mark.parametrize("layer", [*CONVOLUTIONS, *DEPTHWISE], ids=str)
def test_no_file_of_int8_is_larger_for_its_few_bits(layer, bits):
    graph = network(bits, *layer)
    chosen, stock = write_lowered(graph), write_lowered(graph, packed=False)
    assert len(chosen) <= len(stock)
    is_packed = bool(kinds(chosen) & set(FEW_BIT_KINDS))
    assert is_packed == takes_few_bits(graph["layer_0"])
    if not is_packed:
        assert kinds(chosen) == kinds(stock)


@pytest.mark.parametrize("bits", list(LEVELS))
@pytest.mark.parametrize(
    "layer", [(8, 16, 3, 1), (3, 96, 3, 1), (64, 96, 1, 1), (32, 32, 3, 32), (160, 160, 3, 160)], ids=str
)
def test_what_packing_saves_is_what_files_show(layer, bits, monkeypatch):
    """By one more layer, as the first one brings names of its own."""

    def bytes_of_layer(packed: bool) -> int:
        monkeypatch.setattr(plan, "takes_few_bits", lambda op: packed and has_few_bits(op))
        monkeypatch.setattr(plan, "is_exact_in_few_bits", lambda graph, op: False)
        one, two = (len(write_lowered(network(bits, *layer, layers=layers))) for layers in (1, 2))
        return two - one

    assert bytes_of_layer(False) - bytes_of_layer(True) == pytest.approx(
        saved_bytes(network(bits, *layer)["layer_0"]), abs=64
    )


@pytest.mark.parametrize(
    ("layer", "is_packed"),
    [
        ((64, 64, 3, 1), True),
        ((33, 96, 1, 1), True),
        ((64, 64, 3, 64), True),
        ((1, 96, 5, 1), False),
        ((3, 96, 5, 1), False),
        ((16, 16, 1, 1), False),
        ((8, 8, 3, 8), False),
    ],
    ids=str,
)
def test_layers_are_packed_where_it_pays(layer, is_packed):
    content = write_lowered(network(2, *layer))
    assert bool(kinds(content) & set(FEW_BIT_KINDS)) == is_packed


@pytest.mark.parametrize(("channels", "is_packed"), [(1, False), (2, True), (8, True)])
def test_on_maps_of_few_levels_words_are_no_larger_than_floats(channels, is_packed):
    """On one channel two bits take two words, where a float takes one."""
    content = write_lowered(network(2, channels, 32, 5, 1, levels=16))
    assert bool(kinds(content) & set(FEW_BIT_KINDS)) == is_packed
    kernel = next(op for op in read_flatbuffer(content).operators if "onv" in op.kind.lower()).inputs[1]
    assert kernel.nbytes <= 4 * math.prod((5, 5, channels, 32))
