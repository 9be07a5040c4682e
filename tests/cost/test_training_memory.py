"""Memory of training: counted by hand, and by the saving that its authors publish."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.cost import LOW_MEMORY, STANDARD, TrainingBits, training_bytes
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Dense, Input
from tests.cost.graphs import affine, kernel, sign, two_layer_network


def multilayer_perceptron() -> QuantGraph:
    """784-256-256-256-256-10."""
    value = Input(name="image", shape=(784,))
    ops = [value]
    for index, units in enumerate((256, 256, 256, 256, 10)):
        weights = kernel((value.shape[0], units), 1)
        layer = Dense(name=f"dense_{index}", inputs=(value.name,), shape=(units,), kernel=weights)
        norm = affine(f"norm_{index}", layer)
        value = sign(f"sign_{index}", norm)
        ops += [layer, norm, value]
    return QuantGraph("perceptron", ops, [value.name])


def test_a_perceptron_saves_what_its_authors_say():
    """Wang et al., README: 2.78 times less at a batch of 100."""
    standard, low = (training_bytes(multilayer_perceptron(), 100, bits) for bits in (STANDARD, LOW_MEMORY))
    assert round(standard / low, 2) == 2.78


def test_every_kind_of_value_is_counted():
    """8x8x1 -> 3x3 to 16 -> norm -> sign -> 3x3 to 32 -> pool -> norm -> 10 units."""
    parts = {
        "kept": 7 * (64 + 6 * 6 * 16 + 288),
        "passing": 7 * 2 * 6 * 6 * 32,
        "masks": 7 * 6 * 6 * 32,
        "gradients": 144 + 4608 + 2880,
        "weights": 3 * (144 + 4608 + 2880) + 4 * (16 + 32),
    }
    nothing = dict.fromkeys(parts, 0)
    for name, elements in parts.items():
        assert training_bytes(two_layer_network(), 7, TrainingBits(**{**nothing, name: 8})) == elements, name


@given(st.integers(1, 1000))
def test_a_larger_batch_takes_more_by_the_same_for_each_image(images):
    one, two, more = (training_bytes(two_layer_network(), size) for size in (1, 2, 1 + images))
    assert more - one == images * (two - one)


def test_a_batch_has_images():
    with pytest.raises(ValueError, match="at least 1 image, not 0"):
        training_bytes(two_layer_network(), 0)
