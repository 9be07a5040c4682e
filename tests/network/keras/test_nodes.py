"""Calls that can never be made are told before Keras tries for ever."""

import json

import pytest

from larq_focal.keras import keras
from larq_focal.network.keras.nodes import unmade_call
from larq_focal.network.load import load_keras_model


def shared_and_nested():
    """A layer that is called twice, at different depths; models within models, with inputs of their own and without."""
    image = keras.Input((4,), name="image")
    shared = keras.layers.Dense(4, name="shared")
    inner = keras.Sequential([keras.layers.Dense(4, input_shape=(4,))], name="inner")
    lazy = keras.Sequential([keras.layers.Dense(4)], name="lazy")
    x = shared(inner(shared(image)))
    x = lazy(inner(lazy(x)))
    return keras.Model(image, keras.layers.Add(name="add")([x, image]))


def test_calls_that_can_be_made_pass():
    config = {"class_name": "Functional", "config": shared_and_nested().get_config()}
    assert unmade_call(json.loads(json.dumps(config, default=str))) is None


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_such_models_load(suffix, tmp_path):
    shared_and_nested().save(tmp_path / f"net{suffix}")
    assert len(load_keras_model(tmp_path / f"net{suffix}").layers) == len(shared_and_nested().layers)


@pytest.mark.parametrize(
    "reference",
    [["shared", 7, 0, {}], ["shared", None, 0, {}], ["shared", "0", 0, {}], ["add", 0, 0, {}], ["shared", -1, 0]],
    ids=["number", "none", "text", "circle", "negative"],
)
def test_calls_on_what_is_never_made(reference):
    config = json.loads(json.dumps(shared_and_nested().get_config(), default=str))
    next(layer for layer in config["layers"] if layer["name"] == "add")["inbound_nodes"] = [[reference]]
    assert unmade_call({"config": {"layers": [{"class_name": "Functional", "config": config}]}}) == "add"


@pytest.mark.parametrize("config", [None, 3, [], {"layers": 3}, {"layers": [3]}, {"layers": [{"name": 3}]}])
def test_other_things_are_left_to_keras(config):
    assert unmade_call(config) is None
