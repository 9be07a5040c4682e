"""Predictions of a converted network for image files and arrays, on any machine. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from larq_focal.deploy.class_names import as_class_names, check_class_names
from larq_focal.deploy.output_file import check_output_path, write_outputs
from larq_focal.deploy.pixels import SCALES
from larq_focal.deploy.runtime import Batch, Runtime
from larq_focal.deploy.samples import Files, image_scale, read_batch
from larq_focal.deploy.values import clipped_values
from larq_focal.result import Result
from larq_focal.text import counted

_MOST_PRINTED = 20


@dataclass(frozen=True, eq=False, repr=False)
class Predictions(Result):
    """What a network gives for some samples.

    ``outputs`` are arrays ``[N, *output_shape]`` in the order of ``output_names``, and ``sources`` say where each of
    the N samples came from; an output without a batch axis is what the engine gave for all of them. Where there is one
    output, a vector, it is read as scores of classes, of which ``top`` are shown. ``scale`` is what was done to pixels,
    None where there were none to scale. ``notes`` tell of engines that could not run the network, of values that the
    input cannot hold, and of outputs that are not finite.
    """

    model: str
    engine: str
    outputs: tuple[np.ndarray, ...]
    output_names: tuple[str, ...]
    sources: tuple[str, ...]
    classes: tuple[str, ...] | None = None
    top: int = 5
    scale: str | None = None
    versions: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def scores(self) -> np.ndarray | None:
        """``[N, classes]``, or None where the output is not a vector of scores."""
        output = self.outputs[0]
        return output if len(self.outputs) == 1 and output.ndim == 2 and self._is_by_sample(output) else None

    def _is_by_sample(self, output: np.ndarray) -> bool:
        return output.shape[:1] == (len(self.sources),)

    def best(self) -> list[list[dict[str, Any]]]:
        """For each sample the ``top`` classes, highest score first; of equal scores the lower class.

        Raises:
            ValueError: the output is not a vector of scores.
        """
        if self.scores is None:
            raise ValueError(f"'{self.model}' gives {[list(output.shape[1:]) for output in self.outputs]}, no scores.")
        ranked = np.argsort(-self.scores.astype(np.float64), axis=1, kind="stable")[:, : self.top]
        return [
            [self._named(int(number), row[number].item()) for number in numbers]
            for row, numbers in zip(self.scores, ranked, strict=True)
        ]

    def save(self, path: str | Path) -> None:
        """Writes the output ``[N, *output_shape]`` to a .npy file, or every output under its name to a .npz file.

        Raises:
            ValueError: there are several outputs, and the path does not end in .npz.
            OSError: the file cannot be written.
        """
        check_output_path(path, self.output_names, self.model)
        write_outputs(path, dict(zip(self.output_names, self.outputs, strict=True)))

    def _named(self, number: int, score: float) -> dict[str, Any]:
        name = {} if self.classes is None else {"name": self.classes[number]}
        return {"class": number, **name, "score": score}

    def to_dict(self) -> dict[str, Any]:
        """The top classes of every sample; where there are no scores, the outputs in full."""
        facts = {
            "model": self.model,
            "engine": self.engine,
            "scale": self.scale,
            "versions": self.versions,
            "output_names": list(self.output_names),
            "notes": list(self.notes),
        }
        if self.scores is None:
            by_sample = [output for output in self.outputs if self._is_by_sample(output)]
            whole = {
                name: output.tolist()
                for name, output in zip(self.output_names, self.outputs, strict=True)
                if not self._is_by_sample(output)
            }
            return (
                facts
                | {
                    "samples": [
                        {"source": source, "outputs": [output[index].tolist() for output in by_sample]}
                        for index, source in enumerate(self.sources)
                    ]
                }
                | ({"outputs": whole} if whole else {})
            )
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
            add_name(table, "output")
            table.add_column("values")
            for index, source in enumerate(self.sources[:_MOST_PRINTED]):
                for name, output in zip(self.output_names, self.outputs, strict=True):
                    values = output[index] if self._is_by_sample(output) else output
                    table.add_row(Text(source), Text(name), Text(_described(values)))
        else:
            add_name(table, "class")
            add_figures(table, "score")
            for source, top in zip(self.sources[:_MOST_PRINTED], self.best()[:_MOST_PRINTED], strict=True):
                for place, row in enumerate(top):
                    label = str(row["class"]) + (f" {row['name']}" if "name" in row else "")
                    table.add_row(Text("" if place else source), Text(label), f"{row['score']:.4g}")
        notes = [f"and {len(self.sources) - _MOST_PRINTED:,} more"] if len(self.sources) > _MOST_PRINTED else []
        notes += [f"Pixels were scaled to {SCALES[self.scale][0]}."] if self.scale else []
        return Group(table, *map(Text, (*notes, *self.notes)))


def _described(output: np.ndarray) -> str:
    if output.size == 0:
        return f"{output.dtype}{list(output.shape)}, empty"
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
    output: str | Path | None = None,
    trial: bool = False,
) -> Predictions:
    """Runs a converted network on files or arrays.

    Args:
        model: path or content of a ``.tflite`` file, or a ``Runtime`` (``threads`` and ``engine`` are then its own).
        inputs: an image or .npy file, a list of them, or an array ``[N, *input_shape]``; for a network of several
            inputs one file, or one array, for each of their names. ``larq_focal.deploy.inputs.read_samples`` tells how
            files are read, and ``Runtime.run`` which types an input takes.
        scale: of pixels, one of "centred", "signed", "unit", "imagenet", "raw"; by default, for images, what the file
            says, else "centred".
        resize: of images: "crop", "stretch" or "none".
        classes: names of the classes, or a text file with one per line; None takes those that the file says.
        top: how many classes to show.
        threads: how many the engine may use.
        engine: see ``Runtime``.
        output: a file to write the outputs to, as ``Predictions.save`` does.
        trial: see ``Runtime``.

    Raises:
        OSError: a file cannot be read or written.
        InputError: a file is damaged, or does not fit the network.
        ValueError: an argument does not fit the network.
        ImportError: an image is given, and Pillow is missing.
        EngineError: see ``Runtime``.
    """
    if top < 1:
        raise ValueError(f"At least one class must be shown, not {top}.")
    runtime = model if isinstance(model, Runtime) else Runtime(model, threads=threads, engine=engine, trial=trial)
    if output is not None:
        check_output_path(output, runtime.output_names, runtime.name)
    names = as_class_names(classes) or runtime.metadata.class_names
    if names is not None:
        check_class_names(names, runtime.name, runtime.output_shapes)
    samples = read_batch(runtime, inputs, scale, resize)
    outputs = runtime.outputs(samples.batch)
    predictions = Predictions(
        model=runtime.name,
        engine=runtime.engine,
        outputs=outputs,
        output_names=runtime.output_names,
        sources=samples.sources,
        classes=names,
        top=top,
        scale=scale or (image_scale(runtime, runtime.input_dtypes[0]) if samples.has_images else None),
        versions=runtime.versions,
        notes=tuple(_notes(runtime, samples.batch, outputs)),
    )
    if output is not None:
        predictions.save(output)
    return predictions


def _notes(runtime: Runtime, batch: Batch, outputs: tuple[np.ndarray, ...]) -> Iterator[str]:
    yield from runtime.notes
    arrays = batch if isinstance(batch, Mapping) else {runtime.input_names[0]: batch}
    for name, tensor in zip(runtime.input_names, runtime.model.inputs, strict=True):
        if clipped := clipped_values(np.asarray(arrays[name]), tensor):
            count, lowest, highest = clipped
            yield (
                f"{count:,} values for the input '{name}' lie outside of {lowest:.4g} to {highest:.4g}, which is what "
                "it can hold: the nearest were taken."
            )
    for name, output in zip(runtime.output_names, outputs, strict=True):
        if output.dtype.kind == "f" and (count := int(np.sum(~np.isfinite(output)))):
            yield f"{count:,} values of the output '{name}' are not finite numbers."
