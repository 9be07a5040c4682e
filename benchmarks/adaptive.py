"""Adaptive sensing on a made-up scene: what two programs send of digits that enter, move, change and leave.

Run ``python benchmarks/adaptive.py``; it needs scikit-learn for its digits. It trains the classifier on 1,000 of them,
shows 320 frames made from the others to the simulated SCAMP-5, and prints for PixelRNN's recurrent unit (random
weights, a map of 64x64) and for a detector that wakes a classifier: bits sent, silent frames, events missed and told
late, data reduction, and the time of a frame.
"""

from __future__ import annotations

from rich.console import Console
from sklearn.datasets import load_digits

from larq_focal.focal_plane import load_sensor
from larq_focal.focal_plane.adaptive import (
    PixelRnn,
    RecurrentWeights,
    TwoNetworks,
    adaptive_report,
    moving_digits,
    train_templates,
    watch,
)
from larq_focal.focal_plane.machine import Simulator

TRAINED, FRAMES, SEED = 1000, 320, 0


def main() -> None:
    sensor, digits, console = load_sensor("scamp5"), load_digits(), Console(highlight=False)
    scene = moving_digits(
        *(FRAMES, sensor.height, sensor.width, SEED),
        digits=(digits.images[TRAINED:], digits.target[TRAINED:]),
        margin=96,  # the digits stay in the middle 64 x 64 pixels
    )
    classifier = train_templates(digits.images[:TRAINED], digits.target[:TRAINED], threshold=40)
    policies = {
        "PixelRNN's recurrent unit": PixelRnn(sensor, RecurrentWeights.random(SEED), map_size=(64, 64)),
        "detector and classifier": TwoNetworks(sensor, classifier),
    }
    for name, policy in policies.items():
        console.print(adaptive_report(name, sensor, watch(Simulator(sensor), policy, scene.images), scene.events))
        console.print()


if __name__ == "__main__":
    main()
