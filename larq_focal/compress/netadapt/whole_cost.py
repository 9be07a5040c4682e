"""The cost of a network of given widths, of the network as a whole."""

from __future__ import annotations

from larq_focal.compress.netadapt.channels import Channels
from larq_focal.compress.netadapt.cost_table import Widths
from larq_focal.compress.netadapt.meters import Meter
from larq_focal.compress.netadapt.narrowing import narrowed
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.nn import keras


class WholeCost:
    """Measures or counts the whole network at every width that is asked for, once each.

    Slower than a ``CostTable``, and right where the cost of a network is not the sum over its layers.

    Args:
        model: the network.
        channels: of this model.
        meter: what measures.
    """

    def __init__(self, model: keras.Model, channels: Channels, meter: Meter):
        self._model, self._channels, self._meter = model, channels, meter
        self._known: dict[tuple[int, ...], float] = {}

    def __call__(self, widths: Widths) -> float:
        key = tuple(widths[name] for name in self._channels.blocks)
        if key not in self._known:
            gone = [
                channel
                for block in self._channels.blocks.values()
                for channel in block.channels[widths[block.name] :].tolist()
            ]
            self._known[key] = self._meter(from_keras(narrowed(self._model, self._channels, gone)))
        return self._known[key]
