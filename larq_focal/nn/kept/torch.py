"""What is kept for the backward pass, on PyTorch; the functions are those of :mod:`larq_focal.nn.kept.tensorflow`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from keras import ops

from larq_focal.nn.kept.samples import SAMPLES


def with_backward(forward: Callable, backward: Callable) -> Callable[..., torch.Tensor]:
    """A function of tensors with a backward pass of its own."""

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(context, *tensors):
            value, kept = forward(*tensors)
            context.save_for_backward(*kept)
            return value

        @staticmethod
        def backward(context, upstream):
            return tuple(backward(context.saved_tensors, upstream))

    return lambda *tensors: Function.apply(*map(ops.convert_to_tensor, tensors))  # variables of Keras are none


def of_shape(samples: Sequence[int], tensor: torch.Tensor) -> torch.Tensor:
    """``tensor``, whose shape is always known."""
    return tensor


def over_slices(function: Callable, *tensors: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """``function`` of a few samples at a time."""
    results = [
        function(*some)
        for some in zip(*(torch.split(ops.convert_to_tensor(each), SAMPLES) for each in tensors), strict=True)
    ]
    parts, sums = zip(*results, strict=True)
    return [torch.cat(each) for each in zip(*parts, strict=True)], [sum(each) for each in zip(*sums, strict=True)]


def gradients(function: Callable, inputs: Sequence[torch.Tensor], upstream: torch.Tensor) -> Sequence[torch.Tensor]:
    """Of ``function(*inputs)`` by each of the inputs, times the upstream gradient."""
    with torch.enable_grad():
        inputs = [each.detach().requires_grad_() for each in inputs]
        return torch.autograd.grad(function(*inputs), inputs, upstream)
