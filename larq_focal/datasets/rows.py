"""The data sets that there are, each with how long the benchmark trains on it; importing this loads nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DatasetRow:
    """One data set: its images ``[height, width, channels]``, its classes in the order of their labels.

    ``epochs`` and ``batch_size`` are the benchmark's. One that ``is_embedded`` comes with scikit-learn, the others
    from a file ``<name>.npz`` or by their name through tensorflow-datasets.

    Signals ``[steps, channels]`` in bytes come from the files of those who recorded them, by the module of their name
    in ``datasets/signals/``. Byte 128 stands for 0, and 256 would for ``full_scale``.
    """

    title: str
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    epochs: int
    batch_size: int
    is_embedded: bool = False
    full_scale: float = 0.0

    @property
    def is_signal(self) -> bool:
        return len(self.shape) == 2


_DIGITS = tuple("0123456789")
_CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_UNIMIB = (
    *("StandingUpFS", "StandingUpFL", "Walking", "Running", "GoingUpS", "Jumping", "GoingDownS", "LyingDownFS"),
    *("SittingDown", "FallingForw", "FallingRight", "FallingBack", "HittingObstacle", "FallingWithPS"),
    *("FallingBackSC", "Syncope", "FallingLeft"),
)
DATASETS: dict[str, DatasetRow] = {
    "digits": DatasetRow(
        title="Handwritten digits (scikit-learn)",
        shape=(8, 8, 1),
        classes=_DIGITS,
        epochs=40,
        batch_size=64,
        is_embedded=True,
    ),
    "mnist": DatasetRow(title="MNIST", shape=(28, 28, 1), classes=_DIGITS, epochs=20, batch_size=128),
    "cifar10": DatasetRow(title="CIFAR-10", shape=(32, 32, 3), classes=_CIFAR10, epochs=30, batch_size=128),
    "basic_motions": DatasetRow(
        title="BasicMotions",
        shape=(100, 6),
        classes=("Standing", "Running", "Walking", "Badminton"),
        epochs=200,
        batch_size=8,
        full_scale=32.0,
    ),
    "wisdm": DatasetRow(
        title="WISDM",
        shape=(80, 3),
        classes=("Walking", "Jogging", "Upstairs", "Downstairs", "Sitting", "Standing"),
        epochs=60,
        batch_size=128,
        full_scale=20.0,
    ),
    "unimib_shar": DatasetRow(
        title="UniMiB SHAR", shape=(151, 3), classes=_UNIMIB, epochs=60, batch_size=128, full_scale=20.0
    ),
}
DEFAULT_DATASET = "digits"
DATASET_FILES = tuple(f"{name}.npz" for name, row in DATASETS.items() if not (row.is_embedded or row.is_signal))


def title_file(name: str) -> str:
    """The file beside signals that are not the original's, which holds a line that says what they are."""
    return f"{name}_title.txt"
