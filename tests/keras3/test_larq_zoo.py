"""Our networks of larq-zoo compute what larq-zoo's compute, with the weights of the files that it writes."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest

from larq_focal import zoo
from larq_focal.zoo.networks.larq_zoo.quicknet import BlurPool
from tests.keras3.conftest import larq_environment
from tests.keras3.zoo_cases import CLASSES, FUNCTIONS, SIZES

REFERENCE = "LARQ_FOCAL_TEST_ZOO_REFERENCE"
"""The environment variable that names a folder filled by ``tests.keras3.larq_zoo_reference``, where Larq is missing."""


@pytest.fixture
def files(request, tmp_path) -> Path:
    """A folder with the weights and outputs of larq-zoo's network."""
    if os.environ.get(REFERENCE):
        return Path(os.environ[REFERENCE])
    if find_spec("larq_zoo") is None:
        pytest.skip(f"larq-zoo is not installed, and {REFERENCE} names no folder of its results")
    command = [sys.executable, "-m", "tests.keras3.larq_zoo_reference", str(tmp_path), request.getfixturevalue("name")]
    process = subprocess.run(command, env=larq_environment(), capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return tmp_path


LARGE = ("XNORNet", "DoReFaNet", "BinaryAlexNet")


@pytest.mark.slow
@pytest.mark.usefixtures("forgets_models")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.own_process] * (name in LARGE)) for name in FUNCTIONS]
)
def test_networks_compute_what_larq_zoos_compute(name, files):
    expected = np.load(files / f"{name}.npz")
    shape = (SIZES[name], SIZES[name], 3)
    model = getattr(zoo, FUNCTIONS[name])(weights=files / f"{name}.h5", input_shape=shape, num_classes=CLASSES)
    probabilities = keras.ops.convert_to_numpy(model(expected["images"], training=False))
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, rtol=1e-5)
    logits = keras.Model(model.input, model.layers[-2].output)(expected["images"], training=False)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(logits), expected["logits"], atol=2e-5 * np.abs(expected["logits"]).max()
    )


def test_files_of_other_networks_are_refused(tmp_path):
    small = {"input_shape": (64, 64, 3), "include_top": False}
    with pytest.raises(zoo.WeightsError, match=r"no weights file 'nowhere\.h5'"):
        zoo.quicknet_small(weights="nowhere.h5", **small)
    (tmp_path / "text.h5").write_text("no weights")
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save_weights(tmp_path / "other.weights.h5")
    for name in ("text.h5", "other.weights.h5"):
        with pytest.raises(zoo.WeightsError, match=f"{name}' is not of quicknet_small, or is damaged"):
            zoo.quicknet_small(weights=tmp_path / name, **small)


def test_smoothing_kernels_are_binomial():
    kernel = keras.ops.convert_to_numpy(BlurPool()((3, 3, 2, 1)))
    np.testing.assert_allclose(16 * kernel[:, :, 1, 0], [[1, 2, 1], [2, 4, 2], [1, 2, 1]])
