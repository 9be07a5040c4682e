"""One way in for everything that judges a network: a model, a graph or a file becomes a QuantGraph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from larq_focal._keras_version import CHOICE, is_keras_3
from larq_focal.files import existing
from larq_focal.messages import short
from larq_focal.network.graph import QuantGraph
from larq_focal.network.graph_file import SUFFIX as GRAPH_SUFFIX
from larq_focal.network.graph_file import load_graph

KERAS_SUFFIXES = (".keras", ".h5", ".hdf5")
ACCEPTED = "a Keras model, a QuantGraph, or the path of a .keras, .h5, .tflite or .qgraph file or SavedModel folder"


def as_graph(network: Any, *, trust: bool = False) -> QuantGraph:
    """Reads a network, whatever it comes as; TensorFlow is loaded for Keras models only.

    Args:
        network: a Keras model, a ``QuantGraph`` (returned as it is), or the path of a model: ``.keras``, ``.h5``
            or a SavedModel folder (needs TensorFlow), ``.tflite``, ``.qgraph``.
        trust: whether the file of a Keras model may run code that it brings, as in ``load_keras_model``.

    Raises:
        TypeError: ``network`` is nothing of these.
        FileNotFoundError: there is no such file.
        UntrustedModelError: the file would run code, and ``trust`` is not given.
        ValueError: the file is of another kind, or cannot be read.
    """
    if isinstance(network, QuantGraph):
        return network
    if isinstance(network, str | Path):
        return _read(Path(network), trust)
    if _is_keras_model(network):
        from larq_focal.network.keras.from_keras import from_keras

        return from_keras(network)
    raise TypeError(f"This is a {type(network).__name__}, but needed is {ACCEPTED}.")


def load_keras_model(path: str | Path, *, trust: bool = False):
    """The Keras model in a ``.keras`` or HDF5 file or SavedModel folder, with larq's layers and our quantizers known.

    Args:
        path: the file or folder.
        trust: whether the file may run code that it brings: Lambda layers, classes of any module, SavedModels.

    Raises:
        FileNotFoundError: there is no such file.
        UntrustedModelError: the file would run code, and ``trust`` is not given.
        ValueError: the file does not hold a Keras model, or needs a class that is not known here.
    """
    path = existing(path)
    check_folder(path)
    import larq_focal.quantizers  # noqa: F401 (registers layers and quantizers, Larq's and ours, with Keras)
    from larq_focal.network.keras.errors import UntrustedModelError
    from larq_focal.network.keras.file import check_keras_file, unknown_class
    from larq_focal.nn import keras

    checked = False
    try:
        check_keras_file(path, trust=trust)
        checked = True
        model = keras.models.load_model(path, compile=False, safe_mode=not trust)
    except UntrustedModelError as error:
        _check_version(path, UntrustedModelError, error)
        if advice := _advice(path):
            raise UntrustedModelError(f"{error}{advice}") from error
        raise
    except Exception as error:  # a damaged file fails anywhere in Keras, HDF5 or TensorFlow
        _check_version(path, ValueError, error)
        reason = (unknown_class(path) if checked else None) or short(error)
        raise ValueError(f"'{path}' cannot be read as a Keras model: {reason}{_advice(path)}") from error
    if not _is_keras_model(model):
        raise ValueError(f"'{path}' does not hold a Keras model, but a {type(model).__name__}.")
    return model


def check_folder(path: Path) -> None:
    """Raises ValueError where ``path`` is a folder, but not a SavedModel."""
    if path.is_dir() and not _is_saved_model(path):
        raise ValueError(f"'{path}' is a folder without a saved_model.pb, so it is not a SavedModel.")


def _check_version(path: Path, kind: type[ValueError], cause: Exception) -> None:
    """Raises an error of that kind where Keras 2 could not take a file that Keras 3 wrote: no other reason matters."""
    from larq_focal.network.keras.file import keras_version

    if not is_keras_3() and keras_version(path) == 3:
        raise kind(
            f"Keras 3 wrote '{path}', and this process runs on Keras 2 with Larq. Set the environment variable "
            f"{CHOICE}=keras for Keras 3."
        ) from cause


def _advice(path: Path) -> str:
    """What more to say where Keras 3 cannot take a file that Keras 2 wrote; empty for other files."""
    from larq_focal.network.keras.file import keras_version

    if not (is_keras_3() and keras_version(path) == 2):
        return ""
    return f" Keras 2 wrote it, and this is Keras 3: larq-focal migrate '{path}' -o model.keras translates it."


def _read(path: Path, trust: bool) -> QuantGraph:
    path = existing(path)
    if path.suffix == GRAPH_SUFFIX:
        return load_graph(path)
    if path.suffix == ".tflite":
        from larq_focal.network.tflite.read.from_tflite import from_tflite

        return from_tflite(path)
    if path.suffix in KERAS_SUFFIXES or _is_saved_model(path):
        model = load_keras_model(path, trust=trust)
        try:
            return as_graph(model)
        except (TypeError, KeyError, IndexError, AttributeError, ArithmeticError) as error:
            raise ValueError(  # Keras takes layers whose settings make no sense
                f"'{path}' cannot be read as a network: {type(error).__name__}: {short(error)}"
            ) from error
    raise ValueError(f"'{path}' is not a network that can be read here; needed is {ACCEPTED}.")


def _is_saved_model(path: Path) -> bool:
    return (path / "saved_model.pb").is_file()


def _is_keras_model(network: Any) -> bool:
    """Told by the class names, so that asking does not load TensorFlow."""
    return any(
        cls.__name__ == "Model" and cls.__module__.split(".")[0] in ("keras", "tf_keras")
        for cls in type(network).__mro__
    )
