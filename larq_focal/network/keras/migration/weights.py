"""The weights in a file of Keras 2, for the same model in Keras 3."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from larq_focal.network.keras.hdf5_probe import WEIGHTS, unpacked
from larq_focal.nn import MeasuredWeight, keras


def load_weights(model: keras.Model, path: Path) -> None:
    """Sets the weights of ``model`` to those in an ``.h5`` or ``.keras`` file.

    Raises:
        ValueError: the file has others than the model.
    """
    if not zipfile.is_zipfile(path):
        with h5py.File(path, "r") as file:
            _load_in_order(model, file["model_weights"])
        return
    with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder, _measured_left_out(model):
        weights = Path(folder, WEIGHTS)
        weights.write_bytes(unpacked(archive, WEIGHTS))
        model.load_weights(weights)


def _load_in_order(model: keras.Model, group: h5py.Group) -> None:
    """Of layers that have weights, the first in the file is the first in the model, and so on."""
    names = {layer: _names(group[layer], "weight_names") for layer in _names(group, "layer_names")}
    saved = [{name: group[layer][name] for name in weights} for layer, weights in names.items() if weights]
    layers = [layer for layer in model.layers if _weights_of(layer)]
    if len(saved) != len(layers):
        raise ValueError(f"it has weights of {len(saved)} layers, and the model has {len(layers)} layers with weights.")
    for layer, arrays in zip(layers, saved, strict=True):
        _assign(layer, arrays)


def _assign(layer: keras.layers.Layer, arrays: dict[str, h5py.Dataset]) -> None:
    """Sets the weights of a layer, which may hold others: by the names of weight and owner where these are the same,
    by that of the weight, and else in order."""
    left, waiting = _weights_of(layer), dict(arrays)
    for length in (2, 1, 0):
        for name, array in [*waiting.items()]:
            ending = name.removesuffix(":0").split("/")[-length:] if length else []
            fits = (
                place
                for place, weight in enumerate(left)
                if tuple(weight.shape) == array.shape and (weight.path.split("/")[-length:] if length else []) == ending
            )
            if (place := next(fits, None)) is not None:
                left.pop(place).assign(np.asarray(waiting.pop(name)))
    if left or waiting:
        shapes = [tuple(array.shape) for array in arrays.values()]
        raise ValueError(f"the weights of '{layer.name}' have the shapes {shapes}, which are not those of the layer.")


def _names(group: h5py.Group, key: str) -> list[str]:
    """A list of names, which Keras splits where it is too long for one attribute."""
    names = group.attrs.get(key)
    parts = [names] if names is not None else []
    while names is None and f"{key}{len(parts)}" in group.attrs:
        parts.append(group.attrs[f"{key}{len(parts)}"])
    return [name.decode() if isinstance(name, bytes) else str(name) for part in parts for name in part]


def _weights_of(layer: keras.layers.Layer) -> list:
    """The weights that Keras 2 saves, in its order."""
    measured = {id(each.measured) for each in _measured(layer)}
    return [each for each in (*layer.trainable_weights, *layer.non_trainable_weights) if id(each) not in measured]


def _measured(layer: keras.layers.Layer) -> list[MeasuredWeight]:
    """Scales that a first training step measures: Keras 3 keeps apart what was measured and what was trained."""
    parts = layer._flatten_layers()
    return [each for part in parts for each in vars(part).values() if isinstance(each, MeasuredWeight)]


@contextmanager
def _measured_left_out(model: keras.Model) -> Iterator[None]:
    """Lets quantizers load files that hold the sum of what was measured and what was trained: it counts as trained."""
    measured = {id(each.measured) for each in _measured(model)}
    quantizers = [part for part in model._flatten_layers() if any(id(each) in measured for each in _own(part))]

    def loader(quantizer):
        def load_own_variables(store) -> None:
            for place, weight in enumerate(each for each in _own(quantizer) if id(each) not in measured):
                weight.assign(store[str(place)])

        return load_own_variables

    for quantizer in quantizers:
        quantizer.load_own_variables = loader(quantizer)
    try:
        yield
    finally:
        for quantizer in quantizers:
            del quantizer.load_own_variables


def _own(layer: keras.layers.Layer) -> list:
    return [*layer._trainable_variables, *layer._non_trainable_variables]
