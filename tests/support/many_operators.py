"""One file with the operators that converted networks have, for tests of whatever reads or runs files."""

from __future__ import annotations

import numpy as np

from tests.support.flatbuffers import CallSpec, TensorSpec, tflite

_CONVOLUTION = {"strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1}
_POOL = {"strideW": 2, "strideH": 2, "filterWidth": 2, "filterHeight": 2}


def many_operators(seed: int = 0) -> bytes:
    """A float network of 26 operators: an image ``[1, 8, 8, 4]`` in, ``[1, 3]`` and ``[1, 8]`` out."""
    random = np.random.default_rng(seed)

    def weights(*shape: int) -> TensorSpec:
        return TensorSpec(shape, data=random.normal(0, 0.3, shape).astype(np.float32))

    def numbers(*values: int) -> TensorSpec:
        return TensorSpec((len(values),), "int32", data=np.array(values, np.int32))

    image, half, wide = TensorSpec((1, 8, 8, 4)), TensorSpec((1, 4, 4, 4)), TensorSpec((1, 4, 4, 8))
    small, row = TensorSpec((1, 2, 2, 8)), TensorSpec((1, 32))
    tensors = {
        **{"image": image, "kernel": weights(4, 3, 3, 4), "bias": weights(4), "depth": weights(1, 3, 3, 4)},
        **dict.fromkeys(("conv", "depthwise", "sum", "product", "less", "most", "least"), image),
        **{"max": half, "mean": half, "both": wide, "slopes": weights(1, 1, 8), "prelu": wide, "leaky": wide},
        **{"pads": TensorSpec((4, 2), "int32", data=np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32))},
        **{"padded": TensorSpec((1, 6, 6, 8)), "begin": numbers(0, 1, 1, 0), "end": numbers(1, 5, 5, 8)},
        **{"steps": numbers(1, 2, 2, 1), "cut": small, "sigmoid": small, "tanh": small, "gate": small, "ratio": small},
        **{"order": numbers(0, 2, 1, 3), "turned": small, "above": TensorSpec((1, 2, 2, 8), "bool"), "chosen": small},
        **{"shape": numbers(1, 32), "flat": row, "axis": TensorSpec((), "int32", data=np.array(1, np.int32))},
        **{"left": TensorSpec((1, 16)), "right": TensorSpec((1, 16)), "dense": weights(3, 16), "few": weights(3)},
        **{"scores": TensorSpec((1, 3)), "classes": TensorSpec((1, 3)), "axes": numbers(1, 2)},
        "pooled": TensorSpec((1, 8)),
    }
    calls = [
        CallSpec("CONV_2D", ["image", "kernel", "bias"], ["conv"], "Conv2DOptions", _CONVOLUTION),
        CallSpec(
            "DEPTHWISE_CONV_2D",
            ["conv", "depth", "bias"],
            ["depthwise"],
            "DepthwiseConv2DOptions",
            _CONVOLUTION | {"depthMultiplier": 1},
        ),
        CallSpec("ADD", ["conv", "depthwise"], ["sum"], "AddOptions", {"fusedActivationFunction": 1}),
        CallSpec("MUL", ["sum", "depthwise"], ["product"], "MulOptions"),
        CallSpec("SUB", ["product", "image"], ["less"], "SubOptions"),
        CallSpec("MAXIMUM", ["less", "sum"], ["most"], "MaximumMinimumOptions"),
        CallSpec("MINIMUM", ["most", "image"], ["least"], "MaximumMinimumOptions"),
        CallSpec("MAX_POOL_2D", ["least"], ["max"], "Pool2DOptions", _POOL),
        CallSpec("AVERAGE_POOL_2D", ["least"], ["mean"], "Pool2DOptions", _POOL),
        CallSpec("CONCATENATION", ["max", "mean"], ["both"], "ConcatenationOptions", {"axis": 3}),
        CallSpec("PRELU", ["both", "slopes"], ["prelu"]),
        CallSpec("LEAKY_RELU", ["prelu"], ["leaky"], "LeakyReluOptions", {"alpha": 0.5}),
        CallSpec("PAD", ["leaky", "pads"], ["padded"], "PadOptions"),
        CallSpec("STRIDED_SLICE", ["padded", "begin", "end", "steps"], ["cut"], "StridedSliceOptions"),
        CallSpec("LOGISTIC", ["cut"], ["sigmoid"]),
        CallSpec("TANH", ["cut"], ["tanh"]),
        CallSpec("MUL", ["sigmoid", "tanh"], ["gate"], "MulOptions"),
        CallSpec("DIV", ["gate", "sigmoid"], ["ratio"], "DivOptions"),
        CallSpec("TRANSPOSE", ["ratio", "order"], ["turned"], "TransposeOptions"),
        CallSpec("GREATER", ["turned", "gate"], ["above"], "GreaterOptions"),
        CallSpec("SELECT_V2", ["above", "turned", "gate"], ["chosen"], "SelectV2Options"),
        CallSpec("RESHAPE", ["chosen", "shape"], ["flat"], "ReshapeOptions", {"newShape": [1, 32]}),
        CallSpec("SPLIT", ["axis", "flat"], ["left", "right"], "SplitOptions", {"numSplits": 2}),
        CallSpec("FULLY_CONNECTED", ["left", "dense", "few"], ["scores"], "FullyConnectedOptions"),
        CallSpec("SOFTMAX", ["scores"], ["classes"], "SoftmaxOptions", {"beta": 1.0}),
        CallSpec("MEAN", ["chosen", "axes"], ["pooled"], "ReducerOptions"),
    ]
    signature = {"picture": "image"}, {"probabilities": "classes", "features": "pooled"}
    return tflite(tensors, calls, ["image"], ["classes", "pooled"], signature)
