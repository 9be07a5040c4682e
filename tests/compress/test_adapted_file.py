"""A model's file made narrower, with its long training at the end, from one call to another."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from larq_focal.cli import main
from larq_focal.compress.netadapt import Schedule, adapt_file
from larq_focal.nn import keras

OPTIONS = {"metric": "macs", "points": 3, "keep": ["first"], "held_out": 200, "learning_rate": 0.01}
SCHEDULE = Schedule(iterations=1, first=0.2, steps=1, judged=50)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    image = keras.layers.Input((8, 8, 1))
    x = keras.layers.Conv2D(8, 3, activation="relu", name="first")(image)
    x = keras.layers.Conv2D(16, 3, activation="relu", name="second")(x)
    x = keras.layers.Dense(10)(keras.layers.Flatten()(x))
    return keras.Model(image, keras.layers.Softmax()(x), name="small")


@pytest.fixture(scope="module")
def whole(model, tmp_path_factory):
    return adapt_file(model, "digits", tmp_path_factory.mktemp("whole"), schedule=SCHEDULE, epochs=2, **OPTIONS)


def test_what_came_out_is_narrower_and_trained_to_its_end(whole, model):
    assert whole.after["macs"] < 0.8 * whole.before["macs"]
    (iteration,) = whole.log.iterations
    assert whole.after["held_out_accuracy"] > iteration.accuracy + 0.2, "a step is no training, two passes are one"
    loaded = keras.models.load_model(whole.folder / "model.keras")
    assert loaded.get_layer("second").filters == whole.log.widths["second"] < 16
    assert json.loads((whole.folder / "summary.json").read_text())["about"]["epochs"] == 2


def test_the_training_at_the_end_goes_on_where_it_stopped(whole, model, tmp_path):
    told: list[str] = []
    options = {"schedule": SCHEDULE, "epochs": 2, "tell": told.append, **OPTIONS}
    adapt_file(model, "digits", tmp_path, **{**options, "epochs": 0})
    assert not [*tmp_path.glob("trained_*")]
    adapt_file(model, "digits", tmp_path, minutes=1e-9, **options)
    assert not [*tmp_path.glob("trained_*")], "the time was over before"
    part = adapt_file(model, "digits", tmp_path, minutes=0.1, **options)
    found = adapt_file(model, "digits", tmp_path, **options)
    assert sum("epoch 1 of 2" in line for line in told) == 1
    assert part.log.to_dict() == found.log.to_dict()
    ours, theirs = (keras.models.load_model(each.folder / "model.keras").get_weights() for each in (found, whole))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_command_does_the_same(whole, model, tmp_path):
    model.save(tmp_path / "model.keras")
    command = ["netadapt", str(tmp_path / "model.keras"), "--dataset", "digits", "-o", str(tmp_path / "adapted")]
    command += ["--metric", "macs", "--iterations", "1", "--steps", "1", "--judged", "50", "--epochs", "1", "--json"]
    done = CliRunner().invoke(main, [*command, "--points", "3", "--keep", "first", "--held-out", "200"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["about"]["epochs"] == 1
    assert (tmp_path / "adapted/model.keras").exists()
