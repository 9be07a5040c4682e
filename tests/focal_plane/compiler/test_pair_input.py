"""Log-gradients from the light: the array's own comparison at every pixel, the network's wherever it is exact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from larq_focal.focal_plane.compiler import compile_network, read_program, simulate, write_program
from larq_focal.focal_plane.compiler.input_stage.inputs import PairInput, PlaneInput
from larq_focal.network import QuantGraph, interpret, ops
from larq_focal.network.load import as_graph
from tests.focal_plane.compiler.gradients import (
    ALONG_WIDTH,
    GREYS,
    compared,
    exact,
    gradient,
    image,
    random_images,
    told,
)
from tests.focal_plane.compiler.random_layers import small
from tests.focal_plane.graphs import sign


def compiled_gradient(graph: QuantGraph, side: int = 64):
    compiled = compile_network(graph, small("scamp5", side, side), pixel_range=(0, 1))
    (source,) = compiled.array.inputs
    return compiled, source


@pytest.mark.parametrize("array", [10, 32, 50])  # one, two and five pixels of the array to one of the network
@pytest.mark.parametrize("ratio", [1.105, 1.0, 0.8, 2.5])
def test_every_pixel_is_what_the_array_tells(array, ratio):
    graph = gradient(ratio=ratio)
    compiled, source = compiled_gradient(graph, array)
    assert isinstance(source, PairInput) and source.inexact < 1000
    greys = random_images(2, 10, 10, 1, ratio=ratio)
    signs = compiled.run(GREYS[greys])["bits"]
    np.testing.assert_array_equal(signs > 0, told(source, greys))
    is_exact = exact(source, greys, compiled.graph)
    assert 0.9 < is_exact.mean() < 1
    np.testing.assert_array_equal(signs[is_exact], interpret(graph, GREYS[greys])["bits"][is_exact])


@pytest.mark.parametrize(
    "pixels",
    [[((0, 0), (2, 2))], [((2, 0), (0, 2))], [((1, 1), (1, 0))], [((0, 2), (2, 1)), ALONG_WIDTH, ((1, 0), (1, 2))]],
)
def test_pixels_may_lie_anywhere(pixels):
    compiled, source = compiled_gradient(gradient(pixels=pixels), 40)
    assert isinstance(source, PairInput)
    greys = random_images(2, 10, 10, 1)
    np.testing.assert_array_equal(compiled.run(GREYS[greys])["bits"] > 0, told(source, greys))


@pytest.mark.parametrize("array", [12, 64])
def test_convolutions_behind_it(array):
    graph = gradient(12, with_layer=True)
    compiled, source = compiled_gradient(graph, array)
    greys = random_images(2, 12, 12, 1)
    bits = ops.Input(name="bits", shape=source.layout.shape)
    behind = QuantGraph("behind", [bits, *compiled.graph.ops[-2:]], ["sign"])
    expected = interpret(behind, 2.0 * told(source, greys) - 1)["sign"]
    np.testing.assert_array_equal(compiled.run(GREYS[greys])["sign"], expected)


def test_what_stops_the_light_is_told():
    wide = gradient(ratio=20)
    steps = [image(8), *compared(8, *ALONG_WIDTH, 1.2, "a")[:-1], *compared(8, (0, 0), (2, 2), 1.2, "b")[:-1]]
    total = ops.Add(name="sum", inputs=("a_difference", "b_difference"), shape=(6, 6, 1))
    colours = QuantGraph("colours", [image(8, 3), sign("bits", image(8, 3), 0.5)], ["bits"])
    for graph, reason in (
        (wide, "channel 0 compares two pixels, but by no ratio up to 4"),
        (
            QuantGraph("four pixels", [*steps, total, sign("bits", total, 0.5)], ["bits"]),
            "channel 0 depends on 4 pixels, not on 2",
        ),
        (colours, "the image has more than one channel"),
    ):
        compiled, source = compiled_gradient(graph)
        assert isinstance(source, PlaneInput) and source.reason == reason == source.to_dict()["reason"]
        assert reason in source.summary
        greys = np.random.default_rng(0).integers(0, 256, (1, *graph.inputs[0].shape))
        np.testing.assert_array_equal(compiled.run(GREYS[greys])["bits"], interpret(graph, GREYS[greys])["bits"])


def test_a_sensor_of_few_analog_registers_loads_planes():
    sensor = small("scamp5")
    sensor = replace(sensor, analog=replace(sensor.analog, storage=("A", "B", "C")))
    compiled = compile_network(gradient(), sensor, pixel_range=(0, 1))
    assert compiled.array.inputs[0].reason == "SCAMP-5 has no 6 analog registers of 8 bits that compare pixels"


def test_the_file_takes_images_and_refuses_others(tmp_path):
    compiled, source = compiled_gradient(gradient(with_layer=True))
    path = write_program(compiled.array, tmp_path / "gradient.scamp")
    (read,) = read_program(path).inputs
    assert isinstance(read, PairInput) and read.image_shape == (10, 10, 1) and read.layout == source.layout
    greys = random_images(1, 10, 10, 1).astype(np.uint8)
    values = simulate(path, greys[0]).values["sign"]
    np.testing.assert_array_equal(values, compiled.run(GREYS[greys])["sign"][0])
    for shape in ((8, 8, 1), (10, 10, 3)):
        with pytest.raises(ValueError, match=rf"image for 'image' is \[{shape[0]}, .*takes \[10, 10, 1\]"):
            simulate(path, np.zeros(shape, np.uint8))
    text = path.read_text().replace("kind: pairs", "kind: triples")
    path.write_text(text)
    with pytest.raises(ValueError, match="'bits' as 'triples'; inputs are light, pairs or planes"):
        read_program(path)


def test_what_is_inexact_is_reported():
    compiled, source = compiled_gradient(gradient())
    (data,) = compiled.to_dict()["inputs"]
    assert data["inexact_pairs"] == source.inexact == sum(c["inexact_pairs"] for c in data["comparisons"]) > 0
    assert [(c["larger"], c["smaller"]) for c in data["comparisons"]] == [([1, 2], [1, 0]), ([2, 1], [0, 1])]
    assert f"ratio 1.111; {source.inexact} of 131072 pairs" in source.summary


@pytest.fixture(scope="module", params=[1, 1.5])
def model(request):
    """A log-gradient, and a binary convolution behind it with normalisation and a sign."""
    pytest.importorskip("larq")
    from larq_focal.keras import keras, larq
    from larq_focal.layers import BinarySumConv2D, LogGradient

    keras.utils.set_random_seed(0)
    layer = {1: larq.layers.QuantConv2D, 1.5: BinarySumConv2D}[request.param]
    levels = {"input_levels": (-1, 0, 1)} if request.param == 1.5 else {}
    binary = {"kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip", "use_bias": False}
    normalisation = keras.layers.BatchNormalization(moving_mean_initializer=keras.initializers.RandomNormal(0, 2))
    return keras.Sequential(
        [
            keras.layers.Input((10, 10, 1)),
            LogGradient(0.1, request.param),
            layer(4, 3, **levels, **binary),
            normalisation,
            larq.quantizers.SteSign(),
        ]
    )


def test_keras_log_gradients(model):
    compiled, source = compiled_gradient(as_graph(model))
    assert isinstance(source, PairInput) and not compiled.tail
    greys = random_images(4, 10, 10, 1)
    values = next(iter(compiled.run(GREYS[greys]).values()))
    behind = compiled.graph.ops[[op.name for op in compiled.graph].index(source.name) + 1 :]
    bits = ops.Input(name=source.name, shape=source.layout.shape)
    expected = interpret(QuantGraph("behind", [bits, *behind], compiled.graph.outputs), 2.0 * told(source, greys) - 1)
    np.testing.assert_array_equal(values, expected[compiled.graph.outputs[0]])
    # Where all pairs under a window are exact, so is what Keras computes of them.
    pairs = exact(source, greys, compiled.graph).all(-1)
    windows = np.lib.stride_tricks.sliding_window_view(pairs, (3, 3), axis=(1, 2)).all((-1, -2))
    assert 0.2 < windows.mean() < 1
    np.testing.assert_array_equal(values[windows], np.asarray(model(GREYS[greys]))[windows])
