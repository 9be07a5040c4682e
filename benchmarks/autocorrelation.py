"""Measures the spectra of what two layers see on MNIST, and gradient descent by them, for the page on training.

    python -m benchmarks.autocorrelation --data-dir DIR

Run it from the repository, with DIR holding mnist.npz. The layers are those of `lqf.zoo.two_layer` with the
random weights of seed 0: the first layer sees pixels, the second what the first makes of them, as it is and
batch-normalised. The losses are those of gradient descent on a layer of these eigenvalues.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.quantizer_networks import use_one_core
from larq_focal.bench.records.environment import describe_environment
from larq_focal.bench.records.record_file import write_record
from larq_focal.datasets.dataset import as_input, load_dataset
from larq_focal.nn import keras
from larq_focal.training import AutocorrelationSpectrum, autocorrelation_spectrum

layers = keras.layers
TABLE = Path(__file__).parent.parent / "docs/data/autocorrelation.json"
IMAGES, STEPS = 1000, 200
RATES = (0.1, 0.5, 0.95, 1.02)
"""In units of the largest stable learning rate."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, help="folder with mnist.npz; by default through tensorflow-datasets")
    parser.add_argument("--table", type=Path, default=TABLE, help="where the table goes")
    arguments = parser.parse_args()

    use_one_core()
    started, clock = datetime.now(timezone.utc).isoformat(timespec="seconds"), perf_counter()
    images = as_input(load_dataset("mnist", arguments.data_dir).x_train[:IMAGES])
    rows = [row(inputs, spectrum) for inputs, spectrum in spectra(images)]
    environment = describe_environment(started, perf_counter() - clock)
    record = {"images": IMAGES, "machine": environment["machine"], "versions": environment["versions"], "rows": rows}
    write_record(record, arguments.table)


def spectra(images: np.ndarray) -> Iterator[tuple[str, AutocorrelationSpectrum]]:
    """Of both layers, by what each sees."""
    keras.utils.set_random_seed(0)
    first, second = (layers.Conv2D(filters, 3, padding="same", name=f"conv_{n}") for n, filters in ((1, 16), (2, 32)))
    first.build((None, 28, 28, 1))
    second.build((None, 28, 28, 16))
    yield "conv_1: pixels from 0 to 1", autocorrelation_spectrum(first, images + 0.5)
    yield "conv_1: pixels from -1/2 to 1/2", autocorrelation_spectrum(first, images)
    yield "conv_1: signs of pixels", autocorrelation_spectrum(first, signs(images))
    maps = np.asarray(first(images))
    normalised = (maps - maps.mean((0, 1, 2))) / maps.std((0, 1, 2))
    yield "conv_2: maps after ReLU", autocorrelation_spectrum(second, np.maximum(maps, 0))
    yield "conv_2: normalised, then ReLU", autocorrelation_spectrum(second, np.maximum(normalised, 0))
    yield "conv_2: normalised, then signs", autocorrelation_spectrum(second, signs(normalised))


def signs(x: np.ndarray) -> np.ndarray:
    return np.where(x >= 0, 1, -1).astype(np.float32)


def row(inputs: str, spectrum: AutocorrelationSpectrum) -> dict:
    return {
        "inputs": inputs,
        "eigenvalues": rounded(spectrum.eigenvalues),
        "centred_eigenvalues": rounded(spectrum.centred_eigenvalues),
        "spread": spectrum.spread,
        "centred_spread": spectrum.centred_spread,
        "rank": spectrum.rank,
        "rate": spectrum.largest_stable_rate,
        "normalised_rate": spectrum.largest_stable_rate_normalised,
        "nlms_ratio": [float(spectrum.nlms_ratio.mean()), float(spectrum.nlms_ratio.std())],
        "losses": {f"{rate:g}": losses(spectrum.eigenvalues, rate * spectrum.largest_stable_rate) for rate in RATES},
    }


def losses(eigenvalues: np.ndarray, rate: float) -> list[float]:
    """The loss of each step of gradient descent, in units of the first, from an error of 1 along each eigenvector."""
    error, found = np.ones_like(eigenvalues), []
    for _ in range(STEPS):
        found.append(float((eigenvalues * error**2).sum()))
        error = error - rate * eigenvalues * error
    return rounded(np.array(found) / found[0])


def rounded(values: np.ndarray) -> list[float]:
    """To four digits: enough to draw them."""
    return [float(f"{value:.4g}") for value in values]


if __name__ == "__main__":
    main()
