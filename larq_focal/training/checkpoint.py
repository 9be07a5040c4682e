"""The state of a training between two epochs, in one file of plain arrays: nothing in it is pickled."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from larq_focal.arrays import ArrayArchive, ArrayFileError
from larq_focal.files import written_whole
from larq_focal.nn import keras, noise_state, ops, set_noise_state

_STATE, _NOISE, _MODEL, _OPTIMIZER = "state", "noise", "model", "optimizer"


class CheckpointError(ValueError):
    """A checkpoint is damaged or belongs to another training; the message says what to do."""


def save_checkpoint(path: Path, model: keras.Model, state: dict) -> None:
    """Writes the model's weights, its optimizer's variables and ``state`` (plain JSON values), whole or not at all."""
    arrays = {_STATE: np.frombuffer(json.dumps(state, allow_nan=False).encode(), np.uint8)}
    for kind, variables in _variables(model).items():
        arrays |= {_key(kind, index): variable.numpy() for index, variable in enumerate(variables)}
    noise = noise_state()
    if noise is not None:
        arrays[_NOISE] = noise
    with written_whole(path) as file:
        np.savez(file, **arrays)


def load_state(path: Path) -> dict:
    """The ``state`` of a checkpoint.

    Raises:
        CheckpointError: The file is damaged.
    """
    try:
        state = json.loads(_read(path, {_STATE})[_STATE].tobytes())
    except (ValueError, RecursionError) as error:
        if isinstance(error, CheckpointError):
            raise
        state = None
    if not isinstance(state, dict):
        raise CheckpointError(f"'{path}' is damaged: its state is not JSON. Delete it to start again.")
    return state


def restore(path: Path, model: keras.Model) -> None:
    """Sets the weights of a compiled ``model`` and its optimizer's variables to those of a checkpoint.

    Raises:
        CheckpointError: The file is damaged, or its variables are not those of the model.
    """
    arrays = _read(path)
    expected = {
        _key(kind, index): variable
        for kind, variables in _variables(model).items()
        for index, variable in enumerate(variables)
    }
    shapes = {key: (array.shape, array.dtype) for key, array in arrays.items() if key not in (_STATE, _NOISE)}
    if shapes != {key: (tuple(each.shape), np.dtype(ops.dtype(each))) for key, each in expected.items()}:
        raise CheckpointError(
            f"'{path}' holds {len(shapes)} variables that are not the {len(expected)} of {model.name!r} and its "
            "optimizer. It was made for another model or by another version: delete it to start again."
        )
    for key, variable in expected.items():
        variable.assign(arrays[key])


def restore_noise(path: Path) -> None:
    """Goes on with the noise that is not in variables. Keras draws some before the first step of a training.

    Raises:
        CheckpointError: The file is damaged.
    """
    noise = _read(path).get(_NOISE)
    if noise is None:
        return
    try:
        set_noise_state(noise)
    except ValueError as error:
        raise CheckpointError(f"'{path}' is damaged. {error} Delete it to start again.") from error


def _variables(model: keras.Model) -> dict[str, list]:
    model.optimizer.build(model.trainable_variables)
    return {_MODEL: model.variables, _OPTIMIZER: model.optimizer.variables}


def _key(kind: str, index: int) -> str:
    return f"{kind}/{index:04d}"


def _read(path: Path, only: set[str] | None = None) -> dict[str, np.ndarray]:
    try:
        with ArrayArchive(path) as archive:
            return {key: archive[key] for key in only or archive}
    except KeyError as error:
        raise CheckpointError(f"'{path}' is not a checkpoint: it lacks {error}. Delete it to start again.") from error
    except (OSError, ArrayFileError) as error:
        raise CheckpointError(f"{error} Delete it to start again.") from error
