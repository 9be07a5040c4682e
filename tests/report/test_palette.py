"""Colours of runs tell runs apart for colour-blind readers, too, and stand out from the ground."""

import re
from importlib import resources
from itertools import combinations

import numpy as np
import pytest

from larq_focal.report.runs import COLOURS

# Full deficiency, in linear RGB. Source: Machado, Oliveira and Fernandes, "A Physiologically-based Model for
# Simulation of Color Vision Deficiency", IEEE TVCG 2009.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])


def colours_of(scheme):
    """The ground, and the colours of runs, in linear RGB."""
    style = (resources.files("larq_focal.report") / "style.css").read_text()
    pairs = dict(re.findall(r"--(surface|run-\d): light-dark\((#\w{6}, #\w{6})\)", style))
    chosen = {name: pair.split(", ")[scheme == "dark"] for name, pair in pairs.items()}
    ground, *runs = (linear(chosen[name]) for name in ("surface", *(f"run-{i}" for i in range(COLOURS))))
    return ground, runs


def linear(code):
    share = np.array([int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def lab(colour):
    share = TO_XYZ @ np.clip(colour, 0, 1) / WHITE
    x, y, z = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("sight", SIGHT)
def test_colours_of_runs_differ(scheme, sight):
    seen = [lab(SIGHT[sight] @ colour) for colour in colours_of(scheme)[1]]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) >= 15


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_of_runs_stand_out(scheme):
    ground, runs = colours_of(scheme)
    for colour in runs:
        dark, bright = sorted(TO_XYZ[1] @ each for each in (ground, colour))
        assert (bright + 0.05) / (dark + 0.05) >= 3
