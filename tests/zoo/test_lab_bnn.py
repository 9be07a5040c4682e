"""LAB-BNN's memory beside its authors'."""

from __future__ import annotations

import pytest

from larq_focal.nn import sublayers
from larq_focal.quantizers import LearnableActivationBinarizer
from larq_focal.zoo.networks.learned_binarizers import lab_bnn
from larq_focal.zoo.structure import count


@pytest.mark.slow
def test_the_authors_second_kernels_explain_a_part_of_their_memory():
    """Their binarizer has two 3x3 kernels with bias for each of the channels of 16 inputs, and this one the difference.

    Their form of it, converted with random weights, is a file of 4.44 MB.
    """
    model = lab_bnn()
    binarizers = [layer for layer in sublayers(model) if isinstance(layer, LearnableActivationBinarizer)]
    channels = sum(binarizer.channels for binarizer in binarizers)
    assert (len(binarizers), channels) == (16, 4 * 64 + (64 + 3 * 128) + (128 + 3 * 256) + (256 + 3 * 512))
    second_kernels = 4 * channels * (3 * 3 + 1) / 1e6
    assert count(model, "megabytes") + second_kernels == pytest.approx(4.62 - 0.16, abs=0.005)
