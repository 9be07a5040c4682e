"""NetAdapt: networks made narrower by what they cost, measured, with residual sums and concatenations.

    channels = channels_of(model)
    table = CostTable(channels, MeasuredLayers(meter_for("latency"), "tables"))
    log = netadapt(model, Tuning.of(data, recipe), table, "adapted")
    log.model

``adapt_file`` does all of it for a file, as ``larq-focal netadapt`` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.lazy_door import lazy_door

if TYPE_CHECKING:
    from larq_focal.compress.netadapt.adaptation import Schedule, netadapt
    from larq_focal.compress.netadapt.adaptation_log import Adaptation
    from larq_focal.compress.netadapt.adapted_file import AdaptedFile, adapt_file
    from larq_focal.compress.netadapt.channels import Channels, channels_of
    from larq_focal.compress.netadapt.cost_table import CostTable, MeasuredLayers
    from larq_focal.compress.netadapt.meters import ClockMeter, CountMeter, WordMeter, meter_for
    from larq_focal.compress.netadapt.narrowing import least_important, narrowed
    from larq_focal.compress.netadapt.tuning import Tuning
    from larq_focal.compress.netadapt.whole_cost import WholeCost

__all__ = [
    "Adaptation",
    "AdaptedFile",
    "Channels",
    "ClockMeter",
    "CostTable",
    "CountMeter",
    "MeasuredLayers",
    "Schedule",
    "Tuning",
    "WholeCost",
    "WordMeter",
    "adapt_file",
    "channels_of",
    "least_important",
    "meter_for",
    "narrowed",
    "netadapt",
]


if not TYPE_CHECKING:  # to a type checker this would make every name one of ours
    __getattr__, __dir__ = lazy_door(
        __name__,
        {
            "adaptation": ("Schedule", "netadapt"),
            "adaptation_log": ("Adaptation",),
            "adapted_file": ("AdaptedFile", "adapt_file"),
            "channels": ("Channels", "channels_of"),
            "cost_table": ("CostTable", "MeasuredLayers"),
            "meters": ("ClockMeter", "CountMeter", "WordMeter", "meter_for"),
            "narrowing": ("least_important", "narrowed"),
            "tuning": ("Tuning",),
            "whole_cost": ("WholeCost",),
        },
    )
