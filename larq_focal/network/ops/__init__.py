"""The operations of a QuantGraph. Each produces one value; shapes leave the batch axis out: (height, width, channels).

Operations say what they are and what they keep and count; what they compute is written in ``computation.py``.
"""

from larq_focal.network.kernel import FLOAT_BITS
from larq_focal.network.ops.base import Bits, Input, Op, Padding, Pair, Shape, Unknown
from larq_focal.network.ops.elementwise import Activation, Add, Affine, Constant, Multiply, Standardize
from larq_focal.network.ops.layers import Conv2D, Conv2DTranspose, Conv3D, Dense, Linear, LocallyConnected2D, Weighted
from larq_focal.network.ops.moves import Concat, GlobalPool, Pad, Pool2D, Reshape, Slice
from larq_focal.network.ops.numbers import Numbers
from larq_focal.network.ops.products import Einsum, Embedding
from larq_focal.network.ops.quantizers import Binarize, Quantize, UniformQuantize

OPS: dict[str, type[Op]] = {
    op.__name__: op
    for op in (
        Input,
        Binarize,
        Quantize,
        UniformQuantize,
        Conv2D,
        Conv2DTranspose,
        Conv3D,
        LocallyConnected2D,
        Dense,
        Embedding,
        Einsum,
        Affine,
        Standardize,
        Pool2D,
        GlobalPool,
        Add,
        Multiply,
        Activation,
        Concat,
        Pad,
        Slice,
        Reshape,
        Unknown,
    )
}

__all__ = [
    "FLOAT_BITS",
    "OPS",
    "Bits",
    "Constant",
    "Linear",
    "Numbers",
    "Op",
    "Padding",
    "Pair",
    "Shape",
    "Weighted",
    *OPS,
]
