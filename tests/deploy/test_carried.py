"""Operators that no operation of a graph describes are carried over as they are; binary layers there are packed."""

import dataclasses

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from larq_focal.deploy.audit.file_audit import audit
from larq_focal.deploy.conversion.conversion_error import ConversionError
from larq_focal.deploy.convert import convert, convert_int8
from larq_focal.deploy.runtime import Runtime
from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.network import GraphError, interpret, load_graph, ops, save_graph, write_tflite
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from larq_focal.network.tflite.read.from_tflite import from_tflite
from tests.network.models import randomised

SIGNS = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign", "pad_values": 1.0, "padding": "same"}


def images(*shape, count=5) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, *shape)).astype(np.float32)


def model_around(function, **layer) -> keras.Model:
    """Two binary layers with a function of TensorFlow between them."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6, 6, 32), name="image")
    x = lq.layers.QuantConv2D(32, 3, name="first", **SIGNS)(inputs)
    x = keras.layers.Lambda(function, name="between", **layer)(x)
    x = keras.layers.BatchNormalization(name="scores")(x)
    x = lq.layers.QuantConv2D(16, 3, name="second", **SIGNS)(x)
    return randomised(keras.Model(inputs, x, name="around"))


def stock_file(model: keras.Model, path) -> bytes:
    from larq_focal.deploy.conversion.by_stock import run_stock_converter
    from larq_focal.deploy.conversion.freeze import freeze

    path.write_bytes(run_stock_converter(freeze(model).baked()))
    return path.read_bytes()


def test_a_function_between_two_binary_layers_is_carried_and_both_are_packed(tmp_path):
    model = model_around(lambda x: tf.math.cumsum(tf.math.sin(x), axis=3))
    audit = convert(model, tmp_path / "m.tflite", converter="focal").audit
    assert [row.became for row in audit.layers] == ["packed", "packed"] and audit.passed
    (note,) = [finding for finding in audit.findings if finding.fault == "reader"]
    assert "TensorFlow Lite's converter read this model" in note.message
    runtime = Runtime(tmp_path / "m.tflite")
    kinds = runtime.operations
    assert kinds.count("LceBconv2d") == 2 and "SIN" in kinds and "CUMSUM" in kinds
    assert (runtime.input_names, runtime.output_names) == (("image",), ("second",))
    x = images(6, 6, 32)
    np.testing.assert_allclose(runtime.run(x), model.predict(x, verbose=0), atol=1e-4)


class Subclassed(keras.Model):
    """A model whose layers are called in code that no graph of Keras layers shows."""

    def __init__(self):
        super().__init__(name="subclassed")
        self.first = lq.layers.QuantConv2D(32, 3, **SIGNS)
        self.second = lq.layers.QuantConv2D(32, 3, **SIGNS)

    def call(self, x):
        x = self.first(x)
        return self.second(tf.math.floormod(x, 3.0) - 1.0) + tf.reduce_max(x, axis=[1, 2], keepdims=True)


def test_a_subclassed_model_is_converted(tmp_path):
    keras.utils.set_random_seed(0)
    model, x = Subclassed(), images(6, 6, 32)
    expected = model(x).numpy()
    audit = convert(model, tmp_path / "m.tflite", converter="focal").audit
    assert [row.became for row in audit.layers] == ["packed", "packed"]
    np.testing.assert_allclose(Runtime(tmp_path / "m.tflite").run(x), expected, atol=1e-4)


@pytest.mark.parametrize("batch", [None, 2])
def test_the_audit_of_the_file_reads_the_model_as_its_conversion_did(tmp_path, batch):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6, 6, 32), batch_size=batch)
    x = lq.layers.QuantConv2D(32, 3, name="layer", **SIGNS)(keras.layers.Lambda(tf.math.sin, name="wave")(inputs))
    model = randomised(keras.Model(inputs, x, name="behind"))
    converted = convert(model, tmp_path / "m.tflite", converter="focal").audit
    assert [row.became for row in converted.layers] == ["packed"] and "reader" in {f.fault for f in converted.findings}
    assert audit(model, tmp_path / "m.tflite").to_dict() == converted.to_dict()


def test_a_stock_file_is_packed_and_the_rest_stays_bit_for_bit(tmp_path):
    """The same model without LCE: signs and kernels of plus and minus one in floats."""
    model = model_around(lambda x: tf.image.resize(x, (7, 7), "bilinear", antialias=False))
    stock = read_flatbuffer(stock_file(model, tmp_path / "stock.tflite"))
    assert not stock.custom_operations and "RESIZE_BILINEAR" in stock.operations
    convert(tmp_path / "stock.tflite", tmp_path / "packed.tflite")
    packed = read_flatbuffer(tmp_path / "packed.tflite")
    assert packed.operations.count("LceBconv2d") == 2 and packed.file_bytes < stock.file_bytes / 4

    def carried(file):
        whole = schema.ModelT.InitFromObj(schema.Model.GetRootAs(file.content))
        (index,) = [each.index for each in file.operators if each.kind == "RESIZE_BILINEAR"]
        operator = whole.subgraphs[0].operators[index]
        code = whole.operatorCodes[operator.opcodeIndex]
        size = file.operators[index].inputs[1].data.tolist()
        return vars(operator.builtinOptions), code.builtinCode, code.version, size

    assert carried(packed) == carried(stock)
    x = images(6, 6, 32)
    np.testing.assert_allclose(
        Runtime(tmp_path / "packed.tflite").run(x), Runtime(tmp_path / "stock.tflite").run(x), atol=1e-4
    )


FUNCTIONS = {
    "whole numbers": lambda x: tf.cast(tf.argmax(x, axis=3, output_type=tf.int32), tf.float32)[..., None] * x,
    "truth": lambda x: tf.where(tf.logical_or(x > 1.0, tf.math.sin(x) < 0.5), x, -x * x),
    "several outputs": lambda x: tf.concat(tf.split(tf.math.sin(x), 4, axis=3)[::-1], axis=3),
    "two values": lambda x: tf.math.atan2(x, tf.nn.relu(x) + 1.0),
    "the best of each": lambda x: tf.math.top_k(tf.math.cos(x), 32).values,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_of_any_type_go_from_operator_to_operator(tmp_path, name):
    model = model_around(FUNCTIONS[name])
    stock = stock_file(model, tmp_path / "stock.tflite")
    graph = from_tflite(stock)
    assert all(op.file is not None for op in graph.unknown)
    content = write_tflite(graph)
    assert read_flatbuffer(content).operations.count("LceBconv2d") == 2
    x = images(6, 6, 32)
    expected = Runtime(stock).run(x)
    np.testing.assert_allclose(Runtime(content).run(x), expected, atol=1e-4)
    np.testing.assert_allclose(interpret(graph, x, graph.outputs)[graph.outputs[0]], expected, atol=1e-4)
    again = from_tflite(content)
    np.testing.assert_allclose(Runtime(write_tflite(again)).run(x), expected, atol=1e-4)


def test_integers_with_a_scale_are_carried_without_a_detour(tmp_path):
    layers = keras.layers
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6, 6, 3))
    x = layers.UpSampling2D(2, interpolation="nearest")(layers.Conv2D(8, 3, padding="same")(inputs))
    model = keras.Model(inputs, layers.Conv2D(4, 3)(x), name="up")
    x = images(6, 6, 3, count=20)
    convert_int8(model, tmp_path / "stock.tflite", representative=x)
    stock = read_flatbuffer(tmp_path / "stock.tflite")
    assert "RESIZE_NEAREST_NEIGHBOR" in stock.operations
    convert(tmp_path / "stock.tflite", tmp_path / "ours.tflite")
    ours = read_flatbuffer(tmp_path / "ours.tflite")
    (resize,) = [op for op in ours.operators if op.kind == "RESIZE_NEAREST_NEIGHBOR"]
    assert resize.inputs[0].dtype == resize.outputs[0].dtype == "int8"
    a, b = Runtime(tmp_path / "stock.tflite").run(x), Runtime(tmp_path / "ours.tflite").run(x)
    step = stock.operators[-1].inputs[0].quantization.scale[0]
    assert np.abs(a - b).max() <= 2 * step


def test_a_graph_file_keeps_carried_operators(tmp_path):
    model = model_around(tf.math.sin)
    graph = from_tflite(stock_file(model, tmp_path / "stock.tflite"))
    save_graph(graph, tmp_path / "g.qgraph")
    loaded = load_graph(tmp_path / "g.qgraph")
    assert write_tflite(loaded) == write_tflite(graph)


def test_what_a_carried_operator_cannot_be_is_refused(tmp_path):
    graph = from_tflite(stock_file(model_around(tf.math.sin), tmp_path / "stock.tflite"))
    (unknown,) = graph.unknown
    damaged = unknown.file.copy()
    damaged[40:] = 255
    for changed, message in (
        (dataclasses.replace(unknown, file=damaged), "damaged operator"),
        (dataclasses.replace(unknown, file=None), "SIN.* is not understood"),
        (dataclasses.replace(unknown, output=3), "output 3 of an operator that has 1"),
    ):
        with pytest.raises(GraphError, match=message):
            write_tflite(graph.rewritten(changed if op is unknown else op for op in graph))
    with pytest.raises(GraphError, match=r"for .* samples, not 2"):
        write_tflite(graph, batch_size=2)
    broken = graph.rewritten(dataclasses.replace(op, file=damaged) if op is unknown else op for op in graph)
    with pytest.raises(GraphError, match="cannot be computed by LiteRT"):
        interpret(broken, images(6, 6, 32))


def test_loops_are_not_carried_and_the_error_says_so(tmp_path):
    def loop(x):
        return tf.while_loop(lambda y: tf.reduce_sum(y) < 100.0, lambda y: (y + 1.0,), (tf.abs(x),))[0]

    with pytest.raises(ConversionError, match=r"around.*Nor through TensorFlow Lite's converter"):
        convert(model_around(loop), tmp_path / "m.tflite", converter="focal")
    assert not (tmp_path / "m.tflite").exists()


def test_int8_takes_the_rest_around_what_is_carried(tmp_path):
    keras.utils.set_random_seed(0)
    layers = keras.layers
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(32, 3)(inputs)
    x = layers.Lambda(lambda y: tf.math.sin(y) * 2.0)(x)
    x = lq.layers.QuantConv2D(32, 3, **SIGNS)(x)
    model = keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)), name="sines")
    audit = convert(model, tmp_path / "m.tflite", rest="int8", representative=images(8, 8, 3, count=20)).audit
    assert sorted(row.became for row in audit.layers) == ["float", "int8", "packed"] and audit.passed
    assert isinstance(from_tflite(tmp_path / "m.tflite").unknown[0], ops.Unknown)
