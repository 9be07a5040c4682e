"""How many numbers of how many bits an operation keeps in memory for inference."""

from __future__ import annotations

from collections import Counter

import numpy as np

from larq_focal.network.kernel import FLOAT_BITS, Kernel
from larq_focal.network.ops import Activation, Affine, Binarize, Linear, Op


def parameter_counts(op: Op) -> Counter[int]:
    """Stored numbers by their width in bits: ``{1: 2304, 32: 16}``.

    Kernels count at the width of their codes; biases, thresholds and learned slopes at 32 bits; an ``Affine`` as a
    multiplier and an offset per channel, which is all that inference needs of a batch normalisation
    (``lq.models.summary`` of larq counts so too). The steps of ``Quantize`` and the grid of ``UniformQuantize`` are
    a few constants per layer and are not counted. To see what folding saves, give the folded graph.
    """
    counts = Counter({FLOAT_BITS: float_parameters(op) - _kernel_size(op)})
    if isinstance(op, Linear):
        counts[op.kernel.bits] += op.kernel.size
        counts[FLOAT_BITS] += scale_count(op.kernel)
    if isinstance(op, Binarize) and op.flip is not None:
        counts[1] += op.flip.size
    return +counts


def parameter_bits(op: Op) -> int:
    """Bits of all the numbers that ``op`` keeps."""
    return sum(bits * count for bits, count in parameter_counts(op).items())


def float_parameters(op: Op) -> int:
    """Numbers that the same operation keeps where all is float32: no scales and flips, which only few bits need."""
    if isinstance(op, Linear):
        return op.kernel.size + (0 if op.bias is None else op.bias.size)
    if isinstance(op, Affine):
        return op.scale.size + op.bias.size
    if isinstance(op, Activation) and op.kind == "prelu":
        return int(np.size(op.alpha))
    if isinstance(op, Binarize) and np.any(op.threshold):
        return int(np.size(op.threshold))
    return 0


def scale_count(kernel: Kernel) -> int:
    """Scales that must be stored: none where all are 1, one where all are equal, else one per output channel."""
    if kernel.scale is None or np.all(kernel.scale == 1):
        return 0
    return 1 if np.all(kernel.scale == kernel.scale[0]) else kernel.scale.size


def _kernel_size(op: Op) -> int:
    return op.kernel.size if isinstance(op, Linear) else 0
