"""Inputs and outputs have Keras' order and names in the file, in runs, in the graph and on the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from larq_focal.cli import main
from larq_focal.deploy.audit import audit
from larq_focal.deploy.conversion.conversion_error import ConversionError
from larq_focal.deploy.conversion.keras_models import convert_by_lce as convert
from larq_focal.deploy.convert import convert_int8
from larq_focal.deploy.prediction import predict
from larq_focal.deploy.runtime import Runtime
from larq_focal.keras import keras, tf
from larq_focal.network.interpret import interpret
from larq_focal.network.tflite.read.from_tflite import from_tflite
from tests.deploy.networks import convolution

layers = keras.layers
NAMES, OUTPUTS = ("right", "left"), ("steering", "collision", "brake")


@pytest.fixture(scope="module")
def model():
    """Outputs and inputs in an order that is not that of the alphabet; one output is an activation, one is shared."""
    keras.utils.set_random_seed(0)
    right, left = (layers.Input((4,), name=name) for name in NAMES)
    x = layers.Add(name="a_sum")([right, layers.Lambda(lambda x: 2 * x, name="twice")(left)])
    steering = layers.Dense(2, name="steering", bias_initializer="ones")(x)
    collision = layers.Dense(1, name="collision", activation="relu", bias_initializer="ones")(x)
    return keras.Model([right, left], [steering, collision, layers.ReLU(name="brake")(steering)], name="car")


@pytest.fixture(scope="module")
def feeds():
    random = np.random.default_rng(0)
    return {name: random.normal(size=(5, 4)).astype(np.float32) for name in NAMES}


@pytest.fixture(scope="module")
def converted(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("converted") / "car.tflite"
    assert convert(model, path).audit.findings == ()
    return path


def expected(model, feeds) -> list[np.ndarray]:
    return [output.numpy() for output in model([feeds[name] for name in NAMES])]


def assert_close(outputs, wanted) -> None:
    for output, array in zip(outputs, wanted, strict=True):
        np.testing.assert_allclose(output, array, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("engine", ["litert", "lce"])
def test_a_converted_file_has_the_models(model, feeds, converted, engine):
    runtime = Runtime(converted, engine=engine)
    assert (runtime.input_names, runtime.output_names) == (NAMES, OUTPUTS)
    assert [tensor.name for tensor in runtime.model.outputs] == list(OUTPUTS)
    assert_close(runtime.run(feeds), expected(model, feeds))


def test_other_programs_see_them_too(model, feeds, converted):
    """By order and by name, with the interpreter's own calls."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(converted))
    interpreter.allocate_tensors()
    assert [detail["name"] for detail in interpreter.get_input_details()] == list(NAMES)
    assert [detail["name"] for detail in interpreter.get_output_details()] == list(OUTPUTS)
    one = {name: array[:1] for name, array in feeds.items()}
    results = interpreter.get_signature_runner()(**one)
    assert_close([results[name] for name in OUTPUTS], expected(model, one))


def test_the_graph_of_the_file_has_them(model, feeds, converted):
    graph = from_tflite(converted)
    assert tuple(op.name for op in graph.inputs) == NAMES
    assert graph.outputs == OUTPUTS
    values = interpret(graph, feeds, graph.outputs)
    assert_close([values[name] for name in graph.outputs], expected(model, feeds))


def test_int8_files_have_them(model, feeds, tmp_path):
    """Inputs of the same range, so that rounding says nothing of order."""
    random = np.random.default_rng(1)
    samples = {name: random.normal(size=(100, 4)).astype(np.float32) for name in NAMES}
    convert_int8(model, tmp_path / "car.tflite", representative=samples, data=samples)
    runtime = Runtime(tmp_path / "car.tflite")
    assert (runtime.input_names, runtime.output_names) == (NAMES, OUTPUTS)
    for output, array in zip(runtime.run(feeds), expected(model, feeds), strict=True):
        np.testing.assert_allclose(output, array, atol=0.2 * np.abs(array).max())


@pytest.mark.parametrize("maker", ["keras model", "saved model"])
def test_files_of_other_converters_keep_names_and_say_their_order(model, feeds, maker, tmp_path):
    if maker == "keras model":
        content = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    else:
        tf.saved_model.save(model, str(tmp_path / "saved"))
        content = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved")).convert()
    runtime = Runtime(content)
    assert runtime.output_names == tuple(sorted(OUTPUTS))
    results = dict(zip(runtime.output_names, runtime.run(feeds), strict=True))
    assert_close([results[name] for name in OUTPUTS], expected(model, feeds))
    result = audit(model, content, data=feeds)
    assert result.passed
    assert {finding.fault for finding in result.findings} == {"order-of-inputs", "order-of-outputs"}
    assert "brake, collision, steering, the model in the order steering, collision, brake" in str(result.findings)


