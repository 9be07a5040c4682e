"""Files that stock tools make of a float file, with what their layers became."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from larq_focal.deploy.audit.layer_audit import LayerAudit
from larq_focal.deploy.audit.report import Audit
from larq_focal.deploy.convert import Conversion
from larq_focal.deploy.stock_quantizer import quantize_stock
from larq_focal.network.graph import QuantGraph
from larq_focal.network.tflite.read.from_tflite import from_tflite


def stock_conversion(
    source: Path, path: Path, form: str, representative: Sequence[np.ndarray]
) -> tuple[Conversion, QuantGraph]:
    """Writes the stock form of a float file, and returns it with its audit, and what it is read into.

    Raises:
        QuantizerMissing: the quantizer is not installed.
        ValueError: it does not take the file.
    """
    quantize_stock(source, path, form, representative)
    graph = from_tflite(path)
    return Conversion(path, _audit(graph, path), "ai-edge-quantizer"), graph


def _audit(graph: QuantGraph, path: Path) -> Audit:
    """What the layers of a stock file became. That it computes what Keras does, is not asked of it: it is judged."""
    rows = tuple(
        LayerAudit(
            op.name,
            type(op).__name__,
            "few-bit",
            "int8" if op.kernel.bits == 8 else "float" if op.kernel.bits > 8 else "packed",
            type(op).__name__,
            op.kernel.size,
            *2 * (-(-op.kernel.size * op.kernel.bits // 8),),
        )
        for op in graph.ops
        if getattr(op, "kernel", None) is not None
    )
    size = path.stat().st_size
    return Audit(graph.name, size, size, rows, None, ())
