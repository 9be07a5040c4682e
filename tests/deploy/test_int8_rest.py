"""Conversion with the rest in int8: what becomes int8, what it costs, what it takes, and what is refused."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.cli import main
from larq_focal.deploy.calibration import (
    METHODS,
    Seen,
    fixed_point,
    least_squares,
    most_of_the_range,
    rounded,
    whole_range,
)
from larq_focal.deploy.conversion.conversion_error import ConversionError
from larq_focal.deploy.convert import convert
from larq_focal.deploy.converters import CALIBRATIONS
from larq_focal.deploy.graph_audit import audit_graph
from larq_focal.deploy.int8_rest import Int8Options, write_int8_rest
from larq_focal.deploy.runtime import Runtime
from larq_focal.keras import keras
from larq_focal.keras import larq as lq
from larq_focal.network import Kernel, QuantGraph, interpret, ops, save_graph, write_tflite
from larq_focal.network.int8 import Grid
from larq_focal.network.passes import lower
from larq_focal.network.passes.integer_rest import integer_rest
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from tests.network.models import randomised

SIGNS = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign", "use_bias": False}
FOCAL = {"converter": "focal", "rest": "int8"}


def images(count=40, side=12, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, side, side, 3)).astype(np.float32)


def residual_model() -> keras.Model:
    """A stem, binary layers with shortcuts, a transition, and a classifier."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    inputs = keras.Input((12, 12, 3), name="image")
    x = layers.Conv2D(32, 3, padding="same", use_bias=False, name="stem")(inputs)
    x = layers.BatchNormalization()(x)
    for index in range(2):
        y = lq.layers.QuantConv2D(32, 3, padding="same", pad_values=1.0, name=f"binary_{index}", **SIGNS)(x)
        x = layers.Add()([layers.BatchNormalization(name=f"binary_{index}_scale")(y), x])
    x = layers.Activation("relu")(x)
    x = layers.MaxPool2D(2)(x)
    x = layers.Conv2D(64, 1, use_bias=False, name="transition")(x)
    x = layers.BatchNormalization()(x)
    y = lq.layers.QuantConv2D(64, 3, padding="same", pad_values=1.0, name="binary_2", **SIGNS)(x)
    x = layers.Add()([layers.BatchNormalization(name="binary_2_scale")(y), x])
    x = layers.GlobalAveragePooling2D()(layers.Activation("relu")(x))
    outputs = layers.Dense(10, activation="softmax", name="classifier")(x)
    model = randomised(keras.Model(inputs, outputs, name="residual"))
    for layer in model.layers:
        if layer.name.endswith("_scale"):  # the shortcut carries most, as in trained networks
            layer.gamma.assign(0.02 * layer.gamma)
    weights, bias = model.get_layer("classifier").get_weights()
    model.get_layer("classifier").set_weights([0.2 * weights, bias])
    return model


def binary_layer(name: str, source: str, shape, channels: int) -> ops.Conv2D:
    codes = np.random.default_rng(0).choice([-1, 1], (1, 1, channels, shape[-1])).astype(np.int8)
    return ops.Conv2D(name=name, inputs=(source,), shape=shape, kernel=Kernel(codes, np.ones(shape[-1], "f4"), 1))


@pytest.fixture(scope="module")
def residual(tmp_path_factory):
    path = tmp_path_factory.mktemp("residual") / "residual.tflite"
    return path, convert(residual_model(), path, representative=images(), **FOCAL).audit


def test_all_that_is_not_binary_becomes_int8_and_nothing_is_converted_to_and_fro(residual):
    path, audit = residual
    became = {row.layer: row.became for row in audit.layers}
    assert became == {
        "stem": "int8",
        "binary_0": "packed",
        "binary_1": "packed",
        "transition": "int8",
        "binary_2": "packed",
        "classifier": "int8",
    }
    assert audit.passed and "3 of 3 binary layers packed" in audit.headline
    file = read_flatbuffer(path)
    kinds = file.operations
    assert kinds.count("QUANTIZE") == 3 and kinds.count("DEQUANTIZE") == 3  # stem, transition, classifier
    assert {op.outputs[0].dtype for op in file.operators if op.kind in ("CONV_2D", "MAX_POOL_2D")} == {"int8"}
    assert {op.outputs[0].dtype for op in file.operators if op.kind in ("ADD", "SOFTMAX")} == {"float32"}
    assert file.inputs[0].dtype == file.outputs[0].dtype == "float32"
    assert (file.input_names, file.output_names) == (("image",), ("classifier",))


