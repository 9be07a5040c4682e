"""What is said of a layer whose quantized input is the same whatever the network sees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FIX = (
    "Take away the activation in front of the layer's quantizer, or put it behind the layer: the quantizer must get "
    "values on both sides of its threshold."
)


def constant_input(values: np.ndarray, behind: Sequence[str] = ()) -> str:
    """The message.

    Args:
        values: the layer's input.
        behind: layers whose inputs are constant because this one's is.
    """
    listed = " or ".join(f"{value:+g}" for value in np.unique(values)[:3])
    return (
        f"Its input is always {listed}, whatever the network sees, because its quantizer gets values on one side of "
        "its threshold only (behind a relu the sign is +1 everywhere, also of 0). So the layer gives the same for "
        "every input, and learns nothing" + (f"; nor do the layers behind it: {', '.join(behind)}." if behind else ".")
    )
