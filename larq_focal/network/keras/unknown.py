"""What a Keras layer stores and multiplies that the graph does not describe, for its ``Unknown`` operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from larq_focal.network.keras import room
from larq_focal.network.keras.kernels import KERNELS
from larq_focal.network.keras.layer_call import LayerCall
from larq_focal.network.keras.quantizers import precision
from larq_focal.network.kernel import FLOAT_BITS
from larq_focal.nn import keras

layers = keras.layers


def layer_macs(layer: layers.Layer, call: LayerCall, function: Callable, dtypes: Sequence):
    """Multiply-accumulates of one call, as ``Unknown.macs_by_bits``; None where they are not known.

    Args:
        function: what the layer computes, of one tensor for each input of ``call``.
        dtypes: the names of their types.
    """
    count = recurrent_macs(layer, call.shape(call.inputs[0])[0]) if _is_recurrent(layer) else None
    if count is None:
        count = room.function_macs(function, [(1, *call.shape(name)) for name in call.inputs], dtypes)
    return None if count is None else (((*_widths(layer), count),) if count else ())


def _widths(layer) -> tuple[int, int]:
    """Bits of the weights and of the inputs, by the layer's quantizers."""
    kernels = [precision(getattr(layer, f"{which}_quantizer", None)) or FLOAT_BITS for which in KERNELS]
    return min(kernels), precision(getattr(layer, "input_quantizer", None)) or FLOAT_BITS


def _is_recurrent(layer) -> bool:
    return isinstance(layer, layers.RNN | layers.Bidirectional)


def recurrent_macs(layer: layers.Layer, steps: int) -> int | None:
    """Those of a recurrent layer: its kernels, once for each step. None for cells of other kinds."""
    if isinstance(layer, layers.Bidirectional):
        both = [recurrent_macs(part, steps) for part in (layer.forward_layer, layer.backward_layer)]
        return None if None in both else sum(both)
    cells = layer.cell.cells if isinstance(layer.cell, layers.StackedRNNCells) else [layer.cell]
    if not all(isinstance(cell, layers.LSTMCell | layers.GRUCell | layers.SimpleRNNCell) for cell in cells):
        return None
    return steps * sum(int(np.prod(w.shape)) for cell in cells for w in (cell.kernel, cell.recurrent_kernel))
