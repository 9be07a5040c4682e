"""Bounds of values hold for every input, and are narrow enough to tell a constant sign."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings

from larq_focal.network import interpret, ops
from larq_focal.network.bounds import bounds
from tests.network.networks import chain
from tests.support.drawn_networks import drawn_inputs, networks

SHAPE = (4, 4, 3)


def activation(kind, alpha=None):
    return ops.Activation(name="activation", shape=SHAPE, kind=kind, alpha=alpha)


def affine(scale, bias):
    arrays = {name: np.full(3, value, np.float32) for name, value in (("mean", 0), ("scale", scale), ("bias", bias))}
    return ops.Affine(name="affine", shape=SHAPE, **arrays)


def bounds_of_sign(*before):
    """Of the sign behind operations on an image."""
    sign = ops.Binarize(name="sign", shape=SHAPE, threshold=np.float32(0))
    low, high = dict(bounds(chain(ops.Input(name="x", shape=SHAPE), *before, sign)))["sign"]
    return {*low.flat}, {*high.flat}


@pytest.mark.parametrize(
    "before",
    [
        (activation("relu"),),
        (activation("relu6"),),
        (activation("sigmoid"),),
        (activation("softmax"),),
        (activation("square"),),
        (activation("relu"), affine(2, 0.5)),
    ],
)
def test_signs_that_are_always_positive(before):
    assert bounds_of_sign(*before) == ({1}, {1})


@pytest.mark.parametrize(
    "before",
    [
        (),
        (activation("tanh"),),
        (activation("leaky_relu", np.float32(0.1)),),
        (activation("relu"), affine(-1, 0.5)),
        (activation("relu"), affine(1, -0.5)),
    ],
)
def test_signs_that_change(before):
    assert bounds_of_sign(*before) == ({-1}, {1})


def test_a_falling_function_swaps_the_ends():
    assert bounds_of_sign(activation("relu"), affine(-1, -0.5)) == ({-1}, {-1})


@seed(0)
@settings(max_examples=60, database=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(networks())
def test_values_lie_within_their_bounds(graph):
    found = dict(bounds(graph))
    values = interpret(graph, drawn_inputs(graph, count=8), list(found))
    for name, (low, high) in found.items():
        slack = 1e-5 * np.abs(values[name]).max(initial=0)
        assert np.all(values[name] >= low - slack) and np.all(values[name] <= high + slack), name
