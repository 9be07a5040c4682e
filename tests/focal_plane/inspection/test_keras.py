"""A Keras model through the compiler and the simulator, against Keras itself."""

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from larq_focal.focal_plane import fit
from larq_focal.focal_plane.inspection import inspect_network
from larq_focal.zoo import two_layer
from tests.focal_plane.machine.programs import small_sensor

GREYS = (np.arange(256) - 128) / 256
RANGE = GREYS[0], GREYS[-1]


@pytest.fixture(scope="module")
def model():
    model = two_layer(input_shape=(6, 6, 1), filters=(4, 4))
    random = np.random.default_rng(0)
    for layer in model.layers:
        if layer.name.startswith("norm"):
            moved = [random.normal(0, 1, weights.shape) for weights in layer.get_weights()[:-1]]
            layer.set_weights([*moved, random.uniform(0.5, 2, layer.get_weights()[-1].shape)])
    return model


@pytest.mark.slow
def test_program_gives_what_keras_gives(model):
    images = np.random.default_rng(1).choice(GREYS, (3, 6, 6, 1)).astype(np.float32)
    report = inspect_network(model, small_sensor(40, 40), images, pixel_range=RANGE)
    graph, keras = report.exactness
    assert (graph.reference, keras.reference, keras.compared) == ("the network's graph", "Keras", 30)
    assert graph.is_exact and keras.is_exact


@pytest.mark.slow
def test_another_model_is_told_apart(model):
    """The same network with other weights in Keras: the graph agrees, Keras does not."""
    other = two_layer(input_shape=(6, 6, 1), filters=(4, 4))
    report = fit(model, small_sensor(40, 40), with_program=True, pixel_range=RANGE, keras_model=other)
    graph, keras = report.program.exactness
    assert graph.is_exact and not keras.is_exact
