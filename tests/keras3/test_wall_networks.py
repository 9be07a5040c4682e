"""Quantizers in training on Keras 3: schedules, noise, and memories that belong to one kernel."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from larq_focal.nn import QuantConv2D, random
from larq_focal.quantizers import (
    QUANTIZERS,
    ErrorDecay,
    GumbelSign,
    GumbelTemperature,
    HysteresisSign,
    ReCUTau,
    gumbel_sign,
)
from tests.keras3.backends import gradient


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(8, 5, 5, 2)).astype(np.float32), rng.normal(size=(8, 2)).astype(np.float32)


@pytest.mark.parametrize(
    ("schedule", "alias", "expected"),
    [
        (ErrorDecay(0.1, 10.0), "ede_sign", {"steepness": [0.1, 1.0]}),
        (GumbelTemperature(1.0, 0.1), "gumbel_sign", {"gumbel_temperature": [1.0, 0.1]}),
        (ReCUTau(0.85, 0.99), "recu_sign", {"recu_tau": [0.85, 0.9028553]}),
    ],
)
def test_schedules_set_their_quantizers_in_each_epoch(schedule, alias, expected, data):
    model = keras.Sequential(
        [
            keras.Input((5, 5, 2)),
            QuantConv2D(2, 3, kernel_quantizer=alias, kernel_constraint="weight_clip"),
            keras.layers.GlobalAveragePooling2D(),
        ]
    )
    model.compile("sgd", "mse")
    history = model.fit(*data, epochs=2, callbacks=[schedule], verbose=0).history
    (values,) = expected.values()
    assert history[next(iter(expected))] == pytest.approx(values)
    assert float(ops.convert_to_numpy(model.layers[0].kernel_quantizer.scheduled)) == pytest.approx(values[-1])


def noise_of(seed: int, draws: int) -> np.ndarray:
    """[draws, 1000]"""
    quantizer = GumbelSign(seed=seed)
    quantizer.build((2,))
    drawn = [random.uniform((1000,), random.next_seed(quantizer.noise_state)) for _ in range(draws)]
    return np.stack([ops.convert_to_numpy(each) for each in drawn])


def test_neighbouring_seeds_and_draws_share_no_noise():
    noise = np.concatenate([noise_of(seed, 3) for seed in (5, 6, 7)])
    assert len({row.tobytes() for row in noise}) == 9
    assert np.abs(np.corrcoef(noise) - np.eye(9)).max() < 0.2
    np.testing.assert_array_equal(noise_of(5, 3), noise[:3])
    assert 0 <= noise.min() < 0.01 < 0.99 < noise.max() < 1
    assert noise.mean() == pytest.approx(0.5, abs=0.02)


def test_samples_have_the_published_probability():
    """P(+1) = sigmoid(logit_scale * w)."""
    quantizer = GumbelSign(seed=3, logit_scale=2.0)
    w = ops.convert_to_tensor(np.full((4000,), 0.25, np.float32))
    positive = np.mean(ops.convert_to_numpy(quantizer(w, training=True)) > 0)
    assert positive == pytest.approx(1 / (1 + np.exp(-0.5)), abs=0.03)


def test_gradient_belongs_to_the_noise():
    rng = np.random.default_rng(0)
    w, noise, upstream = rng.normal(size=(3, 50)).astype(np.float32)
    y = 1 / (1 + np.exp(-(3.0 * w.astype(np.float64) + noise) / 0.5))
    found = gradient(lambda x: gumbel_sign(x, 0.5, 3.0, ops.convert_to_tensor(noise)), w, upstream)
    np.testing.assert_allclose(found, upstream * 2 * 3.0 / 0.5 * y * (1 - y), atol=3e-5 * 6)


OURS = [row for row in QUANTIZERS if row.quantizer.__module__.startswith("larq_focal.quantizers.")]


@pytest.mark.parametrize("row", OURS, ids=lambda row: row.alias)
def test_refuses_integers(row):
    with pytest.raises(TypeError, match=r"quantizes real numbers, .* of type int32: cast them before"):
        row.quantizer()(np.ones((3, 3, 2, 2), np.int32))


def test_one_memory_serves_one_kernel():
    """A layer makes a quantizer of its own where one is given that has a kernel already."""
    quantizer = HysteresisSign()
    first, second = (QuantConv2D(2, 3, kernel_quantizer=quantizer) for _ in range(2))
    assert first.kernel_quantizer is quantizer
    assert second.kernel_quantizer is not quantizer
    assert second.kernel_quantizer.get_config()["threshold"] == quantizer.threshold
    quantizer.build((3, 3, 2, 2))
    with pytest.raises(ValueError, match="give each kernel its own instance"):
        quantizer(np.ones((3, 3, 2, 4), np.float32))
