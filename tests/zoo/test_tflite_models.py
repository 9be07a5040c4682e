"""The converted models are those of the manifest, and compute what their record says."""

import json

import numpy as np
import pytest

from larq_focal.bench.records.parts import describe_file
from larq_focal.datasets.dataset import as_input, load_dataset
from larq_focal.deploy.runtime import Runtime
from larq_focal.zoo.manifest import manifest
from tools.tflite_models import FOLDER

ROWS = json.loads((FOLDER / "manifest.json").read_text())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_file_is_the_one_of_its_row(row):
    described = describe_file(FOLDER / row["name"])
    assert {key: row[key] for key in described} == described


def test_every_pretrained_model_is_there():
    names = {row["name"] for row in ROWS}
    assert names == {f"{name}.tflite" for name in manifest()} == {path.name for path in FOLDER.glob("*.tflite")}


def test_the_digits_are_recognised_as_recorded():
    data = load_dataset("digits")
    classes = Runtime(FOLDER / "two_layer_ste_sign-digits.tflite").run(as_input(data.x_test)).argmax(-1)
    (row,) = (row for row in ROWS if row["name"] == "two_layer_ste_sign-digits.tflite")
    assert np.mean(classes == data.y_test) == pytest.approx(row["accuracy"])
