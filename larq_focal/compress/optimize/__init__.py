"""One knob: the least costly network within a loss of accuracy, by widths and bits chosen layer by layer.

optimize("model.keras", data, "model.tflite", max_drop=0.01)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.lazy_door import lazy_door

if TYPE_CHECKING:
    from larq_focal.compress.optimize.optimized import Optimized, optimize
    from larq_focal.compress.optimize.state import Attempt

__all__ = ["Attempt", "Optimized", "optimize"]


if not TYPE_CHECKING:  # to a type checker this would make every name one of ours
    __getattr__, __dir__ = lazy_door(__name__, {"optimized": ("Optimized", "optimize"), "state": ("Attempt",)})
