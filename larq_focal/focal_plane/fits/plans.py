"""How a binary convolution can run on the array, and what each way needs: registers, instruction words, calls.

All schedules walk a window over a shifting copy of the input, multiply each tap with its weight by XNOR and count.
They differ in where the weights come from and where the count is kept:

========  ===========================================================  =============================================
schedule  weights and input                                            count
========  ===========================================================  =============================================
S1        packed on the array, flooded over each tile; input is kept   digital registers
S2        loaded into a register tap by tap; input shifts in place     digital registers
S3        loaded into a temporary register; input shifts in place      digital registers
S4        as S3                                                        highest bits spill to analog registers
S5        as S3                                                        as S4, and what is left to the controller
analog    as S3                                                        charge on one analog register, not exact
========  ===========================================================  =============================================

Sources: S1 follows L. Bose et al., "Fully embedding fast convolutional networks on pixel processor arrays", ECCV 2020,
and Y. Liu, Y. Lu, "On-sensor binarized fully convolutional neural network for localisation and coarse segmentation",
CVPR Workshops 2022; the analog count is that of H. So et al., "PixelRNN", CVPR 2024. S2 to S5 are derived from them
and have run on no chip.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from larq_focal.focal_plane.compiler.layers.count import accumulator_bits
from larq_focal.focal_plane.fits import counter_costs
from larq_focal.focal_plane.fits.conv_layer import ConvLayer, HeldValue
from larq_focal.focal_plane.fits.map_placement import Placement, maps_per_plane
from larq_focal.focal_plane.fits.step_costs import Counter, frame_steps_icw, spilled_touches
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.focal_plane.sensor.spills import Spill

WEIGHT = "weight of the tap"
FEW_BITS = 8  # values of up to this many bits are held bit by bit in digital planes, wider ones as charge


@dataclass(frozen=True)
class RegisterSchedule:
    name: str
    keeps_input: bool = False
    packs_weights: bool = False
    holds_weight: bool = False
    spills: bool = False
    spills_to_controller: bool = False
    is_analog: bool = False


SCHEDULES = (
    RegisterSchedule("S1", keeps_input=True, packs_weights=True, holds_weight=True),
    RegisterSchedule("S2", holds_weight=True),
    RegisterSchedule("S3"),
    RegisterSchedule("S4", spills=True),
    RegisterSchedule("S5", spills=True, spills_to_controller=True),
    RegisterSchedule("analog", is_analog=True),
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What one schedule needs for one layer.

    ``digital`` and ``analog`` are the roles of the registers that hold a value throughout; ``reasons`` say why the
    plan does not fit, and are empty where it does. ``steps_icw`` and ``calls`` cover all passes of one frame.
    Of the ``spilled`` bits of the count, ``carried`` ones go to the controller and back. ``max_fan_in`` is the largest
    that this schedule takes beside the layer's other values, None where nothing limits it.
    """

    schedule: str
    counter: Counter
    digital: tuple[str, ...]
    analog: tuple[str, ...]
    spilled: int
    carried: int
    max_fan_in: int | None
    steps_icw: Mapping[str, int]
    calls: Mapping[str, int]
    reasons: tuple[str, ...]

    @property
    def fits(self) -> bool:
        return not self.reasons

    @property
    def spills_to(self) -> tuple[str, ...]:
        """Kinds of home, as in ``spills.IN_HOME``."""
        analog, controller = self.spilled > self.carried, self.carried > 0
        return ("analog",) * analog + ("controller",) * controller

    @property
    def is_exact(self) -> bool:
        return self.counter != "analog"

    @property
    def icw(self) -> int:
        return sum(self.steps_icw.values())


def plans(layer: ConvLayer, placement: Placement, sensor: Sensor, spill: Spill = "analog") -> Iterator[Plan]:
    """Every schedule that ``spill`` allows with every counter, for one-bit inputs and binary or ternary weights."""
    for schedule in SCHEDULES:
        if (schedule.spills and spill == "none") or (schedule.spills_to_controller and spill != "controller"):
            continue
        if schedule.is_analog:
            yield _plan(schedule, "analog", layer, placement, sensor)
            continue
        yield _plan(schedule, "ripple", layer, placement, sensor)
        if not schedule.spills:
            yield _plan(schedule, "carry-save", layer, placement, sensor)


