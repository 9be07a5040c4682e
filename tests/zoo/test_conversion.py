"""Every model of the zoo, small, is understood in full, converted, and audited without a surprise."""

from __future__ import annotations

import pytest

from larq_focal.deploy.convert import convert
from larq_focal.keras import keras
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.zoo.registry import MODELS
from tests.support.lce import randomise_batch_norms

QUICK = (
    "lenet_sign",
    "lenet_tbn",
    "lenet_lab",
    "lenet_hysteresis_8bit",
    "human_activity_sign",
    "lenet_zero_one",
    "two_layer_ternary",
    "two_layer_zero_one",
    "bose2020",
    "bose2020_ternary",
    "liu2022",
    "analognet2",
)


WIDE = ("xnornet_lab",)
"""Of 62 million weights."""


def case(name: str):
    marks = [pytest.mark.slow] * (name not in QUICK) + [pytest.mark.own_process] * (name in WIDE)
    return pytest.param(name, marks=marks)


@pytest.mark.usefixtures("forgets_models")
@pytest.mark.parametrize("name", [case(name) for name in MODELS])
def test_it_converts(name, tmp_path):
    row = MODELS[name]
    keras.utils.set_random_seed(0)
    model = row.build(**row.small)
    randomise_batch_norms(model)  # fresh ones put many sums on the threshold, where rounding decides
    assert not from_keras(model).unknown
    audit = convert(model, tmp_path / "model.tflite", converter="focal").audit
    assert audit.passed
    floats = audit.not_as_intended
    assert bool(floats) == bool(row.stays_float), audit
    assert all(layer.reason not in ("", "not known") for layer in floats)
