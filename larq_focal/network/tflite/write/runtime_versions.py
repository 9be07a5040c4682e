"""The oldest TensorFlow Lite that has the operators of a file.

Source: google-ai-edge/LiteRT, ``tflite/tools/versioning/runtime_version.cc``.
"""

from __future__ import annotations

from collections.abc import Iterable

ENTRY = "min_runtime_version"
_ENTRY_BYTES = 16
_FIRST = "1.5.0"

_SINCE = {
    ("ADD", 2): "1.14.0",
    ("AVERAGE_POOL_2D", 2): "1.14.0",
    ("BATCH_MATMUL", 1): "2.3.0",
    ("CEIL", 1): "1.14.0",
    ("CONCATENATION", 2): "1.14.0",
    ("CONV_2D", 3): "1.14.0",
    ("CONV_3D", 1): "2.5.0",
    ("DEPTHWISE_CONV_2D", 3): "1.14.0",
    ("DEQUANTIZE", 2): "1.14.0",
    ("DIV", 1): "1.6.0",
    ("FLOOR", 1): "1.9.0",
    ("FULLY_CONNECTED", 5): "2.0.0",
    ("FULLY_CONNECTED", 12): "2.17.0",
    ("GATHER", 1): "1.6.0",
    ("GREATER_EQUAL", 1): "1.14.0",
    ("LEAKY_RELU", 1): "1.13.1",
    ("LEAKY_RELU", 2): "2.3.0",
    ("LESS_EQUAL", 1): "1.14.0",
    ("LOGISTIC", 1): "1.14.0",
    ("MAXIMUM", 1): "1.14.0",
    ("MAX_POOL_2D", 2): "1.14.0",
    ("MEAN", 1): "1.6.0",
    ("MEAN", 2): "1.14.0",
    ("MINIMUM", 1): "1.14.0",
    ("MUL", 2): "1.14.0",
    ("PAD", 2): "1.14.0",
    ("PADV2", 1): "1.9.0",
    ("PADV2", 2): "1.14.0",
    ("PRELU", 1): "1.8.0",
    ("QUANTIZE", 1): "1.14.0",
    ("QUANTIZE", 2): "1.15.0",
    ("REDUCE_MAX", 1): "1.11.0",
    ("REDUCE_MAX", 2): "1.14.0",
    ("RELU", 2): "2.1.0",
    ("RELU6", 2): "1.14.0",
    ("ROUND", 1): "1.14.0",
    ("SELECT_V2", 1): "2.2.0",
    ("SLICE", 1): "1.14.0",
    ("SLICE", 2): "1.14.0",
    ("SQRT", 1): "1.10.0",
    ("SQUARE", 1): "1.12.0",
    ("ABS", 1): "1.13.0",
    ("STRIDED_SLICE", 1): "1.6.0",
    ("STRIDED_SLICE", 2): "1.14.0",
    ("SUB", 1): "1.6.0",
    ("TANH", 1): "1.14.0",
    ("TRANSPOSE", 1): "1.6.0",
    ("TRANSPOSE_CONV", 1): "1.9.0",
    ("TRANSPOSE_CONV", 3): "2.3.0",
}
"""By operator and version, of those that are written; the others have been there from the first on."""


def min_runtime_version(operators: Iterable[tuple[str, int]]) -> bytes:
    """The entry of the metadata for these operators with their versions: a text, filled up with zeros."""
    versions = [_SINCE.get(each, _FIRST) for each in operators]
    newest = max(versions, key=lambda text: [int(part) for part in text.split(".")], default=_FIRST)
    return newest.encode().ljust(_ENTRY_BYTES, b"\0")
