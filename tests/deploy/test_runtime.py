"""Converted networks run on batches, on the engine that fits them, and say clearly what does not fit."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from larq_focal.deploy.runtime import EngineError, FlatbufferError, Runtime
from tests.support.flatbuffers import CallSpec, TensorSpec, dense_network, relu_network, tflite
from tests.support.stacks import LCE_ENGINE


@pytest.fixture(scope="module")
def binary_network():
    """A binary convolution, its flatbuffer and what Keras computes for a batch."""
    from larq_focal.keras import keras, larq
    from tests.support.lce import converted

    layer = larq.layers.QuantConv2D(4, 3, input_quantizer="ste_sign", kernel_quantizer="ste_sign", use_bias=False)
    model = keras.Sequential([keras.Input((6, 5, 3)), layer])
    batch = np.random.default_rng(0).normal(size=(5, 6, 5, 3)).astype(np.float32)
    return converted(model), batch, model(batch).numpy()


def test_binary_networks_run_on_lce(binary_network):
    content, batch, expected = binary_network
    runtime = Runtime(content, engine="lce")
    assert runtime.operations == ("LceQuantize", "LceBconv2d")
    assert runtime.versions.keys() == {"larq_focal", "larq-compute-engine"}
    assert np.array_equal(runtime.run(batch), expected)
    assert np.array_equal(Runtime(content, threads=2, engine="lce").run(batch), expected)


def test_what_runs_binary_networks_by_itself_is_right(binary_network):
    content, batch, expected = binary_network
    runtime = Runtime(content)
    assert runtime.engine != "litert"
    assert np.array_equal(runtime.run(batch), expected)


def test_litert_refuses_binary_networks_and_says_what_to_do(binary_network):
    with pytest.raises(EngineError, match=r"LceBconv2d, LceQuantize.*engine=\"lce\""):
        Runtime(binary_network[0], engine="litert")


@pytest.mark.parametrize("engine", ["auto", "litert", LCE_ENGINE])
def test_float_networks_run_on_both_engines(engine):
    runtime = Runtime(relu_network((1, 4)), engine=engine)
    assert runtime.engine == ("litert" if engine == "auto" else engine)
    assert runtime.run(np.array([[-1, 0, 1, 2]])).tolist() == [[0, 0, 1, 2]]


def test_several_inputs_and_outputs():
    runtime = Runtime(dense_network())
    assert runtime.input_names == ("a", "b")
    assert (runtime.input_shapes, runtime.output_shapes) == (((3,), (3,)), ((2,), (3,)))
    a, b = np.arange(6).reshape(2, 3), np.full((2, 3), -2)
    product, total = runtime.run({"b": b, "a": a})
    assert product.tolist() == (a @ np.array([[1, -1], [2, 0], [3, 1]])).tolist()
    assert total.tolist() == np.maximum(a + b, 0).tolist()


@pytest.mark.parametrize("engine", ["litert", LCE_ENGINE])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 7])
def test_batches_of_any_size(size, engine):
    batch = np.random.default_rng(0).normal(size=(size, 4)).astype(np.float32)
    for converted_for in (1, 3):
        output = Runtime(relu_network((converted_for, 4)), engine=engine).run(batch)
        assert output.dtype == np.float32
        assert np.array_equal(output, np.maximum(batch, 0))


def test_outputs_are_kept_by_the_caller():
    runtime = Runtime(relu_network())
    first = runtime.run(np.ones((1, 4)))
    runtime.run(np.zeros((1, 4)))
    assert first.tolist() == [[1, 1, 1, 1]]


def test_batches_need_not_be_contiguous():
    batch = np.arange(-8, 8, dtype=np.float32).reshape(4, 4)
    assert np.array_equal(Runtime(relu_network()).run(batch.T), np.maximum(batch.T, 0))


class TestInt8:
    runtime = Runtime(relu_network(dtype="int8", scale=0.5))

    def test_integers_are_fed_as_they_are(self):
        output = self.runtime.run(np.array([[-3, 0, 3, 127]], np.int8))
        assert output.dtype == np.int8
        assert output.tolist() == [[0, 0, 3, 127]]

    def test_floats_are_quantized_and_come_back_as_floats(self):
        output = self.runtime.run(np.array([[-1, 0.9, 1.3, 1000]], np.float32))
        assert output.dtype == np.float32
        assert output.tolist() == [[0, 1, 1.5, 63.5]]

    def test_other_integers_are_refused(self):
        with pytest.raises(ValueError, match="'x' takes int8, but the array given is int32"):
            self.runtime.run(np.zeros((1, 4), np.int32))


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (np.zeros((2, 3)), r"'x' of 'model' has the shape \[batch, 4\], but the array given has \[2, 3\]"),
        (np.zeros(4), r"but the array given has \[4\]"),
        (np.float32(1), r"but the array given has \[\]"),
        ({"z": np.zeros((2, 4))}, r"has the inputs \['x'\], but was given \['z'\]"),
        (np.zeros((2, 4), complex), "takes float32, but the array given is complex128"),
        (np.array([["a"] * 4]), "takes float32, but the array given is <U1"),
    ],
)
def test_wrong_batches_are_named(batch, message):
    with pytest.raises(ValueError, match=message):
        Runtime(relu_network()).run(batch)


def test_wrong_batches_of_several_inputs_are_named():
    runtime = Runtime(dense_network())
    with pytest.raises(ValueError, match=r"has the inputs \['a', 'b'\]: give an array for each name"):
        runtime.run(np.zeros((1, 3)))
    with pytest.raises(ValueError, match="batches of different sizes"):
        runtime.run({"a": np.zeros((1, 3)), "b": np.zeros((2, 3))})


def test_wrong_settings_are_named():
    with pytest.raises(ValueError, match="no engine 'gpu'; choose one of auto, lce, litert"):
        Runtime(relu_network(), engine="gpu")
    with pytest.raises(ValueError, match="at least one thread, not 0"):
        Runtime(relu_network(), threads=0)


def test_unreadable_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.tflite"):
        Runtime(tmp_path / "none.tflite")
    (tmp_path / "text.tflite").write_text("no model")
    with pytest.raises(FlatbufferError, match=r"text\.tflite' is not a TensorFlow Lite model"):
        Runtime(tmp_path / "text.tflite")


def test_what_the_engine_cannot_load_is_an_error_with_its_reason(capfd):
    floats = TensorSpec((1, 4))
    content = tflite({"x": floats, "y": floats}, [CallSpec("Mystery", ["x"], ["y"])], ["x"], ["y"])
    with pytest.raises(EngineError, match=r"LiteRT cannot load 'model'.*Mystery"):
        Runtime(content)
    assert "Mystery" not in capfd.readouterr().err


def test_inputs_that_hold_nothing_are_refused():
    with pytest.raises(EngineError, match=r"'x' of 'model' is float32\[1, 0\]"):
        Runtime(relu_network((1, 0)))


@pytest.mark.parametrize("engine", [LCE_ENGINE, "litert"])
def test_tensorflow_is_not_loaded(engine):
    code = (
        "import sys\n"
        "import larq_focal.deploy.timing\n"
        "from larq_focal.deploy.runtime import Runtime\n"
        "from tests.support.flatbuffers import relu_network\n"
        f"print(Runtime(relu_network(), engine='{engine}').run([[1.0, 2.0, 3.0, 4.0]]).tolist())\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'tensorflow', 'pandas', 'plotly'}))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == ["[[1.0, 2.0, 3.0, 4.0]]", "[]"]


@pytest.mark.parametrize(
    ("engine", "module", "package"),
    [("lce", "larq_compute_engine", "larq-compute-engine"), ("litert", "ai_edge_litert.interpreter", "ai-edge-litert")],
)
def test_missing_packages_are_asked_for(engine, module, package):
    code = (
        f"import sys; sys.modules['{module}'] = None\n"
        "from larq_focal.deploy.runtime import Runtime\n"
        "from tests.support.flatbuffers import relu_network\n"
        f"try:\n    Runtime(relu_network(), engine='{engine}')\n"
        "except ImportError as error:\n    print(error)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f"pip install {package}" in result.stdout
