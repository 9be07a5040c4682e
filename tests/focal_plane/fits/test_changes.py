"""Changes are named only after the whole network compiled with them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from larq_focal.focal_plane import Verdict, fit
from larq_focal.focal_plane.compiler import compile_network
from larq_focal.focal_plane.fits.changed_network import LayerChange, changed_network, further_groups, smaller_kernels
from larq_focal.network import interpret
from tests.focal_plane.compiler.random_layers import small
from tests.focal_plane.graphs import chain, conv, drawn_two_layers, sign, two_layer_network

SCAMP5 = small("scamp5", 32, 32)


def made(network, text: str):
    """The network with the change that ``text`` names, or None where that is another sensor or spill."""
    changes = {}
    for name, change in re.findall(r"(conv\d): (groups=\d+|a \dx\d kernel)", text):
        number = tuple(int(digit) for digit in re.findall(r"\d+", change))
        changes[name] = LayerChange(groups=number[0]) if "groups" in change else LayerChange(kernel_size=number)
    return changed_network(network, changes, 0.0) if changes else None


def test_the_network_fits_with_every_change_that_is_named():
    network = drawn_two_layers(side=8, maps=16)
    report = fit(network, SCAMP5, limit_s=120)
    assert report.verdict is Verdict.SPILL and len(report.changes) >= 2
    for text in report.changes:
        changed = made(network, text)
        if changed is None:
            assert text == "sensor scamp7"
        else:
            assert fit(changed, SCAMP5).verdict is Verdict.FIT


def test_none_is_named_where_no_change_compiles():
    sensor = replace(SCAMP5, code_store_icw=20, swaps_kernels=False)
    report = fit(drawn_two_layers(side=8, maps=4), sensor, spill="none", limit_s=30)
    assert report.verdict is Verdict.NO_FIT and [c for c in report.changes if "sensor" not in c] == []


def test_the_store_is_made_to_do_by_groups():
    """As it is the program takes 546 words, which is too much for this store."""
    report = fit(drawn_two_layers(side=8, maps=8), replace(SCAMP5, code_store_icw=400), limit_s=120)
    assert report.verdict is Verdict.NO_FIT
    assert re.match(r"conv2: groups=[248] \(fan-in", report.changes[0]) and "sensor scamp5" in report.changes


def test_what_bit_widths_demand_is_named_after_it_compiled():
    report = fit(two_layer_network(side=8, maps=4, bits=32), SCAMP5)
    assert report.changes[0] == "conv1: binary weights; conv2: binary weights"


def test_groups_and_kernels_that_a_layer_can_have():
    layer = conv("conv", sign("bits", chain("net", *two_layer_network(8, 12))["image"]), 8)
    assert list(further_groups(layer, 1)) == [], "one channel cannot be divided"
    wide = two_layer_network(8, 12)["conv2"]
    assert list(further_groups(wide, 1)) == [2, 3, 4, 6, 12] and list(further_groups(wide, 4)) == [6, 12]
    assert list(smaller_kernels(wide, (3, 3))) == [(2, 2), (1, 1)]
    assert list(smaller_kernels(replace(wide, padding="valid"), (3, 3))) == [], "the maps would become larger"


@pytest.mark.parametrize(
    "change", [LayerChange(groups=4), LayerChange(kernel_size=(1, 1)), LayerChange(binary_inputs=True)]
)
def test_a_changed_network_computes(change):
    network = changed_network(drawn_two_layers(8, 8), {"conv2": change}, 0.0)
    images = np.random.default_rng(0).choice([-1.0, 1.0], (1, 8, 8, 1)).astype(np.float32)
    expected = interpret(network, images, ["sign2"])["sign2"]
    np.testing.assert_array_equal(compile_network(network, SCAMP5).run(images)["sign2"], expected)
