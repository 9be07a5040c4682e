"""A saved model of Keras 2 or Larq as a file of Keras 3."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import larq_focal.quantizers  # noqa: F401 (registers quantizers, Larq's and ours)
from larq_focal.files import existing, written_whole
from larq_focal.messages import short
from larq_focal.network.keras.errors import MigrationError
from larq_focal.network.keras.file import check_objects, opened
from larq_focal.network.keras.hdf5_probe import check_hdf5
from larq_focal.network.keras.migration.models import translated_model
from larq_focal.network.keras.migration.weights import load_weights
from larq_focal.network.keras.nodes import unmade_call
from larq_focal.nn import keras


def migrated(path: Path, trust: bool) -> keras.Model:
    """The model in a file of Keras 2, as one of Keras 3 with the same weights.

    Args:
        path: of an ``.h5`` or ``.keras`` file.
        trust: whether the file may name what is not known to be harmless.

    Raises:
        FileNotFoundError: there is no such file.
        MigrationError: the model has something that Keras 3 does not have.
        UntrustedModelError: loading it would run code, and ``trust`` is not given.
        ValueError: the file does not hold a model of Keras 2.
    """
    path = existing(path)
    try:
        check_hdf5(path)
        with opened(path) as (config, _):
            config = _checked(config, path)
        translated = translated_model(config)
        if not trust:
            check_objects(translated, path)
        model = keras.saving.deserialize_keras_object(translated, safe_mode=not trust)
        load_weights(model, path)
    except (MigrationError, FileNotFoundError):
        raise
    except ValueError as error:
        if type(error) is not ValueError:  # one that says it better
            raise
        raise ValueError(f"'{path}' cannot be migrated: {short(error)}") from error
    except Exception as error:  # a damaged file fails anywhere in Keras or HDF5
        raise ValueError(f"'{path}' cannot be migrated: {type(error).__name__}: {short(error)}") from error
    return model


def _checked(config: Any, path: Path) -> dict:
    if not isinstance(config, dict):
        raise ValueError("its configuration is not that of a model.")
    if (layer := unmade_call(config)) is not None:
        raise ValueError(f"the layer '{short(layer, 60)}' is called on an output that is never made.")
    if _is_of_keras_3(config):
        raise MigrationError(f"'{path}' is a model of Keras 3 already: load it as it is.")
    return config


def _is_of_keras_3(config: Any) -> bool:
    """Whether an input has its shape as Keras 3 calls it."""
    if isinstance(config, dict):
        if config.get("class_name") == "InputLayer" and "batch_shape" in (config.get("config") or {}):
            return True
        return any(map(_is_of_keras_3, config.values()))
    return isinstance(config, list) and any(map(_is_of_keras_3, config))


def migrate_file(source: Path, destination: Path, trust: bool) -> None:
    """Writes the model in a file of Keras 2 as a ``.keras`` file of Keras 3; errors as of ``migrated``."""
    model = migrated(source, trust)
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder, "model.keras")
        model.save(saved)
        with written_whole(destination) as file:
            file.write(saved.read_bytes())
