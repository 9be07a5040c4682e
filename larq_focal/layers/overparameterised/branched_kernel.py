"""A kernel quantizer that trains several latent kernels, whose sum is quantized."""

from __future__ import annotations

from typing import Any, Literal, get_args

from larq_focal.nn import Tensor, get_quantizer, keras, needs_no_constraint, ops, register, straight_through
from larq_focal.quantizers.parts.base import Quantizer
from larq_focal.quantizers.parts.row import row_of

Branch = Literal["rows", "columns", "point"]


@straight_through
def clipped(x: Tensor) -> Tensor:
    """``x`` limited to -1 and 1. Backward, the gradient passes unchanged."""
    return ops.clip(x, -1, 1)


def branch_size(branch: Branch, size: tuple[int, int]) -> tuple[int, int]:
    """Height and width of a branch beside a kernel of this ``size``."""
    height, width = size
    return {"rows": (1, width), "columns": (height, 1), "point": (1, 1)}[branch]


def centred(kernel: Tensor, size: tuple[int, int]) -> Tensor:
    """``kernel`` [h, w, inputs, outputs] in the middle of zeros of this ``size``; of two middles the first."""
    missing = [whole - part for whole, part in zip(size, kernel.shape[:2], strict=True)]
    return ops.pad(kernel, [*((each // 2, each - each // 2) for each in missing), (0, 0), (0, 0)])


@register()
class BranchedKernel(Quantizer):
    """Trains smaller kernels beside the layer's own, and scales; what is quantized is one sum of the kernel's size.

        q(w) = quantizer(s_0 w + s_1 w_1 + s_2 w_2 + ...)

    with a scale in each s_i for each output channel, and each w_i in the middle of zeros. They begin at 1 and at 0, so
    that the network begins as that without branches. The more weights are latent ones: inference has one kernel in the
    quantizer's values. :func:`larq_focal.training.fold` puts that sum into a plain layer; a conversion, where the
    kernel is what the quantizer returns, needs no folding.

    Where the quantizer has no gradient for weights beyond 1, the sum is limited to -1 and 1 before, and its gradient
    passes unchanged.

    Args:
        quantizer: A kernel quantizer, or its alias.
        branches: Of "rows" (kernels of 1 x width), "columns" (height x 1) and "point" (1 x 1).
        **kwargs: As for any Keras layer.

    Shapes:
        [height, width, input channels, output channels] in and out; the kernel of any two-dimensional convolution.

    Raises:
        ValueError: An unknown or repeated branch, or a kernel of another number of axes.

    Source:
        This project's own. Nie et al., "Binarized Neural Networks as a General-Purpose Compute Paradigm for On-Device
        Computer Vision", https://arxiv.org/abs/2202.03716, train over-parameterised networks that fold away, by blocks
        that their abstract does not give; kernels of rows and columns that add up to one are those of Ding et al.,
        "ACNet", https://arxiv.org/abs/1908.03930.
    """

    def __init__(self, quantizer: Any, branches: tuple[Branch, ...] = get_args(Branch), **kwargs: Any):
        super().__init__(**kwargs)
        if set(branches) - {*get_args(Branch)} or len({*branches}) < len(branches):
            raise ValueError(f"BranchedKernel: branches must be of {', '.join(get_args(Branch))}, not {branches}.")
        self.quantizer = get_quantizer(quantizer)
        self.branches = tuple(branches)
        row = row_of(self.quantizer, inherited=True)
        self._clips = bool(row and row.needs_clip)

    @property
    def precision(self) -> int | None:
        """Bits of its values."""
        return getattr(self.quantizer, "precision", None)

    def build(self, input_shape):
        shape = tuple(input_shape)
        if len(shape) != 4:
            raise ValueError(f"BranchedKernel: a kernel has four axes, height and width first, not the shape {shape}.")
        self.scales = [self._weight("scale", shape[-1:], "ones")]
        self.kernels = []
        for branch in self.branches:
            self.kernels.append(self._weight(branch, (*branch_size(branch, shape[:2]), *shape[2:]), "zeros"))
            self.scales.append(self._weight(f"{branch}_scale", shape[-1:], "ones"))
        if isinstance(self.quantizer, keras.layers.Layer) and not self.quantizer.built:
            self.quantizer.build(shape)
        super().build(input_shape)

    def _weight(self, name: str, shape: tuple[int, ...], initializer: str):
        return self.add_weight(name=name, shape=shape, initializer=initializer, autocast=False)

    def merged(self, kernel: Tensor) -> Tensor:
        """The latent kernel that is quantized, for this one of the layer."""
        size = tuple(kernel.shape[:2])
        kernels = [kernel, *(ops.cast(ops.convert_to_tensor(each), kernel.dtype) for each in self.kernels)]
        total = 0
        for scale, each in zip(self.scales, kernels, strict=True):
            total = total + ops.cast(ops.convert_to_tensor(scale), kernel.dtype) * centred(each, size)
        return clipped(total) if self._clips else total

    def call(self, inputs):
        return self.quantizer(self.merged(inputs))

    def get_config(self):
        serialized = keras.layers.serialize(self.quantizer)
        return {**super().get_config(), "quantizer": serialized, "branches": list(self.branches)}


needs_no_constraint(BranchedKernel)