def test_predictions_and_the_command_have_them(model, feeds, converted, tmp_path):
    wanted = expected(model, feeds)
    predictions = predict(converted, feeds)
    assert predictions.output_names == OUTPUTS
    assert_close(predictions.outputs, wanted)
    words = []
    for name, array in feeds.items():
        np.save(tmp_path / f"{name}.npy", array)
        words += ["--input", f"{name}={tmp_path / name}.npy"]
    done = CliRunner().invoke(main, ["run", str(converted), *words, "-o", str(tmp_path / "out.npz"), "--json"])
    assert done.exit_code == 0, done.output
    record = json.loads(done.output)
    assert record["output_names"] == list(OUTPUTS)
    assert_close([record["samples"][0]["outputs"][place] for place in range(3)], [array[0] for array in wanted])
    with np.load(tmp_path / "out.npz") as archive:
        assert tuple(archive.files) == OUTPUTS
        assert_close([archive[name] for name in OUTPUTS], wanted)
    done = CliRunner().invoke(main, ["run", str(converted), *words, "-o", str(tmp_path / "out.npy")])
    assert done.exit_code == 1 and "ends in .npz" in done.output
    assert not (tmp_path / "out.npy").exists()


def test_outputs_in_a_dictionary_have_keras_names(tmp_path):
    x = layers.Input((3,), name="x")
    outputs = {"z": layers.Dense(2, name="head_z")(x), "a": layers.Dense(1, name="head_a")(x)}
    model = keras.Model(x, outputs)
    convert(model, tmp_path / "m.tflite")
    runtime = Runtime(tmp_path / "m.tflite")
    assert runtime.output_names == tuple(model.output_names)
    batch = np.ones((2, 3), np.float32)
    wanted = model(batch)
    for name, output in zip(runtime.output_names, runtime.run(batch), strict=True):
        np.testing.assert_allclose(output, wanted[name.removeprefix("head_")], rtol=1e-5)


def test_a_fixed_batch_size_is_kept(tmp_path):
    image = layers.Input((8, 8, 32), batch_size=4)
    x = convolution(padding="same", pad_values=1)(image)
    model = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))
    result = convert(model, tmp_path / "four.tflite").audit
    assert result.passed and result.all_packed and result.agreement.samples == 16
    batch = np.random.default_rng(0).normal(size=(6, 8, 8, 32)).astype(np.float32)
    free = keras.Model(
        image_free := layers.Input((8, 8, 32)), model.layers[-1](model.layers[-2](model.layers[1](image_free)))
    )
    for engine in ("delegate", "lce"):
        runtime = Runtime(tmp_path / "four.tflite", engine=engine)
        assert (runtime.batch_size, runtime.input_shapes) == (4, ((8, 8, 32),))
        np.testing.assert_allclose(runtime.run(batch), free(batch), atol=1e-4)
    with pytest.raises(ValueError, match="takes 4 samples at a time: give a multiple of that, not 6"):
        convert(model, tmp_path / "other.tflite", data=batch)


def test_different_fixed_batch_sizes_are_refused(tmp_path):
    inputs = [layers.Input((2,), batch_size=size, name=f"x{size}") for size in (2, 3)]
    model = keras.Model(inputs, [layers.ReLU()(x) for x in inputs], name="uneven")
    with pytest.raises(ConversionError, match=r"'uneven' fix different batch sizes, \{'x2': 2, 'x3': 3\}"):
        convert(model, tmp_path / "uneven.tflite")


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (lambda x: tf.reshape(x, [-1, 4]), (8, 4)),
        (lambda x: tf.transpose(x, [1, 0, 2]), (4, 1, 8)),
        (lambda x: tf.reduce_sum(x), ()),
    ],
    ids=["reshape", "time first", "scalar"],
)
def test_outputs_without_a_batch_axis_convert(function, shape, tmp_path):
    x = layers.Input((4, 8), name="x")
    y = layers.Lambda(function, name="whole")(x)
    model = keras.Model(x, [y, layers.ReLU(name="each")(x)])
    result = convert(model, tmp_path / "m.tflite").audit
    assert result.passed and result.agreement.samples == result.agreement.same_class == 16
    sample = np.random.default_rng(0).normal(size=(1, 4, 8)).astype(np.float32)
    whole, each = Runtime(tmp_path / "m.tflite").run(sample)
    assert (whole.shape, each.shape) == (shape, (1, 4, 8))
    np.testing.assert_allclose(whole, function(sample), rtol=1e-5)
