"""BinarEye: published operations and energies, and what its structure refuses.

B. Moons et al., CICC 2018 (abstract): 14.4 uJ for CIFAR-10, 0.92 uJ for face detection. The network is that of
github.com/BertMoons/BinarEye: 2x2 convolutions, sides 31, 30, 29, 28, pool, 13, 12, pool, 5, 4, then a dense layer.
"""

import json
from dataclasses import replace

import numpy as np
import pytest

from larq_focal.focal_plane import SensorError, fit, load_processor, processor_names
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Activation, Affine, Dense, Input, Pool2D, Reshape
from tests.focal_plane.graphs import conv, kernel, sign
from tests.support.printing import printed

DEPTHS = (4, 2, 2)


def network(width=256, depths=DEPTHS, side=32, classes=10, bits=1, size=2, **options) -> QuantGraph:
    """The published network, or as the arguments say; ``options`` are those of its second convolution."""
    image = Input(name="image", shape=(side, side, width))
    ops = [image, sign("code", image)]
    number = 0
    for block, depth in enumerate(depths):
        for _ in range(depth):
            number += 1
            height = ops[-1].shape[0] - size + 1
            plain = {"shape": (height, height, width), "padding": "valid"}
            layer = conv(f"conv{number}", ops[-1], width, bits, size, **(plain | (options if number == 2 else {})))
            ops += [layer, sign(f"sign{number}", layer)]
        if block < len(depths) - 1:
            half = (ops[-1].shape[0] // 2, ops[-1].shape[1] // 2, width)
            ops.append(
                Pool2D(name=f"pool{block}", inputs=(ops[-1].name,), shape=half, kind="max", size=(2, 2), strides=(2, 2))
            )
    flat = Reshape(name="flat", inputs=(ops[-1].name,), shape=(int(np.prod(ops[-1].shape)),))
    dense = Dense(name="dense", inputs=("flat",), shape=(classes,), kernel=kernel((flat.shape[0], classes), bits))
    ones = np.ones(classes, np.float32)
    norm = Affine(name="norm", inputs=("dense",), shape=(classes,), mean=ones, scale=ones, bias=ones)
    classes_of = Activation(name="classes", inputs=("norm",), shape=(classes,), kind="softmax")
    return QuantGraph("binareye network", (*ops, flat, dense, norm, classes_of), ["classes"])


@pytest.mark.parametrize(("width", "mega_operations", "energy_uj"), [(256, 2013, 14.4), (64, 126, 0.92)])
def test_published_operations_and_energies(width, mega_operations, energy_uj):
    report = fit(network(width), "binareye")
    assert report.verdict == "FIT" and report.smallest_change is None
    assert round(report.operations / 1e6) == mega_operations
    assert report.energy_uj == pytest.approx(energy_uj, rel=0.03)
    lower, calibrated, published = report.estimates
    assert published.chip_energy_uj == energy_uj
    assert lower.chip_energy_uj == pytest.approx(calibrated.chip_energy_uj * 138 / 230)
    assert published.frames_per_second == (1700 if width == 64 else None), "rates are published, not derived"
    assert lower.frames_per_second is calibrated.frames_per_second is None


def test_the_middle_width_is_predicted_and_not_published():
    report = fit(network(128), "binareye")
    assert report.energy_uj == pytest.approx(3.65, rel=0.01)
    assert [estimate.kind for estimate in report.estimates] == ["lower bound", "calibrated"]


def test_weights_of_the_widest_network_fill_the_memory():
    report = fit(network(256), "binareye")
    assert report.convolution_bits == report.convolution_memory_bits == 256 * 1024 * 8
    assert report.dense_bits == report.dense_memory_bits == 40_960


SMALL = {"width": 64}


@pytest.mark.parametrize(
    ("changed", "reason", "change"),
    [
        ({"side": 28, "depths": (4, 2)}, "28x28", "an image of 32x32"),
        ({"size": 3, "depths": (4, 2)}, "3x3", "a 2x2 kernel"),
        ({"width": 100}, "100 channels", "128 input channels and 128 output channels"),
        ({"depths": (4, 2, 3)}, "9 convolutions", "8 convolutions"),
        ({"bits": 2}, "2 bits", "binary weights"),
        ({"bits": 32}, "32 bits", "binary weights"),
        ({"padding": "same"}, "pads", 'conv2: padding="valid"'),
        ({"strides": (2, 2)}, "stride", "conv2: stride 1, no dilation, and max-pooling 2x2"),
        ({"dilation": (2, 2)}, "dilation", "conv2: stride 1, no dilation"),
        ({"groups": 2}, "2 groups", "conv2: groups=1"),
        ({"width": 256, "classes": 11}, "dense layers take 45,056 bits of 40,960", "fewer classes"),
    ],
)
def test_what_does_not_fit_says_why_and_what_does(changed, reason, change):
    report = fit(network(**SMALL | changed), "binareye")
    assert report.verdict == "NO FIT"
    reasons = [*report.reasons, *(text for layer in report.layers for text in layer.reasons)]
    assert any(reason in text for text in reasons), reasons
    assert change in report.smallest_change
    assert reason in printed(report) and "NO FIT" in printed(report)
    assert report.energy_uj is None and report.estimates == (), "what does not run takes no energy"


@pytest.mark.parametrize("smaller", [{}, {"depths": (4, 2), "classes": 4}, {"width": 128}, {"width": 256}])
def test_the_changes_named_above_do_fit(smaller):
    assert fit(network(**SMALL | smaller), "binareye").verdict == "FIT"


def test_memory_names_the_width_that_fits():
    """A larger processor of the same kind, whose memory holds only half of the widest network."""
    processor = replace(load_processor("binareye"), convolution_memory_bits=1_000_000)
    report = fit(network(256), processor)
    assert report.reasons == ("the weights of its convolutions take 2,097,152 bits of 1,000,000",)
    assert report.smallest_change == "width 128"
    assert fit(network(128), processor).verdict == "FIT"


def test_real_valued_image_needs_a_thermometer():
    graph = network(64)
    bare = [replace(op, inputs=("image",)) if op.name == "conv1" else op for op in graph if op.name != "code"]
    report = fit(graph.rewritten(bare), "binareye")
    assert report.smallest_change == "conv1: a 1-bit input (of the image: thermometer code)"


def test_other_operations_are_named():
    graph = network(64)
    average = [replace(op, kind="average") if op.name == "pool0" else op for op in graph]
    report = fit(graph.rewritten(average), "binareye")
    assert "'pool0' (average Pool2D) cannot run there" in report.reasons


def test_dense_network_does_not_fit():
    image = Input(name="image", shape=(64,))
    bit = sign("bit", image)
    layer = Dense(name="dense", inputs=("bit",), shape=(10,), kernel=kernel((64, 10), 1), bias=np.ones(10))
    report = fit(QuantGraph("dense", (image, bit, layer), ["dense"]), "binareye")
    assert report.reasons == ("it has no convolution",) and "use_bias=False" in report.smallest_change


def test_report_is_plain_json():
    for graph in (network(64), network(100)):
        plain = fit(graph, "binareye").to_dict()
        assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_processors_are_found_by_name():
    assert processor_names() == ("binareye",)
    assert fit(network(64), load_processor("binareye")).verdict == "FIT"
    with pytest.raises(SensorError, match="no processor 'binary'"):
        load_processor("binary")
    with pytest.raises(SensorError, match=r"no sensor 'binary': choose from scamp5, .*binareye"):
        fit(network(64), "binary")
