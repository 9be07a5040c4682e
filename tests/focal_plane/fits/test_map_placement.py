"""Maps on the array."""

from __future__ import annotations

import pytest

from larq_focal.focal_plane.fits.map_placement import maps_per_plane, place
from tests.focal_plane.fits.layers import SCAMP5, layer


@pytest.mark.parametrize(("side", "maps"), [(64, 16), (32, 64), (16, 256), (256, 1), (257, 0), (28, 81)])
def test_tiles_on_a_256x256_array(side, maps):
    """16 maps of 64x64 in one register: Y. Liu, Y. Lu, CVPR Workshops 2022."""
    assert maps_per_plane(side, side, SCAMP5) == maps


def test_maps_that_are_not_square():
    assert maps_per_plane(128, 32, SCAMP5) == 16


def test_sixty_four_maps_fill_four_planes():
    """64 binary maps of 64x64 in four registers: Y. Liu, Y. Lu, CVPR Workshops 2022."""
    placement = place(layer(in_channels=16, out_channels=64), SCAMP5)
    assert (placement.input_planes, placement.output_planes, placement.passes) == (1, 4, 4)


@pytest.mark.parametrize(("channels", "pitch"), [(1, 1), (2, 2), (4, 2), (5, 3), (16, 4), (100, 4)])
def test_channels_lie_in_the_smallest_square_block_that_the_array_has_room_for(channels, pitch):
    assert place(layer(in_channels=channels), SCAMP5).pitch == pitch


def test_groups_interleave_their_own_channels_only():
    assert place(layer(in_channels=16, out_channels=16, groups=16), SCAMP5).pitch == 1


def test_map_larger_than_the_array():
    assert place(layer(height=257), SCAMP5) is None
