"""Test images in other light: what cameras see, and what networks make of it."""

import json

import numpy as np
import pytest

from larq_focal.bench.study.light import light_accuracies, seen
from larq_focal.datasets.dataset import as_input, load_dataset
from larq_focal.deploy.convert import convert
from larq_focal.nn import keras
from larq_focal.report.study_page import Row, light_figure
from larq_focal.zoo import two_layer
from tests.bench.study.made_up import made_up_study

PIXELS = np.array([0, 1, 100, 128, 255], np.uint8).reshape(1, 5, 1, 1)


def test_the_light_of_the_training_changes_nothing():
    for camera in ("grey", "linear"):
        assert np.array_equal(seen(PIXELS, 1, camera), as_input(PIXELS))


def test_a_grey_camera_rounds_and_saturates():
    assert (256 * seen(PIXELS, 2, "grey") + 128).ravel().tolist() == [0, 2, 200, 255, 255]
    assert (256 * seen(PIXELS, 1 / 32, "grey") + 128).ravel().tolist() == [0, 0, 3, 4, 8]


def test_a_linear_sensor_does_neither():
    assert (256 * seen(PIXELS, 2, "linear") + 128).ravel().tolist() == [0, 2, 200, 256, 510]
    assert (256 * seen(PIXELS, 1 / 32, "linear") + 128).ravel().tolist() == [0, 1 / 32, 3.125, 4, 255 / 32]


@pytest.mark.parametrize("bits", [1, 1.5])
def test_log_gradients_do_not_see_the_light(bits, tmp_path):
    """And a network of grey values does; both files are packed. Powers of two scale floats exactly."""
    data, factors = load_dataset("digits"), (1 / 32, 1, 8)
    keras.utils.set_random_seed(0)
    accuracies = {}
    for name, options in (("gradients", {"log_gradient": bits}), ("grey", {})):
        conversion = convert(two_layer(filters=(4, 8), **options), tmp_path / f"{name}.tflite")
        assert {row.became for row in conversion.audit.layers} == {"packed"}
        camera = "linear" if options else "grey"
        found = light_accuracies(conversion.path, data, factors, camera, tmp_path / f"{name}.light")
        accuracies[name] = list(found.values())
        assert json.loads((tmp_path / f"{name}.light").read_text()) == {str(key): value for key, value in found.items()}
    assert len(set(accuracies["gradients"])) == 1
    assert len(set(accuracies["grey"])) > 1


def test_what_is_known_is_not_run_again(tmp_path):
    kept = tmp_path / "model.light"
    kept.write_text('{"1.0": 0.5}')
    assert light_accuracies(tmp_path / "none.tflite", None, (1.0,), "grey", kept) == {1.0: 0.5}


def test_a_study_shows_it():
    summary, _ = made_up_study({"a": (1000, [0.9]), "b": (2000, [0.8])}, light={0.25: [0.5, 0.7], 2.0: [0.8, 0.6]})
    assert summary.light_table().splitlines()[2:] == ["| a | 50.0 | 80.0 |", "| b | 70.0 | 60.0 |"]
    assert summary.light_table().splitlines()[0] == "| light | x 1/4 | x 2 |"
    figure = light_figure([Row(point, i, False) for i, point in enumerate(summary.points)])
    assert [list(trace.y) for trace in figure.data] == [[50.0, 80.0], [70.0, 60.0]]
    assert summary.to_dict()["points"][1]["light"] == {"x 1/4": 0.7, "x 2": 0.6}
