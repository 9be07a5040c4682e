"""One way in for everything that judges a network: a model, a graph or a file becomes a QuantGraph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from larq_focal.network.graph import QuantGraph
from larq_focal.network.graph_file import SUFFIX as GRAPH_SUFFIX
from larq_focal.network.graph_file import load_graph

KERAS_SUFFIXES = (".keras", ".h5", ".hdf5")
ACCEPTED = "a Keras model, a QuantGraph, or the path of a .keras, .h5, .tflite or .qgraph file or SavedModel folder"


def as_graph(network: Any) -> QuantGraph:
    """Reads a network, whatever it comes as; TensorFlow is loaded for Keras models only.

    Args:
        network: a Keras model, a ``QuantGraph`` (returned as it is), or the path of a model: ``.keras``, ``.h5``
            or a SavedModel folder (needs TensorFlow), ``.tflite``, ``.qgraph``.

    Raises:
        TypeError: ``network`` is nothing of these.
        FileNotFoundError: there is no such file.
        ValueError: the file is of another kind, or cannot be read.
    """
    if isinstance(network, QuantGraph):
        return network
    if isinstance(network, str | Path):
        return _read(Path(network))
    if _is_keras_model(network):
        from larq_focal.network.from_keras import from_keras

        return from_keras(network)
    raise TypeError(f"This is a {type(network).__name__}, but needed is {ACCEPTED}.")


def load_keras_model(path: str | Path):
    """The Keras model in a ``.keras`` or HDF5 file or SavedModel folder, with larq's layers and our quantizers known.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file does not hold a Keras model, or needs a class that is not known here.
    """
    _must_exist(Path(path))
    import larq_focal.quantizers  # noqa: F401 (registers larq's layers and quantizers and ours with Keras)
    from larq_focal.keras import keras

    try:
        return keras.models.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        from larq_focal.network.user_objects import unknown_objects

        if unknown := unknown_objects(path):
            raise ValueError(
                f"'{path}' needs {', '.join(unknown)}, which Keras does not know here. Import the module that defines "
                "this: with --import MODULE on the command line, or larq_focal.import_objects(MODULE) in Python; "
                "MODULE is a module's name or the path of a .py file."
            ) from error
        raise ValueError(f"'{path}' cannot be read as a Keras model: {error}") from error


def _read(path: Path) -> QuantGraph:
    _must_exist(path)
    if path.suffix == GRAPH_SUFFIX:
        return load_graph(path)
    if path.suffix == ".tflite":
        from larq_focal.network.from_tflite import from_tflite

        return from_tflite(path)
    if path.suffix in KERAS_SUFFIXES or (path / "saved_model.pb").is_file():
        return as_graph(load_keras_model(path))
    raise ValueError(f"'{path}' is no network that can be read here; needed is {ACCEPTED}.")


def _must_exist(path: Path) -> None:
    if not path.exists():
        raise FileNotFoundError(f"There is no file '{path}'.")


def _is_keras_model(network: Any) -> bool:
    """Told by the class names, so that asking does not load TensorFlow."""
    return any(
        cls.__name__ == "Model" and cls.__module__.split(".")[0] in ("keras", "tf_keras")
        for cls in type(network).__mro__
    )
