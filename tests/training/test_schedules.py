"""Training runs the schedules that the quantizers of a network want."""

from dataclasses import replace

import pytest

from larq_focal.datasets import load_dataset
from larq_focal.nn import SteSign
from larq_focal.quantizers import ErrorDecay, GumbelSign, GumbelTemperature, LibraSign
from larq_focal.training import Recipe, train_stretch
from larq_focal.zoo import Method, two_layer


@pytest.mark.parametrize(("quantizer", "schedule"), [(LibraSign, ErrorDecay), (GumbelSign, GumbelTemperature)])
def test_training_runs_the_schedule_that_a_quantizer_wants(quantizer, schedule, tmp_path):
    digits = load_dataset("digits")
    few = replace(digits, x_train=digits.x_train[:64], y_train=digits.y_train[:64])
    model = two_layer(Method("own", "Own", SteSign, quantizer), filters=(2, 2))
    recipe = Recipe("own", "digits", epochs=2, batch_size=64, whole_batches=False, held_out=6)
    assert len(train_stretch(recipe, model, few, tmp_path).history) == 2
    scheduled = model.get_layer("conv_1").kernel_quantizer.scheduled.numpy()
    assert float(scheduled) == pytest.approx(schedule(epochs=2).value(1))
