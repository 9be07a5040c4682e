"""Every operation of a network is timed, the float ones beside the binary ones."""

from __future__ import annotations

import json

import numpy as np
import pytest

from larq_focal.deploy.engines import ENGINES
from larq_focal.deploy.profile import OperationTime, Profile, profile_operations
from larq_focal.deploy.runtime import EngineError, Runtime
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from larq_focal.network.tflite.single_operations import single_operations
from tests.support.flatbuffers import CallSpec, TensorSpec, dense_network, relu_network, tflite
from tests.support.lce_file import residual_network
from tests.support.printing import printed
from tests.support.stacks import LCE


@pytest.fixture(scope="module")
def content():
    return residual_network(blocks=2, side=16, channels=32)


def test_operations_one_after_the_other_are_the_whole_network(content):
    model = read_flatbuffer(content)
    image = np.random.default_rng(0).normal(size=model.inputs[0].shape).astype(np.float32)
    values = {model.inputs[0].name: image}
    for operator, part in zip(model.operators, single_operations(model), strict=True):
        alone = read_flatbuffer(part)
        assert alone.operations == (operator.kind,)
        assert [tensor.name for tensor in alone.outputs] == [tensor.name for tensor in operator.outputs]
        outputs = ENGINES["delegate"](alone, 1).run([values[tensor.name] for tensor in alone.inputs])
        values |= {tensor.name: output for tensor, output in zip(alone.outputs, outputs, strict=True)}
    np.testing.assert_array_equal(values[model.outputs[0].name], Runtime(content).run(image))


def test_an_input_that_is_used_twice_is_given_once():
    tensor = TensorSpec((1, 4))
    content = tflite({"x": tensor, "y": tensor}, [CallSpec("ADD", ["x", "x"], ["y"], "AddOptions")], ["x"], ["y"])
    (part,) = single_operations(read_flatbuffer(content))
    assert Runtime(part).run(np.ones((1, 4))).tolist() == [[2, 2, 2, 2]]


def test_every_operation_has_its_time_and_arithmetic(content):
    profile = profile_operations(Runtime(content))
    assert [op.kind for op in profile.operations] == ["LceQuantize", "LceBconv2d", "ADD"] * 2
    assert [op.arithmetic for op in profile.operations] == ["binary", "binary", "float32"] * 2
    assert all(op.time_ms > 0 for op in profile.operations)
    assert profile.operations[2].shape == (1, 16, 16, 32)
    assert profile.sum_ms == pytest.approx(sum(op.time_ms for op in profile.operations))
    assert profile.whole_ms > max(op.time_ms for op in profile.operations) / 3
    assert Profile.from_dict(json.loads(json.dumps(profile.to_dict()))) == profile


def test_the_table_sums_up_by_kind():
    operations = [
        OperationTime(i, kind, "binary", (1, 8, 8, 4), ms)
        for i, (kind, ms) in enumerate([("A", 1.0), ("B", 5.0), ("A", 2.0)])
    ]
    profile = Profile((*operations, OperationTime(3, "C", "int8", (1,), None)), whole_ms=7.5)
    assert profile.by_kind()[:2] == [("B", "binary", 1, 5.0), ("A", "binary", 2, 3.0)]
    text = printed(profile)
    for part in ("62%", "38%", "1x8x8x4", "8.00 ms", "7.50 ms", "1 could not be run alone"):
        assert part in text


def test_several_inputs_and_built_in_operations():
    profile = profile_operations(Runtime(dense_network(), threads=2))
    assert [op.kind for op in profile.operations] == ["FULLY_CONNECTED", "ADD"]


@LCE
def test_larqs_engine_is_not_profiled():
    with pytest.raises(EngineError, match="'lce' cannot be profiled; choose one of litert, delegate"):
        profile_operations(Runtime(relu_network(), engine="lce"))
