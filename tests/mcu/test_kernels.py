"""The fast kernels of the targets compute what the plain ones do."""

from __future__ import annotations

import pytest

from tests.mcu.networks import image_network, pixels
from tests.mcu.written import assert_equal, written


@pytest.mark.parametrize("target", ["cortex-m4", "rv32"])
def test_layers_of_any_number_of_channels(tmp_path, target):
    graphs = [image_network(channels, channels, pad) for channels, pad in ((3, 1.0), (15, 0.0), (15, -1.0), (47, 1.0))]
    _, executable = written(graphs, tmp_path, target=target)
    assert any("lqf_filter_planes(window" in path.read_text() for path in tmp_path.glob("*/network.c"))
    for number, graph in enumerate(graphs):
        inputs = pixels(graph)
        assert_equal(graph, executable.run(number, inputs), inputs)
