"""What a converted network is run on: samples from image files, arrays in files, and arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from larq_focal.deploy.inputs import is_image, read_samples
from larq_focal.deploy.pixels import default_scale
from larq_focal.deploy.runtime import Batch, Runtime

Files = str | Path | Sequence[str | Path] | Mapping[str, str | Path]


@dataclass(frozen=True, eq=False)
class Samples:
    """A batch for ``Runtime.run``, where each of its samples comes from, and whether there are images among them."""

    batch: Batch
    sources: tuple[str, ...]
    has_images: bool = False


def image_scale(runtime: Runtime, dtype: str) -> str:
    """What is done to the pixels of image files where nothing else is asked for: what the network's file says."""
    return runtime.metadata.preprocessing or default_scale(dtype)


def read_batch(runtime: Runtime, inputs: Files | Batch, scale: str | None, resize: str) -> Samples:
    """Reads the inputs of a network: files, arrays, or one of either for the name of each input.

    A network without a batch axis takes one file or array for each input.

    Raises:
        OSError: a file cannot be read.
        InputError: a file is damaged, or does not fit the network.
        ValueError: there is nothing to run, or a name or a type does not fit.
        ImportError: an image is given, and Pillow is missing.
    """
    wanted = zip(runtime.input_shapes, runtime.input_dtypes, strict=True)
    described = dict(zip(runtime.input_names, wanted, strict=True))
    has_batch = runtime.batch_size is not None

    def read(path: str | Path, name: str) -> np.ndarray:
        shape, dtype = described[name]
        chosen = scale or (image_scale(runtime, dtype) if is_image(path) else None)
        samples = read_samples(path, shape, dtype, scale=chosen, resize=resize)
        return samples if has_batch else samples[0]

    def numbered(name: str, array: np.ndarray) -> tuple[str, ...]:
        return tuple(f"{name} [{index}]" for index in range(len(array))) if has_batch and array.ndim else (name,)

    if isinstance(inputs, Mapping):
        unknown = sorted(set(inputs) - set(described))
        if unknown:
            raise ValueError(f"'{runtime.name}' has the inputs {list(described)}, and none called {unknown}.")
        batch = {
            name: read(item, name) if isinstance(item, str | Path) else np.asarray(item)
            for name, item in inputs.items()
        }
        has_images = any(is_image(item) for item in inputs.values() if isinstance(item, str | Path))
        samples = Samples(batch, numbered("sample", next(iter(batch.values()), np.empty(0))), has_images)
    elif isinstance(inputs, np.ndarray):
        samples = Samples(inputs, numbered("sample", inputs))
    else:
        paths = [inputs] if isinstance(inputs, str | Path) else list(inputs)
        if paths and len(described) != 1:
            raise ValueError(f"'{runtime.name}' has the inputs {list(described)}: give a file for each name.")
        for item in paths:
            if not isinstance(item, str | Path):
                raise ValueError(
                    f"The list of inputs holds a {type(item).__name__}, and files are needed: give arrays as one, "
                    "[N, *input_shape]."
                )
        parts = [read(path, runtime.input_names[0]) for path in paths]
        if len({part.dtype for part in parts}) > 1:
            types = ", ".join(sorted({str(part.dtype) for part in parts}))
            raise ValueError(f"The inputs are of different types: {types}.")
        if len(parts) > 1 and not has_batch:
            raise ValueError(f"'{runtime.name}' has no batch axis: give one file, not {len(parts)}.")
        sources = tuple(
            source
            for path, part in zip(paths, parts, strict=True)
            for source in ((str(path),) if len(part) == 1 else numbered(str(path), part))
        )
        batch = np.concatenate(parts) if len(parts) > 1 else next(iter(parts), None)
        samples = Samples(batch, sources, any(map(is_image, paths)))
    if not samples.sources:
        raise ValueError(f"No input was given for '{runtime.name}'.")
    return samples
