"""The outputs of a network as a file: one .npy array, or a .npz archive with an array for each name."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from larq_focal.files import written_whole

ARCHIVE_SUFFIX = ".npz"


def check_output_path(path: str | Path, output_names: Sequence[str], model: str) -> None:
    """Raises ValueError where a file of this name cannot hold the outputs of a network."""
    if len(output_names) != 1 and not _is_archive(path):
        raise ValueError(
            f"'{model}' has {len(output_names)} outputs ({', '.join(output_names)}), which one array cannot hold: give "
            f"a name that ends in {ARCHIVE_SUFFIX} in place of '{path}', for a file with an array of each name."
        )


def write_outputs(path: str | Path, outputs: Mapping[str, np.ndarray]) -> None:
    """Writes one array to a .npy file, or all of them under their names to a .npz file, as the path ends.

    Raises:
        OSError: the file cannot be written.
    """
    with written_whole(path) as file:
        if not _is_archive(path):
            (output,) = outputs.values()
            np.save(file, output)
            return
        with zipfile.ZipFile(file, "w") as archive:  # numpy.savez cannot write every name
            for name, output in outputs.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, np.asarray(output, order="C"), allow_pickle=False)


def _is_archive(path: str | Path) -> bool:
    return Path(path).suffix.lower() == ARCHIVE_SUFFIX
