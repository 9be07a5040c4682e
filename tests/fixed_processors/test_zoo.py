"""The zoo's networks of BinarEye, image in thermometer code and all."""

import pytest

pytest.importorskip("tensorflow")

from larq_focal.focal_plane import fit
from larq_focal.zoo import binareye, lenet


@pytest.mark.slow
def test_network_of_width_64_fits_with_the_published_energy():
    report = fit(binareye(width=64), "binareye")
    assert report.verdict == "FIT" and round(report.operations / 1e6) == 126
    assert report.energy_uj == pytest.approx(0.92, rel=0.03)


@pytest.mark.slow
def test_another_network_says_what_would_have_to_change():
    report = fit(lenet(), "binareye")
    assert report.verdict == "NO FIT" and "a 2x2 kernel" in report.smallest_change
