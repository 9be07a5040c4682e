"""Layers to be judged, and sensors that differ from SCAMP-5 in a few values."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from larq_focal.focal_plane import Sensor, load_sensor
from larq_focal.focal_plane.fits.conv_layer import ConvLayer, HeldValue

SCAMP5 = load_sensor("scamp5_programmer")


def layer(**changes) -> ConvLayer:
    """One binary 3x3 filter over one map of 64x64 pixels, or as ``changes`` say."""
    plain = ConvLayer(name="conv", height=64, width=64, in_channels=1, out_channels=1, kernel_size=(3, 3))
    return replace(plain, **changes)


def sensor(**digital) -> Sensor:
    """SCAMP-5 with other digital registers."""
    return replace(SCAMP5, digital=replace(SCAMP5.digital, **digital))


@st.composite
def layers(draw) -> ConvLayer:
    groups = draw(st.sampled_from([1, 2, 4]))
    ternary = draw(st.booleans())
    value = HeldValue("shortcut", 16, 16, draw(st.integers(1, 600)), draw(st.sampled_from([1, 4, 32])))
    return layer(
        height=draw(st.sampled_from([1, 8, 16, 50, 64, 200, 300])),
        width=draw(st.sampled_from([1, 8, 64, 256])),
        in_channels=groups * draw(st.integers(1, 40)),
        out_channels=groups * draw(st.integers(1, 40)),
        kernel_size=draw(st.sampled_from([(1, 1), (2, 2), (3, 3), (5, 3)])),
        groups=groups,
        weight_bits=2 if ternary else draw(st.sampled_from([1, 1, 32])),
        is_ternary=ternary,
        input_bits=draw(st.sampled_from([1, 1, 1, 8])),
        from_pixels=draw(st.booleans()),
        output_bits=draw(st.sampled_from([1, None])),
        own_thresholds=draw(st.booleans()),
        pool_size=draw(st.sampled_from([(1, 1), (2, 2)])),
        held_values=draw(st.sampled_from([(), (value,)])),
    )
