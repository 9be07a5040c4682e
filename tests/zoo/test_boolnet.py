"""BoolNet's counts beside those of its authors, and the two ways in which its variants differ."""

from __future__ import annotations

import pytest

from larq_focal.network.keras.from_keras import from_keras
from larq_focal.zoo import boolnet
from larq_focal.zoo.registry import MODELS
from larq_focal.zoo.structure import compare

SMALL = {"input_shape": (64, 64, 3), "num_classes": 10, "filters": 32}


@pytest.mark.slow
@pytest.mark.own_process
def test_the_authors_count_the_same_number_more_in_each_network():
    """Up to the rounding of what they print, 0.005e8 either way; without the first sign's convolution it is not so."""
    differences = [
        comparison.published.value - comparison.ours
        for name in ("boolnet_4", "basenet_4", "basenet_1")
        for comparison in compare(MODELS[name])
    ]
    assert max(differences) - min(differences) <= 2 * 0.005e8


def sizes(model):
    return {op.name: (op.shape[:2], op.dilation) for op in from_keras(model).layers if op.name.startswith("block_4")}


@pytest.mark.slow
def test_the_star_keeps_the_size_of_the_last_stage_and_spreads_its_last_kernels():
    plain, star = sizes(boolnet(**SMALL)), sizes(boolnet(**SMALL, dilated=True))
    assert plain.keys() == star.keys()
    for block in (1, 2):
        for conv in (1, 2):
            name = f"block_4_{block}_conv_{conv}"
            assert plain[name] == ((2, 2), (1, 1))
            assert star[name] == ((4, 4), (block, block))


@pytest.mark.slow
def test_only_the_split_network_moves_its_first_zero_point():
    assert "stem_zero" in from_keras(boolnet(**SMALL))
    assert "stem_zero" not in from_keras(boolnet(**SMALL, split=False))
