"""Binary and few-bit networks for Keras and Larq: train, convert, audit, time, and fit to focal-plane processors.

Importing this package is light: it chooses the stack, Keras 3 or Keras 2 with Larq, and loads it only with the first
part that needs it. The string aliases of its quantizers work in every quantized layer as soon as Keras 3 or Larq is
imported, and so does loading a saved model that has them.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from larq_focal._keras_backend import use_installed_backend
from larq_focal._keras_version import is_keras_3, use_keras_2
from larq_focal.version import __version__

if TYPE_CHECKING:
    from larq_focal import (
        bench,
        compress,
        cost,
        datasets,
        deploy,
        fixed_processors,
        focal_plane,
        installation,
        layers,
        mcu,
        network,
        quantizers,
        report,
        training,
        zoo,
    )
    from larq_focal.bench import run_bench
    from larq_focal.cost import summary
    from larq_focal.deploy.audit import audit
    from larq_focal.deploy.convert import convert
    from larq_focal.deploy.migration import migrate
    from larq_focal.deploy.prediction import predict
    from larq_focal.deploy.runtime import Runtime
    from larq_focal.deploy.timing import time
    from larq_focal.focal_plane import fit
    from larq_focal.focal_plane.compiler import compile, simulate
    from larq_focal.focal_plane.inspection import inspect_network
    from larq_focal.installation import doctor
    from larq_focal.mcu.export import export_c
    from larq_focal.network import QuantGraph, load_graph, save_graph, write_tflite
    from larq_focal.network.jax_function.to_jax import to_jax
    from larq_focal.network.keras.from_keras import from_keras
    from larq_focal.network.keras.user_objects import import_objects
    from larq_focal.network.tflite.read.from_tflite import from_tflite
    from larq_focal.report import write_report

_SUBPACKAGES = (
    *("bench", "compress", "cost", "datasets", "deploy", "fixed_processors", "focal_plane"),
    *("installation", "layers", "mcu", "network", "quantizers", "report", "training", "zoo"),
)

# Where each public function and class lives; the same names as the imports above, which only editors read.
_HOMES = {
    "QuantGraph": "larq_focal.network",
    "Runtime": "larq_focal.deploy.runtime",
    "audit": "larq_focal.deploy.audit",
    "compile": "larq_focal.focal_plane.compiler",
    "convert": "larq_focal.deploy.convert",
    "doctor": "larq_focal.installation",
    "export_c": "larq_focal.mcu.export",
    "fit": "larq_focal.focal_plane",
    "from_keras": "larq_focal.network.keras.from_keras",
    "from_tflite": "larq_focal.network.tflite.read.from_tflite",
    "import_objects": "larq_focal.network.keras.user_objects",
    "inspect_network": "larq_focal.focal_plane.inspection",
    "load_graph": "larq_focal.network",
    "migrate": "larq_focal.deploy.migration",
    "predict": "larq_focal.deploy.prediction",
    "run_bench": "larq_focal.bench",
    "save_graph": "larq_focal.network",
    "simulate": "larq_focal.focal_plane.compiler",
    "summary": "larq_focal.cost",
    "time": "larq_focal.deploy.timing",
    "to_jax": "larq_focal.network.jax_function.to_jax",
    "write_report": "larq_focal.report",
    "write_tflite": "larq_focal.network",
}

__all__ = [
    "QuantGraph",
    "Runtime",
    "__version__",
    "audit",
    "bench",
    "compile",
    "compress",
    "convert",
    "cost",
    "datasets",
    "deploy",
    "doctor",
    "export_c",
    "fit",
    "fixed_processors",
    "focal_plane",
    "from_keras",
    "from_tflite",
    "import_objects",
    "inspect_network",
    "installation",
    "layers",
    "load_graph",
    "mcu",
    "migrate",
    "network",
    "predict",
    "quantizers",
    "report",
    "run_bench",
    "save_graph",
    "simulate",
    "summary",
    "time",
    "to_jax",
    "training",
    "write_report",
    "write_tflite",
    "zoo",
]


if not TYPE_CHECKING:  # to a type checker this would make every name one of ours

    def __getattr__(name: str):
        if name in _SUBPACKAGES:
            return import_module(f"larq_focal.{name}")
        if name in _HOMES:
            return getattr(import_module(_HOMES[name]), name)
        raise AttributeError(f"larq_focal has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _register_names(module: object) -> None:
    """Registers quantizers and layers with Keras, once the module that they are built on is there.

    The wall imports Keras or Larq itself, before it has all that the quantizers need: then its own end is waited for.
    """
    wall = sys.modules.get("larq_focal.nn")
    if wall is module or wall is None or not wall.__spec__._initializing:
        import_module("larq_focal.quantizers")
        import_module("larq_focal.layers")


if is_keras_3():
    use_installed_backend()
else:
    use_keras_2()

# Larq and Keras 3's TensorFlow bring wrapt. Without it the names are known once quantizers or layers are imported.
with suppress(ModuleNotFoundError):
    import wrapt

    wrapt.register_post_import_hook(_register_names, "keras" if is_keras_3() else "larq")
    wrapt.register_post_import_hook(_register_names, "larq_focal.nn")
