"""Flips of signs: counted by hand, for quantizers with and without memory."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.nn import QuantDense, SteSign, SteTern, keras
from larq_focal.quantizers import HysteresisSign
from larq_focal.training import SignFlips

STEPS = 4


def model(quantizer) -> keras.Model:
    """One layer whose 8 weights begin at 0.5, 1.5, ... and fall by 1 at every step."""
    start = keras.initializers.Constant(np.arange(8, dtype=np.float32).reshape(2, 4) + 0.5)
    layer = QuantDense(4, kernel_quantizer=quantizer, kernel_initializer=start, use_bias=False)
    result = keras.Sequential([keras.layers.Input((2,)), layer, keras.layers.Dense(1, trainable=False)])
    result.layers[-1].set_weights([np.ones((4, 1)), np.zeros(1)])
    result.compile(keras.optimizers.SGD(1.0), lambda labels, outputs: outputs)
    return result


def ratio(model: keras.Model) -> float | None:
    flips = SignFlips()
    images = np.ones((STEPS, 2), np.float32)
    model.fit(images, np.zeros(STEPS), batch_size=1, shuffle=False, verbose=0, callbacks=[flips])
    return flips.ratio


@pytest.mark.parametrize(
    ("quantizer", "flips"),
    [
        (SteSign(clip_value=100.0), [1, 1, 1, 1]),  # 0.5 falls below 0 in the first step, and so on
        (HysteresisSign(threshold=0.5, scale=None), [0, 0, 1, 1]),  # at -2 and below: half of 4
        (SteTern(threshold_value=1.0, clip_value=100.0), [1, 2, 2, 2]),  # once to 0 and once to -1
    ],
)
def test_each_step_flips_what_crosses_its_threshold(quantizer, flips):
    assert ratio(model(quantizer)) == pytest.approx(sum(flips) / (8 * STEPS))


def test_real_weights_have_no_signs_to_count():
    assert ratio(model(None)) is None
