"""Groups of classes, and networks for one of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from larq_focal import compress
from larq_focal.network import Kernel, QuantGraph, interpret, ops
from larq_focal.network.graph import GraphError


def classifier(kernel: np.ndarray, *tail: ops.Op) -> QuantGraph:
    inputs, classes = kernel.shape
    dense = ops.Dense(
        name="scores",
        inputs=("x",),
        shape=(classes,),
        kernel=Kernel(kernel.astype(np.float32), None, 32),
        bias=np.arange(classes, dtype=np.float32),
    )
    return QuantGraph(
        "net", [ops.Input(name="x", shape=(inputs,)), dense, *tail], [tail[-1].name if tail else "scores"]
    )


def test_classes_that_are_alike_come_into_different_groups():
    """Three pairs of nearly equal columns."""
    base = np.eye(6)[:, :3]
    kernel = np.concatenate([base, base + 0.1], axis=1)
    groups = compress.class_groups(classifier(kernel), 2)
    assert sorted(sum(groups, ())) == [*range(6)]
    assert all(sorted(each % 3 for each in group) == [0, 1, 2] for group in groups)


def test_groups_of_seven_classes_differ_in_size_by_one():
    groups = compress.class_groups(classifier(np.random.default_rng(0).normal(size=(9, 7))), 3)
    assert sorted(map(len, groups)) == [2, 2, 3]
    with pytest.raises(ValueError, match="7 classes can form 1 to 3 groups, not 4"):
        compress.class_groups(classifier(np.ones((9, 7))), 4)


def tails():
    random = np.random.default_rng(1)
    mean, scale, bias, slopes = random.normal(size=(4, 5)).astype(np.float32)
    place = {"inputs": ("scores",), "shape": (5,)}
    norm = ops.Affine(name="norm", mean=mean, scale=scale, bias=bias, **place)
    yield ()
    yield (norm,)
    yield (ops.Activation(name="relu", kind="relu", **place), dataclasses.replace(norm, inputs=("relu",)))
    yield (ops.Activation(name="prelu", kind="prelu", alpha=slopes, **place),)


@pytest.mark.parametrize("tail", [*tails()])
def test_the_scores_are_those_of_the_whole_network(tail):
    graph = classifier(np.random.default_rng(0).normal(size=(4, 5)), *tail)
    part = compress.for_classes(graph, [3, 0])
    x = np.random.default_rng(2).normal(size=(6, 4)).astype(np.float32)
    expected, found = (interpret(each, x, each.outputs)[each.outputs[0]] for each in (graph, part))
    np.testing.assert_allclose(found, expected[:, [3, 0]], rtol=1e-5, atol=1e-6)
    assert part["scores"].kernel.shape == (4, 2)


def test_a_softmax_is_that_of_the_classes_left():
    softmax = ops.Activation(name="softmax", inputs=("scores",), shape=(5,), kind="softmax")
    graph = classifier(np.random.default_rng(0).normal(size=(4, 5)), softmax)
    x = np.random.default_rng(2).normal(size=(6, 4)).astype(np.float32)
    found = interpret(compress.for_classes(graph, [3, 0]), x, ["softmax"])["softmax"]
    expected = interpret(graph, x, ["softmax"])["softmax"][:, [3, 0]]
    np.testing.assert_allclose(found, expected / expected.sum(1, keepdims=True), rtol=1e-5)


def test_few_bits_of_a_part_of_the_classes():
    """Scores that are of few bits already stay so."""
    graph = compress.quantize_weights(
        classifier(np.random.default_rng(0).normal(size=(40, 5))), 3, everywhere=True
    ).graph
    part = compress.for_classes(graph, [4, 2, 1])
    assert part["scores"].kernel.bits == 3
    np.testing.assert_array_equal(part["scores"].kernel.values(), graph["scores"].kernel.values()[:, [4, 2, 1]])


@pytest.mark.parametrize("classes", [[], [1, 1], [5], [-1]])
def test_classes_that_there_are_not_are_refused(classes):
    with pytest.raises(ValueError, match="must be different numbers from 0 to 4"):
        compress.for_classes(classifier(np.ones((4, 5))), classes)


def test_a_network_without_a_classifier_is_refused():
    graph = QuantGraph("plain", [ops.Input(name="x", shape=(4,))], ["x"])
    with pytest.raises(GraphError, match="'plain' does not end in a dense layer or convolution"):
        compress.for_classes(graph, [0])
