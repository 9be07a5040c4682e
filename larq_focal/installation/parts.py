"""The parts of larq_focal that need something beside it: what each is for, and how to get it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from larq_focal._keras_version import INSTALL_LARQ
from larq_focal.mcu.emulator import MICROCONTROLLERS


@dataclass(frozen=True)
class Part:
    """One that may be missing.

    Attributes:
        name: What is looked for.
        use: What it is needed for.
        trial: The function of ``larq_focal.installation.trials`` that uses it.
        advice: How to get it.
        arguments: Of the trial.
    """

    name: str
    use: str
    trial: str
    advice: str
    arguments: tuple[str, ...] = ()


_LARQ = INSTALL_LARQ if sys.version_info < (3, 13) else f"not for this Python; in an older one {INSTALL_LARQ}"


def _emulators() -> Iterator[Part]:
    """One part for all that the same packages bring."""
    names: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for name, microcontroller in MICROCONTROLLERS.items():
        names.setdefault(microcontroller.packages, []).append(name)
    for packages, same in names.items():
        advice = f"Debian: apt-get install {' '.join(package for _, package in packages)}"
        use = "count instructions of exported C"
        yield Part(f"emulated {', '.join(same)}", use, "emulator", advice, (same[0],))


PARTS = (
    Part(
        *("Keras", "train and read networks", "quantized_layer"),
        "`pip install larq_focal[keras]` with JAX, or larq_focal[keras-tf] with TensorFlow",
    ),
    Part("Larq", "Larq's networks, on Keras 2", "larq", _LARQ),
    Part("Larq Compute Engine", "its converter, as a second opinion", "engine", _LARQ, ("lce",)),
    Part("LiteRT", "run and time .tflite files", "engine", "`pip install ai-edge-litert`", ("litert",)),
    Part(
        *("delegate", "binary layers in LiteRT, fast", "engine"),
        "install a C++17 compiler (Debian: apt-get install g++), then larq_focal again",
        ("delegate",),
    ),
    Part(
        *("CompiledModel", "the same in LiteRT's successor API", "engine"),
        "`pip install 'ai-edge-litert==2.3.*'`, beside the delegate",
        ("compiled",),
    ),
    Part("scikit-learn", "the digits that bench trains on", "package", "`pip install scikit-learn`", ("sklearn",)),
    Part(
        *("TensorFlow Datasets", "download other images", "package", "`pip install tensorflow-datasets`"),
        ("tensorflow_datasets",),
    ),
    Part("Pillow", "images of files", "package", "`pip install pillow`", ("PIL",)),
    Part("C compiler", "try exported C here", "compiler", "Debian: apt-get install gcc"),
    *_emulators(),
    Part("ssh", "time on a board from here", "program", "Debian: apt-get install openssh-client", ("ssh",)),
    Part("browser", "look at reports here", "browser", "open them on another machine: each is one HTML file"),
)
"""Each is tried on its own: none needs another."""
