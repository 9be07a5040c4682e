"""Values reach the engine as its types hold them, or are refused with the name of the input and the sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.deploy.audit.outputs import as_data
from larq_focal.deploy.prediction import predict
from larq_focal.deploy.runtime import Runtime
from larq_focal.network import ops
from larq_focal.network.interpret import interpret
from larq_focal.network.tflite.read.from_tflite import from_tflite
from tests.support.flatbuffers import CallSpec, TensorSpec, relu_network, tflite


def reshaped(before: TensorSpec, after: TensorSpec) -> bytes:
    """Moves codes and does not look at scales."""
    shape = TensorSpec((len(after.shape),), "int32", data=np.array(after.shape, np.int32))
    return tflite({"x": before, "shape": shape, "y": after}, [CallSpec("RESHAPE", ["x", "shape"], ["y"])], ["x"], ["y"])


def test_each_channel_has_its_own_scale():
    per_channel = TensorSpec((1, 2), "int8", scale=[0.1, 10.0], zero_point=[0, 0], axis=1)
    runtime = Runtime(reshaped(per_channel, TensorSpec((1, 2), "int8")))
    codes = runtime.run(np.array([[1, 10]], np.float32))
    assert codes.tolist() == [[10, 1]]
    both = Runtime(reshaped(per_channel, per_channel))
    np.testing.assert_allclose(both.run(np.array([[1, 10], [-2, 400]], np.float32)), [[1, 10], [-2, 400]], rtol=1e-6)


@given(st.integers(1, 2), st.integers(0, 3), st.integers(0, 2**32 - 1))
def test_scales_go_along_their_axis(axis, zero_point, seed):
    """One call after another, by the definition: real = (code - zero point) * scale."""
    shape = (1, 3, 4)
    random = np.random.default_rng(seed)
    count = shape[axis]
    scale, points = random.uniform(0.1, 2, count).astype(np.float32), np.full(count, zero_point)
    tensor = TensorSpec(shape, "int8", scale=scale.tolist(), zero_point=points.tolist(), axis=axis)
    runtime = Runtime(reshaped(tensor, tensor))
    samples = random.normal(0, 10, (2, *shape[1:])).astype(np.float32)
    along = scale.reshape([-1 if i == axis else 1 for i in range(3)])
    codes = np.clip(np.rint(samples / along) + zero_point, -128, 127)
    np.testing.assert_allclose(runtime.run(samples), (codes - zero_point) * along, rtol=1e-5, atol=1e-5)
    graph = from_tflite(runtime.model)
    assert not graph.unknown
    np.testing.assert_allclose(
        interpret(graph, samples, graph.outputs)[graph.outputs[0]], runtime.run(samples), rtol=1e-4, atol=1e-4
    )


def test_scales_of_channels_are_a_graph_of_known_operations():
    tensor = TensorSpec((1, 2), "uint8", scale=[0.5, 2.0], zero_point=[10, 0], axis=1)
    graph = from_tflite(reshaped(tensor, tensor))
    rounded = [op for op in graph if isinstance(op, ops.UniformQuantize)]
    assert rounded and all((op.bits, op.signed) == (8, False) for op in rounded)


NETWORKS = {"float32": relu_network(), "float16": reshaped(*[TensorSpec((1, 4), "float16")] * 2)}


@pytest.mark.parametrize("engine", ["litert", "lce"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_refused(wrong, engine):
    batch = np.ones((3, 4), np.float32)
    batch[1, 2] = wrong
    with pytest.raises(ValueError, match=rf"Sample 1 of the input 'x' holds {wrong} at \[2\], which is not a finite"):
        Runtime(relu_network(), engine=engine).run(batch)
    with pytest.raises(ValueError, match="Sample 1 of the input 'x'"):
        Runtime(relu_network(dtype="int8", scale=1.0), engine=engine).run(batch)


@pytest.mark.parametrize(("dtype", "value"), [("float32", 1e300), ("float16", 1e30), ("float16", 10**6)])
def test_numbers_that_the_type_cannot_hold_are_refused(dtype, value):
    batch = np.zeros((2, 4), np.result_type(type(value)))
    batch[1, 3] = value
    with pytest.raises(
        ValueError, match=rf"Sample 1 of the input 'x' holds .* at \[3\], which is too large for {dtype}"
    ):
        Runtime(NETWORKS[dtype]).run(batch)


def test_large_and_small_numbers_that_fit_pass():
    batch = np.array([[1e30, -1e30, 1e-30, 0]])
    assert Runtime(relu_network()).run(batch).tolist() == np.maximum(batch, 0).astype(np.float32).tolist()


def test_predictions_say_what_was_clipped_and_what_is_not_finite():
    clipped = predict(relu_network(dtype="int8", scale=0.5), np.array([[1e30, 0, 63.5, -64]], np.float32))
    assert clipped.outputs[0].tolist() == [[63.5, 0, 63.5, 0]]
    assert clipped.notes == (
        "1 values for the input 'x' lie outside of -64 to 63.5, which is what it can hold: the nearest were taken.",
    )
    square = tflite(dict.fromkeys("xy", TensorSpec((1, 2))), [CallSpec("MUL", ["x", "x"], ["y"])], ["x"], ["y"])
    infinite = predict(square, np.array([[1e30, 2]], np.float32))
    assert infinite.notes == ("1 values of the output 'y' are not finite numbers.",)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([[0, 1], [np.nan, 0]], r"Sample 1 of the input 'image' holds nan at \[0\]"),
        ([[0, 1], [0, 1e300]], "Sample 1 of the input 'image' holds 1e\\+300.*too large for float32"),
        ([[0, 1j]], "'image' of 'net' is complex128, not real numbers"),
        ([["a", "b"]], "'image' of 'net' is <U1, not real numbers"),
    ],
)
def test_wrong_values_in_the_data_of_an_audit_are_refused(data, message):
    from larq_focal.keras import keras

    image = keras.Input((2,), name="image")
    model = keras.Model(image, keras.layers.ReLU()(image), name="net")
    with pytest.raises(ValueError, match=message):
        as_data(model, np.array(data), 0)
