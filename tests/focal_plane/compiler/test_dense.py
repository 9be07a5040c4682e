"""Fully connected layers on the array, by global counts, against the interpreter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from larq_focal.focal_plane.compiler import compile_network, simulate
from larq_focal.focal_plane.compiler.program_file import program_from_text, program_text
from larq_focal.network import Kernel, QuantGraph, interpret, ops
from tests.focal_plane.compiler.random_layers import Draw, images, network, small

UNITS = 3


def classifier(draw: Draw, levels: list[int], bias: bool = False) -> QuantGraph:
    """The layer of ``draw``, flattened, and a dense layer with weights of ``levels``."""
    layer = network(draw)
    last = layer[layer.outputs[0]]
    size = int(np.prod(last.shape))
    rng = np.random.default_rng(draw.seed)
    codes = rng.choice(levels, (size, UNITS)).astype(np.int8)
    scale = rng.uniform(0.5, 2, UNITS).astype(np.float32)
    flat = ops.Reshape(name="flat", inputs=(last.name,), shape=(size,))
    dense = ops.Dense(
        name="dense",
        inputs=("flat",),
        shape=(UNITS,),
        kernel=Kernel(codes, scale, 1 if 0 not in levels else 2),
        bias=scale if bias else None,
    )
    return QuantGraph("classifier", [*layer, flat, dense], ["dense"])


@pytest.mark.parametrize("levels", [[-1, 1], [-1, 0, 1], [1]])
@pytest.mark.parametrize(
    "draw",
    [Draw(), Draw(out_channels=9, height=20, width=20, kernel_size=2, stride=2), Draw(height=30, width=30)],
    ids=["small", "strided", "several planes"],
)
def test_sums_equal_the_interpreter(draw, levels):
    graph = classifier(draw, levels, bias=True)
    inputs = images(graph, 2)
    compiled = compile_network(graph, small("scamp5"), dense_on_array="events")
    assert compiled.tail == () and not compiled.array.outputs
    assert compiled.calls["read_events"] > 0 and "read_plane" not in compiled.calls
    expected = interpret(graph, inputs, graph.outputs)["dense"]
    np.testing.assert_allclose(compiled.run(inputs)["dense"], expected, rtol=1e-6)


def test_the_file_holds_the_sums():
    graph = classifier(Draw(), [-1, 0, 1])
    compiled = compile_network(graph, small("scamp5"), dense_on_array="events")
    read = program_from_text(program_text(compiled.array))
    assert read.scores == compiled.array.scores
    image = images(graph, 1)[0]
    np.testing.assert_array_equal(
        simulate(read, image).values["dense"], simulate(compiled.array, image).values["dense"]
    )


def test_otherwise_the_controller_reads_the_maps():
    graph = classifier(Draw(), [-1, 1])
    compiled = compile_network(graph, small("scamp5"))
    assert compiled.tail == ("flat", "dense") and not compiled.array.scores


def test_real_weights_stay_on_the_controller():
    graph = classifier(Draw(), [-1, 1])
    *others, dense = graph
    weights = np.random.default_rng(0).normal(size=dense.kernel.shape).astype(np.float32)
    real = graph.rewritten([*others, replace(dense, kernel=Kernel(weights, None, 32))])
    assert compile_network(real, small("scamp5"), dense_on_array="events").tail == ("flat", "dense")
