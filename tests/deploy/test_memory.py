"""The memory of a network is measured where nothing else grows, and stays near that of Larq's own engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from larq_focal.deploy import memory
from larq_focal.deploy.memory import Memory, peak_memory
from larq_focal.deploy.runtime import EngineError
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from tests.support.flatbuffers import relu_network
from tests.support.lce_file import residual_network
from tests.support.stacks import LCE

MIB = 2**20
LARGEST_SHARE_OF_LCE = 1.2


def test_an_inference_grows_by_its_activations():
    small, large = (
        peak_memory(read_flatbuffer(relu_network((1, size))), engine="litert") for size in (MIB // 4, 4 * MIB)
    )
    assert 15 * MIB <= large.inference_bytes <= 50 * MIB, "input and output of 16 MiB, of which one may be shared"
    assert small.inference_bytes < 5 * MIB


@LCE
def test_the_delegate_takes_no_more_than_larqs_own_engine():
    model = read_flatbuffer(residual_network())
    own, lce = (peak_memory(model, engine=engine).inference_bytes for engine in ("delegate", "lce"))
    assert lce > 4 * MIB
    assert own <= LARGEST_SHARE_OF_LCE * lce


def test_a_network_that_does_not_run_there_says_why():
    model = replace(read_flatbuffer(relu_network()), content=b"....TFL3")
    with pytest.raises(EngineError, match=r"'model' cannot be run for a measurement of its memory: .*damaged"):
        peak_memory(model, engine="litert")


def test_other_systems_are_not_measured(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_STATUS", tmp_path / "status")
    assert peak_memory(read_flatbuffer(relu_network()), engine="litert") is None


def test_figures_have_binary_units():
    text = str(Memory(preparation_bytes=3 * MIB, inference_bytes=MIB // 2))
    assert "512 KiB for an inference" in text and "3.00 MiB for the prepared model" in text
    assert Memory(3, 4).total_bytes == 7
