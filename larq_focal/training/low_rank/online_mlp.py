"""A multilayer perceptron that goes on learning, sample by sample, in a memory whose cells wear."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from larq_focal.training.low_rank.low_rank_sum import LowRankSum, Reduction
from larq_focal.training.low_rank.wearing_memory import WearingMemory


class OnlineMLP:
    """Adapts dense layers with ReLU between them, one sample at a time, with few writes.

    With a rank, the gradient of each kernel is summed over ``batch`` samples in ``rank * (inputs + outputs)`` numbers,
    then added to the memory; where that would write fewer than ``least_density`` of the cells, the sum goes on for
    another batch. Without one, each sample's gradient is added at once: stochastic gradient descent. Biases are outside
    of the memory, and are trained with each sample.

    Args:
        weights: Kernel ``[inputs, outputs]`` and bias ``[outputs]`` of each layer, in turn: what ``get_weights`` of a
            Keras model of dense layers returns.
        learning_rate: Of the gradient of one sample; a sum over n of them is scaled by it over the root of n.
        rank: Of the sums; None for stochastic gradient descent.
        reduction: "biased" or "unbiased": see :class:`LowRankSum`.
        batch: Samples of a sum.
        least_density: Share of the cells that a write must change.
        bits: Of the memory's codes.
        seed: Of the unbiased reduction.

    Raises:
        ValueError: Weights that are no such chain, or numbers out of their range.

    Source:
        Gural et al., "Low-Rank Training of Deep Neural Networks for Emerging Memory Technology",
        https://arxiv.org/abs/2009.03887. Their max-norm and streaming batch normalisation are not here.
    """

    def __init__(
        self,
        weights: Sequence[np.ndarray],
        *,
        learning_rate: float = 0.01,
        rank: int | None = 4,
        reduction: Reduction = "unbiased",
        batch: int = 100,
        least_density: float = 0.01,
        bits: int = 8,
        seed: int = 0,
    ):
        _check(weights)
        if not learning_rate > 0 or batch < 1 or not 0 <= least_density <= 1:
            raise ValueError(
                "OnlineMLP: the learning rate is above 0, a batch has at least 1 sample, and the least density is from "
                f"0 to 1: not {learning_rate}, {batch} and {least_density}."
            )
        self.learning_rate, self.batch, self.least_density = learning_rate, batch, least_density
        self.memories = [WearingMemory(each, 1.25 * np.abs(each).max(), bits) for each in weights[::2]]
        self.biases = [np.array(each, np.float32) for each in weights[1::2]]
        self.sums = None
        if rank is not None:
            self.sums = [LowRankSum(*each.shape, rank, reduction, seed=seed) for each in weights[::2]]
        self._summed = [0] * len(self.memories)

    def learn(self, image: np.ndarray, label: int) -> bool:
        """Learns one sample, ``[inputs]``; returns whether its class was known before."""
        values = self._activations(image[None])
        logits = values.pop()[0]
        powers = np.exp(logits - logits.max())
        upstream = powers / powers.sum()
        upstream[label] -= 1
        for place in reversed(range(len(self.memories))):
            inputs, memory = values[place][0], self.memories[place]
            before = (memory.weights @ upstream) * (inputs > 0)
            self.biases[place] -= self.learning_rate * upstream
            if self.sums is None:
                memory.add(-self.learning_rate * np.outer(inputs, upstream))
            else:
                self._sum(place, inputs, upstream)
            upstream = before
        return bool(logits.argmax() == label)

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Classes of images ``[n, inputs]``."""
        return self._activations(images)[-1].argmax(-1)

    def get_weights(self) -> list[np.ndarray]:
        """Kernels and biases in turn, for ``set_weights`` of the Keras model."""
        pairs = zip(self.memories, self.biases, strict=True)
        return [each for memory, bias in pairs for each in (memory.weights, bias)]

    @property
    def writes(self) -> np.ndarray:
        """How often each cell was written, of all kernels in one line."""
        return np.concatenate([memory.writes.ravel() for memory in self.memories])

    def _sum(self, place: int, inputs: np.ndarray, upstream: np.ndarray) -> None:
        """Adds a sample's gradient to the sum of a kernel, which it writes where it is due and large enough."""
        total, memory = self.sums[place], self.memories[place]
        total.add(inputs, upstream)
        self._summed[place] += 1
        if self._summed[place] % self.batch:
            return
        update = -self.learning_rate * total.value() / np.float32(self._summed[place] ** 0.5)
        if memory.density(update) >= self.least_density:
            memory.add(update)
            total.clear()
            self._summed[place] = 0

    def _activations(self, images: np.ndarray) -> list[np.ndarray]:
        """The inputs of each layer, and the logits."""
        values = [np.asarray(images, np.float32)]
        for place, (memory, bias) in enumerate(zip(self.memories, self.biases, strict=True), 1):
            sums = values[-1] @ memory.weights + bias
            values.append(sums if place == len(self.memories) else np.maximum(sums, 0))
        return values


def _check(weights: Sequence[np.ndarray]) -> None:
    shapes = [np.shape(each) for each in weights]
    pairs = list(zip(shapes[::2], shapes[1::2], strict=False))
    chained = all(len(kernel) == 2 and bias == kernel[1:] for kernel, bias in pairs)
    chained = chained and all(a[0][1] == b[0][0] for a, b in pairwise(pairs))
    if not pairs or len(shapes) % 2 or not chained:
        raise ValueError(f"OnlineMLP: weights are a kernel and a bias of each dense layer in turn, not {shapes}.")
