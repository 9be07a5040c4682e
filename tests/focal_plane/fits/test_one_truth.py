"""A fit never says other things than the program of the network does."""

from __future__ import annotations

import pytest

from benchmarks.fit_and_compile import disagreements, drawn_network
from larq_focal.focal_plane import sensor_names
from tests.focal_plane.compiler.random_layers import small

SEEDS = range(14)


@pytest.mark.parametrize("seed", SEEDS)
def test_fit_and_compile_agree_on_drawn_networks(seed):
    sensor = small(sensor_names()[seed % len(sensor_names())])
    assert disagreements(drawn_network(seed), sensor) == []


def test_drawn_networks_have_every_verdict():
    """Else they would prove little."""
    from larq_focal.focal_plane import fit

    verdicts = {str(fit(drawn_network(seed), small("scamp5"), limit_s=20).verdict) for seed in SEEDS}
    assert {"FIT", "NO FIT", "NOT JUDGED"} <= verdicts
