"""Layers that the focal plane does not know are named where a network is judged, and refused where it is compiled."""

import numpy as np
import pytest

import larq_focal as lqf
from larq_focal.focal_plane.compiler.integer_form.fold import fold_thresholds
from larq_focal.focal_plane.compiler.unsupported import UnsupportedError
from larq_focal.network import QuantGraph, interpret, ops
from tests.cost.graphs import conv, kernel, sign

IMAGE = ops.Input(name="image", shape=(8, 8, 1))
SIGNS = sign("signs", IMAGE)
BINARY = conv("binary", SIGNS, 4, 1, shape=(8, 8, 4), padding="same", pad_value=1.0)
BEHIND = sign("behind", BINARY)
WEIGHTED = {"kernel": kernel((3, 3, 4, 2), 1), "inputs": ("behind",)}
OTHER = [
    ops.Conv2DTranspose(name="other", shape=(8, 8, 2), padding="same", **WEIGHTED),
    ops.LocallyConnected2D(name="other", inputs=("behind",), shape=(6, 6, 2), kernel=kernel((6, 6, 3, 3, 4, 2), 1)),
]


@pytest.mark.parametrize("other", OTHER, ids=lambda op: type(op).__name__)
def test_a_layer_of_another_kind_runs_on_the_controller(other):
    """As in the program, which computes what the network does."""
    graph = QuantGraph("net", [IMAGE, SIGNS, BINARY, BEHIND, other], ["other"])
    report = lqf.fit(graph, sensor="scamp5")
    assert report.verdict == "FIT" and report.layers[-1].placement == "controller"
    compiled = lqf.compile(graph, sensor="scamp5")
    assert compiled.tail == ("other",)
    image = np.random.default_rng(0).choice([-1, 1], (1, 8, 8, 1)).astype(np.float32)
    np.testing.assert_array_equal(compiled.run(image)["other"], interpret(graph, image, ["other"])["other"])


def test_a_layer_of_another_kind_on_the_image_is_refused():
    volume = ops.Reshape(name="volume", inputs=("image",), shape=(2, 4, 8, 1))
    other = ops.Conv3D(name="other", inputs=("volume",), shape=(1, 4, 8, 4), kernel=kernel((2, 1, 1, 1, 4), 1))
    flat = ops.Reshape(name="flat", inputs=("other",), shape=(4, 8, 4))
    signs = sign("signs", flat)
    graph = QuantGraph("net", [IMAGE, volume, other, flat, signs, conv("binary", signs, 4, 1)], ["binary"])
    with pytest.raises(UnsupportedError, match="'other'"):
        lqf.compile(graph, sensor="scamp5")


def test_a_layer_of_another_kind_is_no_threshold():
    """Folding looks for sums of convolutions and dense layers, and leaves others as they are."""
    norm = np.ones(2, np.float32)
    affine = ops.Affine(name="norm", inputs=("other",), shape=(8, 8, 2), mean=norm, scale=norm, bias=norm)
    graph = QuantGraph("net", [IMAGE, SIGNS, BINARY, BEHIND, OTHER[0], affine, sign("last", affine)], ["last"])
    folded = fold_thresholds(graph)
    assert "norm" in folded
