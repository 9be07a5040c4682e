"""Made-up signals of an accelerometer, in files as WISDM and UniMiB SHAR have them: for trials where those are not.

An activity is a swing of its own frequency and height about gravity, with its first harmonic and noise; each person
has a pace, a vigour and a way to carry the sensor. Networks that tell them apart have learned nothing about people, so
records of trainings on them name the data made up.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from larq_focal.datasets.rows import DATASETS, title_file
from larq_focal.datasets.signals import unimib_shar, wisdm
from larq_focal.files import write_text

_GRAVITY = 9.81


def swings(random: np.random.Generator, label: int, classes: int, steps: int, rate: float) -> np.ndarray:
    """A signal ``[steps, 3]`` in m/s^2 of one person at an activity, ``rate`` values a second."""
    frequency = (0.5 + 3.0 * label / classes) * random.uniform(0.9, 1.1)
    height = (0.3 + 6.0 * ((label * 5) % classes) / classes) * random.uniform(0.8, 1.2)
    direction = random.normal(size=3) * 0.2 + np.array([0.0, 1.0, 0.0])
    phase = 2 * np.pi * frequency * np.arange(steps) / rate + random.uniform(0, 2 * np.pi)
    swing = np.stack([0.5 * np.cos(phase), np.sin(phase), 0.5 * np.sin(2 * phase)], 1) * height
    return _GRAVITY * direction / np.linalg.norm(direction) + swing + random.normal(0, 0.3, (steps, 3))


def write_wisdm(folder: str | Path, *, seed: int = 0, seconds: float = 30.0) -> Path:
    """Writes ``WISDM_ar_v1.1_raw.txt`` of 36 users, ``seconds`` of each activity, and returns its path."""
    row, rate, lines = DATASETS["wisdm"], 20.0, []
    random = np.random.default_rng(seed)
    for user in range(1, 37):
        for label, activity in enumerate(row.classes):
            signal = swings(random, label, len(row.classes), int(seconds * rate), rate)
            for time, values in enumerate(signal):
                numbers = ",".join(f"{value:.6g}" for value in values)
                lines.append(f"{user},{activity},{int(time * 1e9 / rate)},{numbers};\n")
    _write_title(folder, "wisdm")
    return write_text(Path(folder) / wisdm.FILE, "".join(lines))


def write_unimib_shar(folder: str | Path, *, seed: int = 0, trials: int = 2) -> Path:
    """Writes ``acc_data.mat`` and ``acc_labels.mat`` of 30 people, ``trials`` windows of each activity, to a folder.

    Needs scipy.
    """
    from scipy.io import savemat

    row, random = DATASETS["unimib_shar"], np.random.default_rng(seed)
    count = len(row.classes)
    labels = [
        (label + 1, who, trial) for who in range(1, 31) for label in range(count) for trial in range(1, trials + 1)
    ]
    signals = [swings(random, label - 1, count, row.shape[0], 50.0).T.ravel() for label, _, _ in labels]
    for name, array in ((unimib_shar.DATA, np.array(signals)), (unimib_shar.LABELS, np.array(labels))):
        savemat(Path(folder) / f"{name}.mat", {name: array})
    _write_title(folder, "unimib_shar")
    return Path(folder)


def _write_title(folder: str | Path, name: str) -> None:
    write_text(Path(folder) / title_file(name), f"{DATASETS[name].title} (made up)\n")
