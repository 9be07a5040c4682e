"""Weights files: a network's variables as plain arrays, its quantized kernels as they compute."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from larq_focal.arrays import ArrayFileError, read_npz
from larq_focal.files import written_whole
from larq_focal.nn import keras, ops, quantized_scope, quantized_variables
from larq_focal.zoo.download import download
from larq_focal.zoo.manifest import manifest

SUFFIX = ".npz"
KERAS_SUFFIX = ".h5"
"""Of the files that Keras writes, and larq-zoo publishes."""


class WeightsError(ValueError):
    """A weights file is damaged or is one of another network; the message says which."""


def with_weights(model: keras.Model, weights: str | Path | None) -> keras.Model:
    """``model`` with the pretrained weights of a data set, with those of a file, or, for None, as it is.

    A file is one of :func:`save_weights`, or an ``.h5`` that Keras wrote for the same layers, as those of larq-zoo.

    Raises:
        WeightsError: There are no such weights, or they are those of another network.
        DownloadError: They could not be fetched.
    """
    if weights is None:
        return model
    if str(weights).endswith(SUFFIX):
        return _load(model, Path(weights))
    if str(weights).endswith(KERAS_SUFFIX):
        return _load_by_keras(model, Path(weights))
    name = f"{model.name}-{weights}"
    if name not in manifest():
        trained = [key.removeprefix(f"{model.name}-") for key in manifest() if key.startswith(f"{model.name}-")]
        raise WeightsError(
            f"There are no weights of {model.name} for '{weights}': choose None, the path of a {SUFFIX} or "
            f"{KERAS_SUFFIX} file" + "".join(f", '{each}'" for each in trained) + "."
        )
    return _load(model, download(name))


def save_weights(model: keras.Model, path: str | Path) -> Path:
    """Writes the weights of ``model``, a quantized kernel in the values that it computes with, and returns the path.

    Latent weights are left out: the file is for use and for a fine-tuning, not to go on with a training. They are
    there only where a quantizer would turn its own values into others.
    """
    latent = {id(variable) for variable in quantized_variables(model) if not _keeps_its_values(variable)}
    arrays = {}
    for index, variable in enumerate(model.weights):
        with quantized_scope(id(variable) not in latent):
            arrays[f"{index:04d}"] = ops.convert_to_numpy(ops.convert_to_tensor(variable))
    with written_whole(path) as file:
        np.savez_compressed(file, **arrays)
    return Path(path)


def _keeps_its_values(variable) -> bool:
    """Whether quantized weights, quantized again, are what they were, to rounding."""
    with quantized_scope(True):
        quantized = ops.convert_to_tensor(variable)
        again = variable.quantizer(quantized)
    return bool(np.allclose(ops.convert_to_numpy(again), ops.convert_to_numpy(quantized), rtol=1e-5, atol=0))


def _load(model: keras.Model, path: Path) -> keras.Model:
    try:
        arrays = [array for _, array in sorted(read_npz(path).items())]
    except FileNotFoundError:
        raise WeightsError(f"There is no weights file '{path}'.") from None
    except (OSError, ArrayFileError) as error:
        raise WeightsError(f"{error} Fetch or copy it again.") from error
    shapes = [tuple(variable.shape) for variable in model.weights]
    if [array.shape for array in arrays] != shapes:
        raise WeightsError(
            f"'{path}' is not of {model.name}: it holds {len(arrays)} arrays, the network {len(shapes)} variables of "
            "other shapes. Weights fit the input shape, classes and top that they were trained with."
        )
    model.set_weights(arrays)
    return model


def _load_by_keras(model: keras.Model, path: Path) -> keras.Model:
    if not path.exists():
        raise WeightsError(f"There is no weights file '{path}'.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # of layers for which the file has nothing
            model.load_weights(path)
    except (OSError, KeyError, ValueError, UserWarning) as error:
        raise WeightsError(
            f"'{path}' is not of {model.name}, or is damaged. Weights fit the input shape, classes and top that they "
            f"were trained with. Keras says: {error}"
        ) from error
    return model
