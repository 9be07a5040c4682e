"""A user's own quantizers, layers and functions, made known to Keras."""

from __future__ import annotations

import inspect
import os
import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from larq_focal.network.keras import room
from larq_focal.nn import keras

_OPTIMIZATION = "tensorflow_model_optimization"
"""It keeps its classes in modules deep down, and brings them by a scope."""
_CLASSES = (
    keras.layers.Layer,
    keras.initializers.Initializer,
    keras.regularizers.Regularizer,
    keras.constraints.Constraint,
)
_KNOWN_NAMES = (
    *(keras, keras.layers, keras.activations, keras.initializers, keras.regularizers, keras.constraints),
    *room.harmless.LARQ,
)


def import_objects(module: str | Path) -> ModuleType:
    """Imports a module and makes its layers, quantizers and functions known to Keras by their names.

    A saved model that needs them can then be loaded, also where they are not registered with Keras. Names that Keras or
    Larq have themselves stay theirs. The module's code runs.

    Args:
        module: the name of a module on Python's path, or the path of a ``.py`` file.

    Raises:
        ImportError: there is no such module or file, or importing it failed.
    """
    imported = _imported(str(module))
    home = imported.__name__.partition(".")[0]
    known = keras.utils.get_custom_objects()
    for name, item in vars(imported).items():
        is_own = getattr(item, "__module__", "").partition(".")[0] == home
        is_class = inspect.isclass(item) and issubclass(item, _CLASSES)
        if is_own and (is_class or inspect.isfunction(item)) and not _is_keras_name(name):
            known[name] = item
    if imported.__name__ == _OPTIMIZATION:
        for objects in imported.quantization.keras.quantize_scope().custom_objects:
            known.update(objects)
    return imported


def _imported(module: str) -> ModuleType:
    if "/" in module and not module.endswith(".py"):
        raise ImportError(f"'{module}' is not the path of a .py file.")
    try:
        return _from_file(Path(module)) if module.endswith(".py") else import_module(module)
    except ImportError as error:
        if not isinstance(error, ModuleNotFoundError) or error.name != module.partition(".")[0]:
            raise
        raise ImportError(
            f"There is no module '{module}' on Python's path. Give the path of its file, such as ./{module}.py."
        ) from error
    except Exception as error:
        raise ImportError(f"Importing '{module}' failed: {type(error).__name__}: {error}") from error


def _from_file(path: Path) -> ModuleType:
    if not os.path.isfile(path):
        raise ImportError(f"There is no file '{path}'.")
    loaded = sys.modules.get(path.stem)
    if loaded is not None:
        file = getattr(loaded, "__file__", None)
        if file is not None and Path(file).resolve() == path.resolve():
            return loaded
        raise ImportError(f"A module '{path.stem}' is loaded already, from elsewhere: rename the file '{path}'.")
    spec = spec_from_file_location(path.stem, path)
    sys.modules[path.stem] = created = module_from_spec(spec)
    try:
        spec.loader.exec_module(created)
    except BaseException:
        del sys.modules[path.stem]
        raise
    return created


def _is_keras_name(name: str) -> bool:
    return any(hasattr(home, name) for home in _KNOWN_NAMES)