def test_the_loss_is_told_and_small(residual):
    audit = residual[1]
    loss = audit.int8
    assert loss.samples == 40 and loss.same_class >= 36 and loss.relative_difference < 0.1
    assert loss.float_bytes > audit.file_bytes
    assert loss.float_accuracy is None and "Accuracy" not in str(loss)
    printed = " ".join(str(part) for part in (loss, audit.headline))
    assert f"{loss.float_bytes:,} bytes" in printed and f"{loss.same_class / 40:.1%}" in printed
    assert json.loads(json.dumps(audit.to_dict()))["int8"]["samples"] == 40


def test_accuracies_are_those_of_the_two_files(tmp_path):
    model, path, x = residual_model(), tmp_path / "int8.tflite", images()
    convert(model, tmp_path / "float.tflite", converter="focal")
    labels = Runtime(tmp_path / "float.tflite").run(x).argmax(1)
    labels[:10] = (labels[:10] + 1) % 10  # ten are wrong
    loss = convert(model, path, representative=x, labels=labels, **FOCAL).audit.int8
    assert loss.float_accuracy == 0.75
    assert loss.int8_accuracy == np.mean(Runtime(path).run(x).argmax(1) == labels)
    assert "Accuracy: 75.00% with the rest in float" in str(loss)


def test_labels_belong_to_the_data_where_there_is_some(tmp_path):
    more = images(15, seed=1)
    options = {"representative": images(), "data": more, **FOCAL}
    loss = convert(residual_model(), tmp_path / "m.tflite", labels=np.zeros(15, int), **options).audit.int8
    assert loss.samples == 15 and loss.float_accuracy is not None


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_files_that_take_integers_state_their_scale(tmp_path, residual, dtype):
    path, x = tmp_path / "m.tflite", images()
    convert(residual_model(), path, representative=x, input_type=dtype, **FOCAL)
    runtime = Runtime(path)
    assert runtime.input_dtypes == (dtype,) and runtime.output_dtypes == ("float32",)
    tensor = runtime.model.inputs[0]
    by_floats = runtime.run(x)
    codes = np.rint(x / tensor.quantization.scale) + tensor.quantization.zero_point
    limits = np.iinfo(dtype)
    by_codes = runtime.run(np.clip(codes, limits.min, limits.max).astype(dtype))
    np.testing.assert_array_equal(by_floats, by_codes)
    np.testing.assert_allclose(by_floats, Runtime(residual[0]).run(x), atol=0.1)


def test_bytes_that_a_network_takes_anyway_lose_nothing(tmp_path):
    random = np.random.default_rng(0)
    kernel = Kernel(random.choice([-1, 1], (3, 3, 3, 8)).astype(np.int8), np.full(8, 0.01, np.float32), 1)
    graph = QuantGraph(
        "bytes",
        [
            ops.Input(name="pixels", shape=(8, 8, 3), bits=8),
            ops.Conv2D(name="conv", inputs=("pixels",), shape=(6, 6, 8), kernel=kernel),
        ],
        ["conv"],
    )
    pixels = random.integers(0, 256, (20, 8, 8, 3)).astype(np.uint8)
    path = tmp_path / "bytes.tflite"
    loss = convert(graph, path, representative=pixels, **FOCAL).audit.int8
    file = read_flatbuffer(path)
    assert file.inputs[0].dtype == "uint8"
    assert (file.operators[0].kind, file.operators[0].outputs[0].dtype) == ("QUANTIZE", "int8")
    assert file.operators[0].outputs[0].quantization.zero_point == -128
    assert loss.relative_difference < 0.01
    step = file.operators[1].outputs[0].quantization.scale[0]
    assert np.abs(Runtime(path).run(pixels) - interpret(graph, pixels)["conv"]).max() <= 20 * step


def test_signs_of_an_int8_layer_are_those_of_its_sums():
    """What rounds to zero from below stays negative, so no sign differs but of sums that rounding moves over zero."""
    random = np.random.default_rng(0)
    kernel = Kernel(random.choice([-1, 1], (3, 3, 3, 32)).astype(np.int8), np.full(32, 0.01, np.float32), 1)
    graph = QuantGraph(
        "signs",
        [
            ops.Input(name="x", shape=(10, 10, 3), bits=8),
            ops.Conv2D(name="stem", inputs=("x",), shape=(8, 8, 32), kernel=kernel),
            ops.Binarize(name="sign", inputs=("stem",), shape=(8, 8, 32), threshold=np.float32(0)),
            binary_layer("binary", "sign", (8, 8, 32), 32),
        ],
        ["binary"],
    )
    pixels = random.integers(0, 256, (8, 10, 10, 3)).astype(np.uint8)
    file = write_int8_rest(graph, Int8Options(pixels))
    assert read_flatbuffer(file.content).operations == ("QUANTIZE", "CONV_2D", "LceQuantize", "LceBconv2d")
    expected = interpret(graph, pixels)["binary"]  # integer sums throughout: every sign is the same
    np.testing.assert_array_equal(Runtime(file.content).run(pixels), expected)


