"""What is written in C computes what the interpreter computes."""

from __future__ import annotations

import pytest

from tests.mcu.networks import image_network, pixels
from tests.mcu.written import assert_equal, written


@pytest.mark.parametrize("pad_value", [0.0, 1.0, -1.0])
def test_binary_layers_of_any_number_of_channels(tmp_path, pad_value):
    graphs = [image_network(channels, channels, pad_value) for channels in range(1, 41, 3)]
    _, executable = written(graphs, tmp_path)
    for number, graph in enumerate(graphs):
        inputs = pixels(graph)
        assert_equal(graph, executable.run(number, inputs), inputs)
