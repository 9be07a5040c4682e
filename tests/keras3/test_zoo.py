"""Our networks on Keras 3: each is built, and with the weights of the zoo computes what its converted file does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from larq_focal.datasets.dataset import as_input
from larq_focal.datasets.rows import DATASETS
from larq_focal.deploy.runtime import Runtime
from larq_focal.nn import keras
from larq_focal.zoo.manifest import manifest
from larq_focal.zoo.registry import MODELS, build

FILES = Path(__file__).parents[2] / "tflite_models"
PRETRAINED = {"small_residual_react": 12}
"""Images that are compared, where it is not 60."""
NAMES = [name for name in manifest() if len(name.split("-")) == 2 and len(DATASETS[name.split("-")[1]].shape) == 3]
"""Of the trained networks, those of images; a third part of the name tells smaller ones of the same network."""
ONE_OF_EACH = {row.family: row for row in MODELS.values() if ".larq_zoo." not in row.factory and row.small}
METHODS = [row for row in MODELS.values() if row.family == "lenet"]


@pytest.mark.parametrize("name", NAMES)
def test_trained_networks_compute_what_their_files_do(name):
    model, _, dataset = name.partition("-")
    network = build(model, weights=dataset, input_shape=DATASETS[dataset].shape)
    count = PRETRAINED.get(model, 60)
    images = np.random.default_rng(0).integers(0, 256, (count, *network.input_shape[1:]), dtype=np.uint8)
    expected = Runtime(FILES / f"{name}.tflite").run(as_input(images))
    rounding = 1e-5 * np.abs(expected).max()  # sums are added in another order
    np.testing.assert_allclose(network.predict(as_input(images), verbose=0), expected, rtol=0, atol=rounding)


@pytest.mark.parametrize("row", [*ONE_OF_EACH.values(), *METHODS], ids=lambda row: row.name)
def test_every_network_and_method_is_built(row):
    assert row.build(**row.small).name == row.name
    keras.backend.clear_session()