def test_concatenations_of_int8_share_a_scale_and_several_inputs_are_taken(tmp_path):
    keras.utils.set_random_seed(1)
    layers = keras.layers
    first, second = keras.Input((8, 8, 3), name="left"), keras.Input((8, 8, 2), name="right")
    a, b = layers.Conv2D(16, 3, name="a")(first), layers.Conv2D(16, 3, activation="relu", name="b")(second)
    joined = layers.Conv2D(32, 1, name="joined")(layers.Concatenate()([a, b]))
    pooled = layers.GlobalAveragePooling2D()(layers.LeakyReLU(0.1)(joined))
    model = keras.Model([first, second], layers.Dense(5, name="scores")(pooled), name="two")
    random = np.random.default_rng(0)
    data = {"left": random.normal(size=(30, 8, 8, 3)), "right": 5 * random.normal(size=(30, 8, 8, 2))}
    audit = convert(model, tmp_path / "two.tflite", representative=data, **FOCAL).audit
    assert {row.became for row in audit.layers} == {"int8"} and audit.passed
    file = read_flatbuffer(tmp_path / "two.tflite")
    (concat,) = [op for op in file.operators if op.kind == "CONCATENATION"]
    scales = {float(t.quantization.scale[0]) for t in (*concat.inputs, *concat.outputs)}
    assert len(scales) == 1 and concat.outputs[0].dtype == "int8"
    assert file.operations.count("QUANTIZE") == 2 and file.operations.count("DEQUANTIZE") == 1
    assert audit.int8.relative_difference < 0.05


def test_a_layer_of_few_weights_amid_floats_stays_float():
    """It would be converted to and fro, and saves no bytes."""
    random = np.random.default_rng(0)
    small = Kernel(random.normal(size=(3, 3, 1, 32)).astype(np.float32), None, 32)
    graph = QuantGraph(
        "small",
        [
            ops.Input(name="x", shape=(6, 6, 32)),
            ops.Binarize(name="sign", inputs=("x",), shape=(6, 6, 32), threshold=np.float32(0)),
            binary_layer("binary", "sign", (6, 6, 32), 32),
            ops.Conv2D(name="depthwise", inputs=("binary",), shape=(4, 4, 32), kernel=small, groups=32),
            ops.Activation(name="out", inputs=("depthwise",), shape=(4, 4, 32), kind="tanh"),
        ],
        ["out"],
    )
    assert not integer_rest(lower(graph)).computed


@pytest.mark.parametrize("pool", ["average", "global average"])
def test_averages_of_floats_are_rounded_and_not_what_they_are_of(pool):
    """There are fewer of them."""
    random = np.random.default_rng(0)
    wide = Kernel(random.normal(size=(64, 32)).astype(np.float32), None, 32)
    place = {"name": "mean", "inputs": ("binary",), "kind": "average"}
    average = ops.Pool2D(shape=(1, 1, 64), size=(6, 6), strides=(6, 6), **place)
    graph = QuantGraph(
        "gate",
        [
            ops.Input(name="x", shape=(6, 6, 32)),
            ops.Binarize(name="sign", inputs=("x",), shape=(6, 6, 32), threshold=np.float32(0)),
            binary_layer("binary", "sign", (6, 6, 64), 32),
            average if pool == "average" else ops.GlobalPool(shape=(1, 1, 64), keep_dims=True, **place),
            ops.Reshape(name="flat", inputs=("mean",), shape=(64,)),
            ops.Dense(name="gate", inputs=("flat",), shape=(32,), kernel=wide),
            ops.Activation(name="out", inputs=("gate",), shape=(32,), kind="sigmoid"),
        ],
        ["out"],
    )
    rest = integer_rest(lower(graph))
    assert "gate" in rest.computed and "mean" not in rest.computed


