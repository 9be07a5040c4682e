"""The verdict on a network for a processor of fixed structure."""

from __future__ import annotations

from collections.abc import Iterator

from larq_focal.fixed_processors.processor import BinaryProcessor
from larq_focal.fixed_processors.processor_fit import ProcessorFit, ProcessorLayer
from larq_focal.fixed_processors.rules import (
    Fault,
    convolution_faults,
    dense_faults,
    input_faults,
    operation_fault,
)
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Conv2D, Dense, Linear, Op, Unknown, Weighted
from larq_focal.verdicts.estimate import Estimate
from larq_focal.verdicts.unjudged import is_judged_layer, unjudged_operations


def judge_network(graph: QuantGraph, processor: BinaryProcessor) -> ProcessorFit:
    """Judges whether ``graph`` runs on ``processor``, and with what energy."""
    convolutions = list(graph.convolutions)
    width = _nearest_width(convolutions, processor)
    layers = tuple(_layer(graph, op, width, processor) for op in graph if isinstance(op, Weighted))
    faults = list(_network_faults(graph, convolutions, width, processor))
    operations = sum(layer.operations for layer in layers)
    not_judged = tuple(unjudged_operations(graph))
    fits = not faults and not not_judged and not any(layer.reasons for layer in layers)
    return ProcessorFit(
        network=graph.name,
        sensor=processor.name,
        title=processor.title,
        width=width,
        layers=layers,
        reasons=tuple(fault.reason for fault in faults),
        changes=tuple(fault.change for fault in faults),
        convolution_bits=_weight_bits(convolutions),
        convolution_memory_bits=processor.convolution_memory_bits,
        dense_bits=_weight_bits(_dense(graph)),
        dense_memory_bits=processor.dense_memory_bits,
        operations=operations,
        estimates=tuple(_estimates(operations, convolutions, width, processor)) if fits else (),
        unknown=(
            "frames per second: published for one network only, and not to be derived from what is",
            *(f"assumed: {assumption}" for assumption in processor.assumptions),
        ),
        not_judged=not_judged,
    )


def _layer(graph: QuantGraph, op: Weighted, width: int, processor: BinaryProcessor) -> ProcessorLayer:
    if isinstance(op, Conv2D):
        faults = list(convolution_faults(graph, op, width, processor))
    else:
        faults = list(dense_faults(graph, op)) if isinstance(op, Dense) else []
    return ProcessorLayer(
        name=op.name,
        fan_in=op.kernel.fan_in,
        weight_bits=op.kernel.size * op.kernel.bits,
        operations=2 * op.macs,
        reasons=tuple(fault.reason for fault in faults),
        changes=tuple(fault.change for fault in faults),
        is_judged=is_judged_layer(op),
    )


def _network_faults(
    graph: QuantGraph, convolutions: list[Conv2D], width: int, processor: BinaryProcessor
) -> Iterator[Fault]:
    if not convolutions:
        yield Fault("it has no convolution", f"{processor.convolutions} convolutions before the dense layer")
        return
    yield from input_faults(graph, convolutions[0], processor)
    for op in _behind(graph, convolutions[0]):
        if not isinstance(op, Weighted | Unknown) and (fault := operation_fault(graph, op, processor)):
            yield fault
    if len(convolutions) > processor.convolutions:
        yield Fault(
            f"it has {len(convolutions)} convolutions, more than any published network",
            f"{processor.convolutions} convolutions",
        )
    elif _weight_bits(convolutions) > processor.convolution_memory_bits:
        yield Fault(
            f"the weights of its convolutions take {_weight_bits(convolutions):,} bits of "
            f"{processor.convolution_memory_bits:,}",
            f"width {_width_within_memory(len(convolutions), processor)}",
        )
    dense_bits = _weight_bits(_dense(graph))
    if dense_bits > processor.dense_memory_bits:
        yield Fault(
            f"the weights of its dense layers take {dense_bits:,} bits of {processor.dense_memory_bits:,}",
            "fewer classes, or smaller maps before the dense layer",
        )


def _behind(graph: QuantGraph, first: Op) -> Iterator[Op]:
    """The operations that the values of ``first`` reach."""
    reached = {first.name}
    for op in graph:
        if reached & set(op.inputs):
            reached.add(op.name)
            yield op


def _nearest_width(convolutions: list[Conv2D], processor: BinaryProcessor) -> int:
    """The width of the processor that is nearest to most layers' output channels; the lower one of two."""
    channels = sorted(op.shape[-1] for op in convolutions) or [processor.widths[0]]
    middle = channels[len(channels) // 2]
    return min(processor.widths, key=lambda width: (abs(width - middle), width))


def _width_within_memory(convolutions: int, processor: BinaryProcessor) -> int:
    taps = processor.kernel_side**2
    fitting = [w for w in processor.widths if convolutions * taps * w * w <= processor.convolution_memory_bits]
    return max(fitting)


def _dense(graph: QuantGraph) -> list[Dense]:
    return [op for op in graph.layers if isinstance(op, Dense)]


def _weight_bits(layers: list[Linear]) -> int:
    return sum(op.kernel.size * op.kernel.bits for op in layers)


def _estimates(
    operations: int, convolutions: list[Conv2D], width: int, processor: BinaryProcessor
) -> Iterator[Estimate]:
    def energy(kind: str, source: str, energy_uj: float, frames_per_second: float | None = None) -> Estimate:
        return Estimate(
            kind=kind,
            source=source,
            latency_us=None,
            frames_per_second=frames_per_second,
            chip_energy_uj=energy_uj,
            system_energy_uj=None,
        )

    peak, fitted = processor.peak_tops_per_watt, processor.tops_per_watt
    yield energy("lower bound", f"{peak:g} 1b-TOPS/W at best", operations / peak / 1e6)
    yield energy("calibrated", f"{fitted:g} 1b-TOPS/W meet the published energies", operations / fitted / 1e6)
    shapes = [op.shape for op in convolutions]
    for published in processor.published:
        if shapes == [(side, side, published.width) for side in processor.map_sides]:
            yield energy("published", published.task, published.energy_uj, published.frames_per_second)
