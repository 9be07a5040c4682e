"""Compiling grows no faster than the program: how often it is tried does not depend on how many layers there are."""

import pytest

from benchmarks.compile_growth import network, three_layers
from larq_focal.focal_plane.compiler import RegisterError, compile_network


def attempts(layers: int) -> list[str]:
    lines: list[str] = []
    compile_network(network([4] * layers), "scamp5", placement="interleaved", progress=lines.append)
    return lines


def test_deeper_networks_are_tried_as_often():
    """Each layer but the first runs out of registers at first; all of them become more frugal at once."""
    shallow, deep = attempts(3), attempts(6)
    assert 1 < len(shallow) == len(deep)


def test_all_layers_that_need_more_registers_are_named():
    """Counts of 9 bits do not fit without a spill."""
    with pytest.raises(RegisterError, match=r"^'conv2' holds") as caught:
        compile_network(three_layers(), "scamp5", spill="none")
    assert caught.value.section == "conv2"
    assert caught.value.sections == ("conv2", "conv3")
