"""Training on the device itself: a binary multilayer perceptron in NumPy, in a few megabytes and without Keras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from larq_focal.network import Kernel, QuantGraph, ops

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-7  # of Adam
_MOMENTUM = 0.9  # of the moving averages
_LEAST_DEVIATION = 1e-3
_ROWS = 64
"""Of a kernel, that are updated at a time: what is in float32 then."""


@dataclass
class _Layer:
    """A binary dense layer with an l1 batch normalisation: what is held from step to step."""

    latent: np.ndarray
    momentum: np.ndarray
    shift: np.ndarray
    shift_momenta: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray


@dataclass
class _Kept:
    """What is held between the forward and the backward pass; bits are packed, eight to a byte."""

    inputs: np.ndarray
    positive: np.ndarray
    inside: np.ndarray
    scale: np.ndarray


class BinaryMLP:
    """A binary multilayer perceptron that is trained where it is used.

    All weights and the activations between layers are signs. Between the forward and the backward pass of a step it
    keeps three bits of each activation: its sign, that of the normalised value, and whether the pseudo-gradient of the
    sign is 1 there. Gradients of weights are reduced to signs, eight to a byte; latent weights and the one momentum of
    each are float16. What is float32 is one layer's at a time.

    Args:
        sizes: Inputs, hidden units and classes.
        learning_rate: Of Adam.
        seed: Of the initial weights.

    Raises:
        ValueError: Fewer than two sizes, one below 1, or a learning rate that is not positive.

    Source:
        Wang, Davis, Moro, Zielinski, Lim, Coelho, Chatterjee, Cheung and Constantinides, "Enabling Binary Neural
        Network Training on the Edge", https://arxiv.org/abs/2102.04270.
    """

    def __init__(
        self, sizes: Sequence[int] = (784, 256, 256, 256, 256, 10), *, learning_rate: float = 1e-3, seed: int = 0
    ):
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(f"BinaryMLP: sizes are those of inputs, hidden layers and classes, not {tuple(sizes)}.")
        if not learning_rate > 0:
            raise ValueError(f"BinaryMLP: the learning rate must be above 0, but is {learning_rate}.")
        self.sizes, self.learning_rate, self.steps = tuple(sizes), learning_rate, 0
        random = np.random.default_rng(seed)
        self._layers = [_new_layer(random, *pair) for pair in pairwise(self.sizes)]

    def train_step(self, images: np.ndarray, labels: np.ndarray) -> float:
        """A step of Adam on a batch; returns the mean cross-entropy before it.

        Args:
            images: ``[batch, inputs]``, floats, or uint8 pixels, which are read as ``(pixel - 128) / 256``.
            labels: Classes, ``[batch]``.

        Raises:
            ValueError: Other shapes, or a label that is not a class.
        """
        self._check(images, labels)
        kept: list[_Kept] = []
        values = _forward(self._layers[0], images, kept)
        for layer in self._layers[1:]:
            values = _forward(layer, _packed_signs(values, kept[-1]), kept)
        losses, upstream = _cross_entropy(values, labels)
        self.steps += 1
        for layer in reversed(self._layers):
            upstream = self._backward(layer, kept.pop(), upstream, is_first=not kept)
        return float(losses.mean())

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Of images ``[n, inputs]`` as in training, float32 ``[n, classes]``; by moving averages."""
        self._check(images)
        values = _as_float(images)
        for index, layer in enumerate(self._layers):
            inputs = values if index == 0 else _signs(values >= 0)
            values = (inputs @ _signs(layer.latent >= 0) - layer.mean) / layer.deviation + layer.shift
        return values

    def predict(self, images: np.ndarray, batch_size: int = 200) -> np.ndarray:
        """Classes of images ``[n, inputs]``."""
        batches = range(0, len(images), batch_size)
        return np.concatenate([self.logits(images[at : at + batch_size]).argmax(-1) for at in batches])

    def graph(self) -> QuantGraph:
        """The network in use, for :func:`larq_focal.convert`, its audit and all other targets.

        Its input is float, ``(pixel - 128) / 256`` of pixels.
        """
        steps: list[ops.Op] = [ops.Input(name="image", shape=(self.sizes[0],))]
        for number, layer in enumerate(self._layers, 1):
            shape = layer.shift.shape
            names = {"input_quantizer": None, "declared_bits": (None, 1)}
            if number > 1:
                sign = ops.Binarize(
                    name=f"sign_{number}",
                    inputs=(steps[-1].name,),
                    shape=steps[-1].shape,
                    threshold=np.zeros((), np.float32),
                )
                steps.append(sign)
                names = {"input_quantizer": "ste_sign", "declared_bits": (1, 1)}
            kernel = Kernel.quantized(_signs(layer.latent >= 0), bits=1, stored_scales=0)
            dense = ops.Dense(
                name=f"dense_{number}",
                inputs=(steps[-1].name,),
                shape=shape,
                kernel=kernel,
                kernel_quantizer="ste_sign",
                **names,
            )
            scale = (1 / layer.deviation).astype(np.float32)
            norm = ops.Affine(
                name=f"norm_{number}", inputs=(dense.name,), shape=shape, mean=layer.mean, scale=scale, bias=layer.shift
            )
            steps += [dense, norm]
        return QuantGraph("binary_mlp", steps, [steps[-1].name])

    def _backward(self, layer: _Layer, kept: _Kept, upstream: np.ndarray, is_first: bool) -> np.ndarray | None:
        """Trains the layer, and returns the gradient of its inputs before their sign; none for the first one."""
        inputs, outputs = layer.latent.shape
        _adam(layer, upstream.sum(0), self.learning_rate, self.steps)
        sign = _signs(_unpacked(kept.positive, outputs))
        signed = (upstream * sign).mean(0)
        upstream = (upstream - upstream.mean(0) - sign * signed * kept.scale[1]) / kept.scale[0]
        values = _as_float(kept.inputs) if is_first else _signs(_unpacked(kept.inputs, inputs))
        # The gradient of the inputs is that of the weights before the step.
        before = None
        if not is_first:
            before = upstream @ _signs(layer.latent >= 0).T
            before *= _unpacked(kept.inside, inputs)
        rate = self.learning_rate / (1 - _BETA_1**self.steps)
        for rows, positive in _gradient_signs(values, upstream):
            momentum = _BETA_1 * layer.momentum[rows] + (1 - _BETA_1) * _signs(_unpacked(positive, outputs))
            layer.momentum[rows] = momentum
            layer.latent[rows] = np.clip(layer.latent[rows] - rate * momentum, -1, 1)
        return before

    def _check(self, images: np.ndarray, labels: np.ndarray | None = None) -> None:
        if images.ndim != 2 or images.shape[1] != self.sizes[0]:
            raise ValueError(f"BinaryMLP: images are [batch, {self.sizes[0]}], but these are {list(images.shape)}.")
        if labels is None:
            return
        if labels.shape != images.shape[:1]:
            raise ValueError(f"BinaryMLP: {len(images)} images need as many labels, not {list(labels.shape)}.")
        if labels.min() < 0 or labels.max() >= self.sizes[-1]:
            raise ValueError(f"BinaryMLP: labels are from 0 to {self.sizes[-1] - 1}, but go to {labels.max()}.")