def _plan(schedule: RegisterSchedule, counter: Counter, layer: ConvLayer, placement: Placement, sensor: Sensor) -> Plan:
    others = _planes_beside_the_count(schedule, layer, placement, sensor)
    charges = [f"held value '{value}'" for value in _held_as_charge(layer, sensor)]
    room = len(sensor.digital.holders) - len(others)
    analog_room = len(sensor.analog.storage) - len(charges)
    count = _count_planes(counter, layer.counted)
    spilled = min(max(len(count) - room, 0), len(count)) if schedule.spills else 0
    carried = max(spilled - max(analog_room, 0), 0) if schedule.spills_to_controller else 0
    bits = range(len(count))
    charged, away = bits[len(count) - spilled : len(count) - carried], bits[len(count) - carried :]
    digital = [*others, *count[: len(count) - spilled]]
    analog = [*charges, *(f"spilled {count[bit]}" for bit in charged)]
    if schedule.is_analog:
        analog += ["accumulator", "step constant"]
    limit = {
        "ripple": counter_costs.ripple_limit(room + (max(analog_room, 0) if schedule.spills else 0)),
        "carry-save": counter_costs.carry_save_limit(room),
        "analog": _analog_limit(sensor),
    }[counter]
    return Plan(
        schedule=schedule.name,
        counter=counter,
        digital=tuple(digital),
        analog=tuple(analog),
        spilled=spilled,
        carried=carried,
        max_fan_in=None if schedule.spills_to_controller else limit,
        steps_icw=frame_steps_icw(counter, charged, layer, placement, sensor),
        calls=_calls(schedule, layer, placement, spilled_touches(layer.fan_in, away)),
        reasons=tuple(_misfits(schedule, digital, analog, limit, layer, placement, sensor)),
    )


def _planes_beside_the_count(
    schedule: RegisterSchedule, layer: ConvLayer, placement: Placement, sensor: Sensor
) -> list[str]:
    roles = ["shifting input"]
    if schedule.keeps_input:
        roles.append("input, kept")
    if schedule.packs_weights:
        roles += ["packed weights"] * _packed_planes(layer, placement)
    if schedule.holds_weight:
        roles.append(WEIGHT)
    roles += ["temporary"] * max(counter_costs.TEMPORARIES - len(sensor.digital.direction), 0)
    roles += ["more input maps"] * (placement.input_planes - 1)
    output_bits = layer.output_bits or accumulator_bits(layer.counted)
    roles += ["finished output maps"] * ((placement.output_planes - 1) * output_bits)
    for value in layer.held_values:
        if value.bits <= FEW_BITS:
            roles += [f"held value '{value.name}'"] * (_planes(value, sensor) * value.bits)
    return roles


def _held_as_charge(layer: ConvLayer, sensor: Sensor) -> list[str]:
    return [value.name for value in layer.held_values if value.bits > FEW_BITS for _ in range(_planes(value, sensor))]


def _planes(value: HeldValue, sensor: Sensor) -> int:
    """Planes that hold one bit, or one charge, of all maps of a value; one per map where a map is too large."""
    return -(-value.channels // max(maps_per_plane(value.height, value.width, sensor), 1))


def _packed_planes(layer: ConvLayer, placement: Placement) -> int:
    """Planes for the filters of all passes, each within the tile of its map; two planes where weights are ternary."""
    return -(-placement.passes * layer.fan_in // (layer.height * layer.width)) * layer.weight_bits


def _count_planes(counter: Counter, fan_in: int) -> list[str]:
    """Roles of the planes of the count, lowest bit first."""
    if counter == "ripple":
        return [f"counter bit {bit}" for bit in range(accumulator_bits(fan_in))]
    if counter == "carry-save":
        return [f"carry-save plane {plane}" for plane in range(counter_costs.carry_save_planes(fan_in))]
    return []


def _misfits(
    schedule: RegisterSchedule,
    digital: list[str],
    analog: list[str],
    limit: int,
    layer: ConvLayer,
    placement: Placement,
    sensor: Sensor,
) -> Iterator[str]:
    registers = sensor.digital
    if schedule.packs_weights and not (registers.propagation and registers.mask):
        yield "the sensor has no propagation register to flood the packed weights"
    if schedule.packs_weights and layer.fan_in > layer.height * layer.width:
        yield f"a filter of {layer.fan_in} weights does not fit in a tile of {layer.height}x{layer.width} pixels"
    if len(digital) > len(registers.holders):
        yield f"{len(digital)} digital planes live at once, and {len(registers.holders)} registers can hold one"
    if len(analog) > len(sensor.analog.storage):
        yield f"{len(analog)} analog values live at once, and there are {len(sensor.analog.storage)} analog registers"
    if schedule.is_analog and layer.counted > limit:
        yield f"the analog range takes {limit} steps, and {layer.counted} inputs are counted"


def _analog_limit(sensor: Sensor) -> int:
    """Steps on either side of 0 that stay in the analog range; 0 where the sensor's file does not tell."""
    analog = sensor.analog
    return analog.maximum // analog.smallest_step if analog.maximum and analog.smallest_step else 0


def _calls(schedule: RegisterSchedule, layer: ConvLayer, placement: Placement, carried: int) -> dict[str, int]:
    """Controller calls of one frame, at least: one weight pattern per tap, plane of the weights and pass.

    ``carried``: how often in a pass a plane goes to the controller and back.
    """
    fetches = placement.passes * layer.fan_in * layer.weight_bits
    calls = {"kernel_launch": 1, "load_pattern": fetches}
    if schedule.packs_weights:
        calls["flood"] = fetches
    if schedule.is_analog:
        calls["load_analog"] = 1
    if carried:
        calls |= dict.fromkeys(("read_plane", "load_plane"), placement.passes * carried)
    return calls
