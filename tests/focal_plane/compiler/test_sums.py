"""Sums of convolutions and one-bit maps before a sign: equal to the interpreter at every pixel, borders included."""

from __future__ import annotations

import pytest

from larq_focal.focal_plane import sensor_names
from tests.focal_plane.compiler.on_sensors import check
from tests.focal_plane.compiler.random_sums import SumDraw, drawn, network

DRAWS = 60


@pytest.mark.parametrize(
    "changes",
    [
        {"kernel_sizes": (3, 3), "ratios": (1, 1)},
        {"kernel_sizes": (3, 2), "ratios": (2, 1), "is_ternary": True, "channels": 2},
        {"kernel_sizes": (3, 1), "ratios": (-1, 1.5), "pad_value": 1.0, "channels": 2},
        {"kernel_sizes": (2, 1), "ratios": (1, 1), "shortcuts": 1, "stride": 2, "pad_value": -1.0},
        {"kernel_sizes": (1, 2, 3), "ratios": (1, 1, 1), "channels": 1, "pool": "before"},
        {"kernel_sizes": (5, 5), "ratios": (1, 1), "channels": 1, "pad_value": 1.0},
        {"shortcuts": 1, "groups": 4},
        {"shortcuts": 1, "normalised": True, "groups": 4, "is_followed": True},
        {"shortcuts": 2, "normalised": True, "is_ternary": True, "channels": 3, "pool": "after"},
        {"shortcuts": 1, "normalised": True, "groups": 4, "pool": "before"},
        {"kernel_sizes": (2,), "shortcuts": 1, "normalised": True, "stride": 2, "pad_value": 1.0},
    ],
    ids=lambda changes: "-".join(f"{key}={value}" for key, value in changes.items()),
)
def test_sums_equal_the_interpreter(changes):
    verdicts = check(network(SumDraw(**changes)), count=2)
    assert set(verdicts.values()) <= {"fit", "spill"}
    assert set(verdicts) == set(sensor_names())


@pytest.mark.slow
def test_random_sums_equal_the_interpreter():
    verdicts = [check(network(drawn(seed)), seed=seed) for seed in range(DRAWS)]
    for name in sensor_names():
        fitting = sum(verdict[name] in ("fit", "spill") for verdict in verdicts)
        assert fitting >= 0.9 * DRAWS, f"only {fitting} sums fit {name}"
