"""Batches of any size: cut and joined along a first axis that is the batch, and along no other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.deploy.prediction import predict
from larq_focal.deploy.runtime import EngineError, Runtime
from tests.support.flatbuffers import CallSpec, TensorSpec, relu_network, tflite
from tests.support.printing import printed
from tests.support.stacks import LCE_ENGINE

ENGINES = ["litert", LCE_ENGINE]


def reshaping(before: tuple[int, ...], after: tuple[int, ...]) -> bytes:
    """``y`` has the numbers of ``x`` in another shape, ``z`` is ``x`` without what is negative."""
    shape = TensorSpec((len(after),), "int32", data=np.array(after, np.int32) if after else None)
    return tflite(
        {"x": TensorSpec(before), "shape": shape, "y": TensorSpec(after), "z": TensorSpec(before)},
        [CallSpec("RESHAPE", ["x", "shape"], ["y"]), CallSpec("RELU", ["x"], ["z"])],
        ["x"],
        ["y", "z"],
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("before", "after"), [((1, 8, 4), (2, 16)), ((1, 10), (10,)), ((1, 1), ()), ((1, 3, 2), (3, 1, 2))]
)
def test_an_output_without_a_batch_axis_comes_back_whole(before, after, engine):
    sample = np.arange(np.prod(before), dtype=np.float32).reshape(before)
    runtime = Runtime(reshaping(before, after), engine=engine)
    assert runtime.output_shapes == (after, before[1:])
    y, z = runtime.run(sample)
    assert (y.shape, z.shape) == (after, before)
    assert y.ravel().tolist() == sample.ravel().tolist()


@pytest.mark.parametrize("count", [0, 2, 3])
def test_such_outputs_of_several_calls_are_refused(count):
    with pytest.raises(
        ValueError, match=rf"'y' of 'model' has the shape \[2, 16\] for 1 sample.*{count} samples cannot"
    ):
        Runtime(reshaping((1, 8, 4), (2, 16))).run(np.zeros((count, 8, 4), np.float32))
    with pytest.raises(ValueError, match="Run 4 samples at a time"):
        Runtime(reshaping((4, 8), (2, 16))).run(np.zeros((count, 8), np.float32))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_fixed_batch_runs_whole(engine):
    batch = np.arange(32, dtype=np.float32).reshape(4, 8)
    runtime = Runtime(reshaping((4, 8), (2, 16)), engine=engine)
    assert (runtime.batch_size, runtime.input_shapes, runtime.output_shapes) == (4, ((8,),), ((2, 16), (8,)))
    y, z = runtime.run(batch)
    assert y.tolist() == batch.reshape(2, 16).tolist()
    assert z.tolist() == batch.tolist()


@given(st.integers(1, 5), st.integers(0, 11))
def test_pieces_are_joined_in_order(size, count):
    batch = np.random.default_rng(count).normal(size=(count, 4)).astype(np.float32)
    assert np.array_equal(Runtime(relu_network((size, 4))).run(batch), np.maximum(batch, 0))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shapes", [((), ()), ((2, 3), (1, 3)), ((2,), ())])
def test_a_file_whose_inputs_share_no_first_axis_takes_just_its_shapes(shapes, engine):
    specs = {"a": TensorSpec(shapes[0]), "b": TensorSpec(shapes[1])}
    result = TensorSpec(np.broadcast_shapes(*shapes))
    content = tflite(specs | {"y": result}, [CallSpec("ADD", ["a", "b"], ["y"])], ["a", "b"], ["y"])
    runtime = Runtime(content, engine=engine)
    assert (runtime.batch_size, runtime.input_shapes) == (None, shapes)
    a, b = (np.full(shape, value, np.float32) for shape, value in zip(shapes, (1, 2), strict=True))
    output = runtime.run({"a": a, "b": b})
    assert output.shape == result.shape and np.all(output == 3)
    with pytest.raises(ValueError, match=rf"'a' of 'model' has the shape \[{', '.join(map(str, shapes[0]))}\], but"):
        runtime.run({"a": a[np.newaxis], "b": b})


def test_a_file_without_inputs_is_refused():
    constant = TensorSpec((1, 4), data=np.ones((1, 4), np.float32))
    content = tflite({"c": constant, "y": TensorSpec((1, 4))}, [CallSpec("RELU", ["c"], ["y"])], [], ["y"])
    with pytest.raises(EngineError, match="'model' has no inputs"):
        Runtime(content)


def test_predictions_of_outputs_without_a_batch_axis(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(32, dtype=np.float32).reshape(8, 4))
    result = predict(reshaping((1, 8, 4), (2, 16)), tmp_path / "x.npy")
    record = result.to_dict()
    assert record["output_names"] == ["y", "z"]
    assert record["outputs"] == {"y": np.arange(32).reshape(2, 16).tolist()}
    assert record["samples"][0]["outputs"] == [np.arange(32).reshape(8, 4).tolist()]
    assert "float32[2, 16] from 0 to 31" in printed(result)


def test_predictions_of_a_file_without_a_batch_axis():
    content = tflite(
        {"a": TensorSpec((2,)), "b": TensorSpec(()), "y": TensorSpec((2,))},
        [CallSpec("MUL", ["a", "b"], ["y"])],
        ["a", "b"],
        ["y"],
    )
    result = predict(content, {"a": np.array([1, 2], np.float32), "b": np.float32(3)})
    assert result.outputs[0].tolist() == [3, 6]
    assert result.to_dict()["outputs"] == {"y": [3, 6]}
