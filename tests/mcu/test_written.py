"""What is written in C computes what the interpreter computes, to the bit."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from larq_focal.mcu.errors import CExportError, check_writable
from larq_focal.network import ops
from tests.mcu.networks import channels_network, image_network, kinds, samples
from tests.mcu.written import assert_equal, written
from tests.support.drawn_networks import drawn_inputs, networks

DRAWN = 50
"""``benchmarks/mcu_drawn_networks.py`` does thousands."""


def assert_all_equal(graphs, folder, inputs_of) -> None:
    _, executable = written(graphs, folder)
    for number, graph in enumerate(graphs):
        inputs = inputs_of(graph)
        assert_equal(graph, executable.run(number, inputs), inputs)


def test_binary_convolutions_of_any_number_of_channels(tmp_path):
    assert_all_equal([channels_network(channels) for channels in range(1, 41)], tmp_path, samples)


KINDS = [*kinds(), *(image_network(1, 3, pad_value) for pad_value in (-1.0, 0.0, 1.0, 0.5))]


@pytest.fixture(scope="module")
def written_kinds(tmp_path_factory):
    """A folder with a network of every kind in C, and an executable of them."""
    folder = tmp_path_factory.mktemp("kinds")
    return folder, written(KINDS, folder)[1]


@pytest.mark.parametrize("number", range(len(KINDS)), ids=lambda number: KINDS[number].name)
def test_networks_of_every_kind(written_kinds, number):
    inputs = samples(KINDS[number])
    assert_equal(KINDS[number], written_kinds[1].run(number, inputs), inputs)


def is_exact(graph) -> bool:
    """Whether there is C for all of a network, and no softmax whose scores come without it."""
    try:
        check_writable(graph)
    except CExportError:
        return False
    return True


def test_drawn_networks(tmp_path):
    graphs = []

    @seed(0)
    @settings(max_examples=DRAWN, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(networks())
    def draw(graph):
        if is_exact(graph):
            graphs.append(graph)

    draw()
    assert len(graphs) > DRAWN // 3
    assert_all_equal(graphs, tmp_path, drawn_inputs)


def test_what_is_written_is_plain_c(written_kinds):
    """No library, no memory allocation, no recursion: functions call those above them only."""
    files = [*written_kinds[0].glob("n*/network.c")]
    assert len(files) == len(KINDS)
    for file in files:
        text = re.sub(r"/\*.*?\*/", "", file.read_text(encoding="utf-8"), flags=re.S)
        assert re.findall(r"#include (\S+)", text) == ['"network.h"']
        assert not re.search(r"\b(malloc|free|printf|memcpy|alloca|goto)\b", text)
        known: set[str] = set()
        for name, body in re.findall(r"^(?:\w+ )*(?:\w+) \*?(\w+)\([^;{]*\)\n\{\n(.*?)^\}", text, re.M | re.S):
            called = set(re.findall(r"\b((?:lqf|run)_\w+)\(", body))
            assert called <= known, f"{file}: {name} calls {called - known}"
            known.add(name)
        assert len(known) > 3


@pytest.mark.parametrize("name", [name for name in ops.OPS if name not in ("Input", "Reshape")])
def test_each_operation_has_c_or_a_reason(name):
    from larq_focal.mcu.errors import _WITHOUT_C
    from larq_focal.mcu.program import write_step

    has_c = write_step.dispatch(ops.OPS[name]) is not write_step.dispatch(object)
    assert has_c != (ops.OPS[name] in _WITHOUT_C)
