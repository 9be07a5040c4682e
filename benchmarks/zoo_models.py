"""Converts every model of the zoo, small, and compares every published count; prints two tables.

    python -m benchmarks.zoo_models            both; an hour on two cores
    python -m benchmarks.zoo_models resnet8    models whose name holds this

A model's batch normalisations get random statistics, because fresh ones put many sums on a threshold, where rounding
decides. The exit code is 1 if a model is not understood in full, does not convert, computes something else, is not
packed where its row does not say so, or if a count differs by more than its source's rounding.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console

from larq_focal.deploy.convert import ConversionError, convert
from larq_focal.keras import keras
from larq_focal.network.from_keras import from_keras
from larq_focal.recipes.listing import Structures
from larq_focal.zoo.registry import MODELS, ModelRow
from larq_focal.zoo.structure import compare


def main(part: str = "") -> int:
    rows = [row for name, row in MODELS.items() if part in name]
    faults = 0
    for row in rows:
        fault = _fault(row)
        faults += bool(fault)
        print(f"{row.name:36} {fault or row.stays_float or 'packed as meant'}", flush=True)
        keras.backend.clear_session()
    structures = Structures(tuple(comparison for row in rows for comparison in compare(row)))
    Console(width=180).print(structures)
    return int(bool(faults) or not all(each.agrees for each in structures.comparisons))


def _fault(row: ModelRow) -> str:
    """What is wrong with the small model of a row; "" for nothing."""
    model = row.build(**row.small)
    _randomise_normalisations(model)
    if unknown := from_keras(model).unknown:
        return f"not understood: {', '.join(op.name for op in unknown)}"
    with tempfile.TemporaryDirectory() as folder:
        try:
            audit = convert(model, Path(folder) / "model.tflite").audit
        except ConversionError as error:
            return str(error)
    if not audit.all_packed and not row.stays_float:
        return "not packed: " + ", ".join(layer.layer for layer in audit.not_packed)
    return "" if audit.passed else "the audit found: " + "; ".join(finding.message for finding in audit.errors)


def _randomise_normalisations(model: keras.Model) -> None:
    random = np.random.default_rng(0)
    for layer in model.submodules:
        if isinstance(layer, keras.layers.BatchNormalization):
            for weight in layer.weights:
                positive = "variance" in weight.name or "gamma" in weight.name
                weight.assign(random.uniform(*((0.5, 2) if positive else (-2, 2)), weight.shape))


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:2]))
