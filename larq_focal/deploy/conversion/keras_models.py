"""Converting Keras models by the three converters there are."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from larq_focal.deploy.audit.auditing import audit_by_graph, audit_frozen
from larq_focal.deploy.audit.findings import Finding
from larq_focal.deploy.audit.intent import layer_names, weighted_layers
from larq_focal.deploy.audit.model_faults import model_faults
from larq_focal.deploy.audit.outputs import as_data
from larq_focal.deploy.class_names import check_class_names
from larq_focal.deploy.conversion.accepted import listed, write_accepted
from larq_focal.deploy.conversion.conversion import Conversion
from larq_focal.deploy.conversion.conversion_error import ConversionError, NotWritable
from larq_focal.deploy.conversion.converter import run_converter
from larq_focal.deploy.conversion.ends import with_ends_of
from larq_focal.deploy.conversion.freeze import batch_size, check_model, freeze
from larq_focal.deploy.conversion.known_inputs import with_known_inputs
from larq_focal.deploy.conversion.one_row import with_one_row
from larq_focal.deploy.conversion.written_graph import ANOTHER, written_graph
from larq_focal.deploy.convert_graph import OWN, check_fit, int8_content
from larq_focal.deploy.int8 import is_quantization_aware, run_int8_converter
from larq_focal.deploy.int8_rest import Int8Options
from larq_focal.keras import keras
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from larq_focal.network.tflite.metadata import FileMetadata, with_metadata

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


def convert_by_lce(
    model: keras.Model | str | Path,
    path: str | Path,
    *,
    data=None,
    strict: bool = False,
    bake: bool = True,
    timeout_s: float | None = None,
    seed: int = 0,
    trust: bool = False,
    metadata: FileMetadata = FileMetadata(),  # noqa: B008 (it never changes)
) -> Conversion:
    """As ``larq_focal.convert`` with ``converter="lce"``."""
    model = with_known_inputs(model, trust=trust)
    frozen = freeze(model)
    faults = model_faults(frozen, layer_names(model))
    if faults:
        raise ConversionError(_refusal(model, faults))
    given = frozen.baked() if bake else frozen
    content = with_ends_of(frozen, run_converter(with_one_row(given), timeout_s))
    if metadata.class_names is not None:
        shapes = [tensor.shape[1:] for tensor in read_flatbuffer(content).outputs]
        check_class_names(metadata.class_names, model.name, shapes)
    content = with_metadata(content, metadata.entries) if metadata.entries else content
    result = audit_frozen(model, frozen, read_flatbuffer(content), data, seed)
    return write_accepted(content, path, result, strict, _versioned("larq-compute-engine"))


def convert_by_graph(
    model: keras.Model | str | Path,
    path: str | Path,
    *,
    data=None,
    strict: bool = False,
    seed: int = 0,
    trust: bool = False,
    int8: Int8Options | None = None,
    metadata: FileMetadata = FileMetadata(),  # noqa: B008 (it never changes)
    packed: bool = True,
) -> Conversion:
    """As ``larq_focal.convert`` with ``converter="focal"``.

    With a rest of int8, the file with a float rest is held against Keras, and then that of int8 against the same
    network with its roundings.
    """
    model = with_known_inputs(model, trust=trust)
    check_model(model)
    options = {"output_names": model.output_names, "batch_size": batch_size(model), "metadata": metadata}
    options["packed"] = packed
    graph, content, notes = written_graph(model, **options)
    check_fit(metadata, graph)
    audit = audit_by_graph(model, graph, content, data, seed)
    if int8 is not None and audit.passed:
        data = None if data is None else as_data(model, data, seed)
        content, audit = int8_content(graph, int8, data=data, seed=seed, **options)
    audit = replace(audit, findings=(*audit.findings, *notes))
    return write_accepted(content, path, audit, strict, OWN)


def convert_by_the_first(
    model: keras.Model | str | Path, path: str | Path, *, bake: bool = True, timeout_s: float | None = None, **options
) -> Conversion:
    """As ``larq_focal.convert`` with ``converter="auto"``."""
    model = with_known_inputs(model, trust=options.pop("trust", False))
    try:
        return convert_by_graph(model, path, **options)
    except NotWritable as error:
        if find_spec("larq_compute_engine") is None:
            raise
        reason = str(error).removesuffix(f" {ANOTHER}")
    conversion = convert_by_lce(model, path, bake=bake, timeout_s=timeout_s, **options)
    message = f"Larq Compute Engine's converter wrote this file, because larq_focal's own could not: {reason}"
    findings = (*conversion.audit.findings, Finding("converter", "note", "", message))
    return replace(conversion, audit=replace(conversion.audit, findings=findings))


def convert_to_int8(
    model: keras.Model | str | Path,
    path: str | Path,
    *,
    data=None,
    representative=None,
    seed: int = 0,
    trust: bool = False,
) -> Conversion:
    """As ``larq_focal.deploy.convert.convert_int8``."""
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
    content = with_ends_of(frozen, run_int8_converter(frozen, samples))
    audit = audit_frozen(model, frozen, read_flatbuffer(content), data, seed)
    return write_accepted(content, path, audit, strict=False, converter=_versioned("tensorflow"))


def _refusal(model: keras.Model, faults: list[Finding]) -> str:
    return f"'{model.name}' was not converted.\n{listed(faults)}"


def _versioned(package: str) -> str:
    return f"{package} {version(package)}"
