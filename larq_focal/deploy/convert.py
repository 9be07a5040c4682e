"""Converting Keras models for devices: never a file that computes something else than the model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from larq_focal.deploy.audit.agreement import as_data
from larq_focal.deploy.audit.auditing import Audit, audit_frozen
from larq_focal.deploy.audit.findings import Finding
from larq_focal.deploy.audit.intent import layer_names, weighted_layers
from larq_focal.deploy.audit.model_faults import model_faults
from larq_focal.deploy.conversion.conversion_error import ConversionError
from larq_focal.deploy.conversion.converter import run_converter
from larq_focal.deploy.conversion.ends import with_ends
from larq_focal.deploy.conversion.freeze import freeze
from larq_focal.deploy.conversion.frozen import FrozenGraph
from larq_focal.deploy.conversion.known_inputs import with_known_inputs
from larq_focal.deploy.conversion.one_row import with_one_row
from larq_focal.deploy.convert_graph import GraphConversion, convert_graph
from larq_focal.deploy.int8 import is_quantization_aware, run_int8_converter
from larq_focal.files import written_whole
from larq_focal.keras import keras
from larq_focal.network.flatbuffer import read_flatbuffer
from larq_focal.network.graph import QuantGraph
from larq_focal.result import Result

__all__ = ["Conversion", "ConversionError", "convert", "convert_int8"]

_INT8_AROUND_BINARY = """\
To have int8 around binary layers, train the float ones for it and use convert():

    import larq_focal as lqf
    from larq_focal.keras import keras
    from tensorflow_model_optimization.quantization.keras import quantize_annotate_layer, quantize_apply

    def annotated(layer):
        is_float = type(layer) in (keras.layers.Conv2D, keras.layers.Dense)
        return quantize_annotate_layer(layer) if is_float else layer

    model = quantize_apply(keras.models.clone_model(model, clone_function=annotated))
    model.compile("adam", loss)
    model.fit(images, labels)
    lqf.convert(model, "model.tflite")"""


@dataclass(frozen=True, repr=False)
class Conversion(Result):
    """A converted model: where the file is, and its audit."""

    path: Path
    audit: Audit

    @property
    def headline(self) -> str:
        return f"{self.path}, {self.audit.headline}"

    def __rich__(self):
        return self.audit


def convert(
    model: keras.Model | str | Path,
    path: str | Path,
    *,
    converter: Literal["lce", "focal"] = "lce",
    data=None,
    strict: bool = False,
    bake: bool = True,
    timeout_s: float | None = None,
    seed: int = 0,
    trust: bool = False,
) -> Conversion | GraphConversion:
    """Converts a model for devices and audits the result; the file is written only if it passes.

    Larq Compute Engine's converter runs in a process of its own. Known faults of it are looked for before and after.
    larq_focal's own writes what the graph of the model holds, see ``write_tflite``. Inputs and outputs of the file
    have the model's order and names; LCE's also has its fixed batch size, if there is one.

    Args:
        model: a Keras model, or the path of one: ``.keras``, HDF5 or SavedModel. A subclass of ``keras.Model`` must
            have been called once on a batch, or fitted. With ``converter="focal"`` also a QuantGraph, or the path of a
            ``.qgraph`` or ``.tflite`` file.
        path: where the ``.tflite`` file goes. A file that is there is replaced if the conversion succeeds.
        converter: "lce" for Larq Compute Engine's, "focal" for larq_focal's own.
        data: samples to compare the file with the model on: an array ``[N, ...]``, or for several inputs a list or a
            dictionary by input name; None takes a few random ones.
        strict: refuse the result where a layer that was meant to be binary or of few bits stayed float.
        bake: give quantized kernels to the converter as numbers, not as arithmetic on the latent weights. Without,
            it leaves large scaled kernels in float, or fails on them.
        timeout_s: seconds after which the converter is ended; None waits as long as it takes.
        seed: of the random samples.
        trust: whether the file of a Keras model may run code that it brings, as in ``load_keras_model``.

    Raises:
        ConversionError: the model cannot be exported; or would be, or was, converted wrongly; or the converter failed.
        UntrustedModelError: the file would run code, and ``trust`` is not given.
        ValueError: the data does not fit the model, or there is no such converter.
    """
    if converter not in ("lce", "focal"):
        raise ValueError(f"There is no converter '{converter}'; choose 'lce' or 'focal'.")
    if converter == "focal":
        return _converted_by_graph(model, path, data=data, strict=strict, seed=seed, trust=trust)
    model = with_known_inputs(model, trust=trust)
    frozen = freeze(model)
    faults = model_faults(frozen, layer_names(model))
    if faults:
        raise ConversionError(_refusal(model, faults))
    given = frozen.baked() if bake else frozen
    content = _with_ends_of(frozen, run_converter(with_one_row(given), timeout_s))
    result = audit_frozen(model, frozen, read_flatbuffer(content), data, seed)
    return _written(content, path, result, strict)


def _converted_by_graph(model, path: str | Path, *, data, seed: int, trust: bool, **options) -> GraphConversion:
    is_graph = isinstance(model, QuantGraph) or (
        isinstance(model, str | Path) and Path(model).suffix in (".qgraph", ".tflite")
    )
    if not is_graph:
        model = with_known_inputs(model, trust=trust)
        data = None if data is None else as_data(model, data, seed)
        options["output_names"] = model.output_names
    return convert_graph(model, path, data=data, seed=seed, trust=trust, **options)


def convert_int8(
    model: keras.Model | str | Path,
    path: str | Path,
    *,
    data=None,
    representative=None,
    seed: int = 0,
    trust: bool = False,
) -> Conversion:
    """Converts a model to int8 weights and activations with TensorFlow Lite's converter, and audits the result.

    Inputs and outputs stay float.

    Args:
        model: a Keras model that was trained for int8 (tensorflow-model-optimization's ``quantize_model``), or a plain
            one; or the path of one.
        path: where the ``.tflite`` file goes. A file that is there is replaced if the conversion succeeds.
        data: samples to compare the file with the model on, as for :func:`convert`.
        representative: samples like those the network will see, in the same form as ``data``: the converter takes the
            ranges of the activations from them. Needed for a plain model only; a hundred or so do.
        seed: of the random samples that stand in for ``data``.
        trust: whether the file of a Keras model may run code that it brings, as in ``load_keras_model``.

    Raises:
        ConversionError: the model has layers that are meant to be binary or of few bits, needs ``representative``,
            cannot be exported, or was converted wrongly; or the converter failed.
        UntrustedModelError: the file would run code, and ``trust`` is not given.
        ValueError: the data does not fit the model.
    """
    model = with_known_inputs(model, trust=trust)
    if few_bit := [layer.name for layer in weighted_layers(model) if layer.declares_few_bits]:
        raise ConversionError(
            f"'{model.name}' was not converted to int8: {', '.join(few_bit)} declare fewer bits, which int8 would hold "
            f"as if they were float. {_INT8_AROUND_BINARY}"
        )
    frozen = freeze(model)
    samples = None if representative is None else as_data(model, representative, seed)
    if samples is None and not is_quantization_aware(frozen):
        raise ConversionError(
            f"'{model.name}' was not trained for int8: give `representative` samples, from which the converter takes "
            "the ranges of the activations."
        )
    content = _with_ends_of(frozen, run_int8_converter(frozen, samples))
    return _written(content, path, audit_frozen(model, frozen, read_flatbuffer(content), data, seed), strict=False)


def _with_ends_of(frozen: FrozenGraph, content: bytes) -> bytes:
    """The file with inputs and outputs in the order of the model and with its names."""
    return with_ends(content, list(frozen.inputs), list(frozen.outputs))


def _written(content: bytes, path: str | Path, result: Audit, strict: bool) -> Conversion:
    if not result.passed:
        raise ConversionError(f"'{result.network}' was not converted.\n{_listed(result.errors)}", result)
    if strict and (refused := result.not_as_intended):
        rows = "\n".join(
            f"- {row.layer}, meant to be {row.intended}: {row.reason}. To change: {row.mend or 'not known'}."
            for row in refused
        )
        raise ConversionError(
            f"'{result.network}' was not converted: of the layers that were meant to be binary or of few bits, "
            f"{len(refused)} stayed float. Without strict they are accepted.\n{rows}",
            result,
        )
    with written_whole(path) as file:
        file.write(content)
    return Conversion(Path(path), result)


def _refusal(model: keras.Model, faults: list[Finding]) -> str:
    return f"'{model.name}' was not converted.\n{_listed(faults)}"


def _listed(findings) -> str:
    return "\n".join(
        f"- {finding.layer + ': ' if finding.layer else ''}{finding.message} {finding.mend}".rstrip()
        for finding in findings
    )
