"""What a change as small as rounding does to a network whose values lie on the boundary of a quantizer."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.deploy.audit.agreement import Agreement
from larq_focal.deploy.rounding_sensitivity import rounding_sensitivity
from larq_focal.network import Kernel, QuantGraph, ops

FEATURES, STEP = 8, 0.25


def network(kernel: Kernel, boundary: float) -> QuantGraph:
    """A sum of levels, which small changes of the input leave as they are, and a step at ``boundary``."""
    levels, boundaries = np.float32([0, 1]), np.float32([0.5])
    image = ops.Input(name="x", shape=(FEATURES,))
    level = ops.Quantize(name="levels", inputs=("x",), shape=(FEATURES,), levels=levels, boundaries=boundaries)
    total = ops.Dense(name="sum", inputs=("levels",), shape=(1,), kernel=kernel)
    step = {"levels": np.float32([0, STEP]), "boundaries": np.float32([boundary])}
    result = ops.Quantize(name="step", inputs=("sum",), shape=(1,), **step)
    return QuantGraph("network", (image, level, total, result), ("step",))


SIGNS = Kernel(np.ones((FEATURES, 1), np.int8), np.float32([1]), 1)
FLOATS = Kernel(np.ones((FEATURES, 1), np.float32), None, 32)


@pytest.mark.parametrize("kernel", [SIGNS, FLOATS], ids=["signs", "floats"])
@pytest.mark.parametrize(("boundary", "moves_by"), [(FEATURES, STEP), (FEATURES + 0.5, 0)])
def test_a_sum_on_a_boundary_changes_its_level(kernel, boundary, moves_by):
    differing = Agreement(1, 1, STEP, STEP, (0,), 0.0)
    inputs = {"x": np.ones((1, FEATURES), np.float32)}
    assert rounding_sensitivity(network(kernel, boundary), inputs, differing, seed=0) == moves_by


def test_samples_that_agree_are_not_looked_at():
    inputs = {"x": np.ones((1, FEATURES), np.float32)}
    assert rounding_sensitivity(network(SIGNS, FEATURES), inputs, Agreement(1, 1, 0, 1, (), 0.0), seed=0) == 0
