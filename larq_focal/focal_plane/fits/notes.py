"""What a person has to know beside a layer's verdict."""

from __future__ import annotations

from collections.abc import Iterator

from larq_focal.focal_plane.fits.conv_layer import ConvLayer
from larq_focal.focal_plane.fits.judgement import Judgement
from larq_focal.focal_plane.fits.plans import FEW_BITS
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.text import counted


def layer_notes(layer: ConvLayer, judged: Judgement, sensor: Sensor) -> Iterator[str]:
    """One sentence each."""
    yield from judged.reasons
    if layer.from_pixels:
        yield (
            f"the input has {layer.input_bits} bits; judged as if each pixel were thresholded to 1 bit before, which "
            "the network must be trained for (an input quantizer, or a thermometer of several thresholds, each "
            "another input map)"
        )
    if layer.from_pixels and layer.in_channels > sensor.pixel_channels:
        yield f"a pixel sees {sensor.pixel_channels} of {layer.in_channels} channels; the others have to be loaded"
    if layer.same_padding and layer.taps > 1:
        yield "at the border of a map its neighbours stand where the padding should; the outer ring needs a mask"
    if max(layer.strides) > 1:
        yield "a stride saves no time: every pixel computes, and the maps keep their pitch"
    if layer.pool_size != (1, 1):
        rows, columns = layer.pool_size
        yield f"max-pooling {rows}x{columns} takes 2 planes after the threshold, when the count's are free"
    if layer.counted_with:
        names = ", ".join(f"'{name}'" for name in layer.counted_with)
        yield f"one threshold behind the sum with {names}: counts of up to {layer.counted}"
    for value in layer.held_values:
        yield f"'{value.name}' is held past this layer, as {_kind(value.bits)}"
    if judged.placement and judged.placement.passes > 1:
        yield (
            f"{counted(layer.out_channels, 'output map')} take {judged.placement.passes} passes of "
            f"{counted(judged.placement.maps_per_plane, 'map')}"
        )
    if judged.plan and judged.plan.spilled > judged.plan.carried:
        charged = judged.plan.spilled - judged.plan.carried
        yield f"{counted(charged, 'counter bit')} in analog registers: derived, run on no chip yet"
    if judged.plan and judged.plan.carried:
        yield f"{counted(judged.plan.carried, 'counter bit')} on the controller: derived, run on no chip yet"
    if judged.plan and not judged.plan.is_exact:
        yield f"{_range_used(layer, sensor):.0%} of the analog range is used; results are approximate"


def unmodelled(layer: ConvLayer, judged: Judgement) -> Iterator[str]:
    """What the formulas leave out for this layer."""
    if judged.plan and layer.channels_per_group > 1:
        yield f"{layer.name}: planes that hold channels while they are brought to each other are not counted"
    if judged.plan and "flood" not in judged.plan.calls and judged.placement.maps_per_plane > 1:
        yield (
            f"{layer.name}: a weight pattern that does not repeat over the array takes up to "
            f"{min(judged.placement.maps_per_plane, layer.out_channels)} calls of load_pattern; one is counted"
        )


def _kind(bits: int) -> str:
    return "a charge on analog registers (approximate)" if bits > FEW_BITS else f"{bits}-bit planes"


def _range_used(layer: ConvLayer, sensor: Sensor) -> float:
    return layer.counted * sensor.analog.smallest_step / sensor.analog.maximum
