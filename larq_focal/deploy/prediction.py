"""Predictions of a converted network for image files and arrays, on any machine. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from larq_focal.deploy.inputs import SCALES, default_scale, is_image, read_samples
from larq_focal.deploy.runtime import Batch, Runtime
from larq_focal.files import written_whole
from larq_focal.result import Result
from larq_focal.text import counted

Files = str | Path | Sequence[str | Path] | Mapping[str, str | Path]
_MOST_PRINTED = 20


@dataclass(frozen=True, eq=False, repr=False)
class Predictions(Result):
    """What a network gives for some samples.

    ``outputs`` are arrays ``[N, *output_shape]``, and ``sources`` say where each of the N samples came from. Where
    there is one output, a vector, it is read as scores of classes, of which ``top`` are shown. ``scale`` is what was
    done to pixels, None where there were none to scale.
    """

    model: str
    engine: str
    outputs: tuple[np.ndarray, ...]
    sources: tuple[str, ...]
    classes: tuple[str, ...] | None = None
    top: int = 5
    scale: str | None = None
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def scores(self) -> np.ndarray | None:
        """``[N, classes]``, or None where the output is no vector of scores."""
        return self.outputs[0] if len(self.outputs) == 1 and self.outputs[0].ndim == 2 else None

    def best(self) -> list[list[dict[str, Any]]]:
        """For each sample the ``top`` classes, highest score first; of equal scores the lower class.

        Raises:
            ValueError: the output is no vector of scores.
        """
        if self.scores is None:
            raise ValueError(f"'{self.model}' gives {[list(output.shape[1:]) for output in self.outputs]}, no scores.")
        ranked = np.argsort(-self.scores.astype(np.float64), axis=1, kind="stable")[:, : self.top]
        return [
            [self._named(int(number), row[number].item()) for number in numbers]
            for row, numbers in zip(self.scores, ranked, strict=True)
        ]

    def save(self, path: str | Path) -> None:
        """Writes the output ``[N, *output_shape]`` to a .npy file.

        Raises:
            ValueError: there are several outputs.
        """
        if len(self.outputs) != 1:
            raise ValueError(f"'{self.model}' has {len(self.outputs)} outputs, and one array holds one of them.")
        with written_whole(path) as file:
            np.save(file, self.outputs[0])

    def _named(self, number: int, score: float) -> dict[str, Any]:
        name = {} if self.classes is None else {"name": self.classes[number]}
        return {"class": number, **name, "score": score}

    def to_dict(self) -> dict[str, Any]:
        """The top classes of every sample; where there are no scores, the outputs in full."""
        facts = {"model": self.model, "engine": self.engine, "scale": self.scale, "versions": self.versions}
        if self.scores is None:
            outputs = zip(*(output.tolist() for output in self.outputs), strict=True)
            return facts | {
                "samples": [
                    {"source": source, "outputs": list(values)}
                    for source, values in zip(self.sources, outputs, strict=True)
                ]
            }
        best = zip(self.sources, self.best(), strict=True)
        return facts | {"samples": [{"source": source, "top": top} for source, top in best]}

    @property
    def headline(self) -> str:
        samples = counted(len(self.sources), "sample")
        return f"{self.model} on {samples}, {', '.join(map(_described, self.outputs))}"

    def __rich__(self):
        from rich.console import Group
        from rich.text import Text

        from larq_focal.tables import add_figures, add_name, new_table

        table = new_table(f"{self.model}, by the engine '{self.engine}'")
        add_name(table, "input")
        if self.scores is None:
            add_name(table, "outputs")
            for index, source in enumerate(self.sources[:_MOST_PRINTED]):
                table.add_row(Text(source), "\n".join(_described(output[index]) for output in self.outputs))
        else:
            add_name(table, "class")
            add_figures(table, "score")
            for source, top in zip(self.sources[:_MOST_PRINTED], self.best()[:_MOST_PRINTED], strict=True):
                for place, row in enumerate(top):
                    label = str(row["class"]) + (f" {row['name']}" if "name" in row else "")
                    table.add_row(Text("" if place else source), Text(label), f"{row['score']:.4g}")
        notes = [f"and {len(self.sources) - _MOST_PRINTED:,} more"] if len(self.sources) > _MOST_PRINTED else []
        notes += [f"Pixels were scaled to {SCALES[self.scale][0]}."] if self.scale else []
        return Group(table, *map(Text, notes))


def _described(output: np.ndarray) -> str:
    return f"{output.dtype}{list(output.shape)} from {output.min():.4g} to {output.max():.4g}"


def predict(
    model: str | Path | bytes | Runtime,
    inputs: Files | Batch,
    *,
    scale: str | None = None,
    resize: str = "crop",
    classes: Sequence[str] | str | Path | None = None,
    top: int = 5,
    threads: int = 1,
    engine: str = "auto",
) -> Predictions:
    """Runs a converted network on files or arrays.

    Args:
        model: path or content of a ``.tflite`` file, or a ``Runtime`` (``threads`` and ``engine`` are then its own).
        inputs: an image or .npy file, a list of them, or an array ``[N, *input_shape]``; for a network of several
            inputs one file, or one array, for each of their names. ``larq_focal.deploy.inputs.read_samples`` tells how
            files are read, and ``Runtime.run`` which types an input takes.
        scale: of pixels, one of "centred" (the default for images), "signed", "unit", "imagenet", "raw".
        resize: of images: "crop", "stretch" or "none".
        classes: names of the classes, or a text file with one per line.
        top: how many classes to show.
        threads: how many the engine may use.
        engine: see ``Runtime``.

    Raises:
        OSError: a file cannot be read.
        InputError: a file is damaged, or does not fit the network.
        ValueError: an argument does not fit the network.
        ImportError: an image is given, and Pillow is missing.
        EngineError: see ``Runtime``.
    """
    if top < 1:
        raise ValueError(f"At least one class must be shown, not {top}.")
    runtime = model if isinstance(model, Runtime) else Runtime(model, threads=threads, engine=engine)
    names = _class_names(classes, runtime)
    batch, sources, has_images = _batch(runtime, inputs, scale, resize)
    outputs = runtime.run(batch)
    return Predictions(
        model=runtime.name,
        engine=runtime.engine,
        outputs=outputs if isinstance(outputs, tuple) else (outputs,),
        sources=sources,
        classes=names,
        top=top,
        scale=scale or (default_scale(runtime.input_dtypes[0]) if has_images else None),
        versions=runtime.versions,
    )


def _class_names(classes: Sequence[str] | str | Path | None, runtime: Runtime) -> tuple[str, ...] | None:
    if classes is None:
        return None
    if isinstance(classes, str | Path):
        names = tuple(line.strip() for line in Path(classes).read_text(encoding="utf-8").splitlines() if line.strip())
    else:
        names = tuple(map(str, classes))
    shape = runtime.output_shapes[0]
    if len(runtime.output_shapes) > 1 or shape != (len(names),):
        raise ValueError(
            f"{len(names)} names of classes do not fit '{runtime.name}', which gives "
            f"{' and '.join(str(list(shape)) for shape in runtime.output_shapes)}."
        )
    return names


def _batch(
    runtime: Runtime, inputs: Files | Batch, scale: str | None, resize: str
) -> tuple[Batch, tuple[str, ...], bool]:
    """What to run, where each sample comes from, and whether there are images among them."""
    wanted = zip(runtime.input_shapes, runtime.input_dtypes, strict=True)
    described = dict(zip(runtime.input_names, wanted, strict=True))

    def read(path: str | Path, name: str) -> np.ndarray:
        return read_samples(path, *described[name], scale=scale, resize=resize)

    if isinstance(inputs, Mapping):
        unknown = sorted(set(inputs) - set(described))
        if unknown:
            raise ValueError(f"'{runtime.name}' has the inputs {list(described)}, and none called {unknown}.")
        batch = {name: read(item, name) if isinstance(item, str | Path) else item for name, item in inputs.items()}
        has_images = any(is_image(item) for item in inputs.values() if isinstance(item, str | Path))
        return batch, _numbered("sample", len(np.asarray(next(iter(batch.values()), ())))), has_images
    if isinstance(inputs, np.ndarray):
        return inputs, _numbered("sample", len(inputs) if inputs.ndim else 0), False
    paths = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    if not paths:
        raise ValueError(f"No input was given for '{runtime.name}'.")
    if len(described) != 1:
        raise ValueError(f"'{runtime.name}' has the inputs {list(described)}: give a file for each name.")
    parts = [read(path, runtime.input_names[0]) for path in paths]
    sources = tuple(
        source
        for path, part in zip(paths, parts, strict=True)
        for source in ((str(path),) if len(part) == 1 else _numbered(str(path), len(part)))
    )
    if len({part.dtype for part in parts}) > 1:
        raise ValueError(f"The inputs are of different types: {', '.join(sorted({str(p.dtype) for p in parts}))}.")
    return np.concatenate(parts), sources, any(map(is_image, paths))


def _numbered(name: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name} [{index}]" for index in range(count))
