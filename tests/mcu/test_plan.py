"""Values lie over each other only where nothing is read after it was overwritten."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.mcu.passes import lower_for_c
from larq_focal.mcu.plan import Buffer, planned
from larq_focal.mcu.program import program_of
from tests.mcu.networks import Chain


@st.composite
def buffers(draw) -> list[Buffer]:
    steps = draw(st.integers(1, 6))
    made = []
    for number in range(draw(st.integers(1, 7))):
        first = draw(st.integers(0, steps))
        made.append(Buffer(f"b{number}", draw(st.integers(1, 40)), first, draw(st.integers(first, steps))))
    return made


def words_of(plan, buffer: Buffer) -> set[int]:
    return set(range(plan.places[buffer.name], plan.places[buffer.name] + buffer.words))


@given(buffers())
def test_what_is_alive_at_the_same_time_is_apart(made):
    plan = planned(made, {})
    for step in range(8):
        alive = [words_of(plan, buffer) for buffer in made if buffer.first <= step <= buffer.last]
        assert sum(map(len, alive)) == len(set().union(*alive)) <= plan.words


@given(st.integers(1, 40), st.integers(1, 40), st.integers(-30, 30))
def test_a_result_lies_over_its_source_by_the_distance_that_is_safe(source_words, result_words, behind):
    source, result = Buffer("source", source_words, 0, 1), Buffer("result", result_words, 1, 2)
    plan = planned([source, result], {("result", "source"): behind})
    places = plan.places
    is_apart = not words_of(plan, source) & words_of(plan, result)
    assert is_apart or places["source"] - places["result"] >= behind
    apart = source_words + result_words
    assert plan.words <= apart
    if behind <= 0:
        assert plan.words <= max(source_words, result_words) + abs(behind)


def words(chain: Chain, **options) -> int:
    return program_of(lower_for_c(chain.graph()), "generic", **options).plan.words


def test_an_elementwise_chain_takes_the_memory_of_its_input_only():
    chain = Chain("in place", (4, 4, 8), bits=32).sign("s", 0.0)
    assert words(chain, input_in_arena=True) == 4 * 4 * 8


def test_a_convolution_is_written_over_the_image_that_it_reads():
    """Of 32x32 bits in 32 channels each way: one map, and what the window reaches back, not two maps."""
    chain = Chain("over", (32, 32, 32)).sign("s", 127.5).conv("c", 32, padding="same").sign("s1")
    map_words = 32 * 32
    reach, window, mask, sums = 32 + 1, 9, 9, 32
    assert words(chain.conv("last", 1, size=(1, 1))) <= map_words + reach + window + mask + sums + 2


def test_pixels_in_the_arena_make_room_for_the_bits_that_are_computed_from_them():
    """The first layer of a network for 32x32 colour images: 3 KiB of pixels become 4 KiB of signs."""
    chain = Chain("colour", (32, 32, 3)).conv("c", 32, padding="same").sign("s").pool("p")
    apart = 32 * 32 * 3 // 4 + 32 * 32
    assert words(chain, input_in_arena=True) < apart - 600


def test_a_network_for_cifar_works_in_3500_bytes_with_its_image():
    """SmallCifar: 5x5 convolutions of 32, 32 and 64 channels with pooling, and a dense layer.

    Sizes: Edge-Learning-Machine/CBin-NN, Example/Inc/bnn_params.h.
    """
    chain = Chain("small", (32, 32, 3))
    for number, (channels, pad) in enumerate([(32, 0.0), (32, 1.0), (64, 1.0)]):
        chain.conv(f"c{number}", channels, size=(5, 5), padding="same", pad_value=pad).sign(f"s{number}")
        chain.pool(f"p{number}")
    assert words(chain.flat().dense("d", 10), input_in_arena=True) * 4 <= 3500


def test_plans_are_the_same_each_time():
    chain = Chain("again", (12, 12, 5)).conv("c", 9).sign("s").pool("p").conv("c1", 7).sign("s1")
    graph = lower_for_c(chain.graph())
    first, second = (program_of(graph, "generic").plan for _ in range(2))
    assert first == second
    assert np.all([place >= 0 for place in first.places.values()])


def test_a_pooled_map_is_never_stored_before_it_is_pooled():
    chain = Chain("pooled", (33, 32, 3)).conv("c", 64, padding="same").sign("s").pool("p")
    assert words(chain) < 33 * 32 * 64 // 32 // 2
