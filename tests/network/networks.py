"""Small networks for the tests of this folder, built without Keras."""

from __future__ import annotations

import numpy as np

from larq_focal.network import Kernel, QuantGraph, ops


def chain(*steps: ops.Op) -> QuantGraph:
    """Operations that each read the one before; their ``inputs`` are filled in."""
    linked = [steps[0]]
    for step in steps[1:]:
        linked.append(type(step)(**{**vars(step), "inputs": (linked[-1].name,)}))
    return QuantGraph("chain", linked, [linked[-1].name])


def every_op() -> QuantGraph:
    """A network that has each operation at least once."""
    rng = np.random.default_rng(0)
    signs = np.where(rng.normal(size=(3, 3, 4, 4)) < 0, -1, 1).astype(np.float32)
    numbers = rng.normal(size=(32, 3)).astype(np.float32)
    channels = {"mean": numbers[:4, 0], "scale": numbers[:4, 1], "bias": numbers[:4, 2]}
    image, half = (8, 8, 4), (4, 4, 4)
    pool = {"size": (2, 2), "strides": (2, 2)}
    convolution = {
        "kernel": Kernel.from_values(signs),
        "bias": numbers[:4, 0],
        "input_quantizer": "ste_sign",
        "kernel_quantizer": "ste_sign",
        "declared_bits": (1, 1),
        "padding": "same",
        "pad_value": 1.0,
    }
    slope, bounds = np.float32(0.1), np.array([-2, 2], np.float32)
    steps = {"levels": np.array([0, 1, 2], np.float32), "boundaries": np.array([0.5, 1.5], np.float32)}
    operations = [
        ops.Input(name="image", shape=image, bits=8),
        ops.Affine(name="norm", inputs=("image",), shape=image, **channels),
        ops.Binarize(name="sign", inputs=("norm",), shape=image, threshold=np.float32(0), flip=np.arange(4) > 1),
        ops.Conv2D(name="conv", inputs=("sign",), shape=image, origin="block/conv", **convolution),
        ops.Activation(name="prelu", inputs=("conv",), shape=image, kind="leaky_relu", alpha=slope),
        ops.Add(name="add", inputs=("prelu", "norm"), shape=image),
        ops.Multiply(name="product", inputs=("add", "sign"), shape=image),
        ops.Pool2D(name="max", inputs=("product",), shape=half, kind="max", **pool),
        ops.Quantize(name="steps", inputs=("max",), shape=half, **steps),
        ops.UniformQuantize(name="int8", inputs=("max",), shape=half, scale=0.05, zero_point=3),
        ops.Concat(name="concat", inputs=("steps", "int8"), shape=(4, 4, 8)),
        ops.Slice(name="slice", inputs=("concat",), shape=(4, 2, 4), begin=(0, 1, 2), strides=(1, 2, 1)),
        ops.Pad(name="pad", inputs=("slice",), shape=(4, 2, 8), pads=((0, 0), (0, 0), (1, 3)), value=0.5),
        ops.GlobalPool(name="mean", inputs=("pad",), shape=(8,), kind="average"),
        ops.Activation(name="clip", inputs=("slice",), shape=(4, 2, 4), kind="clip", alpha=bounds),
        ops.Reshape(name="flat", inputs=("clip",), shape=(32,)),
        ops.Dense(name="dense", inputs=("flat",), shape=(3,), kernel=Kernel(numbers, None, 32)),
        ops.Unknown(name="mystery", inputs=("dense",), shape=(3,), kind="Mystery"),
        *_other_layers(numbers),
    ]
    return QuantGraph("every operation", operations, ["dense", "mean"])


def _other_layers(numbers: np.ndarray) -> list[ops.Op]:
    """Layers on the value "max" ``(4, 4, 4)`` of ``every_op``."""

    def kernel(*shape):
        return Kernel.from_values(np.resize(np.where(numbers < 0, -1, 1), shape).astype(np.float32))

    float_kernel = Kernel(numbers[:4, :2], None, 32)
    return [
        ops.Conv2DTranspose(
            name="transposed",
            inputs=("max",),
            shape=(8, 8, 2),
            kernel=kernel(3, 3, 4, 2),
            strides=(2, 2),
            padding="same",
        ),
        ops.Reshape(name="volume", inputs=("max",), shape=(4, 2, 2, 4)),
        ops.Conv3D(name="conv3d", inputs=("volume",), shape=(3, 2, 1, 2), kernel=kernel(2, 1, 2, 4, 2)),
        ops.LocallyConnected2D(name="local", inputs=("max",), shape=(3, 3, 2), kernel=kernel(3, 3, 2, 2, 4, 2)),
        ops.Standardize(name="standard", inputs=("max",), shape=(4, 4, 4), axes=(2,), epsilon=1e-3),
        ops.Einsum(name="scores", inputs=("max", "standard"), shape=(4, 4, 4), equation="nhqc,nhkc->nhqk"),
        ops.GlobalPool(name="codes", inputs=("sign",), shape=(4,), kind="max"),
        ops.Embedding(name="rows", inputs=("codes",), shape=(4, 2), kernel=float_kernel),
        ops.Unknown(
            name="counted",
            inputs=("dense",),
            shape=(3,),
            kind="LSTM",
            weights=(float_kernel, Kernel.from_values(np.ones((3, 2), np.float32))),
            macs_by_bits=((32, 32, 24),),
        ),
    ]
