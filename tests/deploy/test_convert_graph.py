"""Conversion by larq_focal's own writer: without TensorFlow, audited, whole or not at all."""

import dataclasses
import json

import numpy as np
import pytest
from click.testing import CliRunner

from larq_focal.cli import main
from larq_focal.deploy import convert_graph as module
from larq_focal.deploy.conversion.conversion_error import ConversionError
from larq_focal.deploy.convert import convert
from larq_focal.deploy.convert_graph import convert_graph
from larq_focal.deploy.runtime import Runtime
from larq_focal.keras import keras
from larq_focal.keras import larq as lq
from larq_focal.network import Kernel, QuantGraph, interpret, ops, save_graph, write_tflite
from tests.network.models import outputs, random_inputs, randomised
from tests.network.networks import chain, every_op
from tests.support.processes import output_of
from tests.test_import import without

SIGNS = "ste_sign"


def binary_network(groups: int = 1) -> QuantGraph:
    random, image = np.random.default_rng(0), (6, 6, 32)
    codes = random.choice([-1, 1], (3, 3, 32 // groups, 16)).astype(np.int8)
    return chain(
        ops.Input(name="x", shape=image),
        ops.Binarize(name="sign", shape=image, threshold=np.float32(0)),
        ops.Conv2D(name="conv", shape=(4, 4, 16), kernel=Kernel(codes, np.ones(16, "f4"), 1), groups=groups),
        ops.GlobalPool(name="mean", shape=(16,), kind="average"),
    )


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out" / "network.tflite"


@pytest.mark.parametrize("suffix", [".qgraph", ".tflite"])
def test_files_of_graphs_are_converted_and_audited(tmp_path, out, suffix):
    graph, path = binary_network(), tmp_path / f"network{suffix}"
    if suffix == ".qgraph":
        save_graph(graph, path)
    else:
        path.write_bytes(write_tflite(graph))
    conversion = convert(path, out, converter="focal")
    assert conversion.path == out and out.stat().st_size == conversion.audit.file_bytes
    assert [(row.kind, row.intended, row.became) for row in conversion.audit.layers] == [("Conv2D", "binary", "packed")]
    assert conversion.audit.passed and conversion.audit.agreement.max_abs_difference < 1e-4
    x = np.random.default_rng(1).normal(size=(3, 6, 6, 32)).astype(np.float32)
    np.testing.assert_allclose(Runtime(out).run(x), interpret(graph, x)["mean"], atol=1e-4)


def test_a_keras_model_keeps_its_names_and_no_layer_has_to_be_a_special_one(out):
    inputs = keras.Input((4, 4, 32), name="image")
    value = lq.layers.QuantConv2D(32, 3, padding="same", input_quantizer=SIGNS, kernel_quantizer=SIGNS)(inputs)
    value = keras.layers.Flatten()(keras.layers.BatchNormalization()(value))
    ternary = lq.quantizers.SteTern()
    value = lq.layers.QuantDense(20, input_quantizer=SIGNS, kernel_quantizer=ternary, name="ternary")(value)
    dorefa = {"input_quantizer": lq.quantizers.DoReFa(2), "kernel_quantizer": lq.quantizers.DoReFa(2, mode="weights")}
    first = lq.layers.QuantDense(5, **dorefa, name="first")(value)
    model = randomised(keras.Model(inputs, [first, keras.layers.Softmax(name="alone")(value)]))
    audit = convert(model, out, converter="focal", strict=True).audit
    assert [row.became for row in audit.layers] == ["packed"] * 3
    runtime = Runtime(out)
    assert (runtime.model.input_names, runtime.model.output_names) == (("image",), ("first", "alone"))
    images = random_inputs(model)
    for actual, expected in zip(runtime.run(images["image"]), outputs(model, images), strict=True):
        np.testing.assert_allclose(actual, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("size", [None, 1, 4])
def test_a_fixed_batch_size_is_kept(out, tmp_path, size):
    conv = lq.layers.QuantConv2D(8, 3, padding="same", input_quantizer=SIGNS, kernel_quantizer=SIGNS)
    layers = keras.layers.BatchNormalization(), conv, keras.layers.Flatten(), keras.layers.Dense(5)
    model = randomised(keras.Sequential([keras.Input((4, 4, 32), batch_size=size), *layers]))
    assert convert(model, out, converter="focal", strict=True).audit.passed
    assert Runtime(out).batch_size == (size or 1)
    images = np.random.default_rng(0).normal(size=(size or 3, 4, 4, 32)).astype(np.float32)
    expected = model.predict(images, batch_size=len(images), verbose=0)
    np.testing.assert_allclose(Runtime(out).run(images), expected, atol=1e-5 * np.abs(expected).max())
    again = tmp_path / "again.tflite"
    assert convert(out, again).audit.passed
    assert Runtime(again).batch_size == (size or 1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_named(out, value):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="head")])
    model.set_weights([np.full((4, 2), value), np.zeros(2)])
    with pytest.raises(ConversionError, match=r"The weight 'head/kernel:0' .* holds values that are not finite"):
        convert(model, out, converter="focal")


def test_a_constant_input_is_told(out):
    relu = ops.Activation(name="relu", shape=(6, 6, 32), kind="relu")
    image, *others = binary_network()
    (finding,) = convert(chain(image, relu, *others), out, converter="focal").audit.findings
    assert (finding.severity, finding.layer) == ("warning", "conv")
    assert finding.message.startswith("Its input is always +1, whatever the network sees")
    assert not convert(binary_network(), out, converter="focal").audit.findings


def test_strict_tells_why_a_layer_stays_float(out):
    graph = binary_network(groups=8)
    assert [row.became for row in convert_graph(graph, out).audit.layers] == ["float"]
    out.unlink()
    with pytest.raises(ConversionError, match="conv, meant to be binary: its groups have 4 input channels"):
        convert_graph(graph, out, strict=True)
    assert list(out.parent.iterdir()) == []


def test_what_cannot_be_written_is_refused_in_one_message(out):
    with pytest.raises(ConversionError, match=r"not converted.*'mystery' \(Mystery\)"):
        convert_graph(every_op(), out)
    assert not out.parent.exists()


def test_a_wrong_file_is_refused(out, monkeypatch):
    graph = binary_network()
    bias = np.full(16, 0.5, np.float32)
    wrong = graph.rewritten(dataclasses.replace(op, bias=bias) if op.name == "conv" else op for op in graph)
    monkeypatch.setattr(module, "write_tflite", lambda graph, **options: write_tflite(wrong))
    with pytest.raises(ConversionError, match="0 of 4 samples agree with the interpreter"):
        convert_graph(graph, out)
    assert not out.parent.exists()


def test_there_are_two_converters(out):
    with pytest.raises(ValueError, match="There is no converter 'own'"):
        convert(binary_network(), out, converter="own")
    with pytest.raises(ConversionError, match="use converter='focal'"):
        convert(binary_network(), out, converter="lce")


class TestCommand:
    def test_converts_a_graph_file(self, tmp_path, out):
        path = save_graph(binary_network(), tmp_path / "network.qgraph")
        result = CliRunner().invoke(main, ["convert", str(path), "-o", str(out), "--strict", "--json"])
        assert result.exit_code == 0, result.output
        assert json.loads(result.output)["layers"][0]["became"] == "packed"
        assert Runtime(out).operations[:2] == ("LceQuantize", "LceBconv2d")

    def test_needs_no_tensorflow(self, tmp_path, out):
        path = save_graph(binary_network(), tmp_path / "network.qgraph")
        code = without("tensorflow", "keras", "tf_keras", "larq", "larq_compute_engine")
        code += f"from larq_focal.cli import main\nmain(['convert', {str(path)!r}, '-o', {str(out)!r}])"
        assert "packed" in output_of(code)
        assert Runtime(out).operations[:2] == ("LceQuantize", "LceBconv2d")
