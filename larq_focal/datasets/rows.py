"""The data sets that there are, each with how long the benchmark trains on it; importing this loads nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DatasetRow:
    """One data set: its images ``[height, width, channels]``, its classes in the order of their labels.

    ``epochs`` and ``batch_size`` are the benchmark's. One that ``is_embedded`` comes with scikit-learn, the others
    from a file ``<name>.npz`` or by their name through tensorflow-datasets.
    """

    title: str
    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    epochs: int
    batch_size: int
    is_embedded: bool = False


_DIGITS = tuple("0123456789")
_CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
DATASETS: dict[str, DatasetRow] = {
    "digits": DatasetRow(
        title="Handwritten digits (scikit-learn)",
        shape=(8, 8, 1),
        classes=_DIGITS,
        epochs=60,
        batch_size=64,
        is_embedded=True,
    ),
    "mnist": DatasetRow(title="MNIST", shape=(28, 28, 1), classes=_DIGITS, epochs=20, batch_size=128),
    "cifar10": DatasetRow(title="CIFAR-10", shape=(32, 32, 3), classes=_CIFAR10, epochs=30, batch_size=128),
}
DEFAULT_DATASET = "digits"
DATASET_FILES = tuple(f"{name}.npz" for name, row in DATASETS.items() if not row.is_embedded)
