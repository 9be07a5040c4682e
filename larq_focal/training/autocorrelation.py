"""What a layer's inputs say about its training: the eigenvalues of their autocorrelation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from larq_focal.network.keras.kernels import layer_kernel
from larq_focal.nn import keras, ops
from larq_focal.result import Result
from larq_focal.tables import facts

_AT_ONCE = 16_384
"""Windows."""


@dataclass(frozen=True, eq=False)
class AutocorrelationSpectrum(Result):
    """The spectrum of a layer's inputs, and what follows for its training by gradient descent.

    With u what one output sees (the inputs of a dense layer, a window of a convolution), R = E[u u'] and the loss
    E[e^2] / 2 of an error e of the outputs, a step of the rate r multiplies the error of the weights along each
    eigenvector of R by 1 - r times its eigenvalue. A batch normalisation behind the layer takes away the mean of u, and
    divides by the deviation of the outputs: then C = E[(u - E[u]) (u - E[u])'] stands in for R, by the outputs'
    variance.

    Attributes:
        layer: Name of the layer.
        eigenvalues: Of R, the largest first, [inputs of an output].
        centred_eigenvalues: Of C, likewise.
        output_variance: Of each output channel, with the weights as they are, [channels].
        weight_power: The mean square of the weights of each output channel, [channels].
        windows: How many u the spectrum is of.
    """

    layer: str
    eigenvalues: np.ndarray
    centred_eigenvalues: np.ndarray
    output_variance: np.ndarray
    weight_power: np.ndarray
    windows: int

    @property
    def spread(self) -> float:
        """The largest eigenvalue by the smallest that is not 0 to rounding: how many times slower the slowest is."""
        return _spread(self.eigenvalues)

    @property
    def centred_spread(self) -> float:
        """The same without the mean of the inputs."""
        return _spread(self.centred_eigenvalues)

    @property
    def rank(self) -> int:
        """How many eigenvalues are not 0 to rounding: along the others the weights are never trained."""
        return len(_positive(self.eigenvalues))

    @property
    def largest_stable_rate(self) -> float:
        """2 / the largest eigenvalue: beyond that learning rate the error along it grows."""
        return 2 / float(self.eigenvalues[0])

    @property
    def largest_stable_rate_normalised(self) -> float:
        """The same with a batch normalisation behind the layer, with the mean of its channels' variances."""
        return 2 * float(self.output_variance.mean()) / float(self.centred_eigenvalues[0])

    @property
    def nlms_ratio(self) -> np.ndarray:
        """For each output channel, what batch normalisation divides a step by, over what normalised LMS does.

        Normalised LMS divides a step by the power of the inputs; batch normalisation divides outputs, and so once more
        gradients, by their deviation. With random weights, as in the first step, the variance of the outputs is the
        power of the centred inputs times the mean square of the weights: the ratio of the two is 1, but for chance.
        """
        return self.output_variance / (self.weight_power * float(self.centred_eigenvalues.sum()))

    @property
    def headline(self) -> str:
        return f"{self.layer}: spread {self.spread:,.4g}, stable below a rate of {self.largest_stable_rate:.4g}"

    def __rich__(self) -> Any:
        ratio = self.nlms_ratio
        rows = {
            "inputs of an output": f"{len(self.eigenvalues):,}, rank {self.rank:,}",
            "windows": f"{self.windows:,}",
            "eigenvalues": f"{self.eigenvalues[0]:.4g} to {_positive(self.eigenvalues)[-1]:.4g}",
            "spread": f"{self.spread:,.4g}; {self.centred_spread:,.4g} without the mean",
            "largest stable rate": f"{self.largest_stable_rate:.4g}",
            "  normalised behind": f"{self.largest_stable_rate_normalised:.4g}",
            "NLMS ratio": f"{ratio.mean():.3f} +- {ratio.std():.3f} over {len(ratio)} channels",
        }
        return facts(rows, title=f"Autocorrelation of the inputs of {self.layer}")


def autocorrelation_spectrum(
    layer: keras.layers.Layer, data: np.ndarray, *, windows: int = 100_000, seed: int = 0
) -> AutocorrelationSpectrum:
    """The eigenvalues of the autocorrelation of what each output of a layer sees.

    Args:
        layer: A built dense layer or two-dimensional convolution, quantized or not, channels last, of one group. An
            input quantizer is part of it: what the kernel meets counts.
        data: Inputs of the layer, ``[n, ..., channels]``. Those of a layer inside of a functional model are
            ``keras.Model(model.inputs, layer.input).predict(images)``.
        windows: How many windows of a convolution are drawn, at most; every one where there are fewer.
        seed: Of the draw.

    Raises:
        ValueError: The layer is of another kind or has no weights yet, the data does not fit it, is empty, or all 0.

    Source:
        Chai, Pilanci and Murmann, "Separating the Effects of Batch Normalization on CNN Training Speed and Stability
        Using Classical Adaptive Filter Theory", https://arxiv.org/abs/2002.10674; Widrow and Stearns, "Adaptive Signal
        Processing", 1985.
    """
    kernel = _kernel(layer)
    inputs = np.asarray(data, np.float32)
    if inputs.ndim < 2 or inputs.shape[-1] != kernel.shape[-2] or not len(inputs):
        raise ValueError(
            f"autocorrelation_spectrum: {layer.name!r} takes inputs [n, ..., {kernel.shape[-2]}], not {inputs.shape}."
        )
    if getattr(layer, "input_quantizer", None) is not None:
        inputs = ops.convert_to_numpy(layer.input_quantizer(ops.convert_to_tensor(inputs)))
    weights = kernel.reshape(-1, kernel.shape[-1]).astype(np.float64)
    total, mean, count = np.zeros((len(weights), len(weights))), np.zeros(len(weights)), 0
    for seen in _windows(layer, inputs, windows, np.random.default_rng(seed)):
        seen = seen.astype(np.float64)
        total += seen.T @ seen
        mean += seen.sum(0)
        count += len(seen)
    if not total.any():
        raise ValueError(f"autocorrelation_spectrum: all inputs of {layer.name!r} are 0.")
    power, mean = total / count, mean / count
    centred = power - np.outer(mean, mean)
    return AutocorrelationSpectrum(
        layer=layer.name,
        eigenvalues=_descending(power),
        centred_eigenvalues=_descending(centred),
        output_variance=np.einsum("io,ij,jo->o", weights, centred, weights, optimize=True),
        weight_power=np.mean(weights**2, axis=0),
        windows=count,
    )


def _kernel(layer: keras.layers.Layer) -> np.ndarray:
    is_known = isinstance(layer, keras.layers.Dense | keras.layers.Conv2D)
    if not is_known or getattr(layer, "groups", 1) != 1 or getattr(layer, "data_format", None) == "channels_first":
        raise ValueError(
            f"autocorrelation_spectrum: {layer.name!r} ({type(layer).__name__}) must be a dense layer or a convolution "
            "of images, channels last and in one group."
        )
    if not layer.built:
        raise ValueError(f"autocorrelation_spectrum: {layer.name!r} has no weights yet: call it once.")
    return layer_kernel(layer)


def _windows(
    layer: keras.layers.Layer, inputs: np.ndarray, most: int, random: np.random.Generator
) -> Iterator[np.ndarray]:
    """What outputs see, [windows, inputs of an output] at a time."""
    if isinstance(layer, keras.layers.Dense):
        rows = inputs.reshape(-1, inputs.shape[-1])
        yield from (rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE))
        return
    if inputs.ndim != 4:
        raise ValueError(f"autocorrelation_spectrum: {layer.name!r} takes images, not inputs of {inputs.shape}.")
    sizes, strides, dilation = map(tuple, (layer.kernel_size, layer.strides, layer.dilation_rate))
    extent = tuple((size - 1) * rate + 1 for size, rate in zip(sizes, dilation, strict=True))
    if layer.padding == "same":
        pads = [_same(*each) for each in zip(inputs.shape[1:3], extent, strides, strict=True)]
        inputs = np.pad(inputs, [(0, 0), *pads, (0, 0)], constant_values=float(getattr(layer, "pad_values", 0.0)))
    view = np.lib.stride_tricks.sliding_window_view(inputs, extent, axis=(1, 2))
    # [n, rows, columns, channels, height, width]
    view = view[:, :: strides[0], :: strides[1], :, :: dilation[0], :: dilation[1]]
    places = np.arange(np.prod(view.shape[:3]))
    if len(places) > most:
        places = np.sort(random.choice(len(places), most, replace=False))
    for start in range(0, len(places), _AT_ONCE):
        chosen = view[np.unravel_index(places[start : start + _AT_ONCE], view.shape[:3])]
        yield np.moveaxis(chosen, 1, -1).reshape(len(chosen), -1)


def _same(size: int, extent: int, stride: int) -> tuple[int, int]:
    missing = max((-(-size // stride) - 1) * stride + extent - size, 0)
    return missing // 2, missing - missing // 2


def _descending(matrix: np.ndarray) -> np.ndarray:
    return np.maximum(np.linalg.eigvalsh(matrix)[::-1], 0)


def _positive(eigenvalues: np.ndarray) -> np.ndarray:
    """Those above the rounding of float32 inputs."""
    return eigenvalues[eigenvalues > eigenvalues[0] * len(eigenvalues) * np.finfo(np.float32).eps]


def _spread(eigenvalues: np.ndarray) -> float:
    positive = _positive(eigenvalues)
    return float(positive[0] / positive[-1]) if len(positive) else 1.0
