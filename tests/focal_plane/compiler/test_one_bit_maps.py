"""Residual merges of one-bit maps against the interpreter."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.focal_plane.compiler import compile_network
from larq_focal.network import QuantGraph, interpret, ops
from tests.focal_plane.compiler.random_layers import images, small
from tests.focal_plane.graphs import conv, sign

CHANNELS = 4


def residual(merge: type[ops.Op], threshold, flip=None, branches: int = 2) -> QuantGraph:
    """Signs of convolutions that are merged, and another convolution behind."""
    image = ops.Input(name="image", shape=(8, 8, 1))
    bits = sign("bits", image)
    operations: list[ops.Op] = [image, bits]
    for index in range(branches):
        layer = conv(f"conv{index}", bits, CHANNELS)
        rng = np.random.default_rng(index)
        layer.kernel.codes[:] = rng.choice([-1, 1], layer.kernel.codes.shape)
        operations += [layer, sign(f"branch{index}", layer)]
    names = tuple(f"branch{index}" for index in range(branches))
    channels = CHANNELS * branches if merge is ops.Concat else CHANNELS
    merged = merge(name="merged", inputs=names, shape=(8, 8, channels))
    operations.append(merged)
    if threshold is not None:
        again = ops.Binarize(
            name="again", inputs=("merged",), shape=merged.shape, threshold=np.array(threshold), flip=flip
        )
        operations.append(again)
    last = conv("last", operations[-1], 3)
    return QuantGraph("residual", [*operations, last, sign("out", last)], ["out", operations[-1].name])


def check(graph: QuantGraph) -> None:
    inputs = images(graph, 2)
    expected = interpret(graph, inputs, graph.outputs)
    for name, values in compile_network(graph, small("scamp5")).run(inputs).items():
        np.testing.assert_array_equal(values, expected[name])


@pytest.mark.parametrize("threshold", [0.0, 1.0, -1.0, 3.0, [0.0, 1.0, 2.0, -np.inf]])
@pytest.mark.parametrize("branches", [2, 3])
def test_sums_of_signs_with_a_threshold(threshold, branches):
    check(residual(ops.Add, threshold, branches=branches))


def test_channels_that_fall():
    check(residual(ops.Add, [0.0, 1.0, 0.0, 2.0], np.array([False, True, True, False])))


def test_products_of_signs():
    check(residual(ops.Multiply, 0.0))


def test_channels_behind_each_other():
    check(residual(ops.Concat, None))
