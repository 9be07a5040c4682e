"""The smallest changes that make a layer fit: found by formula, and where it is quick, proved by a program."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from larq_focal.focal_plane.fits.conv_layer import ConvLayer
from larq_focal.focal_plane.fits.judgement import Judgement, judge
from larq_focal.focal_plane.sensor import Sensor, load_sensor
from larq_focal.focal_plane.sensor.known_sensors import sensor_names
from larq_focal.focal_plane.sensor.spills import Spill
from larq_focal.verdicts.verdict import Verdict

Option = tuple[str, ConvLayer, Sensor]
Proof = Callable[[ConvLayer, Sensor, Verdict], bool | None]  # whether a program exists; None where that is not tried


def no_proof(layer: ConvLayer, sensor: Sensor, wanted: Verdict) -> None:
    """All is by formula."""


def changes_that_fit(
    layer: ConvLayer, sensor: Sensor, judged: Judgement, proof: Proof = no_proof, spill: Spill = "analog"
) -> tuple[str, ...]:
    """Single changes by which ``layer`` fits, the one that leaves most of the network as it is first.

    A layer of other than 1-bit values is made binary first. Where nothing makes it fit without a spill, changes by
    which it fits with one are named. Empty where it fits already, or where no single change helps.

    Args:
        layer: the layer that must fit.
        sensor: where it must fit.
        judged: how it fits as it is.
        proof: whether there is a program for a changed layer, asked until one is found for the first change that is
            named. A change without one is not named; all others are said to fit by formula.
        spill: where this is "none", only changes are named that fit without; none sends planes to the controller.
    """
    if judged.verdict is Verdict.FIT:
        return ()
    layer, quantized = _binary(layer)
    for wanted in (Verdict.FIT,) if spill == "none" else (Verdict.FIT, Verdict.SPILL):
        if wanted.rank >= judged.verdict.rank:
            break
        if quantized and (how := _fits((quantized, layer, sensor), wanted, proof)) is not None:
            return (f"{quantized} ({how[2:]})" if how else quantized,)
        found: list[str] = []
        for options in _families(layer, sensor):
            text = _first(options, wanted, no_proof if found else proof, quantized)
            found += [text] if text else []
        if found:
            return tuple(found)
    return ()


def _binary(layer: ConvLayer) -> tuple[ConvLayer, str]:
    """The layer with 1-bit weights and inputs, and what was changed."""
    changed = []
    if layer.weight_bits > 1 and not layer.is_ternary:
        changed.append("binary weights")
    if layer.input_bits > 1 and not layer.from_pixels:
        changed.append("1-bit inputs")
    if not changed:
        return layer, ""
    weight_bits = layer.weight_bits if layer.is_ternary else 1
    input_bits = layer.input_bits if layer.from_pixels else 1
    return replace(layer, weight_bits=weight_bits, input_bits=input_bits), " and ".join(changed)


def _first(options: Iterable[Option], wanted: Verdict, proof: Proof, quantized: str) -> str | None:
    """The first option that fits, in words."""
    for option in options:
        how = _fits(option, wanted, proof)
        if how is not None:
            text, layer, sensor = option
            fits = f"{text} (fan-in {layer.fan_in}, {judge(layer, sensor).plan.schedule}{how})"
            return f"{quantized} and {fits}" if quantized else fits
    return None


def _fits(option: Option, wanted: Verdict, proof: Proof) -> str | None:
    """How an option fits, as a list that starts with a comma; None where it does not."""
    _, layer, sensor = option
    if judge(layer, sensor).verdict.rank > wanted.rank:
        return None
    is_proved = proof(layer, sensor, wanted)
    if is_proved is False:
        return None
    return (", with spill" if wanted is Verdict.SPILL else "") + ("" if is_proved else ", by formula")


def _families(layer: ConvLayer, sensor: Sensor) -> Iterator[Iterable[Option]]:
    """Kinds of change, each from its smallest member on."""
    yield _more_groups(layer, sensor)
    yield _smaller_kernels(layer, sensor)
    yield _fewer_input_channels(layer, sensor)
    yield _fewer_output_channels(layer, sensor)
    yield _smaller_maps(layer, sensor)
    yield _other_sensors(layer, sensor)


def _more_groups(layer: ConvLayer, sensor: Sensor) -> Iterator[Option]:
    most = math.gcd(layer.in_channels, layer.out_channels)
    for groups in range(layer.groups + 1, most + 1):
        if most % groups == 0:
            yield f"groups={groups}", replace(layer, groups=groups), sensor


def _smaller_kernels(layer: ConvLayer, sensor: Sensor) -> Iterator[Option]:
    rows, columns = layer.kernel_size
    for less in range(1, max(rows, columns)):
        size = max(rows - less, 1), max(columns - less, 1)
        yield f"a {size[0]}x{size[1]} kernel", replace(layer, kernel_size=size), sensor


def _fewer_input_channels(layer: ConvLayer, sensor: Sensor) -> Iterator[Option]:
    def with_channels(per_group: int) -> Option:
        channels = per_group * layer.groups
        return f"{channels} input channels", replace(layer, in_channels=channels), sensor

    return _most_that_fits(with_channels, layer.channels_per_group)


def _fewer_output_channels(layer: ConvLayer, sensor: Sensor) -> Iterator[Option]:
    def with_channels(per_group: int) -> Option:
        channels = per_group * layer.groups
        return f"{channels} output channels", replace(layer, out_channels=channels), sensor

    return _most_that_fits(with_channels, layer.out_channels // layer.groups)


def _most_that_fits(option: Callable[[int], Option], now: int) -> Iterator[Option]:
    """The largest count below ``now`` that fits, and the largest that fits with a spill: fewer never need more."""
    for wanted in (Verdict.FIT, Verdict.SPILL):

        def fails(count: int, wanted: Verdict = wanted) -> bool:
            return judge(option(count)[1], option(count)[2]).verdict.rank > wanted.rank

        fitting = bisect_left(range(1, now), True, key=fails)
        if fitting:
            yield option(fitting)


def _smaller_maps(layer: ConvLayer, sensor: Sensor) -> Iterator[Option]:
    for stride in (2, 4, 8, 16):
        size = {"height": -(-layer.height // stride), "width": -(-layer.width // stride)}
        text = f"maps of {size['height']}x{size['width']} (stride {stride} before it, or a smaller image)"
        yield text, replace(layer, **size), sensor


def _other_sensors(layer: ConvLayer, sensor: Sensor) -> Iterator[Option]:
    for name in sensor_names():
        yield f"sensor {name}", layer, load_sensor(name)
