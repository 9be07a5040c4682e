"""Whether a program reads and loads what the controller wants of it and has for it."""

from __future__ import annotations

from collections.abc import Iterator

from larq_focal.focal_plane.compiler.array_program import ArrayProgram
from larq_focal.focal_plane.compiler.input_stage.inputs import PlaneInput
from larq_focal.focal_plane.machine.program import Call, ProgramError, Repeat, Statement

_PLANE, _COUNT, _EVENTS = "read_plane", "global_count", "read_events"


def check_names(array: ArrayProgram) -> None:
    """Refuses a program whose results or planes do not match what is known about it.

    Raises:
        ProgramError: an output is never read or read as something else, a plane is loaded that nobody has, or there is
            no input or output.
    """
    if not array.inputs or not (array.outputs or array.scores):
        raise ProgramError("the header has no input or no output; a program of a network has both.")
    names = [part.name for part in (*array.inputs, *array.outputs, *array.scores)]
    for name in names:
        if names.count(name) > 1 and name not in {part.name for part in array.inputs}:
            raise ProgramError(f"the header names '{name:.60}' twice; every value has a name of its own.")
    found = _results(array)
    wanted = {name: _PLANE for output in array.outputs for planes in output.planes for name in planes}
    for scores in array.scores:
        function = _EVENTS if scores.pixels is None else _COUNT
        wanted |= {name: function for unit in scores.terms for name, _ in unit}
    for name, function in wanted.items():
        if found.get(name) != {function}:
            by = " and ".join(sorted(found.get(name, ()))) or "nothing"
            raise ProgramError(f"the header wants '{name:.60}' of {function}, but it comes of {by}.")


def _results(array: ArrayProgram) -> dict[str, set[str]]:
    """The functions that each result comes of; refuses the loading of unknown planes on the way."""
    known = set(array.constants)
    for source in array.inputs:
        if isinstance(source, PlaneInput):
            known |= {f"{source.name}_{plane}" for plane in range(source.layout.planes)}
    found: dict[str, set[str]] = {}
    for call in _calls(array.program.main):
        if call.name == "load_plane" and call.operands[1] not in known:
            raise ProgramError(f"the program loads the plane '{call.operands[1]:.60}', which the header does not have.")
        if call.result:
            found.setdefault(call.result, set()).add(call.name)
            known |= {call.result} if call.name == _PLANE else set()
    return found


def _calls(statements: tuple[Statement, ...]) -> Iterator[Call]:
    """Each call that runs, once."""
    for statement in statements:
        if isinstance(statement, Call):
            yield statement
        elif isinstance(statement, Repeat) and statement.times:
            yield from _calls(statement.body)
