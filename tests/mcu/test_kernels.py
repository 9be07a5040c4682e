"""The fast kernels of the targets compute what the plain ones do."""

from __future__ import annotations

import re

import pytest

from larq_focal.mcu.host import STRICT
from larq_focal.mcu.selection import KERNELS, lanes_for
from tests.mcu.networks import Chain, channels_network, image_network, kinds, samples
from tests.mcu.written import OPTIONS, assert_equal, written


def wide_pixels(filters: int):
    """Layers of whole numbers with signs whose fan-in is no multiple of 4 or 32."""
    chain = Chain(f"{filters} filters of pixels", (6, 6, 3), seed=filters).conv("c", filters, padding="same")
    chain.levels("q", range(16), range(-300, 300, 40)).conv("c1", filters + 1)
    return chain.levels("q1", range(-3, 4), range(-60, 60, 20)).flat().dense("d", 10).graph()


def wide_signs(channels: int, filters: int, pad_value: float = 0.0):
    """Convolutions from so many channels of signs to so many, to signs and to sums, and a dense layer."""
    chain = Chain(f"{channels} to {filters}", (3, 5, channels), seed=filters).sign("s", 127.5)
    chain.conv("c", filters, padding="same", pad_value=pad_value).sign("s1")
    chain.conv("c1", channels, size=(3, 2), padding="same", pad_value=pad_value, dilation=(1, 2)).sign("s2").pool("p")
    return chain.flat().dense("d", filters).graph()


@pytest.mark.parametrize(
    ("target", "options"),
    [
        (
            "cortex-m4",
            (*OPTIONS, "-Wstack-usage=1536"),
        ),  # sanitizers take more; compilers of the target are held to less
        ("host", OPTIONS),
        ("host", (*STRICT, "-O3", "-march=native")),
    ],
    ids=["cortex-m4", "host", "host and its vectors"],
)
def test_networks_in_the_kernels_of_a_target(tmp_path, target, options):
    graphs = [
        *(image_network(channels, channels, pad) for channels, pad in ((2, 1.0), (3, -1.0), (15, 0.0))),
        *(channels_network(channels) for channels in (1, 9, 16, 32)),
        *map(wide_pixels, (8, 13)),
        *(kinds() if target == "cortex-m4" else []),
        wide_signs(32, 96),
        wide_signs(64, 33, 1.0),
        *([wide_signs(35, 70), wide_signs(96, 352, 1.0)] if target == "host" else []),
    ]
    programs, executable = written(graphs, tmp_path, options, target=target)
    texts = "".join(program.pieces.text() for program in programs)
    for kernel in [kernel for kernels in KERNELS.values() for kernel in kernels if target in kernel.targets]:
        assert re.search(rf"\blqf_{re.sub('[A-Z]+', '[a-z0-9]+', kernel.file)}\(", texts), kernel.file
    for number, graph in enumerate(graphs):
        inputs = samples(graph)
        assert_equal(graph, executable.run(number, inputs), inputs)


@pytest.mark.parametrize(("filters", "lanes"), [(16, 16), (20, 32), (32, 32), (50, 64), (70, 16), (96, 32), (500, 64)])
def test_filters_side_by_side_fill_their_last_block(filters, lanes):
    assert lanes_for(filters) == lanes
