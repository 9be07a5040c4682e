"""The search for the schedules of a network's layers: fewest words first, then fewest registers, then spills.

Spills go to analog registers, and only where those do not do, to the controller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from larq_focal.focal_plane.compiler.backend.build import Built, RegisterError, build
from larq_focal.focal_plane.compiler.backend.kernels import StoreError
from larq_focal.focal_plane.compiler.layers.count_schedule import CountSchedule
from larq_focal.focal_plane.compiler.network_code import NetworkCode
from larq_focal.focal_plane.sensor.spills import Spill

CodeFor = Callable[..., NetworkCode]  # the network's code for given schedules
_NO_ROOM = (RegisterError, StoreError)


@dataclass(frozen=True)
class FoundProgram:
    """A program. Where planes spill, ``spills_because`` tells what stopped the last attempt without."""

    code: NetworkCode
    built: Built
    schedules: dict[str, CountSchedule]
    spills_because: str = ""

    @property
    def cost(self) -> tuple[int, int]:
        """Bytes that go to the controller and back, which take the most time, and then instruction words."""
        return sum(moves.bytes for moves in self.built.allocation.moves.values()), self.built.total_icw


def found_digital(code_for: CodeFor, most: Mapping[str, CountSchedule], spill: Spill) -> FoundProgram:
    """Fewest words first; layers become frugal where registers or the store run out, and then spill the rest.

    Args:
        code_for: gives the network's code for schedules.
        most: by layer, the schedules of the most registers.
        spill: as in ``compile``.

    Raises:
        RegisterError, StoreError: nothing fits.
    """
    schedules = dict(most)
    tight: set[str] = set()  # layers that found no schedule without a spill
    while True:
        try:
            return _attempt(code_for, schedules, spill="none")
        except RegisterError as error:
            layer = error.section
            is_first = layer in schedules and schedules[layer] == most[layer]
            refusal = _refusal_of_the_most_frugal(code_for, schedules, layer) if is_first else None
            reason = str(refusal or error)
            if layer in schedules and not refusal and (frugal := schedules[layer].frugal()):
                schedules[layer] = frugal
            elif spill != "none":
                tight.add(layer)
                break
            else:
                raise (refusal or error) from None
        except StoreError as error:
            reason = str(error)
            widest = max(schedules, key=lambda name: schedules[name].deferred, default=None)
            if widest is None or not schedules[widest].deferred:
                if spill != "none":
                    break
                raise
            # Ripple counting repeats, and so takes less room.
            schedules[widest] = replace(schedules[widest], deferred=0)
    tight = (tight | {name for name, schedule in schedules.items() if schedule.is_frugal}) & most.keys()
    try:
        found = _with_spills(code_for, schedules, tight, most, "analog")
    except _NO_ROOM:
        if spill != "controller":
            raise
        found = _with_spills(code_for, schedules, tight, most, "controller")
    return replace(found, spills_because=reason) if found.built.allocation.spills_to else found


def _refusal_of_the_most_frugal(
    code_for: CodeFor, schedules: Mapping[str, CountSchedule], layer: str
) -> RegisterError | None:
    """Why a layer needs a spill even in its most frugal schedule, so that none between need be tried; else None."""
    frugal = schedules[layer]
    while further := frugal.frugal():
        frugal = further
    try:
        _attempt(code_for, {**schedules, layer: frugal}, spill="none")
    except RegisterError as error:
        return error if error.section == layer else None
    except StoreError:
        pass
    return None


def found_with_charges(code_for: CodeFor, most: Mapping[str, CountSchedule], spill: Spill) -> FoundProgram:
    """The cheaper of all layers counted digitally and all that can be by charges; then layer by layer the cheaper way.

    Args:
        code_for: as for ``found_digital``, and so are ``most`` and ``spill``.

    Raises:
        RegisterError, StoreError: none of these fits; the error is that of digital counting.
    """
    charges = {name: replace(schedule, deferred=0, is_analog=True) for name, schedule in most.items()}
    trial = code_for(schedules=charges)
    known: dict[frozenset[str], FoundProgram] = {}  # by the names of the layers that are counted by charges
    refused: list[RegisterError | StoreError] = []

    def attempt(charged: frozenset[str]) -> None:
        try:
            known[charged] = found_digital(code_for, {**most, **{name: charges[name] for name in charged}}, spill)
        except _NO_ROOM as error:
            refused.append(error)

    every = frozenset(trial.accumulations)
    for charged in dict.fromkeys((frozenset(), every)):
        attempt(charged)
    for name in trial.accumulations if len(every) > 1 else ():
        best = min(known, key=lambda charged: known[charged].cost, default=every)
        attempt(best ^ {name})
    if not known:
        raise refused[0]
    return min(known.values(), key=lambda found: found.cost)


def _with_spills(
    code_for: CodeFor,
    schedules: Mapping[str, CountSchedule],
    tight: set[str],
    most: Mapping[str, CountSchedule],
    spill: Spill,
) -> FoundProgram:
    """As ``found_digital`` where something must be spilled: tight layers defer less until that costs more."""
    best: FoundProgram | None = None
    tried: list[dict[str, CountSchedule]] = []
    largest = max((schedule.deferred for schedule in most.values()), default=0)
    for deferred, is_frugal in ((largest, False), (2, False), (1, False), (0, False), (0, True)):
        limited = {
            name: replace(most[name], deferred=min(deferred, most[name].deferred), is_frugal=is_frugal)
            for name in tight
        }
        if limited in tried:
            continue
        tried.append(limited)
        try:
            found = _attempt(code_for, {**schedules, **limited}, spill)
        except _NO_ROOM as error:
            refused = error
            continue
        if best is not None and found.cost >= best.cost:
            break
        best = found
    if best is None:
        raise refused
    return best


def _attempt(code_for: CodeFor, schedules: Mapping[str, CountSchedule], spill: Spill) -> FoundProgram:
    code = code_for(schedules=schedules)
    return FoundProgram(code, build(code.code, spill), dict(schedules))
