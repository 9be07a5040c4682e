"""What becomes of an accuracy when the light changes: the test images of a camera in more and in less of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from larq_focal.bench.rerun import results_on
from larq_focal.datasets.dataset import Dataset
from larq_focal.deploy.runtime import Runtime
from larq_focal.files import write_text

Camera = Literal["grey", "linear"]
CAMERAS = ("grey", "linear")


def seen(images: np.ndarray, light: float, camera: Camera) -> np.ndarray:
    """What a network gets of ``images`` in so many times the light, float32.

    Args:
        images: uint8 ``[n, height, width, channels]``, taken as linear intensities.
        light: the factor.
        camera: "grey" for one with a fixed exposure, which rounds to 8 bits and is white from 255 on; "linear" for a
            sensor that compares intensities before they are digital, and neither rounds nor saturates.
    """
    pixels = images.astype(np.float32) * np.float32(light)
    if camera == "grey":
        pixels = np.clip(np.round(pixels), 0, 255)
    return (pixels - 128) / 256


def light_accuracies(
    model: Path, data: Dataset, factors: Sequence[float], camera: Camera, kept: Path
) -> dict[float, float]:
    """The accuracy of a converted file by the factor of the light; ``kept`` is a file that remembers them.

    Raises:
        EngineError: the file cannot be run here.
    """
    known = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    missing = [factor for factor in factors if str(factor) not in known]
    if missing:
        runtime = Runtime(model)
        for factor in missing:
            known[str(factor)] = results_on(runtime, data, seen(data.x_test, factor, camera))["accuracy"]["value"]
        write_text(kept, json.dumps(known))
    return {factor: known[str(factor)] for factor in factors}
