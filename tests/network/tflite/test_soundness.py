"""Files on which an engine would crash are refused, and the message names the operator; sound ones are not."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.deploy.runtime import Runtime
from larq_focal.network.tflite.flatbuffer import FlatbufferError, read_flatbuffer
from larq_focal.network.tflite.operand_counts import OPERANDS, Operands
from larq_focal.network.tflite.soundness import check_sound
from tests.support.flatbuffers import CallSpec, TensorSpec, dense_network, relu_network, tflite
from tests.support.lce_file import residual_network
from tests.support.stacks import LCE_ENGINE

FLOATS, IMAGE = TensorSpec((1, 4)), TensorSpec((1, 8, 8, 4))
KERNEL = TensorSpec((1, 3, 3, 4), data=np.ones((1, 3, 3, 4), np.float32))
CONVOLUTION = {"strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1, "depthMultiplier": 1}
PACKED = TensorSpec((1, 4, 4, 1), "int32")
BINARY = {
    **{"channels_in": 32, "stride_height": 1, "stride_width": 1, "padding": 0, "pad_values": 1},
    **{"dilation_height_factor": 1, "dilation_width_factor": 1, "fused_activation_function": 0},
}


def one_call(call: CallSpec, **tensors: TensorSpec) -> bytes:
    tensors = {"x": FLOATS, "y": FLOATS} | tensors
    variables = [name for name, spec in tensors.items() if name in call.inputs and spec.data is None]
    return tflite(tensors, [call], variables, call.outputs)


def binary_convolution(inputs=("x", "kernel", "scale", "bias", ""), out="float32", **options) -> bytes:
    ones = TensorSpec((32,), data=np.ones(32, np.float32))
    kernel = TensorSpec((32, 3, 3, 1), "int32", data=np.ones((32, 3, 3, 1), np.int32))
    result = PACKED if out == "int32" else TensorSpec((1, 4, 4, 32))
    call = CallSpec("LceBconv2d", list(inputs), ["y"], options=BINARY | options)
    return one_call(call, x=PACKED, kernel=kernel, scale=ones, bias=ones, y=result)


UNSOUND = {
    "a sum without its first operand": (
        one_call(CallSpec("ADD", ["", "x"], ["y"])),
        r"operator 0 \(ADD\) lacks its operand 0",
    ),
    "a sum of one operand": (one_call(CallSpec("ADD", ["x"], ["y"])), r"\(ADD\) has 1 operands in place of 2"),
    "a depthwise convolution without its bias": (
        one_call(
            CallSpec("DEPTHWISE_CONV_2D", ["x", "k"], ["y"], "DepthwiseConv2DOptions", CONVOLUTION),
            **{"x": IMAGE, "k": KERNEL, "y": IMAGE},
        ),
        r"\(DEPTHWISE_CONV_2D\) has 2 operands in place of 3",
    ),
    "a binary convolution without its multiplier": (
        binary_convolution(("x", "kernel", "", "bias", "")),
        r"\(LceBconv2d\) lacks its operand 2",
    ),
    "a binary convolution without its thresholds": (
        binary_convolution(out="int32"),
        r"\(LceBconv2d\) lacks its operand 4",
    ),
    "a binary convolution that does not move": (
        binary_convolution(stride_width=0),
        r"\(LceBconv2d\) has the option stride_width 0",
    ),
    "a binary convolution with a text for a number": (
        binary_convolution(stride_width="one"),
        r"\(LceBconv2d\) has the option stride_width one",
    ),
    "a binary convolution of another size": (
        binary_convolution(stride_width=2),
        r"\(LceBconv2d\) makes \[1, 4, 4, 32\] of \[1, 4, 4, 1\], which has width 2 after it",
    ),
    "an operator without a result": (
        tflite({"x": FLOATS, "y": FLOATS}, [CallSpec("RELU", ["x"], [])], ["x"], ["x"]),
        r"\(RELU\) has no result",
    ),
    "too few parts": (
        one_call(
            CallSpec("SPLIT", ["axis", "x"], ["y"], "SplitOptions", {"numSplits": 7}),
            axis=TensorSpec((), "int32", data=np.array(1, np.int32)),
        ),
        r"\(SPLIT\) has 1 results, but gives 7",
    ),
    "a value before it is computed": (
        tflite(
            dict.fromkeys(("x", "y", "z"), FLOATS),
            [CallSpec("RELU", ["y"], ["z"]), CallSpec("RELU", ["x"], ["y"])],
            ["x"],
            ["z"],
        ),
        r"operator 0 \(RELU\) reads the tensor 'y', which nothing before it produces",
    ),
    "a value that is computed twice": (
        tflite({"x": FLOATS, "y": FLOATS}, [CallSpec("RELU", ["x"], ["y"])] * 2, ["x"], ["y"]),
        r"operator 1 \(RELU\) writes the tensor 'y', which has a value already",
    ),
    "integers without a scale": (
        one_call(
            CallSpec("ADD", ["x", "x"], ["y"]), x=TensorSpec((1, 4), "int8"), y=TensorSpec((1, 4), "int8", scale=1.0)
        ),
        r"\(ADD\) computes with 'x', whose int8 numbers have no scale",
    ),
    "a scale that overflows": (
        one_call(
            CallSpec("ADD", ["x", "x"], ["y"]),
            x=TensorSpec((1, 4), "int8", scale=1e30),
            y=TensorSpec((1, 4), "int8", scale=1.0),
        ),
        r"\(ADD\) adds numbers of the scales .* which overflows",
    ),
    "one axis twice": (
        one_call(
            CallSpec("TRANSPOSE", ["x", "order"], ["y"]),
            order=TensorSpec((2,), "int32", data=np.array([1, 1], np.int32)),
        ),
        r"\(TRANSPOSE\) puts axes in the order \[1, 1\]",
    ),
    "less than no padding": (
        one_call(
            CallSpec("PAD", ["x", "pads"], ["y"]),
            pads=TensorSpec((2, 2), "int32", data=np.array([[0, 0], [-1, 1]], np.int32)),
        ),
        r"\(PAD\) pads by less than nothing",
    ),
    "a tensor of 16 GiB": (relu_network((1, 1 << 16, 1 << 16)), r"'x' of 'model'.* more than 4 GiB"),
}


@pytest.mark.parametrize("name", UNSOUND)
@pytest.mark.parametrize("engine", ["auto", LCE_ENGINE])
def test_unsound_files_are_refused(name, engine):
    content, message = UNSOUND[name]
    with pytest.raises(FlatbufferError, match=message):
        Runtime(content, engine=engine)


def test_zero_points_are_of_the_type():
    wrong = TensorSpec((1, 4), "int8", scale=1.0, zero_point=200)
    with pytest.raises(FlatbufferError, match="'x', whose zero point is not of its type"):
        Runtime(one_call(CallSpec("RELU", ["x"], ["y"]), x=wrong, y=wrong))


@pytest.mark.parametrize(
    "content",
    [dense_network(), relu_network(dtype="int8", scale=0.5), residual_network(1, 8, 32), binary_convolution()],
    ids=["dense", "int8", "residual", "binary"],
)
def test_sound_files_pass(content):
    check_sound(read_flatbuffer(content))


def test_constants_of_no_elements_are_known():
    """The shape of a scalar, as converters write it: a constant without data."""
    shape = TensorSpec((0,), "int32")
    content = one_call(CallSpec("RESHAPE", ["x", "shape"], ["y"]), x=TensorSpec((1, 1)), shape=shape, y=TensorSpec(()))
    model = read_flatbuffer(content)
    check_sound(model)


def test_rules_say_how_many_they_mean():
    assert [str(Operands(2, 2)), str(Operands(2, 3)), str(Operands(1, None))] == ["2", "2 to 3", "at least 1"]
    assert all(rule.most is None or max(rule.optional, default=0) < rule.most for rule in OPERANDS.values())
