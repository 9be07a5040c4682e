"""Larq Compute Engine's extension modules, loaded by themselves: its Python package would import TensorFlow."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def lce_extension(module: str) -> ModuleType:
    """Loads an extension module of Larq Compute Engine, once.

    Args:
        module: its name within the package, such as "mlir._tf_tfl_flatbuffer".

    Raises:
        ImportError: Larq Compute Engine is not installed, or has no such module.
    """
    name = f"larq_compute_engine.{module}"
    if name in sys.modules:
        return sys.modules[name]
    package = importlib.util.find_spec("larq_compute_engine")
    if package is None:
        raise ImportError(
            "This needs Larq Compute Engine: pip install larq-compute-engine==0.16.0 (Python 3.9 to 3.12; there are no "
            "packages for Linux on ARM)"
        )
    folder = Path(package.submodule_search_locations[0], *module.split(".")[:-1])
    spec = importlib.machinery.PathFinder.find_spec(name, [str(folder)])
    if spec is None:
        raise ImportError(
            f"Larq Compute Engine has no '{module}' in '{folder}': pip install larq-compute-engine==0.16.0"
        )
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded  # where Larq Compute Engine itself will look for it; it cannot be loaded twice
    try:
        spec.loader.exec_module(loaded)
    except BaseException:
        del sys.modules[name]
        raise
    return loaded
