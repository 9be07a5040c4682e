"""What a trained and converted network is worth, in the terms of a run record."""

from __future__ import annotations

from typing import Any

import numpy as np

from larq_focal.bench.records.mistakes import mistakes_of
from larq_focal.bench.records.parts import accuracy_of, confusion_matrix, describe_file
from larq_focal.cost import summary
from larq_focal.datasets.dataset import Dataset, as_input
from larq_focal.deploy.convert import Conversion
from larq_focal.deploy.runtime import Runtime
from larq_focal.deploy.timing import time
from larq_focal.focal_plane import fit
from larq_focal.mcu import Board, report_graph
from larq_focal.network.graph import QuantGraph
from larq_focal.nn import keras

SENSOR = "scamp5"


def judged(
    conversion: Conversion, model: keras.Model, graph: QuantGraph, data: Dataset, board: Board | None = None
) -> dict[str, Any]:
    """Accuracies on the test images, audit, costs, timing, microcontroller and register fit, as plain JSON values.

    Args:
        conversion: The converted network, audited on the test images.
        model: The network in Keras.
        graph: What it is read into.
        data: Its data set.
        board: The microcontroller; None for a Cortex-M4 without a clock.

    Raises:
        ValueError: The file gives outputs that are not numbers.
    """
    images = as_input(data.x_test)
    outputs = Runtime(conversion.path).run(images)
    keras_outputs = model.predict(images, batch_size=256, verbose=0)
    predicted, keras_predicted = outputs.argmax(-1), keras_outputs.argmax(-1)
    if not np.isfinite(outputs).all():
        raise ValueError(f"'{conversion.path}' gives outputs that are not numbers.")
    audit = conversion.audit.to_dict()
    is_compared = conversion.audit.int8 is None and conversion.audit.agreement is not None
    return {
        "dataset": {
            "name": data.name,
            "title": data.title,
            "source": data.source,
            "train": len(data.x_train),
            "test": len(data.x_test),
            "classes": list(data.classes),
        },
        "keras_accuracy": float(np.mean(keras_predicted == data.y_test)),
        "accuracy": accuracy_of(predicted, data.y_test),
        "confusion": confusion_matrix(predicted, data.y_test, len(data.classes)),
        "mistakes": mistakes_of(outputs, data.x_test, data.y_test),
        "agreement": audit["agreement"] if is_compared else _agreement(outputs, keras_outputs),
        "converter": conversion.converter,
        "file": describe_file(conversion.path),
        "audit": audit,
        "cost": summary(graph).to_dict(),
        "timing": time(conversion.path, memory=True).to_dict(),
        "microcontroller": report_graph(graph, board or Board(), pixels="centred").to_dict(),
        "fit": _fitted(graph, model) if len(data.image_shape) == 3 else None,  # a sensor sees images, not signals
    }


def _agreement(outputs: np.ndarray, keras_outputs: np.ndarray) -> dict[str, Any]:
    """How near the file is to Keras; the audit of one that was calibrated to int8 holds it against its roundings, and
    that of stock tools against nothing."""
    return {
        "samples": len(outputs),
        "same_class": int(np.sum(outputs.argmax(-1) == keras_outputs.argmax(-1))),
        "max_abs_difference": float(np.abs(outputs - keras_outputs).max()),
    }


def _fitted(graph: QuantGraph, model: keras.Model) -> dict[str, Any]:
    """The fit with its program, where there is one, and the steps of that for a page."""
    black, white = (float(value) for value in as_input(np.array([0, 255], np.uint8)))
    report = fit(graph, SENSOR, with_program=True, pixel_range=(black, white), keras_model=model)
    return report.to_dict() | {"program": report.program and report.program.to_page()}
