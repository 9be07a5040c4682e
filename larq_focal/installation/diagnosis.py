"""Tries every part of larq_focal on this machine."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from rich.console import Group
from rich.text import Text

from larq_focal.child import environment, own_lines, python_command
from larq_focal.installation.parts import PARTS, Part
from larq_focal.result import Result
from larq_focal.tables import add_words, listed, new_table
from larq_focal.version import __version__

State = Literal["works", "missing", "broken"]

_MOST_S = 180
"""For one part: the first import of TensorFlow from a slow card takes a minute."""
_STYLES = {"works": "green", "missing": "dim", "broken": "red"}


@dataclass(frozen=True)
class Finding:
    """One part, tried.

    Attributes:
        part: Its name.
        use: What it is needed for.
        state: "works" after it was used, "missing", or "broken" where it is there and failed.
        found: Versions and places, or the last line of its error.
        advice: How to get it.
    """

    part: str
    use: str
    state: State
    found: str
    advice: str


@dataclass(frozen=True, repr=False)
class Diagnosis(Result):
    """What works on this machine. ``is_sound`` says that nothing that is installed fails."""

    machine: str
    findings: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        return not self.in_state("broken")

    def in_state(self, state: State) -> tuple[Finding, ...]:
        """Those of one state."""
        return tuple(finding for finding in self.findings if finding.state == state)

    def to_dict(self) -> dict[str, Any]:
        return {"machine": self.machine, "findings": [asdict(finding) for finding in self.findings]}

    @property
    def headline(self) -> str:
        counts = {state: len(self.in_state(state)) for state in _STYLES}
        return ", ".join(f"{count} {state}" for state, count in counts.items() if count)

    def __rich__(self) -> Group:
        table = new_table(f"larq_focal {__version__} on {self.machine}")
        add_words(table, "part", "state")
        table.add_column("for")
        table.add_column("found", overflow="fold")
        for finding in self.findings:
            state = Text(finding.state, style=_STYLES[finding.state])
            table.add_row(Text(finding.part), state, Text(finding.use), Text(finding.found))
        return Group(
            table,
            *listed("How to get what is missing", _advice(self.in_state("missing"))),
            *listed("Installed, but failed: install again", _advice(self.in_state("broken"))),
        )


def doctor(parts: Iterable[Part] | None = None, *, progress: Callable[[str], None] | None = None) -> Diagnosis:
    """Tries each part in a process of its own; what is missing or fails is no error.

    Args:
        parts: What is tried; all that larq_focal knows by default.
        progress: Is called with the name of each part before it is tried.
    """
    findings = []
    for part in PARTS if parts is None else parts:
        if progress is not None:
            progress(f"trying {part.name}")
        findings.append(_tried(part))
    machine = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return Diagnosis(machine, tuple(findings))


def _tried(part: Part) -> Finding:
    command = python_command("larq_focal.installation.trials", part.trial, *part.arguments)
    quiet = environment(TF_CPP_MIN_LOG_LEVEL="3")
    try:
        done = subprocess.run(command, env=quiet, capture_output=True, text=True, errors="replace", timeout=_MOST_S)
        outcome = _outcome(done)
    except subprocess.TimeoutExpired:
        outcome = {"state": "broken", "found": f"did not answer within {_MOST_S} s"}
    return Finding(part.name, part.use, outcome["state"], outcome["found"], part.advice)


def _outcome(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    if done.returncode < 0:
        return {"state": "broken", "found": f"crashed with signal {-done.returncode}"}
    return {"state": "broken", "found": next(reversed(own_lines(done.stderr)), "").strip()}


def _advice(findings: Iterable[Finding]) -> list[str]:
    """One line for each way, with all parts that it brings."""
    parts: dict[str, list[str]] = {}
    for finding in findings:
        parts.setdefault(finding.advice, []).append(finding.part)
    return [f"{', '.join(names)}: {advice}" for advice, names in parts.items()]
