"""Where a search stands after its last round, in one file of plain arrays, so that it can go on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from larq_focal.arrays import ArrayFileError, read_npz
from larq_focal.files import written_whole

_SEARCH = "search"


class Checkpoint:
    """The file of a search, which belongs to its settings.

    Args:
        path: of the file.
        settings: of the search, as plain data.
    """

    def __init__(self, path: str | Path, settings: Mapping[str, Any]):
        self._path, self._settings = Path(path), json.loads(json.dumps(settings))

    def save(self, progress: Mapping[str, Any], weights: Sequence[np.ndarray]) -> None:
        """Writes the progress, plain data, and the weights of the network on the way, whole or not at all."""
        text = json.dumps({"settings": self._settings, "progress": progress})
        arrays = {f"weight_{index:04d}": value for index, value in enumerate(weights)}
        with written_whole(self._path) as file:
            np.savez(file, **{_SEARCH: np.frombuffer(text.encode(), np.uint8)}, **arrays)

    def load(self) -> tuple[dict[str, Any], list[np.ndarray]] | None:
        """What :meth:`save` wrote; None where nothing is there.

        Raises:
            ValueError: the file is damaged, or is one of another search.
        """
        if not self._path.exists():
            return None
        try:
            arrays = read_npz(self._path)
            content = json.loads(arrays.pop(_SEARCH).tobytes())
            settings, progress = content["settings"], content["progress"]
        except (ValueError, KeyError, TypeError, ArrayFileError) as error:
            raise ValueError(f"'{self._path}' is damaged ({error}): delete it to start again.") from error
        if settings != self._settings:
            raise ValueError(
                f"'{self._path}' is of a search with other settings or of another network: delete it to start again, "
                "or choose another output."
            )
        return progress, [arrays[name] for name in sorted(arrays)]

    def discard(self) -> None:
        """Removes the file."""
        self._path.unlink(missing_ok=True)
