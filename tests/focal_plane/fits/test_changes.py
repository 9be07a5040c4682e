"""Changes that make a layer fit."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given

from larq_focal.focal_plane import Verdict
from larq_focal.focal_plane.fits.changes import changes_that_fit
from larq_focal.focal_plane.fits.conv_layer import HeldValue
from larq_focal.focal_plane.fits.judgement import judge
from tests.focal_plane.fits.layers import SCAMP5, layer, layers

SECOND = layer(in_channels=16, out_channels=16)


def changes(shape, target=SCAMP5):
    return changes_that_fit(shape, target, judge(shape, target))


def test_second_layer():
    """Every way out of a fan-in of 144 where 127 is the most, the one that keeps all maps first."""
    assert changes(SECOND) == (
        "groups=2 (fan-in 72, S3, by formula)",
        "a 2x2 kernel (fan-in 64, S3, by formula)",
        "14 input channels (fan-in 126, S3, by formula)",
        "sensor scamp7 (fan-in 144, S1, by formula)",
    )


def test_a_layer_that_fits_needs_none():
    assert changes(layer()) == ()


def test_full_precision_becomes_binary_first():
    assert changes(layer(weight_bits=32)) == ("binary weights (by formula)",)
    assert changes(layer(weight_bits=8, input_bits=8)) == ("binary weights and 1-bit inputs (by formula)",)
    assert changes(replace(SECOND, weight_bits=32))[0] == "binary weights and groups=2 (fan-in 72, S3, by formula)"


def test_map_larger_than_the_array_shrinks():
    assert changes(layer(height=600, width=300)) == (
        "maps of 150x75 (stride 4 before it, or a smaller image) (fan-in 9, S1, by formula)",
    )


def test_too_many_output_maps():
    shape = layer(height=256, width=256, out_channels=20)
    assert re.match(r"\d+ output channels", changes(shape)[0])


def test_a_spill_is_named_where_nothing_better_is_found():
    held = HeldValue("skip", 64, 64, 15 * 16, 1)
    assert changes(layer(held_values=(held,))) == ("sensor scamp7 (fan-in 9, S4, with spill, by formula)",)


def test_nothing_is_named_where_no_single_change_helps():
    held = HeldValue("skip", 64, 64, 30 * 16, 1)
    assert changes(layer(held_values=(held,))) == ()


def test_a_change_without_a_program_is_not_named():
    judged = judge(SECOND, SCAMP5)
    assert changes_that_fit(SECOND, SCAMP5, judged, lambda *changed: False) == ()
    proved = changes_that_fit(SECOND, SCAMP5, judged, lambda changed, *_: True if changed.groups > 2 else None)
    assert proved[0] == "groups=2 (fan-in 72, S3, by formula)"
    proved = changes_that_fit(SECOND, SCAMP5, judged, lambda changed, *_: changed.groups > 2)
    assert proved[0] == "groups=4 (fan-in 36, S2)" and all("by formula" in other for other in proved[1:])


@given(layers())
def test_every_change_fits_when_it_is_made(shape):
    for text in changes(shape):
        changed = made(shape, text)
        if changed is not None:
            best = Verdict.SPILL if "with spill" in text else Verdict.FIT
            assert judge(changed, SCAMP5).verdict is best


def made(shape, text):
    """``shape`` with the change that ``text`` describes, or None for another sensor."""
    if "binary weights" in text:
        shape = replace(shape, weight_bits=1)
    if "1-bit inputs" in text:
        shape = replace(shape, input_bits=1)
    if found := re.search(r"groups=(\d+)", text):
        return replace(shape, groups=int(found[1]))
    if found := re.search(r"a (\d+)x(\d+) kernel", text):
        return replace(shape, kernel_size=(int(found[1]), int(found[2])))
    if found := re.search(r"(\d+) (input|output) channels", text):
        return replace(shape, **{f"{found[2][:-3]}_channels": int(found[1])})
    if found := re.search(r"maps of (\d+)x(\d+)", text):
        return replace(shape, height=int(found[1]), width=int(found[2]))
    return None if "sensor" in text else shape