def test_a_file_of_int8_is_read_and_written_again(residual, tmp_path):
    path, audit = residual
    again = convert(path, tmp_path / "again.tflite", converter="focal").audit
    assert again.passed
    x = images(3, seed=5)
    np.testing.assert_allclose(Runtime(tmp_path / "again.tflite").run(x), Runtime(path).run(x), atol=0.02)
    assert {row.became for row in again.layers} == {"packed", "int8"}
    assert again.file_bytes < 1.05 * audit.file_bytes


def test_stock_int8_files_keep_their_operators(tmp_path):
    from larq_focal.deploy.convert import convert_int8

    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(8, 3), layers.ReLU(), layers.Flatten(), layers.Dense(4)]
    )
    stock = tmp_path / "stock.tflite"
    convert_int8(model, stock, representative=images(20, 8))
    ours = tmp_path / "ours.tflite"
    assert convert(stock, ours, converter="focal").audit.passed
    kinds = read_flatbuffer(ours).operations
    assert "CONV_2D" in kinds and "FULLY_CONNECTED" in kinds and not {"DIV", "FLOOR", "CEIL"} & set(kinds)
    x = images(5, 8, seed=3)
    a, b = Runtime(stock).run(x), Runtime(ours).run(x)
    assert np.abs(a - b).max() <= 2 * read_flatbuffer(stock).operators[-1].inputs[0].quantization.scale[0]


def test_a_network_that_is_binary_throughout_is_left_as_it_is(tmp_path):
    graph = QuantGraph(
        "binary",
        [
            ops.Input(name="x", shape=(4, 4, 32)),
            ops.Binarize(name="sign", inputs=("x",), shape=(4, 4, 32), threshold=np.float32(0)),
            binary_layer("binary", "sign", (4, 4, 8), 32),
        ],
        ["binary"],
    )
    x = np.random.default_rng(0).normal(size=(4, 4, 4, 32))
    audit = convert(graph, tmp_path / "b.tflite", representative=x, **FOCAL).audit
    assert (tmp_path / "b.tflite").read_bytes() == write_tflite(graph)
    assert audit.int8.relative_difference == 0 and audit.int8.float_bytes == audit.file_bytes


REFUSED = {
    "nothing": ({"rest": "int8"}, "rest='int8' needs `representative` samples"),
    "no such rest": ({"rest": "int4"}, "There is no rest 'int4'; choose 'float' or 'int8'"),
    "for a float rest": ({"representative": images(2)}, "representative can only be given with rest='int8'"),
    "no such inputs": ({"rest": "int8", "representative": images(2), "input_type": "int4"}, "no type of inputs 'int4'"),
    "shape": ({"rest": "int8", "representative": images(2, side=9)}, r"have the shape \[2, 9, 9, 3\]; needed is"),
    "empty": ({"rest": "int8", "representative": images(0)}, "`representative` holds no samples"),
    "texts": ({"rest": "int8", "representative": np.full((2, 12, 12, 3), "a")}, "not numbers"),
    "labels": ({"rest": "int8", "representative": images(2), "labels": [1.5, 2]}, "`labels` are float64"),
    "count": ({"rest": "int8", "representative": images(2), "labels": [1, 2, 3]}, "for each of 2 samples"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_go_together_is_one_clear_error(tmp_path, case):
    options, message = REFUSED[case]
    path = tmp_path / "m.tflite"
    kernel = Kernel(np.random.default_rng(0).normal(size=(3, 3, 3, 8)).astype(np.float32), None, 32)
    graph = QuantGraph(
        "float",
        [
            ops.Input(name="x", shape=(12, 12, 3)),
            ops.Conv2D(name="y", inputs=("x",), shape=(10, 10, 8), kernel=kernel),
        ],
        ["y"],
    )
    with pytest.raises(ValueError, match=message) as error:
        convert(graph, path, converter="focal", **options)
    assert not isinstance(error.value, ConversionError) and not path.exists()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_named(tmp_path, value):
    x = images(3)
    x[1, 2, 3, 0] = value
    with pytest.raises(
        ValueError, match=r"Sample 1 of the input 'image' holds .* at \[2, 3, 0\], which is not a finite"
    ):
        convert(residual_model(), tmp_path / "m.tflite", representative=x, **FOCAL)


def test_lce_has_no_int8_rest(tmp_path):
    with pytest.raises(ValueError, match="rest='int8' needs larq_focal's own converter"):
        convert(residual_model(), tmp_path / "m.tflite", converter="lce", rest="int8", representative=images())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**16), st.floats(0.1, 100), st.floats(-3, 3))
