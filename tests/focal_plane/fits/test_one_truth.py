"""A fit never says other things than the program of the network does."""

from __future__ import annotations

from benchmarks.fit_and_compile import compared, drawn_network
from larq_focal.focal_plane import sensor_names
from tests.focal_plane.compiler.random_layers import small

SEEDS = range(14)


def test_fit_and_compile_agree_on_drawn_networks():
    """Of every sensor file; the verdicts are not all alike, or this would prove little."""
    names = sensor_names()
    found = {seed: compared(drawn_network(seed), small(names[seed % len(names)])) for seed in SEEDS}
    assert {seed: lines for seed, (_, lines) in found.items() if lines} == {}
    assert {"FIT", "NO FIT", "NOT JUDGED"} <= {verdict for verdict, _ in found.values()}
