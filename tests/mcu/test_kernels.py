"""The fast kernels of the targets compute what the plain ones do."""

from __future__ import annotations

import pytest

from larq_focal.mcu.selection import KERNELS, Call
from tests.mcu.networks import Chain, channels_network, image_network, kinds, samples
from tests.mcu.written import OPTIONS, assert_equal, written


def wide_pixels(filters: int):
    """Layers of whole numbers with signs whose fan-in is no multiple of 4 or 32."""
    chain = Chain(f"{filters} filters of pixels", (6, 6, 3), seed=filters).conv("c", filters, padding="same")
    chain.levels("q", range(16), range(-300, 300, 40)).conv("c1", filters + 1)
    return chain.levels("q1", range(-3, 4), range(-60, 60, 20)).flat().dense("d", 10).graph()


@pytest.mark.parametrize("target", ["cortex-m4", "host"])
def test_networks_in_the_kernels_of_a_target(tmp_path, target):
    graphs = [
        *(image_network(channels, channels, pad) for channels, pad in ((2, 1.0), (3, -1.0), (15, 0.0))),
        *(channels_network(channels) for channels in (1, 9, 16, 32)),
        *map(wide_pixels, (8, 13)),
        *(kinds() if target == "cortex-m4" else []),
    ]
    options = (*OPTIONS, "-Wstack-usage=1024")  # sanitizers take more; the compilers of the targets are held to less
    programs, executable = written(graphs, tmp_path, options, target=target)
    texts = "".join(program.pieces.text() for program in programs)
    for kernel in [kernel for kernels in KERNELS.values() for kernel in kernels if target in kernel.targets]:
        file = kernel.file
        for word, filled in kernel.words(Call(words=9, fan_in=288, filters=32)).items():
            file = file.replace(word, filled)
        assert f"lqf_{file}(" in texts
    for number, graph in enumerate(graphs):
        inputs = samples(graph)
        assert_equal(graph, executable.run(number, inputs), inputs)
