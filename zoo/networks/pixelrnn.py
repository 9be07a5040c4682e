"""PixelRNN: a recurrent network whose state stays on the sensor, whole and as the two programs of one frame."""

from __future__ import annotations

from pathlib import Path
from zipfile import is_zipfile

import numpy as np

from larq_focal.arrays import ArrayFileError, read_npz
from larq_focal.focal_plane.adaptive.pixel_rnn_network import PixelRnnNetwork
from larq_focal.nn import QuantConv2D, SteSign, keras, ops, register
from larq_focal.zoo.weights import SUFFIX, WeightsError, with_weights

layers = keras.layers

_MAPS, _IN_A_ROW, _POOL, _SIZE = 16, 4, 4, 5
_GATES = "gate_input", "gate_state", "output_input", "output_state"


def pixelrnn(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (64, 64, 16),
    num_classes: int = 9,
    include_top: bool = True,
) -> keras.Model:
    """PixelRNN: a binary convolution and a gated binary state on the sensor, a decoder off it.

    For each frame, 16 binary 5x5 kernels, ReLU, a 4x4 pool and a threshold give 16 binary maps of a sixteenth of the
    size, which lie side by side as one plane x of the frame's size. With the state h, +1 at first:

        f = sign(f_i * x + f_h * h - t),  o = o_i * x + o_h * h,  h <- f h

    with four 5x5 kernels and a threshold t; of the o of the last frame a decoder takes the hyperbolic tangent, after a
    normalisation, less a threshold. It returns logits ``[batch, num_classes]``, without the top o ``[batch, height,
    width, 1]``.

    Args:
        weights: None for random ones, the name of a data set, or the path of a weights file, which is ours or a
            ``.npz`` archive of the published weights, see :func:`load_published`.
        input_shape: ``(height, width, frames)``, pixels in [-0.5, 0.5); sides are multiples of 4.
        num_classes: Number of logits.
        include_top: Whether the decoder is there.

    Raises:
        WeightsError: ``weights`` is not known, or its file is of another network.

    Source:
        So, Bose, Dudek and Wetzstein, "PixelRNN: In-pixel Recurrent Neural Networks for End-to-end-optimized
        Perception with Neural Sensors", CVPR 2024, https://arxiv.org/abs/2304.05440;
        https://github.com/computational-imaging/PixelRNN, ``CNN_noise`` with ``rnn_1_mul_noise_fixed``, without the
        noise of training.
    """
    frames = layers.Input(input_shape, name="frames")
    parts = {name: _binary_conv(1, name) for name in _GATES} | _shared_layers(num_classes, include_top)
    state = None
    for index in range(input_shape[2]):
        x = _seen(frames[..., index : index + 1], parts)
        state = layers.Rescaling(0.0, offset=1.0, name="state")(x) if state is None else state
        output, state = _unit(x, state, parts)
    if include_top:
        output = _decoded(output, parts)
    model = keras.Model(frames, output, name="pixelrnn")
    if weights is not None and str(weights).endswith(SUFFIX) and _is_published(weights):
        return load_published(model, weights)
    return with_weights(model, weights)


