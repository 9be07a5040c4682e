"""The options of custom operations in a TensorFlow Lite file."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from flatbuffers import flexbuffers

_MAX_OPTIONS = 64
DAMAGE = (struct.error, IndexError, ValueError, TypeError, OverflowError, AttributeError, RecursionError, KeyError)
"""What the generated accessors raise where offsets or lengths point outside the file."""


def custom_options(data: np.ndarray | None) -> dict[str, Any]:
    """A flat FlexBuffer map of numbers and texts as a dict; anything else, and any other format, is left out."""
    if data is None:
        return {}
    scalar = (bool, int, float, str)
    try:
        root = flexbuffers.GetRoot(data.tobytes())
        if not root.IsMap or len(root.AsMap) > _MAX_OPTIONS:
            return {}
        pairs = zip(root.AsMap.Keys, root.AsMap.Values, strict=True)
        return {
            key.AsKey: value.Value
            for key, value in pairs
            if not (value.IsVector or value.IsMap or value.IsBlob) and isinstance(value.Value, scalar)
        }
    except DAMAGE:  # every custom operation has a format of its own for its options
        return {}
