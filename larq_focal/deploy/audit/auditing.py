"""The audit of a conversion: what every layer was meant to be, what it became, why, and whether the file is right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from larq_focal.deploy.audit.agreement import Agreement, compare
from larq_focal.deploy.audit.constant_inputs import constant_inputs
from larq_focal.deploy.audit.converted import ConvertedLayer, converted_layers, producers_of
from larq_focal.deploy.audit.disagreement import disagreement, saturation
from larq_focal.deploy.audit.file_faults import file_faults
from larq_focal.deploy.audit.findings import Finding
from larq_focal.deploy.audit.intent import WeightedLayer, layer_names, weighted_layers
from larq_focal.deploy.audit.layer_audit import LayerAudit
from larq_focal.deploy.audit.model_faults import model_faults
from larq_focal.deploy.audit.outputs import Data, as_data, file_outputs, keras_outputs, one_call
from larq_focal.deploy.audit.report import Audit
from larq_focal.deploy.audit.rows import audit_layers
from larq_focal.deploy.conversion.freeze import freeze
from larq_focal.deploy.conversion.frozen import FrozenGraph
from larq_focal.deploy.conversion.lce_patterns import kernel_deviation
from larq_focal.deploy.graph_audit import audit_graph
from larq_focal.deploy.graph_samples import selected_rows
from larq_focal.deploy.runtime import EngineError
from larq_focal.keras import keras
from larq_focal.network.graph import QuantGraph
from larq_focal.network.tflite.flatbuffer import FlatModel

_SNAPPED = 1e-5
"""Relative difference of weights from +-s that float rounding does not explain."""


def audit_by_patterns(model: keras.Model, file: FlatModel, data, seed: int) -> Audit:
    """The audit of a file of a converter that looks for patterns: Larq Compute Engine's or TensorFlow Lite's."""
    return audit_frozen(model, freeze(model), file, data, seed)


def audit_by_graph(model: keras.Model, graph: QuantGraph, content: bytes, data, seed: int) -> Audit:
    """The audit of a file that larq_focal wrote from ``graph``, which ``model`` was read as; Keras is the reference."""
    data = _random_data(model, graph, seed) if data is None else as_data(model, data, seed)
    return audit_graph(graph, content, data, seed, lambda samples: keras_outputs(model, samples))


def _random_data(model: keras.Model, graph: QuantGraph, seed: int) -> Data:
    """As :func:`as_data` draws them, but numbers of rows where an input selects rows of a table."""
    data = dict(as_data(model, None, seed))
    for name, rows in selected_rows(graph).items():
        data[name] = np.random.default_rng(seed).integers(0, rows, data[name].shape).astype(data[name].dtype)
    return data


def audit_frozen(model: keras.Model, frozen: FrozenGraph, file: FlatModel, data, seed: int) -> Audit:
    """The same for a model that is frozen already."""
    data = as_data(model, data, seed)
    layers = weighted_layers(model)
    converted = converted_layers(file)
    rows, items = audit_layers(layers, frozen, converted, one_call(data, 0, frozen.batch_size))
    names = layer_names(model)
    findings = [
        *model_faults(frozen, names),
        *constant_inputs(frozen, names),
        *_in_model_terms(file_faults(file), file, layers, items),
        *(finding for layer, found in zip(layers, items, strict=True) for finding in _kernel_faults(layer, found)),
    ]
    agreement, more = _compare(model, frozen, file, data)
    findings += more
    return Audit(
        network=model.name,
        file_bytes=file.file_bytes,
        expected_bytes=file.file_bytes + _declared_minus_found(rows, items),
        layers=tuple(_explained(row, findings) for row in rows),
        agreement=agreement,
        findings=tuple(_merged(findings)),
    )


def _compare(
    model: keras.Model, frozen: FrozenGraph, file: FlatModel, data: Data
) -> tuple[Agreement | None, list[Finding]]:
    expected = keras_outputs(model, data)
    order = list(_other_order(model, file))
    try:
        agreement = compare(expected, file_outputs(file, data, model.output_names), file)
    except (EngineError, ValueError) as error:
        fault = Finding("does-not-run", "error", "", f"The file cannot be compared with the model: {error}")
        return None, [fault, *order]
    findings = [*disagreement(agreement, frozen, file, data), *saturation(frozen, expected[0]), *order]
    return agreement, findings


def _other_order(model: keras.Model, file: FlatModel) -> Iterator[Finding]:
    """A note where the file has the model's names in another order."""
    for what, own, names in (
        ("inputs", file.input_names, model.input_names),
        ("outputs", file.output_names, model.output_names),
    ):
        if sorted(own) == sorted(names) and list(own) != list(names):
            yield Finding(
                f"order-of-{what}",
                "note",
                "",
                f"The file has the {what} in the order {', '.join(own)}, the model in the order {', '.join(names)}.",
                "Tell them apart by name, or convert the model with larq_focal, which keeps the order.",
            )


