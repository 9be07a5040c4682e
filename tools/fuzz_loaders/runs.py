"""Batches of altered files in child processes, and the figures of all of them."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from larq_focal.files import write_text
from tools.fuzz_loaders.batch import FAULTS, SAYING

ROOT = Path(__file__).parents[2]
_SILENCE_SECONDS = 60  # after which a process is ended: within one file, or to load the libraries
_START_SECONDS = 240


@dataclass
class Figures:
    """What came of files of one kind: counts by outcome, faults with a seed and what was said, the next seed."""

    counts: dict[str, int] = field(default_factory=dict)
    faults: dict[str, list] = field(default_factory=dict)
    next_seed: int = 0

    def add(self, seed: int, outcome: str, detail: str) -> None:
        self.counts[outcome] = self.counts.get(outcome, 0) + 1
        if outcome in FAULTS:
            kind, _, saying = detail.partition(SAYING)
            self.faults.setdefault(f"{outcome}: {kind}", [seed, saying])
        self.next_seed = max(self.next_seed, seed + 1)

    @property
    def fault_count(self) -> int:
        return sum(count for outcome, count in self.counts.items() if outcome in FAULTS)


def run_batch(name: str, first: int, count: int) -> Iterator[tuple[int, str, str]]:
    """Runs altered files of a kind, and yields the seed, the outcome and the detail of each.

    A process that crashes or hangs is a fault of the file that it was at; another goes on behind it.
    """
    end = first + count
    while first < end:
        yielded = list(_run_process(name, first, end - first))
        yield from yielded
        if not yielded:
            raise RuntimeError(f"The files '{name}' could not be made: run the batch by itself.")
        first = yielded[-1][0] + 1


def _run_process(name: str, first: int, count: int) -> Iterator[tuple[int, str, str]]:
    command = [sys.executable, "-m", "tools.fuzz_loaders.batch", name, str(first), str(count)]
    current = None
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors)
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdout, selectors.EVENT_READ)
                waiting = b""
                while selector.select(_START_SECONDS if current is None else _SILENCE_SECONDS):
                    got = os.read(process.stdout.fileno(), 1 << 16)
                    if not got:
                        break
                    *lines, waiting = (waiting + got).split(b"\n")
                    for line in map(json.loads, lines):
                        current = line.get("begin")
                        if current is None:
                            yield line["seed"], line["outcome"], line["detail"]
                else:
                    if current is not None:
                        yield current, "hang", f"{_SILENCE_SECONDS} s without a sign"
                    return
            code = process.wait(_SILENCE_SECONDS)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        if current is not None:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().splitlines()[-1:]
            cause = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            yield current, "crash", f"{cause} {' '.join(said)[:200]}"


def load_figures(path: Path) -> dict[str, Figures]:
    """The figures of an earlier run, none where there is no file."""
    if not path.exists():
        return {}
    return {name: Figures(**figures) for name, figures in json.loads(path.read_text()).items()}


def save_figures(path: Path, figures: dict[str, Figures]) -> None:
    write_text(path, json.dumps({name: vars(found) for name, found in figures.items()}, indent=1) + "\n")


def table(figures: dict[str, Figures]) -> str:
    """Files, accepted, refused and faults of each kind, as text."""
    lines = [f"{'files of':12} {'files':>7} {'accepted':>9} {'refused':>8} {'faults':>7}"]
    total = Figures()
    for name, found in sorted(figures.items()):
        lines.append(_row(name, found))
        for outcome, count in found.counts.items():
            total.counts[outcome] = total.counts.get(outcome, 0) + count
    return "\n".join([*lines, _row("all", total)])


def _row(name: str, found: Figures) -> str:
    counts = found.counts
    files = sum(counts.values())
    return f"{name:12} {files:7,} {counts.get('accepted', 0):9,} {counts.get('refused', 0):8,} {found.fault_count:7,}"
