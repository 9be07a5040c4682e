"""What loading the file of a Keras model would run, told from the file alone.

Keras builds a model from a configuration that names classes and functions. Here one is taken only if all that it names
is harmless, as ``trusted_objects`` tells.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from larq_focal.messages import short
from larq_focal.network.keras.errors import UntrustedModelError
from larq_focal.network.keras.hdf5_probe import WEIGHTS, check_hdf5, unpacked
from larq_focal.network.keras.nodes import unmade_call
from larq_focal.network.keras.trusted_objects import HOW_TO_TRUST, fault_of, unknown_object

_CONFIG = "config.json"
_METADATA = "metadata.json"


def check_keras_file(path: Path, *, trust: bool = False) -> None:
    """Refuses a file that holds no model; and, unless it is trusted, one whose loading would run more than Keras' own
    layers and what this process has registered.

    Raises:
        UntrustedModelError: the file holds code or names a function, a class or another file that is not known to be
            harmless; or it is a SavedModel, which is a program.
        ValueError: the file does not hold a Keras model.
    """
    if path.is_dir():
        if trust:
            return
        raise UntrustedModelError(
            f"'{path}' is a SavedModel, whose graph is a program that may read and write files. Save the model as "
            f".keras or .h5 instead. {HOW_TO_TRUST}"
        )
    check_hdf5(path)
    with opened(path) as (config, weights):
        if (layer := unmade_call(config)) is not None:
            raise ValueError(f"the layer '{short(layer, 60)}' is called on an output that is never made.")
        if trust:
            return
        if weights is None:
            raise UntrustedModelError(
                f"'{path}' was not loaded: it has no {WEIGHTS}, and Keras would take pickled weights. {HOW_TO_TRUST}"
            )
        _check_links(weights, path)
    check_objects(config, path)


def check_objects(config: Any, path: Path) -> None:
    """Raises UntrustedModelError where a configuration, which came from ``path``, names what may not be harmless."""
    for item in _objects(config):
        if fault := fault_of(item):
            raise UntrustedModelError(f"'{path}' was not loaded: {_place(item)} {fault}")


def unknown_class(path: Path) -> str | None:
    """What to say of the first class in a file that this process does not know, None where it knows all."""
    try:
        with opened(path) as (config, _):
            return next(
                (f"{_place(item)} {fault}" for item in _objects(config) if (fault := unknown_object(item))), None
            )
    except Exception:  # a damaged file, of which there is something else to say
        return None


def keras_version(path: Path) -> int | None:
    """The major version of the Keras that wrote a file, as the file says; None where it does not say."""
    try:
        if _is_archive(path):
            with zipfile.ZipFile(path) as archive:
                version = json.loads(unpacked(archive, _METADATA))["keras_version"]
        else:
            with h5py.File(path, "r") as file:
                version = file.attrs["keras_version"]
        return int(str(version).split(".")[0])
    except Exception:  # a damaged file, of which there is something else to say
        return None


@contextmanager
def opened(path: Path) -> Iterator[tuple[Any, h5py.File | None]]:
    """The configuration in a file, and its weights, None where they are not HDF5."""
    if not _is_archive(path):
        with h5py.File(path, "r") as file:
            yield _hdf5_config(file), file
        return
    with zipfile.ZipFile(path) as archive:
        config = json.loads(unpacked(archive, _CONFIG))
        if isinstance(config, dict):
            config.pop("compile_config", None)  # models are loaded without it
        if WEIGHTS not in archive.namelist():
            yield config, None
            return
        with h5py.File(io.BytesIO(unpacked(archive, WEIGHTS)), "r") as weights:
            yield config, weights


def _is_archive(path: Path) -> bool:
    """As Keras tells the formats apart."""
    return str(path).endswith(".keras") and zipfile.is_zipfile(path)


def _hdf5_config(file: h5py.File) -> Any:
    text = file.attrs.get("model_config")
    if text is not None:
        return json.loads(text)
    if {"layer_names", "keras_version"} & set(file.attrs) or {"layers", "_layer_checkpoint_dependencies"} & set(file):
        raise ValueError(
            "it holds weights only. Build the model, load them with model.load_weights(path), and pass the model, or "
            "save all of it with model.save(path)."
        )
    raise ValueError("it is an HDF5 file without a Keras model.")


def _check_links(file: h5py.File, path: Path) -> None:
    """Refuses data that lies in other files."""

    names: list[str] = []
    file.visit_links(names.append)  # an exception in there would be lost
    for name in names:
        link = file.get(name, getlink=True)
        item = file[name] if isinstance(link, h5py.HardLink) else None
        elsewhere = isinstance(item, h5py.Dataset) and (item.external or item.is_virtual)
        if elsewhere or isinstance(link, h5py.ExternalLink):
            raise UntrustedModelError(
                f"'{path}' was not loaded: its '{short(name)}' lies in another file. {HOW_TO_TRUST}"
            )


def _objects(config: Any) -> Iterator[dict]:
    """All parts of a configuration from which Keras makes an object, however deep."""
    waiting = [config]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if "class_name" in item:
                yield item
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


def _place(item: dict) -> str:
    inner = item.get("config")
    name = inner.get("name") if isinstance(inner, dict) else None
    return f"'{short(name)}'" if isinstance(name, str) else "a part of it"