def _new_layer(random: np.random.Generator, inputs: int, outputs: int) -> _Layer:
    bound = np.float32((6 / (inputs + outputs)) ** 0.5)  # Glorot's
    latent = ((2 * random.random((inputs, outputs), np.float32) - 1) * bound).astype(np.float16)
    zeros = np.zeros(outputs, np.float32)
    return _Layer(
        latent=latent,
        momentum=np.zeros_like(latent),
        shift=zeros.copy(),
        shift_momenta=np.zeros((2, outputs), np.float32),
        mean=zeros.copy(),
        deviation=np.ones(outputs, np.float32),
    )


def _forward(layer: _Layer, inputs: np.ndarray, kept: list[_Kept]) -> np.ndarray:
    """Values behind the normalisation, of images or of packed signs; what the backward pass needs goes to ``kept``."""
    size = layer.latent.shape[0]
    values = _as_float(inputs) if not kept else _signs(_unpacked(inputs, size))
    sums = values @ _signs(layer.latent >= 0)
    mean = sums.mean(0)
    sums -= mean
    distance = np.abs(sums).mean(0)
    deviation = distance + _LEAST_DEVIATION
    layer.mean += (1 - _MOMENTUM) * (mean - layer.mean)
    layer.deviation += (1 - _MOMENTUM) * (deviation - layer.deviation)
    sums /= deviation
    inside = np.zeros(0, np.uint8) if not kept else kept[-1].inside
    kept.append(_Kept(inputs, np.packbits(sums >= 0, axis=1), inside, np.stack([deviation, distance / deviation])))
    sums += layer.shift
    return sums


def _packed_signs(values: np.ndarray, kept: _Kept) -> np.ndarray:
    """The signs of activations, packed; where their pseudo-gradient is 1 goes to ``kept`` for the next layer."""
    kept.inside = np.packbits(np.abs(values) <= 1, axis=1)
    return np.packbits(values >= 0, axis=1)


def _gradient_signs(values: np.ndarray, upstream: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """The signs of the gradient of a kernel, packed, some rows at a time."""
    for row in range(0, values.shape[1], _ROWS):
        rows = slice(row, row + _ROWS)
        yield rows, np.packbits(values[:, rows].T @ upstream >= 0, axis=1)


def _adam(layer: _Layer, gradient: np.ndarray, learning_rate: float, step: int) -> None:
    """Adam's step of the shifts of a normalisation."""
    first, second = layer.shift_momenta
    first += (1 - _BETA_1) * (gradient - first)
    second += (1 - _BETA_2) * (gradient**2 - second)
    rate = learning_rate * (1 - _BETA_2**step) ** 0.5 / (1 - _BETA_1**step)
    layer.shift -= rate * first / (np.sqrt(second) + _EPSILON)


def _cross_entropy(logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each sample, and its gradient by the logits."""
    logits = logits - logits.max(1, keepdims=True)
    powers = np.exp(logits)
    total = powers.sum(1)
    places = np.arange(len(labels)), labels
    losses = np.log(total) - logits[places]
    powers /= total[:, None]
    powers[places] -= 1
    return losses, powers


def _as_float(images: np.ndarray) -> np.ndarray:
    if images.dtype == np.uint8:
        return (images.astype(np.float32) - 128) / 256
    return images.astype(np.float32, copy=False)


def _signs(positive: np.ndarray) -> np.ndarray:
    """1 where ``positive`` and -1 elsewhere, float32."""
    signs = positive.astype(np.float32)
    signs *= 2
    signs -= 1
    return signs


def _unpacked(bits: np.ndarray, count: int) -> np.ndarray:
    return np.unpackbits(bits, axis=1, count=count)