def _kernel_faults(layer: WeightedLayer, items: Iterable[ConvertedLayer]) -> Iterator[Finding]:
    for item in items:
        is_packed = item.became == "packed"
        if is_packed and (deviation := max(map(kernel_deviation, layer.pieces))) > _SNAPPED:
            yield Finding(
                "snapped-kernel",
                "error",
                layer.name,
                f"The magnitudes of its kernel differ by up to {deviation:.2%} within an output channel. The converter "
                "rounded them to one value and packed the signs: the file computes something else.",
                "Use a kernel quantizer that gives exactly +-s for each output channel.",
            )
        if item.kernel is None:
            mib = sum(item.buffers.values()) / 2**20
            yield Finding(
                "unfolded-kernel",
                "warning",
                layer.name,
                f"The converter gave up on computing this kernel, and left {mib:.3g} MiB of constants and their "
                "arithmetic in the file.",
                "Convert with bake=True, which computes quantized kernels beforehand.",
            )


def _in_model_terms(
    findings: Iterable[Finding],
    file: FlatModel,
    layers: Sequence[WeightedLayer],
    items: Sequence[Sequence[ConvertedLayer]],
) -> Iterator[Finding]:
    """Findings of a file with the layer in place of the tensor that its operation writes, or that is packed for it."""
    producers = producers_of(file)
    names = {}
    for layer, found in zip(layers, items, strict=True):
        for item in found:
            names[item.operator.outputs[0].name] = layer.name
            packed = item.operator.inputs[0]
            while (producer := producers.get(packed.index)) is not None and producer.kind == "LceBMaxPool2d":
                packed = producer.inputs[0]
            names[packed.name] = layer.name
    for finding in findings:
        yield replace(finding, layer=names.get(finding.layer, finding.layer))


def _declared_minus_found(rows: Sequence[LayerAudit], items: Sequence[Sequence[ConvertedLayer]]) -> int:
    """Bytes that the file would grow by if each layer took what it declared."""
    growth, seen = 0, set()
    for row, found in zip(rows, items, strict=True):
        buffers = {place: size for item in found for place, size in item.buffers.items() if place not in seen}
        if buffers:  # layers of the same kernel share one
            growth += row.expected_bytes - sum(buffers.values())
            seen.update(buffers)
    return growth


def _merged(findings: Iterable[Finding]) -> list[Finding]:
    """Findings that say the same of several layers as one, errors first."""
    layers: dict[Finding, list[str]] = {}
    for finding in findings:
        layers.setdefault(replace(finding, layer=""), []).append(finding.layer)
    merged = [replace(finding, layer=", ".join(dict.fromkeys(names))) for finding, names in layers.items()]
    return sorted(merged, key=lambda finding: ("error", "warning", "note").index(finding.severity))


def _explained(row: LayerAudit, findings: Iterable[Finding]) -> LayerAudit:
    """A packed layer with a fault gets the fault as its reason."""
    for finding in findings:
        if finding.severity == "error" and finding.layer == row.layer and not row.reason:
            return replace(row, reason=finding.message, fix=finding.fix)
    return row
