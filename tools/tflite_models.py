"""Converts every pretrained model of the zoo and writes it with a manifest: ``make tflite-models``."""

from __future__ import annotations

import json
from pathlib import Path

from larq_focal.bench.records.parts import describe_file
from larq_focal.bench.records.record_file import read_record
from larq_focal.datasets.dataset import DATASETS
from larq_focal.deploy.convert import convert
from larq_focal.files import write_text
from larq_focal.keras import keras
from larq_focal.zoo.manifest import manifest
from larq_focal.zoo.registry import build
from tools.publish_weights import PRETRAINED

FOLDER = Path(__file__).parents[1] / "tflite_models"


def convert_pretrained(name: str, folder: Path = FOLDER) -> dict:
    """Converts one pretrained model; its row of the manifest. The accuracy is the one that its record holds."""
    record = read_record(PRETRAINED / f"{name}.json")
    settings, known = record["settings"], DATASETS[record["dataset"]["name"]]
    model = build(
        settings["model"],
        weights=name.removeprefix(f"{settings['model']}-"),
        input_shape=known.shape,
        num_classes=len(known.classes),
        **settings["options"],
    )
    conversion = convert(model, folder / f"{name}.tflite")
    keras.backend.clear_session()
    return {
        **describe_file(conversion.path),
        "source": record["source"],
        "dataset": record["dataset"]["title"],
        "accuracy": record["accuracy"]["value"],
        "converter": conversion.converter,
    }


if __name__ == "__main__":
    rows = [convert_pretrained(name) for name in manifest()]
    write_text(FOLDER / "manifest.json", json.dumps(rows, indent=1) + "\n")
    for row in rows:
        print(f"{row['name']}: {row['bytes']:,} bytes, {row['accuracy']:.2%} on {row['dataset']}")