def test_least_squares_are_no_worse_than_other_ranges_on_what_was_seen(seed, size, shift):
    random = np.random.default_rng(seed)
    numbers = (size * (random.standard_t(2, 4000) + shift)).astype(np.float32)
    seen = Seen(float(numbers.min()), float(numbers.max()), numbers)

    def error(grid: Grid) -> float:
        return float(np.square(rounded(numbers, grid) - numbers).mean(dtype=np.float64))

    assert error(least_squares(seen)) <= error(whole_range(seen))
    assert {least_squares, most_of_the_range, whole_range, fixed_point} == set(METHODS.values())
    for method in METHODS.values():
        assert rounded(np.zeros(1, np.float32), method(seen))[0] == 0


def test_the_command_takes_arrays_archives_and_data_sets(tmp_path):
    random = np.random.default_rng(0)
    kernel = Kernel(random.normal(size=(3, 3, 1, 16)).astype(np.float32), None, 32)
    classifier = Kernel(random.normal(size=(16, 10)).astype(np.float32), None, 32)
    graph = QuantGraph(
        "digits",
        [
            ops.Input(name="x", shape=(8, 8, 1)),
            ops.Conv2D(name="y", inputs=("x",), shape=(6, 6, 16), kernel=kernel),
            ops.GlobalPool(name="mean", inputs=("y",), shape=(16,), kind="average"),
            ops.Dense(name="scores", inputs=("mean",), shape=(10,), kernel=classifier),
        ],
        ["scores"],
    )
    save_graph(graph, tmp_path / "n.qgraph")
    x = random.normal(size=(12, 8, 8, 1)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "x.npz", x=x, labels=np.arange(12) % 10)
    for source, samples, has_labels in (("x.npy", 12, False), ("x.npz", 12, True), ("digits", 540, True)):
        source = source if source == "digits" else str(tmp_path / source)
        out = tmp_path / "out.tflite"
        command = ["convert", str(tmp_path / "n.qgraph"), "-o", str(out), "--rest", "int8", "--json"]
        result = CliRunner().invoke(main, [*command, "--representative", source], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        record = json.loads(result.stdout)
        assert record["int8"]["samples"] == samples
        assert (record["int8"]["float_accuracy"] is not None) == has_labels
        assert {layer["became"] for layer in record["layers"]} == {"int8"}
    result = CliRunner().invoke(main, [*command])
    assert result.exit_code == 1 and "needs `representative` samples" in result.stderr


def test_a_file_that_computes_something_else_fails_the_audit():
    random = np.random.default_rng(0)

    def network(change: float) -> QuantGraph:
        kernel = np.random.default_rng(1).normal(size=(3, 3, 3, 16)).astype(np.float32)
        kernel[0, 0, 0] += np.float32(change)
        conv = ops.Conv2D(name="y", inputs=("x",), shape=(4, 4, 16), kernel=Kernel(kernel, None, 32))
        return QuantGraph("float", [ops.Input(name="x", shape=(6, 6, 3)), conv], ["y"])

    x = {"x": random.normal(size=(4, 6, 6, 3)).astype(np.float32)}
    right, wrong = (write_int8_rest(network(change), Int8Options(x)) for change in (0, 1.5))
    assert audit_graph(network(0), right.content, x, rounded=right.rounded).passed
    audit = audit_graph(network(0), wrong.content, x, rounded=right.rounded)
    assert not audit.passed and audit.layers[0].became == "float"  # not the weights that were written


def test_every_calibration_has_its_name_on_the_command_line():
    assert tuple(METHODS) == CALIBRATIONS


def test_in_fixed_point_every_step_is_a_power_of_two(tmp_path):
    """Values of few levels too, and the second time the same."""
    samples = images()
    files = [tmp_path / f"{index}.tflite" for index in range(2)]
    model = residual_model()
    for path in files:
        convert(model, path, **FOCAL, representative=samples, calibration="fixed point")
    tensors = [each for each in read_flatbuffer(files[0]).tensors if each.dtype == "int8" and not each.is_constant]
    assert len(tensors) > 3
    steps = np.concatenate([each.quantization.scale for each in tensors])
    np.testing.assert_array_equal(np.exp2(np.rint(np.log2(steps))), steps)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_calibration_that_there_is_not_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no calibration 'guess'; choose 'range', 'percentile'"):
        convert(residual_model(), tmp_path / "f", **FOCAL, representative=images(), calibration="guess")
    with pytest.raises(ValueError, match="calibration can only be given with rest='int8'"):
        convert(residual_model(), tmp_path / "f", converter="focal", calibration="range")
