"""Training in NumPy: its gradient against autodiff by hand, its memory as measured, its network as a graph."""

from __future__ import annotations

import json

import numpy as np
import pytest

from larq_focal import convert
from larq_focal.network.interpret import interpret
from larq_focal.training import BinaryMLP
from tests.support.processes import output_of
from tests.test_import import without

SIZES = (24, 16, 16, 4)


def task(count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Four classes of noisy patterns."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, SIZES[-1], count)
    patterns = rng.normal(size=(SIZES[-1], SIZES[0]))
    return (patterns[labels] + 0.7 * rng.normal(size=(count, SIZES[0]))).astype(np.float32), labels


def test_a_step_moves_weights_by_signs_of_their_gradient():
    """Of one layer, whose gradient is written out: cross-entropy through the l1 normalisation by signs."""
    model, (x, labels) = BinaryMLP((24, 4), learning_rate=0.01), task(50)
    (layer,) = model._layers
    before = layer.latent.astype(np.float64)
    sums = x.astype(np.float64) @ np.where(before >= 0, 1, -1)
    distance = np.abs(sums - sums.mean(0)).mean(0)
    y = (sums - sums.mean(0)) / (distance + 1e-3)
    powers = np.exp(y)
    upstream = powers / powers.sum(1, keepdims=True) - np.eye(4)[labels]
    v, h = upstream / (distance + 1e-3), np.sign(y)
    upstream = v - v.mean(0) - h * (v * h * np.abs(y).mean(0)).mean(0)
    gradient = x.T.astype(np.float64) @ upstream

    loss = model.train_step(x, labels)
    np.testing.assert_allclose(loss, -np.log(powers[np.arange(50), labels] / powers.sum(1)).mean(), rtol=1e-5)
    clear = np.abs(gradient) > 1e-3
    assert clear.mean() > 0.9
    step = layer.latent.astype(np.float64) - before
    np.testing.assert_allclose(step[clear], -0.01 * np.sign(gradient)[clear], atol=3e-4)  # float16 rounds


def test_it_learns_and_its_graph_computes_and_converts_the_same(tmp_path):
    model, (x, labels) = BinaryMLP(SIZES, learning_rate=0.01), task()
    first = model.train_step(x[:100], labels[:100])
    for _ in range(30):
        for at in range(0, 400, 100):
            last = model.train_step(x[at : at + 100], labels[at : at + 100])
    assert last < first / 2
    assert np.mean(model.predict(x) == labels) > 0.9

    graph = model.graph()
    (output,) = graph.outputs
    np.testing.assert_allclose(interpret(graph, x, [output])[output], model.logits(x), rtol=1e-4, atol=1e-4)
    audit = convert(graph, tmp_path / "mlp.tflite", data=x, strict=True).audit
    assert audit.passed and audit.all_packed


def test_pixels_are_read_as_centred_floats():
    pixels = np.random.default_rng(0).integers(0, 256, (20, 24), np.uint8)
    floats = ((pixels.astype(np.float32)) - 128) / 256
    np.testing.assert_array_equal(BinaryMLP(SIZES).logits(pixels), BinaryMLP(SIZES).logits(floats))


def test_what_a_step_of_the_published_network_takes_is_below_10_megabytes_without_keras():
    """Batch 200, MNIST's sizes: the peak of NumPy's arrays as tracemalloc counts them."""
    code = f"""{without("tensorflow", "tf_keras", "keras", "larq", "jax", "torch")}
import json, tracemalloc, numpy as np
from larq_focal.training import BinaryMLP
rng = np.random.default_rng(0)
images, labels = rng.integers(0, 256, (200, 784), np.uint8), rng.integers(0, 10, 200)
tracemalloc.start()
model = BinaryMLP()
for _ in range(2):
    model.train_step(images, labels)
print(json.dumps(tracemalloc.get_traced_memory()[1]))"""
    assert 1e6 < json.loads(output_of(code)) < 10e6


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: BinaryMLP((784,)), "sizes are those of inputs, hidden layers and classes"),
        (lambda: BinaryMLP(learning_rate=0), "learning rate must be above 0, but is 0"),
        (lambda: BinaryMLP(SIZES).predict(np.ones((3, 5))), r"images are \[batch, 24\], but these are \[3, 5\]"),
        (lambda: BinaryMLP(SIZES).train_step(np.ones((3, 24)), np.zeros(2, int)), "3 images need as many labels"),
        (lambda: BinaryMLP(SIZES).train_step(np.ones((1, 24)), np.array([4])), "labels are from 0 to 3, but go to 4"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
