"""A smaller data set: some images of another, drawn once and for all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from larq_focal.datasets.dataset import Dataset
from larq_focal.datasets.errors import DatasetError

_SEED = 0


def drawn(data: Dataset, *, train: int | None = None, test: int | None = None) -> Dataset:
    """So many of the training and test images of ``data``, the same ones each time; None, or as many, for all.

    Raises:
        DatasetError: the data set has fewer.
    """
    parts, words = {}, []
    for split, count in (("train", train), ("test", test)):
        images, labels = getattr(data, f"x_{split}"), getattr(data, f"y_{split}")
        if count is None or count == len(images):
            continue
        if not 0 < count < len(images):
            raise DatasetError(f"{data.title} has {len(images):,} {split} images, but {count:,} are asked for.")
        chosen = np.sort(np.random.default_rng(_SEED).permutation(len(images))[:count])
        parts |= {f"x_{split}": images[chosen], f"y_{split}": labels[chosen]}
        words.append(f"{count:,} of {len(images):,} {split} images")
    source = f"{data.source}, {' and '.join(words)} drawn with seed {_SEED}" if words else data.source
    return replace(data, source=source, **parts)
