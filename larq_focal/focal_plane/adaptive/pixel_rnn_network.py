"""The whole of PixelRNN as two networks that compile: maps of a frame, and a recurrent unit over them.

H. So et al., "PixelRNN: In-pixel recurrent neural networks for end-to-end-optimized perception with neural sensors",
CVPR 2024, in the form of its published weights (github.com/computational-imaging/PixelRNN, ``CNN_noise`` with
``rnn_1_mul_noise_fixed``). A frame of one-bit pixels goes through a binary convolution, a maximum over blocks of 4x4
and a threshold. Its 16 maps of 16x16 lie side by side as a mosaic of 64x64, over which the unit's kernels run. The
weights come from a file of the user's, for the repository states no licence.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from larq_focal.arrays import read_npz
from larq_focal.network import Kernel, QuantGraph, ops

SIDE, MAPS, POOL = 64, 16, 4
_GRID = 4  # maps of the mosaic in a row
_SIZE = 5  # of the kernels
_GATES = "rnn_convgates_i", "rnn_convgates_h", "rnn_conv_out_i", "rnn_conv_out_h"
FRAMES = 16  # of a video, of whose last the output is read


@dataclass(frozen=True)
class PixelRnnNetwork:
    """``conv`` ``[16, 5, 5]`` and the four kernels of the unit ``[5, 5]``, all -1 and +1; thresholds on their sums."""

    conv: np.ndarray
    forget_input: np.ndarray
    forget_hidden: np.ndarray
    output_input: np.ndarray
    output_hidden: np.ndarray
    map_threshold: float
    forget_threshold: float

    @classmethod
    def read(cls, path: str | Path) -> PixelRnnNetwork:
        """From a ``.npz`` file with ``conv1`` ``[16, 5, 5]``, ``rnn_convgates_i``, ``rnn_convgates_h``,
        ``rnn_conv_out_i``, ``rnn_conv_out_h`` ``[1, 5, 5]``, ``cnn_thresh1`` and ``rnn_threshold`` ``[1]``.

        Raises:
            ValueError: the file is not such an archive, or an array is missing or of another shape.
        """
        data = read_npz(path)
        shapes = {"conv1": (MAPS, _SIZE, _SIZE), **dict.fromkeys(_GATES, (1, _SIZE, _SIZE))}
        for name, shape in {**shapes, "cnn_thresh1": (1,), "rnn_threshold": (1,)}.items():
            found = data[name].shape if name in data else None
            if found != shape:
                what = "no array" if found is None else f"an array of shape {list(found)} as"
                raise ValueError(f"'{path}' has {what} '{name}'; the weights of PixelRNN have {list(shape)} there.")
        gates = [data[name][0] for name in _GATES]
        return cls(data["conv1"], *gates, float(data["cnn_thresh1"][0]), float(data["rnn_threshold"][0]))

    @classmethod
    def random(cls, seed: int = 0) -> PixelRnnNetwork:
        rng = np.random.default_rng(seed)
        return cls(rng.choice([-1, 1], (MAPS, _SIZE, _SIZE)), *rng.choice([-1, 1], (4, _SIZE, _SIZE)), 1.0, 1.0)

    def maps_graph(self) -> QuantGraph:
        """From an image ``[64, 64, 1]``, whose signs count, to the maps ``[16, 16, 16]``, signs."""
        conv = _convolution("conv", "pixels", np.moveaxis(self.conv, 0, -1)[:, :, None])
        size = {"size": (POOL, POOL), "strides": (POOL, POOL), "padding": "valid"}
        pooled = (SIDE // POOL, SIDE // POOL, MAPS)
        operations = [
            *_signs("image", "pixels"),
            conv,
            ops.Pool2D(name="pooled", inputs=("conv",), shape=pooled, kind="max", **size),
            ops.Binarize(name="maps", inputs=("pooled",), shape=pooled, threshold=np.float32(self.map_threshold)),
        ]
        return QuantGraph("pixelrnn_maps", operations, ["maps"])

    def unit_graph(self) -> QuantGraph:
        """From the mosaic and the state ``[64, 64, 1]``, signs, to the next state and the sums of the output.

        The forget gate is the sign of its sums less the threshold; the next state its product with the state. Of the
        output the sums over the mosaic and over the state come apart, as ``output_input`` and ``output_hidden``.
        """
        shape = (SIDE, SIDE, 1)
        kernels = {name: getattr(self, name)[:, :, None, None] for name in (*_FORGET, *_OUTPUT)}
        operations = [
            *_signs("mosaic", "x"),
            *_signs("state", "h"),
            *(
                _convolution(name, name_of_input, kernels[name])
                for name, name_of_input in zip(_FORGET, "xh", strict=True)
            ),
            ops.Add(name="gate", inputs=_FORGET, shape=shape),
            ops.Binarize(name="forget", inputs=("gate",), shape=shape, threshold=np.float32(self.forget_threshold)),
            ops.Multiply(name="product", inputs=("forget", "h"), shape=shape),
            ops.Binarize(name="next", inputs=("product",), shape=shape, threshold=np.float32(0)),
            *(
                _convolution(name, name_of_input, kernels[name])
                for name, name_of_input in zip(_OUTPUT, "xh", strict=True)
            ),
        ]
        return QuantGraph("pixelrnn_unit", operations, ["forget", "next", *_OUTPUT])


_FORGET = ("forget_input", "forget_hidden")
_OUTPUT = ("output_input", "output_hidden")


def mosaic(maps: np.ndarray) -> np.ndarray:
    """Maps ``[..., 16, 16, 16]``, channels last, as ``[..., 64, 64]``: map m at row m // 4, column m % 4."""
    grid = maps.reshape(*maps.shape[:-1], _GRID, _GRID)
    return np.moveaxis(grid, (-2, -1), (-4, -2)).reshape(*maps.shape[:-3], SIDE, SIDE)


def _signs(name: str, signs: str) -> list[ops.Op]:
    shape = (SIDE, SIDE, 1)
    image = ops.Input(name=name, shape=shape)
    return [image, ops.Binarize(name=signs, inputs=(name,), shape=shape, threshold=np.float32(0))]


def _convolution(name: str, source: str, codes: np.ndarray) -> ops.Conv2D:
    """Zeros are padded, which add nothing."""
    channels = codes.shape[-1]
    return ops.Conv2D(
        name=name,
        inputs=(source,),
        shape=(SIDE, SIDE, channels),
        kernel=Kernel(codes.astype(np.int8), np.ones(channels, np.float32), 1),
        padding="same",
        pad_value=0.0,
        strides=(1, 1),
        dilation=(1, 1),
        groups=1,
    )
