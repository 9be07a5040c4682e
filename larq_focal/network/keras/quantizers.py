"""Reading quantizers by their rows: what a quantizer does to activations becomes operations."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np

from larq_focal import quantizers as focal
from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras import room
from larq_focal.network.keras.layer_call import LayerCall
from larq_focal.network.keras.user_classes import defines_its_own
from larq_focal.network.kernel import FLOAT_BITS, Kernel
from larq_focal.network.step_function import find_steps
from larq_focal.nn import NoOp
from larq_focal.quantizers import row_of

Quantizer = Callable[[Any], Any]


def quantizer_name(quantizer: Quantizer | None) -> str:
    """The alias of a quantizer, else the name of its class or function; "" for None."""
    if quantizer is None:
        return ""
    if (row := row_of(quantizer)) is not None:
        return row.alias
    return getattr(quantizer, "__name__", type(quantizer).__name__)


def precision(quantizer: Quantizer | None) -> int | None:
    """The bits that a quantizer claims to produce."""
    return getattr(quantizer, "precision", None)


def is_quantizer(function: Any) -> bool:
    """Whether ``function``, found as an activation, is a quantizer."""
    return isinstance(function, room.AnyQuantizer) or precision(function) is not None


def read_quantizer(quantizer: Quantizer, call: LayerCall, value: str, part: str = "") -> str:
    """Adds what ``quantizer`` does to the activations ``value`` and returns the name of the result."""
    read = _traced if defines_its_own(quantizer, "call") else _read
    start = len(call.builder)
    try:
        result = read(quantizer, call, value, part)
    except NotUnderstood as reason:
        kind = f"quantizer {quantizer_name(quantizer)} ({reason})"
        result = call.add(ops.Unknown, value, part=part, kind=kind, weights=(), macs_by_bits=())
    call.builder.share(quantizer, start)
    return result


def _read_by_row(quantizer: Quantizer, call: LayerCall, value: str, part: str) -> str:
    """What the row of its class, or of the class that it inherits ``call`` from, says of the quantizer."""
    row = row_of(quantizer, inherited=True)
    if row is None:
        return _traced(quantizer, call, value, part)
    if reason := row.follows_data(quantizer):
        raise NotUnderstood(reason)
    if row.reading == "sign":
        return call.add(ops.Binarize, value, part=part, threshold=np.float32(0))
    if row.reading == "steps":
        # A clone where there are no weights: metrics of the original must not see this.
        function = quantizer if row.trainable else type(quantizer).from_config(quantizer.get_config())
        levels, boundaries = find_steps(lambda x: room.computed(function, x), max_levels=2**quantizer.precision)
        return call.add(ops.Quantize, value, part=part, levels=levels, boundaries=boundaries)
    if row.activation is None:
        raise NotUnderstood("made for kernels: its levels would follow each batch")
    return _traced(quantizer, call, value, part)


def _traced(quantizer: Quantizer, call: LayerCall, value: str, part: str) -> str:
    """What evaluating it does, operation by operation."""
    (result,) = room.read_function(lambda x: quantizer(x), (), call, [value], part=part)
    return result


_read = singledispatch(_read_by_row)


@_read.register
def _(quantizer: focal.TernarySign, call, value, part):
    if quantizer.threshold is not None:
        return _read_by_row(quantizer, call, value, part)
    mean = _add_mean_magnitude(call, value, part)
    planes = []
    for sign, name in ((-1, "above"), (1, "not_below")):  # x - T > 0 and x + T >= 0
        shift = call.add_affine(mean, scale=sign * quantizer.delta, part=_part(part, f"{name}/threshold"))
        distance = call.add(ops.Add, value, shift, part=_part(part, f"{name}/distance"))
        least = np.float32(0) if sign > 0 else np.nextafter(np.float32(0), np.float32(1))
        planes.append(call.add(ops.Binarize, distance, part=_part(part, name), threshold=least))
    total = call.add(ops.Add, *planes, part=_part(part, "sum"))
    levels, boundaries = np.float32([-1, 0, 1]), np.float32([-1, 1])
    return call.add(ops.Quantize, total, part=part, levels=levels, boundaries=boundaries)


@_read.register
def _(quantizer: focal.LSQ, call, value, part):
    if float(room.as_array(quantizer.step)) > 0:
        return _read_by_row(quantizer, call, value, part)
    kind = "quantizer lsq (its step is measured in the first training step, and that has not been)"
    return call.add(ops.Unknown, value, part=part, kind=kind, bits=quantizer.bits, weights=(), macs_by_bits=())


@_read.register
def _(quantizer: NoOp, call, value, part):
    return value


@_read.register
def _(quantizer: focal.LearnableActivationBinarizer, call, value, part):
    """A dense layer gives it the row of its features as one pixel."""
    kernel = room.as_array(quantizer.depthwise_kernel)  # [kh, kw, C, 1]
    shape = call.shape(value)
    if len(shape) == 1:
        value = call.add(ops.Reshape, value, part=_part(part, "pixel"), shape=(1, 1, *shape))
    response = call.add(
        ops.Conv2D,
        value,
        part=_part(part, "response"),
        kernel=Kernel(np.swapaxes(kernel, 2, 3), None, FLOAT_BITS),
        bias=None if quantizer.bias is None else room.as_array(quantizer.bias),
        padding="same",
        groups=kernel.shape[2],
    )
    if len(shape) == 1:
        response = call.add(ops.Reshape, response, part=_part(part, "features"), shape=shape)
    return call.add(ops.Binarize, response, part=part, threshold=np.float32(0))


def _part(part: str, name: str) -> str:
    return f"{part}/{name}".lstrip("/")


def _add_mean_magnitude(call: LayerCall, value: str, part: str) -> str:
    """Adds mean|x| of each sample, with as many axes as the value."""
    shape = call.shape(value)
    magnitude = call.add(ops.Activation, value, part=_part(part, "magnitude"), kind="abs")
    row = call.add(ops.Reshape, magnitude, part=_part(part, "row"), shape=(1, int(np.prod(shape)), 1))
    mean = call.add(ops.GlobalPool, row, part=_part(part, "mean"), shape=(1, 1, 1), kind="average", keep_dims=True)
    return call.add(ops.Reshape, mean, part=_part(part, "mean_magnitude"), shape=(1,) * len(shape))