def pixelrnn_stages(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """The two networks of one frame, of the same layers as ``model``, each of which is a program of the array.

    The first gives the maps ``[height / 4, width / 4, 16]`` of a frame ``[height, width, 1]``. The second takes those
    and the state ``[height, width, 1]`` and gives the output of ``model`` for the frame and the next state. On the
    array the state stays: ``lqf.compile(unit, "scamp5", placement="interleaved", state={"kept": "next"})``.
    """
    height, width, _ = model.input_shape[1:]
    parts = {layer.name: layer for layer in model.layers}
    frame = layers.Input((height, width, 1), name="frame")
    maps = layers.Input((height // _POOL, width // _POOL, _MAPS), name="maps")
    state = layers.Input((height, width, 1), name="state")
    plane = SteSign(name="mosaic")(_side_by_side(maps))
    output, following = _unit(plane, SteSign(name="kept")(state), parts)
    if "decoder" in parts:
        output = _decoded(output, parts)
    return (
        keras.Model(frame, _maps(frame, parts), name="pixelrnn_maps"),
        keras.Model([maps, state], [output, following], name="pixelrnn_unit"),
    )


def load_published(model: keras.Model, path: str | Path) -> keras.Model:
    """Puts the published weights in ``model``, which is for frames of 64x64 where it has its decoder.

    Args:
        model: of :func:`pixelrnn`.
        path: a ``.npz`` archive as :meth:`PixelRnnNetwork.read` takes it, and for the decoder with ``decoder_norm``
            ``[4]`` (mean, variance, gamma and beta), ``thresh3`` a number, ``decoder_weight`` ``[classes, 4096]`` and
            ``decoder_bias`` ``[classes]``.

    Raises:
        WeightsError: an array is missing or of another shape; nothing of the model is changed.
    """
    try:
        network, data = PixelRnnNetwork.read(path), read_npz(path)
    except (OSError, ValueError) as error:
        raise WeightsError(str(error)) from error
    kernels = {"conv": np.moveaxis(network.conv, 0, -1)[:, :, None]}
    sources = network.forget_input, network.forget_hidden, network.output_input, network.output_hidden
    kernels |= {name: kernel[:, :, None, None] for name, kernel in zip(_GATES, sources, strict=True)}
    wanted = {name: [kernel] for name, kernel in kernels.items()}
    wanted |= {"threshold": [network.map_threshold], "gate_threshold": [network.forget_threshold]}
    if any(layer.name == "decoder" for layer in model.layers):
        wanted |= _decoder_weights(data, path)
    arrays = {name: [np.asarray(array, np.float32) for array in each] for name, each in wanted.items()}
    for name, each in arrays.items():
        shapes = [tuple(weight.shape) for weight in model.get_layer(name).weights]
        if shapes != [array.shape for array in each]:
            found = ", ".join(str(list(array.shape)) for array in each)
            raise WeightsError(f"'{path}' has {found} for the layer '{name}', which takes {shapes}.")
    for name, each in arrays.items():
        model.get_layer(name).set_weights(each)
    return model


def _decoder_weights(data: dict[str, np.ndarray], path: str | Path) -> dict[str, list[np.ndarray]]:
    missing = [name for name in ("decoder_norm", "thresh3", "decoder_weight", "decoder_bias") if name not in data]
    if missing or data["decoder_norm"].shape != (4,):
        what = f"no array '{missing[0]}'" if missing else "other than four numbers in 'decoder_norm'"
        raise WeightsError(f"'{path}' has {what}: load it without the top, or take a file with the decoder.")
    mean, variance, gamma, beta = data["decoder_norm"]
    return {  # published for the chip's output, which the decoder takes negated
        "decoder_norm": [np.array([value]) for value in (-gamma, beta, -mean, variance)],
        "decoder_threshold": [data["thresh3"].squeeze()],
        "decoder": [data["decoder_weight"].T, data["decoder_bias"]],
    }


def _is_published(path: str | Path) -> bool:
    try:
        return is_zipfile(path) and "conv1" in read_npz(path)
    except (OSError, ArrayFileError):
        return False  # which is told where it is loaded


def _shared_layers(num_classes: int, include_top: bool) -> dict[str, keras.layers.Layer]:
    found = [
        SteSign(name="pixels"),
        _binary_conv(_MAPS, "conv"),
        layers.ReLU(name="relu"),
        layers.MaxPool2D(_POOL, name="pool"),
        ScalarThreshold(name="threshold"),
        SteSign(name="seen"),
        ScalarThreshold(name="gate_threshold"),
        SteSign(name="gate"),
        SteSign(name="next"),
    ]
    if include_top:
        found += [
            layers.BatchNormalization(epsilon=1e-5, name="decoder_norm"),
            layers.Activation("tanh", name="decoder_tanh"),
            ScalarThreshold(name="decoder_threshold"),
            layers.Flatten(name="plane"),
            layers.Dense(num_classes, name="decoder"),
        ]
    return {layer.name: layer for layer in found}


def _binary_conv(filters: int, name: str) -> keras.layers.Layer:
    """Of signs that come from a layer of their own, with zeros around."""
    options = {"padding": "same", "use_bias": False, "kernel_quantizer": SteSign(), "kernel_constraint": "weight_clip"}
    return QuantConv2D(filters, _SIZE, name=name, **options)


def _maps(frame, parts):
    x = frame
    for name in ("pixels", "conv", "relu", "pool", "threshold", "seen"):
        x = parts[name](x)
    return x


def _seen(frame, parts):
    return _side_by_side(_maps(frame, parts))


def _unit(x, state, parts):
    """The sums of the output, and the next state."""
    output = parts["output_input"](x) + parts["output_state"](state)
    gate = parts["gate"](parts["gate_threshold"](parts["gate_input"](x) + parts["gate_state"](state)))
    return output, parts["next"](state * gate)


def _decoded(x, parts):
    for name in ("decoder_norm", "decoder_tanh", "decoder_threshold", "plane", "decoder"):
        x = parts[name](x)
    return x


@register()
class ScalarThreshold(keras.layers.Layer):
    """Subtracts one trained number."""

    def build(self, input_shape):
        self.threshold = self.add_weight(name="threshold", shape=(), initializer="ones")
        super().build(input_shape)

    def call(self, inputs):
        return inputs - self.threshold


def _side_by_side(x):
    """Sixteen maps as one plane, four in a row."""
    maps = ops.split(x, _MAPS, axis=-1)
    rows = [ops.concatenate(maps[row : row + _IN_A_ROW], axis=2) for row in range(0, _MAPS, _IN_A_ROW)]
    return ops.concatenate(rows, axis=1)
