"""The search for the schedules of a network's layers: fewest words first, then fewest registers, then spills.

Spills go to analog registers, and only where those do not do, to the controller.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from larq_focal.focal_plane.compiler.backend.build import Built, RegisterError, build
from larq_focal.focal_plane.compiler.backend.kernels import StoreError
from larq_focal.focal_plane.compiler.layers.count_schedule import CountSchedule
from larq_focal.focal_plane.compiler.network_code import NetworkCode
from larq_focal.focal_plane.sensor.rate import longest_us
from larq_focal.focal_plane.sensor.spills import SPILLS, Spill

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
    def cost(self) -> tuple[int, float]:
        """Bytes that go to the controller and back, which take the most time, and then time, or words without it."""
        built, sensor = self.built, self.code.code.sensor
        icw, calls = (sum(map(Counter, counts.values()), Counter()) for counts in (built.icw, built.calls))
        time_us = longest_us(icw, calls, sensor)
        moved = sum(moves.bytes for moves in built.allocation.moves.values())
        return moved, built.total_icw if time_us is None else time_us


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
    tight: set[str] = set()  # steps that no schedule does without a spill
    while True:
        try:
            return _attempt(code_for, schedules, spill="none")
        except RegisterError as error:
            needing = [name for name in error.sections if name not in tight]
            unchanged = [name for name in needing if name in schedules and schedules[name] == most[name]]
            refusal = _refusal_of_the_most_frugal(code_for, schedules, unchanged)
            reason = str(refusal or error)
            is_changed = False
            for name in needing:
                is_hopeless = name not in schedules or (refusal is not None and name in refusal.sections)
                if not is_hopeless and (frugal := schedules[name].frugal()):
                    schedules[name], is_changed = frugal, True
                else:
                    tight.add(name)
            if tight and spill == "none":
                raise (refusal or error) from None
            if not is_changed:
                break
        except StoreError as error:
            reason = str(error)
            widest = max(schedules, key=lambda name: schedules[name].deferred, default=None)
            if widest is not None and schedules[widest].deferred:
                schedules[widest] = replace(
                    schedules[widest], deferred=0
                )  # ripple counting repeats, and takes less room
                continue
            frugal = {name: further for name, schedule in schedules.items() if (further := schedule.frugal())}
            if not frugal:
                if spill != "none":
                    break
                raise
            schedules |= frugal  # so does what is made again for every use
    tight |= {name for name, schedule in schedules.items() if schedule.is_frugal}
    found = _with_spills(code_for, schedules, tight, most, spill)
    return replace(found, spills_because=reason) if found.built.allocation.spills_to else found


def _refusal_of_the_most_frugal(
    code_for: CodeFor, schedules: Mapping[str, CountSchedule], layers: Sequence[str]
) -> RegisterError | None:
    """Why some of ``layers`` need a spill even in their most frugal schedules, so that none between need be tried."""
    if not layers:
        return None
    try:
        _attempt(code_for, {**schedules, **{name: schedules[name].most_frugal() for name in layers}}, spill="none")
    except RegisterError as error:
        return error if error.section in layers else None
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
    """As ``found_digital`` where something must be spilled: tight layers defer less until that costs more.

    The most frugal schedules of all layers come first, for where their code takes too much room, or too many registers,
    that of others does too; it is then refused, or planes go further.
    """
    largest = max((schedule.deferred for schedule in most.values()), default=0)
    others: list[dict[str, CountSchedule]] = []
    for deferred, is_frugal in ((largest, False), (2, False), (1, False), (0, False), (0, True)):
        limited = {
            name: replace(most[name], deferred=min(deferred, most[name].deferred), is_frugal=is_frugal)
            for name in tight & most.keys()
        }
        if limited not in others:
            others.append(limited)
    most_frugal = {name: schedule.most_frugal() for name, schedule in most.items()}
    for kind in SPILLS[1 : 1 + SPILLS.index(spill)]:
        try:
            last = _attempt(code_for, {**schedules, **most_frugal}, kind)
            break
        except RegisterError as error:
            refused = error
    else:
        raise refused
    best: FoundProgram | None = None
    for limited in others:
        try:
            found = _attempt(code_for, {**schedules, **limited}, kind)
        except _NO_ROOM:
            continue
        if best is not None and found.cost >= best.cost:
            return best
        best = found
    return last if best is None or last.cost < best.cost else best


def _attempt(code_for: CodeFor, schedules: Mapping[str, CountSchedule], spill: Spill) -> FoundProgram:
    code = code_for(schedules=schedules)
    return FoundProgram(code, build(code.code, spill, code.swaps_kernels), dict(schedules))
