"""Uses one part of larq_focal and prints what was found; runs in a process of its own, which may crash.

    python -m larq_focal.installation.trials NAME [ARGUMENT ...]

It prints one line of JSON: ``{"state": "works" | "missing", "found": text}``. An error is its own traceback.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from tempfile import TemporaryDirectory

import numpy as np


class Missing(Exception):
    """The part is not here; the message says what is."""


def package(name: str) -> str:
    """Imports a package."""
    if find_spec(name) is None:
        raise Missing
    return getattr(import_module(name), "__version__", "")


def quantized_layer() -> str:
    """Computes a quantized layer."""
    from larq_focal._keras_version import is_keras_3

    if find_spec("keras" if is_keras_3() else "tf_keras") is None:
        raise Missing
    from larq_focal.nn import QuantDense, keras

    layer = QuantDense(2, kernel_quantizer="ste_sign", use_bias=False)
    result = np.asarray(layer(np.ones((1, 3), np.float32)))
    if not np.isin(result, (-3, -1, 1, 3)).all():
        raise ValueError(f"a layer of signs gave {result.tolist()}")
    name, backend = ("keras", keras.backend.backend()) if is_keras_3() else ("tf_keras", "tensorflow")
    return f"Keras {version(name)} on {backend} {version(backend)}"


def larq() -> str:
    """Imports Larq and its networks, on Keras 2."""
    if not all(map(find_spec, ("larq", "larq_zoo", "tf_keras", "tensorflow"))):
        raise Missing
    from larq_focal._keras_version import use_keras_2

    use_keras_2()
    for name in ("larq", "larq_zoo"):
        import_module(name)
    return f"larq {version('larq')}, larq-zoo {version('larq-zoo')}, TensorFlow {version('tensorflow')}"


def engine(name: str) -> str:
    """Runs a binary layer, or a float one by stock LiteRT, and compares its numbers."""
    from larq_focal import delegate
    from larq_focal.deploy.compiled_model import require_known_version
    from larq_focal.deploy.engines import ENGINES, EngineError
    from larq_focal.deploy.runtime import Runtime
    from larq_focal.network import Kernel, QuantGraph, interpret, ops, write_tflite

    distribution = ENGINES[name].package
    if find_spec({"larq-compute-engine": "larq_compute_engine"}.get(distribution, "ai_edge_litert")) is None:
        raise Missing(f"{distribution} is not installed")
    if name in ("delegate", "compiled") and not delegate.is_built():
        raise Missing("larq_focal was installed without a compiler")
    if name == "compiled":
        try:
            require_known_version()
        except EngineError as error:
            raise Missing(str(error)) from error
    rng = np.random.default_rng(0)
    kernel = Kernel(rng.choice(np.int8([-1, 1]), (3, 3, 32, 8)), np.ones(8, np.float32), 1)
    graph = QuantGraph(
        "trial",
        [
            ops.Input(name="x", shape=(5, 5, 32)),
            ops.Binarize(name="signs", inputs=("x",), shape=(5, 5, 32), threshold=np.float32(0)),
            ops.Conv2D(name="y", inputs=("signs",), shape=(3, 3, 8), kernel=kernel, padding="valid"),
        ],
        ("y",),
    )
    x = rng.normal(size=(1, 5, 5, 32)).astype(np.float32)
    result = Runtime(write_tflite(graph, packed=name != "litert"), engine=name).run(x)
    if not np.array_equal(result, interpret(graph, {"x": x}, ["y"])["y"]):
        raise ValueError("a binary layer gave wrong numbers")
    kernels = f", kernels {', '.join(delegate.kernels())}" if name == "delegate" else ""
    return f"{distribution} {version(distribution)}{kernels}"


def compiler() -> str:
    """Compiles an empty program."""
    from larq_focal.mcu.host import NoCompiler
    from larq_focal.mcu.host import compiler as found

    try:
        path = found()
    except NoCompiler as error:
        raise Missing from error
    with TemporaryDirectory() as folder:
        command = [path, "-x", "c", "-std=c99", "-o", f"{folder}/program", "-"]
        subprocess.run(command, input=b"int main(void) { return 0; }", check=True, capture_output=True)
    return path


def emulator(name: str) -> str:
    """Looks for the programs of an emulated microcontroller."""
    from larq_focal.mcu.emulator import MICROCONTROLLERS

    missing = MICROCONTROLLERS[name].missing_packages()
    if missing:
        raise Missing(f"without {', '.join(missing)}")
    return ", ".join(program for program, _ in MICROCONTROLLERS[name].packages)


def program(name: str) -> str:
    """Looks for a program on the path."""
    found = shutil.which(name)
    if found is None:
        raise Missing
    return found


def browser() -> str:
    """Asks for the browser that pages open in."""
    import webbrowser

    try:
        return getattr(webbrowser.get(), "name", "the system's")
    except webbrowser.Error as error:
        raise Missing from error


TRIALS: dict[str, Callable[..., str]] = {
    trial.__name__: trial for trial in (package, quantized_layer, larq, engine, compiler, emulator, program, browser)
}


def main(name: str, *arguments: str) -> None:
    try:
        outcome = {"state": "works", "found": TRIALS[name](*arguments)}
    except Missing as missing:
        outcome = {"state": "missing", "found": str(missing)}
    print(json.dumps(outcome))


if __name__ == "__main__":
    main(*sys.argv[1:])
