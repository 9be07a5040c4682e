"""Whether an engine computes what it should is judged by the NumPy interpreter."""

from __future__ import annotations

import json

import numpy as np
import pytest

from larq_focal.deploy import checking
from larq_focal.deploy.checking import Check, check
from larq_focal.deploy.runtime import Runtime
from tests.support.flatbuffers import dense_network, relu_network
from tests.support.lce_file import residual_network
from tests.support.printing import printed


@pytest.mark.parametrize(
    "content", [residual_network(1, 8, 32), dense_network(), relu_network(dtype="int8", scale=0.02)]
)
def test_right_results_pass(content):
    result = check(content)
    assert result.passed and result.relative_difference < 0.1
    assert Check.from_dict(json.loads(json.dumps(result.to_dict()))) == result
    assert "are right" in printed(result)


def test_wrong_results_do_not():
    class Wrong(Runtime):
        def outputs(self, batch):
            return tuple(output + 0.01 for output in super().outputs(batch))

    result = check(Wrong(relu_network((1, 64))))
    assert not result.passed
    assert 0.001 < result.relative_difference < 0.1
    assert "DIFFER" in printed(result)


def test_an_emulated_processor_is_named(monkeypatch):
    described = checking.describe_machine() | {"emulator": "qemu-aarch64"}
    monkeypatch.setattr(checking, "describe_machine", lambda: described)
    text = printed(check(relu_network())).replace("\n", " ")
    assert "on qemu-aarch64" in text and "A time would say nothing" in text


def test_the_input_is_drawn_from_the_seed():
    seen = []

    class Seeing(Runtime):
        def outputs(self, batch):
            seen.append(batch["x"])
            return super().outputs(batch)

    for seed in (0, 0, 1):
        check(Seeing(relu_network()), seed=seed)
    assert np.array_equal(seen[0], seen[1]) and not np.array_equal(seen[0], seen[2])
