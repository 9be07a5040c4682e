"""Codings of few bits, and layers in them from a graph to a file and back."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from larq_focal.deploy.convert import convert
from larq_focal.deploy.engines import EngineError
from larq_focal.deploy.profile import profile_operations
from larq_focal.deploy.runtime import Runtime
from larq_focal.network import Kernel, QuantGraph, interpret, ops
from larq_focal.network.few_bits import WeightCoding, pack_weights, unpack_weights, weight_coding
from larq_focal.network.packing import pack_bits
from larq_focal.network.passes import lower
from larq_focal.network.step_function import find_steps
from larq_focal.network.tflite.flatbuffer import FlatbufferError, read_flatbuffer
from larq_focal.network.tflite.read.from_tflite import from_tflite
from larq_focal.network.tflite.soundness import check_sound
from larq_focal.network.tflite.write.writer import write_lowered

LEVELS = {1: [-1, 1], 2: [-1, 0, 1], 3: [-7, -5, -3, -1, 1, 3, 5, 7], 4: range(-8, 8)}
"""By the bits that they take."""


@st.composite
def weights_of(draw):
    bits = draw(st.integers(1, 4))
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 70)))
    return bits, draw(arrays(np.int8, shape, elements=st.sampled_from(list(LEVELS[bits]))))


@given(weights_of())
def test_packed_weights_come_out_as_they_went_in(drawn):
    bits, weights = drawn
    coding = weight_coding(weights)
    assert coding is not None and coding.bits <= bits
    words = pack_weights(weights, coding)
    assert words.shape[-1] == coding.bits * -(-weights.shape[-1] // 32)
    np.testing.assert_array_equal(unpack_weights(words, coding, weights.shape[-1]), weights)


def test_codings_are_the_smallest():
    assert weight_coding(np.array([-1, 1])) == WeightCoding(1, -2, 1)
    assert weight_coding(np.array([0, 1])) == WeightCoding(1, 1, 0)
    assert weight_coding(np.array([0, 0])).bits == 1
    assert weight_coding(np.array([-1, 0, 1])) == WeightCoding(2, 1, -1)
    assert weight_coding(np.array([-6, 0, 6])) == WeightCoding(2, 6, -6)
    assert weight_coding(np.arange(-13, 16, 2)) == WeightCoding(4, 2, -15), "seventeen would be too large"
    assert weight_coding(np.arange(17)) is None
    assert weight_coding(np.array([0, 100])) is None


@given(st.integers(1, 4), st.integers(1, 8), st.integers(-16, 16), st.sets(st.integers(0, 15), min_size=1))
def test_some_of_the_levels_of_a_coding_take_no_more_bits(bits, step, offset, codes):
    """A kernel that has lost its extreme levels, as trained ones have, is packed as before."""
    coding = WeightCoding(bits, step, offset)
    assume(coding.fault is None)
    weights = np.array([coding.levels[code % 2**bits] for code in codes])
    found = weight_coding(weights)
    assert found is not None and found.fault is None and found.bits <= bits
    np.testing.assert_array_equal(unpack_weights(pack_weights(weights, found), found, len(weights)), weights)


def test_signs_are_packed_as_those_of_larq_compute_engine():
    signs = np.random.default_rng(0).choice([-1, 1], (3, 45)).astype(np.int8)
    np.testing.assert_array_equal(pack_weights(signs, weight_coding(signs)), pack_bits(signs))


def test_another_number_of_words_is_refused():
    with pytest.raises(ValueError, match="2 bits of 40 channels need 4 words, not 3"):
        unpack_weights(np.zeros((1, 3), np.int32), WeightCoding(2, 1, -1), 40)


def network(bits: int, seed: int = 0) -> QuantGraph:
    """A float layer, two convolutions and a dense layer with weights of few bits, and a residual."""
    rng = np.random.default_rng(seed)

    def kernel(*shape: int) -> Kernel:
        scale = rng.uniform(0.5, 1.5, shape[-1]) / np.sqrt(np.prod(shape[:-1])) / max(np.abs(LEVELS[bits]))
        return Kernel(rng.choice(list(LEVELS[bits]), shape).astype(np.int8), scale.astype(np.float32), bits, shape[-1])

    image, zero = (9, 7, 24), np.zeros(24, np.float32)
    stem = Kernel((rng.normal(size=(3, 3, 3, 24)) / 5).astype(np.float32), None, 32)
    return QuantGraph(
        f"bits_{bits}",
        [
            ops.Input(name="image", shape=(9, 7, 3)),
            ops.Conv2D(name="stem", inputs=("image",), shape=image, kernel=stem, padding="same"),
            ops.Conv2D(name="first", inputs=("stem",), shape=image, kernel=kernel(3, 3, 24, 24), padding="same"),
            ops.Affine(name="norm", inputs=("first",), shape=image, mean=zero, scale=zero + 1.5, bias=zero + 0.1),
            ops.Activation(name="relu", inputs=("norm",), shape=image, kind="relu"),
            ops.Conv2D(name="second", inputs=("relu",), shape=image, kernel=kernel(3, 3, 24, 24), padding="same"),
            ops.Add(name="sum", inputs=("second", "stem"), shape=image),
            ops.Conv2D(name="third", inputs=("sum",), shape=(4, 3, 40), kernel=kernel(2, 2, 24, 40), strides=(2, 2)),
            ops.Reshape(name="flat", inputs=("third",), shape=(480,)),
            ops.Dense(name="scores", inputs=("flat",), shape=(10,), kernel=kernel(480, 10), bias=np.ones(10, "f4")),
        ],
        ["scores"],
    )


def images(count: int = 20) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(count, 9, 7, 3)).astype(np.float32)


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
def test_layers_of_few_bits_stay_so_in_a_file_of_int8(bits, tmp_path):
    path = tmp_path / "network.tflite"
    audit = convert(network(bits), path, rest="int8", representative=images()).audit
    assert audit.passed
    rows = {row.layer: row for row in audit.layers}
    assert {name: row.operation for name, row in rows.items()} == {
        "stem": "CONV_2D",
        "first": f"LqfConv2d ({bits} x 8 bits)",
        "second": f"LqfConv2d ({bits} x 8 bits)",
        "third": f"LqfConv2d ({bits} x 8 bits)",
        "scores": f"LqfFullyConnected ({bits} x 8 bits)",
    }
    assert rows["first"].became == "packed" and rows["first"].bytes == 9 * 24 * 4 * bits
    file = read_flatbuffer(path)
    assert file.few_bit_operations == ("LqfConv2d", "LqfFullyConnected")
    read = from_tflite(path)
    assert {op.kernel.bits for op in read.layers if op.name != "stem" and op.kernel.size >= 2048} == {bits}
    outputs, expected = Runtime(path).run(images()), list(interpret(read, images()).values())[-1]
    step = read[read.outputs[0]].scale
    assert np.abs(outputs - expected).max() < 1.01 * step
    assert len(np.unique(outputs)) > 10


@pytest.mark.parametrize("rest", ["float", "int8"])
@pytest.mark.parametrize(("levels", "bits"), [(16, 4), (8, 3), (5, 3)])
def test_layers_on_maps_of_few_levels_are_exact(levels, bits, rest, tmp_path):
    """Levels 0, 1/4, ... after a maximum over the map, which are padded with 0: whole numbers, whatever the rest is."""
    rng = np.random.default_rng(levels)
    codes = rng.choice([-1, 1], (3, 3, 32, 32)).astype(np.int8)
    steps = np.arange(levels, dtype=np.float32) / 4
    shape = (4, 4, 32)
    graph = QuantGraph(
        "map",
        [
            ops.Input(name="image", shape=(8, 8, 32)),
            ops.Quantize(name="map", inputs=("image",), shape=(8, 8, 32), levels=steps, boundaries=steps[1:] - 0.125),
            ops.Pool2D(name="pool", inputs=("map",), shape=shape, kind="max", size=(2, 2), strides=(2, 2)),
            ops.Conv2D(
                name="layer",
                inputs=("pool",),
                shape=shape,
                padding="same",
                kernel=Kernel(
                    np.where(rng.integers(9, size=codes.shape) == 0, 3 * codes, codes), np.ones(32, "f4"), 3, 0
                ),
            ),
        ],
        ["layer"],
    )
    images = rng.uniform(0, levels / 4, (10, 8, 8, 32)).astype(np.float32)
    path = tmp_path / "map.tflite"
    given = {"representative": images} if rest == "int8" else {"data": images}
    assert convert(graph, path, rest=rest, **given).audit.passed
    file = read_flatbuffer(path)
    assert file.operations == ("LqfQuantize", "MAX_POOL_2D", "LqfConv2d")
    layer = file.operators[-1]
    assert (layer.options["image_bits"], layer.options["image_lowest"]) == (bits, 0)
    np.testing.assert_array_equal(Runtime(path).run(images), interpret(graph, images)["layer"])
    assert from_tflite(path).layers[0].kernel.bits == 2


QUANTIZERS = {
    "DoReFa": lambda x, count: np.rint(np.clip(x, 0, 1) * np.float32(count)) / np.float32(count),
    "PACT": lambda x, count: np.rint(np.clip(x, 0, 3) / (np.float32(3) / count)) * (np.float32(3) / count),
    "odd levels": lambda x, count: (np.rint((np.clip(x, -1, 1) + 1) / 2 * np.float32(count)) * 2 - count) / count,
}


@pytest.mark.parametrize("bits", [1, 2, 4, 7])
@pytest.mark.parametrize("quantizer", QUANTIZERS)
def test_quantizers_are_written_and_read_exactly(quantizer, bits):
    levels, boundaries = find_steps(lambda x: QUANTIZERS[quantizer](x, np.float32(2**bits - 1)).astype(np.float32))
    shape, weights = (2, 2, 512), np.random.default_rng(bits).choice([-1, 1], (512, 4)).astype(np.int8)
    graph = QuantGraph(
        "quantizer",
        [
            ops.Input(name="image", shape=shape),
            ops.Quantize(name="map", inputs=("image",), shape=shape, levels=levels, boundaries=boundaries),
            ops.Dense(name="layer", inputs=("map",), shape=(2, 2, 4), kernel=Kernel(weights, np.ones(4, "f4"), 2, 0)),
        ],
        ["map", "layer"],
    )
    content = write_lowered(graph)
    assert read_flatbuffer(content).operations.count("LqfQuantize") == 1
    read = next(op for op in from_tflite(content) if isinstance(op, ops.Quantize | ops.Binarize))
    if isinstance(read, ops.Quantize):
        np.testing.assert_array_equal(read.boundaries, boundaries)
        np.testing.assert_allclose(read.levels, levels, rtol=3e-7)
    values = np.concatenate([boundaries, np.nextafter(boundaries, np.float32(-9)), np.float32([-5, 0, 5])])
    images = np.random.default_rng(0).choice(values, (20, *shape))
    expected = interpret(graph, images)
    maps, sums = Runtime(content).outputs({"image": images})
    np.testing.assert_allclose(maps, expected["map"], rtol=3e-7)
    np.testing.assert_allclose(sums, expected["layer"], atol=1e-3)


def test_without_packing_a_file_runs_everywhere(tmp_path):
    path = tmp_path / "network.tflite"
    audit = convert(network(1), path, rest="int8", representative=images(), packed=False).audit
    assert audit.passed and {row.became for row in audit.layers} == {"int8"}
    assert read_flatbuffer(path).custom_operations == ()
    packed = tmp_path / "packed.tflite"
    convert(network(1), packed, rest="int8", representative=images())
    everywhere, outputs = Runtime(path, engine="litert").run(images()), Runtime(packed).run(images())
    assert np.abs(outputs - everywhere).max() < 0.1 * np.abs(everywhere).max()


@pytest.mark.parametrize(("engine", "message"), [("litert", "packed=False"), ("lce", "only larq_focal's delegate")])
def test_other_engines_say_what_to_do(engine, message, tmp_path):
    path = tmp_path / "network.tflite"
    convert(network(2), path, rest="int8", representative=images())
    assert Runtime(path).engine == "delegate"
    with pytest.raises(EngineError, match=message):
        Runtime(path, engine=engine)


@pytest.mark.parametrize(("old", "new"), [(b"weight_bits", b"weight_bitz"), (b"channels_in", b"channels_im")])
def test_a_file_without_an_option_is_damaged(old, new, tmp_path):
    path = tmp_path / "network.tflite"
    convert(network(2), path, rest="int8", representative=images())
    with pytest.raises(FlatbufferError, match=f"has the option {old.decode()} missing"):
        check_sound(read_flatbuffer(path.read_bytes().replace(old, new)))


def test_a_profile_names_the_widths(tmp_path):
    path = tmp_path / "network.tflite"
    convert(network(2), path, rest="int8", representative=images())
    operations = profile_operations(Runtime(path)).operations
    assert [op.arithmetic for op in operations if op.kind.startswith("Lqf")] == ["2 x 8 bits"] * 4
    assert all(op.time_ms is not None for op in operations)


@pytest.mark.parametrize("levels", [4, 16, 256])
def test_few_weights_are_packed_too_where_binary_operators_cannot_be(levels):
    """A 2x2 convolution of 8 channels: float with 16 levels before, a sum of three binary ones with four."""
    shape, steps = (5, 5, 8), np.arange(levels, dtype=np.float32) / 8
    codes = np.random.default_rng(levels).choice([-1, 1], (2, 2, 8, 4)).astype(np.int8)
    graph = QuantGraph(
        "small",
        [
            ops.Input(name="image", shape=shape),
            ops.Quantize(name="map", inputs=("image",), shape=shape, levels=steps, boundaries=steps[1:]),
            ops.Conv2D(name="layer", inputs=("map",), shape=(4, 4, 4), kernel=Kernel(codes, np.ones(4, "f4"), 1, 0)),
        ],
        ["layer"],
    )
    content = write_lowered(lower(graph))
    expected = {"LceBconv2d": 3} if levels == 4 else {"LqfConv2d": 1}
    found = Counter(kind for kind in read_flatbuffer(content).operations if kind.endswith("onv2d"))
    assert found == expected
    images = np.random.default_rng(0).uniform(-1, levels / 8 + 1, (6, *shape)).astype(np.float32)
    np.testing.assert_array_equal(Runtime(content).run(images), interpret(graph, images)["layer"])
