"""LiteRT's schema of TensorFlow Lite files."""

from __future__ import annotations

from functools import cache
from types import ModuleType


@cache
def schema() -> ModuleType:
    """The module with the schema's classes.

    Raises:
        ImportError: the package ``ai-edge-litert`` is missing.
    """
    try:
        from ai_edge_litert import schema_py_generated
    except ImportError as error:
        raise ImportError("TensorFlow Lite files need the schema of LiteRT: pip install ai-edge-litert") from error
    return schema_py_generated
